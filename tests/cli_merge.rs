//! `--shard` and `orchsim merge`: the parts make the whole, and nothing else
//! does.

mod cli_support;

use std::fs;

use cli_support::{Ended, SHORT, Workshop, contents};
use sha2::{Digest, Sha256};

const RUN: [&str; 2] = ["run", "minimal.toml"];
const SWEEP: [&str; 4] = ["sweep", "minimal.toml", "--vary", "gateways.version=0.8.3,0.8.4,0.9"];

fn with_shards(command: &[&str], of: u32) -> Workshop {
    let workshop = Workshop::with_minimal();
    for index in 0..of {
        make_shard(&workshop, command, index, of);
    }
    workshop
}

fn make_shard(workshop: &Workshop, command: &[&str], index: u32, of: u32) -> Ended {
    let shard = format!("{index}/{of}");
    let args = [command, &SHORT, &["--out", "all", "--shard", &shard]].concat();
    let ended = workshop.run(&args);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended
}

fn merge(workshop: &Workshop, shards: &[&str], more: &[&str]) -> Ended {
    workshop.run(&[&["merge"], shards, &["--out", "merged"], more].concat())
}

const FOUR: [&str; 4] =
    ["all.shard-0-of-4", "all.shard-1-of-4", "all.shard-2-of-4", "all.shard-3-of-4"];

