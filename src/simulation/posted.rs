//! What demand costs at the prices posted at the start.

use crate::demand::DemandStream;
use crate::scenario::Scenario;
use crate::units::{COIN, Wei};

/// What a request of mean size costs at the mean of the prices posted for its
/// model, in ETH; 0 where nobody offers it.
pub(crate) fn posted_cost(scenario: &Scenario, stream: &DemandStream) -> f64 {
    let offers = scenario.network.offers_of(stream.model);
    let prices: Vec<f64> = offers
        .filter_map(|(_, offer)| offer.price.at(scenario.credits.eth_usd).ok())
        .map(|price| price.to_f64())
        .collect();
    let pipeline = scenario.network.models[stream.model].pipeline;
    let version = scenario.network.gateways[stream.gateway].version;
    let live_pixels = version.live_pixels_per_second(stream.resolution);
    let units = pipeline.units_at(stream.size.mean(), live_pixels);
    let mean = prices.iter().sum::<f64>() / prices.len().max(1) as f64;
    mean * units as f64 / COIN as f64
}

/// What the demand stated for the start costs each gateway a day at [`posted_cost`],
/// test prompts at most their budget; 0 of gateways without any.
pub(super) fn posted_spend(scenario: &Scenario) -> Vec<Wei> {
    let mut eth = vec![0.0; scenario.network.gateways.len()];
    let mut are_asked = vec![false; eth.len()];
    for stream in &scenario.demand {
        let requests_per_day = stream.requests_per_day();
        let cost = requests_per_day * posted_cost(scenario, stream);
        let most = stream.injected.map_or(f64::INFINITY, |own| own.budget_per_day.to_coins());
        eth[stream.gateway] += cost.min(most);
        are_asked[stream.gateway] |=
            requests_per_day > 0.0 && scenario.network.is_offered(stream.model);
    }
    // A gateway needs a deposit even for what is free.
    let least = |is_asked| if is_asked { Wei(1) } else { Wei::ZERO };
    let wei = |(eth, is_asked)| Wei(libm::round(eth * COIN as f64) as u128).max(least(is_asked));
    eth.into_iter().zip(are_asked).map(wei).collect()
}
