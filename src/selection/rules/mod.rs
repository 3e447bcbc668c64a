//! Selection rules beside go-livepeer's own, each in its file.
//!
//! A rule gives every eligible candidate a weight; the probability of a
//! candidate is its share of the sum, and where nobody has any weight all are
//! alike. Rules are deterministic but for one draw a request.

mod capped_stake;
mod cheapest;
mod fastest;
mod latency;
mod linear_price;
mod log_stake;
mod mixture;
mod price_softmax;
mod regional_quota;
mod round_robin;
mod sqrt_stake;
mod success;

use super::Candidate;
use crate::kernel::{StreamKey, index_below};
use crate::network::{Gateway, Mixture, Region, SelectionRule, SelectionWeights};
use crate::units::Price;

/// A selection rule.
trait Rule {
    /// The rule in words.
    fn words(&self, seen: &Seen, regions: &[Region]) -> String;

    /// Appends a weight for each of `eligible`, not negative, in any scale.
    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>);

    /// Keeps of `eligible` those among whom the next request is drawn.
    fn narrow(&self, _: &Seen, _: &mut Vec<u32>) {}

    /// What of the gateway's past with an orchestrator it heeds.
    fn heeds(&self) -> Heeded {
        Heeded::Nothing
    }

    /// The probability of each of `eligible`.
    fn probabilities(&self, seen: &Seen, eligible: &[u32]) -> Vec<f64> {
        let mut weights = Vec::with_capacity(eligible.len());
        self.weigh(seen, eligible, &mut weights);
        normalise(&mut weights);
        weights
    }
}

/// What a rule may heed of the gateway's past with an orchestrator; who heeds latencies
/// may heed outcomes too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Heeded {
    Nothing,
    /// What came of its requests.
    Outcomes,
    /// How long discoveries and requests took.
    Latencies,
}

/// The one place that says which file a rule is in.
fn rule_of(rule: &SelectionRule) -> &dyn Rule {
    static LIVEPEER: Mixture = Mixture { price: None, stake: None };
    match rule {
        SelectionRule::Livepeer => &LIVEPEER,
        SelectionRule::PriceSoftmax(rule) => rule,
        SelectionRule::LinearPrice => &linear_price::LinearPrice,
        SelectionRule::LogStake => &log_stake::LogStake,
        SelectionRule::SqrtStake => &sqrt_stake::SqrtStake,
        SelectionRule::CappedStake(rule) => rule,
        SelectionRule::Latency => &latency::Latency,
        SelectionRule::Success => &success::Success,
        SelectionRule::Cheapest => &cheapest::Cheapest,
        SelectionRule::Fastest => &fastest::Fastest,
        SelectionRule::RoundRobin => &round_robin::RoundRobin,
        SelectionRule::RegionalQuota(rule) => rule,
        SelectionRule::Mixture(rule) => rule,
    }
}

/// What a rule may look at.
struct Seen<'a> {
    candidates: &'a [Candidate],
    records: &'a [Record],
    /// Requests sent to each region.
    sent: &'a [u64],
    settings: Settings,
}

/// The gateway's settings that rules go by.
#[derive(Clone, Copy, Debug)]
struct Settings {
    weights: SelectionWeights,
    price_exp_factor: f64,
    max_price: Option<Price>,
}

/// What the gateway remembers of a candidate; a session that ends does not
/// change it.
#[derive(Clone, Copy, Debug)]
struct Record {
    region: usize,
    /// Seconds its last discovery probe took.
    discovery_latency: f64,
    /// How quick the last request was that it served.
    score: Option<Score>,
    /// Requests served and failed.
    served: u32,
    failed: u32,
    /// Number of the last request sent to it, from 1; 0 for none.
    last_sent: u64,
}

/// How quick a request was.
#[derive(Clone, Copy, Debug)]
struct Score {
    /// go-livepeer's latency score: seconds a unit.
    latency: f64,
    /// The part of it beyond the last discovery probe.
    work: f64,
    units: f64,
}

impl Seen<'_> {
    fn prices<'a>(&'a self, eligible: &'a [u32]) -> impl Iterator<Item = f64> + 'a {
        eligible.iter().map(|&index| self.candidates[index as usize].price.to_f64())
    }

    fn stakes<'a>(&'a self, eligible: &'a [u32]) -> impl Iterator<Item = f64> + 'a {
        eligible.iter().map(|&index| self.candidates[index as usize].stake)
    }

    fn records<'a>(&'a self, eligible: &'a [u32]) -> impl Iterator<Item = &'a Record> + 'a {
        eligible.iter().map(|&index| &self.records[index as usize])
    }
}

/// The lowest of some numbers.
fn lowest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

/// Replaces the lowest values by 1, all others by 0.
fn mark_lowest(values: &mut [f64]) {
    let lowest = lowest(values.iter().copied());
    for value in values {
        *value = if *value == lowest { 1.0 } else { 0.0 };
    }
}

/// Turns weights into probabilities.
fn normalise(weights: &mut [f64]) {
    let count = weights.len() as f64;
    let sum: f64 = weights.iter().sum();
    for weight in weights {
        *weight = if sum > 0.0 { *weight / sum } else { 1.0 / count };
    }
}

