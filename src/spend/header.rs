//! Which column holds what.

use super::SpendForm;
use crate::units::Currency;

const TIMES: [&str; 5] = ["date", "day", "time", "timestamp", "block_timestamp"];
const AMOUNTS: [&str; 4] = ["amount", "spend", "spent", "cost"];
const FEES: [&str; 2] = ["fees", "fee"];
const FACE_VALUE: &str = "face_value";
const MEAN_FACE_VALUE: &str = "mean_face_value";
const TICKETS: [&str; 2] = ["winning_tickets", "tickets"];
const UNITS: [(&str, Currency); 4] = [
    ("eth", Currency::Eth),
    ("gwei", Currency::Gwei),
    ("wei", Currency::Wei),
    ("lpt", Currency::Lpt),
];

/// The names a row may have, in the order of [`SpendKey`](super::SpendKey).
pub(super) const NAMES: [&str; 5] = ["gateway", "pipeline", "model", "region", "orchestrator"];

/// Where in a row each column stands.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) form: SpendForm,
    /// How many there are.
    pub(super) count: usize,
    pub(super) time: usize,
    pub(super) amount: usize,
    /// What the amount counts.
    pub(super) unit: Currency,
    /// The columns of [`NAMES`].
    pub(super) names: [Option<usize>; 5],
    pub(super) requests: Option<usize>,
    pub(super) tickets: Option<usize>,
    /// Names of columns that nothing is made of.
    pub(super) ignored: Vec<String>,
}

/// What is wrong with a header: the column to blame, the message and what was
/// expected.
pub(super) struct HeaderFault {
    pub(super) column: Option<String>,
    pub(super) message: String,
    pub(super) expected: &'static str,
}

/// `Amount (ETH)` as `amount_eth`.
fn normal(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// A name with its unit at the end.
fn with_unit(name: &str) -> Option<(&str, Currency)> {
    let (stem, unit) = name.rsplit_once('_')?;
    let (_, unit) = UNITS.iter().find(|(known, _)| *known == unit)?;
    Some((stem, *unit))
}

pub(super) fn columns(header: &[&str]) -> Result<Columns, HeaderFault> {
    const TIME: &str = "one column `date`, `time` or `timestamp`";
    const AMOUNT: &str = "one of `amount_eth`, `amount_wei`, `amount_lpt` (spend), `fees_eth` \
                          (daily fees), `face_value_eth` (redeemed tickets)";
    let normal: Vec<String> = header.iter().map(|name| normal(name)).collect();
    let position = |known: &[&str]| {
        let mut places = (0..normal.len()).filter(|&i| known.contains(&normal[i].as_str()));
        let first = places.next();
        match places.next() {
            Some(second) => Err(HeaderFault {
                column: Some(header[second].to_string()),
                message: match first {
                    Some(first) if normal[first] == normal[second] => {
                        format!("there are two columns `{}`", normal[second])
                    }
                    _ => format!("there are two columns for `{}`", known[0]),
                },
                expected: "each column once",
            }),
            None => Ok(first),
        }
    };
    let time = position(&TIMES)?.ok_or(HeaderFault {
        column: None,
        message: "the header names no column of times".to_string(),
        expected: TIME,
    })?;
    let amounts: Vec<(usize, &str, Currency)> = normal
        .iter()
        .enumerate()
        .filter_map(|(i, name)| with_unit(name).map(|(stem, unit)| (i, stem, unit)))
        .filter(|(_, stem, _)| AMOUNTS.contains(stem) || FEES.contains(stem) || *stem == FACE_VALUE)
        .collect();
    let (amount, stem, unit) = match amounts.as_slice() {
        [one] => *one,
        [] => {
            let bare = |name: &String| {
                AMOUNTS.contains(&name.as_str())
                    || FEES.contains(&name.as_str())
                    || name == FACE_VALUE
            };
            return Err(match normal.iter().position(bare) {
                Some(bare) => HeaderFault {
                    column: Some(header[bare].to_string()),
                    message: format!("the name of the column `{}` has no unit", header[bare]),
                    expected: "the unit at its end: `_eth`, `_gwei`, `_wei` or `_lpt`",
                },
                None => HeaderFault {
                    column: None,
                    message: "the header names no column of amounts".to_string(),
                    expected: AMOUNT,
                },
            });
        }
        [(first, ..), (second, ..), ..] => {
            return Err(HeaderFault {
                column: Some(header[*second].to_string()),
                message: format!(
                    "both `{}` and `{}` hold an amount",
                    header[*first], header[*second]
                ),
                expected: "one of them, in one unit",
            });
        }
    };
    let mut names = [None; 5];
    for (place, name) in names.iter_mut().zip(NAMES) {
        *place = position(&[name])?;
    }
    let requests = position(&["requests"])?;
    let tickets = position(&TICKETS)?;
    let form = if stem == FACE_VALUE {
        SpendForm::Redemptions
    } else if FEES.contains(&stem) && names.iter().all(Option::is_none) {
        SpendForm::DailyFees
    } else {
        SpendForm::Rows
    };
    let known = |i: usize| {
        [Some(time), Some(amount), requests, tickets].contains(&Some(i))
            || names.contains(&Some(i))
            || with_unit(&normal[i]).is_some_and(|(stem, _)| stem == MEAN_FACE_VALUE)
    };
    let ignored = (0..header.len()).filter(|&i| !known(i)).map(|i| header[i].to_string());
    Ok(Columns {
        form,
        count: header.len(),
        time,
        amount,
        unit,
        names,
        requests,
        tickets,
        ignored: ignored.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart_by_their_header() {
        let form = |header: &[&str]| columns(header).map(|c| (c.form, c.unit)).ok();
        use SpendForm::{DailyFees, Redemptions, Rows};
        let spend = ["Date", "Gateway", "Pipeline", "Amount (ETH)"];
        assert_eq!(form(&spend), Some((Rows, Currency::Eth)));
        assert_eq!(form(&["timestamp", "spend_wei"]), Some((Rows, Currency::Wei)));
        let fees = ["date", "fees_eth", "winning_tickets", "mean_face_value_eth"];
        assert_eq!(form(&fees), Some((DailyFees, Currency::Eth)));
        assert_eq!(form(&["date", "fees_eth", "gateway"]), Some((Rows, Currency::Eth)));
        let tickets = ["block_timestamp", "face_value_wei", "orchestrator"];
        assert_eq!(form(&tickets), Some((Redemptions, Currency::Wei)));
    }

    #[test]
    fn a_header_that_leaves_the_unit_open_is_refused() {
        let message = |header: &[&str]| columns(header).err().map(|fault| fault.message);
        assert!(message(&["date", "amount"]).unwrap().contains("has no unit"));
        assert!(message(&["date", "amount_eth", "amount_wei"]).unwrap().contains("both"));
        assert!(message(&["date", "time", "amount_eth"]).unwrap().contains("two columns"));
        assert!(message(&["gateway", "amount_eth"]).unwrap().contains("no column of times"));
        assert!(message(&["date", "gateway"]).unwrap().contains("no column of amounts"));
    }
}
