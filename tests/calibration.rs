//! A scenario is found again in what it spent.

mod common;

use common::{mean_and_error, orchestrator, scenario};
use jiff::Span;
use orchsim::demand::{Arrivals, Bursts, Growth, PoissonArrivals, WeekProfile};
use orchsim::experiment::calibrate::{
    CalibrateError, Calibration, Fitted, calibrate, scale_to_spend,
};
use orchsim::experiment::spend_model::{futures, normal_quantile};
use orchsim::kernel::StreamKey;
use orchsim::network::SelectionWeights;
use orchsim::report::{RunContext, calibrated_toml, calibration_json, spend_history_csv};
use orchsim::scenario::{Scenario, Source, load, preset};
use orchsim::simulation::{World, replicate};
use orchsim::spend::{SpendHistory, SpendOptions, read_spend};
use orchsim::treasury::{PriceSeries, TokenPrices};
use orchsim::units::SimTime;
use rayon::prelude::*;

/// A request costs 10^6 wei.
const ETH_PER_REQUEST: f64 = 1e-12;

fn read(csv: &str) -> SpendHistory {
    read_spend(csv.as_bytes(), "spend.csv", &SpendOptions::default()).unwrap()
}

fn served(requests_per_day: f64) -> Scenario {
    let mut scenario = scenario(requests_per_day);
    scenario.network.orchestrators = vec![orchestrator("o", 1_000, 10_000)];
    scenario
}

fn arrivals(scenario: &Scenario) -> &PoissonArrivals {
    match &scenario.demand[0].arrivals {
        Arrivals::Poisson(arrivals) => arrivals,
        Arrivals::Trace(_) => panic!("a trace"),
    }
}

/// What a scenario spends in its first future.
fn history(scenario: &Scenario) -> SpendHistory {
    let world = World::new(scenario);
    let result = replicate(&world, 0).unwrap();
    read(&spend_history_csv(scenario, &world, &result))
}

/// Daily spend from the scenario's start on.
fn written(scenario: &Scenario, eth: impl IntoIterator<Item = f64>) -> SpendHistory {
    let mut csv = String::from("date,pipeline,amount_eth\n");
    for (day, eth) in (0..).zip(eth) {
        let date = scenario.start.saturating_add(Span::new().days(day));
        csv += &format!("{date},text-to-image,{eth:.18}\n");
    }
    read(&csv)
}

fn context() -> RunContext {
    RunContext {
        command: "orchsim calibrate".to_string(),
        version: "0".to_string(),
        scenario_hash: String::new(),
        suppress: String::new(),
        directory: None,
        missing: None,
    }
}

/// Within the 90 % interval, or half its width around it: all of several hold
/// together.
fn assert_near(name: &str, fitted: Fitted, truth: f64) {
    let room = (fitted.hi - fitted.lo) / 2.0;
    let range = fitted.lo - room..=fitted.hi + room;
    assert!(range.contains(&truth), "{name}: {truth} is not in {fitted:?}");
}

#[test]
fn what_a_scenario_spends_leads_back_to_it() {
    let weights = [1.2, 1.1, 1.0, 1.0, 1.0, 0.9, 0.8];
    let mut truth = served(2_000.0);
    truth.horizon_days = 180;
    if let Arrivals::Poisson(arrivals) = &mut truth.demand[0].arrivals {
        arrivals.growth = Growth::Exponential { rate_per_day: 0.004 };
        arrivals.weekdays = WeekProfile::from_weights(weights);
        arrivals.bursts = Bursts::Modulated { cv: 0.3, mean_hold_hours: 24.0 };
    }
    let history = history(&truth);
    assert_eq!(history.complete_days(), 180);

    // What is known beforehand is wrong in everything that is fitted.
    let calibration = calibrate(&served(300.0), &history, &|| {}).unwrap();
    let days = 180.0;
    let rate = 2_000.0 * f64::exp(0.004 * days);
    assert_near("level", calibration.level, rate * ETH_PER_REQUEST);
    assert_near("growth", calibration.growth, 0.004);
    assert_near("burst cv", calibration.stream_burst_cv, 0.3);
    assert_near("burst hours", calibration.burst_hours, 24.0);
    for (fitted, weight) in calibration.weekdays.unwrap().into_iter().zip(weights) {
        assert_near("weekday", fitted, weight);
    }
    // The level does not wander: that is likelier than the 1 in 100 it was taken for before.
    assert!(calibration.posterior.wandering < 0.95, "{}", calibration.posterior.wandering);
    let found = arrivals(&calibration.scenario).requests_per_day;
    assert_near("requests", calibration.level.times(1.0 / ETH_PER_REQUEST), found);
    assert_eq!(calibration.start, truth.start.saturating_add(Span::new().days(180)));
    assert!(calibration.goodness.ljung_box_p.unwrap() > 0.001, "{:?}", calibration.goodness);
}

