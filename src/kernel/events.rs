//! The future-event list, a radix heap (Ahuja, Mehlhorn, Orlin and Tarjan,
//! "Faster algorithms for the shortest path problem", Journal of the ACM 37(2),
//! 1990) behind a short sorted list:
//!
//! ```text
//!  next          horizon
//!   | near, sorted  | 0 | 1 |  2  |    3    |        4 ...    far, not sorted
//! ```
//!
//! A far event lies in the bucket that is numbered by the highest bit in which
//! its time differs from the horizon: most are only appended when they are
//! scheduled. Once nothing is near, the first bucket is sorted or, if it is
//! long, spread over those before it. So hardly ever is one event compared with
//! another, with an outcome that a processor cannot foresee, until few are left.
//! The sorted list also takes events before the last one taken out, which a
//! radix heap does not.

use std::mem;

use super::priority_list::insert_from_end;
use crate::units::SimTime;

/// Most events kept sorted.
const MOST_NEAR: usize = 32;
/// Most events of a bucket that are sorted and not spread.
const MOST_SORTED: usize = 24;
/// Entries that a bucket has room for after it was spread.
const MOST_KEPT: usize = 1024;

type Entry<E> = (SimTime, E);

/// The future-event list. Events come out in order of their time; at one time,
/// in the order in which they were scheduled.
#[derive(Debug)]
pub struct EventList<E> {
    /// The next event last. Empty only if nothing is pending.
    near: Vec<Entry<E>>,
    /// Later events go to `far`, each to the bucket that is numbered by the
    /// highest bit in which its time differs from this.
    horizon: u64,
    /// At one time in the order in which they were scheduled.
    far: [Vec<Entry<E>>; 64],
    /// A bit for each bucket of `far`.
    occupied: u64,
    /// Room for those that move to another bucket.
    moving: Vec<Entry<E>>,
}

impl<E> Default for EventList<E> {
    fn default() -> EventList<E> {
        EventList {
            near: Vec::new(),
            horizon: u64::MAX,
            far: [const { Vec::new() }; 64],
            occupied: 0,
            moving: Vec::new(),
        }
    }
}

impl<E: Copy> EventList<E> {
    /// Adds an event.
    #[inline(always)]
    pub fn schedule(&mut self, time: SimTime, event: E) {
        if time.0 > self.horizon {
            self.put_far((time, event));
            return;
        }
        insert_from_end(&mut self.near, (time, event), |other| other.0 <= time);
        if self.near.len() > MOST_NEAR {
            self.draw_horizon_in();
        }
    }

    fn put_far(&mut self, entry: Entry<E>) {
        let bucket = (entry.0.0 ^ self.horizon).ilog2();
        self.far[bucket as usize].push(entry);
        self.occupied |= 1 << bucket;
    }

    fn first_bucket(&mut self) -> usize {
        let bucket = self.occupied.trailing_zeros();
        self.occupied &= self.occupied - 1;
        bucket as usize
    }

    /// Leaves half as many near as may be.
    #[cold]
    fn draw_horizon_in(&mut self) {
        let count = self.near.len() - MOST_NEAR / 2;
        let (last, first) = (self.near[0].0.0, self.near[count - 1].0.0);
        // Some that stay may be at the time of the first that goes.
        let Some(horizon) = first.checked_sub(1) else { return };
        let mut moving = mem::take(&mut self.moving);
        moving.extend(self.near.drain(..count).rev());
        // Up to this bucket, all differ from the new horizon in the same bit.
        let highest = (last.max(self.horizon) ^ horizon).ilog2();
        while self.occupied.trailing_zeros() <= highest {
            let bucket = self.first_bucket();
            moving.append(&mut self.far[bucket]);
        }
        self.horizon = horizon;
        moving.drain(..).for_each(|entry| self.put_far(entry));
        self.moving = moving;
    }

    /// The time of the next event, [`SimTime::NEVER`] if there is none.
    pub fn next_time(&self) -> SimTime {
        self.near.last().map_or(SimTime::NEVER, |&(time, _)| time)
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let next = self.near.pop()?;
        if self.near.is_empty() {
            self.refill();
        }
        Some(next)
    }

    // Apart, so that what every event needs stays short.
    #[inline(never)]
    fn refill(&mut self) {
        if self.occupied != 0 {
            let bucket = self.first_bucket();
            if self.far[bucket].len() > MOST_SORTED {
                self.spread(bucket);
            } else {
                self.near.append(&mut self.far[bucket]);
                self.horizon = self.near[0].0.0 | ((1 << bucket) - 1);
                self.near.sort_by_key(|&(time, _)| time);
                self.near.reverse();
            }
        }
        if self.occupied == 0 {
            self.horizon = u64::MAX;
        }
    }

    /// Makes the first time in a bucket the horizon.
    fn spread(&mut self, bucket: usize) {
        let mut moving = mem::take(&mut self.moving);
        moving.append(&mut self.far[bucket]);
        self.far[bucket].shrink_to(MOST_KEPT);
        self.horizon = moving.iter().map(|&(time, _)| time.0).fold(u64::MAX, u64::min);
        for &entry in &moving {
            if entry.0.0 > self.horizon {
                self.put_far(entry);
            } else {
                self.near.push(entry);
            }
        }
        self.near.reverse();
        moving.clear();
        moving.shrink_to(MOST_KEPT);
        self.moving = moving;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn some<T: Strategy>(times: T) -> impl Strategy<Value = Vec<T::Value>> {
        prop::collection::vec(times, 0..80)
    }

    /// Times many of which are equal, around powers of two, or anywhere.
    fn times() -> impl Strategy<Value = Vec<u64>> {
        let near_power = |(bit, more): (u32, u64)| ((1 << bit) + more).saturating_sub(2);
        prop_oneof![
            (1..60u64).prop_flat_map(|end| some(0..end)),
            (1..60u64).prop_flat_map(|span| some(u64::MAX - span..=u64::MAX)),
            some((0..64u32, 0..4u64).prop_map(near_power)),
            some(any::<u64>()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// In phases: so many are scheduled, by the calendar or after the last
        /// event taken out, and then so many taken out. Some are scheduled
        /// before those already taken out.
        #[test]
        fn events_come_out_in_time_then_schedule_order(
            phases in prop::collection::vec(
                (times(), any::<bool>(), 0..80usize), 0..20
            )
        ) {
            let mut list = EventList::default();
            let mut expected = BTreeMap::new();
            let (mut scheduled, mut now) = (0u32, SimTime::ZERO);
            for (times, after_last, taken) in phases.into_iter().chain([(vec![], false, 2000)]) {
                for time in times {
                    let time = if after_last { now + SimTime(time) } else { SimTime(time) };
                    list.schedule(time, scheduled);
                    expected.insert((time, scheduled), ());
                    scheduled += 1;
                }
                for _ in 0..taken {
                    let next = expected.pop_first().map(|(next, ())| next);
                    prop_assert_eq!(list.next_time(), next.map_or(SimTime::NEVER, |(time, _)| time));
                    prop_assert_eq!(list.pop(), next);
                    now = next.map_or(now, |(time, _)| time);
                }
            }
        }
    }
}
