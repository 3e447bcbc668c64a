//! Which column holds what.

use super::SpendForm;
use super::error::clipped;
use crate::units::Currency;

/// Columns that hold all of a time. Exports of Dune, Etherscan and BigQuery may have one
/// row's more than once: the first of these that is there counts.
const TIMES: [&str; 11] = [
    "timestamp",
    "block_timestamp",
    "block_time",
    "evt_block_time",
    "call_block_time",
    "unix_timestamp",
    "transaction_timestamp",
    "date_time",
    "created_at",
    "date_ts",
    "date_s",
];
/// Columns that may hold a part of it: two of them are refused.
const DAYS: [&str; 3] = ["date", "day", "time"];
const EXPORTED_DAYS: [&str; 3] = ["block_date", "evt_block_date", "call_block_date"];
const AMOUNTS: [&str; 5] = ["amount", "spend", "spent", "cost", "value"];
/// Volume is what the explorer's subgraph calls the fees of a day.
const FEES: [&str; 3] = ["fees", "fee", "volume"];
const FACE_VALUE: &str = "face_value";
/// What an address sent, in an export of Etherscan.
const SENT: &str = "value_out";
const MEAN_FACE_VALUE: &str = "mean_face_value";
const TICKETS: [&str; 3] = ["winning_tickets", "tickets", "winning_ticket_transfers"];
const REQUESTS: [&str; 5] = ["requests", "request_count", "requests_count", "num_requests", "jobs"];
/// What Etherscan says of a transaction that failed, and so sent nothing.
const FAILURES: [&str; 2] = ["err_code", "status"];
/// What says what a row is of: Etherscan the function of a transaction, a ledger its kind.
const KINDS: [&str; 5] = ["method", "type", "kind", "transaction_type", "tx_type"];
const UNITS: [(&str, Currency); 4] = [
    ("eth", Currency::Eth),
    ("gwei", Currency::Gwei),
    ("wei", Currency::Wei),
    ("lpt", Currency::Lpt),
];

/// Columns named in one sentence.
const MOST_NAMED: usize = 20;
/// Characters shown of a name.
const MOST_SHOWN: usize = 40;

/// The names a row may have, in the order of [`SpendKey`](super::SpendKey).
pub(super) const NAMES: [&str; 5] = ["gateway", "pipeline", "model", "region", "orchestrator"];

/// What may follow upon them; of columns with the same name the first such counts.
const NAME_ENDINGS: [&str; 4] = ["", "_address", "_id", "_name"];

/// What else the one who pays is called.
const PAYER: &str = "broadcaster";
/// What a ticket's contract and the subgraph call the one who pays by it, and the one
/// who is paid.
const TICKET_NAMES: [&[&str]; 5] =
    [&["sender", "sender_id"], &[], &[], &[], &["recipient", "recipient_id"]];

/// Where in a row each column stands.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) form: SpendForm,
    /// How many there are.
    pub(super) count: usize,
    pub(super) time: usize,
    pub(super) amount: usize,
    /// What the amount counts; of a face value its name need not tell.
    pub(super) unit: Option<Currency>,
    /// The columns of [`NAMES`].
    pub(super) names: [Option<usize>; 5],
    pub(super) requests: Option<usize>,
    pub(super) tickets: Option<usize>,
    /// The columns of [`FAILURES`], in an export of what an address sent.
    pub(super) failures: [Option<usize>; 2],
    /// The columns of [`KINDS`].
    pub(super) kinds: Vec<usize>,
    /// Columns of which nothing that is counted is made.
    pub(super) ignored: Vec<usize>,
    /// Whether the amounts are what an address sent, to whomever.
    pub(super) are_sent: bool,
}

/// What is wrong with a header: the column to blame, the message and what was
/// expected.
pub(super) struct HeaderFault {
    pub(super) column: Option<String>,
    pub(super) message: String,
    pub(super) expected: &'static str,
}

