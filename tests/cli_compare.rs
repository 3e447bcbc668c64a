//! `orchsim compare`: names, errors, output and files.

mod cli_support;

use std::fs;
use std::path::Path;

use cli_support::{SHORT, Workshop, contents};
use serde_json::Value;

const NEWER: [&str; 2] = ["--variant", "newer: gateways.version=0.9"];

fn compare(workshop: &Workshop, args: &[&str]) -> cli_support::Ended {
    workshop.run(&[&["compare", "minimal.toml"], args, &SHORT[..], &["-q"]].concat())
}

#[test]
fn one_antithetic_pair_shows_no_spread() {
    let workshop = Workshop::with_minimal();
    let base = ["compare", "minimal.toml", "--horizon", "20", "-q"];
    let reducing = ["--replications", "2", "--variance-reduction", "antithetic"];
    let ended = workshop.run(&[&base[..], &NEWER, &reducing].concat());
    let text = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let (verdict, rest) = text.split_once(". ").unwrap();
    assert!(verdict.contains("in one antithetic pair of futures"), "{text}");
    assert!(!verdict.contains('[') && !verdict.contains("no clear change"), "{text}");
    assert!(rest.contains("warning[single-replication]: base: One antithetic pair"), "{text}");
    assert!(rest.contains("(`--replications 40`)"), "{text}");
}

#[test]
fn the_verdict_comes_first_and_every_file_is_there() {
    let workshop = Workshop::with_minimal();
    let ended = compare(&workshop, &NEWER);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("newer: runway"), "{}", ended.stdout);
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100));
    assert!(ended.stdout.contains("warning[few-replications]"));
    let names: Vec<String> = contents(&workshop.path("outputs/minimal-compare"))
        .into_keys()
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "comparison.csv",
            "comparison.html",
            "comparison.json",
            "comparison.md",
            "figures/burn-down.svg",
            "figures/cost-and-success.svg",
            "figures/fees-by-region.svg",
            "figures/survival.svg",
            "manifest.json",
            "orchestrators.csv",
            "replications.csv",
            "scenarios/base.toml",
            "scenarios/newer.toml",
        ]
    );
    // Replaced whole by the next.
    assert_eq!(compare(&workshop, &["--variant", "same: title=same"]).code, 0);
    let scenarios = workshop.path("outputs/minimal-compare/scenarios");
    assert!(scenarios.join("same.toml").is_file() && !scenarios.join("newer.toml").exists());
}

#[test]
fn json_is_one_document_the_same_as_the_file() {
    let workshop = Workshop::with_minimal();
    let args = [&NEWER[..], &["--variant", "same: title=same", "--format", "json"]].concat();
    let ended = compare(&workshop, &args);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let document = ended.json();
    let file = fs::read(workshop.path("outputs/minimal-compare/comparison.json")).unwrap();
    assert_eq!(document, serde_json::from_slice::<Value>(&file).unwrap());
    assert_eq!(document["joint_level"], 0.975);
    assert_eq!(document["scenarios"].as_array().unwrap().len(), 3);
    let same = &document["variants"][1];
    for figure in same["figures"].as_array().unwrap() {
        assert_eq!((&figure["change"], &figure["pairs"]), (&"unchanged".into(), &4.into()));
        assert_eq!((&figure["difference"], &figure["left_out"]), (&0.into(), &0.into()));
    }

    // The tables agree with it.
    let read = |name: &str| {
        fs::read_to_string(workshop.path("outputs/minimal-compare").join(name)).unwrap()
    };
    let figures = same["figures"].as_array().unwrap().len();
    assert_eq!(read("comparison.csv").lines().count(), 1 + 2 * figures);
    assert_eq!(same["orchestrators"].as_array().unwrap().len(), 4);
    assert_eq!(read("orchestrators.csv").lines().count(), 1 + 2 * 4);
    let replications = read("replications.csv");
    assert_eq!(replications.lines().count(), 1 + 3 * 4);
    assert_eq!(replications.lines().next().unwrap().split(',').count(), 2 + figures);
}

