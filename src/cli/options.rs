use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use rayon::ThreadPoolBuilder;

use super::Failure;
use super::input::Overrides;
use super::output::Format;
use crate::ensemble::{Plan, VarianceReduction};
use crate::experiment::sha256;
use crate::report::WriteOptions;
use crate::scenario::{MOST_HORIZON_DAYS, MOST_REPLICATIONS, Scenario, WARNING_NAMES, bare_key};
use crate::simulation::Mode;
use crate::text::named;

/// With a precision, replications go on to at least this number.
const LEAST_CAP: u32 = 1_000;
pub(super) const MOST_THREADS: u32 = 1_024;

/// What every command that simulates takes.
#[derive(Debug, Args)]
pub(super) struct CommonOptions {
    #[command(flatten)]
    pub set: Overrides,
    /// Seed of every random stream
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole("a whole number", 0..=u64::MAX)
    )]
    pub seed: Option<u64>,
    /// Independent futures to simulate
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole("a whole number", 1..=MOST_REPLICATIONS)
    )]
    pub replications: Option<u32>,
    /// Days after which a future that still has credits is cut off
    #[arg(
        long,
        value_name = "DAYS",
        allow_negative_numbers = true,
        value_parser = whole("whole days", 1..=MOST_HORIZON_DAYS)
    )]
    pub horizon: Option<u32>,
    /// Threads to run on [default: all cores]; the result is the same on any
    /// number
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole("a whole number", 1..=MOST_THREADS)
    )]
    pub threads: Option<u32>,
    /// Where to write [default: under outputs/, by the scenario's name]
    ///
    /// What orchsim wrote there before is replaced whole; a directory that
    /// holds something else, or a file that was changed since, is refused.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How to print the result; json: the document of the JSON file and
    /// nothing else
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// No progress on standard error
    #[arg(long, short)]
    pub quiet: bool,
}

impl CommonOptions {
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

    /// All changes to the scenario.
    pub fn overrides(&self) -> Vec<String> {
        self.set.values.iter().cloned().chain(self.keys()).collect()
    }

    /// The threads to run on.
    pub fn thread_pool(&self) -> Result<rayon::ThreadPool, Failure> {
        thread_pool(self.threads)
    }

    /// The options that decide the result, as words of a command.
    pub fn words(&self) -> Vec<String> {
        let set = self.set.values.iter().flat_map(|value| option("--set", value));
        let numbers = [
            ("--seed", self.seed),
            ("--replications", self.replications.map(u64::from)),
            ("--horizon", self.horizon.map(u64::from)),
        ];
        let numbers = numbers.into_iter().filter_map(|(name, value)| Some(option(name, value?)));
        set.chain(numbers.flatten()).collect()
    }
}

/// So many threads, or one for each core.
pub(super) fn thread_pool(threads: Option<u32>) -> Result<rayon::ThreadPool, Failure> {
    let threads = match threads {
        Some(threads) => threads as usize,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Failure::Runtime(format!("cannot start {threads} threads: {error}")))
}

/// Refuses to vary one of the `shared` keys, which what is compared has in common.
pub(super) fn refuse_shared(key: &str, shared: &[&str]) -> Result<(), Failure> {
    if !shared.contains(&bare_key(key).as_str()) {
        return Ok(());
    }
    let option = key.trim_end_matches("_days");
    Err(Failure::Usage(format!(
        "`{key}` cannot be varied: all that is compared has the same, or the difference would be \
         that of chance or time\n  help: --{option} sets it for all"
    )))
}

/// When to stop.
#[derive(Debug, Args)]
pub(super) struct Stopping {
    /// Stop when the mean runway is known to within this share of itself
    ///
    /// R is the relative half-width of the 95 % interval of the mean runway,
    /// such as 0.02, of runways cut at the horizon where it cuts some. The
    /// interval is looked at each time there are 10 % more replications, from
    /// 20 or 3 / R on. At most as many are made as --replications says; without
    /// it at most 1,000, or those of the scenario if more.
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = precision)]
    precision: Option<f64>,
}

impl Stopping {
    /// How many replications to make.
    pub fn plan(&self, common: &CommonOptions, scenario: &Scenario) -> Plan {
        let cap = scenario.replications;
        let replications = match (self.precision, common.replications) {
            (Some(_), None) => cap.max(LEAST_CAP),
            _ => cap,
        };
        Plan { precision: self.precision, ..Plan::fixed(replications) }
    }

    /// Whether that is left to a precision.
    pub fn has_precision(&self) -> bool {
        self.precision.is_some()
    }

    /// It as words of a command.
    pub fn words(&self) -> Vec<String> {
        self.precision.map_or_else(Vec::new, |precision| option("--precision", precision).into())
    }
}

