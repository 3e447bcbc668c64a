//! Orchestrators that respond, against closed forms of the games they play.

mod common;

use common::{orchestrator, scenario};
use orchsim::demand::Arrivals;
use orchsim::ensemble::{Plan, forecast};
use orchsim::network::{
    LIVE_PIXELS_PER_SECOND, Offer, Orchestrator, Pipeline, Pricing, Region, Response, RttMatrix,
    SelectionWeights, Version,
};
use orchsim::payments::PaymentMode;
use orchsim::report::{RunContext, summary_json};
use orchsim::scenario::Scenario;
use orchsim::simulation::{Opening, ReplicationResult, World, replicate};
use orchsim::treasury::{PriceSeries, TokenPrices};
use orchsim::units::{Lpt, PostedPrice, Price, Wei};

const FACTOR: f64 = 100.0;

fn response(pricing: Pricing) -> Response {
    Response {
        review_hours: 1.0,
        pricing,
        cost_share: 0.5,
        most: 10.0,
        gpu_cost_per_day: "0".parse().unwrap(),
        node_cost_per_day: "0".parse().unwrap(),
        patience: 2,
        starts_absent: false,
        split_into: 1,
    }
}

fn responding(id: &str, price: u128, response: Response) -> Orchestrator {
    Orchestrator { response: Some(response), ..orchestrator(id, price, 100) }
}

/// A market of these orchestrators for some days.
fn market(orchestrators: Vec<Orchestrator>, weights: SelectionWeights) -> Scenario {
    let mut scenario = scenario(500.0);
    scenario.horizon_days = 5;
    scenario.network.gateways[0].weights = weights;
    scenario.network.gateways[0].price_exp_factor = FACTOR;
    scenario.network.registered_orchestrators = orchestrators.len() as u32;
    scenario.network.orchestrators = orchestrators;
    scenario
}

const BY_PRICE: SelectionWeights = SelectionWeights { stake: 0.0, price: 1.0, random: 0.0 };
const BY_STAKE: SelectionWeights = SelectionWeights { stake: 1.0, price: 0.0, random: 0.0 };
const RANDOM_30: SelectionWeights = SelectionWeights { stake: 0.7, price: 0.0, random: 0.3 };

fn run(scenario: &Scenario) -> ReplicationResult {
    replicate(&World::new(scenario), 0).unwrap()
}

fn prices_at_the_end(scenario: &Scenario) -> Vec<f64> {
    run(scenario).responses.iter().map(|record| record.price).collect()
}

fn nodes(result: &ReplicationResult) -> Vec<u32> {
    result.responses.iter().map(|record| record.nodes).collect()
}

fn with_max_price(mut scenario: Scenario, wei: u32) -> Scenario {
    scenario.network.gateways[0].max_price = vec![Some(Price::whole(wei).into())];
    scenario
}

#[test]
fn best_responses_end_at_the_logit_equilibrium() {
    // P = exp(-p / F) / sum: profit is highest at p - c = F / (1 - share), in a
    // symmetric game of two at c + 2 F. A price this far (1e-4 F) from the best
    // costs 1e-9 of the profit.
    let both = |prices: [u128; 2]| {
        let players = prices.map(|price| responding("o", price, response(Pricing::BestResponse)));
        prices_at_the_end(&market(players.to_vec(), BY_PRICE))
    };
    for price in both([200, 200]) {
        assert!((price - (100.0 + 2.0 * FACTOR)).abs() < 0.01, "{price}");
    }
    let [low, high] = both([200, 300])[..] else { panic!("two prices") };
    let share = 1.0 / (1.0 + ((low - high) / FACTOR).exp());
    assert!((low - 100.0 - FACTOR / (1.0 - share)).abs() < 0.01, "{low} with {share}");
    assert!((high - 150.0 - FACTOR / share).abs() < 0.01, "{high} with {share}");
    assert!(low < high && share > 0.5);
}

#[test]
fn where_price_wins_no_work_the_best_price_is_the_maximum() {
    let players =
        || ["a", "b"].map(|id| responding(id, 200, response(Pricing::BestResponse))).to_vec();
    for (version, weights) in
        [(Version::V0_8_3, BY_PRICE), (Version::V0_9, BY_STAKE), (Version::V0_9, RANDOM_30)]
    {
        let mut scenario = with_max_price(market(players(), weights), 700);
        scenario.network.gateways[0].version = version;
        assert_eq!(prices_at_the_end(&scenario), [700.0, 700.0], "{version:?}");
    }
    // Without a maximum ten times the opening price is the most.
    assert_eq!(prices_at_the_end(&market(players(), BY_STAKE)), [2000.0, 2000.0]);
}

