//! `calibrate` and `backtest`: what they print, write and refuse.

mod cli_support;

use std::fs;

use cli_support::{Workshop, contents};
use jiff::Span;
use serde_json::{Value, json};

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
    assert!(calibrated.stderr.contains(" replications in "), "{calibrated:?}");
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
    // A row for each method, and one on how well the model's coverage is known.
    let rows = post.lines().filter(|line| line.starts_with("| 30 days |")).count();
    assert_eq!(rows, 5, "{post}");
    assert!(post.contains("2024-12-10 to 2024-12-15"), "{post}");
    let origins = document["origins"].as_array().unwrap().len();
    assert!(ended.stderr.starts_with(&format!("orchsim: {origins} origins in ")), "{ended:?}");
    let quiet = workshop.run(&["backtest", "--spend", "fees.csv", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
}

#[test]
fn rounding_is_no_loss_and_small_amounts_are_shown() {
    let workshop = Workshop::new();
    let first: jiff::civil::Date = "2025-01-01".parse().unwrap();
    let csv = |eth: &str| {
        let row = |day| format!("{},{eth}\n", first.saturating_add(Span::new().days(day)));
        format!("date,fees_eth\n{}", (0..120).map(row).collect::<String>())
    };
    workshop.write("even.csv", &csv("0.05"));
    let even = workshop.run(&["backtest", "--spend", "even.csv", "--format", "json"]).json();
    assert_eq!(even["loses_to"], json!([]));
    for summary in even["summaries"].as_array().unwrap() {
        assert_eq!(summary["coverage_80"], 1, "{summary}");
    }
    workshop.write("tiny.csv", &csv("0.00000001"));
    let tiny = workshop.run(&["backtest", "--spend", "tiny.csv"]);
    assert_eq!(tiny.code, 0, "{tiny:?}");
    let post = fs::read_to_string(workshop.path("outputs/tiny-backtest/backtest.md")).unwrap();
    assert!(post.contains(" 3.0e-7 |") && !post.contains("<0.000001"), "{post}");
}

/// Days of a first-order exponential distribution, in an order that says nothing.
#[test]
fn uneven_spend_is_forecast_no_worse_than_by_last_weeks_mean() {
    let workshop = Workshop::new();
    let first = jiff::civil::date(2024, 11, 1);
    let row = |day: i64| {
        let share = ((day * 73 % 120) as f64 + 0.5) / 120.0;
        format!("{},{:.9}\n", first + Span::new().days(day), -0.05 * (1.0 - share).ln())
    };
    let rows: String = (0..120).map(row).collect();
    workshop.write("uneven.csv", &format!("date,fees_eth\n{rows}"));
    let ended = workshop.run(&["backtest", "--spend", "uneven.csv", "--format", "json"]);
    let document = ended.json();
    let crps = |method: &str| {
        let summaries = document["summaries"].as_array().unwrap();
        let is_it = |row: &&Value| row["quantity"] == "total_30" && row["method"] == method;
        summaries.iter().find(is_it).unwrap()["crps_eth"].as_f64().unwrap()
    };
    assert!(crps("model") < 1.5 * crps("naive"), "{} {}", crps("model"), crps("naive"));
}

#[test]
fn a_day_far_above_the_first_others_is_said_not_to_come_again() {
    let workshop = Workshop::with_minimal();
    let csv = |odd: i64| {
        let first = jiff::civil::date(2025, 1, 1);
        let row = |day: i64| {
            let eth = if day == odd { 0.03 } else { 0.0009 + 0.0001 * (day % 3) as f64 };
            format!("{},{eth}\n", first + Span::new().days(day))
        };
        format!("date,fees_eth\n{}", (0..40).map(row).collect::<String>())
    };
    // 0.03 of 0.03 + 39 x 0.001 ETH, whichever day it is.
    for (odd, is_said) in [(3, true), (30, false)] {
        workshop.write("spend.csv", &csv(odd));
        let args = ["calibrate", "minimal.toml", "--spend", "spend.csv", "--set"];
        let ended = workshop.run(&[&args[..], &["credits.amount=10000 LPT"]].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        let text = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = text.contains("had far more than the others, 43 % of all spend");
        assert_eq!(said, is_said, "{}", ended.stdout);
    }
}

#[test]
fn one_huge_day_is_told_apart_from_the_level_of_the_others() {
    let workshop = Workshop::with_minimal();
    // 119 days of 0.001 ETH in the mean, and one of ten or of thirty times as much.
    for huge in [0.01, 0.03] {
        let first = jiff::civil::date(2025, 1, 1);
        let row = |day: i64| {
            let eth = if day == 80 { huge } else { 0.0009 + 0.0001 * (day % 3) as f64 };
            format!("{},{eth}\n", first + Span::new().days(day))
        };
        let rows: String = (0..120).map(row).collect();
        workshop.write("spend.csv", &format!("date,amount_eth\n{rows}"));
        let args = ["calibrate", "minimal.toml", "--spend", "spend.csv", "--format", "json"];
        let args = [&args[..], &["--out", "fit", "--set", "credits.amount=10000 LPT"]].concat();
        let ended = workshop.run(&args);
        assert_eq!(ended.code, 0, "{ended:?}");
        let document = ended.json();
        let near = |value: &Value, truth: f64| {
            let value = value.as_f64().unwrap();
            assert!((value / truth - 1.0).abs() < 0.02, "{value} {truth}");
        };
        let outlying = &document["outlying_days"];
        assert_eq!(outlying["days"], 1);
        near(&outlying["share"], huge / (0.119 + huge));
        near(&outlying["level_without_eth_per_day"]["estimate"], 0.001);
        near(&outlying["factor"], (0.119 + huge) / 0.12);
        near(&document["level_eth_per_day"]["estimate"], (0.119 + huge) / 120.0);
        let answer = document["answer"].as_str().unwrap();
        assert!(answer.starts_with("Spend is 0.0010 ETH a day (median"), "{answer}");
        assert!(answer.contains(" 0.0012 with them") || huge < 0.03, "{answer}");
        let remarks = document["remarks"].to_string();
        assert!(remarks.contains("1 day had far more than expected"), "{remarks}");
        // The other days had what the model expected of them.
        assert!(!remarks.contains("that the model expected"), "{remarks}");
        let post = fs::read_to_string(workshop.path("fit/calibration.md")).unwrap();
        assert!(post.contains("\n| without days far out of line (ETH) | "), "{post}");
        let text = fs::read_to_string(workshop.path("fit/scenario.toml")).unwrap();
        assert!(text.contains("# Days far out of line are spread over all; without"), "{text}");
        let report = workshop.run(&["report", "--spend", "spend.csv", "--left", "1 ETH"]);
        assert_eq!(report.code, 0, "{report:?}");
        assert!(!report.stdout.contains("that the model expected"), "{report:?}");
    }
}

#[test]
fn a_backtest_tells_how_well_its_coverage_is_known() {
    let workshop = Workshop::new();
    workshop.write("fees.csv", &fees(180));
    let ended = workshop.run(&["backtest", "--spend", "fees.csv", "--format", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let document = ended.json();
    let summaries = document["summaries"].as_array().unwrap();
    let of_model = |quantity: &str| {
        let is_it = |row: &&Value| row["quantity"] == quantity && row["method"] == "model";
        summaries.iter().find(is_it).unwrap()
    };
    let [month, quarter, all] = ["total_30", "total_90", "all_totals"].map(of_model);
    assert_eq!((&month["independent"], &quarter["independent"]), (&json!(4), &json!(1)));
    let count = |row: &Value| row["forecasts"].as_u64().unwrap();
    assert_eq!(count(all), count(month) + count(quarter));
    // Amounts of different horizons do not add up.
    for key in ["crps_eth", "bias_eth", "mean_actual_eth", "skill"] {
        assert!(all[key].is_null() && month[key].is_number(), "{key}");
    }
    for row in summaries {
        for level in ["coverage_50", "coverage_80", "coverage_95"] {
            let share = row[level].as_f64().unwrap();
            let ends = &row[format!("{level}_ci95")];
            let [lo, hi] = [0, 1].map(|end| ends[end].as_f64().unwrap());
            assert!(lo <= share && share <= hi && hi - lo > 0.3, "{row}");
        }
    }
    let post = fs::read_to_string(workshop.path("outputs/fees-backtest/backtest.md")).unwrap();
    let page = fs::read_to_string(workshop.path("outputs/fees-backtest/backtest.html")).unwrap();
    let text = workshop.run(&["backtest", "--spend", "fees.csv", "-q"]).stdout;
    for text in [post, page, text] {
        let text = text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        let count = count(quarter);
        let told = format!("{count} forecasts of 90 days come from 1 horizon side by side: ");
        assert!(text.contains(&told), "{text}");
        assert!(text.contains(", which is close to saying nothing."), "{text}");
        assert!(text.contains("all totals"), "{text}");
    }
}

#[test]
fn figures_are_written_as_png_and_tables_as_parquet_where_the_build_can() {
    let workshop = Workshop::with_minimal();
    let first = jiff::civil::date(2025, 1, 1);
    let row = |day: i64| format!("{},0.00{}\n", first + Span::new().days(day), 1 + day % 3);
    let rows: String = (0..100).map(row).collect();
    workshop.write("spend.csv", &format!("date,amount_eth\n{rows}"));
    let copies = [
        ("--png", "svg", "png", cfg!(feature = "png")),
        ("--parquet", "csv", "parquet", cfg!(feature = "parquet")),
    ];
    let commands: [&[&str]; 3] = [&["calibrate", "minimal.toml"], &["backtest"], &["report"]];
    for (option, of, ending, is_built) in copies {
        for command in commands {
            let args = ["--spend", "spend.csv", "--out", ending, option];
            let ended = workshop.run(&[command, &args].concat());
            if !is_built {
                assert_eq!(ended.code, 2, "{ended:?}");
                assert!(ended.stderr.contains(&format!("--features {ending}")), "{ended:?}");
                assert!(!workshop.path(ending).exists());
                continue;
            }
            assert_eq!(ended.code, 0, "{ended:?}");
            let files = contents(&workshop.path(ending));
            let mut copied =
                files.keys().filter(|path| path.extension().is_some_and(|end| end == of));
            assert!(copied.clone().count() > 0);
            assert!(
                copied.all(|path| files.contains_key(&path.with_extension(ending))),
                "{command:?}"
            );
        }
    }
}

#[test]
fn what_cannot_be_fitted_is_refused_and_nothing_is_written() {
    let workshop = Workshop::with_minimal();
    workshop.write("few.csv", &fees(12));
    workshop.write("bad.csv", "date,fees_eth\n2025-01-01,x\n");
    let zeros: String = (1..=28).map(|day| format!("2025-01-{day:02},0\n")).collect();
    workshop.write("zeros.csv", &format!("date,fees_eth\n{zeros}"));
    fs::write(workshop.path("book.csv"), b"PK\x03\x04\x14\0\x06\0").unwrap();
    let gateways: String =
        (1..=28).map(|day| format!("2025-01-{day:02},\x1b[31mg{day},llm,1\n")).collect();
    let own = "2025-01-29,gateway,llm,0.1\n";
    workshop.write("others.csv", &format!("date,gateway,pipeline,amount_eth\n{gateways}{own}"));
    let cases: [(&[&str], &str); 12] = [
        (&["calibrate", "minimal.toml", "--spend", "few.csv"], "12 complete days"),
        (&["calibrate", "minimal.toml", "--spend", "bad.csv"], "bad.csv:2, column `fees_eth`"),
        (&["calibrate", "minimal.toml", "--spend", "none.csv"], "no file `none.csv`"),
        (&["calibrate", "minimal.toml", "--spend", "book.csv"], "the file is not text"),
        (
            &["calibrate", "minimal.toml", "--spend", "others.csv"],
            "llm at ?[31mg7 and 21 more, which",
        ),
        (&["calibrate", "few.csv", "--spend", "few.csv"], "`few.csv` is a CSV, not a scenario"),
        (&["calibrate", "minimal.toml", "--spend", "minimal.toml"], "no column of times"),
        (&["backtest", "--spend", "."], "cannot read `.`: not a regular file"),
        (&["backtest", "--spend", "zeros.csv"], "help: 28 more have no spend"),
        (&["backtest", "--spend", "few.csv"], "12 complete days"),
        (&["backtest", "--spend", "few.csv", "--least-past", "3"], "28"),
        (&["backtest", "--spend", "some.csv"], "help: --least-past asks for fewer before it"),
    ];
    workshop.write("some.csv", &fees(60));
    for (args, message) in cases {
        let ended = workshop.run(args);
        assert_eq!(ended.code, 2, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(message), "{args:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains('\x1b'), "{args:?}: {}", ended.stderr);
    }
    let files = ["bad.csv", "book.csv", "few.csv", "minimal.toml", "others.csv", "some.csv"];
    assert_eq!(workshop.names(), [&files[..], &["zeros.csv"]].concat());
}

#[test]
fn help_and_statements_are_only_of_what_is_so() {
    let workshop = Workshop::with_minimal();
    let first: jiff::civil::Date = "2025-01-01".parse().unwrap();
    let csv = |days: i64, eth: &str| {
        let row = |day| format!("{},{eth}\n", first.saturating_add(Span::new().days(day)));
        format!("date,fees_eth\n{}", (0..days).map(row).collect::<String>())
    };
    for (days, least, is_helped) in
        [(57, "28", false), (57, "56", false), (58, "56", true), (85, "56", true)]
    {
        workshop.write("few.csv", &csv(days, "0.05"));
        let ended = workshop.run(&["backtest", "--spend", "few.csv", "--least-past", least]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(ended.stderr.contains("--least-past asks"), is_helped, "{days} {ended:?}");
    }
    workshop.write("one.csv", &csv(86, "0.05"));
    let one = workshop.run(&["backtest", "--spend", "one.csv"]);
    assert!(one.stdout.contains("100 % of 1 total over 30 days"), "{one:?}");

    // An interval that stays as it was has not widened.
    let args = ["calibrate", "minimal.toml", "--set", "start=2025-06-01", "--spend", "one.csv"];
    let even = workshop.run(&args);
    assert_eq!(even.code, 0, "{even:?}");
    assert!(!even.stdout.contains("widens"), "{even:?}");

    // Rows at noon: the first and the last day are known in part.
    let row = |day: i64| {
        let date = first.saturating_add(Span::new().days(day));
        format!("{date}T12:0{}:00Z,text-to-image,0.00{}\n", day % 7, 1 + day % 3)
    };
    let rows: String = (0..20).map(row).collect();
    workshop.write("noon.csv", &format!("time,pipeline,amount_eth\n{rows}"));
    let noon = workshop.run(&["calibrate", "minimal.toml", "--spend", "noon.csv"]);
    let text = noon.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("18 complete days from 2 Jan 2025 to 19 Jan 2025"), "{noon:?}");
}

#[test]
fn names_of_any_kind_do_no_harm_to_the_pages() {
    let workshop = Workshop::with_minimal();
    let row = |day: i64| {
        let date = jiff::civil::date(2025, 1, 1).saturating_add(Span::new().days(day));
        let name = ["gateway", "\"<script>a|b`c\u{1b}[31m\""][usize::from(day % 4 == 1)];
        format!("{date};{name};text-to-image;0.00{}\n", 1 + day % 3)
    };
    let rows: String = (0..40).map(row).collect();
    let name = "a <b>|`c`.csv";
    workshop.write(name, &format!("date;gateway;pipeline;amount_eth\n{rows}"));
    let fit = workshop.run(&["calibrate", "minimal.toml", "--spend", name, "--out", "fit"]);
    assert_eq!(fit.code, 0, "{fit:?}");
    assert_eq!(workshop.run(&["check", "fit/scenario.toml"]).code, 0);
    let page = fs::read_to_string(workshop.path("fit/calibration.html")).unwrap();
    let post = fs::read_to_string(workshop.path("fit/calibration.md")).unwrap();
    for text in [&page, &post, &fit.stdout] {
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("which the scenario does not have"), "{text}");
    }
    assert!(!page.contains("<script>a") && !post.contains("<script>a"));
    // In the post the command stands as it is, in a block of code.
    let (prose, _) = post.split_once("\n```").unwrap();
    assert!(!page.contains("a <b>") && !prose.contains("a <b>"));
}
