//! Means, proportions and quantiles over replications, and their intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Estimate, Quantiles};

/// Two-sided 95 % quantile of the normal distribution.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

impl Estimate {
    /// Mean of independent samples with its 95 % Student t interval.
    ///
    /// A single sample says nothing of its spread: it has no interval. Of no
    /// samples everything is NaN.
    pub fn of_mean(samples: &[f64]) -> Estimate {
        MeanAndError::of(samples).interval(0.05)
    }

    /// A mean without an interval.
    pub fn without_interval(mean: f64) -> Estimate {
        Estimate { mean, lo: f64::NAN, hi: f64::NAN }
    }

    /// Both ends of the interval, where there is one.
    pub fn interval(&self) -> Option<(f64, f64)> {
        (!self.lo.is_nan() && !self.hi.is_nan()).then_some((self.lo, self.hi))
    }

    /// The same with an interval cut to `least` and `most`, which what is
    /// estimated cannot leave.
    pub fn within(self, least: f64, most: f64) -> Estimate {
        match self.interval() {
            Some((lo, hi)) => Estimate { lo: lo.max(least), hi: hi.min(most), ..self },
            None => self,
        }
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
        Estimate::of_dependent_proportion(score / trials as f64, trials as f64)
    }

    /// Share of `hits` among the members of `pairs` pairs, in `both` of which
    /// both hit, with its 95 % Wilson interval. Only pairs are independent: the
    /// interval is that of as many independent trials as give the share the
    /// variance it has between pairs (Korn and Graubard 1998). It claims no more
    /// trials than there are members, nor fewer than pairs; that many where the
    /// pairs do not differ.
    pub fn of_paired_proportion(hits: usize, both: usize, pairs: usize) -> Estimate {
        if pairs == 0 {
            return Estimate::of_proportion(0, 0);
        }
        let n = pairs as f64;
        let share = hits as f64 / (2.0 * n);
        // A pair scores 1 where both hit, and a half where one does.
        let squares = both as f64 + hits.saturating_sub(2 * both) as f64 / 4.0;
        let variance = (squares / n - share * share) / (n - 1.0);
        let trials = share * (1.0 - share) / variance;
        let trials = if variance > 0.0 { trials.clamp(n, 2.0 * n) } else { n };
        Estimate::of_dependent_proportion(share, trials)
    }

    /// A share of trials that depend on each other, and are worth so many
    /// independent ones (more than 0, not necessarily whole), with the 95 % Wilson
    /// interval of that many.
    pub fn of_dependent_proportion(share: f64, independent: f64) -> Estimate {
        let n = independent;
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
    /// order statistics. All 0 of no samples.
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

/// A quantile of ascending values (type 7 of Hyndman and Fan 1996); 0 of none.
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let position = probability * last as f64;
    let below = (position as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// A mean and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanAndError {
    /// The mean.
    pub mean: f64,
    /// Its standard error; 0 for fewer than two samples, which do not show it.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub freedom: usize,
}

impl MeanAndError {
    /// Of independent samples.
    pub fn of(samples: &[f64]) -> MeanAndError {
        let n = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / n;
        if samples.len() < 2 {
            return MeanAndError { mean, standard_error: 0.0, freedom: 0 };
        }
        let squares: f64 = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum();
        let standard_error = libm::sqrt(squares / (n - 1.0) / n);
        MeanAndError { mean, standard_error, freedom: samples.len() - 1 }
    }

    /// The Student t interval that misses the mean with probability `alpha`; none
    /// without a degree of freedom.
    pub fn interval(&self, alpha: f64) -> Estimate {
        if self.freedom == 0 {
            return Estimate::without_interval(self.mean);
        }
        let half = student_t(alpha, self.freedom) * self.standard_error;
        Estimate { mean: self.mean, lo: self.mean - half, hi: self.mean + half }
    }
}

/// Two-sided quantile of Student's t: `|t|` is larger with probability `alpha`.
/// 0 for no degree of freedom.
pub(super) fn student_t(alpha: f64, freedom: usize) -> f64 {
    if freedom == 0 {
        return 0.0;
    }
    let quantile =
        StudentsT::new(0.0, 1.0, freedom as f64).map_or(0.0, |t| t.inverse_cdf(1.0 - alpha / 2.0));
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
            let t = student_t(case["alpha"].as_f64().unwrap(), freedom);
            assert!((t / expected - 1.0).abs() < 5e-6, "{case}: {t}");
        }
    }
}
