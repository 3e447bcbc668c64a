use super::first_pool::{FOUND_DAILY, FirstPool, USUALLY_FOUND};
use super::selector::in_wei;
use super::{Chooser, Discovery, Market, PoolRule, Suspender, TIME_TO_LIVE_S};
use crate::kernel::StreamKey;
use crate::network::Network;
use crate::units::{Lpt, Price};

/// Discoveries simulated to tell who is nearest: a share of them is known to
/// within 1 percentage point.
const DISCOVERIES: u64 = 20_000;

/// Who would be selected by a gateway that has just started, for one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The rule in words.
    pub rule: String,
    /// Whether the probabilities are those of the first contact only, as later
    /// ones go by how the orchestrators did.
    pub is_first_contact: bool,
    /// What makes the answer other than one might think.
    pub warnings: Vec<String>,
    /// Every orchestrator of the network, in its order.
    pub rows: Vec<Row>,
}

/// One orchestrator.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// An index into the network's orchestrators.
    pub orchestrator: usize,
    /// The price it quotes for the model; `None` where it does not offer it.
    pub price: Option<Price>,
    /// Its stake.
    pub stake: Lpt,
    /// Whether it advertises the model as warm.
    pub warm: Option<bool>,
    /// Share of discoveries it answers in time, 0 to 1.
    pub discovered: f64,
    /// Whether it can be selected.
    pub standing: Standing,
    /// Probability that it is selected for the first request, given that every
    /// eligible orchestrator was discovered; under a regional quota its share
    /// of many requests. In pools that each discovery makes anew (live video in
    /// 0.9), its share of one request after each of many discoveries.
    pub probability: f64,
}

/// Whether an orchestrator can be selected, and if not, why.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It can.
    Eligible,
    /// It cannot.
    Filtered(String),
}

/// Explains the selection in a market of the network.
pub fn explain(network: &Network, market: &Market) -> Explanation {
    let FirstPool { found, eligible, .. } = market.first_pool();
    let (eligible, probabilities) = if market.refreshes_in_background() {
        in_pools_of_one_discovery(market)
    } else {
        let probabilities = match &market.chooser {
            Some(chooser) => chosen_among(market, chooser, &eligible),
            None => market.rule.probabilities(&market.candidates, &eligible),
        };
        (eligible, probabilities)
    };
    let mut rows: Vec<Row> = network
        .orchestrators
        .iter()
        .enumerate()
        .map(|(orchestrator, o)| Row {
            orchestrator,
            price: None,
            stake: o.stake,
            warm: None,
            discovered: 0.0,
            standing: Standing::Filtered("model not offered".to_string()),
            probability: 0.0,
        })
        .collect();
    let serves_members_first = eligible.iter().any(|&candidate| market.is_preferred(candidate));
    let mut place_of = vec![None; market.candidates.len()];
    for (place, &candidate) in eligible.iter().enumerate() {
        place_of[candidate as usize] = Some(place);
    }
    for (candidate, known_as) in (0u32..).zip(&market.candidates) {
        let row = &mut rows[known_as.orchestrator];
        row.price = Some(known_as.price);
        row.warm = Some(market.warm[candidate as usize]);
        row.discovered = found[candidate as usize];
        row.standing = if let Some(place) = place_of[candidate as usize] {
            row.probability = probabilities[place];
            Standing::Eligible
        } else if !market.starts_present[candidate as usize] {
            Standing::Filtered("not there yet".to_string())
        } else if row.discovered < FOUND_DAILY {
            Standing::Filtered("too far: found less than once a day".to_string())
        } else if let Some(problem) = market.ticket_problem(candidate) {
            Standing::Filtered(problem.to_string())
        } else if let Some(max) = market.max_price.filter(|_| !known_as.within_max_price) {
            Standing::Filtered(format!("price above the maximum of {}", in_wei(max)))
        } else if !known_as.passes_perf_score && market.pool_rule() != PoolRule::Nearest {
            Standing::Filtered("performance score below the minimum".to_string())
        } else if serves_members_first && !market.is_preferred(candidate) {
            Standing::Filtered("asked after the alpha group".to_string())
        } else {
            Standing::Filtered("cold: asked after those that are warm".to_string())
        };
    }
    let seldom = |&&candidate: &&u32| found[candidate as usize] < USUALLY_FOUND;
    let seldom = eligible.iter().filter(seldom).count();
    let warnings = [
        (seldom > 0 && !market.refreshes_in_background()).then(|| {
            format!(
                "{seldom} of {} are missed by most discoveries. Sessions stay once found, so the \
                 probabilities hold when a discovery, one every {:.0} minutes, has found each.",
                eligible.len(),
                TIME_TO_LIVE_S / 60.0
            )
        }),
        market.blind_price_warning_among(&eligible),
        market.overpriced_warning(),
        market.loose_max_price_warning(),
        market.unpayable_request_warning(),
        market.candidates.is_empty().then(|| "no orchestrator offers the model".to_string()),
    ];
    let warnings = warnings.into_iter().flatten();
    Explanation {
        rule: rule_in_words(network, market),
        is_first_contact: match market.pool_rule() {
            PoolRule::FirstContactThenFastest => true,
            PoolRule::Chosen => market.chooser.as_ref().is_some_and(Chooser::learns),
            PoolRule::ProbabilityByLatencyScore => {
                market.rule.goes_by_order(&market.candidates, &eligible)
            }
            PoolRule::ProbabilityByDiscoveryLatency | PoolRule::Nearest => false,
        },
        warnings: warnings.chain(market.degenerate_rule_warnings(&eligible)).collect(),
        rows,
    }
}

