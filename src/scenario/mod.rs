//! What the user asked: the TOML file, its defaults, its validation with line
//! and column, overrides and the JSON Schema.

mod check;
mod decode;
mod diagnostics;
mod json_schema;
mod keys;
mod overrides;
mod price_text;
mod shape;
mod source;
mod spread;
mod tree;
mod write;

use jiff::Span;
use jiff::civil::Date;

use crate::demand::{DemandStream, DemandUncertainty};
use crate::network::Network;
use crate::payments::PaymentSetup;
use crate::policy::Policy;
use crate::treasury::{Credits, DailyPrices, DatedPrices, TokenPrices, TreasurySetup};

pub(crate) use check::is_name;
pub use diagnostics::Diagnostics;
pub(crate) use diagnostics::nearest;
pub use json_schema::json_schema;
pub(crate) use keys::{MOST_HORIZON_DAYS, MOST_REPLICATIONS};
pub(crate) use overrides::{bare_key, split_at_commas};
pub(crate) use source::{LARGEST_FILE_BYTES, read_text};
pub use source::{NamedFiles, Source};
pub use write::to_toml;
pub(crate) use write::{
    growth_to_toml, model_to_toml, offer_to_toml, orchestrator_to_toml, price_rows_to_toml, quoted,
};

/// Every warning that can be suppressed, by name; some are of comparisons only.
pub const WARNING_NAMES: [&str; 24] = [
    "single-replication",
    "few-replications",
    "wide-interval",
    "censored",
    "prices-disagree",
    "price-weight-blind",
    "overpriced-hides-idle",
    "no-offer",
    "nobody-within-max-price",
    "loose-max-price",
    "unpayable-request",
    "region-never-selected",
    "steered-in-vain",
    "low-success",
    "no-fees",
    "outage",
    "stranded-funds",
    "stale-discovery",
    "slow-sessions",
    "other-settings",
    "other-demand",
    "deadline",
    "other-mix",
    "weak-coupling",
];

/// The text of the default scenario: the Agent SPE's 15,000 LPT.
pub const DEFAULT: &str = include_str!("../../scenarios/agent-spe-15k.toml");

const PRESETS: [(&str, &str); 6] = [
    ("agent-spe-15k", DEFAULT),
    ("minimal", include_str!("../../scenarios/minimal.toml")),
    ("first-1000-lpt", include_str!("../../scenarios/first-1000-lpt.toml")),
    ("agent-net-pilot", include_str!("../../scenarios/agent-net-pilot.toml")),
    ("gas-doubling", include_str!("../../scenarios/gas-doubling.toml")),
    ("top-up-gateway", include_str!("../../scenarios/top-up-gateway.toml")),
];

