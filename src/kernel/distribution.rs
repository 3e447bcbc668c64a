/// A distribution of a non-negative quantity, by its usual name.
///
/// Every draw is the inverse distribution function of one uniform, so that two
/// runs that share the uniform share the draw.
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
                let below = std::iter::once(&0.0).chain(cumulative);
                let weights = cumulative.iter().zip(below).map(|(upper, lower)| upper - lower);
                values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
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
                Sampler::Lognormal { location, scale: libm::sqrt(variance) }
            }
            Distribution::Choice { values, cumulative } => {
                Sampler::Choice { values: values.clone(), cumulative: cumulative.clone() }
            }
        }
    }
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
    /// Lognormal: `exp(location + scale * z)`.
    Lognormal {
        /// Mean of the logarithm.
        location: f64,
        /// Standard deviation of the logarithm.
        scale: f64,
    },
    /// One of some values.
    Choice {
        /// The values.
        values: Vec<f64>,
        /// Their cumulative probabilities.
        cumulative: Vec<f64>,
    },
}

impl Sampler {
    /// Whether a draw would use its uniform.
    pub fn is_constant(&self) -> bool {
        matches!(self, Sampler::Constant(_))
    }

    /// The value at `uniform` in (0, 1).
    pub fn at(&self, uniform: f64) -> f64 {
        match self {
            Sampler::Constant(value) => *value,
            Sampler::Uniform { min, span } => min + span * uniform,
            Sampler::Exponential { mean } => -mean * libm::log(uniform),
            Sampler::Lognormal { location, scale } => {
                libm::exp(location + scale * standard_normal_quantile(uniform))
            }
            Sampler::Choice { values, cumulative } => {
                let index = cumulative.iter().position(|&upper| uniform <= upper);
                values[index.unwrap_or(values.len() - 1)]
            }
        }
    }
}

/// The standard normal quantile function, relative error about 1e-16: Wichura,
/// "Algorithm AS 241: the percentage points of the normal distribution",
/// Applied Statistics 37 (1988), routine PPND16.
pub fn standard_normal_quantile(p: f64) -> f64 {
    let horner = |coefficients: &[f64; 8], x: f64| {
        coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * horner(&CENTRE_NUMERATOR, r) / horner(&CENTRE_DENOMINATOR, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let magnitude = if r <= 5.0 {
        horner(&MIDDLE_NUMERATOR, r - 1.6) / horner(&MIDDLE_DENOMINATOR, r - 1.6)
    } else {
        horner(&FAR_NUMERATOR, r - 5.0) / horner(&FAR_DENOMINATOR, r - 5.0)
    };
    if q < 0.0 { -magnitude } else { magnitude }
}

const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_608,
    1.331_416_678_917_843_774_5e2,
    1.971_590_950_306_551_442_7e3,
    1.373_169_376_550_946_112_5e4,
    4.592_195_393_154_987_145_7e4,
    6.726_577_092_700_870_085_3e4,
    3.343_057_558_358_812_810_5e4,
    2.509_080_928_730_122_672_7e3,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    4.231_333_070_160_091_125_2e1,
    6.871_870_074_920_579_083e2,
    5.394_196_021_424_751_107_7e3,
    2.121_379_430_158_659_586_7e4,
    3.930_789_580_009_271_061e4,
    2.872_908_573_572_194_267_4e4,
    5.226_495_278_852_854_561e3,
];
const MIDDLE_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_577_34,
    4.630_337_846_156_545_295_9,
    5.769_497_221_460_691_405_5,
    3.647_848_324_763_204_605_04,
    1.270_458_252_452_368_382_58,
    2.417_807_251_774_506_117_7e-1,
    2.272_384_498_926_918_458_33e-2,
    7.745_450_142_783_414_076_4e-4,
];
const MIDDLE_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_758_821_87,
    1.676_384_830_183_803_849_4,
    6.897_673_349_851_000_045_5e-1,
    1.481_039_764_274_800_745_9e-1,
    1.519_866_656_361_645_719_66e-2,
    5.475_938_084_995_344_946e-4,
    1.050_750_071_644_416_843_24e-9,
];
const FAR_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103_777_2,
    5.463_784_911_164_114_369_9,
    1.784_826_539_917_291_335_8,
    2.965_605_718_285_048_912_3e-1,
    2.653_218_952_657_612_309_3e-2,
    1.242_660_947_388_078_438_6e-3,
    2.711_555_568_743_487_578_15e-5,
    2.010_334_399_292_288_132_65e-7,
];
const FAR_DENOMINATOR: [f64; 8] = [
    1.0,
    5.998_322_065_558_879_376_9e-1,
    1.369_298_809_227_358_053_1e-1,
    1.487_536_129_085_061_485_25e-2,
    7.868_691_311_456_132_591e-4,
    1.846_318_317_510_054_681_8e-5,
    1.421_511_758_316_445_888_7e-7,
    2.044_263_103_389_939_785_64e-15,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::StreamKey;
    use statrs::distribution::{ContinuousCDF, Exp, LogNormal, Normal};

    #[test]
    fn normal_quantile_inverts_the_normal_distribution() {
        let normal = Normal::new(0.0, 1.0).unwrap();
        for p in [1e-12, 1e-6, 0.001, 0.07, 0.0751, 0.3, 0.5, 0.9, 0.999, 1.0 - 1e-9] {
            let quantile = standard_normal_quantile(p);
            assert!((normal.inverse_cdf(p) - quantile).abs() < 1e-7 * quantile.abs().max(1.0));
        }
        // Published check values of AS 241.
        assert!((standard_normal_quantile(0.25) + 0.674_489_750_196_081_7).abs() < 1e-15);
        assert!((standard_normal_quantile(0.001) + 3.090_232_306_167_814).abs() < 1e-14);
    }

    /// Kolmogorov-Smirnov distance of `n` draws from a distribution function.
    fn ks_distance(sampler: &Sampler, n: usize, cdf: impl Fn(f64) -> f64) -> f64 {
        let mut draws = StreamKey::root(5).sequence();
        let mut values: Vec<f64> = (0..n).map(|_| sampler.at(draws.uniform())).collect();
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
        let n = 100_000;
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
    fn choice_has_its_mean_and_its_frequencies() {
        let choice = Distribution::Choice { values: vec![1.0, 10.0], cumulative: vec![0.75, 1.0] };
        assert_eq!(choice.mean(), 3.25);
        let sampler = choice.sampler();
        assert_eq!((sampler.at(0.74), sampler.at(0.76)), (1.0, 10.0));
    }
}
