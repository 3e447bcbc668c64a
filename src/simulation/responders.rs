use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cashier::sender_funds;
use super::opening::quoted;
use super::price_board::PriceBoard;
use super::world::World;
use crate::kernel::StreamKey;
use crate::network::{Pricing, Response};
use crate::payments::{Ledger, Quote};
use crate::response::{Own, Rivalry, best_node_count, best_price, raised, undercut};
use crate::scenario::Scenario;
use crate::selection::SessionSelector;
use crate::units::{COIN, Price, SECONDS_PER_HOUR, SimTime, Wei};

/// How a responding orchestrator stands at the end with one of its offers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponseRecord {
    /// Its base price before the discount of the alpha group, in wei a unit.
    pub price: f64,
    /// Its nodes; 0 where it is not there.
    pub nodes: u32,
}

/// What came to one offer since the start.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    /// Requests that reached the orchestrator.
    reached: u64,
    /// Those refused for want of capacity.
    refused: u64,
    /// Billing units worked.
    units: u128,
}

/// A market in which an orchestrator's offer stands.
#[derive(Debug)]
struct Place {
    market: usize,
    /// The candidates that are its nodes, in their order.
    own: Vec<u32>,
    /// Billing units asked for up to the last review.
    asked_before: u128,
}

#[derive(Debug)]
struct Offered {
    /// Index among all offers of the network.
    offer: usize,
    model: usize,
    places: Vec<Place>,
    /// Up to the last review.
    before: Traffic,
    /// What everybody earned by the model up to then.
    model_earned_before: Wei,
}

#[derive(Debug)]
struct Responder<'w> {
    orchestrator: usize,
    response: &'w Response,
    /// Its nodes, the listed one first.
    nodes: Vec<usize>,
    /// How many of them it runs while it is there.
    running: usize,
    offers: Vec<Offered>,
    last_review: SimTime,
    earned_before: Wei,
    losing_reviews: u32,
}

/// What a review looks at and changes.
pub(super) struct Scene<'a> {
    pub now: SimTime,
    /// USD an ETH.
    pub eth_usd: f64,
    pub prices: &'a mut PriceBoard,
    pub ledger: &'a Ledger,
    pub selectors: &'a mut [SessionSelector],
}

/// The orchestrators that respond, and what they count for it. Where nobody does
/// nothing is counted.
#[derive(Debug)]
pub(super) struct Responders<'w> {
    world: &'w World<'w>,
    responders: Vec<Responder<'w>>,
    /// By node, whether it is there.
    is_there: Vec<bool>,
    /// By offer of the network.
    traffic: Vec<Traffic>,
    /// By market, billing units asked for.
    asked: Vec<u128>,
    /// Expected value of tickets, by orchestrator and by model.
    earned: Vec<Wei>,
    model_earned: Vec<Wei>,
    /// By model, the offers of it and whose they are.
    offers_of: Vec<Vec<(usize, usize)>>,
}

