//! The model of daily spend against what it was simulated from, and forecasts
//! against published scores.

use orchsim::experiment::backtest::{
    Backtest, BacktestPlan, Coverage, HORIZONS, Origin, PROBABILITIES, Scored, Smoothing, Total,
    crps, naive, probability_transform, seasonal_naive,
};
use orchsim::experiment::spend_model::{
    DailySeries, Draw, Posterior, autocorrelation, futures, ljung_box, normal_quantile,
};
use orchsim::kernel::StreamKey;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rayon::prelude::*;
use serde_json::Value;

fn oracle(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// A series of `amounts` from a Monday on.
fn series(amounts: &[f64]) -> DailySeries {
    let known = amounts.iter().map(|eth| eth.is_finite().then_some(*eth)).collect();
    DailySeries::of_amounts("2025-01-06".parse().unwrap(), known)
}

#[derive(Clone, Copy)]
struct Truth {
    noise_sd: f64,
    burst_sd: f64,
    burst_days: f64,
    wander_per_day: f64,
    growth: f64,
    level: f64,
    weekdays: [f64; 7],
}

/// Spend day by day, its bursts as the engine makes them: a lognormal level,
/// drawn anew after exponential times.
fn simulate(days: usize, wanders: bool, rng: &mut impl Rng) -> (Truth, DailySeries) {
    let mut normal = |sd: f64| -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        sd * z
    };
    let mut weekdays = [0.0; 7].map(|_: f64| normal(0.2));
    let mean = weekdays.iter().sum::<f64>() / 7.0;
    weekdays = weekdays.map(|effect| effect - mean);
    let mut truth = Truth {
        noise_sd: 0.08 * normal(0.5).exp(),
        burst_sd: 0.12 * normal(0.6).exp(),
        burst_days: 0.7 * normal(0.6).exp(),
        wander_per_day: if wanders { 0.12 * normal(0.2).exp() } else { 0.0 },
        growth: normal(if wanders { 0.002 } else { 0.02 }),
        level: -1.0,
        weekdays,
    };
    let (mut hold, mut burst) = (0.0, 0.0);
    let mut amounts = Vec::with_capacity(days);
    for day in 0..days {
        let mut normal = |sd: f64| -> f64 {
            let z: f64 = StandardNormal.sample(rng);
            sd * z
        };
        truth.level += truth.growth + normal(truth.wander_per_day);
        let usual = normal(truth.noise_sd);
        let noise = if rng.random::<f64>() < 0.05 { 5.0 * usual } else { usual };
        let (mut time, mut mean) = (0.0, 0.0);
        while time < 1.0 {
            if hold <= 0.0 {
                let z: f64 = StandardNormal.sample(rng);
                let wait: f64 = Exp1.sample(rng);
                burst = truth.burst_sd * z;
                hold = truth.burst_days * wait;
            }
            let step = f64::min(hold, 1.0 - time);
            mean += step * burst.exp();
            time += step;
            hold -= step;
        }
        amounts.push((truth.level + weekdays[day % 7] + noise).exp() * mean);
    }
    (truth, series(&amounts))
}

#[test]
fn intervals_cover_what_was_simulated() {
    const CASES: u64 = 200;
    const DAYS: usize = 120;
    // Half of the cases wander, half keep to a trend.
    let covered: Vec<[bool; 6]> = (0..CASES)
        .into_par_iter()
        .map(|case| {
            let mut rng = rand::rngs::SmallRng::seed_from_u64(case);
            let (truth, series) = simulate(DAYS, case % 2 == 0, &mut rng);
            let posterior = Posterior::of(&series, 500, StreamKey::root(case));
            let covers = |value: &dyn Fn(&Draw) -> f64, truth: f64| {
                let (lo, hi) = (posterior.quantile(0.05, value), posterior.quantile(0.95, value));
                (lo..=hi).contains(&truth)
            };
            [
                covers(&|draw| draw.level, truth.level),
                covers(&|draw| draw.growth, truth.growth),
                covers(&|draw| draw.weekdays[5], truth.weekdays[5]),
                covers(&|draw| draw.parameters.burst_sd, truth.burst_sd),
                covers(&|draw| draw.parameters.burst_days, truth.burst_days),
                covers(&|draw| draw.parameters.noise_sd, truth.noise_sd),
            ]
        })
        .collect();
    let names = ["level", "growth", "Saturday", "burst_sd", "burst_days", "noise_sd"];
    for (place, name) in names.into_iter().enumerate() {
        let share = covered.iter().filter(|case| case[place]).count() as f64 / CASES as f64;
        assert!((0.85..=0.95).contains(&share), "{name}: 90 % intervals cover {share}");
    }
}

