//! Ticket parameters, limits, quotes and nonces against go-livepeer's own test
//! vectors.

mod common;

use common::{AI_TICKET_EV, NODE_LIMITS, NODE_TICKETS};
use orchsim::network::{AcceptanceLimits, LIVE_PIXELS_PER_SECOND, Pipeline, TicketPolicy, Version};
use orchsim::payments::{
    InsufficientReserve, IntervalMeter, PaymentMode, PaymentSetup, Receipt, RedemptionRefusal,
    SenderFunds, TicketParams, TicketRefusal, TicketTerms, WinProbability, billed_and_used,
    max_sender_nonces, next_usd_feed, params_life_blocks, price_still_accepted, quoted_price,
    text_to_speech_debit,
};
use orchsim::units::{Price, SimTime, Wei};
use proptest::prelude::*;

const GWEI: u128 = 1_000_000_000;
const ETHER: u128 = 1_000_000_000 * GWEI;
const AMPLE: Wei = Wei(1000 * ETHER);

/// The fixture of pm/recipient_test.go.
const RECIPIENT: TicketPolicy = TicketPolicy {
    expected_value: Wei(5),
    redeem_gas: 10_000,
    tx_cost_multiplier: 100,
    max_face_value: None,
};

fn seconds(seconds: f64) -> SimTime {
    SimTime::from_secs(seconds)
}

#[test]
fn a_short_reserve_is_refused_unless_it_pays_a_redemption_at_3_gwei() {
    // pm/recipient_test.go TestTicketParams, the cases around avgGasPrice.
    let average = 3 * GWEI;
    let cost = |gas_price: u128| 10_000 * gas_price;
    let terms =
        |gas_price: u128, max_float: u128| RECIPIENT.terms(Wei(gas_price), Wei(max_float)).is_ok();
    assert!(!terms(1, 4));
    assert!(!terms(0, 0));
    assert!(terms(average + 1, cost(average + 1) - 1));
    assert!(terms(average + 1, cost(average)));
    assert!(!terms(average + 1, cost(average) - 1));
    assert!(terms(average - 1, cost(average - 1) + 1));
    assert!(terms(average - 1, cost(average - 1)));
    assert_eq!(InsufficientReserve.to_string(), "insufficient sender reserve");
}

#[test]
fn the_cost_multiplier_scales_with_the_effective_face_value() {
    // pm/recipient_test.go TestTxCostMultiplier_*.
    let multiplier = |gas_price, max_float| {
        let terms = RECIPIENT.terms(Wei(gas_price), Wei(max_float));
        terms.map(|terms| terms.tx_cost_multiplier())
    };
    assert_eq!(multiplier(100, 10_000_000_000), Ok(Some((Wei(100_000_000), Wei(1_000_000)))));
    assert_eq!(multiplier(100, 1_000_001), Ok(Some((Wei(1_000_001), Wei(1_000_000)))));
    assert_eq!(multiplier(100, 0), Err(InsufficientReserve));
    assert_eq!(multiplier(0, 10_000_000_000), Ok(None));
}

#[test]
fn face_values_of_the_network() {
    // 0.0012 ETH at Arbitrum's floor of 0.01 gwei, twice that after 2026-01-08;
    // the win probability halves and the expected value stays.
    let policy = TicketPolicy { expected_value: AI_TICKET_EV, ..NODE_TICKETS };
    let before = policy.terms(Wei(GWEI / 100), AMPLE).unwrap();
    let after = policy.terms(Wei(GWEI / 50), AMPLE).unwrap();
    assert_eq!(before.face_value, Wei(1_200_000_000_000_000));
    assert_eq!(after.face_value, Wei(2_400_000_000_000_000));
    assert_eq!(before.expected_value, after.expected_value);
    let ratio = before.win_probability.to_f64() / after.win_probability.to_f64();
    assert!((ratio - 2.0).abs() < 1e-12);
    // Gas of 0.1 gwei: 6.7e-7 at the default EV, 2.5e-4 at the AI documentation's.
    let chance = |expected_value| {
        let policy = TicketPolicy { expected_value, ..NODE_TICKETS };
        policy.terms(Wei(GWEI / 10), AMPLE).unwrap().win_probability.to_f64()
    };
    assert!((chance(NODE_TICKETS.expected_value) / (2.0 / 3.0 * 1e-6) - 1.0).abs() < 1e-9);
    assert!((chance(AI_TICKET_EV) / 2.5e-4 - 1.0).abs() < 1e-9);
    let capped = TicketPolicy { max_face_value: Some(Wei(GWEI * GWEI / 1000)), ..policy };
    assert_eq!(capped.terms(Wei(GWEI / 10), AMPLE).unwrap().face_value, Wei(ETHER / 1000));
}

