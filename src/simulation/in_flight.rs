use super::recorder::Failure;
use crate::kernel::StreamKey;
use crate::selection::SessionRef;
use crate::units::{SimTime, Wei};

/// How a submission will end, known when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Served,
    Failed(Failure),
}

/// A submission to one orchestrator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Submission {
    pub session: SessionRef,
    pub warm: bool,
    pub at: SimTime,
    pub fee: Wei,
    pub outcome: Outcome,
}

/// What a running live stream keeps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LiveState {
    /// When the user leaves; set at the first start.
    pub user_leaves: Option<SimTime>,
    pub paid_until: SimTime,
    /// When the present orchestrator fails or the user leaves.
    pub leg_ends: SimTime,
    pub leg_fails: bool,
    pub recent_swaps: u32,
    pub last_swap: SimTime,
}

/// A request between its arrival and its end.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub stream: usize,
    pub key: StreamKey,
    pub arrived: SimTime,
    /// When the present round of tries began: at the arrival, for a live
    /// stream again at each swap.
    pub round_began: SimTime,
    pub size: f64,
    pub used_size: f64,
    pub is_bad: bool,
    /// Submissions of the round.
    pub tries: u32,
    /// Submissions ever: numbers the draws.
    pub submissions: u64,
    pub submission: Option<Submission>,
    /// Sessions whose orchestrator had no capacity are given back at the end.
    pub has_set_aside: bool,
    pub last_failure: Option<Failure>,
    pub live: LiveState,
}

/// Requests in flight, by number. Numbers are used again, so that memory does
/// not grow with the number of requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    slots: Vec<Request>,
    free: Vec<u32>,
}

impl Requests {
    pub(super) fn insert(&mut self, request: Request) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = request;
                number
            }
            None => {
                self.slots.push(request);
                (self.slots.len() - 1) as u32
            }
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.free.push(number);
    }

    pub(super) fn get(&mut self, number: u32) -> &mut Request {
        &mut self.slots[number as usize]
    }
}
