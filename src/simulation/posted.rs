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

/// What the demand stated for the start costs a day at [`posted_cost`].
pub(super) fn posted_spend(scenario: &Scenario) -> Wei {
    let cost = |stream: &DemandStream| stream.requests_per_day() * posted_cost(scenario, stream);
    let eth: f64 = scenario.demand.iter().map(cost).sum();
    Wei(libm::round(eth * COIN as f64) as u128)
}
