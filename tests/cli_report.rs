//! `orchsim report`: sums, shares and changes worked out by hand, messages and
//! files.

mod cli_support;

use std::collections::BTreeSet;
use std::fs;

use cli_support::{Ended, Workshop, contents};
use serde_json::Value;

/// February whole but for its first day, March with a gap on the 3rd, to the
/// 10th. In ETH: 27 days of 0.1 in February, nine of 0.2 in March.
fn spend_csv() -> String {
    let mut csv = "date,gateway,pipeline,orchestrator,amount_wei,requests\n".to_string();
    for day in 2..=28 {
        csv += &format!("2025-02-{day:02},a,llm,x,100000000000000000,10\n");
    }
    for day in (1..=10).filter(|day| *day != 3) {
        csv += &format!("2025-03-{day:02},a,llm,x,150000000000000001,10\n");
        csv += &format!("2025-03-{day:02},b,text-to-image,y,49999999999999999,40\n");
    }
    csv
}

const PRICES: &str = "date,lpt_usd,eth_usd\n2025-02-01,5,2000\n2025-03-06,4,3000\n";

fn with_spend() -> Workshop {
    let workshop = Workshop::new();
    workshop.write("spend.csv", &spend_csv());
    workshop.write("prices.csv", PRICES);
    workshop
}

fn report(workshop: &Workshop, args: &[&str]) -> Ended {
    workshop.run(&[&["report"], args].concat())
}

