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

/// The earliest of a fixed number of clocks, each of which is set again when it
/// has struck: a winner tree. Of equal times the lower index wins.
#[derive(Debug)]
pub struct ClockTree {
    /// Time above, index below. Node 1 is the root, the children of node n are
    /// 2n and 2n + 1, the second half of the list are the clocks themselves.
    nodes: Vec<u128>,
}

impl ClockTree {
    /// Clocks set to `times`.
    pub fn new(times: &[SimTime]) -> ClockTree {
        let leaves = times.len().next_power_of_two();
        let mut nodes = vec![u128::MAX; 2 * leaves];
        for (index, &time) in times.iter().enumerate() {
            nodes[leaves + index] = Self::clock(time, index);
        }
        for node in (1..leaves).rev() {
            nodes[node] = nodes[2 * node].min(nodes[2 * node + 1]);
        }
        ClockTree { nodes }
    }

    fn clock(time: SimTime, index: usize) -> u128 {
        u128::from(time.0) << 64 | index as u128
    }

    /// Time and index of the earliest clock.
    pub fn earliest(&self) -> (SimTime, usize) {
        let winner = self.nodes[1];
        (SimTime((winner >> 64) as u64), winner as usize)
    }

    /// Sets clock `index` again.
    pub fn set(&mut self, index: usize, time: SimTime) {
        let mut node = self.nodes.len() / 2 + index;
        let mut winner = Self::clock(time, index);
        self.nodes[node] = winner;
        while node > 1 {
            winner = winner.min(self.nodes[node ^ 1]);
            node /= 2;
            self.nodes[node] = winner;
        }
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

        #[test]
        fn the_earliest_clock_wins_and_ties_go_to_the_lower_index(
            times in prop::collection::vec(0u64..20, 1..40),
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0u64..20), 0..60),
        ) {
            let mut plain = times.clone();
            let mut tree = ClockTree::new(&times.into_iter().map(SimTime).collect::<Vec<_>>());
            for (index, time) in changes {
                let index = index.index(plain.len());
                plain[index] = time;
                tree.set(index, SimTime(time));
                let expected = (0..plain.len()).min_by_key(|&i| (plain[i], i)).unwrap();
                prop_assert_eq!(tree.earliest(), (SimTime(plain[expected]), expected));
            }
        }
    }
}
