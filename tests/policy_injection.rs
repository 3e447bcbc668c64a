//! Bringing requests to the orchestrators of chosen regions.

mod common;

use common::{orchestrator, scenario};
use orchsim::demand::Injected;
use orchsim::ensemble::{Plan, forecast};
use orchsim::network::{Region, RttMatrix, Version};
use orchsim::policy::{Fallback, Steering};
use orchsim::scenario::Scenario;
use orchsim::simulation::{ReplicationResult, World, replicate};
use orchsim::units::Wei;

const HERE: usize = 0;
const FAR: usize = 1;

/// Two orchestrators near the gateway and one in another region, `rtt_ms` away.
fn two_regions(version: Version, rtt_ms: f64, capacity: u32) -> Scenario {
    let mut scenario = scenario(2_000.0);
    scenario.horizon_days = 10;
    let network = &mut scenario.network;
    network.gateways[0].version = version;
    network.regions.push(Region { id: "far".into(), name: "Far".into(), utc_offset_hours: 0.0 });
    network.rtt = RttMatrix::zero(2);
    network.rtt.set_ms(HERE, FAR, rtt_ms);
    network.orchestrators = ["a", "b", "c"].map(|id| orchestrator(id, 1, capacity)).to_vec();
    network.orchestrators[2].region = FAR;
    network.registered_orchestrators = 3;
    scenario
}

fn run(scenario: &Scenario) -> ReplicationResult {
    replicate(&World::new(scenario), 0).unwrap()
}

fn share_far(result: &ReplicationResult) -> f64 {
    result.served_by[2] as f64 / result.served_by.iter().sum::<u64>() as f64
}

#[test]
fn a_fixed_share_reaches_its_region() {
    // Of n requests 0.4 are steered, the rest go to each of three by 1/3:
    // 0.4 + 0.6 / 3. In 0.8.3 the rest follow the latency score instead.
    for version in [Version::V0_8_3, Version::V0_8_4, Version::V0_9] {
        let mut scenario = two_regions(version, 20.0, 10);
        scenario.network.gateways[0].weights.stake = 0.0;
        scenario.network.gateways[0].weights.random = 1.0;
        scenario.policy.injection.steering = Steering::Fixed(vec![(FAR, 0.4)]);
        let result = run(&scenario);
        let asked = result.service[0].asked as f64;
        let record = result.steering[FAR];
        let error = (0.4 * 0.6 / asked).sqrt();
        assert!((record.steered as f64 / asked - 0.4).abs() < 3.5 * error, "{record:?}");
        assert_eq!((record.reached, record.nobody_there), (record.steered, 0));
        let expected = if version == Version::V0_8_3 { 0.4 } else { 0.6 };
        assert!((share_far(&result) - expected).abs() < 0.02, "{version:?} {}", share_far(&result));
    }
}

#[test]
fn payments_approach_their_targets_where_capacity_allows() {
    let mut scenario = two_regions(Version::V0_9, 20.0, 10);
    scenario.policy.injection.steering =
        Steering::Towards { targets: vec![(FAR, 0.7), (HERE, 0.3)], share: 1.0 };
    let result = run(&scenario);
    assert!((share_far(&result) - 0.7).abs() < 0.001, "{}", share_far(&result));
    let rows = forecast(&scenario, Plan::fixed(1), &|_, _| ()).unwrap().steering;
    assert_eq!(rows.iter().map(|row| row.target).collect::<Vec<_>>(), [Some(0.3), Some(0.7)]);
    // One place for requests of a second at 2,000 a day is busy for 2 % of the
    // time; at 43,200 a day for half: the target is out of reach.
    let mut short = scenario.clone();
    short.network.orchestrators[2] = orchestrator("c", 1, 1);
    short.network.orchestrators[2].region = FAR;
    let orchsim::demand::Arrivals::Poisson(arrivals) = &mut short.demand[0].arrivals else {
        panic!("a trace")
    };
    arrivals.requests_per_day = 86_400.0;
    short.horizon_days = 1;
    let result = run(&short);
    // At most one at a time: a second each of a day's 86,400.
    let record = result.steering[FAR];
    assert!(record.reached <= 86_400 && share_far(&result) < 0.6, "{}", share_far(&result));
    assert!(record.reached < record.steered, "{record:?}");
}

#[test]
fn where_nobody_is_known_requests_go_elsewhere_or_fail() {
    // 3.5 round trips of 200 ms are past the first checkpoint of a discovery.
    for (fallback, share_served) in [(Fallback::Anywhere, 1.0), (Fallback::Refuse, 0.75)] {
        let mut scenario = two_regions(Version::V0_9, 200.0, 10);
        scenario.policy.injection.steering = Steering::Fixed(vec![(FAR, 0.25)]);
        scenario.policy.injection.fallback = fallback;
        let result = run(&scenario);
        let record = result.steering[FAR];
        assert_eq!((record.reached, record.nobody_there), (0, record.steered));
        let served = result.service[0].served as f64 / result.service[0].asked as f64;
        assert!((served - share_served).abs() < 0.015, "{served}");
    }
}

#[test]
fn test_prompts_stay_within_their_budget_and_change_nobody_elses_requests() {
    let without = two_regions(Version::V0_9, 20.0, 10);
    let mut with = without.clone();
    let mut prompts = with.demand[0].clone();
    prompts.id = "prompts".to_string();
    // A prompt of 1,000 units at 1 wei is one ticket of 1,000 wei.
    let budget_per_day = Wei(50_000);
    prompts.injected = Some(Injected { region: FAR, budget_per_day });
    with.demand.push(prompts);
    let (without, with) = (run(&without), run(&with));
    assert_eq!(with.spend_by_stream[1], Wei(10 * budget_per_day.0));
    assert_eq!((with.steering[FAR].steered, with.steering[FAR].reached), (500, 500));
    assert_eq!(with.service[0].asked, without.service[0].asked + 500);
    assert_eq!(with.spend_by_stream[0], without.spend_by_stream[0]);
}
