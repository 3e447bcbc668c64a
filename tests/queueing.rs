//! The event loop against queueing theory.

mod common;

use common::{mean_and_error, orchestrator, scenario};
use orchsim::demand::Pace;
use orchsim::kernel::Distribution;
use orchsim::network::{Gateway, RttMatrix};
use orchsim::simulation::{World, replicate};

/// Erlang's loss formula by its recursion.
fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |blocking, c| load * blocking / (f64::from(c) + load * blocking))
}

/// One orchestrator of capacity c without a queue loses the share of requests
/// that Erlang B gives, whatever the distribution of service (insensitivity).
/// The bound is three standard errors over 30 replications of a day.
#[test]
fn blocking_is_erlang_b_for_any_service_distribution() {
    let services = [
        Distribution::Constant(1.0),
        Distribution::Exponential { mean: 1.0 },
        Distribution::Lognormal { mean: 1.0, cv: 1.5 },
    ];
    for (servers, load) in [(1, 0.5), (3, 2.0), (5, 5.0), (10, 7.0)] {
        for variation in &services {
            let mut scenario = scenario(load * 86_400.0 / 30.0);
            scenario.network.models[0].service.overhead_s = 30.0;
            scenario.network.models[0].service.variation = variation.clone();
            scenario.network.gateways[0].retry_window_s = 0.0;
            scenario.network.orchestrators = vec![orchestrator("only", 1, servers)];
            let world = World::new(&scenario);
            let blocking: Vec<f64> = (0..30)
                .map(|number| {
                    let record = &replicate(&world, number).unwrap().service[0];
                    let failed: u64 = record.failed.iter().sum();
                    failed as f64 / record.asked as f64
                })
                .collect();
            let (mean, error) = mean_and_error(&blocking);
            let theory = erlang_b(servers, load);
            assert!(
                (mean - theory).abs() < 3.0 * error,
                "c = {servers}, a = {load}, {variation:?}: {mean} +- {error}, theory {theory}"
            );
        }
    }
}

/// What gateways at different distances submit at random arrives at random too, so that all
/// of it meets the same places taken: Erlang B for each (PASTA). A second of 600 is a
/// discovery's, after which requests come at once.
#[test]
fn distance_from_an_orchestrator_is_no_advantage_in_blocking() {
    for (servers, load) in [(1, 1.0), (3, 3.0)] {
        let mut scenario = scenario(load / 2.0 * 86_400.0 / 2.0);
        scenario.network.models[0].service.overhead_s = 2.0;
        scenario.network.models[0].service.variation = Distribution::Exponential { mean: 1.0 };
        scenario.network.orchestrators = vec![orchestrator("only", 1, servers)];
        scenario.network.regions.push(scenario.network.regions[0].clone());
        scenario.network.rtt = RttMatrix::zero(2);
        scenario.network.rtt.set_ms(0, 1, 200.0);
        scenario.network.gateways[0].retry_window_s = 0.0;
        let near = scenario.network.gateways[0].clone();
        scenario.network.gateways.push(Gateway { id: "far".to_string(), region: 1, ..near });
        scenario.demand.push(scenario.demand[0].clone());
        scenario.demand[1].gateway = 1;
        scenario.demand[1].id = "far".to_string();
        let theory = erlang_b(servers, load);
        for pace in [1.0, 4.0] {
            let world = World::paced(&scenario, vec![Pace::at_most(pace)]);
            let days = 12;
            let blocking = |gateway: usize| -> Vec<f64> {
                (0..days)
                    .map(|number| {
                        let record = &replicate(&world, number).unwrap().service[gateway];
                        record.failed.iter().sum::<u64>() as f64 / record.asked as f64
                    })
                    .collect()
            };
            for gateway in [0, 1] {
                let (mean, error) = mean_and_error(&blocking(gateway));
                assert!(
                    (mean - theory).abs() < 3.0 * error + 0.001,
                    "c = {servers}, pace {pace}, gateway {gateway}: {mean} +- {error}, {theory}"
                );
            }
        }
    }
}

/// Little's law: the mean number in service is the rate served times the mean
/// service time; measured through what is in flight at the end of each day.
#[test]
fn requests_in_flight_follow_littles_law() {
    let mut scenario = scenario(20.0 * 86_400.0 / 60.0);
    scenario.network.models[0].service.overhead_s = 60.0;
    scenario.network.models[0].service.variation = Distribution::Exponential { mean: 1.0 };
    scenario.network.orchestrators = vec![orchestrator("only", 1, 1000)];
    let world = World::new(&scenario);
    let in_flight: Vec<f64> = (0..100)
        .map(|number| {
            let record = &replicate(&world, number).unwrap().service[0];
            (record.asked - record.served - record.failed.iter().sum::<u64>()) as f64
        })
        .collect();
    let (mean, error) = mean_and_error(&in_flight);
    assert!((mean - 20.0).abs() < 3.0 * error, "{mean} +- {error}");
}
