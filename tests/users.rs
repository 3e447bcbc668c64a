//! Users who respond to price and quality, and pay: against closed forms.

mod common;

use common::{RESERVE, credits, mean_and_error, orchestrator, scenario};
use orchsim::demand::{Arrivals, Growth, PayingShare, PriceCurve, Trace, UserPrice, Users};
use orchsim::ensemble::{Better, Plan, VarianceReduction, forecast};
use orchsim::experiment::{Entry, compare, refer_to_prices_of};
use orchsim::kernel::Distribution;
use orchsim::report::{RunContext, Style, summary_json, terminal};
use orchsim::scenario::Scenario;
use orchsim::simulation::{CustomerRecord, Mode, ReplicationResult, World, replicate};
use orchsim::treasury::{ConversionPolicy, PriceSeries, Schedule, TokenPrices};
use orchsim::units::{Lpt, PostedPrice, Price, SimTime, Wei};

const WEI_PER_UNIT: u32 = 10;

fn wei(price: u32) -> PostedPrice {
    Price::whole(price).into()
}

/// All pay what the gateway pays, and do not respond.
fn users() -> Users {
    Users {
        curve: PriceCurve::Inelastic,
        price: UserPrice::Markup(1.0),
        reference_price: None,
        success_exponent: 0.0,
        latency_exponent: 0.0,
        most: 1.0,
        review_hours: 24.0,
        adjustment: 0.5,
        paying: PayingShare::ALL,
    }
}

/// Requests of 1,000 units at 10 wei each, from such users.
fn with(users: Users, requests_per_day: f64, days: u32) -> Scenario {
    let mut scenario = scenario(requests_per_day);
    scenario.horizon_days = days;
    scenario.network.orchestrators = vec![orchestrator("only", WEI_PER_UNIT.into(), 1000)];
    scenario.demand[0].users = Some(users);
    scenario
}

fn run(scenario: &Scenario) -> ReplicationResult {
    replicate(&World::new(scenario), 0).unwrap()
}

fn record(result: &ReplicationResult) -> &CustomerRecord {
    let [record] = result.customers.as_slice() else { panic!("{:?}", result.customers) };
    record
}

/// Standard score of a Poisson count.
fn z(count: u64, mean: f64) -> f64 {
    (count as f64 - mean) / mean.sqrt()
}

#[test]
fn the_number_of_requests_follows_the_curve() {
    let logit = PriceCurve::Logit { sensitivity: 2.0, competitor: wei(20) };
    // 1 / (1 + exp(2 (p / 20 - 1))) at 20, 5 and 10 wei.
    let (at_20, at_5, at_10) = (0.5, 0.817_574_476, 0.731_058_579);
    let cases = [
        (PriceCurve::Elasticity { exponent: -1.5 }, 20, 2f64.powf(-1.5)),
        (PriceCurve::Elasticity { exponent: -1.5 }, 5, 2f64.powf(1.5)),
        (PriceCurve::Linear { slope: 0.5 }, 20, 0.5),
        (PriceCurve::Linear { slope: 0.5 }, 30, 0.0),
        (logit, 20, at_20 / at_10),
        (logit, 5, at_5 / at_10),
        (PriceCurve::Inelastic, 20, 1.0),
        // Cut off at `most`.
        (PriceCurve::Elasticity { exponent: -4.0 }, 5, 3.0),
    ];
    for (curve, price, factor) in cases {
        let price = UserPrice::Posted(wei(price));
        let reference_price = Some(UserPrice::Posted(wei(10)));
        let scenario =
            with(Users { curve, price, reference_price, most: 3.0, ..users() }, 1000.0, 20);
        let asked = run(&scenario).service[0].asked;
        if factor == 0.0 {
            assert_eq!(asked, 0);
        } else {
            assert!(z(asked, 20_000.0 * factor).abs() < 3.0, "{curve:?} at {price:?}: {asked}");
        }
    }
}