/// A scenario calibrated to 120 days of its own that grew by `growth`, and the remarks
/// on how that goes on.
fn grown(growth: &Growth, base: Growth) -> (Growth, Vec<String>) {
    let mut scenario = served(500.0);
    scenario.horizon_days = 1_095;
    if let Arrivals::Poisson(arrivals) = &mut scenario.demand[0].arrivals {
        arrivals.growth = base;
    }
    let key = StreamKey::root(5);
    let noise = |day: i32| f64::exp(0.05 * key.normal(day as u64));
    let level = 500.0 * ETH_PER_REQUEST;
    let days = (0..120).map(|day| level * growth.factor(f64::from(day) + 0.5) * noise(day));
    let calibration = calibrate(&scenario, &written(&scenario, days), &|| {}).unwrap();
    let remarks = calibration.remarks.into_iter().filter(|remark| remark.starts_with("growth"));
    (arrivals(&calibration.scenario).growth.clone(), remarks.collect())
}

/// By day 120 an S-curve to three times the level is at 3 / (1 + 2 exp(-1.2)).
#[test]
fn growth_keeps_the_bound_of_the_scenario() {
    let truth = Growth::Logistic { ceiling: 3.0, rate_per_day: 0.01 };
    let now = 3.0 / (1.0 + 2.0 * f64::exp(-1.2));
    let (growth, remarks) = grown(&truth, truth.clone());
    for (day, room) in [(100.0, 0.05), (1e6, 1e-9)] {
        let left = 3.0 / (1.0 + 2.0 * f64::exp(-0.01 * (120.0 + day))) / now;
        assert!((growth.factor(day) / left - 1.0).abs() < room, "{day}: {growth:?}, not {left}");
    }
    assert!(remarks[0].contains("at most 1.6 times as many"), "{remarks:?}");

    // Points ahead are a bound, those that have passed are none.
    let points = |last| Growth::Piecewise { points: vec![(0.0, 1.0), (119.0, 2.0), (last, 3.0)] };
    let (growth, _) = grown(&truth, points(200.0));
    let now = 2.0 + 1.0 / 81.0;
    assert!((growth.factor(1e6) - 3.0 / now).abs() < 1e-9, "{growth:?}");
    // All but nothing is left of the way.
    let near = Growth::Logistic { ceiling: 1.000_001, rate_per_day: 0.01 };
    let (growth, remarks) = grown(&truth, near);
    assert!((growth.factor(1_095.0) - 1.0).abs() < 1e-5, "{growth:?}");
    assert!(remarks[0].contains("do not grow any more"), "{remarks:?}");
    assert!(remarks[0].contains("a higher ceiling"), "{remarks:?}");

    // 1 % a day is a factor of 38 a year.
    let steady = Growth::Exponential { rate_per_day: 0.01 };
    for base in [Growth::Constant, Growth::Linear { per_day: 0.01 }, points(119.5)] {
        let (growth, remarks) = grown(&steady, base);
        assert!(matches!(growth, Growth::Exponential { .. }), "{growth:?}");
        assert!(remarks[0].contains("no bound"), "{remarks:?}");
        let year = remarks[0].split("by a factor of ").nth(1).unwrap();
        let year: f64 = year.split(' ').next().unwrap().parse().unwrap();
        assert!((30.0..48.0).contains(&year), "{remarks:?}");
    }
    // A decline has no need of one.
    let falling = Growth::Exponential { rate_per_day: -0.01 };
    let (growth, remarks) = grown(&falling, truth);
    assert!(growth.factor(100.0) < 0.5 && remarks.is_empty(), "{growth:?} {remarks:?}");
}

