//! `orchsim sweep`: what it writes, refuses, and does again after a kill.

mod cli_support;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cli_support::{Ended, SHORT, Workshop, contents};
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

const VARY: [&str; 4] = [
    "--vary",
    "gateways.version=0.8.3,0.9",
    "--vary",
    "demand.streams.images.requests_per_day=100..300:3",
];

fn sweep(workshop: &Workshop, args: &[&str]) -> Ended {
    workshop.run(&[&["sweep", "minimal.toml"], &SHORT[..], args].concat())
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_sweep_writes_a_whole_directory() {
    let workshop = Workshop::with_minimal();
    let ended = sweep(&workshop, &VARY);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    let directory = workshop.path("outputs/minimal-sweep");
    let names: Vec<String> =
        contents(&directory).keys().map(|name| name.display().to_string()).collect();
    assert_eq!(
        names,
        [
            "figures/heat-maps.svg",
            "figures/trade-offs.svg",
            "manifest.json",
            "scenario.toml",
            "settings.csv",
            "sweep.csv",
            "sweep.html",
            "sweep.json",
            "sweep.md",
        ]
    );
    // Nothing of the work in progress is left.
    assert_eq!(fs::read_dir(workshop.path("outputs")).unwrap().count(), 1);
    let page = read(&directory.join("sweep.html"));
    for outside in ["http://", "https://", "src="] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(outside), "{outside}");
    }

    // Six settings, each with every figure and objective of sweep.json.
    let document: Value = serde_json::from_str(&read(&directory.join("sweep.json"))).unwrap();
    let figures = document["headlines"].as_array().unwrap().len();
    assert_eq!(document["settings"].as_array().unwrap().len(), 6);
    assert_eq!(read(&directory.join("settings.csv")).lines().count(), 1 + 6);
    assert_eq!(read(&directory.join("sweep.csv")).lines().count(), 1 + 6 * (figures + 1));
    assert_eq!(document["settings"][5]["values"]["gateways.version"], "0.9");
    let again = sweep(&workshop, &[&VARY[..], &["--format", "json", "-q"]].concat());
    assert_eq!(again.json(), document);
}

#[test]
fn each_setting_is_what_a_run_of_it_is() {
    let workshop = Workshop::with_minimal();
    let document = sweep(&workshop, &[&VARY[..], &["--format", "json"]].concat()).json();
    let setting = &document["settings"][4];
    let run = workshop
        .run_minimal(&[
            "--set",
            "gateways.version=0.9",
            "--set",
            "demand.streams.images.requests_per_day=200",
            "--format",
            "json",
        ])
        .json();
    let same = [
        ("runway_days", &run["runway_days"]["restricted_mean"]),
        ("spend_eth", &run["spend"]["total_eth"]),
        ("gini", &run["fees"]["concentration"]["gini"]),
        ("top4_share", &run["fees"]["concentration"]["top4"]),
    ];
    for (figure, value) in same {
        assert_eq!(&setting["figures"][figure]["mean"], value, "{figure}");
    }
    assert_eq!(setting["figures"]["spend_eth"]["ci95"], run["spend"]["total_eth_ci95"]);
    assert_eq!(setting["objectives"], run["objectives"]);
}