proptest! {
    #[test]
    fn face_values_lie_between_expected_value_and_every_cap(
        ev in 1u128..10_000_000_000_000,
        gas_price in 0u128..100_000_000_000,
        max_float in 0u128..1_000_000_000_000_000_000,
        cap in prop::option::of(1u128..1_000_000_000_000_000_000),
    ) {
        let policy = TicketPolicy {
            expected_value: Wei(ev),
            max_face_value: cap.map(Wei),
            ..NODE_TICKETS
        };
        let affordable = cap.unwrap_or(max_float).min(max_float);
        let redeemable = affordable >= (1_200_000 * gas_price).min(1_200_000 * 3 * GWEI);
        match policy.terms(Wei(gas_price), Wei(max_float)) {
            Ok(terms) => {
                prop_assert!(terms.face_value >= Wei(ev));
                prop_assert!(terms.face_value.0 <= affordable);
            }
            Err(InsufficientReserve) => prop_assert!(affordable < ev || !redeemable),
        }
    }
}

#[test]
fn the_reserve_is_shared_by_the_active_set() {
    // pm/sendermonitor_test.go TestReserveAlloc, TestMaxFloat (go-livepeer: -90).
    let funds = SenderFunds {
        deposit: Wei(500),
        reserve: Wei(5000),
        claimed_by_recipient: Wei(100),
        active_set: 5,
        ..SenderFunds::default()
    };
    assert_eq!(funds.max_float(), Wei(900));
    let poor = SenderFunds { reserve: Wei(500), active_set: 50, ..funds };
    assert_eq!(poor.max_float(), Wei::ZERO);
    // 0.36 ETH over 100 orchestrators.
    let usual = SenderFunds { reserve: Wei(36 * ETHER / 100), active_set: 100, ..funds };
    assert_eq!(usual.max_float(), Wei(36 * ETHER / 10_000 - 100));
    assert_eq!(SenderFunds { active_set: 0, ..funds }.max_float(), Wei::ZERO);
}

#[test]
fn redemptions_need_more_than_their_cost() {
    // pm/sendermonitor_test.go TestAvailableFunds and
    // TestRedeemWinningTicket_CheckAvailableFundsAndFaceValue.
    let funds = SenderFunds {
        deposit: Wei(500),
        reserve: Wei(1000),
        active_set: 1,
        ..SenderFunds::default()
    };
    assert_eq!(funds.available(), Wei(1500));
    assert_eq!(funds.covers_redemption(Wei(9_999), Wei(1500)), Err(RedemptionRefusal::Funds));
    assert_eq!(funds.covers_redemption(Wei(1499), Wei(1499)), Err(RedemptionRefusal::FaceValue));
    assert_eq!(funds.covers_redemption(Wei(1500), Wei(1499)), Ok(()));
}

proptest! {
    #[test]
    fn redemptions_take_the_deposit_first_and_pay_no_more_than_there_is(
        deposit in 0u128..1000,
        reserve in 0u128..1000,
        claimed in 0u128..1000,
        by_recipient in 0u128..200,
        active_set in 1u32..10,
        face_value in 0u128..3000,
    ) {
        let funds = SenderFunds {
            deposit: Wei(deposit),
            reserve: Wei(reserve),
            claimed: Wei(claimed),
            claimed_by_recipient: Wei(by_recipient),
            active_set,
        };
        let paid = funds.redeem(Wei(face_value));
        prop_assert_eq!(paid.from_deposit.0 + paid.from_reserve.0 + paid.unpaid.0, face_value);
        prop_assert!(paid.from_deposit <= Wei(deposit) && paid.from_reserve <= Wei(reserve));
        prop_assert!(paid.from_reserve == Wei::ZERO || paid.from_deposit == Wei(deposit));
        let share = (reserve + claimed) / u128::from(active_set);
        prop_assert!(paid.from_reserve.0 + by_recipient <= share.max(by_recipient));
    }
}

