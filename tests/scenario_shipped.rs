//! The scenarios that come with orchsim: valid, equal after a round trip, and
//! true to their sources.

use orchsim::demand::Arrivals;
use orchsim::kernel::Distribution;
use orchsim::scenario::{Scenario, Source, load, preset, preset_names, to_toml};
use orchsim::units::Price;

fn source(text: &str) -> Source {
    Source { name: "scenario.toml".into(), text: text.into(), directory: None }
}

fn default() -> Scenario {
    load(&Source::built_in(), &[]).unwrap_or_else(|e| panic!("{e}"))
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
        let mut prices: Vec<Price> =
            nodes.iter().filter_map(|node| Some(node.offer(stream.model)?.price)).collect();
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
fn no_default_offer_is_above_a_maximum_price() {
    let network = default().network;
    for offer in network.orchestrators.iter().flat_map(|node| &node.offers) {
        for gateway in &network.gateways {
            assert!(gateway.max_price[offer.model].is_none_or(|maximum| offer.price <= maximum));
        }
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