#[test]
fn a_best_price_may_be_above_a_maximum_that_is_ignored() {
    let ignoring = |players: Vec<Orchestrator>, is_live: bool| {
        let mut scenario = with_max_price(market(players, BY_STAKE), 700);
        scenario.network.gateways[0].ignore_max_price = true;
        if is_live {
            scenario.network.models[0].pipeline = Pipeline::LiveVideoToVideo;
            let tickets = &mut scenario.network.orchestrators[0].tickets;
            tickets.expected_value = Wei(10_000 * LIVE_PIXELS_PER_SECOND as u128);
            tickets.max_face_value = None;
        }
        prices_at_the_end(&scenario)
    };
    let best = || responding("a", 200, response(Pricing::BestResponse));
    // Alone it is paid whatever it asks, but for live video.
    assert_eq!(ignoring(vec![best()], false), [2000.0]);
    assert_eq!(ignoring(vec![best()], true), [700.0]);
    // Where somebody is within the maximum it has to be too.
    assert_eq!(ignoring(vec![best(), orchestrator("b", 200, 100)], false), [700.0]);
    // Half of the requests at 2,000 are worth more than all of them at 700.
    assert_eq!(ignoring(vec![best(), orchestrator("b", 900, 100)], false), [2000.0]);
}

#[test]
fn a_low_score_does_not_keep_live_video_in_0_9_from_a_dearer_price() {
    // It goes to the nearest within the maximum price, whatever the score.
    let mut player = responding("low", 200, response(Pricing::BestResponse));
    player.perf_score = 0.1;
    let mut players = vec![player, orchestrator("high", 200, 100)];
    for player in &mut players {
        player.tickets.expected_value = Wei(1000 * LIVE_PIXELS_PER_SECOND as u128);
        player.tickets.max_face_value = None;
    }
    let mut scenario = with_max_price(market(players, BY_STAKE), 700);
    scenario.network.models[0].pipeline = Pipeline::LiveVideoToVideo;
    scenario.network.gateways[0].min_perf_score = 0.5;
    assert_eq!(prices_at_the_end(&scenario), [700.0]);
}

#[test]
fn undercutting_ends_at_the_floor() {
    let player = |id, price| responding(id, price, response(Pricing::Undercut { by: 0.05 }));
    let even = market(vec![player("a", 1000), player("b", 1000)], BY_STAKE);
    assert_eq!(prices_at_the_end(&even), [500.0, 500.0]);
    // Work at cost is no loss where no GPU is to be paid.
    assert_eq!(nodes(&run(&even)), [1, 1]);
    // One with the lower floor stops below the other's, by 5 % at the most.
    let uneven = market(vec![player("a", 800), player("b", 1000)], BY_STAKE);
    let [low, high] = prices_at_the_end(&uneven)[..] else { panic!("two prices") };
    assert!((475.0..500.0).contains(&low) && high == 500.0, "{low} and {high}");
    // Alone nobody is undercut, nor by one who is dearer.
    let dear = orchestrator("dear", 1100, 100);
    let alone = market(vec![player("a", 1000), dear], BY_STAKE);
    assert_eq!(prices_at_the_end(&alone), [1000.0]);
    // Nor one whom no gateway finds: 3.5 round trips of 200 ms are past the end of a
    // discovery that somebody answered at once.
    let mut far = market(vec![player("a", 1000), orchestrator("far", 100, 100)], BY_STAKE);
    let network = &mut far.network;
    network.regions.push(Region { id: "far".into(), name: "Far".into(), utc_offset_hours: 0.0 });
    network.orchestrators[1].region = 1;
    for (rtt_ms, expected) in [(200.0, 1000.0), (20.0, 500.0)] {
        far.network.rtt = RttMatrix::zero(2);
        far.network.rtt.set_ms(0, 1, rtt_ms);
        assert_eq!(prices_at_the_end(&far), [expected], "{rtt_ms}");
    }
}

/// The same market with the first so many as an alpha group at half their price.
fn with_alpha_group(mut scenario: Scenario, members: usize) -> Scenario {
    scenario.policy.alpha_group.members = (0..members).collect();
    scenario.policy.alpha_group.discount = "0.5".parse().unwrap();
    scenario
}

