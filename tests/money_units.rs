//! Spend and what is left, in ETH, USD and LPT.

mod common;

use common::{RESERVE, credits, default_motion, orchestrator, scenario};
use orchsim::demand::{Arrivals, Growth, Trace};
use orchsim::ensemble::{Endings, Forecast, Plan, Verdict, forecast};
use orchsim::report::sentence;
use orchsim::scenario::{Goal, Objective, Scenario};
use orchsim::treasury::{ConversionPolicy, Drawing, PriceSeries, Schedule, TokenPrices, TopUpRule};
use orchsim::units::{Lpt, SECONDS_PER_DAY, SimTime, Wei};

const ETH: u128 = 1_000_000_000_000_000_000;

fn run(scenario: &Scenario) -> Forecast {
    let plan = Plan::fixed(scenario.replications);
    forecast(scenario, plan, &|_, _| ()).unwrap()
}

/// Credits of 1,000 LPT, worth as many ETH at the start, whose prices move.
fn moving() -> Scenario {
    let mut scenario = scenario(1.0);
    scenario.horizon_days = 60;
    scenario.replications = 20;
    scenario.credits = credits(Wei(1_000 * ETH));
    scenario.treasury.prices = TokenPrices::JumpDiffusion(default_motion());
    scenario
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9 * b.abs(), "{a} and {b}");
}

#[test]
fn unsold_credits_keep_their_lpt_and_sold_ones_their_eth() {
    let mut unsold = moving();
    unsold.treasury.conversion =
        ConversionPolicy::BelowThreshold { balance: Wei::ZERO, clip: unsold.credits.lpt };
    for row in run(&unsold).days {
        near(row.balance_lpt.p05, 1_000.0);
        near(row.balance_lpt.p95, 1_000.0);
        assert!(row.balance_eth.p05 < row.balance_eth.p95);
        assert!(row.balance_usd.p05 < row.balance_usd.p95);
    }
    let sold = run(&moving());
    for row in &sold.days {
        near(row.balance_eth.p05, 1_000.0);
        near(row.balance_eth.p95, 1_000.0);
        assert!(row.balance_usd.p05 < row.balance_usd.p95);
        assert!(row.balance_lpt.p05 < row.balance_lpt.p95);
    }
    near(sold.treasury.credits_left_eth.mean, 1_000.0);
    assert_eq!(sold.treasury.spent_usd.mean, 0.0);
}

#[test]
fn spend_is_converted_at_the_prices_of_its_day() {
    // One request a day of 1e8 wei. An ETH is worth 1,000 USD,
    // from day 2 on 4,000; an LPT 10, from day 3 on 5.
    let mut scenario = scenario(1.0);
    scenario.horizon_days = 4;
    scenario.credits = credits(Wei(ETH));
    let series = [(0.0, 10.0, 1_000.0), (2.0, 10.0, 4_000.0), (3.0, 5.0, 4_000.0)];
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&series).unwrap());
    scenario.network.orchestrators = vec![orchestrator("only", 100_000, 1)];
    let noon = |day: usize| ((day as f64 + 0.5) * SECONDS_PER_DAY as f64, None);
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests: (0..4).map(noon).collect() });
    let forecast = run(&scenario);
    let usd: Vec<f64> = forecast.days.iter().map(|row| row.spend_usd.p50).collect();
    let lpt: Vec<f64> = forecast.days.iter().map(|row| row.spend_lpt.p50).collect();
    for ((usd, lpt), (expected_usd, expected_lpt)) in
        usd.iter().zip(&lpt).zip([(1.0, 0.1), (1.0, 0.1), (4.0, 0.4), (4.0, 0.8)])
    {
        near(*usd, expected_usd * 1e-7);
        near(*lpt, expected_lpt * 1e-7);
    }
    near(forecast.treasury.spent_usd.mean, 10.0e-7);
    near(forecast.treasury.spent_lpt.mean, 1.4e-7);
    // What is left is worth the last day's prices.
    let left = forecast.treasury.credits_left_eth.mean;
    near(forecast.treasury.credits_left_usd.mean, 4_000.0 * left);
    near(forecast.treasury.credits_left_lpt.mean, 800.0 * left);
}

#[test]
fn credits_at_other_prices_than_the_replayed_ones_are_warned_of() {
    let mut scenario = scenario(1.0);
    let series = [(0.0, 10.0, 1_000.0), (1.0, 5.0, 4_000.0)];
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&series).unwrap());
    scenario.credits.eth_usd = "1000".parse().unwrap();
    for (lpt_usd, disagree) in [("10", false), ("10.05", false), ("8", true)] {
        scenario.credits.lpt_usd = lpt_usd.parse().unwrap();
        let warnings = run(&scenario).warnings;
        let warned = warnings.iter().any(|warning| warning.id == "prices-disagree");
        assert_eq!(warned, disagree, "{lpt_usd}");
    }
}

#[test]
fn what_others_will_draw_is_not_left() {
    let mut scenario = moving();
    scenario.treasury.conversion =
        ConversionPolicy::BelowThreshold { balance: Wei::ZERO, clip: scenario.credits.lpt };
    let drawing = |day| Drawing { project: 0, at: SimTime::from_days(day), lpt: Lpt(300 * ETH) };
    // The second comes after the horizon.
    scenario.treasury.drawings = vec![drawing(30), drawing(90)];
    scenario.treasury.projects = vec!["another".to_string()];
    let forecast = run(&scenario);
    for row in &forecast.days {
        near(row.balance_lpt.p50, 400.0);
    }
    let treasury = &forecast.treasury;
    near(treasury.credits_left_lpt.mean, 400.0);
    let lpt = [&treasury.drawn_lpt, &treasury.set_aside_lpt, &treasury.unsold_lpt];
    assert_eq!(lpt.map(|estimate| estimate.mean), [300.0, 300.0, 400.0]);
}