fn json(workshop: &Workshop, args: &[&str]) -> Value {
    let ended = report(workshop, &[args, &["--format", "json"]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() <= 1e-8 * expected.abs().max(1.0), "{value} {expected}");
}

const MARCH: [&str; 5] = ["--spend", "spend.csv", "--of", "2025-03", "--prices"];

#[test]
fn sums_shares_and_changes_are_those_worked_out_by_hand() {
    let report = json(&with_spend(), &[&MARCH[..], &["prices.csv"]].concat());
    let spent = &report["spent"];
    // 9 x (150000000000000001 + 49999999999999999)
    assert_eq!(spent["wei"], "1800000000000000000");
    assert_eq!(
        spent["days"],
        serde_json::json!({ "whole": 9, "part": 0, "gap": 1, "outside": 21 })
    );
    assert_eq!(spent["requests"], 450);
    // 4 days at 2,000 USD, 5 at 3,000; LPT at 400 and 750 an ETH.
    close(&spent["usd"], 0.2 * (4.0 * 2000.0 + 5.0 * 3000.0));
    close(&spent["lpt"], 0.2 * (4.0 * 400.0 + 5.0 * 750.0));
    // 23,413 LPT are minted in a round of 21.6 hours.
    close(&spent["inflation_hours"], 1070.0 / 23_413.0 * 21.6);
    assert_eq!(spent["previous"]["wei"], "2700000000000000000");
    close(&spent["eth_per_day"], 0.2);
    close(&report["change_per_day"], 1.0);
    let pipelines = &report["allocation"]["pipeline"];
    assert_eq!(pipelines[0]["name"], "llm");
    assert_eq!(pipelines[0]["spent_wei"], "1350000000000000009");
    close(&pipelines[0]["spent_share"], 0.75);
    assert_eq!(pipelines[0]["previous_wei"], "2700000000000000000");
    assert_eq!(pipelines[1]["spent_wei"], "449999999999999991");
    assert_eq!(pipelines[1]["previous_wei"], Value::Null);
    // Shares 0.75 and 0.25: HHI 10/16; of two earners Gini is (0.75 - 0.25) / 2.
    let concentration = &spent["concentration"];
    close(&concentration["hhi"], 0.625);
    close(&concentration["gini"], 0.25);
    assert_eq!((&concentration["nakamoto"], &concentration["earners"]), (&1.into(), &2.into()));
    // 0.45 ETH over 360 requests.
    let images = report["prices"].as_array().unwrap().last().unwrap();
    assert_eq!((&images["pipeline"], &images["requests"]), (&"text-to-image".into(), &360.into()));
    close(&images["eth"], 0.45 / 360.0);
    assert_eq!(report["left"], Value::Null);
    let notes = report["notes"].to_string();
    for part in
        ["9 of 31 days", "1 not at all (a gap)", "by model, region", "27 of 28 days", "--left"]
    {
        assert!(notes.contains(part), "{part}: {notes}");
    }
}

#[test]
fn what_is_left_lasts_as_long_as_the_pace_says() {
    let workshop = with_spend();
    let february = ["--spend", "spend.csv", "--of", "2025-02", "--left", "1.05 ETH"];
    let report = json(&workshop, &february);
    close(&report["left"]["eth"], 1.05);
    // Every day costs 0.1; that the next do too is nearly certain.
    close(&report["left"]["pace_days"], 10.5);
    let days = |quantile: &str| report["left"]["runway_days"][quantile].as_f64().unwrap();
    assert!(10.4 < days("p10") && days("p10") < 10.5, "{}", report["left"]);
    assert!(10.5 < days("p90") && days("p90") < 10.6, "{}", report["left"]);
    assert_eq!(report["spent"]["usd"], Value::Null);
}

#[test]
fn a_history_too_short_for_a_forecast_gets_no_band() {
    let workshop = Workshop::new();
    let nine: String = (1..=9).map(|day| format!("2025-03-0{day},0.2\n")).collect();
    workshop.write("spend.csv", &format!("date,amount_eth\n{nine}"));
    let args = ["--spend", "spend.csv", "--left", "1 ETH", "--out", "out"];
    let report = json(&workshop, &args);
    assert_eq!(report["left"]["runway_days"], Value::Null);
    close(&report["left"]["pace_days"], 5.0);
    assert!(report["answer"].as_str().unwrap().ends_with("enough for 5.0 days at this pace."));
    assert!(report["notes"].to_string().contains("9 complete days of spend are too few"));
    for page in ["out/report.html", "out/report.md"] {
        let page = fs::read_to_string(workshop.path(page)).unwrap();
        assert!(!page.contains("80 % forecast band ["), "{page}");
    }
}

#[test]
fn totals_are_compared_of_whole_periods_or_as_many_days_only() {
    let workshop = with_spend();
    let change = |of: &str| {
        let args = ["--spend", "spend.csv", "--of", of, "--out", "out"];
        assert_eq!(report(&workshop, &args).code, 0);
        fs::read_to_string(workshop.path("out/change.csv")).unwrap()
    };
    let unlike = change("2025-03");
    assert!(unlike.contains("\nspent in all (ETH),2.7,27,1.8,9,\n"), "{unlike}");
    assert!(unlike.contains("\nspent a whole day (ETH),0.1,27,0.2,9,1\n"), "{unlike}");
    let month = |number: u32, eth: u32| -> String {
        (1..=31).map(|day| format!("2025-0{number}-{day:02},{eth}\n")).collect()
    };
    let june: String = (1..=30).map(|day| format!("2025-06-{day:02},1\n")).collect();
    workshop.write("spend.csv", &format!("date,amount_eth\n{june}{}{}", month(7, 1), month(8, 3)));
    let like = change("2025-08");
    assert!(like.contains("\nspent in all (ETH),31,31,93,31,2\n"), "{like}");
    let whole = change("2025-07");
    assert!(whole.contains("\nspent in all (ETH),30,30,31,31,0.0333"), "{whole}");
}

#[test]
fn days_without_a_price_are_named_and_what_is_known_is_shown() {
    let workshop = with_spend();
    workshop.write("late.csv", "date,lpt_usd,eth_usd\n2025-03-03,5,2000\n");
    let report = json(&workshop, &[&MARCH[..], &["late.csv"]].concat());
    // Seven days of 0.2 ETH from the 4th to the 10th.
    let priced = &report["spent"]["priced"];
    assert_eq!((&report["spent"]["usd"], &priced["days"]), (&Value::Null, &7.into()));
    close(&priced["eth"], 1.4);
    close(&priced["usd"], 2800.0);
    close(&priced["lpt"], 560.0);
    let notes = report["notes"].to_string();
    for part in [
        "Before the first price: 2 of 9 days (2025-03-01 to 2025-03-02). In USD and LPT the total is \
         not known, only that of the other days.",
        "up to 7 days old: 7 of 9 days (2025-03-04 to 2025-03-10)",
        "one rate for any period, that of February 2025",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
}

#[test]
fn a_price_of_a_request_is_of_the_spend_whose_requests_are_counted() {
    let workshop = Workshop::new();
    let rows = "2025-03-01,llm,1,100\n2025-03-01,llm,3,\n2025-03-02,llm,1,100\n";
    workshop.write("spend.csv", &format!("date,pipeline,amount_eth,requests\n{rows}"));
    let report = json(&workshop, &["--spend", "spend.csv"]);
    assert_eq!(report["prices"][0]["requests"], 200);
    close(&report["prices"][0]["eth"], 2.0 / 200.0);
    assert_eq!((&report["spent"]["eth"], &report["spent"]["requests"]), (&5.into(), &Value::Null));
}

#[test]
fn lpt_spent_stays_that_much_lpt_at_the_prices_of_the_days() {
    let workshop = with_spend();
    let rows = "date,amount_lpt\n2025-02-28,2\n2025-03-05,4\n2025-03-06,3\n";
    workshop.write("lpt.csv", rows);
    let args = ["--spend", "lpt.csv", "--prices", "prices.csv"];
    for fixed in [&[][..], &["--eth-per-lpt", "0.1"]] {
        let march = json(&workshop, &[&args[..], &["--of", "2025-03"], fixed].concat());
        close(&march["spent"]["lpt"], 7.0);
        close(&march["spent"]["eth"], 4.0 / 400.0 + 3.0 / 750.0);
    }
    // Before the first price.
    workshop.write("lpt.csv", &rows.replace("02-28", "01-31"));
    let ended = report(&workshop, &args);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("the price of LPT on 2025-01-31 is not known"), "{ended:?}");
    let fixed =
        json(&workshop, &[&args[..], &["--of", "2025-01", "--eth-per-lpt", "0.1"]].concat());
    close(&fixed["spent"]["eth"], 0.2);
}

#[test]
fn lpt_spent_beside_a_run_stays_that_much_lpt() {
    let workshop = Workshop::with_minimal();
    let rows: String = (10..=28).map(|day| format!("2025-02-{day},10\n")).collect();
    workshop.write("lpt.csv", &format!("date,amount_lpt\n{rows}"));
    let run = |prices: &str| {
        let set = format!("token_prices={prices}");
        let ran = workshop.run_minimal(&["--out", "run", "--set", &set]);
        assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
    };
    let args = ["--spend", "lpt.csv", "--of", "2025-02"];
    let beside = [&["run"][..], &args].concat();
    let fixed = ["--eth-per-lpt", "0.003"];
    // The run begins on the 18th, its prices 17 days before.
    run("{replay={rows=[[-17,5,2000],[2,4,3000]]}}");
    for fixed in [&[][..], &fixed] {
        let replayed = json(&workshop, &[&beside[..], fixed].concat());
        close(&replayed["spent"]["lpt"], 190.0);
        close(&replayed["spent"]["eth"], 100.0 * 5.0 / 2000.0 + 90.0 * 4.0 / 3000.0);
    }
    // The minimal scenario has 7.91 USD an LPT and 2,706 an ETH.
    run("{constant={}}");
    let constant = json(&workshop, &[&beside[..], &fixed].concat());
    close(&constant["spent"]["lpt"], 190.0);
    close(&constant["spent"]["usd"], 190.0 * 7.91);
    assert!(constant["notes"].to_string().contains("--eth-per-lpt plays no part"), "{constant}");
    // What LPT is worth on a day of a simulated price nobody knows.
    run("{jump_diffusion={}}");
    let refused = report(&workshop, &beside);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("a run whose prices are constant or replayed"), "{refused:?}");
    for args in [&beside[..], &args] {
        let counted = json(&workshop, &[args, &fixed].concat());
        close(&counted["spent"]["lpt"], 190.0);
        close(&counted["spent"]["eth"], 190.0 * 0.003);
        assert!(counted["notes"].to_string().contains("as many LPT as in the file"), "{counted}");
    }
    // Of days before the first price too, and nothing is known in USD of any.
    workshop.write("late.csv", "date,lpt_usd,eth_usd\n2025-06-01,5,2000\n");
    let late = json(&workshop, &[&args[..], &fixed, &["--prices", "late.csv"]].concat());
    close(&late["spent"]["lpt"], 190.0);
    assert_eq!(late["spent"]["usd"], Value::Null);
    assert!(late["notes"].to_string().contains("In USD the total is not known."), "{late}");
}