fn rule_in_words(network: &Network, market: &Market) -> String {
    let weights = market.rule.weights;
    let probability = format!(
        "probability = {} x stake share + {} x price term + {} / n",
        weights.stake, weights.price, weights.random
    );
    match market.pool_rule() {
        PoolRule::FirstContactThenFastest if market.is_live => format!(
            "first contact by {probability}; then always one that was used and is free, if there \
             is one, since live video sets no latency score"
        ),
        PoolRule::FirstContactThenFastest => {
            format!("first contact by {probability}; then always the lowest latency score")
        }
        PoolRule::Nearest => {
            "the lowest discovery latency at or below the maximum price".to_string()
        }
        PoolRule::Chosen => {
            market.chooser.iter().map(|chooser| chooser.words(&network.regions)).collect()
        }
        PoolRule::ProbabilityByLatencyScore | PoolRule::ProbabilityByDiscoveryLatency => {
            format!("on every request by {probability}")
        }
    }
}

/// Simulates discoveries; each time `visit` gets whom one found with their latency,
/// nearest first.
fn discover(market: &Market, mut visit: impl FnMut(&[(f64, u32)])) {
    let mut suspender = Suspender::new(market.candidates.len());
    let mut discovery = Discovery::default();
    let key = StreamKey::root(0);
    for number in 0..DISCOVERIES {
        discovery.run(
            &market.probes,
            market.discovery_timeout_s,
            market.someone_silent,
            &mut suspender,
            |_| true,
            key.child(number),
        );
        visit(&discovery.found);
    }
}

/// Where each discovery makes the pools anew: whom the rule may select in those of some
/// discovery, and the share of discoveries, those that find nobody of them left out, after
/// which it selects each. It draws, as a quota that a region missed goes to it later.
fn in_pools_of_one_discovery(market: &Market) -> (Vec<u32>, Vec<f64>) {
    let mut chooser = market.chooser.clone();
    let mut counts: Vec<Option<f64>> = vec![None; market.candidates.len()];
    let mut selections = 0;
    discover(market, |found| {
        for &(latency, candidate) in found {
            if let Some(chooser) = &mut chooser {
                chooser.note_discovery(candidate, latency);
            }
        }
        let known = found.iter().map(|&(_, candidate)| candidate);
        let known: Vec<u32> = known.filter(|&candidate| market.gives_tickets(candidate)).collect();
        let (_, mut eligible) = market.first_to_select_from(&known);
        for &candidate in &eligible {
            counts[candidate as usize].get_or_insert_default();
        }
        let selected = match &mut chooser {
            Some(chooser) => {
                let key = StreamKey::root(1).child(selections);
                let selected = chooser.draw(&market.candidates, &mut eligible, key);
                selected.inspect(|&candidate| chooser.note_sent(candidate))
            }
            // Found are the nearest first.
            None => eligible.first().copied(),
        };
        if let Some(candidate) = selected {
            *counts[candidate as usize].get_or_insert_default() += 1.0;
            selections += 1;
        }
    });
    let counts = (0..).zip(counts);
    counts.filter_map(|(candidate, count)| Some((candidate, count? / selections as f64))).unzip()
}

/// The probabilities of the gateway's own rule at the start, where only discovery latencies
/// are known, of pools that keep whom they have found.
fn chosen_among(market: &Market, chooser: &Chooser, eligible: &[u32]) -> Vec<f64> {
    if !chooser.goes_by_latency() {
        return chooser.probabilities(&market.candidates, eligible);
    }
    let mut chooser = chooser.clone();
    let mut means = vec![0.0; eligible.len()];
    let mut is_known = vec![false; market.candidates.len()];
    discover(market, |found| {
        for &(latency, candidate) in found {
            chooser.note_discovery(candidate, latency);
            is_known[candidate as usize] = true;
        }
        let (places, known): (Vec<usize>, Vec<u32>) =
            (0..).zip(eligible).filter(|(_, candidate)| is_known[**candidate as usize]).unzip();
        let probabilities = chooser.probabilities(&market.candidates, &known);
        for (place, probability) in places.into_iter().zip(probabilities) {
            means[place] += probability;
        }
    });
    let rounds: f64 = means.iter().sum();
    means.iter().map(|mean| mean / rounds.max(1.0)).collect()
}
