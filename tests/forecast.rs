//! What a forecast says of runs that are worked out by hand.

mod common;

use common::{credits, orchestrator, scenario};
use jiff::civil::date;
use orchsim::demand::{Arrivals, Trace};
use orchsim::ensemble::{
    Estimate, Forecast, ObjectiveResult, Plan, VarianceReduction, Verdict, forecast,
    headline_values, headlines, simulate,
};
use orchsim::kernel::Distribution;
use orchsim::network::{Model, Pipeline, Region, RttMatrix};
use orchsim::payments::PaymentMode;
use orchsim::scenario::{Goal, Objective, Scenario};
use orchsim::simulation::World;
use orchsim::treasury::{ConversionPolicy, Drawing, PriceSeries, TokenPrices};
use orchsim::units::{Lpt, SECONDS_PER_DAY, SECONDS_PER_HOUR, SimTime, Wei};

const DAYS: usize = 4;

fn run(scenario: &Scenario) -> Forecast {
    forecast(scenario, Plan::fixed(1), &|_, _| ()).unwrap()
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9 * b.abs(), "{a} instead of {b}");
}

/// At every noon a picture for 10,000 wei and one scaled up for 30,000. Who serves the
/// first is near the gateway and has a fifth of the stake, who serves the other is far;
/// with the users it is the other way round.
fn two_shops() -> Scenario {
    let mut scenario = scenario(1.0);
    scenario.horizon_days = DAYS as u32;
    let network = &mut scenario.network;
    network.regions.push(Region { id: "far".into(), name: "Far".into(), utc_offset_hours: 0.0 });
    network.rtt = RttMatrix::zero(2);
    let upscale = Model { pipeline: Pipeline::Upscale, ..network.models[0].clone() };
    network.models.push(upscale);
    network.gateways[0].max_price = vec![None; 2];
    network.orchestrators = vec![orchestrator("small", 10, 1), orchestrator("large", 30, 1)];
    network.orchestrators[1].offers[0].model = 1;
    network.orchestrators[1].region = 1;
    network.orchestrators[1].stake = Lpt(4 * network.orchestrators[0].stake.0);
    let noon = |day: usize| ((day as f64 + 0.5) * SECONDS_PER_DAY as f64, None);
    let requests = (0..DAYS).map(noon).collect();
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
    scenario.demand.push(scenario.demand[0].clone());
    scenario.demand[1].id = "more".to_string();
    scenario.demand[1].model = 1;
    scenario.demand[0].region = 1;
    scenario
}

#[test]
fn spend_and_fees_are_broken_down_by_who_asked_and_who_served() {
    let forecast = run(&two_shops());
    let rows = |rows: &[(String, Wei)]| -> Vec<(String, u128)> {
        rows.iter().map(|(name, wei)| (name.clone(), wei.0)).collect()
    };
    let named = |rows: [(&str, u128); 2]| rows.map(|(name, wei)| (name.to_string(), wei)).to_vec();
    assert_eq!(rows(&forecast.spend.by_region), named([("far", 40_000), ("here", 120_000)]));
    let by_pipeline = named([("text-to-image", 40_000), ("upscale", 120_000)]);
    assert_eq!(rows(&forecast.spend.by_pipeline), by_pipeline);
    for day in &forecast.days {
        assert_eq!(
            day.by_pipeline.iter().map(|part| part.mean_eth).collect::<Vec<_>>(),
            [1e-14, 3e-14]
        );
    }
    let earned = forecast.fees.iter().map(|row| (row.id.as_str(), row.fees.0, row.stake_share));
    assert_eq!(earned.collect::<Vec<_>>(), [("large", 120_000, 0.8), ("small", 40_000, 0.2)]);
    let regions = forecast.region_fees.iter().map(|row| (row.id.as_str(), row.fees.0));
    assert_eq!(regions.collect::<Vec<_>>(), [("here", 40_000), ("far", 120_000)]);
}

