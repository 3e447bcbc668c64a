//! What is to come, by the fitted model of spend.

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
    let spent_share = 1.0 - series.zero_share();
    let futures = (0..).zip(&posterior.draws).map(|(number, draw)| {
        let weekdays = (0..days).map(|day| draw.weekdays[series.weekday(first + day)]);
        future(draw, weekdays, key.child(number)).map(|eth| eth * spent_share).collect()
    });
    futures.collect()
}

fn future(
    draw: &Draw,
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
        let is_outlier = draws.uniform(4) < OUTLIERS;
        let scale = if is_outlier { OUTLIER_SCALE } else { 1.0 };
        let noise = parameters.noise_sd * scale * draws.normal(3);
        libm::exp(level + weekday + mean + noise)
    })
}

/// The mean of a day's spend over the exponential of its level: what bursts and
/// noise add.
pub fn mean_factor(draw: &Draw) -> f64 {
    let parameters = &draw.parameters;
    let var = parameters.noise_sd * parameters.noise_sd;
    let noise = (1.0 - OUTLIERS) * libm::exp(var / 2.0)
        + OUTLIERS * libm::exp(var * OUTLIER_SCALE * OUTLIER_SCALE / 2.0);
    let bursts =
        parameters.burst_sd * parameters.burst_sd * DayMean::new(parameters.burst_days).total_var;
    let weekdays = draw.weekdays.iter().map(|effect| libm::exp(*effect)).sum::<f64>() / 7.0;
    noise * libm::exp(bursts / 2.0) * weekdays
}
