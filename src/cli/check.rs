use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::input::{self, Overrides};
use super::output::{self, Format};
use super::{Failure, Outcome};
use crate::ensemble::opening_warnings;
use crate::report::{warnings_json, warnings_text};
use crate::scenario::{Scenario, load};
use crate::text::plural;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenario files
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    set: Overrides,
    /// How to print the result; json: one document
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn execute(args: &CheckArgs) -> Result<Outcome, Failure> {
    let mut results = Vec::new();
    for path in &args.scenarios {
        let scenario = input::read(Some(path))
            .and_then(|source| load(&source, &args.set.values).map_err(Failure::from));
        if args.format == Format::Text {
            match &scenario {
                Ok(scenario) => {
                    let valid = format!("{}: valid: {}\n", path.display(), inventory(scenario));
                    let warnings = warnings_text(&opening_warnings(scenario), output::style());
                    output::print(&(valid + &warnings))?;
                }
                Err(failure) => failure.print(),
            }
        }
        results.push((path, scenario));
    }
    let failures = || results.iter().filter_map(|(_, scenario)| scenario.as_ref().err());
    let valid = failures().next().is_none();
    if args.format == Format::Json {
        let files = results.iter().map(|(path, scenario)| {
            let warnings = |scenario| warnings_json(&opening_warnings(scenario));
            json!({
                "file": path.display().to_string(),
                "valid": scenario.is_ok(),
                "errors": scenario.as_ref().err().map_or(json!([]), |failure| errors(path, failure)),
                "warnings": scenario.as_ref().map_or(json!([]), warnings),
            })
        });
        output::print_json(&json!({ "valid": valid, "scenarios": files.collect::<Vec<_>>() }))?;
    }
    Ok(if valid {
        Outcome::Success
    } else if failures().all(Failure::is_runtime) {
        Outcome::Unreadable
    } else {
        Outcome::Invalid
    })
}

/// What a scenario holds, in a line.
fn inventory(scenario: &Scenario) -> String {
    let network = &scenario.network;
    let counts = [
        (network.regions.len(), "region"),
        (network.models.len(), "model"),
        (network.gateways.len(), "gateway"),
        (network.orchestrators.len(), "orchestrator"),
    ];
    counts.map(|(count, noun)| plural(&count.to_string(), noun)).join(", ")
}

/// As [`Diagnostics::to_json`](crate::scenario::Diagnostics::to_json) has
/// them; a file that cannot be read is an error without a place.
fn errors(path: &Path, failure: &Failure) -> Value {
    match failure {
        Failure::Invalid(diagnostics) => diagnostics.to_json(),
        other => json!([{
            "file": path.display().to_string(),
            "line": null,
            "column": null,
            "key": "",
            "message": other.to_string().lines().next().map(|line| line.trim_start_matches("error: ")),
            "expected": null,
            "suggestion": null,
        }]),
    }
}
