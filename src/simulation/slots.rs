use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::units::SimTime;

/// The places an orchestrator has for one model. A request holds one from its
/// arrival until its work ends; there is no queue (go-livepeer
/// `core/ai_orchestrator.go`: admission by a counter).
#[derive(Debug)]
pub(super) struct Slots {
    capacity: usize,
    busy_until: BinaryHeap<Reverse<SimTime>>,
}

impl Slots {
    pub(super) fn new(capacity: u32) -> Slots {
        Slots { capacity: capacity as usize, busy_until: BinaryHeap::new() }
    }

    /// Lets go of the places that are free again at `now` and says whether
    /// there is one.
    pub(super) fn make_room(&mut self, now: SimTime) -> bool {
        while self.busy_until.peek().is_some_and(|Reverse(end)| *end <= now) {
            self.busy_until.pop();
        }
        self.busy_until.len() < self.capacity
    }

    /// Whether every place is held at `now`.
    pub(super) fn is_full(&self, now: SimTime) -> bool {
        let held = self.busy_until.iter().filter(|Reverse(end)| *end > now).count();
        held >= self.capacity
    }

    /// Holds a place until `end`. Only after [`Slots::make_room`].
    pub(super) fn hold(&mut self, end: SimTime) {
        self.busy_until.push(Reverse(end));
    }
}
