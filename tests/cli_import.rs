//! `orchsim import`: facts read off the files by hand, what is refused, and that
//! no file at all breaks it.

mod cli_support;

use std::fs;
use std::path::{Path, PathBuf};

use cli_support::{Ended, Workshop};
use orchsim::demand::{Arrivals, DemandStream};
use orchsim::import::{Kind, Options, import};
use orchsim::network::{Orchestrator, Pipeline};
use orchsim::scenario::{Scenario, Source, load};
use orchsim::treasury::ConversionPolicy;
use proptest::prelude::*;
use serde_json::Value;

const FIXTURES: [(Kind, &str); 7] = [
    (Kind::Capabilities, "capabilities.json"),
    (Kind::MaxPrices, "max-prices.json"),
    (Kind::Models, "aiModels.json"),
    (Kind::Leaderboard, "aggregated-stats.json"),
    (Kind::Leaderboard, "ai-leaderboard.json"),
    (Kind::Stakes, "stakes.csv"),
    (Kind::Transcoders, "transcoders.json"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn fixture(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn workshop() -> Workshop {
    let workshop = Workshop::with_minimal();
    for (_, name) in FIXTURES {
        workshop.write(name, &fixture(name));
    }
    workshop
}

/// Imports into `my.toml` what must succeed, and returns what was said.
fn imported(workshop: &Workshop, args: &[&str]) -> Ended {
    let ended = workshop.run(&[&["import"], args, &["--out", "my.toml"]].concat());
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
    let check = workshop.run(&["check", "my.toml"]);
    assert_eq!(check.code, 0, "{check:?}");
    ended
}

fn text(workshop: &Workshop) -> String {
    fs::read_to_string(workshop.path("my.toml")).unwrap()
}

fn scenario(workshop: &Workshop) -> Scenario {
    load(&Source::read(workshop.path("my.toml")).unwrap(), &[]).unwrap()
}

fn orchestrator<'a>(scenario: &'a Scenario, last: &str) -> &'a Orchestrator {
    let mut all = scenario.network.orchestrators.iter();
    all.find(|o| o.id == format!("0x{}{last}", "a".repeat(38))).unwrap()
}

/// (model, price, warm, capacity) of each offer.
fn offers<'a>(scenario: &'a Scenario, of: &Orchestrator) -> Vec<(&'a str, String, bool, u32)> {
    let offer = |offer: &orchsim::network::Offer| {
        let model = scenario.network.models[offer.model].id.as_str();
        (model, offer.price.to_string(), offer.warm, offer.capacity)
    };
    of.offers.iter().map(offer).collect()
}

#[test]
fn a_view_of_the_network_becomes_the_network() {
    let workshop = workshop();
    let ended = imported(&workshop, &["capabilities", "capabilities.json"]);
    assert!(ended.stderr.starts_with("Imported 3 orchestrators with 5 offers"), "{ended:?}");
    let scenario = scenario(&workshop);
    assert_eq!(scenario.network.orchestrators.len(), 3);
    let llama = "meta-llama/Meta-Llama-3.1-8B-Instruct";
    // Two hosts of one recipient: capacities 3 and 4; 170727774/3 wei a token;
    // one slot free and one in use.
    assert_eq!(
        offers(&scenario, orchestrator(&scenario, "01")),
        [
            ("ByteDance/SDXL-Lightning", "4768371 wei".to_string(), true, 7),
            (llama, "56909258 wei".to_string(), true, 2),
        ]
    );
    assert_eq!(
        offers(&scenario, orchestrator(&scenario, "03")),
        [("streamdiffusion-sdxl", "1588 wei".to_string(), true, 2)]
    );
    // A price as a text, no `warm`; an amount of 0 is left out of the answer.
    assert_eq!(
        offers(&scenario, orchestrator(&scenario, "04")),
        [
            ("ByteDance/SDXL-Lightning", "2384185 wei".to_string(), false, 1),
            ("black-forest-labs/FLUX.1-dev", "0 wei".to_string(), false, 1),
        ]
    );
    let text = text(&workshop);
    for line in [
        "# one.example:8935, go-livepeer 0.8.8, 2 x NVIDIA GeForce RTX 4090; one-b.example:8935, go-livepeer 0.8.8",
        "#   skipped orchestrators[1] (transcoder.example:8935): no AI model on offer at a price",
        "#   skipped orchestrators[5] (nobody.example:8935): no `address`",
        "#   skipped orchestrators[0] (one.example:8935): text-to-speech \"parler-tts/parler-tts-large-v1\": priced, but not among the models it offers",
        "#   skipped orchestrators[3] (four.example:8935): text-to-image \"SG161222/RealVisXL_V4.0_Lightning\": on offer without a price",
        "#   skipped orchestrators[0] (one.example:8935): capabilities.constraints.PerCapability.37: capability `byoc` is not simulated",
        "warm = true, capacity = 2 },  # capabilities.json (capabilities): 1 of the capacity in use",
        "version = \"0.9\"  # capabilities.json (capabilities): 0.8.8",
        "region = \"na-east\"  # assumed, that of east-studio-1; `orchsim import leaderboard` would replace it",
    ] {
        assert!(text.lines().any(|have| have.ends_with(line)), "{line}\n{text}");
    }
    // What the base says of itself stays; its orchestrators do not.
    assert!(text.contains("# ASSUMPTIONS") && !text.contains("orchestrator_groups]]"));
}

