use super::{Failure, Outcome, output};
use crate::scenario::json_schema;

pub(super) fn execute() -> Result<Outcome, Failure> {
    output::print_json(&json_schema())?;
    Ok(Outcome::Success)
}
