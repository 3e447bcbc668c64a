use std::cmp::Ordering;

use super::PriorityList;
use crate::units::SimTime;

/// The future-event list. Events come out in order of their time; at one time,
/// in the order in which they were scheduled.
#[derive(Debug)]
pub struct EventList<E> {
    pending: PriorityList<Entry<E>>,
    scheduled: u64,
    next_time: SimTime,
}

#[derive(Debug)]
struct Entry<E> {
    time: SimTime,
    /// How many were scheduled before.
    number: u64,
    event: E,
}

impl<E> Entry<E> {
    /// Both in one, for a single comparison.
    fn key(&self) -> u128 {
        u128::from(self.time.0) << 64 | u128::from(self.number)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Entry<E>) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Entry<E>) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    fn lt(&self, other: &Entry<E>) -> bool {
        self.key() < other.key()
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Entry<E>) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<E> Default for EventList<E> {
    fn default() -> EventList<E> {
        EventList { pending: PriorityList::default(), scheduled: 0, next_time: SimTime::NEVER }
    }
}

impl<E> EventList<E> {
    /// Adds an event.
    pub fn schedule(&mut self, time: SimTime, event: E) {
        self.pending.push(Entry { time, number: self.scheduled, event });
        self.scheduled += 1;
        self.next_time = self.next_time.min(time);
    }

    /// The time of the next event, [`SimTime::NEVER`] if there is none.
    pub fn next_time(&self) -> SimTime {
        self.next_time
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let Entry { time, event, .. } = self.pending.pop()?;
        self.next_time = self.pending.peek().map_or(SimTime::NEVER, |entry| entry.time);
        Some((time, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_come_out_in_time_then_schedule_order(times in prop::collection::vec(0u64..50, 0..200)) {
            let mut list = EventList::default();
            for (index, &time) in times.iter().enumerate() {
                list.schedule(SimTime(time), index);
            }
            let mut sorted: Vec<(u64, usize)> = times.iter().copied().zip(0..).collect();
            sorted.sort();
            let out: Vec<(u64, usize)> =
                std::iter::from_fn(|| list.pop()).map(|(time, index)| (time.0, index)).collect();
            prop_assert_eq!(out, sorted);
        }
    }
}
