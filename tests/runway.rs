//! The runway against its closed form.

mod common;

use common::{RESERVE, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::DemandStream;
use orchsim::network::{Gateway, Network};
use orchsim::scenario::Scenario;
use orchsim::simulation::{World, replicate};
use orchsim::treasury::RunwayEnd;
use orchsim::units::Wei;

fn runways(scenario: &Scenario, replications: u64) -> Vec<f64> {
    let world = World::new(scenario);
    (0..replications)
        .map(|number| replicate(&world, number).unwrap().depleted.unwrap().as_days())
        .collect()
}

/// Credits for 5,000 requests of 1,000 pixels at `wei_per_pixel` 10.
fn constant(wei_per_pixel: u128) -> Scenario {
    let mut scenario = scenario(200.0);
    scenario.horizon_days = 365;
    scenario.credits = credits(Wei(5_000 * 1_000 * 10 + RESERVE.0 + 1));
    scenario.network.orchestrators = vec![orchestrator("only", wei_per_pixel, 1000)];
    scenario
}

#[test]
fn constant_demand_lasts_until_the_first_request_that_cannot_be_paid() {
    // The 5,001st request of a Poisson process of 200 a day: mean 5001 / 200
    // days, standard deviation sqrt(5001) / 200.
    let runways = runways(&constant(10), 200);
    let (mean, error) = mean_and_error(&runways);
    assert!((mean - 5001.0 / 200.0).abs() < 3.0 * error, "{mean} +- {error}");
    let deviation = error * 200f64.sqrt();
    let theory = 5001f64.sqrt() / 200.0;
    assert!((deviation / theory - 1.0).abs() < 3.0 / 400f64.sqrt(), "{deviation} for {theory}");
}

#[test]
fn two_gateways_last_until_the_first_or_the_last_of_them_as_asked() {
    // Each pays for 5,000 requests of its own 200 a day, and stops with the next: two
    // nearly normal times of mean m and deviation s, of which the earlier has the mean
    // m - s / sqrt(pi) and the later m + s / sqrt(pi).
    let (mean, deviation) = (5001.0 / 200.0, 5001f64.sqrt() / 200.0);
    let apart = deviation / std::f64::consts::PI.sqrt();
    for (end, expected) in
        [(RunwayEnd::FirstGateway, mean - apart), (RunwayEnd::LastGateway, mean + apart)]
    {
        let mut scenario = constant(10);
        scenario.credits = credits(Wei(2 * scenario.credits.eth.0));
        scenario.treasury.runway_end = end;
        let Network { gateways, .. } = &mut scenario.network;
        gateways.push(Gateway { id: "second".to_string(), ..gateways[0].clone() });
        let id = "second".to_string();
        scenario.demand.push(DemandStream { id, gateway: 1, ..scenario.demand[0].clone() });
        let (runway, error) = mean_and_error(&runways(&scenario, 400));
        assert!((runway - expected).abs() < 3.0 * error, "{runway} +- {error}, not {expected}");
    }
}

#[test]
fn halving_every_price_doubles_the_runway() {
    let (full, _) = mean_and_error(&runways(&constant(10), 100));
    let (half, error) = mean_and_error(&runways(&constant(5), 100));
    assert!((half - 2.0 * full).abs() < 3.0 * (2.0f64.powi(2) + 1.0).sqrt() * error);
    let (exact_full, exact_half) = (5001.0 / 200.0, 10_001.0 / 200.0);
    assert!((half / full - exact_half / exact_full).abs() < 0.02, "{}", half / full);
}

#[test]
fn every_wei_is_accounted_for() {
    let scenario = constant(7);
    let world = World::new(&scenario);
    for number in 0..20 {
        let result = replicate(&world, number).unwrap();
        let fees: Wei = result.fees.iter().copied().sum();
        let by_stream: Wei = result.spend_by_stream.iter().copied().sum();
        let by_day: Wei = result.daily_spend.iter().copied().sum();
        assert_eq!((fees, fees), (by_stream, by_day));
        // 7,142 whole requests of 7,000 wei fit into 50,000,000.
        assert!(fees.0 <= 7_142 * 7_000 && fees.0 >= 7_130 * 7_000, "{fees}");
    }
}
