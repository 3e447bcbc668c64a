//! Means, proportions and quantiles over replications, and their intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Estimate, Quantiles};

/// Two-sided 95 % quantile of the normal distribution.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

impl Estimate {
    /// Mean of independent samples with its 95 % Student t interval.
    ///
    /// A single sample says nothing of its spread: its interval has no width,
    /// and the reader has to be warned. Of no samples everything is NaN.
    pub fn of_mean(samples: &[f64]) -> Estimate {
        let (mean, standard_error) = mean_and_standard_error(samples);
        let half = student_t(0.05, samples.len()) * standard_error;
        Estimate { mean, lo: mean - half, hi: mean + half }
    }

    /// The same with an interval cut to `least` and `most`, which what is
    /// estimated cannot leave.
    pub fn within(self, least: f64, most: f64) -> Estimate {
        Estimate { lo: self.lo.max(least), hi: self.hi.min(most), ..self }
    }

    /// Share of `hits` among `trials` with its 95 % Wilson score interval
    /// (Wilson 1927), which has a width even where all or none hit. Without
    /// trials the share is NaN and the interval the whole of 0 to 1.
    pub fn of_proportion(hits: usize, trials: usize) -> Estimate {
        Estimate::of_score(hits as f64, trials)
    }

    /// The same where a trial may score between 0 and 1, such as a half for a
    /// tie; `score` is the sum, at most `trials`.
    pub fn of_score(score: f64, trials: usize) -> Estimate {
        if trials == 0 {
            return Estimate { mean: f64::NAN, lo: 0.0, hi: 1.0 };
        }
        let n = trials as f64;
        let share = score / n;
        let z2 = Z95 * Z95;
        let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let spread = share * (1.0 - share) / n + z2 / (4.0 * n * n);
        let half = Z95 / (1.0 + z2 / n) * libm::sqrt(spread);
        // At the ends the algebra gives 0 and 1 exactly, the floats do not.
        let lo = if share == 0.0 { 0.0 } else { centre - half };
        let hi = if share == 1.0 { 1.0 } else { centre + half };
        Estimate { mean: share, lo, hi }
    }
}

impl Quantiles {
    /// Quantiles of samples in ascending order, interpolated linearly between
    /// order statistics (type 7 of Hyndman and Fan 1996). All 0 of no samples.
    pub fn of_sorted(sorted: &[f64]) -> Quantiles {
        Quantiles {
            p05: quantile(sorted, 0.05),
            p25: quantile(sorted, 0.25),
            p50: quantile(sorted, 0.5),
            p75: quantile(sorted, 0.75),
            p95: quantile(sorted, 0.95),
        }
    }
}

fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let position = probability * last as f64;
    let below = (position as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// The mean and its standard error, which is 0 for fewer than two samples.
pub(crate) fn mean_and_standard_error(samples: &[f64]) -> (f64, f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    if samples.len() < 2 {
        return (mean, 0.0);
    }
    let squares: f64 = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum();
    (mean, libm::sqrt(squares / (n - 1.0) / n))
}

/// Two-sided quantile of Student's t for a mean of `samples`: `|t|` is larger
/// with probability `alpha`. 0 for fewer than two samples.
pub(crate) fn student_t(alpha: f64, samples: usize) -> f64 {
    if samples < 2 {
        return 0.0;
    }
    let quantile = StudentsT::new(0.0, 1.0, (samples - 1) as f64)
        .map_or(0.0, |t| t.inverse_cdf(1.0 - alpha / 2.0));
    // statrs calls the platform's ln and exp, which differ in the last bits:
    // rounded, results are the same bytes everywhere.
    libm::round(quantile * 1e6) / 1e6
}

#[cfg(test)]
mod tests {
    use super::student_t;

    #[test]
    fn t_quantiles_agree_with_scipy() {
        let oracle = include_str!("../../tests/oracle/interval.json");
        let oracle: serde_json::Value = serde_json::from_str(oracle).unwrap();
        for case in oracle["t"].as_array().unwrap() {
            let freedom = case["freedom"].as_u64().unwrap() as usize;
            let expected = case["t"].as_f64().unwrap();
            let t = student_t(case["alpha"].as_f64().unwrap(), freedom + 1);
            assert!((t / expected - 1.0).abs() < 5e-6, "{case}: {t}");
        }
    }
}
