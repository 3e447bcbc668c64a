use super::{Rule, Seen};
use crate::network::{CappedStake, Region};

/// `min(stake, cap)`: a node is saturated at the cap, as proposed in forum
/// thread 2044.
impl Rule for CappedStake {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        format!("probability proportional to stake, counted up to {}", self.cap)
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let cap = self.cap.to_coins();
        weights.extend(seen.stakes(eligible).map(|stake| stake.min(cap)));
    }
}
