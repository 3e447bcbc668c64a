//! A stake list: a CSV with an orchestrator and its stake in each row, such as
//! an export of the explorer, the rows of a stake history, or a list of what
//! each delegator bonds to whom.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::Offset;

use super::ImportError;
use super::findings::{Findings, orchestrator_id};
use super::merge::comment;
use crate::spend::{named_list, time_columns};
use crate::text::{
    NumberError, SECOND_NS, Table, UNCLOSED, is_address, is_total, moment, number, plain,
};
use crate::units::{Amount, COIN, Currency, Decimal, Lpt};

/// Where no unit is told, a whole number from here on counts base units (1e-18 LPT): a
/// thousandth of an LPT there, more LPT than there will be here.
const LEAST_BASE_UNITS: u128 = 1_000_000_000_000_000;
/// More than will ever be minted.
const MOST_LPT: Lpt = Lpt(1_000_000_000 * COIN);
const IDS: [&str; 10] = [
    "address",
    "orchestrator",
    "delegate",
    "delegateid",
    "ethaddress",
    "transcoder",
    "recipient",
    "id",
    "name",
    "node",
];
/// Where there are several, the first of these counts: gateways weigh the whole stake.
const STAKES: [&str; 6] =
    ["totalstake", "stake", "activestake", "bonded", "bondedamount", "delegatedstake"];
/// Stakes without a unit that sum to 1 within this are shares.
const SHARES_WITHIN: f64 = 0.02;
/// What tells when a row is of, besides the columns of times that spend may have.
const PERIODS: [&str; 15] = [
    "month",
    "year_month",
    "snapshot",
    "snapshot_iso",
    "snapshot_date",
    "round",
    "round_id",
    "week",
    "period",
    "epoch",
    "as_of",
    "updated_at",
    "block_number",
    "evt_block_number",
    "year",
];
/// Of these, numbers begin anew each year.
const PARTS_OF_A_YEAR: [&str; 2] = ["month", "week"];
const WEEKS_OF_A_YEAR: f64 = 53.0;

/// What a stake counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Lpt,
    /// 1e-18 LPT.
    Base,
}

/// Which columns hold what.
pub(super) struct Columns {
    id: usize,
    stake: usize,
    /// Where a row is of one delegator: an orchestrator's stake is the sum of its rows.
    delegator: Option<usize>,
    /// Other columns of stakes, which are not read.
    other_stakes: Vec<usize>,
    /// Of the stake, where its name tells.
    unit: Option<Unit>,
    /// Whether it is active.
    active: Option<usize>,
    /// When a row is of: see [`current`].
    period: Option<usize>,
}

/// The columns of a stake list, `None` where it is something else.
pub(super) fn columns(table: &Table) -> Option<Columns> {
    let header: Vec<String> = table.header.iter().map(|name| plain(name)).collect();
    let find = |names: &[&str], header: &[&str]| {
        names.iter().find_map(|name| header.iter().position(|column| column == name))
    };
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let (stems, units): (Vec<&str>, Vec<Option<Unit>>) =
        names.iter().map(|name| without_unit(name)).unzip();
    let stake = find(&STAKES, &stems)?;
    let id = find(&IDS, &names)?;
    // One that is the same in all rows is of the export, not of them.
    let differs = |&column: &usize| {
        let cells = || table.rows.iter().map(|(_, row)| row.get(column));
        cells().zip(cells().skip(1)).any(|(one, next)| one != next)
    };
    let times = time_columns(&table.header, &PERIODS);
    let period = times.iter().copied().find(differs).or(times.first().copied());
    // Delegators of the subgraph have an `id` and a `delegate`; other ids are of rows.
    let has_address = |&column: &usize| {
        table.rows.iter().any(|(_, row)| row.get(column).is_some_and(|cell| is_address(cell)))
    };
    let owner = find(&["id"], &names).filter(has_address);
    let owner = owner.filter(|_| names[id].starts_with("delegate"));
    let delegator = find(&["delegator"], &names).or(owner);
    let active = find(&["active", "isactive"], &names);
    let is_other = |&column: &usize| column != stake && STAKES.contains(&stems[column]);
    let other_stakes = (0..stems.len()).filter(is_other).collect();
    Some(Columns { id, stake, delegator, other_stakes, unit: units[stake], active, period })
}

/// `stakewei` as `stake` in base units; `lpt` alone is a stake too.
fn without_unit(name: &str) -> (&str, Option<Unit>) {
    for (suffix, unit) in [("lpt", Unit::Lpt), ("wei", Unit::Base)] {
        match name.strip_suffix(suffix) {
            Some("") => return ("stake", Some(unit)),
            Some(stem) => return (stem, Some(unit)),
            None => {}
        }
    }
    (name, None)
}

