//! The selection rules against closed forms worked out by hand, in `explain`'s
//! probabilities and in simulated requests.

mod common;

use common::scenario;
use orchsim::ensemble::opening_warnings;
use orchsim::network::{
    CappedStake, LIVE_PIXELS_PER_SECOND, Mixture, Orchestrator, Pipeline, PriceReference,
    PriceSoftmax, Region, RegionalQuota, RttMatrix, SelectionRule, SelectionWeights, Version,
};
use orchsim::scenario::Scenario;
use orchsim::selection::{Explanation, explain};
use orchsim::simulation::{Opening, ReplicationResult, World, replicate};
use orchsim::units::{Lpt, Price, Wei};

const LPT: u128 = 1_000_000_000_000_000_000;
/// Share of requests that may meet a busy session and go elsewhere.
const OVERLAP: f64 = 0.001;
/// What text-to-image cost in 2025, in wei a pixel.
const AI_PRICE: u32 = 4_768_371;

/// A gateway in the first of three regions, 10, 40 and 60 ms away, and an
/// orchestrator for each (region, stake in LPT, price in wei), so rarely asked
/// that hardly ever one is busy: 50 a day of at most 0.2 s overlap once in
/// 10,000.
fn market(rule: SelectionRule, orchestrators: &[(usize, u128, u32)]) -> Scenario {
    let mut scenario = scenario(50.0);
    scenario.horizon_days = 400;
    scenario.network.models[0].service.overhead_s = 0.001;
    // Enough for tickets at AI prices.
    scenario.treasury.top_ups.reserve = Wei(1_000_000_000_000_000_000);
    let network = &mut scenario.network;
    let region =
        |id: &str| Region { id: id.to_string(), name: id.to_string(), utc_offset_hours: 0.0 };
    network.regions = ["na", "eu", "asia"].map(region).to_vec();
    network.rtt = RttMatrix::zero(3);
    for (to, ms) in [10.0, 40.0, 60.0].into_iter().enumerate() {
        network.rtt.set_ms(0, to, ms);
    }
    network.gateways[0].selection = rule;
    network.orchestrators = orchestrators
        .iter()
        .enumerate()
        .map(|(index, &(region, stake, price))| Orchestrator {
            region,
            stake: Lpt(stake * LPT),
            ..common::orchestrator(&format!("o{index}"), price.into(), 100)
        })
        .collect();
    network.registered_orchestrators = orchestrators.len() as u32;
    scenario
}

fn explanation(scenario: &Scenario) -> Explanation {
    explain(&scenario.network, &Opening::new(scenario).market(0, 0))
}

fn probabilities(scenario: &Scenario) -> Vec<f64> {
    explanation(scenario).rows.iter().map(|row| row.probability).collect()
}

fn run(scenario: &Scenario) -> ReplicationResult {
    replicate(&World::new(scenario), 0).unwrap()
}

fn assert_close(seen: &[f64], expected: &[f64]) {
    assert_eq!(seen.len(), expected.len());
    for (one, other) in seen.iter().zip(expected) {
        assert!((one - other).abs() < 1e-12, "{seen:?} against {expected:?}");
    }
}

