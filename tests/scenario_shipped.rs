//! The scenarios that come with orchsim: valid, equal after a round trip, and
//! true to their sources.

mod common;

use common::{AI_TICKET_EV, NODE_LIMITS, NODE_TICKETS};
use jiff::ToSpan;
use jiff::civil::{Weekday, date};
use orchsim::demand::Arrivals;
use orchsim::kernel::Distribution;
use orchsim::network::{AcceptanceLimits, Offer, Orchestrator, Pipeline, TicketPolicy};
use orchsim::scenario::{DEFAULT, Scenario, Source, load, preset, preset_names, to_toml};
use orchsim::simulation::Opening;
use orchsim::treasury::{
    ConversionPolicy, Inflation, JumpDiffusion, RESERVE, Signer, SwapTerms, TokenPrices,
};
use orchsim::units::{Lpt, Price, SimTime, Wei};

fn source(text: &str) -> Source {
    Source { name: "scenario.toml".into(), text: text.into(), directory: None }
}

fn default() -> Scenario {
    load(&Source::built_in(), &[]).unwrap_or_else(|e| panic!("{e}"))
}

fn shipped(name: &str) -> Scenario {
    load(&source(preset(name).unwrap()), &[]).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn presets_survive_being_written_out() {
    for name in preset_names() {
        let first = load(&source(preset(name).unwrap()), &[]).unwrap_or_else(|e| panic!("{e}"));
        let text = to_toml(&first);
        let second = load(&source(&text), &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(format!("{first:?}"), format!("{second:?}"), "{name}");
        assert_eq!(text, to_toml(&second), "{name}");
    }
}

#[test]
fn the_default_burns_what_the_first_credits_burned() {
    // Forum thread 2747: 1,000 LPT (2.9 to 4.1 ETH) in under three months, 0.22 to
    // 0.32 ETH a week. At median offers, without losses and bursts.
    let scenario = default();
    let mut eth_per_week = 0.0;
    for stream in &scenario.demand {
        let model = &scenario.network.models[stream.model];
        let nodes = &scenario.network.orchestrators;
        let at_start = |offer: &Offer| offer.price.at(scenario.credits.eth_usd).unwrap();
        let mut prices: Vec<Price> =
            nodes.iter().filter_map(|node| Some(at_start(node.offer(stream.model)?))).collect();
        prices.sort();
        let Arrivals::Poisson(arrivals) = &stream.arrivals else { panic!("a trace") };
        let size = match stream.size {
            Distribution::Constant(size) => size,
            Distribution::Lognormal { mean, .. } => mean,
            _ => panic!("another size"),
        };
        let fee = prices[prices.len() / 2].fee(model.pipeline.billed_units(size)).to_coins();
        eth_per_week += 7.0 * arrivals.requests_per_day * fee;
    }
    assert!((0.22..0.32).contains(&eth_per_week), "{eth_per_week}");
}

#[test]
fn no_default_quote_is_above_a_maximum_price() {
    let scenario = default();
    let opening = Opening::new(&scenario);
    for stream in &scenario.demand {
        let market = opening.market(stream.gateway, stream.model);
        assert!(market.candidates.iter().all(|candidate| candidate.within_max_price));
    }
}

/// Orchestrators by pipeline: AI leaderboard, November 2024; LLM: forum thread
/// 2747; regions: explorer, December 2024.
#[test]
fn the_default_network_has_the_sourced_counts() {
    let network = default().network;
    let serve = |index: usize| {
        network.orchestrators.iter().filter(|node| node.offer(index).is_some()).count()
    };
    let counts: Vec<(&str, usize)> = (network.models.iter().enumerate())
        .map(|(index, model)| (model.pipeline.name(), serve(index)))
        .collect();
    let expected = [
        ("text-to-image", 13),
        ("image-to-image", 8),
        ("image-to-video", 12),
        ("audio-to-text", 6),
        ("text-to-speech", 7),
        ("llm", 4),
        ("live-video-to-video", 6),
    ];
    assert_eq!(counts, expected);
    let mut by_region = vec![0; network.regions.len()];
    network.orchestrators.iter().for_each(|node| by_region[node.region] += 1);
    assert_eq!(by_region, [7, 4, 4, 8, 4]);
    let broken = network.orchestrators.iter().filter(|node| node.reliability < 0.94);
    let mut broken: Vec<f64> = broken.map(|node| node.reliability).collect();
    broken.sort_by(f64::total_cmp);
    assert_eq!(broken, [0.17, 0.17, 0.33, 0.67]);
}

#[test]
fn the_first_credits_meet_the_network_and_demand_of_the_default() {
    const KEYS: [&str; 9] = [
        "#",
        "name",
        "title",
        "start",
        "horizon_days",
        "amount",
        "lpt_price",
        "eth_price",
        "gas_price_steps",
    ];
    let lines = |text: &'static str| {
        text.lines().filter(|line| !KEYS.iter().any(|key| line.starts_with(key)))
    };
    let first = preset("first-1000-lpt").unwrap();
    assert!(lines(first).eq(lines(DEFAULT)));
    // Worth 4.1 ETH at the means of January 2025.
    let credits = shipped("first-1000-lpt").credits;
    assert!((credits.eth.to_coins() - 4.085).abs() < 0.001, "{}", credits.eth);
}

/// Forum thread 2958: a job a minute of 0.000029 ETH earns 0.042 ETH a day and
/// 0.29 ETH a week, six orchestrators more than 1.5 ETH a week; a winning ticket
/// pays 1e15 wei.
#[test]
fn the_pilot_pays_what_the_post_says() {
    let pilot = shipped("agent-net-pilot");
    assert_eq!(pilot.network.orchestrators.len(), 6);
    let mut total = 0.0;
    for stream in &pilot.demand {
        let served_by = |o: &&Orchestrator| o.offer(stream.model).is_some();
        let nodes: Vec<_> = pilot.network.orchestrators.iter().filter(served_by).collect();
        let [node] = nodes.as_slice() else { panic!("{} orchestrators", nodes.len()) };
        let units = Pipeline::TextToImage.billed_units(stream.size.mean());
        let fee = node.offer(stream.model).unwrap().price;
        let fee = fee.at(pilot.credits.eth_usd).unwrap().fee(units);
        assert_eq!(fee, Wei(29_000_000_000_000));
        assert_eq!(node.tickets.expected_value, fee);
        let Arrivals::Poisson(arrivals) = &stream.arrivals else { panic!("a trace") };
        let per_day = arrivals.requests_per_day * fee.to_coins();
        assert!((per_day - 0.042).abs() < 0.0005 && (per_day * 7.0 - 0.29).abs() < 0.005);
        total += per_day * 7.0;
        let max_float = Wei(pilot.treasury.top_ups.reserve.0 / 100);
        let terms = node.tickets.terms(pilot.payments.gas_price(SimTime::ZERO), max_float);
        assert_eq!(terms.unwrap().face_value, Wei(1_000_000_000_000_000));
    }
    assert!(total > 1.5, "{total}");
    // Mondays at 00:00 UTC.
    let ConversionPolicy::Clip { lpt, schedule } = pilot.treasury.conversion else {
        panic!("no clips")
    };
    assert_eq!(lpt, Lpt(600_000_000_000_000_000_000));
    assert_eq!(schedule.every, SimTime::from_days(7));
    assert_eq!(schedule.first, SimTime::ZERO);
    assert_eq!(pilot.start.weekday(), Weekday::Monday);
}

/// The mean redemption was 0.0012 ETH in 2025 and 0.0024 ETH from 9 January 2026.
#[test]
fn the_gas_price_doubles_the_face_value() {
    let scenario = shipped("gas-doubling");
    assert_eq!(scenario.start.checked_add(42.days()).unwrap(), date(2026, 1, 8));
    let max_float = Wei(scenario.treasury.top_ups.reserve.0 / 100);
    let face_value = |day| {
        let gas_price = scenario.payments.gas_price(SimTime::from_days(day));
        scenario.network.orchestrators[0].tickets.terms(gas_price, max_float).unwrap()
    };
    assert_eq!(face_value(41).face_value, Wei(1_200_000_000_000_000));
    assert_eq!(face_value(42).face_value, Wei(2_400_000_000_000_000));
    assert_eq!(face_value(41).expected_value, face_value(42).expected_value);
}

/// What a scenario that says nothing of money gets: the values go-livepeer, its
/// AI documentation and the treasury's sources give.
#[test]
fn money_has_its_sourced_defaults() {
    let text = preset("minimal").unwrap().replace("top_ups = { reserve = \"0.03 ETH\" }", "");
    let scenario = load(&source(&text), &[]).unwrap();
    let limits = scenario.network.gateways[0].limits;
    // livepeer/docs ai/gateways/onchain.mdx.
    let max_total_ev = Wei(100_000_000_000_000);
    let expected = AcceptanceLimits { max_total_ev, ..NODE_LIMITS };
    assert_eq!(limits, expected);
    let node = &scenario.network.orchestrators[0];
    let expected = TicketPolicy { expected_value: AI_TICKET_EV, ..NODE_TICKETS };
    assert_eq!((node.tickets, node.auto_adjust_price), (expected, true));
    let treasury = &scenario.treasury;
    assert_eq!(treasury.prices, TokenPrices::Constant);
    // Forum thread 2747: a 2/4 multisig.
    assert_eq!(treasury.safe.signers(), vec![Signer::default(); 4]);
    assert_eq!(treasury.safe.threshold(), 2);
    // Uniswap's tier of 0.3 %; six clips on Arbitrum, 2025-08-29.
    let SwapTerms { fee_bps, depth, gas, .. } = treasury.swap;
    assert_eq!((fee_bps, depth.to_coins(), gas.to_coins()), (30, 2.25e6, 2e-5));
    assert_eq!(treasury.top_ups.reserve, RESERVE);
    assert_eq!(treasury.inflation, Inflation::OBSERVED);
    let moving =
        load(&source(preset("minimal").unwrap()), &["token_prices.jump_diffusion={}".into()]);
    let moving = moving.unwrap_or_else(|e| panic!("{e}")).treasury.prices;
    // Daily closes of 2024-12-21 to 2025-12-20 (CoinGecko), six extreme days apart.
    let of_2025 = JumpDiffusion {
        lpt_drift: 0.0,
        eth_drift: 0.0,
        lpt_volatility: 0.99,
        eth_volatility: 0.75,
        correlation: 0.78,
        jumps_per_year: 6.0,
        jump_mean: 0.0,
        jump_sd: 0.41,
    };
    assert_eq!(moving, TokenPrices::JumpDiffusion(of_2025));
}
