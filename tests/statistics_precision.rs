//! The stopping rule, by simulation with known truth.

use orchsim::ensemble::{Estimate, looks, precise_enough};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};

#[test]
fn looks_double_up_to_the_cap() {
    assert_eq!(looks(20, 200), [20, 40, 80, 160, 200]);
    assert_eq!(looks(20, 160), [20, 40, 80, 160]);
    assert_eq!(looks(20, 20), [20]);
    assert_eq!(looks(20, 5), [5]);
}

/// Shares of many small ensembles in which the 95 % interval reported at the
/// stop covers the mean, and in which the mean is known to within `precision`.
fn coverage(
    truth: f64,
    precision: f64,
    cap: u32,
    mut runway: impl FnMut(&mut Xoshiro256PlusPlus) -> f64,
) -> (f64, f64) {
    const ENSEMBLES: u32 = 4_000;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let looks = looks(20, cap);
    let (mut covered, mut precise) = (0, 0);
    for _ in 0..ENSEMBLES {
        let mut samples = Vec::new();
        for look in &looks {
            samples.resize_with(*look as usize, || runway(&mut random));
            if precise_enough(&samples, precision, looks.len()) {
                break;
            }
        }
        let mean = Estimate::of_mean(&samples);
        covered += u32::from(mean.lo <= truth && truth <= mean.hi);
        precise += u32::from((mean.mean / truth - 1.0).abs() <= precision);
    }
    (f64::from(covered) / f64::from(ENSEMBLES), f64::from(precise) / f64::from(ENSEMBLES))
}

#[test]
fn the_interval_at_the_stop_covers_lognormal_runways() {
    for (cv, precision) in [(0.2f64, 0.05), (0.3, 0.05), (0.3, 0.1), (0.5, 0.05)] {
        let variance = (1.0 + cv * cv).ln();
        let runway = LogNormal::new(4.5, variance.sqrt()).unwrap();
        let truth = (4.5 + variance / 2.0).exp();
        let (covered, precise) = coverage(truth, precision, 4_000, |r| runway.sample(r));
        assert!((0.93..=0.97).contains(&covered), "cv {cv}, {precision}: {covered}");
        assert!(precise > 0.95, "cv {cv}, {precision}: {precise}");
    }
}

/// One future in ten runs out, at any time before a horizon of 90 days. Most
/// samples of 20 look exact: one in eight has no end at all in it.
#[test]
fn rare_ends_before_the_horizon_do_not_stop_early() {
    let (_, precise) = coverage(0.9 * 90.0 + 0.1 * 45.0, 0.05, 4_000, |random| {
        let u = random.random::<f64>();
        if u < 0.1 { 900.0 * u } else { 90.0 }
    });
    assert!(precise > 0.95, "{precise}");
}

#[test]
fn a_sample_without_variation_is_not_proof() {
    assert!(!precise_enough(&[90.0; 59], 0.05, 1));
    assert!(precise_enough(&[90.0; 60], 0.05, 1));
    assert!(!precise_enough(&[], 0.05, 1));
}
