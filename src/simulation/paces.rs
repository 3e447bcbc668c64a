//! Which pace each model goes by in aggregated mode.
//!
//! A pilot replication at coarse paces shows how long the credits last, what
//! each model spends and how its requests differ in what they pay. From that
//! follows how many of its requests have to be simulated for the total spend to
//! have the standard error wanted (Neyman allocation: a model gets requests in
//! proportion to its share of the spend and to their coefficient of variation).
//! A model of few or dear requests comes out as exact.
//!
//! A pace also slows the clock of sessions and requests down, and nothing on it
//! may come near the time over which what they meet changes: hence the limits of
//! [`most_requests`], and models that are simulated whole: [`must_be_exact`].

use std::collections::BTreeMap;

use super::opening::Opening;
use super::replication::rehearse;
use super::world::World;
use super::{ReplicationResult, Sampled};
use crate::demand::{Arrivals, Bursts, DemandStream, HourProfile, Pace};
use crate::network::{Model, Offer, Pricing};
use crate::payments::LedgerViolation;
use crate::policy::{Course, Steering};
use crate::scenario::Scenario;
use crate::selection::TIME_TO_LIVE_S;
use crate::treasury::TokenPrices;
use crate::units::{SECONDS_PER_DAY, SimTime};

const DAY_S: f64 = SECONDS_PER_DAY as f64;

/// Relative standard error of the total spend that sampling may bring.
const SPEND_ERROR: f64 = 0.0025;
/// The same of the spend of a gateway that runs out, which ends the run. Where nothing
/// else varies it moves P10 and P90 of the runway by 1.28 times as much.
const GATEWAY_ERROR: f64 = 0.005;
/// The same of one that keeps its funds when the run ends, times the share it keeps: by
/// several times as much it would have to be off to run out first.
const IDLE_GATEWAY_ERROR: f64 = 0.125;
/// Least number of requests simulated of models that share a pace.
const LEAST_SAMPLED: f64 = 20_000.0;
/// The same for each orchestrator that a gateway may ask, where sessions may stay
/// in use when their request is over: how many do settles only after tens of
/// thousands of requests, and that must not take much of the run.
const LEAST_SAMPLED_EACH: f64 = 40_000.0;
/// The same in the pilot.
const PILOT_SAMPLED: f64 = 10_000.0;
/// How many times more a request of the pilot may stand for: it need not be
/// right but within some ten per cent, and cost little beside a replication.
const PILOT_LATITUDE: f64 = 16.0;
/// What lasts from one discovery to the next, or as long as a request, never
/// lasts longer than this part of the time simulated.
const STALENESS: f64 = 0.02;
/// How much later streams are paid, as they last longer by a slower clock, at most:
/// a part of the time simulated. The runway grows by as much.
const LATE_PAYMENT: f64 = 0.002;
/// Share of the requests, in the mean over a week, that may come while the places in
/// use are still those of before a rise of the rate, as they are held longer by a slower
/// clock. Where all places are then taken, about a third of it shows in the spend.
const LAGGING: f64 = 0.01;
/// Least number of requests simulated between two looks at their quality.
const LEAST_REVIEWED: f64 = 1_000.0;

/// Models that go by one pace.
struct Group {
    models: Vec<usize>,
    /// Requests expected in the time simulated.
    requests: f64,
    /// How many of them have to be simulated at least, whoever pays them.
    least: f64,
    /// How many of them one may stand for.
    most: f64,
}

/// What the pilot says of the requests of a group that some gateways pay.
struct Seen {
    /// How many are expected in the time simulated.
    requests: f64,
    /// How many of them have to be simulated at least.
    least: f64,
    /// Their share of the spend of these gateways.
    share: f64,
    /// Root mean square over mean of what a request pays, times how many come
    /// together.
    variation: f64,
}

