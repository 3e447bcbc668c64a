use std::fmt;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::{Date, date};

/// How long a reporting period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeriodLength {
    /// A calendar month.
    Month,
    /// Three of them, from January, April, July or October on.
    Quarter,
}

impl PeriodLength {
    fn months(self) -> i8 {
        match self {
            PeriodLength::Month => 1,
            PeriodLength::Quarter => 3,
        }
    }
}

/// A calendar month or quarter, in UTC.
///
/// Its text is `2025-03` or `2025-Q1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarPeriod {
    first: Date,
    length: PeriodLength,
}

impl CalendarPeriod {
    /// The period of that length that contains a day.
    pub fn containing(day: Date, length: PeriodLength) -> CalendarPeriod {
        let months = length.months();
        let month = (day.month() - 1) / months * months + 1;
        CalendarPeriod { first: date(day.year(), month, 1), length }
    }

    /// Its first day.
    pub fn first(self) -> Date {
        self.first
    }

    /// Its last day.
    pub fn last(self) -> Date {
        let next = self.first.saturating_add(Span::new().months(self.length.months()));
        next.saturating_sub(Span::new().days(1))
    }

    /// How many days it has.
    pub fn days(self) -> u32 {
        (self.last() - self.first).get_days() as u32 + 1
    }

    /// A month or a quarter.
    pub fn length(self) -> PeriodLength {
        self.length
    }

    /// The one before.
    pub fn previous(self) -> CalendarPeriod {
        let day = self.first.saturating_sub(Span::new().days(1));
        CalendarPeriod::containing(day, self.length)
    }

    /// The one after.
    pub fn next(self) -> CalendarPeriod {
        let day = self.last().saturating_add(Span::new().days(1));
        CalendarPeriod::containing(day, self.length)
    }

    /// `March 2025`, `the first quarter of 2025`.
    pub fn in_words(self) -> String {
        const ORDINALS: [&str; 4] = ["first", "second", "third", "fourth"];
        match self.length {
            PeriodLength::Month => self.first.strftime("%B %Y").to_string(),
            PeriodLength::Quarter => {
                let ordinal = ORDINALS[(self.first.month() as usize - 1) / 3 % ORDINALS.len()];
                format!("the {ordinal} quarter of {}", self.first.year())
            }
        }
    }
}

impl fmt::Display for CalendarPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.first.year(), self.first.month());
        match self.length {
            PeriodLength::Month => write!(f, "{year:04}-{month:02}"),
            PeriodLength::Quarter => write!(f, "{year:04}-Q{}", (month - 1) / 3 + 1),
        }
    }
}

/// Why a text is no [`CalendarPeriod`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a month such as 2025-03 or a quarter such as 2025-Q1")]
pub struct NoPeriod;

impl FromStr for CalendarPeriod {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<CalendarPeriod, NoPeriod> {
        let (year, part) = text.split_once('-').ok_or(NoPeriod)?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || !is_number(year) {
            return Err(NoPeriod);
        }
        let year = year.parse().map_err(|_| NoPeriod)?;
        let (length, digits) = match part.strip_prefix(['Q', 'q']) {
            Some(quarter) if quarter.len() == 1 => (PeriodLength::Quarter, quarter),
            None if part.len() == 2 => (PeriodLength::Month, part),
            _ => return Err(NoPeriod),
        };
        let number: i8 = digits.parse().map_err(|_| NoPeriod)?;
        if !is_number(digits) || number < 1 || number > 12 / length.months() {
            return Err(NoPeriod);
        }
        let first = Date::new(year, (number - 1) * length.months() + 1, 1);
        Ok(CalendarPeriod { first: first.map_err(|_| NoPeriod)?, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_knows_its_days_and_its_neighbours() {
        let march: CalendarPeriod = "2025-03".parse().unwrap();
        assert_eq!((march.first(), march.last()), (date(2025, 3, 1), date(2025, 3, 31)));
        assert_eq!(march.previous().to_string(), "2025-02");
        assert_eq!(march.previous().days(), 28);
        assert_eq!(march.in_words(), "March 2025");
        let quarter: CalendarPeriod = "2024-q1".parse().unwrap();
        assert_eq!((quarter.first(), quarter.last()), (date(2024, 1, 1), date(2024, 3, 31)));
        assert_eq!(quarter.days(), 91);
        assert_eq!(quarter.previous().to_string(), "2023-Q4");
        assert_eq!(quarter.next().to_string(), "2024-Q2");
        assert_eq!(quarter.in_words(), "the first quarter of 2024");
        let day = date(2025, 11, 30);
        assert_eq!(CalendarPeriod::containing(day, PeriodLength::Quarter).to_string(), "2025-Q4");
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in ["", "2025", "2025-13", "2025-00", "2025-Q0", "2025-Q5", "2025-3", "25-03"] {
            assert!(text.parse::<CalendarPeriod>().is_err(), "{text}");
        }
        for text in ["2025-03-01", "+025-03", "2025-Q+", "2025-+3", "märz-03"] {
            assert!(text.parse::<CalendarPeriod>().is_err(), "{text}");
        }
    }
}
