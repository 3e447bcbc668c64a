//! When requests come and how large they are.

mod arrivals;
mod bursts;
mod expected;
mod growth;
mod pace;
mod profile;
mod schedule;
mod users;

pub use arrivals::{ArrivalStream, Drift, RateFactors, UserClock};
pub use bursts::Bursts;
pub use growth::Growth;
pub use pace::{Moment, Pace};
pub use profile::{HourProfile, WeekProfile};
pub use schedule::ArrivalSchedule;
pub use users::{MOST_MARKUP, PayingShare, PriceCurve, UserPrice, Users};

use crate::kernel::{Distribution, StreamKey};
use crate::network::Resolution;
use crate::units::{SECONDS_PER_DAY, Wei};

/// The most requests a day at the start that a scenario may ask for by one stream.
pub const MOST_REQUESTS_PER_DAY: f64 = 1e9;

/// One source of requests: users of one region asking one gateway for one
/// model.
#[derive(Clone, Debug)]
pub struct DemandStream {
    /// The name of the scenario's demand entry it belongs to.
    pub id: String,
    /// The gateway asked, an index into the network's gateways.
    pub gateway: usize,
    /// The model asked for, an index into the network's models.
    pub model: usize,
    /// Where the users are, an index into the network's regions.
    pub region: usize,
    /// When requests come.
    pub arrivals: Arrivals,
    /// The size of a request in the pipeline's size unit (pixels, tokens
    /// requested, seconds, characters).
    pub size: Distribution,
    /// The share of the requested size that is really worked on, 0 to 1
    /// (tokens used of tokens requested; 1 elsewhere).
    pub used_share: Distribution,
    /// The picture of its streams, where they are live video.
    pub resolution: Resolution,
    /// Probability that a request is malformed (answered "400").
    pub bad_request_share: f64,
    /// Set where the requests are test prompts of the gateway itself.
    pub injected: Option<Injected>,
    /// Set where its users respond or pay. The requests of a trace cannot
    /// be more than they are: beside one [`Users::most`] is 1.
    pub users: Option<Users>,
}

/// Test prompts that a gateway sends to the orchestrators of one region, and
/// to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected {
    /// An index into the network's regions.
    pub region: usize,
    /// No prompt is sent any more on a day (UTC) on which so much was paid for
    /// them, in expected value.
    pub budget_per_day: Wei,
}

impl DemandStream {
    /// The size of request number `request` of the stream, where a trace has
    /// recorded one.
    pub fn recorded_size(&self, request: u64) -> Option<f64> {
        match &self.arrivals {
            Arrivals::Poisson(_) => None,
            Arrivals::Trace(trace) => trace.requests.get(request as usize)?.1,
        }
    }

    /// Requests a day at the start; of a trace the mean up to its last request, over a
    /// day at least.
    pub fn requests_per_day(&self) -> f64 {
        match &self.arrivals {
            Arrivals::Poisson(arrivals) => arrivals.requests_per_day,
            Arrivals::Trace(trace) => {
                let last = trace.requests.last().map_or(0.0, |(seconds, _)| *seconds);
                trace.requests.len() as f64 / (last / SECONDS_PER_DAY as f64).max(1.0)
            }
        }
    }
}

/// When the requests of a stream come.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// At random, with a rate that changes in time.
    Poisson(Box<PoissonArrivals>),
    /// At recorded times.
    Trace(Trace),
}

impl Arrivals {
    /// How many requests come together in the mean, see [`Bursts::cluster`].
    pub fn cluster(&self) -> f64 {
        match self {
            Arrivals::Poisson(arrivals) => arrivals.bursts.cluster(),
            Arrivals::Trace(_) => 1.0,
        }
    }
}

/// A non-homogeneous Poisson process: the rate at a time is
/// `requests_per_day * growth * hour * weekday * bursts * uncertainty`.
#[derive(Clone, Debug, PartialEq)]
pub struct PoissonArrivals {
    /// Requests a day at the start, averaged over day, week and bursts.
    pub requests_per_day: f64,
    /// The trend, a factor on the level at the start.
    pub growth: Growth,
    /// The hours of the day, on the users' clock.
    pub hours: HourProfile,
    /// The days of the week, on the users' clock.
    pub weekdays: WeekProfile,
    /// Clustering beyond Poisson.
    pub bursts: Bursts,
}

