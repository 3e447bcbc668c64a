use std::f64::consts::LOG2_E;

use super::StreamKey;

/// A distribution of a non-negative quantity, by its usual name.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same value.
    Constant(f64),
    /// Even between two bounds.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Lognormal, by its own mean and coefficient of variation.
    Lognormal {
        /// Mean of the variable, not of its logarithm.
        mean: f64,
        /// Standard deviation over mean.
        cv: f64,
    },
    /// One of some values.
    Choice {
        /// The values.
        values: Vec<f64>,
        /// Cumulative probabilities of the values; the last is 1.
        cumulative: Vec<f64>,
    },
}

impl Distribution {
    /// The mean.
    pub fn mean(&self) -> f64 {
        match self {
            Distribution::Constant(value) => *value,
            Distribution::Uniform { min, max } => (min + max) / 2.0,
            Distribution::Exponential { mean } | Distribution::Lognormal { mean, .. } => *mean,
            Distribution::Choice { values, cumulative } => {
                weighted(values, cumulative).map(|(value, weight)| value * weight).sum()
            }
        }
    }

    /// The mean of the square.
    pub fn mean_square(&self) -> f64 {
        match self {
            Distribution::Constant(value) => value * value,
            Distribution::Uniform { min, max } => (min * min + min * max + max * max) / 3.0,
            Distribution::Exponential { mean } => 2.0 * mean * mean,
            Distribution::Lognormal { mean, cv } => mean * mean * (1.0 + cv * cv),
            Distribution::Choice { values, cumulative } => {
                weighted(values, cumulative).map(|(value, weight)| value * value * weight).sum()
            }
        }
    }

    /// Ready for drawing: constants that depend on the parameters are worked
    /// out once.
    pub fn sampler(&self) -> Sampler {
        match self {
            Distribution::Constant(value) => Sampler::Constant(*value),
            Distribution::Uniform { min, max } => Sampler::Uniform { min: *min, span: max - min },
            Distribution::Exponential { mean } => Sampler::Exponential { mean: *mean },
            Distribution::Lognormal { mean, cv } => {
                let variance = libm::log1p(cv * cv);
                let location = libm::log(*mean) - variance / 2.0;
                let (location, scale) = (location * LOG2_E, libm::sqrt(variance) * LOG2_E);
                Sampler::Lognormal { location, scale }
            }
            Distribution::Choice { values, cumulative } => {
                Sampler::Choice(cumulative.iter().copied().zip(values.iter().copied()).collect())
            }
        }
    }
}

/// Values with their probabilities.
fn weighted(values: &[f64], cumulative: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    let below = std::iter::once(&0.0).chain(cumulative);
    let weights = cumulative.iter().zip(below).map(|(upper, lower)| upper - lower);
    values.iter().copied().zip(weights)
}

/// A [`Distribution`] ready for drawing.
#[derive(Clone, Debug)]
pub enum Sampler {
    /// Always the same value.
    Constant(f64),
    /// Even from `min` to `min + span`.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound less lower bound.
        span: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Lognormal: `2^(location + scale * z)`, base 2 because that power is
    /// cheaper.
    Lognormal {
        /// Mean of the logarithm to base 2.
        location: f64,
        /// Standard deviation of the logarithm to base 2.
        scale: f64,
    },
    /// One of some values, each behind its cumulative probability.
    Choice(Box<[(f64, f64)]>),
}

