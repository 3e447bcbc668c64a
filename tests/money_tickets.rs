//! Payments by tickets against their expected value, what a ticket is too large
//! or too small for, and what becomes of those that win.

mod common;

use common::{PLENTY, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{Arrivals, Trace};
use orchsim::kernel::Distribution;
use orchsim::network::{TicketPolicy, Version};
use orchsim::payments::{AI_TICKET_EV, DEFAULT_TICKET_EV, LossCause, PaymentMode};
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
    gateway.limits.max_total_ev = Wei(100_000_000_000_000);
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
    for (gateway, orchestrator, is_paid) in [
        (Version::V0_8_3, None, false),
        (Version::V0_8_4, None, true),
        (Version::V0_8_4, Some(Version::V0_8_3), false),
        (Version::V0_8_3, Some(Version::V0_8_4), true),
    ] {
        scenario.network.gateways[0].version = gateway;
        scenario.network.orchestrators[0].version = orchestrator;
        let served = run(&scenario, 0).service[0].served;
        assert_eq!(served > 0, is_paid, "{gateway:?} {orchestrator:?}");
    }
}

#[test]
fn ticket_parameters_live_by_the_orchestrators_release() {
    // pm/recipient.go: 10 blocks up to 0.8.3, 40 since. Pictures ten blocks apart
    // outlive those of an old orchestrator, whichever gateway asks: each takes a
    // ticket of its own. Under 40 blocks four at least share a session and take
    // three: they leave 1.75e12, 3.5e12, 2.25e12 and 4e12 wei, and no ticket is
    // due from 3e12 on.
    let (old, new) = (Version::V0_8_3, Version::V0_8_4);
    for (gateway, orchestrator, is_short) in [
        (old, None, true),
        (new, Some(old), true),
        (Version::V0_9, Some(old), true),
        (new, None, false),
        (old, Some(new), false),
    ] {
        let mut scenario = pictures(SMALL, 120.0, 1, AI_TICKET_EV);
        scenario.payments.mode = PaymentMode::Expected;
        scenario.network.gateways[0].version = gateway;
        scenario.network.orchestrators[0].version = orchestrator;
        let result = run(&scenario, 0);
        assert_eq!(result.service[0].served, 720);
        let tickets = spend(&result) / AI_TICKET_EV.0 as f64;
        let is_met = if is_short { tickets == 720.0 } else { tickets <= 540.0 };
        assert!(is_met, "{gateway:?} {orchestrator:?}: {tickets}");
    }
}

#[test]
fn a_doubled_gas_price_doubles_face_values_and_halves_redemptions() {
    // 100 times 1.2 million gas at 0.01 and at 0.02 gwei. The pay is the same in
    // the mean, so that half as many tickets win.
    let at_gas_price = |gas_price: u128, face_value: u128| {
        let mut scenario = pictures(LARGE, 60.0, 10, AI_TICKET_EV);
        scenario.payments.mode = PaymentMode::Tickets;
        scenario.payments.gas_prices = vec![(0.0, Wei(gas_price))];
        let world = World::new(&scenario);
        let (mut pay, mut redeemed) = (Vec::new(), Vec::new());
        for number in 0..400 {
            let result = replicate(&world, number).unwrap();
            let [tickets] = result.redemptions[..] else { panic!("one gas price") };
            assert_eq!(tickets.face_value.0, u128::from(tickets.redeemed) * face_value);
            assert_eq!(tickets.face_value.0 as f64, spend(&result));
            assert_eq!(tickets.void, 0);
            pay.push(spend(&result));
            redeemed.push(tickets.redeemed as f64);
        }
        (mean_and_error(&pay), mean_and_error(&redeemed))
    };
    let (pay, redeemed) = at_gas_price(10_000_000, 1_200_000_000_000_000);
    let (pay_after, redeemed_after) = at_gas_price(20_000_000, 2_400_000_000_000_000);
    let differs = |(a, a_error): (f64, f64), (b, b_error): (f64, f64), factor: f64| {
        (a * factor - b).abs() / (a_error * factor).hypot(b_error)
    };
    assert!(differs(pay, pay_after, 1.0) < 3.0, "{pay:?} {pay_after:?}");
    assert!(differs(redeemed, redeemed_after, 0.5) < 3.0, "{redeemed:?} {redeemed_after:?}");
    // The runs tell a half from a third.
    assert!(differs(redeemed, redeemed_after, 1.0 / 3.0) > 10.0);
}