#[test]
fn a_member_of_the_alpha_group_takes_its_discount_off_whatever_it_asks() {
    let best = |id| responding(id, 200, response(Pricing::BestResponse));
    // The maximum is on what is left after it.
    let first = market(vec![best("a"), orchestrator("b", 200, 100)], BY_STAKE);
    let first = with_alpha_group(with_max_price(first, 700), 1);
    assert_eq!(prices_at_the_end(&first), [1400.0]);
    // At a listed price of 200 the work costs 100: what is paid ends at 100 + 2 F.
    for price in
        prices_at_the_end(&with_alpha_group(market(vec![best("a"), best("b")], BY_PRICE), 2))
    {
        assert!((price - 2.0 * (100.0 + 2.0 * FACTOR)).abs() < 0.02, "{price}");
    }
}

#[test]
fn a_member_of_the_alpha_group_bears_the_cost_of_the_listed_price() {
    let undercutting = |id, cost_share| {
        let pricing = Pricing::Undercut { by: 0.05 };
        responding(id, 1000, Response { cost_share, ..response(pricing) })
    };
    let prices = |cost_share| {
        let players = vec![undercutting("a", cost_share), undercutting("b", 0.1)];
        prices_at_the_end(&with_alpha_group(market(players, BY_STAKE), 1))
    };
    // It is paid 500. A cost of 900 is no reason to ask less still; with one of 400
    // it goes down to that.
    let [member, _] = prices(0.9)[..] else { panic!("two prices") };
    assert_eq!(member, 1000.0);
    let [member, other] = prices(0.4)[..] else { panic!("two prices") };
    assert!(member == 800.0 && (380.0..400.0).contains(&other), "{member} and {other}");

    // All the work, paid 2.5e8 wei a day, costs 4e8 or 2e8.
    for (cost_share, there) in [(0.8, 0), (0.4, 1)] {
        let mut settings = Response { cost_share, ..response(Pricing::Fixed) };
        (settings.review_hours, settings.patience) = (24.0, 1);
        settings.gpu_cost_per_day = "1e-12".parse().unwrap();
        let players = vec![responding("a", 1000, settings), orchestrator("b", 1000, 100)];
        let result = run(&with_alpha_group(market(players, BY_STAKE), 1));
        assert_eq!(nodes(&result), [there], "{cost_share}");
    }
}

#[test]
fn a_price_in_dollars_follows_the_feed_after_it_was_changed_too() {
    let mut settings = response(Pricing::Undercut { by: 0.05 });
    settings.review_hours = 48.0;
    let mut player = responding("a", 1000, settings);
    // 1,000 wei a unit at 1 USD an ETH, the rival far below.
    player.offers[0].price =
        PostedPrice::Usd { usd: "0.001".parse().unwrap(), units: 1_000_000_000_000 };
    let mut scenario = market(vec![player, orchestrator("b", 100, 100)], BY_STAKE);
    // ETH doubles an hour and a half before the end; the next feed halves the
    // price in wei, long after the review that took it to half.
    let rows = [(0.0, 1.0, 1.0), (3.95, 2.0, 2.0)];
    scenario.horizon_days = 4;
    assert_eq!(prices_at_the_end(&scenario), [500.0]);
    scenario.treasury.prices = TokenPrices::Replay(PriceSeries::new(&rows).unwrap());
    assert_eq!(prices_at_the_end(&scenario), [250.0]);
}

#[test]
fn prices_rise_to_the_maximum_where_demand_exceeds_capacity_and_not_otherwise() {
    let raise = response(Pricing::Raise { step: 0.1, refused_share: 0.1 });
    // One request at a time of a second each: 86,400 a day are the most.
    for (requests_per_day, expected) in [(200_000.0, 1999.0), (500.0, 1000.0)] {
        let mut scenario = scenario(requests_per_day);
        let player = Orchestrator { response: Some(raise.clone()), ..orchestrator("a", 1000, 1) };
        scenario.network.orchestrators = vec![player];
        let scenario = with_max_price(scenario, 1999);
        assert_eq!(prices_at_the_end(&scenario), [expected]);
    }
}

/// Two of equal stake, the first of which may have three nodes.
fn splitting(weights: SelectionWeights, node_cost_per_day: &str) -> ReplicationResult {
    let mut settings = Response { split_into: 3, ..response(Pricing::Fixed) };
    settings.node_cost_per_day = node_cost_per_day.parse().unwrap();
    let mut scenario =
        market(vec![responding("a", 1000, settings), orchestrator("b", 1000, 100)], weights);
    scenario.horizon_days = 40;
    run(&scenario)
}

