//! How long what is left lasts.

use crate::ensemble::KaplanMeier;
use crate::kernel::{StreamKey, index_below};

/// Futures drawn, and the seed they are drawn by.
const FUTURES: u64 = 1_000;
const SEED: u64 = 1;
/// Days that are drawn together, so that a week stays a week.
const BLOCK_DAYS: usize = 7;
/// Fewest days with known spend that a pace is taken from.
pub(super) const LEAST_DAYS: usize = 14;
/// Days after which a future is cut off.
pub(super) const MOST_DAYS: usize = 3_650;

/// Days until nothing is left; `None` beyond what was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remaining {
    /// 10 % of the futures have run out.
    pub p10: Option<f64>,
    /// Half have.
    pub p50: Option<f64>,
    /// 90 % have.
    pub p90: Option<f64>,
}

impl Remaining {
    /// Quantiles of runways, of which some are censored.
    fn of(runways: &[(f64, bool)]) -> Option<Remaining> {
        if runways.is_empty() {
            return None;
        }
        let curve = KaplanMeier::new(runways);
        let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|share| curve.quantile(share).days);
        Some(Remaining { p10, p50, p90 })
    }

    /// From day `day` on, over the futures that have credits left then, and the
    /// share of those that have.
    pub(super) fn of_run(runways: &[(f64, bool)], day: f64) -> (Option<Remaining>, f64) {
        let alive: Vec<(f64, bool)> = runways
            .iter()
            .filter(|(end, censored)| *end > day || *censored && *end >= day)
            .map(|&(end, censored)| (end - day, censored))
            .collect();
        let share = alive.len() as f64 / runways.len().max(1) as f64;
        (Remaining::of(&alive), share)
    }

    /// If days go on like those of `daily` (ETH), drawn in blocks of a week; with
    /// fewer than [`LEAST_DAYS`], or where nothing was spent, `None`.
    pub(super) fn at_pace(left: f64, daily: &[f64]) -> Option<Remaining> {
        if daily.len() < LEAST_DAYS || daily.iter().sum::<f64>() <= 0.0 {
            return None;
        }
        let runways: Vec<(f64, bool)> = (0..FUTURES).map(|n| future(left, daily, n)).collect();
        Remaining::of(&runways)
    }
}

/// How long one future lasts: circular block bootstrap (Politis and Romano 1992).
fn future(mut left: f64, daily: &[f64], number: u64) -> (f64, bool) {
    let key = StreamKey::root(SEED).child(number);
    for day in 0..MOST_DAYS {
        let block = (day / BLOCK_DAYS) as u64;
        let start = index_below(key.uniform(block), daily.len());
        let spent = daily[(start + day % BLOCK_DAYS) % daily.len()];
        if spent >= left {
            let part = if spent > 0.0 { left / spent } else { 0.0 };
            return (day as f64 + part, false);
        }
        left -= spent;
    }
    (MOST_DAYS as f64, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_pace_lasts_as_long_as_it_divides() {
        let remaining = Remaining::at_pace(10.5, &[1.0; 28]).unwrap();
        for quantile in [remaining.p10, remaining.p50, remaining.p90] {
            assert!((quantile.unwrap() - 10.5).abs() < 1e-9);
        }
        assert_eq!(Remaining::at_pace(10.0, &[1.0; 13]), None);
        assert_eq!(Remaining::at_pace(10.0, &[0.0; 28]), None);
        assert_eq!(Remaining::at_pace(1e9, &[1.0; 28]).unwrap().p10, None);
    }

    #[test]
    fn a_band_holds_the_mean_pace_and_widens_with_the_spread() {
        let mut daily = [0.5; 28];
        daily[14..].fill(1.5);
        let wide = Remaining::at_pace(100.0, &daily).unwrap();
        let (lo, hi) = (wide.p10.unwrap(), wide.p90.unwrap());
        assert!(lo < 100.0 && 100.0 < hi && hi - lo > 5.0, "{lo} {hi}");
    }

    #[test]
    fn futures_that_ran_out_before_do_not_count() {
        let runways = [(10.0, false), (50.0, false), (70.0, false), (90.0, true)];
        let (remaining, share) = Remaining::of_run(&runways, 30.0);
        assert_eq!(share, 0.75);
        let remaining = remaining.unwrap();
        assert_eq!((remaining.p10, remaining.p50), (Some(20.0), Some(40.0)));
        assert_eq!(remaining.p90, None);
        assert_eq!(Remaining::of_run(&runways[..2], 60.0), (None, 0.0));
    }
}
