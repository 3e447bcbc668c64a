use super::{Rule, Seen, lowest};
use crate::network::{PriceReference, PriceSoftmax, Region};

/// `exp(-price / (temperature x reference))`: a price lower by `temperature`
/// times the reference is picked e times as often, in any currency and billing
/// unit. go-livepeer's price term is the same with a fixed scale in wei.
impl Rule for PriceSoftmax {
    fn words(&self, _: &Seen, _: &[Region]) -> String {
        let reference = match self.relative_to {
            PriceReference::Cheapest => "lowest",
            PriceReference::Median => "median",
        };
        format!(
            "probability proportional to exp(-price / ({} x {reference} eligible price))",
            self.temperature
        )
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let reference = match self.relative_to {
            PriceReference::Cheapest => lowest(seen.prices(eligible)),
            PriceReference::Median => {
                let start = weights.len();
                weights.extend(seen.prices(eligible));
                let median = median(&mut weights[start..]);
                weights.truncate(start);
                median
            }
        };
        exponential(seen, eligible, self.temperature * reference, weights);
    }
}

/// Appends `exp(-price / scale)`, all multiplied so that the cheapest has 1,
/// which nothing can underflow; at scale 0 only the cheapest have any.
pub(super) fn exponential(seen: &Seen, eligible: &[u32], scale: f64, weights: &mut Vec<f64>) {
    let cheapest = lowest(seen.prices(eligible));
    weights.extend(seen.prices(eligible).map(|price| match price - cheapest {
        0.0 => 1.0,
        above => libm::exp(-above / scale),
    }));
}

/// The median; of an even number of values the mean of the middle two.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    let is_even = values.len().is_multiple_of(2);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if is_even { f64::midpoint(lower, upper) } else { upper }
}