#[test]
fn splitting_pays_under_a_random_share_and_not_under_pure_stake() {
    let share_of_first = |result: &ReplicationResult| {
        assert_eq!((result.served_by.len(), result.fees.len()), (2, 2), "by owner");
        let served: u64 = result.served_by.iter().sum();
        let share = result.served_by[0] as f64 / served as f64;
        let fees: u128 = result.fees.iter().map(|fee| fee.0).sum();
        assert!((result.fees[0].0 as f64 / fees as f64 - share).abs() < 0.001);
        (share, (0.25 / served as f64).sqrt())
    };
    // 0.7 / 2 + 0.3 x 3 / 4.
    let split = splitting(RANDOM_30, "0");
    assert_eq!(nodes(&split), [3]);
    let (share, error) = share_of_first(&split);
    assert!((share - 0.575).abs() < 3.5 * error + 0.001, "{share}");

    let whole = splitting(BY_STAKE, "0");
    assert_eq!(nodes(&whole), [1]);
    let (share, error) = share_of_first(&whole);
    assert!((share - 0.5).abs() < 3.5 * error, "{share}");

    // The second node brings 0.05 of 5e8 wei a day less half for their cost,
    // the third 0.025 of it, at 1 USD an ETH.
    assert_eq!(nodes(&splitting(RANDOM_30, "8e-12")), [2]);
    assert_eq!(nodes(&splitting(RANDOM_30, "2e-11")), [1]);
}

#[test]
fn tickets_of_each_node_are_paid_to_its_owner() {
    // Of tickets worth a million wei nearly each wins a wei more.
    let settings = Response { split_into: 3, ..response(Pricing::Fixed) };
    let players = vec![responding("a", 1000, settings), orchestrator("b", 1000, 100)];
    let mut scenario = market(players, RANDOM_30);
    scenario.payments.mode = PaymentMode::Tickets;
    let result = run(&scenario);
    assert_eq!(nodes(&result), [3]);
    for (fee, &served) in result.fees.iter().zip(&result.served_by) {
        let worth = served as f64 * 1e6;
        assert!(served > 500 && (fee.0 as f64 / worth - 1.0).abs() < 0.01, "{fee} for {worth}");
    }
}

/// One that stays and one with a GPU that costs so many USD a day, at 1 USD an
/// ETH. All there is to earn is 5e8 wei a day, half of it for the cost of work.
fn with_gpu_cost(gpu_cost_per_day: &str, starts_absent: bool) -> ReplicationResult {
    let mut settings = Response { starts_absent, ..response(Pricing::Fixed) };
    settings.review_hours = 24.0;
    settings.gpu_cost_per_day = gpu_cost_per_day.parse().unwrap();
    let players = vec![responding("a", 1000, settings), orchestrator("b", 1000, 100)];
    let mut scenario = market(players, BY_STAKE);
    scenario.horizon_days = 20;
    run(&scenario)
}

#[test]
fn an_orchestrator_at_a_loss_leaves_and_an_entrant_comes_where_it_pays() {
    let failed = |result: &ReplicationResult| result.service[0].failed.iter().sum::<u64>();
    // Half of the work brings a quarter of 5e8 wei after its cost.
    let leaves = with_gpu_cost("1e-9", false);
    assert_eq!((nodes(&leaves), failed(&leaves)), (vec![0], 0));
    // Two losing reviews: gone after three days at the latest.
    assert!((250..=900).contains(&leaves.served_by[0]), "{:?}", leaves.served_by);
    let stays = with_gpu_cost("1e-10", false);
    assert_eq!(nodes(&stays), [1]);

    let comes = with_gpu_cost("1e-10", true);
    assert_eq!((nodes(&comes), failed(&comes)), (vec![1], 0));
    assert!(comes.served_by[0] > 4_000 && comes.served_by[0] < stays.served_by[0]);
    let keeps_away = with_gpu_cost("3e-10", true);
    assert_eq!((nodes(&keeps_away), keeps_away.served_by[0]), (vec![0], 0));
}

