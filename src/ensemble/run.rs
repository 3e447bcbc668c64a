use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::assemble::assemble;
use super::{Forecast, looks, precise_enough};
use crate::payments::{Ledger, LedgerViolation};
use crate::scenario::Scenario;
use crate::simulation::{
    FeeParts, Outages, Redemptions, ReplicationResult, ServiceRecord, World, replicate,
};
use crate::treasury::Prices;
use crate::units::Wei;

/// Fewest replications a run that stops by its precision makes.
const LEAST_REPLICATIONS: u32 = 20;

/// How many replications to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Replications; with a precision, the most.
    pub replications: u32,
    /// Stop as soon as the 95 % interval of the mean runway (cut at the
    /// horizon) is known to within this part of its value.
    pub precision: Option<f64>,
}

/// What is kept of one replication.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// Days until the credits ran out, or the horizon where they did not.
    pub runway: (f64, bool),
    /// Spend of each day by pipeline, day after day, in ETH.
    pub daily_spend_eth: Vec<f64>,
    /// What the credits were worth at the end of each day, in ETH.
    pub daily_balance_eth: Vec<f64>,
    /// Token prices at the end of each day.
    pub daily_prices: Vec<Prices>,
    pub spend_by_stream: Vec<Wei>,
    pub fees: Vec<Wei>,
    pub served_by: Vec<u64>,
    /// Requests served and failed.
    pub served: u64,
    pub failed: u64,
    pub fee_parts: FeeParts,
    pub books: Ledger,
    pub redemptions: Vec<Redemptions>,
    pub outages: Outages,
}

impl Sample {
    fn new(result: &ReplicationResult, horizon_days: u32) -> Sample {
        let runway = match result.depleted {
            Some(time) => (time.as_days(), false),
            None => (f64::from(horizon_days), true),
        };
        let failed = |record: &ServiceRecord| record.failed.iter().sum::<u64>();
        Sample {
            runway,
            daily_spend_eth: result.daily_spend.iter().map(|spend| spend.to_coins()).collect(),
            daily_balance_eth: result.daily_balance.iter().map(|wei| wei.to_coins()).collect(),
            daily_prices: result.daily_prices.clone(),
            spend_by_stream: result.spend_by_stream.clone(),
            fees: result.fees.clone(),
            served_by: result.served_by.clone(),
            served: result.service.iter().map(|record| record.served).sum(),
            failed: result.service.iter().map(failed).sum(),
            fee_parts: result.fee_parts,
            books: result.books.clone(),
            redemptions: result.redemptions.clone(),
            outages: result.outages,
        }
    }

    /// Spend of a day, all pipelines, in ETH; 0 of days not simulated.
    pub fn spent_on(&self, day: usize, pipelines: usize) -> f64 {
        self.daily_spend_eth.iter().skip(day * pipelines).take(pipelines).sum()
    }

    /// Token prices of a day; the last known of days not simulated.
    pub fn prices_on(&self, day: usize) -> Option<Prices> {
        self.daily_prices.get(day).or(self.daily_prices.last()).copied()
    }

    /// All spend, each day's by `convert` at its prices.
    pub fn spent_at_day_prices(&self, convert: fn(Prices, f64) -> f64) -> f64 {
        let pipelines = self.daily_spend_eth.len() / self.daily_prices.len().max(1);
        let spent =
            |(day, prices): (usize, &Prices)| convert(*prices, self.spent_on(day, pipelines));
        self.daily_prices.iter().enumerate().map(spent).sum()
    }

    /// What was left at the end, in ETH, by `convert` at the last prices.
    pub fn left(&self, convert: fn(Prices, f64) -> f64) -> f64 {
        let left = self.daily_balance_eth.last().zip(self.daily_prices.last());
        left.map_or(0.0, |(eth, prices)| convert(*prices, *eth))
    }
}

/// Runs replications of a scenario, in parallel on the threads of the calling
/// rayon pool, and sums them up. `progress` is told how many are done of how
/// many planned.
///
/// # Errors
/// [`LedgerViolation`] where the books of a replication do not balance.
pub fn forecast(
    scenario: &Scenario,
    plan: Plan,
    progress: &(dyn Fn(u32, u32) + Sync),
) -> Result<Forecast, LedgerViolation> {
    let world = World::new(scenario);
    // Counts only, so that the order in which replications end is without
    // effect; everything else is kept in the order of their numbers.
    let service = Mutex::new(vec![ServiceRecord::default(); world.service_keys.len()]);
    let done = AtomicU32::new(0);
    let looks = match plan.precision {
        Some(_) => looks(LEAST_REPLICATIONS, plan.replications),
        None => vec![plan.replications],
    };
    let mut samples: Vec<Sample> = Vec::new();
    for &look in &looks {
        let added: Result<Vec<Sample>, LedgerViolation> = (samples.len() as u64..u64::from(look))
            .into_par_iter()
            .map(|number| {
                let result = replicate(&world, number)?;
                let sample = Sample::new(&result, scenario.horizon_days);
                let mut total = match service.lock() {
                    Ok(total) => total,
                    Err(poisoned) => poisoned.into_inner(),
                };
                for (total, record) in total.iter_mut().zip(&result.service) {
                    total.merge(record);
                }
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, plan.replications);
                Ok(sample)
            })
            .collect();
        samples.append(&mut added?);
        let days: Vec<f64> = samples.iter().map(|sample| sample.runway.0).collect();
        if plan.precision.is_some_and(|precision| precise_enough(&days, precision, looks.len())) {
            break;
        }
    }
    let service = match service.into_inner() {
        Ok(service) => service,
        Err(poisoned) => poisoned.into_inner(),
    };
    Ok(assemble(&world, &samples, &service, plan.precision))
}
