use super::{Heeded, Rule, Seen, lowest};
use crate::network::Region;

/// The inverse of the known latency, see [`latencies`].
pub(super) struct Latency;

impl Rule for Latency {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        format!("probability proportional to 1 / {KNOWN_LATENCY}")
    }

    fn heeds(&self) -> Heeded {
        Heeded::Latencies
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let start = weights.len();
        latencies(seen, eligible, weights);
        let lowest = lowest(weights[start..].iter().copied());
        for weight in &mut weights[start..] {
            *weight = if *weight > lowest { lowest / *weight } else { 1.0 };
        }
    }
}

pub(super) const KNOWN_LATENCY: &str = "known latency (latency score of the last request served; \
     before the first one an estimate from its distance)";

/// Appends the known latency of each of `eligible`: the latency score of the
/// last request it served, in seconds a unit. Of one that served none only the
/// seconds of a discovery probe are known; to have both in one unit it is taken
/// to work as quickly as the quickest that served: `work + probe / units`, where
/// `work` is the time a unit of that one's last request beyond its probe, and
/// `units` the size of that request. Being hopeful, the estimate gets newcomers
/// tried. While nobody has a score, and for live video, which has none, all
/// latencies are those of discovery.
pub(super) fn latencies(seen: &Seen, eligible: &[u32], latencies: &mut Vec<f64>) {
    let scores = seen.records.iter().filter_map(|record| record.score);
    let quickest = scores.min_by(|a, b| a.work.total_cmp(&b.work));
    latencies.extend(seen.records(eligible).map(|record| match (record.score, quickest) {
        (Some(score), _) => score.latency,
        (None, Some(quickest)) => quickest.work + record.discovery_latency / quickest.units,
        (None, None) => record.discovery_latency,
    }));
}