#[test]
fn a_wandering_level_is_told_from_a_steady_one() {
    for (case, wanders) in [(1, true), (2, false)] {
        let mut rng = rand::rngs::SmallRng::seed_from_u64(case);
        let (truth, series) = simulate(200, wanders, &mut rng);
        let posterior = Posterior::of(&series, 500, StreamKey::root(case));
        let believed = if wanders { posterior.wandering } else { 1.0 - posterior.wandering };
        assert!(believed > 0.9, "noise {}: {believed}", truth.noise_sd);
    }
}

#[test]
fn forecasts_of_steady_noise_have_its_mean_and_spread() {
    // 300 days of lognormal noise with sd 0.1 and nothing else: a day's forecast
    // is that distribution again, and a month's mean has next to no spread.
    let mut rng = rand::rngs::SmallRng::seed_from_u64(3);
    let amounts: Vec<f64> = (0..300)
        .map(|_| {
            let z: f64 = StandardNormal.sample(&mut rng);
            (0.1 * z).exp()
        })
        .collect();
    let series = series(&amounts);
    let posterior = Posterior::of(&series, 2_000, StreamKey::root(1));
    let futures = futures(&series, &posterior, 30, StreamKey::root(2));
    let spread = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[(share * values.len() as f64) as usize];
        (at(0.5), at(0.9) / at(0.1))
    };
    let mut day: Vec<f64> = futures.iter().map(|future| future[10]).collect();
    let (median, ratio) = spread(&mut day);
    // Central 80 % of a lognormal: exp(2 x 1.2816 x 0.1) = 1.292.
    assert!((median - 1.0).abs() < 0.03 && (ratio - 1.292).abs() < 0.09, "{median}, {ratio}");
    let mut month: Vec<f64> =
        futures.iter().map(|future| future.iter().sum::<f64>() / 30.0).collect();
    let (median, ratio) = spread(&mut month);
    assert!((median - 1.005).abs() < 0.03 && ratio < 1.12, "{median}, {ratio}");
}

#[test]
fn crps_agrees_with_scoringrules() {
    let oracle = oracle(include_str!("oracle/crps.json"));
    for case in oracle["ensembles"].as_array().unwrap() {
        let mut forecast = numbers(&case["forecast"]);
        forecast.sort_by(f64::total_cmp);
        let score = crps(&forecast, case["actual"].as_f64().unwrap());
        assert!((score - case["crps"].as_f64().unwrap()).abs() < 1e-12, "{case}: {score}");
    }
    // A large sample of a normal distribution has the closed form's score.
    let normal = statrs::distribution::Normal::standard();
    let sample: Vec<f64> = (0..20_000)
        .map(|i| {
            let p = (f64::from(i) + 0.5) / 20_000.0;
            statrs::distribution::ContinuousCDF::inverse_cdf(&normal, p)
        })
        .collect();
    for case in oracle["normal"].as_array().unwrap() {
        let score = crps(&sample, case["actual"].as_f64().unwrap());
        assert!((score - case["crps"].as_f64().unwrap()).abs() < 2e-4, "{case}: {score}");
    }
    assert_eq!(probability_transform(&[1.0, 2.0, 2.0, 3.0], 2.0), 0.5);
}

