use super::ArrivalStream;
use crate::units::SimTime;

/// The requests of all demand streams in order of time; at one time, in order
/// of stream.
///
/// A tournament of the streams' next requests (Knuth, The Art of Computer
/// Programming 3, 5.4.1): the winner's successor plays again only those who lost
/// to it.
#[derive(Debug)]
pub struct ArrivalSchedule<'a> {
    streams: Vec<ArrivalStream<'a>>,
    /// Who won each match: node n that of nodes 2n and 2n + 1, the last half
    /// the entrants.
    nodes: Vec<Due>,
}

/// A stream's next request. Ordered by time, then by stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    time: SimTime,
    stream: usize,
}

impl<'a> ArrivalSchedule<'a> {
    /// The requests of `streams`.
    pub fn new(mut streams: Vec<ArrivalStream<'a>>) -> ArrivalSchedule<'a> {
        let entrants = streams.len().next_power_of_two();
        let mut nodes = vec![Due { time: SimTime::NEVER, stream: 0 }; 2 * entrants];
        for (stream, arrivals) in streams.iter_mut().enumerate() {
            nodes[entrants + stream] = Due { time: arrivals.next_arrival(), stream };
        }
        for node in (1..entrants).rev() {
            nodes[node] = nodes[2 * node].min(nodes[2 * node + 1]);
        }
        ArrivalSchedule { streams, nodes }
    }

    /// When the next request comes; [`SimTime::NEVER`] if none does.
    pub fn next_time(&self) -> SimTime {
        self.nodes[1].time
    }

    /// Takes the next request and says of which stream it is.
    pub fn pop(&mut self) -> Option<usize> {
        let Due { time, stream } = self.nodes[1];
        if time == SimTime::NEVER {
            return None;
        }
        let mut node = self.nodes.len() / 2 + stream;
        let mut winner = Due { time: self.streams[stream].next_arrival(), stream };
        self.nodes[node] = winner;
        while node > 1 {
            winner = winner.min(self.nodes[node ^ 1]);
            node /= 2;
            self.nodes[node] = winner;
        }
        Some(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::{Arrivals, DemandStream, Pace, RateFactors, Trace, UserClock};
    use crate::kernel::{Distribution, StreamKey};
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
                let requests = seconds.iter().map(|&s| (f64::from(s) / 7.0, None)).collect();
                DemandStream {
                    id: String::new(),
                    gateway: 0,
                    model: 0,
                    region: 0,
                    arrivals: Arrivals::Trace(Trace { requests }),
                    size: Distribution::Constant(1.0),
                    used_share: Distribution::Constant(1.0),
                    bad_request_share: 0.0,
                    injected: None,
                    users: None,
                }
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
            let factors = RateFactors { level: 1.0, growth: 1.0 };
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
