//! What `--set` reaches, and what a scenario's texts come to mean.

use std::fs;
use std::path::Path;

use orchsim::demand::{Arrivals, DemandStream, Growth};
use orchsim::network::{Pipeline, SelectionWeights, Version};
use orchsim::scenario::{DEFAULT, NamedFiles, Scenario, Source, load, load_among, preset};
use orchsim::treasury::{ConversionPolicy, TokenPrices, TopUpRule};
use orchsim::units::{Decimal, Lpt, Price, SimTime, Wei};

fn set(text: &str, overrides: &[&str]) -> Scenario {
    let source = Source { name: "scenario.toml".into(), text: text.into(), directory: None };
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    load(&source, &overrides).unwrap_or_else(|e| panic!("{e}"))
}

fn minimal() -> &'static str {
    preset("minimal").unwrap()
}

fn rates(scenario: &Scenario, id: &str) -> Vec<f64> {
    let streams = scenario.demand.iter().filter(|stream| stream.id == id);
    let rate = |arrivals: &Arrivals| match arrivals {
        Arrivals::Poisson(arrivals) => arrivals.requests_per_day,
        Arrivals::Trace(_) => panic!("a trace"),
    };
    streams.map(|stream| rate(&stream.arrivals)).collect()
}

#[test]
fn a_list_without_index_means_every_element() {
    let scenario = set(DEFAULT, &["gateways.version=0.9"]);
    assert!(scenario.network.gateways.iter().all(|gateway| gateway.version == Version::V0_9));
}

#[test]
fn a_list_element_is_found_by_id_and_by_index() {
    for path in
        ["gateways.dream-gateway", "gateways.1", "gateways[1]", "gateways.\"dream-gateway\""]
    {
        let scenario = set(DEFAULT, &[&format!("{path}.version=0.8.4")]);
        let versions = scenario.network.gateways.iter().map(|gateway| gateway.version);
        assert!(versions.eq([Version::V0_8_3, Version::V0_8_4]), "{path}");
    }
}

#[test]
fn ids_may_contain_dots_and_slashes() {
    let path = "models.meta-llama/Meta-Llama-3.1-8B-Instruct.cold_start_s=7";
    let scenario = set(DEFAULT, &[path]);
    let cold = scenario.network.models.iter().map(|model| model.cold_start_s);
    assert_eq!(cold.filter(|seconds| *seconds == 7.0).count(), 1);
}

#[test]
fn a_pipeline_names_its_maximum_price() {
    let path = "gateways.livepeer-eliza.max_prices.text-to-image.price=2384185 wei";
    let scenario = set(DEFAULT, &[path]);
    let price = |gateway: usize| scenario.network.gateways[gateway].max_price[0];
    assert_eq!(price(0), Some(Price::whole(2_384_185).into()));
    assert_eq!(price(1), Some(Price::whole(4_768_371).into()));
}

#[test]
fn bare_words_are_texts_and_the_last_override_wins() {
    let scenario = set(minimal(), &["credits.amount=1 ETH", "credits.amount = 2 ETH", "seed=9"]);
    assert_eq!((scenario.credits.eth, scenario.seed), (Wei(2_000_000_000_000_000_000), 9));
}

#[test]
fn a_form_replaces_the_one_before() {
    let path = "demand.streams.images.growth.linear.per_day=0.5";
    let scenario = set(minimal(), &[path]);
    let Arrivals::Poisson(arrivals) = &scenario.demand[0].arrivals else { panic!("a trace") };
    assert_eq!(arrivals.growth, Growth::Linear { per_day: 0.5 });
}

#[test]
fn keys_and_tables_that_are_not_there_can_be_set() {
    let scenario = set(minimal(), &["behaviour.failure_delay_s=3"]);
    assert_eq!(scenario.failure_delay_s, 3.0);
    let scenario = set(minimal(), &["demand.streams.images.bad_request_share=0.25"]);
    assert_eq!(scenario.demand[0].bad_request_share, 0.25);
}

#[test]
fn a_rate_is_divided_by_the_shares() {
    let scenario = set(minimal(), &["demand.streams.images.requests_per_day=100"]);
    assert_eq!(rates(&scenario, "images"), [50.0, 30.0, 20.0]);
}