#[test]
fn a_lower_rate_keeps_a_part_of_the_same_requests() {
    let served = |price: u32| {
        let curve = PriceCurve::Elasticity { exponent: -1.0 };
        let price = UserPrice::Posted(wei(price));
        let reference_price = Some(UserPrice::Posted(wei(10)));
        let users = Users { curve, price, reference_price, most: 3.0, ..users() };
        let mut scenario = with(users, 500.0, 10);
        // The latency tells the size; waits for a discovery are small beside it.
        scenario.network.models[0].service.overhead_s = 0.0;
        scenario.network.models[0].service.seconds_per_unit = 1.0;
        scenario.demand[0].size = Distribution::Lognormal { mean: 1000.0, cv: 3.0 };
        // Large tickets: none is refused for want of a nonce.
        let tickets = &mut scenario.network.orchestrators[0].tickets;
        tickets.expected_value = Wei(1_000_000);
        tickets.max_face_value = Some(Wei(1_000_001));
        run(&scenario).service[0].clone()
    };
    let (more, less) = (served(5), served(15));
    let [bins, all] = [&less, &more].map(|record| record.latency.counts().collect::<Vec<_>>());
    assert!(less.served < more.served / 2 && bins.len() > 100, "{} bins", bins.len());
    // A request at the edge of a bin may fall into the next by such a wait.
    let unknown = |&(bin, count): &(usize, u64)| {
        let known = all.iter().find(|(other, _)| *other == bin);
        count.saturating_sub(known.map_or(0, |(_, more)| *more))
    };
    let unknown: u64 = bins.iter().map(unknown).sum();
    assert!(unknown <= 3, "{unknown} of {}", less.served);
}

#[test]
fn the_paying_share_nears_its_ceiling_exponentially() {
    for days in [10, 40, 100] {
        let paying = PayingShare { at_start: 0.1, converts_per_day: 0.05, ceiling: 0.6 };
        let scenario = with(Users { paying, ..users() }, 500.0, days);
        let result = run(&scenario);
        let record = record(&result);
        // The integral of 0.6 - 0.5 exp(-0.05 t).
        let t = f64::from(days);
        let paid_days = 0.6 * t - 0.5 / 0.05 * (1.0 - (-0.05 * t).exp());
        let standard_score = z(record.paying, 500.0 * paid_days);
        assert!(standard_score.abs() < 3.0, "{days} days: {standard_score}");
        assert_eq!(record.free + record.paying, result.service[0].asked);
    }
}

#[test]
fn free_users_do_not_see_the_price() {
    let paying = PayingShare { at_start: 0.25, converts_per_day: 0.0, ceiling: 1.0 };
    let curve = PriceCurve::Linear { slope: 1.0 };
    let (price, reference_price) = (UserPrice::Posted(wei(15)), Some(UserPrice::Posted(wei(10))));
    let users = Users { paying, curve, price, reference_price, ..users() };
    let result = run(&with(users.clone(), 1000.0, 20));
    assert!(z(record(&result).free, 15_000.0).abs() < 3.0);
    assert!(z(record(&result).paying, 2_500.0).abs() < 3.0);
    assert!((record(&result).rate_factor - 0.875).abs() < 1e-12);
    // At the end 1 - exp(-0.05 t) of them pay.
    let paying = PayingShare { at_start: 0.0, converts_per_day: 0.05, ceiling: 1.0 };
    let result = run(&with(Users { paying, ..users }, 1000.0, 20));
    let expected = 0.5 + 0.5 * (-1.0f64).exp();
    assert!((record(&result).rate_factor - expected).abs() < 1e-12);
}

