use std::collections::BTreeMap;

use super::cashier::{Payee, sender_funds};
use super::treasurer::Treasurer;
use crate::demand::UserClock;
use crate::kernel::{Sampler, StreamKey};
use crate::network::{Network, Offer, Pipeline};
use crate::payments::{Ledger, Quote};
use crate::scenario::Scenario;
use crate::selection::{Candidate, Market};
use crate::treasury::TokenPrices;
use crate::units::{Price, SimTime};

/// Round trips between a gateway and an orchestrator for one request: TCP, TLS
/// 1.3, and the request with its answer.
pub const REQUEST_ROUND_TRIPS: f64 = 3.0;

/// Service is counted by gateway, pipeline and users' region: indices into the
/// network's gateways, the pipelines and the regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceKey {
    /// The gateway.
    pub gateway: usize,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The users' region.
    pub region: usize,
}

/// What the event loop needs to know of a candidate beside what selection
/// knows.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub orchestrator: usize,
    /// Index of its offer among all offers of the network.
    pub offer: usize,
    /// Seconds of network a request takes without jitter.
    pub network_s: f64,
    pub jitter_s: f64,
    /// Inverse of its speed.
    pub slowness: f64,
    pub reliability: f64,
}

/// A market with its routes, one for each candidate.
#[derive(Clone, Debug)]
pub(super) struct MarketPlan {
    /// The gateway, an index into the network's.
    pub gateway: usize,
    /// The model, an index into the network's.
    pub model: usize,
    /// Number of the first of its accounts, one for each candidate.
    pub first_account: usize,
    pub retry_window_s: f64,
    pub market: Market,
    pub routes: Vec<Route>,
    /// For each region, which candidates are in it.
    pub in_region: Vec<Vec<bool>>,
}

/// What the event loop needs to know of a demand stream.
#[derive(Clone, Debug)]
pub(super) struct StreamPlan {
    pub market: usize,
    /// Index into [`World::service_keys`].
    pub service: usize,
    /// Index into [`World::pipelines`].
    pub pipeline_index: usize,
    pub pipeline: Pipeline,
    pub model: usize,
    pub steps: u32,
    pub user_rtt_s: f64,
    pub clock: UserClock,
    pub size: Sampler,
    pub used_share: Sampler,
    pub overhead_s: f64,
    pub seconds_per_unit: f64,
    pub variation: Sampler,
    pub cold_start_s: f64,
    pub bad_request_share: f64,
}

/// A scenario prepared for replications: everything that does not change, laid
/// out for the event loop.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The pipelines in demand, in their order.
    pub pipelines: Vec<Pipeline>,
    /// What service is counted by.
    pub service_keys: Vec<ServiceKey>,
    pub(super) markets: Vec<MarketPlan>,
    pub(super) streams: Vec<StreamPlan>,
    /// Capacity of every offer of the network.
    pub(super) capacities: Vec<u32>,
}

impl<'a> World<'a> {
    /// Prepares a scenario.
    pub fn new(scenario: &'a Scenario) -> World<'a> {
        let network = &scenario.network;
        let mut first_offer = Vec::with_capacity(network.orchestrators.len());
        let mut capacities = Vec::new();
        for orchestrator in &network.orchestrators {
            first_offer.push(capacities.len());
            capacities.extend(orchestrator.offers.iter().map(|offer| offer.capacity));
        }
        let opening = Opening::new(scenario);
        let mut market_index = BTreeMap::new();
        let mut markets = Vec::new();
        for stream in &scenario.demand {
            market_index.entry((stream.gateway, stream.model)).or_insert_with(|| {
                let plan = MarketPlan::new(
                    network,
                    opening.market(stream.gateway, stream.model),
                    stream.gateway,
                    stream.model,
                    &first_offer,
                    markets.iter().map(|plan: &MarketPlan| plan.routes.len()).sum(),
                );
                markets.push(plan);
                markets.len() - 1
            });
        }
        let pipeline_of = |model: usize| network.models[model].pipeline;
        let mut pipelines: Vec<Pipeline> =
            scenario.demand.iter().map(|stream| pipeline_of(stream.model)).collect();
        pipelines.sort_unstable();
        pipelines.dedup();
        let key_of = |stream: &crate::demand::DemandStream| ServiceKey {
            gateway: stream.gateway,
            pipeline: pipeline_of(stream.model),
            region: stream.region,
        };
        let mut service_keys: Vec<ServiceKey> = scenario.demand.iter().map(key_of).collect();
        service_keys.sort_unstable();
        service_keys.dedup();
        let start_weekday = scenario.start.weekday().to_monday_zero_offset() as u32;
        let streams = scenario
            .demand
            .iter()
            .map(|stream| {
                let model = &network.models[stream.model];
                let key = key_of(stream);
                StreamPlan {
                    market: market_index[&(stream.gateway, stream.model)],
                    service: service_keys.partition_point(|other| *other < key),
                    pipeline_index: pipelines.partition_point(|other| *other < model.pipeline),
                    pipeline: model.pipeline,
                    model: stream.model,
                    steps: model.steps,
                    user_rtt_s: network
                        .rtt
                        .secs(stream.region, network.gateways[stream.gateway].region),
                    clock: UserClock {
                        start_weekday,
                        utc_offset_hours: network.regions[stream.region].utc_offset_hours,
                    },
                    size: stream.size.sampler(),
                    used_share: stream.used_share.sampler(),
                    overhead_s: model.service.overhead_s,
                    seconds_per_unit: model.service.seconds_per_unit,
                    variation: model.service.variation.sampler(),
                    cold_start_s: model.cold_start_s,
                    bad_request_share: stream.bad_request_share,
                }
            })
            .collect();
        World { scenario, pipelines, service_keys, markets, streams, capacities }
    }
}

/// The network as it stands when simulated time starts: the first credits are
/// sold, the gateways topped up.
#[derive(Debug)]
pub struct Opening<'a> {
    scenario: &'a Scenario,
    books: Ledger,
}