fn terms(face_value: u128, expected_value: u128) -> TicketTerms {
    TicketTerms {
        face_value: Wei(face_value),
        expected_value: Wei(expected_value),
        win_probability: WinProbability::new(Wei(face_value), Wei(expected_value)),
        ..TicketTerms::FREE
    }
}

#[test]
fn gateways_refuse_what_exceeds_their_limits() {
    use TicketRefusal::*;
    // The limits of pm/sender_test.go: EV 100, deposit multiplier 2.
    let limits =
        AcceptanceLimits { max_ticket_ev: Wei(100), max_total_ev: Wei(102), deposit_multiplier: 2 };
    let check = |face_value, ev, tickets, deposit, reserve| {
        limits.check(&terms(face_value, ev), tickets, Wei(deposit), Wei(reserve))
    };
    // TestCreateTicketBatch_EVTooHigh: 101 for one, 2 * 51 for two.
    assert_eq!(check(202, 101, 1, 1000, 1), Err(TicketEvTooHigh));
    assert_eq!(check(104, 52, 2, 1000, 1), Err(TotalEvTooHigh));
    assert_eq!(check(104, 52, 1, 1000, 1), Ok(()));
    // TestValidateTicketParams_FaceValueTooHigh and _AcceptableParams.
    assert_eq!(check(1111, 2, 1, 2221, 1), Err(FaceValueTooHigh));
    assert_eq!(check(1111, 2, 1, 2222, 1), Ok(()));
    assert_eq!(check(200, 100, 1, 400, 1), Ok(()));
    // TestSender_ValidateSender.
    assert_eq!(check(200, 100, 1, 0, 1), Err(NoDeposit));
    assert_eq!(check(200, 100, 1, 400, 0), Err(NoReserve));
    assert_eq!(check(50, 50, 1, 400, 1), Err(FaceValueTooLow));
    // No tickets, nothing to refuse.
    assert_eq!(check(50, 50, 0, 0, 0), Ok(()));
}

proptest! {
    /// What passes without a closer look passes with one, and the other way
    /// round.
    #[test]
    fn payments_are_cleared_as_they_are_checked(
        (face_value, ev, tickets) in (0u128..300, 0u128..150, 1u64..5),
        (max_ticket_ev, max_total_ev, deposit_multiplier) in (0u128..150, 0u128..300, 0u64..4),
        (deposit, reserve, rounded_up) in (0u128..1000, 0u128..2, any::<bool>()),
    ) {
        let limits = AcceptanceLimits {
            max_ticket_ev: Wei(max_ticket_ev),
            max_total_ev: Wei(max_total_ev),
            deposit_multiplier,
        };
        let terms = TicketTerms {
            face_value: Wei(face_value),
            expected_value: Wei(ev),
            rounded_up,
            ..TicketTerms::FREE
        };
        let (deposit, reserve) = (Wei(deposit), Wei(reserve));
        let is_clear = limits.clearance(&terms).covers(tickets, deposit, reserve);
        let passes = limits.check(&terms, tickets, deposit, reserve).is_ok();
        // Tickets of no value pass, but are never cleared.
        prop_assert_eq!(is_clear, passes && ev > 0);
    }
}

#[test]
fn a_ticket_of_exactly_the_limit_exceeds_it_by_its_rounding() {
    // pm/sender.go compares rationals, and face value * win probability lies a
    // hair above the EV: hence the 2,999,999,999,999 of the AI documentation.
    let limits = NODE_LIMITS;
    let check = |expected_value, tickets| {
        let policy = TicketPolicy { expected_value: Wei(expected_value), ..NODE_TICKETS };
        let terms = policy.terms(Wei(GWEI / 100), AMPLE).unwrap();
        limits.check(&terms, tickets, AMPLE, AMPLE)
    };
    assert_eq!(check(AI_TICKET_EV.0, 6), Ok(()));
    assert_eq!(check(AI_TICKET_EV.0, 7), Err(TicketRefusal::TotalEvTooHigh));
    assert_eq!(check(3_000_000_000_000, 1), Err(TicketRefusal::TicketEvTooHigh));
    assert_eq!(check(NODE_TICKETS.expected_value.0, 2499), Ok(()));
    assert_eq!(check(NODE_TICKETS.expected_value.0, 2500), Err(TicketRefusal::TotalEvTooHigh));
}

