//! The state-space form of the spend model and its likelihood.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::series::DailySeries;

/// Level, growth, burst at the end of a day, mean burst over the day, and six
/// contrasts between weekdays.
pub(super) const STATES: usize = 10;
const LEVEL: usize = 0;
const GROWTH: usize = 1;
const BURST: usize = 2;
const DAY_BURST: usize = 3;
const WEEKDAYS: usize = 4;

/// One day in twenty is out of line, with five times the usual noise (Huber's
/// contaminated normal).
pub(super) const OUTLIERS: f64 = 0.05;
pub(super) const OUTLIER_SCALE: f64 = 5.0;
/// Standard deviation of what is known of the level before the first day.
const LEVEL_SD: f64 = 2.0;
/// Prior standard deviation of a weekday's effect.
const WEEKDAY_SD: f64 = 0.2;

/// The parameters of the model, given which the filter tells the state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Standard deviation of the noise of a single day's logarithm.
    pub noise_sd: f64,
    /// Standard deviation of the bursts' logarithm.
    pub burst_sd: f64,
    /// Mean time a burst's level holds, in days.
    pub burst_days: f64,
    /// Standard deviation of the steps that the level's logarithm takes each
    /// day; 0 for a level that keeps to its trend.
    pub wander_per_day: f64,
    /// Prior standard deviation of the growth rate a day, set by whether the level
    /// wanders.
    pub growth_sd: f64,
}

impl Parameters {
    /// Variance of the bursts' mean over a day, were theirs at each time 1.
    pub fn unit_burst_var(&self) -> f64 {
        DayMean::new(self.burst_days).total_var
    }

    /// Variance of a day's logarithm about its level, by noise and bursts.
    pub fn day_var(&self) -> f64 {
        self.noise_sd * self.noise_sd + self.burst_sd * self.burst_sd * self.unit_burst_var()
    }
}

/// Moments of the mean over a day of a burst: an Ornstein-Uhlenbeck process of
/// unit variance with time constant `burst_days`.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayMean {
    /// Correlation over a day.
    pub(super) decay: f64,
    /// What the day's mean has of the burst at its beginning.
    pub(super) carry: f64,
    /// Variance of the burst at the end, given that at the beginning.
    pub(super) end_var: f64,
    /// Covariance of it with the day's mean, likewise.
    pub(super) cov: f64,
    /// Variance of the day's mean, likewise.
    pub(super) mean_var: f64,
    /// Variance of the day's mean, nothing given.
    pub(super) total_var: f64,
}

impl DayMean {
    pub(super) fn new(days: f64) -> DayMean {
        let decay = libm::exp(-1.0 / days);
        // 1 - exp(-1/days) without cancellation where a level holds long.
        let fall = -libm::expm1(-1.0 / days);
        let carry = days * fall;
        let total_var = 2.0 * days * (1.0 - carry);
        let end_var = -libm::expm1(-2.0 / days);
        DayMean {
            decay,
            carry,
            end_var,
            cov: carry * fall,
            mean_var: (total_var - carry * carry).max(0.0),
            total_var,
        }
    }
}

/// Six contrasts of weekdays, orthonormal and orthogonal to their mean
/// (Helmert): the row of each weekday, Monday first.
pub(super) fn contrasts() -> [[f64; 6]; 7] {
    let mut rows = [[0.0; 6]; 7];
    for column in 0..6 {
        let n = (column + 1) as f64;
        let norm = libm::sqrt(n * (n + 1.0));
        for row in rows.iter_mut().take(column + 1) {
            row[column] = 1.0 / norm;
        }
        rows[column + 1][column] = -n / norm;
    }
    rows
}

/// A normal belief about the state after the last day.
#[derive(Clone, Debug)]
pub(super) struct Belief {
    pub(super) mean: [f64; STATES],
    pub(super) cov: [[f64; STATES]; STATES],
}

impl Belief {
    fn at_start(parameters: &Parameters, level: f64, has_weekdays: bool) -> Belief {
        let mut belief = Belief { mean: [0.0; STATES], cov: [[0.0; STATES]; STATES] };
        belief.mean[LEVEL] = level;
        belief.cov[LEVEL][LEVEL] = LEVEL_SD * LEVEL_SD;
        belief.cov[GROWTH][GROWTH] = parameters.growth_sd * parameters.growth_sd;
        belief.cov[BURST][BURST] = parameters.burst_sd * parameters.burst_sd;
        if has_weekdays {
            for contrast in WEEKDAYS..STATES {
                belief.cov[contrast][contrast] = WEEKDAY_SD * WEEKDAY_SD;
            }
        }
        belief
    }