impl Opening<'_> {
    /// How the scenario opens.
    pub fn new(scenario: &Scenario) -> Opening<'_> {
        let network = &scenario.network;
        let mut books =
            Ledger::open(scenario.credits.lpt, network.gateways.len(), network.orchestrators.len());
        Treasurer::new(scenario, StreamKey::root(scenario.seed)).open(&mut books);
        Opening { scenario, books }
    }

    /// The market of a gateway and a model, indices into the network's.
    pub fn market(&self, gateway: usize, model: usize) -> Market {
        let Scenario { network, credits, payments, .. } = self.scenario;
        let max_float = sender_funds(network, &self.books, gateway).max_float();
        let quote = |orchestrator: usize, offer: &Offer| {
            let base = offer.price.at(credits.eth_usd).unwrap_or(Price::ZERO);
            let orchestrator = &network.orchestrators[orchestrator];
            let gas_price = payments.gas_price(SimTime::ZERO);
            Quote::new(orchestrator, base, gas_price, max_float).map_or(base, |quote| quote.price)
        };
        Market::new(network, gateway, model, credits.eth_usd, quote)
    }
}

impl World<'_> {
    /// Whether some price has to be turned into wei again and again: one is
    /// pegged to the dollar and the price of ETH moves.
    pub(super) fn follows_price_feed(&self) -> bool {
        let Network { orchestrators, gateways, .. } = &self.scenario.network;
        let offers = orchestrators.iter().flat_map(|orchestrator| &orchestrator.offers);
        let max_prices = gateways.iter().flat_map(|gateway| &gateway.max_price).flatten();
        let mut posted = offers.map(|offer| &offer.price).chain(max_prices);
        self.scenario.treasury.prices != TokenPrices::Constant
            && posted.any(|price| price.is_pegged())
    }

    /// Accounts of all markets together.
    pub(super) fn accounts(&self) -> usize {
        self.markets.iter().map(|plan| plan.routes.len()).sum()
    }
}

impl MarketPlan {
    /// Whom a payment to a candidate goes to.
    pub(super) fn payee(&self, candidate: u32) -> Payee {
        Payee {
            account: self.first_account + candidate as usize,
            gateway: self.gateway,
            orchestrator: self.routes[candidate as usize].orchestrator,
        }
    }

    fn new(
        network: &Network,
        market: Market,
        gateway_index: usize,
        model: usize,
        first_offer: &[usize],
        first_account: usize,
    ) -> MarketPlan {
        let gateway = &network.gateways[gateway_index];
        let route = |candidate: &Candidate| {
            let orchestrator = &network.orchestrators[candidate.orchestrator];
            Route {
                orchestrator: candidate.orchestrator,
                offer: first_offer[candidate.orchestrator] + candidate.offer,
                network_s: REQUEST_ROUND_TRIPS
                    * network.rtt.secs(gateway.region, orchestrator.region),
                jitter_s: orchestrator.jitter_ms / 1000.0,
                slowness: 1.0 / orchestrator.speed,
                reliability: orchestrator.reliability,
            }
        };
        let routes = market.candidates.iter().map(route).collect();
        let region = |candidate: &Candidate| network.orchestrators[candidate.orchestrator].region;
        let in_region = (0..network.regions.len())
            .map(|asked| market.candidates.iter().map(|c| region(c) == asked).collect())
            .collect();
        MarketPlan {
            gateway: gateway_index,
            model,
            first_account,
            retry_window_s: gateway.retry_window_s,
            market,
            routes,
            in_region,
        }
    }
}
