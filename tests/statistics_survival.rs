//! Kaplan-Meier curves, quantiles and restricted means against lifelines and
//! published values.

use orchsim::ensemble::{Bound, Estimate, KaplanMeier, runway};
use proptest::prelude::*;
use serde_json::Value;

fn cases() -> Vec<Value> {
    let oracle: Value = serde_json::from_str(include_str!("oracle/survival.json")).unwrap();
    oracle["cases"].as_array().unwrap().clone()
}

fn runs(case: &Value) -> Vec<(f64, bool)> {
    serde_json::from_value(case["runs"].clone()).unwrap()
}

fn assert_close(value: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

/// The points and bands compared all have a runway censored before them, save
/// the first of the 6-MP arm.
#[test]
fn curve_and_band_agree_with_lifelines() {
    for case in cases() {
        let runs = runs(&case);
        let curve = KaplanMeier::new(&runs);
        for expected in case["points"].as_array().unwrap() {
            let day = expected["day"].as_f64().unwrap();
            let point = curve.at(day);
            assert_close(point.share, &expected["share"], 1e-12);
            let last_step = runs.iter().filter(|run| !run.1 && run.0 <= day).map(|run| run.0);
            let last_step = last_step.fold(0.0, f64::max);
            if runs.iter().any(|run| run.1 && run.0 < last_step) {
                assert_close(point.lo, &expected["lo"], 1e-9);
                assert_close(point.hi, &expected["hi"], 1e-9);
            }
        }
    }
}

#[test]
fn quantiles_agree_with_lifelines() {
    for case in cases() {
        let curve = KaplanMeier::new(&runs(&case));
        let censored_early = !case["points"].as_array().unwrap().is_empty();
        for expected in case["quantiles"].as_array().unwrap() {
            let share = expected["run_out"].as_f64().unwrap();
            let quantile = curve.quantile(share);
            assert_eq!(quantile.days, expected["days"].as_f64(), "{share} of {}", case["name"]);
            if censored_early && share > 0.1 {
                for (end, name) in [(quantile.lo, "lo"), (quantile.hi, "hi")] {
                    let expected = expected[name].as_f64();
                    assert_eq!(end.days(), expected, "{name}, {share} of {}", case["name"]);
                }
            }
        }
    }
}

/// Greenwood's variance of the restricted mean is the infinitesimal jackknife,
/// which the oracle takes from lifelines by numerical derivatives.
#[test]
fn restricted_mean_and_its_error_agree_with_lifelines() {
    // Two-sided 95 % quantiles of t with 20, 40 and 60 degrees of freedom.
    let t95 = [2.085_963_447_265_837, 2.021_075_390_306_273, 2.000_297_822_014_26];
    for (case, t95) in cases().iter().zip(t95) {
        let runs = runs(case);
        let n = runs.len() as f64;
        let mean = KaplanMeier::new(&runs).restricted_mean(case["horizon"].as_f64().unwrap());
        assert_close(mean.mean, &case["rmst"], 1e-9);
        let standard_error = (mean.mean - mean.lo) / t95 / (n / (n - 1.0)).sqrt();
        assert_close(standard_error, &case["rmst_jackknife_se"], 1e-6);
    }
}

/// Klein and Moeschberger, Survival Analysis (2nd ed.), table 4.1A: remission
/// on 6-MP. In week 6 three of 21 relapse and one is censored, who still counts
/// as at risk.
#[test]
fn ties_end_before_they_are_censored() {
    let curve = KaplanMeier::new(&runs(&cases()[0]));
    for (week, published) in
        [(6.0, 0.857), (7.0, 0.807), (10.0, 0.753), (13.0, 0.690), (22.0, 0.538), (23.0, 0.448)]
    {
        assert!((curve.at(week).share - published).abs() < 6e-4, "week {week}");
    }
    assert_eq!(curve.quantile(0.5).days, Some(23.0));
}

#[test]
fn a_finite_number_of_runways_never_gives_certainty() {
    let all_last: Vec<(f64, bool)> = vec![(90.0, true); 20];
    let point = KaplanMeier::new(&all_last).at(90.0);
    // Wilson: n / (n + z^2), z = 1.959964.
    assert_eq!((point.share, point.hi), (1.0, 1.0));
    assert!((point.lo - 20.0 / (20.0 + 3.841_458_820_694)).abs() < 1e-12);

    let none_last: Vec<(f64, bool)> = (1..=20).map(|day| (f64::from(day), false)).collect();
    let point = KaplanMeier::new(&none_last).at(20.0);
    assert_eq!((point.share, point.lo), (0.0, 0.0));
    assert!((point.hi - 3.841_458_820_694 / (20.0 + 3.841_458_820_694)).abs() < 1e-12);

    let last_of_few = [(1.0, true), (2.0, false), (3.0, true), (4.0, false)];
    let curve = KaplanMeier::new(&last_of_few);
    assert_eq!(curve.at(4.0).share, 0.0);
    assert_eq!(curve.at(4.0).hi, curve.at(3.0).hi);
    assert_eq!(curve.at(1.5).lo, Estimate::of_proportion(3, 3).lo);
}

/// Where all of n runways are longer (shorter) than the first (last) decile with a
/// probability of 0.9^n above 2.5 %, none of them bounds it from below (above).
#[test]
fn the_interval_of_a_decile_is_open_where_too_few_runways_bound_it() {
    let quantile = |count: u32, share: f64| {
        let runs: Vec<(f64, bool)> = (0..count).map(|i| (f64::from(100 + i), false)).collect();
        KaplanMeier::new(&runs).quantile(share)
    };
    let tenth = |count: u32| quantile(count, 0.1);
    assert_eq!((tenth(20).days, tenth(20).lo), (Some(101.0), Bound::BelowShortest(100.0)));
    assert_eq!(tenth(34).lo, Bound::BelowShortest(100.0));
    assert_eq!(tenth(35).lo, Bound::Days(100.0));
    assert_eq!(quantile(34, 0.9).hi, Bound::AboveLongest(133.0));
    assert_eq!(quantile(35, 0.9).hi, Bound::Days(134.0));
    // Neither end of the median of three that last is known.
    let lasting = KaplanMeier::new(&[(90.0, true); 3]).quantile(0.5);
    assert_eq!((lasting.lo, lasting.hi), (Bound::BelowShortest(90.0), Bound::AboveLongest(90.0)));
    assert_eq!(KaplanMeier::new(&[(90.0, true); 4]).quantile(0.5).lo, Bound::AboveLongest(90.0));
}

#[test]
fn censored_runways_give_no_bare_mean_and_quantiles_only_where_reached() {
    let runs = [(30.0, false), (60.0, false), (90.0, true), (90.0, true)];
    let runway = runway(&runs, 90.0);
    assert_eq!(runway.mean, None);
    assert_eq!(runway.censored_share, 0.5);
    assert_eq!(runway.p10.days, Some(30.0));
    assert_eq!(runway.p50.days, Some(60.0));
    assert_eq!(runway.p90.days, None);
    assert_eq!(runway.p90.hi, Bound::AboveLongest(90.0));
    assert_eq!(runway.restricted_mean.mean, 67.5);
}

#[test]
fn the_ninth_decile_is_reached_exactly_at_one_tenth() {
    let runs: Vec<(f64, bool)> = (1..=10).map(|day| (f64::from(day), day == 10)).collect();
    assert_eq!(KaplanMeier::new(&runs).quantile(0.9).days, Some(9.0));
}

#[test]
fn nothing_and_one_are_answered_without_a_panic() {
    assert!(runway(&[], 90.0).restricted_mean.mean.is_nan());
    assert_eq!(runway(&[], 90.0).p50.days, None);
    let one = runway(&[(12.0, false)], 90.0);
    for mean in [one.mean.unwrap(), one.restricted_mean] {
        assert_eq!((mean.mean, mean.interval()), (12.0, None));
    }
}

proptest! {
    /// With censoring at the horizon only, the curve is the share that lives,
    /// and the restricted mean the mean of the cut runways.
    #[test]
    fn censoring_at_the_horizon_leaves_plain_statistics(
        lives in prop::collection::vec(1u32..150, 2..60),
        day in 0u32..=90,
    ) {
        let runs: Vec<(f64, bool)> =
            lives.iter().map(|life| (f64::from((*life).min(90)), *life > 90)).collect();
        let curve = KaplanMeier::new(&runs);
        let alive = lives.iter().filter(|life| **life > day || (day == 90 && **life > 90)).count();
        let point = curve.at(f64::from(day));
        let share = Estimate::of_proportion(alive, lives.len());
        prop_assert_eq!((point.share, point.lo, point.hi), (share.mean, share.lo, share.hi));

        let cut: Vec<f64> = runs.iter().map(|run| run.0).collect();
        let plain = Estimate::of_mean(&cut);
        let restricted = curve.restricted_mean(90.0);
        prop_assert!((restricted.mean - plain.mean).abs() < 1e-9);
        prop_assert!((restricted.lo - plain.lo.max(0.0)).abs() < 1e-6);
        prop_assert!((restricted.hi - plain.hi.min(90.0)).abs() < 1e-6);
    }

    /// Whatever the censoring, the curve falls within its band; a single runway has none.
    #[test]
    fn the_curve_falls_and_stays_within_its_band(
        runs in prop::collection::vec((0u32..40, any::<bool>()), 0..60),
    ) {
        let runs: Vec<(f64, bool)> =
            runs.into_iter().map(|(day, censored)| (f64::from(day), censored)).collect();
        let curve = KaplanMeier::new(&runs);
        let mut before = 1.0;
        for day in 0..40 {
            let point = curve.at(f64::from(day));
            prop_assert!(point.share <= before);
            before = point.share;
            if runs.len() == 1 {
                prop_assert!(point.lo.is_nan() && point.hi.is_nan());
                continue;
            }
            prop_assert!(0.0 <= point.lo && point.lo <= point.share);
            prop_assert!(point.share <= point.hi && point.hi <= 1.0);
            prop_assert!(point.lo < point.hi);
        }
    }
}