impl<'w> Responders<'w> {
    pub(super) fn new(world: &'w World<'w>) -> Responders<'w> {
        let listed = &world.scenario.network.orchestrators;
        let starts = |&owner: &usize| listed[owner].starts_present();
        let mut is_there: Vec<bool> = world.owners.iter().map(starts).collect();
        is_there[listed.len()..].fill(false);
        let models = world.scenario.network.models.len();
        let mut all = Responders {
            world,
            responders: Vec::new(),
            is_there,
            traffic: Vec::new(),
            asked: Vec::new(),
            earned: Vec::new(),
            model_earned: Vec::new(),
            offers_of: Vec::new(),
        };
        if listed.iter().all(|orchestrator| orchestrator.response.is_none()) {
            return all;
        }
        all.traffic = vec![Traffic::default(); world.capacities.len()];
        all.asked = vec![0; world.markets.len()];
        all.earned = vec![Wei::ZERO; listed.len()];
        all.model_earned = vec![Wei::ZERO; models];
        all.offers_of = vec![Vec::new(); models];
        let mut number_of = BTreeMap::new();
        let mut next_offer = 0;
        for (orchestrator, settings) in listed.iter().enumerate() {
            let mut offers = Vec::new();
            for offer in &settings.offers {
                all.offers_of[offer.model].push((next_offer, orchestrator));
                offers.push(Offered {
                    offer: next_offer,
                    model: offer.model,
                    places: Vec::new(),
                    before: Traffic::default(),
                    model_earned_before: Wei::ZERO,
                });
                next_offer += 1;
            }
            let Some(response) = &settings.response else { continue };
            number_of.insert(orchestrator, all.responders.len());
            all.responders.push(Responder {
                orchestrator,
                response,
                nodes: vec![orchestrator],
                running: 1,
                offers,
                last_review: SimTime::ZERO,
                earned_before: Wei::ZERO,
                losing_reviews: 0,
            });
        }
        for node in listed.len()..world.owners.len() {
            if let Some(&number) = number_of.get(&world.owners[node]) {
                all.responders[number].nodes.push(node);
            }
        }
        for (market, plan) in world.markets.iter().enumerate() {
            for (candidate, route) in (0u32..).zip(&plan.routes) {
                let Some(&number) = number_of.get(&route.owner) else {
                    continue;
                };
                let offers = &mut all.responders[number].offers;
                let Some(offered) = offers.iter_mut().find(|o| o.offer == route.offer) else {
                    continue;
                };
                match offered.places.last_mut() {
                    Some(place) if place.market == market => place.own.push(candidate),
                    _ => {
                        offered.places.push(Place { market, own: vec![candidate], asked_before: 0 })
                    }
                }
            }
        }
        all
    }

    /// The numbers of those that respond, with the time of their first review;
    /// `key` names the draws of when that is.
    pub(super) fn first_reviews(&self, key: StreamKey) -> impl Iterator<Item = (u32, SimTime)> {
        (0u32..).zip(&self.responders).map(move |(number, responder)| {
            let orchestrator = &self.world.network.orchestrators[responder.orchestrator];
            let uniform = key.named(&orchestrator.id).uniform(0);
            (number, hours(responder.response.review_hours * (1.0 + uniform)))
        })
    }

    fn is_active(&self) -> bool {
        !self.responders.is_empty()
    }

    /// Whether a node is there.
    pub(super) fn is_there(&self, node: usize) -> bool {
        self.is_there[node]
    }

    /// So many requests of so many billing units each came to a market.
    pub(super) fn asked(&mut self, market: usize, units: u64, requests: u64) {
        if self.is_active() {
            self.asked[market] += u128::from(units) * u128::from(requests);
        }
    }

    /// So many requests reached an orchestrator, which may have had no room for
    /// them.
    pub(super) fn reached(&mut self, offer: usize, requests: u64, are_refused: bool) {
        if self.is_active() {
            self.traffic[offer].reached += requests;
            self.traffic[offer].refused += if are_refused { requests } else { 0 };
        }
    }

    /// An orchestrator worked so many billing units for each of so many requests.
    pub(super) fn worked(&mut self, offer: usize, units: u64, requests: u64) {
        if self.is_active() {
            self.traffic[offer].units += u128::from(units) * u128::from(requests);
        }
    }

    /// Tickets worth `paid` on average were sent to an orchestrator for a model.
    pub(super) fn paid(&mut self, orchestrator: usize, model: usize, paid: Wei) {
        if self.is_active() {
            self.earned[orchestrator].0 += paid.0;
            self.model_earned[model].0 += paid.0;
        }
    }

    /// How those that respond stand, offer by offer.
    pub(super) fn records(&self, prices: &PriceBoard) -> Vec<ResponseRecord> {
        let of = |responder: &Responder| {
            let is_there = self.is_there[responder.orchestrator];
            let nodes = if is_there { responder.running as u32 } else { 0 };
            let record = |offered: &Offered| ResponseRecord {
                price: prices.asked(offered.offer).to_f64(),
                nodes,
            };
            responder.offers.iter().map(record).collect::<Vec<_>>()
        };
        self.responders.iter().flat_map(of).collect()
    }

    /// An orchestrator looks back on the time since its last review: it leaves
    /// or comes, sets its prices, divides its stake. Returns when it does so
    /// next.
    pub(super) fn review(&mut self, number: u32, mut scene: Scene) -> SimTime {
        let number = number as usize;
        let (orchestrator, response) = {
            let responder = &self.responders[number];
            (responder.orchestrator, responder.response)
        };
        let stays = self.stays(number, &scene);
        if stays {
            if !self.is_there[orchestrator] {
                self.responders[number].running = 1;
                self.is_there[orchestrator] = true;
            }
            self.set_prices(number, &mut scene);
        }
        let running = if stays { self.best_nodes(number, &scene) } else { 1 };
        self.run_nodes(number, running, stays, scene.selectors);
        self.look_back_from_here(number, scene.now);
        scene.now + hours(response.review_hours)
    }

    /// Whether it is there until the next review. Who is there leaves after
    /// reviews enough in a row at a loss; who is not comes where what others
    /// there earned would have covered its costs. Without a cost to save nobody
    /// stays away.
    fn stays(&mut self, number: usize, scene: &Scene) -> bool {
        let responder = &self.responders[number];
        let Responder { orchestrator, response, running, .. } = *responder;
        let days = (scene.now - responder.last_review).as_days();
        let per_day = response.gpu_cost_per_day.to_f64()
            + (running - 1) as f64 * response.node_cost_per_day.to_f64();
        let fixed = per_day * days / scene.eth_usd;
        if fixed == 0.0 {
            return true;
        }
        if !self.is_there[orchestrator] {
            return self.would_earn_net(number, scene) >= fixed;
        }
        let cost = |offered: &Offered| {
            let units = self.traffic[offered.offer].units - offered.before.units;
            Self::unit_cost(response, offered, scene) * units as f64 / COIN as f64
        };
        let variable: f64 = responder.offers.iter().map(cost).sum();
        let earned = self.earned[orchestrator].0 - responder.earned_before.0;
        let is_loss = Wei(earned).to_coins() < fixed + variable;
        let responder = &mut self.responders[number];
        responder.losing_reviews = if is_loss { responder.losing_reviews + 1 } else { 0 };
        let leaves = responder.losing_reviews >= response.patience;
        if leaves {
            responder.losing_reviews = 0;
        }
        !leaves
    }

    /// What one who is not there would have had, in ETH, less the cost of the
    /// work: by each of its models the mean of what those there that offer it
    /// earned. Where nobody is, all that was asked for it at its own price.
    fn would_earn_net(&self, number: usize, scene: &Scene) -> f64 {
        let responder = &self.responders[number];
        let net = |offered: &Offered| {
            let price = scene.prices.offer(offered.offer).to_f64();
            if price <= 0.0 {
                return 0.0;
            }
            let peers = self.rivals(responder, offered).count();
            let gross = if peers == 0 {
                let asked = |place: &Place| self.asked[place.market] - place.asked_before;
                let units: u128 = offered.places.iter().map(asked).sum();
                units as f64 * price / COIN as f64
            } else {
                let earned = self.model_earned[offered.model].0 - offered.model_earned_before.0;
                Wei(earned).to_coins() / peers as f64
            };
            gross * (1.0 - Self::unit_cost(responder.response, offered, scene) / price)
        };
        responder.offers.iter().map(net).sum()
    }

    /// The offers of the same model by others who are there.
    fn rivals(&self, responder: &Responder, offered: &Offered) -> impl Iterator<Item = usize> {
        let own = responder.orchestrator;
        let offers = self.offers_of[offered.model].iter();
        let others = offers.filter(move |&&(_, owner)| owner != own && self.is_there[owner]);
        others.map(|&(offer, _)| offer)
    }

    /// The candidates of others who are there, in a market.
    fn others(&self, place: &Place) -> Vec<u32> {
        let routes = (0u32..).zip(&self.world.markets[place.market].routes);
        let is_other = |candidate: &u32| !place.own.contains(candidate);
        let there = routes.filter(|(_, route)| self.is_there[route.orchestrator]);
        there.map(|(candidate, _)| candidate).filter(is_other).collect()
    }

    /// The offers of those of them whom the gateway usually finds.
    fn usual_rivals(&self, place: &Place) -> Vec<usize> {
        let plan = &self.world.markets[place.market];
        let mut found = self.others(place);
        found.extend(place.own.first());
        plan.market.keep_usually_found(&mut found);
        let offers = found.into_iter().filter(|candidate| !place.own.contains(candidate));
        offers.map(|candidate| plan.routes[candidate as usize].offer).collect()
    }

    /// The cost of a billing unit, in wei.
    fn unit_cost(response: &Response, offered: &Offered, scene: &Scene) -> f64 {
        response.cost_share * scene.prices.listed(offered.offer).to_f64()
    }

    /// What remains of the prices it asks.
    fn kept_share(&self, responder: &Responder) -> f64 {
        self.world.scenario.policy.alpha_group.kept_share(responder.orchestrator)
    }

    fn set_prices(&self, number: usize, scene: &mut Scene) {
        let responder = &self.responders[number];
        if self.kept_share(responder) <= 0.0 {
            return;
        }
        let alpha_group = &self.world.scenario.policy.alpha_group;
        for offered in &responder.offers {
            let price = self.price(responder, offered, scene);
            scene.prices.ask(alpha_group, responder.orchestrator, offered.offer, price);
        }
    }

    /// What it asks for an offer; of a rival's price and of its cost it looks at
    /// what it would have to ask for as much.
    fn price(&self, responder: &Responder, offered: &Offered, scene: &Scene) -> f64 {
        let response = responder.response;
        let kept = self.kept_share(responder);
        let price = scene.prices.asked(offered.offer).to_f64();
        let cost = Self::unit_cost(response, offered, scene) / kept;
        let opening = scene.prices.listed(offered.offer).to_f64();
        match response.pricing {
            Pricing::Fixed => price,
            Pricing::Undercut { by } => {
                let rivals = offered.places.iter().flat_map(|place| self.usual_rivals(place));
                let cheapest = rivals.map(|offer| scene.prices.offer(offer)).min();
                undercut(price, cheapest.map(|cheapest| cheapest.to_f64() / kept), by, cost)
            }
            Pricing::BestResponse => {
                let mut markets = self.rivalries(responder, offered, scene);
                let jumps: Vec<f64> =
                    markets.iter().filter_map(Rivalry::highest_base_price).collect();
                let most = response.most * opening;
                let highest = markets.iter().map(Rivalry::highest_base_price);
                let mut top = highest_price(highest, most);
                if markets.iter().any(Rivalry::may_pay_more) {
                    top = top.max(most);
                }
                let profit = |price: f64| {
                    let chance = |market: &mut Rivalry| {
                        market.units_per_day * market.chance(price, responder.running)
                    };
                    (price - cost) * markets.iter_mut().map(chance).sum::<f64>()
                };
                best_price(cost, top, &jumps, profit).unwrap_or(price)
            }
            Pricing::Raise { step, refused_share } => {
                let highest = |place: &Place| {
                    let max_price = scene.prices.max_price(place.market);
                    self.own(responder, place, scene).highest_base_price(max_price)
                };
                let highest = offered.places.iter().map(highest);
                let top = highest_price(highest, response.most * opening);
                let traffic = self.traffic[offered.offer];
                let reached = traffic.reached - offered.before.reached;
                let refused = traffic.refused - offered.before.refused;
                let is_sold_out = reached > 0 && refused as f64 >= refused_share * reached as f64;
                raised(price, is_sold_out, step, opening, top)
            }
        }
    }

    /// On how many nodes it does best until the next review.
    fn best_nodes(&self, number: usize, scene: &Scene) -> usize {
        let responder = &self.responders[number];
        let response = responder.response;
        if response.split_into <= 1 {
            return 1;
        }
        let mut works: Vec<(f64, Vec<Rivalry>)> = Vec::new();
        for offered in &responder.offers {
            let markets = self.rivalries(responder, offered, scene);
            works.push((Self::unit_cost(response, offered, scene), markets));
        }
        let kept = self.kept_share(responder);
        let prices: Vec<f64> =
            responder.offers.iter().map(|o| scene.prices.asked(o.offer).to_f64()).collect();
        let node_cost = response.node_cost_per_day.to_f64() / scene.eth_usd;
        best_node_count(responder.nodes.len(), node_cost, |nodes| {
            let mut profit = 0.0;
            for ((cost, markets), &price) in works.iter_mut().zip(&prices) {
                for market in markets {
                    let units = market.units_per_day * market.chance(price, nodes);
                    profit += (price * kept - *cost) * units / COIN as f64;
                }
            }
            profit
        })
    }

    /// What quotes in a market go by: the gas price, and the largest face value that is
    /// accepted from its gateway.
    fn terms(&self, place: &Place, scene: &Scene) -> (Wei, Wei) {
        let Scenario { network, payments, .. } = self.world.scenario;
        let gateway = self.world.markets[place.market].gateway;
        let funds = sender_funds(network, scene.ledger, gateway);
        (payments.gas_price(scene.now), funds.max_float())
    }

    /// The part of a responder in a market.
    fn own<'a>(&self, responder: &Responder, place: &'a Place, scene: &Scene) -> Own<'a> {
        let own = &self.world.network.orchestrators[responder.orchestrator];
        let (gas_price, max_float) = self.terms(place, scene);
        let terms = Quote::new(own, Price::whole(1), gas_price, max_float);
        let terms = terms.ok().and_then(|quote| quote.terms.tx_cost_multiplier());
        let markup = match terms.filter(|_| own.auto_adjust_price) {
            Some((face_value, tx_cost)) => 1.0 + tx_cost.0 as f64 / face_value.0 as f64,
            None => 1.0,
        };
        let markup = markup * self.kept_share(responder);
        Own { nodes: &place.own, stake: own.stake.to_coins(), markup }
    }

    /// The markets of an offer as its owner sees them.
    fn rivalries<'a>(
        &'a self,
        responder: &Responder,
        offered: &'a Offered,
        scene: &Scene,
    ) -> Vec<Rivalry<'a>> {
        let network = &self.world.network;
        let days = (scene.now - responder.last_review).as_days();
        let rivalry = |place: &'a Place| {
            let plan = &self.world.markets[place.market];
            let max_price = scene.prices.max_price(place.market);
            let (gas_price, max_float) = self.terms(place, scene);
            let mut candidates = plan.market.candidates.clone();
            for ((number, known), route) in (0u32..).zip(&mut candidates).zip(&plan.routes) {
                let node = &network.orchestrators[route.orchestrator];
                let base = scene.prices.offer(route.offer);
                let price = quoted(node, base, gas_price, max_float);
                plan.market.set_price(known, price, max_price);
                known.stake = scene.selectors[place.market].stake(number);
            }
            let others = self.others(place);
            let own = self.own(responder, place, scene);
            let asked = (self.asked[place.market] - place.asked_before) as f64;
            Rivalry::new(&plan.market, candidates, max_price, others, own, asked / days)
        };
        offered.places.iter().map(rivalry).collect()
    }

    /// Divides the stake evenly among the first `running` nodes.
    fn run_nodes(
        &mut self,
        number: usize,
        running: usize,
        is_there: bool,
        selectors: &mut [SessionSelector],
    ) {
        let responder = &mut self.responders[number];
        responder.running = running;
        for (place, &node) in responder.nodes.iter().enumerate() {
            self.is_there[node] = is_there && place < running;
        }
        if responder.nodes.len() == 1 {
            return;
        }
        let listed = &self.world.scenario.network.orchestrators[responder.orchestrator];
        let stake = listed.stake.to_coins() / running as f64;
        for place in responder.offers.iter().flat_map(|offered| &offered.places) {
            for (node, &candidate) in place.own.iter().enumerate() {
                let stake = if node < running { stake } else { 0.0 };
                selectors[place.market].set_stake(candidate, stake);
            }
        }
    }

    fn look_back_from_here(&mut self, number: usize, now: SimTime) {
        let responder = &mut self.responders[number];
        responder.last_review = now;
        responder.earned_before = self.earned[responder.orchestrator];
        for offered in &mut responder.offers {
            offered.before = self.traffic[offered.offer];
            offered.model_earned_before = self.model_earned[offered.model];
            for place in &mut offered.places {
                place.asked_before = self.asked[place.market];
            }
        }
    }
}

/// The highest of the base prices that gateways pay, `most` where one pays any.
fn highest_price(of_markets: impl Iterator<Item = Option<f64>>, most: f64) -> f64 {
    of_markets.map(|highest| highest.unwrap_or(most)).fold(0.0, f64::max)
}

fn hours(hours: f64) -> SimTime {
    SimTime::from_secs(hours * SECONDS_PER_HOUR as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load};

    #[test]
    fn units_of_many_requests_at_once_do_not_wrap() {
        let respond = "orchestrators.eu-1.respond={ price = { undercut = { by = 0.1 } } }";
        let text = crate::scenario::preset("minimal").unwrap().to_string();
        let source = Source { name: "minimal".to_string(), text, directory: None };
        let scenario = load(&source, &[respond.to_string()]).unwrap();
        let world = World::new(&scenario);
        let mut responders = Responders::new(&world);
        // Recordings of 1e12 s, the longest, at the coarsest pace.
        let (units, requests) = (10u64.pow(15), 1 << 24);
        responders.asked(0, units, requests);
        responders.worked(0, units, requests);
        let product = 16_777_216_000_000_000_000_000;
        assert_eq!((responders.asked[0], responders.traffic[0].units), (product, product));
    }
}
