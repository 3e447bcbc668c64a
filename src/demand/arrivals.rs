use super::{Arrivals, Bursts, DemandStream, Growth, Pace, PoissonArrivals, Trace};
use crate::kernel::{Distribution, Sampler, Sequence, StreamKey};
use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR, SimTime};

const DAY: f64 = SECONDS_PER_DAY as f64;
const HOUR: f64 = SECONDS_PER_HOUR as f64;

/// The users' clock: which weekday and hour it is for them.
#[derive(Clone, Copy, Debug)]
pub struct UserClock {
    /// Weekday of the scenario's first day, 0 for Monday.
    pub start_weekday: u32,
    /// Hours the users' clock is ahead of UTC.
    pub utc_offset_hours: f64,
}

impl UserClock {
    /// Local hours since local midnight of the scenario's first day.
    fn local_hours(self, seconds: f64) -> f64 {
        seconds / HOUR + self.utc_offset_hours
    }
}

/// Factors that hold for one replication (see
/// [`DemandUncertainty`](super::DemandUncertainty)).
#[derive(Clone, Copy, Debug)]
pub struct RateFactors {
    /// On the level of every stream.
    pub level: f64,
    /// On the rate of every stream's growth.
    pub growth: f64,
    /// Where the level goes that nobody foresees.
    pub drift: Option<Drift>,
}

/// A factor on every stream's rate that changes from day to day: growth at a
/// rate that is not known, and a random walk.
#[derive(Clone, Copy, Debug)]
pub struct Drift {
    /// Growth rate a day.
    pub rate_per_day: f64,
    /// Standard deviation of the steps of the factor's logarithm.
    pub step_sd: f64,
    /// Their draws: number n leads to day n.
    pub steps: StreamKey,
}

/// Beyond it a drift goes no further.
const MOST_DRIFT: f64 = 1_000.0;

/// A [`Drift`] followed day by day.
#[derive(Debug)]
struct Drifting {
    drift: Drift,
    day: u64,
    walk: f64,
}

impl Drifting {
    /// The factor at a time, not before those asked for already.
    fn factor(&mut self, days: f64) -> f64 {
        while self.day < days as u64 {
            self.day += 1;
            self.walk += self.drift.step_sd * self.drift.steps.normal(self.day);
        }
        libm::exp(self.drift.rate_per_day * days + self.walk).min(MOST_DRIFT)
    }
}

impl RateFactors {
    /// Demand is what the scenario states.
    pub const AS_STATED: RateFactors = RateFactors { level: 1.0, growth: 1.0, drift: None };

    /// Those of one stream, at the highest rate where its users respond. A policy's
    /// test prompts come as it states.
    pub fn of_stream(self, stream: &DemandStream) -> RateFactors {
        if stream.injected.is_some() {
            return RateFactors::AS_STATED;
        }
        let most = stream.users.as_ref().map_or(1.0, |users| users.most);
        RateFactors { level: self.level * most, ..self }
    }
}

/// The times of the requests of one demand stream in one replication, in order.
#[derive(Debug)]
pub struct ArrivalStream<'a>(Source<'a>);

#[derive(Debug)]
enum Source<'a> {
    Poisson(Box<PoissonProcess<'a>>),
    Trace { trace: &'a Trace, next: usize },
}

impl<'a> ArrivalStream<'a> {
    /// The arrivals of `stream` before `end`; where its users respond, those of
    /// the highest rate. Beyond an exact pace one stands for several, at ticks
    /// of the model's clock; only those of a trace are still drawn one by one.
    pub fn new(
        stream: &'a DemandStream,
        clock: UserClock,
        factors: RateFactors,
        key: StreamKey,
        end: SimTime,
        pace: Pace,
    ) -> ArrivalStream<'a> {
        ArrivalStream(match &stream.arrivals {
            Arrivals::Poisson(arrivals) => {
                let factors = factors.of_stream(stream);
                let process =
                    PoissonProcess::new(arrivals, clock, factors, key, end.as_secs(), pace);
                Source::Poisson(Box::new(process))
            }
            Arrivals::Trace(trace) => Source::Trace { trace, next: 0 },
        })
    }

    /// When the next request comes; [`SimTime::NEVER`] when there is no further
    /// one.
    pub fn next_arrival(&mut self) -> SimTime {
        match &mut self.0 {
            Source::Poisson(process) => process.next_arrival(),
            Source::Trace { trace, next } => {
                let request = trace.requests.get(*next);
                *next += 1;
                request.map_or(SimTime::NEVER, |&(seconds, _)| SimTime::from_secs(seconds))
            }
        }
    }
}