/// The paces of a scenario, by model.
pub(super) fn paces(scenario: &Scenario) -> Result<Vec<Pace>, LedgerViolation> {
    let Some((days, pilot)) = pilot(scenario)? else {
        return Ok(vec![Pace::EXACT; scenario.network.models.len()]);
    };
    let groups = groups(scenario, days);
    let sizes = |gateway: Option<usize>, error: f64| {
        let seen = |group: &Group| Seen::of(group, gateway, scenario, days, &pilot);
        let seen: Vec<Seen> = groups.iter().map(seen).collect();
        allocation(&groups, &seen, error)
    };
    let mut least = sizes(None, SPEND_ERROR);
    for gateway in 0..scenario.network.gateways.len() {
        let error = GATEWAY_ERROR.max(IDLE_GATEWAY_ERROR * kept_share(scenario, gateway, &pilot));
        let sizes = sizes(Some(gateway), error);
        least.iter_mut().zip(sizes).for_each(|(least, size)| *least = least.min(size));
    }
    Ok(by_model(scenario, &groups, least.into_iter()))
}

/// The share of what a gateway had in a replication that is left in its deposit.
fn kept_share(scenario: &Scenario, gateway: usize, result: &ReplicationResult) -> f64 {
    let streams = scenario.demand.iter().zip(&result.spend_by_stream);
    let own = streams.filter(|(stream, _)| stream.gateway == gateway);
    let spent: f64 = own.map(|(_, spend)| spend.to_coins()).sum();
    let left = result.books.free_deposit(gateway).to_coins();
    if left > 0.0 { left / (left + spent) } else { 0.0 }
}

/// A pilot replication, and how many days it took; `None` where even that would be
/// exact.
fn pilot(scenario: &Scenario) -> Result<Option<(f64, ReplicationResult)>, LedgerViolation> {
    let horizon = f64::from(scenario.horizon_days);
    let mut days = horizon;
    loop {
        let groups = pilot_groups(scenario, days);
        let sizes = groups.iter().map(|group| group.requests / PILOT_SAMPLED);
        let paces = by_model(scenario, &groups, sizes);
        if paces.iter().all(|&pace| pace == Pace::EXACT) {
            return Ok(None);
        }
        let result = rehearse(&World::paced(scenario, paces.clone()))?;
        let found = result.depleted.map_or(horizon, |end| end.as_days());
        // Paces too coarse for so few days have made them more than they are.
        let groups = pilot_groups(scenario, found);
        let most = by_model(scenario, &groups, groups.iter().map(|group| group.most));
        if paces.iter().zip(&most).all(|(pace, most)| pace <= most) {
            return Ok(Some((found, result)));
        }
        days = found;
    }
}

/// The groups of [`groups`] with the latitude of the pilot.
fn pilot_groups(scenario: &Scenario, days: f64) -> Vec<Group> {
    let mut groups = groups(scenario, days);
    groups.iter_mut().for_each(|group| group.most *= PILOT_LATITUDE);
    groups
}

impl Seen {
    /// Of one gateway or of all.
    fn of(
        group: &Group,
        gateway: Option<usize>,
        scenario: &Scenario,
        days: f64,
        pilot: &ReplicationResult,
    ) -> Seen {
        let numbered = || scenario.demand.iter().enumerate();
        let paid = || numbered().filter(|(_, s)| gateway.is_none_or(|payer| payer == s.gateway));
        let own = || paid().filter(|(_, stream)| group.models.contains(&stream.model));
        let spent = |number: usize| pilot.spend_by_stream[number].to_coins();
        let spend: f64 = own().map(|(number, _)| spent(number)).sum();
        let total: f64 = paid().map(|(number, _)| spent(number)).sum();
        let sum = |value: fn(&Sampled) -> f64| -> f64 {
            own().map(|(number, _)| value(&pilot.sampled[number])).sum()
        };
        let requests = sum(|of| of.requests as f64);
        let variation = libm::sqrt(sum(|of| of.squares) * requests) / sum(|of| of.paid);
        let variation = if variation.is_finite() { variation } else { 1.0 };
        let share = match total > 0.0 {
            true => spend / total,
            // Too few for the pilot.
            false if requests == 0.0 => 1.0,
            false => 0.0,
        };
        Seen {
            requests: own().map(|(_, stream)| expected_requests(stream, days)).sum(),
            least: if gateway.is_none() { group.least } else { 0.0 },
            share,
            variation: variation * own().map(|(_, s)| s.arrivals.cluster()).fold(1.0, f64::max),
        }
    }
}

