//! Spend by calendar month and quarter.

use jiff::Span;
use jiff::civil::Date;

use super::{PeriodRow, Quantiles, Sample, ServiceSpend};
use crate::scenario::Scenario;
use crate::simulation::{ReplicationResult, World};
use crate::treasury::Prices;
use crate::units::{CalendarPeriod, PeriodLength, Wei, mean_parts};

/// Number of the month, counted from the scenario's first, that holds day
/// number `day`.
fn month_of(start: Date, day: usize) -> usize {
    let date = start.saturating_add(Span::new().days(day as i64));
    let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
    (months(date) - months(start)) as usize
}

/// Spend of each month by service key: month after month.
pub(super) fn by_month(world: &World, result: &ReplicationResult) -> Vec<Wei> {
    let services = world.service_keys.len().max(1);
    let mut months: Vec<Wei> = Vec::new();
    for (day, spent) in result.daily_spend_by_service.chunks(services).enumerate() {
        let first = month_of(world.scenario.start, day) * services;
        months.resize(months.len().max(first + services), Wei::ZERO);
        for (sum, wei) in months[first..].iter_mut().zip(spent) {
            sum.0 += wei.0;
        }
    }
    months
}

/// Every month, then every quarter that the run touches, each in order.
pub(super) fn periods(world: &World, samples: &[Sample]) -> Vec<PeriodRow> {
    let lengths = [PeriodLength::Month, PeriodLength::Quarter];
    lengths.into_iter().flat_map(|length| of_length(world, samples, length)).collect()
}

fn of_length(world: &World, samples: &[Sample], length: PeriodLength) -> Vec<PeriodRow> {
    let scenario = world.scenario;
    let last = scenario.last_day();
    let mut rows = Vec::new();
    let mut period = CalendarPeriod::containing(scenario.start, length);
    while period.first() <= last {
        rows.push(row(world, samples, period, last));
        period = period.next();
    }
    rows
}

fn row(world: &World, samples: &[Sample], period: CalendarPeriod, last: Date) -> PeriodRow {
    let scenario = world.scenario;
    let (from, to) = (period.first().max(scenario.start), period.last().min(last));
    let days = day_number(scenario, from)..day_number(scenario, to) + 1;
    let services = world.service_keys.len();
    let months = month_of(scenario.start, days.start)..month_of(scenario.start, days.end - 1) + 1;
    let of_service = |sample: &Sample, service: usize| -> Wei {
        let spent = |month: usize| sample.spend_by_month.get(month * services + service);
        months.clone().filter_map(spent).copied().sum()
    };
    let totals: Vec<Wei> = (0..services)
        .map(|service| samples.iter().map(|sample| of_service(sample, service)).sum())
        .collect();
    let means = mean_parts(&totals, samples.len() as u128);
    let mut eth: Vec<f64> = samples
        .iter()
        .map(|sample| (0..services).map(|service| of_service(sample, service)).sum::<Wei>())
        .map(Wei::to_coins)
        .collect();
    eth.sort_by(f64::total_cmp);
    let pipelines = world.pipelines.len();
    let worth = |convert: fn(Prices, f64) -> f64| {
        let of_day = |sample: &Sample, day: usize| {
            let prices = sample.prices_on(day)?;
            Some(convert(prices, sample.spent_on(day, pipelines)))
        };
        let of_sample =
            |sample: &Sample| -> f64 { days.clone().filter_map(|day| of_day(sample, day)).sum() };
        samples.iter().map(of_sample).sum::<f64>() / samples.len() as f64
    };
    let network = &scenario.network;
    let by_service = world.service_keys.iter().zip(&means).map(|(key, &mean)| ServiceSpend {
        gateway: network.gateways[key.gateway].id.clone(),
        pipeline: key.pipeline.name().to_string(),
        region: network.regions[key.region].id.clone(),
        mean,
    });
    PeriodRow {
        period,
        first: from,
        days: days.len() as u32,
        mean: means.iter().copied().sum(),
        eth: Quantiles::of_sorted(&eth),
        mean_usd: worth(Prices::eth_in_usd),
        mean_lpt: worth(Prices::eth_in_lpt),
        by_service: by_service.collect(),
    }
}

fn day_number(scenario: &Scenario, date: Date) -> usize {
    (date - scenario.start).get_days() as usize
}