#[test]
fn a_ticket_not_worth_its_gas_waits_until_its_validity_ends() {
    // Tickets of 1.2e15 wei are won in the first half day and come to the contract
    // a day later on average. From then on gas costs 2.4e15 wei a redemption. They
    // were created in the first round of 21.6 hours and are valid in the first
    // two, until day 1.8: if gas is cheap again on day 1, only those that come
    // later are void, and otherwise all that come after half a day.
    // The mean of exp(won - day) over the half day.
    let void_after = |day: f64| (-day).exp() * (0.5_f64.exp() - 1.0) / 0.5;
    let (cheap, dear) = (Wei(10_000_000), Wei(2_000_000_000));
    for (gas_prices, share) in [
        (vec![(0.0, cheap), (0.5, dear)], void_after(0.5)),
        (vec![(0.0, cheap), (0.5, dear), (1.0, cheap)], void_after(1.8)),
    ] {
        let mut scenario = pictures(LARGE, 20.0, 4, AI_TICKET_EV);
        scenario.payments.mode = PaymentMode::Tickets;
        scenario.payments.gas_prices = gas_prices;
        scenario.payments.redemption_delay_s = SECONDS_PER_DAY as f64;
        let Arrivals::Trace(trace) = &mut scenario.demand[0].arrivals else { unreachable!() };
        trace.requests.retain(|(time, _)| *time < 0.499 * SECONDS_PER_DAY as f64);
        let world = World::new(&scenario);
        let (mut redeemed, mut void) = (0, 0);
        for number in 0..100 {
            let result = replicate(&world, number).unwrap();
            let won = result.redemptions[0];
            assert_eq!(spend(&result), won.redeemed as f64 * 1.2e15);
            redeemed += won.redeemed;
            void += won.void;
        }
        let won = (redeemed + void) as f64;
        assert!(won > 800.0, "{won}");
        let error = (share * (1.0 - share) / won).sqrt();
        assert!((void as f64 / won - share).abs() < 3.0 * error, "{void} of {won}, {share}");
    }
}

#[test]
fn an_orchestrator_claims_its_part_of_the_reserve_in_each_round() {
    // A request of 100 tickets, each a coin toss for twice its value, takes the
    // whole deposit and often more. One of ten orchestrators then claims a tenth
    // of the reserve a round, its last ticket in part; tickets are valid in two
    // rounds.
    const VALUE: u128 = 1_000;
    let (face_value, reserve) = (2 * VALUE, 50 * VALUE);
    for (round_hours, shares) in
        [(48.0, vec![reserve / 10]), (6.0, vec![reserve / 10, reserve * 9 / 100])]
    {
        let mut scenario = scenario(1.0);
        scenario.payments.mode = PaymentMode::Tickets;
        scenario.treasury.inflation.round_hours = round_hours;
        scenario.treasury.top_ups.reserve = Wei(reserve);
        scenario.credits = credits(Wei(100 * VALUE + reserve));
        scenario.network.registered_orchestrators = 10;
        let mut only = orchestrator("only", VALUE / 10, 1);
        only.tickets.expected_value = Wei(VALUE);
        only.tickets.max_face_value = Some(Wei(face_value));
        scenario.network.orchestrators = vec![only];
        scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests: vec![(60.0, None)] });
        let world = World::new(&scenario);
        let mut void = 0;
        for number in 0..200 {
            let result = replicate(&world, number).unwrap();
            let won = result.redemptions[0];
            let mut beyond = u128::from(won.redeemed + won.void).saturating_sub(50);
            let mut claimed = 0;
            for share in &shares {
                claimed += share.min(&(beyond * face_value));
                beyond = beyond.saturating_sub(share.div_ceil(face_value));
            }
            assert_eq!(reserve - result.books.reserve(0).0, claimed, "{won:?}");
            assert_eq!(u128::from(won.void), beyond, "{won:?}");
            void += won.void;
        }
        assert!(void > 10, "{void}");
    }
}
