//! What the benches measure, in one place: the wall-clock benches, the table of
//! ratios and the instruction counts are about the same work.
#![allow(dead_code, reason = "each bench uses its part")]

pub mod reference;

use orchsim::ensemble::{VarianceReduction, simulate};
use orchsim::kernel::{EventList, Sequence, StreamKey};
use orchsim::scenario::{Scenario, Source, load, preset};
use orchsim::selection::{Ask, Market, Respondents, Selection, SessionSelector};
use orchsim::simulation::{Opening, World, replicate};
use orchsim::units::{Price, SimTime};
use rayon::ThreadPoolBuilder;

/// A shipped scenario, changed as by `--set`.
pub fn shipped(name: &str, overrides: &[&str]) -> Scenario {
    read(name, preset(name).expect("a shipped scenario"), overrides)
}

/// The workload of [`reference`] as a scenario, with so many orchestrators.
pub fn plain(orchestrators: u32, overrides: &[&str]) -> Scenario {
    let count = format!("orchestrator_groups.plain.count={orchestrators}");
    let overrides: Vec<&str> = overrides.iter().copied().chain([count.as_str()]).collect();
    read("plain", include_str!("../scenarios/plain.toml"), &overrides)
}

fn read(name: &str, text: &str, overrides: &[&str]) -> Scenario {
    let source = Source { name: name.to_string(), text: text.to_string(), directory: None };
    let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
    load(&source, &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Runs replication `number`; returns the requests asked in it.
pub fn replication(world: &World, number: u64) -> u64 {
    let result = replicate(world, number).expect("balanced books");
    result.service.iter().map(|record| record.asked).sum()
}

/// Runs the first `count` replications on so many threads; returns the requests
/// asked in all.
pub fn ensemble(world: &World, count: u64, threads: usize) -> u64 {
    let numbers: Vec<u64> = (0..count).collect();
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let batch = pool
        .install(|| simulate(world, VarianceReduction::None, &numbers, &|| ()))
        .expect("balanced books");
    batch.service.iter().map(|record| record.asked).sum()
}

/// The hold model (Jones 1986): take the next event out, schedule another an
/// exponential time later, with a constant number pending.
pub struct Hold {
    list: EventList<u32>,
    draws: Sequence,
}

impl Hold {
    pub fn new(pending: u32) -> Hold {
        let mut draws = StreamKey::root(1).sequence();
        let mut list = EventList::default();
        for number in 0..pending {
            list.schedule(SimTime::from_secs(draws.exponential()), number);
        }
        Hold { list, draws }
    }

    pub fn step(&mut self) {
        if let Some((now, number)) = self.list.pop() {
            let after = SimTime::from_secs(self.draws.exponential());
            self.list.schedule(now + after, number);
        }
    }
}

/// The selection rules: a name, and what sets them in [`plain`].
pub const RULES: [(&str, &[&str]); 15] = [
    ("livepeer 0.8.3", &["gateways.version=0.8.3"]),
    ("livepeer 0.8.4, stake", &[]),
    ("livepeer 0.8.4, default", &["gateways.weights=default"]),
    ("livepeer 0.8.4, stake and price", &["gateways.weights=studio-2024"]),
    (
        "livepeer 0.9, live video",
        &[
            "gateways.version=0.9",
            "models.pipeline=live-video-to-video",
            "orchestrator_groups.offers.pipeline=live-video-to-video",
            "demand.streams.pipeline=live-video-to-video",
        ],
    ),
    ("price_softmax", &["gateways.selection={price_softmax={temperature=0.1}}"]),
    ("linear_price", &["gateways.selection=linear_price"]),
    ("log_stake", &["gateways.selection=log_stake"]),
    ("capped_stake", &["gateways.selection={capped_stake={cap=\"1 LPT\"}}"]),
    ("latency", &["gateways.selection=latency"]),
    ("success", &["gateways.selection=success"]),
    ("cheapest", &["gateways.selection=cheapest"]),
    ("fastest", &["gateways.selection=fastest"]),
    ("round_robin", &["gateways.selection=round_robin"]),
    ("regional_quota", &["gateways.selection={regional_quota={shares={here=1}}}"]),
];

/// A gateway that knows everybody and sends one request after another.
pub struct Selecting {
    market: Market,
    selector: SessionSelector,
    discovery_key: StreamKey,
    requests: u64,
}

struct Everybody<'a>(&'a Market);

impl Respondents for Everybody<'_> {
    fn offers_itself(&self, _: u32) -> bool {
        true
    }

    fn quote(&mut self, candidate: u32) -> Option<Price> {
        Some(self.0.candidates[candidate as usize].price)
    }
}

impl Selecting {
    pub fn new(orchestrators: u32, rule: &[&str]) -> Selecting {
        let spread = "orchestrator_groups.offers.price=\
                      {uniform={min=\"50 wei\",max=\"150 wei\"}}";
        let overrides: Vec<&str> = rule.iter().copied().chain([spread]).collect();
        let market = Opening::new(&plain(orchestrators, &overrides)).market(0, 0);
        let selector = SessionSelector::new(&market);
        let mut selecting =
            Selecting { market, selector, discovery_key: StreamKey::root(2), requests: 0 };
        selecting.select(true);
        // Everybody is known and tried.
        for _ in 0..2 * orchestrators {
            selecting.step();
        }
        selecting
    }

    fn select(&mut self, may_refresh: bool) -> Selection {
        self.requests += 1;
        let key = StreamKey::root(1).child(self.requests);
        let ask = Ask { may_refresh, in_region: None, key };
        let everybody = |_| Everybody(&self.market);
        self.selector.select(&self.market, SimTime::ZERO, ask, everybody, self.discovery_key)
    }

    /// A request finds a session, is served and gives it back.
    pub fn step(&mut self) {
        let Selection::Session(session) = self.select(false) else {
            panic!("nobody to ask");
        };
        let seconds = 1.0 + StreamKey::root(3).uniform(self.requests);
        self.selector.set_latency_score(session, seconds);
        self.selector.note_served(session, Some((seconds, 1.0)));
        self.selector.complete(session);
    }
}
