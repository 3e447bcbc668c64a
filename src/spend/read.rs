use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::Path;

use csv::ByteRecord;
use ethnum::U256;
use jiff::civil::{Date, Weekday};

use super::error::{Faults, clipped};
use super::header::{self, Columns, NAMES, named_list, without_a_unit};
use super::history::{Coverage, SpendHistory, SpendKey, Spent};
use super::spelling::Spellings;
use super::untold::UntoldUnit;
use super::{Duplicates, Fault, SpendError, SpendForm, SpendOptions};
use crate::text::{
    self, DAY_NS, Moment, NumberError, Rows, SECOND_NS, is_total, moment, number, plain,
};
use crate::treasury::DailyPrices;
use crate::units::{Amount, Currency, Decimal, Wei};

/// Above this a file is not read: as many bytes are some ten million rows.
pub const LARGEST_SPEND_BYTES: u64 = 512 << 20;
const MOST_KEYS: usize = 100_000;
/// More ETH than there is (121 million in 2026, and 1 % more a year at most): such
/// amounts are in another unit than the header says.
const MOST: Wei = Wei(200_000_000_000_000_000_000_000_000);
/// Of an ETH.
const WEI_DECIMALS: u32 = 18;
/// The longest history.
const MOST_DAYS: i32 = 36_500;
/// A file with times of day reaches to the start (end) of its first (last) day
/// when it begins (ends) within so many nanoseconds of it.
const WHOLE_WITHIN_NS: i64 = 3_600 * SECOND_NS;
/// A file whose rows all stand at one time from here on stamps days at their end.
const END_OF_DAY_NS: i64 = DAY_NS - 60 * SECOND_NS;
/// So many days show which times of day are usual.
const LEAST_USUAL_DAYS: usize = 7;
/// Days from one row to the next, and what each is the sum of where it is of all those
/// days.
const SUMS: [(RangeInclusive<i32>, &str); 3] =
    [(7..=7, "week"), (28..=31, "month"), (90..=92, "quarter")];
/// So many times from one day with rows to the next show how far apart they are, where
/// that is not just the time of a sum.
const LEAST_GAPS: usize = 2;
/// Fewer than one in so many days with rows that follow the one before are few.
const FEW: usize = 4;
/// So many days of one weekday without data are no accident.
const LEAST_OF_A_WEEKDAY: usize = 2;
/// How the kinds of rows begin that move funds: `fundDepositAndReserve`, `withdraw` and
/// `unlock` of the TicketBroker, and what a ledger calls so.
const FUNDING: [&str; 5] = ["fund", "deposit", "withdraw", "unlock", "topup"];
const REFUND: &str = "refund";
/// What a file has to be.
const UTF_8: &str = "a CSV in UTF-8; a spreadsheet can be saved as one";
/// Dates named in one sentence.
const MOST_NAMED: usize = 6;

/// Reads a spend file.
///
/// # Errors
/// [`SpendError`]: the file system, a file above [`LARGEST_SPEND_BYTES`], or up to 20 faults
/// of its content, each with line and column.
pub fn read_spend_file(path: &Path, options: &SpendOptions) -> Result<SpendHistory, SpendError> {
    let failed = |source| SpendError::Io { path: path.to_path_buf(), source };
    let invalid = |text: &str| failed(io::Error::new(io::ErrorKind::InvalidData, text));
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(invalid("not a regular file"));
    }
    if metadata.len() > LARGEST_SPEND_BYTES {
        return Err(invalid(&format!("larger than {} MB", LARGEST_SPEND_BYTES >> 20)));
    }
    let name = path.display().to_string();
    read_spend(file, &name, options).map_err(|error| match error {
        SpendError::Io { source, .. } => failed(source),
        faults => faults,
    })
}

/// Reads spend as CSV; `name` is what messages call it.
///
/// # Errors
/// As [`read_spend_file`].
pub fn read_spend(
    input: impl Read,
    name: &str,
    options: &SpendOptions,
) -> Result<SpendHistory, SpendError> {
    let mut rows = Rows::new(input);
    let separator = rows.separator.to_string();
    let mut reader = SpendReader::new(name, &separator, options);
    let failed =
        |error| SpendError::Io { path: name.into(), source: io::Error::other::<csv::Error>(error) };
    let columns = match rows.next().map_err(failed)? {
        Some((line, header)) => reader.header(line, header),
        None => {
            reader.fault(1, "", None, "the file is empty", Some("a header and rows"));
            None
        }
    };
    let Some(columns) = columns else { return Err(reader.faults.into_error()) };
    while let Some((line, row)) = rows.next().map_err(failed)? {
        reader.row(line, row, &columns);
    }
    if let Some(line) = rows.unclosed() {
        let (message, expected) = text::UNCLOSED;
        reader.fault(line, "", None, message, Some(expected));
    }
    reader.finish(columns)
}