#[test]
fn everything_goes_back_at_the_deadline_and_nothing_has_run_out() {
    let mut scenario = moving();
    scenario.treasury.conversion =
        ConversionPolicy::BelowThreshold { balance: Wei::ZERO, clip: scenario.credits.lpt };
    scenario.treasury.deadline = Some(SimTime::from_days(30));
    let forecast = run(&scenario);
    assert!(forecast.runways.iter().all(|&runway| runway == (30.0, false)));
    assert_eq!(forecast.endings, Endings { left: None, deadline_share: 1.0 });
    let lasting = |day: usize| forecast.survival[day].share;
    assert_eq!([lasting(29), lasting(30), lasting(31)], [1.0, 1.0, 0.0]);
    near(forecast.treasury.credits_returned_lpt.mean, 1_000.0);
    assert_eq!(forecast.days[30].balance_lpt.p95, 0.0);
    assert_eq!(
        sentence(&scenario, &forecast),
        "At the deadline, 20 March 2025 (after 30 days), every simulated future still has \
         credits. On average 1,000 LPT and 0 ETH go back."
    );
}

#[test]
fn what_is_left_where_the_credits_run_out_is_not_lost() {
    // 5,000 requests of 10,000 wei, and a reserve that stays; the last of them needs
    // a wei more.
    let mut scenario = scenario(200.0);
    scenario.horizon_days = 60;
    scenario.replications = 20;
    scenario.credits = credits(Wei(5_000 * 10_000 + 1 + RESERVE.0));
    scenario.network.orchestrators = vec![orchestrator("only", 10, 1000)];
    let forecast = run(&scenario);
    assert_eq!(forecast.runway.censored_share, 0.0);
    let reserve = Wei(RESERVE.0 + 1).to_coins();
    near(forecast.endings.left.unwrap().total, reserve);
    near(forecast.days[59].balance_eth.p50, reserve);
    let sentence = sentence(&scenario, &forecast);
    let end = "That is when the gateway cannot pay any more: 1.0e-9 ETH (95 %) are left, \
               1.0e-9 as reserve.";
    assert!(sentence.ends_with(end), "{sentence}");
}

#[test]
fn a_day_without_funds_is_one_day() {
    // 29 days' money less the reserve, of 30.
    let mut scenario = scenario(1_000.0);
    scenario.horizon_days = 30;
    scenario.network.orchestrators = vec![orchestrator("only", 10_000, 1000)];
    let sale = Lpt(29 * 1_000 * 1_000 * 10_000);
    scenario.credits = credits(Wei(2 * sale.0));
    let schedule = Schedule { first: SimTime::ZERO, every: SimTime::from_days(31) };
    scenario.treasury.conversion = ConversionPolicy::Clip { lpt: sale, schedule };
    let warnings = run(&scenario).warnings;
    let outage = warnings.iter().find(|warning| warning.id == "outage").unwrap();
    assert!(outage.text.contains("without funds for 1 day of a future"), "{}", outage.text);
}

#[test]
fn a_gateway_that_ran_out_gets_its_part_of_the_next_sale() {
    // They spend 1e10 and 2e10 wei a day, and 6e11 come every 30 days, at first in
    // halves, since nobody expects the second to have twice as many requests: it runs
    // out on day 15, then both do after 20 days of 30.
    let mut scenario = scenario(1_000.0);
    scenario.horizon_days = 100;
    scenario.network.orchestrators = vec![orchestrator("only", 10_000, 1000)];
    scenario.network.gateways.push(scenario.network.gateways[0].clone());
    scenario.network.gateways[1].id = "second".to_string();
    scenario.demand.push(scenario.demand[0].clone());
    scenario.demand[1].gateway = 1;
    scenario.demand[1].id = "more".to_string();
    if let Arrivals::Poisson(arrivals) = &mut scenario.demand[1].arrivals {
        arrivals.growth = Growth::Piecewise { points: vec![(0.0, 2.0)] };
    }
    let sale = Lpt(600_000_000_000);
    scenario.credits = credits(Wei(3 * sale.0));
    let schedule = Schedule { first: SimTime::ZERO, every: SimTime::from_days(30) };
    scenario.treasury.conversion = ConversionPolicy::Clip { lpt: sale, schedule };
    let objective = |share: f64| Objective {
        id: "served".to_string(),
        goal: Goal::OutageShare(share),
        probability: 1.0,
    };
    scenario.objectives = vec![objective(0.2), objective(0.25)];
    for rule in [TopUpRule::RecentSpend, TopUpRule::LowestCover] {
        scenario.treasury.top_ups.rule = rule;
        let forecast = run(&scenario);
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 0.05, "{a} instead of {b}");
        close(forecast.runways[0].0, 80.0);
        for (gateway, expected) in [("gateway", 7e11), ("second", 11e11)] {
            let spent = forecast.spend.by_gateway.iter().find(|(id, _)| id == gateway);
            close(spent.unwrap().1.0 as f64, expected);
        }
        // 25 and 10 days of 80 each.
        close(forecast.treasury.outage_share, 35.0 / 160.0);
        close(forecast.treasury.first_outage_days.unwrap(), 15.0);
        assert!(forecast.warnings.iter().any(|warning| warning.id == "outage"));
        let answer = sentence(&scenario, &forecast);
        assert!(answer.contains("gateways are without funds 22 % of the time"), "{answer}");
        let verdicts: Vec<Verdict> =
            forecast.objectives.iter().map(|objective| objective.verdict).collect();
        assert_eq!(verdicts, [Verdict::Missed, Verdict::Met]);
    }
}
