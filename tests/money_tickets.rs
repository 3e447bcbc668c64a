//! Payments by tickets against their expected value, what a ticket is too large
//! or too small for, and what becomes of those that win.

mod common;

use common::{
    AI_TICKET_EV, NODE_LIMITS, NODE_TICKETS, PLENTY, credits, mean_and_error, orchestrator,
    scenario,
};
use orchsim::demand::{Arrivals, Trace};
use orchsim::ensemble::{Plan, forecast};
use orchsim::kernel::Distribution;
use orchsim::network::{Pipeline, TicketPolicy, Version};
use orchsim::payments::{LossCause, PaymentMode};
use orchsim::scenario::Scenario;
use orchsim::simulation::{Failure, ReplicationResult, World, replicate};
use orchsim::treasury::{ConversionPolicy, Schedule, TopUpRule, TopUps};
use orchsim::units::{Lpt, SECONDS_PER_DAY, SimTime, Wei};

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
    only.tickets = TicketPolicy { expected_value: ticket_value, ..NODE_TICKETS };
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
    let forecast = forecast(&scenario, Plan::fixed(1), &|_, _| ()).unwrap();
    let expired = forecast.waterfall.steps.iter().find(|step| step.id == "lost_expiry").unwrap();
    let unused = 599.0 * Wei(surplus).to_coins();
    assert!((expired.eth.mean / unused - 1.0).abs() < 1e-9, "{expired:?}");
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
fn a_fee_is_for_units_used_units_not_used_and_what_redeeming_adds() {
    // Of 1,000 tokens paid a quarter is used. Redeeming costs a hundredth of the face value,
    // and an orchestrator adds as much to its price.
    let mut scenario = pictures(1_000.0, 3600.0, 1, AI_TICKET_EV);
    scenario.network.models[0].pipeline = Pipeline::Llm;
    scenario.network.orchestrators[0].auto_adjust_price = true;
    scenario.demand[0].used_share = Distribution::Constant(0.25);
    let parts = run(&scenario, 0).fee_parts;
    let base = 24 * 1_000 * WEI_PER_PIXEL as i128;
    assert_eq!(
        (parts.used, parts.unused, parts.adjustment),
        (base / 4, base - base / 4, base / 100)
    );
}

