//! What the policy does, against closed forms and arithmetic on paper.

mod common;

use common::{RESERVE, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{Arrivals, DemandStream};
use orchsim::ensemble::{Forecast, Plan, forecast};
use orchsim::network::{Gateway, Model, Orchestrator, Pipeline, SelectionWeights};
use orchsim::policy::{
    Ceiling, Course, DeveloperLimit, HighestQuote, InputTokens, MaxPricePolicy, Period, Provider,
    ProviderShare, Reference, RequestLimit, Scope, SpendCeiling, TargetRunway,
};
use orchsim::report::sentence;
use orchsim::scenario::{DEFAULT, Scenario, Source, load};
use orchsim::simulation::{Failure, Opening, ReplicationResult, World, replicate};
use orchsim::units::{Decimal, PostedPrice, Price, Wei};

fn run(scenario: &Scenario, number: u64) -> ReplicationResult {
    replicate(&World::new(scenario), number).unwrap()
}

fn run_all(scenario: &Scenario) -> Forecast {
    let plan = Plan::fixed(scenario.replications);
    forecast(scenario, plan, &|_, _| {}).unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Requests so even that a day has as many as it should: a trace.
fn evenly(scenario: &mut Scenario, per_day: u32) {
    let days = scenario.horizon_days;
    let step = 86_400.0 / f64::from(per_day);
    let requests =
        (0..per_day * days).map(|number| (f64::from(number) * step + step / 2.0, None)).collect();
    scenario.demand[0].arrivals = Arrivals::Trace(orchsim::demand::Trace { requests });
}

/// Orchestrators at 1, 2, ... wei a unit, chosen alike, each with room for all.
fn ladder(rungs: u128) -> Scenario {
    let mut scenario = scenario(2_000.0);
    scenario.network.gateways[0].weights = SelectionWeights { stake: 0.0, price: 0.0, random: 1.0 };
    scenario.network.orchestrators =
        (1..=rungs).map(|rung| orchestrator(&format!("o{rung}"), rung, 1_000)).collect();
    scenario.network.registered_orchestrators = rungs as u32;
    scenario
}

fn max_price(scenario: &Scenario) -> Option<Price> {
    Opening::new(scenario).market(0, 0).max_price
}

#[test]
fn a_maximum_below_every_offer_means_no_service_and_says_so() {
    let mut scenario = ladder(4);
    scenario.replications = 3;
    // The dearest asks 4; a fifth of that is below the cheapest, 1.
    scenario.policy.max_price.factor = decimal("0.2");
    let forecast = run_all(&scenario);
    assert_eq!(forecast.spend.total, Wei::ZERO);
    assert_eq!(forecast.service.success_rate(), Some(0.0));
    assert_eq!(forecast.runway.p10.days, None);
    let words = sentence(&scenario, &forecast);
    assert!(words.starts_with("Not reached: no orchestrator is within the maximum price"));
    assert!(words.contains("unbounded"), "{words}");
    let warning = forecast.warnings.iter().find(|w| w.id == "nobody-within-max-price").unwrap();
    assert!(warning.text.contains("nothing is served or spent"), "{}", warning.text);
    assert_eq!(run(&scenario, 0).depleted, None);
    // The fallback of the policy overrides the gateway's own setting.
    scenario.policy.max_price.ignore_if_nobody = Some(true);
    assert!(run(&scenario, 0).service[0].served > 1_500);
    scenario.policy.max_price.ignore_if_nobody = Some(false);
    scenario.network.gateways[0].ignore_max_price = true;
    assert_eq!(run(&scenario, 0).service[0].served, 0);
}

#[test]
fn a_factor_is_exact_and_acts_on_the_pipelines_named() {
    let mut scenario = ladder(4);
    let posted = Price::new(4_768_371, 1).unwrap();
    scenario.network.gateways[0].max_price = vec![Some(posted.into())];
    scenario.policy.max_price.factor = decimal("0.5");
    assert_eq!(max_price(&scenario), Price::new(4_768_371, 2).ok());
    scenario.policy.max_price.pipelines = vec![Pipeline::Llm];
    assert_eq!(max_price(&scenario), Some(posted));
    scenario.policy.max_price.pipelines = vec![Pipeline::TextToImage];
    // Without a maximum the highest quote is the reference.
    scenario.network.gateways[0].max_price = vec![None];
    assert_eq!(max_price(&scenario), Price::new(2, 1).ok());
    scenario.policy.max_price.factor = decimal("1");
    assert_eq!(max_price(&scenario), None);
}

#[test]
fn where_no_maximum_is_posted_the_highest_quote_counts_once_the_factor_turns() {
    let steps = Course::Steps(vec![(300, decimal("0.5"))]);
    let policy = MaxPricePolicy { course: steps, ..MaxPricePolicy::default() };
    let model = &ladder(1).network.models[0];
    let price = Price::new(100, 1).unwrap();
    let max_price = |eth_usd: Option<Decimal>| {
        policy.max_price(model, None, || Some(HighestQuote { price, eth_usd }))
    };
    let (then, now) = (decimal("2000"), decimal("1600"));
    // An offer in USD asks a quarter more wei once ETH is worth a fifth less.
    for (eth_usd, halved) in [(None, 50), (Some(then), 50), (Some(now), 50)] {
        let at_start = eth_usd.unwrap_or(then);
        assert_eq!(max_price(eth_usd).at(Decimal::ONE, at_start), Ok(None));
        assert_eq!(max_price(eth_usd).at(Decimal::ONE, now), Ok(None));
        let half = max_price(eth_usd).at(decimal("0.5"), at_start).unwrap();
        assert_eq!(half, Price::new(halved, 1).ok());
    }
    let later = |eth_usd| max_price(eth_usd).at(decimal("0.5"), now).unwrap().unwrap().to_f64();
    assert_eq!(later(None), 50.0);
    assert!((later(Some(then)) - 62.5).abs() < 1e-6);
}

#[test]
fn the_default_scenario_takes_the_factor_from_the_command_line() {
    let source = Source { name: "default".into(), text: DEFAULT.into(), directory: None };
    let scenario = load(&source, &["policy.max_price.factor=0.5".to_string()]).unwrap();
    let t2i = scenario.network.models.iter().position(|m| m.pipeline == Pipeline::TextToImage);
    let market = Opening::new(&scenario).market(0, t2i.unwrap());
    assert_eq!(market.max_price, Price::new(4_768_371, 2).ok());
}

fn model(pipeline: Pipeline, id: &str) -> Model {
    let mut model = scenario(1.0).network.models.remove(0);
    (model.pipeline, model.id) = (pipeline, id.to_string());
    model
}

#[test]
fn a_provider_share_is_a_price_in_dollars() {
    let llama = model(Pipeline::Llm, "meta-llama/Meta-Llama-3.1-8B-Instruct");
    let share = ProviderShare {
        share: 0.3,
        provider: Provider::named("together").unwrap(),
        input_tokens: InputTokens::Free,
        used_share: 1.0,
    };
    let usd = |share: ProviderShare, model: &Model| match share.price(model) {
        Some(PostedPrice::Usd { usd, units }) => usd.to_f64() / units as f64,
        other => panic!("{other:?}"),
    };
    let near = |actual: f64, expected: f64| {
        assert!((actual / expected - 1.0).abs() < 1e-9, "{actual} for {expected}");
    };
    // 0.3 x 0.18 USD a million tokens.
    near(usd(share, &llama), 5.4e-8);
    // In wei a token at 2,706 USD an ETH: 5.4e-8 / 2706 x 1e18.
    let wei = share.price(&llama).unwrap().at(decimal("2706")).unwrap();
    assert!((wei.to_f64() - 19_955_654.1).abs() < 0.1, "{wei}");
    // Three input tokens an output token: 0.18 + 3 x 0.18; half of max_tokens used.
    let charged = InputTokens::Charged { per_output: 3.0 };
    near(usd(ProviderShare { input_tokens: charged, ..share }, &llama), 0.3 * 0.72e-6);
    near(usd(ProviderShare { used_share: 0.5, ..share }, &llama), 2.7e-8);
    let groq = ProviderShare { provider: Provider::named("groq").unwrap(), ..share };
    near(usd(ProviderShare { input_tokens: charged, ..groq }, &llama), 0.3 * 0.23e-6);
    // Cheapest: nscale's 0.03 for output; with input charged 3 to 1 nscale's
    // 0.12 still beats DeepInfra's 0.14 and Groq's 0.23.
    let cheapest = ProviderShare { provider: Provider::Cheapest, ..share };
    near(usd(cheapest, &llama), 0.3 * 0.03e-6);
    near(usd(ProviderShare { input_tokens: charged, ..cheapest }, &llama), 0.3 * 0.12e-6);
    // A clip of 1024 x 576 x 25 pixels at 0.075 USD, a minute at 0.006.
    let fal = ProviderShare { share: 1.0, provider: Provider::named("fal").unwrap(), ..share };
    let video = model(Pipeline::ImageToVideo, "stabilityai/stable-video-diffusion-img2vid-xt-1-1");
    near(usd(fal, &video), 0.075 / 14_745_600.0);
    let openai = ProviderShare { provider: Provider::named("openai").unwrap(), ..fal };
    let whisper = model(Pipeline::AudioToText, "openai/whisper-large-v3");
    near(usd(openai, &whisper), 1e-7);
    // Both bill all of the audio.
    near(usd(ProviderShare { used_share: 0.5, ..openai }, &whisper), 1e-7);
    near(usd(openai, &model(Pipeline::TextToSpeech, "parler-tts/parler-tts-large-v1")), 1.5e-5);
    assert_eq!(openai.price(&llama), None);
    assert_eq!(fal.price(&model(Pipeline::Upscale, "x4")), None);
}

#[test]
fn a_provider_s_price_takes_the_place_of_the_maximum_and_follows_the_feed() {
    let mut scenario = ladder(4);
    scenario.network.models[0].id = "ByteDance/SDXL-Lightning".to_string();
    scenario.network.gateways[0].max_price = vec![Some(Price::whole(7).into())];
    let share = ProviderShare {
        share: 1.0,
        provider: Provider::named("nscale").unwrap(),
        input_tokens: InputTokens::Free,
        used_share: 1.0,
    };
    scenario.policy.max_price.reference = Reference::Provider(share);
    // 3e-9 USD a pixel at 1 USD an ETH is 3e9 wei; a factor comes on top.
    assert_eq!(max_price(&scenario), Price::new(3_000_000_000, 1).ok());
    scenario.policy.max_price.factor = decimal("0.5");
    assert_eq!(max_price(&scenario), Price::new(1_500_000_000, 1).ok());
    scenario.credits.eth_usd = decimal("2000");
    assert_eq!(max_price(&scenario), Price::new(750_000, 1).ok());
    // A model that it does not serve keeps the gateway's own.
    scenario.network.models[0].id = "unheard-of".to_string();
    assert_eq!(max_price(&scenario), Price::new(7, 2).ok());
}

#[test]
fn steps_act_on_their_day() {
    // Even prices 1 to 4 cost 2.5 on average, 1 and 2 only 1.5, none 0.
    let mut scenario = ladder(4);
    scenario.horizon_days = 9;
    scenario.policy.max_price.course =
        Course::Steps(vec![(3, decimal("0.5")), (6, decimal("0.2")), (7, decimal("1"))]);
    let result = run(&scenario, 0);
    let per_day = |days: std::ops::Range<usize>| {
        let spent: Wei = result.daily_spend[days.clone()].iter().copied().sum();
        spent.0 as f64 / 2_000_000.0 / days.len() as f64
    };
    for (days, mean) in [(0..3, 2.5), (3..6, 1.5), (7..9, 2.5)] {
        // Poisson counts and an even choice: 3.5 standard errors, below 6 %.
        assert!((per_day(days.clone()) / mean - 1.0).abs() < 0.06, "{days:?}");
    }
    assert_eq!(result.daily_spend[6], Wei::ZERO);
}

#[test]
fn a_step_leaves_earlier_days_as_they_were() {
    let plain = ladder(4);
    let mut stepped = Scenario { horizon_days: 4, ..plain.clone() };
    let plain = Scenario { horizon_days: 4, ..plain };
    stepped.policy.max_price.course = Course::Steps(vec![(2, decimal("0.5"))]);
    let (plain, stepped) = (run(&plain, 5), run(&stepped, 5));
    assert_eq!(plain.daily_spend[..2], stepped.daily_spend[..2]);
    assert_eq!(plain.service[0].asked, stepped.service[0].asked);
    assert_ne!(plain.daily_spend[2], stepped.daily_spend[2]);
}

/// Credits that would last half of 100 days at full prices, steered.
#[test]
fn a_steered_factor_makes_the_credits_last_until_the_target() {
    // With 40 prices up to 40 the mean price is (M + 1) / 2 at a maximum of M:
    // 20.5 at first, 10.25 for twice the runway, so a factor near 0.49.
    let mut scenario = ladder(40);
    scenario.horizon_days = 200;
    let full_day = 2_000 * 1_000 * 41 / 2;
    scenario.credits = credits(Wei(50 * full_day + RESERVE.0));
    let unsteered: Vec<f64> =
        (0..5).map(|number| run(&scenario, number).depleted.unwrap().as_days()).collect();
    assert!(unsteered.iter().all(|days| (days / 50.0 - 1.0).abs() < 0.03), "{unsteered:?}");
    scenario.policy.max_price.course =
        Course::TargetRunway(TargetRunway { days: 100, review_days: 7, least: 0.2, most: 1.0 });
    // What is not yet corrected at the last review, two days before: a
    // percent or two of a week's spend.
    for number in 0..5 {
        let days = run(&scenario, number).depleted.unwrap().as_days();
        assert!((days - 100.0).abs() < 2.0, "{days}");
    }
}

#[test]
fn a_daily_limit_is_the_number_served_each_day() {
    let mut scenario = ladder(4);
    scenario.horizon_days = 5;
    evenly(&mut scenario, 100);
    scenario.policy.pacing.request_limits =
        vec![RequestLimit { scope: Scope::default(), per_day: 37 }];
    let service = &run(&scenario, 0).service[0];
    assert_eq!((service.asked, service.served), (500, 185));
    assert_eq!(service.failed[Failure::Limit as usize], 315);
    let forecast = run_all(&scenario);
    let limit = forecast.service.failed.named().into_iter().find(|(name, _)| *name == "limit");
    assert_eq!(limit, Some(("limit", 315.0)));
}

#[test]
fn developers_are_limited_one_by_one() {
    // Two developers with shares 2/3 and 1/3 and 30 requests each: of 100 a day
    // some 67 and 33 are asked, so that nearly always 60 are served; with one
    // developer 30, with limits above 100 all.
    let served = |per_stream, requests_per_day| {
        let mut scenario = ladder(4);
        scenario.horizon_days = 50;
        evenly(&mut scenario, 100);
        let limit = DeveloperLimit { per_stream, zipf_exponent: 1.0, requests_per_day };
        scenario.policy.pacing.developers = Some(limit);
        run(&scenario, 0).service[0].served
    };
    assert_eq!([served(1, 30), served(2, 100)], [50 * 30, 50 * 100]);
    let two = served(2, 30);
    assert!(two <= 50 * 60 && two > 50 * 58, "{two}");
}

#[test]
fn a_spend_ceiling_bounds_every_day_and_week() {
    let mut scenario = ladder(4);
    scenario.horizon_days = 21;
    // Full days cost some 5,000,000 wei. The first day is a Tuesday.
    let scope = Scope { gateway: Some(0), stream: None };
    let ceiling = |amount, period| SpendCeiling { scope: scope.clone(), amount, period };
    scenario.policy.pacing.spend_ceilings =
        vec![ceiling(Ceiling::Eth(Wei(2_000_000)), Period::Day)];
    let result = run(&scenario, 0);
    for day in &result.daily_spend {
        // The largest request costs 4,000: less than that is left over.
        assert!(day.0 <= 2_000_000 && day.0 > 1_996_000, "{day}");
    }
    assert!(result.service[0].failed[Failure::Limit as usize] > 10_000);
    assert_eq!(result.service[0].failed.iter().sum::<u64>(), result.service[0].failed[8]);
    let usd = Ceiling::Usd(decimal("0.00000000001"));
    scenario.policy.pacing.spend_ceilings = vec![ceiling(usd, Period::Week)];
    let result = run(&scenario, 0);
    let week = |days: std::ops::Range<usize>| -> u128 {
        result.daily_spend[days].iter().map(|day| day.0).sum()
    };
    // 1e-11 USD is 1e7 wei: two days' worth a week, from Monday on.
    for days in [0..6, 6..13, 13..20] {
        let spent = week(days);
        assert!(spent <= 10_000_000 && spent > 9_996_000, "{spent}");
    }
}

#[test]
fn the_tightest_ceiling_is_used_up_to_the_wei() {
    let mut scenario = ladder(1);
    scenario.horizon_days = 3;
    evenly(&mut scenario, 20);
    let ceiling = |gateway, stream: Option<&str>, wei| SpendCeiling {
        scope: Scope { gateway, stream: stream.map(str::to_string) },
        amount: Ceiling::Eth(Wei(wei)),
        period: Period::Day,
    };
    // Of requests at 1,000 wei.
    scenario.policy.pacing.spend_ceilings =
        vec![ceiling(Some(0), None, 7_000), ceiling(None, None, 5_000)];
    assert_eq!(run(&scenario, 0).daily_spend, [Wei(5_000); 3]);

    scenario.demand.push(DemandStream { id: "other".to_string(), ..scenario.demand[0].clone() });
    scenario.policy.pacing.spend_ceilings =
        vec![ceiling(Some(0), Some("other"), 7_000), ceiling(Some(0), None, 25_000)];
    let result = run(&scenario, 0);
    // Both ask alike, so that the other's ceiling is reached first.
    assert_eq!(result.spend_by_stream, [Wei(3 * 18_000), Wei(3 * 7_000)]);
}

#[test]
fn a_ceiling_cuts_running_streams_short() {
    let mut scenario = scenario(200.0);
    scenario.horizon_days = 4;
    scenario.network.models[0].pipeline = Pipeline::LiveVideoToVideo;
    scenario.network.models[0].service.overhead_s = 0.0;
    scenario.demand[0].size = orchsim::kernel::Distribution::Constant(600.0);
    let interval = 5 * orchsim::network::LIVE_PIXELS_PER_SECOND as u128;
    let mut only = orchestrator("only", 1, 1_000);
    only.tickets.expected_value = Wei(interval);
    only.tickets.max_face_value = Some(Wei(interval + 1));
    scenario.network.orchestrators = vec![only];
    // A stream costs 120 intervals and a prepayment: 50 of 200 fit.
    let limit = Wei(50 * 125 * interval);
    scenario.policy.pacing.spend_ceilings = vec![SpendCeiling {
        scope: Scope::default(),
        amount: Ceiling::Eth(limit),
        period: Period::Day,
    }];
    let result = run(&scenario, 0);
    for day in &result.daily_spend {
        assert!(*day <= limit && day.0 > limit.0 - 5 * interval, "{day}");
    }
    let service = &result.service[0];
    assert!((45 * 4..=52 * 4).contains(&service.served), "{}", service.served);
    assert!(service.failed[Failure::Limit as usize] > 400);
}

/// Requests of a second at one a second: a member with one session serves what
/// finds it free; the rest goes to those who are paid.
#[test]
fn a_free_alpha_group_extends_the_runway_by_erlangs_formula() {
    let mut scenario = scenario(86_400.0);
    scenario.horizon_days = 10;
    scenario.credits = credits(Wei(20_000 * 1_000 * 10 + RESERVE.0));
    let mut all = vec![orchestrator("alpha", 10, 1_000)];
    all.extend((0..15).map(|number| orchestrator(&format!("o{number}"), 10, 1_000)));
    scenario.network.orchestrators = all;
    scenario.network.registered_orchestrators = 16;
    let runway = |scenario: &Scenario| {
        let days: Vec<f64> =
            (0..20).map(|number| run(scenario, number).depleted.unwrap().as_days()).collect();
        mean_and_error(&days)
    };
    let (without, error_without) = runway(&scenario);
    scenario.policy.alpha_group.members = vec![0];
    scenario.policy.alpha_group.discount = Decimal::ONE;
    let (with, error_with) = runway(&scenario);
    // Erlang B(1, a = 1) = 1/2: half of the requests are paid.
    let ratio = with / without;
    let error = ratio * (error_with / with).hypot(error_without / without);
    assert!((ratio - 2.0).abs() < 3.5 * error + 0.01, "{ratio} +- {error}");
    let result = run(&scenario, 0);
    assert_eq!(result.fees[0], Wei::ZERO);
    let share = result.served_by[0] as f64 / result.service[0].served as f64;
    assert!((share - 0.5).abs() < 0.02, "{share}");
    // At half the price for that half, a quarter off: 1 / 0.75.
    scenario.policy.alpha_group.discount = decimal("0.5");
    scenario.network.orchestrators[0].tickets.expected_value = Wei(5_000);
    let (half, error_half) = runway(&scenario);
    let ratio = half / without;
    let error = ratio * (error_half / half).hypot(error_without / without);
    assert!((ratio - 4.0 / 3.0).abs() < 3.5 * error + 0.01, "{ratio} +- {error}");
}

/// Members come first under every selection rule.
#[test]
fn members_serve_all_they_can_under_every_rule() {
    use orchsim::network::Version;
    for version in Version::NAMES.map(|(_, version)| version) {
        for pipeline in [Pipeline::TextToImage, Pipeline::LiveVideoToVideo] {
            let mut scenario = ladder(4);
            scenario.network.gateways =
                vec![Gateway { version, ..scenario.network.gateways.remove(0) }];
            scenario.network.models[0].pipeline = pipeline;
            scenario.demand = vec![DemandStream {
                size: orchsim::kernel::Distribution::Constant(1.0),
                ..scenario.demand.remove(0)
            }];
            // The dearest, slowest and cold.
            let member: &mut Orchestrator = &mut scenario.network.orchestrators[3];
            member.speed = 0.9;
            member.offers[0].warm = false;
            scenario.policy.alpha_group.members = vec![3];
            scenario.policy.alpha_group.discount = Decimal::ONE;
            evenly(&mut scenario, 1_000);
            let result = run(&scenario, 0);
            assert_eq!(result.served_by, [0, 0, 0, 1_000], "{version:?} {pipeline:?}");
        }
    }
}

#[test]
fn a_policy_that_is_left_out_changes_nothing() {
    let policy = orchsim::policy::Policy::default();
    assert_eq!(policy.max_price, MaxPricePolicy::default());
    assert_eq!(max_price(&ladder(4)), None);
}