#[test]
fn quotes_carry_the_cost_of_redemption() {
    // core/orch_test.go TestPriceInfo: base, multiplier, quote.
    let price = |wei, units| Price::new(wei, units).unwrap();
    let with = |face_value, tx_cost| TicketTerms { tx_cost: Wei(tx_cost), ..terms(face_value, 1) };
    let vectors = [
        (price(1, 1), with(100, 1), price(101, 100)),
        (price(10, 1), with(100, 1), price(101, 10)),
        (price(1, 10), with(100, 1), price(101, 1000)),
        (price(25, 10), with(100, 1), price(2525, 1000)),
        (price(10, 1), with(10, 1), price(11, 1)),
        (price(10, 1), with(1, 10), price(110, 1)),
        (price(10, 1), with(1, 1), price(20, 1)),
        (Price::ZERO, with(100, 1), Price::ZERO),
        (price(10, 1), with(100, 0), price(10, 1)),
        // Cut to three decimals: 1/3 + 1 % = 0.33666...
        (price(1, 3), with(100, 1), price(336, 1000)),
    ];
    for (base, terms, quote) in vectors {
        assert_eq!(quoted_price(base, &terms, true), Ok(quote));
        assert_eq!(quoted_price(base, &terms, false), Ok(base));
    }
    // A face value capped at 30 times its redemption: 3.33 % on top.
    let capped = NODE_TICKETS.terms(Wei(GWEI / 10), Wei(36 * ETHER / 10_000)).unwrap();
    let quote = quoted_price(price(3_000_000, 1), &capped, true);
    assert_eq!(quote, Ok(price(3_100_000, 1)));
    assert!(quoted_price(price(i64::MAX as u128, 1), &with(1, u128::MAX / 2), true).is_err());
}

#[test]
fn prices_may_double_within_a_session() {
    // server/rpc_test.go TestValidatePrice.
    let price = |wei, units| Price::new(wei, units).unwrap();
    assert!(price_still_accepted(price(1, 3), price(1, 3)));
    assert!(price_still_accepted(price(1, 6), price(1, 3)));
    assert!(!price_still_accepted(price(1000, 6001), price(1, 3)));
}

#[test]
fn the_usd_feed_is_read_on_the_hour() {
    // eth/watchers/pricefeedwatcher.go: one second before the hour, one second
    // is left; on the hour, a whole one.
    let hour = |h: f64| seconds(h * 3600.0);
    assert_eq!(next_usd_feed(hour(12.0) - seconds(1.0)), hour(12.0));
    assert_eq!(next_usd_feed(hour(12.0)), hour(13.0));
}

#[test]
fn a_gas_price_holds_from_the_beginning_of_its_day() {
    let gas_prices = [(0.0, 10), (2.0, 20), (5.0, 30)].map(|(day, price)| (day, Wei(price)));
    let payments = PaymentSetup {
        mode: PaymentMode::Tickets,
        gas_prices: gas_prices.to_vec(),
        redemption_delay_s: 0.0,
    };
    let two_days = SimTime::from_days(2);
    for (now, price) in [(SimTime::ZERO, 10), (two_days - seconds(1.0), 10), (two_days, 20)] {
        assert_eq!(payments.gas_price(now), Wei(price));
    }
}

#[test]
fn the_ticket_after_the_last_nonce_is_refused() {
    // pm/recipient_test.go TestReceiveTicket_NonceMapFill: the 601st fails.
    for (version, nonces) in [(Version::V0_8_3, 150), (Version::V0_8_4, 600), (Version::V0_9, 600)]
    {
        assert_eq!(max_sender_nonces(version), nonces);
        let mut params = TicketParams::issue(version, SimTime::ZERO);
        assert_eq!(params.receive(u64::from(nonces) - 1, SimTime::ZERO), Receipt::Accepted);
        assert_eq!(params.receive(3, SimTime::ZERO), Receipt::TooManyNonces { accepted: 1 });
        assert_eq!(params.receive(1, SimTime::ZERO), Receipt::TooManyNonces { accepted: 0 });
    }
}

