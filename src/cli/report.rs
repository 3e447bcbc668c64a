use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use jiff::civil::{Date, date};

use super::options::{FileOptions, command_line, option, scenario_hash};
use super::output::{self, Format};
use super::progress::Progress;
use super::spend::SpendArgs;
use super::{Failure, Outcome, VERSION, input};
use crate::report::{
    RunContext, Spending, SpendingError, SpendingInput, SpendingReport, check_target, read_run,
    spending_json, spending_terminal, usual_period, write_spending_directory,
};
use crate::scenario::read_text;
use crate::treasury::{DailyPrices, DatedPrices, PriceSeries};
use crate::units::{Amount, CalendarPeriod, PeriodLength};

const ETH_PER_LPT: &str = "What one LPT is worth in ETH, for amounts in LPT (where --prices or the \
                           run say it by day, before their first day only)";
/// A century of days, several times over.
const LARGEST_PRICES_BYTES: u64 = 64 << 20;
/// Any day, which those of prices are counted from.
const PRICES_START: Date = date(2025, 1, 1);

// A run directory does without the file that `SpendArgs` needs elsewhere.
#[derive(Debug, Args)]
#[command(
    mut_arg("spend", |spend| spend.required(false)),
    mut_arg("zero_days", |zero_days| zero_days.requires("spend")),
    mut_arg("duplicates", |duplicates| duplicates.requires("spend")),
    mut_arg("eth_per_lpt", |price| price.requires("spend").help(ETH_PER_LPT))
)]
pub(super) struct ReportArgs {
    /// A run directory, as `orchsim run` writes it
    #[arg(value_name = "RUN_DIR")]
    run: Option<PathBuf>,
    #[command(flatten)]
    spend: Option<SpendArgs>,
    /// Whether to report a month or a quarter [default: month, or as --of has it]
    #[arg(long, value_enum)]
    period: Option<PeriodLength>,
    /// Which one: 2025-03, 2025-Q1 [default: the last that the spend covers; of a
    /// run alone, its first]
    #[arg(long, value_name = "PERIOD")]
    of: Option<CalendarPeriod>,
    /// Token prices: a CSV with the columns `date`, `lpt_usd` and `eth_usd`
    /// [default: those of the run]
    #[arg(long, value_name = "CSV")]
    prices: Option<PathBuf>,
    /// What was left at the end of the period, such as '12.5 ETH', or in LPT where
    /// there are prices: those are worth the last one [default: the credits of the
    /// run less what was spent and drawn, where its users pay nothing; LPT sold little
    /// by little needs prices by day for it]
    #[arg(
        long,
        value_name = "AMOUNT",
        value_parser = amount,
        requires = "spend",
        allow_hyphen_values = true
    )]
    left: Option<Amount>,
    /// Where to write [default: under outputs/, by the scenario or the CSV and the
    /// period]
    ///
    /// What orchsim wrote there before is replaced whole; a directory that
    /// holds something else, or a file that was changed since, is refused.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print the result; json: the document of report.json and nothing
    /// else
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// No progress on standard error
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    files: FileOptions,
}

pub(super) fn execute(args: &ReportArgs) -> Result<Outcome, Failure> {
    let options = args.files.write_options()?;
    let run = args.run.as_deref().map(read_run).transpose()?;
    let scenario = run.as_ref().map(|run| &run.scenario);
    let prices = args.prices.as_deref().map(read_prices).transpose()?;
    let prices = prices.as_ref().map(|series| DatedPrices { series, start: PRICES_START });
    let of_run = || scenario?.daily_prices();
    let by_day = prices.map(DailyPrices::Recorded).or_else(of_run);
    let read = |spend: &SpendArgs| spend.read(scenario, by_day);
    let history = args.spend.as_ref().map(read).transpose()?;
    let period = period(args, usual_period(history.as_ref(), run.as_ref(), length(args)))?;
    let name = match (&run, &args.spend) {
        (Some(run), _) => run.scenario.name.clone(),
        (None, Some(spend)) => spend.stem(),
        (None, None) => return Err(nothing_to_report()),
    };
    let usual = || Path::new("outputs").join(format!("{name}-report-{period}"));
    let directory = args.out.clone().unwrap_or_else(usual);
    if args.run.as_deref().is_some_and(|run| input::is_within(&directory, run)) {
        return Err(Failure::Usage(format!(
            "`{}` would replace the run it reports on\n  help: name another directory with --out",
            directory.display()
        )));
    }
    let inputs = args.spend.iter().map(|spend| spend.spend.as_path());
    input::keep_inputs(
        &directory,
        inputs.chain(args.prices.as_deref()).chain(args.run.as_deref()),
    )?;
    check_target(&directory)?;
    let input = SpendingInput {
        period,
        run: run.as_ref(),
        spend: history.as_ref(),
        prices,
        left: args.left,
    };
    let progress = Progress::of(u64::from(period.days()), "day", args.quiet);
    let spending = Spending::new(&input);
    progress.clear();
    let spending = spending?;
    let context = RunContext {
        scenario_hash: scenario_hash(VERSION, &fingerprints(args)?),
        command: command(args, period),
        version: VERSION.to_string(),
        suppress: String::new(),
        directory: Some(directory.display().to_string()),
        missing: run
            .as_ref()
            .and_then(|run| run.summary.get("missing")?.as_str().map(str::to_string)),
    };
    let report = SpendingReport { spending: &spending, run: run.as_ref(), context: &context };
    write_spending_directory(&directory, &report, &options)?;
    match args.format {
        Format::Text => output::print(&spending_terminal(&report, output::style()))?,
        Format::Json => output::print_json(&spending_json(&report))?,
    }
    progress.finish(u64::from(period.days()), &directory);
    Ok(Outcome::Success)
}

