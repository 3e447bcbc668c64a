//! Spend files as people have them.

use orchsim::scenario::{Source, load};
use orchsim::spend::{
    Coverage, Duplicates, SpendError, SpendForm, SpendHistory, SpendKey, SpendOptions, read_spend,
    read_spend_file,
};
use orchsim::units::Wei;
use proptest::prelude::*;

fn read(text: &str) -> Result<SpendHistory, SpendError> {
    read_spend(text.as_bytes(), "spend.csv", &SpendOptions::default())
}

fn with(text: &str, options: SpendOptions) -> Result<SpendHistory, SpendError> {
    read_spend(text.as_bytes(), "spend.csv", &options)
}

fn faults(text: &str) -> String {
    match read(text) {
        Ok(_) => panic!("read: {text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn spend_rows_are_summed_by_day_and_key_to_the_wei() {
    let history = read(
        "date,gateway,pipeline,amount_eth,requests\n\
         2025-03-01,main,llm,0.000000000000000001,2\n\
         2025-03-01,main,llm,1.1,3\n\
         2025-03-02,\"main, spare\",text-to-image,2,\n",
    )
    .unwrap();
    assert_eq!(history.form, SpendForm::Rows);
    assert_eq!(history.total(), Wei(3_100_000_000_000_000_001));
    let by_gateway = history.daily_by(|key| key.gateway.as_deref());
    assert_eq!(by_gateway.len(), 2);
    assert_eq!(by_gateway[0].0, Some("main"));
    assert_eq!(by_gateway[0].1, [Wei(1_100_000_000_000_000_001), Wei::ZERO]);
    assert_eq!(by_gateway[1].0, Some("main, spare"));
    let (_, _, first) = history.cells().next().unwrap();
    assert_eq!(first.requests, Some(5));
    assert_eq!(history.complete_days(), 2);
    assert!(history.notes.is_empty(), "{:?}", history.notes);
}

#[test]
fn times_are_iso_with_or_without_zone_or_unix() {
    // 2025-03-02T00:30:00+02:00 is 22:30 UTC of the day before.
    let history = read(
        "timestamp,amount_wei\n2025-03-01T00:00:10Z,1\n2025-03-02T00:30:00+02:00,2\n\
         2025-03-02 12:00:00,4\n1740960000,8\n1740960000500,16\n20250304,32\n\
         1740960000500000,64\n1740960000500000001,128\n2025/03/04 01:02:03,256\n2025/03/04,512\n",
    )
    .unwrap();
    let totals: Vec<u128> = history.daily_totals().iter().map(|wei| wei.0).collect();
    assert_eq!(totals, [3, 4, 216, 800]);
}

#[test]
fn cells_stand_between_commas_semicolons_or_tabs() {
    for separator in [",", ";", "\t"] {
        let text = "\n\u{feff}date|gateway|amount_eth\n2025-03-01|\"a,b;c\td\"|1.5\n";
        let history = read(&text.replace('|', separator)).unwrap();
        assert_eq!(history.total(), Wei(1_500_000_000_000_000_000), "{separator}");
        assert_eq!(history.keys()[0].gateway.as_deref(), Some("a,b;c\td"));
    }
    let decimal_comma = faults("date;amount_eth\n2025-03-01;0,1\n");
    assert!(decimal_comma.contains("`0,1` has a decimal comma"), "{decimal_comma}");
    assert!(decimal_comma.contains("2 | 2025-03-01;0,1\n"), "{decimal_comma}");
    assert!(faults("date\tamount_eth\n2025-03-01\tx\n").contains("2 | 2025-03-01 x\n"));
}

#[test]
fn a_spreadsheet_may_name_the_separator_above_the_header() {
    let history = read("sep=;\r\ndate;amount_eth\r\n2025-03-01;1.5\r\n").unwrap();
    assert_eq!(history.total(), Wei(1_500_000_000_000_000_000));
    let fault = faults("sep=;\r\ndate;amount_eth\r\n\r\n2025-03-01;x\r\n");
    assert!(fault.contains("spend.csv:4"), "{fault}");
}

#[test]
fn one_name_in_two_cases_is_one() {
    let rows = "date,gateway,pipeline,orchestrator,amount_eth\n\
                2025-03-01,livepeer-eliza,LLM,0xABCDEF0123456789abcdef0123456789ABCDEF01,1\n\
                2025-03-02,Livepeer-Eliza,llm,0xabcdef0123456789abcdef0123456789abcdef01,1\n\
                2025-03-03,livepeer-eliza,Text to image,other,2\n";
    let history = read(rows).unwrap();
    let shares = |history: &SpendHistory, name: fn(&SpendKey) -> Option<&str>| {
        let of = |(name, days): (Option<&str>, Vec<Wei>)| {
            (name.unwrap().to_string(), days.iter().map(|wei| wei.to_coins()).sum::<f64>())
        };
        history.daily_by(name).into_iter().map(of).collect::<Vec<_>>()
    };
    let of = |name: &str, eth: f64| (name.to_string(), eth);
    let pipelines = shares(&history, |key| key.pipeline.as_deref());
    assert_eq!(pipelines, [of("llm", 2.0), of("text-to-image", 2.0)]);
    let address = "0xabcdef0123456789abcdef0123456789abcdef01";
    let orchestrators = shares(&history, |key| key.orchestrator.as_deref());
    assert_eq!(orchestrators, [of(address, 2.0), of("other", 2.0)]);
    let gateways = shares(&history, |key| key.gateway.as_deref());
    assert_eq!(gateways, [of("livepeer-eliza", 4.0)]);
    assert!(history.notes[0].ends_with("`Livepeer-Eliza` as `livepeer-eliza`"));

    let mut network = load(&Source::built_in(), &[]).unwrap().network;
    network.gateways[0].id = "Livepeer-ELIZA".to_string();
    network.orchestrators[0].id = "0xABCDEF0123456789ABCDEF0123456789ABCDEF01".to_string();
    let options = SpendOptions { network: Some(&network), ..SpendOptions::default() };
    let history = with(rows, options).unwrap();
    let gateways = shares(&history, |key| key.gateway.as_deref());
    assert_eq!(gateways, [of("Livepeer-ELIZA", 4.0)]);
    let orchestrators = shares(&history, |key| key.orchestrator.as_deref());
    assert_eq!(orchestrators[0], of(&network.orchestrators[0].id, 2.0));
}

#[test]
fn a_time_zone_is_heeded_or_refused() {
    let totals = |text: &str| {
        let history = read(&format!("time,amount_eth\n{text}\n")).unwrap();
        let totals = history.daily_totals().iter().map(|wei| wei.to_coins()).collect::<Vec<_>>();
        (history.date(0).to_string(), totals, history.notes.join("; "))
    };
    let refused = faults("time,amount_eth\n2025-02-28T23:30:00[America/New_York],1\n");
    assert!(refused.contains("names a time zone without its offset"), "{refused}");
    let (first, ..) = totals("2025-02-28T23:30:00-05:00[America/New_York],1");
    assert_eq!(first, "2025-03-01");
    for text in ["2025-03-01 23:10:00 UTC", "2025-03-02 01:10:00 +02:00", "2025-03-01T23"] {
        let (first, _, notes) = totals(&format!("{text},1"));
        assert_eq!(first, "2025-03-01", "{text}");
        assert!(notes.contains("1 day is partial"), "{text}: {notes}");
    }
    for none in ["2025-03-01[UTC]", "2025-03-01 EST", "2025-03-01 05:00 EST", "UTC"] {
        assert!(faults(&format!("time,amount_eth\n{none},1\n")).contains(none), "{none}");
    }
    // Clocks in Berlin went forward on 30 March 2025.
    let berlin = "2025-03-30T00:00:00+01:00,1\n2025-03-31T00:00:00+02:00,2";
    let (first, days, notes) = totals(berlin);
    assert_eq!((first.as_str(), days), ("2025-03-30", vec![1.0, 2.0]));
    assert!(notes.contains("days are those of the file, not of UTC"), "{notes}");
    let (first, days, notes) = totals(&format!("{berlin}\n2025-03-31T00:10:00+02:00,4"));
    assert_eq!((first.as_str(), days), ("2025-03-29", vec![1.0, 6.0]));
    assert!(notes.contains("3 rows are in another time zone"), "{notes}");
    let (_, _, notes) = totals("2025-03-29T23:00:00Z,1\n2025-03-30T23:00:00Z,2");
    assert!(notes.contains("all rows stand at 23:00 UTC"), "{notes}");
}

#[test]
fn rows_within_one_second_are_no_repetition() {
    let history = read(
        "time,amount_eth\n2025-03-01T00:10:00.1Z,1\n2025-03-01T00:10:00.2Z,1\n\
         1740787800.3,1\n1740787800400,1\n",
    );
    assert_eq!(history.unwrap().total().to_coins(), 4.0);
    let fault = faults("time,amount_eth\n2025-03-01T00:10:00.1Z,1\n1740787800.1,1\n");
    assert!(fault.contains("repeats line 2"), "{fault}");
}

#[test]
fn numbers_as_programs_write_them_are_read() {
    let history = read(
        "date,amount_eth,requests\n2025-03-01,1.2345678901234567e-15,100.0\n\
         2025-03-02,\"1,234.5\",\n",
    );
    let history = history.unwrap();
    assert_eq!(history.daily_totals(), [Wei(1234), Wei(1_234_500_000_000_000_000_000)]);
    assert_eq!(history.cells().next().unwrap().2.requests, Some(100));
    let with_count = |count: &str| format!("date,amount_eth,requests\n2025-03-01,1,\"{count}\"\n");
    for (count, requests) in [("1,234", 1_234), ("12,345,678", 12_345_678), ("1,234.0", 1_234)] {
        let history = read(&with_count(count)).unwrap();
        assert_eq!(history.cells().next().unwrap().2.requests, Some(requests), "{count}");
    }
    for count in ["1.5", "1,5", "1,23", "1234,567", "0,125", "1.234,5"] {
        assert!(faults(&with_count(count)).contains("is not a count"), "{count}");
    }
}

#[test]
fn wei_under_a_header_of_eth_are_more_than_all_eth_there_is() {
    let fault = faults("date,amount_eth\n2025-03-01,2000000000000000\n");
    assert!(fault.contains("`2000000000000000` is beyond all ETH there is"), "{fault}");
    let all = read("date,amount_eth\n2025-03-01,120000000\n").unwrap();
    assert_eq!(all.total(), Wei(120_000_000 * 1_000_000_000_000_000_000));
}

#[test]
fn gaps_and_partial_days_are_found_and_said() {
    let text = "time,amount_eth\n2025-03-01T05:00:00Z,1\n2025-03-02T00:00:00Z,1\n\
                2025-03-05T13:00:00Z,1\n2025-03-06T23:30:00Z,1\n";
    let history = read(text).unwrap();
    use Coverage::{Complete, Gap, Partial};
    let coverage: Vec<Coverage> = history.days().map(|(_, coverage)| coverage).collect();
    assert_eq!(coverage, [Partial, Complete, Gap, Gap, Complete, Complete]);
    assert_eq!(
        history.notes,
        [
            "1 day is partial: 2025-03-01",
            "2 days are without spend, taken as a gap (`--zero-days` takes it as zero): 2025-03-03 to 2025-03-04"
        ]
    );
    let zero_days = SpendOptions { zero_days: true, ..SpendOptions::default() };
    assert_eq!(with(text, zero_days).unwrap().complete_days(), 5);
}

/// A row of 1 ETH at each of these times of each day of March up to the tenth.
fn stamped(times: &[&str]) -> String {
    let row = |day: usize, time: &str| format!("2025-03-{day:02} {time},1\n");
    let rows = (1..=10).flat_map(|day| times.iter().map(move |time| row(day, time)));
    format!("time,amount_eth\n{}", rows.collect::<String>())
}

#[test]
fn days_stamped_at_their_end_are_whole() {
    for time in ["23:59:59", "23:59", "23:59:59.999"] {
        let history = read(&stamped(&[time])).unwrap();
        assert_eq!((history.complete_days(), history.notes.len()), (10, 0), "{:?}", history.notes);
    }
    let noon = read(&stamped(&["12:00:00"])).unwrap();
    assert_eq!(noon.complete_days(), 8);
    assert!(noon.notes.join("\n").contains("all rows stand at 12:00 UTC"), "{:?}", noon.notes);
}

#[test]
fn days_of_the_same_sums_as_all_others_are_whole() {
    let six_hours = stamped(&["00:00:00", "06:00:00", "12:00:00", "18:00:00"]);
    let partial = |text: &str| -> Vec<String> {
        let history = read(text).unwrap();
        history.days_of(Coverage::Partial).map(|day| day.to_string()).collect()
    };
    assert!(partial(&six_hours).is_empty());
    assert!(partial(&stamped(&["05:59:59", "11:59:59", "17:59:59", "23:59:59"])).is_empty());
    // Several rows at one time are one sum each.
    assert!(partial(&format!("{six_hours}2025-03-10 18:00:00,2\n")).is_empty());
    // It ends, or begins, with fewer sums than the others have.
    let cut = six_hours.replace("2025-03-10 18:00:00,1\n", "");
    assert_eq!(partial(&cut), ["2025-03-10"]);
    let late = six_hours.replace("2025-03-01 00:00:00,1\n2025-03-01 06:00:00,1\n", "");
    assert_eq!(partial(&late), ["2025-03-01"]);
    // Days between that differ are of single events.
    let events = six_hours.replace("2025-03-05 06:00:00", "2025-03-05 06:00:07");
    assert_eq!(partial(&events), ["2025-03-10"]);
    // In any order, and where rows are only counted.
    let keep = SpendOptions { duplicates: Duplicates::Keep, ..SpendOptions::default() };
    let (header, rows) = six_hours.split_once('\n').unwrap();
    let backwards: Vec<&str> = rows.lines().rev().collect();
    let kept = with(&format!("{header}\n{}\n", backwards.join("\n")), keep).unwrap();
    assert_eq!(kept.days_of(Coverage::Partial).count(), 0);
    assert_eq!(with(&cut, keep).unwrap().days_of(Coverage::Partial).count(), 1);
    // Few days say nothing of what is usual.
    let few = six_hours.find("2025-03-07").unwrap();
    assert_eq!(partial(&six_hours[..few]), ["2025-03-06"]);
}

#[test]
fn a_row_of_zero_says_that_nothing_was_spent() {
    let history = read("date,amount_eth\n2025-03-01,2\n2025-03-02,0\n2025-03-04,0\n").unwrap();
    use Coverage::{Complete, Gap};
    let coverage: Vec<Coverage> = history.days().map(|(_, coverage)| coverage).collect();
    assert_eq!(coverage, [Complete, Complete, Gap, Complete]);
    assert_eq!(
        history.notes,
        [
            "1 day is without spend, taken as a gap (`--zero-days` takes it as zero): 2025-03-03",
            "2 days are without spend, taken as zero"
        ]
    );
}

#[test]
fn a_network_without_fees_on_a_day_is_a_gap() {
    let text = "date,fees_eth,winning_tickets,mean_face_value_eth\n2025-04-18,0.38762,270,0.001436\n\
                2025-04-19,0.00000,0,\n2025-04-20,0.39969,281,0.0014\n";
    let history = read(text).unwrap();
    assert_eq!(history.form, SpendForm::DailyFees);
    assert_eq!(history.days_of(Coverage::Gap).count(), 1);
    assert_eq!(history.total(), Wei(787_310_000_000_000_000));
    assert!(history.notes[0].contains("2025-04-19"));
    let zero_days = SpendOptions { zero_days: true, ..SpendOptions::default() };
    assert_eq!(with(text, zero_days).unwrap().complete_days(), 3);
}

#[test]
fn rows_that_sum_others_or_failed_are_left_out_and_said() {
    let totals = "date,pipeline,amount_eth\n2025-03-01,llm,1\n2025-03-01,text-to-image,2\n\
                  2025-03-01,Total,3\n2025-03-01,All pipelines,3\n2025-03-01,Subtotal,3\n\
                  Grand total,,3\n";
    let history = read(totals).unwrap();
    assert_eq!(history.total(), Wei(3_000_000_000_000_000_000));
    assert_eq!((history.rows, history.keys().len()), (2, 2));
    assert_eq!(history.notes, ["4 rows are a sum of others, left out"]);
    let sent = "DateTime (UTC),Value_OUT(ETH),Status,ErrCode\n\
                2025-03-01 10:00:00,1,,\n2025-03-01 11:00:00,7,Error(0),Reverted\n";
    let history = read(sent).unwrap();
    assert_eq!(history.total(), Wei(1_000_000_000_000_000_000));
    let note = "1 row is of a failed transaction, left out".to_string();
    assert!(history.notes.contains(&note), "{:?}", history.notes);
    // What else a status may be is nobody's failure to send.
    let other = "date,amount_eth,status\n2025-03-01,1,error\n";
    assert_eq!(read(other).unwrap().total(), Wei(1_000_000_000_000_000_000));
}

#[test]
fn what_funds_a_gateway_is_left_out_and_said() {
    let header = "DateTime (UTC),Value_OUT(ETH),Status,ErrCode,Method\n";
    let funding = "2025-03-01 10:00:00,5,,,Fund Deposit And Reserve\n\
                   2025-03-02 10:00:00,7,,,fundDeposit\n2025-03-03 10:00:00,0,,,Unlock\n\
                   2025-03-04 10:00:00,0,,,WITHDRAW\n";
    let refused = faults(&format!("{header}{funding}"));
    let why = "no row below the header is of spend: 4 rows are a deposit or withdrawal, not spend";
    assert!(refused.contains(why), "{refused}");
    let history =
        read(&format!("{header}{funding}2025-03-02 10:00:00,1,,,Pay Orchestrator\n")).unwrap();
    assert_eq!((history.rows, history.total().to_coins()), (1, 1.0));
    let sent =
        "amounts are all that an address sent: what a gateway sends to the TicketBroker is a \
                deposit, not spend"
            .to_string();
    assert!(!history.notes.contains(&sent) && !history.notes.join(" ").contains("ignored"));
    // Where no method is told, or it is a number, nobody knows.
    for (method, column) in [("", ""), (",Method", ",0xce0d5b1f")] {
        let rows = format!("Date,Value_OUT(ETH){method}\n2025-03-01,1{column}\n");
        assert!(read(&rows).unwrap().notes.contains(&sent), "{rows}");
    }
}

#[test]
fn deposits_and_refunds_of_a_ledger_are_left_out_and_said() {
    let ledger = "Date,Type,Gateway,Amount (ETH)\n2025-03-01,Deposit,g,1\n2025-03-01,spend,g,0.1\n\
                  2025-03-02,refund,g,-0.1\n2025-03-02,withdrawal,g,0.5\n2025-03-02,spend,g,0.2\n";
    let history = read(ledger).unwrap();
    assert_eq!((history.rows, history.total().to_coins()), (2, 0.3));
    assert_eq!(
        history.notes,
        [
            "2 rows are a deposit or withdrawal, not spend, left out",
            "1 row is a refund, left out: take it off the row that it corrects"
        ]
    );
    // What else a type may be is not read, and two rows of two types are two.
    let types = "date,type,amount_eth\n2025-03-01,batch,1\n2025-03-01,live,1\n";
    let history = read(types).unwrap();
    assert_eq!(history.total().to_coins(), 2.0);
    assert_eq!(history.notes, ["1 column is ignored: `type`"]);
}

#[test]
fn fees_that_are_not_known_make_a_gap_even_where_days_without_a_row_are_zero() {
    let text = "date,fees_eth\n2025-03-01,1\n2025-03-02,\n2025-03-03,NaN\n2025-03-05,1\n";
    let zero_days = SpendOptions { zero_days: true, ..SpendOptions::default() };
    let coverage = |history: &SpendHistory| history.days().map(|(_, c)| c).collect::<Vec<_>>();
    let history = with(text, zero_days).unwrap();
    use Coverage::{Complete, Gap};
    assert_eq!(coverage(&history), [Complete, Gap, Gap, Complete, Complete]);
    let note = "the file has no amount for 2025-03-02 to 2025-03-03".to_string();
    assert!(history.notes.contains(&note), "{:?}", history.notes);
    // Of spend a missing amount may be any.
    assert!(faults("date,amount_eth\n2025-03-01,\n").contains("the amount is missing"));
}

#[test]
fn sums_of_several_days_are_no_days() {
    let rows = |dates: &[&str]| {
        let rows: String = dates.iter().map(|date| format!("{date},1\n")).collect();
        format!("date,amount_eth\n{rows}")
    };
    let weeks = rows(&["2024-12-30", "2025-01-06", "2025-01-13", "2025-01-27", "2025-02-03"]);
    for (text, sums) in [
        (&weeks, "sums of a week: 2024-12-30, 2025-01-06"),
        (&rows(&["2025-01-31", "2025-02-28", "2025-03-31"]), "sums of a month"),
        (&rows(&["2025-02-01", "2025-03-01"]), "sums of a month"),
        (&rows(&["2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01"]), "sums of a quarter"),
        (&weeks.replace(',', "T00:00:00+01:00,").replace("dateT00:00:00+01:00", "date"), "a week"),
        // One of them on the day before, or after; a first that is of fewer days.
        (&weeks.replace("2024-12-30", "2024-12-31"), "sums of a week"),
        (&weeks.replace("2025-01-27", "2025-01-28"), "sums of a week"),
        (&weeks.replace("2024-12-30", "2025-01-03"), "sums of a week"),
        (&rows(&["2025-01-06", "2025-01-20", "2025-02-03"]), "mostly 14 days apart, like sums of"),
        (&rows(&["2025-01-06", "2025-01-09", "2025-01-12"]), "mostly 3 days apart, like sums of"),
        // Monday, Wednesday, Friday.
        (&rows(&["2025-01-06", "2025-01-08", "2025-01-10", "2025-01-13"]), "days without spend"),
    ] {
        let fault = faults(text);
        assert!(fault.contains(sums), "{fault}");
        assert!(fault.contains("a row for each day"), "{fault}");
        assert!(fault.contains("--zero-days if nothing was spent"), "{fault}");
    }
    // A network that had no fees on the days between.
    let fees = rows(&["2025-01-06", "2025-01-09", "2025-01-12"])
        .replace("amount_eth\n", "fees_eth\n2025-01-07,0\n2025-01-08,0\n");
    let fault = faults(&fees);
    assert!(fault.contains("those of 0 not being known, are mostly 3 days apart"), "{fault}");
    assert!(fault.contains("--zero-days if there were none"), "{fault}");
    // Said to be of days, or of times; a quarter of the days follow one another; two rows.
    let zero_days = SpendOptions { zero_days: true, ..SpendOptions::default() };
    assert_eq!(with(&weeks, zero_days).unwrap().complete_days(), 36);
    for text in [
        weeks.replace("2025-01-06", "2025-01-06T14:10:00Z"),
        weeks.replace("amount_eth", "face_value_eth"),
        rows(&["2025-01-03", "2025-01-06", "2025-01-07", "2025-01-20", "2025-01-23"]),
        rows(&["2025-01-06", "2025-01-13"]),
    ] {
        assert!(read(&text).is_ok(), "{text}");
    }
}

#[test]
fn weekdays_of_which_nothing_is_known_are_named() {
    // 6 January 2025 is a Monday.
    let working = |weeks: usize| -> String {
        let days = (0..7 * weeks).filter(|day| day % 7 < 5);
        let rows = days.map(|day| format!("2025-01-{:02},1\n", 6 + day));
        format!("date,amount_eth\n{}", rows.collect::<String>())
    };
    let unknown = "no Saturday and no Sunday is known: where weekdays are fitted, such days are \
                   taken to be as the others are in the mean"
        .to_string();
    let three = working(3);
    assert!(read(&three).unwrap().notes.contains(&unknown));
    // One weekend may be a gap as any other; a Sunday is known; zeros are said to be known.
    let names_none = |history: SpendHistory| !history.notes.join(" ").contains("no Sunday");
    assert!(names_none(read(&working(2)).unwrap()));
    assert!(names_none(read(&format!("{three}2025-01-19,1\n")).unwrap()));
    let zero_days = SpendOptions { zero_days: true, ..SpendOptions::default() };
    assert!(names_none(with(&three, zero_days).unwrap()));
}

#[test]
fn redemptions_may_repeat_and_are_counted_as_tickets() {
    let row = "1740787200,1500000000000000,main,o-1\n";
    let history =
        read(&format!("block_timestamp,face_value_wei,gateway,orchestrator\n{row}{row}")).unwrap();
    assert_eq!(history.form, SpendForm::Redemptions);
    assert_eq!(history.total(), Wei(3_000_000_000_000_000));
    assert_eq!(history.cells().next().unwrap().2.tickets, Some(2));
    assert_eq!(history.notes, ["1 row is a repetition of another, counted"]);
}

#[test]
fn face_values_tell_their_unit_where_the_header_does_not() {
    let dune = |values: [&str; 2]| {
        let row = |value: &str| format!("2025-03-01 01:02:03.000 UTC,0xc3,0xde,{value}\n");
        format!("evt_block_time,sender,recipient,faceValue\n{}", values.map(row).concat())
    };
    for (values, unit) in [
        (["1443000000000000", "1000000"], "wei, as all are whole numbers of 10^6 and more"),
        (["1.443e15", "1e6"], "wei, as"),
        (["0.001443", "0.000000000001"], "ETH, as all are below 10^6 and not all are whole"),
        // What a program wrote of 1.0, and a ticket for nothing.
        (["1", "0.443"], "ETH, as"),
        (["0", "1000000"], "wei, as"),
    ] {
        let history = read(&dune(values)).unwrap();
        let named = dune(values).replace("faceValue", &format!("face_value_{}", &unit[..3]));
        assert_eq!(history.total(), read(&named).unwrap().total());
        assert_eq!(history.form, SpendForm::Redemptions);
        let note = format!("`faceValue` has no unit: its values are taken to be in {unit}");
        assert!(history.notes[0].starts_with(&note), "{:?}", history.notes);
    }
    for values in [
        ["1443000000000000", "0.001443"],
        ["0.001443", "1443000000000000"],
        ["1", "2"],
        ["999999", "1000000"],
        ["1000000.5", "1000000"],
    ] {
        let fault = faults(&dune(values));
        assert!(fault.contains("the name of the column `faceValue` has no unit"), "{fault}");
        assert!(fault.contains("`face_value_wei`, as the contract does"), "{fault}");
        assert_eq!(fault.matches("error").count(), 1, "{fault}");
    }
    let subgraph = "id,transaction.timestamp,faceValue,sender.id\na,1740790923,0.001443,0xc3\n";
    assert_eq!(read(subgraph).unwrap().total(), Wei(1_443_000_000_000_000));
}

#[test]
fn repeated_rows_are_refused_kept_or_dropped() {
    let text = "date,gateway,amount_eth\n2025-03-01,main,1\n2025-03-02,main,1\n2025-03-01,main,1\n";
    let message = faults(text);
    assert!(message.contains("the row repeats line 2"), "{message}");
    assert!(message.contains("spend.csv:4"), "{message}");
    let total = |duplicates| {
        let options = SpendOptions { duplicates, ..SpendOptions::default() };
        with(text, options).unwrap().total().to_coins()
    };
    assert_eq!(total(Duplicates::Keep), 3.0);
    assert_eq!(total(Duplicates::Drop), 2.0);
    let twice = faults("date,fees_eth\n2025-03-01,1\n2025-03-01,2\n");
    assert!(twice.contains("the fees of 2025-03-01 stand on line 2 already"), "{twice}");
}

#[test]
fn rows_that_differ_in_any_column_are_no_repetition() {
    let drop = SpendOptions { duplicates: Duplicates::Drop, ..SpendOptions::default() };
    let total = |text: &str| with(text, drop).unwrap().total();
    let requests =
        "time,amount_wei,request_id\n2025-03-01T10:00:00Z,5,a\n2025-03-01T10:00:00Z,5,b\n";
    assert_eq!(read(requests).unwrap().total(), Wei(10));
    assert_eq!(total(requests), Wei(10));
    assert_eq!(total(&requests.replace(",b\n", ",a\n")), Wei(5));
    let tickets = "timestamp,face_value_wei,tx_hash,sender_nonce\n1740787200,5,0x1,1\n\
                   1740787200,5,0x1,2\n1740787200,5,0x2,1\n1740787200,5,0x1,2\n";
    assert_eq!(total(tickets), Wei(15));
    // The same cells in other columns are another row.
    let moved = "date,amount_wei,from,to\n2025-03-01,5,a,\n2025-03-01,5,,a\n";
    assert_eq!(read(moved).unwrap().total(), Wei(10));
    // A network has one day's fees once, whatever they were worth in USD then.
    let fees = "date,volumeETH,volumeUSD\n2025-03-01,5,13000\n2025-03-01,5,13001\n";
    assert_eq!(total(fees).to_coins(), 5.0);
}

#[test]
fn another_amount_of_fees_for_a_day_is_no_repetition() {
    let text = "date,fees_eth\n2025-03-01,1\n2025-03-01,1\n2025-03-01,2\n";
    let options = |duplicates| SpendOptions { duplicates, ..SpendOptions::default() };
    let dropped = with(text, options(Duplicates::Drop)).unwrap_err().to_string();
    assert!(dropped.contains("spend.csv:4") && !dropped.contains("spend.csv:3"), "{dropped}");
    let kept = with(text, options(Duplicates::Keep)).unwrap();
    assert_eq!(kept.total().to_coins(), 4.0);
    assert_eq!(kept.notes, ["1 row is a repetition of another, counted"]);
    let thrice = "date,amount_eth\n2025-03-01,1\n2025-03-01,1\n2025-03-01,1\n2025-03-02,1\n";
    let kept = with(thrice, options(Duplicates::Keep)).unwrap();
    assert_eq!(kept.notes, ["2 rows are a repetition of another, counted"]);
}

#[test]
fn fees_of_two_local_days_within_one_of_utc_are_of_two() {
    // Clocks in London went forward on 30 March 2025.
    let history =
        read("date,fees_eth\n2025-03-30T00:00:00+00:00,1\n2025-03-31T00:00:00+01:00,2\n").unwrap();
    let days: Vec<f64> = history.daily_totals().iter().map(|wei| wei.to_coins()).collect();
    assert_eq!((history.date(0).to_string().as_str(), days), ("2025-03-30", vec![1.0, 2.0]));
}

#[test]
fn lpt_needs_a_price_and_is_converted_exactly() {
    let text = "date,amount_lpt\n2025-03-01,1.5\n";
    assert!(faults(text).contains("--eth-per-lpt"));
    let eth_per_lpt = Some("0.00291".parse().unwrap());
    let options = SpendOptions { eth_per_lpt, ..SpendOptions::default() };
    assert_eq!(with(text, options).unwrap().total(), Wei(4_365_000_000_000_000));
    // The product of the two has 40 digits.
    let eth_per_lpt = Some("0.0029182345678901234".parse().unwrap());
    let options = SpendOptions { eth_per_lpt, ..SpendOptions::default() };
    let history = with("date,amount_lpt\n2025-03-01,12345.123456789012345678\n", options);
    assert_eq!(history.unwrap().total(), Wei(36_025_966_016_472_909_917));
}

#[test]
fn every_fault_is_told_with_line_and_column() {
    let message = faults(
        "date,pipeline,amount_eth,requests\n2025-13-01,llm,1,1\n2025-03-01,llm,-1,1\n\
         2025-03-01,llm,0.1 ETH,1\n2025-03-01,llm,x,1\n2025-03-01,llm,,1\n2025-03-01,llm\n\
         2025-03-01,llm,1,many\n1025-03-01,llm,1,1\n2025-03-01,llm,1e300,1\n",
    );
    for expected in [
        "`2025-13-01` is not a time",
        "spend.csv:2, column `date`",
        "`-1` is negative",
        "take a correction off the row that it corrects",
        "spend.csv:3, column `amount_eth`",
        "`0.1 ETH` has a unit of its own",
        "`x` is not an amount",
        "the amount is missing",
        "2 cells under 4 columns",
        "`many` is not a count",
        "`1025-03-01` is not a time",
        "`1e300` is not an amount",
    ] {
        assert!(message.contains(expected), "{expected} in\n{message}");
    }
}

#[test]
fn what_is_long_is_cut_in_messages() {
    let long = "1".repeat(100_000);
    for (header, row) in [
        ("date,amount_eth", format!("2025-03-01,{long}")),
        ("date,amount_eth", format!("2025-03-01,-{long}x")),
        ("date,amount_eth", format!("2025-03-01,x{long}")),
        ("date,amount_wei", format!("2025-03-01,1.{}", &long[..30])),
        ("date,amount_eth", format!("{long},1")),
        ("date,amount_eth", format!("[{long},1")),
        ("date,amount_eth,requests", format!("2025-03-01,1,{long}x")),
        (&format!("date,amount,{long}"), "2025-03-01,1,1".to_string()),
    ] {
        let fault = faults(&format!("{header}\n{row}\n"));
        assert!(fault.len() < 700, "{} bytes: {}", fault.len(), &fault[..700]);
    }
    let start = "1".repeat(96);
    let fault = faults(&format!("date,amount_eth\n2025-03-01,{long}\n"));
    assert!(fault.contains(&format!("`{start} ...` is not an amount")), "{fault}");
}

#[test]
fn bom_crlf_order_and_unknown_columns_do_no_harm() {
    let text = "\u{feff}Date,Amount (ETH),tx\r\n2025-03-02,2,0xb\r\n\r\n2025-03-01,1,0xa\r\n";
    let history = read(text).unwrap();
    assert_eq!(history.daily_totals().iter().map(|wei| wei.to_coins()).sum::<f64>(), 3.0);
    assert_eq!(history.date(0).to_string(), "2025-03-01");
    assert_eq!(history.notes, ["1 row is out of order, put in order", "1 column is ignored: `tx`"]);
}

#[test]
fn files_that_are_none_are_refused() {
    assert!(faults("").contains("the file is empty"));
    assert!(faults("date,amount_eth\n").contains("no row below the header"));
    let span = faults("date,amount_eth\n2015-08-01,1\n2199-01-01,1\n");
    assert!(span.contains("reach from 2015-08-01 to 2199-01-01"), "{span}");
    let directory = tempfile::tempdir().unwrap();
    let options = SpendOptions::default();
    let error = read_spend_file(directory.path(), &options).unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
    let missing = directory.path().join("none.csv");
    let error = read_spend_file(&missing, &options).unwrap_err().to_string();
    assert!(error.contains("there is no file"), "{error}");
    let binary = read_spend(&b"date,amount_eth\n2025-03-01,\xff\n"[..], "b.csv", &options);
    assert!(binary.unwrap_err().to_string().contains("not UTF-8"));
    let latin = b"date;amount_eth;gateway\n2025-03-01;1;caf\xe9\n";
    let error = read_spend(&latin[..], "l.csv", &options).unwrap_err().to_string();
    for part in ["--> l.csv:2, column `gateway`", "2 | 2025-03-01;1;caf\u{fffd}", "a CSV in UTF-8"]
    {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_part_of_a_history_keeps_its_days() {
    let history =
        read("date,amount_eth\n2025-03-01,1\n2025-03-02,2\n2025-03-04,4\n2025-03-05,8\n").unwrap();
    let part = history.between("2025-03-02".parse().unwrap(), "2025-03-04".parse().unwrap());
    assert_eq!((part.len(), part.total().to_coins()), (3, 6.0));
    assert_eq!(part.date(0).to_string(), "2025-03-02");
    let none = history.between("2026-01-01".parse().unwrap(), "2026-02-01".parse().unwrap());
    assert!(none.is_empty() && none.total() == Wei::ZERO);
}

proptest! {
    /// Whatever the bytes, the answer is a history or an error.
    #[test]
    fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_spend(&bytes[..], "x", &SpendOptions::default());
        let mut text = b"date,pipeline,amount_eth\n".to_vec();
        text.extend(bytes);
        let _ = read_spend(&text[..], "x", &SpendOptions::default());
    }

    /// The order of rows changes nothing, and not a wei is lost.
    #[test]
    fn rows_in_any_order_add_up(
        rows in prop::collection::vec((0u32..40, 0u8..3, 0u64..), 1..60).prop_shuffle()
    ) {
        let mut text = String::from("date,pipeline,amount_wei\n");
        let first: jiff::civil::Date = "2025-01-01".parse().unwrap();
        for (day, pipeline, wei) in &rows {
            let date = first.saturating_add(jiff::Span::new().days(i64::from(*day)));
            text += &format!("{date},p{pipeline},{wei}\n");
        }
        let options = SpendOptions {
            duplicates: Duplicates::Keep,
            zero_days: true,
            ..SpendOptions::default()
        };
        let history = with(&text, options).unwrap();
        let sum: u128 = rows.iter().map(|row| u128::from(row.2)).sum();
        prop_assert_eq!(history.total().0, sum);
        let by_pipeline = history.daily_by(|key| key.pipeline.as_deref());
        let parts: u128 = by_pipeline.iter().flat_map(|(_, days)| days).map(|wei| wei.0).sum();
        prop_assert_eq!(parts, sum);
    }
}