/// What kind of file its header says it is; `None` where it is none.
pub fn spend_form(csv: &str) -> Option<SpendForm> {
    let mut rows = Rows::new(csv.as_bytes());
    let (_, header) = rows.next().ok()??;
    let names = text::header(header);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    header::columns(&names).ok().map(|columns| columns.form)
}

/// What a row says.
struct Entry {
    day: Date,
    nanosecond: Option<i64>,
    key: SpendKey,
    spent: Spent,
    /// Hash of the cells that nothing is made of.
    rest: u64,
}

/// Why a row is left out though nothing is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NoSpend {
    /// It is the sum of others.
    Total,
    /// Its transaction failed.
    Failed,
    /// It moves funds of the one who spends, such as a gateway's deposit at the
    /// TicketBroker.
    Funding,
    /// It came back.
    Refund,
    /// It says that the fees of its day are not known.
    Unknown(Date),
}

/// Why a row is not counted: the column to blame, what is wrong and what was expected.
struct Wrong(Option<usize>, String, Option<&'static str>);

/// A row as it is compared with others: day, nanosecond, number of the key, what was
/// spent, and [`Entry::rest`].
type SeenRow = (Date, Option<i64>, u32, Spent, u64);

/// What has been read so far.
struct SpendReader<'a> {
    name: &'a str,
    separator: &'a str,
    options: &'a SpendOptions<'a>,
    faults: Faults,
    header: Vec<String>,
    spellings: Spellings,
    keys: BTreeMap<SpendKey, u32>,
    /// By the day of UTC, the day the row says it begins, and the key.
    cells: BTreeMap<(Date, Option<Date>, u32), Spent>,
    /// The line on which a row stood first; not where repetitions are only counted.
    seen_rows: BTreeMap<SeenRow, u64>,
    /// Hash of each row, where repetitions are only counted: there is no room for ten
    /// million rows.
    hashes: Vec<u64>,
    /// By day the nanoseconds at which rows stand, in order once all are read.
    times: BTreeMap<Date, Vec<i64>>,
    /// The line on which a day of daily fees stood first.
    seen_days: BTreeMap<Date, u64>,
    rows: u64,
    /// How many rows were left out for each reason.
    no_spend: BTreeMap<NoSpend, usize>,
    repeated: u64,
    out_of_order: u64,
    has_times: bool,
    untold: UntoldUnit,
    /// Rows in another offset than that of UTC.
    shifted: u64,
    /// Whether each row so far is written as the beginning of a day.
    are_days: bool,
    /// Nanosecond of the day that all rows so far have in common.
    time_of_day: Option<i64>,
    /// With the nanosecond of the day.
    earliest: Option<(Date, i64)>,
    latest: Option<(Date, i64)>,
    previous: Option<(Date, i64)>,
}