#[test]
fn goals_of_fees_are_judged_by_what_was_earned() {
    // Three quarters go to the larger, which is far.
    let mut scenario = two_shops();
    let far = |share| Goal::RegionFeeShare { region: 1, share };
    let goals = [far(0.74), far(0.76), Goal::TopFeeShare(0.76), Goal::TopFeeShare(0.74)];
    let objective = |goal| Objective { id: "goal".to_string(), goal, probability: 1.0 };
    scenario.objectives = goals.map(objective).to_vec();
    let verdicts: Vec<Verdict> = run(&scenario).objectives.iter().map(|o| o.verdict).collect();
    assert_eq!(verdicts, [Verdict::Met, Verdict::Missed, Verdict::Met, Verdict::Missed]);
}

#[test]
fn a_period_holds_its_days_and_they_are_worth_their_prices() {
    // Two days each of December and January, 40,000 wei a day. An ETH is worth twice as
    // much every day.
    let mut scenario = two_shops();
    scenario.start = date(2025, 12, 30);
    let series: Vec<(f64, f64, f64)> =
        (0..DAYS).map(|day| (day as f64, 1.0, 1_000.0 * f64::from(1 << day))).collect();
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&series).unwrap());
    let periods = run(&scenario).periods;
    let seen = periods.iter().map(|row| (row.period.to_string(), row.days, row.mean.0));
    let expected = [("2025-12", 2), ("2026-01", 2), ("2025-Q4", 2), ("2026-Q1", 2)]
        .map(|(period, days)| (period.to_string(), days, 80_000));
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    for (row, usd) in periods.iter().zip([3_000.0, 12_000.0, 3_000.0, 12_000.0]) {
        near(row.mean_usd, 4e-14 * usd);
        // An LPT stays a dollar.
        near(row.mean_lpt, 4e-14 * usd);
    }
}

#[test]
fn what_a_sale_costs_is_told_by_its_cause() {
    // A tenth of the pool's depth is paid 10 / 11 of its value, 1,000,000 wei, of which
    // the pool keeps 1 %.
    let mut scenario = two_shops();
    scenario.credits = credits(Wei(1_100_000));
    scenario.treasury.top_ups.reserve = Wei(1_000);
    scenario.treasury.swap.depth = Lpt(11_000_000);
    scenario.treasury.swap.fee_bps = 100;
    scenario.treasury.swap.gas = Wei(70);
    let treasury = run(&scenario).treasury;
    let wei = |eth: f64| (eth * 1e18).round();
    let lost = [&treasury.swap_impact_eth, &treasury.swap_fee_eth, &treasury.swap_gas_eth];
    // The rate is cut and the fee rounded up: a wei less is paid.
    assert_eq!(lost.map(|part| wei(part.mean)), [100_001.0, 10_000.0, 70.0]);
    assert_eq!(wei(treasury.proceeds_eth.mean), 989_929.0);
}

#[test]
fn redemptions_are_counted_by_the_gas_price_they_were_won_at() {
    // A ticket an hour, of which nearly each wins a wei more than it is worth, until the
    // money is spent on the fifth day. On the third another gas price begins.
    let mut scenario = scenario(1.0);
    scenario.horizon_days = 10;
    scenario.payments.mode = PaymentMode::Tickets;
    scenario.payments.gas_prices = [0.0, 2.0, 7.0].map(|day| (day, Wei::ZERO)).to_vec();
    scenario.treasury.top_ups.reserve = Wei(100_000);
    scenario.credits = credits(Wei(100_000 + 100 * 10_000));
    scenario.network.orchestrators = vec![orchestrator("only", 10, 1)];
    let half_past = |hour: usize| ((hour as f64 + 0.5) * SECONDS_PER_HOUR as f64, None);
    let requests = (0..240).map(half_past).collect();
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
    let forecast = run(&scenario);
    let (runway, is_censored) = forecast.runways[0];
    assert!((4.0..4.5).contains(&runway) && !is_censored, "{runway}");
    let [all, first, second] = &forecast.redemptions[..] else {
        panic!("{:?}", forecast.redemptions)
    };
    assert_eq!([all.days, first.days, second.days], [runway, 2.0, runway - 2.0]);
    assert!((46.0..=48.0).contains(&first.redeemed.mean), "{first:?}");
    assert_eq!(all.redeemed.mean, first.redeemed.mean + second.redeemed.mean);
    near(all.face_value_eth.unwrap(), 10_001e-18);
}

