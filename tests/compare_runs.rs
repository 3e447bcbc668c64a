//! Comparisons of small scenarios: common random numbers and verdicts.

mod common;

use common::{PLENTY, RESERVE, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{Arrivals, Bursts};
use orchsim::ensemble::{Better, Estimate, VarianceReduction};
use orchsim::experiment::{Change, Comparison, Difference, Entry, Paired, Remark, Run, compare};
use orchsim::kernel::Distribution;
use orchsim::network::{Region, RttMatrix, SelectionWeights, Version};
use orchsim::report::verdict;
use orchsim::scenario::Scenario;
use orchsim::simulation::{Mode, World, replicate};
use orchsim::units::{PostedPrice, Price, Wei};

fn entry(name: &str, scenario: &Scenario) -> Entry {
    Entry { name: name.to_string(), scenario: scenario.clone() }
}

fn compared(base: &Scenario, variants: &[(&str, &Scenario)]) -> Comparison {
    let variants = variants.iter().map(|(name, scenario)| entry(name, scenario)).collect();
    compare(entry("base", base), variants, Mode::Exact, VarianceReduction::None, &|| {}).unwrap()
}

/// Two regions, bursts, requests of any size, three orchestrators of one price.
fn lively(wei_per_pixel: u128) -> Scenario {
    let mut scenario = scenario(400.0);
    scenario.network.regions.push(Region {
        id: "there".to_string(),
        name: "There".to_string(),
        utc_offset_hours: 8.0,
    });
    scenario.network.rtt = RttMatrix::zero(2);
    scenario.network.models[0].service.overhead_s = 0.01;
    scenario.network.orchestrators =
        ["a", "b", "c"].map(|id| orchestrator(id, wei_per_pixel, 1000)).to_vec();
    scenario.network.orchestrators[0].stake.0 *= 10;
    scenario.network.orchestrators[2].region = 1;
    scenario.network.registered_orchestrators = 3;
    scenario.network.active_set = 3;
    scenario.uncertainty.level_cv = 0.2;
    let mut second = scenario.demand[0].clone();
    second.region = 1;
    second.id = "more".to_string();
    if let Arrivals::Poisson(arrivals) = &mut second.arrivals {
        arrivals.bursts = Bursts::Modulated { cv: 1.0, mean_hold_hours: 3.0 };
    }
    scenario.demand.push(second);
    for stream in &mut scenario.demand {
        stream.size = Distribution::Lognormal { mean: 1000.0, cv: 1.0 };
    }
    scenario.horizon_days = 5;
    scenario.replications = 40;
    scenario
}

#[test]
fn every_variant_meets_the_same_requests() {
    let base = lively(1000);
    let mut stake = base.clone();
    stake.network.gateways[0].weights = SelectionWeights { stake: 1.0, price: 0.0, random: 0.0 };
    let mut stuck = base.clone();
    stuck.network.gateways[0].version = Version::V0_8_3;
    let dear = lively(3000);

    // What each replication asks, by service key, and the sum of its sizes in
    // wei, day by day.
    let seen = |scenario: &Scenario, days: u32, number: u64| {
        let scenario = Scenario { horizon_days: days, ..scenario.clone() };
        let result = replicate(&World::new(&scenario), number).unwrap();
        let asked: Vec<u64> = result.service.iter().map(|record| record.asked).collect();
        let by_whom = result.served_by;
        (asked, result.fee_parts.used, by_whom)
    };
    for number in 0..4 {
        for days in 1..=5 {
            let (asked, used, by_whom) = seen(&base, days, number);
            let (by_stake, by_latency, at_price) =
                (seen(&stake, days, number), seen(&stuck, days, number), seen(&dear, days, number));
            assert!(asked.iter().all(|count| *count > 0) && used > 0);
            assert_ne!(by_whom, by_stake.2);
            assert_eq!((&asked, used), (&by_stake.0, by_stake.1), "{number} {days}");
            assert_eq!((&asked, used), (&by_latency.0, by_latency.1), "{number} {days}");
            assert_eq!((&asked, 3 * used), (&at_price.0, at_price.1), "{number} {days}");
        }
    }
}

#[test]
fn pairing_takes_nine_tenths_of_the_variance_away() {
    let base = lively(1000);
    let mut cheaper = lively(950);
    cheaper.network.gateways[0].max_price = vec![Price::new(950, 1).ok().map(PostedPrice::Wei)];
    let comparison = compared(&base, &[("cheaper", &cheaper)]);
    let spend = comparison.variants[0].difference("spend_eth").unwrap();
    let paired = spend.paired.as_ref().unwrap();
    assert!(paired.variance_ratio.unwrap() < 0.1, "{paired:?}");
    assert!((paired.relative.unwrap() + 0.05).abs() < 0.005, "{paired:?}");

    // Against runs that are independent.
    let spent = |scenario: &Scenario| {
        let world = World::new(scenario);
        let spend = |number| {
            let result = replicate(&world, number).unwrap();
            result.spend_by_stream.iter().copied().sum::<Wei>().to_coins()
        };
        (0..40).map(spend).collect::<Vec<f64>>()
    };
    let [first, second] = [&base, &Scenario { seed: 99, ..cheaper }].map(spent);
    let apart: Vec<f64> = first.iter().zip(&second).map(|(a, b)| b - a).collect();
    let (_, independent) = mean_and_error(&apart);
    let half = (paired.difference.hi - paired.difference.lo) / 2.0;
    // 2.023 is Student's t with 39 degrees of freedom.
    assert!((half / 2.023 / independent).powi(2) < 0.1, "{half} {independent}");
}

/// Credits for 5,000 requests at 10 wei a pixel, 200 a day.
fn ends(wei_per_pixel: u128) -> Scenario {
    let mut scenario = scenario(200.0);
    scenario.horizon_days = 100;
    scenario.replications = 20;
    scenario.credits = credits(Wei(5_000 * 1_000 * 10 + RESERVE.0 + 1));
    scenario.network.orchestrators = vec![orchestrator("only", wei_per_pixel, 1000)];
    scenario
}

fn verdicts(comparison: &Comparison) -> Vec<String> {
    comparison.variants.iter().map(|variant| verdict(comparison, variant)).collect()
}

#[test]
fn a_verdict_says_unchanged_only_of_what_is_equal_throughout() {
    let base = ends(10);
    let comparison = compared(&base, &[("same", &base), ("half", &ends(5))]);
    let [same, half] = verdicts(&comparison).try_into().unwrap();
    assert_eq!(
        same,
        "same: runway unchanged; success unchanged; cost of a served request unchanged; fee \
         shares of regions unchanged."
    );
    // 5,000 requests more at 200 a day.
    assert!(half.starts_with("half: runway +24.8 days ["), "{half}");
    assert!(half.contains("; success unchanged; "), "{half}");
    assert!(half.ends_with("; fee shares of regions unchanged."), "{half}");
    let runway = comparison.variants[1].difference("runway_days").unwrap();
    assert!((runway.paired.as_ref().unwrap().difference.mean - 25.0).abs() < 0.5);
    assert!(comparison.remarks.is_empty(), "{:?}", comparison.remarks);
}

#[test]
fn a_verdict_names_what_changed_by_how_much() {
    let base = ends(10);
    let mut comparison = compared(&base, &[("x", &base)]);
    let mut put = |id: &str, better, differences: &[f64]| {
        let pairs: Vec<(f64, f64)> = differences.iter().map(|d| (1.0, 1.0 + d)).collect();
        let found = comparison.variants[0].differences.iter_mut();
        let difference = found.into_iter().find(|d| d.headline.id == id).unwrap();
        difference.paired = Paired::new(&pairs, better, 1);
    };
    // Standard deviation 3.77, half-width 3.182 x 3.77 / 2 = 6.0.
    let runways = [-4.13, -2.065, 2.065, 4.13].map(|d| 41.0 + d);
    put("runway_days", Better::Higher, &runways);
    put("success_rate", Better::Higher, &[-0.004, 0.002, 0.003, 0.003]);
    put("fee_share.here", Better::Neither, &[-0.04, -0.03, -0.02, -0.03]);
    let [words] = verdicts(&comparison).try_into().unwrap();
    assert_eq!(
        words,
        "x: runway +41 days [35, 47]; no clear change in success (+0.1 points [-0.4, 0.6]); cost \
         of a served request unchanged; Here's fee share -3 points [-4, -2]."
    );
}

#[test]
fn no_service_is_said_in_words() {
    let base = ends(10);
    let mut priced_out = base.clone();
    priced_out.network.gateways[0].max_price = vec![Price::new(9, 1).ok().map(PostedPrice::Wei)];
    let comparison = compared(&base, &[("out", &priced_out)]);
    assert_eq!(
        verdicts(&comparison),
        ["out: no orchestrator is within the maximum price: nothing is spent, the runway is \
          unbounded and success is 0 %."]
    );
    let cost = comparison.variants[0].difference("cost_per_request_eth").unwrap();
    assert!(cost.base.is_some() && cost.variant.is_none() && cost.paired.is_none());
    assert_eq!(cost.left_out, 20);
    let ids: Vec<&str> = comparison.remarks.iter().map(|remark| remark.id).collect();
    for id in ["nobody-within-max-price", "censored", "other-mix"] {
        assert!(ids.contains(&id), "{id} of {ids:?}");
    }
}

#[test]
fn runways_beyond_the_horizon_are_not_called_unchanged() {
    let mut base = ends(10);
    base.credits = credits(PLENTY);
    base.horizon_days = 3;
    let mut cheap = ends(5);
    cheap.credits = credits(PLENTY);
    let comparison = compared(&base, &[("cheap", &cheap)]);
    let [words] = verdicts(&comparison).try_into().unwrap();
    let begins =
        "cheap: runway beyond the horizon of 3 days in both; success unchanged; spend a day -";
    assert!(words.starts_with(begins), "{words}");
    let settings = comparison.remarks.iter().find(|remark| remark.id == "other-settings").unwrap();
    assert_eq!(settings.of, ["cheap"]);
    assert_eq!(comparison.variants[0].run.forecast.horizon_days, 3);
}

#[test]
fn a_region_of_one_scenario_only_is_shown_as_such() {
    let one = scenario(100.0);
    let mut base = one.clone();
    base.replications = 20;
    base.network.orchestrators = vec![orchestrator("a", 10, 100)];
    let mut variant = lively(10);
    variant.demand.truncate(1);
    variant.start = base.start.tomorrow().unwrap();
    let comparison = compared(&base, &[("two", &variant)]);
    let there = comparison.variants[0].difference("fee_share.there").unwrap();
    assert!(there.base.is_none() && there.variant.is_some() && there.paired.is_none());
    let here = comparison.variants[0].difference("fee_share.here").unwrap();
    assert_eq!(here.paired.as_ref().unwrap().change, Change::Changed);
    assert!(comparison.remarks.iter().any(|remark| remark.id == "other-demand"));
}

#[test]
fn a_price_cut_that_a_blind_weight_cannot_see_is_explained() {
    let mut base = lively(1_000_000);
    base.network.gateways[0].weights = SelectionWeights { stake: 0.3, price: 0.7, random: 0.0 };
    let mut cheaper = base.clone();
    cheaper.network.orchestrators[2] = orchestrator("c", 500_000, 1000);
    cheaper.network.orchestrators[2].region = 1;
    let comparison = compared(&base, &[("cheaper", &cheaper)]);
    let blind = |name: &str| {
        let of = |remark: &&Remark| remark.of.iter().any(|of| of == name);
        comparison.remarks.iter().filter(of).any(|remark| remark.id == "price-weight-blind")
    };
    assert!(blind("base") && blind("cheaper"), "{:?}", comparison.remarks);
    // It is picked exactly as before.
    let served = |run: &Run| {
        let fees = run.forecast.fees.iter();
        fees.filter(|row| row.id == "c").map(|row| row.requests).sum::<f64>()
    };
    assert_eq!(served(&comparison.base), served(&comparison.variants[0].run));
}

#[test]
fn fees_of_orchestrators_add_up_to_the_spend_and_name_first_whom_the_variant_changes() {
    let base = lively(1000);
    let mut cut = base.clone();
    cut.network.orchestrators[1].offers[0].price = PostedPrice::Wei(Price::new(500, 1).unwrap());
    cut.network.orchestrators.push(orchestrator("new", 1000, 1000));
    let comparison = compared(&base, &[("cut", &cut)]);
    let [variant] = comparison.variants.as_slice() else { panic!("one variant") };
    let rows = &variant.orchestrators;
    let ids: Vec<&str> = rows.iter().map(|row| row.headline.id.as_str()).collect();
    let mut first = ids[..2].to_vec();
    first.sort_unstable();
    assert_eq!(first, ["fees_eth.b", "fees_eth.new"], "{ids:?}");
    assert_eq!(ids.len(), 4);
    let spend = variant.difference("spend_eth").unwrap();
    let sum = |of: fn(&Difference) -> Option<Estimate>| -> f64 {
        rows.iter().filter_map(of).map(|fees| fees.mean).sum()
    };
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * b;
    assert!(close(sum(|row| row.base), spend.base.unwrap().mean));
    assert!(close(sum(|row| row.variant), spend.variant.unwrap().mean));
    for row in rows {
        let is_new = row.headline.label == "new";
        assert_eq!((row.base.is_none(), row.paired.is_none()), (is_new, is_new));
        if let Some(paired) = &row.paired {
            let change = row.variant.unwrap().mean - row.base.unwrap().mean;
            assert!((paired.difference.mean - change).abs() < 1e-12, "{}", row.headline.id);
        }
    }
}
