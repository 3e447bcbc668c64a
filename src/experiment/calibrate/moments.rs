//! What a scenario's requests cost, by simulation: spend is not demand.

use rayon::prelude::*;

use super::mix::Group;
use super::{CalibrateError, MOST_REQUESTS_PER_DAY};
use crate::demand::{Arrivals, Bursts, DemandUncertainty, Growth, WeekProfile};
use crate::payments::{LedgerViolation, PaymentMode};
use crate::scenario::Scenario;
use crate::simulation::{World, replicate};
use crate::units::significant;

/// Days and replications of a simulation.
const DAYS: u32 = 7;
const REPLICATIONS: u64 = 16;
/// How often rates are scaled to the spend and simulated again: nearly, but not
/// quite, spend is proportional to requests.
const ROUNDS: u64 = 2;
/// Replications that a calibration simulates.
pub const SIMULATED: u64 = (1 + ROUNDS) * REPLICATIONS;

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

/// The scenario with level demand, without trend, weekdays, bursts or uncertainty, and
/// without the luck of the lottery.
fn level(scenario: &Scenario) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.horizon_days = DAYS;
    scenario.uncertainty = DemandUncertainty::default();
    scenario.payments.mode = PaymentMode::Expected;
    for stream in &mut scenario.demand {
        if let Arrivals::Poisson(arrivals) = &mut stream.arrivals {
            arrivals.growth = Growth::Constant;
            arrivals.weekdays = WeekProfile::FLAT;
            arrivals.bursts = Bursts::None;
        }
    }
    scenario
}

fn simulate(scenario: &Scenario, done: &(dyn Fn() + Sync)) -> Result<Simulated, LedgerViolation> {
    let world = World::new(scenario);
    let runs: Result<Vec<(f64, Vec<f64>)>, LedgerViolation> = (0..REPLICATIONS)
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

/// Scales the rates of `scenario` so that each group is simulated to spend
/// `target(group)` ETH a day; `done` is called as each replication ends. Returns what
/// was simulated before, and at the end.
///
/// # Errors
/// A stream would need more requests than can be.
pub(super) fn scale(
    scenario: &mut Scenario,
    groups: &[Group],
    target: impl Fn(&Group) -> f64,
    done: &(dyn Fn() + Sync),
) -> Result<(Simulated, Simulated), CalibrateError> {
    let before = simulate(&level(scenario), done)?;
    let mut now = before.clone();
    for _ in 0..ROUNDS {
        let factors: Vec<f64> = groups
            .iter()
            .map(|group| {
                let simulated = now.of_group(groups, group);
                if simulated > 0.0 { target(group) / simulated } else { 1.0 }
            })
            .collect();
        for ((stream, factor), group) in scenario.demand.iter_mut().zip(factors).zip(groups) {
            let Arrivals::Poisson(arrivals) = &mut stream.arrivals else { continue };
            arrivals.requests_per_day *= factor;
            if arrivals.requests_per_day > MOST_REQUESTS_PER_DAY {
                let eth_per_day = significant(target(group), 5);
                return Err(CalibrateError::TooMany { group: group.name(), eth_per_day });
            }
        }
        now = simulate(&level(scenario), done)?;
    }
    Ok((before, now))
}
