use jiff::civil::Date;

use crate::text::{Table, UNCLOSED};
use crate::treasury::Prices;

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
    /// More or fewer cells than columns.
    #[error("{cells} cells under {columns} columns")]
    Cells {
        /// Cells in the row.
        cells: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// Not a calendar date.
    #[error("`{0}` is not a date")]
    Date(String),
    /// Not a positive number, or one that no token is worth.
    #[error("`{0}` is not a price from 1e-9 to 1e9")]
    Price(String),
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
            RowProblem::Cells { .. } => "one cell for each column",
            RowProblem::Date(_) => "a date such as 2025-02-18",
            RowProblem::Price(_) => "USD a token, for example 7.91",
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
    /// and beside others, between commas, semicolons or tabs. A price counts from
    /// 00:00 UTC of its date; day 0 is `start`, the scenario's first day.
    ///
    /// # Errors
    /// Every fault, with its line.
    pub fn from_csv(text: &str, start: Date) -> Result<PriceSeries, Vec<SeriesFault>> {
        let Table { header, line, rows: cells, unclosed } = Table::of(text);
        let columns =
            Columns::of(&header).map_err(|problem| vec![SeriesFault { line, problem }])?;
        let (mut rows, mut faults) = (Vec::new(), Vec::new());
        let mut latest = f64::NEG_INFINITY;
        for (line, cells) in cells {
            let row = columns.row(&cells, start).and_then(|row| match row.0 > latest {
                true => Ok(row),
                false => Err(RowProblem::Order),
            });
            match row {
                Ok(row) => {
                    latest = row.0;
                    rows.push(row);
                }
                Err(problem) => faults.push(SeriesFault { line, problem }),
            }
        }
        faults.extend(unclosed.map(|line| SeriesFault { line, problem: RowProblem::Quote }));
        if !faults.is_empty() {
            return Err(faults);
        }
        PriceSeries::of(rows).ok_or(vec![SeriesFault { line, problem: RowProblem::Empty }])
    }

    fn of(rows: Vec<(f64, Prices)>) -> Option<PriceSeries> {
        let first = rows.first()?.1;
        Some(PriceSeries { first, rows })
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
        let only = |wanted: &'static str| {
            let mut found = (0..names.len()).filter(|&i| names[i].eq_ignore_ascii_case(wanted));
            match (found.next(), found.next()) {
                (Some(index), None) => Ok(index),
                _ => Err(RowProblem::Column(wanted)),
            }
        };
        let (date, lpt_usd, eth_usd) = (only("date")?, only("lpt_usd")?, only("eth_usd")?);
        Ok(Columns { date, lpt_usd, eth_usd, count: names.len() })
    }

    fn row(&self, cells: &[String], start: Date) -> Result<(f64, Prices), RowProblem> {
        if cells.len() != self.count {
            return Err(RowProblem::Cells { cells: cells.len(), columns: self.count });
        }
        let text = &cells[self.date];
        let date: Date = text.parse().map_err(|_| RowProblem::Date(text.clone()))?;
        let price = |text: &str| {
            let price = text.parse().ok().filter(|price| is_price(*price));
            price.ok_or_else(|| RowProblem::Price(text.to_string()))
        };
        let prices =
            Prices { lpt_usd: price(&cells[self.lpt_usd])?, eth_usd: price(&cells[self.eth_usd])? };
        Ok((f64::from((date - start).get_days()), prices))
    }
}
