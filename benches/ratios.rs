//! How fast, as ratios that hold on any machine: `cargo bench --bench ratios`
//! prints the table of README. All is measured in one process, in turns; each
//! figure is the least of its turns, since what else a machine does can only
//! add to it.

mod support;

use std::hint::black_box;
use std::time::Instant;

use orchsim::simulation::{Mode, World};
use support::{ensemble, plain, reference, replication, shipped};

const TURNS: usize = 5;
const REFERENCE_REQUESTS: u64 = 2_000_000;
/// So many that it matters little which thread runs the last one.
const REPLICATIONS: u64 = 40;

/// Some work, and its least time a request so far.
struct Work<'a> {
    name: &'static str,
    run: Box<dyn Fn() -> u64 + 'a>,
    least_ns: f64,
    most_ns: f64,
}

impl<'a> Work<'a> {
    fn new(name: &'static str, run: impl Fn() -> u64 + 'a) -> Work<'a> {
        Work { name, run: Box::new(run), least_ns: f64::INFINITY, most_ns: 0.0 }
    }

    fn take_a_turn(&mut self) {
        let start = Instant::now();
        let requests = black_box((self.run)());
        let ns = start.elapsed().as_secs_f64() * 1e9 / requests as f64;
        self.least_ns = self.least_ns.min(ns);
        self.most_ns = self.most_ns.max(ns);
    }
}

fn main() {
    let default = shipped("agent-spe-15k", &[]);
    let short = shipped("agent-spe-15k", &["horizon_days=60"]);
    // So many credits that a run ends after about a million requests.
    let few = plain(50, &["credits.amount=3 ETH"]);
    let many = plain(10_000, &["credits.amount=1 ETH"]);
    let billion = plain(50, &["credits.amount=100000 ETH", "horizon_days=97"]);
    let (default_world, short_world) = (World::new(&default), World::new(&short));
    let (few_world, many_world) = (World::new(&few), World::new(&many));
    let aggregated = |scenario| replication(&World::in_mode(scenario, Mode::Aggregate).unwrap(), 0);
    let mut works = [
        Work::new("reference loop", || reference::run(REFERENCE_REQUESTS, 1).served),
        Work::new("plain workload, 50 orchestrators", || replication(&few_world, 0)),
        Work::new("plain workload, 10,000 orchestrators", || replication(&many_world, 0)),
        Work::new("default scenario, a whole replication", || replication(&default_world, 0)),
        Work::new("default scenario, 60 days on 1 thread", || {
            ensemble(&short_world, REPLICATIONS, 1)
        }),
        Work::new("default scenario, 60 days on 2 threads", || {
            ensemble(&short_world, REPLICATIONS, 2)
        }),
        Work::new("default scenario, aggregated", || aggregated(&default)),
        Work::new("a billion plain requests, aggregated", || aggregated(&billion)),
    ];
    for _ in 0..TURNS {
        for work in &mut works {
            work.take_a_turn();
        }
    }
    println!("{}\n", machine());
    println!("| work | ns a request |");
    println!("|---|---|");
    for Work { name, least_ns, .. } in &works {
        println!("| {name} | {least_ns:.1} |");
    }
    let ns = works.each_ref().map(|work| work.least_ns);
    let [reference, few, many, whole, one, two, aggregated, billion] = ns;
    println!("\n| time a request | ratio | aim |");
    println!("|---|---|---|");
    for (name, ratio, aim) in [
        ("default scenario / reference loop", whole / reference, "at most 3"),
        ("plain workload / reference loop", few / reference, "at most 1.5"),
        ("10,000 orchestrators / 50", many / few, "at most 1.5"),
        ("1 thread / 2 threads", one / two, "at least 1.9"),
        ("default scenario, exact / aggregated", whole / aggregated, ""),
        ("a billion plain requests, exact / aggregated", few / billion, ""),
    ] {
        println!("| {name} | {ratio:.2} | {aim} |");
    }
    let noise = works[0].most_ns / works[0].least_ns - 1.0;
    println!("\nA billion requests, aggregated, take {billion:.1} s (aim: less than 10).");
    println!("The slowest turn of the reference loop took {:.0} % longer.", 100.0 * noise);
}

fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(": ")?.1.to_string())
    });
    let processor = processor.unwrap_or_else(|| std::env::consts::ARCH.to_string());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{processor}, {threads} hardware threads, {}", std::env::consts::OS)
}
