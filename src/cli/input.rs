use std::path::Path;
use std::{fs, io};

use clap::Args;

use super::Failure;
use crate::scenario::{Source, preset, preset_names};

/// Changes to a scenario.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Overrides {
    /// Change a key of the scenario: `--set gateways.version=0.9`
    ///
    /// KEY is a dotted path; a list is entered by index, by id or, with
    /// neither, at every element; the index behind its last makes a new one:
    /// `gateways.0.max_prices.4={pipeline="llm",price="9e7 wei"}`. May be given
    /// several times; the last wins.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub values: Vec<String>,
}

/// The text of the scenario in a file, or of the built-in one.
pub(super) fn read(path: Option<&Path>) -> Result<Source, Failure> {
    let Some(path) = path else { return Ok(Source::built_in()) };
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) && path.is_file() {
        return Err(Failure::Usage(format!(
            "`{}` is a CSV, not a scenario\n  help: real spend goes in with --spend; `orchsim \
             import` puts it and other files into a scenario",
            path.display()
        )));
    }
    Source::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::Usage(not_found(path)),
        io::ErrorKind::InvalidData => {
            Failure::Usage(format!("`{}` is not a scenario: {error}", path.display()))
        }
        _ => Failure::Runtime(format!("cannot read `{}`: {error}", path.display())),
    })
}

fn not_found(path: &Path) -> String {
    let mut message = format!("there is no file `{}`", path.display());
    let with_extension = format!("{}.toml", path.display());
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let written = path.to_str().unwrap_or_default();
    let name = [written, stem].into_iter().find(|name| preset(name).is_some());
    if Path::new(&with_extension).is_file() {
        message += &format!("\n  help: did you mean `{with_extension}`?");
    } else if let Some(name) = name {
        message += &format!(
            "\n  help: `{name}` comes with orchsim: `orchsim init --preset {name}` writes \
             {name}.toml"
        );
    } else {
        let names: Vec<&str> = preset_names().collect();
        message += &format!(
            "\n  help: `orchsim init --preset NAME` writes a scenario to start from; NAME is one \
             of {}",
            names.join(", ")
        );
    }
    message
}

/// Whether `path` is `other` or lies in it.
pub(super) fn is_within(path: &Path, other: &Path) -> bool {
    let Ok(other) = fs::canonicalize(other) else { return false };
    let known = path.ancestors().find_map(|ancestor| fs::canonicalize(ancestor).ok());
    known.is_some_and(|known| known.starts_with(other))
}

/// Refuses to replace a directory that what is read lies in.
pub(super) fn keep_inputs<'a>(
    directory: &Path,
    mut inputs: impl Iterator<Item = &'a Path>,
) -> Result<(), Failure> {
    match inputs.find(|input| is_within(input, directory)) {
        None => Ok(()),
        Some(input) => Err(Failure::Usage(format!(
            "`{}` lies in `{}`, which would be replaced\n  help: name another directory with --out",
            input.display(),
            directory.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_preset_is_pointed_out() {
        for path in ["minimal", "minimal.toml", "somewhere/minimal.toml"] {
            assert!(not_found(Path::new(path)).contains("init --preset minimal"), "{path}");
        }
        assert!(not_found(Path::new("mine.toml")).contains("agent-spe-15k, minimal"));
    }
}
