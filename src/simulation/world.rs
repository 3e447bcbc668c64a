use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Mode;
use super::cashier::Payee;
use super::opening::Opening;
use super::paces::{OwnPaces, paces};
use crate::demand::{Arrivals, DemandStream, Injected, Moment, Pace, UserClock};
use crate::kernel::Sampler;
use crate::network::{Network, Pipeline};
use crate::payments::LedgerViolation;
use crate::policy::{Ceiling, MaxPrice, Pacer};
use crate::scenario::Scenario;
use crate::selection::{Candidate, Market};
use crate::treasury::TokenPrices;
use crate::units::{Decimal, SECONDS_PER_DAY, SimTime};

/// Round trips between a gateway and an orchestrator for one request: TCP, TLS
/// 1.3, and the request with its answer.
pub const REQUEST_ROUND_TRIPS: f64 = 3.0;

/// Orchestrators that fail less often keep their sessions for so many requests
/// that it matters how many are simulated.
const LASTING_RELIABILITY: f64 = 0.995;

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

/// Share of a request's network time that passes before the orchestrator has
/// it: two and a half of three round trips.
pub(super) const NETWORK_BEFORE_ARRIVAL: f64 = 2.5 / 3.0;
/// Where fewer requests than this come on average to an offer in the time by which a far
/// gateway's take longer than a near one's, they count in the order of submission, which
/// saves an event each. In the default, at 0.0002, the order of arrival moves the spend by
/// 0.02 %.
const FEW_OVERTAKE: f64 = 0.01;

/// What the event loop needs to know of a candidate beside what selection
/// knows.
#[derive(Clone, Debug)]
// A cache line: among thousands of orchestrators a request mostly waits for memory.
#[repr(align(64))]
pub(super) struct Route {
    /// The node, an index into [`World::network`]'s orchestrators.
    pub orchestrator: usize,
    /// Whose node it is.
    pub owner: usize,
    /// Index of its offer among all offers of the network; the nodes of one
    /// owner share it, and with it price and capacity.
    pub offer: usize,
    /// Seconds of network a request takes without jitter.
    pub network_s: f64,
    pub jitter_s: f64,
    /// Inverse of its speed.
    pub slowness: f64,
    pub reliability: f64,
    /// Whether gateways at different distances reach the offer so often that who submits
    /// first need not arrive first.
    pub is_contested: bool,
}

/// A market with its routes, one for each candidate.
#[derive(Clone, Debug)]
pub(super) struct MarketPlan {
    /// The gateway, an index into the network's.
    pub gateway: usize,
    /// The model, likewise.
    pub model: usize,
    pub pace: Pace,
    /// Number of the first of its accounts, one for each candidate.
    pub first_account: usize,
    pub retry_window_s: f64,
    pub max_price: MaxPrice,
    pub market: Market,
    pub routes: Vec<Route>,
    /// For each region, which candidates are in it.
    pub in_region: Vec<Vec<bool>>,
}

/// What the event loop needs to know of a demand stream.
#[derive(Clone, Debug)]
pub(super) struct StreamPlan {
    /// Its own number.
    pub number: usize,
    pub market: usize,
    /// Index into [`World::service_keys`].
    pub service: usize,
    pub pipeline: Pipeline,
    pub model: usize,
    pub pace: Pace,
    pub steps: u32,
    /// Between its users and their gateway.
    pub user_rtt: SimTime,
    pub clock: UserClock,
    pub size: Sampler,
    pub used_share: Sampler,
    /// What a second of live video is billed as, and what of it is shown.
    pub live_pixels_per_second: u64,
    pub live_pixels_shown: u64,
    pub overhead_s: f64,
    pub seconds_per_unit: f64,
    pub variation: Sampler,
    pub cold_start_s: f64,
    pub bad_request_share: f64,
    pub injected: Option<Injected>,
}

/// A scenario prepared for replications: everything that does not change, laid
/// out for the event loop.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its network with the nodes among which orchestrators may divide their
    /// stake: each of its orchestrators is one, the further ones come behind.
    pub(super) network: Cow<'a, Network>,
    /// For each node the orchestrator it belongs to.
    pub(super) owners: Vec<usize>,
    /// The pipelines in demand, in their order.
    pub pipelines: Vec<Pipeline>,
    /// What service is counted by.
    pub service_keys: Vec<ServiceKey>,
    pub(super) markets: Vec<MarketPlan>,
    pub(super) streams: Vec<StreamPlan>,
    /// Capacity of every offer of the network.
    pub(super) capacities: Vec<u32>,
    /// How requests are simulated.
    pub mode: Mode,
    /// How many requests one simulated stands for, by model.
    pub paces: Vec<Pace>,
}

