//! What each format of a report says.

mod report_fixture;

use std::collections::BTreeSet;

use orchsim::ensemble::{
    Aggregation, Bound, CustomerRow, Estimate, Forecast, ReducedFigure, ReductionSummary,
    SteeringRow, VarianceReduction, headlines,
};
use orchsim::report::{RunContext, Style, sentence, summary_json, terminal};
use orchsim::scenario::Scenario;
use report_fixture::{HOSTILE, awkward, context, made_up, realistic, response, waterfall};
use serde_json::{Value, json};

fn answer((scenario, forecast): &(Scenario, Forecast)) -> String {
    sentence(scenario, forecast)
}

fn text(scenario: &Scenario, forecast: &Forecast, color: bool, width: usize) -> String {
    terminal(scenario, forecast, &context(), Style { color, width })
}

/// Whether text holds a number that is none, as a word of its own.
fn holds_no_number(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "NaN" | "inf" | "nan"))
}

#[test]
fn the_answer_fits_how_much_is_censored() {
    let (scenario, mut forecast) = realistic();
    // 2025-02-13 plus 394 days is 14 March 2026.
    forecast.runway.p50.days = Some(393.2);
    forecast.runway.p50.lo = Bound::Days(381.6);
    forecast.runway.p50.hi = Bound::Days(402.0);
    forecast.runway.p10.days = Some(201.3);
    forecast.runway.p10.lo = Bound::Days(193.0);
    forecast.runway.p10.hi = Bound::Days(209.0);
    assert_eq!(
        sentence(&scenario, &forecast),
        "Half of the futures run out before 14 March 2026 (393 days [382, 402]); 90 % last at \
         least 201 days [193, 209]."
    );
    forecast.runway.p10.hi = Bound::AboveLongest(500.0);
    assert!(sentence(&scenario, &forecast).ends_with("at least 201 days [193, >500]."));
    forecast.runway.p10.lo = Bound::BelowShortest(197.6);
    assert!(sentence(&scenario, &forecast).ends_with("at least 201 days [below 198, >500]."));
    let summary = summary_json(&scenario, &forecast, &context());
    assert_eq!(summary["runway_days"]["p10_ci95"], json!([null, null]));
    forecast.runway.p10.hi = Bound::AboveLongest(207.0);
    assert!(sentence(&scenario, &forecast).ends_with("at least 201 days [below 198, above 207]."));
    forecast.runway.p10.lo = Bound::Days(193.0);

    forecast.runway.p50.days = None;
    forecast.runway.p10.hi = Bound::Days(209.0);
    forecast.runway.censored_share = 0.73;
    forecast.horizon_days = 365;
    assert_eq!(
        sentence(&scenario, &forecast),
        "Not reached: 73 % of the futures still have credits after 365 days (13 Feb 2026); 90 % \
         last at least 201 days [193, 209]."
    );

    forecast.runway.p10.days = None;
    forecast.runway.censored_share = 0.996;
    forecast.runways = vec![(365.0, true), (301.4, false)];
    assert_eq!(
        sentence(&scenario, &forecast),
        "Not reached: >99 % of the futures still have credits after 365 days (13 Feb 2026); the \
         first to run out does so after 301 days."
    );

    assert_eq!(
        answer(&made_up(365, 20, 0.01)),
        "Not reached: every simulated future still has credits after 365 days (13 Feb 2026)."
    );
    assert_eq!(
        answer(&made_up(60, 10, 0.0)),
        "Not reached: nothing is spent in 60 days (14 Apr 2025)."
    );
    assert_eq!(
        answer(&made_up(30, 1, 0.01)),
        "Not reached: the one simulated future still has credits after 30 days (15 Mar 2025)."
    );
    assert!(answer(&made_up(300, 1, 0.3)).starts_with("The one simulated future runs out after "));
    assert!(
        answer(&made_up(1, 5, 300.0))
            .starts_with("Half of the futures run out on the first day, 13 February 2025;")
    );
}

