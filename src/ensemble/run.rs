use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::assemble::assemble;
use super::controls::DemandControls;
use super::hand_out::hand_out;
use super::reduction::{Controls, VarianceReduction};
use super::{Forecast, Sample, looks, precise_enough};
use crate::payments::LedgerViolation;
use crate::scenario::Scenario;
use crate::simulation::{Mode, ServiceRecord, World, replicate_from};

/// How many replications to run, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Replications; with a precision, the most. Of antithetic pairs an even
    /// number.
    pub replications: u32,
    /// Stop as soon as the 95 % interval of the mean runway (cut at the
    /// horizon) is known to within this part of its value.
    pub precision: Option<f64>,
    /// How requests are simulated.
    pub mode: Mode,
    /// How the variance of estimates is reduced.
    pub variance_reduction: VarianceReduction,
}

impl Plan {
    /// So many independent replications, request by request.
    pub fn fixed(replications: u32) -> Plan {
        Plan {
            replications,
            precision: None,
            mode: Mode::Exact,
            variance_reduction: VarianceReduction::None,
        }
    }

    /// The numbers of replications at which to look whether there are enough;
    /// only the last where there is no precision to reach.
    pub fn looks(&self) -> Vec<u32> {
        let Some(precision) = self.precision else { return vec![self.replications] };
        let group = self.variance_reduction.replications_an_observation();
        let looks = looks(precision, self.replications / group);
        looks.into_iter().map(|observations| observations * group).collect()
    }

    /// Whether these replications, from the first on, are enough.
    fn is_met_by(&self, samples: &[Sample]) -> bool {
        let Some(precision) = self.precision else { return false };
        let reduction = self.variance_reduction;
        let days = samples.iter().map(|sample| Some(sample.runway_days));
        let observations = reduction.observations(days);
        let mean = Controls::of_samples(reduction, samples).mean(&observations);
        precise_enough(&mean, observations.len(), precision)
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
        self.merge_service(&other.service);
    }

    fn merge_service(&mut self, service: &[ServiceRecord]) {
        self.service.resize(self.service.len().max(service.len()), ServiceRecord::default());
        for (total, record) in self.service.iter_mut().zip(service) {
            total.merge(record);
        }
    }
}

/// Runs single replications of a world.
#[derive(Debug)]
pub(crate) struct Replicator<'w> {
    world: &'w World<'w>,
    reduction: VarianceReduction,
    controls: Option<DemandControls<'w>>,
}

impl<'w> Replicator<'w> {
    pub(crate) fn new(world: &'w World<'w>, reduction: VarianceReduction) -> Replicator<'w> {
        let controls = reduction.has_controls().then(|| DemandControls::new(world));
        Replicator { world, reduction, controls }
    }

    /// Replication number `number`, with its service in the order of
    /// [`World::service_keys`].
    pub(crate) fn run(&self, number: u64) -> Result<(Sample, Vec<ServiceRecord>), LedgerViolation> {
        let key = self.reduction.key(self.world.scenario.seed, number);
        let mut result = replicate_from(self.world, key)?;
        let service = std::mem::take(&mut result.service);
        let controls = self.controls.as_ref().map_or_else(Vec::new, |controls| controls.of(key));
        Ok((Sample::new(self.world, number, result, &service, controls), service))
    }
}

/// Runs the replications of these numbers, in parallel on the threads of the
/// calling rayon pool. `done` is called as each ends.
///
/// # Errors
/// [`LedgerViolation`] where the books of a replication do not balance.
pub fn simulate(
    world: &World,
    reduction: VarianceReduction,
    numbers: &[u64],
    done: &(dyn Fn() + Sync),
) -> Result<Batch, LedgerViolation> {
    simulate_until(world, reduction, numbers, &|_| false, done)
}

/// What threads have in common.
#[derive(Default)]
struct Collected {
    batch: Batch,
    /// Replications that ended before an earlier one, by their place.
    ahead: BTreeMap<usize, Result<(Sample, Vec<ServiceRecord>), LedgerViolation>>,
    outcome: Option<Result<(), LedgerViolation>>,
}

/// Runs the replications of these numbers until the first of them, in order,
/// are enough. Those that threads have begun meanwhile are dropped, so that what
/// comes out is the same on any number of threads, and none waits for another.
fn simulate_until(
    world: &World,
    reduction: VarianceReduction,
    numbers: &[u64],
    are_enough: &(dyn Fn(&[Sample]) -> bool + Sync),
    done: &(dyn Fn() + Sync),
) -> Result<Batch, LedgerViolation> {
    let replicator = Replicator::new(world, reduction);
    let collected = Mutex::new(Collected::default());
    hand_out(numbers.len(), &|place| {
        let ended = replicator.run(numbers[place]);
        let mut guard = collected.lock().unwrap_or_else(PoisonError::into_inner);
        let Collected { batch, ahead, outcome } = &mut *guard;
        if outcome.is_some() {
            return ControlFlow::Break(());
        }
        ahead.insert(place, ended);
        done();
        while let Some(next) = ahead.remove(&batch.samples.len()) {
            let verdict = next.map(|(sample, service)| {
                batch.samples.push(sample);
                batch.merge_service(&service);
                are_enough(&batch.samples)
            });
            if verdict != Ok(false) {
                *outcome = Some(verdict.map(|_| ()));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    let Collected { batch, outcome, .. } =
        collected.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.unwrap_or(Ok(())).map(|()| batch)
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
    let world = World::in_mode(scenario, plan.mode)?;
    let done = AtomicU32::new(0);
    let looks = plan.looks();
    let are_enough = |samples: &[Sample]| {
        looks.binary_search(&(samples.len() as u32)).is_ok() && plan.is_met_by(samples)
    };
    let numbers: Vec<u64> = (0..u64::from(plan.replications)).collect();
    let batch = simulate_until(&world, plan.variance_reduction, &numbers, &are_enough, &|| {
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, plan.replications);
    })?;
    Ok(assemble(&world, &batch, plan))
}
