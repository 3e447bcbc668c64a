//! The command line: one file a subcommand. Results go to standard output,
//! everything else to standard error.

mod backtest;
mod calibrate;
mod check;
mod compare;
mod completions;
mod explain;
mod failure;
mod import;
mod init;
mod input;
mod merge;
mod options;
mod output;
mod progress;
mod providers;
mod report;
mod run;
mod schema;
mod shards;
mod spend;
mod sweep;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

pub use failure::Failure;

const VERSION: &str = env!("CARGO_PKG_VERSION");

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  a run-time failure: disk, unreadable file
  2  a usage error or an invalid scenario; nothing was written
  3  an objective of the scenario was missed or is not known (in a sweep: by every setting), after everything was written and printed";

const CHECK_CODES: &str = "\
Exit codes:
  0  every scenario is valid
  1  a scenario is there and cannot be read (disk, permissions), and all others are valid
  2  a usage error, or a scenario that does not exist, is not text in UTF-8 or is invalid";

const CALIBRATE_CODES: &str = "\
Exit codes:
  0  success
  1  a run-time failure: disk, unreadable file
  2  a usage error, an invalid scenario, or spend that cannot be fitted; nothing was written";

const REPORT_CODES: &str = "\
Exit codes:
  0  success
  1  a run-time failure: disk, a damaged run directory
  2  a usage error, no run directory, spend that makes no sense, or a period without data; nothing was written";

/// How long treasury-funded Livepeer AI credits last and who earns the fees.
///
/// A discrete-event simulation of gateways, priced orchestrators, demand and
/// go-livepeer's selection algorithm. Without a command it runs the built-in
/// scenario: the 15,000 LPT of the Agent SPE.
#[derive(Debug, Parser)]
#[command(
    name = "orchsim",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command: `orchsim run` on the built-in scenario. Exit codes: see --help.",
    after_long_help = EXIT_CODES
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten, next_help_heading = "Options of the run")]
    run: run::RunOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Forecast how long the credits last and who earns them.
    #[command(after_long_help = EXIT_CODES)]
    Run(run::RunArgs),
    /// Compare a scenario with variants of it on the same demand.
    #[command(after_long_help = compare::EXIT_CODES)]
    Compare(compare::CompareArgs),
    /// Vary keys of a scenario: what each changes, which settings meet the
    /// objectives, and the Pareto front among them.
    #[command(after_long_help = EXIT_CODES)]
    Sweep(sweep::SweepArgs),
    /// Join the shards of a run or a sweep, proving that none is missing or
    /// foreign.
    #[command(after_long_help = EXIT_CODES)]
    Merge(merge::MergeArgs),
    /// Fit a scenario's demand to what was really spent.
    #[command(after_long_help = CALIBRATE_CODES)]
    Calibrate(calibrate::CalibrateArgs),
    /// Tell how good forecasts of spend would have been.
    #[command(after_long_help = CALIBRATE_CODES)]
    Backtest(backtest::BacktestArgs),
    /// Report a month or a quarter of spend: real, forecast, or one against the
    /// other.
    #[command(after_long_help = REPORT_CODES)]
    Report(report::ReportArgs),
    /// Validate scenarios: every error at once, with its place.
    #[command(after_long_help = CHECK_CODES)]
    Check(check::CheckArgs),
    /// Show who would be selected, with which probability, and who not and why.
    Explain(explain::ExplainArgs),
    /// List what centralised providers charge, for `policy.max_price.provider_share`.
    Providers(providers::ProvidersArgs),
    /// Print the JSON Schema of a scenario file, for editors.
    Schema,
    /// Write a commented scenario to start from.
    Init(init::InitArgs),
    /// Turn a real file of the network into a scenario: a gateway's view, prices,
    /// test results, stakes, spend.
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Print a script that completes orchsim's commands in a shell.
    Completions(completions::CompletionsArgs),
}

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Success,
    /// The forecast is there, but an objective of the scenario was missed.
    ObjectiveMissed,
    /// A checked scenario is not valid: no such file, no text, or wrong.
    Invalid,
    /// A checked scenario is there and cannot be read, and no other is invalid.
    Unreadable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Success => ExitCode::SUCCESS,
            Outcome::Unreadable => ExitCode::from(1),
            Outcome::Invalid => ExitCode::from(2),
            Outcome::ObjectiveMissed => ExitCode::from(3),
        }
    }
}

impl Cli {
    /// The arguments of the program, which ends with a message where they are wrong.
    pub fn from_arguments() -> Cli {
        Cli::try_parse().unwrap_or_else(|mut error| {
            if error.kind() == ErrorKind::InvalidSubcommand
                && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
                && word.ends_with(".toml")
            {
                let tip = format!("to simulate a scenario: orchsim run {word}");
                error.remove(ContextKind::SuggestedSubcommand);
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
            error.exit()
        })
    }

    /// Does what was asked.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be done.
    pub fn execute(self) -> Result<Outcome, Failure> {
        match self.command {
            None => run::execute(&run::RunArgs::built_in(self.run)),
            Some(Command::Run(args)) => run::execute(&args),
            Some(Command::Compare(args)) => compare::execute(&args),
            Some(Command::Sweep(args)) => sweep::execute(&args),
            Some(Command::Merge(args)) => merge::execute(&args),
            Some(Command::Calibrate(args)) => calibrate::execute(&args),
            Some(Command::Backtest(args)) => backtest::execute(&args),
            Some(Command::Report(args)) => report::execute(&args),
            Some(Command::Check(args)) => check::execute(&args),
            Some(Command::Explain(args)) => explain::execute(&args),
            Some(Command::Providers(args)) => providers::execute(&args),
            Some(Command::Schema) => schema::execute(),
            Some(Command::Init(args)) => init::execute(&args),
            Some(Command::Import(args)) => import::execute(&args),
            Some(Command::Completions(args)) => completions::execute(&args),
        }
    }
}