/// Recorded requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// One entry a request, in order of time: seconds since the scenario's
    /// start, and the size where the recording has one.
    pub requests: Vec<(f64, Option<f64>)>,
}

/// What is not known about demand: one draw per replication, common to all
/// streams, so that the forecast's spread includes it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DemandUncertainty {
    /// Coefficient of variation of a lognormal factor with mean 1 on every
    /// stream's level.
    pub level_cv: f64,
    /// Standard deviation of a normal factor with mean 1 on every stream's
    /// growth rate (a factor below 0 counts as 0: no growth).
    pub growth_sd: f64,
    /// Standard deviation of a growth rate a day, in addition to that of every
    /// stream: a factor `exp(rate * days)`.
    pub growth_per_day_sd: f64,
    /// Correlation of that rate with the level's logarithm.
    pub level_growth_correlation: f64,
    /// Standard deviation of the steps that the logarithm of every stream's
    /// level takes from each day (UTC) to the next: how demand wanders. A step is
    /// taken as the first hour of the users' clock begins on that day, half an hour
    /// late where their offset has one.
    pub wander_per_day: f64,
    /// Coefficient of variation of that standard deviation (lognormal): how
    /// well it is known.
    pub wander_cv: f64,
}

/// Numbers of the draws of [`DemandUncertainty`].
const LEVEL_DRAW: u64 = 0;
const GROWTH_DRAW: u64 = 1;
const RATE_DRAW: u64 = 2;
const WANDER_DRAW: u64 = 3;

impl DemandUncertainty {
    /// The factors of the replication that owns `key`.
    pub fn draw(&self, key: StreamKey) -> RateFactors {
        let level = Distribution::Lognormal { mean: 1.0, cv: self.level_cv };
        let growth = 1.0 + self.growth_sd * key.normal(GROWTH_DRAW);
        RateFactors {
            level: level.sampler().draw(key, LEVEL_DRAW),
            growth: growth.max(0.0),
            drift: self.drift(key),
        }
    }

    /// The independent standard normal draws behind the factor on level, the
    /// factor on growth, and the growth rate in addition.
    pub fn normals(key: StreamKey) -> [f64; 3] {
        [LEVEL_DRAW, GROWTH_DRAW, RATE_DRAW].map(|draw| key.normal(draw))
    }

    fn drift(&self, key: StreamKey) -> Option<Drift> {
        if self.growth_per_day_sd == 0.0 && self.wander_per_day == 0.0 {
            return None;
        }
        let shared = self.level_growth_correlation;
        let normal = shared * key.normal(LEVEL_DRAW)
            + libm::sqrt(1.0 - shared * shared) * key.normal(RATE_DRAW);
        let step = Distribution::Lognormal { mean: self.wander_per_day, cv: self.wander_cv };
        let step_sd =
            if self.wander_per_day > 0.0 { step.sampler().draw(key, WANDER_DRAW) } else { 0.0 };
        let rate_per_day = self.growth_per_day_sd * normal;
        Some(Drift { rate_per_day, step_sd, steps: key.child(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of requests recorded at these seconds.
    pub(super) fn recorded(seconds: impl IntoIterator<Item = f64>) -> DemandStream {
        let requests = seconds.into_iter().map(|at| (at, None)).collect();
        DemandStream {
            id: String::new(),
            gateway: 0,
            model: 0,
            region: 0,
            arrivals: Arrivals::Trace(Trace { requests }),
            size: Distribution::Constant(1.0),
            used_share: Distribution::Constant(1.0),
            resolution: Resolution::P720,
            bad_request_share: 0.0,
            injected: None,
            users: None,
        }
    }

    #[test]
    fn the_requests_of_a_trace_are_counted_by_the_day() {
        // The last of six at the end of the third day.
        let stream = recorded([10.0, 20.0, 30.0, 90_000.0, 172_800.0, 259_200.0]);
        assert_eq!(stream.requests_per_day(), 2.0);
    }
}
