use jiff::Span;
use jiff::civil::Date;

use crate::spend::{Coverage, SpendHistory};
use crate::units::Wei;

/// Complete days below which nothing is fitted.
pub const LEAST_DAYS: usize = 14;
/// Complete days below which weekdays are taken to be alike.
pub const LEAST_DAYS_FOR_WEEKDAYS: usize = 28;
/// Shares of days without spend, counted as zero, above which spend is not
/// described by the logarithm of a day's.
const MOST_ZEROS: f64 = 0.1;

/// Why a history cannot be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SeriesError {
    /// Too few days.
    #[error(
        "{}: a level needs at least {LEAST_DAYS}, weekdays at least \
         {LEAST_DAYS_FOR_WEEKDAYS}{}",
        too_few(*complete),
        others_in_words(*others)
    )]
    TooFew {
        /// Days with spend that are known whole.
        complete: usize,
        /// Other days from the first to the last.
        others: usize,
    },
    /// Nothing was spent on too many days.
    #[error(
        "on {zeros} of {days} days nothing was spent: too many for a model of days with spend\n  \
         help: `orchsim import spend` takes the mean of all days"
    )]
    TooManyZeros {
        /// Days on which nothing was spent.
        zeros: usize,
        /// All complete days.
        days: usize,
    },
}

fn too_few(complete: usize) -> String {
    match complete {
        1 => "1 complete day of spend is too few".to_string(),
        _ => format!("{complete} complete days of spend are too few"),
    }
}

fn others_in_words(others: usize) -> String {
    match others {
        0 => String::new(),
        _ => format!("\n  help: {others} more have no spend, or are known in part only"),
    }
}

/// Spend by day on a logarithmic scale, without what is not known whole.
#[derive(Clone, Debug)]
pub struct DailySeries {
    first: Date,
    /// ETH of each complete day; `None` for others.
    amounts: Vec<Option<f64>>,
    logs: Vec<Option<f64>>,
}

impl DailySeries {
    /// The complete days of a history.
    ///
    /// # Errors
    /// [`SeriesError`] where they are too few or mostly empty.
    pub fn new(history: &SpendHistory) -> Result<DailySeries, SeriesError> {
        let amount = |((_, coverage), wei): ((Date, Coverage), Wei)| {
            (coverage == Coverage::Complete).then_some(wei.to_coins())
        };
        let amounts = history.days().zip(history.daily_totals()).map(amount).collect();
        DailySeries::of_amounts(history.date(0), amounts).checked()
    }

    /// A series of ETH a day; `None` where a day is not known whole.
    pub fn of_amounts(first: Date, amounts: Vec<Option<f64>>) -> DailySeries {
        let log = |amount: &Option<f64>| amount.filter(|eth| *eth > 0.0).map(libm::log);
        let logs = amounts.iter().map(log).collect();
        DailySeries { first, amounts, logs }
    }

    fn checked(self) -> Result<DailySeries, SeriesError> {
        let days = self.amounts.iter().flatten().count();
        let zeros = self.amounts.iter().flatten().filter(|eth| **eth == 0.0).count();
        if zeros as f64 > MOST_ZEROS * days as f64 {
            return Err(SeriesError::TooManyZeros { zeros, days });
        }
        if days - zeros < LEAST_DAYS {
            let complete = days - zeros;
            return Err(SeriesError::TooFew { complete, others: self.len() - complete });
        }
        Ok(self)
    }

    /// The part before day number `end`.
    pub fn before(&self, end: usize) -> DailySeries {
        let cut = |values: &[Option<f64>]| values[..end.min(values.len())].to_vec();
        DailySeries { first: self.first, amounts: cut(&self.amounts), logs: cut(&self.logs) }
    }

    /// How many days there are, known or not.
    pub fn len(&self) -> usize {
        self.amounts.len()
    }

    /// Whether there is no day.
    pub fn is_empty(&self) -> bool {
        self.amounts.is_empty()
    }

    /// The date of a day by its number, also beyond the last.
    pub fn date(&self, day: usize) -> Date {
        self.first.saturating_add(Span::new().days(day as i64))
    }

    /// ETH of each day that is known whole.
    pub fn amounts(&self) -> &[Option<f64>] {
        &self.amounts
    }

    pub(super) fn logs(&self) -> &[Option<f64>] {
        &self.logs
    }

    /// ETH a day in the mean of all that are known whole.
    pub fn mean(&self) -> f64 {
        let days = self.amounts.iter().flatten().count();
        self.amounts.iter().flatten().sum::<f64>() / days.max(1) as f64
    }

    /// How many days count.
    pub fn known(&self) -> usize {
        self.logs.iter().flatten().count()
    }

    /// The first and the last day that counts.
    pub fn known_span(&self) -> Option<[Date; 2]> {
        let is_known = |log: &Option<f64>| log.is_some();
        let first = self.logs.iter().position(is_known)?;
        let last = self.logs.iter().rposition(is_known)?;
        Some([first, last].map(|day| self.date(day)))
    }

    /// The share of known days on which nothing was spent, which the level does
    /// not count.
    pub fn zero_share(&self) -> f64 {
        let days = self.amounts.iter().flatten().count();
        1.0 - self.known() as f64 / days.max(1) as f64
    }

    /// The weekday of a day by its number, 0 for Monday.
    pub fn weekday(&self, day: usize) -> usize {
        let first = self.first.weekday().to_monday_zero_offset() as usize;
        (first + day) % 7
    }

    /// Whether there are enough days to tell weekdays apart.
    pub fn has_weekdays(&self) -> bool {
        self.known() >= LEAST_DAYS_FOR_WEEKDAYS
    }

    /// About the level of the first days: the mean logarithm of the first
    /// seven.
    pub(super) fn opening_level(&self) -> f64 {
        let first: Vec<f64> = self.logs.iter().flatten().take(7).copied().collect();
        first.iter().sum::<f64>() / first.len().max(1) as f64
    }
}
