//! The stopping rule, by simulation with known truth.

use orchsim::ensemble::{Estimate, MeanAndError, looks, observations_for, precise_enough};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Normal};

#[test]
fn looks_come_a_tenth_apart_up_to_the_cap() {
    assert_eq!(looks(0.15, 30), [20, 22, 24, 26, 28, 30]);
    // Rule of three: 3 / 0.02.
    assert_eq!(looks(0.02, 200), [150, 165, 181, 199, 200]);
    assert_eq!(looks(0.02, 150), [150]);
    assert_eq!(looks(0.02, 5), [5]);
    assert_eq!(looks(1e-300, 5), [5]);
}

/// By tables of t: 12.706 at one degree of freedom, 4.303 at two, 3.182 at three, 2.093
/// at 19, 1.9939 at 71 and 1.9935 at 72.
#[test]
fn few_observations_need_few_more_since_t_falls() {
    // 19 % with two: s = 0.19 sqrt(2) / 12.706 = 0.02115, so that three give 5.25 % and
    // four 3.4 %. Scaled as if t were constant it would be 29.
    assert_eq!(observations_for(2, 0, 0.19 / 0.05, 1_000), Some(4));
    assert_eq!(observations_for(2, 0, 0.19 / 0.0525, 1_000), Some(4));
    assert_eq!(observations_for(2, 0, 0.19 / 0.0526, 1_000), Some(3));
    // 2.093 / sqrt(20) / 2 = 0.2340: 72 give 0.2350 and 73 give 0.2333.
    assert_eq!(observations_for(20, 0, 2.0, 1_000), Some(73));
    // A control takes a degree of freedom: 2.101 / sqrt(20) / 2 = 0.2349, which 73 give
    // with 1.9939.
    assert_eq!(observations_for(20, 1, 2.0, 1_000), Some(73));
    assert_eq!(observations_for(20, 0, 2.0, 72), None);
}

/// What becomes of many small ensembles.
#[derive(Debug)]
struct Shares {
    /// The 95 % interval reported at the stop covers the mean.
    covered: f64,
    /// The mean is known to within the precision.
    precise: f64,
    /// Mean size of an ensemble.
    size: f64,
}

fn ensembles(
    truth: f64,
    precision: f64,
    mut runway: impl FnMut(&mut Xoshiro256PlusPlus) -> f64,
) -> Shares {
    const ENSEMBLES: u32 = 4_000;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let looks = looks(precision, 20_000);
    let mut shares = Shares { covered: 0.0, precise: 0.0, size: 0.0 };
    for _ in 0..ENSEMBLES {
        let mut samples = Vec::new();
        for look in &looks {
            samples.resize_with(*look as usize, || runway(&mut random));
            if precise_enough(&MeanAndError::of(&samples), samples.len(), precision) {
                break;
            }
        }
        let mean = Estimate::of_mean(&samples);
        shares.covered += f64::from(u8::from(mean.lo <= truth && truth <= mean.hi));
        shares.precise += f64::from(u8::from((mean.mean / truth - 1.0).abs() <= precision));
        shares.size += samples.len() as f64;
    }
    let n = f64::from(ENSEMBLES);
    Shares { covered: shares.covered / n, precise: shares.precise / n, size: shares.size / n }
}

/// The interval at the stop covers in 93 to 97 of 100 ensembles (the standard
/// error of the share is 0.35 points), the precision is kept in as many or more,
/// and the ensembles are little larger than one of known variance would be.
fn assert_valid(name: &str, truth: f64, deviation: f64, precision: f64, shares: &Shares) {
    assert!((0.93..=0.97).contains(&shares.covered), "{name}, {precision}: {shares:?}");
    assert!(shares.precise >= 0.94, "{name}, {precision}: {shares:?}");
    let ideal = (1.96 * deviation / truth / precision).powi(2).max(3.0 / precision).max(20.0);
    assert!((0.95..=1.2).contains(&(shares.size / ideal)), "{name}, {ideal}: {shares:?}");
}

#[test]
fn normal_runways_are_covered_at_little_more_than_the_least_size() {
    for (cv, precision) in [(0.1, 0.05), (0.2, 0.05), (0.3, 0.05), (0.3, 0.02), (0.5, 0.1)] {
        let runway = Normal::new(90.0, 90.0 * cv).unwrap();
        let shares = ensembles(90.0, precision, |random| runway.sample(random));
        assert_valid("normal", 90.0, 90.0 * cv, precision, &shares);
    }
}

#[test]
fn lognormal_runways_are_covered_at_little_more_than_the_least_size() {
    for (cv, precision) in [(0.2f64, 0.05), (0.3, 0.05), (0.5, 0.1), (0.5, 0.05), (1.0, 0.05)] {
        let variance = (1.0 + cv * cv).ln();
        let runway = LogNormal::new(4.5, variance.sqrt()).unwrap();
        let truth = (4.5 + variance / 2.0).exp();
        let shares = ensembles(truth, precision, |random| runway.sample(random));
        assert_valid("lognormal", truth, truth * cv, precision, &shares);
    }
}

/// Exponential runways cut at a horizon of `cut` times their mean: mean and
/// variance follow by integration.
#[test]
fn censored_runways_are_covered_at_little_more_than_the_least_size() {
    for (cut, precision) in [(0.5f64, 0.05), (1.0, 0.05), (1.0, 0.1), (2.0, 0.05)] {
        let left = (-cut).exp();
        let truth = 1.0 - left;
        let deviation = (1.0 - 2.0 * cut * left - left * left).sqrt();
        let shares =
            ensembles(truth, precision, |random| cut.min(-(1.0 - random.random::<f64>()).ln()));
        assert_valid("censored", truth, deviation, precision, &shares);
    }
}

/// One future in ten runs out, at any time before a horizon of 90 days. Most
/// samples of 20 look exact: one in eight has no end at all in it.
#[test]
fn rare_ends_before_the_horizon_do_not_stop_early() {
    let shares = ensembles(0.9 * 90.0 + 0.1 * 45.0, 0.05, |random| {
        let u = random.random::<f64>();
        if u < 0.1 { 900.0 * u } else { 90.0 }
    });
    assert!(shares.precise > 0.95, "{shares:?}");
}

#[test]
fn a_sample_without_variation_is_not_proof() {
    let enough = |samples: &[f64]| precise_enough(&MeanAndError::of(samples), samples.len(), 0.05);
    assert!(!enough(&[90.0; 59]));
    assert!(enough(&[90.0; 60]));
    assert!(!enough(&[]));
}
