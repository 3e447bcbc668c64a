//! The commands beside `run`: what they print and how they end.

mod cli_support;

use std::fs;

use cli_support::{Ended, Workshop};
use serde_json::Value;

#[test]
fn check_names_every_file_and_every_error() {
    let workshop = Workshop::with_minimal();
    let text = orchsim::scenario::preset("minimal").unwrap();
    let broken = text.replacen("version = \"0.8.3\"", "version = \"0.8.5\"", 1).replacen(
        "region = \"asia\"",
        "region = \"asja\"",
        1,
    );
    workshop.write("broken.toml", &broken);

    let good = workshop.run(&["check", "minimal.toml"]);
    assert_eq!((good.code, good.stderr.as_str()), (0, ""));
    assert!(good.stdout.starts_with("minimal.toml: valid"));

    let bad = workshop.run(&["check", "minimal.toml", "broken.toml", "none.toml"]);
    assert_eq!(bad.code, 2);
    assert!(bad.stdout.starts_with("minimal.toml: valid"));
    for part in ["broken.toml:", "0.8.5", "did you mean `asia`?", "no file `none.toml`", "2 errors"]
    {
        assert!(bad.stderr.contains(part), "{part}: {}", bad.stderr);
    }

    let json = workshop.run(&["check", "--format", "json", "minimal.toml", "broken.toml", "none"]);
    assert_eq!((json.code, json.stderr.as_str()), (2, ""));
    let document = json.json();
    assert_eq!(document["valid"], false);
    let errors = |file: usize| document["scenarios"][file]["errors"].as_array().unwrap().len();
    assert_eq!((errors(0), errors(1), errors(2)), (0, 2, 1));
    let line = broken.lines().position(|line| line.contains("\"0.8.5\"")).unwrap() + 1;
    assert_eq!(document["scenarios"][1]["errors"][0]["line"], line);
}

#[test]
fn check_ends_as_a_run_does_where_a_scenario_cannot_be_read() {
    let workshop = Workshop::with_minimal();
    // A file where a folder should be: neither there nor not there.
    let unreadable = "minimal.toml/other.toml";
    for command in ["run", "check", "explain", "sweep", "calibrate"] {
        let more: &[&str] = match command {
            "explain" => &["--gateway", "gateway", "--pipeline", "llm"],
            "sweep" => &["--vary", "seed=1"],
            "calibrate" => &["--spend", "spend.csv"],
            _ => &[],
        };
        let ended = workshop.run(&[&[command, unreadable], more].concat());
        assert_eq!(ended.code, 1, "{command}: {ended:?}");
        assert!(ended.stderr.contains("cannot read `minimal.toml/other.toml`"), "{ended:?}");
    }
    assert_eq!(workshop.run(&["check", "minimal.toml", unreadable]).code, 1);
    assert_eq!(workshop.run(&["check", "--format", "json", unreadable]).code, 1);
    workshop.write("broken.toml", "seed = -1\n");
    assert_eq!(workshop.run(&["check", unreadable, "broken.toml"]).code, 2);
}

#[test]
fn a_scenario_that_is_not_there_or_no_text_is_a_mistake_of_who_asks() {
    let workshop = Workshop::with_minimal();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    fs::write(workshop.path("wide.toml"), [vec![0xff, 0xfe], utf_16("seed = 1\n")].concat())
        .unwrap();
    fs::write(workshop.path("latin.toml"), b"# caf\xe9\n").unwrap();
    for file in ["nothere.toml", "wide.toml", "latin.toml"] {
        for command in ["run", "check"] {
            assert_eq!(workshop.run(&[command, file]).code, 2, "{command} {file}");
        }
    }
    let help = workshop.run(&["check", "--help"]).stdout;
    let [one, two] = ["\n  1  ", "\n  2  "].map(|code| {
        let (_, text) = help.split_once(code).unwrap();
        text.split("\n  2").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    });
    assert!(one.starts_with("a scenario is there and cannot be read (disk, permissions)"), "{one}");
    assert!(two.contains("a scenario that does not exist, is not text in UTF-8"), "{two}");
}

#[test]
fn check_says_what_a_run_would_warn_of_before_it_simulates() {
    let workshop = Workshop::with_minimal();
    // exp(-price / factor) of go-livepeer's rule is 0 for every price of a picture.
    let blind = "gateways.weights={stake=0.3,price=0.7,random=0}";
    let ended = workshop.run(&["check", "minimal.toml", "--set", blind]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.contains("\nwarning[price-weight-blind]: "), "{}", ended.stdout);

    let json = ["check", "minimal.toml", "--format", "json", "--set", blind];
    let document = workshop.run(&json).json();
    let warnings = document["scenarios"][0]["warnings"].as_array().unwrap().clone();
    assert!(warnings.iter().any(|warning| warning["id"] == "price-weight-blind"), "{document}");

    let silenced = workshop
        .run(&[&json[..], &["--set", "suppress_warnings=[\"price-weight-blind\"]"]].concat());
    let document = silenced.json();
    let warnings = document["scenarios"][0]["warnings"].as_array().unwrap().clone();
    assert!(warnings.iter().all(|warning| warning["id"] != "price-weight-blind"), "{document}");
}

