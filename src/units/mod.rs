//! Money, prices and time: the quantities every other room speaks in.
//!
//! Amounts are integers ([`Wei`], [`Lpt`]); prices are exact rationals
//! ([`Price`]); simulated time is integer nanoseconds ([`SimTime`]). Floats
//! appear only when a figure leaves for a statistic or a report.

mod decimal;
mod money;
mod period;
mod price;
mod time;

pub use decimal::{Decimal, significant};
pub use money::{Amount, AmountError, COIN, Currency, Lpt, Wei, mean_parts};
pub(crate) use money::{give_to_largest, mul_div};
pub use period::{CalendarPeriod, NoPeriod, PeriodLength};
pub(crate) use price::FEED_DECIMALS;
pub use price::{PostedPrice, Price, PriceError};
pub use time::{DAYS_A_WEEK, NANOS_PER_SECOND, SECONDS_PER_DAY, SECONDS_PER_HOUR, SimTime};