/// The names of the scenarios to start from, the default first.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The commented text of a scenario to start from.
pub fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Reads a scenario, changed by `overrides` (`dotted.path=value`, as
/// `--set` takes them; a list is entered by index, by id, or, with neither,
/// at every element). Reads the trace files it names.
///
/// # Errors
/// Every problem of the file and the overrides at once.
pub fn load(source: &Source, overrides: &[String]) -> Result<Scenario, Diagnostics> {
    load_among(source, overrides, &NamedFiles::default())
}

/// [`load`] of one of several scenarios, of which `files` has the files that they name.
///
/// # Errors
/// As [`load`].
pub fn load_among(
    source: &Source,
    overrides: &[String],
    files: &NamedFiles,
) -> Result<Scenario, Diagnostics> {
    let of_set: Vec<(&str, &str)> = overrides.iter().map(|text| ("--set", text.as_str())).collect();
    read(source, &of_set, files)
}

/// [`load`] with overrides that messages call by a name of their own: (name,
/// `dotted.path=value`).
///
/// # Errors
/// As [`load`].
pub fn load_with(source: &Source, overrides: &[(&str, &str)]) -> Result<Scenario, Diagnostics> {
    read(source, overrides, &NamedFiles::default())
}

fn read(
    source: &Source,
    overrides: &[(&str, &str)],
    files: &NamedFiles,
) -> Result<Scenario, Diagnostics> {
    let mut report = diagnostics::Report::new(source, overrides);
    let scenario = tree::parse_document(&source.text, &mut report).and_then(|mut root| {
        for (index, (_, text)) in overrides.iter().enumerate() {
            overrides::apply(text, index + 1, &keys::SCENARIO, &mut root, &mut report);
        }
        check::check(&keys::SCENARIO, &mut root, "", &mut report);
        let root = tree::Cursor::root(&root);
        decode::scenario(&root, source.directory.as_deref(), files, &mut report)
    });
    match scenario {
        Some(scenario) if report.is_empty() => Ok(scenario),
        _ => Err(report.finish()),
    }
}

/// A validated scenario: everything one replication needs to know.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Short name, also that of the run directory; letters, digits, `-`, `_`
    /// and `.`.
    pub name: String,
    /// One line saying what it is.
    pub title: String,
    /// The first simulated day; simulated time starts at 00:00 UTC.
    pub start: Date,
    /// Simulated days after which a replication that still has credits is
    /// censored.
    pub horizon_days: u32,
    /// Seed of every random stream.
    pub seed: u64,
    /// Replications to run.
    pub replications: u32,
    /// The credits.
    pub credits: Credits,
    /// How they get to the gateways.
    pub treasury: TreasurySetup,
    /// How gateways pay.
    pub payments: PaymentSetup,
    /// What governance can turn.
    pub policy: Policy,
    /// Who exists.
    pub network: Network,
    /// Mean seconds until a failing request fails (exponential): it decides
    /// whether the failure falls inside the retry window.
    pub failure_delay_s: f64,
    /// Failures of a running live stream an hour, which make the gateway swap
    /// to another orchestrator.
    pub stream_failures_per_hour: f64,
    /// Who asks.
    pub demand: Vec<DemandStream>,
    /// What is not known about demand.
    pub uncertainty: DemandUncertainty,
    /// What the run is judged by.
    pub objectives: Vec<Objective>,
    /// Warnings not to print.
    pub suppressed_warnings: Vec<String>,
}

impl Scenario {
    /// The last simulated day.
    pub fn last_day(&self) -> Date {
        self.start.saturating_add(Span::new().days(i64::from(self.horizon_days.max(1)) - 1))
    }

    /// Token prices of each day, where they are the same in every future.
    pub fn daily_prices(&self) -> Option<DailyPrices<'_>> {
        match &self.treasury.prices {
            TokenPrices::Constant => Some(DailyPrices::Constant(self.credits.prices())),
            TokenPrices::Replay(series) => {
                Some(DailyPrices::Recorded(DatedPrices { series, start: self.start }))
            }
            TokenPrices::JumpDiffusion(_) | TokenPrices::Bootstrap(_) => None,
        }
    }

    /// Whether some users pay their gateway something.
    pub fn has_paying_users(&self) -> bool {
        let mut users = self.demand.iter().filter_map(|stream| stream.users.as_ref());
        users.any(|users| users.pay(self.credits.eth_usd))
    }
}

/// A statement the forecast makes true or false, with the probability it needs
/// to hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// The name the scenario gives it.
    pub id: String,
    /// What must be true of a replication.
    pub goal: Goal,
    /// The least share of replications in which it must be true, 0 to 1.
    pub probability: f64,
}

/// What an [`Objective`] asks of one replication.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// Credits last at least so many days.
    LastDays(f64),
    /// At least this share of requests is served, 0 to 1.
    SuccessRate(f64),
    /// A region earns at least this share of the fees, 0 to 1.
    RegionFeeShare {
        /// An index into the network's regions.
        region: usize,
        /// The least share.
        share: f64,
    },
    /// The largest orchestrator earns at most this share of the fees, 0 to 1.
    TopFeeShare(f64),
    /// Gateways are without funds for at most this share of their time, 0 to 1.
    OutageShare(f64),
}