#[test]
fn revenue_is_price_times_units_to_the_wei() {
    let cases = [(UserPrice::Posted(wei(7)), 7_000), (UserPrice::Markup(1.25), 12_500)];
    for (price, for_a_request) in cases {
        let result = run(&with(Users { price, ..users() }, 1000.0, 5));
        let record = record(&result);
        assert!(result.service[0].served > 4_000);
        assert_eq!(record.revenue.0, u128::from(result.service[0].served) * for_a_request);
        assert_eq!(record.revenue, result.books.income());
        assert_eq!(record.spend, result.spend_by_stream[0]);
        // An ETH costs a dollar.
        assert!((record.revenue_usd / record.revenue.to_coins() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn revenue_is_compared_where_users_pay() {
    // 15 requests of 1,000 units. Free users who mind failures only, and a price of 0,
    // bring nothing.
    let paid = |price: UserPrice, paying: PayingShare| {
        let users = Users { price, paying, success_exponent: 1.0, ..users() };
        let mut scenario = with(users, 1.0, 15);
        let noon = |day: u32| ((f64::from(day) + 0.5) * 86_400.0, None);
        let requests = (0..15).map(noon).collect();
        scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
        scenario
    };
    let difference = |base: &Scenario, variant: &Scenario| {
        let entry = |scenario: &Scenario, name: &str| Entry {
            name: name.to_string(),
            scenario: scenario.clone(),
        };
        let variants = vec![entry(variant, "variant")];
        let (mode, reduction) = (Mode::Exact, VarianceReduction::None);
        let found = compare(entry(base, "base"), variants, mode, reduction, &|| ()).unwrap();
        found.variants[0].difference("revenue_eth").cloned()
    };
    let cheap = paid(UserPrice::Posted(wei(7)), PayingShare::ALL);
    let dear = paid(UserPrice::Posted(wei(12)), PayingShare::ALL);
    let revenue = difference(&cheap, &dear).unwrap();
    let in_wei = |eth: f64| (eth * 1e18).round();
    assert_eq!(in_wei(revenue.base.unwrap().mean), 15.0 * 7_000.0);
    assert_eq!(in_wei(revenue.variant.unwrap().mean), 15.0 * 12_000.0);
    assert_eq!(in_wei(revenue.paired.unwrap().difference.mean), 15.0 * 5_000.0);
    assert_eq!(revenue.headline.better, Better::Higher);

    let nobody = PayingShare { at_start: 0.0, converts_per_day: 0.0, ceiling: 1.0 };
    let free = paid(UserPrice::Posted(wei(7)), nobody);
    let at_no_price = paid(UserPrice::Posted(wei(0)), PayingShare::ALL);
    assert!(difference(&free, &at_no_price).is_none());
    let revenue = difference(&free, &cheap).unwrap();
    assert!(revenue.base.is_none() && revenue.variant.is_some());
}

#[test]
fn revenue_is_worth_the_dollars_of_its_day() {
    // A request of 7,000 wei every noon, of ETH at 1,000, 2,000 and 4,000 dollars.
    let mut scenario = with(Users { price: UserPrice::Posted(wei(7)), ..users() }, 1.0, 3);
    let noon = |day: u32| ((f64::from(day) + 0.5) * 86_400.0, None);
    let requests = (0..3).map(noon).collect();
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
    let prices = [(0.0, 1.0, 1_000.0), (1.0, 1.0, 2_000.0), (2.0, 1.0, 4_000.0)];
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&prices).unwrap());
    let usd = record(&run(&scenario)).revenue_usd;
    assert!((usd / (7_000e-18 * 7_000.0) - 1.0).abs() < 1e-9, "{usd}");
}

#[test]
fn each_gateway_has_its_own_users_and_pays_for_all_its_streams() {
    // The first gateway also has users who neither pay nor respond. Users of the second
    // pay twice what it pays, and at an elasticity of -1 a half of them stays away.
    let mut scenario = with(users(), 300.0, 5);
    scenario.network.gateways.push(scenario.network.gateways[0].clone());
    scenario.network.gateways[1].id = "second".to_string();
    let dear = Users {
        curve: PriceCurve::Elasticity { exponent: -1.0 },
        price: UserPrice::Posted(wei(20)),
        reference_price: Some(UserPrice::Posted(wei(10))),
        ..users()
    };
    for (id, gateway, users) in [("others", 0, None), ("dear", 1, Some(dear))] {
        let mut stream = scenario.demand[0].clone();
        (stream.id, stream.gateway, stream.users) = (id.to_string(), gateway, users);
        scenario.demand.push(stream);
    }
    let result = run(&scenario);
    let [first, second] = &result.customers[..] else { panic!("{:?}", result.customers) };
    let [own, others, dear] = result.spend_by_stream[..] else { panic!("three streams") };
    assert!(others > Wei::ZERO);
    assert_eq!((first.spend.0, second.spend), (own.0 + others.0, dear));
    assert_eq!((first.rate_factor, second.rate_factor), (1.0, 0.5));
    // 10,000 and 20,000 wei for each request of theirs that was served; one may be on its
    // way at the end.
    for (record, price) in [(first, 10_000), (second, 20_000)] {
        let asked = u128::from(record.paying) * price;
        assert!(record.free == 0 && (asked - 2 * price..=asked).contains(&record.revenue.0));
    }
    assert_eq!(result.books.income().0, first.revenue.0 + second.revenue.0);
}

#[test]
fn a_markup_is_on_what_the_gateway_would_pay() {
    // Nobody pays the second, which is above the maximum.
    let mut scenario = with(users(), 1_000.0, 1);
    scenario.network.orchestrators.push(orchestrator("dear", 1_000, 1000));
    scenario.network.registered_orchestrators = 2;
    scenario.network.gateways[0].max_price = vec![Some(wei(20))];
    let result = run(&scenario);
    let for_a_request = 1_000 * u128::from(WEI_PER_UNIT);
    assert_eq!(record(&result).revenue.0, u128::from(result.served_by[0]) * for_a_request);
}

#[test]
fn users_go_by_dollars_and_part_of_the_way_at_each_review() {
    // ETH doubles in the night before the tenth review. At an elasticity of -1 a
    // price in wei halves the rate: at once, or by steps of 1/2: 0.75, 0.625, ...,
    // in ten days 5 + (1 - 2^-10) / 2. A price in dollars stays what it was.
    let in_dollars =
        PostedPrice::Usd { usd: "0.01".parse().unwrap(), units: 1_000_000_000_000_000 };
    let halfway = 15.0 + (1.0 - 2f64.powi(-10)) / 2.0;
    for (price, adjustment, days) in
        [(wei(10), 1.0, 15.0), (wei(10), 0.5, halfway), (in_dollars, 1.0, 20.0)]
    {
        let curve = PriceCurve::Elasticity { exponent: -1.0 };
        let price = UserPrice::Posted(price);
        let mut scenario = with(Users { curve, price, adjustment, ..users() }, 2_000.0, 20);
        let prices = [(0.0, 1.0, 1.0), (9.5, 2.0, 2.0)];
        scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&prices).unwrap());
        let asked = run(&scenario).service[0].asked;
        assert!(z(asked, 2_000.0 * days).abs() < 3.0, "{price:?}, {adjustment}: {asked}");
    }
}