#[test]
fn users_by_region_are_in_every_kind_of_report() {
    let workshop = Workshop::with_minimal();
    let deadline = ["--set", "treasury.deadline_day=90"];
    let paid = ["--set", "demand.streams.images.users={price={markup=2}}"];
    let ended = compare(&workshop, &[&NEWER[..], &deadline[..], &paid[..]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    let read = |name: &str| {
        fs::read_to_string(workshop.path("outputs/minimal-compare").join(name)).unwrap()
    };
    let document: Value = serde_json::from_str(&read("comparison.json")).unwrap();
    let figures = document["variants"][0]["figures"].as_array().unwrap();
    let table = read("comparison.csv");
    let regions = ["North America", "Europe", "Asia"];
    let mut ids = vec!["revenue_eth".to_string(), "returned_eth".to_string()];
    for region in ["na", "eu", "asia"] {
        ids.extend(
            ["success_rate", "latency_p50_ms", "latency_p95_ms"].map(|id| format!("{id}.{region}")),
        );
    }
    for id in &ids {
        let figure = figures.iter().find(|figure| figure["id"] == id.as_str());
        let figure = figure.unwrap_or_else(|| panic!("{id}"));
        let better = if id.starts_with("latency") { "lower" } else { "higher" };
        assert_eq!((&figure["better"], &figure["pairs"]), (&better.into(), &4.into()), "{id}");
        assert!(figure["difference_ci95"].is_array(), "{id}");
        let unit = figure["unit"].as_str().unwrap();
        assert!(table.contains(&format!("newer,{id},{unit},{better},")), "{id}");
        assert!(read("replications.csv").lines().next().unwrap().contains(id.as_str()), "{id}");
    }
    let pages = [ended.stdout.clone(), read("comparison.md"), read("comparison.html")];
    for page in &pages {
        for text in ["newer: users in", "return at the deadline", "revenue from users"] {
            assert!(page.contains(text), "{text}");
        }
    }
    let rows = |text: &str| {
        let lines = text.lines().skip_while(|line| !line.contains("newer: users in"));
        lines.take_while(|line| !line.is_empty()).map(str::to_string).collect::<Vec<_>>()
    };
    let (on_terminal, in_post) = (rows(&pages[0]), rows(&pages[1]));
    assert_eq!((on_terminal.len(), in_post.len()), (1 + 3, 2 + 3));
    for (place, region) in regions.iter().enumerate() {
        assert!(on_terminal[1 + place].starts_with(region), "{on_terminal:?}");
        assert_eq!(in_post[2 + place].matches(" ms |").count(), 2, "{in_post:?}");
    }

    // Where all users are in one region the table would say the same again.
    let at_home = ["images", "chat"].map(|id| format!("demand.streams.{id}.regions={{na=1}}"));
    let at_home = ["--set", &at_home[0], "--set", &at_home[1]];
    let ended = compare(&workshop, &[&NEWER[..], &at_home[..]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    for text in ["users in", "return at the deadline", "revenue from users"] {
        assert!(!ended.stdout.contains(text), "{}", ended.stdout);
    }
}

#[test]
fn the_number_of_threads_leaves_every_byte_the_same() {
    let workshop = Workshop::with_minimal();
    for threads in ["1", "2"] {
        let args = [&NEWER[..], &["--threads", threads, "--out", threads]].concat();
        assert_eq!(compare(&workshop, &args).code, 0);
    }
    assert!(contents(&workshop.path("1")) == contents(&workshop.path("2")));
}

#[test]
fn the_printed_command_gives_the_same_result_again() {
    let workshop = Workshop::with_minimal();
    let change =
        "list: gateways.max_prices=[{pipeline=\"text-to-image\", price=\"9 gwei\"}], title='a, b'";
    let args = ["--variant", change, "--set", "credits.amount=150 LPT", "--seed", "3"];
    assert_eq!(compare(&workshop, &args).code, 0);
    let before = contents(&workshop.path("outputs/minimal-compare"));
    let manifest: Value = serde_json::from_slice(&before[Path::new("manifest.json")]).unwrap();
    let command = manifest["command"].as_str().unwrap();
    let scenario = String::from_utf8_lossy(&before[Path::new("scenarios/list.toml")]);
    assert!(scenario.contains("title = \"a, b\""), "{scenario}");
    fs::remove_dir_all(workshop.path("outputs")).unwrap();

    let script = format!("exec \"$0\" {} --quiet", command.strip_prefix("orchsim ").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_orchsim")]).current_dir(workshop.path(""));
    assert!(shell.output().unwrap().status.success(), "{command}");
    assert!(before == contents(&workshop.path("outputs/minimal-compare")));
}

#[test]
fn files_are_called_by_their_scenario_or_their_name_and_share_the_base_seed() {
    let workshop = Workshop::with_minimal();
    let text = fs::read_to_string(workshop.path("minimal.toml")).unwrap();
    workshop.write("edited.toml", &format!("seed = 77\n{text}"));
    workshop.write("other.toml", &text.replace("name = \"minimal\"", "name = \"mine\""));
    let ended = compare(&workshop, &["edited.toml", "other.toml", "--format", "json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let document = ended.json();
    let names: Vec<&str> = document["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["name"].as_str())
        .collect();
    assert_eq!(names, ["base", "edited", "mine"]);
    // With the base's seed nothing is left that differs.
    let runway = &document["variants"][0]["figures"][0];
    assert_eq!(runway["change"], "unchanged");
    let verdict = document["variants"][0]["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("edited: the base once more"), "{verdict}");
    assert_eq!(document["remarks"][0]["id"], "other-settings");
    assert_eq!(document["remarks"][0]["of"][0], "edited");
}

#[test]
fn a_missed_objective_of_a_variant_ends_with_3() {
    let workshop = Workshop::with_minimal();
    let poor = "poor: credits.amount=20 LPT";
    assert_eq!(compare(&workshop, &["--variant", poor]).code, 3);
    // The base alone may miss its own.
    let rich = ["--variant", "rich: credits.amount=200 LPT", "--set", "credits.amount=20 LPT"];
    assert_eq!(compare(&workshop, &rich).code, 0);
}

#[test]
fn usage_errors_end_with_2_and_write_nothing() {
    let workshop = Workshop::with_minimal();
    let cases: [(&[&str], &str); 17] = [
        (&["--variant", "b: seed=9"], "`seed` cannot be varied"),
        (&["--variant", "b: title=x, replications = 9"], "--replications sets it for all"),
        (&["--variant", "b: horizon_days=9"], "--horizon sets it for all"),
        (&["--variant", "b: title=x, title=y"], "`title` is set twice"),
        (&[], "nothing to compare with"),
        (&["--variant", "gateways.version=0.9"], "there is no `:`"),
        (&["--variant", "title=x: name=y"], "there is no name before the first key"),
        (&["--variant", "a:"], "a change is empty"),
        (&["--variant", "a: title=x,,"], "a change is empty"),
        (&["--variant", "a: rtt=[1, 2"], "a bracket is not closed"),
        (&["--variant", "a: title=\"x"], "a quote is not closed"),
        (&["--variant", "half price: title=x"], "letters, digits"),
        (&["--variant", "Base: title=x"], "second scenario called `Base`"),
        (&["--variant", "a: title=x", "--variant", "A: title=y"], "second scenario called `A`"),
        (&["minimal.toml", "minimal.toml"], "second scenario called `minimal`"),
        (&["missing.toml"], "there is no file `missing.toml`"),
        (&["--variant", "a: title=x", "--out", "minimal.toml"], "is not a directory"),
    ];
    for (args, message) in cases {
        let ended = compare(&workshop, args);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(message), "{args:?}: {}", ended.stderr);
        assert_eq!(workshop.names(), ["minimal.toml"], "{args:?}");
    }
}

#[test]
fn every_error_of_every_scenario_is_shown_with_its_place() {
    let workshop = Workshop::with_minimal();
    workshop.write("broken.toml", "name = \"broken\"\nstrat = 2025-02-18\n");
    let changes =
        ["broken.toml", "--variant", "a: sede=1", "--variant", "b: title=x, gateways.version=7"];
    let ended = compare(&workshop, &changes);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
    for place in ["broken.toml:2:1", "--variant a:1:1", "--variant b:1:18"] {
        assert!(ended.stderr.contains(place), "{place}: {}", ended.stderr);
    }
    assert!(ended.stderr.contains("did you mean `seed`?"), "{}", ended.stderr);
    // What --set gets wrong is said once, not for each scenario.
    let both = compare(&workshop, &[&["--set", "sede=1"], &NEWER[..]].concat());
    assert_eq!(both.stderr.matches("there is no `sede`").count(), 1, "{}", both.stderr);
    assert_eq!(workshop.names(), ["broken.toml", "minimal.toml"]);
}

#[test]
fn without_files_the_base_is_the_built_in_scenario() {
    let workshop = Workshop::new();
    let args = ["compare", "--variant", "newer: gateways.version=0.9", "-q", "--format", "json"];
    let short = ["--replications", "1", "--horizon", "1"];
    let ended = workshop.run(&[&args[..], &short].concat());
    assert!(ended.code == 0 || ended.code == 3, "{ended:?}");
    assert_eq!(ended.json()["scenario"], "agent-spe-15k");
    assert!(workshop.path("outputs/agent-spe-15k-compare/manifest.json").is_file());
}

#[test]
fn control_variates_narrow_the_differences_and_say_by_how_much() {
    let workshop = Workshop::with_minimal();
    let half = ["--variant", "less: demand.streams.0.requests_per_day=100"];
    let spent = ["--replications", "40", "--set", "credits.amount=200 LPT", "--format", "json"];
    let run = |more: &[&str]| {
        let ended =
            workshop.run(&[&["compare", "minimal.toml", "-q"], &half[..], &spent, more].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.json()
    };
    let plain = run(&[]);
    assert!(plain.get("variance_reduction").is_none());
    let reduced = run(&["--variance-reduction", "control"]);
    assert_eq!(reduced["variance_reduction"], "control");
    let [plain, reduced] =
        [&plain, &reduced].map(|document| &document["variants"][0]["figures"][0]);
    let width = |figure: &Value| {
        let [lo, hi] = [0, 1].map(|end| figure["difference_ci95"][end].as_f64().unwrap());
        hi - lo
    };
    assert!(width(reduced) < 0.7 * width(plain), "{plain} {reduced}");
    let worth = reduced["equivalent_pairs"].as_f64().unwrap();
    // What the squares of the widths say, but for the degrees of freedom.
    let ratio = (width(plain) / width(reduced)).powi(2);
    assert!((0.85..1.15).contains(&(worth / 40.0 / ratio)), "{worth}, {ratio}");
}

#[test]
fn figures_of_many_variants_tell_them_apart_and_their_data_has_whole_names() {
    let workshop = Workshop::with_minimal();
    let name = |i: usize| format!("a-variant-with-quite-a-long-name-that-says-it-all-{i}");
    let variants: Vec<String> = (1..=9)
        .map(|i| format!("{}: demand.streams.images.requests_per_day={}", name(i), 60 * i))
        .collect();
    let args: Vec<&str> = variants.iter().flat_map(|variant| ["--variant", variant]).collect();
    assert_eq!(compare(&workshop, &args).code, 0);
    let read = |file: &str| {
        fs::read_to_string(workshop.path("outputs/minimal-compare").join(file)).unwrap()
    };
    let survival = read("figures/survival.svg");
    // The ninth has the colour of the first, in dashes; so many bands would pile up.
    let lines = survival.matches("stroke=\"#0072B2\"").count();
    assert!(lines > 10, "{lines}");
    assert!(!survival.contains("95 % of a day") && !survival.contains("<polygon"));
    let page = read("comparison.html");
    let (_, figure) = page.split_once("<figure id=\"cost-and-success\" data-csv=\"").unwrap();
    let (csv, _) = figure.split_once("\">").unwrap();
    assert!((1..=9).all(|i| csv.contains(&name(i))), "{csv}");
}
