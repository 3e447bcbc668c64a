//! Concentration indices against numpy and the inequality package.

use orchsim::ensemble::{Concentration, VarianceReduction, gini, hhi, lorenz, nakamoto, top_share};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn indices_agree_with_numpy() {
    let oracle: Value = serde_json::from_str(include_str!("oracle/concentration.json")).unwrap();
    for case in oracle["cases"].as_array().unwrap() {
        let amounts: Vec<f64> = serde_json::from_value(case["amounts"].clone()).unwrap();
        let close = |value: f64, key: &str| {
            let expected = case[key].as_f64().unwrap();
            assert!((value - expected).abs() < 1e-12, "{key} of {amounts:?}: {value}");
        };
        close(gini(&amounts), "gini");
        close(hhi(&amounts), "hhi");
        close(nakamoto(&amounts) as f64, "nakamoto");
        close(top_share(&amounts, 4), "top4");
        let expected: Vec<f64> = serde_json::from_value(case["lorenz"].clone()).unwrap();
        let curve = lorenz(&amounts);
        assert_eq!(curve.len(), expected.len());
        for ((_, held), expected) in curve.iter().zip(expected) {
            assert!((held - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn nobody_holding_anything_is_no_concentration() {
    for amounts in [&[][..], &[0.0, 0.0, 0.0]] {
        assert_eq!((gini(amounts), hhi(amounts), top_share(amounts, 4)), (0.0, 0.0, 0.0));
        assert_eq!(nakamoto(amounts), 0);
    }
    assert_eq!(lorenz(&[0.0, 0.0]), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)]);
}

#[test]
fn half_is_not_a_majority() {
    // Ten times 0.1 is not 1 in floats.
    assert_eq!(nakamoto(&[0.1; 10]), 6);
    assert_eq!(nakamoto(&[2.0, 1.0, 1.0]), 2);
    assert_eq!(nakamoto(&[1.0]), 1);
}

#[test]
fn concentration_is_taken_over_replications() {
    let fees = [vec![1.0, 0.0], vec![1.0, 1.0]];
    let concentration = Concentration::new(&fees, &[1.0, 3.0], VarianceReduction::None);
    // One has all: Gini 1/2, HHI 1. Even: 0 and 1/2.
    assert_eq!((concentration.gini.mean, concentration.hhi.mean), (0.25, 0.75));
    assert_eq!(concentration.nakamoto.mean, 1.5);
    assert_eq!(concentration.top1.mean, 0.75);
    assert_eq!(concentration.stake_gini, 0.25);
    assert_eq!(concentration.stake_lorenz, [(0.0, 0.0), (0.5, 0.25), (1.0, 1.0)]);
    assert!((concentration.lorenz[1].1 - 1.0 / 3.0).abs() < 1e-12);
}

/// Nobody has a share of nothing: a replication without fees is no even one.
#[test]
fn replications_without_fees_are_left_out() {
    let fees = [vec![1.0, 0.0], vec![0.0, 0.0], vec![1.0, 1.0]];
    for reduction in [VarianceReduction::None, VarianceReduction::Antithetic] {
        let concentration = Concentration::new(&fees, &[1.0, 3.0], reduction);
        assert_eq!((concentration.gini.mean, concentration.hhi.mean), (0.25, 0.75));
        assert_eq!(concentration.nakamoto.mean, 1.5);
    }
    let nothing = Concentration::new(&[vec![0.0, 0.0]], &[1.0, 3.0], VarianceReduction::None);
    assert_eq!((nothing.hhi.mean, nothing.nakamoto.mean), (0.0, 0.0));
}

#[test]
fn intervals_are_students_within_the_bounds_of_the_index() {
    // Gini 0.25 and 0.26: mean 0.255, standard error 0.005, t(.975, 1) = 12.706.
    let alike = Concentration::new(
        &[vec![0.75, 0.25], vec![0.76, 0.24]],
        &[1.0, 3.0],
        VarianceReduction::None,
    );
    assert!((alike.gini.hi - (0.255 + 12.706_204_736 * 0.005)).abs() < 1e-6);
    assert!((alike.gini.lo - (0.255 - 12.706_204_736 * 0.005)).abs() < 1e-6);
    // Gini 0.5 and 0: Student's interval would be -2.9 to 3.4.
    let apart =
        Concentration::new(&[vec![1.0, 0.0], vec![1.0, 1.0]], &[1.0, 3.0], VarianceReduction::None);
    assert_eq!((apart.gini.lo, apart.gini.hi), (0.0, 1.0));
    assert_eq!((apart.nakamoto.lo, apart.nakamoto.hi), (0.0, 2.0));
}

proptest! {
    #[test]
    fn indices_keep_their_bounds_and_gini_is_the_lorenz_area(
        amounts in prop::collection::vec(0u32..1000, 1..40),
        scale in 1e-6..1e6f64,
    ) {
        prop_assume!(amounts.iter().any(|amount| *amount > 0));
        let n = amounts.len() as f64;
        let amounts: Vec<f64> = amounts.into_iter().map(|a| f64::from(a) * scale).collect();
        let (gini, hhi) = (gini(&amounts), hhi(&amounts));
        prop_assert!(gini > -1e-12 && gini < 1.0 - 1.0 / n + 1e-12);
        prop_assert!(hhi > 1.0 / n - 1e-12 && hhi < 1.0 + 1e-12);

        let curve = lorenz(&amounts);
        let under: f64 =
            curve.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum();
        prop_assert!((gini - (1.0 - 2.0 * under)).abs() < 1e-9);

        let majority = nakamoto(&amounts);
        prop_assert!(top_share(&amounts, majority) > 0.5);
        prop_assert!(top_share(&amounts, majority - 1) < 0.5 + 1e-8);
    }

    /// Pigou-Dalton: a gift from richer to poorer lowers inequality.
    #[test]
    fn a_gift_to_the_poorer_lowers_gini_and_hhi(
        amounts in prop::collection::vec(1u32..1000, 2..30),
    ) {
        let mut amounts: Vec<f64> = amounts.into_iter().map(f64::from).collect();
        amounts.sort_by(f64::total_cmp);
        let last = amounts.len() - 1;
        let gap = amounts[last] - amounts[0];
        prop_assume!(gap > 0.0);
        let before = (gini(&amounts), hhi(&amounts));
        amounts[last] -= gap / 4.0;
        amounts[0] += gap / 4.0;
        prop_assert!(gini(&amounts) < before.0 && hhi(&amounts) < before.1);
    }
}
