use std::ops::{Add, Sub};

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Seconds in an hour.
pub const SECONDS_PER_HOUR: u64 = 3_600;
/// Days in a week.
pub const DAYS_A_WEEK: u64 = 7;
/// Seconds in a day.
pub const SECONDS_PER_DAY: u64 = 86_400;

/// A point of simulated time, or a span of it, in nanoseconds since the
/// scenario's start (00:00 UTC on its first day). Integer, so that the order of
/// events is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

impl SimTime {
    /// The start of the scenario.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than any event.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// `seconds` rounded to the nearest nanosecond; negative and NaN become 0,
    /// anything beyond 292 years that.
    pub fn from_secs(seconds: f64) -> SimTime {
        SimTime(((seconds * NANOS_PER_SECOND as f64 + 0.5) as i64).max(0) as u64)
    }

    /// The start of day number `day` (0 is the first).
    pub const fn from_days(day: u64) -> SimTime {
        SimTime(day * SECONDS_PER_DAY * NANOS_PER_SECOND)
    }

    /// In seconds.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// In days.
    pub fn as_days(self) -> f64 {
        self.as_secs() / SECONDS_PER_DAY as f64
    }

    /// Whole hours since the start.
    pub const fn hour(self) -> u64 {
        self.0 / (SECONDS_PER_HOUR * NANOS_PER_SECOND)
    }

    /// Whole days since the start.
    pub const fn day(self) -> u64 {
        self.0 / (SECONDS_PER_DAY * NANOS_PER_SECOND)
    }
}

impl Add for SimTime {
    type Output = SimTime;

    fn add(self, span: SimTime) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl Sub for SimTime {
    type Output = SimTime;

    /// The span between two points, 0 where `earlier` is not earlier.
    fn sub(self, earlier: SimTime) -> SimTime {
        SimTime(self.0.saturating_sub(earlier.0))
    }
}