/// `false` where the table is something else.
///
/// # Errors
/// A comma or a time whose meaning is not certain: then no other row's is either.
pub(super) fn read(
    table: &Table,
    file: &str,
    findings: &mut Findings,
) -> Result<bool, ImportError> {
    let Some(columns) = columns(table) else { return Ok(false) };
    let list = List { table, file, columns };
    list.check()?;
    if !list.columns.other_stakes.is_empty() {
        let name = |column: usize| format!("`{}`", table.header[column]);
        let others: Vec<String> = list.columns.other_stakes.iter().map(|&c| name(c)).collect();
        let stake = name(list.columns.stake);
        findings
            .notes
            .push(format!("the stake is that of {stake}; not read: {}", others.join(", ")));
    }
    let rows = list.current_rows(list.rows(findings), findings)?;
    let mut seen = BTreeMap::new();
    let mut numbers = Vec::new();
    for row in rows {
        let Some(entry) = list.entry(row, findings)? else { continue };
        if list.is_repeated(row, &entry, &mut seen, findings)? {
            continue;
        }
        // Where the cell has a unit nobody doubts what it counts.
        let written = cell(row.1, list.columns.stake);
        numbers.push(number(&written).map_or(f64::INFINITY, Decimal::to_f64));
        let known = &mut findings.orchestrator(&entry.id).stake;
        match Lpt(known.map_or(0, |known| known.0) + entry.stake.0) {
            sum if sum <= MOST_LPT => *known = Some(sum),
            _ => {
                let what = format!("line {} ({})", row.0, entry.id);
                findings.skip(what, "with it there is more LPT than exists");
            }
        }
    }
    list.check_unit(&numbers)?;
    if list.columns.delegator.is_some() {
        findings.notes.push(format!(
            "the rows are of {} delegators: the stake of an orchestrator is the sum of those that \
             bond to it",
            seen.len()
        ));
    }
    Ok(true)
}

/// Number of the line and cells.
type Row<'a> = (usize, &'a [String]);

/// What a row says.
#[derive(Clone, PartialEq)]
struct Bonded {
    id: String,
    stake: Lpt,
}

fn cell(row: &[String], column: usize) -> String {
    row.get(column).cloned().unwrap_or_default()
}

/// A table that is a stake list.
struct List<'a> {
    table: &'a Table,
    file: &'a str,
    columns: Columns,
}

impl<'a> List<'a> {
    fn unclear(
        &self,
        line: usize,
        column: usize,
        message: String,
        expected: &'static str,
    ) -> ImportError {
        let (file, column) = (self.file.to_string(), self.table.header[column].clone());
        ImportError::Cell { file, line, column, message, expected }
    }