impl<'a> SpendReader<'a> {
    fn new(name: &'a str, separator: &'a str, options: &'a SpendOptions<'a>) -> SpendReader<'a> {
        SpendReader {
            name,
            separator,
            options,
            faults: Faults::default(),
            header: Vec::new(),
            spellings: Spellings::of(options.network),
            keys: BTreeMap::new(),
            cells: BTreeMap::new(),
            seen_rows: BTreeMap::new(),
            hashes: Vec::new(),
            times: BTreeMap::new(),
            seen_days: BTreeMap::new(),
            rows: 0,
            no_spend: BTreeMap::new(),
            repeated: 0,
            out_of_order: 0,
            has_times: false,
            untold: UntoldUnit::default(),
            shifted: 0,
            are_days: true,
            time_of_day: None,
            earliest: None,
            latest: None,
            previous: None,
        }
    }

    fn fault(
        &mut self,
        line: u64,
        row: &str,
        column: Option<usize>,
        message: impl Into<String>,
        expected: Option<&str>,
    ) {
        self.faults.push(Fault {
            file: self.name.to_string(),
            line,
            column: column.and_then(|column| self.header.get(column)).cloned(),
            message: message.into(),
            expected: expected.map(str::to_string),
            row: row.to_string(),
        });
    }

    fn header(&mut self, line: u64, record: &ByteRecord) -> Option<Columns> {
        self.header = text::header(record);
        let row = self.header.join(self.separator);
        let is_binary = |c: char| c.is_control() && !c.is_whitespace();
        if self.header.iter().any(|name| name.contains(is_binary)) {
            self.fault(line, &row, None, "the file is not text", Some(UTF_8));
            return None;
        }
        let names: Vec<&str> = self.header.iter().map(String::as_str).collect();
        let found = header::columns(&names);
        match found {
            Ok(columns) => {
                let SpendOptions { eth_per_lpt, prices, .. } = self.options;
                if columns.unit == Some(Currency::Lpt) && eth_per_lpt.is_none() && prices.is_none()
                {
                    let message = "amounts are in LPT, and the price of LPT is not known";
                    let expected = "the ETH that one LPT is worth, by --eth-per-lpt, or in a report the \
                                    prices of each day, by --prices or a run whose prices are \
                                    constant or replayed";
                    self.fault(line, &row, Some(columns.amount), message, Some(expected));
                    return None;
                }
                Some(columns)
            }
            Err(wrong) => {
                let column =
                    wrong.column.and_then(|name| self.header.iter().position(|h| *h == name));
                self.fault(line, &row, column, wrong.message, Some(wrong.expected));
                None
            }
        }
    }

    fn row(&mut self, line: u64, record: &ByteRecord, columns: &Columns) {
        let cells: Result<Vec<&str>, _> = record.iter().map(std::str::from_utf8).collect();
        let Ok(cells) = cells else {
            let row = text::header(record).join(self.separator);
            let column = record.iter().position(|cell| std::str::from_utf8(cell).is_err());
            self.fault(line, &row, column, "the row is not UTF-8 text", Some(UTF_8));
            return;
        };
        if let Some(reason) = no_spend(&cells, columns) {
            *self.no_spend.entry(reason).or_default() += 1;
            return;
        }
        self.rows += 1;
        let added = self
            .entry(&cells, columns)
            .and_then(|(entry, moment)| self.add(line, entry, &moment, columns.form));
        if let Err(Wrong(column, message, expected)) = added {
            self.fault(line, &cells.join(self.separator), column, message, expected);
        }
    }

    /// What the cells of a row say.
    fn entry(&mut self, cells: &[&str], columns: &Columns) -> Result<(Entry, Moment), Wrong> {
        let beyond = cells.get(columns.count..).unwrap_or_default();
        if cells.len() < columns.count || beyond.iter().any(|cell| !cell.is_empty()) {
            let message = format!("{} cells under {} columns", cells.len(), columns.count);
            return Err(Wrong(None, message, Some("one cell for each column")));
        }
        let at = |column: usize| cells.get(column).copied().unwrap_or_default();
        let moment = moment(at(columns.time)).ok_or_else(|| {
            let cell = at(columns.time);
            let time = clipped(cell);
            let (message, expected) = match cell.contains('[') {
                true => (
                    format!("`{time}` names a time zone without its offset from UTC"),
                    "a time with its offset, such as 2025-02-18T06:30:00-05:00",
                ),
                false => (
                    format!("`{time}` is not a time"),
                    "an ISO 8601 date or time from 2015-07-30 on, such as 2025-02-18 or \
                     2025-02-18T06:30:00Z, or Unix seconds",
                ),
            };
            Wrong(Some(columns.time), message, Some(expected))
        })?;
        let unit = columns.unit.unwrap_or_else(|| self.untold.of(at(columns.amount)));
        let amount = self
            .amount(at(columns.amount), unit, moment.begins.unwrap_or(moment.day))
            .map_err(|(message, expected)| Wrong(Some(columns.amount), message, Some(expected)))?;
        let count = |column: Option<usize>| match column.map(at) {
            None | Some("") => Ok(None),
            Some(text) => {
                let message = || format!("`{}` is not a count", clipped(text));
                let wrong = || Wrong(column, message(), Some("a whole number"));
                text::count(text).map(Some).ok_or_else(wrong)
            }
        };
        let (requests, mut tickets) = (count(columns.requests)?, count(columns.tickets)?);
        if columns.form == SpendForm::Redemptions && tickets.is_none() {
            tickets = Some(1);
        }
        let name = |column: Option<usize>| column.map(at).filter(|name| !name.is_empty());
        let key = self.spellings.key(columns.names.map(name));
        let counted = requests.map_or(Wei::ZERO, |_| amount);
        let spent = Spent { amount, counted, requests, tickets };
        let mut rest = DefaultHasher::new();
        // A network has the fees of a day once, whatever else a row says of it.
        if columns.form != SpendForm::DailyFees {
            columns.ignored.iter().for_each(|&column| at(column).hash(&mut rest));
        }
        let Moment { day, nanosecond, .. } = moment;
        Ok((Entry { day, nanosecond, key, spent, rest: rest.finish() }, moment))
    }

    /// Books a row, unless it is a repetition.
    fn add(
        &mut self,
        line: u64,
        entry: Entry,
        moment: &Moment,
        form: SpendForm,
    ) -> Result<(), Wrong> {
        const ONCE: &str = "each row once; --duplicates keep counts both, --duplicates drop one";
        const ONE_A_DAY: &str = "one amount for each day; --duplicates keep counts both";
        let duplicates = self.options.duplicates;
        let next = self.keys.len();
        if next >= MOST_KEYS && !self.keys.contains_key(&entry.key) {
            let names = NAMES.join(", ");
            let message = format!("more than {MOST_KEYS} combinations of {names}");
            return Err(Wrong(None, message, None));
        }
        let key = *self.keys.entry(entry.key).or_insert(next as u32);
        let row: SeenRow = (entry.day, entry.nanosecond, key, entry.spent, entry.rest);
        let same_row = match duplicates {
            Duplicates::Keep => {
                let mut hash = DefaultHasher::new();
                row.hash(&mut hash);
                self.hashes.push(hash.finish());
                None
            }
            Duplicates::Refuse | Duplicates::Drop => earlier(&mut self.seen_rows, row, line),
        };
        let (times, time) =
            (self.times.entry(entry.day).or_default(), entry.nanosecond.unwrap_or(0));
        if times.last() != Some(&time) {
            times.push(time);
        }
        let day = moment.begins.unwrap_or(moment.day);
        let same_day = match form {
            SpendForm::DailyFees => earlier(&mut self.seen_days, day, line),
            _ => None,
        };
        self.repeated += u64::from(same_row.is_some());
        match (same_row, same_day) {
            (Some(_), _) if duplicates == Duplicates::Drop => return Ok(()),
            (None, Some(earlier)) if duplicates != Duplicates::Keep => {
                let message = format!("the fees of {day} stand on line {earlier} already");
                return Err(Wrong(None, message, Some(ONE_A_DAY)));
            }
            (Some(earlier), _)
                if duplicates == Duplicates::Refuse && form != SpendForm::Redemptions =>
            {
                return Err(Wrong(None, format!("the row repeats line {earlier}"), Some(ONCE)));
            }
            _ => {}
        }
        self.note_time(moment);
        let cell = self.cells.entry((moment.day, moment.begins, key)).or_default();
        if !cell.add(entry.spent) {
            let message = "the sum of a day's amounts is beyond all ETH there is".to_string();
            return Err(Wrong(None, message, None));
        }
        Ok(())
    }

    /// An amount in wei, or what is wrong with it and what was expected.
    fn amount(&self, text: &str, unit: Currency, day: Date) -> Result<Wei, (String, &'static str)> {
        let shown = || clipped(text);
        let is_zero = |text: &&str| number(text).is_ok_and(|number| number.mantissa == 0);
        let zero = text.strip_prefix('-').filter(is_zero);
        let value = number(zero.unwrap_or(text)).map_err(|wrong| {
            let negative = text.strip_prefix('-').is_some_and(|rest| number(rest).is_ok());
            let has_unit = text.parse::<Amount>().is_ok();
            if text.is_empty() {
                ("the amount is missing".to_string(), "a number; leave out rows without one")
            } else if negative {
                (
                    format!("`{}` is negative", shown()),
                    "an amount of at least 0; take a correction off the row that it corrects",
                )
            } else if has_unit {
                (
                    format!("`{}` has a unit of its own", shown()),
                    "a number in the unit of the column",
                )
            } else if wrong == NumberError::None {
                (format!("`{}` is not an amount", shown()), wrong.expected())
            } else {
                (wrong.to_string(), wrong.expected())
            }
        })?;
        let amount = Amount { value, currency: unit };
        if unit == Currency::Wei && value.reduced().scale > 0 {
            let message = format!("`{}` is no whole number of wei", shown());
            return Err((message, "whole wei, or ETH in a column of ETH"));
        }
        let SpendOptions { prices, eth_per_lpt, .. } = self.options;
        let wei = match (unit, prices.and_then(|prices| prices.on(day)), eth_per_lpt) {
            (Currency::Lpt, Some((prices, _)), _) => amount.to_lpt().map(|lpt| prices.to_wei(lpt)),
            (Currency::Lpt, None, Some(price)) => in_eth(value, *price),
            (Currency::Lpt, None, None) => {
                let message = format!("the price of LPT on {day} is not known");
                return Err((message, "prices that begin no later, or --eth-per-lpt"));
            }
            _ => amount.to_wei(),
        };
        let fits = wei.filter(|wei| *wei <= MOST);
        fits.ok_or_else(|| {
            (format!("`{}` is beyond all ETH there is", shown()), "a smaller amount")
        })
    }

    fn note_time(&mut self, moment: &Moment) {
        self.has_times |= moment.nanosecond.is_some_and(|nanosecond| nanosecond > 0);
        self.shifted += u64::from(moment.is_shifted);
        self.are_days &= moment.begins.is_some();
        let time = (moment.day, moment.nanosecond.unwrap_or(0));
        self.time_of_day = match self.previous {
            None => Some(time.1),
            Some(_) => self.time_of_day.filter(|same| *same == time.1),
        };
        self.out_of_order += u64::from(self.previous.is_some_and(|previous| previous > time));
        self.previous = Some(time);
        self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
    }

    fn finish(mut self, columns: Columns) -> Result<SpendHistory, SpendError> {
        if self.untold.is_open() {
            let header = self.header.join(self.separator);
            // What else is wrong may be so in that unit only.
            self.faults = Faults::default();
            let message = without_a_unit(&self.header[columns.amount]);
            let expected = "`face_value_eth`, as the subgraph counts, or `face_value_wei`, as the \
                            contract does";
            self.fault(1, &header, Some(columns.amount), message, Some(expected));
            return Err(self.faults.into_error());
        }
        self.hashes.sort_unstable();
        self.repeated += self.hashes.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
        for times in self.times.values_mut() {
            times.sort_unstable();
            times.dedup();
        }
        // Days of another time zone stay what they are.
        let are_local = self.are_days && self.shifted > 0;
        let mut days: BTreeMap<(Date, u32), Spent> = BTreeMap::new();
        for ((day, begins, key), spent) in std::mem::take(&mut self.cells) {
            let day = begins.filter(|_| are_local).unwrap_or(day);
            days.entry((day, key)).or_default().add(spent);
        }
        let (Some(&(first, _)), Some(&(last, _))) = (days.keys().next(), days.keys().next_back())
        else {
            if self.faults.is_empty() {
                let header = self.header.join(self.separator);
                let (message, expected) = match self.left_out().join("; ") {
                    none if none.is_empty() => ("there is no row below the header".into(), None),
                    why => (
                        format!("no row below the header is of spend: {why}"),
                        Some(
                            "what was paid for work, such as a gateway's tickets that were redeemed",
                        ),
                    ),
                };
                self.fault(1, &header, None, message, expected);
            }
            return Err(self.faults.into_error());
        };
        let span = days_from(first, last) + 1;
        let header = self.header.join(self.separator);
        if span > MOST_DAYS {
            let message = format!("the rows reach from {first} to {last}");
            self.fault(1, &header, Some(columns.time), message, Some("100 years"));
        }
        let coverage = self.coverage(&days, (first, span), are_local, columns.form);
        let are_of_days = are_local || self.time_of_day.is_some();
        if are_of_days && columns.form != SpendForm::Redemptions && !self.options.zero_days {
            let mut dates: Vec<Date> = days.keys().map(|&(day, _)| day).collect();
            dates.dedup();
            let all = dates.len();
            dates.retain(|day| coverage[days_from(first, *day) as usize] != Coverage::Gap);
            let (rows, expected) = if dates.len() == all {
                (
                    "the rows",
                    "a row for each day, each sum spread over its days; --zero-days if nothing was \
                     spent on the days between",
                )
            } else {
                (
                    "the rows with fees, those of 0 not being known,",
                    "fees on most days; --zero-days if there were none on the days between",
                )
            };
            if let Some(apart) = apart(&dates) {
                let message = format!("{rows} {apart}: {}", listed(&dates));
                self.fault(1, &header, Some(columns.time), message, Some(expected));
            }
        }
        if !self.faults.is_empty() {
            return Err(self.faults.into_error());
        }
        // Keys in ascending order get their final numbers.
        let order: Vec<u32> = self.keys.values().copied().collect();
        let mut place = vec![0u32; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        let cells = days.into_iter().map(|((day, key), spent)| {
            ((days_from(first, day) as u32, place[key as usize]), spent)
        });
        let mut history = SpendHistory {
            source: self.name.to_string(),
            form: columns.form,
            rows: self.rows,
            notes: Vec::new(),
            eth_per_lpt: self.options.eth_per_lpt.filter(|_| columns.unit == Some(Currency::Lpt)),
            first,
            coverage,
            keys: std::mem::take(&mut self.keys).into_keys().collect(),
            cells: cells.collect(),
        };
        history.notes = self.notes(&history, &columns, are_local);
        Ok(history)
    }

    /// How much is known of so many days from the first.
    fn coverage(
        &self,
        days: &BTreeMap<(Date, u32), Spent>,
        (first, span): (Date, i32),
        are_local: bool,
        form: SpendForm,
    ) -> Vec<Coverage> {
        let unsaid = if self.options.zero_days { Coverage::Complete } else { Coverage::Gap };
        let mut coverage = vec![unsaid; span as usize];
        for day in self.unknown() {
            if let Some(coverage) = coverage.get_mut(days_from(first, day) as usize) {
                *coverage = Coverage::Gap;
            }
        }
        for (&(day, _), spent) in days {
            // A whole network always has fees: 0 stands where none were collected.
            if form != SpendForm::DailyFees || spent.amount > Wei::ZERO {
                coverage[days_from(first, day) as usize] = Coverage::Complete;
            }
        }
        let are_ends = self.time_of_day.is_some_and(|time| time >= END_OF_DAY_NS);
        if self.has_times && !are_local && !are_ends {
            let [is_first_usual, is_last_usual] = self.are_usual();
            if !is_first_usual && self.earliest.is_some_and(|(_, time)| time > WHOLE_WITHIN_NS) {
                coverage[0] = Coverage::Partial;
            }
            if !is_last_usual
                && self.latest.is_some_and(|(_, time)| time < DAY_NS - WHOLE_WITHIN_NS)
                && let Some(last) = coverage.last_mut()
            {
                *last = Coverage::Partial;
            }
        }
        coverage
    }

    /// Whether the first and the last day have rows at the very times of day, more than
    /// one, that all days between have: those are sums of as many hours.
    fn are_usual(&self) -> [bool; 2] {
        let days: Vec<&Vec<i64>> = self.times.values().collect();
        match days.as_slice() {
            [first, between @ .., last] if days.len() >= LEAST_USUAL_DAYS => {
                let usual = between.first().filter(|times| times.len() > 1);
                let usual = usual.filter(|usual| between.iter().all(|times| times == *usual));
                [first, last].map(|times| usual == Some(times))
            }
            _ => [false; 2],
        }
    }

    /// Days of which the file says that it does not know their fees.
    fn unknown(&self) -> impl Iterator<Item = Date> {
        self.no_spend.keys().filter_map(|reason| match reason {
            NoSpend::Unknown(day) => Some(*day),
            NoSpend::Total | NoSpend::Failed | NoSpend::Funding | NoSpend::Refund => None,
        })
    }

    /// How many rows were left out for each reason, a sentence each.
    fn left_out(&self) -> Vec<String> {
        let reasons = [
            (NoSpend::Total, "a sum of others, left out"),
            (NoSpend::Failed, "of a failed transaction, left out"),
            (NoSpend::Funding, "a deposit or withdrawal, not spend, left out"),
            (NoSpend::Refund, "a refund, left out: take it off the row that it corrects"),
        ];
        let said = |(reason, what): (NoSpend, &str)| {
            self.no_spend.get(&reason).map(|&count| format!("{} {what}", are(count, "row")))
        };
        reasons.into_iter().filter_map(said).collect()
    }

    /// What a reader has to know, a sentence each.
    fn notes(&self, history: &SpendHistory, columns: &Columns, are_local: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if are_local {
            notes.push(
                "each row stands at the beginning of a day of another time zone: days are those of \
                 the file, not of UTC"
                    .to_string(),
            );
        } else if let Some(time) =
            self.time_of_day.filter(|time| (1..END_OF_DAY_NS).contains(time) && history.len() > 1)
        {
            let minutes = time / (60 * SECOND_NS);
            notes.push(format!(
                "all rows stand at {:02}:{:02} UTC, as the days of another time zone would: they \
                 are counted on the days of UTC",
                minutes / 60,
                minutes % 60
            ));
        } else if self.shifted > 0 {
            notes.push(format!(
                "{} in another time zone, counted on the days of UTC",
                are(self.shifted as usize, "row")
            ));
        }
        notes.extend(self.untold.note(&self.header[columns.amount]));
        notes.extend(self.spellings.note());
        notes.extend(self.left_out());
        let says_kind =
            [NoSpend::Funding, NoSpend::Refund].iter().any(|kind| self.no_spend.contains_key(kind));
        if columns.are_sent && !says_kind {
            notes.push(
                "amounts are all that an address sent: what a gateway sends to the TicketBroker is \
                 a deposit, not spend"
                    .to_string(),
            );
        }
        let unknown: Vec<Date> = self.unknown().collect();
        if !unknown.is_empty() {
            notes.push(format!("the file has no amount for {}", listed(&unknown)));
        }
        let partial: Vec<Date> = history.days_of(Coverage::Partial).collect();
        if !partial.is_empty() {
            notes.push(format!("{} partial: {}", are(partial.len(), "day"), listed(&partial)));
        }
        let gaps: Vec<Date> = history.days_of(Coverage::Gap).collect();
        if !gaps.is_empty() {
            let hint =
                if self.options.zero_days { "" } else { " (`--zero-days` takes it as zero)" };
            notes.push(format!(
                "{} without spend, taken as a gap{hint}: {}",
                are(gaps.len(), "day"),
                listed(&gaps)
            ));
            notes.extend(unknown_weekdays(history));
        }
        let known = history.days().zip(history.daily_totals());
        let empty = known
            .filter(|((_, coverage), wei)| *coverage == Coverage::Complete && *wei == Wei::ZERO)
            .count();
        if empty > 0 {
            notes.push(format!("{} without spend, taken as zero", are(empty, "day")));
        }
        if self.out_of_order > 0 {
            notes.push(format!(
                "{} out of order, put in order",
                are(self.out_of_order as usize, "row")
            ));
        }
        if self.repeated > 0 {
            let kept = match self.options.duplicates {
                Duplicates::Drop => "left out",
                Duplicates::Keep | Duplicates::Refuse => "counted",
            };
            notes.push(format!(
                "{} a repetition of another, {kept}",
                are(self.repeated as usize, "row")
            ));
        }
        let is_ignored = |column: &&usize| !(says_kind && columns.kinds.contains(column));
        let ignored = columns.ignored.iter().filter(is_ignored);
        let ignored: Vec<&String> = ignored.filter_map(|&column| self.header.get(column)).collect();
        if !ignored.is_empty() {
            let count = are(ignored.len(), "column");
            notes.push(format!("{count} ignored: {}", named_list(&ignored)));
        }
        if columns.unit == Some(Currency::Lpt) {
            let fixed = self.options.eth_per_lpt;
            let by_day = "the price of their day";
            let at = match (self.options.prices, fixed) {
                (Some(DailyPrices::Constant(_)), Some(_)) => {
                    format!("{by_day}, which the run has, and --eth-per-lpt plays no part")
                }
                (Some(_), Some(price)) => format!("{by_day}, before the first at {price} ETH each"),
                (None, Some(price)) => format!("{price} ETH each"),
                (_, None) => by_day.to_string(),
            };
            notes.push(format!("amounts in LPT are counted at {at}"));
        }
        notes
    }
}