#[test]
fn steps_of_tickets_that_did_not_win_add_up_to_nothing_and_have_no_shares() {
    // Of some 60 tickets a future each wins with 1 in 40,000: 3e12 of a face value of
    // 100 x 1.2e15 wei.
    for price in [4_000_001, 3_999_983, 2_384_185, 1_234_567] {
        let mut scenario = scenario(20.0);
        scenario.horizon_days = 3;
        scenario.payments.mode = PaymentMode::Tickets;
        scenario.payments.gas_prices = vec![(0.0, Wei(1_000_000_000))];
        scenario.treasury.top_ups.reserve = Wei(1_000_000_000_000_000_000);
        scenario.demand[0].size = Distribution::Constant(262_144.0);
        let mut only = orchestrator("only", price, 100);
        only.tickets.expected_value = Wei(2_999_999_999_999);
        only.tickets.max_face_value = None;
        only.auto_adjust_price = true;
        scenario.network.orchestrators = vec![only];
        let forecast = forecast(&scenario, Plan::fixed(3), &|_, _| ()).unwrap();
        assert!(forecast.service.served > 0.0);
        assert_eq!(forecast.spend.total, Wei::ZERO);
        let waterfall = &forecast.waterfall;
        let lottery = waterfall.steps.iter().find(|step| step.id == "lottery").unwrap();
        assert!(lottery.eth.mean < -1e-6, "{lottery:?}");
        assert_eq!(waterfall.total_eth, 0.0, "{price}");
        assert!(waterfall.steps.iter().all(|step| step.share.is_none()), "{price}");
    }
}

/// Two pictures are paid; at the third noon a wei is left, and 100,000 in reserve. Nobody
/// scales them up.
fn two_pictures() -> Scenario {
    let mut scenario = two_shops();
    scenario.network.orchestrators.pop();
    scenario.treasury.top_ups.reserve = Wei(100_000);
    scenario.credits = credits(Wei(100_000 + 2 * 10_000 + 1));
    scenario
}

#[test]
fn spend_is_divided_by_the_days_it_lasted_and_the_requests_served() {
    let scenario = two_pictures();
    let batch = simulate(&World::new(&scenario), VarianceReduction::None, &[0], &|| ()).unwrap();
    let values = headline_values(&scenario, &batch.samples[0]);
    let figure = |id: &str| values[headlines(&scenario).iter().position(|h| h.id == id).unwrap()];
    assert_eq!(figure("cost_per_request_eth"), Some(1e-14));
    let per_day = figure("spend_per_day_eth").unwrap();
    assert!((per_day / (2e-14 / 2.5) - 1.0).abs() < 1e-4, "{per_day}");
    assert_eq!(figure("fee_share.here"), Some(1.0));
}

#[test]
fn what_is_left_at_the_end_is_worth_its_last_price_and_not_for_others() {
    let mut scenario = two_pictures();
    scenario.credits.lpt.0 += 500;
    scenario.treasury.drawings =
        vec![Drawing { project: 0, at: SimTime::from_days(90), lpt: Lpt(500) }];
    scenario.treasury.projects = vec!["another".to_string()];
    let series = [(0.0, 1.0, 1.0), (1.0, 1.0, 2.0), (2.0, 1.0, 4.0), (3.0, 1.0, 8.0)];
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&series).unwrap());
    let forecast = run(&scenario);
    let left = forecast.endings.left.unwrap();
    assert_eq!(
        [left.total, left.reserves, left.unsold],
        [100_001, 100_000, 0].map(|wei| Wei(wei).to_coins())
    );
    // The run ended on the third day.
    for (row, eth_usd) in forecast.days[2..].iter().zip([4.0, 4.0]) {
        near(row.balance_usd.p50, left.total * eth_usd);
    }
}

