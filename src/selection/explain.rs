use super::{Discovery, Market, PoolRule, Suspender};
use crate::kernel::StreamKey;
use crate::network::Network;
use crate::units::{Lpt, Price};

/// Discoveries simulated to tell who answers in time: a share of them is known
/// to within 1 percentage point.
const DISCOVERIES: u64 = 20_000;

/// Who would be selected by a gateway that has just started, for one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The rule in words.
    pub rule: String,
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
    /// eligible orchestrator was discovered.
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
    let chances = Chances::simulate(market);
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
    let in_time = |candidate: &u32| chances.discovered[*candidate as usize] >= 0.5;
    let everyone: Vec<u32> = (0..market.candidates.len() as u32).collect();
    let mut known: Vec<u32> = everyone.iter().copied().filter(in_time).collect();
    // The order in which the gateway learns of them: nearest first.
    let latency = |&candidate: &u32| {
        let probe = &market.probes[candidate as usize];
        probe.base_s + probe.jitter_s
    };
    known.sort_by(|a, b| latency(a).total_cmp(&latency(b)));
    let pool = |warm: bool| {
        let mut pool = known.clone();
        pool.retain(|&candidate| market.warm[candidate as usize] == warm);
        let mut eligible = pool.clone();
        market.rule.filter(&market.candidates, &mut eligible);
        eligible
    };
    let (warm, cold) = (pool(true), pool(false));
    let eligible = if warm.is_empty() { &cold } else { &warm };
    let probabilities = match market.pool_rule() {
        PoolRule::Nearest => chances.nearest_among(eligible),
        _ => market.rule.probabilities(&market.candidates, eligible),
    };
    for &candidate in &everyone {
        let known_as = &market.candidates[candidate as usize];
        let row = &mut rows[known_as.orchestrator];
        row.price = Some(known_as.price);
        row.warm = Some(market.warm[candidate as usize]);
        row.discovered = chances.discovered[candidate as usize];
        row.standing = if let Some(place) = eligible.iter().position(|&other| other == candidate) {
            row.probability = probabilities[place];
            Standing::Eligible
        } else if !in_time(&candidate) {
            Standing::Filtered(format!(
                "too far: found by {:.0} % of discoveries",
                row.discovered * 100.0
            ))
        } else if let Some(max) = market.max_price.filter(|_| !known_as.within_max_price) {
            Standing::Filtered(format!("price above the maximum of {max}"))
        } else if !known_as.passes_perf_score {
            Standing::Filtered("performance score below the minimum".to_string())
        } else {
            Standing::Filtered("cold: asked only when no warm one can be".to_string())
        };
    }
    let warnings = [
        market.blind_price_warning_among(eligible),
        market.overpriced_warning(),
        market.candidates.is_empty().then(|| "no orchestrator offers the model".to_string()),
    ];
    let warnings = warnings.into_iter().flatten();
    Explanation {
        rule: rule_in_words(market),
        warnings: warnings.chain(market.degenerate_rule_warnings(eligible)).collect(),
        rows,
    }
}

fn rule_in_words(market: &Market) -> String {
    let weights = market.rule.weights;
    let probability = format!(
        "probability = {} x stake share + {} x price term + {} / n",
        weights.stake, weights.price, weights.random
    );
    match market.pool_rule() {
        PoolRule::FirstContactThenFastest => {
            format!("first contact by {probability}; then always the lowest latency score")
        }
        PoolRule::Nearest => {
            "the lowest discovery latency at or below the maximum price".to_string()
        }
        PoolRule::ProbabilityByLatencyScore | PoolRule::ProbabilityByDiscoveryLatency => {
            format!("on every request by {probability}")
        }
    }
}

/// What simulated discoveries say of each candidate.
struct Chances {
    discovered: Vec<f64>,
    /// The candidates found by each discovery, nearest first.
    found: Vec<Vec<u32>>,
}

impl Chances {
    fn simulate(market: &Market) -> Chances {
        let count = market.candidates.len();
        let mut suspender = Suspender::new(count);
        let mut discovery = Discovery::default();
        let key = StreamKey::root(0);
        let mut chances = Chances { discovered: vec![0.0; count], found: Vec::new() };
        for number in 0..DISCOVERIES {
            discovery.run(
                &market.probes,
                market.discovery_timeout_s,
                market.someone_silent,
                &mut suspender,
                |_| true,
                key.child(number),
            );
            for &(_, candidate) in &discovery.found {
                chances.discovered[candidate as usize] += 1.0 / DISCOVERIES as f64;
            }
            chances.found.push(discovery.found.iter().map(|&(_, candidate)| candidate).collect());
        }
        chances
    }

    /// How often each of `eligible` is the nearest of them.
    fn nearest_among(&self, eligible: &[u32]) -> Vec<f64> {
        let mut counts = vec![0.0; eligible.len()];
        let mut rounds: f64 = 0.0;
        for found in &self.found {
            let nearest =
                found.iter().find_map(|found| eligible.iter().position(|other| other == found));
            if let Some(place) = nearest {
                counts[place] += 1.0;
                rounds += 1.0;
            }
        }
        counts.iter().map(|count| count / rounds.max(1.0)).collect()
    }
}
