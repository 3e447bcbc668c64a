use super::{Rule, Seen, lowest};
use crate::network::Region;

/// The inverse of the known latency, see [`latencies`].
pub(super) struct Latency;

impl Rule for Latency {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        format!("probability proportional to 1 / {KNOWN_LATENCY}")
    }

    fn goes_by_latency(&self) -> bool {
        true
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
                                        before the first one an estimate from the discovery \
                                        latency)";

/// Appends the known latency of each of `eligible`: the latency score of the
/// last request it served (seconds a unit). Of one that served none only the
/// seconds of a discovery probe are known; they are put in the same unit by the
/// mean score over the mean discovery latency of all that served, which takes a
/// newcomer to be as quick for its distance as they are. Before any score is
/// known, and for live video, which has none, all latencies are those of
/// discovery.
pub(super) fn latencies(seen: &Seen, eligible: &[u32], latencies: &mut Vec<f64>) {
    let (mut scores, mut discoveries, mut scored) = (0.0, 0.0, 0.0);
    for record in seen.records {
        if let Some(score) = record.latency_score {
            scores += score;
            discoveries += record.discovery_latency;
            scored += 1.0;
        }
    }
    let estimate = |discovery: f64| match scored {
        0.0 => discovery,
        // Without any distance the mean is the best guess.
        _ if discoveries == 0.0 => scores / scored,
        _ => discovery * scores / discoveries,
    };
    latencies.extend(
        seen.records(eligible).map(|record| {
            record.latency_score.unwrap_or_else(|| estimate(record.discovery_latency))
        }),
    );
}
