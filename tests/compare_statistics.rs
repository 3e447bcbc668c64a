//! Paired differences against scipy, and what follows from them.

use orchsim::ensemble::{Better, Estimate};
use orchsim::experiment::{Change, Paired};
use serde_json::Value;

fn assert_close(value: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

#[test]
fn the_paired_interval_agrees_with_scipy() {
    let oracle: Value = serde_json::from_str(include_str!("oracle/paired.json")).unwrap();
    let values = |key: &str| serde_json::from_value::<Vec<f64>>(oracle[key].clone()).unwrap();
    let pairs: Vec<(f64, f64)> = values("base").into_iter().zip(values("variant")).collect();
    let paired = Paired::new(&pairs, Better::Higher, 3).unwrap();
    assert_close(paired.difference.mean, &oracle["mean"], 1e-12);
    assert_close(paired.difference.lo, &oracle["ci95"][0], 1e-6);
    assert_close(paired.difference.hi, &oracle["ci95"][1], 1e-6);
    assert_close(paired.joint.lo, &oracle["joint_of_3"][0], 1e-6);
    assert_close(paired.joint.hi, &oracle["joint_of_3"][1], 1e-6);
    assert_close(paired.correlation.unwrap(), &oracle["correlation"], 1e-12);
    assert_close(paired.variance_ratio.unwrap(), &oracle["variance_ratio"], 1e-12);
    assert_eq!((paired.pairs, paired.change), (12, Change::Changed));
}

#[test]
fn the_change_follows_the_joint_interval() {
    let change = |pairs: &[(f64, f64)], variants| {
        Paired::new(pairs, Better::Lower, variants).unwrap().change
    };
    assert_eq!(change(&[(1.0, 1.0), (2.0, 2.0)], 1), Change::Unchanged);
    assert_eq!(change(&[(1.0, 2.0), (2.0, 3.0)], 1), Change::Changed);
    assert_eq!(change(&[(1.0, 2.0), (2.0, 1.0)], 1), Change::NoClearChange);
    // One pair shows a difference, but not that it is more than chance.
    assert_eq!(change(&[(1.0, 2.0)], 1), Change::NoClearChange);
    assert_eq!(change(&[(1.0, 1.0)], 1), Change::Unchanged);
    // Differences 1, 1, 4: t = 2 with 2 degrees of freedom, below 4.303.
    assert_eq!(change(&[(0.0, 1.0), (0.0, 1.0), (0.0, 4.0)], 1), Change::NoClearChange);
    // Differences 3, 4, 5: t = 6.93, above 4.303 but below 7.65, which two
    // variants ask for.
    let three = [(0.0, 3.0), (0.0, 4.0), (0.0, 5.0)];
    assert_eq!(change(&three, 1), Change::Changed);
    assert_eq!(change(&three, 3), Change::NoClearChange);
    assert!(Paired::new(&[], Better::Lower, 1).is_none());
}

#[test]
fn a_tie_is_no_win() {
    let pairs = [(1.0, 2.0), (1.0, 2.0), (1.0, 1.0), (1.0, 1.0), (2.0, 1.0)];
    let win = |better| Paired::new(&pairs, better, 1).unwrap().win;
    assert_eq!(win(Better::Higher), Some(Estimate::of_proportion(2, 5)));
    assert_eq!(win(Better::Lower), Some(Estimate::of_proportion(1, 5)));
    assert_eq!(Paired::new(&pairs, Better::Neither, 1).unwrap().ties, 0.4);
    assert_eq!(win(Better::Neither), None);
}

#[test]
fn what_does_not_vary_has_no_correlation() {
    let flat = Paired::new(&[(0.1, 1.0), (0.1, 2.0), (0.1, 3.0)], Better::Lower, 1).unwrap();
    assert_eq!((flat.correlation, flat.variance_ratio), (None, Some(1.0)));
    let both = Paired::new(&[(0.1, 0.3); 3], Better::Lower, 1).unwrap();
    assert_eq!((both.correlation, both.variance_ratio), (None, None));
    assert_eq!(Paired::new(&[(0.0, 1.0); 3], Better::Lower, 1).unwrap().relative, None);
}
