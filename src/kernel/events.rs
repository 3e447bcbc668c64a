use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::units::SimTime;

/// The future-event list. Events come out in order of their time; at one time,
/// in the order in which they were scheduled.
///
/// A binary heap: with the hundreds of events pending in a replication nothing
/// else is faster.
#[derive(Debug)]
pub struct EventList<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    scheduled: u64,
}

#[derive(Debug)]
struct Entry<E> {
    /// Time above, order of scheduling below: one comparison of both.
    key: u128,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Entry<E>) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Entry<E>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Entry<E>) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl<E> Entry<E> {
    fn time(&self) -> SimTime {
        SimTime((self.key >> 64) as u64)
    }
}

impl<E> Default for EventList<E> {
    fn default() -> EventList<E> {
        EventList { heap: BinaryHeap::new(), scheduled: 0 }
    }
}

impl<E> EventList<E> {
    /// Adds an event.
    pub fn schedule(&mut self, time: SimTime, event: E) {
        let key = u128::from(time.0) << 64 | u128::from(self.scheduled);
        self.heap.push(Reverse(Entry { key, event }));
        self.scheduled += 1;
    }

    /// The time of the next event, [`SimTime::NEVER`] if there is none.
    pub fn next_time(&self) -> SimTime {
        self.heap.peek().map_or(SimTime::NEVER, |Reverse(entry)| entry.time())
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        self.heap.pop().map(|Reverse(entry)| (entry.time(), entry.event))
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
