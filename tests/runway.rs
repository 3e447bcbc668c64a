//! The runway against its closed form.

mod common;

use common::{PLENTY, RESERVE, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{Arrivals, DemandStream, Injected};
use orchsim::ensemble::{Plan, forecast};
use orchsim::network::{Gateway, Model, Network, Offer};
use orchsim::scenario::Scenario;
use orchsim::simulation::{World, replicate};
use orchsim::treasury::{ConversionPolicy, RunwayEnd, Schedule, TopUpRule};
use orchsim::units::{Lpt, PostedPrice, Price, SimTime, Wei};

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

/// Another gateway like the first, with users of its own where there are any.
fn with_second(mut scenario: Scenario, requests_per_day: f64) -> Scenario {
    let Network { gateways, .. } = &mut scenario.network;
    gateways.push(Gateway { id: "second".to_string(), ..gateways[0].clone() });
    let mut stream =
        DemandStream { id: "second".to_string(), gateway: 1, ..scenario.demand[0].clone() };
    if let Arrivals::Poisson(arrivals) = &mut stream.arrivals {
        arrivals.requests_per_day = requests_per_day;
    }
    scenario.demand.push(stream);
    scenario
}

const BY_SPEND: [TopUpRule; 2] = [TopUpRule::RecentSpend, TopUpRule::LowestCover];

#[test]
fn a_gateway_without_demand_gets_nothing() {
    // Nobody asks it: every future is the one without it.
    let below = ConversionPolicy::BelowThreshold {
        balance: Wei(10 * 1_000 * 10),
        clip: Lpt(2_000 * 1_000 * 10),
    };
    for conversion in [ConversionPolicy::AllAtOnce, below] {
        for rule in BY_SPEND {
            let mut alone = constant(10);
            alone.treasury.conversion = conversion;
            alone.treasury.top_ups.rule = rule;
            let idle = with_second(alone.clone(), 0.0);
            assert_eq!(runways(&idle, 5), runways(&alone, 5), "{conversion:?}");
            let sales = |scenario: &Scenario| {
                replicate(&World::new(scenario), 0).unwrap().books.swaps().count
            };
            assert_eq!(sales(&idle), sales(&alone));
        }
    }
}

#[test]
fn money_that_comes_at_once_lasts_every_gateway_alike() {
    // 400 and 4 requests a day get what pays for 6,000 and 60. The mean of the earlier of
    // two gamma times, of shapes 6,001 and 61, is the integral of the product of their
    // survival functions. A hundredth of the money is less than a reserve.
    let expected = 14.3424;
    for rule in BY_SPEND {
        let mut scenario = with_second(constant(10), 4.0);
        if let Arrivals::Poisson(arrivals) = &mut scenario.demand[0].arrivals {
            arrivals.requests_per_day = 400.0;
        }
        scenario.treasury.top_ups.rule = rule;
        scenario.credits = credits(Wei(6_060 * 1_000 * 10 + 2 * RESERVE.0 + 2));
        let (runway, error) = mean_and_error(&runways(&scenario, 400));
        assert!((runway - expected).abs() < 3.0 * error, "{runway} +- {error}, not {expected}");
    }
}

#[test]
fn money_that_others_have_when_one_ends_the_run_is_told() {
    // Of 2 x 3e9 wei a second gateway has half, 2e9 of it in its deposit, when the
    // first has spent its own 2e9: a third of all.
    let mut scenario = with_second(constant(10), 0.0);
    if let Arrivals::Poisson(arrivals) = &mut scenario.demand[0].arrivals {
        arrivals.requests_per_day = 100_000.0;
    }
    scenario.horizon_days = 10;
    scenario.credits = credits(Wei(6 * RESERVE.0));
    let said = |scenario: &Scenario| {
        let warnings = forecast(scenario, Plan::fixed(2), &|_, _| ()).unwrap().warnings;
        warnings.into_iter().find(|warning| warning.id == "stranded-funds").map(|found| found.text)
    };
    assert_eq!(said(&scenario), None);
    scenario.treasury.top_ups.rule = TopUpRule::Shares(vec![1, 1]);
    let text = said(&scenario).unwrap();
    assert!(text.contains("others still have 33 % of all the money"), "{text}");
    assert!(text.contains("second 0.000000002 ETH"), "{text}");
    // A fifth is not worth a word: 3.5e9 and 1e9 of 5.5e9.
    scenario.treasury.top_ups.rule = TopUpRule::Shares(vec![35, 20]);
    scenario.credits = credits(Wei(55 * RESERVE.0 / 10));
    assert_eq!(said(&scenario), None);
}

#[test]
fn sales_too_small_for_the_reserves_leave_nobody_out() {
    // Of the first nobody can pay; after the second a hundredth of what is left of both
    // is the second gateway's deposit, 990 requests.
    for rule in BY_SPEND {
        let mut scenario = with_second(constant(10), 4.0);
        if let Arrivals::Poisson(arrivals) = &mut scenario.demand[0].arrivals {
            arrivals.requests_per_day = 400.0;
        }
        scenario.horizon_days = 20;
        scenario.treasury.top_ups.rule = rule;
        scenario.credits = credits(Wei(6 * RESERVE.0));
        let schedule = Schedule { first: SimTime::ZERO, every: SimTime::from_days(1) };
        let lpt = Lpt(3 * RESERVE.0 / 2);
        scenario.treasury.conversion = ConversionPolicy::Clip { lpt, schedule };
        let result = replicate(&World::new(&scenario), 0).unwrap();
        // Of 4 requests a day for 19 days.
        let spent = result.spend_by_stream[1].0 / 10_000;
        assert!((45..=110).contains(&spent), "{spent}");
    }
}

#[test]
fn a_gateway_that_is_asked_for_free_can_pay_for_it() {
    // Free tickets need a deposit and a reserve.
    let alone = constant(10);
    let mut with_free = with_second(alone.clone(), 100.0);
    let Network { models, orchestrators, gateways, .. } = &mut with_free.network;
    models.push(Model { id: "free".to_string(), ..models[0].clone() });
    let free = Offer { model: 1, ..orchestrators[0].offers[0].clone() };
    orchestrators[0].offers.push(Offer { price: PostedPrice::Wei(Price::ZERO), ..free });
    gateways.iter_mut().for_each(|gateway| gateway.max_price.push(None));
    with_free.demand[1].model = 1;
    with_free.credits = credits(Wei(alone.credits.eth.0 + RESERVE.0 + 1_000));
    assert_eq!(runways(&with_free, 5), runways(&alone, 5));
}

#[test]
fn test_prompts_are_reckoned_at_their_budget() {
    // Ten days of 200 requests of 10,000 wei, and of a budget of 100,000 wei.
    let mut scenario = with_second(constant(10), 200.0);
    let budget_per_day = Wei(100_000);
    scenario.demand[1].injected = Some(Injected { region: 0, budget_per_day });
    scenario.credits = credits(PLENTY);
    scenario.horizon_days = 1;
    let schedule = Schedule { first: SimTime::ZERO, every: SimTime::from_days(100) };
    scenario.treasury.conversion = ConversionPolicy::DaysOfCover { days: 10.0, schedule };
    let books = replicate(&World::new(&scenario), 0).unwrap().books;
    let a_day = 200 * 1_000 * 10 + budget_per_day.0;
    assert_eq!(books.safe().sold, Lpt(10 * a_day + 2 * RESERVE.0));
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