#[test]
fn a_level_multiplies_every_rate() {
    let raised = set(minimal(), &["demand.level=1.5"]);
    let one_by_one = set(
        minimal(),
        &["demand.streams.images.requests_per_day=300", "demand.streams.chat.requests_per_day=750"],
    );
    assert_eq!(rates(&set(minimal(), &[]), "images").iter().sum::<f64>(), 200.0);
    for id in ["images", "chat"] {
        for (a, b) in rates(&raised, id).into_iter().zip(rates(&one_by_one, id)) {
            assert!((a / b - 1.0).abs() < 1e-12, "{id}: {a}, not {b}");
        }
    }
}

#[test]
fn the_credits_are_worth_what_the_market_paid() {
    // 15,000 LPT at 7.91 USD are 118,650 USD, at 2,706 USD an ETH 43.847 ETH.
    let credits = set(DEFAULT, &[]).credits;
    assert_eq!(credits.lpt, Lpt(15_000_000_000_000_000_000_000));
    assert!((credits.eth.to_coins() - 118_650.0 / 2_706.0).abs() < 1e-9);
    // An LPT price in ETH needs no dollar.
    let credits = set(minimal(), &["credits.lpt_price=0.003 ETH"]).credits;
    assert_eq!(credits.eth, Wei(600_000_000_000_000_000));
    // ETH is not converted; its worth in LPT is.
    let credits =
        set(minimal(), &["credits.amount=0.6 ETH", "credits.lpt_price=0.003 ETH"]).credits;
    assert_eq!((credits.eth, credits.lpt.to_coins()), (Wei(600_000_000_000_000_000), 200.0));
}

#[test]
fn a_spread_takes_the_quantiles_of_its_distribution() {
    // Quantiles 0.1, 0.3, 0.5, 0.7, 0.9 of a lognormal with median 50,000 and
    // sigma 1, from Python's statistics.NormalDist().inv_cdf.
    let scenario = set(minimal(), &["orchestrator_groups.na.count=5"]);
    let group = scenario.network.orchestrators.iter().filter(|node| node.id.starts_with("na-"));
    let mut stakes: Vec<f64> = group.map(|node| node.stake.to_coins()).collect();
    assert!(!stakes.is_sorted(), "the members are shuffled");
    stakes.sort_by(f64::total_cmp);
    let expected = [13_880.312, 29_595.505, 50_000.0, 84_472.287, 180_111.224];
    for (stake, expected) in stakes.iter().zip(expected) {
        assert!((stake - expected).abs() < 0.01, "{stakes:?}");
    }
}

#[test]
fn a_spread_does_not_depend_on_the_seed() {
    let nodes = |seed: &str| format!("{:?}", set(minimal(), &[seed]).network.orchestrators);
    assert_eq!(nodes("seed=1"), nodes("seed=2"));
}

#[test]
fn steps_follow_go_livepeer() {
    let steps = |id: &str| {
        let text = minimal().replace("ByteDance/SDXL-Lightning", id);
        set(&text, &[]).network.models[0].steps
    };
    assert_eq!(steps("ByteDance/SDXL-Lightning"), 8);
    assert_eq!(steps("ByteDance/SDXL-Lightning_4step"), 4);
    assert_eq!(steps("SG161222/RealVisXL_V4.0_Lightning"), 50);
}

#[test]
fn traces_count_from_the_start_in_utc() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let source = Source::read(tests.join("scenario_every_key.toml")).unwrap();
    let traces = |file: &Path| -> Vec<_> {
        let set = format!("demand.streams.u.trace.file='{}'", file.display());
        let scenario = load(&source, &[set]).unwrap_or_else(|e| panic!("{e}"));
        let streams = scenario.demand.iter().filter(|stream| stream.id == "u");
        let trace = |stream: &DemandStream| match &stream.arrivals {
            Arrivals::Trace(trace) => (stream.region, trace.requests.clone()),
            Arrivals::Poisson(_) => panic!("not a trace"),
        };
        streams.map(trace).collect()
    };
    let na = vec![(82_800.0, Some(128.0)), (86_400.0, Some(64.5))];
    let good = tests.join("broken/good.csv");
    assert_eq!(traces(&good), [(0, na), (1, vec![(23_400.0, None)])]);
    // As spreadsheets of other countries save it.
    let home = tempfile::tempdir().unwrap();
    let saved = home.path().join("saved.csv");
    let text = std::fs::read_to_string(&good).unwrap();
    let tabs = text.replace(',', "\t");
    let semicolons = format!("\u{feff}sep=;\n{}", text.replace(',', ";").replace("eu", "\"eu\""));
    for text in [tabs, semicolons.replace('\n', "\r\n")] {
        std::fs::write(&saved, text).unwrap();
        assert_eq!(traces(&saved), traces(&good));
    }
}