/// The place a uniform number falls on in a walk over the weights.
fn place_of(weights: &[f64], uniform: f64) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        return (!weights.is_empty()).then(|| index_below(uniform, weights.len()));
    }
    let mut left = uniform * sum;
    let falls_here = |&weight: &f64| {
        left -= weight;
        left <= 0.0
    };
    let place = weights.iter().position(falls_here);
    // Rounding may leave a rest behind the last weight.
    place.or_else(|| weights.iter().rposition(|&weight| weight > 0.0))
}

/// A rule other than go-livepeer's own at work in one market: one gateway, one
/// model. What it remembers is of that market alone, as go-livepeer keeps a
/// selector for each model.
#[derive(Clone, Debug)]
pub struct Chooser {
    rule: SelectionRule,
    settings: Settings,
    records: Vec<Record>,
    sent: Vec<u64>,
    requests: u64,
    weights: Vec<f64>,
}

impl Chooser {
    /// The rule of a gateway in a network of so many regions; `None` where it
    /// is go-livepeer's own.
    pub(super) fn of(
        gateway: &Gateway,
        max_price: Option<Price>,
        regions: usize,
    ) -> Option<Chooser> {
        (gateway.selection != SelectionRule::Livepeer).then(|| Chooser {
            rule: gateway.selection.clone(),
            settings: Settings {
                weights: gateway.weights,
                price_exp_factor: gateway.price_exp_factor,
                max_price,
            },
            records: Vec::new(),
            sent: vec![0; regions],
            requests: 0,
            weights: Vec::new(),
        })
    }

    /// Adds the next candidate of the market: its region, and the seconds a
    /// discovery probe to it takes on average.
    pub(super) fn add(&mut self, region: usize, discovery_latency: f64) {
        let record =
            Record { region, discovery_latency, score: None, served: 0, failed: 0, last_sent: 0 };
        self.records.push(record);
    }

    fn seen<'a>(&'a self, candidates: &'a [Candidate]) -> Seen<'a> {
        let Chooser { records, sent, settings, .. } = self;
        Seen { candidates, records, sent, settings: *settings }
    }

    /// The rule in words.
    pub fn words(&self, regions: &[Region]) -> String {
        rule_of(&self.rule).words(&self.seen(&[]), regions)
    }

    /// Whether the rule looks at latencies, which vary from one discovery to the
    /// next.
    pub(super) fn goes_by_latency(&self) -> bool {
        rule_of(&self.rule).heeds() == Heeded::Latencies
    }

    /// Whether the rule goes by how the orchestrators did, so that later probabilities
    /// are others than the first.
    pub(super) fn learns(&self) -> bool {
        rule_of(&self.rule).heeds() > Heeded::Nothing
    }

    /// The probability of each of `eligible` (indices into `candidates`), who
    /// have passed the filters: exactly that of the next request or, where the
    /// rule takes turns between regions, its share of many.
    pub fn probabilities(&self, candidates: &[Candidate], eligible: &[u32]) -> Vec<f64> {
        rule_of(&self.rule).probabilities(&self.seen(candidates), eligible)
    }

    /// Draws one of `eligible`, who have passed the filters. `None` where
    /// nobody is eligible.
    pub fn draw(
        &mut self,
        candidates: &[Candidate],
        eligible: &mut Vec<u32>,
        key: StreamKey,
    ) -> Option<u32> {
        let Chooser { rule, records, sent, settings, weights, .. } = self;
        let (rule, seen) = (rule_of(rule), Seen { candidates, records, sent, settings: *settings });
        rule.narrow(&seen, eligible);
        weights.clear();
        rule.weigh(&seen, eligible, weights);
        place_of(weights, key.uniform(0)).map(|place| eligible[place])
    }

    /// Notes that a request was sent to a candidate.
    pub(super) fn note_sent(&mut self, candidate: u32) {
        self.requests += 1;
        let record = &mut self.records[candidate as usize];
        record.last_sent = self.requests;
        self.sent[record.region] += 1;
    }

    /// Notes how long a discovery probe took, in seconds.
    pub(super) fn note_discovery(&mut self, candidate: u32, latency: f64) {
        self.records[candidate as usize].discovery_latency = latency;
    }

    /// Notes that a candidate served a request; `timed` is how many seconds that
    /// took and its units, where there is a latency score.
    pub(super) fn note_served(&mut self, candidate: u32, timed: Option<(f64, f64)>) {
        let record = &mut self.records[candidate as usize];
        record.served += 1;
        if let Some((seconds, units)) = timed {
            let work = (seconds - record.discovery_latency).max(0.0);
            record.score = Some(Score { latency: seconds / units, work: work / units, units });
        }
    }

    /// Notes that a candidate failed a request.
    pub(super) fn note_failed(&mut self, candidate: u32) {
        self.records[candidate as usize].failed += 1;
    }

    /// Sets the highest price the gateway pays from now on.
    pub(super) fn set_max_price(&mut self, max_price: Option<Price>) {
        self.settings.max_price = max_price;
    }
}