#[test]
fn who_was_paid_nothing_is_not_among_the_paid() {
    let workshop = Workshop::new();
    let rows = "2025-03-01,a,1\n2025-03-01,b,0\n2025-03-02,c,3\n2025-03-02,b,0\n";
    workshop.write("spend.csv", &format!("date,orchestrator,amount_eth\n{rows}"));
    let concentration = &json(&workshop, &["--spend", "spend.csv"])["spent"]["concentration"];
    assert_eq!(concentration["earners"], 2);
    // Of shares 0.25 and 0.75.
    close(&concentration["gini"], 0.25);
}

/// A daily spend of so many ETH in February from the first day of the minimal
/// scenario on.
fn from_the_start(eth: f64) -> String {
    let rows: String = (18..=28).map(|day| format!("2025-02-{day},{eth}\n")).collect();
    format!("date,amount_eth\n{rows}")
}

#[test]
fn what_is_left_where_users_pay_is_not_known() {
    let workshop = Workshop::with_minimal();
    workshop.write("spend.csv", &from_the_start(0.2));
    let notes_and_left = |settings: &[&str], more: &[&str]| {
        let sold = ["--out", "run", "--set", "treasury.conversion={all_at_once={}}"];
        let ran = workshop.run_minimal(&[&sold[..], settings].concat());
        assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
        let args = ["run", "--spend", "spend.csv", "--of", "2025-02"];
        let report = json(&workshop, &[&args[..], more].concat());
        (report["notes"].to_string(), report["left"].clone(), report["answer"].to_string())
    };
    // 200 LPT at 7.91 USD are 0.5846 ETH of 2,706; eleven days cost 2.2.
    let (notes, left, answer) = notes_and_left(&[], &[]);
    close(&left["eth"], 0.0);
    assert!(
        notes.contains("Since 18 Feb 2025 1.62 ETH more was spent than the credits"),
        "{notes}"
    );
    assert!(answer.ends_with("0 ETH are left.\""), "{answer}");
    let pays = ["--set", "demand.streams.chat.users.price={markup=2}"];
    let (notes, left, _) = notes_and_left(&pays, &[]);
    assert_eq!(left, Value::Null);
    assert!(notes.contains("users of the run pay their gateway"), "{notes}");
    let (notes, left, _) = notes_and_left(&pays, &["--left", "0.5 ETH"]);
    close(&left["eth"], 0.5);
    assert!(notes.contains("does not heed what users of the run pay"), "{notes}");
    // Only what is there is explained.
    let explained = |more: &[&str]| {
        let args = ["run", "--spend", "spend.csv", "--of", "2025-02", "--out", "page"];
        report(&workshop, &[&args[..], more].concat());
        let page = fs::read_to_string(workshop.path("page/report.md")).unwrap();
        let (_, section) = page.split_once("## How long the rest lasts").unwrap();
        section.split("\n## ").next().unwrap().to_string()
    };
    notes_and_left(&pays, &[]);
    let section = explained(&[]);
    assert!(section.contains("In the run: ") && section.contains("“one in ten”"), "{section}");
    for row in ["Forecast from the spend", "orchsim backtest", "At the period's pace"] {
        assert!(!section.contains(row), "{section}");
    }
    let section = explained(&["--left", "0.5 ETH"]);
    assert!(section.contains("At the period's pace: "), "{section}");
    assert!(!section.contains("Forecast from the spend"), "{section}");
    let free = ["--set", "demand.streams.chat.users.price={markup=0}"];
    close(&notes_and_left(&free, &[]).1["eth"], 0.0);
}

