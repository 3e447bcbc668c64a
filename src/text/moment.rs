use jiff::civil::{Date, DateTime, Time, date};
use jiff::{Timestamp, tz::Offset};

use crate::units::Decimal;

/// Ethereum's first day, and a day that is a typing error.
const DATES: (Date, Date) = (date(2015, 7, 30), date(2200, 1, 1));
pub(crate) const SECOND_NS: i64 = 1_000_000_000;
pub(crate) const DAY_NS: i64 = 86_400 * SECOND_NS;

/// When a row is of.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// The day of UTC.
    pub(crate) day: Date,
    /// The nanosecond of that day, where there is a time of day.
    pub(crate) nanosecond: Option<i64>,
    /// The day as it is written, where it is written as its beginning.
    pub(crate) begins: Option<Date>,
    /// Whether the time is written in another offset than that of UTC.
    pub(crate) is_shifted: bool,
}

/// Reads a time: an ISO 8601 date or time, also with slashes, or Unix seconds or their
/// thousandths, millionths or billionths.
/// `None` where it is none, or its time zone is a name: those are not known here.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    // Eight digits are a date without dashes.
    let is_number = text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let moment = if is_number { unix(text) } else { iso(text) }?;
    (DATES.0..DATES.1).contains(&moment.day).then_some(moment)
}

fn unix(text: &str) -> Option<Moment> {
    // Each unit has three digits more, until the year 5138.
    let decimals = match text.find('.').unwrap_or(text.len()) {
        ..12 => 9,
        12..15 => 6,
        15..18 => 3,
        _ => 0,
    };
    let number: Decimal = text.parse().ok()?;
    let nanoseconds = number.scaled_to_integer(decimals)?;
    let time = Timestamp::from_nanosecond(i128::try_from(nanoseconds).ok()?).ok()?;
    Some(at(time, None))
}

fn iso(text: &str) -> Option<Moment> {
    // As databases and Go write an offset.
    let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let mut text = text.replace(" +", "+").replace(" -", "-");
    if text.as_bytes().get(4) == Some(&b'/') {
        text = text.replacen('/', "-", 2);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        Some(at(time, text.parse().ok()))
    } else if text.contains('[') {
        None
    } else if text.contains(['T', 't', ' ', ':']) {
        Some(at(Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?, None))
    } else {
        let day = text.parse().ok()?;
        Some(Moment { day, nanosecond: None, begins: Some(day), is_shifted: false })
    }
}

/// A time that is written as `written`, or in UTC.
fn at(time: Timestamp, written: Option<DateTime>) -> Moment {
    let utc = Offset::UTC.to_datetime(time);
    let written = written.unwrap_or(utc);
    Moment {
        day: utc.date(),
        nanosecond: Some(time.as_nanosecond().rem_euclid(i128::from(DAY_NS)) as i64),
        begins: (written.time() == Time::MIN).then_some(written.date()),
        is_shifted: written != utc,
    }
}
