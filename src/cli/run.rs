use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use rayon::ThreadPoolBuilder;
use sha2::{Digest, Sha256};

use super::input::{self, Overrides};
use super::output::{self, Format};
use super::progress::Progress;
use super::{Failure, Outcome};
use crate::ensemble::{Plan, WARNING_NAMES, forecast};
use crate::report::{
    RunContext, WriteError, WriteOptions, check_target, summary_json, terminal, write_run_directory,
};
use crate::scenario::{Scenario, load, to_toml};

/// With a precision, replications go on to at least this number.
const LEAST_CAP: u32 = 1_000;
const MOST_THREADS: i64 = 1_024;
const VERSION: &str = env!("CARGO_PKG_VERSION");

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
    set: Overrides,
    /// Seed of every random stream
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Independent futures to simulate; with --precision, the most
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    replications: Option<u32>,
    /// Stop when the mean runway is known to within this share of itself
    ///
    /// R is the relative half-width of the 95 % interval of the mean runway,
    /// such as 0.02. Without --replications at most 1,000 replications are
    /// made, or those of the scenario if more.
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = precision)]
    precision: Option<f64>,
    /// Days after which a future that still has credits is cut off
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    horizon: Option<u32>,
    /// Threads to run on [default: all cores]; the result is the same on any
    /// number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=MOST_THREADS))]
    threads: Option<u32>,
    /// Where to write [default: outputs/<scenario name>]
    ///
    /// An earlier run there is replaced whole; a directory that holds
    /// something else is refused.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print the result; json: the document of summary.json and nothing
    /// else
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// No progress on standard error
    #[arg(long, short)]
    quiet: bool,
    /// Write every figure as PNG too (needs a build with the feature `png`)
    #[arg(long)]
    png: bool,
    /// Do not print this warning; may be given several times
    #[arg(
        long,
        value_name = "WARNING",
        value_parser = PossibleValuesParser::new(WARNING_NAMES),
        hide_possible_values = true
    )]
    suppress: Vec<String>,
}

fn precision(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if 0.0 < value && value < 1.0 => Ok(value),
        _ => Err("expected a number between 0 and 1, such as 0.02".to_string()),
    }
}

pub(super) fn execute(args: &RunArgs) -> Result<Outcome, Failure> {
    let options = &args.options;
    if options.png && cfg!(not(feature = "png")) {
        return Err(WriteError::NoPng.into());
    }
    let source = input::read(args.scenario.as_deref())?;
    let mut scenario = load(&source, &overrides(options))?;
    for name in &options.suppress {
        if !scenario.suppressed_warnings.contains(name) {
            scenario.suppressed_warnings.push(name.clone());
        }
    }
    let directory = match &options.out {
        Some(directory) => directory.clone(),
        None => Path::new("outputs").join(&scenario.name),
    };
    check_target(&directory)?;

    let resolved = to_toml(&scenario);
    let context = RunContext {
        command: command(args),
        version: VERSION.to_string(),
        scenario_hash: hash(&resolved),
        suppress: "--suppress {id}".to_string(),
        directory: Some(directory.display().to_string()),
    };
    let plan = plan(options, &scenario);
    let progress = Progress::new(plan.replications, options.quiet);
    let result = thread_pool(options.threads)?
        .install(|| forecast(&scenario, plan, &|done, _| progress.replication_done(done)));
    progress.clear();
    let result = result?;
    let write_options = WriteOptions { png: options.png };
    write_run_directory(&directory, &scenario, &result, &context, &resolved, &write_options)?;
    progress.finish(result.replications, &directory);

    match options.format {
        Format::Text => {
            output::print(&terminal(&scenario, &result, &context, output::style()))?;
        }
        Format::Json => output::print_json(&summary_json(&scenario, &result, &context))?,
    }
    let missed = result.objectives.iter().any(|objective| !objective.met);
    Ok(if missed { Outcome::ObjectiveMissed } else { Outcome::Success })
}

/// The options that stand for a key of the scenario, as overrides, so that the
/// resolved scenario holds them.
fn overrides(options: &RunOptions) -> Vec<String> {
    let named = [
        options.seed.map(|seed| format!("seed={seed}")),
        options.replications.map(|replications| format!("replications={replications}")),
        options.horizon.map(|days| format!("horizon_days={days}")),
    ];
    options.set.values.iter().cloned().chain(named.into_iter().flatten()).collect()
}

fn plan(options: &RunOptions, scenario: &Scenario) -> Plan {
    let cap = scenario.replications;
    let replications = match (options.precision, options.replications) {
        (Some(_), None) => cap.max(LEAST_CAP),
        _ => cap,
    };
    Plan { replications, precision: options.precision }
}

fn thread_pool(threads: Option<u32>) -> Result<rayon::ThreadPool, Failure> {
    let threads = match threads {
        Some(threads) => threads as usize,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Failure::Runtime(format!("cannot start {threads} threads: {error}")))
}

/// The command that gives this result again, without the options that leave it
/// unchanged.
fn command(args: &RunArgs) -> String {
    let options = &args.options;
    let mut words = vec!["orchsim".to_string(), "run".to_string()];
    words.extend(args.scenario.as_ref().map(|path| path.display().to_string()));
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [name.to_string(), value]));
    };
    for value in &options.set.values {
        option("--set", Some(value.clone()));
    }
    option("--seed", options.seed.map(|seed| seed.to_string()));
    option("--replications", options.replications.map(|count| count.to_string()));
    option("--precision", options.precision.map(|precision| precision.to_string()));
    option("--horizon", options.horizon.map(|days| days.to_string()));
    for name in &options.suppress {
        option("--suppress", Some(name.clone()));
    }
    let words: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
    words.join(" ")
}

/// A word as a POSIX shell takes it.
pub(super) fn shell_quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// SHA-256 of the version and the resolved scenario, in hexadecimal.
fn hash(resolved: &str) -> String {
    let digest = Sha256::new().chain_update(VERSION).chain_update("\n").chain_update(resolved);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_quoted("gateways.version=0.9"), "gateways.version=0.9");
        assert_eq!(shell_quoted("credits.amount=100 LPT"), "'credits.amount=100 LPT'");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
        assert_eq!(shell_quoted(""), "''");
    }

    #[test]
    fn a_precision_is_a_share() {
        assert_eq!(precision("0.02"), Ok(0.02));
        for text in ["0", "1", "-0.1", "NaN", "inf", "two", ""] {
            assert!(precision(text).is_err(), "{text}");
        }
    }
}
