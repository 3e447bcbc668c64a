use std::path::{Path, PathBuf};

use clap::Args;

use super::input;
use super::options::{self, CommonOptions};
use super::output::{self, Format};
use super::progress::Progress;
use super::{Failure, Outcome};
use crate::ensemble::{Plan, forecast};
use crate::report::{WriteOptions, check_target, summary_json, terminal, write_run_directory};
use crate::scenario::{Scenario, load, to_toml};

/// With a precision, replications go on to at least this number.
const LEAST_CAP: u32 = 1_000;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A scenario file; without one, the built-in scenario
    scenario: Option<PathBuf>,
    #[command(flatten)]
    options: RunOptions,
}

impl RunArgs {
    /// A run of the built-in scenario.
    pub fn built_in(options: RunOptions) -> RunArgs {
        RunArgs { scenario: None, options }
    }
}

#[derive(Debug, Args)]
pub(super) struct RunOptions {
    #[command(flatten)]
    common: CommonOptions,
    /// Stop when the mean runway is known to within this share of itself
    ///
    /// R is the relative half-width of the 95 % interval of the mean runway,
    /// such as 0.02. At most as many replications are made as --replications
    /// says; without it at most 1,000, or those of the scenario if more.
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = precision)]
    precision: Option<f64>,
    /// Where to write [default: outputs/<scenario name>]
    ///
    /// An earlier run there is replaced whole; a directory that holds
    /// something else is refused.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn precision(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if 0.0 < value && value < 1.0 => Ok(value),
        _ => Err("expected a number between 0 and 1, such as 0.02".to_string()),
    }
}

pub(super) fn execute(args: &RunArgs) -> Result<Outcome, Failure> {
    let RunOptions { common, .. } = &args.options;
    common.check()?;
    let source = input::read(args.scenario.as_deref())?;
    let mut scenario = load(&source, &[common.set.values.clone(), common.keys()].concat())?;
    common.suppress_in(&mut scenario);
    let directory = match &args.options.out {
        Some(directory) => directory.clone(),
        None => Path::new("outputs").join(&scenario.name),
    };
    check_target(&directory)?;

    let resolved = to_toml(&scenario);
    let context = options::context(command(args), [resolved.as_str()], &directory);
    let plan = plan(&args.options, &scenario);
    let progress = Progress::new(plan, common.quiet);
    let result = common
        .thread_pool()?
        .install(|| forecast(&scenario, plan, &|done, _| progress.replication_done(done)));
    progress.clear();
    let result = result?;
    let write_options = WriteOptions { png: common.png };
    write_run_directory(&directory, &scenario, &result, &context, &resolved, &write_options)?;
    progress.finish(result.replications, &directory);

    match common.format {
        Format::Text => {
            output::print(&terminal(&scenario, &result, &context, output::style()))?;
        }
        Format::Json => output::print_json(&summary_json(&scenario, &result, &context))?,
    }
    let missed = result.objectives.iter().any(|objective| !objective.met);
    Ok(if missed { Outcome::ObjectiveMissed } else { Outcome::Success })
}

fn plan(options: &RunOptions, scenario: &Scenario) -> Plan {
    let cap = scenario.replications;
    let replications = match (options.precision, options.common.replications) {
        (Some(_), None) => cap.max(LEAST_CAP),
        _ => cap,
    };
    Plan { replications, precision: options.precision }
}

/// The command that gives this result again, without the options that leave it
/// unchanged.
fn command(args: &RunArgs) -> String {
    let mut words = vec!["orchsim".to_string(), "run".to_string()];
    words.extend(args.scenario.as_ref().map(|path| path.display().to_string()));
    if let Some(precision) = args.options.precision {
        words.extend(["--precision".to_string(), precision.to_string()]);
    }
    args.options.common.command(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_is_a_share() {
        assert_eq!(precision("0.02"), Ok(0.02));
        for text in ["0", "1", "-0.1", "NaN", "inf", "two", ""] {
            assert!(precision(text).is_err(), "{text}");
        }
    }
}