#[test]
fn recorded_prices_keep_their_dates_where_the_start_is_later() {
    let mut scenario = served(500.0);
    let rows = [(0.0, 8.0, 4_000.0), (60.0, 10.0, 4_000.0)];
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&rows).unwrap());
    scenario.treasury.deadline = Some(SimTime::from_days(90));
    let days = (0..30).map(|_| 500.0 * ETH_PER_REQUEST);
    let calibration = calibrate(&scenario, &written(&scenario, days), &|| {}).unwrap();
    assert_eq!(calibration.start, scenario.start.saturating_add(Span::new().days(30)));
    for day in [31, 59, 60, 61, 100] {
        let date = scenario.start.saturating_add(Span::new().days(day));
        let on = |scenario: &Scenario| scenario.daily_prices().unwrap().on(date).unwrap();
        assert_eq!(on(&calibration.scenario), on(&scenario), "day {day}");
    }
    let named = "30 days later than it did: `treasury.deadline_day` (90)";
    assert!(calibration.remarks.iter().any(|remark| remark.contains(named)), "{calibration:?}");
}

/// A scenario calibrated to a history whose level wanders, of some 60 requests
/// a day.
fn wandering(scenario: &Scenario, eth_per_request: f64) -> Calibration {
    let key = StreamKey::root(12);
    let mut level = f64::ln(60.0 * eth_per_request);
    let days: Vec<f64> = (0..100)
        .map(|day| {
            level += 0.12 * key.normal(day);
            f64::exp(level + 0.1 * key.child(1).normal(day))
        })
        .collect();
    calibrate(scenario, &written(scenario, days), &|| {}).unwrap()
}

#[test]
fn the_engine_forecasts_what_the_fitted_model_does() {
    let calibration = wandering(&served(100.0), ETH_PER_REQUEST);
    assert!(calibration.wander_per_day.is_some());
    let mut scenario = calibration.scenario.clone();
    scenario.horizon_days = 30;
    let world = World::new(&scenario);
    let engine: Vec<f64> = (0..400)
        .into_par_iter()
        .map(|number| {
            let result = replicate(&world, number).unwrap();
            let spend: f64 = result.spend_by_stream.iter().map(|wei| wei.to_coins()).sum();
            spend.ln()
        })
        .collect();
    let model = futures(&calibration.series, &calibration.posterior, 30, StreamKey::root(3));
    let model: Vec<f64> = model.iter().map(|future| future.iter().sum::<f64>().ln()).collect();
    let (engine_mean, engine_error) = mean_and_error(&engine);
    let (model_mean, model_error) = mean_and_error(&model);
    let error = engine_error.hypot(model_error);
    // Three standard errors, and 2 % for what is kept of the posterior.
    assert!((engine_mean - model_mean).abs() < 3.0 * error + 0.02, "{engine_mean} {model_mean}");
    let ratio = engine_error * 400f64.sqrt() / (model_error * (model.len() as f64).sqrt());
    assert!((0.85..1.15).contains(&ratio), "{ratio}");
}

#[test]
fn a_level_of_which_the_data_say_nothing_is_not_said_to_wander() {
    // Redeemed tickets come at a constant rate of six a day.
    let key = StreamKey::root(6);
    let tickets = |day: u64| {
        let waits = (0..).map(|number| key.child(day).exponential(number));
        let times = waits.scan(0.0, |time, wait| {
            *time += wait / 6.0;
            Some(*time)
        });
        times.take_while(|time| *time < 1.0).count() as f64
    };
    let base = served(100.0);
    let days = (0..120).map(|day| 20.0 * ETH_PER_REQUEST * tickets(day));
    let constant = calibrate(&base, &written(&base, days), &|| {}).unwrap();
    let wandering = wandering(&base, ETH_PER_REQUEST);
    for (calibration, is_told) in [(constant, false), (wandering, true)] {
        assert!(calibration.wander_per_day.is_some(), "{}", calibration.posterior.wandering);
        let json = calibration_json(&calibration, "spend.csv", &context());
        let answer = json["answer"].as_str().unwrap();
        assert_eq!(answer.contains("and the level wanders by"), is_told, "{answer}");
        let untold = "hether the level wanders these data do not tell";
        for text in [answer, &calibration.remarks.concat()] {
            assert_eq!(text.contains(untold), !is_told, "{text}");
        }
        let toml = calibrated_toml(&calibration, "spend.csv", &context());
        assert_eq!(toml.contains(&format!("# W{untold}")), !is_told, "{toml}");
    }
}