#[test]
fn settings_that_miss_an_objective_are_not_admissible_and_if_all_do_it_ends_with_3() {
    let workshop = Workshop::with_minimal();
    let args = ["--vary", "credits.amount=1 LPT,400 LPT", "--format", "json"];
    let ended = sweep(&workshop, &args);
    assert_eq!(ended.code, 0, "{ended:?}");
    let document = ended.json();
    let verdicts = |key: &str| {
        let settings = document["settings"].as_array().unwrap();
        settings.iter().map(|setting| setting[key].as_bool().unwrap()).collect::<Vec<bool>>()
    };
    assert_eq!(verdicts("admissible"), [false, true]);
    assert_eq!(verdicts("on_front"), [false, true]);

    let ended = sweep(&workshop, &["--vary", "credits.amount=1 LPT,2 LPT"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.starts_with("None of the 2 settings meets every objective."));
    assert!(workshop.path("outputs/minimal-sweep/sweep.html").is_file());
}

/// The standing of each setting in `sweep.json`.
fn standings(document: &Value) -> Vec<&str> {
    let settings = document["settings"].as_array().unwrap();
    settings.iter().map(|setting| setting["standing"].as_str().unwrap()).collect()
}

#[test]
fn an_objective_that_the_futures_do_not_show_is_not_known_as_in_a_run() {
    let workshop = Workshop::with_minimal();
    // The objective is of 90 days; 1 LPT ends long before, 400 LPT after.
    let short = ["--replications", "4", "--horizon", "40", "--format", "json", "-q"];
    let amounts = ["sweep", "minimal.toml", "--vary", "credits.amount=1 LPT,400 LPT"];
    let ended = workshop.run(&[&amounts[..], &short].concat());
    assert_eq!(ended.code, 3, "{ended:?}");
    let document = ended.json();
    assert_eq!(standings(&document), ["missed", "not known"]);
    assert_eq!((&document["admissible"], &document["not_known"]), (&0.into(), &1.into()));
    let answer = document["answer"].as_str().unwrap();
    assert!(answer.starts_with("None of the 2 settings is known to meet every objective; for 1 "));
    for (setting, amount) in ["1 LPT", "400 LPT"].into_iter().enumerate() {
        let set = format!("credits.amount={amount}");
        let run = workshop.run(&[&["run", "minimal.toml", "--set", &set], &short[..]].concat());
        assert_eq!(document["settings"][setting]["objectives"], run.json()["objectives"]);
    }
    // A chance of which nothing can be said is none of 0 %.
    let table = read(&workshop.path("outputs/minimal-sweep/settings.csv"));
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|heading| *heading == name).unwrap();
    let chance = column("chance.lasts-three-months");
    let cells = |row: &[&str]| [row[column("standing")].to_string(), row[chance].to_string()];
    assert_eq!(cells(&rows[1]), ["missed", "0"]);
    assert_eq!(cells(&rows[2]), ["not known", ""]);

    // 400 LPT last 30 days for sure.
    let key = "objectives.lasts-three-months.lasts_days=30,90";
    let days = ["sweep", "minimal.toml", "--set", "credits.amount=400 LPT", "--vary", key];
    let ended = workshop.run(&[&days[..], &short[..4], &["--pareto", "gini"]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    let answer = "1 of 2 settings meets every objective; 1 of them is on the Pareto front. Of 1 \
                  more the futures do not show it. ";
    assert!(ended.stdout.replace('\n', " ").starts_with(answer), "{}", ended.stdout);
    let directory = workshop.path("outputs/minimal-sweep");
    for name in ["sweep.html", "sweep.md"] {
        let report = read(&directory.join(name));
        let is_missed = report.contains(">missed<") || report.contains("| missed |");
        assert!(report.contains("not known") && !is_missed, "{name}");
    }
    let figure = read(&directory.join("figures/effect-1.svg"));
    assert!(figure.contains("not known"), "{figure}");
}

#[test]
fn where_none_of_many_settings_is_admissible_the_nearest_are_shown() {
    let workshop = Workshop::with_minimal();
    let args = [
        "--vary",
        "objectives.lasts-three-months.probability=0.95,0.5",
        "--vary",
        "credits.amount=1..13 LPT:13",
    ];
    let ended = sweep(&workshop, &args);
    assert_eq!(ended.code, 3, "{ended:?}");
    // So little ends within days in every future: each chance is 0 %.
    let is_row = |line: &&str| line.contains(" LPT ") && line.contains(" missed ");
    let rows: Vec<&str> = ended.stdout.lines().filter(is_row).collect();
    assert_eq!(rows.len(), 24, "{}", ended.stdout);
    for (row, start) in [(0, "25  0.5  "), (1, "24  0.5  "), (13, "12  0.95 "), (14, "11  0.95 ")] {
        assert!(rows[row].trim_start().starts_with(start), "{}", rows[row]);
        assert!(rows[row].contains("missed"), "{}", rows[row]);
    }
    assert!(ended.stdout.contains("Chance of lasts-three-months"), "{}", ended.stdout);
    let flowing = ended.stdout.replace('\n', " ");
    assert!(flowing.contains("24 of 26 settings, those nearest to their objectives"), "{flowing}");
}

#[test]
fn settings_whose_price_weight_is_blind_are_named_once() {
    let workshop = Workshop::with_minimal();
    // At AI prices exp(-price / 100) is 0 in doubles; 0.9 asks the weights each time.
    let told = |args: &[&str]| {
        let weights = ["--set", "gateways.version=0.9", "--set", "gateways.weights.stake=rest"];
        let ended = sweep(&workshop, &[&weights[..], args].concat());
        ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let two = told(&["--vary", "gateways.weights.price=0,0.7"]);
    assert_eq!(two.matches("blind").count(), 1, "{two}");
    assert!(
        two.contains(
            "In 1 of 2 settings (price=0.7) the price weight is blind (gateway for \
             text-to-image/ByteDance/SDXL-Lightning and 1 more)"
        ),
        "{two}"
    );
    let directory = workshop.path("outputs/minimal-sweep");
    for name in ["sweep.html", "sweep.md"] {
        assert!(read(&directory.join(name)).contains("the price weight is blind"), "{name}");
    }
    let document: Value = serde_json::from_str(&read(&directory.join("sweep.json"))).unwrap();
    assert_eq!(document["settings"][0]["has_blind_price_weight"], false);
    assert_eq!(document["settings"][1]["has_blind_price_weight"], true);
    assert_eq!(document["blind_price_weights"].as_array().unwrap().len(), 2);

    let many = told(&["--vary", "gateways.weights.price=0..0.5:6"]);
    assert!(many.contains("In 5 of 6 settings the price weight is blind"), "{many}");
    let all = told(&["--vary", "gateways.weights.price=0.1,0.2"]);
    assert!(all.contains("In every setting the price weight is blind"), "{all}");
    // A factor of the size of the prices tells them apart.
    let seeing = ["--set", "gateways.price_exp_factor=1e7"];
    let none = told(&[&["--vary", "gateways.weights.price=0.1,0.2"], &seeing[..]].concat());
    assert!(!none.contains("blind"), "{none}");
}

#[test]
fn the_front_is_over_the_figures_asked_for() {
    let workshop = Workshop::with_minimal();
    let args = ["--vary", "gateways.version=0.8.3,0.9", "--format", "json", "--pareto", "gini"];
    let document = sweep(&workshop, &args).json();
    assert_eq!(document["criteria"], serde_json::json!(["gini"]));
    let settings = document["settings"].as_array().unwrap();
    let gini = |setting: &Value| setting["figures"]["gini"]["mean"].as_f64().unwrap();
    let least = settings.iter().map(gini).fold(f64::INFINITY, f64::min);
    for setting in settings {
        assert_eq!(setting["on_front"], gini(setting) == least);
    }
}

#[test]
fn figures_that_only_some_settings_have_are_empty_in_the_others() {
    // With the second nothing goes back within the horizon of 90 days.
    let workshop = Workshop::with_minimal();
    let vary = ["--vary", "treasury.deadline_day=90,91", "--format", "json"];
    let pareto = ["--pareto", "returned_eth,success_rate.asia"];
    let document = sweep(&workshop, &[&vary[..], &pareto[..]].concat()).json();
    let [soon, late] = document["settings"].as_array().unwrap().as_slice() else { panic!() };
    assert!(soon["figures"]["returned_eth"]["mean"].as_f64().unwrap() > 0.0);
    assert!(late["figures"]["returned_eth"].is_null(), "{late}");
    assert_eq!((&soon["on_front"], &late["on_front"]), (&true.into(), &false.into()));
    for setting in [soon, late] {
        assert!(setting["figures"]["success_rate.asia"]["mean"].is_number(), "{setting}");
    }
    // Nobody pays.
    let headlines = document["headlines"].as_array().unwrap();
    assert!(headlines.iter().all(|headline| headline["id"] != "revenue_eth"));
}

#[test]
fn a_sweep_that_makes_no_sense_ends_with_2_and_writes_nothing() {
    let workshop = Workshop::with_minimal();
    let vary = |text: &'static str| vec!["--vary", text];
    let cases: [(Vec<&str>, &[&str]); 15] = [
        (vary("credits.amount=90 LPT,100 LPT,90 LPT"), &["`90 LPT` is there twice"]),
        (vary("credits.amount=100 LPT,100.0 LPT"), &["`100.0 LPT` is there twice"]),
        (vec![], &["--vary <KEY=VALUES>"]),
        (vary("gateways.version"), &["expected `key=a,b,c`"]),
        (vary("seed=1,2"), &["`seed` cannot be varied"]),
        (vary("replications=1,2"), &["`replications` cannot be varied"]),
        (vary("horizon_days=30,90"), &["`horizon_days` cannot be varied", "--horizon"]),
        (vary("credits.amount=1..2 LPT"), &["needs a number of values"]),
        (
            vary("gateways.version=0.7,0.9"),
            &[
                "1 of 2 settings is invalid",
                "in setting 0 (gateways.version=0.7)",
                "one of `0.8.3`",
            ],
        ),
        (
            [vary("network.active_set=1..4"), vec!["--sample", "lhs:3"]].concat(),
            &["expected: an integer", "help: where whole numbers belong", "0..4:5"],
        ),
        (
            [vary("gateways.versoin=0.8.3,0.9"), vary("gateways.discovery_timeout_s=0,1")].concat(),
            &["4 of 4 settings are invalid", "did you mean `version`", "discovery_timeout_s"],
        ),
        (
            [vary("credits.amount=1,2 LPT"), vec!["--pareto", "spend_eth"]].concat(),
            &["spend_eth", "gini"],
        ),
        ([vary("credits.amount=1,2 LPT"), vec!["--sample", "sobol:3"]].concat(), &["lhs:N"]),
        (
            [vary("credits.amount=1,2 LPT"), vec!["--set", "sede=1"]].concat(),
            &["did you mean `seed`"],
        ),
        (
            [vary("credits.amount=1,2 LPT"), vec!["--shard", "0/2", "--precision", "0.1"]].concat(),
            &["cannot be used with"],
        ),
    ];
    for (args, messages) in cases {
        let ended = sweep(&workshop, &args);
        assert_eq!(ended.code, 2, "{args:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
        for message in messages {
            assert!(ended.stderr.contains(message), "{args:?}: {}", ended.stderr);
        }
        assert_eq!(workshop.names(), ["minimal.toml"], "{args:?}");
    }
}

#[test]
fn settings_are_grouped_by_where_their_price_weight_is_blind() {
    let workshop = Workshop::with_minimal();
    // exp(-price / factor) is 0 in doubles from 745 times the factor on: of images at
    // 4.9e6 wei and chats at 3.1e7 or more with 100, of chats alone with 10,000.
    let args = [
        "--set",
        "gateways.version=0.9",
        "--set",
        "gateways.weights={stake=0.3,price=0.7,random=0}",
        "--vary",
        "gateways.price_exp_factor=100,10000,100000",
    ];
    let text = sweep(&workshop, &args).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (images, chat) = (
        "gateway for text-to-image/ByteDance/SDXL-Lightning",
        "gateway for llm/meta-llama/Meta-Llama-3.1-8B-Instruct",
    );
    let expected = format!(
        "In 1 of 3 settings (price_exp_factor=100) the price weight is blind ({images} and 1 \
         more), in 1 of 3 settings (price_exp_factor=10000) that of {chat}: it tells no price"
    );
    assert!(text.contains(&expected), "{text}");
    let document: Value =
        serde_json::from_str(&read(&workshop.path("outputs/minimal-sweep/sweep.json"))).unwrap();
    let blind = |setting: usize| &document["settings"][setting]["blind_price_weights"];
    assert_eq!(*blind(0), json!([images, chat]));
    assert_eq!(*blind(1), json!([chat]));
    assert_eq!(*blind(2), json!([]));
    assert_eq!(document["blind_price_weights"], json!([images, chat]));
}

#[test]
fn levels_have_as_many_digits_as_tell_them_apart() {
    let workshop = Workshop::with_minimal();
    let rest = ["--set", "gateways.weights.stake=rest"];
    let told = |range: &str| {
        let ended = sweep(&workshop, &[&rest[..], &["--vary", range]].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stdout
    };
    let text = told("gateways.weights.random=0..0.5:4");
    assert!(text.contains("0.3333") && !text.contains("0.33333"), "{text}");
    let directory = workshop.path("outputs/minimal-sweep");
    let text = read(&directory.join("sweep.md"));
    assert!(text.contains("0.1667") && !text.contains("0.16666"), "{text}");
    // Cells and ticks are short; the CSV beside a figure is not, as programs get what was
    // simulated.
    let page = read(&directory.join("sweep.html"));
    assert!(page.contains(">0.1667<"));
    assert!(!page.contains(">0.16666"));
    for name in ["sweep.json", "settings.csv", "sweep.csv"] {
        assert!(read(&directory.join(name)).contains("0.166666666667"), "{name}");
    }
    // Close ones take more, whole ones all.
    let close = told("gateways.weights.random=0.3333331,0.3333342");
    assert!(close.contains("0.333333") && close.contains("0.333334"), "{close}");
    let whole = told("gateways.price_exp_factor=1234567,1234568.25");
    assert!(whole.contains("1234567") && whole.contains("1234568"), "{whole}");
}

#[test]
fn one_antithetic_pair_shows_no_spread() {
    let workshop = Workshop::with_minimal();
    let told = |replications: &str| {
        let reducing = ["--replications", replications, "--variance-reduction", "antithetic"];
        let base = ["sweep", "minimal.toml", "--horizon", "20", "-q"];
        let vary = ["--vary", "gateways.version=0.8.3,0.9"];
        let text = workshop.run(&[&base[..], &vary, &reducing].concat()).stdout;
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let pair = told("2");
    assert!(pair.contains("One antithetic pair shows no spread"), "{pair}");
    assert!(pair.contains("--replications 40"), "{pair}");
    assert!(!told("4").contains("no spread"));
}

#[test]
fn sensitivities_say_what_decides_a_figure() {
    let workshop = Workshop::with_minimal();
    // All credits are spent long before the horizon, whatever is asked for: how much is
    // spent depends on how much there is, and on nothing else.
    let args = [
        "--vary",
        "credits.amount=60..120 LPT",
        "--vary",
        "demand.streams.images.requests_per_day=1500..2500",
        "--sample",
        "sensitivity:16",
    ];
    let ended = sweep(&workshop, &args);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    let words: Vec<&str> = ended.stdout.split_whitespace().collect();
    assert!(
        words.join(" ").contains(" of the variance of the mean runway is due to "),
        "{words:?}"
    );
    let directory = workshop.path("outputs/minimal-sweep");
    let document: Value = serde_json::from_str(&read(&directory.join("sweep.json"))).unwrap();
    assert_eq!(document["settings"].as_array().unwrap().len(), 16 * 4);
    let sensitivities = document["sensitivities"].as_array().unwrap();
    let spend = sensitivities.iter().find(|entry| entry["figure"] == "spend_eth").unwrap();
    let index = |key: &str, order: &str| spend["keys"][key][order]["mean"].as_f64().unwrap();
    for order in ["total", "first_order"] {
        assert!(index("credits.amount", order) > 0.85, "{spend}");
        assert!(index("demand.streams.images.requests_per_day", order) < 0.01, "{spend}");
    }
    let rows = read(&directory.join("sensitivity.csv")).lines().count();
    assert_eq!(rows, 1 + 2 * sensitivities.len());
    assert!(read(&directory.join("sweep.md")).contains("## What the figures depend on"));
    let one_key =
        sweep(&workshop, &["--vary", "credits.amount=60..120 LPT", "--sample", "sensitivity:16"]);
    assert_eq!(one_key.code, 2);
    assert!(one_key.stderr.contains("two keys or more"), "{}", one_key.stderr);
    let uneven = sweep(&workshop, &[&args[..], &["--precision", "0.1"]].concat());
    assert_eq!(uneven.code, 2);
    assert!(uneven.stderr.contains("different futures"), "{}", uneven.stderr);
}

#[test]
fn the_printed_command_gives_the_same_sweep_again() {
    let workshop = Workshop::with_minimal();
    let args = [
        "--vary",
        "credits.amount=100..400 LPT",
        "--vary",
        "gateways.version=0.8.3,0.9",
        "--sample",
        "lhs:4",
        "--pareto",
        "runway_days,gini",
        "--seed",
        "5",
    ];
    assert_eq!(sweep(&workshop, &args).code, 0);
    let before = contents(&workshop.path("outputs/minimal-sweep"));
    let manifest: Value = serde_json::from_slice(&before[Path::new("manifest.json")]).unwrap();
    fs::remove_dir_all(workshop.path("outputs")).unwrap();
    let arguments = manifest["command"].as_str().unwrap().strip_prefix("orchsim ").unwrap();
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &format!("exec \"$0\" {arguments} --quiet"), env!("CARGO_BIN_EXE_orchsim")])
        .current_dir(workshop.path(""));
    assert!(shell.output().unwrap().status.success(), "{arguments}");
    assert!(before == contents(&workshop.path("outputs/minimal-sweep")));
}

#[test]
fn variance_is_reduced_setting_by_setting_as_in_a_run() {
    let workshop = Workshop::with_minimal();
    let methods = [("antithetic", "40"), ("control", "60"), ("both", "80")];
    for (method, replications) in methods {
        let many =
            ["--replications", replications, "--horizon", "40", "--variance-reduction", method];
        let sweep = ["sweep", "minimal.toml", "--vary", "gateways.version=0.8.3,0.9"];
        let format = ["--format", "json", "--quiet"];
        let document = workshop.run(&[&sweep[..], &many, &format].concat()).json();
        assert_eq!(document["variance_reduction"], method);
        let run = ["run", "minimal.toml", "--set", "gateways.version=0.9"];
        let run = workshop.run(&[&run[..], &many, &format].concat()).json();
        let setting = &document["settings"][1];
        assert_eq!(setting["controls"], run["variance_reduction"]["controls"], "{method}");
        let figures = run["variance_reduction"]["figures"].as_array().unwrap();
        for figure in figures {
            let id = figure["id"].as_str().unwrap();
            for key in ["mean", "ci95", "equivalent_replications"] {
                assert_eq!(setting["figures"][id][key], figure[key], "{method}: {id}, {key}");
            }
        }
        let chance = |document: &Value| document["objectives"][0]["probability_ci95"].clone();
        assert_eq!(chance(setting), chance(&run), "{method}");
        // The spend of 40 days follows the level of demand, which pairs mirror and
        // controls know.
        let worth = setting["figures"]["spend_eth"]["equivalent_replications"].as_f64().unwrap();
        assert!(worth > replications.parse::<f64>().unwrap(), "{method}: {worth}");
        let post = read(&workshop.path("outputs/minimal-sweep/sweep.md"));
        assert!(post.contains(&format!("Variance reduction ({method}): ")), "{post}");
        let table = read(&workshop.path("outputs/minimal-sweep/sweep.csv"));
        assert!(table.lines().next().unwrap().ends_with(",equivalent_replications"), "{table}");
    }
    let odd = ["sweep", "minimal.toml", "--replications", "5", "--variance-reduction", "both"];
    let odd = workshop.run(&[&odd[..], &VARY].concat());
    assert_eq!(odd.code, 2);
    assert!(odd.stderr.contains("come in pairs, and 5 is odd"), "{}", odd.stderr);
}

#[test]
fn a_precision_sets_the_replications_of_each_setting() {
    let workshop = Workshop::with_minimal();
    let args = [
        "sweep",
        "minimal.toml",
        "--vary",
        "credits.amount=20 LPT,40 LPT",
        "--precision",
        "0.1",
        "--format",
        "json",
        "-q",
    ];
    let document = workshop.run(&args).json();
    for setting in document["settings"].as_array().unwrap() {
        let runway = &setting["figures"]["runway_days"];
        let [lo, hi] = [0, 1].map(|end| runway["ci95"][end].as_f64().unwrap());
        assert!((hi - lo) / 2.0 <= 0.1 * runway["mean"].as_f64().unwrap(), "{setting}");
        let made = setting["replications"].as_u64().unwrap();
        assert!((30..1000).contains(&made), "{made}");
    }
}

/// A sweep that takes long enough to be killed in the middle.
fn long_sweep() -> Vec<&'static str> {
    let base = ["sweep", "minimal.toml", "--replications", "8", "--horizon", "90", "-q"];
    [&base[..], &VARY[..]].concat()
}

#[test]
fn a_sweep_killed_at_any_moment_goes_on_and_ends_with_the_same_bytes() {
    let workshop = Workshop::with_minimal();
    let began = Instant::now();
    assert_eq!(workshop.run(&long_sweep()).code, 0);
    let usual = began.elapsed();
    let whole = contents(&workshop.path("outputs/minimal-sweep"));

    let mut random = rand::rngs::SmallRng::seed_from_u64(4);
    let (mut kills, mut ends, mut resumed) = (0, 0, 0);
    let mut directory = 0;
    while kills < 20 {
        let out = format!("out-{directory}");
        let args = [&long_sweep()[..], &["--out", &out]].concat();
        let mut command = workshop.command(&args);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let share = f64::from(random.next_u32()) / f64::from(u32::MAX);
        sleep(usual.mul_f64(share * 0.3) + Duration::from_millis(1));
        child.kill().unwrap();
        let finished = child.wait().unwrap().code().is_some();
        kills += u32::from(!finished);
        let target = workshop.path(&out);
        resumed += u32::from(has_finished_work(&workshop.path(&format!("{out}.partial"))));
        if finished {
            assert!(whole == contents(&target));
            (ends, directory) = (ends + 1, directory + 1);
        }
    }
    assert!(resumed > 0, "no kill left finished work behind");
    let out = format!("out-{directory}");
    let ended = workshop.run(&[&long_sweep()[..], &["--out", &out]].concat());
    assert_eq!(ended.code, 0, "{ended:?} after {ends} others");
    assert!(whole == contents(&workshop.path(&out)));
    let leftovers = workshop.names();
    assert!(leftovers.iter().all(|name| !name.contains("partial")), "{leftovers:?}");
}

fn has_finished_work(partial: &Path) -> bool {
    fs::read_dir(partial).is_ok_and(|mut entries| {
        entries.any(|entry| entry.unwrap().path().extension().is_some_and(|e| e == "jsonl"))
    })
}

/// Work in progress on a long sweep, killed after some of it was done.
fn interrupted(workshop: &Workshop) -> std::path::PathBuf {
    let partial = workshop.path("outputs/minimal-sweep.partial");
    let mut command = workshop.command(&long_sweep());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !has_finished_work(&partial) && began.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(has_finished_work(&partial), "it ended before it was killed");
    partial
}

#[test]
fn work_in_progress_on_another_sweep_is_refused_and_left_alone() {
    let workshop = Workshop::with_minimal();
    let partial = interrupted(&workshop);
    let mut before = contents(&partial);
    // The killed process could not take its lock away.
    before.remove(Path::new("lock")).unwrap();
    let other = workshop.run(&[&long_sweep()[..], &["--seed", "2"]].concat());
    assert_eq!(other.code, 2, "{other:?}");
    assert!(other.stderr.contains("(`seed = 1` and `seed = 2`)"), "{}", other.stderr);
    assert!(other.stderr.contains("finish it with\n    orchsim sweep minimal.toml"));
    assert!(before == contents(&partial));

    fs::remove_dir_all(&partial).unwrap();
    fs::create_dir(&partial).unwrap();
    workshop.write("outputs/minimal-sweep.partial/cat.jpg", "meow");
    let foreign = workshop.run(&long_sweep());
    assert_eq!(foreign.code, 2, "{foreign:?}");
    assert_eq!(contents(&partial).len(), 1);
}

#[test]
fn edited_work_in_progress_is_done_again() {
    let workshop = Workshop::with_minimal();
    let partial = interrupted(&workshop);
    let entries = fs::read_dir(&partial).unwrap().map(|entry| entry.unwrap().path());
    let chunk =
        entries.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).min().unwrap();
    let text = fs::read_to_string(&chunk).unwrap();
    let edited = text.replacen("\"is_censored\":true", "\"is_censored\":false", 1);
    assert_ne!(edited, text);
    fs::write(&chunk, edited).unwrap();
    let noisy: Vec<&str> = long_sweep().into_iter().filter(|word| *word != "-q").collect();
    let ended = workshop.run(&noisy);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("cut short or edited"), "{}", ended.stderr);
    let resumed = contents(&workshop.path("outputs/minimal-sweep"));
    assert_eq!(workshop.run(&[&long_sweep()[..], &["--out", "afresh"]].concat()).code, 0);
    assert!(resumed == contents(&workshop.path("afresh")));
}

#[test]
fn weights_are_varied_by_range_beside_one_that_is_the_rest() {
    let workshop = Workshop::with_minimal();
    let documents = |args: &[&str]| {
        let common = ["--set", "gateways.version=0.9", "--format", "json", "-q"];
        let ended = sweep(&workshop, &[args, &common].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.json()["settings"].as_array().unwrap().clone()
    };
    let ranged = documents(&[
        "--set",
        "gateways.weights.price=rest",
        "--vary",
        "gateways.weights.stake=0..0.4:3",
        "--vary",
        "gateways.weights.random=0.1..0.3:2",
    ]);
    let tables: Vec<String> = [(0, 1), (0, 3), (2, 1), (2, 3), (4, 1), (4, 3)]
        .map(|(stake, random)| {
            let price = 10 - stake - random;
            format!("{{stake=0.{stake},price=0.{price},random=0.{random}}}")
        })
        .to_vec();
    let stated = documents(&["--vary", &format!("gateways.weights={}", tables.join(","))]);
    assert_eq!(ranged[3]["values"]["gateways.weights.random"], "0.3");
    let sampled = documents(&[
        "--set",
        "gateways.weights={price='rest',random=0}",
        "--vary",
        "gateways.weights.stake=0..1",
        "--sample",
        "lhs:7",
    ]);
    assert_eq!(sampled.len(), 7);
    for (ranged, stated) in ranged.iter().zip(&stated) {
        for key in ["scenario_sha256", "figures", "objectives"] {
            assert_eq!(ranged[key], stated[key], "{}", ranged["values"]);
        }
    }
}

#[test]
fn weights_varied_one_by_one_are_refused_once_with_what_to_write() {
    let workshop = Workshop::with_minimal();
    let weights = ["gateways.weights.stake=0..1", "gateways.weights.random=0..1"];
    let vary = weights.iter().flat_map(|key| ["--vary", key]);
    let ended = sweep(&workshop, &vary.chain(["--sample", "lhs:8"]).collect::<Vec<_>>());
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("8 of 8 settings are invalid"), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("selection weights sum to").count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("--set gateways.weights.price=rest"), "{}", ended.stderr);

    // Of 0, 0.25, 0.5, 0.75 and 1 ten pairs of 25 sum to more than 1.
    let vary = ["--vary", "gateways.weights.stake=0..1:5", "--vary"];
    let args = [&vary[..], &["gateways.weights.random=0..1:5", "--set"]].concat();
    let ended = sweep(&workshop, &[&args[..], &["gateways.weights.price=rest"]].concat());
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("10 of 25 settings are invalid"), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("than the rest sum to").count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("upper\n      ends sum to at most 1"), "{}", ended.stderr);
    assert_eq!(workshop.names(), ["minimal.toml"]);
}
