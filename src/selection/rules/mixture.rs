use super::price_softmax::exponential;
use super::{Heeded, Rule, Seen, normalise, rule_of};
use crate::network::{Mixture, Region};

/// go-livepeer's formula, `P = price weight x share of the price term + stake
/// weight x share of the stake term + random weight / n`, with any rule as
/// either term. Its own price term is `exp(-price / factor)`, free of the
/// underflow that blinds go-livepeer's. A term that is 0 for everyone is shared
/// evenly.
impl Rule for Mixture {
    fn words(&self, seen: &Seen, regions: &[Region]) -> String {
        let weights = seen.settings.weights;
        let term = |rule: &Option<Box<_>>, own: String| match rule {
            Some(rule) => format!("({})", rule_of(rule).words(seen, regions)),
            None => own,
        };
        format!(
            "probability = {} x {} + {} x {} + {} / n",
            weights.stake,
            term(&self.stake, "stake share".to_string()),
            weights.price,
            term(
                &self.price,
                format!("share of exp(-price / {} wei)", seen.settings.price_exp_factor)
            ),
            weights.random
        )
    }

    fn heeds(&self) -> Heeded {
        let terms = [&self.price, &self.stake].into_iter().flatten();
        terms.map(|rule| rule_of(rule).heeds()).max().unwrap_or(Heeded::Nothing)
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        let (start, count) = (weights.len(), eligible.len());
        match &self.price {
            Some(rule) => rule_of(rule).weigh(seen, eligible, weights),
            None => exponential(seen, eligible, seen.settings.price_exp_factor, weights),
        }
        match &self.stake {
            Some(rule) => rule_of(rule).weigh(seen, eligible, weights),
            None => weights.extend(seen.stakes(eligible)),
        }
        let (price, stake) = weights[start..].split_at_mut(count);
        normalise(price);
        normalise(stake);
        let by = seen.settings.weights;
        for (price, stake) in price.iter_mut().zip(stake) {
            *price = by.price * *price + by.stake * *stake + by.random / count as f64;
        }
        weights.truncate(start + count);
    }
}
