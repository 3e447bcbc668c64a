use clap::Args;

use super::output::{self, Format};
use super::{Failure, Outcome};
use crate::report::{providers_json, providers_text};

#[derive(Debug, Args)]
pub(super) struct ProvidersArgs {
    /// How to print the list; json: one document
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn execute(args: &ProvidersArgs) -> Result<Outcome, Failure> {
    match args.format {
        Format::Text => output::print(&providers_text(output::style()))?,
        Format::Json => output::print_json(&providers_json())?,
    }
    Ok(Outcome::Success)
}
