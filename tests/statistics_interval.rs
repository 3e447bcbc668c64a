//! Means, proportions and quantiles against scipy and numpy.

use orchsim::ensemble::{Estimate, Quantiles};
use serde_json::Value;

fn oracle() -> Value {
    serde_json::from_str(include_str!("oracle/interval.json")).unwrap()
}

fn assert_close(value: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

#[test]
fn mean_interval_agrees_with_scipy() {
    let expected = &oracle()["mean"];
    let samples: Vec<f64> = serde_json::from_value(expected["samples"].clone()).unwrap();
    let mean = Estimate::of_mean(&samples);
    assert_close(mean.mean, &expected["mean"], 1e-12);
    assert_close(mean.lo, &expected["lo"], 1e-5);
    assert_close(mean.hi, &expected["hi"], 1e-5);
}

#[test]
fn wilson_interval_agrees_with_scipy() {
    for expected in oracle()["wilson"].as_array().unwrap() {
        let hits = expected["hits"].as_u64().unwrap() as usize;
        let share = Estimate::of_proportion(hits, expected["trials"].as_u64().unwrap() as usize);
        assert_close(share.lo, &expected["lo"], 1e-12);
        assert_close(share.hi, &expected["hi"], 1e-12);
    }
}

#[test]
fn quantiles_agree_with_numpy() {
    let expected = &oracle()["quantiles"];
    let sorted: Vec<f64> = serde_json::from_value(expected["sorted"].clone()).unwrap();
    let q = Quantiles::of_sorted(&sorted);
    for (value, expected) in
        [q.p05, q.p25, q.p50, q.p75, q.p95].iter().zip(expected["values"].as_array().unwrap())
    {
        assert_close(*value, expected, 1e-12);
    }
}

#[test]
fn few_or_no_samples_have_defined_answers() {
    let one = Estimate::of_mean(&[3.0]);
    assert_eq!((one.mean, one.interval()), (3.0, None));
    // Nor has it one where what cannot be is cut off.
    assert_eq!(one.within(0.0, 1.0).interval(), None);
    assert!(Estimate::of_mean(&[]).mean.is_nan());
    let nothing = Estimate::of_proportion(0, 0);
    assert!(nothing.mean.is_nan());
    assert_eq!((nothing.lo, nothing.hi), (0.0, 1.0));
    assert_eq!(Quantiles::of_sorted(&[]), Quantiles::default());
    assert_eq!(Quantiles::of_sorted(&[7.0]).p95, 7.0);
}