fn is_refused(workshop: &Workshop, shards: &[&str], code: i32, messages: &[&str]) {
    let ended = merge(workshop, shards, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
    for message in messages {
        assert!(ended.stderr.contains(message), "{message}: {}", ended.stderr);
    }
    assert!(!workshop.path("merged").exists());
}

/// Puts a text in the place of another in a file of a shard, and, as someone
/// who knows the layout might, its checksum into the manifest.
fn edit(workshop: &Workshop, shard: &str, name: &str, from: &str, to: &str) {
    let hash = |text: &str| -> String {
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let path = workshop.path(shard).join(name);
    let before = fs::read_to_string(&path).unwrap();
    let after = before.replace(from, to);
    assert_ne!(before, after);
    fs::write(&path, &after).unwrap();
    let path = workshop.path(shard).join("manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace(&hash(&before), &hash(&after))).unwrap();
}

#[test]
fn four_shards_of_a_run_make_the_bytes_of_one_run() {
    let workshop = with_shards(&RUN, 4);
    let merged = merge(&workshop, &[FOUR[2], FOUR[0], FOUR[3], FOUR[1]], &[]);
    let single = workshop.run(&[&RUN[..], &SHORT, &["--out", "single", "-q"]].concat());
    assert_eq!(merged.code, single.code);
    assert_eq!(merged.stdout, single.stdout.replace("single", "merged"));
    let files = contents(&workshop.path("single"));
    assert!(files.len() > 10);
    assert!(files == contents(&workshop.path("merged")));
}

#[test]
fn shards_with_reduced_variance_make_the_bytes_of_one_run() {
    let reduced = ["run", "minimal.toml", "--variance-reduction", "both"];
    let workshop = Workshop::with_minimal();
    let many = ["--replications", "40", "--horizon", "30"];
    for index in 0..3 {
        let shard = format!("{index}/3");
        let args = [&reduced[..], &many, &["--out", "all", "--shard", &shard]].concat();
        assert_eq!(workshop.run(&args).code, 0);
    }
    let shards = ["all.shard-0-of-3", "all.shard-1-of-3", "all.shard-2-of-3"];
    let merged = merge(&workshop, &shards, &[]);
    let single = workshop.run(&[&reduced[..], &many, &["--out", "single", "-q"]].concat());
    assert_eq!((merged.code, single.code), (3, 3), "{merged:?}");
    assert!(single.stdout.contains("Variance reduction"), "{}", single.stdout);
    assert!(contents(&workshop.path("single")) == contents(&workshop.path("merged")));
    // Whatever is missing, pairs are whole.
    let some = merge(&workshop, &shards[..2], &["--allow-partial", "--format", "json"]);
    assert_eq!(some.json()["replications"].as_u64().unwrap() % 2, 0);
    // Shards of another method are foreign.
    let args = [&RUN[..], &many, &["--out", "plain", "--shard", "0/3"]].concat();
    assert_eq!(workshop.run(&args).code, 0);
    let mixed = ["plain.shard-0-of-3", shards[1], shards[2]];
    let refused = merge(&workshop, &mixed, &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--variance-reduction"), "{}", refused.stderr);
}

#[test]
fn shards_of_a_sweep_with_reduced_variance_make_its_bytes() {
    let workshop = Workshop::with_minimal();
    let sweep = ["sweep", "minimal.toml", "--vary", "gateways.version=0.8.3,0.9"];
    let many = ["--replications", "40", "--horizon", "20", "--variance-reduction", "both"];
    let single = workshop.run(&[&sweep[..], &many, &["--out", "single", "-q"]].concat());
    for shard in ["0/3", "1/3", "2/3"] {
        let shard = ["--out", "all", "--shard", shard];
        assert_eq!(workshop.run(&[&sweep[..], &many, &shard].concat()).code, 0);
    }
    let shards = ["all.shard-0-of-3", "all.shard-1-of-3", "all.shard-2-of-3"];
    let merged = merge(&workshop, &shards, &[]);
    assert_eq!((merged.code, single.code), (3, 3), "{merged:?}");
    assert!(single.stdout.contains("adjusted by control variates"), "{}", single.stdout);
    assert!(contents(&workshop.path("single")) == contents(&workshop.path("merged")));
    // Whatever is missing, pairs are whole.
    let some = merge(&workshop, &shards[..2], &["--allow-partial", "--format", "json"]).json();
    for setting in some["settings"].as_array().unwrap() {
        assert_eq!(setting["replications"].as_u64().unwrap() % 2, 0);
    }
}

#[test]
fn nothing_is_said_of_what_figures_depend_on_where_settings_have_different_futures() {
    let workshop = Workshop::with_minimal();
    let sweep = ["sweep", "minimal.toml", "--replications", "2", "--horizon", "10"];
    let keys = ["--vary", "credits.amount=60..120 LPT", "--vary", "demand.level=0.5..1"];
    let design = ["--sample", "sensitivity:16", "--out", "all", "--shard"];
    let shards = ["all.shard-0-of-3", "all.shard-1-of-3", "all.shard-2-of-3"];
    for shard in ["0/3", "1/3", "2/3"] {
        assert_eq!(workshop.run(&[&sweep[..], &keys, &design, &[shard]].concat()).code, 0);
    }
    let known = |shards: &[&str], more: &[&str]| {
        let document = merge(&workshop, shards, &[&["--format", "json"], more].concat()).json();
        document["sensitivities"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(known(&shards[..2], &["--allow-partial"]), 0);
    let partial = merge(&workshop, &shards[..2], &["--allow-partial"]);
    assert!(partial.stdout.contains("There are no sensitivities"), "{}", partial.stdout);
    assert!(known(&shards, &[]) > 0);
}

#[test]
fn four_shards_of_a_sweep_make_the_bytes_of_one_sweep() {
    let workshop = with_shards(&SWEEP, 4);
    let merged = merge(&workshop, &FOUR, &["--format", "json"]);
    let single =
        workshop.run(&[&SWEEP[..], &SHORT, &["--out", "single", "--format", "json"]].concat());
    assert_eq!((merged.code, &merged.stdout), (single.code, &single.stdout));
    assert!(contents(&workshop.path("single")) == contents(&workshop.path("merged")));
}

#[test]
fn shards_of_any_cut_fit_as_long_as_each_replication_is_there_once() {
    let workshop = with_shards(&RUN, 1);
    make_shard(&workshop, &RUN, 1, 2);
    make_shard(&workshop, &RUN, 0, 4);
    make_shard(&workshop, &RUN, 2, 4);
    let mixed = ["all.shard-1-of-2", "all.shard-0-of-4", "all.shard-2-of-4"];
    assert_eq!(merge(&workshop, &mixed, &[]).code, 0);
    let whole = workshop.run(&["merge", "all.shard-0-of-1", "--out", "whole"]);
    assert_eq!(whole.code, 0);
    assert!(contents(&workshop.path("whole")) == contents(&workshop.path("merged")));
}

#[test]
fn more_shards_than_replications_do_no_harm() {
    let workshop = with_shards(&RUN, 6);
    let shards: Vec<String> = (0..6).map(|index| format!("all.shard-{index}-of-6")).collect();
    let shards: Vec<&str> = shards.iter().map(String::as_str).collect();
    assert_eq!(merge(&workshop, &shards, &[]).code, 0);
}

#[test]
fn a_finished_shard_is_not_done_again() {
    for command in [&RUN[..], &SWEEP] {
        let workshop = with_shards(command, 2);
        let path = workshop.path("all.shard-0-of-2/records.jsonl");
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        let ended = make_shard(&workshop, command, 0, 2);
        assert!(ended.stdout.contains("was finished before"), "{}", ended.stdout);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        // A damaged one is.
        fs::write(&path, "").unwrap();
        let ended = make_shard(&workshop, command, 0, 2);
        assert!(!ended.stdout.contains("was finished before"), "{}", ended.stdout);
        assert!(fs::metadata(&path).unwrap().len() > 0);
    }
}

#[test]
fn a_gap_is_refused_and_named() {
    let workshop = with_shards(&SWEEP, 4);
    let shards = [FOUR[0], FOUR[1], FOUR[3]];
    let messages = ["3 of 12 replications are missing", "shard 2/4", "setting 0 replication 2"];
    is_refused(&workshop, &shards, 2, &messages);

    let partial = merge(&workshop, &shards, &["--allow-partial"]);
    assert_eq!(partial.code, 0, "{partial:?}");
    assert!(partial.stdout.contains("This result is partial: 3 of 12"), "{}", partial.stdout);
    for name in ["sweep.html", "sweep.md"] {
        let text = fs::read_to_string(workshop.path("merged").join(name)).unwrap();
        let place = text.find("3 of 12").unwrap();
        assert!(place < text.find("Pareto front where").unwrap(), "{name}");
    }
}

#[test]
fn what_is_missing_stands_on_the_first_screen_of_a_partial_run() {
    let workshop = with_shards(&RUN, 4);
    let later = [FOUR[0], FOUR[2], FOUR[3]];
    assert_eq!(merge(&workshop, &later, &["--allow-partial"]).code, 0);
    let runways = fs::read_to_string(workshop.path("merged/runways.csv")).unwrap();
    let number = |row: &str| row.split(',').next().unwrap().to_string();
    assert_eq!(runways.lines().map(number).collect::<Vec<_>>(), ["replication", "0", "2", "3"]);

    let partial = merge(&workshop, &FOUR[..3], &["--allow-partial"]);
    assert_eq!(partial.code, 0, "{partial:?}");
    let second = partial.stdout.lines().nth(1).unwrap();
    assert!(second.contains("This result is partial: 1 of 4 replications are missing"), "{second}");
    let read = |name: &str| fs::read_to_string(workshop.path("merged").join(name)).unwrap();
    assert!(read("report.html").contains("1 of 4 replications are missing (shard 3/4"));
    assert!(read("report.md").contains("1 of 4 replications are missing"));
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
    assert_eq!(summary["replications"], 3);
    assert!(summary["missing"].as_str().unwrap().starts_with("1 of 4"));
}

#[test]
fn an_overlap_is_refused() {
    let workshop = with_shards(&RUN, 4);
    let shards = [&FOUR[..], &FOUR[1..2]].concat();
    is_refused(&workshop, &shards, 2, &["replication 1 is in `all.shard-1-of-4` and in"]);
}

#[test]
fn a_shard_of_another_scenario_or_option_is_refused_and_the_difference_named() {
    let workshop = with_shards(&RUN, 2);
    let both = ["all.shard-0-of-2", "other.shard-1-of-2"];
    let cases: [(&[&str], &[&str]); 4] = [
        (&["--seed", "9"], &["another job", "(`seed = 1` and `seed = 9`)"]),
        (&["--set", "credits.amount=9 LPT"], &["under `[credits]`", "`amount = \"9 LPT\"`"]),
        (&["--replications", "8"], &["(`replications = 4` and `replications = 8`)"]),
        (&["--suppress", "censored"], &["suppress_warnings = [\"censored\"]"]),
    ];
    for (option, messages) in cases {
        let short: &[&str] = if option[0] == "--replications" { &SHORT[2..] } else { &SHORT };
        let args = [&RUN, short, option, &["--out", "other", "--shard", "1/2"]].concat();
        assert_eq!(workshop.run(&args).code, 0);
        is_refused(&workshop, &both, 2, messages);
    }
    let args = [&SWEEP[..], &SHORT, &["--out", "other", "--shard", "1/2"]].concat();
    assert_eq!(workshop.run(&args).code, 0);
    is_refused(&workshop, &both, 2, &["what is done (`a run` and `a sweep`)"]);
}

#[test]
fn a_shard_of_another_sweep_is_refused_and_the_difference_named() {
    let workshop = with_shards(&SWEEP, 2);
    let both = ["all.shard-0-of-2", "other.shard-1-of-2"];
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &["--vary", "gateways.version=0.8.3,0.9,0.8.4"],
            &["the values of setting 1 (`0.8.4` and `0.9`)"],
        ),
        (&["--vary", "gateways.retry_window_s=1,2,3"], &["the keys of `--vary`"]),
        (&[SWEEP[2], SWEEP[3], "--pareto", "gini"], &["`--pareto` (`runway_days", "`gini`"]),
    ];
    for (vary, messages) in cases {
        let args = [&SWEEP[..2], vary, &SHORT, &["--out", "other", "--shard", "1/2"]].concat();
        let ended = workshop.run(&args);
        assert_eq!(ended.code, 0, "{ended:?}");
        is_refused(&workshop, &both, 2, messages);
    }
}

#[test]
fn another_version_is_refused() {
    let workshop = with_shards(&RUN, 4);
    let path = workshop.path(FOUR[3]).join("shard.json");
    let mut header: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let fingerprint = header["fingerprint"].as_str().unwrap().to_string();
    header["job"]["version"] = "0.0.9".into();
    let job: orchsim::experiment::Job = serde_json::from_value(header["job"].clone()).unwrap();
    let own = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    edit(&workshop, FOUR[3], "shard.json", &own, "\"version\": \"0.0.9\"");
    edit(&workshop, FOUR[3], "shard.json", &fingerprint, &job.fingerprint());
    is_refused(&workshop, &FOUR, 2, &["`all.shard-3-of-4` was made by orchsim 0.0.9"]);
    edit(&workshop, FOUR[3], "shard.json", "\"format\": 2", "\"format\": 1");
    is_refused(
        &workshop,
        &FOUR,
        2,
        &["all.shard-3-of-4", "it has layout 1; this orchsim reads layout 2"],
    );
}

#[test]
fn a_truncated_shard_is_refused() {
    let workshop = with_shards(&RUN, 4);
    let path = workshop.path(FOUR[1]).join("records.jsonl");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let message = "`all.shard-1-of-4` is damaged: records.jsonl was cut short or edited";
    is_refused(&workshop, &FOUR, 1, &[message]);
    fs::remove_file(&path).unwrap();
    is_refused(&workshop, &FOUR, 1, &["records.jsonl is missing"]);
}

#[test]
fn an_edited_shard_is_refused() {
    let workshop = with_shards(&SWEEP, 4);
    let path = workshop.path(FOUR[0]).join("shard.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("0.8.4", "0.8.3")).unwrap();
    is_refused(&workshop, &FOUR, 1, &["shard.json was cut short or edited"]);
    // With the right checksum of the file, its fingerprint still gives it away.
    fs::write(&path, text).unwrap();
    edit(&workshop, FOUR[0], "shard.json", "0.8.4", "0.8.3");
    is_refused(&workshop, &FOUR, 2, &["its fingerprint is not that of its contents"]);
}

#[test]
fn records_that_are_not_those_of_the_header_are_refused() {
    let workshop = with_shards(&SWEEP, 4);
    edit(&workshop, FOUR[0], "records.jsonl", "\"unit\":[0,0]", "\"unit\":[0,1]");
    is_refused(&workshop, &FOUR, 1, &["records.jsonl does not hold what shard.json says"]);
}

#[test]
fn what_is_no_shard_is_refused() {
    let workshop = with_shards(&RUN, 2);
    assert_eq!(workshop.run(&[&RUN[..], &SHORT, &["--out", "run"]].concat()).code, 0);
    fs::create_dir(workshop.path("empty")).unwrap();
    let cases = [
        ("run", "it is a finished run or sweep"),
        ("empty", "orchsim did not write it"),
        ("nowhere", "it is no directory"),
        ("minimal.toml", "it is no directory"),
    ];
    for (name, message) in cases {
        is_refused(&workshop, &["all.shard-0-of-2", name], 2, &[name, message]);
    }
    let foreign = workshop.run(&["merge", "all.shard-0-of-2", "all.shard-1-of-2", "--out", "."]);
    assert_eq!(foreign.code, 2, "{foreign:?}");
}

#[test]
fn the_whole_is_put_beside_its_shards() {
    for command in [&RUN[..], &SWEEP] {
        let workshop = with_shards(command, 2);
        let shards = ["merge", "all.shard-0-of-2", "all.shard-1-of-2/"];
        assert_eq!(workshop.run(&shards).code, 0);
        assert!(workshop.path("all/manifest.json").exists());
        assert!(!workshop.path("outputs").exists());
    }
}
