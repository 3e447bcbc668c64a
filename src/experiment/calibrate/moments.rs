//! What a scenario's requests cost, by simulation: spend is not demand.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::CalibrateError;
use super::mix::Group;
use crate::demand::{
    Arrivals, Bursts, DemandStream, DemandUncertainty, Growth, MOST_REQUESTS_PER_DAY, WeekProfile,
};
use crate::experiment::spend_model::DailySeries;
use crate::payments::{LedgerViolation, PaymentMode};
use crate::scenario::Scenario;
use crate::simulation::{World, replicate};
use crate::units::significant;

/// Days and replications of a simulation, and replications while rates are still on
/// their way.
const DAYS: u32 = 7;
const REPLICATIONS: u64 = 16;
const FEW_REPLICATIONS: u64 = 4;
/// Days of each replication that tell how spend varies from one to the next: whole weeks,
/// so that a first day like no other looks like a weekday.
const VARYING_DAYS: u32 = 14;
/// How often rates are scaled at most: spend is not proportional to requests where
/// more of them are served at other prices, or leave less overpayment each.
const ROUNDS: u64 = 10;
/// Replications that a calibration simulates at most.
pub const MOST_SIMULATED: u64 = (2 + ROUNDS) * REPLICATIONS;
/// How far the simulated spend may be from what it is to be, as a share of it.
pub(super) const TOLERANCE: f64 = 0.02;
/// Bounds of the power of its rate that a stream's spend is taken to grow with. A lower
/// one would ask for very many more requests where capacity ends.
const POWER: (f64, f64) = (2.0 / 3.0, 4.0);
/// Below this power more requests do not help, where there are clearly more: the gain
/// by a few drowns in the noise.
const NO_HELP: f64 = 0.1;
const CLEAR: f64 = 1.1;

/// Spend a day of each demand stream at level rates.
#[derive(Clone, Debug)]
pub(super) struct Simulated {
    pub(super) eth_per_day: Vec<f64>,
}

impl Simulated {
    /// Spend a day of the streams of a group.
    pub(super) fn of_group(&self, groups: &[Group], group: &Group) -> f64 {
        let streams = self.eth_per_day.iter().zip(groups);
        streams.filter(|(_, of)| *of == group).map(|(eth, _)| eth).sum()
    }
}

/// The scenario with level demand, without trend, weekdays, bursts or uncertainty,
/// and with credits that nobody else draws on or takes back.
fn level(scenario: &Scenario, days: u32) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.horizon_days = days;
    scenario.uncertainty = DemandUncertainty::default();
    scenario.treasury.drawings.clear();
    scenario.treasury.deadline = None;
    for stream in &mut scenario.demand {
        if let Arrivals::Poisson(arrivals) = &mut stream.arrivals {
            arrivals.growth = Growth::Constant;
            arrivals.weekdays = WeekProfile::FLAT;
            arrivals.bursts = Bursts::None;
        }
    }
    scenario
}

/// Without the luck of the lottery.
fn simulate(
    scenario: &Scenario,
    replications: u64,
    done: &(dyn Fn() + Sync),
) -> Result<Simulated, LedgerViolation> {
    let mut scenario = level(scenario, DAYS);
    scenario.payments.mode = PaymentMode::Expected;
    let scenario = &scenario;
    let world = World::new(scenario);
    let runs: Result<Vec<(f64, Vec<f64>)>, LedgerViolation> = (0..replications)
        .into_par_iter()
        .map(|number| {
            let result = replicate(&world, number)?;
            done();
            let days = result.depleted.map_or(f64::from(DAYS), |time| time.as_days());
            Ok((days, result.spend_by_stream.iter().map(|wei| wei.to_coins()).collect()))
        })
        .collect();
    let runs = runs?;
    let days: f64 = runs.iter().map(|(days, _)| days).sum();
    let of_stream = |stream: usize| {
        let eth: f64 = runs.iter().map(|(_, eth)| eth[stream]).sum();
        if days > 0.0 { eth / days } else { 0.0 }
    };
    Ok(Simulated { eth_per_day: (0..scenario.demand.len()).map(of_stream).collect() })
}