/// How futures are simulated and averaged, to need less time.
#[derive(Debug, Args)]
pub(super) struct Simulating {
    /// How to simulate requests: `exact`, one by one, or `aggregate`, where some
    /// stand for many of their model, at a stated error
    #[arg(
        long,
        value_name = "MODE",
        default_value_t,
        value_parser = PossibleValuesParser::new(Mode::NAMES.map(|(name, _)| name)).map(mode)
    )]
    mode: Mode,
    /// Make intervals narrower at the same number of replications, without bias
    ///
    /// The result says of each figure how many plain replications it is worth.
    #[arg(long, value_name = "METHOD", value_enum, default_value_t)]
    variance_reduction: VarianceReduction,
}

impl Simulating {
    /// The plan with it.
    ///
    /// # Errors
    /// An odd number of replications that are to come in pairs.
    pub fn apply(&self, plan: Plan) -> Result<Plan, Failure> {
        let variance_reduction = self.variance_reduction;
        let replications = plan.replications;
        if variance_reduction.has_pairs() && !replications.is_multiple_of(2) {
            return Err(Failure::Usage(format!(
                "antithetic replications come in pairs, and {replications} is odd\n  help: \
                 `--replications {}`",
                replications.saturating_add(1)
            )));
        }
        Ok(Plan { mode: self.mode, variance_reduction, ..plan })
    }

    /// It as words of a command.
    pub fn words(&self) -> Vec<String> {
        let mode = (self.mode != Mode::default()).then(|| option("--mode", self.mode));
        let method = self.variance_reduction;
        let reduction = (method != VarianceReduction::None)
            .then(|| option("--variance-reduction", method.name()));
        mode.into_iter().chain(reduction).flatten().collect()
    }
}

impl ValueEnum for VarianceReduction {
    fn value_variants<'a>() -> &'a [VarianceReduction] {
        use VarianceReduction::{Antithetic, Both, Control, None};
        &[None, Antithetic, Control, Both]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            VarianceReduction::None => "independent replications",
            VarianceReduction::Antithetic => {
                "every second replication mirrors all draws of the one before it"
            }
            VarianceReduction::Control => {
                "means are adjusted for how far the demand drawn lies from its mean"
            }
            VarianceReduction::Both => "pairs, adjusted",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// The mode of that name.
fn mode(name: String) -> Mode {
    named(&Mode::NAMES, &name).unwrap_or_default()
}

/// Reads whole numbers in a range; `what` they are is said where one is not.
pub(super) fn whole<T>(
    what: &'static str,
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| match text.parse() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(format!("expected {what} from {} to {}", range.start(), range.end())),
    }
}

fn precision(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if 0.0 < value && value < 1.0 => Ok(value),
        _ => Err("expected a number between 0 and 1, such as 0.02".to_string()),
    }
}

/// What is written beside the usual files.
#[derive(Debug, Args)]
pub(super) struct FileOptions {
    /// Write every figure as PNG too (needs a build with the feature `png`)
    #[arg(long)]
    png: bool,
    /// Write every table as Parquet beside its CSV (needs a build with the feature
    /// `parquet`)
    #[arg(long)]
    parquet: bool,
}

impl FileOptions {
    /// What to write.
    ///
    /// # Errors
    /// PNG or Parquet of a build that cannot make it.
    pub fn write_options(&self) -> Result<WriteOptions, Failure> {
        let options = WriteOptions { png: self.png, parquet: self.parquet, spend_history: None };
        Ok(options.checked()?)
    }
}

/// What is written and printed of forecasts.
#[derive(Debug, Args)]
pub(super) struct ReportOptions {
    #[command(flatten)]
    pub files: FileOptions,
    /// Do not print this warning; may be given several times
    #[arg(
        long,
        value_name = "WARNING",
        value_parser = PossibleValuesParser::new(WARNING_NAMES),
        hide_possible_values = true
    )]
    suppress: Vec<String>,
}

impl ReportOptions {
    /// How a report says that a warning is silenced.
    pub const SUPPRESS: &str = "--suppress {id}";

    /// Adds the warnings not to print to those of the scenario.
    pub fn suppress_in(&self, scenario: &mut Scenario) {
        for name in &self.suppress {
            if !scenario.suppressed_warnings.contains(name) {
                scenario.suppressed_warnings.push(name.clone());
            }
        }
    }

    /// The options that decide the result, as words of a command.
    pub fn words(&self) -> Vec<String> {
        self.suppress.iter().flat_map(|name| option("--suppress", name)).collect()
    }
}

/// An option with its value, as words of a command.
pub(super) fn option(name: &str, value: impl ToString) -> [String; 2] {
    [name.to_string(), value.to_string()]
}

/// Hash of resolved scenarios and the version that runs them.
pub(super) fn scenario_hash(version: &str, scenarios: &[String]) -> String {
    sha256(format!("{version}\n{}", scenarios.join("\n")).as_bytes())
}

/// Words as one line that a POSIX shell takes.
pub(super) fn command_line(words: &[String]) -> String {
    words.iter().map(|word| shell_quoted(word)).collect::<Vec<_>>().join(" ")
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

    #[test]
    fn a_precision_is_a_share() {
        assert_eq!(precision("0.02"), Ok(0.02));
        for text in ["0", "1", "-0.1", "NaN", "inf", "two", ""] {
            assert!(precision(text).is_err(), "{text}");
        }
    }
}
