use crate::units::SimTime;

/// The places an orchestrator has for one model. A request holds one from its
/// arrival until its work ends; there is no queue (go-livepeer
/// `core/ai_orchestrator.go`: admission by a counter).
#[derive(Debug)]
// Half a cache line: among thousands of orchestrators a request mostly waits for
// memory.
#[repr(align(32))]
pub(super) struct Slots {
    capacity: u32,
    /// When each place is free again. Places that are free already stay on the
    /// list until it is long.
    busy_until: Vec<SimTime>,
    tidy_at: u32,
}

const SHORTEST_TIDIED: u32 = 4;

impl Slots {
    pub(super) fn new(capacity: u32) -> Slots {
        Slots { capacity, busy_until: Vec::new(), tidy_at: capacity.min(SHORTEST_TIDIED) }
    }

    /// Whether a place is free at `now`, given all requests admitted so far.
    #[inline(always)]
    pub(super) fn make_room(&mut self, now: SimTime) -> bool {
        if self.busy_until.len() < self.tidy_at as usize {
            return true;
        }
        self.busy_until.retain(|&end| end > now);
        let held = self.busy_until.len() as u32;
        self.tidy_at = self.capacity.min(held.saturating_add(1).saturating_mul(SHORTEST_TIDIED));
        held < self.capacity
    }

    /// Whether every place is held at `now`.
    pub(super) fn is_full(&self, now: SimTime) -> bool {
        self.busy_until.iter().filter(|&&end| end > now).count() >= self.capacity as usize
    }

    /// Holds a place until `end`. Only after [`Slots::make_room`].
    pub(super) fn hold(&mut self, end: SimTime) {
        self.busy_until.push(end);
    }

    /// Gives back at `now` a place that was held until `end`. What ended then is free
    /// without, and was held for a discovery that is caught up with.
    pub(super) fn release(&mut self, end: SimTime, now: SimTime) {
        if end <= now {
            return;
        }
        if let Some(place) = self.busy_until.iter().position(|&held| held == end) {
            self.busy_until.swap_remove(place);
        }
    }
}
