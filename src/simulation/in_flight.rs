use slab::Slab;

use super::recorder::Failure;
use super::steering::Destination;
use crate::kernel::StreamKey;
use crate::payments::{IntervalMeter, SessionCredit, Staged};
use crate::selection::SessionRef;
use crate::units::{Price, SimTime};

/// How a submission will end, known when it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Served,
    Failed(Failure),
}

/// A submission to one orchestrator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Submission {
    pub session: SessionRef,
    pub at: SimTime,
    /// The payment, unless the orchestrator turned the request away before it
    /// looked at the tickets.
    pub staged: Option<Staged>,
    /// `None` while it is on its way.
    pub outcome: Option<Outcome>,
    /// Seconds of network it takes, with its answer.
    pub network_s: f64,
    /// Factor on the work.
    pub variation: f64,
}

/// What a running live stream keeps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LiveState {
    /// When the user leaves; set at the first start.
    pub user_leaves: Option<SimTime>,
    /// What it owes its present orchestrator; `None` before the first start.
    pub meter: Option<IntervalMeter>,
    /// The price when the present orchestrator took the stream, which every
    /// interval pays (go-livepeer `server/ai_live_video.go`), and the base
    /// price behind it.
    pub price: Price,
    pub base_price: Price,
    /// When the present orchestrator fails or the user leaves.
    pub leg_ends: SimTime,
    pub leg_fails: bool,
    /// When its session got its auth token.
    pub token_issued: SimTime,
    /// What interval payments have left over.
    pub credit: SessionCredit,
    pub payments: u64,
    pub recent_swaps: u32,
    pub last_swap: SimTime,
}

/// The first and the last of a list of sessions set aside.
#[derive(Clone, Copy, Debug)]
pub(super) struct SetAside {
    first: u32,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Aside {
    session: SessionRef,
    next: Option<u32>,
}

/// A request between its arrival and its end.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub key: StreamKey,
    pub arrived: SimTime,
    /// When the present round of tries began: at the arrival, for a live
    /// stream again at each swap.
    pub round_began: SimTime,
    pub size: f64,
    pub used_size: f64,
    /// Billing units, and those of them that are used.
    pub billed: u64,
    pub used: u64,
    pub stream: u32,
    /// Submissions of the round.
    pub tries: u32,
    /// Submissions ever: numbers the draws.
    pub submissions: u32,
    pub is_bad: bool,
    /// Whether its user pays for it.
    pub pays: bool,
    /// What it was charged, in ETH, where it stands for others too.
    pub paid_eth: f64,
    /// Where it was steered to, if it was.
    pub destination: Option<Destination>,
    /// Sessions whose orchestrator had no capacity, to be given back at the end.
    pub set_aside: Option<SetAside>,
    pub last_failure: Option<Failure>,
    /// The last; a running live stream keeps the one that started it.
    pub submission: Option<Submission>,
}

/// Requests in flight, by number. Numbers are used again, so that memory does
/// not grow with the number of requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    requests: Vec<Request>,
    /// Of the requests that are live streams.
    live: Vec<LiveState>,
    free: Vec<u32>,
    /// Sessions set aside, each with the next of the same request.
    asides: Slab<Aside>,
}

impl Requests {
    pub(super) fn insert(&mut self, request: Request, is_live: bool) -> u32 {
        let number = match self.free.pop() {
            Some(number) => {
                self.requests[number as usize] = request;
                number
            }
            None => {
                self.requests.push(request);
                self.live.push(LiveState::default());
                (self.requests.len() - 1) as u32
            }
        };
        if is_live {
            self.live[number as usize] = LiveState::default();
        }
        number
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.free.push(number);
    }

    pub(super) fn get(&mut self, number: u32) -> &mut Request {
        &mut self.requests[number as usize]
    }

    /// Sets a session aside for a request.
    pub(super) fn set_aside(&mut self, number: u32, session: SessionRef) {
        let aside = Aside { session, next: None };
        let place = self.asides.insert(aside) as u32;
        let list = &mut self.requests[number as usize].set_aside;
        match list {
            Some(list) => {
                self.asides[list.last as usize].next = Some(place);
                list.last = place;
            }
            None => *list = Some(SetAside { first: place, last: place }),
        }
    }

    /// Takes back the session that a request set aside first.
    pub(super) fn take_aside(&mut self, number: u32) -> Option<SessionRef> {
        let list = &mut self.requests[number as usize].set_aside;
        let SetAside { first, last } = (*list)?;
        let Aside { session, next } = self.asides.remove(first as usize);
        *list = next.map(|first| SetAside { first, last });
        Some(session)
    }

    /// The demand stream that a request is of.
    pub(super) fn stream(&self, number: u32) -> usize {
        self.requests[number as usize].stream as usize
    }

    pub(super) fn live(&mut self, number: u32) -> &mut LiveState {
        &mut self.live[number as usize]
    }
}
