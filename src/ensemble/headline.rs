use serde::{Deserialize, Serialize};

use super::{Estimate, Sample, gini, hhi, nakamoto, top_share};
use crate::scenario::Scenario;
use crate::units::{COIN, SECONDS_PER_HOUR, Wei};

/// What a headline figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Days.
    Days,
    /// ETH.
    Eth,
    /// A share, 0 to 1.
    Share,
    /// A number without a unit.
    Number,
    /// Milliseconds.
    Milliseconds,
    /// Hours.
    Hours,
}

/// Which way a headline figure is better for whoever holds the credits or
/// wants fees spread widely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// That depends on who asks.
    Neither,
}

/// A figure of one replication by which scenarios are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// Its name in files: `runway_days`, `fee_share.eu`.
    pub id: String,
    /// It in words.
    pub label: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
}

impl Headline {
    /// The mean of its values in independent observations, with its interval
    /// cut to what can be: a share lies between 0 and 1, and no headline figure
    /// below 0. `None` without a value.
    pub fn estimate(&self, values: &[f64]) -> Option<Estimate> {
        (!values.is_empty()).then(|| self.possible(Estimate::of_mean(values)))
    }

    /// An estimate with its interval cut to what can be.
    pub(super) fn possible(&self, estimate: Estimate) -> Estimate {
        estimate.within(0.0, if self.unit == Unit::Share { 1.0 } else { f64::INFINITY })
    }
}

type Figure = (&'static str, &'static str, Unit, Better, fn(&Sample) -> Option<f64>);

/// The figures that every scenario has; the fee shares of its regions follow.
const FIGURES: [Figure; 14] = [
    // Cut at the horizon, so that a difference of means is one of restricted
    // means.
    ("runway_days", "runway", Unit::Days, Better::Higher, |s| Some(s.runway_days)),
    ("spend_eth", "spend", Unit::Eth, Better::Neither, |s| Some(s.spend().to_coins())),
    ("spend_per_day_eth", "spend a day", Unit::Eth, Better::Lower, |s| {
        per(s.spend().to_coins(), s.runway_days)
    }),
    ("cost_per_request_eth", "cost of a served request", Unit::Eth, Better::Lower, |s| {
        per(s.spend().to_coins(), s.served as f64)
    }),
    ("overpaid_share", "overpayment", Unit::Share, Better::Lower, overpaid_share),
    ("success_rate", "success", Unit::Share, Better::Higher, Sample::success_rate),
    ("latency_p50_ms", "median latency", Unit::Milliseconds, Better::Lower, |s| {
        s.latency_ms.map(|[median, _]| median)
    }),
    ("latency_p95_ms", "95 % latency", Unit::Milliseconds, Better::Lower, |s| {
        s.latency_ms.map(|[_, p95]| p95)
    }),
    ("outage_hours", "without funds", Unit::Hours, Better::Lower, |s| {
        Some(s.outages.seconds / SECONDS_PER_HOUR as f64)
    }),
    ("gini", "Gini of fees", Unit::Number, Better::Lower, |s| Some(gini(&fees(s)?))),
    ("hhi", "HHI of fees", Unit::Number, Better::Lower, |s| Some(hhi(&fees(s)?))),
    ("nakamoto", "Nakamoto coefficient", Unit::Number, Better::Higher, |s| {
        Some(nakamoto(&fees(s)?) as f64)
    }),
    ("top1_share", "share of the largest", Unit::Share, Better::Lower, |s| {
        Some(top_share(&fees(s)?, 1))
    }),
    ("top4_share", "share of the four largest", Unit::Share, Better::Lower, |s| {
        Some(top_share(&fees(s)?, 4))
    }),
];

/// The headline figures of a scenario: the same for all, then the fee share of
/// each region that has orchestrators.
pub fn headlines(scenario: &Scenario) -> Vec<Headline> {
    let figures = FIGURES.iter().map(|&(id, label, unit, better, _)| Headline {
        id: id.to_string(),
        label: label.to_string(),
        unit,
        better,
    });
    let regions = regions_with_orchestrators(scenario).map(|region| {
        let region = &scenario.network.regions[region];
        Headline {
            id: format!("fee_share.{}", region.id),
            label: format!("fee share of {}", region.name),
            unit: Unit::Share,
            better: Better::Neither,
        }
    });
    figures.chain(regions).collect()
}

/// The value of each of [`headlines`] in one replication; `None` where there is
/// none, such as the latency of no request.
pub fn headline_values(scenario: &Scenario, sample: &Sample) -> Vec<Option<f64>> {
    let orchestrators = &scenario.network.orchestrators;
    let figures = FIGURES.iter().map(|(.., value)| value(sample));
    let regions = regions_with_orchestrators(scenario)
        .map(|region| sample.fee_share(|o| orchestrators[o].region == region));
    figures.chain(regions).collect()
}

fn regions_with_orchestrators(scenario: &Scenario) -> impl Iterator<Item = usize> {
    let orchestrators = &scenario.network.orchestrators;
    (0..scenario.network.regions.len())
        .filter(|&region| orchestrators.iter().any(|o| o.region == region))
}

fn per(amount: f64, count: f64) -> Option<f64> {
    (count > 0.0).then(|| amount / count)
}

/// Fees by orchestrator; `None` where nobody earned any, so that there is
/// nothing to have a share of.
fn fees(sample: &Sample) -> Option<Vec<f64>> {
    let earned = sample.fees.iter().any(|fee| *fee > Wei::ZERO);
    earned.then(|| sample.fees_eth().collect())
}

/// Share of the spend that paid for nothing used: units billed and not used,
/// credit lost, and credit that is left.
fn overpaid_share(sample: &Sample) -> Option<f64> {
    let lost: u128 = sample.books.lost().iter().map(|wei| wei.0).sum();
    let unused = sample.fee_parts.unused + (lost + sample.books.credit_left().0) as i128;
    per(unused as f64 / COIN as f64, sample.spend().to_coins())
}
