use super::PriorityList;
use crate::units::SimTime;

/// Bits of a key that say where the event is.
const PLACE_BITS: u32 = 28;
/// Bits above them that count what was scheduled before.
const NUMBER_BITS: u32 = 64 - PLACE_BITS;

/// The future-event list. Events come out in order of their time; at one time,
/// in the order in which they were scheduled.
#[derive(Debug)]
pub struct EventList<E> {
    /// A key is a time, a number that counts up, and a place in `events`.
    pending: PriorityList<u128>,
    events: Vec<E>,
    vacant: Vec<u32>,
    scheduled: u64,
    next_time: SimTime,
}

impl<E> Default for EventList<E> {
    fn default() -> EventList<E> {
        EventList {
            pending: PriorityList::default(),
            events: Vec::new(),
            vacant: Vec::new(),
            scheduled: 0,
            next_time: SimTime::NEVER,
        }
    }
}

impl<E: Copy> EventList<E> {
    /// Adds an event.
    pub fn schedule(&mut self, time: SimTime, event: E) {
        let place = match self.vacant.pop() {
            Some(place) => {
                self.events[place as usize] = event;
                place
            }
            None => {
                assert!(self.events.len() < 1 << PLACE_BITS, "too many events are pending");
                self.events.push(event);
                (self.events.len() - 1) as u32
            }
        };
        if self.scheduled >> NUMBER_BITS > 0 {
            self.count_anew();
        }
        self.put(time, place);
        self.next_time = self.next_time.min(time);
    }

    fn put(&mut self, time: SimTime, place: u32) {
        let low = self.scheduled << PLACE_BITS | u64::from(place);
        self.scheduled += 1;
        self.pending.push(u128::from(time.0) << 64 | u128::from(low));
    }

    /// Numbers what is pending from 0 on, in the same order.
    #[cold]
    fn count_anew(&mut self) {
        self.scheduled = 0;
        let mut pending = std::mem::take(&mut self.pending);
        while let Some(key) = pending.pop() {
            self.put(time(key), place(key));
        }
    }

    /// The time of the next event, [`SimTime::NEVER`] if there is none.
    pub fn next_time(&self) -> SimTime {
        self.next_time
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let key = self.pending.pop()?;
        self.next_time = self.pending.peek().map_or(SimTime::NEVER, |&key| time(key));
        self.vacant.push(place(key));
        Some((time(key), self.events[place(key) as usize]))
    }
}

fn time(key: u128) -> SimTime {
    SimTime((key >> 64) as u64)
}

fn place(key: u128) -> u32 {
    key as u32 & ((1 << PLACE_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Also where the count begins anew on the way.
        #[test]
        fn events_come_out_in_time_then_schedule_order(
            times in prop::collection::vec(0u64..50, 0..200),
            numbers_left in 0u64..300,
        ) {
            let mut list =
                EventList { scheduled: (1 << NUMBER_BITS) - numbers_left, ..EventList::default() };
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