/// `Amount (ETH)` and `amountETH` as `amount_eth`, `Date (UTC)` as `date`.
fn normal(name: &str) -> String {
    let mut normal = String::new();
    let mut before = ' ';
    for c in name.chars() {
        let begins_word = before.is_lowercase() && c.is_uppercase() || !before.is_alphanumeric();
        if c.is_alphanumeric() {
            if begins_word && !normal.is_empty() {
                normal.push('_');
            }
            normal.extend(c.to_lowercase());
        }
        before = c;
    }
    // All times are of UTC where they do not say otherwise.
    normal.strip_suffix("_utc").map(str::to_string).unwrap_or(normal)
}

/// Whether two names differ in nothing but where words begin.
fn is_same(name: &str, known: &str) -> bool {
    name.chars().filter(|c| *c != '_').eq(known.chars().filter(|c| *c != '_'))
}

fn is_among(known: &[&str], name: &str) -> bool {
    known.iter().any(|known| is_same(name, known))
}

/// A name without its unit, which is at its end, at its front or all of it.
fn with_unit(name: &str) -> Option<(&str, Currency)> {
    let at_end = name.rsplit_once('_');
    let at_front = name.split_once('_').map(|(unit, stem)| (stem, unit));
    let ways = [at_end, at_front, Some((AMOUNTS[0], name))];
    ways.into_iter().flatten().find_map(|(stem, unit)| {
        let (_, unit) = UNITS.iter().find(|(known, _)| *known == unit)?;
        Some((stem, *unit))
    })
}

/// Where times may stand in a table whose columns of times are called as those of spend,
/// or as one of `others`, which come last.
pub(crate) fn time_columns(header: &[String], others: &[&str]) -> Vec<usize> {
    let normal: Vec<String> = header.iter().map(|name| normal(name)).collect();
    let known = [&TIMES[..], &DAYS, &EXPORTED_DAYS, others].into_iter().flatten();
    known.filter_map(|known| normal.iter().position(|name| is_same(name, known))).collect()
}

pub(super) fn columns(header: &[&str]) -> Result<Columns, HeaderFault> {
    let header =
        Header { written: header, normal: header.iter().map(|name| normal(name)).collect() };
    let time = header.time()?;
    let (amount, stem, unit) = header.amount()?;
    let is_tickets = is_same(stem, FACE_VALUE);
    let mut names = [None; 5];
    for ((place, name), of_tickets) in names.iter_mut().zip(NAMES).zip(TICKET_NAMES) {
        let spelled = NAME_ENDINGS.map(|ending| format!("{name}{ending}"));
        let mut known: Vec<&str> = spelled.iter().map(String::as_str).collect();
        known.extend((name == NAMES[0]).then_some(PAYER));
        known.extend(of_tickets.iter().filter(|_| is_tickets));
        *place = header.first_of(&known)?;
    }
    let requests = header.first_of(&REQUESTS)?;
    let tickets = header.first_of(&TICKETS)?;
    let failures = FAILURES.map(|name| header.normal.iter().position(|known| known == name));
    let are_sent = is_same(stem, SENT);
    let failures = failures.map(|place| place.filter(|_| are_sent));
    let form = if is_tickets {
        SpendForm::Redemptions
    } else if is_among(&FEES, stem) && names.iter().all(Option::is_none) {
        SpendForm::DailyFees
    } else {
        SpendForm::Rows
    };
    let is_known = |i: usize| {
        [Some(time), Some(amount), requests, tickets].contains(&Some(i))
            || names.contains(&Some(i))
            || failures.contains(&Some(i))
            || with_unit(&header.normal[i]).is_some_and(|(stem, _)| is_same(stem, MEAN_FACE_VALUE))
    };
    let count = header.written.len();
    let ignored: Vec<usize> = (0..count).filter(|i| !is_known(*i)).collect();
    let is_kind = |i: &usize| is_among(&KINDS, &header.normal[*i]);
    let kinds = ignored.iter().copied().filter(is_kind).collect();
    Ok(Columns {
        form,
        count,
        time,
        amount,
        unit,
        names,
        requests,
        tickets,
        failures,
        kinds,
        ignored,
        are_sent,
    })
}

/// The names of the columns, as written and as they are compared.
struct Header<'a> {
    written: &'a [&'a str],
    normal: Vec<String>,
}

