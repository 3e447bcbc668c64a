//! The latency histogram against sorted samples.

use orchsim::kernel::LatencyHistogram;
use proptest::prelude::*;

fn recorded(latencies: &[u64]) -> LatencyHistogram {
    let mut histogram = LatencyHistogram::default();
    for latency in latencies {
        histogram.record(*latency);
    }
    histogram
}

/// Latencies of every magnitude from 100 microseconds to 10^6 seconds.
fn latency() -> impl Strategy<Value = u64> {
    (5.0..15.0f64).prop_map(|exponent| 10f64.powf(exponent) as u64)
}

proptest! {
    #[test]
    fn quantiles_are_within_one_percent_of_the_order_statistic(
        mut latencies in prop::collection::vec(latency(), 1..200),
        rank in any::<prop::sample::Index>(),
    ) {
        let histogram = recorded(&latencies);
        latencies.sort_unstable();
        let n = latencies.len();
        let index = rank.index(n);
        // In the middle between two ranks, so that rounding cannot matter.
        let quantile = histogram.quantile((index as f64 + 0.5) / n as f64).unwrap();
        let exact = latencies[index] as f64 / 1e6;
        prop_assert!((quantile / exact - 1.0).abs() <= 0.01, "{quantile} for {exact}");
        prop_assert_eq!(histogram.count(), n as u64);
    }

    #[test]
    fn merging_is_recording_all(
        a in prop::collection::vec(any::<u64>(), 0..50),
        b in prop::collection::vec(latency(), 0..50),
    ) {
        let mut merged = recorded(&a);
        merged.merge(&recorded(&b));
        prop_assert_eq!(merged, recorded(&[a, b].concat()));
    }
}

#[test]
fn octave_borders_are_within_one_percent_too() {
    for exponent in 17..50 {
        for latency in [(1u64 << exponent) - 1, 1 << exponent, (1 << exponent) + 1] {
            let median = recorded(&[latency]).quantile(0.5).unwrap();
            assert!((median * 1e6 / latency as f64 - 1.0).abs() <= 0.01, "{latency}");
        }
    }
}

#[test]
fn what_always_takes_the_same_has_that_as_its_quantiles() {
    // Shares of two lengths, none of which reaches half: the median stays.
    for share in [60, 93] {
        let mut histogram = LatencyHistogram::default();
        histogram.record_all(500_000_000, share);
        histogram.record_all(1_000_000_000, 100 - share);
        let [median, longest] = [0.5, 0.95].map(|q| histogram.quantile(q).unwrap());
        assert!((median / 500.0 - 1.0).abs() < 1e-7, "{median}");
        assert!((longest / 1000.0 - 1.0).abs() < 1e-7, "{longest}");
    }
}

#[test]
fn the_ends_saturate_and_nothing_has_no_quantile() {
    assert_eq!(LatencyHistogram::default().quantile(0.5), None);
    let ends = recorded(&[0, u64::MAX]);
    assert!(ends.quantile(0.0).unwrap() < 0.1);
    assert!(ends.quantile(1.0).unwrap() > 1e9);
}