#[test]
fn the_terminal_summary_keeps_to_its_width() {
    let (scenario, forecast) = realistic();
    let all = text(&scenario, &forecast, false, 100);
    let first = all.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    assert_eq!(first, sentence(&scenario, &forecast));
    let mut all = awkward();
    all.push(("realistic", scenario, forecast));
    for (name, scenario, forecast) in &all {
        for width in [0, 60, 80, 100, 500] {
            let text = text(scenario, forecast, false, width);
            let most = width.clamp(60, 100);
            for line in text.lines() {
                assert!(line.chars().count() <= most, "{name} at {width}: {line}");
            }
            assert!(!text.contains('\u{1b}'), "{name}");
            assert!(!holds_no_number(&text), "{name}: {text}");
        }
    }
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let (scenario, forecast) = realistic();
    let mut bare = String::new();
    let coloured = text(&scenario, &forecast, true, 100);
    assert!(coloured.contains("\u{1b}[1m"));
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    bare.push_str(rest);
    assert_eq!(bare, text(&scenario, &forecast, false, 100));
}

#[test]
fn every_warning_says_how_to_silence_it() {
    let (scenario, forecast) = realistic();
    let text = text(&scenario, &forecast, false, 100);
    assert!(text.contains("warning[price-weight-blind]"));
    assert!(text.contains("--suppress price-weight-blind"));
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn wei_sum<'a>(values: impl Iterator<Item = &'a Value>) -> u128 {
    values.map(|value| value.as_str().unwrap().parse::<u128>().unwrap()).sum()
}

#[test]
fn the_summary_has_its_keys_and_adds_up_to_the_wei() {
    let (scenario, forecast) = realistic();
    let summary = summary_json(&scenario, &forecast, &context());
    let has = |value: &Value, wanted: &[&str]| {
        for key in wanted {
            assert!(keys(value).contains(key), "{key} in {:?}", keys(value));
        }
    };
    let top = ["schema", "version", "scenario", "seed", "replications", "horizon_days"];
    has(&summary, &top);
    has(&summary, &["runway_days", "survival", "spend", "fees", "service"]);
    let runway = ["p10", "p50", "p90", "mean", "mean_ci95", "censored_share"];
    has(&summary["runway_days"], &runway);
    has(&summary["survival"][0], &["day", "share", "lo", "hi"]);
    has(&summary["spend"], &["total_wei", "by_pipeline", "by_gateway", "by_region"]);
    has(&summary["fees"]["by_orchestrator"][0], &["id", "region", "eth", "share"]);
    has(&summary["fees"]["concentration"], &["gini", "hhi", "nakamoto", "top1", "top4"]);
    has(&summary["service"], &["asked", "served", "failed", "success_rate", "latency_ms"]);
    has(&summary["service"]["latency_ms"], &["p50", "p95", "p99"]);

    let total = forecast.spend.total.0;
    assert_eq!(summary["spend"]["total_wei"], total.to_string());
    for part in ["by_pipeline", "by_model", "by_gateway", "by_region"] {
        let parts = summary["spend"][part].as_object().unwrap();
        assert_eq!(wei_sum(parts.values()), total, "{part}");
    }
    let rows = summary["fees"]["by_orchestrator"].as_array().unwrap();
    assert_eq!(rows.len(), 27);
    assert_eq!(wei_sum(rows.iter().map(|row| &row["wei"])), total);
    let regions = summary["fees"]["by_region"].as_object().unwrap();
    assert_eq!(wei_sum(regions.values()), total);
    assert_eq!(summary["survival"].as_array().unwrap().len(), 501);
}

#[test]
fn what_is_not_reached_is_null() {
    let (scenario, forecast) = made_up(365, 20, 0.01);
    let summary = summary_json(&scenario, &forecast, &context());
    for key in ["p10", "p50", "p90", "mean", "mean_ci95"] {
        assert_eq!(summary["runway_days"][key], Value::Null, "{key}");
    }
    assert_eq!(summary["runway_days"]["censored_share"], 1);
}

