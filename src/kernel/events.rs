use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::units::SimTime;

/// Most events kept in a sorted list before all of it goes to the heap.
const MOST_NEAR: usize = 32;

/// The future-event list. Events come out in order of their time; at one time,
/// in the order in which they were scheduled.
///
/// A binary heap, with a short sorted list in front of it for events that come
/// before everything in the heap: the answer to a request is due in seconds
/// while hundreds of streams pay by the hour.
#[derive(Debug)]
pub struct EventList<E> {
    /// All before the heap's first, the next one last.
    near: Vec<Entry<E>>,
    heap: BinaryHeap<Reverse<Entry<E>>>,
    scheduled: u64,
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
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Entry<E>) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<E> Default for EventList<E> {
    fn default() -> EventList<E> {
        let near = Vec::with_capacity(MOST_NEAR);
        EventList { near, heap: BinaryHeap::new(), scheduled: 0 }
    }
}

impl<E> EventList<E> {
    /// Adds an event.
    pub fn schedule(&mut self, time: SimTime, event: E) {
        let entry = Entry { time, number: self.scheduled, event };
        self.scheduled += 1;
        if self.near.len() == MOST_NEAR {
            self.heap.extend(self.near.drain(..).map(Reverse));
        }
        if self.heap.peek().is_some_and(|Reverse(first)| first.time <= time) {
            return self.heap.push(Reverse(entry));
        }
        // Behind those of the same time, which were scheduled before.
        let sooner = self.near.iter().rev().take_while(|other| other.time <= time).count();
        self.near.insert(self.near.len() - sooner, entry);
    }

    /// The time of the next event, [`SimTime::NEVER`] if there is none.
    pub fn next_time(&self) -> SimTime {
        let first = self.near.last().or_else(|| self.heap.peek().map(|Reverse(entry)| entry));
        first.map_or(SimTime::NEVER, |entry| entry.time)
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let first = self.near.pop().or_else(|| self.heap.pop().map(|Reverse(entry)| entry));
        first.map(|entry| (entry.time, entry.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is scheduled and taken out between, at any time, also one
        /// before events already taken out.
        #[test]
        fn events_come_out_in_time_then_schedule_order(
            steps in prop::collection::vec((0u64..50, 0usize..3), 0..300)
        ) {
            let mut list = EventList::default();
            let mut pending: Vec<(u64, usize)> = Vec::new();
            for (index, (time, taken)) in steps.into_iter().enumerate() {
                list.schedule(SimTime(time), index);
                pending.push((time, index));
                for _ in 0..taken {
                    let first = pending.iter().copied().min();
                    pending.retain(|event| Some(*event) != first);
                    prop_assert_eq!(list.next_time().0, first.map_or(u64::MAX, |(time, _)| time));
                    prop_assert_eq!(list.pop().map(|(time, index)| (time.0, index)), first);
                }
            }
            pending.sort_unstable();
            let rest = std::iter::from_fn(|| list.pop());
            prop_assert_eq!(rest.map(|(t, index)| (t.0, index)).collect::<Vec<_>>(), pending);
        }
    }
}
