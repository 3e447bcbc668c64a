//! `orchsim run`: exit codes, output, and the run directory under fire.

mod cli_support;

use std::fs;
use std::path::Path;
use std::thread::sleep;

use cli_support::{Ended, SHORT, Workshop, contents};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn summary(directory: &Path) -> Value {
    serde_json::from_slice(&fs::read(directory.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn text_goes_to_stdout_and_a_closing_line_to_stderr() {
    let workshop = Workshop::with_minimal();
    let ended = workshop.run_minimal(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.lines().next().unwrap().ends_with('.'), "{}", ended.stdout);
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(workshop.path("outputs/minimal/report.html").is_file());

    let quiet = workshop.run_minimal(&["--quiet"]);
    assert_eq!((quiet.stdout, quiet.stderr), (ended.stdout, String::new()));
}

#[test]
fn json_is_one_document_the_same_as_the_file() {
    let workshop = Workshop::with_minimal();
    let ended = workshop.run_minimal(&["--format", "json", "--seed", "7", "--out", "here"]);
    assert_eq!(ended.code, 0);
    let document = ended.json();
    assert_eq!(document, summary(&workshop.path("here")));
    assert_eq!(document["seed"], 7);
    assert_eq!(document["replications"], 4);
    assert_eq!(document["horizon_days"], 90);
}

#[test]
fn no_command_runs_the_built_in_scenario() {
    let workshop = Workshop::new();
    let ended =
        workshop.run(&["--replications", "1", "--horizon", "1", "--format", "json", "--quiet"]);
    assert!(ended.code == 0 || ended.code == 3, "{ended:?}");
    assert_eq!(ended.json()["scenario"], "agent-spe-15k");
    assert!(workshop.path("outputs/agent-spe-15k/manifest.json").is_file());
}

#[test]
fn the_number_of_threads_leaves_every_byte_the_same() {
    let workshop = Workshop::with_minimal();
    workshop.run_minimal(&["--threads", "1", "--out", "one"]);
    workshop.run_minimal(&["--threads", "2", "--out", "two"]);
    let one = contents(&workshop.path("one"));
    assert!(one.len() > 10);
    assert!(one == contents(&workshop.path("two")));
}

#[test]
fn the_printed_command_gives_the_same_result_again() {
    let workshop = Workshop::with_minimal();
    let first = workshop.run_minimal(&[
        "--seed",
        "3",
        "--set",
        "credits.amount=150 LPT",
        "--suppress",
        "censored",
        "--precision",
        "0.5",
    ]);
    assert_eq!(first.code, 0, "{first:?}");
    let before = contents(&workshop.path("outputs/minimal"));
    let manifest: Value = serde_json::from_slice(&before[Path::new("manifest.json")]).unwrap();
    let command = manifest["command"].as_str().unwrap();
    fs::remove_dir_all(workshop.path("outputs")).unwrap();

    // A shell takes it as it stands.
    let arguments = command.strip_prefix("orchsim ").unwrap();
    let script = format!("exec \"$0\" {arguments} --quiet");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_orchsim")]).current_dir(workshop.path(""));
    assert!(shell.output().unwrap().status.success(), "{command}");
    assert!(before == contents(&workshop.path("outputs/minimal")));
}

#[test]
fn the_resolved_scenario_gives_the_same_result_again() {
    let workshop = Workshop::with_minimal();
    workshop.run_minimal(&["--set", "gateways.version=0.9", "--seed", "5"]);
    let ended = workshop.run(&["run", "outputs/minimal/scenario.toml", "--out", "again", "-q"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for name in ["summary.json", "burn.csv", "fees_by_orchestrator.csv", "scenario.toml"] {
        let read = |directory: &str| fs::read(workshop.path(directory).join(name)).unwrap();
        assert!(read("outputs/minimal") == read("again"), "{name}");
    }
}

#[test]
fn a_precision_sets_the_number_of_replications() {
    let workshop = Workshop::with_minimal();
    let until_spent = ["--set", "credits.amount=20 LPT", "--format", "json", "-q"];
    let replications = |precision: &[&str]| {
        let args = [&["run", "minimal.toml"], &until_spent[..], precision].concat();
        workshop.run(&args).json()["replications"].as_u64().unwrap()
    };
    // By the rule of three a precision of 5 % needs 60 of them at least.
    let rough = replications(&["--precision", "0.05"]);
    assert!((60..=1_000).contains(&rough), "{rough}");
    assert_eq!(replications(&["--precision", "0.0001", "--replications", "30"]), 30);
}

#[test]
fn a_precision_that_is_not_reached_is_told_with_digits() {
    let workshop = Workshop::with_minimal();
    let args = ["run", "minimal.toml", "--set", "credits.amount=20 LPT", "--format", "json", "-q"];
    let wide = |more: &[&str]| {
        let document = workshop.run(&[&args[..], more].concat()).json();
        let warnings = document["warnings"].as_array().unwrap().clone();
        let found = warnings.into_iter().find(|warning| warning["id"] == "wide-interval");
        found.unwrap()["text"].as_str().unwrap().to_string()
    };
    let text = wide(&["--precision", "0.002", "--replications", "20"]);
    assert!(text.contains("would bring it to 0.2 % (`--replications "), "{text}");
    let text = wide(&["--precision", "0.0001", "--replications", "20"]);
    assert!(text.ends_with("would not bring it to 0.01 %."), "{text}");
}

#[test]
fn a_reduced_variance_is_told_in_every_format_and_the_same_on_any_number_of_threads() {
    let workshop = Workshop::with_minimal();
    let run = |more: &[&str]| {
        let until_spent = ["run", "minimal.toml", "--set", "credits.amount=20 LPT", "-q"];
        let method = ["--variance-reduction", "control", "--precision", "0.03"];
        let ended = workshop.run(&[&until_spent[..], &method, more].concat());
        // Nothing lasts three months, as the scenario asks for.
        assert_eq!(ended.code, 3);
        ended
    };
    let one = run(&["--threads", "1", "--format", "json", "--out", "one"]);
    let three = run(&["--threads", "3", "--format", "json", "--out", "three"]);
    assert_eq!(one.stdout, three.stdout);
    assert!(contents(&workshop.path("one")) == contents(&workshop.path("three")));
    let reduction = &one.json()["variance_reduction"];
    assert_eq!(reduction["method"], "control");
    // The level of demand explains half of the runway of these few credits.
    let runway = &reduction["figures"][0];
    let made = one.json()["replications"].as_f64().unwrap();
    assert_eq!(made, 100.0);
    assert_eq!(runway["id"], "runway_days");
    assert!(runway["equivalent_replications"].as_f64().unwrap() > 1.5 * made, "{reduction}");
    for name in ["report.md", "report.html", "manifest.json"] {
        let text = fs::read_to_string(workshop.path("one").join(name)).unwrap();
        assert!(text.contains("ariance") && text.contains("control"), "{name}");
    }
}

#[test]
fn at_a_deadline_nothing_has_run_out_and_eth_is_not_sold() {
    let workshop = Workshop::with_minimal();
    let deadline = ["--set", "treasury.deadline_day=60", "--horizon", "90", "--replications", "4"];
    let run = |credits: &str| {
        let credits = format!("credits.amount={credits}");
        let ended =
            workshop.run(&[&["run", "minimal.toml"], &deadline[..], &["--set", &credits]].concat());
        assert!(ended.code == 0 || ended.code == 3, "{ended:?}");
        let lines = ended.stdout.lines();
        let lines: Vec<String> =
            lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let has = |line: &str| lines.iter().any(|known| known == line);
        assert!(has("half have run out by not before the deadline – –"), "{}", ended.stdout);
        assert!(has("mean, to the deadline 60 [60, 60] 2025-04-19"), "{}", ended.stdout);
        assert!(!ended.stdout.contains(" 0 LPT"), "{}", ended.stdout);
        let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
        let rows = ["allocated ", "minted by the protocol", "sold ", "conversions ", "proceeds "];
        assert!(has("returned by the gateways"));
        rows.map(has)
    };
    assert_eq!(run("200 LPT"), [true; 5]);
    assert_eq!(run("0.3 ETH"), [false; 5]);
    // The resolved scenario keeps it so.
    let resolved = fs::read_to_string(workshop.path("outputs/minimal/scenario.toml")).unwrap();
    assert!(resolved.contains("amount = \"0.3 ETH\""), "{resolved}");
    let again = workshop.run(&["run", "outputs/minimal/scenario.toml", "--out", "again"]);
    assert!(!again.stdout.contains("conversions"), "{}", again.stdout);
}

/// Keys and values of a document, however deep, whose key ends so.
fn ending<'a>(value: &'a Value, end: &str, found: &mut Vec<(&'a str, &'a Value)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if key.ends_with(end) {
                    found.push((key, value));
                }
                ending(value, end, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| ending(value, end, found)),
        _ => {}
    }
}

#[test]
fn a_single_replication_has_no_interval_in_any_format() {
    let workshop = Workshop::with_minimal();
    let args = ["run", "minimal.toml", "--horizon", "90", "--out", "one", "--replications"];
    let short_lived = ["--set", "credits.amount=30 LPT"];
    for (more, count) in
        [(&[][..], "1"), (&short_lived, "1"), (&["--variance-reduction", "antithetic"], "2")]
    {
        let ended = workshop.run(&[&args[..], &[count], more].concat());
        assert!(ended.code == 0 || ended.code == 3, "{ended:?}");
        // "95 % interval [1, 2]", but not "[[table]]" or the name of a warning.
        let interval = |text: &str| {
            text.match_indices('[').any(|(at, _)| {
                let next = text[at + 1..].chars().next().unwrap_or(' ');
                next.is_ascii_digit() || next == '–' || text[at + 1..].starts_with("below")
            })
        };
        let files = contents(&workshop.path("one"));
        let text = |name: &str| String::from_utf8(files[Path::new(name)].clone()).unwrap();
        assert!(!interval(&ended.stdout), "{}", ended.stdout);
        assert!(!interval(&text("report.md")), "{}", text("report.md"));
        let page = text("report.html");
        let page = page.split_once("<body").unwrap().1.split_once("<script").unwrap().0;
        let prose: String =
            page.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
        assert!(!interval(&prose) && !prose.contains("NaN"));

        let summary = summary(&workshop.path("one"));
        let mut found = Vec::new();
        ending(&summary, "_ci95", &mut found);
        assert!(found.len() > 30);
        for (key, value) in found {
            assert!(value.is_null(), "{key}: {value}");
        }
        let (mut low, point) = (Vec::new(), &summary["survival"][0]);
        ending(point, "lo", &mut low);
        assert_eq!(low, [("lo", &Value::Null)]);

        for (name, bytes) in &files {
            let name = name.to_str().unwrap();
            if name.ends_with(".csv") {
                let mut reader = csv::Reader::from_reader(bytes.as_slice());
                let header = reader.headers().unwrap().clone();
                for row in reader.records().map(Result::unwrap) {
                    for (key, cell) in header.iter().zip(&row) {
                        let is_end = ["lo", "hi"].contains(&key.rsplit('_').next().unwrap());
                        assert!(!is_end || cell.is_empty(), "{name}: {key}: {cell}");
                    }
                }
            }
            if name.ends_with(".svg") {
                let svg = text(name);
                assert!(!svg.contains("NaN") && !svg.contains("95 %"), "{name}");
            }
        }
    }
    // Nor in a sweep, whose settings have a replication each.
    let args = ["sweep", "minimal.toml", "--horizon", "30", "--replications", "1"];
    let ended = workshop.run(&[&args[..], &["--vary", "demand.level=1,2", "--out", "s"]].concat());
    assert!(ended.code == 0 || ended.code == 3, "{ended:?}");
    let files = contents(&workshop.path("s"));
    let document: Value = serde_json::from_slice(&files[Path::new("sweep.json")]).unwrap();
    let mut found = Vec::new();
    ending(&document, "ci95", &mut found);
    assert!(found.len() > 10 && found.iter().all(|(_, value)| value.is_null()), "{found:?}");
    for (name, bytes) in files.iter().filter(|(name, _)| name.extension() == Some("svg".as_ref())) {
        assert!(!String::from_utf8_lossy(bytes).contains("NaN"), "{name:?}");
    }
}

#[test]
fn the_credits_add_up_where_prices_stay() {
    let workshop = Workshop::with_minimal();
    let settings = [
        "treasury.conversion={clip={lpt=\"20 LPT\"}}",
        "treasury.drawings=[{project=\"docs\",day=10,lpt=\"30 LPT\"},\
         {project=\"docs\",day=95,lpt=\"10 LPT\"}]",
        "treasury.swap={gas=\"0.0001 ETH\"}",
        "demand.streams.images.users={price={markup=0.5},paying={at_start=0.5}}",
    ];
    for (deadline, drawn) in [(91, "| 30 |"), (120, "| 40 |")] {
        let deadline = format!("treasury.deadline_day={deadline}");
        let set = settings.into_iter().chain([deadline.as_str()]);
        let set: Vec<&str> = set.flat_map(|setting| ["--set", setting]).collect();
        let args =
            ["run", "minimal.toml", "--replications", "4", "--horizon", "93", "--out", "out"];
        assert_eq!(workshop.run(&[&args[..], &set].concat()).code, 0);
        let report = fs::read_to_string(workshop.path("out/report.md")).unwrap();
        let row = |label: &str| report.lines().find(|line| line.contains(label)).unwrap_or("");
        let eth = |label: &str| -> f64 {
            row(&format!("| {label} |"))
                .split('|')
                .nth(2)
                .map_or(0.0, |eth| eth.trim().parse().unwrap())
        };
        let came = eth("at the start") + eth("paid in by users");
        let went =
            ["for other projects", "cost of selling LPT", "spent", "left", "back at the deadline"];
        assert!(row("for other projects").contains(drawn), "{report}");
        // Every amount is rounded to four digits.
        assert!((came - went.into_iter().map(eth).sum::<f64>()).abs() < 2e-4, "{report}");
    }
}

#[test]
fn no_interval_of_lpt_leaves_what_was_allocated() {
    let workshop = Workshop::with_minimal();
    // In two of eight futures a clip of 50 of the 200 LPT is left.
    let clips = "treasury.conversion={below_threshold={balance=\"0.05 ETH\",clip=\"50 LPT\"}}";
    let args = ["run", "minimal.toml", "--set", clips, "--replications", "8", "--horizon", "130"];
    let summary = workshop.run(&[&args[..], &["--format", "json"]].concat()).json();
    let treasury = &summary["treasury"];
    let end = |key: &str, end: usize| treasury[key][end].as_f64().unwrap();
    assert!(treasury["unsold_lpt"].as_f64().unwrap() > 0.0, "{treasury}");
    assert_eq!(end("unsold_lpt_ci95", 0), 0.0, "{treasury}");
    assert_eq!(end("sold_lpt_ci95", 1), 200.0, "{treasury}");
}

#[test]
fn a_missed_objective_ends_with_3_after_everything_is_written() {
    let workshop = Workshop::with_minimal();
    let ended = workshop.run_minimal(&["--set", "credits.amount=1 LPT"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.contains("missed"));
    let objectives = &summary(&workshop.path("outputs/minimal"))["objectives"];
    assert_eq!(objectives[0]["met"], false);
}

#[test]
fn an_objective_beyond_the_horizon_is_neither_met_nor_missed() {
    let workshop = Workshop::with_minimal();
    let beyond = ["--set", "objectives.lasts-three-months.lasts_days=91"];
    let ended = workshop.run_minimal(&beyond);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.contains("not known lasts-three-months"), "{}", ended.stdout);

    let ended = workshop.run_minimal(&[&beyond[..], &["--set", "credits.amount=1 LPT"]].concat());
    assert!(ended.stdout.contains("missed lasts-three-months"), "{}", ended.stdout);
}

#[test]
fn an_invalid_scenario_ends_with_2_and_every_error_and_writes_nothing() {
    let workshop = Workshop::with_minimal();
    let set = ["--set", "sede=1", "--set", "horizon_days=0"];
    let ended = workshop.run(&[&["run", "minimal.toml"][..], &set].concat());
    assert_eq!(ended.code, 2);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("did you mean `seed`?"), "{}", ended.stderr);
    assert!(ended.stderr.contains("horizon_days"), "{}", ended.stderr);
    assert_eq!(workshop.names(), ["minimal.toml"]);
}

#[test]
fn usage_errors_end_with_2_and_write_nothing() {
    let workshop = Workshop::with_minimal();
    let cases: [(&[&str], &str); 24] = [
        (&["minimal.toml"], "orchsim run minimal.toml"),
        (
            &["run", "--replications", "0"],
            "'0' for '--replications <N>': expected a whole number from 1 to 1000000",
        ),
        (&["run", "--replications", "ten"], "a whole number from 1 to 1000000"),
        (
            &["run", "--horizon", "0.5"],
            "'0.5' for '--horizon <DAYS>': expected whole days from 1 to 36500",
        ),
        (&["run", "--horizon", "-3"], "whole days from 1 to 36500"),
        (&["run", "--threads", "1.5"], "a whole number from 1 to 1024"),
        (&["backtest", "--spend", "x.csv", "--every", "0.5"], "whole days from 1 to 36500"),
        (&["backtest", "--spend", "x.csv", "--least-past", "-1"], "whole days from 28 to 36500"),
        (
            &["backtest", "--spend", "x.csv", "--seed", "1.5"],
            "a whole number from 0 to 18446744073709551615",
        ),
        (&["run", "missing.toml"], "there is no file `missing.toml`"),
        (&["run", "agent-spe-15k"], "orchsim init --preset agent-spe-15k"),
        (&["run", "minimal"], "did you mean `minimal.toml`?"),
        (&["run", "."], "not a regular file"),
        (&["run", "minimal.toml", "--out", "minimal.toml"], "`minimal.toml` is not a directory"),
        (&["run", "minimal.toml", "--out", "minimal.toml/x"], "is not a directory"),
        (&["run", "--precision", "1"], "between 0 and 1"),
        (&["run", "--precision", "nan"], "between 0 and 1"),
        (&["run", "--variance-reduction", "some"], "none, antithetic, control, both"),
        (&["run", "--replications", "5", "--variance-reduction", "both"], "--replications 6"),
        (&["run", "--threads", "0"], "a whole number from 1 to 1024"),
        (&["run", "--seed", "-1"], "a whole number from 0 to 18446744073709551615"),
        (&["run", "--suppress", "wide"], "'wide-interval'"),
        (&["run", "--format", "xml"], "text, json"),
        (&["--seed", "1", "check", "minimal.toml"], "cannot be used with"),
    ];
    for (args, message) in cases {
        let ended = workshop.run(args);
        assert_eq!(ended.code, 2, "{args:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
        assert!(ended.stderr.contains(message), "{args:?}: {}", ended.stderr);
        assert_eq!(workshop.names(), ["minimal.toml"], "{args:?}");
    }
}

#[test]
fn png_is_refused_where_it_cannot_be_made() {
    let workshop = Workshop::with_minimal();
    let ended = workshop.run_minimal(&["--png"]);
    if cfg!(feature = "png") {
        assert_eq!(ended.code, 0);
        assert!(workshop.path("outputs/minimal/figures/survival.png").is_file());
    } else {
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("--features png"));
        assert_eq!(workshop.names(), ["minimal.toml"]);
    }
}

#[test]
fn a_foreign_directory_is_refused_untouched_and_an_own_one_replaced() {
    let workshop = Workshop::with_minimal();
    fs::create_dir(workshop.path("photos")).unwrap();
    workshop.write("photos/cat.jpg", "meow");
    let refused = workshop.run_minimal(&["--out", "photos"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("photos"));
    assert_eq!(contents(&workshop.path("photos")).len(), 1);

    for seed in ["1", "2"] {
        assert_eq!(workshop.run_minimal(&["--out", "mine", "--seed", seed]).code, 0);
        assert_eq!(summary(&workshop.path("mine"))["seed"].to_string(), seed);
    }
    assert_eq!(workshop.names(), ["mine", "minimal.toml", "photos"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_refuses_ends_with_1() {
    let workshop = Workshop::with_minimal();
    let ended = workshop.run_minimal(&["--out", "/proc/orchsim-test"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.starts_with("error: cannot create `/proc"), "{}", ended.stderr);
    // Before it is simulated, which would take days.
    let endless = ["--replications", "1000000", "--out", "/proc/orchsim-test"];
    for command in [
        &["run"][..],
        &["run", "--shard", "0/2"],
        &["compare", "--variant", "none: demand.level=1"],
        &["sweep", "--vary", "demand.level=1,2"],
    ] {
        let ended = workshop.run(&[command, &endless].concat());
        assert_eq!(ended.code, 1, "{command:?}: {ended:?}");
        assert!(ended.stderr.starts_with("error: cannot create `/proc"), "{}", ended.stderr);
    }
    assert_eq!(workshop.names(), ["minimal.toml"]);

    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = Ended::from(workshop.command(&["schema"]).stdout(full).output().unwrap());
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.starts_with("error: cannot write to standard output"));
}

/// The seed of the run whose files are in `directory`, each as the manifest
/// says.
fn whole_run(directory: &Path) -> u64 {
    let files = contents(directory);
    let manifest: Value = serde_json::from_slice(&files[Path::new("manifest.json")]).unwrap();
    let hashes = manifest["sha256"].as_object().unwrap();
    assert_eq!(hashes.len() + 1, files.len());
    for (name, hash) in hashes {
        let digest = Sha256::digest(&files[Path::new(name)]);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, &digest, "{name}");
    }
    manifest["seed"].as_u64().unwrap()
}

#[test]
fn a_run_killed_at_any_moment_leaves_a_whole_run_behind() {
    let workshop = Workshop::with_minimal();
    let began = std::time::Instant::now();
    assert_eq!(workshop.run_minimal(&["--seed", "1", "-q"]).code, 0);
    let usual = began.elapsed();
    let (mut killed, mut last) = (0, 1);
    for seed in 2..22 {
        let text = seed.to_string();
        let args = [&["run", "minimal.toml", "-q", "--seed", &text], &SHORT[..]].concat();
        let mut command = workshop.command(&args);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        sleep(usual * (seed - 1) / 20);
        child.kill().unwrap();
        let finished = child.wait().unwrap().code().is_some();
        killed += u32::from(!finished);

        let (target, aside) = ("outputs/minimal", "outputs/.minimal.orchsim-previous");
        let target = workshop.path(target);
        let directory = if target.exists() { target } else { workshop.path(aside) };
        let found = whole_run(&directory);
        assert!(found == last || found == u64::from(seed), "{found} after {last} and {seed}");
        last = found;
    }
    assert!(killed > 0);
    // What they left does not stand in the way of the next.
    assert_eq!(workshop.run_minimal(&["--seed", "99", "-q"]).code, 0);
    assert_eq!(whole_run(&workshop.path("outputs/minimal")), 99);
    assert_eq!(fs::read_dir(workshop.path("outputs")).unwrap().count(), 1);
}

#[test]
fn colour_follows_the_environment() {
    let workshop = Workshop::with_minimal();
    let args = [&["run", "minimal.toml", "-q"], &SHORT[..]].concat();
    let is_coloured = |variables: &[(&str, &str)]| {
        let mut command = workshop.command(&args);
        let ended = Ended::from(command.envs(variables.iter().copied()).output().unwrap());
        ended.stdout.contains('\x1b')
    };
    assert!(!is_coloured(&[]));
    assert!(is_coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let workshop = Workshop::with_minimal();
    let json = ["run", "minimal.toml", "-q", "--format", "json"];
    let cases: [&[&str]; 4] =
        [&["run", "minimal.toml", "-q"], &json, &["schema"], &["completions", "bash"]];
    for args in cases {
        let args = if args[0] == "run" { [args, &SHORT[..]].concat() } else { args.to_vec() };
        let mut command = workshop.command(&args);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let ended = Ended::from(child.wait_with_output().unwrap());
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{args:?}");
    }
}