#[test]
fn a_competitor_that_gets_cheaper_in_dollars_draws_users_away() {
    // ETH halves. Of those who pay in dollars, half chose this one at equal prices and
    // 1 / (1 + exp(5)) choose it now; of those who pay in wei with a competitor in
    // dollars 1 / (1 + exp(-2.5)).
    let in_dollars =
        PostedPrice::Usd { usd: "0.02".parse().unwrap(), units: 1_000_000_000_000_000 };
    let away = 2.0 / (1.0 + 5f64.exp());
    let here = 2.0 / (1.0 + (-2.5f64).exp());
    for (price, competitor, factor) in [(in_dollars, wei(10), away), (wei(10), in_dollars, here)] {
        let curve = PriceCurve::Logit { sensitivity: 5.0, competitor };
        let price = UserPrice::Posted(price);
        let users = Users { curve, price, adjustment: 1.0, most: 3.0, ..users() };
        let mut scenario = with(users, 100.0, 5);
        let usd = "2".parse().unwrap();
        (scenario.credits.eth_usd, scenario.credits.lpt_usd) = (usd, usd);
        let prices = [(0.0, 2.0, 2.0), (1.5, 1.0, 1.0)];
        scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&prices).unwrap());
        let seen = record(&run(&scenario)).rate_factor;
        assert!((seen - factor).abs() < 1e-9, "{seen} for {factor}");
    }
}

