use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use serde_json::Value;

use super::Failure;
use crate::report::Style;

/// Columns where standard output is no terminal.
const USUAL_WIDTH: usize = 100;

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
}

/// Writes a result to standard output. A reader who has left (`| head`) is no
/// error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Runtime(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes one document to standard output.
pub(super) fn print_json(document: &Value) -> Result<(), Failure> {
    print(&format!("{document:#}\n"))
}

/// Colour and width for standard output, by `NO_COLOR`, `CLICOLOR`,
/// `CLICOLOR_FORCE` and whether it is a terminal.
pub(super) fn style() -> Style {
    let stdout = io::stdout();
    let width = terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
    Style {
        color: AutoStream::choice(&stdout) != ColorChoice::Never,
        width: width.filter(|_| stdout.is_terminal()).unwrap_or(USUAL_WIDTH),
    }
}

/// Whether `path` is `other` or lies in it.
pub(super) fn is_within(path: &Path, other: &Path) -> bool {
    let Ok(other) = fs::canonicalize(other) else { return false };
    let known = path.ancestors().find_map(|ancestor| fs::canonicalize(ancestor).ok());
    known.is_some_and(|known| known.starts_with(other))
}

/// Refuses to replace a directory that what is read lies in.
pub(super) fn keep<'a>(
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