#[test]
fn a_calibrated_scenario_reads_back_with_its_comments() {
    let source = Source {
        name: "minimal".to_string(),
        text: preset("minimal").unwrap().to_string(),
        directory: None,
    };
    let calibration = wandering(&load(&source, &[]).unwrap(), 1e-5);
    let text = calibrated_toml(&calibration, "spend.csv", &context());
    let source = Source { name: "calibrated".to_string(), text: text.clone(), directory: None };
    let read = load(&source, &[]).unwrap();
    assert_eq!(read.uncertainty, calibration.uncertainty);
    assert_eq!(read.start, calibration.start);
    assert_eq!(arrivals(&read).requests_per_day, arrivals(&calibration.scenario).requests_per_day);
    // Two entries of demand, one profile.
    let comments = [
        ("# For ", 2),
        ("# growth a day: ", 2),
        ("# cv of a stream's bursts: ", 2),
        ("# From Monday", 1),
    ];
    for (comment, count) in comments {
        assert_eq!(text.matches(comment).count(), count, "{comment} in\n{text}");
    }
}

#[test]
fn too_few_days_are_refused_and_few_say_nothing_of_weekdays() {
    let scenario = served(500.0);
    let days = |count: u64| {
        let key = StreamKey::root(1);
        (0..count).map(move |day| 500.0 * ETH_PER_REQUEST * f64::exp(0.1 * key.normal(day)))
    };
    let error = calibrate(&scenario, &written(&scenario, days(13)), &|| {}).unwrap_err();
    assert!(matches!(error, CalibrateError::Series(_)), "{error}");
    assert!(error.to_string().contains("13 complete days"), "{error}");
    let short = calibrate(&scenario, &written(&scenario, days(20)), &|| {}).unwrap();
    assert!(short.weekdays.is_none());
    // 13 residuals have no autocorrelation at 14 lags, and 15 have.
    assert_eq!(short.goodness.ljung_box_p, None);
    let longer = calibrate(&scenario, &written(&scenario, days(22)), &|| {}).unwrap();
    assert!(longer.goodness.ljung_box_p.is_some_and(f64::is_finite));
    assert!(short.remarks.iter().any(|remark| remark.contains("weekdays are not fitted")));
    assert_eq!(arrivals(&short.scenario).weekdays, WeekProfile::FLAT);
}

#[test]
fn spend_on_what_the_scenario_lacks_is_refused_or_said() {
    let scenario = served(500.0);
    let with_llm = |llm: u64| {
        let mut csv = String::from("date,pipeline,amount_wei\n");
        for day in 0..20 {
            let date = scenario.start.saturating_add(Span::new().days(day));
            csv += &format!("{date},text-to-image,{}\n{date},llm,{llm}\n", 500_000_000 + day);
        }
        calibrate(&scenario, &read(&csv), &|| {})
    };
    let error = with_llm(5_000_000_000).unwrap_err().to_string();
    assert!(error.contains("llm") && error.contains("does not have"), "{error}");
    let said = with_llm(50_000_000).unwrap();
    assert!(said.remarks.iter().any(|remark| remark.contains("llm")), "{:?}", said.remarks);
}

/// Spend a day over a week, in ETH, of futures that no calibration has seen.
fn simulated(scenario: &Scenario) -> f64 {
    let scenario = Scenario { horizon_days: 7, seed: 99, ..scenario.clone() };
    let world = World::new(&scenario);
    let spent = |number| {
        let result = replicate(&world, number).unwrap();
        result.spend_by_stream.iter().map(|wei| wei.to_coins()).sum::<f64>()
    };
    (0..30).into_par_iter().map(spent).sum::<f64>() / 30.0 / 7.0
}

/// A scenario whose requests take a minute of an orchestrator that does one at a time,
/// so that it serves 1,440 a day at most.
fn crowded(requests_per_day: f64) -> Scenario {
    let mut scenario = scenario(requests_per_day);
    scenario.network.models[0].service.overhead_s = 60.0;
    scenario.network.gateways[0].weights = SelectionWeights { stake: 0.0, price: 1.0, random: 0.0 };
    scenario.network.orchestrators = vec![orchestrator("cheap", 100, 1)];
    scenario
}