#[test]
fn what_goes_back_is_worth_the_prices_of_the_deadline() {
    // Nothing is sold. In the end an LPT is worth one and a half ETH and three dollars.
    let mut scenario = two_shops();
    scenario.credits = credits(Wei(1_000_000));
    scenario.treasury.conversion =
        ConversionPolicy::BelowThreshold { balance: Wei::ZERO, clip: Lpt(1) };
    scenario.treasury.deadline = Some(SimTime::from_days(3));
    let series = [(0.0, 1.0, 1.0), (2.0, 3.0, 2.0)];
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&series).unwrap());
    let treasury = run(&scenario).treasury;
    near(treasury.credits_returned_lpt.mean, 1e-12);
    near(treasury.credits_returned_eth.mean, 1.5e-12);
    near(treasury.credits_returned_usd.mean, 3e-12);
}

#[test]
fn requests_for_which_one_payment_is_too_large_are_named_before_they_fail() {
    // An orchestrator of 2025 takes 600 tickets under one set of parameters (go-livepeer
    // `maxSenderNonces`), here of 1,000 wei each, and no gateway sends more than
    // `max_total_ev` at once.
    let outcome = |wei_per_pixel: u128, most_at_once: u128| {
        // A request a day: none finds the nonces of another spent.
        let mut scenario = scenario(1.0);
        scenario.horizon_days = 30;
        let mut only = orchestrator("only", wei_per_pixel, 100);
        only.tickets.expected_value = Wei(1_000);
        only.tickets.max_face_value = Some(Wei(1_001));
        scenario.network.orchestrators = vec![only];
        scenario.network.gateways[0].limits.max_total_ev = Wei(most_at_once);
        let forecast = run(&scenario);
        let is_warned = forecast.warnings.iter().any(|w| w.id == "unpayable-request");
        (forecast.service.success_rate().unwrap(), is_warned)
    };
    assert_eq!(outcome(600, 600_001), (1.0, false));
    assert_eq!(outcome(601, 1_000_000), (0.0, true));
    // The win probability, 1,000 in 1,001, is rounded up: they are worth a little more.
    assert_eq!(outcome(600, 600_000), (0.0, true));
}

#[test]
fn a_longer_runway_is_claimed_only_where_failures_cost_little() {
    // Who is at capacity turns requests away before their tickets are looked at; who fails
    // with an error has them, a ticket for each try.
    let warning = |capacity: u32, reliability: f64| {
        let mut scenario = scenario(43_200.0);
        scenario.network.gateways[0].retry_window_s = 0.0;
        scenario.network.models[0].service.overhead_s = 4.0;
        let mut only = orchestrator("only", 1, capacity);
        only.reliability = reliability;
        scenario.network.orchestrators = vec![only];
        let forecast = run(&scenario);
        let warning = forecast.warnings.into_iter().find(|w| w.id == "low-success").unwrap();
        warning.text
    };
    let (refused, failed) = (warning(1, 1.0), warning(1_000, 0.5));
    let longer = "the runway is longer than with full service";
    assert!(refused.contains(longer) && !refused.contains("cost credit"), "{refused}");
    assert!(!failed.contains(longer) && failed.contains("50 % of the spend"), "{failed}");
    assert!(failed.contains("is lost with requests that failed"), "{failed}");
}

/// Futures of which it cannot be said whether an objective holds neither hold it nor
/// miss it: the interval has room for both.
#[test]
fn an_objective_that_some_futures_do_not_show_has_the_interval_of_both_readings() {
    let held = [Some(true), None, Some(false), None, Some(true)];
    let judged = |required| {
        let id = "lasts".to_string();
        ObjectiveResult::new(id.clone(), id, required, &held, VarianceReduction::None)
    };
    let result = judged(0.5);
    assert_eq!((result.probability.mean, result.unknown_share), (0.4, 0.4));
    assert_eq!(result.probability.lo, Estimate::of_proportion(2, 5).lo);
    assert_eq!(result.probability.hi, Estimate::of_proportion(4, 5).hi);
    let verdicts = [0.4, 0.41, 0.8, 0.81].map(|required| judged(required).verdict);
    assert_eq!(verdicts, [Verdict::Met, Verdict::NotKnown, Verdict::NotKnown, Verdict::Missed]);
}
