//! What is to come, by the fitted model of spend.

use std::f64::consts::FRAC_1_SQRT_2;

use super::filter::{DayMean, OUTLIER_SCALE, OUTLIERS};
use super::posterior::{Draw, Posterior};
use super::series::DailySeries;
use crate::kernel::StreamKey;

/// A possible future for each draw of a posterior: ETH spent on each of `days`
/// days after the last of `series`.
pub fn futures(
    series: &DailySeries,
    posterior: &Posterior,
    days: usize,
    key: StreamKey,
) -> Vec<Vec<f64>> {
    let first = series.len();
    let futures = (0..).zip(&posterior.draws).map(|(number, draw)| {
        let weekdays = (0..days).map(|day| draw.weekdays[series.weekday(first + day)]);
        future(draw, &posterior.outliers, weekdays, key.child(number)).collect()
    });
    let mut futures: Vec<Vec<f64>> = futures.collect();
    rest_on_some_days(&mut futures, series, key.child(u64::MAX));
    futures
}

/// Nothing is spent on as many days to come as of those of a series, each by chance.
pub fn rest_on_some_days(futures: &mut [Vec<f64>], series: &DailySeries, key: StreamKey) {
    let share = series.zero_share();
    for (number, future) in (0..).zip(futures) {
        let draws = key.child(number);
        for (day, eth) in (0..).zip(future) {
            if share > 0.0 && draws.uniform(day) < share {
                *eth = 0.0;
            }
        }
    }
}

fn future(
    draw: &Draw,
    outliers: &Outliers,
    weekdays: impl Iterator<Item = f64>,
    key: StreamKey,
) -> impl Iterator<Item = f64> {
    let parameters = draw.parameters;
    let day = DayMean::new(parameters.burst_days);
    // The burst at a day's end, and what of its mean that does not explain.
    let to_end = parameters.burst_sd * libm::sqrt(day.end_var);
    let shared = if day.end_var > 0.0 { day.cov / day.end_var } else { 0.0 };
    let alone = parameters.burst_sd * libm::sqrt((day.mean_var - shared * day.cov).max(0.0));
    let (mut level, mut burst, growth) = (draw.level, draw.burst, draw.growth_to_come);
    weekdays.enumerate().map(move |(number, weekday)| {
        let draws = key.child(number as u64);
        level += growth + parameters.wander_per_day * draws.normal(0);
        let to_come = to_end * draws.normal(1);
        let mean = day.carry * burst + shared * to_come + alone * draws.normal(2);
        burst = day.decay * burst + to_come;
        let noise = outliers.noise(parameters.noise_sd, draws);
        libm::exp(level + weekday + mean + noise)
    })
}

/// The mean of a day's spend over the exponential of its level: what bursts and
/// noise add.
pub fn mean_factor(posterior: &Posterior, draw: &Draw) -> f64 {
    let parameters = &draw.parameters;
    let noise = posterior.outliers.mean_factor(parameters.noise_sd);
    let bursts = parameters.burst_sd * parameters.burst_sd * parameters.unit_burst_var();
    let weekdays = draw.weekdays.iter().map(|effect| libm::exp(*effect)).sum::<f64>() / 7.0;
    noise * libm::exp(bursts / 2.0) * weekdays
}

/// How many times as much a day spends in the mean for the days out of line among
/// those to come.
pub fn outlier_factor(posterior: &Posterior, draw: &Draw) -> f64 {
    let noise_sd = draw.parameters.noise_sd;
    posterior.outliers.mean_factor(noise_sd) / usual_mean_factor(noise_sd)
}

/// The mean of the exponential of the usual noise.
pub(super) fn usual_mean_factor(noise_sd: f64) -> f64 {
    libm::exp(noise_sd * noise_sd / 2.0)
}

/// Days out of line to come: those seen again (a bootstrap), and some as the filter
/// takes them but no further out than any day seen, in the proportion in which both are
/// known of (Ferguson, "A Bayesian Analysis of Some Nonparametric Problems", Annals of
/// Statistics 1, 1973). Uncut, those taken would rule the mean where the usual noise is
/// large already.
#[derive(Clone, Debug)]
pub(super) struct Outliers {
    /// Their share of all days.
    share: f64,
    /// The share of them that is like those seen.
    seen_share: f64,
    /// How far out of line each was, a logarithm, and its weight; these sum to 1.
    seen: Vec<(f64, f64)>,
    /// The mean of the exponential of those.
    seen_mean: f64,
    /// How far below and above the expected any day was.
    range: [f64; 2],
}

impl Outliers {
    /// Days that what the filter takes for granted counts for.
    const PRIOR_DAYS: f64 = 28.0;

    /// Of days, each with the probability that it was out of line, and how far; the
    /// first `learning` tell only how far a day may be.
    pub(super) fn of(days: &[(f64, f64)], learning: usize) -> Outliers {
        let errors = || days.iter().map(|(_, error)| *error);
        let range = [errors().fold(0.0, f64::min), errors().fold(0.0, f64::max)];
        let days = days.get(learning..).unwrap_or_default();
        let seen: f64 = days.iter().map(|(probability, _)| probability).sum();
        let prior = OUTLIERS * Self::PRIOR_DAYS;
        let weighed = days.iter().map(|(probability, error)| (*error, probability / seen));
        let weighed: Vec<(f64, f64)> = weighed.collect();
        Outliers {
            share: (prior + seen) / (Self::PRIOR_DAYS + days.len() as f64),
            seen_share: seen / (prior + seen),
            seen_mean: weighed.iter().map(|(error, weight)| weight * libm::exp(*error)).sum(),
            seen: weighed,
            range,
        }
    }

    fn noise(&self, noise_sd: f64, draws: StreamKey) -> f64 {
        let usual = noise_sd * draws.normal(3);
        if draws.uniform(4) >= self.share {
            return usual;
        }
        let mut place = draws.uniform(5) / self.seen_share;
        for (error, weight) in &self.seen {
            place -= weight;
            if place < 0.0 {
                return *error;
            }
        }
        let [lowest, highest] = self.range;
        (OUTLIER_SCALE * usual).clamp(lowest, highest)
    }

    /// The mean of the exponential of the noise.
    pub(super) fn mean_factor(&self, noise_sd: f64) -> f64 {
        let usual = usual_mean_factor(noise_sd);
        let taken = cut_mean(OUTLIER_SCALE * noise_sd, self.range);
        let outlier = self.seen_share * self.seen_mean + (1.0 - self.seen_share) * taken;
        (1.0 - self.share) * usual + self.share * outlier
    }
}

/// The mean of the exponential of a normal variable of mean 0 that is cut to a range.
fn cut_mean(sd: f64, [lowest, highest]: [f64; 2]) -> f64 {
    let below = |z: f64| 0.5 * libm::erfc(-z * FRAC_1_SQRT_2);
    let inside = (below(highest / sd - sd) - below(lowest / sd - sd)).max(0.0);
    libm::exp(lowest) * below(lowest / sd)
        + libm::exp(highest) * below(-highest / sd)
        // A factor that is beyond floats times a share of 0 is none.
        + libm::exp(sd * sd / 2.0 + libm::log(inside))
}