#[test]
fn residual_tests_agree_with_statsmodels() {
    let oracle = oracle(include_str!("oracle/residuals.json"));
    let ours = autocorrelation(&numbers(&oracle["values"]), 5);
    for (ours, theirs) in ours.iter().zip(numbers(&oracle["autocorrelation"])) {
        assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
    }
    let p = ljung_box(&ours, oracle["values"].as_array().unwrap().len()).unwrap();
    assert!((p - oracle["ljung_box_p"].as_f64().unwrap()).abs() < 1e-8, "{p}");
}

#[test]
fn smoothing_follows_a_case_worked_by_hand() {
    // Logarithms 0, 1, (gap), 2 with weight 0.5: errors 1 and 1.5, levels 0.5
    // and 1.25; mean square error (1 + 2.25) / 2.
    let e = std::f64::consts::E;
    let past = series(&[1.0, e, f64::NAN, e * e]);
    let smoothing = Smoothing::with_alpha(&past, 0.5);
    assert!((smoothing.level - 1.25).abs() < 1e-12);
    assert!((smoothing.error_sd - 1.625f64.sqrt()).abs() < 1e-12);
    // A steady rise is followed best with all the weight on the newest.
    let rising: Vec<f64> = (0..40).map(|day| (0.1 * f64::from(day)).exp()).collect();
    assert_eq!(Smoothing::fitted(&series(&rising)).alpha, 1.0);
}

#[test]
fn days_without_spend_come_again_by_chance() {
    // Nothing is spent on one day in fourteen: the days with spend in 30 are binomial,
    // 27.86 in the mean with a standard deviation of 1.41.
    let mut rng = rand::rngs::SmallRng::seed_from_u64(4);
    let amounts: Vec<f64> = (0..280)
        .map(|day| {
            let z: f64 = StandardNormal.sample(&mut rng);
            if day % 14 == 5 { 0.0 } else { (0.02 * z).exp() }
        })
        .collect();
    let series = series(&amounts);
    let posterior = Posterior::of(&series, 4_000, StreamKey::root(1));
    let totals: Vec<f64> = futures(&series, &posterior, 30, StreamKey::root(2))
        .iter()
        .map(|future| future.iter().sum())
        .collect();
    let n = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / n;
    let deviation = (totals.iter().map(|total| (total - mean).powi(2)).sum::<f64>() / n).sqrt();
    assert!((mean - 27.86).abs() < 0.4, "{mean}");
    assert!((1.35..1.9).contains(&deviation), "{deviation}");
}

#[test]
fn naive_forecasts_repeat_the_past() {
    // Four weeks alike: no error, so that every future is the last week.
    let week = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let past = series(&week.repeat(4));
    for future in naive(&past, 10, 3, StreamKey::root(1)) {
        assert!(future.iter().all(|eth| (eth - 4.0).abs() < 1e-12), "{future:?}");
    }
    for future in seasonal_naive(&past, 9, 3, StreamKey::root(1)) {
        let expected = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1.0, 2.0];
        assert!(future.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{future:?}");
    }
}

#[test]
fn naive_forecasts_spread_by_the_root_of_the_weeks() {
    // Weekly means of 1 and e in turn differ by 1 in the logarithm.
    let weeks: Vec<f64> = (0..56).map(|day| f64::from(day / 7 % 2).exp()).collect();
    let futures = naive(&series(&weeks), 28, 10_000, StreamKey::root(1));
    for (day, weeks) in [(0, 1.0), (6, 1.0), (7, 2.0), (27, 4.0f64)] {
        let squares = futures.iter().map(|future| (future[day].ln() - 1.0).powi(2));
        let deviation = (squares.sum::<f64>() / 10_000.0).sqrt();
        let error = weeks.sqrt() / 20_000f64.sqrt();
        assert!((deviation - weeks.sqrt()).abs() < 3.5 * error, "day {day}: {deviation}");
    }
}

