//! What demand costs at the prices posted at the start.

use crate::demand::{Arrivals, DemandStream};
use crate::scenario::Scenario;
use crate::units::{SECONDS_PER_DAY, Wei};

/// What a request of mean size costs at the mean of the prices posted for its
/// model, in ETH; 0 where nobody offers it.
pub(crate) fn posted_cost(scenario: &Scenario, stream: &DemandStream) -> f64 {
    let offers = scenario.network.orchestrators.iter().flat_map(|o| &o.offers);
    let prices: Vec<f64> = offers
        .filter(|offer| offer.model == stream.model)
        .filter_map(|offer| offer.price.at(scenario.credits.eth_usd).ok())
        .map(|price| price.to_f64())
        .collect();
    let units = scenario.network.models[stream.model].pipeline.billed_units(stream.size.mean());
    let mean = prices.iter().sum::<f64>() / prices.len().max(1) as f64;
    mean * units as f64 / 1e18
}

/// What the demand stated for the start costs a day at [`posted_cost`]; recorded
/// requests count by their mean over the record, of a day at least.
pub(super) fn posted_spend(scenario: &Scenario) -> Wei {
    let eth = scenario.demand.iter().map(|stream| {
        let requests = match &stream.arrivals {
            Arrivals::Poisson(arrivals) => arrivals.requests_per_day,
            Arrivals::Trace(trace) => {
                let last = trace.requests.last().map_or(0.0, |request| request.0);
                trace.requests.len() as f64 / (last / SECONDS_PER_DAY as f64).max(1.0)
            }
        };
        requests * posted_cost(scenario, stream)
    });
    Wei(libm::round(eth.sum::<f64>() * 1e18) as u128)
}
