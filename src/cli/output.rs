use std::io::{self, IsTerminal, Write};

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
