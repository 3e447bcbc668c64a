use super::world::{StreamPlan, World};
use crate::policy::{Allowance, Fallback, Steerer};
use crate::units::{SimTime, Wei};

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
    /// The daily budget of each demand stream in wei, 0 where it has none.
    budgets: Vec<Allowance>,
}

impl<'w> Dispatcher<'w> {
    pub(super) fn new(world: &'w World<'w>) -> Dispatcher<'w> {
        let regions = world.scenario.network.regions.len();
        let budget = |stream: &StreamPlan| {
            Allowance::new(stream.injected.map_or(0, |injected| injected.budget_per_day.0))
        };
        Dispatcher {
            world,
            steerer: Steerer::new(&world.scenario.policy.injection.steering, regions),
            records: vec![SteeringRecord::default(); regions],
            budgets: world.streams.iter().map(budget).collect(),
        }
    }

    /// Whether a stream may ask for one more request on this day.
    pub(super) fn within_budget(&mut self, stream: &StreamPlan, now: SimTime) -> bool {
        stream.injected.is_none() || self.budgets[stream.number].room(now.day()) > 0
    }

    /// Where a new request of a stream goes; `uniform` is its draw.
    pub(super) fn destination(
        &mut self,
        stream: &StreamPlan,
        uniform: impl FnOnce() -> f64,
    ) -> Option<Destination> {
        let region = match stream.injected {
            Some(injected) => Some(injected.region),
            None if self.steerer.is_active() => self.steerer.region(uniform()),
            None => None,
        }?;
        self.records[region].steered += stream.pace.requests();
        Some(Destination { region: region as u32, is_binding: true })
    }

    /// The gateway knows nobody in the region. Returns whether the request may
    /// go anywhere instead; a test prompt may not.
    pub(super) fn nobody_there(&mut self, stream: &StreamPlan, destination: Destination) -> bool {
        let count = stream.pace.requests();
        self.records[destination.region as usize].nobody_there += count;
        self.may_go_elsewhere(stream)
    }

    /// Whether a steered request of a stream may be served elsewhere.
    pub(super) fn may_go_elsewhere(&self, stream: &StreamPlan) -> bool {
        stream.injected.is_none()
            && self.world.scenario.policy.injection.fallback == Fallback::Anywhere
    }

    /// So many requests were served by an orchestrator.
    pub(super) fn served(
        &mut self,
        destination: Option<Destination>,
        count: u64,
        orchestrator: usize,
    ) {
        let Some(Destination { region, .. }) = destination else { return };
        let orchestrators = &self.world.scenario.network.orchestrators;
        if orchestrators[orchestrator].region == region as usize {
            self.records[region as usize].reached += count;
        }
    }

    /// Tickets worth `each` were sent to an orchestrator for each of the requests
    /// that one of a stream stands for.
    #[inline(always)]
    pub(super) fn paid(
        &mut self,
        stream: &StreamPlan,
        orchestrator: usize,
        each: Wei,
        now: SimTime,
    ) {
        let pace = stream.pace;
        if self.steerer.is_active() {
            let region = self.world.scenario.network.orchestrators[orchestrator].region;
            self.steerer.record(region, pace.all(each));
        }
        if stream.injected.is_some() {
            self.budgets[stream.number].note(now.day(), each.0, pace.requests());
        }
    }
}
