use super::{Rule, Seen};
use crate::network::Region;

/// `ln(1 + stake)`, stake in LPT, as proposed in forum thread 2192: the tenfold
/// stake counts little more than the single one.
pub(super) struct LogStake;

impl Rule for LogStake {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        "probability proportional to ln(1 + stake in LPT)".to_string()
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        weights.extend(seen.stakes(eligible).map(libm::log1p));
    }
}