    /// The state a day later.
    fn advance(&mut self, wander_var: f64, day: &DayMean, burst_var: f64) {
        let m = &mut self.mean;
        m[LEVEL] += m[GROWTH];
        m[DAY_BURST] = day.carry * m[BURST];
        m[BURST] *= day.decay;
        let p = &mut self.cov;
        let (growth, burst) = (p[GROWTH], p[BURST]);
        for (cell, growth) in p[LEVEL].iter_mut().zip(growth) {
            *cell += growth;
        }
        p[DAY_BURST] = burst.map(|cell| day.carry * cell);
        p[BURST] = burst.map(|cell| day.decay * cell);
        for row in p.iter_mut() {
            row[LEVEL] += row[GROWTH];
            row[DAY_BURST] = day.carry * row[BURST];
            row[BURST] *= day.decay;
        }
        p[LEVEL][LEVEL] += wander_var;
        p[BURST][BURST] += burst_var * day.end_var;
        p[DAY_BURST][DAY_BURST] += burst_var * day.mean_var;
        p[BURST][DAY_BURST] += burst_var * day.cov;
        p[DAY_BURST][BURST] += burst_var * day.cov;
    }

    /// Learns a day's value: the mixture of both noises is brought back to one
    /// normal with its first two moments. Returns how likely the value was.
    fn learn(&mut self, value: f64, weekday: &[f64; 6], noise_var: [f64; 2]) -> Surprise {
        let project = |v: &[f64; STATES]| {
            let season: f64 = v[WEEKDAYS..].iter().zip(weekday).map(|(a, b)| a * b).sum();
            v[LEVEL] + v[DAY_BURST] + season
        };
        let error = value - project(&self.mean);
        let mut gain = [0.0; STATES];
        for (gain, row) in gain.iter_mut().zip(&self.cov) {
            *gain = project(row);
        }
        let known = project(&gain);
        let spread = noise_var.map(|noise| known + noise);
        let surprise = Surprise { error, known, spread };
        let outlying = surprise.outlying();
        let weights = [1.0 - outlying, outlying];
        let step = weights[0] / spread[0] + weights[1] / spread[1];
        let second: f64 = (0..2)
            .map(|i| {
                let apart = (1.0 / spread[i] - step) * error;
                weights[i] * apart * apart
            })
            .sum();
        for (mean, gain) in self.mean.iter_mut().zip(&gain) {
            *mean += gain * error * step;
        }
        for (row, a) in self.cov.iter_mut().zip(&gain) {
            for (cell, b) in row.iter_mut().zip(&gain) {
                *cell -= (step - second) * a * b;
            }
        }
        surprise
    }
}

/// How a value came out against what was expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surprise {
    error: f64,
    /// Variance of what was expected.
    known: f64,
    /// The same with the usual noise, and with that of a day out of line.
    spread: [f64; 2],
}

impl Surprise {
    const SHARES: [f64; 2] = [1.0 - OUTLIERS, OUTLIERS];

    /// Density of the value, by the noise it may have.
    fn densities(&self) -> [f64; 2] {
        let density = |i: usize| {
            let var = self.spread[i];
            Self::SHARES[i] * libm::exp(-0.5 * self.error * self.error / var)
                / libm::sqrt(2.0 * PI * var)
        };
        [density(0), density(1)]
    }

    /// How far the value is from the expected.
    pub(super) fn error(&self) -> f64 {
        self.error
    }

    /// The probability that the day was out of line.
    pub(super) fn outlying(&self) -> f64 {
        let [narrow, wide] = self.densities();
        // Far out in the tails only the wider noise is left.
        1.0 - if narrow + wide > 0.0 { narrow / (narrow + wide) } else { 0.0 }
    }

    /// What was expected of the exponential of the value that came out so, noise left
    /// out.
    pub(super) fn expected(&self, value: f64) -> f64 {
        libm::exp(value - self.error + self.known / 2.0)
    }

    /// The probability that was given to a lower value.
    pub(super) fn below(&self) -> f64 {
        let below = |i: usize| {
            let z = self.error / libm::sqrt(self.spread[i]);
            Self::SHARES[i] * 0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
        };
        below(0) + below(1)
    }
}

/// What a pass over a series leaves.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// Logarithm of the likelihood of all values.
    pub(super) log_likelihood: f64,
    /// What is known after the last day.
    pub(super) end: Belief,
}

/// Runs over a series. `seen` is told the number of each day that has a value, the
/// value, and how it came out.
pub(super) fn run(
    series: &DailySeries,
    parameters: &Parameters,
    mut seen: impl FnMut(usize, f64, Surprise),
) -> Pass {
    let day = DayMean::new(parameters.burst_days);
    let burst_var = parameters.burst_sd * parameters.burst_sd;
    let wander_var = parameters.wander_per_day * parameters.wander_per_day;
    let noise_var = parameters.noise_sd * parameters.noise_sd;
    let noise = [noise_var, noise_var * OUTLIER_SCALE * OUTLIER_SCALE];
    let contrasts = contrasts();
    let mut belief = Belief::at_start(parameters, series.opening_level(), series.has_weekdays());
    let mut log_likelihood = 0.0;
    for (number, value) in series.logs().iter().enumerate() {
        belief.advance(wander_var, &day, burst_var);
        let Some(value) = value else { continue };
        let weekday = &contrasts[series.weekday(number)];
        let surprise = belief.learn(*value, weekday, noise);
        let [narrow, wide] = surprise.densities();
        log_likelihood += libm::log((narrow + wide).max(f64::MIN_POSITIVE));
        seen(number, *value, surprise);
    }
    Pass { log_likelihood, end: belief }
}