/// Credits for 5,000 requests.
fn small_credits(users: Users, days: u32) -> Scenario {
    let mut scenario = with(users, 200.0, days);
    scenario.credits = credits(Wei(5_000 * 1_000 * u128::from(WEI_PER_UNIT) + RESERVE.0 + 1));
    scenario
}

#[test]
fn full_cost_recovery_lasts_for_ever() {
    let result = run(&small_credits(users(), 1000));
    assert_eq!(result.depleted, None);
    let record = record(&result);
    let missing = record.spend.0 - record.revenue.0;
    assert!(missing <= 3 * 10_000, "{missing} wei of requests in flight at the end");
}

#[test]
fn revenue_lengthens_the_runway_by_what_it_brings() {
    // Half pay what the gateway pays: on day d (from 0) 200 requests a day have gone
    // out and 100 for each whole day come in. 200 t - 100 d = 5000 for d = 49 at
    // t = 49.5; without revenue at 25.
    let half = PayingShare { at_start: 0.5, converts_per_day: 0.0, ceiling: 0.5 };
    let none = PayingShare { at_start: 0.0, converts_per_day: 0.0, ceiling: 0.0 };
    for (paying, runway) in [(half, 49.5), (none, 25.0)] {
        let scenario = small_credits(Users { paying, ..users() }, 365);
        let world = World::new(&scenario);
        let days: Vec<f64> = (0..100)
            .map(|number| replicate(&world, number).unwrap().depleted.unwrap().as_days())
            .collect();
        let (mean, error) = mean_and_error(&days);
        assert!((mean - runway).abs() < 3.0 * error + 0.25, "{mean} +- {error} for {runway}");
    }
}

#[test]
fn what_users_pay_ends_an_outage_at_midnight() {
    // A request an hour, and money for twelve: what they bring lets another twelve in on
    // the next day. The next sale is weeks away.
    let mut scenario = with(users(), 1.0, 3);
    let half_past = |hour: u32| ((f64::from(hour) + 0.5) * 3_600.0, None);
    let requests = (0..72).map(half_past).collect();
    scenario.demand[0].arrivals = Arrivals::Trace(Trace { requests });
    let clip = Lpt(RESERVE.0 + 12 * 1_000 * u128::from(WEI_PER_UNIT) + 1);
    scenario.credits = credits(Wei(2 * clip.0));
    let schedule = Schedule { first: SimTime::ZERO, every: SimTime::from_days(30) };
    scenario.treasury.conversion = ConversionPolicy::Clip { lpt: clip, schedule };
    let result = run(&scenario);
    assert_eq!((result.service[0].served, result.outages.count), (36, 3));
    let hours = result.outages.seconds / 3_600.0;
    assert!((hours - 3.0 * 11.5).abs() < 0.01, "{hours}");
}

