use std::path::Path;

use clap::Args;
use clap::builder::PossibleValuesParser;
use rayon::ThreadPoolBuilder;
use sha2::{Digest, Sha256};

use super::Failure;
use super::input::Overrides;
use super::output::Format;
use crate::ensemble::WARNING_NAMES;
use crate::report::{RunContext, WriteError};
use crate::scenario::Scenario;

const MOST_THREADS: i64 = 1_024;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What every command that runs replications takes.
#[derive(Debug, Args)]
pub(super) struct CommonOptions {
    #[command(flatten)]
    pub set: Overrides,
    /// Seed of every random stream
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Independent futures to simulate
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub replications: Option<u32>,
    /// Days after which a future that still has credits is cut off
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    pub horizon: Option<u32>,
    /// Threads to run on [default: all cores]; the result is the same on any
    /// number
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..=MOST_THREADS)
    )]
    threads: Option<u32>,
    /// How to print the result; json: the JSON document of the run directory
    /// and nothing else
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// No progress on standard error
    #[arg(long, short)]
    pub quiet: bool,
    /// Write every figure as PNG too (needs a build with the feature `png`)
    #[arg(long)]
    pub png: bool,
    /// Do not print this warning; may be given several times
    #[arg(
        long,
        value_name = "WARNING",
        value_parser = PossibleValuesParser::new(WARNING_NAMES),
        hide_possible_values = true
    )]
    suppress: Vec<String>,
}

impl CommonOptions {
    /// Refuses what this build cannot do.
    pub fn check(&self) -> Result<(), Failure> {
        if self.png && cfg!(not(feature = "png")) {
            return Err(WriteError::NoPng.into());
        }
        Ok(())
    }

    /// The options that stand for a key of the scenario, as overrides, so that
    /// the resolved scenario holds them.
    pub fn keys(&self) -> Vec<String> {
        let named = [
            self.seed.map(|seed| format!("seed={seed}")),
            self.replications.map(|replications| format!("replications={replications}")),
            self.horizon.map(|days| format!("horizon_days={days}")),
        ];
        named.into_iter().flatten().collect()
    }

    /// Adds the warnings not to print to those of the scenario.
    pub fn suppress_in(&self, scenario: &mut Scenario) {
        for name in &self.suppress {
            if !scenario.suppressed_warnings.contains(name) {
                scenario.suppressed_warnings.push(name.clone());
            }
        }
    }

    /// The threads to run on.
    pub fn thread_pool(&self) -> Result<rayon::ThreadPool, Failure> {
        let threads = match self.threads {
            Some(threads) => threads as usize,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|error| Failure::Runtime(format!("cannot start {threads} threads: {error}")))
    }

    /// The command `words` with those of these options that the result depends
    /// on.
    pub fn command(&self, mut words: Vec<String>) -> String {
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [name.to_string(), value]));
        };
        for value in &self.set.values {
            option("--set", Some(value.clone()));
        }
        option("--seed", self.seed.map(|seed| seed.to_string()));
        option("--replications", self.replications.map(|count| count.to_string()));
        option("--horizon", self.horizon.map(|days| days.to_string()));
        for name in &self.suppress {
            option("--suppress", Some(name.clone()));
        }
        let words: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
        words.join(" ")
    }
}

/// What reports say of a run beside its result; `resolved` are its resolved
/// scenarios.
pub(super) fn context<'a>(
    command: String,
    resolved: impl IntoIterator<Item = &'a str>,
    directory: &Path,
) -> RunContext {
    let mut digest = Sha256::new().chain_update(VERSION);
    for scenario in resolved {
        digest.update("\n");
        digest.update(scenario);
    }
    let hash = digest.finalize();
    RunContext {
        command,
        version: VERSION.to_string(),
        scenario_hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        suppress: "--suppress {id}".to_string(),
        directory: Some(directory.display().to_string()),
    }
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
}