fn shares(weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// Both the probabilities and simulated requests, within 3 standard errors.
fn assert_shares(scenario: &Scenario, expected: &[f64]) {
    assert_close(&probabilities(scenario), expected);
    assert_served(&run(scenario), expected);
}

fn assert_served(result: &ReplicationResult, expected: &[f64]) {
    let served: u64 = result.served_by.iter().sum();
    assert!(served > 15_000, "{served}");
    for (count, share) in result.served_by.iter().zip(expected) {
        let seen = *count as f64 / served as f64;
        let error = (share * (1.0 - share) / served as f64).sqrt();
        assert!((seen - share).abs() <= 3.0 * error + OVERLAP, "{seen} for {share}");
    }
}

fn softmax(relative_to: PriceReference, temperature: f64) -> SelectionRule {
    SelectionRule::PriceSoftmax(PriceSoftmax { relative_to, temperature })
}

fn weights(scenario: &mut Scenario, stake: f64, price: f64, random: f64) {
    scenario.network.gateways[0].weights = SelectionWeights { stake, price, random };
}

#[test]
fn halving_an_ai_price_moves_nothing_until_it_is_below_74_500_wei() {
    let with_price = |price_weight: f64, price: u32| {
        let offers = [(0, 100, AI_PRICE), (1, 300, price), (2, 600, AI_PRICE)];
        let mut scenario = market(SelectionRule::Livepeer, &offers);
        weights(&mut scenario, 1.0 - price_weight, price_weight, 0.0);
        probabilities(&scenario)
    };
    for price_weight in [0.1, 0.3, 0.7, 1.0] {
        let before = with_price(price_weight, AI_PRICE);
        for price in [AI_PRICE / 2, AI_PRICE / 8, 75_000] {
            assert_close(&with_price(price_weight, price), &before);
        }
        // Then it has the price term to itself.
        let stake = 1.0 - price_weight;
        let below = [0.1 * stake, 0.3 * stake + price_weight, 0.6 * stake];
        assert_close(&with_price(price_weight, 74_000), &below);
    }
}

#[test]
fn weight_on_a_blind_price_dilutes_stake_and_favours_the_nearest() {
    // Terms w + (1 - w) x stake share; the walk over a map of two starts with
    // the nearest in 7 of 8 (Go 1.19) and ends where a uniform number falls.
    let mut last = 0.25;
    for w in [0.1, 0.3, 0.7] {
        let mut scenario =
            market(SelectionRule::Livepeer, &[(1, 300, AI_PRICE), (0, 100, AI_PRICE / 2)]);
        weights(&mut scenario, 1.0 - w, w, 0.0);
        let (near, far) = (w + (1.0 - w) * 0.25, w + (1.0 - w) * 0.75);
        let share = 7.0 / 8.0 * near + (1.0 - far) / 8.0;
        assert_close(&probabilities(&scenario), &[1.0 - share, share]);
        assert!(share > last);
        last = share;
    }
}

#[test]
fn what_a_rule_that_learns_does_at_first_is_said_to_be_that() {
    for (rule, learns) in [
        (SelectionRule::Success, true),
        (SelectionRule::Latency, true),
        (SelectionRule::SqrtStake, false),
        (quota(0.5, 0.5, SelectionRule::Success), true),
        (quota(0.5, 0.5, SelectionRule::RoundRobin), false),
    ] {
        let scenario = market(rule.clone(), &[(0, 1, AI_PRICE), (1, 1, AI_PRICE)]);
        assert_eq!(explanation(&scenario).is_first_contact, learns, "{rule:?}");
    }
}

#[test]
fn where_the_walk_decides_the_probabilities_are_those_of_the_start() {
    // Two at a price that blinds the whole weight: the walk starts with the first in 7 of
    // 8. At first that is the near one, later the quick one: the lowest latency score.
    for (version, pipeline, is_first_contact) in [
        (Version::V0_8_4, Pipeline::TextToImage, true),
        (Version::V0_9, Pipeline::TextToImage, true),
        // Sorted by discovery latency at all times.
        (Version::V0_8_4, Pipeline::LiveVideoToVideo, false),
    ] {
        let mut scenario = market(SelectionRule::Livepeer, &[(0, 1, AI_PRICE), (1, 1, AI_PRICE)]);
        weights(&mut scenario, 0.0, 1.0, 0.0);
        scenario.network.gateways[0].version = version;
        scenario.network.models[0].pipeline = pipeline;
        let blind = explanation(&scenario);
        assert_eq!(blind.is_first_contact, is_first_contact, "{version:?} {pipeline:?}");
        let says_later = blind.warnings[0].contains("later the one with the lowest latency score");
        assert_eq!(says_later, is_first_contact, "{:?}", blind.warnings);
        assert_close(&probabilities(&scenario), &[0.875, 0.125]);
        if is_first_contact {
            scenario.network.models[0].service.overhead_s = 1.0;
            scenario.network.orchestrators[1].speed = 4.0;
            assert_served(&run(&scenario), &[0.125, 0.875]);
        }

        // Nobody with stake: the same. With a term that tells them apart: for good.
        weights(&mut scenario, 1.0, 0.0, 0.0);
        assert!(!explanation(&scenario).is_first_contact);
        scenario.network.orchestrators.iter_mut().for_each(|o| o.stake = Lpt(0));
        let unstaked = explanation(&scenario);
        assert_eq!(unstaked.is_first_contact, is_first_contact, "{version:?} {pipeline:?}");
        let says_later = unstaked.warnings.last().unwrap().contains("later the one");
        assert_eq!(says_later, is_first_contact, "{:?}", unstaked.warnings);
    }
}

#[test]
fn a_scale_free_softmax_moves_shares_as_its_closed_form_says() {
    // exp(-p / (0.5 x cheapest)): all alike, then one at half the price, which
    // is also the cheapest: exp(-2) against exp(-4).
    let at = |price: u32| [(0, 1, AI_PRICE), (1, 1, price), (2, 1, AI_PRICE)];
    let cheapest = || softmax(PriceReference::Cheapest, 0.5);
    assert_shares(&market(cheapest(), &at(AI_PRICE)), &[1.0 / 3.0; 3]);
    // 4,768,371 is odd; the price of 9,536,742 has an exact half.
    let offers = [(0, 1, 2 * AI_PRICE), (1, 1, AI_PRICE), (2, 1, 2 * AI_PRICE)];
    let other = (-4f64).exp();
    assert_shares(&market(cheapest(), &offers), &shares(&[other, (-2f64).exp(), other]));
    // By the median, and in units a million times smaller.
    for scale in [1, 1_000_000] {
        let offers = [(0, 1, 20 * scale), (1, 1, 10 * scale), (2, 1, 30 * scale)];
        let expected = shares(&[(-2f64).exp(), (-1f64).exp(), (-3f64).exp()]);
        let median = market(softmax(PriceReference::Median, 0.5), &offers);
        assert_close(&probabilities(&median), &expected);
    }
    // The median of an even number is the mean of the middle two: 15.
    let four = [(0, 1, 5), (1, 1, 10), (2, 1, 20), (0, 1, 90)];
    let expected = shares(&[5.0, 10.0, 20.0, 90.0].map(|price: f64| (-price / 15.0).exp()));
    assert_close(&probabilities(&market(softmax(PriceReference::Median, 1.0), &four)), &expected);
}

#[test]
fn linear_prices_count_from_the_maximum_or_the_dearest() {
    let offers = [(0, 1, 100), (1, 1, 250), (2, 1, 400)];
    let mut scenario = market(SelectionRule::LinearPrice, &offers);
    // 400 - p: 300, 150, 0.
    assert_shares(&scenario, &[2.0 / 3.0, 1.0 / 3.0, 0.0]);
    // A maximum of 500: 400, 250, 100. One of 300 filters the third.
    let price = |wei| Price::whole(wei).into();
    scenario.network.gateways[0].max_price = vec![Some(price(500))];
    assert_shares(&scenario, &shares(&[400.0, 250.0, 100.0]));
    scenario.network.gateways[0].max_price = vec![Some(price(300))];
    assert_shares(&scenario, &[0.8, 0.2, 0.0]);
    // All ask for the dearest: evenly.
    let alike = [(0, 1, 100), (1, 1, 100)];
    assert_close(&probabilities(&market(SelectionRule::LinearPrice, &alike)), &[0.5; 2]);
}

#[test]
fn stake_counts_by_logarithm_root_or_up_to_a_cap() {
    let stakes = [(0, 100, 1), (1, 400, 1), (2, 1_600, 1)];
    let log = shares(&[101f64.ln(), 401f64.ln(), 1_601f64.ln()]);
    assert_shares(&market(SelectionRule::LogStake, &stakes), &log);
    let sqrt = [1.0 / 7.0, 2.0 / 7.0, 4.0 / 7.0];
    assert_shares(&market(SelectionRule::SqrtStake, &stakes), &sqrt);
    let cap = |lpt: u128| SelectionRule::CappedStake(CappedStake { cap: Lpt(lpt * LPT) });
    assert_shares(&market(cap(400), &stakes), &[1.0 / 9.0, 4.0 / 9.0, 4.0 / 9.0]);
    // Nobody has stake: evenly, not whoever stands first.
    let none = [(0, 0, 1), (1, 0, 1), (2, 0, 1)];
    for rule in [SelectionRule::LogStake, SelectionRule::SqrtStake, cap(400)] {
        assert_close(&probabilities(&market(rule, &none)), &[1.0 / 3.0; 3]);
    }
}

#[test]
fn splitting_stake_pays_under_30_percent_random_and_not_under_pure_stake() {
    let whole = [(0, 400, 1), (0, 300, 1), (0, 300, 1)];
    let split = [(0, 100, 1), (0, 100, 1), (0, 100, 1), (0, 100, 1), (0, 300, 1), (0, 300, 1)];
    let gain = |rule: SelectionRule, stake: f64, random: f64| {
        let mut scenarios = [market(rule.clone(), &whole), market(rule, &split)];
        for scenario in &mut scenarios {
            weights(scenario, stake, 0.0, random);
        }
        let [whole, split] = scenarios.map(|scenario| probabilities(&scenario));
        split[..4].iter().sum::<f64>() - whole[0]
    };
    // 0.3 x (4 / 6 - 1 / 3).
    assert!((gain(SelectionRule::Livepeer, 0.7, 0.3) - 0.1).abs() < 1e-12);
    assert!(gain(SelectionRule::Livepeer, 1.0, 0.0).abs() < 1e-12);
    // Every concave rule of stake pays for it as well, sqrt: 40 / (40 + 2 sqrt(300))
    // against 20 / (20 + 2 sqrt(300)).
    let root = 2.0 * 300f64.sqrt();
    let expected = 40.0 / (40.0 + root) - 20.0 / (20.0 + root);
    assert!((gain(SelectionRule::SqrtStake, 1.0, 0.0) - expected).abs() < 1e-12);
}

#[test]
fn the_cheapest_takes_all_and_shares_ties_evenly() {
    let offers = [(0, 900, AI_PRICE), (1, 1, AI_PRICE - 1), (2, 900, AI_PRICE)];
    assert_shares(&market(SelectionRule::Cheapest, &offers), &[0.0, 1.0, 0.0]);
    let tie = [(0, 900, 5), (1, 1, 5), (2, 900, 6)];
    assert_shares(&market(SelectionRule::Cheapest, &tie), &[0.5, 0.5, 0.0]);
}

#[test]
fn round_robin_is_even_whatever_stake_price_and_distance() {
    let offers = [(0, 900, 1), (1, 1, 9), (2, 30, 5), (2, 1, 4)];
    let scenario = market(SelectionRule::RoundRobin, &offers);
    assert_close(&probabilities(&scenario), &[0.25; 4]);
    let served = run(&scenario).served_by;
    let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
    // Two at once may take a turn out of order.
    assert!(most - least <= 2, "{served:?}");
}

#[test]
fn latencies_are_in_one_unit_before_and_after_the_first_request() {
    // Before: 1 / discovery latency, 3.5 round trips.
    let offers = [(0, 1, 1), (1, 1, 1), (2, 1, 1)];
    let mut scenario = market(SelectionRule::Latency, &offers);
    assert_close(&probabilities(&scenario), &shares(&[1.0 / 10.0, 1.0 / 40.0, 1.0 / 60.0]));
    // After: a second of work at speeds 1, 2, 4 and three round trips.
    scenario.network.models[0].service.overhead_s = 1.0;
    for (orchestrator, speed) in scenario.network.orchestrators.iter_mut().zip([1.0, 2.0, 4.0]) {
        orchestrator.speed = speed;
    }
    let wall = [1.0 + 0.03, 0.5 + 0.12, 0.25 + 0.18];
    assert_served(&run(&scenario), &shares(&wall.map(|wall| 1.0 / wall)));
    // The fastest is the farthest; the nearest was tried first.
    scenario.network.gateways[0].selection = SelectionRule::Fastest;
    assert_close(&probabilities(&scenario), &[1.0, 0.0, 0.0]);
}

#[test]
fn the_fastest_takes_all_once_known() {
    let mut scenario = market(SelectionRule::Fastest, &[(0, 1, 1), (0, 1, 1), (0, 1, 1)]);
    assert_close(&probabilities(&scenario), &[1.0 / 3.0; 3]);
    scenario.network.models[0].service.overhead_s = 1.0;
    for (orchestrator, speed) in scenario.network.orchestrators.iter_mut().zip([1.0, 4.0, 2.0]) {
        orchestrator.speed = speed;
    }
    let served = run(&scenario).served_by;
    let all: u64 = served.iter().sum();
    assert!(served[1] as f64 > 0.99 * all as f64, "{served:?}");
    assert!(served[0] > 0 && served[2] > 0, "{served:?}");
}

#[test]
fn live_video_and_every_version_go_by_the_rule() {
    let offers = [(0, 1, 20), (1, 1, 10)];
    for version in [Version::V0_8_3, Version::V0_8_4, Version::V0_9] {
        for pipeline in [Pipeline::TextToImage, Pipeline::LiveVideoToVideo] {
            let mut scenario = market(SelectionRule::Cheapest, &offers);
            scenario.network.gateways[0].version = version;
            scenario.network.models[0].pipeline = pipeline;
            for orchestrator in &mut scenario.network.orchestrators {
                // A stream's ticket is worth five seconds of it.
                orchestrator.tickets.expected_value = Wei(100 * LIVE_PIXELS_PER_SECOND as u128);
                orchestrator.tickets.max_face_value = None;
            }
            assert_close(&probabilities(&scenario), &[0.0, 1.0]);
            let served = run(&scenario).served_by;
            let dear = served[0] as f64 / (served[0] + served[1]) as f64;
            assert!(dear <= OVERLAP, "{version:?} {pipeline:?}: {served:?}");
        }
    }
}

#[test]
fn live_video_in_0_9_heeds_neither_the_score_nor_leave_to_pay_more() {
    // go-livepeer server/selection_algorithm.go, LiveSelectionAlgorithm: the nearest at
    // or below the maximum price, and that is all.
    let mut scenario = market(SelectionRule::Livepeer, &[(0, 1, 20), (1, 1, 20)]);
    scenario.network.models[0].pipeline = Pipeline::LiveVideoToVideo;
    for orchestrator in &mut scenario.network.orchestrators {
        orchestrator.tickets.expected_value = Wei(100 * LIVE_PIXELS_PER_SECOND as u128);
        orchestrator.tickets.max_face_value = None;
    }
    scenario.network.gateways[0].min_perf_score = 0.5;
    scenario.network.orchestrators[0].perf_score = 0.1;
    assert_close(&probabilities(&scenario), &[1.0, 0.0]);
    let served = run(&scenario).served_by;
    assert!(served[0] > 0 && served[1] == 0, "{served:?}");

    scenario.network.gateways[0].ignore_max_price = true;
    scenario.network.gateways[0].max_price = vec![Some(Price::whole(10).into())];
    assert_close(&probabilities(&scenario), &[0.0, 0.0]);
    assert_eq!(run(&scenario).served_by, [0, 0]);
    // The rule of 0.8.4 heeds both.
    scenario.network.gateways[0].version = Version::V0_8_4;
    assert_close(&probabilities(&scenario), &[0.0, 1.0]);
}

#[test]
fn success_counts_from_an_even_prior() {
    // One always serves, the other never does and is asked again after each
    // suspension: (1 + s) / (2 + s) against 1 / (2 + f).
    let mut scenario = market(SelectionRule::Success, &[(0, 1, 1), (0, 1, 1)]);
    assert_close(&probabilities(&scenario), &[0.5, 0.5]);
    scenario.network.orchestrators[1].reliability = 0.0;
    let failed = |scenario: &Scenario| run(scenario).service[0].failed.iter().sum::<u64>() as f64;
    scenario.failure_delay_s = 3_600.0;
    let by_success = failed(&scenario);
    scenario.network.gateways[0].selection = SelectionRule::RoundRobin;
    let by_turns = failed(&scenario);
    assert!(by_success > 0.0 && by_success < 0.5 * by_turns, "{by_success} against {by_turns}");
}

fn quota(eu: f64, asia: f64, within: SelectionRule) -> SelectionRule {
    let shares = vec![None, Some(eu), Some(asia)];
    SelectionRule::RegionalQuota(RegionalQuota { shares, within: Box::new(within) })
}

#[test]
fn a_regional_quota_reaches_its_shares() {
    let offers = [(0, 900, 1), (1, 100, 20), (1, 300, 30), (2, 1, 9)];
    let scenario = market(quota(0.3, 0.2, SelectionRule::Cheapest), &offers);
    assert_close(&probabilities(&scenario), &[0.5, 0.3, 0.0, 0.2]);
    let served = run(&scenario).served_by;
    let all: u64 = served.iter().sum();
    for (count, share) in served.iter().zip([0.5, 0.3, 0.0, 0.2]) {
        // Two requests at once may meet a busy session.
        let off = (*count as f64 - share * all as f64).abs();
        assert!(off < 0.005 * all as f64, "{served:?}");
    }
    // Within a region by go-livepeer's formula: 0.7 x stake share + 0.3 / n.
    let formula = market(quota(0.3, 0.2, SelectionRule::Livepeer), &offers);
    assert_close(
        &probabilities(&formula),
        &[0.5, 0.3 * (0.7 * 0.25 + 0.15), 0.3 * (0.7 * 0.75 + 0.15), 0.2],
    );
}

#[test]
fn the_share_of_a_region_without_anyone_goes_to_the_others_in_proportion() {
    let scenario = market(quota(0.3, 0.2, SelectionRule::RoundRobin), &[(0, 1, 1), (1, 1, 1)]);
    let expected = [0.5 / 0.8, 0.3 / 0.8];
    assert_close(&probabilities(&scenario), &expected);
    let served = run(&scenario).served_by;
    let eu = served[1] as f64 / (served[0] + served[1]) as f64;
    assert!((eu - expected[1]).abs() < 0.005, "{served:?}");
}

#[test]
fn a_mixture_is_go_livepeers_formula_with_other_terms() {
    let offers = [(0, 100, 20), (1, 400, 10), (2, 1_600, 30)];
    let mixture = |price: Option<SelectionRule>, stake: Option<SelectionRule>| {
        let rule = Mixture { price: price.map(Box::new), stake: stake.map(Box::new) };
        let mut scenario = market(SelectionRule::Mixture(rule), &offers);
        weights(&mut scenario, 0.5, 0.2, 0.3);
        scenario
    };
    // Its own terms at prices that do not underflow: the same as its own rule.
    let mut own = market(SelectionRule::Livepeer, &offers);
    weights(&mut own, 0.5, 0.2, 0.3);
    assert_close(&probabilities(&mixture(None, None)), &probabilities(&own));
    // Others: sqrt 1 : 2 : 4, softmax exp(-2), exp(-1), exp(-3).
    let price = shares(&[(-2f64).exp(), (-1f64).exp(), (-3f64).exp()]);
    let stake = shares(&[1.0, 2.0, 4.0]);
    let by_hand: Vec<f64> = (0..3).map(|k| 0.2 * price[k] + 0.5 * stake[k] + 0.3 / 3.0).collect();
    let rules = (softmax(PriceReference::Median, 0.5), SelectionRule::SqrtStake);
    assert_shares(&mixture(Some(rules.0), Some(rules.1)), &by_hand);
}

#[test]
fn warnings_of_go_livepeers_rule_are_its_own() {
    // A blind price weight, nobody with stake, and on 0.8.3 a price above the
    // maximum: three warnings, none of which holds for another rule.
    let offers = [(0, 0, AI_PRICE), (1, 0, AI_PRICE), (2, 0, 9 * AI_PRICE)];
    let warnings = |rule: SelectionRule| {
        let mut scenario = market(rule, &offers);
        weights(&mut scenario, 0.3, 0.7, 0.0);
        scenario.network.gateways[0].version = Version::V0_8_3;
        let max = Price::whole(AI_PRICE).into();
        scenario.network.gateways[0].max_price = vec![Some(max)];
        explanation(&scenario).warnings.len()
    };
    assert_eq!(warnings(SelectionRule::Livepeer), 3);
    assert_eq!(warnings(SelectionRule::RoundRobin), 0);
}

#[test]
fn one_release_concentrates_fees_and_the_next_spreads_them() {
    // Two near and quick, six of the same stake farther away.
    let mut offers = vec![(0, 100, 10); 2];
    offers.extend([(1, 100, 10), (2, 100, 10)].repeat(3));
    let top_two = |version: Version| {
        let mut scenario = market(SelectionRule::Livepeer, &offers);
        scenario.network.gateways[0].version = version;
        let mut fees: Vec<f64> = run(&scenario).fees.iter().map(|fee| fee.0 as f64).collect();
        fees.sort_by(|a, b| b.total_cmp(a));
        (fees[0] + fees[1]) / fees.iter().sum::<f64>()
    };
    assert!(top_two(Version::V0_8_3) > 0.99);
    // Two of eight alike: a quarter, and the largest two of a sample a little more.
    assert!((0.25..0.28).contains(&top_two(Version::V0_8_4)));
}

#[test]
fn past_weights_have_names() {
    let named =
        |name: &str| SelectionWeights::NAMED.iter().find(|(known, _)| *known == name).unwrap().1;
    let of = |stake, price, random| SelectionWeights { stake, price, random };
    assert_eq!(named("default"), of(0.7, 0.0, 0.3));
    // The stake weight rose from 0.15 to 0.65, the rest being price (forum
    // threads 2159 and 2254).
    assert_eq!(named("studio-2023"), of(0.15, 0.85, 0.0));
    assert_eq!(named("studio-2024"), of(0.65, 0.35, 0.0));
}

#[test]
fn warnings_of_the_opening_are_of_those_whom_a_gateway_asks() {
    // The third is never found: 3.5 round trips of 400 ms, where the others answer in
    // 0.5 s. What it asks for changes nothing.
    let ids = |prices: [u32; 3], change: &dyn Fn(&mut Scenario)| -> Vec<&'static str> {
        let offers = [(0, 1, prices[0]), (1, 1, prices[1]), (2, 1, prices[2])];
        let mut scenario = market(SelectionRule::Livepeer, &offers);
        scenario.network.rtt.set_ms(0, 2, 400.0);
        change(&mut scenario);
        opening_warnings(&scenario).iter().map(|warning| warning.id).collect()
    };
    let by_price = |scenario: &mut Scenario| weights(scenario, 0.3, 0.7, 0.0);
    assert_eq!(ids([AI_PRICE, AI_PRICE, 50_000], &by_price), ["price-weight-blind"]);
    assert!(ids([AI_PRICE, 50_000, AI_PRICE], &by_price).is_empty());
    // Nor does one that is cold, while others are warm.
    let cold = |scenario: &mut Scenario| {
        by_price(scenario);
        scenario.network.orchestrators[1].offers[0].warm = false;
    };
    assert_eq!(ids([AI_PRICE, 50_000, AI_PRICE], &cold), ["price-weight-blind"]);

    let at_most = |version: Version, scenario: &mut Scenario| {
        scenario.network.gateways[0].version = version;
        scenario.network.gateways[0].max_price = vec![Some(Price::whole(100).into())];
    };
    let on_0_9 = |scenario: &mut Scenario| at_most(Version::V0_9, scenario);
    assert_eq!(ids([101, 102, 1], &on_0_9), ["nobody-within-max-price"]);
    assert!(ids([101, 1, 102], &on_0_9).is_empty());
    let on_0_8_3 = |scenario: &mut Scenario| at_most(Version::V0_8_3, scenario);
    assert!(ids([1, 2, 101], &on_0_8_3).is_empty());
    assert_eq!(ids([1, 101, 2], &on_0_8_3), ["overpriced-hides-idle"]);
    // Never-used sessions of one pool hide no idle ones of the other.
    let apart = |scenario: &mut Scenario| {
        on_0_8_3(scenario);
        scenario.network.orchestrators[1].offers[0].warm = false;
    };
    assert!(ids([1, 101, 2], &apart).is_empty());
}