/// How the models of a scenario would go by themselves, and what of that scenarios
/// which are to be compared have in common.
#[derive(Clone, Debug)]
pub struct OwnPaces {
    /// By model.
    paces: Vec<Pace>,
    keys: Vec<String>,
    /// Models that go by one pace.
    coupled: Vec<Vec<usize>>,
}

impl OwnPaces {
    /// Those of a scenario.
    ///
    /// # Errors
    /// [`LedgerViolation`] where the books of the pilot do not balance.
    pub fn new(scenario: &Scenario) -> Result<OwnPaces, LedgerViolation> {
        let keys = scenario.network.models.iter().map(Model::key).collect();
        Ok(OwnPaces { paces: paces(scenario)?, keys, coupled: coupled(scenario) })
    }

    /// The paces of scenarios that are to be compared: of each model the least that
    /// one of them would give it.
    pub fn in_common(mut all: Vec<OwnPaces>) -> Vec<Vec<Pace>> {
        let mut least: BTreeMap<String, Pace> = BTreeMap::new();
        loop {
            let before = least.clone();
            for OwnPaces { paces, keys, coupled } in &mut all {
                for models in coupled {
                    let known = models.iter().filter_map(|&model| least.get(&keys[model]));
                    let own = models.iter().map(|&model| &paces[model]);
                    let pace = known.chain(own).min().copied().unwrap_or_default();
                    for &model in models.iter() {
                        paces[model] = pace;
                        least.insert(keys[model].clone(), pace);
                    }
                }
            }
            if least == before {
                return all.into_iter().map(|own| own.paces).collect();
            }
        }
    }
}

/// How many requests of each group one simulated may stand for, so that sampling gives
/// the spend seen at most an error. Groups that are simulated whole add nothing to it,
/// and leave it to the others.
fn allocation(groups: &[Group], seen: &[Seen], error: f64) -> Vec<f64> {
    let weight = |group: usize| seen[group].share * seen[group].variation;
    let all = || 0..groups.len();
    let mut is_whole: Vec<bool> = groups.iter().map(|group| group.most < 2.0).collect();
    loop {
        let others: f64 = all().filter(|&group| !is_whole[group]).map(weight).sum();
        let wanted =
            |group: usize| (weight(group) * others / (error * error)).max(seen[group].least);
        let next: Vec<bool> = all().map(|g| is_whole[g] || wanted(g) >= seen[g].requests).collect();
        if next == is_whole {
            let size = |g: usize| match (seen[g].requests, is_whole[g]) {
                (0.0, _) => f64::INFINITY,
                (_, true) => 1.0,
                (requests, false) => requests / wanted(g),
            };
            return all().map(size).collect();
        }
        is_whole = next;
    }
}

/// Paces of at most the sizes given for each group, and of what it allows.
fn by_model(scenario: &Scenario, groups: &[Group], sizes: impl Iterator<Item = f64>) -> Vec<Pace> {
    let mut paces = vec![Pace::EXACT; scenario.network.models.len()];
    for (group, size) in groups.iter().zip(sizes) {
        for &model in &group.models {
            paces[model] = Pace::at_most(size.min(group.most));
        }
    }
    paces
}

/// The models in groups, for a simulation of so many days.
fn groups(scenario: &Scenario, days: f64) -> Vec<Group> {
    let opening = Opening::new(scenario);
    let group = |models: Vec<usize>| {
        let streams = || scenario.demand.iter().filter(|stream| models.contains(&stream.model));
        let most = streams().map(|stream| most_requests(scenario, &opening, stream, days));
        Group {
            requests: streams().map(|stream| expected_requests(stream, days)).sum(),
            least: streams().map(|s| least_sampled(scenario, s)).fold(LEAST_SAMPLED, f64::max),
            most: most.fold(f64::INFINITY, f64::min),
            models,
        }
    };
    coupled(scenario).into_iter().map(group).collect()
}