/// Days of the scenario at level rates, `factor` times as high, with the luck of the
/// lottery where it has one; `done` is called as each replication ends.
pub(super) fn level_days(
    scenario: &Scenario,
    factor: f64,
    done: &(dyn Fn() + Sync),
) -> Result<DailySeries, LedgerViolation> {
    let mut scenario = level(scenario, VARYING_DAYS);
    for stream in &mut scenario.demand {
        if let Arrivals::Poisson(arrivals) = &mut stream.arrivals {
            arrivals.requests_per_day *= factor;
        }
    }
    let scenario = &scenario;
    let world = World::new(scenario);
    let runs: Result<Vec<Vec<Option<f64>>>, LedgerViolation> = (0..REPLICATIONS)
        .into_par_iter()
        .map(|number| {
            let result = replicate(&world, number)?;
            done();
            let whole = result.depleted.map_or(u64::MAX, |time| time.day());
            let days = (0..whole).zip(result.daily_spend.chunks(world.pipelines.len().max(1)));
            let spent = days.map(|(_, day)| Some(day.iter().map(|wei| wei.to_coins()).sum()));
            let gaps = std::iter::repeat(None);
            Ok(spent.chain(gaps).take(VARYING_DAYS as usize).collect())
        })
        .collect();
    Ok(DailySeries::of_amounts(scenario.start, runs?.concat()))
}

/// Multiplies the rate of a stream of `group`, which is to spend `eth_per_day`.
///
/// # Errors
/// It would need more requests than can be.
pub(super) fn multiply(
    stream: &mut DemandStream,
    factor: f64,
    group: &Group,
    eth_per_day: f64,
) -> Result<(), CalibrateError> {
    let Arrivals::Poisson(arrivals) = &mut stream.arrivals else { return Ok(()) };
    arrivals.requests_per_day *= factor;
    if arrivals.requests_per_day > MOST_REQUESTS_PER_DAY {
        let eth_per_day = significant(eth_per_day, 5);
        return Err(CalibrateError::TooMany { group: group.name(), eth_per_day });
    }
    Ok(())
}

/// Rates scaled to a spend.
pub(super) struct Scaled {
    /// What was simulated before.
    pub(super) before: Simulated,
    /// What is simulated with the scaled rates.
    pub(super) after: Simulated,
    /// The groups that spend too little, and no more with more requests.
    pub(super) stuck: BTreeSet<Group>,
}

/// Scales the rates of `scenario` until each group is simulated to spend
/// `target(group)` ETH a day, by secant steps in logarithms on the same random
/// numbers, of few replications until those meet it; `done` is called as each
/// replication ends.
///
/// # Errors
/// A stream would need more requests than can be.
pub(super) fn scale(
    scenario: &mut Scenario,
    groups: &[Group],
    target: impl Fn(&Group) -> f64,
    done: &(dyn Fn() + Sync),
) -> Result<Scaled, CalibrateError> {
    let before = simulate(scenario, REPLICATIONS, done)?;
    let mut scaled = Scaled { after: before.clone(), before, stuck: BTreeSet::new() };
    let mut powers = vec![1.0; groups.len()];
    let mut replications = REPLICATIONS;
    for round in 1..=ROUNDS {
        let now = scaled.after;
        let factor = |(group, power): (&Group, &f64)| {
            let simulated = now.of_group(groups, group);
            let miss = if simulated > 0.0 { target(group) / simulated } else { 1.0 };
            let rests = libm::fabs(miss - 1.0) <= TOLERANCE || scaled.stuck.contains(group);
            if rests { 1.0 } else { libm::pow(miss, 1.0 / power) }
        };
        let factors: Vec<f64> = groups.iter().zip(&powers).map(factor).collect();
        let is_met = factors.iter().all(|factor| *factor == 1.0);
        if is_met && replications == REPLICATIONS {
            scaled.after = now;
            break;
        }
        if is_met || round == ROUNDS {
            replications = REPLICATIONS;
        } else if round == 1 {
            replications = FEW_REPLICATIONS;
        }
        for ((stream, factor), group) in scenario.demand.iter_mut().zip(&factors).zip(groups) {
            multiply(stream, *factor, group, target(group))?;
        }
        scaled.after = simulate(scenario, replications, done)?;
        for ((group, factor), power) in groups.iter().zip(factors).zip(&mut powers) {
            let gain = scaled.after.of_group(groups, group) / now.of_group(groups, group);
            let measured = libm::log(gain) / libm::log(factor);
            if !measured.is_finite() {
                continue;
            }
            if factor > CLEAR && measured < NO_HELP {
                scaled.stuck.insert(group.clone());
            }
            *power = measured.clamp(POWER.0, POWER.1);
        }
    }
    Ok(scaled)
}
