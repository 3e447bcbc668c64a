//! The requests to be expected of a stream, in closed form.

use super::{Bursts, Growth, PoissonArrivals, RateFactors, UserClock};
use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR};

const HOURS: f64 = (SECONDS_PER_DAY / SECONDS_PER_HOUR) as f64;
const HOURS_A_WEEK: i64 = 7 * 24;
/// Changes of an exponent over a stretch below which the rate at its middle is
/// as good as the integral to the last digit.
const STEADY: f64 = 1e-5;

impl PoissonArrivals {
    /// Mean number of requests between two times, in days, where the factors of
    /// the replication are these. `None` of self-exciting requests, whose mean
    /// has no closed form while the rate changes, and of demand that drifts.
    pub fn mean_requests(
        &self,
        clock: UserClock,
        factors: RateFactors,
        [start, end]: [f64; 2],
    ) -> Option<f64> {
        if matches!(self.bursts, Bursts::SelfExciting { .. }) || factors.drift.is_some() {
            return None;
        }
        let growth = self.growth.scaled(factors.growth);
        let offset = clock.utc_offset_hours;
        let midnights = i64::from(clock.start_weekday) * 24;
        let last = libm::ceil(end * HOURS + offset) as i64;
        let stretch = |hour: i64| {
            let bounds = [hour, hour + 1].map(|hour| (hour as f64 - offset) / HOURS);
            let (from, to) = (bounds[0].max(start), bounds[1].min(end));
            let of_week = (hour + midnights).rem_euclid(HOURS_A_WEEK) as usize;
            let season = self.hours.0[of_week % 24] * self.weekdays.0[of_week / 24];
            if from < to { season * growth.integral(from, to) } else { 0.0 }
        };
        let first = libm::floor(start * HOURS + offset) as i64;
        let factor_days: f64 = (first..last).map(stretch).sum();
        Some(self.requests_per_day * factors.level * factor_days)
    }
}

impl Growth {
    /// The integral of the factor between two days, in days.
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        let days = to - from;
        let middle = || days * self.factor((from + to) / 2.0);
        match self {
            Growth::Constant => days,
            Growth::Linear { per_day } => {
                above_zero((from, 1.0 + per_day * from), (to, 1.0 + per_day * to))
            }
            Growth::Exponential { rate_per_day: rate } => {
                if libm::fabs(rate * days) < STEADY {
                    return middle();
                }
                libm::exp(rate * from) * libm::expm1(rate * days) / rate
            }
            Growth::Logistic { ceiling, rate_per_day: rate } => {
                if libm::fabs(rate * days) < STEADY {
                    return middle();
                }
                let below = |day: f64| libm::log1p((ceiling - 1.0) * libm::exp(-rate * day));
                ceiling * (days + (below(to) - below(from)) / rate)
            }
            Growth::Piecewise { points } => {
                let within = points.iter().map(|point| point.0).filter(|&d| from < d && d < to);
                let days: Vec<f64> = [from].into_iter().chain(within).chain([to]).collect();
                // Before they are cut at 0, factors lie on straight lines.
                let at = |day: f64| (day, super::growth::interpolate(points, day));
                days.windows(2).map(|pair| above_zero(at(pair[0]), at(pair[1]))).sum()
            }
        }
    }
}

/// The area between 0 and that part of a straight line between two points that
/// is above 0.
fn above_zero((from, a): (f64, f64), (to, b): (f64, f64)) -> f64 {
    let width = to - from;
    match (a >= 0.0, b >= 0.0) {
        (true, true) => width * (a + b) / 2.0,
        (false, false) => 0.0,
        (true, false) => width * a * a / (a - b) / 2.0,
        (false, true) => width * b * b / (b - a) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::{HourProfile, WeekProfile};

    /// Integrals of the factor over 100 days, worked out by hand.
    #[test]
    fn each_growth_has_the_integral_of_its_curve() {
        let grown = ((3.0f64 - 1.0 + 3f64.exp()).ln() - 3f64.ln()) * 3.0 / 0.03;
        let points = vec![(10.0, 1.0), (20.25, 5.0), (30.5, 0.0)];
        let cases = [
            (Growth::Constant, 100.0),
            (Growth::Linear { per_day: 0.02 }, 200.0),
            (Growth::Linear { per_day: -0.02 }, 25.0),
            (Growth::Exponential { rate_per_day: 0.01 }, (1f64.exp() - 1.0) / 0.01),
            (Growth::Exponential { rate_per_day: 0.0 }, 100.0),
            (Growth::Logistic { ceiling: 3.0, rate_per_day: 0.03 }, grown),
            (Growth::Piecewise { points: points.clone() }, 10.0 + 3.0 * 10.25 + 2.5 * 10.25),
            // The distance from 1 doubled: 1, 9, -1; the last line is 0 at nine
            // tenths of its way.
            (
                Growth::Piecewise { points }.scaled(2.0),
                10.0 + 5.0 * 10.25 + 0.9 * 10.25 * 9.0 / 2.0,
            ),
        ];
        for (growth, integral) in cases {
            let by_hours: f64 = (0..2400)
                .map(|h| growth.integral(f64::from(h) / 24.0, f64::from(h + 1) / 24.0))
                .sum();
            for value in [growth.integral(0.0, 100.0), by_hours] {
                assert!((value / integral - 1.0).abs() < 1e-9, "{growth:?}: {value}, {integral}");
            }
        }
    }

    #[test]
    fn seasons_are_on_the_users_clock() {
        let mut hours = [0.0; 24];
        hours[20] = 1.0;
        let mut days = [1.0; 7];
        days[6] = 3.0;
        let mut stream = PoissonArrivals {
            requests_per_day: 900.0,
            growth: Growth::Constant,
            hours: HourProfile::from_weights(hours),
            weekdays: WeekProfile::from_weights(days),
            bursts: Bursts::Modulated { cv: 0.3, mean_hold_hours: 24.0 },
        };
        // Day 0 is a Saturday, the users half an hour behind: hour 20 begins at
        // 20:30 UTC. A Saturday has 700 requests, a Sunday 2,100.
        let clock = UserClock { start_weekday: 5, utc_offset_hours: -0.5 };
        let factors = RateFactors { level: 2.0, growth: 7.0, drift: None };
        let cases =
            [(0.0, 20.5, 0.0), (0.0, 21.0, 350.0), (0.0, 45.0, 1750.0), (21.25, 45.0, 1225.0)];
        for (from, to, requests) in cases {
            let span = [from / 24.0, to / 24.0];
            let mean = stream.mean_requests(clock, factors, span).unwrap();
            assert!((mean - 2.0 * requests).abs() < 1e-6, "{from} to {to}: {mean}");
        }
        stream.bursts = Bursts::SelfExciting { branching: 0.5, mean_delay_minutes: 1.0 };
        assert_eq!(stream.mean_requests(clock, factors, [0.0, 1.0]), None);
    }
}