/// A scenario beside the price files of the broken ones.
fn with_prices(overrides: &[&str]) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    // Without start prices, which the series brings.
    let text: Vec<&str> = minimal().lines().filter(|line| !line.contains("_price =")).collect();
    let source = Source { name: "s".into(), text: text.join("\n"), directory: Some(folder) };
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    load(&source, &overrides).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_replay_brings_the_prices_of_the_first_day() {
    // The record begins the day before the scenario does.
    let scenario = with_prices(&["token_prices.replay.file=prices.csv"]);
    let price = |text: &str| text.parse::<Decimal>().unwrap();
    let credits = &scenario.credits;
    assert_eq!((credits.lpt_usd, credits.eth_usd), (price("8.5"), price("2550")));
    // 200 LPT at 8.5 USD are two thirds of an ETH.
    assert_eq!(credits.eth, Wei(666_666_666_666_666_666));
    let TokenPrices::Replay(series) = &scenario.treasury.prices else { panic!("no replay") };
    assert_eq!(series.rows().len(), 4);
    assert_eq!(series.rows()[0].0, -1.0);
    let written = ["token_prices.replay.file=prices.csv", "credits.lpt_price=0.004 ETH"];
    assert_eq!(with_prices(&written).credits.lpt_usd, price("10.2"));
}

#[test]
fn scenarios_of_one_sweep_have_the_same_prices_whatever_becomes_of_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prices.csv");
    fs::write(&file, "date,lpt_usd,eth_usd\n2025-02-18,8,2500\n").unwrap();
    let text: Vec<&str> = minimal().lines().filter(|line| !line.contains("_price =")).collect();
    let directory = Some(folder.path().to_path_buf());
    let source = Source { name: "s".into(), text: text.join("\n"), directory };
    let overrides = ["token_prices.replay.file=prices.csv".to_string()];
    let files = NamedFiles::default();
    let eth_usd = || load_among(&source, &overrides, &files).unwrap().credits.eth_usd;
    let before = eth_usd();
    fs::write(&file, "date,lpt_usd,eth_usd\n2025-02-18,9,3000\n").unwrap();
    assert_eq!(eth_usd(), before);
    assert_ne!(load(&source, &overrides).unwrap().credits.eth_usd, before);
}

#[test]
fn a_bootstrap_takes_the_daily_changes_of_its_file() {
    let prices = ["credits.lpt_price=8 USD", "credits.eth_price=2500 USD"];
    let file = "token_prices.bootstrap={ file = 'prices.csv', block_days = 2 }";
    let scenario = with_prices(&[prices[0], prices[1], file]);
    let TokenPrices::Bootstrap(record) = &scenario.treasury.prices else { panic!("another") };
    assert_eq!(record.block_days(), 2);
    let expected = [
        ((8.5f64 / 8.0).ln(), (2550.0f64 / 2500.0).ln()),
        ((8.25f64 / 8.5).ln(), (2525.0f64 / 2550.0).ln()),
        ((7.75f64 / 8.25).ln(), (2600.0f64 / 2525.0).ln()),
    ];
    assert_eq!(record.returns().len(), expected.len());
    for ((lpt, eth), (expected_lpt, expected_eth)) in record.returns().iter().zip(expected) {
        assert!((lpt - expected_lpt).abs() < 1e-15 && (eth - expected_eth).abs() < 1e-15);
    }
}

#[test]
fn an_amount_with_a_space_behind_it_is_sold_in_clips() {
    let settings = ["credits.amount=\"200 LPT \"", "treasury.conversion.clip.lpt=50 LPT"];
    let conversion = set(minimal(), &settings).treasury.conversion;
    assert!(matches!(conversion, ConversionPolicy::Clip { .. }), "{conversion:?}");
}

#[test]
fn a_weekly_clip_begins_on_its_weekday() {
    // 2025-02-18 is a Tuesday, so the first Monday is day 6.
    let clip = "treasury.conversion.clip={ lpt = '600 LPT', weekday = 'monday', hour = 3 }";
    let ConversionPolicy::Clip { schedule, .. } = set(minimal(), &[clip]).treasury.conversion
    else {
        panic!("no clips")
    };
    assert_eq!(schedule.first, SimTime::from_secs((6.0 * 24.0 + 3.0) * 3_600.0));
    assert_eq!(schedule.every, SimTime::from_days(7));
}

