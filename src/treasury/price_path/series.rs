use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};

use jiff::civil::Date;

use crate::text::{NumberError, Table, UNCLOSED, moment, number, plain};
use crate::treasury::Prices;

/// What the column of dates may be called: the first of these that is there counts.
/// `snapped_at` is CoinGecko's.
const DATES: [&str; 5] = ["date", "day", "time", "timestamp", "snapped_at"];
/// What a column of prices is called in a file of one token.
const ONE_TOKEN: [&str; 2] = ["price", "close"];

/// Recorded prices in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceSeries {
    first: Prices,
    rows: Vec<(f64, Prices)>,
}

/// What is wrong with a row of a recorded series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The header lacks a column, or has it twice.
    #[error("the header needs one column `{0}`")]
    Column(&'static str),
    /// The header names prices, but not whose.
    #[error("the header does not say which token `{0}` is of")]
    OneToken(String),
    /// More or fewer cells than columns.
    #[error("{cells} cells under {columns} columns")]
    Cells {
        /// Cells in the row.
        cells: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// Neither a calendar date nor its beginning.
    #[error("`{0}` is not a date")]
    Date(String),
    /// Not a positive number, or one that no token is worth.
    #[error("`{0}` is not a price from 1e-9 to 1e9")]
    Price(String),
    /// A second row of one date.
    #[error("the prices of {date} stand on line {line} already")]
    Twice {
        /// The date.
        date: Date,
        /// The line of the first.
        line: usize,
    },
    /// Not after the row before.
    #[error("the row is not later than the one before")]
    Order,
    /// A quote that no other closes.
    #[error("{}", UNCLOSED.0)]
    Quote,
    /// No row at all.
    #[error("there are no prices")]
    Empty,
}

impl RowProblem {
    /// What was expected instead.
    pub fn expected(&self) -> &'static str {
        match self {
            RowProblem::Column(_) => "the columns `date`, `lpt_usd` and `eth_usd`",
            RowProblem::OneToken(_) => {
                "one file of both, with the columns `date`, `lpt_usd` and `eth_usd`: two exports \
                 of one token each can be joined by their dates in a spreadsheet"
            }
            RowProblem::Cells { .. } => "one cell for each column",
            RowProblem::Date(_) => "a date from 2015-07-30 on such as 2025-02-18, or its 00:00 UTC",
            RowProblem::Price(text) => match number(text) {
                Err(wrong) if wrong != NumberError::None => wrong.expected(),
                _ => "USD a token, for example 7.91",
            },
            RowProblem::Twice { .. } => "one row a date",
            RowProblem::Order => "rows in order of time, one a date",
            RowProblem::Quote => UNCLOSED.1,
            RowProblem::Empty => "at least one row below the header",
        }
    }
}

/// A fault of a recorded series, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct SeriesFault {
    /// Line of the file, from 1; of rows that come from no file, their number.
    pub line: usize,
    /// What is wrong with it.
    pub problem: RowProblem,
}

impl PriceSeries {
    /// A series of (days since the scenario's start, USD an LPT, USD an ETH).
    /// Days may be negative and need not be whole.
    ///
    /// # Errors
    /// The first row that is out of order or holds no positive, finite price.
    pub fn new(rows: &[(f64, f64, f64)]) -> Result<PriceSeries, SeriesFault> {
        let mut kept: Vec<(f64, Prices)> = Vec::with_capacity(rows.len());
        for (index, &(day, lpt_usd, eth_usd)) in rows.iter().enumerate() {
            let fault = |problem| SeriesFault { line: index + 1, problem };
            if let Some(price) = [lpt_usd, eth_usd].into_iter().find(|price| !is_price(*price)) {
                return Err(fault(RowProblem::Price(price.to_string())));
            }
            if !day.is_finite() || kept.last().is_some_and(|(before, _)| *before >= day) {
                return Err(fault(RowProblem::Order));
            }
            kept.push((day, Prices { lpt_usd, eth_usd }));
        }
        PriceSeries::of(kept).ok_or(SeriesFault { line: 1, problem: RowProblem::Empty })
    }

    /// Reads CSV with the columns `date`, `lpt_usd` and `eth_usd`, in any order
    /// and beside others, between commas, semicolons or tabs, and rows in any order. A
    /// price counts from 00:00 UTC of its date, which may be written as a time; day 0 is
    /// `start`, the scenario's first day.
    ///
    /// # Errors
    /// Every fault, with its line.
    pub fn from_csv(text: &str, start: Date) -> Result<PriceSeries, Vec<SeriesFault>> {
        let Table { header, line, rows: cells, unclosed } = Table::of(text);
        let columns =
            Columns::of(&header).map_err(|problem| vec![SeriesFault { line, problem }])?;
        let mut rows: BTreeMap<Date, (usize, Prices)> = BTreeMap::new();
        let mut faults = Vec::new();
        for (line, cells) in cells {
            let row = columns.row(&cells).and_then(|(date, prices)| match rows.entry(date) {
                Vacant(first) => Ok(first.insert((line, prices))),
                Occupied(first) => Err(RowProblem::Twice { date, line: first.get().0 }),
            });
            faults.extend(row.err().map(|problem| SeriesFault { line, problem }));
        }
        faults.extend(unclosed.map(|line| SeriesFault { line, problem: RowProblem::Quote }));
        if !faults.is_empty() {
            return Err(faults);
        }
        let days = |date: Date| f64::from((date - start).get_days());
        let rows = rows.into_iter().map(|(date, (_, prices))| (days(date), prices)).collect();
        PriceSeries::of(rows).ok_or(vec![SeriesFault { line, problem: RowProblem::Empty }])
    }

