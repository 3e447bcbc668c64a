//! What a replication asks of the memory allocator.

use std::collections::BTreeMap;

use allocation_counter::{AllocationInfo, measure};
use orchsim::ensemble::{VarianceReduction, headlines};
use orchsim::experiment::{Design, Job, Sampling, Setting, Shard, Study, observe};
use orchsim::payments::LedgerViolation;
use orchsim::scenario::{Scenario, Source, load, preset};
use orchsim::simulation::{Mode, World, replicate};

const PLAIN: &str = include_str!("../benches/scenarios/plain.toml");

/// A replication, its world included: requests asked, and allocations.
fn replication(text: &str, overrides: &[&str]) -> (f64, AllocationInfo) {
    let source = Source { name: "test".to_string(), text: text.to_string(), directory: None };
    let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
    let scenario = load(&source, &overrides).unwrap();
    let mut requests = 0;
    let allocations = measure(|| {
        let result = replicate(&World::new(&scenario), 0).unwrap();
        requests = result.service.iter().map(|record| record.asked).sum();
    });
    (requests as f64, allocations)
}

/// What a day may add: its entries in lists by day, such as the spend of each
/// service, in lists that double.
const BYTES_A_DAY: f64 = 2048.0;

/// Lists in use grow to their greatest length, and some have an entry for each
/// of `more_days`: that is all that more requests may add.
fn assert_requests_are_free(
    (few, before): (f64, AllocationInfo),
    (many, after): (f64, AllocationInfo),
    more_days: u32,
) {
    assert!(many > 9.0 * few, "{few} requests, then {many}");
    let added = |before: u64, after: u64| after as f64 - before as f64;
    let allocations = added(before.count_total, after.count_total) / (many - few);
    assert!(allocations < 0.001, "{allocations} allocations a request");
    let by_day = BYTES_A_DAY * f64::from(more_days);
    let bytes = (added(before.bytes_max, after.bytes_max) - by_day) / (many - few);
    assert!(bytes < 0.1, "{bytes} bytes of memory a request");
}

#[test]
fn a_request_of_the_default_scenario_allocates_nothing() {
    let days = |days| {
        let text = preset("agent-spe-15k").unwrap();
        replication(text, &[&format!("horizon_days={days}")])
    };
    assert_requests_are_free(days(20), days(150), 130);
}

#[test]
fn a_request_of_the_plain_workload_allocates_nothing() {
    // Credits end the run, all of it within a day.
    let credits = |eth| replication(PLAIN, &[&format!("credits.amount={eth} ETH")]);
    assert_requests_are_free(credits("0.6"), credits("3"), 0);
}

#[test]
fn a_replication_of_the_default_scenario_needs_less_than_32_mib() {
    let (requests, allocations) = replication(preset("agent-spe-15k").unwrap(), &[]);
    assert!(requests > 1e6);
    assert!(allocations.bytes_max < 32 << 20, "{} bytes", allocations.bytes_max);
}

/// The most memory at once that a sweep of so many settings of 300 orchestrators takes.
fn sweep_bytes(settings: usize) -> u64 {
    let text = preset("minimal").unwrap().replace("count = 2", "count = 300");
    let source = Source { name: "test".to_string(), text, directory: None };
    let vary = [format!("demand.level=1..2:{settings}").parse().unwrap()];
    let design = Design::new(&vary, Sampling::Grid, 1).unwrap();
    let scenario = |setting: usize| -> Scenario {
        let mut overrides = design.overrides(&design.settings[setting]);
        overrides.push("horizon_days=1".to_string());
        load(&source, &overrides).unwrap()
    };
    let made = (design.settings.iter().enumerate())
        .map(|(setting, values)| Setting::new(values, &scenario(setting)))
        .collect();
    let study = Study::new(&design, made, headlines(&scenario(0)), &[]).unwrap();
    let job = Job {
        version: String::new(),
        command: String::new(),
        scenario: String::new(),
        replications: 1,
        precision: None,
        mode: Mode::Exact,
        variance_reduction: VarianceReduction::None,
        study: Some(study.clone()),
    };
    let load = |setting: usize| -> Result<Scenario, LedgerViolation> { Ok(scenario(setting)) };
    let mut seen = BTreeMap::new();
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let allocations = one_thread.install(|| {
        measure(|| observe(&job, &study, &load, Shard::WHOLE, &mut seen, &|_| Ok(())).unwrap())
    });
    assert_eq!(seen.len(), settings);
    allocations.bytes_max
}

#[test]
fn a_sweep_holds_one_setting_at_a_time_on_a_thread() {
    // A setting of 300 orchestrators takes about 300 kB, what is seen of it some 2 kB.
    let (few, many) = (sweep_bytes(2), sweep_bytes(12));
    assert!(many < few + 10 * 10_000, "{few} bytes, then {many}");
}