#[test]
fn spend_is_met_where_more_requests_cost_more_each() {
    // What the cheap one has no room for costs ten times as much.
    let mut scenario = crowded(20.0);
    scenario.network.orchestrators.push(orchestrator("dear", 1_000, 10_000));
    let eth = 8e-10;
    let scaled = scale_to_spend(&scenario, &written(&scenario, [eth; 5]), &|| {}).unwrap();
    let spent = simulated(&scaled.scenario);
    assert!((spent / eth - 1.0).abs() < 0.04, "{spent}");
    assert!((scaled.mix[0].after_eth_per_day / spent - 1.0).abs() < 0.03, "{:?}", scaled.mix);
    assert!(!scaled.remarks.iter().any(|said| said.contains("capacity")), "{:?}", scaled.remarks);
}

#[test]
fn spend_that_no_number_of_requests_reaches_is_said() {
    let scenario = crowded(200.0);
    // 1,440 requests cost 1.44e-10 ETH.
    let scaled = scale_to_spend(&scenario, &written(&scenario, [5e-10; 5]), &|| {}).unwrap();
    let said = scaled.remarks.iter().find(|said| said.contains("capacity")).unwrap();
    assert!(said.contains("not 0.0000000005, and no more with more requests"), "{said}");
    let spent = simulated(&scaled.scenario);
    assert!(spent < 1.5e-10, "{spent}");
    assert!((scaled.mix[0].after_eth_per_day / spent - 1.0).abs() < 0.03, "{:?}", scaled.mix);
}

#[test]
fn a_start_long_after_the_data_is_said_and_half_of_the_futures_spend_less_than_its_median() {
    let mut scenario = served(500.0);
    let key = StreamKey::root(1);
    let days = (0..20).map(|day| 500.0 * ETH_PER_REQUEST * f64::exp(0.1 * key.normal(day)));
    let history = written(&scenario, days);
    scenario.start = scenario.start.saturating_add(Span::new().days(119));
    let far = calibrate(&scenario, &history, &|| {}).unwrap();
    let said = far.remarks.iter().any(|said| said.contains("starts 100 days after 2025-03-09"));
    assert!(said, "{:?}", far.remarks);
    let stands_for = arrivals(&far.scenario).requests_per_day * ETH_PER_REQUEST;
    assert!((stands_for / far.mean_level - 1.0).abs() < 0.03, "{stands_for}");
    assert!(far.mean_level > 1.05 * far.level.estimate, "{far:?}");

    let world = World::new(&far.scenario);
    let is_less = |number: &u64| {
        let result = replicate(&world, *number).unwrap();
        result.spend_by_stream[0].to_coins() < far.level.estimate
    };
    let less = (0..400).into_par_iter().filter(is_less).count();
    // Three standard errors of 0.025.
    assert!((170..=230).contains(&less), "{less} of 400");

    scenario.start = scenario.start.saturating_add(Span::new().years(20));
    let error = calibrate(&scenario, &history, &|| {}).unwrap_err().to_string();
    assert!(error.contains("days after the last of the data, 2025-03-09"), "{error}");
}

/// Days of an uneven spend in an order that says nothing: a distribution's quantiles.
fn shuffled(days: u64, quantile: impl Fn(f64) -> f64) -> Vec<f64> {
    let key = StreamKey::root(5);
    let mut values: Vec<(f64, f64)> = (0..days)
        .map(|day| (key.uniform(day), quantile((day as f64 + 0.5) / days as f64)))
        .collect();
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    values.into_iter().map(|(_, value)| value).collect()
}

#[test]
fn the_level_of_uneven_spend_is_about_its_mean() {
    let scenario = served(500.0);
    let median = 500.0 * ETH_PER_REQUEST;
    let lognormal = |sd: f64| move |p: f64| median * f64::exp(sd * normal_quantile(p));
    let series = [
        ("lognormal 0.7", shuffled(120, lognormal(0.7))),
        ("lognormal 1", shuffled(120, lognormal(1.0))),
        ("exponential", shuffled(120, |p| -median * f64::ln(1.0 - p))),
    ];
    for (name, days) in series {
        let mean = days.iter().sum::<f64>() / 120.0;
        let level = calibrate(&scenario, &written(&scenario, days), &|| {}).unwrap().level;
        assert!((level.lo..level.hi).contains(&mean), "{name}: {mean} {level:?}");
        assert!((0.6..1.6).contains(&(level.estimate / mean)), "{name}: {mean} {level:?}");
    }
}

