use super::{Rule, Seen, mark_lowest};
use crate::network::Region;

/// Whoever has not been sent a request for longest is next. Those that were
/// never sent one come first, drawn evenly.
pub(super) struct RoundRobin;

impl Rule for RoundRobin {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        "whoever was not asked for longest; those never asked first, evenly".to_string()
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let start = weights.len();
        // Exact: fewer than 2^53 requests are ever counted.
        weights.extend(seen.records(eligible).map(|record| record.last_sent as f64));
        mark_lowest(&mut weights[start..]);
    }
}
