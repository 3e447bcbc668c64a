//! A stake list: a CSV with an orchestrator and its stake in each row, such as
//! an export of the explorer or the rows of a stake history.

use super::ImportError;
use super::findings::{Findings, orchestrator_id};
use crate::text::{NumberError, Table, number, plain};
use crate::units::{Amount, Currency, Lpt};

/// A whole number from here on counts base units (1e-18 LPT): a thousandth of an
/// LPT there, more LPT than there will be here.
const LEAST_BASE_UNITS: u128 = 1_000_000_000_000_000;
/// More than will ever be minted.
const MOST_LPT: Lpt = Lpt(1_000_000_000_000_000_000_000_000_000);

/// Which columns hold what.
pub(super) struct Columns {
    id: usize,
    stake: usize,
    /// Of a history: only the rows of its last entry are read.
    period: Option<usize>,
}

/// The columns of a stake list, `None` where it is something else.
pub(super) fn columns(table: &Table) -> Option<Columns> {
    let header: Vec<String> = table.header.iter().map(|name| plain(name)).collect();
    let find = |names: &[&str]| {
        names.iter().find_map(|name| header.iter().position(|column| column == name))
    };
    Some(Columns {
        id: find(&[
            "address",
            "orchestrator",
            "delegate",
            "ethaddress",
            "transcoder",
            "recipient",
            "id",
            "name",
            "node",
        ])?,
        stake: find(&[
            "stake",
            "totalstake",
            "stakelpt",
            "totalstakelpt",
            "bondedlpt",
            "bonded",
            "bondedamount",
            "delegatedstake",
            "lpt",
            "stakewei",
        ])?,
        period: find(&["month", "date", "day", "snapshot", "snapshotiso", "round", "timestamp"]),
    })
}

/// `false` where the table is something else.
///
/// # Errors
/// A comma whose meaning is not certain: then no other number is either.
pub(super) fn read(
    table: &Table,
    file: &str,
    findings: &mut Findings,
) -> Result<bool, ImportError> {
    let Some(columns) = columns(table) else { return Ok(false) };
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let latest = columns.period.and_then(|column| {
        table.rows.iter().map(|(_, row)| cell(row, column)).max_by(|a, b| in_order(a, b))
    });
    let mut earlier = 0;
    for (line, row) in &table.rows {
        if let (Some(column), Some(latest)) = (columns.period, &latest)
            && cell(row, column) != *latest
        {
            earlier += 1;
            continue;
        }
        let what = format!("line {line}");
        let Some(id) = orchestrator_id(&cell(row, columns.id)) else {
            findings.skip(what, "no address or name of an orchestrator");
            continue;
        };
        match stake(&cell(row, columns.stake)) {
            Ok(stake) => {
                keep(&id, stake, "", format!("{what} ({id})"), findings);
            }
            Err(StakeError::Comma(wrong)) => {
                return Err(ImportError::Comma {
                    file: file.to_string(),
                    line: *line,
                    column: table.header[columns.stake].clone(),
                    message: wrong.to_string(),
                    expected: wrong.expected(),
                });
            }
            Err(why) => findings.skip(format!("{what} ({id})"), why.to_string()),
        }
    }
    if let (Some(latest), true) = (latest, earlier > 0) {
        findings.notes.push(format!("rows before {latest}, the last entry, left out: {earlier}"));
    }
    Ok(true)
}

/// Numbers by size, other texts by the alphabet (which sorts ISO dates).
fn in_order(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

/// Keeps an orchestrator's stake, unless there is one.
pub(super) fn keep(id: &str, stake: Lpt, about: &str, what: String, findings: &mut Findings) {
    let known = findings.orchestrator(id);
    if known.stake.is_some() {
        return findings.skip(what, "a second stake of the same orchestrator");
    }
    known.stake = Some(stake);
    known.about = about.to_string();
}

/// Why a text is not a stake.
#[derive(Debug, thiserror::Error)]
pub(super) enum StakeError {
    #[error(transparent)]
    Comma(NumberError),
    #[error("`{0}` is not a stake of at least 0 LPT")]
    None(String),
    #[error("`{0}` is more LPT than exist")]
    TooMuch(String),
}

/// A stake as people and contracts write it: `1,234.5`, `1234.5 LPT`, or a whole
/// number of base units.
pub(super) fn stake(text: &str) -> Result<Lpt, StakeError> {
    let text = text.trim();
    let coins = text.strip_suffix("LPT").map_or(text, str::trim_end);
    let shown = || text.chars().take(40).collect();
    let value = number(coins).map_err(|wrong| match wrong {
        NumberError::None => StakeError::None(shown()),
        comma => StakeError::Comma(comma),
    })?;
    let is_whole = value.scale == 0;
    let stake = if is_whole && value.mantissa >= LEAST_BASE_UNITS {
        Some(Lpt(value.mantissa))
    } else {
        Amount { value, currency: Currency::Lpt }.to_lpt()
    };
    stake.filter(|stake| *stake <= MOST_LPT).ok_or_else(|| StakeError::TooMuch(shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stakes_are_exact_in_either_unit() {
        let coins = |text: &str| stake(text).map(|stake| stake.to_string()).unwrap();
        assert_eq!(coins("10359.571442424819689212"), "10359.571442424819689212 LPT");
        assert_eq!(coins("10359571442424819689212"), "10359.571442424819689212 LPT");
        assert_eq!(coins("1,234.5 LPT"), "1234.5 LPT");
        assert_eq!(coins("0"), "0 LPT");
        for bad in ["", "-5", "NaN", "inf", "1e40", "5 ETH", "99999999999999999999999999999999"] {
            assert!(stake(bad).is_err(), "{bad}");
        }
    }
}