#[test]
fn spend_whose_mean_is_not_known_is_refused_as_such_on_the_day_after_it() {
    let mut scenario = served(500.0);
    let history = |sd: f64, days: u64| {
        let eth = |p: f64| 500.0 * ETH_PER_REQUEST * f64::exp(sd * normal_quantile(p));
        written(&scenario, shuffled(days, eth))
    };
    for (sd, days) in [(2.0, 20), (3.0, 120)] {
        let error = calibrate(&scenario, &history(sd, days), &|| {}).unwrap_err();
        assert!(matches!(error, CalibrateError::TooUneven(_)), "{sd}, {days} days: {error}");
        let said = error.to_string();
        assert!(said.contains("too uneven") && said.contains("`orchsim import spend`"), "{said}");
    }
    // The same where the scenario starts long after.
    let history = history(3.0, 120);
    scenario.start = scenario.start.saturating_add(Span::new().years(20));
    let error = calibrate(&scenario, &history, &|| {}).unwrap_err();
    assert!(matches!(error, CalibrateError::TooUneven(_)), "{error}");
}

#[test]
fn bursts_are_not_so_strong_that_they_overrun_capacity() {
    // A sixth of what can be served, as a lognormal of cv 1.3.
    let base = crowded(240.0);
    let eth = |p: f64| 240.0 * 1e-13 * f64::exp(normal_quantile(p) - 0.5);
    let found = calibrate(&base, &written(&base, shuffled(120, eth)), &|| {}).unwrap();
    assert!(found.stream_burst_cv.estimate > 1.2, "{:?}", found.stream_burst_cv);
    let Bursts::Modulated { cv, .. } = arrivals(&found.scenario).bursts else { panic!("bursts") };
    assert_eq!(cv, 1.0);
    assert!(found.remarks.iter().any(|said| said.contains("they are set to 1, as stronger")));
    assert!(
        calibrated_toml(&found, "spend.csv", &context()).contains("# No more than 1: stronger")
    );
}

#[test]
fn what_varies_without_bursts_is_not_taken_for_bursts() {
    // Days of 100 requests at one price vary by a tenth of their mean, whatever else.
    let mut truth = served(100.0);
    truth.horizon_days = 180;
    let cv = |bursts: Bursts| {
        let mut truth = truth.clone();
        if let Arrivals::Poisson(arrivals) = &mut truth.demand[0].arrivals {
            arrivals.bursts = bursts;
        }
        calibrate(&served(30.0), &history(&truth), &|| {}).unwrap()
    };
    let without = cv(Bursts::None);
    assert!(without.stream_burst_cv.lo == 0.0, "{:?}", without.stream_burst_cv);
    assert!(without.stream_burst_cv.estimate < 0.06, "{:?}", without.stream_burst_cv);
    let said = without.remarks.iter().any(|said| said.contains("may be nothing"));
    assert!(said, "{:?}", without.remarks);
    let with = cv(Bursts::Modulated { cv: 0.3, mean_hold_hours: 24.0 });
    assert_near("burst cv", with.stream_burst_cv, 0.3);
    assert!(with.stream_burst_cv.lo > 0.1, "{:?}", with.stream_burst_cv);
}

#[test]
fn a_calibrated_scenario_varies_from_day_to_day_as_the_data_do() {
    // By its 15 requests a day alone the scenario varies by a quarter.
    let scenario = served(15.0);
    let key = StreamKey::root(8);
    let mean = 15.0 * ETH_PER_REQUEST;
    let days: Vec<f64> = (0..180).map(|day| mean * f64::exp(0.35 * key.normal(day))).collect();
    let mut found = calibrate(&scenario, &written(&scenario, days), &|| {}).unwrap().scenario;
    found.horizon_days = 180;
    found.uncertainty = Default::default();
    let again = calibrate(&scenario, &history(&found), &|| {}).unwrap();
    let sd = again.posterior.quantile(0.5, |draw| draw.parameters.day_var().sqrt());
    // That of the truth, and three standard errors of a standard deviation of 180 days.
    assert!((0.29..0.41).contains(&sd), "{sd}");
}