#[test]
fn how_long_the_rest_lasts_stands_against_the_deadline() {
    let workshop = Workshop::with_minimal();
    let answer = |deadline: &str, eth: f64| {
        workshop.write("spend.csv", &from_the_start(eth));
        let set = ["--out", "run", "--set", "treasury.conversion={all_at_once={}}"];
        let deadline = format!("treasury.deadline_day={deadline}");
        let ran = workshop.run_minimal(&[&set[..], &["--set", &deadline]].concat());
        assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
        let args = ["run", "--spend", "spend.csv", "--of", "2025-02"];
        json(&workshop, &args)["answer"].as_str().unwrap().to_string()
    };
    // 0.47 ETH last 47 days from 1 March, the twelfth day of the run, on.
    let longer =
        ", longer than the 29 days to the deadline of 30 Mar 2025, when the rest goes back.";
    let before = answer("40", 0.01);
    assert!(before.contains("enough for 47 days") && before.ends_with(longer), "{before}");
    let later = answer("60", 0.01);
    assert!(later.ends_with("enough for 47 days at this pace."), "{later}");
    let passed = answer("10", 0.01);
    assert!(
        passed.ends_with("0 ETH are left: the deadline of 28 Feb 2025 has passed."),
        "{passed}"
    );
}

#[test]
fn days_without_spend_make_what_is_left_last_longer() {
    let workshop = Workshop::new();
    let rows: String =
        (1..=30).map(|day| format!("2025-04-{day:02},{}\n", 0.02 * f64::from(day % 2))).collect();
    workshop.write("spend.csv", &format!("date,amount_eth\n{rows}"));
    let report = json(&workshop, &["--spend", "spend.csv", "--left", "1 ETH"]);
    close(&report["left"]["pace_days"], 100.0);
    assert!(report["left"]["runway_days"].is_null());
    assert!(report["notes"].to_string().contains("on 15 of 30 days nothing was spent"));
}