/// A non-homogeneous Poisson process by thinning (Lewis and Shedler, Naval
/// Research Logistics Quarterly 26, 1979), stretch by stretch: within a
/// stretch hour, weekday and burst level are constant, so that only growth and
/// self-excitation are thinned.
#[derive(Debug)]
struct PoissonProcess<'a> {
    arrivals: &'a PoissonArrivals,
    growth: Growth,
    clock: UserClock,
    pace: Pace,
    /// Arrivals a second before growth, season and bursts.
    base_rate: f64,
    draws: Sequence,
    end: f64,
    now: f64,
    stretch_end: f64,
    /// The least and the greatest growth factor until a time.
    trend: (f64, f64),
    trend_end: f64,
    /// Rate of the stretch for a growth factor of 1.
    stretch_rate: f64,
    least_rate: f64,
    greatest_rate: f64,
    modulation: Option<Modulation>,
    excitation: Option<Excitation>,
    drifting: Option<Drifting>,
}

#[derive(Debug)]
struct Modulation {
    level: f64,
    until: f64,
    levels: Sampler,
    mean_hold_s: f64,
    key: StreamKey,
    drawn: u64,
}

impl Modulation {
    fn advance_to(&mut self, now: f64) {
        while self.until <= now {
            self.level = self.levels.draw(self.key, 2 * self.drawn);
            self.until += self.key.exponential(2 * self.drawn + 1) * self.mean_hold_s;
            self.drawn += 1;
        }
    }
}

/// The part of the rate that past requests bring: `rate` at the process's
/// present time, decaying with `mean_delay_s`.
#[derive(Debug)]
struct Excitation {
    rate: f64,
    jump: f64,
    mean_delay_s: f64,
}

