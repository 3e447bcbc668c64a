use std::f64::consts::PI;

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

use super::posterior::Posterior;
use super::series::DailySeries;

/// Lags of the autocorrelation.
pub const LAGS: usize = 14;

/// How well the model fits: residuals one day ahead, which are standard normal
/// and independent where it holds.
#[derive(Clone, Debug)]
pub struct Goodness {
    /// Each known day but the first seven, by its number, and its residual.
    pub residuals: Vec<(usize, f64)>,
    /// Autocorrelation of the residuals at lags 1 to [`LAGS`], gaps left out of
    /// count.
    pub autocorrelation: Vec<f64>,
    /// Probability of at least as much of it by chance (Ljung and Box 1978); `None`
    /// where there are no more residuals than lags.
    pub ljung_box_p: Option<f64>,
    /// Largest distance of the residuals' distribution from the normal one.
    pub ks_distance: f64,
    /// Probability of at least as much by chance (Kolmogorov's limit).
    pub ks_p: f64,
}

impl Goodness {
    /// Of a fitted series.
    pub fn of(series: &DailySeries, posterior: &Posterior) -> Goodness {
        let transforms = posterior.probability_transforms(series);
        // The first week teaches the model its level.
        let transforms: Vec<(usize, f64)> = transforms.into_iter().skip(7).collect();
        let residuals: Vec<(usize, f64)> =
            transforms.iter().map(|&(day, p)| (day, normal_quantile(p))).collect();
        let values: Vec<f64> = residuals.iter().map(|(_, value)| *value).collect();
        let autocorrelation = autocorrelation(&values, LAGS);
        let mut sorted: Vec<f64> = transforms.iter().map(|(_, p)| *p).collect();
        sorted.sort_by(f64::total_cmp);
        let ks_distance = uniform_distance(&sorted);
        Goodness {
            ljung_box_p: ljung_box(&autocorrelation, values.len()),
            ks_p: kolmogorov_p(ks_distance, values.len()),
            residuals,
            autocorrelation,
            ks_distance,
        }
    }
}

/// The standard normal quantile, rounded: statrs calls the platform's ln, which
/// differs in the last bits.
pub fn normal_quantile(probability: f64) -> f64 {
    let quantile = Normal::standard().inverse_cdf(probability.clamp(1e-9, 1.0 - 1e-9));
    libm::round(quantile * 1e9) / 1e9
}

/// Autocorrelation at lags 1 to `lags`.
pub fn autocorrelation(values: &[f64], lags: usize) -> Vec<f64> {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n.max(1) as f64;
    let at = |lag: usize| -> f64 {
        values.iter().zip(values.iter().skip(lag)).map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let var = at(0);
    (1..=lags).map(|lag| if var > 0.0 && lag < n { at(lag) / var } else { 0.0 }).collect()
}

/// Upper tail of Ljung and Box's statistic; `None` unless there are more values than
/// lags.
pub fn ljung_box(autocorrelation: &[f64], values: usize) -> Option<f64> {
    if values <= autocorrelation.len() {
        return None;
    }
    let n = values as f64;
    let terms = (1..).zip(autocorrelation).map(|(lag, r)| r * r / (n - f64::from(lag)));
    let statistic = n * (n + 2.0) * terms.sum::<f64>();
    let chi = ChiSquared::new(autocorrelation.len() as f64).ok()?;
    Some(libm::round(chi.sf(statistic) * 1e9) / 1e9)
}

/// Largest distance of ascending values from the uniform distribution.
fn uniform_distance(sorted: &[f64]) -> f64 {
    let n = sorted.len() as f64;
    let gap = |(i, p): (usize, &f64)| (p - i as f64 / n).max((i + 1) as f64 / n - p);
    sorted.iter().enumerate().map(gap).fold(0.0, f64::max)
}

/// Upper tail of Kolmogorov's distribution at `distance` of `values` values,
/// with Stephens' correction for small samples.
pub fn kolmogorov_p(distance: f64, values: usize) -> f64 {
    let root = libm::sqrt(values as f64);
    let x = (root + 0.12 + 0.11 / root) * distance;
    if x < 0.3 {
        return 1.0;
    }
    let term = |k: i32| {
        let k = f64::from(k);
        libm::exp(-(2.0 * k - 1.0) * (2.0 * k - 1.0) * PI * PI / (8.0 * x * x))
    };
    let below = libm::sqrt(2.0 * PI) / x * (1..=20).map(term).sum::<f64>();
    (1.0 - below).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_fit_have_their_published_values() {
        // Kolmogorov's 5 % and 1 % points, 1.358 and 1.628 (Smirnov 1948), in
        // the limit of many values.
        let n = 100_000_000;
        assert!((kolmogorov_p(1.3581 / 1e4, n) - 0.05).abs() < 1e-4);
        assert!((kolmogorov_p(1.6276 / 1e4, n) - 0.01).abs() < 1e-4);
        // A series that alternates has correlations -1, 1, ... less the ends.
        let alternating: Vec<f64> = (0..100).map(|i| f64::from(1 - 2 * (i % 2))).collect();
        let r = autocorrelation(&alternating, 2);
        assert!((r[0] + 0.99).abs() < 1e-12 && (r[1] - 0.98).abs() < 1e-12);
        assert!(ljung_box(&r, 100).unwrap() < 1e-9);
        assert!((normal_quantile(0.975) - 1.959_963_985).abs() < 1e-8);
    }
}