/// Forecasts of noise that know its distribution, from each of these days.
fn perfect_forecasts(noise: &[f64], days: impl Iterator<Item = usize>) -> Backtest {
    let scored = |from: usize, horizon: usize| Scored {
        quantiles: PROBABILITIES.map(|p| normal_quantile(p) * (horizon as f64).sqrt()),
        actual: noise[from..from + horizon].iter().sum(),
        crps: 0.0,
        transform: 0.5,
    };
    let series = series(noise);
    let origin = |day: usize| {
        let reached = HORIZONS.into_iter().filter(|horizon| day + horizon <= noise.len());
        let total = |horizon| Total { horizon, days: horizon, scored: vec![scored(day, horizon)] };
        let daily = (day..day + HORIZONS[0]).map(|day| (day, vec![scored(day, 1)])).collect();
        Origin { day, date: series.date(day), totals: reached.map(total).collect(), daily }
    };
    let origins = days.map(origin).collect();
    let plan = BacktestPlan { least_past: 56, every: 7, futures: 1, seed: 1 };
    Backtest { series, plan, origins }
}

#[test]
fn forecasts_that_share_days_count_as_many_as_fit_side_by_side() {
    let noise = [0.0; 273];
    let independent = |tested: &Backtest| {
        let total = |horizon| tested.totals(0, horizon).map(|of| of.coverage.independent);
        (total(30), total(90), tested.daily(0).unwrap().coverage.independent)
    };
    let weekly = perfect_forecasts(&noise, (56..=243).step_by(7));
    assert_eq!(independent(&weekly), (Some(7.0), Some(2.0), 7.0));
    let all = weekly.all_totals(0).unwrap();
    assert_eq!(all.forecasts, 27 + 19);
    // The standard deviations of the two means, one on top of the other.
    let spread: f64 = 27.0 / 46.0 / 7f64.sqrt() + 19.0 / 46.0 / 2f64.sqrt();
    assert!((all.independent - 1.0 / spread.powi(2)).abs() < 1e-12, "{}", all.independent);
    // Apart, each is worth itself, and what lies between them nothing.
    let apart = perfect_forecasts(&noise, [56, 150, 240].into_iter());
    assert_eq!(independent(&apart), (Some(3.0), Some(2.0), 3.0));
    let short = perfect_forecasts(&noise[..120], (56..=90).step_by(7));
    assert_eq!((independent(&short), short.all_totals(0)), ((Some(1.0), None, 1.0), None));
}

/// The 95 % intervals contain the coverage that perfect forecasts have.
#[test]
fn the_interval_of_a_coverage_allows_for_shared_days() {
    let mut rng = rand::rngs::SmallRng::seed_from_u64(11);
    const SERIES: usize = 2_000;
    let mut held = [[0; 3]; 3];
    for _ in 0..SERIES {
        let noise: Vec<f64> = (0..273).map(|_| StandardNormal.sample(&mut rng)).collect();
        let tested = perfect_forecasts(&noise, (56..=243).step_by(7));
        let totals = HORIZONS.map(|horizon| tested.totals(0, horizon).unwrap().coverage);
        let all: [Coverage; 3] = [totals[0], totals[1], tested.all_totals(0).unwrap()];
        for (held, coverage) in held.iter_mut().zip(all) {
            for ((held, share), truth) in held.iter_mut().zip(coverage.shares).zip([0.5, 0.8, 0.95])
            {
                *held += usize::from((share.lo..=share.hi).contains(&truth));
            }
        }
    }
    let shares = held.map(|held| held.map(|held| held as f64 / SERIES as f64));
    assert!(shares.as_flattened().iter().all(|share| *share > 0.95), "{shares:?}");
}

#[test]
fn the_same_series_gives_the_same_draws_on_any_number_of_threads() {
    let mut rng = rand::rngs::SmallRng::seed_from_u64(9);
    let (_, series) = simulate(40, true, &mut rng);
    let draws = || {
        let posterior = Posterior::of(&series, 50, StreamKey::root(4));
        posterior.draws.iter().map(|draw| draw.level.to_bits()).collect::<Vec<u64>>()
    };
    assert_eq!(draws(), draws());
}
