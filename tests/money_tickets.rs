//! Payments by tickets against their expected value, and what a ticket is too
//! large or too small for.

mod common;

use common::{PLENTY, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{Arrivals, Trace};
use orchsim::kernel::Distribution;
use orchsim::network::{TicketPolicy, Version};
use orchsim::payments::{AI_MAX_TOTAL_EV, AI_TICKET_EV, DEFAULT_TICKET_EV, LossCause, PaymentMode};
use orchsim::scenario::Scenario;
use orchsim::simulation::{Failure, ReplicationResult, World, replicate};
use orchsim::units::{SECONDS_PER_DAY, Wei};

/// The price of text-to-image that most orchestrators of the first AI network
/// asked.
const WEI_PER_PIXEL: u128 = 4_768_371;
const SMALL: f64 = 512.0 * 512.0;
const LARGE: f64 = 1024.0 * 1024.0;

/// One orchestrator that never fails and asks for tickets worth
/// `ticket_value`, and requests of `pixels` every `every_s` seconds.
fn pictures(pixels: f64, every_s: f64, days: u32, ticket_value: Wei) -> Scenario {
    let mut scenario = scenario(1.0);
    scenario.horizon_days = days;
    scenario.credits = credits(PLENTY);
    scenario.treasury.top_ups.reserve = Wei(360_000_000_000_000_000);
    scenario.payments.gas_prices = vec![(0.0, Wei(10_000_000))];
    let gateway = &mut scenario.network.gateways[0];
    gateway.version = Version::V0_9;
    gateway.limits.max_total_ev = AI_MAX_TOTAL_EV;
    let mut only = orchestrator("only", WEI_PER_PIXEL, 100);
    only.tickets = TicketPolicy { expected_value: ticket_value, ..TicketPolicy::default() };
    scenario.network.orchestrators = vec![only];
    scenario.demand[0].size = Distribution::Constant(pixels);
    let count = (f64::from(days) * SECONDS_PER_DAY as f64 / every_s) as usize;
    let requests = (0..count).map(|index| (every_s * (index as f64 + 0.5), None)).collect();
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
    scenario
}

fn run(scenario: &Scenario, number: u64) -> ReplicationResult {
    replicate(&World::new(scenario), number).unwrap()
}

fn spend(result: &ReplicationResult) -> f64 {
    result.spend_by_stream.iter().map(|wei| wei.0 as f64).sum()
}

/// What was spent over what was used.
fn cost_ratio(result: &ReplicationResult) -> f64 {
    spend(result) / result.fee_parts.used as f64
}

#[test]
fn tickets_cost_what_they_are_worth_in_the_mean_and_spread_as_a_lottery_does() {
    // A picture takes 4.9999e12 wei. The face value is 100 times 1.2 million gas
    // at 0.01 gwei.
    let mut tickets = pictures(LARGE, 60.0, 10, AI_TICKET_EV);
    let face_value = 1.2e15;
    let mut expected = tickets.clone();
    expected.payments.mode = PaymentMode::Expected;
    tickets.payments.mode = PaymentMode::Tickets;
    let result = run(&expected, 0);
    // Nothing but the lottery is random here: tickets sent are worth the same in
    // both modes and every replication.
    let worth = spend(&result);
    assert_eq!(result.books.lottery(), 0);
    let world = World::new(&tickets);
    let replications = 1_000;
    let mut spends = Vec::new();
    for number in 0..replications {
        let result = replicate(&world, number).unwrap();
        let lottery = result.books.lottery() as f64;
        spends.push(spend(&result));
        assert!((spend(&result) - lottery - worth).abs() < 1e-9 * worth);
    }
    let (mean, error) = mean_and_error(&spends);
    assert!((mean - worth).abs() < 3.0 * error, "{mean} +- {error} for {worth}");
    // n tickets: variance n p (1 - p) F^2 with p = EV / F, so F (1 - p) times what
    // they are worth; 1 - p is 0.9975. Its estimate from m replications has a
    // relative standard error of sqrt(2 / m).
    let variance = error * error * replications as f64;
    let theory = face_value * worth;
    let bound = 3.0 * (2.0 / replications as f64).sqrt() + 0.0025;
    assert!((variance / theory - 1.0).abs() < bound, "{variance} for {theory}");
}

#[test]
fn a_picture_by_itself_costs_a_whole_ticket() {
    // A fee of 1.25e12 wei is paid with a ticket worth 3e12, and what is left is
    // lost before the next request comes hours later.
    let mut scenario = pictures(SMALL, 4.0 * 3600.0, 100, AI_TICKET_EV);
    scenario.payments.mode = PaymentMode::Expected;
    let result = run(&scenario, 0);
    assert_eq!(result.service[0].served, 600);
    let ratio = cost_ratio(&result);
    assert!((ratio - 2.4).abs() < 0.0005, "{ratio}");
    let lost: u128 = result.books.lost().iter().map(|wei| wei.0).sum();
    // All but what is left of the last one.
    let surplus = AI_TICKET_EV.0 - WEI_PER_PIXEL * SMALL as u128;
    assert_eq!(lost + result.books.credit_left().0, 600 * surplus);
    assert!(lost >= 599 * surplus);
}

#[test]
fn a_dense_stream_of_the_same_pictures_costs_little_more_than_its_fees() {
    // Pictures one at a time. The session's parameters last 40 blocks of 12
    // seconds and are given up with one to spare, so that a session has at least
    // 38 blocks, 456 seconds. It keeps a ticket's worth before each picture of
    // 1.25e12 wei, and so leaves less than 2 * 3e12 - 1.25e12 wei. Two pictures a
    // second take 400 of its 600 nonces.
    for every_s in [2.0, 0.5] {
        let mut scenario = pictures(SMALL, every_s, 1, AI_TICKET_EV);
        scenario.payments.mode = PaymentMode::Expected;
        scenario.network.models[0].service.overhead_s = every_s / 2.0;
        let result = run(&scenario, 0);
        let bound = 1.0 + (2.0 * 3.0 - 1.25) / (456.0 / every_s * 1.25);
        let ratio = cost_ratio(&result);
        assert!((1.0..bound).contains(&ratio), "{ratio}, bound {bound}");
        for (lost, cause) in result.books.lost().iter().zip(LossCause::ALL) {
            assert_eq!(*lost > Wei::ZERO, cause == LossCause::SessionRefresh, "{cause:?}");
        }
    }
}

#[test]
fn small_tickets_never_pay_a_large_picture() {
    // 4.9999e12 wei at 8e9 a ticket are 625 tickets, and an orchestrator takes no
    // more than 150 (0.8.3) or 600 under one set of parameters. 600 are worth
    // 4.8e12 wei, enough for a picture of 1000x1000.
    for version in [Version::V0_8_3, Version::V0_8_4, Version::V0_9] {
        for (pixels, is_paid) in [(LARGE, false), (1e6, version != Version::V0_8_3)] {
            let mut scenario = pictures(pixels, 3600.0, 10, DEFAULT_TICKET_EV);
            scenario.network.gateways[0].version = version;
            let result = run(&scenario, 0);
            let record = &result.service[0];
            assert_eq!(record.asked, 240);
            assert_eq!(record.served, if is_paid { 240 } else { 0 }, "{version:?} {pixels}");
            let for_nonces = record.failed[Failure::Nonces as usize];
            assert_eq!(for_nonces > 0, !is_paid, "{version:?} {pixels} {:?}", record.failed);
        }
    }
    // Pictures of 512x512 take 157 tickets, and 150 are too few.
    let mut scenario = pictures(SMALL, 3600.0, 10, DEFAULT_TICKET_EV);
    for (version, is_paid) in [(Version::V0_8_3, false), (Version::V0_8_4, true)] {
        scenario.network.gateways[0].version = version;
        assert_eq!(run(&scenario, 0).service[0].served > 0, is_paid, "{version:?}");
    }
}