/// A `getNetworkCapabilities` answer of nodes that offer text-to-image with the model `m`,
/// by what they say besides.
fn view(nodes: &[&str]) -> String {
    let models =
        r#""capabilities": {"constraints": {"PerCapability": {"27": {"models": {"m": {}}}}}}"#;
    let nodes: Vec<String> = nodes.iter().map(|node| format!("{{{node}, {models}}}")).collect();
    format!(r#"{{"orchestrators": [{}]}}"#, nodes.join(","))
}

/// (id, price, capacity) of those that offer `m`, and what was said of the answer.
fn offers_of_m(view: &str) -> (Vec<(String, String, u32)>, String) {
    let workshop = workshop();
    workshop.write("view.json", view);
    let ended = imported(&workshop, &["capabilities", "view.json"]);
    let all = scenario(&workshop).network.orchestrators;
    let offer = |o: Orchestrator| (o.id, o.offers[0].price.to_string(), o.offers[0].capacity);
    (all.into_iter().map(offer).collect(), ended.stderr)
}

#[test]
fn nodes_without_an_address_of_their_own_are_told_apart_by_the_one_they_sign_with() {
    let price = r#""price_info": {"pricePerUnit": 5}"#;
    let zero = format!("0x{}", "0".repeat(40));
    let node = |address: &str, local: &str| {
        format!(r#""address": "{address}", "local_address": "{local}", {price}"#)
    };
    let url = node("https://z.example:8935", "");
    let nodes = [node(&zero, "x"), node("", "y"), node(&zero, &zero), node("z", "x"), url];
    let (found, said) = offers_of_m(&view(&nodes.each_ref().map(String::as_str)));
    let ids: Vec<&str> = found.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(ids, ["x", "y", "z"]);
    assert!(said.contains("orchestrators[2]: no `address`"), "{said}");
    assert!(said.contains("orchestrators[4]: its `address` is no Ethereum address"), "{said}");
}

#[test]
fn a_base_price_of_zero_may_be_left_out() {
    // As Go writes 0 (`omitempty`), in full, and neither amount nor units.
    let nodes = [
        r#""address": "x", "price_info": {"pixelsPerUnit": 1}"#,
        r#""address": "y", "price_info": {"pricePerUnit": 0, "pixelsPerUnit": 1}"#,
        r#""address": "z", "price_info": {}"#,
    ];
    let (found, said) = offers_of_m(&view(&nodes));
    let free = |id: &str| (id.to_string(), "0 wei".to_string(), 1);
    assert_eq!(found, [free("x"), free("y")]);
    assert!(said.contains("orchestrators[2]: text-to-image \"m\": on offer without a"), "{said}");
}

#[test]
fn a_model_whose_own_price_is_none_is_not_offered_at_the_base_price() {
    let node = |id: &str, prices: &[&str]| {
        let price = |price: &&str| format!(r#"{{"capability": 27, "constraint": "m", {price}}}"#);
        let prices: Vec<String> = prices.iter().map(price).collect();
        format!(
            r#""address": "{id}", "price_info": {{"pricePerUnit": 9}}, "capabilities_prices": [{}]"#,
            prices.join(",")
        )
    };
    let negative = r#""pricePerUnit": -5, "pixelsPerUnit": 1"#;
    let per_none = r#""pricePerUnit": 5, "pixelsPerUnit": 0"#;
    let good = r#""pricePerUnit": 7, "pixelsPerUnit": 1"#;
    let nodes = [
        node("base", &[]),
        node("negative", &[negative]),
        node("per-none", &[per_none]),
        node("twice", &[good, negative]),
    ];
    let (found, said) = offers_of_m(&view(&nodes.each_ref().map(String::as_str)));
    let offer = |id: &str, wei: u32| (id.to_string(), format!("{wei} wei"), 1);
    assert_eq!(found, [offer("base", 9), offer("twice", 7)]);
    for place in ["orchestrators[1]", "orchestrators[2]"] {
        let why = format!("{place}: capabilities_prices[0]: pricePerUnit");
        let skipped = format!("{place}: text-to-image \"m\": its own price cannot be read");
        assert!(said.contains(&why) && said.contains(&skipped), "{said}");
    }
}

/// A quote has what `auto_adjust_price` adds in it, a price of `aiModels.json` has not.
#[test]
fn a_quote_is_not_marked_up_again_and_a_base_price_is() {
    let workshop = workshop();
    imported(&workshop, &["capabilities", "capabilities.json"]);
    let quotes = text(&workshop);
    let adjusts =
        |text: &str| text.matches("auto_adjust_price = false  # assumed: the adv").count();
    assert_eq!(adjusts(&quotes), 3, "{quotes}");
    let is_other = |line: &&str| !line.starts_with("auto_adjust_price");
    let left_out: Vec<&str> = quotes.lines().filter(is_other).collect();
    workshop.write("left-out.toml", &left_out.join("\n"));
    workshop
        .write("on.toml", &quotes.replace("auto_adjust_price = false", "auto_adjust_price = true"));
    for base in ["left-out.toml", "on.toml"] {
        imported(&workshop, &["capabilities", "capabilities.json", "--base", base]);
        assert_eq!(adjusts(&text(&workshop)), 3, "{base}\n{}", text(&workshop));
    }
    imported(&workshop, &["models", "aiModels.json"]);
    assert!(scenario(&workshop).network.orchestrators[0].auto_adjust_price);
    assert!(text(&workshop).contains("auto_adjust_price = true  # assumed: go-livepeer's default"));
    imported(&workshop, &["models", "aiModels.json", "--base", "my.toml"]);
    assert!(scenario(&workshop).network.orchestrators[0].auto_adjust_price);
}

#[test]
fn of_hosts_at_different_prices_the_note_says_which_is_taken() {
    let at = |wei: u32| {
        format!(r#""address": "x", "price_info": {{"pricePerUnit": {wei}, "pixelsPerUnit": 1}}"#)
    };
    let of = |a: u32, b: u32| offers_of_m(&view(&[at(a).as_str(), at(b).as_str()]));
    let (found, said) = of(5, 7);
    assert_eq!(found, [("x".to_string(), "5 wei".to_string(), 2)]);
    let note = "the capacities of 1 of its models are added up, and of different prices the first \
                is taken: text-to-image/m at 5 wei, not 7 wei";
    assert!(said.contains(note), "{said}");
    let (_, said) = of(5, 5);
    assert!(said.contains("1 of its models are added up, at the same price"), "{said}");
}

#[test]
fn of_a_stream_of_events_the_last_view_of_the_network_is_read() {
    let event = |kind: &str, timestamp: &str, data: &str, wei: u32| {
        let node = format!(r#""address": "x", "price_info": {{"pricePerUnit": {wei}}}"#);
        let view: Value = serde_json::from_str(&view(&[&node])).unwrap();
        let nodes = &view["orchestrators"];
        format!(r#"{{"type": "{kind}", "timestamp": "{timestamp}", "{data}": {nodes}}}"#)
    };
    let view = "network_capabilities";
    let events = [
        event(view, "1768526280181", "data", 5),
        event("discovery_results", "1768526280190", "data", 6),
        event(view, "2026-01-15T23:00:00Z", "payload", 7),
    ];
    let note = "`network_capabilities` events: 2; the last is read, of 1768526280181";
    // That is 01:18 on the 16th.
    for stream in [format!("[{}]", events.join(",")), events.join("\n")] {
        let (found, said) = offers_of_m(&stream);
        assert_eq!(found, [("x".to_string(), "5 wei".to_string(), 1)]);
        assert!(said.contains(note), "{said}");
    }
}

#[test]
fn files_are_taken_up_one_after_another() {
    let workshop = workshop();
    imported(&workshop, &["capabilities", "capabilities.json"]);
    for (kind, file) in [
        ("leaderboard", "aggregated-stats.json"),
        ("stakes", "stakes.csv"),
        ("max-prices", "max-prices.json"),
        ("models", "aiModels.json"),
    ] {
        imported(&workshop, &[kind, file, "--base", "my.toml"]);
    }
    let before = scenario(&workshop);
    let region = |o: &Orchestrator| before.network.regions[o.region].id.clone();
    // Best score in London, and the mean of what FRA, LON and PRG say.
    let one = orchestrator(&before, "01");
    assert_eq!((region(one).as_str(), one.reliability), ("eu", 0.9));
    assert_eq!(one.stake.to_string(), "812345.6 LPT");
    // New York's better score is of tests that all failed; ZZZ is nowhere.
    let three = orchestrator(&before, "03");
    assert_eq!((region(three).as_str(), three.reliability), ("asia", 0.75));
    assert_eq!(three.stake.to_string(), "4321.123456789012345678 LPT");
    assert_eq!(orchestrator(&before, "04").reliability, 0.0);
    assert!(before.network.orchestrators.iter().any(|o| o.id == "aiModels"));
    let written = text(&workshop);
    for line in [
        "region = \"eu\"  # aggregated-stats.json (leaderboard): best round-trip score, 0.95 at LON",
        "reliability = 0.75  # aggregated-stats.json (leaderboard): mean of 1 result, few, by SIN",
        "stake = \"812345.6 LPT\"  # stakes.csv (stakes)",
        "#   skipped 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa09: not an orchestrator of the base",
        "#   note: rows before 2025-02-end, the last entry, left out: 1",
    ] {
        assert!(written.lines().any(|have| have == line), "{line}\n{written}");
    }
    assert_eq!(written.matches("# IMPORTED").count(), 5);

    // A newer view keeps what other files said; its block takes the older one's place.
    imported(&workshop, &["capabilities", "capabilities.json", "--base", "my.toml"]);
    let after = scenario(&workshop);
    assert_eq!(orchestrator(&after, "01").stake, one.stake);
    assert_eq!(orchestrator(&after, "03").region, three.region);
    assert_eq!(text(&workshop).matches("# IMPORTED").count(), 5);
    let run = workshop.run(&["run", "my.toml", "--replications", "1", "--horizon", "3", "--quiet"]);
    // 3: three days are not the 90 of the built-in objective.
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[test]
fn maximum_prices_go_to_the_gateways_named() {
    let workshop = workshop();
    imported(&workshop, &["max-prices", "max-prices.json", "--gateway", "dream-gateway"]);
    let scenario = scenario(&workshop);
    let of = |gateway: usize, model: &str| {
        let index = scenario
            .network
            .models
            .iter()
            .position(|m| m.id == model && m.pipeline != Pipeline::ImageToImage);
        scenario.network.gateways[gateway].max_price[index.unwrap()].map(|price| price.to_string())
    };
    let sdxl = "ByteDance/SDXL-Lightning";
    assert_eq!(of(0, sdxl).as_deref(), Some("4768371 wei"));
    assert_eq!(of(1, sdxl).as_deref(), Some("1700000 wei per 3"));
    assert_eq!(of(1, "openai/whisper-large-v3").as_deref(), Some("12882811 wei"));
    let llama = "meta-llama/Meta-Llama-3.1-8B-Instruct";
    assert_eq!(of(1, llama).as_deref(), Some("0.18 USD per 1000000"));
    assert_eq!(of(1, "new/video-model").as_deref(), Some("3390842 wei"));
    let text = text(&workshop);
    assert!(text.contains("#   skipped capabilities_prices[5]: `transcoding` is no pipeline"));
    assert!(text.contains("#   skipped capabilities_prices[6]: price_per_unit is `-1`"));

    let unknown = ["import", "max-prices", "max-prices.json", "--gateway", "dream-gatewa"];
    let ended = workshop.run(&unknown);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("did you mean `dream-gateway`?"), "{ended:?}");
}

#[test]
fn the_models_of_one_orchestrator_take_the_place_of_its_own() {
    let workshop = workshop();
    let args = ["models", "aiModels.json", "--base", "minimal.toml", "--orchestrator", "na-2"];
    let ended = imported(&workshop, &args);
    // na-2 is a member of a group, which is written out.
    assert!(ended.stderr.contains("as a member changed: 1"), "{ended:?}");
    let scenario = scenario(&workshop);
    let ids: Vec<&str> = scenario.network.orchestrators.iter().map(|o| o.id.as_str()).collect();
    assert_eq!(ids, ["asia-1", "eu-1", "na-1", "na-2"]);
    assert_eq!(
        offers(&scenario, &scenario.network.orchestrators[3]),
        [
            ("ByteDance/SDXL-Lightning", "4768371 wei".to_string(), true, 1),
            // Two runners: 2 + 1 at once, at the last price.
            ("meta-llama/Meta-Llama-3.1-8B-Instruct", "0.08 USD per 1000000".to_string(), true, 3),
            ("stabilityai/stable-diffusion-x4-upscaler", "500000 wei".to_string(), false, 1),
        ]
    );
    let minimal = Source::read(workshop.path("minimal.toml")).unwrap();
    let before = load(&minimal, &[]).unwrap();
    for (index, was) in before.network.orchestrators.iter().take(3).enumerate() {
        assert_eq!(scenario.network.orchestrators[index], *was);
    }
    assert!(text(&workshop).contains("# Try `--set gateways.version=0.9`"));
    let skipped = ["[4]: a price for one gateway only", "[5]: no `price_per_unit`"];
    assert!(skipped.iter().all(|line| ended.stderr.contains(line)), "{ended:?}");
}

#[test]
fn results_by_model_are_averaged_and_regions_can_be_given() {
    let workshop = workshop();
    imported(&workshop, &["capabilities", "capabilities.json"]);
    let args = ["leaderboard", "ai-leaderboard.json", "--base", "my.toml", "--region", "SEA=asia"];
    imported(&workshop, &args);
    let scenario = scenario(&workshop);
    let one = orchestrator(&scenario, "01");
    // Seattle: scores 0.8 and 0.9 against 0.6; half of its two results is 0.5.
    assert_eq!(scenario.network.regions[one.region].id, "asia");
    assert_eq!(one.reliability, 0.75);
}

#[test]
fn success_without_a_round_trip_score_is_no_failure() {
    let workshop = workshop();
    let rows = r#"[{"node": "na-1", "region": "FRA", "success_rate": 0.9},
        {"node": "na-1", "region": "LON", "success_rate": 0.8, "round_trip_score": null}]"#;
    workshop.write("unscored.json", rows);
    let file = ["leaderboard", "unscored.json"];
    for (base, region) in [(&["--base", "minimal.toml"][..], "na"), (&[], "eu")] {
        let ended = imported(&workshop, &[&file, base].concat());
        let scenario = scenario(&workshop);
        let all = &scenario.network.orchestrators;
        let found = all.iter().find(|o| o.id == "na-1").unwrap();
        assert_eq!(scenario.network.regions[found.region].id, region);
        assert_eq!(found.reliability, 0.85);
        assert!(ended.stderr.contains("note: no round-trip score: "), "{ended:?}");
        assert!(!ended.stderr.contains("failed every test"), "{ended:?}");
    }
}

#[test]
fn success_rates_may_be_per_cent_where_most_are() {
    let workshop = workshop();
    let import = |rates: [&str; 2]| {
        let row =
            |rate: &str| format!(r#"{{"node": "na-1", "region": "FRA", "success_rate": {rate}}}"#);
        workshop.write("rates.json", &format!("[{}]", rates.map(row).join(",")));
        let args = ["leaderboard", "rates.json", "--base", "minimal.toml"];
        let said = imported(&workshop, &args).stderr;
        let all = scenario(&workshop).network.orchestrators;
        (all.into_iter().find(|o| o.id == "na-1").unwrap().reliability, said)
    };
    let note = "most `success_rate`s are above 1: they are read as per cent";
    for (rates, reliability) in
        [(["95.5", "87.5"], 0.915), (["100.0000000001", "0"], 0.5), (["\"99\"", "1.5"], 0.5025)]
    {
        let (found, said) = import(rates);
        assert_eq!(found, reliability, "{rates:?}");
        assert!(said.contains(note), "{said}");
    }
    // A rate of at most 1 may be a share; none is above all tests.
    for (rates, refused) in [(["98", "0.9"], "is 98, not from 0 to 1"), (["0.9", "101"], "is 101")]
    {
        let (found, said) = import(rates);
        assert_eq!(found, 0.9, "{rates:?}");
        assert!(said.contains(refused) && !said.contains(note), "{said}");
    }
}

#[test]
fn testers_that_nobody_knows_are_named() {
    let workshop = workshop();
    let row = |tester: &str| {
        format!(
            r#"{{"node": "na-1", "region": "{tester}", "success_rate": 1, "round_trip_score": 0.5}}"#
        )
    };
    let rows = ["FRA", "AMS", "AMS", "XYZ"].map(row).join(",");
    workshop.write("testers.json", &format!("[{rows}]"));
    let args = ["leaderboard", "testers.json", "--base", "minimal.toml"];
    let ended = imported(&workshop, &args);
    let note = "note: results left out, as the region of their tester is not known: 3, by AMS, \
                XYZ; --region CODE=REGION says which it is";
    assert!(ended.stderr.contains(note), "{ended:?}");
    let placed = [&args[..], &["--region", "AMS=eu", "--region", "XYZ=na"]].concat();
    assert!(!imported(&workshop, &placed).stderr.contains("results left out"));
}

#[test]
fn without_a_base_those_in_the_file_are_the_network() {
    let workshop = workshop();
    imported(&workshop, &["transcoders", "transcoders.json"]);
    let first = scenario(&workshop);
    let stakes = first.network.orchestrators.iter().map(|o| o.stake.to_string());
    assert_eq!(stakes.collect::<Vec<_>>(), ["4321.123456789012345678 LPT", "250 LPT"]);
    assert_eq!(first.name, "my");

    // The later month whatever its spelling, in the unit of the header, without the sum.
    let history =
        "month,id,stake_wei\n2025-9,x,1\n2025-10,x,2000000\n2025-08-31,x,3\nTotal,,2000006\n";
    workshop.write("wei.csv", history);
    let ended = imported(&workshop, &["stakes", "wei.csv"]);
    let stake = scenario(&workshop).network.orchestrators[0].stake;
    assert_eq!(stake.to_string(), "0.000000000002 LPT");
    assert!(ended.stderr.contains("line 5: a `Total`, not a stake"), "{ended:?}");
    assert!(ended.stderr.contains("rows before 2025-10, the last entry"), "{ended:?}");

    // Offline there (04), nowhere known (05).
    imported(&workshop, &["leaderboard", "aggregated-stats.json"]);
    let second = scenario(&workshop);
    let ids = second.network.orchestrators.iter().map(|o| &o.id[40..]);
    assert_eq!(ids.collect::<Vec<_>>(), ["01", "03", "06"]);
}

/// The stakes of `x`, `y`, `z` in the order of the table, and what was said of it.
fn stakes_of(table: &str) -> (Vec<String>, String) {
    let workshop = workshop();
    workshop.write("table.csv", table);
    let ended = imported(&workshop, &["stakes", "table.csv"]);
    let scenario = scenario(&workshop);
    let stakes = scenario.network.orchestrators.iter().map(|o| format!("{} {}", o.id, o.stake));
    (stakes.collect(), ended.stderr)
}

#[test]
fn of_a_history_the_last_entry_counts_and_of_rows_with_their_own_times_the_last_of_each() {
    let header = "id,stake,timestamp\n";
    let of = |rows: &str| stakes_of(&format!("{header}{rows}"));
    // Written one after the other: no history.
    let (stakes, said) = of("x,5,2025-02-28T00:00:01Z\ny,6,2025-02-28T00:00:03Z\n");
    assert_eq!(stakes, ["x 5 LPT", "y 6 LPT"]);
    assert!(!said.contains("left out: "), "{said}");
    // A log of changes: y has not changed since.
    let log = "x,1,2025-01-01T00:00:01Z\ny,6,2025-01-02T00:00:01Z\nx,5,2025-02-28T00:00:03Z\n";
    let (stakes, said) = of(log);
    assert_eq!(stakes, ["y 6 LPT", "x 5 LPT"]);
    let note = "the last row of each orchestrator counts, the oldest of them of \
                2025-01-02T00:00:01Z; earlier rows left out: 1";
    assert!(said.contains(note), "{said}");
    // Whole entries: z left after January.
    let entries = "x,1,2025-01\ny,2,2025-01\nz,3,2025-01\nx,5,2025-02\ny,6,2025-02\n";
    let (stakes, said) = of(entries);
    assert_eq!(stakes, ["x 5 LPT", "y 6 LPT"]);
    let note = "rows before 2025-02, the last entry, left out: 3; orchestrators in those only, \
                left out: 1";
    assert!(said.contains(note), "{said}");
    // Entries that take a second to write.
    let (stakes, said) = of("w,1,10\nx,2,10\ny,3,11\nz,4,11\nw,5,20\nx,6,20\ny,7,21\n");
    assert_eq!(stakes, ["w 5 LPT", "x 6 LPT", "y 7 LPT"]);
    assert!(said.contains("rows before 20, the last entry, left out: 4"), "{said}");
}

#[test]
fn the_last_entry_of_a_history_counts_whatever_its_column_of_times_is_called() {
    let rows = |[first, second]: [&str; 2]| {
        format!("{first},x,100\n{first},y,7\n{second},x,900\n{second},y,8\n")
    };
    let dates = ["2025-01-31", "2025-02-28"];
    for (column, times) in [
        ("Date (UTC)", dates),
        ("block_time", ["2025-01-31 00:00:00.000 UTC", "2025-02-28 00:00:00.000 UTC"]),
        ("evt_block_time", dates),
        ("snapshot_date", dates),
        ("Updated At", dates),
        ("period", dates),
        ("year_month", ["2024-12", "2025-01"]),
        ("week", ["2024-W52", "2025-W01"]),
        ("month", ["202412", "202501"]),
        ("block_number", ["22000000", "22200000"]),
    ] {
        let (stakes, said) = stakes_of(&format!("{column},id,stake\n{}", rows(times)));
        assert_eq!(stakes, ["x 900 LPT", "y 8 LPT"], "{column}: {said}");
    }
    // Another column of times does not stand in the way of the days, nor one of the export.
    for (columns, times) in [
        ("date,week", ["2025-01-06,2", "2025-01-13,3"]),
        ("week,date", ["2,2025-01-06", "3,2025-01-13"]),
        ("date,updated_at", ["2025-01-06,2025-02-01", "2025-01-13,2025-02-01"]),
        ("timestamp,snapshot", ["2025-02-01,2025-01-06", "2025-02-01,2025-01-13"]),
    ] {
        let (stakes, said) = stakes_of(&format!("{columns},id,stake\n{}", rows(times)));
        assert_eq!(stakes, ["x 900 LPT", "y 8 LPT"], "{columns}: {said}");
    }
    // A list is none, whatever its times look like.
    let (stakes, _) = stakes_of("id,stake,updated_at\nx,5,3 days ago\ny,6,an hour ago\n");
    assert_eq!(stakes, ["x 5 LPT", "y 6 LPT"]);
}

#[test]
fn of_two_stakes_none_is_taken_where_nothing_says_which_is_the_later() {
    let workshop = workshop();
    let refused = |table: &str, parts: &[&str]| {
        workshop.write("table.csv", table);
        let ended = workshop.run(&["import", "stakes", "table.csv"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        for part in parts {
            assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        }
    };
    let two = "`x` has two different entries, on lines 2 and 4";
    let columns = "no column says when each is of: there are `id`, `stake`, `cycle`";
    let rows = "x,100,1\ny,7,1\nx,900,2\n";
    refused(&format!("id,stake,cycle\n{rows}"), &[two, columns, "`block_number`", "table.csv:4"]);
    let at_once = rows.replace("900,2", "900,1");
    refused(&format!("id,stake,round\n{at_once}"), &[two, "of one `round`"]);
    // Is January before or after December?
    refused("id,stake,month\nx,100,12\nx,900,1\n", &["`12` does not say of which year"]);
    let moves = "delegator,delegate,stake\na,x,5\na,y,5\n";
    refused(moves, &["`a` has two different entries, on lines 2 and 3"]);
    let (stakes, said) = stakes_of("id,stake,cycle\nx,100,1\nx,100,2\n");
    assert_eq!(stakes, ["x 100 LPT"]);
    assert!(said.contains("line 3 (x): a second row of the same orchestrator"), "{said}");
}

#[test]
fn of_several_columns_of_stakes_the_total_counts_and_the_others_are_named() {
    let (stakes, said) = stakes_of("id,stake,total_stake,bonded_lpt\nx,5,50,6\n");
    assert_eq!(stakes, ["x 50 LPT"]);
    let note = "note: the stake is that of `total_stake`; not read: `stake`, `bonded_lpt`";
    assert!(said.contains(note), "{said}");
}

#[test]
fn shares_are_no_stakes() {
    let workshop = workshop();
    for rows in ["x,0.25\ny,0.75\n", "x,0.5\ny,0.33\nz,0.165\n"] {
        workshop.write("table.csv", &format!("id,stake\n{rows}"));
        let ended = workshop.run(&["import", "stakes", "table.csv"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains("as shares do, not LPT\n  --> table.csv:1"), "{ended:?}");
    }
    for table in [
        // Said to be LPT; one alone; no sum of shares.
        "id,stake_lpt\nx,0.25\ny,0.75\n",
        "id,stake\nx,0.25 LPT\ny,0.75 LPT\n",
        "id,stake\nx,1\n",
        "id,stake\nx,0.5\ny,0.75\n",
    ] {
        workshop.write("table.csv", table);
        imported(&workshop, &["stakes", "table.csv"]);
    }
}

#[test]
fn the_active_stake_is_one_where_no_other_is_there() {
    let (stakes, _) = stakes_of("Address,Active Stake,Reward Cut\nx,\"2,345,678 LPT\",10\n");
    assert_eq!(stakes, ["x 2345678 LPT"]);
    let (stakes, _) = stakes_of("id,Active Stake,Stake\nx,5,6\n");
    assert_eq!(stakes, ["x 6 LPT"]);
}

#[test]
fn bonds_of_delegators_add_up_to_the_stake_of_their_delegate() {
    let all = ["x 11.5 LPT", "y 7 LPT"];
    let note = "the rows are of 3 delegators: the stake of an orchestrator is the sum";
    for header in ["delegator,delegate,bonded_amount", "id,delegate.id,bondedAmount"] {
        let row = |of: char, id: &str| format!("0x{},{id}\n", of.to_string().repeat(40));
        let rows = [row('a', "x,5"), row('b', "x,6.5"), row('c', "y,7"), row('A', "x,5")].concat();
        let (stakes, said) = stakes_of(&format!("{header}\n{rows}"));
        assert_eq!(stakes, all, "{said}");
        assert!(said.contains(note), "{said}");
        assert!(said.contains("a second row of the same delegator"), "{said}");
    }
    // A delegator that moves from y to x bonds to x alone.
    let moves = "date,delegator,delegate,stake\n2025-01-01,a,y,5\n2025-01-02,b,x,6.5\n\
                 2025-01-03,c,y,7\n2025-01-04,a,x,5\n";
    let (stakes, said) = stakes_of(moves);
    assert_eq!(stakes, all, "{said}");
    assert!(said.contains("the last row of each delegator counts"), "{said}");
}

#[test]
fn shortened_addresses_and_the_inactive_are_left_out_with_their_reason() {
    let rows = "0x104a...1361,5,true\n0x104a…1361,5,true\nx,1234.5 lpt,True\ny,6,false\n";
    let (stakes, said) = stakes_of(&format!("id,stake,active\n{rows}"));
    assert_eq!(stakes, ["x 1234.5 LPT"]);
    for skipped in [
        "line 2: `0x104a...1361` is a shortened address",
        "line 3: `0x104a…1361` is a shortened address",
        "line 5 (y): not active",
    ] {
        assert!(said.contains(skipped), "{said}");
    }
}

#[test]
fn transcoders_that_left_or_are_still_to_come_are_left_out() {
    let workshop = workshop();
    let never = "57896044618658097711785492504343953926634992332820282019728792003956564819967";
    let row = |id: &str, more: &str| format!(r#"{{"id": "{id}", "totalStake": "5"{more}}}"#);
    let rounds = |id, from: u32, until: &str| {
        let more = format!(r#", "activationRound": "{from}", "deactivationRound": "{until}""#);
        row(id, &more)
    };
    let rows = [
        rounds("stays", 2467, never),
        rounds("left", 2467, "3000"),
        rounds("leaves", 2467, "3002"),
        rounds("comes", 3002, never),
        row("gone", r#", "status": "NotRegistered""#),
        row("number", r#", "deactivationRound": 5.789604461865809771e76"#),
        row("active", r#", "active": true, "deactivationRound": "3002""#),
    ];
    let rows = rows.join(",");
    let out = |more: &str| {
        let file = format!(r#"{{"data": {{"transcoders": [{rows}]{more}}}}}"#);
        workshop.write("rounds.json", &file);
        let said = imported(&workshop, &["transcoders", "rounds.json"]).stderr;
        let scenario = scenario(&workshop);
        let ids = scenario.network.orchestrators.iter().map(|o| o.id.clone());
        (ids.collect::<Vec<_>>(), said)
    };
    let (ids, said) = out(r#", "protocol": {"currentRound": {"id": "3001"}}"#);
    assert_eq!(ids, ["stays", "leaves", "number", "active"]);
    for why in [
        "(left): not active from round 3000 on",
        "(comes): active from round 3002 on only",
        "(gone): not registered",
    ] {
        assert!(said.contains(why), "{said}");
    }
    // Which round it is nobody says: who has a last one but is not called active has left.
    assert_eq!(out("").0, ["stays", "comes", "number", "active"]);
}

/// Requests a day of a stream, region by region.
fn rates(scenario: &Scenario, id: &str) -> Vec<f64> {
    let streams = scenario.demand.iter().filter(|stream| stream.id == id);
    let rate = |stream: &DemandStream| match &stream.arrivals {
        Arrivals::Poisson(arrivals) => arrivals.requests_per_day,
        Arrivals::Trace(_) => 0.0,
    };
    streams.map(rate).collect()
}

/// Mean spend of each pipeline over ten days of level demand, in wei.
fn ten_days_spend(workshop: &Workshop) -> Value {
    let args = [
        "run",
        "my.toml",
        "--set",
        "demand.streams.growth={constant={}}",
        "--set",
        "demand.uncertainty.level_cv=0",
        "--set",
        "payments.mode=expected",
        "--horizon",
        "10",
        "--replications",
        "40",
        "--format",
        "json",
    ];
    let run = workshop.run(&args);
    assert_eq!(run.code, 3, "ten days are not the 90 of the objective: {run:?}");
    run.json()["spend"]["by_pipeline"].clone()
}

#[test]
fn real_spend_becomes_the_requests_that_cost_as_much() {
    let workshop = workshop();
    workshop.write("spend.csv", &fixture("spend.csv"));
    let ended = imported(&workshop, &["spend", "spend.csv", "--base", "minimal.toml"]);
    // There is a gap on 2 March, and two dear days come before these.
    let days = "the mean of 28 days from 2025-02-20 to 2025-03-20";
    assert!(ended.stderr.contains(days), "{ended:?}");
    let after = scenario(&workshop);
    assert_eq!(after.start.to_string(), "2025-03-21");
    // A picture is 1,048,576 pixels at up to 4,768,371 wei, so that 0.002 ETH buy at
    // least 400; what overpayment takes leaves fewer, but not half of them.
    let images = rates(&after, "images").iter().sum::<f64>();
    assert!((200.0..400.0).contains(&images), "{images}");
    // What is simulated spends what was spent: the mean of 14 days of 0.0018 and 14 of
    // 0.0022 ETH, and 0.00002 ETH. Chance leaves a few per cent.
    let spend = ten_days_spend(&workshop);
    for (pipeline, eth) in [("text-to-image", 0.002), ("llm", 0.00002)] {
        let wei: f64 = spend[pipeline].as_str().unwrap().parse().unwrap();
        let ratio = wei / 1e18 / 10.0 / eth;
        assert!((0.85..1.15).contains(&ratio), "{pipeline}: {ratio}");
    }
    // Of an S-curve to twice the level, 1 + exp(-0.31) times that of day 31 is left.
    let left = |scenario: &Scenario| {
        let stream = scenario.demand.iter().find(|stream| stream.id == "images").unwrap();
        let Arrivals::Poisson(arrivals) = &stream.arrivals else { panic!("a trace") };
        (arrivals.growth.factor(1e6), arrivals.growth.factor(1.0))
    };
    let grown = (1.0 + f64::exp(-0.31), (1.0 + f64::exp(-0.31)) / (1.0 + f64::exp(-0.32)));
    let near = |(a, b): (f64, f64)| (a - grown.0).abs() < 1e-9 && (b - grown.1).abs() < 1e-9;
    assert!(near(left(&after)), "{:?}, not {grown:?}", left(&after));
    let text = text(&workshop);
    for line in [
        "#   note: 1 day is without spend, taken as a gap (`--zero-days` takes it as zero): 2025-03-02",
        "#   skipped 2025-02-18 to 2025-02-19: before the last 28 complete days, which the mean is of",
        "#   skipped 0.98 % of the spend, on audio-to-text at gateway: not in the base",
        "# Try `--set gateways.version=0.9`, where the weights decide every request.",
    ] {
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
    // 0.00002 ETH a day on audio are left out.
    let headline = "demand for 0.00202 ETH a day, 99 % of 0.00204, the mean of 28 days";
    assert!(ended.stderr.contains(headline), "{ended:?}");
    assert!(text.contains("`orchsim calibrate` fits them to the same file"), "{text}");
    // Its own output is a base again.
    imported(&workshop, &["spend", "spend.csv", "--base", "my.toml"]);
    assert_eq!(text.matches("# IMPORTED").count(), 1);
    assert!(near(left(&scenario(&workshop))));
    // A base at another level asks for as much in the end.
    let minimal = fs::read_to_string(workshop.path("minimal.toml")).unwrap();
    workshop.write("level.toml", &minimal.replacen("[demand]", "[demand]\nlevel = 4", 1));
    imported(&workshop, &["spend", "spend.csv", "--base", "level.toml"]);
    let again = rates(&scenario(&workshop), "images").iter().sum::<f64>();
    assert!((again / images - 1.0).abs() < 0.03, "{again}, not {images}");
    // Below a header of its own growth is not changed, which is said.
    let (before, header) = (
        "growth = { logistic = { ceiling = 2, rate_per_day = 0.01 } }",
        "[demand.streams.growth.logistic]\nceiling = 2\nrate_per_day = 0.01",
    );
    workshop.write("header.toml", &minimal.replace(before, header));
    let ended = imported(&workshop, &["spend", "spend.csv", "--base", "header.toml"]);
    assert!(ended.stderr.contains("growth of images starts anew on 2025-03-21"), "{ended:?}");
}

#[test]
fn every_kind_of_spend_is_read_and_layouts_are_kept_or_written_out() {
    let workshop = workshop();
    workshop.write("fees.csv", "date,fees_eth\n2025-03-01,0.002\n2025-03-02,0.002\n");
    let tickets = "2025-03-01T00:10:00Z,0.002\n2025-03-01T23:50:00Z,0.002\n";
    workshop.write("tickets.csv", &format!("block_timestamp,face_value_eth\n{tickets}"));
    workshop.write("lpt.csv", "date,amount_lpt\n2025-03-01,1\n");
    let minimal = orchsim::scenario::preset("minimal").unwrap();
    let even = "requests_per_day = 200\nregions = { na = 0.5, eu = 0.3, asia = 0.2 }";
    assert!(minimal.contains(even));
    let by_region = minimal.replace(even, "requests_per_day = { na = 100, eu = 60, asia = 40 }");
    workshop.write("by-region.toml", &by_region);
    let gateway = "[{id = \"second\", region = \"eu\", like = \"gateway\"}]";
    let injection = format!("{minimal}\n[policy.injection]\ngateways = {gateway}\n");
    workshop.write("injection.toml", &injection);

    let fees = imported(&workshop, &["spend", "fees.csv", "--base", "by-region.toml"]);
    assert!(fees.stderr.contains("demand for 0.002 ETH a day"), "{fees:?}");
    assert!(fees.stderr.contains("those of a whole network"), "{fees:?}");
    let [na, eu, asia] = rates(&scenario(&workshop), "images")[..] else { panic!("three regions") };
    for (rate, share) in [(na, 0.5), (eu, 0.3), (asia, 0.2)] {
        assert!((rate / (na + eu + asia) - share).abs() < 1e-4, "{rate}");
    }
    let tickets = imported(&workshop, &["spend", "tickets.csv", "--base", "injection.toml"]);
    assert!(tickets.stderr.contains("demand for 0.004 ETH a day"), "{tickets:?}");
    assert!(tickets.stderr.contains("as `policy.injection` changes"), "{tickets:?}");
    // Off on one day of two.
    workshop.write("off.csv", "date,amount_eth\n2025-03-01,0.004\n2025-03-02,0\n");
    let off = imported(&workshop, &["spend", "off.csv", "--base", "minimal.toml"]);
    assert!(off.stderr.contains("demand for 0.002 ETH a day, the mean of 2 days"), "{off:?}");
    let lpt = ["spend", "lpt.csv", "--eth-per-lpt", "0.003", "--base", "minimal.toml"];
    let lpt = imported(&workshop, &lpt);
    // The base's first day is later than the file's last, and stays.
    workshop.write("later.toml", &minimal.replace("start = 2025-02-18", "start = 2026-01-01"));
    workshop.write("early.csv", "date,fees_eth\n2025-03-01,0.002\n");
    imported(&workshop, &["spend", "early.csv", "--base", "later.toml"]);
    let early = text(&workshop);
    assert!(early.contains("\nstart = 2026-01-01\n"), "{early}");
    assert!(
        early.contains(
            "for 0.002 ETH a day on all streams, the spend of 2025-03-01; simulated: 0.0"
        ),
        "{early}"
    );
    assert!(lpt.stderr.contains("demand for 0.003 ETH a day"), "{lpt:?}");
}

/// The start moves by 31 days, from 2025-02-18 to 2025-03-21.
#[test]
fn what_is_counted_from_the_start_keeps_its_dates_or_is_named() {
    let workshop = workshop();
    workshop.write("spend.csv", &fixture("spend.csv"));
    let minimal = fs::read_to_string(workshop.path("minimal.toml")).unwrap();
    let treasury = "[treasury]\ndeadline_day = 60\n\
                    drawings = [{ project = \"docs\", day = 45, lpt = \"10 LPT\" }]\n\
                    conversion = { clip = { lpt = \"99 LPT\", every_days = 14, first_day = 1 } }\n";
    let base = minimal.replace("[treasury]\n", treasury)
        + "\n[payments]\ngas_price_steps = [{ day = 324, gas_price = \"0.02 gwei\" }]\n\
           \n[policy]\nmax_price = { factor = 1, steps = [{ day = 50, factor = 0.5 }] }\n\
           \n[token_prices]\nreplay = { rows = [[0, 8, 4000], [50, 10, 4000]] }\n";
    workshop.write("base.toml", &base);
    let ended = imported(&workshop, &["spend", "spend.csv", "--base", "base.toml"]);
    for said in [
        "comes 31 days later",
        "`payments.gas_price_steps.day` (324)",
        "`policy.max_price.steps.day` (50)",
        "`treasury.deadline_day` (60)",
        "`treasury.drawings.day` (45)",
        "lasts_days` (90)",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {ended:?}");
    }
    let after = scenario(&workshop);
    for (day, lpt_usd) in [("2025-04-08", 8.0), ("2025-04-09", 10.0)] {
        let prices = after.daily_prices().unwrap().on(day.parse().unwrap()).unwrap().0;
        assert_eq!(prices.lpt_usd, lpt_usd, "{day}");
    }
    let ConversionPolicy::Clip { schedule, .. } = after.treasury.conversion else {
        panic!("{:?}", after.treasury.conversion)
    };
    // The fourth sale, on day 43.
    assert_eq!((schedule.first.day(), schedule.every.day()), (12, 14));
}

/// The start moves by 31 days, from Tuesday 2025-02-18 to Friday 2025-03-21.
#[test]
fn sales_keep_their_dates_however_they_are_written() {
    let workshop = workshop();
    workshop.write("spend.csv", &fixture("spend.csv"));
    let minimal = fs::read_to_string(workshop.path("minimal.toml")).unwrap();
    let within = |line: &str| minimal.replace("[treasury]\n", &format!("[treasury]\n{line}\n"));
    // Every four weeks from 18 February on is 15 April, every other Tuesday is 1 April.
    let cases = [
        (within("conversion = { clip = { lpt = \"99 LPT\", every_days = 28 } }"), 25),
        (within("conversion.clip.lpt = \"99 LPT\" # each\nconversion.clip.every_days = 28"), 25),
        (minimal.clone() + "\n[treasury.conversion.clip]\nevery_days = 28\n  lpt = \"99 LPT\"", 25),
        (within("conversion = { days_of_cover = { every_days = 28, days = 9 } }"), 25),
        (
            within(
                "conversion.clip = { lpt = \"99 LPT\", weekday = \"tuesday\", every_days = 14 }",
            ),
            11,
        ),
        (within("conversion = { clip = { lpt = \"99 LPT\", weekday = \"tuesday\" } }"), 4),
    ];
    for (base, days) in cases {
        workshop.write("base.toml", &base);
        let ended = imported(&workshop, &["spend", "spend.csv", "--base", "base.toml"]);
        assert!(!ended.stderr.contains("LPT is sold"), "{ended:?}");
        let conversion = scenario(&workshop).treasury.conversion;
        let (ConversionPolicy::Clip { schedule, .. }
        | ConversionPolicy::DaysOfCover { schedule, .. }) = conversion
        else {
            panic!("{conversion:?}")
        };
        assert_eq!(schedule.first.day(), days, "{}", text(&workshop));
    }
    assert_eq!(text(&workshop).matches("first_day").count(), 0);
    workshop.write(
        "base.toml",
        &within("conversion = { clip.lpt = \"99 LPT\", clip.every_days = 28 }"),
    );
    let ended = imported(&workshop, &["spend", "spend.csv", "--base", "base.toml"]);
    let said = "`first_day = 25` in `treasury.conversion.clip` keeps their dates";
    assert!(ended.stderr.contains(said), "{ended:?}");
}

/// The start moves by 31 days.
#[test]
fn a_launch_to_come_keeps_its_date_and_growth_from_the_same_start_its_words() {
    let workshop = workshop();
    workshop.write("spend.csv", &fixture("spend.csv"));
    let minimal = fs::read_to_string(workshop.path("minimal.toml")).unwrap();
    let growth = |start: &str, points: &str| {
        let logistic = "{ logistic = { ceiling = 2, rate_per_day = 0.01 } }";
        assert!(minimal.contains(logistic));
        let base = minimal.replace(logistic, &format!("{{ piecewise = {{ points = {points} }} }}"));
        workshop.write("base.toml", &base.replace("start = 2025-02-18", start));
        let ended = imported(&workshop, &["spend", "spend.csv", "--base", "base.toml"]);
        let after = scenario(&workshop);
        let stream = after.demand.into_iter().find(|stream| stream.id == "images").unwrap();
        let Arrivals::Poisson(arrivals) = stream.arrivals else { panic!("a trace") };
        (arrivals.growth, ended.stderr)
    };
    // It is launched on day 100 and complete on day 130; or falls to next to nothing.
    for (points, day) in
        [("[[0, 0], [100, 0], [130, 1]]", 69.0), ("[[0, 1], [31, 1e-7], [61, 1]]", 0.0)]
    {
        let (growth, said) = growth("start = 2025-02-18", points);
        for (later, factor) in [(0.0, 0.0), (15.0, 0.5), (30.0, 1.0), (300.0, 1.0)] {
            assert!((growth.factor(day + later) - factor).abs() < 1e-6, "{growth:?}");
        }
        assert!(growth.factor(0.0) < 1e-6, "{growth:?}");
        assert!(said.contains("keep their dates and factors"), "{said}");
    }
    let (growth, _) = growth("start = 2026-01-01", "[[0, 2], [60, 5]]");
    assert_eq!((growth.factor(0.0), growth.factor(60.0)), (2.0, 5.0));
}

#[test]
fn spend_that_says_nothing_of_the_base_is_refused() {
    let workshop = workshop();
    let refused = |csv: &str, base: &str, part: &str| {
        workshop.write("spend.csv", csv);
        let ended = workshop.run(&["import", "spend", "spend.csv", "--base", base]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    };
    let minimal = "minimal.toml";
    refused("date,amount_eth\n", minimal, "no row below the header");
    refused("date,amount_eth\n2025-03-01,0\n", minimal, "no complete day of `spend.csv` has any");
    refused("date,amount_eth\n2025-03-01,x\n", minimal, "spend.csv:2, column `amount_eth`");
    refused("date,amount_lpt\n2025-03-01,1\n", minimal, "by --eth-per-lpt");
    let other = "date,pipeline,amount_eth\n2025-03-01,llm,0.1\n2025-03-01,byoc,0.9\n";
    refused(other, minimal, "90 % of the spend is on byoc, which the scenario does not have");
    refused("id,stake\nx,5\n", minimal, "use `orchsim import stakes`");
    // Gwei under a header of ETH: refused before memory runs out.
    refused("date,amount_eth\n2025-03-01,2000000\n", minimal, "more than 1e9 requests a day");
    let text = orchsim::scenario::preset("minimal").unwrap();
    let (before, stream) = text.split_once("[[demand.streams]]\nid = \"chat\"").unwrap();
    let rates = "requests_per_day = 500\nregions = { na = 0.5, eu = 0.3, asia = 0.2 }";
    let trace = stream.replace(rates, "trace.requests = { na = [[5.0]] }");
    workshop.write("trace.toml", &format!("{before}[[demand.streams]]\nid = \"chat\"{trace}"));
    refused("date,amount_eth\n2025-03-01,1\n", "trace.toml", "the stream `chat` is a trace");
    workshop.write("spend.csv", "date,amount_eth\n2025-03-01,1\n");
    let ended = workshop.run(&["import", "stakes", "spend.csv", "--zero-days"]);
    assert!(ended.stderr.contains("--zero-days goes with `orchsim import spend`"), "{ended:?}");
}

#[test]
fn spend_on_what_nobody_offers_is_left_out_or_the_model_to_ask_for_is_named() {
    let workshop = workshop();
    let minimal = orchsim::scenario::preset("minimal").unwrap();
    let id = "id = \"meta-llama/Meta-Llama-3.1-8B-Instruct\"";
    let asked = "pipeline = \"llm\"\nmodel = \"meta-llama/Meta-Llama-3.1-8B-Instruct\"";
    let (models, demand) = minimal.split_once("[demand]").unwrap();
    let models = models.replace(
        "[[gateways]]",
        "[[models]]\npipeline = \"llm\"\nid = \"mine\"\nservice = { overhead_s = 0.3, \
         seconds_per_unit = 0.0143 }\n\n[[gateways]]",
    );
    assert!(models.contains(id) && demand.contains(asked));
    let demand = demand.replace(asked, "pipeline = \"llm\"\nmodel = \"mine\"");
    workshop.write("base.toml", &format!("{models}[demand]{demand}"));
    let spend = |images: f64| {
        let day = format!("2025-03-01,text-to-image,{images}\n2025-03-01,llm,0.001\n");
        workshop.write("spend.csv", &format!("date,pipeline,amount_eth\n{day}"));
    };
    let named = "`chat` asks for mine, which nobody offers; on offer is \
                 meta-llama/Meta-Llama-3.1-8B-Instruct: set `demand.streams.chat.model`";
    // A third of it is left out, and the rate stays.
    spend(0.002);
    let ended = imported(&workshop, &["spend", "spend.csv", "--base", "base.toml"]);
    assert!(ended.stderr.contains("demand for 0.002 ETH a day, 66.7 % of 0.003"), "{ended:?}");
    assert!(ended.stderr.contains("33.3 % of the spend, on llm"), "{ended:?}");
    assert!(ended.stderr.contains(named), "{ended:?}");
    assert!((rates(&scenario(&workshop), "chat").iter().sum::<f64>() - 500.0).abs() < 1e-9);
    // Most of it is not.
    spend(0.0005);
    let ended = workshop.run(&["import", "spend", "spend.csv", "--base", "base.toml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let about = "the scenario spends nothing on llm, so that";
    assert!(ended.stderr.contains(about) && ended.stderr.contains(named), "{ended:?}");
}

#[test]
fn a_base_in_another_layout_is_written_out() {
    let workshop = workshop();
    let minimal = orchsim::scenario::preset("minimal").unwrap();
    let offer = "pipeline = \"llm\"\nmodel = \"meta-llama/Meta-Llama-3.1-8B-Instruct\"\n";
    let base = format!(
        "{minimal}\n[[orchestrators]]\nid = \"x\"\nregion = \"eu\"\nstake = \"1 LPT\"\n\
         [[orchestrators.offers]]\n{offer}price = \"5 wei\"\n"
    );
    workshop.write("base.toml", &base);
    workshop.write("stakes.csv", "id,stake\nx,5\n");
    let ended = imported(&workshop, &["stakes", "stakes.csv", "--base", "base.toml"]);
    assert!(ended.stderr.contains("written out in full"), "{ended:?}");
    let before = load(&Source::read(workshop.path("base.toml")).unwrap(), &[]).unwrap();
    let after = scenario(&workshop);
    assert_eq!(after.network.orchestrators.len(), 5);
    for (was, is) in before.network.orchestrators.iter().zip(&after.network.orchestrators) {
        let stake = if was.id == "x" { "5 LPT".to_string() } else { was.stake.to_string() };
        assert_eq!((is.id.as_str(), is.stake.to_string()), (was.id.as_str(), stake));
    }
}

#[test]
fn a_file_of_somebody_else_is_not_replaced() {
    let workshop = workshop();
    let import = ["import", "stakes", "stakes.csv", "--out"];
    let ended = workshop.run(&[&import[..], &["minimal.toml"]].concat());
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("was not written by `orchsim import`"), "{ended:?}");
    let minimal = fs::read_to_string(workshop.path("minimal.toml")).unwrap();
    assert_eq!(Some(minimal.as_str()), orchsim::scenario::preset("minimal"));

    assert_eq!(workshop.run(&[&import[..], &["minimal.toml", "--force"]].concat()).code, 0);
    // Ours now.
    assert_eq!(workshop.run(&[&import[..], &["minimal.toml"]].concat()).code, 0);
    assert_eq!(workshop.run(&[&import[..], &["."]].concat()).code, 2);
    assert_eq!(workshop.run(&[&import[..], &["no/such/place.toml"]].concat()).code, 1);
    let drafts = workshop.names().into_iter().filter(|name| name.contains("draft"));
    assert_eq!(drafts.count(), 0);
}

#[test]
fn to_standard_output_goes_the_scenario_alone() {
    let workshop = workshop();
    let ended = workshop.run(&["import", "capabilities", "capabilities.json"]);
    assert_eq!(ended.code, 0);
    let source = Source { name: "stdout".into(), text: ended.stdout, directory: None };
    assert_eq!(load(&source, &[]).unwrap().name, "capabilities");
    assert!(ended.stderr.contains("skipped 6:"), "{}", ended.stderr);
}

#[test]
fn options_of_another_kind_and_files_that_cannot_be_read_are_refused() {
    let workshop = workshop();
    let refused = |args: &[&str], part: &str| {
        let ended = workshop.run(&[&["import"], args].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    };
    refused(&["stakes", "stakes.csv", "--gateway", "a"], "--gateway goes with");
    refused(&["models", "aiModels.json", "--region", "FRA=eu"], "--region goes with");
    refused(&["leaderboard", "aggregated-stats.json", "--region", "FRA"], "such as FRA=eu");
    refused(
        &["leaderboard", "aggregated-stats.json", "--region", "FRA=europ"],
        "has no region `europ`",
    );
    refused(&["everything", "stakes.csv"], "possible values");
    refused(&["stakes", "none.csv"], "there is no file `none.csv`");
    refused(&["stakes", "."], "`.` cannot be imported: not a regular file");
    fs::write(workshop.path("latin.csv"), b"address,stake\n\xe9,5\n").unwrap();
    refused(&["stakes", "latin.csv"], "line 2 is not UTF-8 text");
    workshop.write("comma.csv", "Address;Stake\r\nx;1.000\r\ny;12345,67\r\n");
    refused(
        &["stakes", "comma.csv"],
        "`12345,67` has a decimal comma\n  --> comma.csv:3, column `Stake`",
    );
    workshop.write("comma.csv", "address,stake\nx,\"1,234\"\n");
    refused(&["stakes", "comma.csv"], "a comma that may be of thousands or of decimals");
    // Of which day 12/31 and 01/31 are, nobody asks: no order of such texts is certain.
    let dated = "date,id,stake\n2025-9-30,x,1\n12/31/2024,x,5\n";
    workshop.write("dates.csv", dated);
    refused(
        &["stakes", "dates.csv"],
        "`12/31/2024` is not a date, and not all are numbers\n  --> dates.csv:3, column `date`",
    );
    for (kind, file, json, part) in [
        ("transcoders", "a.json", r#"{"data": {"transcoders": []}}"#, "transcoders: an empty list"),
        ("transcoders", "b.json", r#"{"errors": [{"message": "bad indexers"}]}"#, "bad indexers"),
        ("capabilities", "c.json", r#"{"error": "not found"}"#, "asked: not found"),
        ("capabilities", "d.json", r#"{"orchestrators": null}"#, "orchestrators: an empty list"),
        ("capabilities", "e.json", r#"{"orchestrators": []}"#, "orchestrators: an empty list"),
    ] {
        workshop.write(file, json);
        refused(&[kind, file], part);
    }
    let huge = fs::File::create(workshop.path("huge.json")).unwrap();
    huge.set_len((64 << 20) + 1).unwrap();
    refused(&["capabilities", "huge.json"], "larger than 64 MB");
    let rows = format!("date,amount_eth\n2025-03-01,x\n{}", "\n".repeat(64 << 20));
    workshop.write("long.csv", &rows);
    refused(&["spend", "long.csv"], "long.csv:2, column `amount_eth`");
    huge.set_len((512 << 20) + 1).unwrap();
    refused(&["spend", "huge.json"], "larger than 512 MB");
    let rows: String = (0..10_001).map(|row| format!("o{row},5\n")).collect();
    workshop.write("many.csv", &format!("id,stake\n{rows}"));
    refused(&["stakes", "many.csv"], "names 10001 orchestrators; at most 10000");
    workshop.write("bad.toml", "name = 5\n");
    refused(&["stakes", "stakes.csv", "--base", "bad.toml"], "--> bad.toml:1:8");
    // A group of favourites that is no longer there.
    let text = orchsim::scenario::preset("minimal").unwrap();
    let text = format!("{text}\n[policy.alpha_group]\norchestrators = [\"eu-1\"]\n");
    workshop.write("alpha.toml", &text);
    refused(&["capabilities", "capabilities.json", "--base", "alpha.toml"], "eu-1");
}

#[test]
fn a_mark_line_ends_and_a_bare_list_make_no_difference() {
    let whole = fixture("capabilities.json");
    let bare: Value = serde_json::from_str(&whole).unwrap();
    let bare = bare["orchestrators"].to_string();
    let toml = |text: &str| {
        let file = Source { name: "file".into(), text: text.into(), directory: None };
        let toml =
            import(Kind::Capabilities, &file, None, &Options::default(), &|| {}).unwrap().toml;
        let is_data = |line: &&str| !line.starts_with('#');
        toml.lines().filter(is_data).map(str::to_string).collect::<Vec<_>>()
    };
    let marked = format!("\u{feff}{}", whole.replace('\n', "\r\n"));
    assert_eq!(toml(&whole), toml(&marked));
    assert_eq!(toml(&whole), toml(&bare));
}

/// The corpus: `NUMBER-KIND-WHAT.json` (or `.csv`) with the message it gets.
/// `UPDATE_MESSAGES=1 cargo test` rewrites the messages, to be read before they
/// are committed.
#[test]
fn broken_files_get_their_messages() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let entries = fs::read_dir(folder().join("broken")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end != "stderr")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let rest = name.split_once('-').unwrap().1;
        let kind = Kind::ALL.into_iter().find(|kind| rest.starts_with(kind.name())).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let file = Source { name: name.into(), text, directory: None };
        let error = import(kind, &file, None, &Options::default(), &|| {}).unwrap_err();
        let actual = format!("{}\n", error.to_string().trim_end());
        let expected = path.with_extension("stderr");
        if std::env::var_os("UPDATE_MESSAGES").is_some() {
            fs::write(&expected, &actual).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != actual {
            wrong.push(format!("{name}:\n{actual}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 20, "{count} broken files");
}

/// Imports a file whatever it holds; what comes out is valid and can take the
/// same file again, to the same network.
fn survives(kind: Kind, text: String) -> Result<(), TestCaseError> {
    let file = Source { name: "file".into(), text, directory: None };
    let Ok(first) = import(kind, &file, None, &Options::default(), &|| {}) else { return Ok(()) };
    let base = Source { name: "base".into(), text: first.toml, directory: None };
    let before = load(&base, &[]);
    prop_assert!(before.is_ok(), "{:?}", before.err().map(|error| error.to_string()));
    let again = import(kind, &file, Some(&base), &Options::default(), &|| {});
    prop_assert!(again.is_ok(), "{:?}", again.err().map(|error| error.to_string()));
    let again = Source { name: "again".into(), text: again.unwrap().toml, directory: None };
    let after = load(&again, &[]);
    prop_assert!(after.is_ok(), "{:?}", after.err().map(|error| error.to_string()));
    prop_assert_eq!(before.unwrap().network.orchestrators, after.unwrap().network.orchestrators);
    Ok(())
}

/// Puts `value` in the place of the `at`-th value of a document.
fn put(document: &mut Value, at: &mut usize, value: &Value) -> bool {
    if *at == 0 {
        *document = value.clone();
        return true;
    }
    *at -= 1;
    match document {
        Value::Array(items) => items.iter_mut().any(|item| put(item, at, value)),
        Value::Object(entries) => entries.values_mut().any(|entry| put(entry, at, value)),
        _ => false,
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    let odd = [
        "null",
        "-1",
        "0",
        "1e308",
        "18446744073709551616",
        "1.5",
        "true",
        "\"\"",
        "\"x\\n[[y]]\"",
        "[]",
        "{}",
        "[[]]",
        "{\"models\": {\"a\": 5}}",
        "\"0x\"",
        "\"NaN\"",
        "\"27\"",
        "1e-30",
        "\"# \\u0000\"",
        "{\"27\": {\"models\": {\"\\\"\": {}}}}",
        "\"1e9999999999\"",
    ];
    prop::sample::select(odd.to_vec()).prop_map(|text| serde_json::from_str(text).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_value_breaks_it(
        which in 0..FIXTURES.len(),
        changes in prop::collection::vec((0..150usize, odd_value()), 1..4),
    ) {
        let (kind, name) = FIXTURES[which];
        let text = fixture(name);
        let text = match serde_json::from_str::<Value>(&text) {
            Ok(mut document) => {
                for (mut at, value) in changes {
                    put(&mut document, &mut at, &value);
                }
                document.to_string()
            }
            Err(_) => text,
        };
        survives(kind, text)?;
    }

    #[test]
    fn no_change_of_a_byte_breaks_it(
        which in 0..FIXTURES.len(),
        as_kind in 0..Kind::ALL.len(),
        changes in prop::collection::vec((0.0..1.0, 0..30usize, any::<Vec<u8>>()), 1..4),
        is_own in any::<bool>(),
    ) {
        let (own, name) = FIXTURES[which];
        let kind = if is_own { own } else { Kind::ALL[as_kind] };
        let mut bytes = fixture(name).into_bytes();
        for (place, length, new) in changes {
            let start = (place * bytes.len() as f64) as usize;
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, new);
        }
        survives(kind, String::from_utf8_lossy(&bytes).into_owned())?;
    }
}
