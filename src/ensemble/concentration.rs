//! How unequally fees or stake are shared out.
//!
//! All functions take amounts that are not negative, in any unit and order;
//! they need not add up to 1. Holders of nothing count. Where nobody holds
//! anything there is no concentration: every index is 0.

use super::{Concentration, VarianceReduction};

impl Concentration {
    /// Indices of the fees of every orchestrator, a list for each replication
    /// in the same order of orchestrators, with their intervals over
    /// replications, run like this; and of stake, in that order too.
    /// Replications without fees have no indices and are left out.
    pub fn new(fees: &[Vec<f64>], stake: &[f64], reduction: VarianceReduction) -> Concentration {
        let over = |index: fn(&[f64]) -> f64, most: f64| {
            let samples = fees.iter().map(|fees| (total(fees) > 0.0).then(|| index(fees)));
            reduction.mean_of_known(samples).within(0.0, most)
        };
        let mut total_fees = vec![0.0; stake.len()];
        for fees in fees {
            for (total, fee) in total_fees.iter_mut().zip(fees) {
                *total += fee;
            }
        }
        Concentration {
            gini: over(gini, 1.0),
            hhi: over(hhi, 1.0),
            nakamoto: over(|fees| nakamoto(fees) as f64, stake.len() as f64),
            top1: over(|fees| top_share(fees, 1), 1.0),
            top4: over(|fees| top_share(fees, 4), 1.0),
            stake_gini: gini(stake),
            lorenz: lorenz(&total_fees),
            stake_lorenz: lorenz(stake),
        }
    }
}

impl Concentration {
    /// Whether anybody earned fees in any replication; else there is no concentration
    /// to speak of, and every index of fees is 0.
    pub fn is_known(&self) -> bool {
        self.hhi.mean > 0.0
    }
}

/// Gini coefficient: half the mean absolute difference of two holders relative
/// to the mean, 0 (even) to 1 - 1/n (one has all).
pub fn gini(amounts: &[f64]) -> f64 {
    let sorted = ascending(amounts);
    let n = sorted.len() as f64;
    let weighted = sorted
        .iter()
        .enumerate()
        .map(|(rank, amount)| (2.0 * rank as f64 + 1.0 - n) * amount)
        .sum();
    ratio(weighted, n * total(&sorted))
}

/// Herfindahl-Hirschman index: the sum of squared shares, 1/n (even) to 1.
pub fn hhi(amounts: &[f64]) -> f64 {
    let squares = amounts.iter().map(|amount| amount * amount).sum();
    let total = total(amounts);
    ratio(squares, total * total)
}

/// Nakamoto coefficient: the fewest holders that together hold more than half.
pub fn nakamoto(amounts: &[f64]) -> usize {
    let sorted = ascending(amounts);
    // Exactly half, give or take rounding, is not more than half.
    let half = total(&sorted) / 2.0 * (1.0 + 1e-9);
    let mut held = 0.0;
    let needed = sorted.iter().rev().position(|amount| {
        held += amount;
        held > half
    });
    needed.map_or(0, |index| index + 1)
}

/// Share of the total that the `k` largest hold, 0 to 1.
pub fn top_share(amounts: &[f64], k: usize) -> f64 {
    let sorted = ascending(amounts);
    let largest = &sorted[sorted.len().saturating_sub(k)..];
    ratio(total(largest), total(&sorted)).min(1.0)
}

/// Lorenz curve: points (share of holders, share held by them), poorest first,
/// from (0, 0) to (1, 1). Where nobody holds anything, the line of equality.
pub fn lorenz(amounts: &[f64]) -> Vec<(f64, f64)> {
    let sorted = ascending(amounts);
    let n = sorted.len() as f64;
    let total = total(&sorted);
    let mut held = 0.0;
    let mut points = vec![(0.0, 0.0)];
    points.extend(sorted.iter().enumerate().map(|(rank, amount)| {
        held += amount;
        let holders = (rank + 1) as f64 / n;
        (holders, if total > 0.0 { held / total } else { holders })
    }));
    points
}

fn ascending(amounts: &[f64]) -> Vec<f64> {
    let mut sorted = amounts.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn total(amounts: &[f64]) -> f64 {
    amounts.iter().sum()
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
