//! What a replication asks of the memory allocator.

use allocation_counter::{AllocationInfo, measure};
use orchsim::scenario::{Source, load, preset};
use orchsim::simulation::{World, replicate};

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

/// Lists in use grow to their greatest length, and some have an entry for each
/// day (the spend of each service, a kilobyte a day of the default scenario's
/// thousands of requests): that is all that more requests may add.
fn assert_requests_are_free(
    (few, before): (f64, AllocationInfo),
    (many, after): (f64, AllocationInfo),
) {
    assert!(many > 9.0 * few, "{few} requests, then {many}");
    let per_request = |before: u64, after: u64| (after as f64 - before as f64) / (many - few);
    let allocations = per_request(before.count_total, after.count_total);
    assert!(allocations < 0.001, "{allocations} allocations a request");
    let bytes = per_request(before.bytes_max, after.bytes_max);
    assert!(bytes < 0.5, "{bytes} bytes of memory a request");
}

#[test]
fn a_request_of_the_default_scenario_allocates_nothing() {
    let days = |days| {
        let text = preset("agent-spe-15k").unwrap();
        replication(text, &[&format!("horizon_days={days}")])
    };
    assert_requests_are_free(days(20), days(150));
}

#[test]
fn a_request_of_the_plain_workload_allocates_nothing() {
    // Credits end the run, all of it within a day.
    let credits = |eth| replication(PLAIN, &[&format!("credits.amount={eth} ETH")]);
    assert_requests_are_free(credits("0.6"), credits("3"));
}

#[test]
fn a_replication_of_the_default_scenario_needs_less_than_32_mib() {
    let (requests, allocations) = replication(preset("agent-spe-15k").unwrap(), &[]);
    assert!(requests > 1e6);
    assert!(allocations.bytes_max < 32 << 20, "{} bytes", allocations.bytes_max);
}