#[test]
fn shares_follow_the_gateways_whatever_their_order() {
    let rule = "treasury.top_ups.rule={ dream-gateway = 3 }";
    let scenario = set(DEFAULT, &[rule]);
    assert_eq!(scenario.treasury.top_ups.rule, TopUpRule::Shares(vec![0, 3]));
    let word = set(DEFAULT, &["treasury.top_ups.rule=lowest_cover"]);
    assert_eq!(word.treasury.top_ups.rule, TopUpRule::LowestCover);
}

#[test]
fn what_the_policy_adds_may_be_named_like_what_was_there() {
    let prompts = "policy.injection.test_prompts=[{id='p',gateway='asia',region='asia',\
                   pipeline='text-to-image',model='ByteDance/SDXL-Lightning',size='1024x1024',\
                   requests_per_day=10,budget_per_day='1 gwei'}]";
    let added = "policy.injection.gateways=[{id='asia',region='asia',like='livepeer-eliza'}]";
    let limit = "policy.pacing.request_limits=[{per_day=3,gateway='asia',stream='p'}]";
    let ceiling = "policy.pacing.spend_ceilings=[{amount='1 ETH',gateway='asia',stream='p'}]";
    let shares = "treasury.top_ups.rule={asia=2,livepeer-eliza=1}";
    let scenario = set(DEFAULT, &[added, prompts, limit, ceiling, shares]);
    let asia = scenario.network.gateways.iter().position(|gateway| gateway.id == "asia").unwrap();
    assert_eq!(scenario.treasury.top_ups.rule, TopUpRule::Shares(vec![1, 0, 2]));
    let sender = scenario.demand.iter().find(|stream| stream.id == "p").unwrap();
    assert_eq!((asia, sender.gateway), (2, asia));
    let pacing = &scenario.policy.pacing;
    for scope in [&pacing.request_limits[0].scope, &pacing.spend_ceilings[0].scope] {
        assert_eq!((scope.gateway, scope.stream.as_deref()), (Some(asia), Some("p")));
    }
}

#[test]
fn projects_are_counted_in_the_order_of_the_list() {
    let drawing = |project: &str, day: u32| {
        format!("{{ project = '{project}', day = {day}, lpt = '10 LPT' }}")
    };
    let list = [drawing("one", 9), drawing("two", 5), drawing("one", 7)].join(", ");
    let treasury = set(minimal(), &[&format!("treasury.drawings=[{list}]")]).treasury;
    assert_eq!(treasury.projects, ["one", "two"]);
    let projects: Vec<usize> = treasury.drawings.iter().map(|d| d.project).collect();
    assert_eq!(projects, [0, 1, 0]);
}

#[test]
fn the_index_behind_the_last_makes_a_new_element() {
    let price = "gateways.livepeer-eliza.max_prices.4={pipeline='llm',price='9e7 wei'}";
    let scenario = set(DEFAULT, &[price]);
    let network = &scenario.network;
    let llm = network.models.iter().position(|model| model.pipeline.name() == "llm").unwrap();
    assert_eq!(network.gateways[0].max_price[llm], Some(Price::whole(90_000_000).into()));
}

#[test]
fn one_weight_may_be_what_the_others_leave() {
    let weights = |overrides: &[&str]| set(minimal(), overrides).network.gateways[0].weights;
    let of = |stake, price, random| SelectionWeights { stake, price, random };
    let table = "gateways.weights={stake=0.4,price='rest',random=0.2}";
    assert_eq!(weights(&[table]), of(0.4, 0.4, 0.2));
    // In floats 1 - 0.7 - 0.1 is 0.20000000000000007.
    let keys =
        ["price=rest", "stake=0.7", "random=0.1"].map(|key| format!("gateways.weights.{key}"));
    assert_eq!(weights(&keys.each_ref().map(String::as_str)), of(0.7, 0.2, 0.1));
    // Nothing is left where the others are above 1 within go-livepeer's tolerance.
    let nothing = "gateways.weights={stake='rest',price=0.7,random=0.30005}";
    assert_eq!(weights(&[nothing]), of(0.0, 0.7, 0.30005));
}