#[test]
fn ticket_params_live_two_or_eight_minutes() {
    for (version, life_s) in [(Version::V0_8_3, 120.0), (Version::V0_8_4, 480.0)] {
        assert_eq!(params_life_blocks(version) as f64 * 12.0, life_s);
        let mut params = TicketParams::issue(version, seconds(5.0));
        assert!(!params.needs_refresh(seconds(life_s - 12.1)));
        assert!(params.needs_refresh(seconds(life_s - 12.0)));
        assert_eq!(params.receive(1, seconds(life_s - 0.1)), Receipt::Accepted);
        assert_eq!(params.receive(1, seconds(life_s)), Receipt::Expired);
    }
}

#[test]
fn a_large_image_cannot_be_paid_with_default_tickets() {
    // 1024 x 1024 at 4,768,371 wei a pixel against EV 8e9.
    let fee = Price::new(4_768_371, 1).unwrap().fee(1024 * 1024);
    let tickets = fee.0.div_ceil(NODE_TICKETS.expected_value.0) as u64;
    for (version, accepted) in [(Version::V0_8_3, 150), (Version::V0_9, 600)] {
        let mut params = TicketParams::issue(version, SimTime::ZERO);
        assert_eq!(params.receive(tickets, SimTime::ZERO), Receipt::TooManyNonces { accepted });
        assert!(u128::from(accepted) * NODE_TICKETS.expected_value.0 < fee.0);
    }
}

#[test]
fn streams_carry_the_fraction_of_a_unit() {
    // server/live_payment_processor_test.go.
    let paid =
        |rate, elapsed_s| IntervalMeter::start(rate, SimTime::ZERO).advance(seconds(elapsed_s));
    assert_eq!(paid(27_648_000, 1.5), 41_472_000);
    assert_eq!((paid(1, 2.0), paid(1, 1.5)), (2, 1));
    let mut meter = IntervalMeter::start(1, SimTime::ZERO);
    assert_eq!(meter.advance(seconds(10.5)) + meter.advance(seconds(21.0)), 21);
}

proptest! {
    #[test]
    fn no_unit_of_a_stream_is_lost_between_payments(
        rate in 1u64..50_000_000,
        spans in prop::collection::vec(0u64..20_000_000_000, 1..50),
    ) {
        let mut meter = IntervalMeter::start(rate, SimTime(7));
        let (mut now, mut units) = (SimTime(7), 0);
        for span in &spans {
            now = now + SimTime(*span);
            units += meter.advance(now);
        }
        let elapsed: u128 = spans.iter().map(|&span| u128::from(span)).sum();
        prop_assert_eq!(u128::from(units), elapsed * u128::from(rate) / 1_000_000_000);
    }
}

#[test]
fn units_billed_and_not_used() {
    let units =
        |pipeline, size, used| billed_and_used(pipeline, size, used, LIVE_PIXELS_PER_SECOND);
    assert_eq!(units(Pipeline::Llm, 256.0, 90.0), (256, 90));
    assert_eq!(units(Pipeline::TextToImage, 262_144.0, 262_144.0), (262_144, 262_144));
    // 14 of 25 frames of 1024 x 576 came back.
    let pixels = 1024.0 * 576.0;
    assert_eq!(
        units(Pipeline::ImageToVideo, pixels, pixels * 14.0 / 25.0),
        (14_745_600, 8_257_536)
    );
    // A stream of half the pixels billed.
    assert_eq!(units(Pipeline::LiveVideoToVideo, 60.0, 30.0), (1_658_880_000, 829_440_000));
    // The last 0.9 s of audio are not paid.
    assert_eq!(units(Pipeline::AudioToText, 61.9, 61.9), (61_000, 61_000));
    // "né" has two characters.
    assert_eq!(text_to_speech_debit(2), 2000);
}