impl Header<'_> {
    /// Where the one column of such a name stands.
    fn position(&self, known: &[&str]) -> Result<Option<usize>, HeaderFault> {
        let normal = &self.normal;
        let mut places = (0..normal.len()).filter(|&i| is_among(known, &normal[i]));
        let first = places.next();
        match places.next() {
            Some(second) => Err(HeaderFault {
                column: Some(self.written[second].to_string()),
                message: match first {
                    Some(first) if normal[first] == normal[second] => {
                        format!("there are two columns `{}`", clipped(&normal[second]))
                    }
                    _ => format!("there are two columns for `{}`", known[0]),
                },
                expected: "each column once",
            }),
            None => Ok(first),
        }
    }

    /// Where the column with the first of such names stands that is there.
    fn first_of(&self, known: &[&str]) -> Result<Option<usize>, HeaderFault> {
        for name in known {
            if let Some(place) = self.position(&[name])? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    fn time(&self) -> Result<usize, HeaderFault> {
        if let Some(time) = self.first_of(&TIMES)? {
            return Ok(time);
        }
        let day = self
            .position(&DAYS)?
            .map_or_else(|| self.first_of(&EXPORTED_DAYS), |day| Ok(Some(day)))?;
        day.ok_or_else(|| {
            self.lacks(
                "times",
                "one column `date`, `time` or `timestamp`; rename the one that holds it",
            )
        })
    }

    /// The column of amounts, its name without the unit, and the unit.
    fn amount(&self) -> Result<(usize, &str, Option<Currency>), HeaderFault> {
        let is_amount = |stem: &str| {
            [&AMOUNTS[..], &FEES, &[FACE_VALUE, SENT]].iter().any(|names| is_among(names, stem))
        };
        let amounts: Vec<(usize, &str, Currency)> = self
            .normal
            .iter()
            .enumerate()
            .filter_map(|(i, name)| with_unit(name).map(|(stem, unit)| (i, stem, unit)))
            .filter(|(_, stem, _)| is_amount(stem))
            .collect();
        match amounts.as_slice() {
            [(place, stem, unit)] => Ok((*place, *stem, Some(*unit))),
            [] => match self.normal.iter().position(|name| is_amount(name)) {
                Some(bare) if is_same(&self.normal[bare], FACE_VALUE) => {
                    Ok((bare, &self.normal[bare], None))
                }
                Some(bare) => Err(HeaderFault {
                    column: Some(self.written[bare].to_string()),
                    message: without_a_unit(self.written[bare]),
                    expected: "the unit at its end: `_eth`, `_gwei`, `_wei` or `_lpt`",
                }),
                None => Err(self.lacks(
                    "amounts",
                    "one of `amount_eth`, `amount_wei`, `amount_lpt` (spend), `fees_eth` (daily \
                     fees), `face_value_eth` (redeemed tickets); rename the one that holds it",
                )),
            },
            [(first, ..), (second, ..), ..] => Err(HeaderFault {
                column: Some(self.written[*second].to_string()),
                message: format!(
                    "both `{}` and `{}` hold an amount",
                    clipped(self.written[*first]),
                    clipped(self.written[*second])
                ),
                expected: "one of them, in one unit",
            }),
        }
    }

    /// That no column is known to hold `what`, with those there are.
    fn lacks(&self, what: &str, expected: &'static str) -> HeaderFault {
        HeaderFault {
            column: None,
            message: format!(
                "the header names no column of {what}, only {}",
                named_list(self.written)
            ),
            expected,
        }
    }
}

/// That the name of a column of amounts does not say what they count.
pub(super) fn without_a_unit(name: &str) -> String {
    format!("the name of the column `{}` has no unit", clipped(name))
}

/// Names between backticks, the first of them where there are many.
pub(crate) fn named_list<S: AsRef<str>>(names: &[S]) -> String {
    let short = |name: &S| name.as_ref().chars().take(MOST_SHOWN).collect::<String>();
    let quoted = names.iter().take(MOST_NAMED).map(|name| format!("`{}`", short(name)));
    let more = if names.len() > MOST_NAMED { ", ..." } else { "" };
    format!("{}{more}", quoted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart_by_their_header() {
        let form = |header: &[&str]| columns(header).ok().and_then(|c| Some((c.form, c.unit?)));
        use SpendForm::{DailyFees, Redemptions, Rows};
        let spend = ["Date", "Gateway", "Pipeline", "Amount (ETH)"];
        assert_eq!(form(&spend), Some((Rows, Currency::Eth)));
        assert_eq!(form(&["timestamp", "spend_wei"]), Some((Rows, Currency::Wei)));
        let fees = ["date", "fees_eth", "winning_tickets", "mean_face_value_eth"];
        assert_eq!(form(&fees), Some((DailyFees, Currency::Eth)));
        assert_eq!(form(&["date", "fees_eth", "gateway"]), Some((Rows, Currency::Eth)));
        assert_eq!(form(&["Date", "volumeETH", "volumeUSD"]), Some((DailyFees, Currency::Eth)));
        assert_eq!(form(&["day", "gateway", "ETH", "eth_usd"]), Some((Rows, Currency::Eth)));
        assert_eq!(form(&["date", "wei_spent"]), Some((Rows, Currency::Wei)));
        let tickets = ["timeStamp", "facevalue_wei", "sender.id", "recipient.id"];
        assert_eq!(form(&tickets), Some((Redemptions, Currency::Wei)));
        let names = |header: &[&str]| columns(header).map(|c| c.names).ok();
        assert_eq!(names(&tickets), Some([Some(2), None, None, None, Some(3)]));
        // Who gets an amount that is no ticket need not be an orchestrator.
        assert_eq!(names(&["date", "amount_eth", "recipient"]), Some([None; 5]));
    }

    #[test]
    fn exports_of_dune_and_etherscan_are_known() {
        let places = |header: &[&str]| columns(header).map(|c| (c.time, c.amount)).ok();
        assert_eq!(places(&["block_date", "block_time", "amount_eth"]), Some((1, 2)));
        assert_eq!(places(&["evt_block_date", "evt_tx_hash", "amount_eth"]), Some((0, 2)));
        assert_eq!(places(&["timestamp", "date", "amount_eth"]), Some((0, 2)));
        assert_eq!(places(&["Date (UTC)", "value_eth"]), Some((0, 1)));
        assert_eq!(places(&["transaction.timestamp", "faceValue"]), Some((0, 1)));
        let sent = ["UnixTimestamp", "DateTime (UTC)", "Value_IN(ETH)", "Value_OUT(ETH)"];
        assert_eq!(places(&sent), Some((0, 3)));
        // What came in is no spend.
        assert!(columns(&["DateTime (UTC)", "Value_IN(ETH)"]).is_err());
    }

    #[test]
    fn names_and_counts_may_be_spelled_in_several_ways() {
        let header =
            ["date", "Gateway ID", "gateway_name", "model_id", "Request Count", "cost_eth"];
        let columns = columns(&header).ok().unwrap();
        assert_eq!(columns.names, [Some(1), None, Some(3), None, None]);
        assert_eq!((columns.requests, columns.ignored), (Some(4), vec![2]));
    }

    #[test]
    fn a_header_that_leaves_the_unit_open_is_refused() {
        let message = |header: &[&str]| columns(header).err().map(|fault| fault.message);
        assert!(message(&["date", "amount"]).unwrap().contains("has no unit"));
        // Its values may tell it.
        assert!(message(&["timestamp", "faceValue"]).is_none());
        assert!(message(&["timestamp", "amount", "face value"]).unwrap().contains("has no unit"));
        assert!(message(&["date", "eth", "wei"]).unwrap().contains("both"));
        assert!(message(&["date", "amount_eth", "amount_wei"]).unwrap().contains("both"));
        assert!(message(&["date", "time", "amount_eth"]).unwrap().contains("two columns"));
        let no_time = message(&["gateway", "amount_eth"]).unwrap();
        assert!(no_time.ends_with("no column of times, only `gateway`, `amount_eth`"), "{no_time}");
        assert!(message(&["date", "gateway"]).unwrap().contains("no column of amounts"));
    }
}
