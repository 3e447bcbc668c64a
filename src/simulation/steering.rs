use super::world::World;
use crate::policy::{Fallback, Steerer};
use crate::scenario::Scenario;
use crate::units::Wei;

/// What became of the requests steered to one region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SteeringRecord {
    /// Requests steered.
    pub steered: u64,
    /// Those served by an orchestrator of the region.
    pub reached: u64,
    /// Those for which the gateway knew nobody in the region.
    pub nobody_there: u64,
}

/// Where a request is to go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination {
    /// An index into the network's regions.
    pub region: u32,
    /// Whether only its orchestrators may be asked.
    pub is_binding: bool,
}

/// Sends requests to regions and counts what becomes of them.
#[derive(Debug)]
pub(super) struct Dispatcher<'w> {
    world: &'w World<'w>,
    steerer: Steerer<'w>,
    /// One for each region.
    pub records: Vec<SteeringRecord>,
    /// What each demand stream with a daily budget was paid for today, and
    /// which day that is.
    spent: Vec<(u64, Wei)>,
}

impl<'w> Dispatcher<'w> {
    pub(super) fn new(world: &'w World<'w>) -> Dispatcher<'w> {
        let regions = world.scenario.network.regions.len();
        Dispatcher {
            world,
            steerer: Steerer::new(&world.scenario.policy.injection.steering, regions),
            records: vec![SteeringRecord::default(); regions],
            spent: vec![(0, Wei::ZERO); world.streams.len()],
        }
    }

    /// Whether a stream may ask for one more request on this day.
    pub(super) fn within_budget(&self, stream: usize, day: u64) -> bool {
        let injected = self.world.scenario.demand[stream].injected;
        injected.is_none_or(|injected| {
            let (on, spent) = self.spent[stream];
            on != day || spent < injected.budget_per_day
        })
    }

    /// Where a new request of a stream goes; `uniform` is its draw.
    pub(super) fn destination(
        &mut self,
        stream: usize,
        uniform: impl FnOnce() -> f64,
    ) -> Option<Destination> {
        let region = match self.world.scenario.demand[stream].injected {
            Some(injected) => Some(injected.region),
            None if self.steerer.is_active() => self.steerer.region(uniform()),
            None => None,
        }?;
        self.records[region].steered += 1;
        Some(Destination { region: region as u32, is_binding: true })
    }

    /// The gateway knows nobody in the region. Returns whether the request may
    /// go anywhere instead; a test prompt may not.
    pub(super) fn nobody_there(&mut self, stream: usize, destination: Destination) -> bool {
        self.records[destination.region as usize].nobody_there += 1;
        self.may_go_elsewhere(stream)
    }

    /// Whether a steered request of a stream may be served elsewhere.
    pub(super) fn may_go_elsewhere(&self, stream: usize) -> bool {
        let scenario = self.world.scenario;
        scenario.demand[stream].injected.is_none()
            && scenario.policy.injection.fallback == Fallback::Anywhere
    }

    /// A request was served by an orchestrator.
    pub(super) fn served(&mut self, destination: Option<Destination>, orchestrator: usize) {
        let region = self.world.scenario.network.orchestrators[orchestrator].region;
        if destination.is_some_and(|destination| destination.region as usize == region) {
            self.records[region].reached += 1;
        }
    }

    /// Tickets worth `paid` were sent to an orchestrator for a stream.
    pub(super) fn paid(&mut self, stream: usize, orchestrator: usize, paid: Wei, day: u64) {
        let Scenario { network, demand, .. } = self.world.scenario;
        if self.steerer.is_active() {
            self.steerer.record(network.orchestrators[orchestrator].region, paid);
        }
        if demand[stream].injected.is_some() {
            let (on, spent) = &mut self.spent[stream];
            if *on != day {
                (*on, *spent) = (day, Wei::ZERO);
            }
            spent.0 += paid.0;
        }
    }
}