fn days_from(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// Why a row is left out, if it is.
fn no_spend(cells: &[&str], columns: &Columns) -> Option<NoSpend> {
    let at = |column: usize| cells.get(column).copied().unwrap_or_default();
    if cells.iter().any(|cell| is_total(cell)) {
        return Some(NoSpend::Total);
    }
    let [code, status] = columns.failures.map(|column| plain(column.map_or("", at)));
    if !code.is_empty() || ["error", "fail", "revert"].iter().any(|word| status.starts_with(word)) {
        return Some(NoSpend::Failed);
    }
    let is_of = |words: &[&str]| {
        let kinds = columns.kinds.iter().map(|column| plain(at(*column)));
        kinds.into_iter().any(|kind| words.iter().any(|word| kind.starts_with(word)))
    };
    if is_of(&FUNDING) {
        return Some(NoSpend::Funding);
    }
    if is_of(&[REFUND]) {
        return Some(NoSpend::Refund);
    }
    let is_unknown = columns.form == SpendForm::DailyFees
        && ["", "nan", "null", "none", "na"].contains(&plain(at(columns.amount)).as_str());
    let day = moment(at(columns.time)).filter(|_| is_unknown)?;
    Some(NoSpend::Unknown(day.begins.unwrap_or(day.day)))
}

/// How far apart days with rows are, and what they may be, where few follow one another.
fn apart(dates: &[Date]) -> Option<String> {
    let mut gaps: Vec<i32> = dates.windows(2).map(|pair| days_from(pair[0], pair[1])).collect();
    gaps.sort_unstable();
    let following = gaps.iter().filter(|gap| **gap == 1).count();
    let middle = gaps.len().checked_sub(1)? / 2;
    let median = gaps.get(middle).filter(|_| following * FEW < gaps.len())?;
    let is_single = gaps.len() < LEAST_GAPS;
    Some(match SUMS.iter().find(|(range, _)| range.contains(median)) {
        Some((_, "week")) | None if is_single => return None,
        Some((_, of)) => format!("are a {of} apart, like sums of a {of}"),
        None => format!(
            "are mostly {median} days apart, like sums of several days, or as where days without \
             spend are left out"
        ),
    })
}

/// Of which weekdays the file knows no day, in a sentence.
fn unknown_weekdays(history: &SpendHistory) -> Option<String> {
    let on = |weekday: &Weekday| {
        let days: Vec<Coverage> = history
            .days()
            .filter(|(day, _)| day.weekday() == *weekday)
            .map(|(_, coverage)| coverage)
            .collect();
        days.len() >= LEAST_OF_A_WEEKDAY && !days.contains(&Coverage::Complete)
    };
    let unknown: Vec<String> = Weekday::Monday
        .cycle_forward()
        .take(7)
        .filter(on)
        .map(|weekday| format!("no {weekday:?}"))
        .collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "{} is known: where weekdays are fitted, such days are taken to be as the others are in \
             the mean",
            unknown.join(" and ")
        )
    })
}

