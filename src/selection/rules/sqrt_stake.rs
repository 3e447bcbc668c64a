use super::{Rule, Seen};
use crate::network::Region;

/// The square root of stake: the hundredfold stake counts tenfold.
pub(super) struct SqrtStake;

impl Rule for SqrtStake {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        "probability proportional to the square root of stake".to_string()
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        weights.extend(seen.stakes(eligible).map(libm::sqrt));
    }
}
