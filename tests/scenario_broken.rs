//! Broken scenarios and the exact messages they get. A line `# --set path=value`
//! in a scenario is an override. `UPDATE_MESSAGES=1 cargo test` rewrites the
//! messages, to be read before they are committed.

use std::fs;
use std::path::{Path, PathBuf};

use orchsim::scenario::{Source, load};

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

fn messages(path: &Path) -> String {
    let mut source = Source::read(path).unwrap();
    source.name = path.file_name().unwrap().to_str().unwrap().into();
    let overrides: Vec<String> = source
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("# --set "))
        .map(str::to_string)
        .collect();
    match load(&source, &overrides) {
        Ok(_) => panic!("{} is valid", path.display()),
        Err(diagnostics) => {
            let places = diagnostics.to_json();
            assert_eq!(places.as_array().map(Vec::len), Some(diagnostics.len()));
            diagnostics.to_string()
        }
    }
}

#[test]
fn broken_scenarios_get_their_messages() {
    let update = std::env::var_os("UPDATE_MESSAGES").is_some();
    let mut wrong = Vec::new();
    for path in corpus() {
        let actual = messages(&path);
        let expected = path.with_extension("stderr");
        if update {
            fs::write(&expected, &actual).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != actual {
            wrong.push(format!("{}:\n{actual}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_corpus_is_large_enough() {
    assert!(corpus().len() >= 150, "{} broken scenarios", corpus().len());
}
