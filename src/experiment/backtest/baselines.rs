//! Forecasts that a model has to beat, as samples of futures.

use super::super::spend_model::DailySeries;
use crate::kernel::StreamKey;

const WEEK: usize = 7;

/// The naive method on weekly means (Hyndman and Athanasopoulos, "Forecasting:
/// Principles and Practice", 3rd ed., 5.2 and 5.5): last week's, and every week
/// ahead differs from the one before, in the logarithm, by as much as consecutive
/// weeks did.
pub fn naive(past: &DailySeries, days: usize, count: usize, key: StreamKey) -> Vec<Vec<f64>> {
    let known: Vec<f64> = past.amounts().iter().flatten().copied().filter(|x| *x > 0.0).collect();
    // Whole weeks of known days, the last one first.
    let weeks: Vec<f64> =
        known.rchunks_exact(WEEK).map(|week| week.iter().sum::<f64>() / WEEK as f64).collect();
    let steps: Vec<f64> =
        weeks.windows(2).map(|pair| libm::log(pair[0]) - libm::log(pair[1])).collect();
    let step_sd = libm::sqrt(mean_square(&steps));
    let last = weeks.first().copied().unwrap_or_default();
    (0..count as u64)
        .map(|number| {
            let draws = key.child(number);
            let mut walk = 0.0;
            let mut next = |day: usize| {
                if day.is_multiple_of(WEEK) {
                    walk += step_sd * draws.normal(day as u64);
                }
                last * libm::exp(walk)
            };
            (0..days).map(&mut next).collect()
        })
        .collect()
}

/// Each weekday as it was last, with the error of a random walk of each weekday
/// from week to week.
pub fn seasonal_naive(
    past: &DailySeries,
    days: usize,
    count: usize,
    key: StreamKey,
) -> Vec<Vec<f64>> {
    let logs: Vec<Option<f64>> =
        past.amounts().iter().map(|x| x.filter(|x| *x > 0.0).map(libm::log)).collect();
    let overall = logs.iter().flatten().last().copied().unwrap_or_default();
    let last: Vec<f64> = (0..WEEK)
        .map(|ahead| {
            let same = |day: &usize| (past.len() + ahead - day).is_multiple_of(WEEK);
            let known = (0..logs.len()).rev().filter(same).find_map(|day| logs[day]);
            known.unwrap_or(overall)
        })
        .collect();
    let apart: Vec<f64> = logs
        .iter()
        .zip(logs.iter().skip(WEEK))
        .filter_map(|(before, after)| Some((*after)? - (*before)?))
        .collect();
    let step_sd = libm::sqrt(mean_square(&apart));
    (0..count as u64)
        .map(|number| {
            let draws = key.child(number);
            let mut walks = [0.0; WEEK];
            let mut next = |day: usize| {
                let walk = &mut walks[day % WEEK];
                *walk += step_sd * draws.normal(day as u64);
                libm::exp(last[day % WEEK] + *walk)
            };
            (0..days).map(&mut next).collect()
        })
        .collect()
}

/// Simple exponential smoothing of the logarithm, as the state-space model
/// ETS(A,N,N) (Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential
/// Smoothing", 2008).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothing {
    /// Weight of the newest value, 0 to 1.
    pub alpha: f64,
    /// The smoothed logarithm after the last value.
    pub level: f64,
    /// Standard deviation of the errors one step ahead.
    pub error_sd: f64,
}

impl Smoothing {
    /// Smooths logarithms with a given weight, from the first as the first
    /// level; gaps are left out.
    pub fn with_alpha(past: &DailySeries, alpha: f64) -> Smoothing {
        let mut logs = past.amounts().iter().flatten().filter(|x| **x > 0.0).map(|x| libm::log(*x));
        let mut level = logs.next().unwrap_or_default();
        let errors: Vec<f64> = logs
            .map(|log| {
                let error = log - level;
                level += alpha * error;
                error
            })
            .collect();
        Smoothing { alpha, level, error_sd: libm::sqrt(mean_square(&errors)) }
    }

    /// With the weight of greatest likelihood, in hundredths.
    pub fn fitted(past: &DailySeries) -> Smoothing {
        let candidates = (1..=100).map(|n| Smoothing::with_alpha(past, f64::from(n) / 100.0));
        let best = candidates.min_by(|a, b| a.error_sd.total_cmp(&b.error_sd));
        best.unwrap_or(Smoothing { alpha: 1.0, level: 0.0, error_sd: 0.0 })
    }

    /// Futures of `days` days.
    pub fn futures(self, days: usize, count: usize, key: StreamKey) -> Vec<Vec<f64>> {
        (0..count as u64)
            .map(|number| {
                let draws = key.child(number);
                let mut level = self.level;
                let mut next = |day: usize| {
                    let error = self.error_sd * draws.normal(day as u64);
                    let value = libm::exp(level + error);
                    level += self.alpha * error;
                    value
                };
                (0..days).map(&mut next).collect()
            })
            .collect()
    }
}

fn mean_square(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64
}
