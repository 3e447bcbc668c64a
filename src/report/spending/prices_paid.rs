//! What a request cost against what centralised providers charge for it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::model::DayLine;
use super::stored::StoredRun;
use crate::demand::{Arrivals, DemandStream};
use crate::network::Pipeline;
use crate::policy::{InputTokens, ModelClass, Provider};
use crate::scenario::Scenario;
use crate::spend::SpendHistory;
use crate::units::{CalendarPeriod, Wei};

/// Where a price was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Basis {
    /// What was really spent on requests that the file counts, in the period.
    Spend,
    /// The whole run.
    Run,
}

/// What a request of a pipeline cost.
#[derive(Clone, Debug)]
pub(in crate::report) struct Row {
    pub(in crate::report) pipeline: String,
    pub(in crate::report) basis: Basis,
    /// Requests that it was divided among.
    pub(in crate::report) requests: f64,
    pub(in crate::report) eth: f64,
    pub(in crate::report) usd: Option<f64>,
    pub(in crate::report) provider: Option<Charged>,
}

/// What the cheapest provider charges for the same request.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Charged {
    pub(in crate::report) usd: f64,
    /// Who, for which models, and when that was seen.
    pub(in crate::report) who: String,
}

/// By pipeline, what was paid for a request: in the spend of the period where it
/// counts requests, else in the whole run.
pub(in crate::report) fn rows(
    run: Option<&StoredRun>,
    spend: Option<&SpendHistory>,
    period: CalendarPeriod,
    days: &[DayLine],
) -> Vec<Row> {
    let scenario = run.map(|run| &run.scenario);
    let mut rows: Vec<Row> = Vec::new();
    if let Some(history) = spend {
        rows.extend(of_spend(history, period, days, scenario));
    }
    if let Some(run) = run {
        rows.extend(of_run(run));
    }
    rows
}

fn of_spend(
    history: &SpendHistory,
    period: CalendarPeriod,
    days: &[DayLine],
    scenario: Option<&Scenario>,
) -> Vec<Row> {
    let part = history.between(period.first(), period.last());
    let mut sums: BTreeMap<&str, Counted> = BTreeMap::new();
    for (day, key, spent) in part.cells() {
        let (Some(pipeline), Some(requests)) = (&key.pipeline, spent.requests) else { continue };
        let prices = on(days, part.date(day)).and_then(|line| line.prices);
        let usd = prices.map(|day| day.prices.eth_in_usd(spent.counted.to_coins()));
        let sum = sums.entry(pipeline).or_insert(Counted {
            amount: Wei::ZERO,
            requests: 0,
            usd: Some(0.0),
        });
        sum.amount.0 += spent.counted.0;
        sum.requests = sum.requests.saturating_add(requests);
        sum.usd = sum.usd.zip(usd).map(|(sum, more)| sum + more);
    }
    let row = |(pipeline, sum): (&str, Counted)| {
        let requests = sum.requests as f64;
        Row {
            pipeline: pipeline.to_string(),
            basis: Basis::Spend,
            requests,
            eth: sum.amount.to_coins() / requests,
            usd: sum.usd.map(|usd| usd / requests),
            provider: scenario.and_then(|scenario| charged(scenario, pipeline)),
        }
    };
    sums.into_iter().filter(|(_, sum)| sum.requests > 0).map(row).collect()
}

/// Spend on requests that are counted.
struct Counted {
    amount: Wei,
    requests: u64,
    usd: Option<f64>,
}

fn on(days: &[DayLine], date: Date) -> Option<&DayLine> {
    days.iter().find(|day| day.date == date)
}

fn of_run(run: &StoredRun) -> Vec<Row> {
    let treasury = &run.summary["treasury"];
    let (usd, eth) = (treasury["spent_usd"].as_f64(), treasury["spent_eth"].as_f64());
    let eth_usd = usd.zip(eth).filter(|(_, eth)| *eth > 0.0).map(|(usd, eth)| usd / eth);
    let spent = &run.summary["spend"]["by_pipeline"];
    let row = |(pipeline, requests): &(String, f64)| {
        let wei: u128 = spent[pipeline.as_str()].as_str()?.parse().ok()?;
        let eth = Wei(wei).to_coins() / requests;
        Some(Row {
            pipeline: pipeline.clone(),
            basis: Basis::Run,
            requests: *requests,
            eth,
            usd: eth_usd.map(|price| eth * price),
            provider: charged(&run.scenario, pipeline),
        })
    };
    run.served.iter().filter(|(_, requests)| *requests > 0.0).filter_map(row).collect()
}

/// What the cheapest provider of each model charges for the mean request of a
/// pipeline, weighted by the requests of a day; `None` where any of its models
/// has no provider.
fn charged(scenario: &Scenario, pipeline: &str) -> Option<Charged> {
    let pipeline = Pipeline::named(pipeline)?;
    let models = &scenario.network.models;
    let streams = scenario
        .demand
        .iter()
        .filter(|stream| models.get(stream.model).is_some_and(|model| model.pipeline == pipeline));
    let (mut usd, mut weight) = (0.0, 0.0);
    let mut who: Vec<String> = Vec::new();
    for stream in streams {
        let class = ModelClass::of(models.get(stream.model)?)?;
        let cheapest = Provider::Cheapest.price_of(class, InputTokens::Free)?;
        let requests = stream.requests_per_day();
        usd += requests * units(stream, pipeline) * cheapest.usd / cheapest.units as f64;
        weight += requests;
        let (provider, class, date) = (cheapest.provider, cheapest.class.name(), cheapest.date);
        who.push(format!("{provider}, {class}, {date}"));
    }
    who.sort_unstable();
    who.dedup();
    (weight > 0.0).then(|| Charged { usd: usd / weight, who: who.join("; ") })
}

/// Billing units that a provider charges for the mean request: those used.
fn units(stream: &DemandStream, pipeline: Pipeline) -> f64 {
    let size = match &stream.arrivals {
        Arrivals::Poisson(_) => stream.size.mean(),
        Arrivals::Trace(trace) => {
            let sizes = trace.requests.iter().map(|(_, size)| size.unwrap_or(stream.size.mean()));
            sizes.sum::<f64>() / trace.requests.len().max(1) as f64
        }
    };
    pipeline.billed_units(size) as f64 * stream.used_share.mean()
}