impl Sampler {
    /// The draw of number `index` of a stream.
    #[inline(always)]
    pub fn draw(&self, key: StreamKey, index: u64) -> f64 {
        match self {
            Sampler::Constant(value) => *value,
            Sampler::Uniform { min, span } => min + span * key.uniform(index),
            Sampler::Exponential { mean } => mean * key.exponential(index),
            Sampler::Lognormal { location, scale } => {
                libm::exp2(location + scale * key.normal(index))
            }
            Sampler::Choice(choices) => {
                let uniform = key.uniform(index);
                let place = choices.iter().position(|&(upper, _)| uniform <= upper);
                choices[place.unwrap_or(choices.len() - 1)].1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::StreamKey;
    use statrs::distribution::{ContinuousCDF, Exp, LogNormal, Normal};

    #[test]
    fn normal_draws_follow_the_normal_distribution_into_the_tail() {
        let n = 4_000_000;
        let key = StreamKey::root(8);
        let normal = Normal::new(0.0, 1.0).unwrap();
        // Tail counts are Poisson: within 3.5 standard deviations.
        for edge in [1.0, 2.5, 3.654, 4.2] {
            let beyond = (0..n).filter(|&index| key.normal(index) > edge).count() as f64;
            let expected = n as f64 * normal.sf(edge);
            assert!((beyond - expected).abs() < 3.5 * expected.sqrt(), "{edge}: {beyond}");
        }
    }

    /// Kolmogorov-Smirnov distance of `n` draws from a distribution function.
    fn ks_distance(sampler: &Sampler, n: usize, cdf: impl Fn(f64) -> f64) -> f64 {
        let key = StreamKey::root(5);
        let mut values: Vec<f64> = (0..n as u64).map(|index| sampler.draw(key, index)).collect();
        values.sort_by(f64::total_cmp);
        let gap = |(i, &value): (usize, &f64)| {
            let f = cdf(value);
            (f - i as f64 / n as f64).max((i + 1) as f64 / n as f64 - f)
        };
        values.iter().enumerate().map(gap).fold(0.0, f64::max)
    }

    #[test]
    fn draws_follow_their_distribution() {
        // Critical distance at a false-alarm rate of 0.001: 1.95 / sqrt(n).
        let n = 1_000_000;
        let critical = 1.95 / (n as f64).sqrt();
        let exponential = Distribution::Exponential { mean: 3.0 }.sampler();
        let reference = Exp::new(1.0 / 3.0).unwrap();
        assert!(ks_distance(&exponential, n, |x| reference.cdf(x)) < critical);
        let (mean, cv) = (2.0, 0.7f64);
        let sigma2 = (1.0 + cv * cv).ln();
        let lognormal = Distribution::Lognormal { mean, cv }.sampler();
        let reference = LogNormal::new(mean.ln() - sigma2 / 2.0, sigma2.sqrt()).unwrap();
        assert!(ks_distance(&lognormal, n, |x| reference.cdf(x)) < critical);
    }

    #[test]
    fn squares_have_the_mean_stated() {
        let (n, key) = (400_000, StreamKey::root(7));
        let choice = Distribution::Choice { values: vec![1.0, 3.0], cumulative: vec![0.75, 1.0] };
        for (distribution, stated) in [
            (Distribution::Constant(3.0), 9.0),
            (Distribution::Uniform { min: 1.0, max: 3.0 }, 13.0 / 3.0),
            (Distribution::Exponential { mean: 2.0 }, 8.0),
            (Distribution::Lognormal { mean: 2.0, cv: 0.5 }, 5.0),
            (choice, 3.0),
        ] {
            assert!((distribution.mean_square() - stated).abs() < 1e-12, "{distribution:?}");
            // Standard errors of a per cent at most.
            let sampler = distribution.sampler();
            let squares = (0..n).map(|index| sampler.draw(key, index).powi(2)).sum::<f64>();
            assert!((squares / n as f64 / stated - 1.0).abs() < 0.03, "{distribution:?}");
        }
    }

    #[test]
    fn choice_has_its_mean_and_its_frequencies() {
        let choice = Distribution::Choice { values: vec![1.0, 10.0], cumulative: vec![0.75, 1.0] };
        assert_eq!(choice.mean(), 3.25);
        let sampler = choice.sampler();
        let n = 100_000;
        let key = StreamKey::root(6);
        let tens = (0..n).filter(|&index| sampler.draw(key, index) == 10.0).count();
        // Standard deviation of the share: sqrt(0.75 * 0.25 / n).
        assert!((tens as f64 / n as f64 - 0.25).abs() < 3.5 * (0.1875 / n as f64).sqrt());
    }
}
