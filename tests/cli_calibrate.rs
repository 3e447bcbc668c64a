//! `calibrate` and `backtest`: what they print, write and refuse.

mod cli_support;

use std::fs;

use cli_support::Workshop;
use jiff::Span;

/// Daily fees with a gap of six days.
fn fees(days: i64) -> String {
    let first: jiff::civil::Date = "2024-10-01".parse().unwrap();
    let mut csv = String::from("date,fees_eth,winning_tickets\n");
    let mut level = 0.3;
    for day in 0..days {
        // A walk that is the same everywhere.
        level *= [1.05, 0.97, 1.02, 0.96, 1.01][(day * day % 5) as usize];
        let gap = (70..76).contains(&day);
        let fee = if gap { 0.0 } else { level };
        let date = first.saturating_add(Span::new().days(day));
        csv += &format!("{date},{fee:.5},{}\n", if gap { 0 } else { 200 });
    }
    csv
}

#[test]
fn a_history_of_run_is_calibrated_and_the_result_is_valid() {
    let workshop = Workshop::with_minimal();
    let run = workshop.run(&[
        "run",
        "minimal.toml",
        "--replications",
        "2",
        "--horizon",
        "60",
        "--spend-history",
        "--out",
        "run",
    ]);
    assert!(run.code == 0 || run.code == 3, "{}", run.stderr);
    let csv = fs::read_to_string(workshop.path("run/spend.csv")).unwrap();
    assert!(csv.starts_with("date,gateway,pipeline,region,amount_wei\n"), "{csv}");

    let args = ["calibrate", "minimal.toml", "--spend", "run/spend.csv", "--out", "fit"];
    let calibrated = workshop.run(&args);
    assert_eq!(calibrated.code, 0, "{}", calibrated.stderr);
    assert!(calibrated.stdout.contains("ETH a day"), "{}", calibrated.stdout);
    assert_eq!(workshop.run(&["check", "fit/scenario.toml"]).code, 0);
    for name in ["calibration.html", "calibration.json", "parameters.csv", "manifest.json"] {
        assert!(workshop.path("fit").join(name).is_file(), "{name}");
    }
    let post = fs::read_to_string(workshop.path("fit/calibration.md")).unwrap();
    assert!(post.starts_with("# A first scenario\n\n**Spend is "), "{post}");
    for part in ["\n| Quantity | ", "\n| spend a day at the start (ETH) | ", "](figures/"] {
        assert!(post.contains(part), "{part}\n{post}");
    }
    // One at level rates and two at scaled ones, 16 futures each.
    assert!(calibrated.stderr.starts_with("orchsim: 48 replications in "), "{calibrated:?}");
    let first = fs::read(workshop.path("fit/calibration.html")).unwrap();
    let again = workshop.run(&[&args[..], &["--threads", "1", "--quiet"]].concat());
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert!(first == fs::read(workshop.path("fit/calibration.html")).unwrap());
}

#[test]
fn a_backtest_tells_how_forecasts_did() {
    let workshop = Workshop::new();
    workshop.write("fees.csv", &fees(110));
    let ended = workshop.run(&["backtest", "--spend", "fees.csv", "--format", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let document = ended.json();
    assert_eq!(document["days"]["complete"], 104);
    assert_eq!(document["origins"][0]["date"], "2024-11-26");
    let summaries = document["summaries"].as_array().unwrap();
    assert_eq!(summaries.len(), 8, "30 days and a day, by four methods");
    assert!(document["notes"][0].as_str().unwrap().contains("2024-12-10 to 2024-12-15"));
    assert!(document["simulated"].is_null());
    assert!(workshop.path("outputs/fees-backtest/backtest.html").is_file());
    let post = fs::read_to_string(workshop.path("outputs/fees-backtest/backtest.md")).unwrap();
    let answer = document["answer"].as_str().unwrap();
    assert!(post.starts_with(&format!("# How good forecasts were\n\n**{answer}**\n")), "{post}");
    // A row for each method.
    let rows = post.lines().filter(|line| line.starts_with("| 30 days |")).count();
    assert_eq!(rows, 4, "{post}");
    assert!(post.contains("2024-12-10 to 2024-12-15"), "{post}");
    let origins = document["origins"].as_array().unwrap().len();
    assert!(ended.stderr.starts_with(&format!("orchsim: {origins} origins in ")), "{ended:?}");
    let quiet = workshop.run(&["backtest", "--spend", "fees.csv", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
}

#[test]
fn what_cannot_be_fitted_is_refused_and_nothing_is_written() {
    let workshop = Workshop::with_minimal();
    workshop.write("few.csv", &fees(12));
    workshop.write("bad.csv", "date,fees_eth\n2025-01-01,x\n");
    let cases: [(&[&str], &str); 5] = [
        (&["calibrate", "minimal.toml", "--spend", "few.csv"], "12 complete days"),
        (&["calibrate", "minimal.toml", "--spend", "bad.csv"], "bad.csv:2, column `fees_eth`"),
        (&["calibrate", "minimal.toml", "--spend", "none.csv"], "no file `none.csv`"),
        (&["backtest", "--spend", "few.csv"], "12 complete days"),
        (&["backtest", "--spend", "few.csv", "--least-past", "3"], "28"),
    ];
    for (args, message) in cases {
        let ended = workshop.run(args);
        assert_eq!(ended.code, 2, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(message), "{args:?}: {}", ended.stderr);
    }
    assert_eq!(workshop.names(), ["bad.csv", "few.csv", "minimal.toml"]);
}