#[test]
fn a_weight_set_beside_a_name_keeps_the_others_of_the_name() {
    let table = "weights = { stake = 0.7, price = 0.0, random = 0.3 }";
    let load_named = |name: &str, overrides: &[&str]| {
        let text = minimal().replace(table, &format!("weights = \"{name}\""));
        assert_ne!(text, minimal());
        let source = Source { name: "s".into(), text, directory: None };
        let overrides: Vec<String> =
            overrides.iter().map(|weight| format!("gateways.weights{weight}")).collect();
        load(&source, &overrides)
    };
    let weights = |name, overrides: &[&str]| {
        let scenario = load_named(name, overrides).unwrap_or_else(|e| panic!("{e}"));
        scenario.network.gateways[0].weights
    };
    let of = |stake, price, random| SelectionWeights { stake, price, random };
    // Livepeer Studio's were 0.65 stake and 0.35 price.
    assert_eq!(weights("studio-2024", &[".stake=0.5", ".price=rest"]), of(0.5, 0.5, 0.0));
    assert_eq!(weights("studio-2024", &[".price=rest"]), of(0.65, 0.35, 0.0));
    assert_eq!(weights("default", &["=studio-2023", ".random=rest"]), of(0.15, 0.85, 0.0));
    assert_eq!(weights("default", &[".random=0", ".price=0.3"]), of(0.7, 0.3, 0.0));

    // 0.7 with the 0.35 of the name, no longer with the default's 0.3 random.
    let error = load_named("studio-2024", &[".stake=0.7"]).unwrap_err().to_string();
    assert!(error.contains("the selection weights sum to 1.05"), "{error}");
    assert!(error.contains("stake = 0.7, price = 0.35, random = 0;"), "{error}");
    let error = load_named("studio-2042", &[".stake=0.7"]).unwrap_err().to_string();
    assert!(error.contains("did you mean `studio-2024`?"), "{error}");
}

#[test]
fn a_group_of_none_is_left_out() {
    let ids = |overrides: &[&str]| -> Vec<String> {
        let network = set(minimal(), overrides).network;
        network.orchestrators.into_iter().map(|node| node.id).collect()
    };
    let others: Vec<String> = ids(&[]).into_iter().filter(|id| !id.starts_with("na-")).collect();
    assert!(!others.is_empty());
    assert_eq!(ids(&["orchestrator_groups.na.count=0"]), others);
}

#[test]
fn an_absolute_path_needs_no_folder_and_a_trace_with_sizes_no_size() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.csv");
    std::fs::write(&file, "time_s,region,size\n5,na,100\n9,na,300\n").unwrap();
    let trace = format!("trace={{file='{}'}}", file.display());
    let stream = format!(
        "demand.streams=[{{id='s',gateway='gateway',pipeline='llm',\
         model='meta-llama/Meta-Llama-3.1-8B-Instruct',{trace}}}]"
    );
    let scenario = set(minimal(), &[&stream]);
    let Arrivals::Trace(trace) = &scenario.demand[0].arrivals else { panic!("no trace") };
    assert_eq!(trace.requests, [(5.0, Some(100.0)), (9.0, Some(300.0))]);
    assert_eq!(scenario.demand[0].size.mean(), 200.0);
}

#[test]
fn a_budget_of_test_prompts_may_be_in_dollars() {
    // 2,706 USD an ETH.
    let prompts = "policy.injection.test_prompts=[{id='p',gateway='livepeer-eliza',region='eu',\
                   pipeline='text-to-image',model='ByteDance/SDXL-Lightning',size='1024x1024',\
                   requests_per_day=10,budget_per_day='27.06 USD'}]";
    let scenario = set(DEFAULT, &[prompts]);
    let budget = |stream: &orchsim::demand::DemandStream| Some(stream.injected?.budget_per_day);
    let budgets: Vec<Wei> = scenario.demand.iter().filter_map(budget).collect();
    assert_eq!(budgets, [Wei(10_000_000_000_000_000)]);
}

#[test]
fn a_maximum_price_of_0_is_none() {
    // server/broadcast.go: a price is compared with a maximum above 0 only.
    let zero = "gateways.0.max_prices=[{pipeline=\"text-to-image\",price=\"0 wei\"}]";
    let source = Source::built_in();
    for global in ["5 wei", "0 wei"] {
        let global = format!("gateways.0.max_price_per_unit={global}");
        let scenario = load(&source, &[zero.to_string(), global.clone()]).unwrap();
        let by_model = scenario.network.models.iter().zip(&scenario.network.gateways[0].max_price);
        for (model, max_price) in by_model {
            let is_free = model.pipeline == Pipeline::TextToImage || global.ends_with("=0 wei");
            assert_eq!(max_price.is_none(), is_free, "{} {global}", model.id);
        }
    }
}
