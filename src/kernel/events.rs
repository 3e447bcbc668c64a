use std::cmp::Reverse;
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
    time: SimTime,
    order: u64,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Entry<E>) -> bool {
        (self.time, self.order) == (other.time, other.order)
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Entry<E>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Entry<E>) -> std::cmp::Ordering {
        (self.time, self.order).cmp(&(other.time, other.order))
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
        self.heap.push(Reverse(Entry { time, order: self.scheduled, event }));
        self.scheduled += 1;
    }

    /// The time of the next event, [`SimTime::NEVER`] if there is none.
    pub fn next_time(&self) -> SimTime {
        self.heap.peek().map_or(SimTime::NEVER, |Reverse(entry)| entry.time)
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        self.heap.pop().map(|Reverse(entry)| (entry.time, entry.event))
    }
}

/// The earliest of a fixed number of clocks, each of which is set again when it
/// has struck: a winner tree. Of equal times the lower index wins.
#[derive(Debug)]
pub struct ClockTree {
    times: Vec<SimTime>,
    /// Winner of each inner node; node 1 is the root, the children of node n
    /// are 2n and 2n + 1, leaves start at `times.len()` (a power of two).
    winners: Vec<u32>,
}

impl ClockTree {
    /// Clocks set to `times`.
    pub fn new(mut times: Vec<SimTime>) -> ClockTree {
        let leaves = times.len().next_power_of_two().max(2);
        times.resize(leaves, SimTime::NEVER);
        let mut tree = ClockTree { times, winners: vec![0; leaves] };
        for node in (1..leaves).rev() {
            tree.winners[node] = tree.winner_below(node);
        }
        tree
    }

    fn winner_below(&self, node: usize) -> u32 {
        let leaves = self.times.len();
        let winner = |child: usize| {
            if child >= leaves { (child - leaves) as u32 } else { self.winners[child] }
        };
        let (left, right) = (winner(2 * node), winner(2 * node + 1));
        if self.times[left as usize] <= self.times[right as usize] { left } else { right }
    }

    /// Time and index of the earliest clock.
    pub fn earliest(&self) -> (SimTime, usize) {
        let index = self.winners[1] as usize;
        (self.times[index], index)
    }

    /// Sets clock `index` again.
    pub fn set(&mut self, index: usize, time: SimTime) {
        self.times[index] = time;
        let mut node = (self.times.len() + index) / 2;
        while node >= 1 {
            self.winners[node] = self.winner_below(node);
            node /= 2;
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
            let mut tree = ClockTree::new(times.into_iter().map(SimTime).collect());
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
