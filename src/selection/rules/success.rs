use super::{Heeded, Rule, Seen};
use crate::network::Region;

/// The mean of the chance that a request is served, given what the gateway has
/// seen: `(1 + served) / (2 + served + failed)`, the posterior of an even prior
/// (Beta(1, 1)), so that a newcomer counts one half and is tried. A refusal for
/// want of capacity is a failure, and so is a stream that breaks; a malformed
/// request is neither.
pub(super) struct Success;

impl Rule for Success {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        "probability proportional to (1 + served) / (2 + served + failed)".to_string()
    }

    fn heeds(&self) -> Heeded {
        Heeded::Outcomes
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        weights.extend(seen.records(eligible).map(|record| {
            let (served, failed) = (f64::from(record.served), f64::from(record.failed));
            (1.0 + served) / (2.0 + served + failed)
        }));
    }
}
