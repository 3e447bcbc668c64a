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
//! [`most_requests`].

use std::collections::BTreeMap;

use super::replication::rehearse;
use super::world::World;
use crate::demand::{Arrivals, DemandStream, HourProfile, Pace};
use crate::scenario::Scenario;
use crate::selection::TIME_TO_LIVE_S;
use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR};

/// Relative standard error of the total spend that sampling may bring.
const SPEND_ERROR: f64 = 0.002;
/// Least number of requests simulated of models that share a pace.
const LEAST_SAMPLED: f64 = 25_000.0;
/// The same in the pilot.
const PILOT_SAMPLED: f64 = 10_000.0;
/// Discoveries are never further apart than this part of the time simulated.
const STALENESS: f64 = 0.01;
/// The same in the pilot.
const PILOT_STALENESS: f64 = 0.1;
/// Least number of requests simulated between two looks at their quality.
const LEAST_REVIEWED: f64 = 1_000.0;

/// Models that go by one pace.
struct Group {
    models: Vec<usize>,
    /// Requests expected in the time simulated.
    requests: f64,
    /// How many of them one may stand for.
    most: f64,
}

/// What the pilot says of a group.
struct Seen {
    /// Its share of the spend.
    share: f64,
    /// Root mean square over mean of what a request pays.
    variation: f64,
}

/// The paces of a scenario, by model.
pub(super) fn paces(scenario: &Scenario) -> Vec<Pace> {
    let exact = vec![Pace::EXACT; scenario.network.models.len()];
    let horizon = f64::from(scenario.horizon_days);
    let groups = groups(scenario, horizon, PILOT_STALENESS);
    let coarse = by_model(&exact, &groups, |group| group.requests / PILOT_SAMPLED);
    if coarse == exact {
        return exact;
    }
    let pilot = World::paced(scenario, coarse);
    let Ok(result) = rehearse(&pilot) else { return exact };
    let days = result.depleted.map_or(horizon, |end| end.as_days());
    let groups = self::groups(scenario, days, STALENESS);
    let spent = |models: &[usize]| -> f64 {
        let streams = scenario.demand.iter().zip(&result.spend_by_stream);
        streams
            .filter(|(stream, _)| models.contains(&stream.model))
            .map(|(_, s)| s.to_coins())
            .sum()
    };
    let total: f64 = result.spend_by_stream.iter().map(|wei| wei.to_coins()).sum();
    let seen: Vec<Seen> = groups
        .iter()
        .map(|group| {
            let sampled = || group.models.iter().map(|&model| result.sampled[model]);
            let requests = sampled().map(|model| model.requests as f64).sum::<f64>();
            let paid: f64 = sampled().map(|model| model.paid).sum();
            let squares: f64 = sampled().map(|model| model.squares).sum();
            let variation = libm::sqrt(squares * requests) / paid;
            Seen {
                share: if total > 0.0 { spent(&group.models) / total } else { 0.0 },
                variation: if variation.is_finite() { variation } else { 1.0 },
            }
        })
        .collect();
    let wanted = allocation(&groups, &seen);
    let sizes: Vec<f64> = groups.iter().zip(wanted).map(|(group, n)| group.requests / n).collect();
    let mut sizes = sizes.into_iter();
    by_model(&exact, &groups, |_| sizes.next().unwrap_or(1.0))
}

/// The paces of scenarios that are to be compared: of each model the least that
/// one of them would give it.
pub(super) fn common_paces(scenarios: &[&Scenario]) -> Vec<Vec<Pace>> {
    let mut all: Vec<Vec<Pace>> = scenarios.iter().map(|scenario| paces(scenario)).collect();
    let mut least: BTreeMap<String, Pace> = BTreeMap::new();
    loop {
        let before = least.clone();
        for (scenario, paces) in scenarios.iter().zip(&mut all) {
            for models in coupled(scenario) {
                let key = |&model: &usize| scenario.network.models[model].key();
                let own = models.iter().map(|&model| paces[model]);
                let pace =
                    models.iter().filter_map(|m| least.get(&key(m)).copied()).chain(own).min();
                for (model, pace) in models.iter().zip(std::iter::repeat(pace.unwrap_or_default()))
                {
                    paces[*model] = pace;
                    least.insert(key(model), pace);
                }
            }
        }
        if least == before {
            return all;
        }
    }
}

