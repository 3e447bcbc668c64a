//! What each way of selling LPT sells in a run, and how long a gateway waits for
//! it. A request of 10,000 wei every hour, 240,000 a day; an LPT is an ETH, sold
//! at no cost; the reserve takes the first 95,000 wei.

mod common;

use common::{credits, orchestrator, scenario};
use orchsim::demand::{Arrivals, Trace};
use orchsim::kernel::Distribution;
use orchsim::network::{Gateway, Pipeline, Version};
use orchsim::scenario::Scenario;
use orchsim::simulation::{Failure, ReplicationResult, World, replicate};
use orchsim::treasury::{ConversionPolicy, Drawing, PriceSeries, Schedule, TokenPrices, TopUpRule};
use orchsim::units::{Lpt, SECONDS_PER_HOUR, SimTime, Wei};

const DAYS: u64 = 6;

fn hourly(conversion: ConversionPolicy) -> Scenario {
    let mut scenario = scenario(1.0);
    scenario.horizon_days = DAYS as u32;
    scenario.credits = credits(Wei(2_000_000));
    scenario.treasury.conversion = conversion;
    scenario.treasury.top_ups.reserve = Wei(95_000);
    scenario.network.orchestrators = vec![orchestrator("only", 10, 1)];
    // A week of 168, the last of which comes at its end.
    let half_past = |hour: u64| ((hour as f64 + 0.5) * SECONDS_PER_HOUR as f64, None);
    let mut requests: Vec<(f64, Option<f64>)> = (0..167).map(half_past).collect();
    requests.push((SimTime::from_days(7).as_secs(), None));
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
    scenario
}

const STREAMING_RESERVE: u128 = 10_000_000_000_000;

/// One stream instead of the requests, at 276,480,000 wei a second in 0.9; a ticket
/// pays for five.
fn streaming(conversion: ConversionPolicy, begins_s: f64, lasts_s: f64) -> Scenario {
    let mut scenario = hourly(conversion);
    scenario.network.models[0].pipeline = Pipeline::LiveVideoToVideo;
    scenario.demand[0].size = Distribution::Constant(lasts_s);
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests: vec![(begins_s, None)] });
    let tickets = &mut scenario.network.orchestrators[0].tickets;
    tickets.expected_value = Wei(5 * 276_480_000);
    tickets.max_face_value = Some(Wei(5 * 276_480_000 + 1));
    scenario.treasury.top_ups.reserve = Wei(STREAMING_RESERVE);
    scenario
}

fn run(scenario: &Scenario) -> ReplicationResult {
    replicate(&World::new(scenario), 0).unwrap()
}

fn every(days: u64, first_day: u64) -> Schedule {
    Schedule { first: SimTime::from_days(first_day), every: SimTime::from_days(days) }
}

#[test]
fn each_policy_sells_what_it_says() {
    use ConversionPolicy::{AllAtOnce, BelowThreshold, Clip, DaysOfCover};
    let clip = |lpt| Clip { lpt: Lpt(lpt), schedule: every(1, 0) };
    let cover = |days, schedule| DaysOfCover { days, schedule };
    let below = |balance, clip| BelowThreshold { balance: Wei(balance), clip: Lpt(clip) };
    let table = [
        (AllAtOnce, 2_000_000, 0.0),
        // 2 requests on the first day, 12 on each other.
        (clip(120_000), 720_000, 21.5 + 5.0 * 11.5),
        // Three at the start: 95,000 for the reserve, 50,000 for the deposit. So much
        // is there after the last look too, 1,430,000 later, in 27 clips.
        (below(50_000, 60_000), 1_620_000, 0.0),
        // The reserve, five days that are over and two to come.
        (cover(2.0, every(1, 0)), 95_000 + 7 * 240_000, 0.0),
        // Nothing is there before the second day, and 73 hours' worth from then on.
        (cover(3.05, every(7, 1)), 95_000 + 732_000, 23.5 + 46.5),
    ];
    for (policy, sold, outage_hours) in table {
        let result = run(&hourly(policy));
        assert_eq!(result.books.safe().sold, Lpt(sold), "{policy:?}");
        let hours = result.outages.seconds / SECONDS_PER_HOUR as f64;
        assert!((hours - outage_hours).abs() < 0.01, "{policy:?}: {hours} h without funds");
        assert_eq!(result.depleted, None, "{policy:?}");
    }
}

