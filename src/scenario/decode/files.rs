//! Files a scenario names, relative to its own folder.

use std::io::ErrorKind;

use super::super::diagnostics::{Problem, Report};
use super::super::source::read_text;
use super::super::tree::Cursor;
use super::Context;

/// The text of the CSV file that `at` names, of at most `limit` bytes.
pub(super) fn csv_text(
    at: &Cursor,
    limit: u64,
    context: &Context,
    report: &mut Report,
) -> Option<String> {
    let name = at.text()?;
    let Some(directory) = context.directory else {
        let problem = Problem::at(at, "a scenario that is not a file has no folder to find it in");
        report.push(problem);
        return None;
    };
    match read_text(&directory.join(name), limit) {
        Ok(text) => Some(text),
        Err(error) => {
            let message = match error.kind() {
                ErrorKind::NotFound => format!("there is no file `{name}`"),
                _ => format!("cannot read `{name}`: {error}"),
            };
            let problem = Problem::at(at, message);
            report.push(problem.expected("a CSV file, relative to the scenario's folder"));
            None
        }
    }
}
