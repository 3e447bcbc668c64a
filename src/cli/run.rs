use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

use super::options::{
    CommonOptions, ReportOptions, Simulating, Stopping, command_line, scenario_hash,
};
use super::output::{self, Format};
use super::progress::Progress;
use super::{Failure, Outcome, VERSION, input, shards};
use crate::ensemble::{Forecast, Verdict, forecast, simulate};
use crate::experiment::{Job, Shard};
use crate::report::{
    RunContext, ShardData, WriteOptions, check_target, shard_directory, spend_history_csv,
    summary_json, terminal, write_run_directory,
};
use crate::scenario::{Scenario, load, to_toml};
use crate::simulation::{World, replicate_from};

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
    #[command(flatten)]
    stopping: Stopping,
    #[command(flatten)]
    simulating: Simulating,
    /// Do only part I (from 0) of N, for `orchsim merge`; `auto` or `auto/N`
    /// in a job array
    ///
    /// The part is written beside the run directory, as DIR.shard-I-of-N.
    #[arg(
        long,
        value_name = "I/N",
        value_parser = shards::parse,
        conflicts_with_all = ["precision", "png", "parquet", "spend_history"]
    )]
    shard: Option<Shard>,
    /// Write what the first future spends day by day as spend.csv, for
    /// `calibrate` and `backtest`
    #[arg(long)]
    spend_history: bool,
    #[command(flatten)]
    report: ReportOptions,
}

pub(super) fn execute(args: &RunArgs) -> Result<Outcome, Failure> {
    let RunOptions { common, stopping, simulating, shard, spend_history, report } = &args.options;
    let mut write_options = report.files.write_options()?;
    let source = input::read(args.scenario.as_deref())?;
    let mut scenario = load(&source, &common.overrides())?;
    report.suppress_in(&mut scenario);
    let directory = directory(common.out.as_deref(), &scenario);
    let plan = simulating.apply(stopping.plan(common, &scenario))?;
    let job = Job {
        version: VERSION.to_string(),
        command: command(args),
        scenario: to_toml(&scenario),
        replications: plan.replications,
        precision: plan.precision,
        variance_reduction: plan.variance_reduction,
        mode: plan.mode,
        study: None,
    };
    if let Some(shard) = *shard {
        return run_shard(&scenario, &job, shard, &directory, common);
    }
    check_target(&directory)?;
    let progress = Progress::of_run(plan, common.quiet);
    let result = common
        .thread_pool()?
        .install(|| forecast(&scenario, plan, &|done, _| progress.done(u64::from(done))));
    progress.clear();
    let result = result?;
    if *spend_history {
        let world = World::in_mode(&scenario, plan.mode)?;
        let first = replicate_from(&world, plan.variance_reduction.key(scenario.seed, 0))?;
        write_options.spend_history = Some(spend_history_csv(&scenario, &world, &first));
    }
    let finished = Finished { scenario: &scenario, job: &job, result: &result, missing: None };
    let outcome = finished.publish(&directory, write_options, common.format)?;
    progress.finish(u64::from(result.replications), &directory);
    Ok(outcome)
}

/// Where a run is written.
pub(super) fn directory(out: Option<&Path>, scenario: &Scenario) -> PathBuf {
    out.map_or_else(|| Path::new("outputs").join(&scenario.name), Path::to_path_buf)
}

fn run_shard(
    scenario: &Scenario,
    job: &Job,
    shard: Shard,
    whole: &Path,
    common: &CommonOptions,
) -> Result<Outcome, Failure> {
    let target = shards::Target { job, shard, whole, directory: shard_directory(whole, shard) };
    if target.is_finished()? {
        return target.announce(true, common.format);
    }
    let numbers: Vec<u64> =
        shard.replicates(job).map(|replicate| u64::from(replicate.replication)).collect();
    let progress = Progress::new(numbers.len() as u64, common.quiet);
    let world = World::in_mode(scenario, job.mode)?;
    let done = AtomicU64::new(0);
    let batch = common.thread_pool()?.install(|| {
        simulate(&world, job.variance_reduction, &numbers, &|| {
            progress.done(done.fetch_add(1, Ordering::Relaxed) + 1);
        })
    });
    progress.clear();
    target.write(&ShardData::Run(batch?))?;
    progress.finish(numbers.len() as u64, &target.directory);
    target.announce(false, common.format)
}

/// A run with its result, whether simulated here or put together from shards.
pub(super) struct Finished<'a> {
    pub scenario: &'a Scenario,
    pub job: &'a Job,
    pub result: &'a Forecast,
    /// What of the result is missing.
    pub missing: Option<String>,
}

impl Finished<'_> {
    /// Writes the run directory and prints the result.
    pub fn publish(
        self,
        directory: &Path,
        options: WriteOptions,
        format: Format,
    ) -> Result<Outcome, Failure> {
        let Finished { scenario, job, result, missing } = self;
        let context = RunContext {
            command: job.command.clone(),
            version: job.version.clone(),
            scenario_hash: scenario_hash(&job.version, std::slice::from_ref(&job.scenario)),
            suppress: ReportOptions::SUPPRESS.to_string(),
            directory: Some(directory.display().to_string()),
            missing,
        };
        write_run_directory(directory, scenario, result, &context, &job.scenario, &options)?;
        match format {
            Format::Text => {
                output::print(&terminal(scenario, result, &context, output::style()))?;
            }
            Format::Json => output::print_json(&summary_json(scenario, result, &context))?,
        }
        let missed = result.objectives.iter().any(|objective| objective.verdict != Verdict::Met);
        Ok(if missed { Outcome::ObjectiveMissed } else { Outcome::Success })
    }
}

/// The command that gives this result again, without the options that leave it
/// unchanged.
fn command(args: &RunArgs) -> String {
    let mut words = vec!["orchsim".to_string(), "run".to_string()];
    words.extend(args.scenario.as_ref().map(|path| path.display().to_string()));
    words.extend(args.options.common.words());
    words.extend(args.options.stopping.words());
    words.extend(args.options.simulating.words());
    if args.options.spend_history {
        words.push("--spend-history".to_string());
    }
    words.extend(args.options.report.words());
    command_line(&words)
}