#[test]
fn lpt_that_is_left_is_worth_the_last_price() {
    let workshop = Workshop::with_minimal();
    let little_by_little =
        "treasury.conversion={below_threshold={balance=\"0.1 ETH\",clip=\"20 LPT\"}}";
    let ran = workshop.run_minimal(&["--out", "run", "--set", little_by_little]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let february = (18..=28).map(|day| format!("2025-02-{day},0.005\n"));
    let march = (1..=10).map(|day| format!("2025-03-{day:02},0.005\n"));
    let rows: String = february.chain(march).collect();
    workshop.write("spend.csv", &format!("date,amount_eth\n{rows}"));
    workshop.write("prices.csv", PRICES);
    let spend = workshop.path("spend.csv").display().to_string();
    let args = ["run", "--spend", &spend, "--of", "2025-03"];
    let known = json(&workshop, &[&args[..], &["--prices", "prices.csv"]].concat());
    // 200 LPT; 16 days at 400 LPT an ETH, 5 at 750.
    let lpt = 200.0 - 0.005 * (16.0 * 400.0 + 5.0 * 750.0);
    close(&known["left"]["lpt"], lpt);
    close(&known["left"]["eth"], lpt / 750.0);
    let notes = known["notes"].to_string();
    assert!(notes.contains("21 days without data taken as 0"), "{notes}");
    assert!(notes.contains("the price of 6 Mar 2025"), "{notes}");
    assert!(!notes.contains(&spend), "{notes}");
    // The run's price is one day's.
    let unknown = json(&workshop, &args);
    assert_eq!(unknown["left"], Value::Null);
    assert!(unknown["notes"].to_string().contains("the credits are LPT"));
    // The forecast is at the same prices as the spend, or alone.
    let alone = json(&workshop, &["run", "--of", "2025-02", "--prices", "prices.csv"]);
    let eth = alone["forecast"]["eth"].as_f64().unwrap();
    close(&alone["forecast"]["usd"], eth * 2000.0);
    close(&alone["forecast"]["lpt"], eth * 400.0);
}

#[test]
fn a_period_in_which_credits_end_or_money_is_waited_for_says_so() {
    let workshop = Workshop::with_minimal();
    let report_of = |settings: &[&str]| {
        let ran = workshop.run_minimal(&[&["--out", "run"], settings].concat());
        assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
        json(&workshop, &["run", "--of", "2025-02"])
    };
    let says = |report: &Value, part: &str, text: &str| report[part].to_string().contains(text);
    let (ended, waited) = ("Spend has ended by then in 100 % of the futures", "without funds for");
    // A day and a half of demand, and as much every week.
    let out = report_of(&["--set", "credits.amount=13 LPT"]);
    assert!(says(&out, "answer", ended) && !says(&out, "notes", waited), "{out}");
    let weekly = "treasury.conversion={clip={lpt=\"13 LPT\"}}";
    let dry = report_of(&["--set", weekly]);
    assert!(!says(&dry, "answer", ended) && says(&dry, "notes", waited), "{dry}");
    let neither = report_of(&[]);
    assert!(!says(&neither, "answer", ended) && !says(&neither, "notes", waited), "{neither}");
}

#[test]
fn what_others_draw_and_the_deadline_takes_is_not_left() {
    let workshop = Workshop::with_minimal();
    workshop.write("spend.csv", &from_the_start(0.005));
    workshop.write("prices.csv", PRICES);
    let left = |setting: &str| {
        let little_by_little =
            "treasury.conversion={below_threshold={balance=\"0.1 ETH\",clip=\"20 LPT\"}}";
        let set = ["--out", "run", "--set", little_by_little, "--set", setting];
        let ran = workshop.run_minimal(&set);
        assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
        let prices = ["--of", "2025-02", "--prices", "prices.csv"];
        let report = json(&workshop, &[&["run", "--spend", "spend.csv"], &prices[..]].concat());
        (report["left"]["lpt"].clone(), report["notes"].to_string())
    };
    // 200 LPT less 11 days of 0.005 ETH at 400 LPT an ETH, less what is drawn by the
    // end of February, its tenth day, and what is to be drawn later.
    let drawings = "[{project=\"docs\",day=5,lpt=\"100 LPT\"},\
                    {project=\"docs\",day=11,lpt=\"20 LPT\"}]";
    let (lpt, notes) = left(&format!("treasury.drawings={drawings}"));
    close(&lpt, 200.0 - 11.0 * 0.005 * 400.0 - 120.0);
    let less = "less the 120 LPT that other projects draw, 20 of them later.";
    assert!(notes.contains(less), "{notes}");
    // Ten times as much takes 220 of the 80 LPT that are not set aside.
    workshop.write("spend.csv", &from_the_start(0.05));
    let (lpt, notes) = left(&format!("treasury.drawings={drawings}"));
    close(&lpt, 0.0);
    let beyond = format!("Since 18 Feb 2025 {:.4} ETH more was spent", 140.0 / 400.0);
    assert!(notes.contains(&beyond), "{notes}");
    workshop.write("spend.csv", &from_the_start(0.005));
    let (lpt, notes) = left("treasury.deadline_day=10");
    close(&lpt, 0.0);
    assert!(notes.contains("went back at the deadline of the run, 28 Feb 2025"), "{notes}");
    let (lpt, notes) = left("treasury.deadline_day=11");
    close(&lpt, 200.0 - 11.0 * 0.005 * 400.0);
    assert!(notes.contains("the deadline of the run, 1 Mar 2025"), "{notes}");
}

#[test]
fn lpt_that_is_given_as_left_is_worth_the_last_price() {
    let workshop = with_spend();
    let given = [&MARCH[..], &["prices.csv", "--left", "1500 LPT"]].concat();
    // 4 USD an LPT and 3,000 an ETH since 6 March.
    close(&json(&workshop, &given)["left"]["eth"], 2.0);
    let ended = report(&workshop, &["--spend", "spend.csv", "--left", "1500 LPT"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let why = "what 1500 LPT are worth on 2025-03-31 is not known";
    assert!(ended.stderr.contains(why) && ended.stderr.contains("--prices"), "{ended:?}");
}

#[test]
fn rare_days_of_very_much_spend_come_again_and_more_of_them_are_warned_of() {
    let workshop = Workshop::new();
    let first: jiff::civil::Date = "2025-01-01".parse().unwrap();
    let write = |name: &str, factor: fn(i64) -> f64| {
        let row = |day: i64| {
            let date = first.saturating_add(jiff::Span::new().days(day));
            let eth = [0.049, 0.05, 0.051][(day * day % 3) as usize] * factor(day);
            format!("{date},{eth}\n")
        };
        let rows: String = (0..181).map(row).collect();
        workshop.write(name, &format!("date,amount_eth\n{rows}"));
    };
    let left = |name: &str| {
        let report = json(&workshop, &["--spend", name, "--left", "7 ETH"]);
        let days = |end: &str| report["left"]["runway_days"][end].as_f64();
        ([days("p10"), days("p50"), days("p90")], report["notes"].to_string())
    };
    // Nine days of eight times as much raise the mean from 0.05 to 0.067 ETH, at which
    // 7 ETH last 104 days.
    write("bursts.csv", |day| if day % 20 == 10 { 8.0 } else { 1.0 });
    let ([p10, p50, p90], notes) = left("bursts.csv");
    assert!(p10 < Some(104.0) && Some(104.0) < p90, "{p10:?} {p90:?}");
    assert!(Some(94.0) < p50 && p50 < Some(114.0), "{p50:?}");
    assert!(!notes.contains("than the"), "{notes}");
    write("late.csv", |day| if day >= 130 && day % 10 == 0 { 8.0 } else { 1.0 });
    let (_, notes) = left("late.csv");
    assert!(notes.contains("% more than the") && notes.contains("too low"), "{notes}");
}

#[test]
fn a_quarter_is_its_months_and_the_usual_period_the_last_whole_one() {
    let workshop = with_spend();
    let quarter = json(&workshop, &["--spend", "spend.csv", "--period", "quarter"]);
    assert_eq!(quarter["period"]["name"], "2025-Q1");
    assert_eq!(quarter["spent"]["wei"], "4500000000000000000");
    let partial = json(&workshop, &["--spend", "spend.csv"]);
    assert_eq!(partial["period"]["name"], "2025-03", "no month is whole");
    let mut whole = spend_csv();
    whole += "2025-02-01,a,llm,x,1,1\n";
    workshop.write("spend.csv", &whole);
    assert_eq!(json(&workshop, &["--spend", "spend.csv"])["period"]["name"], "2025-02");
}

#[test]
fn a_mean_stands_beside_its_median_where_they_are_apart() {
    let workshop = Workshop::with_minimal();
    // March alone, at a level that is lognormal: its mean is 1.4 times its median.
    let run = ["run", "minimal.toml", "--replications", "20", "--horizon", "31", "--out", "run"];
    let sets = ["start=2025-03-01", "demand.uncertainty.level_cv=1", "credits.amount=100000 LPT"];
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let ran = workshop.run(&run.into_iter().chain(sets).collect::<Vec<_>>());
    assert_eq!(ran.code, 3, "the goal of 90 days is not known: {ran:?}");
    let summary = fs::read_to_string(workshop.path("run/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let [mean, median] =
        ["total_eth", "total_eth_p50"].map(|key| summary["spend"][key].as_f64().unwrap());
    assert!(mean > 1.15 * median, "{mean} {median}");
    let of = |words: &str| words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(of(&ran.stdout).contains(&format!("spent on average, median {median:.4}")), "{ran:?}");

    let forecast = json(&workshop, &["run", "--of", "2025-03"]);
    close(&forecast["forecast"]["eth_p50"], median);
    let answer = forecast["answer"].as_str().unwrap();
    assert!(answer.contains(&format!("(mean; median {median:.4} ETH)")), "{answer}");
    let a_day = (mean + median) / 2.0 / 31.0;
    let rows = (1..=31).map(|day| format!("2025-03-{day:02},{a_day:.9}\n"));
    workshop.write("spend.csv", &format!("date,amount_eth\n{}", rows.collect::<String>()));
    let both = json(&workshop, &["run", "--spend", "spend.csv", "--of", "2025-03"]);
    let answer = both["answer"].as_str().unwrap();
    let [less, more] =
        [mean, median].map(|of| format!("{:.1} %", 100.0 * (31.0 * a_day / of - 1.0).abs()));
    let told = format!("{less} less than the mean forecast, {more} more than its median");
    assert!(answer.contains(&told), "{answer} {told}");
}

#[test]
fn a_run_is_set_against_what_was_spent_from_it() {
    let workshop = Workshop::with_minimal();
    let ran = workshop.run_minimal(&["--spend-history", "--out", "run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let periods = fs::read_to_string(workshop.path("run/periods.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(periods.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let wei = |row: &csv::StringRecord| row[6].parse::<u128>().unwrap();
    let of = |period: &str| -> Vec<&csv::StringRecord> {
        rows.iter().filter(|row| &row[0] == period).collect()
    };
    // Parts add up to the total, months to the quarter, periods to the run.
    for period in ["2025-02", "2025-03", "2025-Q1", "2025-Q2"] {
        let rows = of(period);
        let parts: u128 = rows[1..].iter().map(|row| wei(row)).sum();
        assert_eq!((&rows[0][3], wei(rows[0])), ("all", parts), "{period}");
    }
    let summary = fs::read_to_string(workshop.path("run/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let total: f64 = summary["spend"]["total_wei"].as_str().unwrap().parse().unwrap();
    let months = ["2025-02", "2025-03", "2025-04", "2025-05"].map(|month| wei(of(month)[0]));
    assert!((months.iter().sum::<u128>() as f64 - total).abs() < 10.0);

    let alone = json(&workshop, &["run", "--of", "2025-03"]);
    assert_eq!(alone["forecast"]["wei"], of("2025-03")[0][6]);
    assert_eq!((&alone["spent"], &alone["forecast"]["days"]), (&Value::Null, &31.into()));
    workshop.write("prices.csv", PRICES);
    let both = ["run", "--spend", "run/spend.csv", "--of", "2025-03", "--prices", "prices.csv"];
    let both = json(&workshop, &[&both[..], &["--out", "both"]].concat());
    assert_eq!(both["against_forecast"]["days"], 31);
    close(&both["against_forecast"]["forecast_eth"], both["forecast"]["eth"].as_f64().unwrap());
    close(&both["against_forecast"]["spent_eth"], both["spent"]["eth"].as_f64().unwrap());
    let regions = both["allocation"]["region"].as_array().unwrap();
    let shares: f64 = regions.iter().map(|line| line["forecast_share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-6);
    assert!(both["left"]["runway_days"]["p50"].as_f64().unwrap() > 0.0);
    let html = fs::read_to_string(workshop.path("both/report.html")).unwrap();
    assert!(html.contains("of all fees, forecast, whole run"));

    // A pipeline of the forecast that the file lacks has no share, rather than one of 0.
    let spend = fs::read_to_string(workshop.path("run/spend.csv")).unwrap();
    let chats: Vec<&str> = spend.lines().filter(|line| !line.contains("text-to-image")).collect();
    workshop.write("chats.csv", &chats.join("\n"));
    let chats = ["run", "--spend", "chats.csv", "--of", "2025-03", "--out", "chats"];
    assert_eq!(report(&workshop, &chats).code, 0);
    let svg = fs::read_to_string(workshop.path("chats/figures/by-pipeline.svg")).unwrap();
    let texts: Vec<&str> = svg.lines().map(str::trim).collect();
    assert!(texts.contains(&"–") && texts.contains(&"100 %"), "{svg}");
}

#[test]
fn a_simulated_day_without_spend_is_no_gap() {
    let workshop = Workshop::with_minimal();
    let seldom = ["images", "chat"].map(|id| format!("demand.streams.{id}.requests_per_day=0.5"));
    let ran = workshop.run_minimal(&[
        "--set",
        &seldom[0],
        "--set",
        &seldom[1],
        "--spend-history",
        "--out",
        "run",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let spend = fs::read_to_string(workshop.path("run/spend.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(spend.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let dates: BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(dates.len(), 90);
    assert!(rows.iter().any(|row| &row[4] == "0"));
}

#[test]
fn every_file_is_there_and_the_page_needs_no_other() {
    let workshop = with_spend();
    let ended = report(&workshop, &[&MARCH[..], &["prices.csv", "--out", "out"]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("1.80 ETH (4,600 USD, 1,070 LPT,"), "{}", ended.stdout);
    let files = contents(&workshop.path("out"));
    let names: Vec<String> = files.keys().map(|path| path.display().to_string()).collect();
    assert_eq!(
        names,
        [
            "allocation.csv",
            "change.csv",
            "days.csv",
            "figures/by-gateway.svg",
            "figures/by-orchestrator.svg",
            "figures/by-pipeline.svg",
            "figures/days.svg",
            "manifest.json",
            "prices.csv",
            "report.html",
            "report.json",
            "report.md",
            "totals.csv",
        ]
    );
    let html = fs::read_to_string(workshop.path("out/report.html")).unwrap();
    for outside in ["<link rel=\"stylesheet", "src=\"http", "href=\"http", "url(", "@import"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let days = fs::read_to_string(workshop.path("out/days.csv")).unwrap();
    assert!(days.contains("\n2025-03-03,gap,,"), "{days}");
    assert!(days.contains("\n2025-03-11,none,,"), "{days}");
    // The same bytes again, in place of the first.
    report(&workshop, &[&MARCH[..], &["prices.csv", "--out", "out"]].concat());
    assert_eq!(contents(&workshop.path("out")), files);
}

#[test]
fn spend_is_told_by_model_where_the_file_or_the_run_says_it() {
    let workshop = Workshop::with_minimal();
    assert_eq!(workshop.run_minimal(&["--out", "run"]).code, 0);
    let (sdxl, llama) = ("ByteDance/SDXL-Lightning", "meta-llama/Meta-Llama-3.1-8B-Instruct");
    let mut csv = "date,pipeline,model,amount_eth\n".to_string();
    for day in 1..=31 {
        // In another case than the run has it.
        csv += &format!("2025-03-{day:02},text-to-image,bytedance/sdxl-lightning,0.03\n");
        csv += &format!("2025-03-{day:02},llm,{llama},0.008\n");
        csv += &format!("2025-03-{day:02},llm,,0.002\n");
    }
    workshop.write("models.csv", &csv);
    let args = ["run", "--spend", "models.csv", "--of", "2025-03", "--out", "out"];
    let document = json(&workshop, &args);
    let lines = document["allocation"]["model"].as_array().unwrap();
    let names: Vec<&Value> = lines.iter().map(|line| &line["name"]).collect();
    assert_eq!(names, [&Value::from(sdxl), &Value::from(llama), &Value::Null]);
    let spent: Vec<&str> = lines.iter().map(|line| line["spent_wei"].as_str().unwrap()).collect();
    assert_eq!(spent, ["930000000000000000", "248000000000000000", "62000000000000000"]);
    close(&lines[0]["spent_share"], 0.75);
    // Of the whole run, as its summary has it.
    let summary = fs::read_to_string(workshop.path("run/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let wei = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let of_sdxl = wei(&summary["spend"]["by_model"][format!("text-to-image/{sdxl}")]);
    close(&lines[0]["forecast_share"], of_sdxl / wei(&summary["spend"]["total_wei"]));
    assert!(lines.iter().all(|line| line["forecast_wei"].is_null()));
    assert!(lines[2]["forecast_share"].is_null());

    let file = |name: &str| fs::read_to_string(workshop.path("out").join(name)).unwrap();
    let row = format!("model,{sdxl},930000000000000000,0.75,");
    assert!(file("allocation.csv").contains(&row), "{}", file("allocation.csv"));
    assert!(file("report.md").contains("| Model | Spent (ETH) | Share |"), "{}", file("report.md"));
    assert!(file("report.html").contains(">Model</th>") && file("report.html").contains(sdxl));
    assert!(file("figures/by-model.svg").contains("SDXL-Lightning"));

    // A run alone says it too, a file without such a column does not.
    let alone = json(&workshop, &["run", "--of", "2025-03"]);
    assert_eq!(alone["allocation"]["model"].as_array().unwrap().len(), 2);
    let none = json(&with_spend(), &MARCH[..4]);
    assert!(none["allocation"].get("model").is_none(), "{none}");
}

#[test]
fn a_report_says_where_it_is_unless_it_is_to_be_quiet() {
    let workshop = with_spend();
    let ended = report(&workshop, &[&MARCH[..4], &["--out", "out"]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.starts_with("orchsim: 31 days in "), "{ended:?}");
    assert!(ended.stderr.ends_with(" s, files in out\n"), "{ended:?}");
    for quiet in ["--quiet", "-q"] {
        let silent = report(&workshop, &[&MARCH[..4], &["--out", "out", quiet]].concat());
        assert_eq!((silent.code, silent.stderr.as_str()), (0, ""));
        assert_eq!(silent.stdout, ended.stdout);
    }
}

#[test]
fn mistakes_are_told_and_nothing_is_written() {
    let workshop = with_spend();
    workshop.write("thesis.txt", "mine");
    workshop.write("bad-prices.csv", "date,lpt_usd,eth_usd\n2025-03-01,5,zero\n");
    let spend = ["--spend", "spend.csv"];
    let cases: [(&[&str], &[&str]); 11] = [
        (&[".", "--zero-days"], &["--spend"]),
        (&[], &["--spend", "a run directory"]),
        (&["nowhere"], &["`nowhere` is no run directory: it is not there", "orchsim run"]),
        (&["."], &["`.` is no run directory", "manifest.json"]),
        (&["spend.csv"], &["`spend.csv` is no run directory: it is a file"]),
        (&[&spend[..], &["--of", "2025-13"]].concat(), &["2025-13", "2025-Q1"]),
        (
            &[&spend[..], &["--of", "2024-07"]].concat(),
            &["`spend.csv` has no spend in 2024-07", "from 2025-02-02 to 2025-03-10", "--of"],
        ),
        (
            &[&spend[..], &["--of", "2025-Q1", "--period", "month"]].concat(),
            &["--of 2025-Q1 does not fit --period", "2025-03"],
        ),
        (
            &[&spend[..], &["--prices", "bad-prices.csv"]].concat(),
            &["`zero` is not a price from 1e-9 to 1e9", "bad-prices.csv:2"],
        ),
        (&["--spend", "missing.csv"], &["there is no file `missing.csv`"]),
        (&[&spend[..], &["--left", "much"]].concat(), &["12.5 ETH"]),
    ];
    for (args, parts) in cases {
        let ended = report(&workshop, args);
        assert_eq!(ended.code, 2, "{args:?} {ended:?}");
        for part in parts {
            assert!(ended.stderr.contains(part), "{args:?}: {}", ended.stderr);
        }
    }
    assert_eq!(workshop.names(), ["bad-prices.csv", "prices.csv", "spend.csv", "thesis.txt"]);
}

#[test]
fn a_run_that_lacks_the_period_or_was_changed_is_refused() {
    let workshop = Workshop::with_minimal();
    assert_eq!(workshop.run_minimal(&["--out", "run"]).code, 0);
    let late = report(&workshop, &["run", "--of", "2026-01"]);
    assert_eq!(late.code, 2);
    assert!(late.stderr.contains("no day of 2026-01"), "{}", late.stderr);
    assert!(late.stderr.contains("from 2025-02-18 to 2025-05-18"), "{}", late.stderr);
    let inside = report(&workshop, &["run", "--out", "run/report"]);
    assert_eq!(inside.code, 2);
    assert!(inside.stderr.contains("would replace the run"), "{}", inside.stderr);
    let burn = workshop.path("run/burn.csv");
    fs::write(&burn, fs::read_to_string(&burn).unwrap() + "\n").unwrap();
    let damaged = report(&workshop, &["run", "--of", "2025-03"]);
    assert_eq!(damaged.code, 1);
    assert!(damaged.stderr.contains("`run` is damaged: `burn.csv`"), "{}", damaged.stderr);
    let compared = workshop.run(&[
        "compare",
        "minimal.toml",
        "--variant",
        "b: gateways.version=0.8.4",
        "-q",
        "--replications",
        "2",
        "--horizon",
        "20",
        "--out",
        "both",
    ]);
    assert!([0, 3].contains(&compared.code), "{compared:?}");
    let refused = report(&workshop, &["both"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("`both` is no run directory"), "{}", refused.stderr);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_says_how_to_get_it() {
    let workshop = Workshop::with_minimal();
    let sweep = ["sweep", "minimal.toml", "--vary", "gateways.version=0.8.3", "--parquet"];
    for refused in [workshop.run_minimal(&["--parquet", "--out", "run"]), workshop.run(&sweep)] {
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("--features parquet"), "{}", refused.stderr);
    }
    assert_eq!(workshop.names(), ["minimal.toml"]);
}

#[cfg(feature = "parquet")]
#[test]
fn every_table_has_a_parquet_file_beside_it() {
    use cli_support::SHORT;
    let workshop = Workshop::with_minimal();
    assert_eq!(workshop.run_minimal(&["--parquet", "--out", "run"]).code, 0);
    let sweep = ["sweep", "minimal.toml", "--vary", "gateways.version=0.8.3,0.9"];
    let sweep = [&sweep[..], &SHORT].concat();
    assert_eq!(workshop.run(&[&sweep[..], &["--parquet", "--out", "sweep"]].concat()).code, 0);
    for shard in ["0/2", "1/2"] {
        let shard = ["--shard", shard, "--out", "merged"];
        assert_eq!(workshop.run(&[&sweep[..], &shard].concat()).code, 0);
    }
    let merge = ["merge", "merged.shard-0-of-2", "merged.shard-1-of-2", "--out", "merged"];
    assert_eq!(workshop.run(&[&merge[..], &["--parquet"]].concat()).code, 0);
    assert!(contents(&workshop.path("sweep")) == contents(&workshop.path("merged")));
    for directory in ["run", "sweep"] {
        let files = contents(&workshop.path(directory));
        let is_table =
            |path: &&std::path::PathBuf| path.extension().is_some_and(|end| end == "csv");
        for table in files.keys().filter(is_table) {
            let parquet = files.get(&table.with_extension("parquet"));
            assert!(parquet.is_some_and(|bytes| bytes.starts_with(b"PAR1")), "{}", table.display());
        }
    }
}