#[test]
fn a_gateway_carries_itself_from_the_day_of_the_closed_form() {
    // At twice the cost half of the week's requests have to pay. The mean of
    // 1 - exp(-0.05 t) over the week before day d is 0.5 at d = 17.47.
    let paying = PayingShare { at_start: 0.0, converts_per_day: 0.05, ceiling: 1.0 };
    let carried = |markup: f64, days: u32| {
        let price = UserPrice::Markup(markup);
        let result = run(&with(Users { price, paying, ..users() }, 5_000.0, days));
        record(&result).carries_itself
    };
    assert_eq!(carried(2.0, 60), Some(18));
    assert_eq!(carried(2.0, 20), Some(18));
    assert_eq!(carried(2.0, 17), None);
    assert_eq!(carried(0.9, 60), None);
    // Without business there is nothing to carry.
    let mut idle = with(users(), 1.0, 60);
    idle.demand[0].arrivals = Arrivals::Trace(Trace { requests: Vec::new() });
    assert_eq!(record(&run(&idle)).carries_itself, None);
}

#[test]
fn worse_service_keeps_users_away_without_oscillating() {
    // Ten times the requests from day 10 on, of which a node that takes 100 s for
    // each serves few.
    let asked = |success_exponent: f64| {
        let users = Users { success_exponent, ..users() };
        let mut scenario = with(users, 200.0, 40);
        scenario.network.models[0].service.overhead_s = 100.0;
        scenario.network.orchestrators = vec![orchestrator("only", WEI_PER_UNIT.into(), 1)];
        let Arrivals::Poisson(arrivals) = &mut scenario.demand[0].arrivals else { panic!() };
        arrivals.growth = Growth::Piecewise { points: vec![(10.0, 1.0), (10.5, 10.0)] };
        let result = run(&scenario);
        (result.service[0].asked as f64, record(&result).rate_factor)
    };
    let (patient, unmoved) = asked(0.0);
    let (fewer, factor) = asked(1.0);
    assert_eq!(unmoved, 1.0);
    // Of the last 29.5 days' requests about the share `factor` is asked.
    let expected = patient - 29.5 * 2_000.0 * (1.0 - factor);
    assert!((0.2..0.9).contains(&factor), "{factor}");
    assert!((fewer / expected - 1.0).abs() < 0.15, "{fewer} for {expected}");
}

#[test]
fn reports_show_revenue_beside_spend() {
    let price = UserPrice::Markup(1.5);
    let scenario = with(Users { price, ..users() }, 200.0, 10);
    let plan = Plan::fixed(5);
    let forecast = forecast(&scenario, plan, &|_, _| ()).unwrap();
    let context = RunContext {
        command: String::new(),
        version: String::new(),
        scenario_hash: String::new(),
        suppress: String::new(),
        missing: None,
        directory: None,
    };
    let summary = summary_json(&scenario, &forecast, &context);
    let row = &summary["users"][0];
    let figure = |key: &str| row[key].as_f64().unwrap();
    assert_eq!((row["gateway"].as_str(), figure("requests_free")), (Some("gateway"), 0.0));
    let net = figure("revenue_eth") - figure("spend_eth");
    assert!((figure("net_eth") / net - 1.0).abs() < 1e-6);
    assert!((figure("revenue_eth") / figure("spend_eth") - 1.5).abs() < 0.01);
    assert_eq!((figure("carries_itself"), figure("carries_itself_day")), (1.0, 7.0));
    assert_eq!(row["revenue_eth"], summary["treasury"]["income_eth"]);
    let page = terminal(&scenario, &forecast, &context, Style { color: false, width: 100 });
    assert!(page.contains("Users of") && page.contains("paid in by users"), "{page}");
}

#[test]
fn streams_without_users_leave_no_record() {
    let mut scenario = with(users(), 100.0, 2);
    scenario.demand[0].users = None;
    let result = run(&scenario);
    assert!(result.customers.is_empty());
    assert_eq!(result.books.income(), Wei::ZERO);
}