    fn of(rows: Vec<(f64, Prices)>) -> Option<PriceSeries> {
        let first = rows.first()?.1;
        Some(PriceSeries { first, rows })
    }

    /// The same prices of a scenario that starts so many days later.
    pub fn from_day(&self, days: f64) -> PriceSeries {
        let rows = self.rows.iter().map(|&(day, prices)| (day - days, prices)).collect();
        PriceSeries { rows, ..*self }
    }

    /// The earliest prices.
    pub fn first(&self) -> Prices {
        self.first
    }

    /// Every (days since the scenario's start, prices), the earliest first.
    pub fn rows(&self) -> &[(f64, Prices)] {
        &self.rows
    }
}

/// A series with the date of its day 0.
#[derive(Clone, Copy, Debug)]
pub struct DatedPrices<'a> {
    /// The prices.
    pub series: &'a PriceSeries,
    /// Its day 0.
    pub start: Date,
}

impl DatedPrices<'_> {
    /// The prices last recorded by the end of a day, and how many days before that day;
    /// `None` before the first.
    pub fn on(self, date: Date) -> Option<(Prices, i64)> {
        let day = i64::from((date - self.start).get_days());
        let passed = self.series.rows.partition_point(|(at, _)| *at < day as f64 + 1.0);
        let (at, prices) = *self.series.rows.get(passed.checked_sub(1)?)?;
        Some((prices, day - libm::floor(at) as i64))
    }
}

/// Prices that are known of each day.
#[derive(Clone, Copy, Debug)]
pub enum DailyPrices<'a> {
    /// Always the same.
    Constant(Prices),
    /// As they were recorded.
    Recorded(DatedPrices<'a>),
}

impl DailyPrices<'_> {
    /// As [`DatedPrices::on`].
    pub fn on(self, date: Date) -> Option<(Prices, i64)> {
        match self {
            DailyPrices::Constant(prices) => Some((prices, 0)),
            DailyPrices::Recorded(prices) => prices.on(date),
        }
    }
}

fn is_price(price: f64) -> bool {
    (1e-9..=1e9).contains(&price)
}

/// Where in a row each column stands.
struct Columns {
    date: usize,
    lpt_usd: usize,
    eth_usd: usize,
    count: usize,
}

impl Columns {
    fn of(names: &[String]) -> Result<Columns, RowProblem> {
        // `LPT USD` and `LPT/USD` are `lpt_usd`, and all times are of UTC.
        let is = |name: &str, wanted: &str| {
            let (name, wanted) = (plain(name), plain(wanted));
            name == wanted || name.strip_suffix("utc") == Some(wanted.as_str())
        };
        let has = |wanted: &str| names.iter().any(|name| is(name, wanted));
        let only = |wanted: &'static str| {
            let mut found = (0..names.len()).filter(|&i| is(&names[i], wanted));
            match (found.next(), found.next()) {
                (Some(index), None) => Ok(index),
                _ => Err(RowProblem::Column(wanted)),
            }
        };
        let one_token = names.iter().find(|name| ONE_TOKEN.iter().any(|known| is(name, known)));
        if let Some(name) = one_token
            && !has("lpt_usd")
            && !has("eth_usd")
        {
            return Err(RowProblem::OneToken(name.clone()));
        }
        let date = DATES.into_iter().find(|known| has(known)).unwrap_or(DATES[0]);
        let (date, lpt_usd, eth_usd) = (only(date)?, only("lpt_usd")?, only("eth_usd")?);
        Ok(Columns { date, lpt_usd, eth_usd, count: names.len() })
    }

    fn row(&self, cells: &[String]) -> Result<(Date, Prices), RowProblem> {
        if cells.len() != self.count {
            return Err(RowProblem::Cells { cells: cells.len(), columns: self.count });
        }
        let text = &cells[self.date];
        let begin = moment(text).filter(|time| time.nanosecond.unwrap_or(0) == 0);
        let date = begin.ok_or_else(|| RowProblem::Date(text.clone()))?.day;
        let price = |text: &str| {
            // The nearest, which the quotient of a decimal's parts is not always.
            let price = number(text).ok().and_then(|price| price.to_string().parse().ok());
            price
                .filter(|price| is_price(*price))
                .ok_or_else(|| RowProblem::Price(text.to_string()))
        };
        let prices =
            Prices { lpt_usd: price(&cells[self.lpt_usd])?, eth_usd: price(&cells[self.eth_usd])? };
        Ok((date, prices))
    }
}