#[test]
fn summaries_hold_short_and_finite_numbers() {
    fn visit(value: &Value, name: &str) {
        match value {
            Value::Number(number) => {
                let digits = number.to_string();
                let digits = digits.split('e').next().unwrap_or_default();
                let digits = digits.trim_start_matches(['-', '0', '.']);
                let significant = digits.chars().filter(char::is_ascii_digit).count();
                assert!(significant <= 9, "{name}: {number}");
            }
            Value::Array(values) => values.iter().for_each(|value| visit(value, name)),
            Value::Object(values) => values.values().for_each(|value| visit(value, name)),
            _ => {}
        }
    }
    for (name, scenario, forecast) in awkward() {
        visit(&summary_json(&scenario, &forecast, &context()), name);
    }
}

#[test]
fn ids_with_escape_sequences_do_not_reach_the_terminal() {
    let (scenario, mut forecast) = realistic();
    forecast.fees[0].id = HOSTILE.to_string();
    forecast.objectives[0].id = HOSTILE.to_string();
    let text = text(&scenario, &forecast, false, 100);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn the_steps_of_the_waterfall_add_up() {
    let (scenario, forecast) = realistic();
    let summary = summary_json(&scenario, &forecast, &context());
    let overpayment = &summary["overpayment"];
    let steps = overpayment["steps"].as_array().unwrap();
    let sum = |key: &str| steps.iter().map(|step| step[key].as_f64().unwrap()).sum::<f64>();
    let total = overpayment["total_eth"].as_f64().unwrap();
    assert_eq!(overpayment["total_eth"], summary["spend"]["total_eth"]);
    // Nine digits of each are kept.
    assert!((sum("eth") - total).abs() < 1e-7 * total);
    assert!((sum("share") - 1.0).abs() < 1e-7);
    assert_eq!(steps[10]["id"], "lottery");
    assert!(steps[10]["eth"].as_f64() < Some(0.0));
    for step in steps {
        assert!(step["lo"].as_f64() <= step["eth"].as_f64());
        assert!(step["eth"].as_f64() <= step["hi"].as_f64());
    }
    // 9 + 0.15 + 2.1 + 4.8 + 0.85 + 1.75 percent.
    assert_eq!(overpayment["unused_share"], 0.1865);
}

#[test]
fn what_was_paid_for_nothing_is_said_in_a_sentence() {
    let (scenario, mut forecast) = realistic();
    let said = |forecast: &Forecast| text(&scenario, forecast, false, 100).replace('\n', " ");
    forecast.waterfall = waterfall(
        12.0,
        &[
            ("units_used", "price x units used", 0.9),
            ("price_adjustment", "gas in the price", 0.05),
            ("lost_expiry", "lost: expired", 0.075),
            ("lottery", "lottery", -0.025),
        ],
    );
    let text = said(&forecast);
    assert!(
        text.contains("7.5 % of the spend (0.9000 ETH) paid for nothing that was used"),
        "{text}"
    );

    let used = [("units_used", "price x units used", 1.02), ("lottery", "lottery", -0.02)];
    forecast.waterfall = waterfall(12.0, &used);
    assert!(said(&forecast).contains("Nothing was paid for work that was not used."));

    forecast.waterfall = waterfall(0.0, &used);
    let text = said(&forecast);
    assert!(!text.contains("not used") && !text.contains("ETH gone"), "{text}");
    let summary = summary_json(&scenario, &forecast, &context());
    assert_eq!(summary["overpayment"]["unused_share"], Value::Null);
    assert_eq!(summary["overpayment"]["steps"][0]["share"], Value::Null);
}

#[test]
fn the_treasury_leaves_out_what_did_not_happen() {
    let (scenario, mut forecast) = realistic();
    let text_of = |forecast: &Forecast| text(&scenario, forecast, false, 100);
    let text = text_of(&forecast);
    for part in ["15,000 LPT", "34 hours", "drawn by other projects", "0.1204 ETH", "1,203"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("returned at the deadline"));
    for heading in ["\nCredits ", "\nWinning tickets "] {
        assert!(text.contains(heading), "{heading} in {text}");
    }
    forecast.treasury.outages = 0.0;
    assert!(!text_of(&forecast).contains("  outages "));

    let none = awkward().into_iter().find(|(name, ..)| *name == "no money at all");
    let (_, scenario, forecast) = none.unwrap();
    assert!(!text_of(&forecast).contains("Treasury"));
    assert!(!text_of(&forecast).contains("Winning tickets"));
    let summary = summary_json(&scenario, &forecast, &context());
    assert_eq!(summary["treasury"]["sold_lpt"], 0);
    assert_eq!(summary["treasury"]["sold_lpt_ci95"], serde_json::json!([0, 0]));
}

#[test]
fn a_terminal_shows_every_count_and_whole_names() {
    let (scenario, mut forecast) = realistic();
    forecast.spend.total_eth = Estimate { mean: 0.018, lo: 0.0179, hi: 0.0181 };
    for reason in [
        &mut forecast.service.failed.capacity,
        &mut forecast.service.failed.payment,
        &mut forecast.service.failed.no_funds,
        &mut forecast.service.failed.limit,
    ] {
        *reason = 81_234.0;
    }
    forecast.fees[0].id = "orchestrator-with-a-name/of-more-than-thirty".to_string();
    let text = text(&scenario, &forecast, false, 60);
    assert!(text.contains("0.0180 ETH [0.0179, 0.0181] spent"), "{text}");
    let in_a_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for reason in ["payment 81,234", "no funds 81,234", "limit 81,234"] {
        assert!(in_a_line.contains(reason), "{reason} in {text}");
    }
    for part in ["\norchestrator-with-a-name/of-", "\nmore-than-thirty\n"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_day_has_two_dates() {
    let (scenario, forecast) = made_up(1, 5, 0.1);
    let page = text(&scenario, &forecast, false, 100);
    let dates = page.lines().find(|line| line.trim_start().starts_with("13 Feb 2025")).unwrap();
    let dates: Vec<&str> =
        dates.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
    assert_eq!(dates, ["13 Feb 2025", "14 Feb 2025"]);
}

/// The keys of a document and of what is in it; not those that are names of the scenario's.
fn all_keys(document: &Value, found: &mut BTreeSet<String>) {
    const BY_NAME: [&str; 6] =
        ["by_pipeline", "by_model", "by_gateway", "by_region", "failed_by_reason", "pace"];
    match document {
        Value::Array(items) => items.iter().for_each(|item| all_keys(item, found)),
        Value::Object(members) => {
            for (key, value) in members {
                found.insert(key.strip_suffix("_ci95").unwrap_or(key).to_string());
                if !BY_NAME.contains(&key.as_str()) {
                    all_keys(value, found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_of_the_summary_is_described() {
    let (scenario, mut forecast) = realistic();
    let one = Estimate { mean: 1.0, lo: 0.5, hi: 1.5 };
    forecast.steering = vec![SteeringRow {
        region: "eu".into(),
        name: "Europe".into(),
        steered: 1.0,
        reached: 1.0,
        nobody_there: 1.0,
        target: Some(1.0),
        fee_share: 1.0,
    }];
    forecast.customers = vec![CustomerRow {
        gateway: "eliza".into(),
        free: 1.0,
        paying: 1.0,
        revenue_eth: one,
        revenue_usd: 1.0,
        spend_eth: one,
        net_eth: one,
        rate_factor: one,
        carries_itself: one,
        carries_itself_day: Some(1.0),
    }];
    forecast.responses = vec![response("a")];
    forecast.aggregation = Some(Aggregation {
        share: 0.5,
        paces: vec![("llm/a".into(), 2)],
        spend_error: 0.01,
        gateway_error: 0.02,
        stale_hours: 1.0,
    });
    forecast.reduction = Some(ReductionSummary {
        method: VarianceReduction::Antithetic,
        observations: 50,
        controls: 0,
        figures: headlines(&scenario)
            .into_iter()
            .map(|headline| ReducedFigure {
                headline,
                reduced: one,
                is_adjusted: false,
                equivalent_replications: Some(100.0),
            })
            .collect(),
    });
    let context = RunContext { missing: Some("one of two".into()), ..context() };

    let table = include_str!("../src/report/json.rs").lines();
    let table: Vec<&str> = table.filter(|line| line.starts_with("/// | `")).collect();
    let described: BTreeSet<&str> = table.iter().flat_map(|row| row.split(['`', '.'])).collect();
    let mut written = BTreeSet::new();
    all_keys(&summary_json(&scenario, &forecast, &context), &mut written);
    let missing: Vec<&String> =
        written.iter().filter(|key| !described.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