    /// What a row is of.
    fn noun(&self) -> &'static str {
        self.columns.delegator.map_or("orchestrator", |_| "delegator")
    }

    /// Whether each cell is known to stand under its column.
    fn check(&self) -> Result<(), ImportError> {
        let Table { header, rows, line, unclosed, .. } = self.table;
        let stake = &header[self.columns.stake];
        let twice = (header.iter().filter(|name| *name == stake).count() > 1)
            .then(|| (*line, "the column is there twice".to_string(), "one column of stakes"));
        let quote = unclosed.map(|line| (line, UNCLOSED.0.to_string(), UNCLOSED.1));
        let whole = header.len();
        let cells = rows.iter().find(|(_, row)| row.len() != whole).map(|(line, row)| {
            let message = format!("{} cells under {whole} columns", row.len());
            (*line, message, "one cell for each column, and no commas within numbers")
        });
        match twice.or(quote).or(cells) {
            Some((line, message, expected)) => {
                Err(self.unclear(line, self.columns.stake, message, expected))
            }
            None => Ok(()),
        }
    }

    /// All rows but totals.
    fn rows(&self, findings: &mut Findings) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        for (line, row) in &self.table.rows {
            match row.iter().find(|cell| is_total(cell)) {
                Some(total) => {
                    findings.skip(format!("line {line}"), format!("a `{total}`, not a stake"))
                }
                None => rows.push((*line, row.as_slice())),
            }
        }
        rows
    }

    /// Of a history those that say what is so today.
    fn current_rows(
        &self,
        mut rows: Vec<Row<'a>>,
        findings: &mut Findings,
    ) -> Result<Vec<Row<'a>>, ImportError> {
        let of_whom = self.columns.delegator.unwrap_or(self.columns.id);
        let ids: Vec<Option<String>> =
            rows.iter().map(|(_, row)| orchestrator_id(&cell(row, of_whom))).collect();
        let mut known = BTreeSet::new();
        let is_history = ids.iter().flatten().any(|id| !known.insert(id));
        let Some(column) = self.columns.period.filter(|_| is_history) else { return Ok(rows) };
        let texts: Vec<(usize, String)> =
            rows.iter().map(|(line, row)| (*line, cell(row, column))).collect();
        let is_part = PARTS_OF_A_YEAR.contains(&plain(&self.table.header[column]).as_str());
        let times = times(&texts, is_part).map_err(|(line, text)| {
            let why = match is_part && number(&text).is_ok() {
                true => "does not say of which year",
                false => "is not a date, and not all are numbers",
            };
            let message = format!("`{}` {why}", comment(&text));
            let expected = "ISO dates or months throughout, such as 2025-02-28";
            self.unclear(line, column, message, expected)
        })?;
        let (is_current, note) = current(&ids, &times, self.noun(), |row| texts[row].1.as_str());
        findings.notes.extend(note);
        let mut is_current = is_current.into_iter();
        rows.retain(|_| is_current.next() == Some(true));
        Ok(rows)
    }

    /// The orchestrator of a row and its stake; `None` where the row is skipped.
    fn entry(
        &self,
        (line, row): Row,
        findings: &mut Findings,
    ) -> Result<Option<Bonded>, ImportError> {
        let what = format!("line {line}");
        let written = cell(row, self.columns.id);
        if is_shortened(&written) {
            findings.skip(what, format!("`{written}` is a shortened address"));
            return Ok(None);
        }
        let Some(id) = orchestrator_id(&written) else {
            findings.skip(what, "no address or name of an orchestrator");
            return Ok(None);
        };
        let active = self.columns.active.map(|column| plain(&cell(row, column)));
        if active.is_some_and(|active| ["false", "no", "0"].contains(&active.as_str())) {
            findings.skip(format!("{what} ({id})"), "not active");
            return Ok(None);
        }
        match stake(&cell(row, self.columns.stake), self.columns.unit) {
            Ok(stake) => Ok(Some(Bonded { id, stake })),
            Err(StakeError::Comma(wrong)) => {
                Err(self.unclear(line, self.columns.stake, wrong.to_string(), wrong.expected()))
            }
            Err(why) => {
                findings.skip(format!("{what} ({id})"), why.to_string());
                Ok(None)
            }
        }
    }

    /// Whether an earlier row of `seen` says the same of the same orchestrator or delegator.
    fn is_repeated(
        &self,
        (line, row): Row,
        entry: &Bonded,
        seen: &mut BTreeMap<String, (usize, Bonded)>,
        findings: &mut Findings,
    ) -> Result<bool, ImportError> {
        let whose = match self.columns.delegator {
            Some(column) => cell(row, column).to_ascii_lowercase(),
            None => entry.id.clone(),
        };
        if whose.is_empty() {
            return Ok(false);
        }
        match seen.entry(whose) {
            Entry::Vacant(first) => {
                first.insert((line, entry.clone()));
                Ok(false)
            }
            Entry::Occupied(first) => {
                let (whose, (earlier, known)) = (first.key(), first.get());
                if known != entry {
                    let (why, expected) = undated(self.table, self.columns.period);
                    let lines = format!("on lines {earlier} and {line}");
                    let message = format!("`{whose}` has two different entries, {lines}{why}");
                    return Err(self.unclear(line, self.columns.stake, message, expected));
                }
                let why = format!("a second row of the same {}", self.noun());
                findings.skip(format!("line {line} ({whose})"), why);
                Ok(true)
            }
        }
    }

    /// Whether the numbers may be LPT where nothing says of what they are.
    fn check_unit(&self, numbers: &[f64]) -> Result<(), ImportError> {
        let sum: f64 = numbers.iter().sum();
        let are_shares = numbers.len() > 1 && (sum - 1.0).abs() < SHARES_WITHIN;
        if self.columns.unit.is_some() || !are_shares {
            return Ok(());
        }
        let message = format!("the stakes sum to {sum:.3}, as shares do, not LPT");
        let expected = "stakes in LPT or base units; `stake_lpt` as the column's name if they are";
        Err(self.unclear(self.table.line, self.columns.stake, message, expected))
    }
}