#[test]
fn lines_that_end_by_carriage_returns_alone_are_lines() {
    let workshop = Workshop::new();
    let text = orchsim::scenario::preset("minimal").unwrap();
    workshop.write("mac.toml", &text.replace('\n', "\r"));
    assert_eq!(workshop.run(&["check", "mac.toml"]).code, 0);

    let broken = text.replacen("region = \"asia\"", "region = \"asja\"", 1);
    let line = broken.lines().position(|line| line.contains("asja")).unwrap() + 1;
    workshop.write("broken.toml", &broken.replace('\n', "\r"));
    let ended = workshop.run(&["check", "broken.toml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains(&format!("broken.toml:{line}:")), "{}", ended.stderr);

    fs::write(workshop.path("latin.toml"), b"seed = 1\r# caf\xe9\r").unwrap();
    let ended = workshop.run(&["check", "latin.toml"]);
    assert!(ended.stderr.contains("line 2 is not UTF-8 text"), "{}", ended.stderr);

    workshop.write("spend.csv", "date,amount_eth\r2025-03-01,0.1\r\r2025-03-02,much\r");
    let ended = workshop.run(&["report", "--spend", "spend.csv"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("--> spend.csv:4, column `amount_eth`"), "{}", ended.stderr);
}

#[test]
fn check_applies_overrides() {
    let workshop = Workshop::with_minimal();
    let ended = workshop.run(&["check", "minimal.toml", "--set", "gateways.weights.stake=0.9"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(workshop.run(&["check", "minimal.toml", "--set", "seed=4"]).code, 0);
}

fn explain(workshop: &Workshop, args: &[&str]) -> Value {
    let question = ["explain", "minimal.toml", "--gateway", "gateway", "--format", "json"];
    let ended = workshop.run(&[&question, args].concat());
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    ended.json()
}

#[test]
fn explain_gives_the_probabilities_of_the_stake_rule() {
    let workshop = Workshop::with_minimal();
    let document = explain(&workshop, &["--pipeline", "llm"]);
    assert_eq!(document["gateway"], "gateway");
    assert_eq!(document["pipeline"], "llm");
    assert_eq!(document["model"], "meta-llama/Meta-Llama-3.1-8B-Instruct");
    assert!(document["rule"].is_string() && document["warnings"].is_array());
    let candidates = document["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 4);
    // 0.7 x stake / 183,622.3684 + 0.3 / 3, by hand.
    let expected = [("na-1", 0.474_171), ("eu-1", 0.328_730), ("na-2", 0.197_099)];
    for candidate in candidates {
        let id = candidate["orchestrator"].as_str().unwrap();
        let probability = candidate["probability"].as_f64().unwrap();
        match expected.iter().find(|(known, _)| *known == id) {
            Some((_, by_hand)) => {
                assert!((probability - by_hand).abs() < 1e-6, "{id}: {probability}");
                assert_eq!(candidate["status"], "eligible");
                assert_eq!(candidate["reason"], Value::Null);
                assert!(candidate["price_wei_per_unit"].as_f64().unwrap() > 1e7);
            }
            None => {
                assert_eq!(probability, 0.0);
                assert_eq!(candidate["status"], "filtered");
                assert!(candidate["reason"].is_string());
                assert_eq!(candidate["price_wei_per_unit"], Value::Null);
                assert_eq!(candidate["stake_lpt"], 20_000);
            }
        }
    }
}

#[test]
fn explain_cuts_nothing_and_says_why_quotes_are_above_posted_prices() {
    let workshop = Workshop::with_minimal();
    let long = [
        "--set",
        "orchestrators.asia-1.id=an-orchestrator-in-north-asia",
        "--set",
        "orchestrator_groups.na.id=an-orchestrator-of-america",
    ];
    let args = [&["--pipeline", "text-to-image"], &long[..]].concat();
    let document = explain(&workshop, &args);
    let question = ["explain", "minimal.toml", "--gateway", "gateway"];
    let text = workshop.run(&[&question, &args[..]].concat()).stdout;
    assert!(!text.contains('…') && !text.contains('█'), "{text}");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = words(&text);
    let mut ratios = Vec::new();
    for candidate in document["candidates"].as_array().unwrap() {
        assert!(plain.contains(candidate["orchestrator"].as_str().unwrap()), "{text}");
        let price = |key: &str| candidate[key].as_f64().unwrap();
        ratios.push(price("price_wei_per_unit") / price("posted_wei_per_unit"));
    }
    // 2,384,185 wei posted, 2,479,552.4 quoted: a ticket's redemption is 1/25 of its face value.
    assert!(ratios.iter().all(|ratio| (ratio - 1.04).abs() < 1e-3), "{ratios:?}");
    let reason = "too far: found less than once a";
    assert!(plain.contains(reason), "{text}");
    assert!(plain.contains("4 of 4 are above the price posted, by up to 4.0 %"), "{text}");

    let lists = ["orchestrators", "orchestrator_groups"];
    let posted = lists.map(|list| format!("{list}.auto_adjust_price=false"));
    let posted = ["--set", &posted[0], "--set", &posted[1]];
    let text = workshop.run(&[&question, &args[..], &posted].concat()).stdout;
    assert!(text.contains("an-orchestrator-of-america-2"), "{text}");
    assert!(!text.contains("above the price posted"), "{text}");
}

#[test]
fn explain_counts_whole_wei_exactly_and_sums_to_one() {
    let workshop = Workshop::with_minimal();
    for version in ["0.8.3", "0.8.4", "0.9"] {
        let set = format!("gateways.version={version}");
        let mut args = vec!["--pipeline", "text-to-image", "--set", &set];
        args.extend(["--set", "orchestrators.auto_adjust_price=false"]);
        let document = explain(&workshop, &args);
        let candidates = document["candidates"].as_array().unwrap();
        assert_eq!(candidates[0]["price_wei_per_unit"], 2_384_185, "{version}");
        let eligible = candidates.iter().filter(|candidate| candidate["status"] == "eligible");
        let sum: f64 = eligible.map(|candidate| candidate["probability"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{version}: {sum}");
    }
}

#[test]
fn explain_warns_of_a_blind_price_weight() {
    let workshop = Workshop::with_minimal();
    let ended = workshop.run(&[
        "explain",
        "minimal.toml",
        "--gateway=gateway",
        "--pipeline=llm",
        "--set",
        "gateways.weights={ stake = 0.2, price = 0.7, random = 0.1 }",
    ]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("warning: the price weight of 0.7 is blind"), "{}", ended.stdout);
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn explain_warns_of_every_other_degenerate_case() {
    let workshop = Workshop::with_minimal();
    let price_only = "gateways.weights={ stake = 0, price = 1, random = 0 }";
    let version = "gateways.version=0.9";
    let cases: [(&[&str], &str); 3] = [
        // exp(-price / 100) is 0 in doubles above about 74,500 wei.
        (
            &[price_only, "orchestrators.eu-1.offers.0.price='1 wei'"],
            "2 of 3 get nothing of the price weight of 1",
        ),
        (
            &["orchestrators.stake='0 LPT'", "orchestrator_groups.stake='0 LPT'"],
            "nobody here has stake",
        ),
        (
            &[
                price_only,
                "gateways.price_exp_factor=0",
                "orchestrators.eu-1.offers.0.price='0 wei'",
            ],
            "makes every probability undefined",
        ),
    ];
    for (sets, expected) in cases {
        let mut arguments = vec!["--pipeline", "text-to-image", "--set", version];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
        let document = explain(&workshop, &arguments);
        let warnings = document["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].as_str().unwrap().contains(expected), "{warnings:?}");
    }
}

#[test]
fn explain_and_run_say_whose_tickets_a_gateway_cannot_use() {
    let workshop = Workshop::with_minimal();
    let reason = |set: &str, id: &str| {
        let document = explain(&workshop, &["--pipeline", "text-to-image", "--set", set]);
        let candidates = document["candidates"].as_array().unwrap();
        let candidate = candidates.iter().find(|known| known["orchestrator"] == id).unwrap();
        assert_eq!(candidate["status"], "filtered", "{set}");
        assert_eq!(candidate["probability"], 0.0, "{set}");
        candidate["reason"].as_str().unwrap().to_string()
    };
    // The gateway's `max_ticket_ev` is 3e12 wei where it is left out.
    let dear = reason("orchestrators.eu-1.ticket_ev='4000000000000 wei'", "eu-1");
    assert!(dear.contains("ticket EV above the gateway's maximum"), "{dear}");
    // An orchestrator may claim a quarter of the 1e12 wei at most, less than a ticket
    // is worth, 3e12.
    let poor = "treasury.top_ups.reserve='0.000001 ETH'";
    assert!(reason(poor, "na-1").contains("reserve too small"));
    let question = ["explain", "minimal.toml", "--gateway=gateway", "--pipeline=llm"];
    let ended = workshop.run(&[&question[..], &["--set", poor]].concat());
    assert!(ended.stdout.contains("none of 4 orchestrators"), "{}", ended.stdout);
    assert!(ended.stdout.contains("reserve too small for tickets\n"), "{}", ended.stdout);

    let ended =
        workshop.run(&["run", "minimal.toml", "--horizon=2", "--replications=2", "--set", poor]);
    assert!(ended.stdout.contains("0 served"), "{}", ended.stdout);
    let words = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("(gateway's reserve too small for tickets)"), "{words}");
}

#[test]
fn explain_works_on_the_built_in_scenario() {
    let ended = Workshop::new().run(&["explain", "--gateway=livepeer-eliza", "--pipeline=llm"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("livepeer-eliza for llm/"), "{}", ended.stdout);
}

#[test]
fn explain_suggests_the_nearest_name() {
    let workshop = Workshop::with_minimal();
    let cases = [
        (["gatewey", "llm", "x"], "did you mean `gateway`?"),
        (["gateway", "lmm", "x"], "did you mean `llm`?"),
        (["gateway", "text-to-speech", "x"], "no pipeline `text-to-speech`"),
        (
            ["gateway", "text-to-image", "SDXL-lightning"],
            "did you mean `ByteDance/SDXL-Lightning`?",
        ),
    ];
    for ([gateway, pipeline, model], message) in cases {
        let question = ["--gateway", gateway, "--pipeline", pipeline, "--model", model];
        let ended = workshop.run(&[&["explain", "minimal.toml"], &question[..]].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
        assert!(ended.stderr.contains(message), "{message}: {}", ended.stderr);
    }
}

#[test]
fn explain_asks_which_of_several_models() {
    let workshop = Workshop::new();
    let text = orchsim::scenario::preset("minimal").unwrap();
    let second = "[[models]]\npipeline = \"llm\"\nid = \"another\"\n\
                  service = { overhead_s = 0.3, seconds_per_unit = 0.01 }\n\n[[gateways]]";
    workshop.write("two.toml", &text.replacen("[[gateways]]", second, 1));
    let ended = workshop.run(&["explain", "two.toml", "--gateway=gateway", "--pipeline=llm"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("--model") && ended.stderr.contains("another"));
}

#[test]
fn init_writes_a_preset_byte_for_byte_and_never_over_a_file() {
    let workshop = Workshop::new();
    for (args, file) in [
        (&["init"][..], "agent-spe-15k.toml"),
        (&["init", "deep/er", "--preset", "minimal"][..], "deep/er/minimal.toml"),
    ] {
        let ended = workshop.run(args);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        assert!(ended.stdout.contains(&format!("orchsim run {file}")), "{}", ended.stdout);
        let name = file.rsplit('/').next().unwrap();
        let shipped = format!("{}/scenarios/{name}", env!("CARGO_MANIFEST_DIR"));
        assert!(fs::read(workshop.path(file)).unwrap() == fs::read(shipped).unwrap());
        assert_eq!(workshop.run(&["check", file]).code, 0);
    }
    workshop.write("agent-spe-15k.toml", "mine");
    let ended = workshop.run(&["init"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    assert_eq!(fs::read_to_string(workshop.path("agent-spe-15k.toml")).unwrap(), "mine");
    assert_eq!(workshop.run(&["init", "--preset", "minimla"]).code, 2);
    for name in ["agent-spe-15k.toml", "mine.toml"] {
        let ended = workshop.run(&["init", name]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("is to be a directory"), "{}", ended.stderr);
    }
}

#[test]
fn schema_is_json_and_completions_name_every_command() {
    let workshop = Workshop::new();
    let schema = workshop.run(&["schema"]);
    assert_eq!(schema.json()["properties"]["credits"]["type"], "object");
    for shell in ["bash", "zsh", "fish"] {
        let script: Ended = workshop.run(&["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (0, ""));
        for command in ["run", "check", "explain", "schema", "init", "completions"] {
            assert!(script.stdout.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(workshop.run(&["completions", "tcsh"]).code, 2);
}

#[test]
fn help_states_the_exit_codes() {
    let workshop = Workshop::new();
    for args in [&["--help"][..], &["run", "--help"][..]] {
        let help = workshop.run(args);
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains("3  an objective of the scenario was missed"));
    }
    assert_eq!(
        workshop.run(&["--version"]).stdout,
        format!("orchsim {}\n", env!("CARGO_PKG_VERSION"))
    );
}
