use crate::units::{SimTime, Wei};

/// How many requests each simulated one stands for: a power of two.
///
/// The requests of a model with a pace of k are drawn at 1/k of their rate,
/// and everything that happens to them runs on a clock of the model's own, k
/// times slower than the calendar. Relative to one another they come, take and
/// wait as they would, so that load, sessions and prices paid are those of all;
/// whatever is counted or paid is counted and paid k times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pace {
    doublings: u32,
}

/// A point of time on the calendar and on a model's own clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Days, prices, limits and the treasury go by it.
    pub calendar: SimTime,
    /// Whatever lasts as long as a request or a session goes by it.
    pub local: SimTime,
}

impl Pace {
    /// Every request is simulated; both clocks are one.
    pub const EXACT: Pace = Pace { doublings: 0 };

    /// Beyond it a tick of the model's clock would be longer than 17 ms.
    const MOST_DOUBLINGS: u32 = 24;

    /// The largest pace of at most so many requests; never less than one.
    pub fn at_most(requests: f64) -> Pace {
        let doublings = libm::floor(libm::log2(requests.max(1.0)));
        Pace { doublings: (doublings as u32).min(Pace::MOST_DOUBLINGS) }
    }

    /// How many requests a simulated one stands for.
    pub fn requests(self) -> u64 {
        1 << self.doublings
    }

    /// The moment at which the calendar shows `calendar`.
    pub fn at(self, calendar: SimTime) -> Moment {
        Moment { calendar, local: SimTime(calendar.0 >> self.doublings) }
    }

    /// What the calendar shows when the model's clock shows `local`.
    pub fn calendar(self, local: SimTime) -> SimTime {
        SimTime(local.0.saturating_mul(self.requests()))
    }

    /// The last tick of the model's clock up to `calendar`, on the calendar.
    pub(super) fn tick(self, calendar: SimTime) -> SimTime {
        SimTime(calendar.0 >> self.doublings << self.doublings)
    }

    /// What all the requests pay together where each pays `amount`.
    pub fn all(self, amount: Wei) -> Wei {
        if self == Pace::EXACT { amount } else { self.multiplied(amount) }
    }

    // Apart, or a processor shifts by nothing at every request.
    #[cold]
    fn multiplied(self, amount: Wei) -> Wei {
        Wei(amount.0 << self.doublings)
    }
}