#[test]
fn an_entrant_sees_a_model_that_nobody_serves_beside_one_that_somebody_does() {
    // A GPU costs twice what the rival earns by its model, and half of what is asked
    // for the other.
    let mut settings = Response { starts_absent: true, ..response(Pricing::Fixed) };
    (settings.cost_share, settings.review_hours) = (0.0, 24.0);
    settings.gpu_cost_per_day = "1e-9".parse().unwrap();
    let mut entrant = responding("entrant", 1000, settings);
    let players = |entrant| market(vec![entrant, orchestrator("rival", 1000, 100)], BY_STAKE);
    let mut scenario = players(entrant.clone());
    assert_eq!(nodes(&run(&scenario)), [0]);

    let mut other = scenario.network.models[0].clone();
    other.id = "other".to_string();
    entrant.offers.push(Offer { model: 1, ..entrant.offers[0].clone() });
    scenario = players(entrant);
    scenario.network.models.push(other);
    scenario.network.gateways[0].max_price.push(None);
    // 5e8 wei a day are earned by the one, 20e8 asked for the other.
    let mut stream = scenario.demand[0].clone();
    (stream.id, stream.model) = ("other".to_string(), 1);
    let Arrivals::Poisson(arrivals) = &mut stream.arrivals else { panic!("a trace") };
    arrivals.requests_per_day = 2000.0;
    scenario.demand.push(stream);
    assert_eq!(nodes(&run(&scenario)), [1, 1]);
}

#[test]
fn reports_say_how_those_who_respond_stand_at_the_end() {
    let mut settings = response(Pricing::Undercut { by: 0.05 });
    settings.split_into = 2;
    let rival = orchestrator("b", 10, 100);
    let mut scenario = market(vec![responding("a", 1000, settings), rival], RANDOM_30);
    // 1,000 wei too, at 2 USD an ETH.
    let usd = "0.000000000000002".parse().unwrap();
    scenario.network.orchestrators[0].offers[0].price = PostedPrice::Usd { usd, units: 1 };
    (scenario.credits.lpt_usd, scenario.credits.eth_usd) =
        ("2".parse().unwrap(), "2".parse().unwrap());
    scenario.replications = 3;
    let plan = Plan::fixed(3);
    let forecast = forecast(&scenario, plan, &|_, _| ()).unwrap();
    let [row] = &forecast.responses[..] else { panic!("one offer responds") };
    assert_eq!((row.orchestrator.as_str(), row.model.as_str()), ("a", "text-to-image/model"));
    assert_eq!((row.opening_price, row.price.mean, row.price.lo), (1000.0, 500.0, 500.0));
    // At its floor it earns nothing, and has no reason to divide its stake.
    assert_eq!((row.present.mean, row.nodes), (1.0, 1.0));
    let context = RunContext {
        command: String::new(),
        version: String::new(),
        scenario_hash: String::new(),
        suppress: String::new(),
        directory: None,
        missing: None,
    };
    let summary = summary_json(&scenario, &forecast, &context);
    assert_eq!(summary["responses"][0]["price_wei"], 500);
    assert_eq!(summary["responses"][0]["present"], 1);
    assert_eq!(summary["responses"][1], serde_json::Value::Null);
}

#[test]
fn who_responds_leaves_the_demand_as_it_is() {
    let alike = || vec![orchestrator("a", 1000, 100), orchestrator("b", 1000, 100)];
    let still = run(&market(alike(), BY_STAKE));
    assert_eq!(still.responses, []);
    let mut idle = alike();
    idle[0].response = Some(response(Pricing::Fixed));
    let idle = run(&market(idle, BY_STAKE));
    assert_eq!((&idle.served_by, &idle.fees), (&still.served_by, &still.fees));
    let mut busy = alike();
    busy[0].response = Some(response(Pricing::Undercut { by: 0.05 }));
    busy[0].stake = Lpt(0);
    let busy = run(&market(busy, BY_STAKE));
    assert_eq!(busy.service[0].asked, still.service[0].asked);
}

#[test]
fn who_is_not_there_yet_quotes_nothing_that_stands_for_a_maximum() {
    let entrant = Response { starts_absent: true, ..response(Pricing::Fixed) };
    let orchestrators =
        vec![responding("near", 4, response(Pricing::Fixed)), responding("later", 9, entrant)];
    let mut scenario =
        market(orchestrators, SelectionWeights { stake: 1.0, price: 0.0, random: 0.0 });
    scenario.policy.max_price.factor = "0.5".parse().unwrap();
    assert_eq!(Opening::new(&scenario).market(0, 0).max_price, Price::new(2, 1).ok());
}
