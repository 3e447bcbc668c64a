use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Failure, Outcome, output};
use crate::scenario::{preset, preset_names};

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Directory for the file; made where it is missing
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Which scenario to start from
    #[arg(
        long,
        default_value = preset_names().next(),
        value_parser = PossibleValuesParser::new(preset_names())
    )]
    preset: String,
}

pub(super) fn execute(args: &InitArgs) -> Result<Outcome, Failure> {
    let Some(text) = preset(&args.preset) else {
        return Err(Failure::Usage(format!("there is no preset `{}`", args.preset)));
    };
    if args.dir.is_file() || args.dir.extension().is_some_and(|extension| extension == "toml") {
        return Err(Failure::Usage(format!(
            "`{}` is to be a directory; in it, or here without one, `init` writes `{}.toml`",
            args.dir.display(),
            args.preset
        )));
    }
    let path = if args.dir == Path::new(".") { PathBuf::new() } else { args.dir.clone() };
    let path = path.join(format!("{}.toml", args.preset));
    fs::create_dir_all(&args.dir).map_err(|error| cannot_write(&args.dir, &error))?;
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes()).inspect_err(|_| {
            // Best effort: half of it is of no use, and in the way.
            let _ = fs::remove_file(&path);
        })
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::Usage(format!(
            "`{}` exists and is not overwritten; name another directory: `orchsim init DIR`",
            path.display()
        )),
        _ => cannot_write(&path, &error),
    })?;
    let path = super::options::shell_quoted(&path.display().to_string());
    output::print(&format!(
        "Wrote {path}. Every key is explained in it; change what you know better, then\n\
         \n    orchsim check {path}    # every error at once\
         \n    orchsim run {path}      # forecast\n"
    ))?;
    Ok(Outcome::Success)
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::Runtime(format!("cannot write `{}`: {error}", path.display()))
}
