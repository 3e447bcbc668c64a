use std::path::{Path, PathBuf};

use clap::Args;

use super::options::{
    FileOptions, MOST_THREADS, command_line, option, scenario_hash, thread_pool, whole,
};
use super::output::{self, Format};
use super::progress::Progress;
use super::spend::SpendArgs;
use super::{Failure, Outcome, VERSION, input};
use crate::experiment::backtest::{Backtest, BacktestPlan, EngineForecast, USUAL_PAST};
use crate::experiment::spend_model::DailySeries;
use crate::report::{
    BacktestReport, RunContext, backtest_json, backtest_terminal, check_target,
    write_backtest_directory,
};
use crate::scenario::{load, to_toml};

/// Days of a week, so that origins meet every week once.
const USUAL_STEP: u32 = 7;
/// Futures of a forecast.
const FUTURES: usize = 4_000;

#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    /// A scenario to simulate the last forecast with, calibrated to the days
    /// before it; without one, nothing is simulated
    scenario: Option<PathBuf>,
    #[command(flatten)]
    spend: SpendArgs,
    /// Complete days before the first forecast, at least 28
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = USUAL_PAST as u32,
        allow_negative_numbers = true,
        value_parser = whole("whole days", 28..=36_500u32)
    )]
    least_past: u32,
    /// Days from one forecast to the next
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = USUAL_STEP,
        allow_negative_numbers = true,
        value_parser = whole("whole days", 1..=36_500u32)
    )]
    every: u32,
    /// Seed of every draw
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true,
        value_parser = whole("a whole number", 0..=u64::MAX)
    )]
    seed: u64,
    /// Threads to run on [default: all cores]; the result is the same on any
    /// number
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole("a whole number", 1..=MOST_THREADS)
    )]
    threads: Option<u32>,
    /// Where to write [default: under outputs/, by the name of the CSV]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print the result; json: the document of backtest.json and
    /// nothing else
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// No progress on standard error
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    files: FileOptions,
}

pub(super) fn execute(args: &BacktestArgs) -> Result<Outcome, Failure> {
    let options = args.files.write_options()?;
    let usual = || Path::new("outputs").join(format!("{}-backtest", args.spend.stem()));
    let directory = args.out.clone().unwrap_or_else(usual);
    input::keep_inputs(&directory, std::iter::once(args.spend.spend.as_path()))?;
    check_target(&directory)?;
    let scenario = match &args.scenario {
        Some(path) => Some(load(&input::read(Some(path))?, &[])?),
        None => None,
    };
    let history = args.spend.read(scenario.as_ref(), None)?;
    let unfit = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
    let series = DailySeries::new(&history).map_err(|error| unfit(&error))?;
    let plan = BacktestPlan {
        least_past: args.least_past as usize,
        every: args.every as usize,
        futures: FUTURES,
        seed: args.seed,
    };
    let pool = thread_pool(args.threads)?;
    let origins = plan.origins(&series).len() as u64;
    let progress = Progress::of(origins, "origin", args.quiet);
    let tested = pool.install(|| Backtest::of(series, plan, &|| progress.one_more()));
    progress.clear();
    let backtest = tested.map_err(|error| unfit(&error))?;
    let engine = match &scenario {
        Some(scenario) => {
            let progress =
                Progress::at_most(EngineForecast::most_replications_for(scenario), args.quiet);
            let done = || progress.one_more();
            let engine = pool.install(|| EngineForecast::of(&backtest, scenario, &history, &done));
            progress.clear();
            engine?
        }
        None => None,
    };
    let command = command(args);
    let context = RunContext {
        scenario_hash: scenario_hash(
            VERSION,
            &[command.clone(), args.spend.hash()?, scenario.map_or(String::new(), |s| to_toml(&s))],
        ),
        command,
        version: VERSION.to_string(),
        suppress: String::new(),
        directory: Some(directory.display().to_string()),
        missing: None,
    };
    let report = BacktestReport {
        backtest: &backtest,
        engine: engine.as_ref(),
        source: &args.spend.name(),
        notes: &history.notes,
    };
    write_backtest_directory(&directory, &report, &context, &options)?;
    match args.format {
        Format::Text => {
            output::print(&backtest_terminal(&report, &context, output::style()))?;
        }
        Format::Json => output::print_json(&backtest_json(&report, &context))?,
    }
    progress.finish(origins, &directory);
    Ok(Outcome::Success)
}

/// The command that gives this result again.
fn command(args: &BacktestArgs) -> String {
    let mut words = vec!["orchsim".to_string(), "backtest".to_string()];
    words.extend(args.scenario.as_ref().map(|path| path.display().to_string()));
    words.extend(args.spend.words());
    words.extend(option("--least-past", args.least_past));
    words.extend(option("--every", args.every));
    words.extend(option("--seed", args.seed));
    command_line(&words)
}