/// Two orchestrators, one so far away (3.5 round trips of 130 ms, and 90 ms of
/// its own on average) that 39 % of discoveries of 500 ms find it:
/// 1 - exp(-45 / 90).
fn far_away() -> Scenario {
    let mut scenario =
        market(SelectionRule::Livepeer, &[(0, 1_000, AI_PRICE), (2, 3_000, AI_PRICE)]);
    weights(&mut scenario, 0.7, 0.0, 0.3);
    scenario.network.gateways[0].version = Version::V0_9;
    scenario.network.rtt.set_ms(0, 2, 130.0);
    scenario.network.orchestrators[1].jitter_ms = 90.0;
    scenario
}

#[test]
fn pools_that_keep_their_sessions_get_whoever_is_found_now_and_then() {
    assert_shares(&far_away(), &[0.7 * 0.25 + 0.15, 0.7 * 0.75 + 0.15]);
    let warnings = explanation(&far_away()).warnings;
    assert!(warnings[0].starts_with("1 of 2 are missed by most discoveries"), "{warnings:?}");
    let mut never = far_away();
    never.network.rtt.set_ms(0, 2, 250.0);
    assert_shares(&never, &[1.0, 0.0]);
}

#[test]
fn pools_of_live_video_in_0_9_have_whom_the_last_discovery_found() {
    let mut scenario = far_away();
    scenario.network.models[0].pipeline = Pipeline::LiveVideoToVideo;
    assert_close(&probabilities(&scenario), &[1.0, 0.0]);
    // The gateway's own rule decides in the pools that have the other one too. Shares of
    // 20,000 discoveries are known to within 1 percentage point.
    scenario.network.gateways[0].selection = SelectionRule::SqrtStake;
    let other = (1.0 - (-0.5f64).exp()) * 3f64.sqrt() / (1.0 + 3f64.sqrt());
    let seen = probabilities(&scenario);
    assert!((seen[1] - other).abs() < 0.01 && (seen[0] + seen[1] - 1.0).abs() < 1e-9, "{seen:?}");
    // A quota of half that is met only by those discoveries: all of them go there.
    scenario.network.gateways[0].selection = quota(0.0, 0.5, SelectionRule::SqrtStake);
    let seen = probabilities(&scenario);
    assert!((seen[1] - (1.0 - (-0.5f64).exp())).abs() < 0.01, "{seen:?}");
}