impl<'a> World<'a> {
    /// Prepares a scenario of which every request is simulated.
    pub fn new(scenario: &'a Scenario) -> World<'a> {
        let paces = vec![Pace::EXACT; scenario.network.models.len()];
        World { mode: Mode::Exact, ..World::paced(scenario, paces) }
    }

    /// Prepares a scenario to be simulated in a mode.
    ///
    /// # Errors
    /// [`LedgerViolation`] where the books of the pilot of aggregated mode do not balance.
    pub fn in_mode(scenario: &'a Scenario, mode: Mode) -> Result<World<'a>, LedgerViolation> {
        Ok(match mode {
            Mode::Exact => World::new(scenario),
            Mode::Aggregate => World::paced(scenario, paces(scenario)?),
        })
    }

    /// Prepares scenarios that are to be compared: in each the requests of a
    /// model go by the same pace, so that they come at the same times.
    ///
    /// # Errors
    /// As [`World::in_mode`].
    pub fn all_in_mode(
        scenarios: &[&'a Scenario],
        mode: Mode,
    ) -> Result<Vec<World<'a>>, LedgerViolation> {
        if mode == Mode::Exact {
            return Ok(scenarios.iter().map(|scenario| World::new(scenario)).collect());
        }
        let own: Result<_, _> = scenarios.iter().map(|scenario| OwnPaces::new(scenario)).collect();
        let paces = OwnPaces::in_common(own?);
        Ok(scenarios.iter().zip(paces).map(|(s, paces)| World::paced(s, paces)).collect())
    }

    /// Prepares a scenario in aggregated mode, with a pace for each model.
    pub fn paced(scenario: &'a Scenario, paces: Vec<Pace>) -> World<'a> {
        let mut first_offer = Vec::with_capacity(scenario.network.orchestrators.len());
        let mut capacities = Vec::new();
        for orchestrator in &scenario.network.orchestrators {
            first_offer.push(capacities.len());
            capacities.extend(orchestrator.offers.iter().map(|offer| offer.capacity));
        }
        let (nodes, owners) = with_further_nodes(&scenario.network);
        let network: &Network = &nodes;
        first_offer = owners.iter().map(|&owner| first_offer[owner]).collect();
        let (markets, market_index) =
            plan_markets(scenario, network, &owners, (&first_offer, capacities.len()), &paces);
        let pipeline_of = |model: usize| network.models[model].pipeline;
        let mut pipelines: Vec<Pipeline> =
            scenario.demand.iter().map(|stream| pipeline_of(stream.model)).collect();
        pipelines.sort_unstable();
        pipelines.dedup();
        let key_of = |stream: &DemandStream| ServiceKey {
            gateway: stream.gateway,
            pipeline: pipeline_of(stream.model),
            region: stream.region,
        };
        let mut service_keys: Vec<ServiceKey> = scenario.demand.iter().map(key_of).collect();
        service_keys.sort_unstable();
        service_keys.dedup();
        let plan = |(number, stream): (usize, &DemandStream)| {
            let key = key_of(stream);
            let service = service_keys.partition_point(|other| *other < key);
            let market = market_index[&(stream.gateway, stream.model)];
            StreamPlan::new(scenario, number, market, service, paces[stream.model])
        };
        let streams = scenario.demand.iter().enumerate().map(plan).collect();
        World {
            scenario,
            network: nodes,
            owners,
            pipelines,
            service_keys,
            markets,
            streams,
            capacities,
            mode: Mode::Aggregate,
            paces,
        }
    }
}

/// A market for each gateway and model in demand, and its place by their numbers. Offers
/// are told by the first of each node, and how many there are.
fn plan_markets(
    scenario: &Scenario,
    network: &Network,
    owners: &[usize],
    (first_offer, offers): (&[usize], usize),
    paces: &[Pace],
) -> (Vec<MarketPlan>, BTreeMap<(usize, usize), usize>) {
    let opening = Opening::new(scenario);
    let mut places = BTreeMap::new();
    let mut markets: Vec<MarketPlan> = Vec::new();
    let mut requests_per_day = Vec::new();
    for stream in &scenario.demand {
        let place = *places.entry((stream.gateway, stream.model)).or_insert_with(|| {
            markets.push(MarketPlan::new(
                network,
                owners,
                opening.market_in(network, owners, stream.gateway, stream.model),
                (stream.gateway, stream.model),
                paces[stream.model],
                first_offer,
                markets.iter().map(|plan| plan.routes.len()).sum(),
            ));
            requests_per_day.push(0.0);
            markets.len() - 1
        });
        // Recorded ones may come together, however few they are.
        let is_recorded = matches!(stream.arrivals, Arrivals::Trace(_));
        requests_per_day[place] +=
            if is_recorded { f64::INFINITY } else { stream.requests_per_day() };
    }
    mark_contested(&mut markets, &requests_per_day, offers);
    (markets, places)
}

/// Notes of which of so many offers gateways are at such different distances, and asked
/// for so often, that requests overtake one another on their way.
fn mark_contested(markets: &mut [MarketPlan], requests_per_day: &[f64], offers: usize) {
    let mut nearest = vec![f64::INFINITY; offers];
    let mut farthest = vec![0.0f64; offers];
    let mut per_second = vec![0.0; offers];
    for (plan, requests_per_day) in markets.iter().zip(requests_per_day) {
        let each = requests_per_day / SECONDS_PER_DAY as f64 / plan.routes.len() as f64;
        for &Route { offer, network_s, .. } in &plan.routes {
            nearest[offer] = nearest[offer].min(network_s);
            farthest[offer] = farthest[offer].max(network_s);
            per_second[offer] += each;
        }
    }
    for route in markets.iter_mut().flat_map(|plan| &mut plan.routes) {
        let offer = route.offer;
        let apart_s = (farthest[offer] - nearest[offer]) * NETWORK_BEFORE_ARRIVAL;
        route.is_contested = apart_s > 0.0 && per_second[offer] * apart_s > FEW_OVERTAKE;
    }
}

/// The network with all nodes that orchestrators may come to have, and whose
/// they are.
fn with_further_nodes(network: &Network) -> (Cow<'_, Network>, Vec<usize>) {
    let listed = network.orchestrators.len();
    let further = network.orchestrators.iter().enumerate().flat_map(|(owner, orchestrator)| {
        let nodes = orchestrator.response.as_ref().map_or(1, |response| response.split_into);
        std::iter::repeat_n(owner, nodes.saturating_sub(1) as usize)
    });
    let owners: Vec<usize> = (0..listed).chain(further).collect();
    if owners.len() == listed {
        return (Cow::Borrowed(network), owners);
    }
    let mut network = network.clone();
    for &owner in &owners[listed..] {
        network.orchestrators.push(network.orchestrators[owner].clone());
    }
    (Cow::Owned(network), owners)
}

impl World<'_> {
    /// Whether requests stand for others.
    pub(super) fn is_sampled(&self) -> bool {
        self.streams.iter().any(|stream| stream.pace != Pace::EXACT)
    }

    /// Whether requests stand for others where a session may stay in use for so
    /// long that it shows.
    pub fn has_slow_sessions(&self) -> bool {
        let lasts = |route: &Route| route.reliability > LASTING_RELIABILITY;
        self.markets.iter().any(|plan| {
            plan.pace != Pace::EXACT
                && plan.market.version.has_error_classes()
                && !plan.market.is_live
                && plan.routes.iter().any(lasts)
        })
    }

    /// Whether some price has to be turned into wei again and again: one is
    /// pegged to the dollar, or a ceiling in USD, and the price of ETH moves.
    pub(super) fn follows_price_feed(&self) -> bool {
        let Scenario { network, policy, treasury, .. } = self.scenario;
        let mut offers = network.orchestrators.iter().flat_map(|other| &other.offers);
        let mut ceilings = policy.pacing.spend_ceilings.iter();
        treasury.prices != TokenPrices::Constant
            && (offers.any(|offer| offer.price.is_pegged())
                || self.markets.iter().any(|plan| plan.max_price.is_pegged())
                || ceilings.any(|ceiling| matches!(ceiling.amount, Ceiling::Usd(_))))
    }

    /// Counts requests and spend against the policy's limits.
    pub(super) fn pacer(&self, eth_usd: Decimal) -> Pacer {
        let Scenario { policy, demand, start, .. } = self.scenario;
        let streams: Vec<(usize, &str)> =
            demand.iter().map(|stream| (stream.gateway, stream.id.as_str())).collect();
        let start_weekday = start.weekday().to_monday_zero_offset() as u64;
        Pacer::new(&policy.pacing, &streams, start_weekday, eth_usd)
    }

    /// The clock of the users of a demand stream.
    pub(crate) fn clock(&self, stream: usize) -> UserClock {
        self.streams[stream].clock
    }

    /// How many requests each simulated one of a demand stream stands for.
    pub fn pace(&self, stream: usize) -> Pace {
        self.streams[stream].pace
    }

    /// Accounts of all markets together.
    pub(super) fn accounts(&self) -> usize {
        self.markets.iter().map(|plan| plan.routes.len()).sum()
    }
}

impl StreamPlan {
    fn new(
        scenario: &Scenario,
        number: usize,
        market: usize,
        service: usize,
        pace: Pace,
    ) -> StreamPlan {
        let (stream, network) = (&scenario.demand[number], &scenario.network);
        let model = &network.models[stream.model];
        let gateway = &network.gateways[stream.gateway];
        let live_pixels_per_second = gateway.version.live_pixels_per_second(stream.resolution);
        StreamPlan {
            number,
            market,
            service,
            pipeline: model.pipeline,
            model: stream.model,
            pace,
            steps: model.steps,
            user_rtt: SimTime::from_secs(network.rtt.secs(stream.region, gateway.region)),
            clock: UserClock {
                start_weekday: scenario.start.weekday().to_monday_zero_offset() as u32,
                utc_offset_hours: network.regions[stream.region].utc_offset_hours,
            },
            size: stream.size.sampler(),
            used_share: stream.used_share.sampler(),
            live_pixels_per_second,
            live_pixels_shown: stream.resolution.pixels_per_second().min(live_pixels_per_second),
            overhead_s: model.service.overhead_s,
            seconds_per_unit: model.service.seconds_per_unit,
            variation: model.service.variation.sampler(),
            cold_start_s: model.cold_start_s,
            bad_request_share: stream.bad_request_share,
            injected: stream.injected,
        }
    }
}

impl MarketPlan {
    /// Whom a payment to a candidate goes to.
    pub(super) fn payee(&self, candidate: u32) -> Payee {
        let Route { orchestrator, owner, .. } = self.routes[candidate as usize];
        let account = self.first_account + candidate as usize;
        Payee { account, gateway: self.gateway, orchestrator, owner, pace: self.pace }
    }

    /// The moment at which the model's clock shows `local`, which may be that of `now`.
    pub(super) fn moment(&self, local: SimTime, now: Moment) -> Moment {
        let then = || Moment { calendar: self.pace.calendar(local), local };
        if local == now.local { now } else { then() }
    }

    /// The offer that such a payment is for, an index into the world's capacities.
    pub(super) fn offer(&self, payee: Payee) -> usize {
        self.routes[payee.account - self.first_account].offer
    }

    fn new(
        network: &Network,
        owners: &[usize],
        (market, max_price): (Market, MaxPrice),
        (gateway_index, model): (usize, usize),
        pace: Pace,
        first_offer: &[usize],
        first_account: usize,
    ) -> MarketPlan {
        let gateway = &network.gateways[gateway_index];
        let route = |candidate: &Candidate| {
            let orchestrator = &network.orchestrators[candidate.orchestrator];
            Route {
                orchestrator: candidate.orchestrator,
                owner: owners[candidate.orchestrator],
                offer: first_offer[candidate.orchestrator] + candidate.offer,
                network_s: REQUEST_ROUND_TRIPS
                    * network.rtt.secs(gateway.region, orchestrator.region),
                jitter_s: orchestrator.jitter_ms / 1000.0,
                slowness: 1.0 / orchestrator.speed,
                reliability: orchestrator.reliability,
                is_contested: false,
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
            pace,
            first_account,
            retry_window_s: gateway.retry_window_s,
            max_price,
            market,
            routes,
            in_region,
        }
    }
}
