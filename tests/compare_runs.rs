//! Comparisons of small scenarios: common random numbers and verdicts.

mod common;

use jiff::ToSpan;

use common::{PLENTY, RESERVE, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{
    Arrivals, Bursts, PayingShare, PriceCurve, Trace, UserPrice, Users, WeekProfile,
};
use orchsim::ensemble::{Better, Estimate, Unit, VarianceReduction};
use orchsim::experiment::{
    Change, Comparison, Difference, Entry, Paired, Remark, Run, Variant, compare,
};
use orchsim::kernel::Distribution;
use orchsim::network::{Region, RttMatrix, SelectionWeights, Version};
use orchsim::report::verdict;
use orchsim::scenario::Scenario;
use orchsim::simulation::{Mode, World, replicate};
use orchsim::units::{PostedPrice, Price, SECONDS_PER_DAY, SimTime, Wei};

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
fn a_stream_has_the_same_requests_wherever_it_stands() {
    let base = lively(1000);
    let mut moved = base.clone();
    moved.demand.reverse();
    let mut alone = base.clone();
    alone.demand.remove(0);
    let asked = |scenario: &Scenario| {
        let result = replicate(&World::new(scenario), 0).unwrap();
        let asked: Vec<u64> = result.service.iter().map(|record| record.asked).collect();
        (asked, result.fee_parts.used)
    };
    let (both, used) = asked(&base);
    assert!(both.len() == 2 && both[0] != both[1] && used > 0);
    assert_eq!(asked(&moved), (both.clone(), used));
    assert_eq!(asked(&alone).0, both[1..]);
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
    // It asks four times as often; on which weekday it starts makes no difference.
    let remark = comparison.remarks.iter().find(|remark| remark.id == "other-demand").unwrap();
    assert!(remark.text.starts_with("It asks for other numbers of requests"), "{}", remark.text);
    assert_eq!(remark.of, ["two"]);
}

/// Users who neither respond nor pay, drawn at so many times their rate.
fn unresponsive(most: f64) -> Users {
    Users {
        curve: PriceCurve::Inelastic,
        price: UserPrice::Markup(0.0),
        reference_price: None,
        success_exponent: 0.0,
        latency_exponent: 0.0,
        most,
        review_hours: 24.0,
        adjustment: 0.5,
        paying: PayingShare::ALL,
    }
}

#[test]
fn requests_are_said_to_differ_where_they_do_and_only_there() {
    let mut base = lively(1000);
    base.replications = 4;
    if let Arrivals::Poisson(arrivals) = &mut base.demand[0].arrivals {
        arrivals.weekdays = WeekProfile::from_weights([1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 0.5]);
    }
    let varied = |change: fn(&mut Scenario)| {
        let mut variant = base.clone();
        change(&mut variant);
        variant
    };
    let same = [
        ("reordered", varied(|s| s.demand.reverse())),
        ("a week later", varied(|s| s.start = s.start.saturating_add(7.days()))),
        ("an hour later", varied(|s| s.network.regions[1].utc_offset_hours = 9.0)),
        (
            "regions reordered",
            varied(|s| {
                s.network.regions.reverse();
                s.demand.iter_mut().for_each(|stream| stream.region = 1 - stream.region);
                s.network
                    .orchestrators
                    .iter_mut()
                    .for_each(|other| other.region = 1 - other.region);
                s.network.gateways[0].region = 1;
            }),
        ),
    ];
    let other_draws = [
        ("renamed", varied(|s| s.demand[1].id = "other".to_string())),
        ("moved", varied(|s| s.demand[1].region = 0)),
        ("a day later", varied(|s| s.start = s.start.tomorrow().unwrap())),
        ("another clock", varied(|s| s.network.regions[1].utc_offset_hours = 7.5)),
        ("most", varied(|s| s.demand[1].users = Some(unresponsive(2.0)))),
    ];
    let other_numbers = [
        ("fewer", varied(|s| s.demand.truncate(1))),
        (
            "in front",
            varied(|s| {
                let mut more = s.demand[0].clone();
                more.id = "in front".to_string();
                s.demand.insert(0, more);
            }),
        ),
        ("wandering", varied(|s| s.uncertainty.wander_per_day = 0.1)),
    ];
    for (variants, text) in [
        (same.as_slice(), None),
        (&other_draws, Some("so that it meets other requests")),
        (&other_numbers, Some("It asks for other numbers of requests than the base")),
    ] {
        for (name, scenario) in variants {
            let comparison = compared(&base, &[(name, scenario)]);
            let spend = comparison.variants[0].difference("spend_eth").unwrap();
            let paired = &spend.paired.as_ref().unwrap().difference;
            let none = (paired.lo, paired.mean, paired.hi) == (0.0, 0.0, 0.0);
            assert_eq!(none, text.is_none(), "{name}: {paired:?}");
            let mut remarks = comparison.remarks.iter();
            let remark = remarks.find(|remark| remark.id == "other-demand");
            assert_eq!(remark.is_some(), text.is_some(), "{name}: {remark:?}");
            if let Some((remark, text)) = remark.zip(text) {
                assert!(remark.text.contains(text) && remark.of == [*name], "{remark:?}");
            }
        }
    }
}

/// Users here and, 100 ms away, there, of a gateway beside its only orchestrator.
fn two_regions() -> Scenario {
    let mut scenario = scenario(400.0);
    let network = &mut scenario.network;
    let there = Region { id: "there".into(), name: "There".into(), utc_offset_hours: 0.0 };
    network.regions.push(there);
    network.rtt = RttMatrix::zero(2);
    network.rtt.set_ms(0, 1, 100.0);
    network.orchestrators = vec![orchestrator("only", 10, 1000)];
    let mut second = scenario.demand[0].clone();
    (second.id, second.region) = ("more".to_string(), 1);
    scenario.demand.push(second);
    scenario.horizon_days = 2;
    scenario.replications = 20;
    scenario
}

/// The same, but users there have a gateway of their own, there, that pays up to
/// `most` wei a pixel.
fn gateway_there(most: u128) -> Scenario {
    let mut scenario = two_regions();
    let mut gateway = scenario.network.gateways[0].clone();
    (gateway.id, gateway.region) = ("there".to_string(), 1);
    gateway.max_price = vec![Price::new(most, 1).ok().map(PostedPrice::Wei)];
    scenario.network.gateways.push(gateway);
    scenario.demand[1].gateway = 1;
    scenario
}

#[test]
fn users_of_each_region_are_compared() {
    let far = gateway_there(10);
    let out = gateway_there(9);
    let comparison = compared(&two_regions(), &[("far", &far), ("out", &out)]);
    let [far, out] = comparison.variants.as_slice() else { panic!("two variants") };
    let of = |variant: &Variant, id: &str| variant.difference(id).unwrap().clone();
    let gained = |variant: &Variant, id: &str| of(variant, id).paired.unwrap().difference.mean;

    // An answer takes a second. The users' round trip goes, and the three between gateway
    // and orchestrator come, each of 100 ms; bins are 0.8 % wide.
    assert!((of(far, "latency_p50_ms.there").base.unwrap().mean - 1_100.0).abs() < 9.0);
    assert!((gained(far, "latency_p50_ms.there") - 200.0).abs() < 20.0);
    assert!(gained(far, "latency_p95_ms.there") > 180.0);
    assert_eq!(gained(far, "success_rate.there"), 0.0);

    // Whose gateway pays too little are not served at all, and nobody else notices.
    let success = of(out, "success_rate.there");
    assert_eq!((success.headline.unit, success.headline.better), (Unit::Share, Better::Higher));
    assert_eq!((success.base.unwrap().mean, success.variant.unwrap().mean), (1.0, 0.0));
    let paired = success.paired.unwrap();
    assert_eq!((paired.pairs, paired.difference.mean, paired.win.unwrap().mean), (20, -1.0, 0.0));
    let latency = of(out, "latency_p50_ms.there");
    assert!(latency.base.is_some() && latency.variant.is_none() && latency.left_out == 20);
    assert!((gained(out, "success_rate") + 0.5).abs() < 0.05);
    for variant in [far, out] {
        for id in ["success_rate.here", "latency_p50_ms.here", "latency_p95_ms.here"] {
            assert_eq!(of(variant, id).paired.unwrap().change, Change::Unchanged, "{id}");
        }
    }
}

#[test]
fn a_network_of_one_region_has_no_figures_by_region() {
    let comparison = compared(&ends(10), &[("half", &ends(5))]);
    let all = comparison.variants[0].differences.iter();
    assert!(all.clone().all(|difference| difference.headline.of_users_in().is_none()));
    // Nor has one without deadline and paying users their figures.
    let ids: Vec<&str> = all.map(|difference| difference.headline.id.as_str()).collect();
    assert!(!ids.contains(&"returned_eth") && !ids.contains(&"revenue_eth"), "{ids:?}");
}

#[test]
fn what_goes_back_at_the_deadline_is_the_credits_less_what_was_spent() {
    // At each noon 10,000 wei, or half as much, of a million, until the fifth midnight.
    let daily = |wei_per_pixel: u128| {
        let mut scenario = scenario(1.0);
        let noon = |day: u32| ((f64::from(day) + 0.5) * SECONDS_PER_DAY as f64, None);
        let requests = (0..9).map(noon).collect();
        scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
        scenario.network.orchestrators = vec![orchestrator("only", wei_per_pixel, 1)];
        scenario.treasury.top_ups.reserve = Wei(100_000);
        scenario.credits = credits(Wei(1_000_000));
        scenario.treasury.deadline = Some(SimTime::from_days(5));
        (scenario.horizon_days, scenario.replications) = (9, 2);
        scenario
    };
    let comparison = compared(&daily(10), &[("half", &daily(5))]);
    let returned = comparison.variants[0].difference("returned_eth").unwrap();
    assert_eq!((returned.headline.unit, returned.headline.better), (Unit::Eth, Better::Higher));
    let wei = |eth: f64| (eth * 1e18).round();
    let levels = [returned.base, returned.variant].map(|level| wei(level.unwrap().mean));
    assert_eq!(levels, [950_000.0, 975_000.0]);
    assert_eq!(wei(returned.paired.as_ref().unwrap().difference.mean), 25_000.0);
    let [words] = verdicts(&comparison).try_into().unwrap();
    assert!(words.starts_with("half: runway unchanged, return at the deadline +0.0"), "{words}");
    let remark = comparison.remarks.iter().find(|remark| remark.id == "deadline").unwrap();
    assert!(remark.text.starts_with("100 % of the futures") && remark.of == ["base", "half"]);

    // Nothing goes back within the horizon.
    let short = Scenario { horizon_days: 4, ..daily(10) };
    let comparison = compared(&short, &[("half", &daily(5))]);
    assert!(comparison.variants[0].difference("returned_eth").is_none());
}

#[test]
fn a_price_cut_that_a_blind_weight_cannot_see_is_explained() {
    let mut base = lively(1_000_000);
    base.network.gateways[0].weights = SelectionWeights { stake: 0.3, price: 0.7, random: 0.0 };
    // Enough for tickets of three orchestrators.
    base.treasury.top_ups.reserve = Wei(1_000_000_000_000);
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
    assert!(served(&comparison.base) > 0.0);
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
