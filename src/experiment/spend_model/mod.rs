//! A model of spend by day, which calibrations are made of and backtests judge.
//!
//! It is log-linear: the logarithm of a day's spend is
//! `level + weekday + burst + noise`, where
//! - the level grows at a steady rate and, where the data speak for it, wanders:
//!   it takes a normal step each day, and from the last day on has a trend of its
//!   own that the past does not tell;
//! - bursts are an Ornstein-Uhlenbeck process averaged over the day, which has
//!   the moments of a lognormal level drawn anew after exponential times;
//! - one day in twenty has five times the usual noise; days to come are as often
//!   out of line as those seen, and no further.
//!
//! [`Posterior::of`] fits it; priors and method are told there.

mod filter;
mod goodness;
mod posterior;
mod predict;
mod series;

pub use filter::Parameters;
pub use goodness::{Goodness, LAGS, autocorrelation, kolmogorov_p, ljung_box, normal_quantile};
pub use posterior::{Draw, Hindsight, Posterior, SETTLED};
pub use predict::{futures, mean_factor, outlier_factor, rest_on_some_days};
pub use series::{DailySeries, LEAST_DAYS, LEAST_DAYS_FOR_WEEKDAYS, SeriesError};
