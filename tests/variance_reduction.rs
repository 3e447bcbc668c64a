//! What pairs and control variates make of given values.

use orchsim::ensemble::{Controls, Estimate, KaplanMeier, MeanAndError, VarianceReduction};
use proptest::prelude::*;

const PAIRS: VarianceReduction = VarianceReduction::Antithetic;

fn assert_close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{a} is not {b}");
}

#[test]
fn pairs_are_observations() {
    let of = |values: [Option<f64>; 6]| PAIRS.observations(values.into_iter());
    let whole = [1.0, 3.0, 10.0, 20.0, 0.0, 2.0].map(Some);
    assert_eq!(of(whole), [2.0, 15.0, 1.0]);
    // A ratio of sums to counts: mean 34 / 5, and by hand 6.8 + (sum - 6.8 x
    // count) / (5 / 3).
    let one_missing = [Some(1.0), Some(3.0), Some(10.0), Some(20.0), None, Some(0.0)];
    let expected = [6.8 + (4.0 - 13.6) * 0.6, 6.8 + (30.0 - 13.6) * 0.6, 6.8 - 6.8 * 0.6];
    of(one_missing)
        .iter()
        .zip(expected)
        .for_each(|(value, expected)| assert_close(*value, expected));
    let pair_missing = [Some(1.0), Some(3.0), None, None, Some(0.0), Some(2.0)];
    assert_eq!(of(pair_missing), [2.0, 1.0]);
    assert_eq!(VarianceReduction::Control.observations(pair_missing.into_iter()).len(), 4);
}

#[test]
fn a_share_of_pairs_counts_between_pairs_and_members() {
    let share = |hits: [bool; 8]| PAIRS.proportion(hits.into_iter());
    let (y, n) = (true, false);
    // Twins that are alike are one trial each.
    assert_eq!(share([y, y, n, n, y, y, n, n]), Estimate::of_proportion(2, 4));
    assert_eq!(share([y; 8]), Estimate::of_proportion(4, 4));
    // Twins that never both hit tell no less than independent members.
    assert_eq!(share([y, n, y, n, n, n, n, n]), Estimate::of_proportion(2, 8));
    // Half of each pair: no variance to count trials by.
    assert_eq!(share([y, n, n, y, y, n, n, y]), Estimate::of_proportion(2, 4));
}

#[test]
fn paired_runways_have_the_plain_curve_and_a_wider_band_where_twins_are_alike() {
    let alike: Vec<(f64, bool)> = (0..40)
        .map(|i| (f64::from(i / 2), i >= 36))
        .map(|(d, c)| if c { (30.0, c) } else { (d, c) })
        .collect();
    let single: Vec<(f64, bool)> = alike.iter().copied().step_by(2).collect();
    let (pairs, plain) = (KaplanMeier::of_pairs(&alike), KaplanMeier::new(&alike));
    let independent = KaplanMeier::new(&single);
    for day in 0..30 {
        let day = f64::from(day);
        assert_eq!(pairs.at(day).share, plain.at(day).share);
        assert_close(pairs.at(day).lo, independent.at(day).lo);
        assert_close(pairs.at(day).hi, independent.at(day).hi);
    }
    let quantile = pairs.quantile(0.5);
    assert_eq!(quantile, independent.quantile(0.5));
    assert!(quantile.lo < plain.quantile(0.5).lo && quantile.hi > plain.quantile(0.5).hi);
}

proptest! {
    /// An adjusted observation is the plain one less the slope of the line
    /// through all others times its control.
    #[test]
    fn coefficients_are_fitted_to_the_others(
        points in prop::collection::vec((-10.0f64..10.0, -10.0f64..10.0), 20..40)
    ) {
        let (control, values): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let controls = Controls::of_columns(vec![control]);
        prop_assert_eq!(controls.count(), 1);
        for (i, (adjusted, &(c, y))) in controls.adjusted(&values).iter().zip(&points).enumerate() {
            let others = points.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, p)| p);
            let n = (points.len() - 1) as f64;
            let (sum_c, sum_y) = others.clone().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
            let (mean_c, mean_y) = (sum_c / n, sum_y / n);
            let covariance: f64 = others.clone().map(|p| (p.0 - mean_c) * (p.1 - mean_y)).sum();
            let variance: f64 = others.map(|p| (p.0 - mean_c).powi(2)).sum();
            let expected = y - covariance / variance * c;
            prop_assert!((adjusted - expected).abs() < 1e-6, "{} is not {}", adjusted, expected);
        }
    }
}

#[test]
fn controls_that_explain_everything_leave_no_variance() {
    let control: Vec<f64> = (0..40).map(|i| f64::from(i * 37 % 40) - 19.5).collect();
    let squares: Vec<f64> = control.iter().map(|c| c * c - 133.25).collect();
    let values: Vec<f64> = control.iter().zip(&squares).map(|(c, s)| 7.0 + 2.0 * c - s).collect();
    let controls = Controls::of_columns(vec![control.clone(), squares]);
    let mean = controls.mean(&values);
    assert_close(mean.mean, 7.0);
    assert!(mean.standard_error < 1e-9, "{mean:?}");
    assert_eq!(mean.freedom, 37);
    // One that repeats another, and one that does not vary, is left out.
    let doubled: Vec<f64> = control.iter().map(|c| 2.0 * c).collect();
    assert_eq!(Controls::of_columns(vec![control.clone(), doubled]).count(), 1);
    assert_eq!(Controls::of_columns(vec![vec![0.0; 40], control.clone()]).count(), 1);
    // Too few observations to fit anything to: as they are.
    let few = Controls::of_columns(vec![control[..19].to_vec()]);
    assert_eq!(few.count(), 0);
    assert_eq!(few.mean(&values[..19]), MeanAndError::of(&values[..19]));
}
