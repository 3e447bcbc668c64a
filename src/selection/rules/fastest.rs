use super::latency::{KNOWN_LATENCY, latencies};
use super::{Heeded, Rule, Seen, mark_lowest};
use crate::network::Region;

/// The lowest known latency takes all; those that share it, evenly.
pub(super) struct Fastest;

impl Rule for Fastest {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        format!("the lowest {KNOWN_LATENCY}")
    }

    fn heeds(&self) -> Heeded {
        Heeded::Latencies
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let start = weights.len();
        latencies(seen, eligible, weights);
        mark_lowest(&mut weights[start..]);
    }
}
