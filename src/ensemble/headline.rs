use serde::{Deserialize, Serialize};

use super::{Estimate, Sample, Service, gini, hhi, nakamoto, top_share};
use crate::network::Region;
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

    /// Of a figure of the users of one region: the id of that of all users, and the
    /// region's.
    pub fn of_users_in(&self) -> Option<(&'static str, &str)> {
        SERVICE
            .iter()
            .find_map(|(id, ..)| Some((*id, self.id.strip_prefix(id)?.strip_prefix('.')?)))
    }

    /// An estimate with its interval cut to what can be.
    pub(super) fn possible(&self, estimate: Estimate) -> Estimate {
        estimate.within(0.0, if self.unit == Unit::Share { 1.0 } else { f64::INFINITY })
    }
}

type Figure<T> = (&'static str, &'static str, Unit, Better, fn(&T) -> Option<f64>);

/// How long the credits last and what becomes of them.
const CREDITS: [Figure<Sample>; 7] = [
    // Cut at the horizon, so that a difference of means is one of restricted
    // means.
    ("runway_days", "runway", Unit::Days, Better::Higher, |s| Some(s.runway_days)),
    ("spend_eth", "spend", Unit::Eth, Better::Neither, |s| Some(s.spend().to_coins())),
    (REVENUE, "revenue from users", Unit::Eth, Better::Higher, |s| Some(s.revenue().to_coins())),
    // The treasury's again; higher is better as a longer runway is.
    (RETURNED, "return at the deadline", Unit::Eth, Better::Higher, |s| {
        Some(s.returned(|_, eth| eth))
    }),
    ("spend_per_day_eth", "spend a day", Unit::Eth, Better::Lower, |s| {
        per(s.spend().to_coins(), s.runway_days)
    }),
    ("cost_per_request_eth", "cost of a served request", Unit::Eth, Better::Lower, |s| {
        per(s.spend().to_coins(), s.service.served as f64)
    }),
    ("overpaid_share", "overpayment", Unit::Share, Better::Lower, overpaid_share),
];
const REVENUE: &str = "revenue_eth";
const RETURNED: &str = "returned_eth";

/// How well users are served: all, then those of each region.
const SERVICE: [Figure<Service>; 3] = [
    ("success_rate", "success", Unit::Share, Better::Higher, Service::success_rate),
    ("latency_p50_ms", "median latency", Unit::Milliseconds, Better::Lower, |s| {
        s.latency_ms.map(|[median, _]| median)
    }),
    ("latency_p95_ms", "95 % latency", Unit::Milliseconds, Better::Lower, |s| {
        s.latency_ms.map(|[_, p95]| p95)
    }),
];

/// When gateways do not serve, and who earns.
const OUTAGES_AND_FEES: [Figure<Sample>; 6] = [
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

/// The headline figures of a scenario: those that every scenario has, with what
/// users pay where some do and what goes back at a deadline within the horizon;
/// then the fee share of each region that has orchestrators; then, where there are
/// several regions, how well the users of each that has some are served. Test prompts
/// count with the users of the region they go to.
pub fn headlines(scenario: &Scenario) -> Vec<Headline> {
    let regions = &scenario.network.regions;
    let shares = regions_with_orchestrators(scenario).map(|region| Headline {
        id: format!("fee_share.{}", regions[region].id),
        label: format!("fee share of {}", regions[region].name),
        unit: Unit::Share,
        better: Better::Neither,
    });
    let of_users = regions_with_users(scenario).flat_map(|region| {
        SERVICE.iter().map(move |figure| {
            let Headline { id, label, unit, better } = headline(figure);
            let Region { id: region, name, .. } = &regions[region];
            Headline {
                id: format!("{id}.{region}"),
                label: format!("{label} in {name}"),
                unit,
                better,
            }
        })
    });
    (credits_figures(scenario).map(headline))
        .chain(SERVICE.iter().map(headline))
        .chain(OUTAGES_AND_FEES.iter().map(headline))
        .chain(shares)
        .chain(of_users)
        .collect()
}

/// The value of each of [`headlines`] in one replication; `None` where there is
/// none, such as the latency of no request.
pub fn headline_values(scenario: &Scenario, sample: &Sample) -> Vec<Option<f64>> {
    let orchestrators = &scenario.network.orchestrators;
    let of_service = |service: Option<&Service>| SERVICE.map(|(.., value)| service.and_then(value));
    let shares = regions_with_orchestrators(scenario)
        .map(|region| sample.fee_share(|o| orchestrators[o].region == region));
    let of_users = regions_with_users(scenario)
        .flat_map(|region| of_service(sample.service_by_region.get(region)));
    (credits_figures(scenario).map(|(.., value)| value(sample)))
        .chain(of_service(Some(&sample.service)))
        .chain(OUTAGES_AND_FEES.iter().map(|(.., value)| value(sample)))
        .chain(shares)
        .chain(of_users)
        .collect()
}

fn headline<T>(&(id, label, unit, better, _): &Figure<T>) -> Headline {
    Headline { id: id.to_string(), label: label.to_string(), unit, better }
}

fn credits_figures(scenario: &Scenario) -> impl Iterator<Item = &'static Figure<Sample>> {
    let has_revenue = scenario.has_paying_users();
    let has_deadline = scenario.treasury.deadline_days() <= f64::from(scenario.horizon_days);
    CREDITS.iter().filter(move |(id, ..)| match *id {
        REVENUE => has_revenue,
        RETURNED => has_deadline,
        _ => true,
    })
}

fn regions_with_users(scenario: &Scenario) -> impl Iterator<Item = usize> {
    let regions = scenario.network.regions.len();
    (0..regions)
        .filter(move |_| regions > 1)
        .filter(|&region| scenario.demand.iter().any(|stream| stream.region == region))
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
/// credit lost, and credit that is left. Of the spend without the luck of the lottery:
/// a quotient by few winning tickets is too large in the mean.
fn overpaid_share(sample: &Sample) -> Option<f64> {
    let books = &sample.books;
    let lost: u128 = books.lost().iter().map(|wei| wei.0).sum();
    let unused = sample.fee_parts.unused + (lost + books.credit_left().0) as i128;
    let eth = |wei: i128| wei as f64 / COIN as f64;
    per(eth(unused), eth(sample.spend().0 as i128 - books.lottery()))
}
