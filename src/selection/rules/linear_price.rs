use super::{Rule, Seen};
use crate::network::Region;
use crate::units::Price;

/// `max(0, 1 - price / maximum)`, the maximum being the gateway's or, where it
/// has none, the dearest eligible price. Each wei below the maximum counts
/// alike, and whoever asks for all of it gets nothing; the inverse of the price
/// would leave the maximum without effect and every orchestrator with the same
/// income whatever it asks for.
pub(super) struct LinearPrice;

impl Rule for LinearPrice {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        "probability proportional to 1 - price / maximum price (without a maximum: the dearest \
         eligible price)"
            .to_string()
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let dearest = || seen.prices(eligible).fold(0.0, f64::max);
        let maximum = seen.settings.max_price.map_or_else(dearest, Price::to_f64);
        weights.extend(seen.prices(eligible).map(|price| (maximum - price).max(0.0)));
    }
}
