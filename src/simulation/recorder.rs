use super::World;
use crate::kernel::LatencyHistogram;
use crate::units::{SimTime, Wei};

/// Why a request was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody to ask.
    NoOrchestrator,
    /// The last orchestrator asked was at its capacity.
    Capacity,
    /// The last orchestrator asked failed.
    OrchestratorError,
    /// The request was malformed.
    BadRequest,
    /// A live stream ended before its user left.
    StreamLost,
}

/// Service to one [`ServiceKey`](super::ServiceKey).
#[derive(Clone, Debug, Default)]
pub struct ServiceRecord {
    /// Requests asked.
    pub asked: u64,
    /// Requests served.
    pub served: u64,
    /// Requests failed, by [`Failure`] in order of declaration.
    pub failed: [u64; 5],
    /// From the user's request to the answer (for a live stream, to its
    /// start).
    pub latency: LatencyHistogram,
}

impl ServiceRecord {
    /// Adds all of another record.
    pub fn merge(&mut self, other: &ServiceRecord) {
        self.asked += other.asked;
        self.served += other.served;
        for (count, more) in self.failed.iter_mut().zip(other.failed) {
            *count += more;
        }
        self.latency.merge(&other.latency);
    }
}

/// What one replication leaves.
#[derive(Clone, Debug)]
pub struct ReplicationResult {
    /// When a gateway first could not pay; `None` where the credits outlived
    /// the horizon.
    pub depleted: Option<SimTime>,
    /// Spend of each day by pipeline: day after day, each in the order of
    /// [`World::pipelines`]. Ends with the last day simulated.
    pub daily_spend: Vec<Wei>,
    /// Spend by demand stream.
    pub spend_by_stream: Vec<Wei>,
    /// Fees by orchestrator.
    pub fees: Vec<Wei>,
    /// Requests served by each orchestrator.
    pub served_by: Vec<u64>,
    /// Service, in the order of [`World::service_keys`].
    pub service: Vec<ServiceRecord>,
}

/// Collects what happens during a replication.
#[derive(Debug)]
pub(super) struct Recorder {
    pipelines: usize,
    today: usize,
    pub daily_spend: Vec<Wei>,
    pub spend_by_stream: Vec<Wei>,
    pub served_by: Vec<u64>,
    pub service: Vec<ServiceRecord>,
}

impl Recorder {
    pub(super) fn new(world: &World) -> Recorder {
        Recorder {
            pipelines: world.pipelines.len(),
            today: 0,
            daily_spend: vec![Wei::ZERO; world.pipelines.len()],
            spend_by_stream: vec![Wei::ZERO; world.streams.len()],
            served_by: vec![0; world.scenario.network.orchestrators.len()],
            service: vec![ServiceRecord::default(); world.service_keys.len()],
        }
    }

    /// Opens the books of day number `day`.
    pub(super) fn enter_day(&mut self, day: u64) {
        self.today = day as usize * self.pipelines;
        self.daily_spend.resize(self.today + self.pipelines, Wei::ZERO);
    }

    pub(super) fn spend(&mut self, stream: usize, pipeline: usize, fee: Wei) {
        self.daily_spend[self.today + pipeline].0 += fee.0;
        self.spend_by_stream[stream].0 += fee.0;
    }

    /// All spend so far.
    pub(super) fn total_spend(&self) -> Wei {
        self.spend_by_stream.iter().copied().sum()
    }
}