#[test]
fn a_variant_responds_to_its_price_against_that_of_the_base() {
    // Twice the price at an elasticity of -1.5 leaves 2^-1.5 of the requests.
    let curve = PriceCurve::Elasticity { exponent: -1.5 };
    let at = |price: UserPrice| with(Users { curve, price, ..users() }, 1000.0, 60);
    let posted = [20, 40].map(|price| UserPrice::Posted(wei(price)));
    for [base, dear] in [posted, [1.5, 3.0].map(UserPrice::Markup)] {
        let [base, dear] = [("base", base), ("dear", dear)]
            .map(|(name, price)| Entry { name: name.to_string(), scenario: at(price) });
        let reduction = VarianceReduction::None;
        let comparison = compare(base, vec![dear], Mode::Exact, reduction, &|| {}).unwrap();
        let asked: Vec<f64> = comparison.runs().map(|run| run.forecast.service.asked).collect();
        // A markup is felt from the first reviews on: 1, then half of the way a day.
        let kept = asked[1] / asked[0];
        assert!((0.33..0.38).contains(&kept), "{kept} of {}", asked[0]);
    }
}

#[test]
fn a_markup_on_dearer_quotes_is_felt_against_the_base() {
    // Four times the price at an elasticity of -1 leaves a quarter.
    let curve = PriceCurve::Elasticity { exponent: -1.0 };
    let price = UserPrice::Markup(2.0);
    let base = with(Users { curve, price, ..users() }, 1000.0, 40);
    let asking = |price: PostedPrice, eth_usd: &str| {
        let mut variant = base.clone();
        variant.network.orchestrators[0].offers[0].price = price;
        variant.credits.eth_usd = eth_usd.parse().unwrap();
        variant.credits.lpt_usd = variant.credits.eth_usd;
        variant
    };
    let entry = |scenario| Entry { name: "dear".to_string(), scenario };
    let (reduction, dear) = (VarianceReduction::None, entry(asking(wei(40), "1")));
    let comparison = compare(entry(base.clone()), vec![dear], Mode::Exact, reduction, &|| {});
    let comparison = comparison.unwrap();
    let factors = comparison.runs().map(|run| run.forecast.customers[0].rate_factor.mean);
    let [kept, fewer] = factors.collect::<Vec<_>>()[..] else { panic!("two runs") };
    assert!(kept == 1.0 && (fewer - 0.25).abs() < 1e-6, "{kept} and {fewer}");

    let reference = |mut variant: Scenario| {
        refer_to_prices_of(&base, &mut variant);
        variant.demand[0].users.as_ref().unwrap().reference_price
    };
    assert_eq!(reference(base.clone()), None);
    // Nor do equal prices tell anything that rounding would: 1.9 x 3 / 3 is not 1.9.
    let price = UserPrice::Markup(1.9);
    let mut rounded = with(Users { curve, price, ..users() }, 1000.0, 40);
    rounded.network.orchestrators[0].offers[0].price = wei(3);
    let mut same = rounded.clone();
    refer_to_prices_of(&rounded, &mut same);
    assert_eq!(same.demand[0].users.as_ref().unwrap().reference_price, None);
    // ETH at twice the dollars: as dear if the price is in dollars, else twice.
    let cents = PostedPrice::Usd { usd: "0.01".parse().unwrap(), units: 1_000_000_000_000_000 };
    assert_eq!(reference(asking(cents, "2")), None);
    assert_eq!(reference(asking(wei(10), "2")), Some(UserPrice::Markup(1.0)));
    // Nor does an offer that no discovery finds.
    let mut far = base.clone();
    far.network.orchestrators.push(orchestrator("far", 40, 1000));
    far.network.orchestrators[1].jitter_ms = 1e6;
    assert_eq!(reference(far), None);
    // Free, against twice 10 wei; and a markup stays one that may be written.
    assert_eq!(reference(asking(wei(0), "1")), Some(UserPrice::Posted(wei(20))));
    let tiny = Price::new(1, 1_000_000).unwrap().into();
    assert_eq!(reference(asking(tiny, "1")), Some(UserPrice::Markup(1000.0)));
}
