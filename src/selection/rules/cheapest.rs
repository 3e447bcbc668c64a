use super::{Rule, Seen, mark_lowest};
use crate::network::Region;

/// The lowest price takes all; those that share it, evenly.
pub(super) struct Cheapest;

impl Rule for Cheapest {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        "the lowest price; those that share it, evenly".to_string()
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let start = weights.len();
        weights.extend(seen.prices(eligible));
        mark_lowest(&mut weights[start..]);
    }
}