/// Why of two stakes none is known to be the later, and what was expected.
fn undated(table: &Table, period: Option<usize>) -> (String, &'static str) {
    match period {
        Some(column) => (
            format!(", of one `{}`", table.header[column]),
            "one row for each at a time, or a column of times that tells its rows apart",
        ),
        None => (
            format!(
                ", and no column says when each is of: there are {}",
                named_list(&table.header)
            ),
            "one row for each, or a column of times, of which the last counts, such as `date`, \
             `timestamp`, `block_time`, `month`, `week`, `period`, `round`, `snapshot`, \
             `updated_at` or `block_number`",
        ),
    }
}

/// Whether an address is written as pages show it, such as `0x104a...1361`.
fn is_shortened(id: &str) -> bool {
    id.starts_with("0x") && (id.contains("..") || id.contains('…'))
}

/// Which rows of a history say what is so today, and a note of those that do not; `noun`
/// is what `ids` are of.
///
/// Where most rows share their time with others these are whole entries, of which the
/// last counts: whom it lacks has left. It reaches back as far as nobody stands in it at
/// two times, as a list may take seconds to write. Where rows have times of their own,
/// the last row of each orchestrator counts.
fn current<'a>(
    ids: &[Option<String>],
    times: &[f64],
    noun: &str,
    written: impl Fn(usize) -> &'a str,
) -> (Vec<bool>, Option<String>) {
    let mut latest_first: Vec<usize> = (0..times.len()).collect();
    latest_first.sort_by(|&a, &b| times[b].total_cmp(&times[a]));
    let at_once: Vec<&[usize]> = latest_first.chunk_by(|&a, &b| times[a] == times[b]).collect();
    let shared: usize = at_once.iter().map(|rows| rows.len()).filter(|&rows| rows > 1).sum();
    let is_of_entries = 2 * shared > times.len();

    let mut is_current = vec![false; times.len()];
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    for rows in &at_once {
        let is_new = |row: &usize| ids[*row].as_ref().is_none_or(|id| !seen.contains(id));
        let new: Vec<usize> = rows.iter().copied().filter(is_new).collect();
        if is_of_entries && new.len() < rows.len() {
            break;
        }
        for row in new {
            is_current[row] = true;
            seen.extend(&ids[row]);
        }
    }
    let kept = || latest_first.iter().filter(|&&row| is_current[row]);
    let left_out = times.len() - kept().count();
    let (Some(&last), Some(&first)) = (kept().next(), kept().next_back()) else {
        return (is_current, None);
    };
    let left: BTreeSet<&String> = ids.iter().flatten().filter(|id| !seen.contains(id)).collect();
    let from = written(first);
    let note = if is_of_entries || times[first] == times[last] {
        let left = match left.len() {
            0 => String::new(),
            left => format!("; {noun}s in those only, left out: {left}"),
        };
        format!("rows before {from}, the last entry, left out: {left_out}{left}")
    } else {
        format!(
            "the last row of each {noun} counts, the oldest of them of {from}; earlier rows left \
             out: {left_out}"
        )
    };
    (is_current, (left_out > 0).then_some(note))
}

/// The times of rows on one scale: numbers where all are such as rounds, else seconds.
/// Numbers of parts of a year do not say of which.
///
/// # Errors
/// The line and the text of the first that is neither.
fn times(texts: &[(usize, String)], are_parts: bool) -> Result<Vec<f64>, (usize, String)> {
    let is_scale = |number: &f64| !are_parts || *number > WEEKS_OF_A_YEAR;
    let read = |text: &String| Some(number(text).ok()?.to_f64()).filter(is_scale);
    let numbers = texts.iter().map(|(_, text)| read(text));
    if let Some(numbers) = numbers.collect() {
        return Ok(numbers);
    }
    let seconds = |(line, text): &(usize, String)| time(text).ok_or((*line, text.clone()));
    texts.iter().map(seconds).collect()
}

/// Unix seconds of a time as files of spend write it, of a date with or without leading
/// zeros, of the end of a month (`2025-02`, `2025-02-end`) or a week (`2025-W09`), or of
/// what is later than all of them.
fn time(text: &str) -> Option<f64> {
    if text.eq_ignore_ascii_case("latest") {
        return Some(f64::INFINITY);
    }
    let date = || -> Option<Date> {
        let mut parts = text.splitn(3, '-');
        let (year, part, rest) = (parts.next()?.parse().ok()?, parts.next()?, parts.next());
        if let (Some(week), None) = (part.strip_prefix('W'), rest) {
            let last = ISOWeekDate::new(year, week.parse().ok()?, Weekday::Sunday);
            return Some(last.ok()?.date());
        }
        let month = part.parse().ok()?;
        match rest {
            None | Some("end") => Some(Date::new(year, month, 1).ok()?.last_of_month()),
            Some(day) => Date::new(year, month, day.parse().ok()?).ok(),
        }
    };
    let (day, nanosecond) = match date() {
        Some(day) => (day, 0),
        None => moment(text).map(|at| (at.day, at.nanosecond.unwrap_or(0)))?,
    };
    let day = Offset::UTC.to_timestamp(day.into()).ok()?;
    Some((day.as_second() + nanosecond / SECOND_NS) as f64)
}

