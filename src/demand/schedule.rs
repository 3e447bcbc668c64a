use super::ArrivalStream;
use crate::units::{NANOS_PER_SECOND, SECONDS_PER_DAY, SimTime};

/// Arrivals a batch should hold: enough that working it out costs each little, few
/// enough to stay in the cache.
const BATCH: std::ops::Range<usize> = 1024..8192;
const FIRST_WINDOW: SimTime = SimTime(NANOS_PER_SECOND);
const LONGEST_WINDOW: SimTime = SimTime(SECONDS_PER_DAY * NANOS_PER_SECOND);

/// The requests of all demand streams in order of time; at one time, in order
/// of stream. They are worked out a window ahead and sorted.
#[derive(Debug)]
pub struct ArrivalSchedule<'a> {
    streams: Vec<ArrivalStream<'a>>,
    next: Vec<SimTime>,
    /// Time since `start` above, in the lowest `stream_bits` the stream: one
    /// comparison of both.
    batch: Vec<u64>,
    start: SimTime,
    stream_bits: u32,
    taken: usize,
    /// Where [`ArrivalSchedule::sort`] puts the batch together, and for each span
    /// of time the place in it.
    sorted: Vec<u64>,
    places: Vec<u32>,
    window: SimTime,
}

impl<'a> ArrivalSchedule<'a> {
    /// The requests of `streams`.
    pub fn new(mut streams: Vec<ArrivalStream<'a>>) -> ArrivalSchedule<'a> {
        let next = streams.iter_mut().map(ArrivalStream::next_arrival).collect();
        let mut schedule = ArrivalSchedule {
            next,
            batch: Vec::new(),
            start: SimTime::ZERO,
            stream_bits: streams.len().next_power_of_two().ilog2(),
            streams,
            taken: 0,
            sorted: Vec::new(),
            places: Vec::new(),
            window: FIRST_WINDOW,
        };
        schedule.fill();
        schedule
    }

    /// When the next request comes; [`SimTime::NEVER`] if none does.
    pub fn next_time(&self) -> SimTime {
        self.batch
            .get(self.taken)
            .map_or(SimTime::NEVER, |due| SimTime(self.start.0 + (due >> self.stream_bits)))
    }

    /// Takes the next request and says of which stream it is.
    pub fn pop(&mut self) -> Option<usize> {
        let stream = self.batch.get(self.taken)? & ((1 << self.stream_bits) - 1);
        self.taken += 1;
        if self.taken == self.batch.len() {
            self.fill();
        }
        Some(stream as usize)
    }

    /// Works out the next window in which there is a request.
    fn fill(&mut self) {
        self.batch.clear();
        self.taken = 0;
        self.start = self.next.iter().min().copied().unwrap_or(SimTime::NEVER);
        let end = self.start + self.window;
        for (index, (stream, next)) in (0u64..).zip(self.streams.iter_mut().zip(&mut self.next)) {
            while *next < end {
                self.batch.push((next.0 - self.start.0) << self.stream_bits | index);
                *next = stream.next_arrival();
            }
        }
        if self.batch.is_empty() {
            return;
        }
        if self.streams.len() > 1 {
            self.sort();
        }
        if self.batch.len() > BATCH.end {
            self.window = SimTime((self.window.0 / 2).max(1));
        } else if self.batch.len() < BATCH.start {
            let longest = LONGEST_WINDOW.min(SimTime(u64::MAX >> self.stream_bits));
            self.window = SimTime(self.window.0 * 2).min(longest);
        }
    }

    /// Sorts the batch by distribution (Knuth, The Art of Computer Programming 3,
    /// 5.2): over one to two spans of time for each arrival, since within a window
    /// they come at about an even rate.
    fn sort(&mut self) {
        let span_bits = (self.window.0 / self.batch.len() as u64).max(1).ilog2();
        let due_bits = self.stream_bits + span_bits;
        let span = |due: u64| (due >> due_bits) as usize;
        self.places.clear();
        self.places.resize((self.window.0 >> span_bits) as usize + 1, 0);
        for &due in &self.batch {
            self.places[span(due)] += 1;
        }
        let mut before = 0;
        for place in &mut self.places {
            before += std::mem::replace(place, before);
        }
        self.sorted.clear();
        self.sorted.resize(self.batch.len(), 0);
        for &due in &self.batch {
            let place = &mut self.places[span(due)];
            self.sorted[*place as usize] = due;
            *place += 1;
        }
        let mut start = 0;
        for &end in &self.places {
            match &mut self.sorted[start..end as usize] {
                [] | [_] => {}
                [first, second] => {
                    (*first, *second) = (*first.min(second), *first.max(second));
                }
                of_span => of_span.sort_unstable(),
            }
            start = end as usize;
        }
        std::mem::swap(&mut self.batch, &mut self.sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::tests::recorded;
    use crate::demand::{Arrivals, DemandStream, Pace, RateFactors, UserClock};
    use crate::kernel::StreamKey;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the traces, all their requests come, in order of time and
        /// then of stream.
        #[test]
        fn streams_are_merged_in_order(
            traces in prop::collection::vec(prop::collection::vec(0u32..200_000, 0..300), 1..6)
        ) {
            let stream = |mut seconds: Vec<u32>| {
                seconds.sort_unstable();
                recorded(seconds.iter().map(|&s| f64::from(s) / 7.0))
            };
            let streams: Vec<DemandStream> = traces.into_iter().map(stream).collect();
            let mut expected = Vec::new();
            for (index, stream) in streams.iter().enumerate() {
                if let Arrivals::Trace(trace) = &stream.arrivals {
                    let due = |&(s, _): &(f64, _)| (SimTime::from_secs(s), index);
                    expected.extend(trace.requests.iter().map(due));
                }
            }
            expected.sort_unstable();
            let clock = UserClock { start_weekday: 0, utc_offset_hours: 0.0 };
            let factors = RateFactors { level: 1.0, growth: 1.0, drift: None };
            let arrivals = |stream| {
                let (key, end) = (StreamKey::root(1), SimTime::NEVER);
                ArrivalStream::new(stream, clock, factors, key, end, Pace::EXACT)
            };
            let mut schedule = ArrivalSchedule::new(streams.iter().map(arrivals).collect());
            let mut seen = Vec::new();
            while schedule.next_time() != SimTime::NEVER {
                let time = schedule.next_time();
                seen.push((time, schedule.pop().unwrap()));
            }
            prop_assert_eq!(seen, expected);
        }
    }
}