/// Models that share something on the time scale of requests: an orchestrator
/// that has several of them cold keeps loaded the one last asked for, and
/// steering towards shares of all payments goes by the last request of any.
fn coupled(scenario: &Scenario) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..scenario.network.models.len()).collect();
    if matches!(scenario.policy.injection.steering, Steering::Towards { .. }) {
        return vec![group_of];
    }
    for orchestrator in &scenario.network.orchestrators {
        let mut cold = orchestrator.offers.iter().filter(|offer| !offer.warm);
        let Some(first) = cold.next() else { continue };
        for offer in cold {
            let (one, other) = (group_of[first.model], group_of[offer.model]);
            group_of.iter_mut().filter(|group| **group == other).for_each(|group| *group = one);
        }
    }
    let mut groups = vec![Vec::new(); group_of.len()];
    for (model, &group) in group_of.iter().enumerate() {
        groups[group].push(model);
    }
    groups.retain(|models| !models.is_empty());
    groups
}

/// Requests drawn for a stream in so many days.
fn expected_requests(stream: &DemandStream, days: f64) -> f64 {
    match &stream.arrivals {
        Arrivals::Trace(trace) => trace.requests.len() as f64,
        Arrivals::Poisson(arrivals) => {
            let whole = (libm::ceil(days) as u32).max(1);
            let day = |number: u32| (f64::from(number) + 0.5) / f64::from(whole) * days;
            let growth = (0..whole).map(|number| arrivals.growth.factor(day(number))).sum::<f64>();
            drawn_per_day(stream) * growth * days / f64::from(whole)
        }
    }
}

/// Requests drawn for a stream a day at the start.
fn drawn_per_day(stream: &DemandStream) -> f64 {
    let most = stream.users.as_ref().map_or(1.0, |users| users.most);
    match &stream.arrivals {
        Arrivals::Trace(_) => 0.0,
        Arrivals::Poisson(arrivals) => arrivals.requests_per_day * most,
    }
}

/// How many requests of the model of a stream have to be simulated by what is
/// particular to it. From 0.8.4 on a request that gives up may leave sessions in
/// use for good.
fn least_sampled(scenario: &Scenario, stream: &DemandStream) -> f64 {
    let network = &scenario.network;
    let is_live = network.models[stream.model].pipeline.is_live();
    if is_live || !network.gateways[stream.gateway].version.has_error_classes() {
        return 0.0;
    }
    network.offers_of(stream.model).count() as f64 * LEAST_SAMPLED_EACH
}

/// How many requests one of a stream may stand for by what is particular to
/// it; 0 where none may stand for another.
fn most_requests(scenario: &Scenario, opening: &Opening, stream: &DemandStream, days: f64) -> f64 {
    let Arrivals::Poisson(arrivals) = &stream.arrivals else { return 0.0 };
    if must_be_exact(scenario, opening, stream) {
        return 0.0;
    }
    let model = &scenario.network.models[stream.model];
    let size = stream.size.mean();
    let held_s = match model.pipeline.is_live() {
        true => size,
        false => {
            model.service.overhead_s
                + model.service.seconds_per_unit * size * stream.used_share.mean()
        }
    };
    let longest_s = STALENESS * days * DAY_S;
    let longest_known_s = match arrivals.hours == HourProfile::FLAT {
        true => longest_s,
        false => longest_s.min(DAY_S),
    };
    let mut most = (longest_s / held_s).min(longest_known_s / TIME_TO_LIVE_S);
    let season = arrivals.hours.rise() / DAY_S + arrivals.weekdays.rise() / (7.0 * DAY_S);
    let rise_per_s = season + arrivals.bursts.rise_per_s();
    most = most.min(1.0 + LAGGING / rise_per_s / held_s);
    if model.pipeline.is_live() {
        // A stream pays while it lasts, in the mean so long after its start.
        let paid_after_s = stream.size.mean_square() / (2.0 * size);
        most = most.min(1.0 + LATE_PAYMENT * days * DAY_S / paid_after_s);
    }
    if let Bursts::SelfExciting { mean_delay_minutes, .. } = arrivals.bursts {
        // A cluster must not take longer than what happens meanwhile.
        most = most.min(longest_s / (mean_delay_minutes * 60.0 * arrivals.bursts.cluster()));
    }
    let reviewed = |hours: f64| drawn_per_day(stream) * hours / 24.0 / LEAST_REVIEWED;
    if let Some(users) = &stream.users
        && (users.success_exponent != 0.0 || users.latency_exponent != 0.0)
    {
        most = most.min(reviewed(users.review_hours));
    }
    for (orchestrator, _) in scenario.network.offers_of(stream.model) {
        if let Some(response) = &scenario.network.orchestrators[orchestrator].response {
            most = most.min(reviewed(response.review_hours));
        }
    }
    most
}