#[test]
fn a_gateway_that_gets_no_share_asks_for_no_sales() {
    use ConversionPolicy::{BelowThreshold, DaysOfCover};
    for policy in [
        BelowThreshold { balance: Wei(50_000), clip: Lpt(60_000) },
        DaysOfCover { days: 2.0, schedule: every(1, 0) },
    ] {
        let alone = hourly(policy);
        let mut with_another = alone.clone();
        let another = Gateway { id: "another".to_string(), ..alone.network.gateways[0].clone() };
        with_another.network.gateways.push(another);
        with_another.treasury.top_ups.rule = TopUpRule::Shares(vec![1, 0]);
        let sold = |scenario| run(scenario).books.safe().sold;
        assert_eq!(sold(&with_another), sold(&alone), "{policy:?}");
    }
}

#[test]
fn a_sale_that_does_not_cover_its_gas_is_left_out_and_the_next_is_made() {
    let clip = ConversionPolicy::Clip { lpt: Lpt(600_000), schedule: every(1, 0) };
    let mut scenario = hourly(clip);
    scenario.treasury.swap.gas = Wei(1_000);
    let series = [(0.0, 1.0, 1.0), (0.9, 1e-9, 1.0), (1.1, 1.0, 1.0)];
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&series).unwrap());
    let result = run(&scenario);
    assert_eq!(result.books.swaps().count, 4);
    assert_eq!((result.depleted, result.books.safe().on_hand), (None, Lpt::ZERO));

    // Worth a quarter of its gas, and no more comes: it does not keep a run going.
    scenario.treasury.prices = TokenPrices::Constant;
    scenario.credits = credits(Wei(600_250));
    assert_eq!(run(&scenario).depleted.map(|time| time.as_secs() as u64), Some(101 * 1_800));
}

#[test]
fn what_others_draw_is_not_sold_before() {
    let mut scenario = hourly(ConversionPolicy::AllAtOnce);
    let drawing = |day, lpt| Drawing { project: 0, at: SimTime::from_days(day), lpt: Lpt(lpt) };
    scenario.treasury.drawings = vec![drawing(0, 50_000), drawing(2, 400_000)];
    scenario.treasury.projects = vec!["another".to_string()];
    let safe = run(&scenario).books.safe();
    assert_eq!((safe.sold, safe.drawn), (Lpt(1_550_000), Lpt(450_000)));
}

#[test]
fn a_deadline_at_the_end_of_the_horizon_is_kept() {
    let mut scenario = hourly(ConversionPolicy::AllAtOnce);
    scenario.treasury.deadline = Some(SimTime::from_days(DAYS));
    let result = run(&scenario);
    assert_eq!(result.depleted, Some(SimTime::from_days(DAYS)));
    assert_eq!(result.books.returned(), Wei(2_000_000 - 1_440_000));
}

#[test]
fn a_stream_ends_with_the_funds_of_its_gateway_in_0_9_only() {
    // A clip pays for some hour of ten, and the next comes the next day. Between December
    // 2024 and June 2025 orchestrators did not stop a stream that was not paid for.
    let clip = STREAMING_RESERVE + 4_000 * 276_480_000;
    for (version, served) in [(Version::V0_9, 0), (Version::V0_8_4, 1)] {
        let sells = ConversionPolicy::Clip { lpt: Lpt(clip), schedule: every(1, 0) };
        let mut scenario = streaming(sells, 60.0, 36_000.0);
        scenario.credits = credits(Wei(10 * clip));
        scenario.network.gateways[0].version = version;
        let result = run(&scenario);
        let service = &result.service[0];
        let lost = service.failed[Failure::StreamLost as usize];
        assert_eq!((service.served, lost), (served, 1 - served), "{version:?}");
        assert_eq!((result.depleted, result.outages.count), (None, 1));
    }
}

/// A stream that runs beyond the horizon, and deposits around what it costs until
/// then: they last or end before, but never with the horizon.
#[test]
fn what_is_settled_after_the_end_ends_no_run() {
    let mut scenario = streaming(ConversionPolicy::AllAtOnce, 43_201.0, 1e6);
    scenario.horizon_days = 1;
    scenario.credits = credits(common::PLENTY);
    let spent = run(&scenario).books.issued().0;
    let a_second = spent / 43_199;
    let mut lasted = 0;
    for quarter_seconds in 0..60 {
        let deposit = spent - 10 * a_second + quarter_seconds * a_second / 4;
        scenario.credits = credits(Wei(STREAMING_RESERVE + deposit));
        let result = run(&scenario);
        assert_ne!(result.depleted, Some(SimTime::from_days(1)), "{quarter_seconds}");
        assert_eq!(result.outages.count, 0);
        lasted += u32::from(result.depleted.is_none());
    }
    assert!((1..60).contains(&lasted), "{lasted}");
}