impl<'a> PoissonProcess<'a> {
    fn new(
        arrivals: &'a PoissonArrivals,
        clock: UserClock,
        factors: RateFactors,
        key: StreamKey,
        end: f64,
        pace: Pace,
    ) -> PoissonProcess<'a> {
        let slowness = pace.requests() as f64;
        let (modulation, excitation, own_share) = match arrivals.bursts {
            Bursts::None => (None, None, 1.0),
            Bursts::Modulated { cv, mean_hold_hours } => {
                let modulation = Modulation {
                    level: 1.0,
                    until: 0.0,
                    levels: Distribution::Lognormal { mean: 1.0, cv }.sampler(),
                    mean_hold_s: mean_hold_hours * HOUR,
                    key: key.child(1),
                    drawn: 0,
                };
                (Some(modulation), None, 1.0)
            }
            Bursts::SelfExciting { branching, mean_delay_minutes } => {
                let mean_delay_s = mean_delay_minutes * 60.0 * slowness;
                let jump = branching / mean_delay_s;
                (None, Some(Excitation { rate: 0.0, jump, mean_delay_s }), 1.0 - branching)
            }
        };
        let growth = arrivals.growth.scaled(factors.growth);
        let mut process = PoissonProcess {
            arrivals,
            growth,
            clock,
            pace,
            base_rate: arrivals.requests_per_day / DAY * factors.level * own_share / slowness,
            draws: key.child(0).sequence(),
            end,
            now: 0.0,
            stretch_end: 0.0,
            trend: (0.0, 0.0),
            trend_end: 0.0,
            stretch_rate: 0.0,
            least_rate: 0.0,
            greatest_rate: 0.0,
            modulation,
            excitation,
            drifting: factors.drift.map(|drift| Drifting { drift, day: 0, walk: 0.0 }),
        };
        process.enter_stretch();
        if let Bursts::SelfExciting { branching, .. } = arrivals.bursts
            && let Some(excitation) = &mut process.excitation
        {
            // As if requests had come before, so that the mean rate holds at once.
            let own = process.stretch_rate * process.growth.factor(0.0);
            excitation.rate = own * branching / (1.0 - branching);
        }
        process
    }

    /// Sets up the stretch that begins now.
    fn enter_stretch(&mut self) {
        let local_hour = libm::floor(self.clock.local_hours(self.now) + 1e-9);
        let next_hour = (local_hour + 1.0 - self.clock.utc_offset_hours) * HOUR;
        let whole_hours = local_hour as i64;
        let hour = whole_hours.rem_euclid(24) as usize;
        let local_day = whole_hours.div_euclid(24);
        let weekday = (local_day + i64::from(self.clock.start_weekday)).rem_euclid(7) as usize;
        let mut level = 1.0;
        self.stretch_end = next_hour.min(self.end);
        if let Some(modulation) = &mut self.modulation {
            modulation.advance_to(self.now);
            level = modulation.level;
            self.stretch_end = self.stretch_end.min(modulation.until);
        }
        if let Some(drifting) = &mut self.drifting {
            level *= drifting.factor(self.now / DAY);
        }
        let season = self.arrivals.hours.0[hour] * self.arrivals.weekdays.0[weekday];
        self.stretch_rate = self.base_rate * season * level;
        if self.stretch_end > self.trend_end {
            // By the day, since a factor costs more than a stretch.
            self.trend_end = self.now + DAY;
            let known = |seconds: f64| (seconds / DAY, self.growth.factor(seconds / DAY));
            self.trend = self.growth.bounds(known(self.now), known(self.trend_end));
        }
        let (least, greatest) = self.trend;
        self.least_rate = self.stretch_rate * least;
        self.greatest_rate = self.stretch_rate * greatest;
    }

    fn next_arrival(&mut self) -> SimTime {
        while self.now < self.end {
            let excited = self.excitation.as_ref().map_or(0.0, |excitation| excitation.rate);
            let bound = self.greatest_rate + excited;
            let candidate = if bound > 0.0 {
                self.now + self.draws.exponential() / bound
            } else {
                f64::INFINITY
            };
            let reached = candidate.min(self.stretch_end);
            if let Some(excitation) = self.excitation.as_mut().filter(|e| e.rate > 0.0) {
                excitation.rate *= libm::exp((self.now - reached) / excitation.mean_delay_s);
            }
            self.now = reached;
            if candidate >= self.stretch_end {
                self.enter_stretch();
            } else if self.accepts(bound) {
                if let Some(excitation) = &mut self.excitation {
                    excitation.rate += excitation.jump;
                }
                return self.pace.tick(SimTime::from_secs(self.now));
            }
        }
        SimTime::NEVER
    }

    /// Whether a candidate drawn at the rate `bound` is a request at the rate
    /// that really holds now.
    fn accepts(&mut self, bound: f64) -> bool {
        let excited = self.excitation.as_ref().map_or(0.0, |excitation| excitation.rate);
        if self.least_rate + excited >= bound {
            return true;
        }
        let height = self.draws.uniform() * bound;
        height <= self.least_rate + excited
            || height <= self.stretch_rate * self.growth.factor(self.now / DAY) + excited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::{HourProfile, WeekProfile};

    fn poisson(requests_per_day: f64) -> PoissonArrivals {
        PoissonArrivals {
            requests_per_day,
            growth: Growth::Constant,
            hours: HourProfile::FLAT,
            weekdays: WeekProfile::FLAT,
            bursts: Bursts::None,
        }
    }

    const UTC_MONDAY: UserClock = UserClock { start_weekday: 0, utc_offset_hours: 0.0 };

    /// Arrival times in days.
    fn arrivals(
        arrivals: PoissonArrivals,
        clock: UserClock,
        factors: RateFactors,
        days: f64,
        seed: u64,
    ) -> Vec<f64> {
        let key = StreamKey::root(seed);
        let mut process =
            PoissonProcess::new(&arrivals, clock, factors, key, days * DAY, Pace::EXACT);
        std::iter::from_fn(|| {
            let arrival = process.next_arrival();
            (arrival != SimTime::NEVER).then(|| arrival.as_days())
        })
        .collect()
    }

    /// Standard score of a Poisson count.
    fn z(count: usize, mean: f64) -> f64 {
        (count as f64 - mean) / mean.sqrt()
    }

    #[test]
    fn constant_demand_has_exponential_gaps() {
        let times = arrivals(poisson(2000.0), UTC_MONDAY, RateFactors::AS_STATED, 100.0, 1);
        assert!(z(times.len(), 200_000.0).abs() < 3.5);
        let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_by(f64::total_cmp);
        let n = gaps.len() as f64;
        let distance = gaps.iter().enumerate().map(|(i, gap)| {
            let cdf = 1.0 - (-gap * 2000.0).exp();
            (cdf - i as f64 / n).abs().max((cdf - (i + 1) as f64 / n).abs())
        });
        // Kolmogorov-Smirnov at a false-alarm rate of 0.001.
        assert!(distance.fold(0.0, f64::max) < 1.95 / n.sqrt());
    }

    #[test]
    fn each_growth_has_the_integral_of_its_curve() {
        // Integrals of the factor over 100 days, worked out by hand.
        let logistic = |ceiling: f64, rate: f64, t: f64| {
            let grown = (ceiling - 1.0 + (rate * t).exp()).ln() - ceiling.ln();
            ceiling / rate * grown
        };
        let cases = [
            (Growth::Linear { per_day: 0.02 }, 1.0, 100.0 + 0.02 * 5000.0),
            (Growth::Linear { per_day: -0.02 }, 1.0, 25.0),
            (Growth::Exponential { rate_per_day: 0.01 }, 1.0, (1f64.exp() - 1.0) / 0.01),
            (Growth::Exponential { rate_per_day: 0.01 }, 2.0, (2f64.exp() - 1.0) / 0.02),
            (
                Growth::Logistic { ceiling: 3.0, rate_per_day: 0.03 },
                1.0,
                logistic(3.0, 0.03, 100.0),
            ),
            (
                Growth::Piecewise { points: vec![(10.0, 1.0), (20.25, 5.0), (30.5, 0.0)] },
                1.0,
                10.0 + 3.0 * 10.25 + 2.5 * 10.25,
            ),
        ];
        for (growth, speed, integral) in cases {
            let stream = PoissonArrivals { growth: growth.clone(), ..poisson(1000.0) };
            let factors = RateFactors { level: 1.0, growth: speed, drift: None };
            let count = arrivals(stream, UTC_MONDAY, factors, 100.0, 2).len();
            let score = z(count, 1000.0 * integral);
            assert!(score.abs() < 3.5, "{growth:?}: {count} against {}", 1000.0 * integral);
        }
    }

    #[test]
    fn hours_and_weekdays_follow_the_users_clock() {
        let mut hours = [0.0; 24];
        hours[20] = 1.0;
        let mut days = [1.0; 7];
        days[6] = 3.0;
        let stream = PoissonArrivals {
            hours: HourProfile::from_weights(hours),
            weekdays: WeekProfile::from_weights(days),
            ..poisson(500.0)
        };
        // Day 0 is a Wednesday; the users are five and a half hours ahead.
        let clock = UserClock { start_weekday: 2, utc_offset_hours: 5.5 };
        let times = arrivals(stream, clock, RateFactors::AS_STATED, 70.0, 3);
        let local = |t: f64| t + 5.5 / 24.0;
        assert!(times.iter().all(|&t| (local(t).fract() * 24.0) as usize == 20));
        let sundays = times.iter().filter(|&&t| (local(t) as usize + 2) % 7 == 6).count();
        // Ten weeks at 500 a day: 35,000, of which Sundays have 3 parts of 9.
        assert!(z(times.len(), 35_000.0).abs() < 3.5);
        assert!(z(sundays, 35_000.0 / 3.0).abs() < 3.5);
    }

    #[test]
    fn modulated_bursts_keep_the_mean_and_spread_the_days() {
        // Daily counts of a modulated Poisson process with holding times much
        // longer than a day: variance = mean + (mean * cv)^2.
        let bursts = Bursts::Modulated { cv: 0.3, mean_hold_hours: 24.0 * 20.0 };
        let stream = PoissonArrivals { bursts, ..poisson(1000.0) };
        let days = 40_000;
        let times = arrivals(stream, UTC_MONDAY, RateFactors::AS_STATED, days as f64, 4);
        let mut counts = vec![0.0; days];
        times.iter().for_each(|&t| counts[t as usize] += 1.0);
        let mean = counts.iter().sum::<f64>() / days as f64;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / days as f64;
        // About 2,000 independent levels: standard errors 0.7 % and 4 %.
        assert!((mean / 1000.0 - 1.0).abs() < 0.02, "{mean}");
        assert!((variance.sqrt() / mean - 0.3).abs() < 0.03, "{}", variance.sqrt() / mean);
    }

    #[test]
    fn self_exciting_requests_keep_the_mean_and_cluster() {
        // Counts over windows much longer than the delay: variance over mean
        // tends to 1 / (1 - branching)^2 (Hawkes, Biometrika 58, 1971).
        let bursts = Bursts::SelfExciting { branching: 0.5, mean_delay_minutes: 1.0 };
        let stream = PoissonArrivals { bursts, ..poisson(2000.0) };
        let windows = 12_000;
        let times = arrivals(stream, UTC_MONDAY, RateFactors::AS_STATED, windows as f64 / 12.0, 5);
        let mut counts = vec![0.0; windows];
        times.iter().for_each(|&t| counts[(t * 12.0) as usize] += 1.0);
        let mean = counts.iter().sum::<f64>() / windows as f64;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / windows as f64;
        assert!((mean / (2000.0 / 12.0) - 1.0).abs() < 0.01, "{mean}");
        // Standard error of a variance over 12,000 windows: 1.3 %.
        assert!((variance / mean / 4.0 - 1.0).abs() < 0.06, "{}", variance / mean);
    }

    #[test]
    fn self_exciting_requests_come_at_their_mean_rate_from_the_start() {
        // Clusters of ten that take days: what comes on the first day is as much as
        // on any other.
        let bursts = Bursts::SelfExciting { branching: 0.9, mean_delay_minutes: 1_440.0 };
        let counts: Vec<f64> = (0..2_000)
            .map(|seed| {
                let stream = PoissonArrivals { bursts, ..poisson(100.0) };
                arrivals(stream, UTC_MONDAY, RateFactors::AS_STATED, 1.0, seed).len() as f64
            })
            .collect();
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 100.0).abs() < 3.5 * (variance / n).sqrt(), "{mean}");
    }
}