#[test]
fn small_tickets_never_pay_a_large_picture() {
    // 4.9999e12 wei at 8e9 a ticket are 625 tickets, and an orchestrator takes no
    // more than 150 (0.8.3) or 600 under one set of parameters. 600 are worth
    // 4.8e12 wei, enough for a picture of 1000x1000.
    for version in [Version::V0_8_3, Version::V0_8_4, Version::V0_9] {
        for (pixels, is_paid) in [(LARGE, false), (1e6, version != Version::V0_8_3)] {
            let mut scenario = pictures(pixels, 3600.0, 10, NODE_TICKETS.expected_value);
            scenario.network.gateways[0].version = version;
            let result = run(&scenario, 0);
            let record = &result.service[0];
            assert_eq!(record.asked, 240);
            assert_eq!(record.served, if is_paid { 240 } else { 0 }, "{version:?} {pixels}");
            let for_nonces = record.failed[Failure::Nonces as usize];
            assert_eq!(for_nonces > 0, !is_paid, "{version:?} {pixels} {:?}", record.failed);
            let refused = for_nonces + record.failed[Failure::Payment as usize];
            let told = forecast(&scenario, Plan::fixed(1), &|_, _| ()).unwrap().service.failed;
            assert_eq!(told.payment, refused as f64, "{version:?} {pixels}");
        }
    }
    // Pictures of 512x512 take 157 tickets, and 150 are too few.
    let mut scenario = pictures(SMALL, 3600.0, 10, NODE_TICKETS.expected_value);
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
fn a_payment_counts_by_its_whole_tickets() {
    // At 3e12 wei a ticket 18e12 are six tickets and 19e12 seven, 21e12 wei: more than the
    // 20e12 that a gateway sends at once by default.
    for (fee, is_paid) in [(17.99e12, true), (19e12, false)] {
        let mut scenario = pictures(fee / WEI_PER_PIXEL as f64, 3600.0, 1, AI_TICKET_EV);
        scenario.network.gateways[0].limits = NODE_LIMITS;
        let service = &run(&scenario, 0).service[0];
        assert_eq!(service.served, if is_paid { 24 } else { 0 }, "{fee} {:?}", service.failed);
        assert_eq!(service.failed[Failure::Payment as usize] > 0, !is_paid, "{fee}");
    }
}

#[test]
fn an_orchestrator_refuses_who_has_less_than_a_ticket_s_worth_with_it() {
    // It takes 1,000 units for each of 300 characters, 1.43e12 wei, and the gateway pays
    // one. With two tickets of 3e12 its balance is 3, 4.57 and 3.14 as the first requests
    // come, and at the fourth 1.71 (core/orchestrator.go, SufficientBalance): the gateway
    // loses its credit and buys another ticket.
    let mut scenario = pictures(300.0, 60.0, 1, AI_TICKET_EV);
    scenario.network.models[0].pipeline = Pipeline::TextToSpeech;
    let Arrivals::Trace(trace) = &mut scenario.demand[0].arrivals else { unreachable!() };
    trace.requests.truncate(4);
    let result = run(&scenario, 0);
    assert_eq!(result.service[0].served, 4);
    assert_eq!(result.spend_by_stream, [Wei(3 * AI_TICKET_EV.0)]);
    let lost = result.books.lost()[LossCause::Failure as usize];
    assert_eq!(lost, Wei(2 * AI_TICKET_EV.0 - 3 * 300 * WEI_PER_PIXEL));
}

#[test]
fn a_gateway_without_a_reserve_is_without_funds() {
    // pm/sender.go, validateSender. Nothing is left to sell.
    let mut scenario = pictures(SMALL, 3600.0, 1, AI_TICKET_EV);
    scenario.treasury.top_ups.reserve = Wei::ZERO;
    let result = run(&scenario, 0);
    assert_eq!(result.depleted.map(|time| time.as_secs() as u64), Some(1_800));
    assert_eq!(result.spend_by_stream, [Wei::ZERO]);
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
fn what_winning_tickets_will_take_is_not_left() {
    // Winners wait for days on their way to the contract and stay valid meanwhile.
    let mut scenario = pictures(LARGE, 60.0, 10, AI_TICKET_EV);
    scenario.payments.mode = PaymentMode::Tickets;
    scenario.payments.redemption_delay_s = 5.0 * SECONDS_PER_DAY as f64;
    scenario.treasury.inflation.round_hours = 1_000.0;
    let result = run(&scenario, 0);
    let mut left = result.books.proceeds();
    for (spent, balance) in result.daily_spend.iter().zip(&result.daily_balance) {
        left.0 -= spent.0;
        assert_eq!(*balance, left);
    }
    assert!(left < result.books.proceeds());
}

#[test]
fn sales_go_to_whose_deposit_lasts_shortest_once_winners_are_paid() {
    // Both gateways get half of the first sale and spend little; the first has spent two
    // fifths of its half on the first day, in tickets that are not redeemed yet. After the
    // second sale both have as much.
    let mut scenario = scenario(1.0);
    scenario.horizon_days = 15;
    scenario.payments.mode = PaymentMode::Tickets;
    scenario.payments.redemption_delay_s = 1e9;
    scenario.treasury.inflation.round_hours = 1_000.0;
    let reserve = Wei(100_000);
    let sale = Lpt(20_000_000 + 2 * reserve.0);
    let schedule = Schedule { first: SimTime::ZERO, every: SimTime::from_days(14) };
    scenario.treasury.top_ups = TopUps { rule: TopUpRule::LowestCover, reserve };
    scenario.treasury.conversion = ConversionPolicy::Clip { lpt: sale, schedule };
    scenario.credits = credits(Wei(2 * sale.0));
    scenario.network.orchestrators = vec![orchestrator("only", 10, 2)];
    scenario.network.gateways.push(scenario.network.gateways[0].clone());
    scenario.network.gateways[1].id = "second".to_string();
    let every = |seconds: f64, days: f64| -> Vec<(f64, Option<f64>)> {
        let count = (days * SECONDS_PER_DAY as f64 / seconds) as usize;
        (0..count).map(|index| (seconds * (index as f64 + 0.5), None)).collect()
    };
    let mut much = [every(216.0, 1.0), every(21_600.0, 15.0)].concat();
    much.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests: much });
    scenario.demand.push(scenario.demand[0].clone());
    scenario.demand[1].id = "little".to_string();
    scenario.demand[1].gateway = 1;
    scenario.demand[1].arrivals = Arrivals::Trace(Trace { requests: every(21_600.0, 15.0) });
    let books = run(&scenario, 0).books;
    let left = [0, 1].map(|gateway| books.free_deposit(gateway).0);
    assert!(left[0].abs_diff(left[1]) < 100_000 && left[0] > 10_000_000, "{left:?}");
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
        scenario.network.active_set = 10;
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
