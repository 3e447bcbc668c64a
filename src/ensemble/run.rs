use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::assemble::assemble;
use super::{Forecast, Sample, looks, precise_enough};
use crate::payments::LedgerViolation;
use crate::scenario::Scenario;
use crate::simulation::{Mode, ServiceRecord, World, replicate};

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
    /// How requests are simulated.
    pub mode: Mode,
}

impl Plan {
    /// The numbers of replications at which to look whether there are enough;
    /// only the last where there is no precision to reach.
    pub fn looks(&self) -> Vec<u32> {
        match self.precision {
            Some(_) => looks(LEAST_REPLICATIONS, self.replications),
            None => vec![self.replications],
        }
    }
}

/// Replications that were run.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// One for each, in the order asked for.
    pub samples: Vec<Sample>,
    /// Service over all of them, in the order of [`World::service_keys`].
    pub service: Vec<ServiceRecord>,
}

impl Batch {
    /// Adds all of another batch of the same world.
    pub fn append(&mut self, other: Batch) {
        self.samples.extend(other.samples);
        self.service.resize(self.service.len().max(other.service.len()), ServiceRecord::default());
        for (total, record) in self.service.iter_mut().zip(&other.service) {
            total.merge(record);
        }
    }
}

/// Runs the replications of these numbers, in parallel on the threads of the
/// calling rayon pool. `done` is called as each ends.
///
/// # Errors
/// [`LedgerViolation`] where the books of a replication do not balance.
pub fn simulate(
    world: &World,
    numbers: &[u64],
    done: &(dyn Fn() + Sync),
) -> Result<Batch, LedgerViolation> {
    // Counts only, so that the order in which replications end is without
    // effect; everything else is kept in the order of their numbers.
    let service = Mutex::new(vec![ServiceRecord::default(); world.service_keys.len()]);
    let samples: Result<Vec<Sample>, LedgerViolation> = numbers
        .par_iter()
        .map(|&number| {
            let result = replicate(world, number)?;
            let mut total = service.lock().unwrap_or_else(PoisonError::into_inner);
            for (total, record) in total.iter_mut().zip(&result.service) {
                total.merge(record);
            }
            drop(total);
            done();
            Ok(Sample::new(world, number, result))
        })
        .collect();
    let service = service.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Batch { samples: samples?, service })
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
    let world = World::in_mode(scenario, plan.mode);
    let done = AtomicU32::new(0);
    let looks = plan.looks();
    let mut batch = Batch::default();
    for &look in &looks {
        let numbers: Vec<u64> = (batch.samples.len() as u64..u64::from(look)).collect();
        batch.append(simulate(&world, &numbers, &|| {
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, plan.replications);
        })?);
        let days: Vec<f64> = batch.samples.iter().map(|sample| sample.runway_days).collect();
        if plan.precision.is_some_and(|precision| precise_enough(&days, precision, looks.len())) {
            break;
        }
    }
    Ok(assemble(&world, &batch, plan.precision))
}