/// "1 day is", "3 days are".
fn are(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun} is") } else { format!("{count} {noun}s are") }
}

/// Dates in ascending order, runs of them as "from to to".
pub(crate) fn listed(dates: &[Date]) -> String {
    let runs: Vec<&[Date]> =
        dates.chunk_by(|a, b| a.tomorrow().is_ok_and(|next| next == *b)).collect();
    let in_words = |run: &&[Date]| match run {
        [first, .., last] => format!("{first} to {last}"),
        [one] => one.to_string(),
        [] => String::new(),
    };
    let shown: Vec<String> = runs.iter().take(MOST_NAMED).map(in_words).collect();
    let more = if runs.len() > MOST_NAMED { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// LPT at a price in ETH, fractions of a wei dropped.
fn in_eth(lpt: Decimal, price: Decimal) -> Option<Wei> {
    let product = U256::from(lpt.mantissa) * U256::from(price.mantissa);
    let power = |exponent| U256::new(10).checked_pow(exponent);
    let scale = lpt.scale + price.scale;
    let wei = match scale.checked_sub(WEI_DECIMALS) {
        Some(beyond) => product / power(beyond)?,
        None => product.checked_mul(power(WEI_DECIMALS - scale)?)?,
    };
    u128::try_from(wei).ok().map(Wei)
}

/// The line on which the same stood before; if it did not, it is seen on this one.
fn earlier<T: Ord>(seen: &mut BTreeMap<T, u64>, same: T, line: u64) -> Option<u64> {
    match seen.entry(same) {
        Occupied(earlier) => Some(*earlier.get()),
        Vacant(first) => {
            first.insert(line);
            None
        }
    }
}
