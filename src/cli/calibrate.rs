use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

use super::options::{CommonOptions, FileOptions, command_line, scenario_hash};
use super::output::{self, Format};
use super::progress::Progress;
use super::spend::SpendArgs;
use super::{Failure, Outcome, VERSION, input};
use crate::experiment::calibrate::{CalibrateError, MOST_SIMULATED, calibrate};
use crate::report::{
    RunContext, calibration_json, calibration_terminal, check_target, write_calibration_directory,
};
use crate::scenario::{load, to_toml};

#[derive(Debug, Args)]
pub(super) struct CalibrateArgs {
    /// A scenario file; without one, the built-in scenario
    scenario: Option<PathBuf>,
    #[command(flatten)]
    spend: SpendArgs,
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    files: FileOptions,
}

pub(super) fn execute(args: &CalibrateArgs) -> Result<Outcome, Failure> {
    let CalibrateArgs { spend, common, files, .. } = args;
    let options = files.write_options()?;
    let source = input::read(args.scenario.as_deref())?;
    let scenario = load(&source, &common.overrides())?;
    let usual = || Path::new("outputs").join(format!("{}-calibrate", scenario.name));
    let directory = common.out.clone().unwrap_or_else(usual);
    input::keep_inputs(&directory, std::iter::once(spend.spend.as_path()))?;
    check_target(&directory)?;
    let history = spend.read(Some(&scenario), None)?;
    let progress = Progress::at_most(MOST_SIMULATED, common.quiet);
    let count = AtomicU64::new(0);
    let done = || progress.done(count.fetch_add(1, Ordering::Relaxed) + 1);
    let calibration = common.thread_pool()?.install(|| calibrate(&scenario, &history, &done));
    progress.clear();
    let calibration = calibration?;
    let context = RunContext {
        command: command(args),
        version: VERSION.to_string(),
        scenario_hash: scenario_hash(VERSION, &[to_toml(&scenario), spend.hash()?]),
        suppress: String::new(),
        directory: Some(directory.display().to_string()),
        missing: None,
    };
    let name = spend.name();
    write_calibration_directory(&directory, &scenario, &calibration, &name, &context, &options)?;
    match common.format {
        Format::Text => {
            let text = calibration_terminal(&calibration, &name, &context, output::style());
            output::print(&text)?;
        }
        Format::Json => output::print_json(&calibration_json(&calibration, &name, &context))?,
    }
    progress.finish(count.into_inner(), &directory);
    Ok(Outcome::Success)
}

impl From<CalibrateError> for Failure {
    fn from(error: CalibrateError) -> Failure {
        match error {
            CalibrateError::Ledger(violation) => violation.into(),
            _ => Failure::Usage(error.to_string()),
        }
    }
}

/// The command that gives this result again.
fn command(args: &CalibrateArgs) -> String {
    let mut words = vec!["orchsim".to_string(), "calibrate".to_string()];
    words.extend(args.scenario.as_ref().map(|path| path.display().to_string()));
    words.extend(args.spend.words());
    words.extend(args.common.words());
    command_line(&words)
}
