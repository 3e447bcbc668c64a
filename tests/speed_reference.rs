//! The loop that speed is measured against does what it says.

#[path = "../benches/support/reference.rs"]
mod reference;

/// Mean seconds in the queue of an M/M/c with service mean 1 s: Erlang's C
/// formula over the free capacity.
fn erlang_wait_s(servers: u32, load: f64) -> f64 {
    // Erlang's B by its recursion, then C from it.
    let blocked = (1..=servers).fold(1.0, |b, server| load * b / (f64::from(server) + load * b));
    let utilisation = load / f64::from(servers);
    let delayed = blocked / (1.0 - utilisation * (1.0 - blocked));
    delayed / (f64::from(servers) - load)
}

#[test]
fn jobs_wait_as_long_as_erlang_says() {
    let requests = 4_000_000;
    let outcome = reference::run(requests, 1);
    // Weights from 0.5 to 1.5 over 50 orchestrators, 120 jobs a second.
    let loads = (0..50).map(|index| 120.0 * (0.5 + f64::from(index) / 49.0) / 50.0);
    let expected: f64 = loads.map(|load| load / 120.0 * erlang_wait_s(4, load)).sum();
    let mean = outcome.waited_s / requests as f64;
    assert!((mean / expected - 1.0).abs() < 0.03, "{mean} s, by Erlang {expected} s");
    assert_eq!(outcome.served, requests);
    assert_eq!(outcome.deposit, 0);
    assert_eq!(outcome.fees.iter().sum::<u64>(), requests * 1_000);
}