/// Whether no request of a stream may stand for another.
fn must_be_exact(scenario: &Scenario, opening: &Opening, stream: &DemandStream) -> bool {
    let Scenario { network, policy, .. } = scenario;
    // A developer's requests of a day are few: they cannot be told from one in
    // so many. Steering to a runway magnifies the chance in a week's spend.
    let is_steered = matches!(policy.max_price.course, Course::TargetRunway(_));
    // Once a member's session stays in use for good the others serve, at other
    // prices. That comes of a few refusals, on the clock of sessions.
    let is_live = network.models[stream.model].pipeline.is_live();
    let members_may_be_stuck = !is_live
        && network.gateways[stream.gateway].version.has_error_classes()
        && network.offers_of(stream.model).any(|(owner, _)| policy.alpha_group.has(owner));
    is_steered
        || policy.pacing.developers.is_some()
        || members_may_be_stuck
        || may_cross_max_price(scenario, opening, stream)
}

/// Whether an orchestrator may come to be above the maximum price, or within it
/// again, during the run. A session that is too dear leaves the pool by the
/// clock of sessions, and until then much of the demand may fail.
fn may_cross_max_price(scenario: &Scenario, opening: &Opening, stream: &DemandStream) -> bool {
    let Scenario { network, policy, payments, treasury, credits, .. } = scenario;
    let (_, max_price) = opening.listed_market(stream.gateway, stream.model);
    let factor = policy.max_price.factor;
    let highest = |factor| max_price.at(factor, credits.eth_usd).unwrap_or(None);
    let prices_move = treasury.prices != TokenPrices::Constant;
    let responds = |orchestrator: usize| {
        let response = network.orchestrators[orchestrator].response.as_ref();
        response.is_some_and(|response| response.pricing != Pricing::Fixed)
    };
    let steps = match &policy.max_price.course {
        Course::Steps(steps) => steps.as_slice(),
        _ => &[],
    };
    let factors = || std::iter::once(factor).chain(steps.iter().map(|&(_, factor)| factor));
    if factors().all(|factor| highest(factor).is_none()) {
        return false;
    }
    let gas_prices = || {
        let later = payments.gas_prices.iter().map(|&(_, gas_price)| gas_price);
        std::iter::once(payments.gas_price(SimTime::ZERO)).chain(later)
    };
    let crosses = |orchestrator: usize, offer: &Offer| {
        let mut within = gas_prices().flat_map(|gas_price| {
            let quote = opening.quote(stream.gateway, orchestrator, offer, gas_price);
            factors().map(move |factor| highest(factor).is_none_or(|most| quote <= most))
        });
        let at_first = within.next();
        within.any(|later| Some(later) != at_first)
    };
    network.offers_of(stream.model).any(|(orchestrator, offer)| {
        prices_move && offer.price.is_pegged() != max_price.is_pegged()
            || responds(orchestrator)
            || crosses(orchestrator, offer)
    })
}
