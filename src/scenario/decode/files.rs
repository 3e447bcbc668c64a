//! Files a scenario names, by an absolute path or relative to its own folder.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::super::diagnostics::{Problem, Report};
use super::super::tree::Cursor;
use super::Context;

/// The text of the CSV file that `at` names, of at most `limit` bytes.
pub(super) fn csv_text(
    at: &Cursor,
    limit: u64,
    context: &Context,
    report: &mut Report,
) -> Option<Arc<String>> {
    let name = at.text()?;
    let is_absolute = Path::new(name).is_absolute();
    let Some(directory) = context.directory.or(is_absolute.then_some(Path::new(""))) else {
        let problem = Problem::at(at, format!("the scenario has no folder to find `{name}` in"));
        report.push(problem.expected(
            "an absolute path, as the scenario is not a file (`orchsim init` makes one of it)",
        ));
        return None;
    };
    match context.files.text(&directory.join(name), limit) {
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