fn nothing_to_report() -> Failure {
    Failure::Usage(
        "there is nothing to report on\n  help: expected a run directory (RUN_DIR), --spend with a CSV, \
         or both"
            .to_string(),
    )
}

impl ValueEnum for PeriodLength {
    fn value_variants<'a>() -> &'a [PeriodLength] {
        &[PeriodLength::Month, PeriodLength::Quarter]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            PeriodLength::Month => ("month", "a calendar month"),
            PeriodLength::Quarter => {
                ("quarter", "three of them, from January, April, July or October on")
            }
        };
        Some(PossibleValue::new(name).help(help))
    }
}

fn length(args: &ReportArgs) -> PeriodLength {
    args.period.or(args.of.map(CalendarPeriod::length)).unwrap_or(PeriodLength::Month)
}

fn period(args: &ReportArgs, usual: Option<CalendarPeriod>) -> Result<CalendarPeriod, Failure> {
    match args.of {
        Some(of) if of.length() != length(args) => {
            let expected = match length(args) {
                PeriodLength::Month => "a month such as 2025-03",
                PeriodLength::Quarter => "a quarter such as 2025-Q1",
            };
            Err(Failure::Usage(format!(
                "--of {of} does not fit --period\n  help: expected {expected}"
            )))
        }
        Some(of) => Ok(of),
        None => usual.ok_or_else(nothing_to_report),
    }
}

/// The prices in a file.
fn read_prices(path: &Path) -> Result<PriceSeries, Failure> {
    let text = read_text(path, LARGEST_PRICES_BYTES).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::Usage(format!("there is no file `{}`", path.display()))
        }
        std::io::ErrorKind::InvalidData => {
            Failure::Usage(format!("cannot read `{}`: {error}", path.display()))
        }
        _ => Failure::Runtime(format!("cannot read `{}`: {error}", path.display())),
    })?;
    PriceSeries::from_csv(&text, PRICES_START).map_err(|faults| {
        let faults = faults.iter().map(|fault| {
            format!(
                "{}\n  --> {}:{}\n  = expected: {}",
                fault.problem,
                path.display(),
                fault.line,
                fault.problem.expected()
            )
        });
        Failure::Usage(faults.collect::<Vec<_>>().join("\nerror: "))
    })
}

fn amount(text: &str) -> Result<Amount, String> {
    let amount = text.parse::<Amount>().ok();
    let counts = |amount: &Amount| amount.to_wei().is_some() || amount.to_lpt().is_some();
    amount.filter(counts).ok_or_else(|| {
        "expected an amount of ETH, gwei, wei or LPT, such as '12.5 ETH'".to_string()
    })
}

/// Hashes of all that the report is made of.
fn fingerprints(args: &ReportArgs) -> Result<Vec<String>, Failure> {
    let mut hashes = Vec::new();
    let manifest = args.run.as_ref().map(|run| run.join("manifest.json"));
    for path in manifest.iter().chain(&args.prices) {
        let bytes = fs::read(path).map_err(|error| {
            Failure::Runtime(format!("cannot read `{}`: {error}", path.display()))
        })?;
        hashes.push(crate::experiment::sha256(&bytes));
    }
    if let Some(spend) = &args.spend {
        hashes.push(spend.hash()?);
    }
    Ok(hashes)
}

/// The command that gives this report again.
fn command(args: &ReportArgs, period: CalendarPeriod) -> String {
    let mut words = vec!["orchsim".to_string(), "report".to_string()];
    words.extend(args.run.iter().map(|run| run.display().to_string()));
    words.extend(args.spend.iter().flat_map(SpendArgs::words));
    words.extend(option("--of", period));
    words.extend(args.prices.iter().flat_map(|path| option("--prices", path.display())));
    words.extend(args.left.iter().flat_map(|left| option("--left", left)));
    command_line(&words)
}

impl From<SpendingError> for Failure {
    fn from(error: SpendingError) -> Failure {
        let reason = error.to_string();
        match error {
            SpendingError::NotARun { .. }
            | SpendingError::OutsideRun { .. }
            | SpendingError::NoPrice { .. }
            | SpendingError::NoSpend { .. } => Failure::Usage(reason),
            SpendingError::Scenario(diagnostics) => Failure::Invalid(diagnostics),
            SpendingError::Damaged { .. } | SpendingError::Io { .. } => Failure::Runtime(reason),
        }
    }
}
