//! Whether 95 % intervals cover the mean, over 1,000 small ensembles of the
//! real engine, for each way to run one; and whether each way has the same mean
//! and gains what it says.

mod common;

use common::{RESERVE, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{Arrivals, DemandUncertainty, Growth};
use orchsim::ensemble::{Plan, VarianceReduction, forecast};
use orchsim::kernel::Distribution;
use orchsim::scenario::Scenario;
use orchsim::simulation::{World, replicate};
use orchsim::units::Wei;
use rayon::prelude::*;

const ENSEMBLES: u64 = 1_000;
const REPLICATIONS: u32 = 60;

/// Credits for 40 requests of the mean size, at ten requests a day with a
/// trend, both uncertain: runways of 3.5 days, give or take a third of that,
/// skewed to the right, and now and then cut at the horizon.
fn small(seed: u64) -> Scenario {
    let mut scenario = scenario(10.0);
    scenario.seed = seed;
    scenario.horizon_days = 7;
    scenario.credits = credits(Wei(40 * 1_000 * 10 + RESERVE.0));
    scenario.network.orchestrators = vec![orchestrator("only", 10, 1000)];
    scenario.uncertainty =
        DemandUncertainty { level_cv: 0.3, growth_sd: 0.5, ..DemandUncertainty::default() };
    let stream = &mut scenario.demand[0];
    stream.size = Distribution::Uniform { min: 0.0, max: 2_000.0 };
    if let Arrivals::Poisson(arrivals) = &mut stream.arrivals {
        arrivals.growth = Growth::Exponential { rate_per_day: 0.1 };
    }
    scenario
}

/// The mean runway, cut at the horizon, and its standard error, from one large
/// run of independent replications.
fn truth() -> (f64, f64) {
    let scenario = small(0);
    let world = World::new(&scenario);
    let runway = |number: u64| {
        let depleted = replicate(&world, number).unwrap().depleted;
        depleted.map_or(f64::from(scenario.horizon_days), |time| time.as_days())
    };
    let runways: Vec<f64> = (0..100_000).into_par_iter().map(runway).collect();
    mean_and_error(&runways)
}

/// What a way to run ensembles comes to.
#[derive(Debug)]
struct Quality {
    /// Share of ensembles whose interval covers the truth.
    covered: f64,
    /// Mean of their means, and its standard error.
    mean: (f64, f64),
    /// Standard deviation of their means.
    deviation: f64,
    /// Replications made, and what they are said to be worth.
    replications: f64,
    worth: Option<f64>,
}

fn quality(plan: Plan, truth: f64) -> Quality {
    let ensembles: Vec<(f64, bool, f64, Option<f64>)> = (1..=ENSEMBLES)
        .into_par_iter()
        .map(|seed| {
            let forecast = forecast(&small(seed), plan, &|_, _| {}).unwrap();
            let mean = forecast.runway.restricted_mean;
            let reduction = forecast.reduction.as_ref();
            let runway = reduction.map(|reduction| &reduction.figures[0]);
            let worth = runway.and_then(|figure| figure.equivalent_replications);
            let is_covered = mean.lo <= truth && truth <= mean.hi;
            (mean.mean, is_covered, f64::from(forecast.replications), worth)
        })
        .collect();
    let n = ENSEMBLES as f64;
    let means: Vec<f64> = ensembles.iter().map(|ensemble| ensemble.0).collect();
    let (mean, error) = mean_and_error(&means);
    let worths: Vec<f64> = ensembles.iter().filter_map(|ensemble| ensemble.3).collect();
    Quality {
        covered: ensembles.iter().filter(|ensemble| ensemble.1).count() as f64 / n,
        mean: (mean, error),
        deviation: error * n.sqrt(),
        replications: ensembles.iter().map(|ensemble| ensemble.2).sum::<f64>() / n,
        worth: (!worths.is_empty()).then(|| worths.iter().sum::<f64>() / worths.len() as f64),
    }
}

/// The seeds are 1 to 1,000, that of the large run is 0. The standard error of a
/// coverage of 95 % is 0.7 points.
#[test]
fn intervals_cover_the_mean_however_it_is_estimated() {
    let (truth, error) = truth();
    let fixed = |variance_reduction| Plan { variance_reduction, ..Plan::fixed(REPLICATIONS) };
    let until = |precision, variance_reduction| Plan {
        precision: Some(precision),
        variance_reduction,
        ..Plan::fixed(1_000)
    };
    use VarianceReduction::{Antithetic, Both, Control, None};
    let plain = quality(fixed(None), truth);
    let reduced = [Antithetic, Control, Both].map(|method| quality(fixed(method), truth));
    let stopped = [until(0.05, None), until(0.05, Both)].map(|plan| quality(plan, truth));
    eprintln!("truth {truth} +- {error}\n{plain:#?}\n{reduced:#?}\n{stopped:#?}");
    for quality in reduced.iter().chain(&stopped).chain([&plain]) {
        assert!((0.93..=0.97).contains(&quality.covered), "{quality:?}");
    }
    // A stopping rule may bias a mean by a small part of its precision; a fixed
    // number of replications may not, whatever the method.
    for quality in reduced.iter().chain([&plain]) {
        let (mean, spread) = quality.mean;
        assert!((mean - truth).abs() < 3.5 * spread.hypot(error), "{truth}: {quality:?}");
    }
    for quality in &reduced {
        let gain = (plain.deviation / quality.deviation).powi(2);
        let said = quality.worth.unwrap() / f64::from(REPLICATIONS);
        assert!(gain > 2.0, "{gain}: {quality:?}");
        assert!((0.75..1.35).contains(&(said / gain)), "{gain}, {said}: {quality:?}");
    }
    for quality in &stopped {
        assert!(quality.replications < 200.0, "{quality:?}");
    }
}