/// Why a text is not a stake.
#[derive(Debug, thiserror::Error)]
pub(super) enum StakeError {
    #[error(transparent)]
    Comma(NumberError),
    #[error("`{0}` is not a stake of at least 0 LPT")]
    None(String),
    #[error("`{0}` is not a whole number of base units")]
    Fraction(String),
    #[error("`{0}` is more LPT than exist")]
    TooMuch(String),
}

/// A stake as people and contracts write it: `1,234.5`, `1234.5 LPT`, or a whole
/// number of base units.
pub(super) fn stake(text: &str, unit: Option<Unit>) -> Result<Lpt, StakeError> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let (coins, unit) = match lower.strip_suffix("lpt") {
        Some(coins) => (coins.trim_end(), Some(Unit::Lpt)),
        None => (text, unit),
    };
    let shown = || text.chars().take(40).collect();
    let value = number(coins).map_err(|wrong| match wrong {
        NumberError::None => StakeError::None(shown()),
        comma => StakeError::Comma(comma),
    })?;
    let is_large = value.scale == 0 && value.mantissa >= LEAST_BASE_UNITS;
    let stake = match unit.unwrap_or(if is_large { Unit::Base } else { Unit::Lpt }) {
        Unit::Base if value.reduced().scale > 0 => return Err(StakeError::Fraction(shown())),
        Unit::Base => value.scaled_to_integer(0).map(Lpt),
        Unit::Lpt => Amount { value, currency: Currency::Lpt }.to_lpt(),
    };
    stake.filter(|stake| *stake <= MOST_LPT).ok_or_else(|| StakeError::TooMuch(shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_spend_and_ends_of_months() {
        // Unix seconds by `date -u +%s`.
        for (text, seconds) in [
            ("2025-02-28 00:00:00.000 UTC", 1_740_700_800.0),
            ("2025-02-28T01:00:00+01:00", 1_740_700_800.0),
            ("2025-02-28 12:30", 1_740_745_800.0),
            ("2025-2-28", 1_740_700_800.0),
            ("2025-02-end", 1_740_700_800.0),
            ("2025-02", 1_740_700_800.0),
            // 2 March is the Sunday of the ninth week.
            ("2025-W09", 1_740_873_600.0),
            ("Latest", f64::INFINITY),
        ] {
            assert_eq!(time(text), Some(seconds), "{text}");
        }
        for bad in ["", "2025-W54", "12/31/2024", "2025-02-30", "2025-02-28 CET"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn stakes_are_exact_in_either_unit() {
        let coins = |text: &str| stake(text, None).map(|stake| stake.to_string()).unwrap();
        assert_eq!(coins("10359.571442424819689212"), "10359.571442424819689212 LPT");
        assert_eq!(coins("10359571442424819689212"), "10359.571442424819689212 LPT");
        assert_eq!(coins("1,234.5 LPT"), "1234.5 LPT");
        assert_eq!(coins("1234.5 lpt"), "1234.5 LPT");
        assert_eq!(coins("0"), "0 LPT");
        for bad in ["", "-5", "NaN", "inf", "1e40", "5 ETH", "99999999999999999999999999999999"] {
            assert!(stake(bad, None).is_err(), "{bad}");
        }
        let of = |text: &str, unit| stake(text, Some(unit)).map(|stake| stake.0).ok();
        assert_eq!(of("1000000", Unit::Base), Some(1_000_000));
        assert_eq!(of("5e+21", Unit::Base), Some(5_000_000_000_000_000_000_000));
        assert_eq!(of("1000000", Unit::Lpt), Some(1_000_000_000_000_000_000_000_000));
        assert_eq!(of("2 LPT", Unit::Base), Some(2_000_000_000_000_000_000));
        assert_eq!(of("1.5", Unit::Base), None);
        assert_eq!(of("1000000000000000", Unit::Lpt), None);
    }
}