/// How many requests of each group to simulate. Groups that are simulated whole
/// add nothing to the error, and leave it to the others.
fn allocation(groups: &[Group], seen: &[Seen]) -> Vec<f64> {
    let mut wanted = vec![f64::INFINITY; groups.len()];
    let mut is_whole = vec![false; groups.len()];
    loop {
        let weight = |index: usize| seen[index].share * seen[index].variation;
        let sampled: f64 = (0..groups.len()).filter(|&g| !is_whole[g]).map(weight).sum();
        let mut changed = false;
        for (index, group) in
            groups.iter().enumerate().filter(|(g, _)| !is_whole[*g]).collect::<Vec<_>>()
        {
            let neyman = weight(index) * sampled / (SPEND_ERROR * SPEND_ERROR);
            wanted[index] = neyman.max(LEAST_SAMPLED);
            if wanted[index] >= group.requests || group.most < 2.0 {
                is_whole[index] = true;
                wanted[index] = group.requests;
                changed = true;
            }
        }
        if !changed {
            return wanted;
        }
    }
}

fn by_model(exact: &[Pace], groups: &[Group], mut size: impl FnMut(&Group) -> f64) -> Vec<Pace> {
    let mut paces = exact.to_vec();
    for group in groups {
        let pace = Pace::at_most(size(group).min(group.most));
        group.models.iter().for_each(|&model| paces[model] = pace);
    }
    paces
}

/// The models in groups, for a simulation of so many days in which discoveries
/// are apart by at most a part `staleness` of them.
fn groups(scenario: &Scenario, days: f64, staleness: f64) -> Vec<Group> {
    let group = |models: Vec<usize>| {
        let streams = || scenario.demand.iter().filter(|stream| models.contains(&stream.model));
        let stalest = staleness * days * SECONDS_PER_DAY as f64 / TIME_TO_LIVE_S;
        Group {
            requests: streams().map(|stream| expected_requests(stream, days)).sum(),
            most: streams().map(|s| most_requests(scenario, s)).fold(stalest, f64::min),
            models,
        }
    };
    coupled(scenario).into_iter().map(group).collect()
}

/// Models that share something on the time scale of requests: an orchestrator
/// that has several of them cold keeps loaded the one last asked for.
fn coupled(scenario: &Scenario) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..scenario.network.models.len()).collect();
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

/// How many requests one of a stream may stand for by what is particular to
/// it.
fn most_requests(scenario: &Scenario, stream: &DemandStream) -> f64 {
    let Arrivals::Poisson(arrivals) = &stream.arrivals else { return 1.0 };
    // A developer's requests of a day are few: they cannot be told from one in
    // so many.
    if scenario.policy.pacing.developers.is_some() {
        return 1.0;
    }
    let mut most = f64::INFINITY;
    let _ = arrivals.hours == HourProfile::FLAT;
    let per_review = |hours: f64| drawn_per_day(stream) * hours / 24.0 / LEAST_REVIEWED;
    if let Some(users) = &stream.users
        && (users.success_exponent != 0.0 || users.latency_exponent != 0.0)
    {
        most = most.min(per_review(users.review_hours));
    }
    for orchestrator in &scenario.network.orchestrators {
        if let Some(response) = &orchestrator.response
            && orchestrator.offers.iter().any(|offer| offer.model == stream.model)
        {
            most = most.min(per_review(response.review_hours));
        }
    }
    let _ = SECONDS_PER_HOUR;
    most
}
