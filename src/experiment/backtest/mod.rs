//! How good forecasts of spend would have been: at each origin the model is
//! fitted to what came before, and its forecast compared with what came.

mod baselines;
mod engine;
mod score;

use jiff::civil::Date;
use rayon::prelude::*;

pub use baselines::{Smoothing, naive, seasonal_naive};
pub use engine::EngineForecast;
pub use score::{crps, probability_transform};

use super::spend_model::{
    DailySeries, LEAST_DAYS_FOR_WEEKDAYS, Posterior, futures, rest_on_some_days,
};
use crate::ensemble::{Estimate, quantile};
use crate::kernel::StreamKey;

/// What the forecasts are of: total spend over so many days.
pub const HORIZONS: [usize; 2] = [30, 90];
/// Days before the first origin, unless asked otherwise.
pub const USUAL_PAST: usize = 56;
/// Least share of the days of a horizon that must be known for it to count.
const LEAST_KNOWN: f64 = 0.8;

/// Share of an amount by which rounding may move it.
const ROUNDING: f64 = 1e-9;

/// Who forecasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The model that `calibrate` fits.
    Model,
    /// Last week's mean with the error of a random walk.
    Naive,
    /// Each weekday as it was last.
    SeasonalNaive,
    /// Exponential smoothing.
    Smoothing,
}

impl Method {
    /// All, the model first.
    pub const ALL: [Method; 4] =
        [Method::Model, Method::Naive, Method::SeasonalNaive, Method::Smoothing];

    /// Its name in files.
    pub fn id(self) -> &'static str {
        match self {
            Method::Model => "model",
            Method::Naive => "naive",
            Method::SeasonalNaive => "seasonal_naive",
            Method::Smoothing => "exponential_smoothing",
        }
    }

    /// Its name for people.
    pub fn label(self) -> &'static str {
        match self {
            Method::Model => "fitted model",
            Method::Naive => "last week's mean",
            Method::SeasonalNaive => "same weekday",
            Method::Smoothing => "exponential smoothing",
        }
    }

    fn futures(
        self,
        past: &DailySeries,
        days: usize,
        count: usize,
        key: StreamKey,
    ) -> Vec<Vec<f64>> {
        let mut baseline = match self {
            Method::Model => {
                let posterior = Posterior::of(past, count, key.child(0));
                return futures(past, &posterior, days, key.child(1));
            }
            Method::Naive => naive(past, days, count, key),
            Method::SeasonalNaive => seasonal_naive(past, days, count, key),
            Method::Smoothing => Smoothing::fitted(past).futures(days, count, key),
        };
        rest_on_some_days(&mut baseline, past, key.child(u64::MAX));
        baseline
    }
}

/// How a backtest is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BacktestPlan {
    /// Known days before the first origin.
    pub least_past: usize,
    /// Days from one origin to the next.
    pub every: usize,
    /// Futures of each forecast.
    pub futures: usize,
    /// Seed of every draw.
    pub seed: u64,
}

impl BacktestPlan {
    /// The first days of all forecasts, by their number in the series.
    pub fn origins(&self, series: &DailySeries) -> Vec<usize> {
        let enough = |day: &usize| series.before(*day).known() >= self.least_past;
        let Some(first) = (0..series.len()).find(enough) else { return Vec::new() };
        let reaches = |day: &usize| is_known(series, *day, HORIZONS[0]);
        (first..series.len()).step_by(self.every.max(1)).filter(reaches).collect()
    }
}

/// Why there is nothing to test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    /// The series is too short.
    #[error(
        "{known} known days are too few to test forecasts on: the first needs {least} before it, \
         and {} after it{}",
        HORIZONS[0],
        fewer_in_words(*fewer_do)
    )]
    TooShort {
        /// Known days.
        known: usize,
        /// Those needed before the first origin.
        least: usize,
        /// Whether the fewest that can be asked for would do.
        fewer_do: bool,
    },
    /// Too little before the first origin.
    #[error("a forecast needs at least {LEAST_DAYS_FOR_WEEKDAYS} days before it, not {0}")]
    TooLittlePast(usize),
}

fn fewer_in_words(fewer_do: bool) -> String {
    let help = format!(
        "\n  help: --least-past asks for fewer before it, down to {LEAST_DAYS_FOR_WEEKDAYS}"
    );
    if fewer_do { help } else { String::new() }
}

/// A quantity forecast and how it came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Quantiles 2.5, 10, 25, 50, 75, 90 and 97.5 %.
    pub quantiles: [f64; 7],
    /// What came.
    pub actual: f64,
    /// Continuous ranked probability score.
    pub crps: f64,
    /// The share of futures below what came.
    pub transform: f64,
}

/// Probabilities of [`Scored::quantiles`].
pub const PROBABILITIES: [f64; 7] = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];

impl Scored {
    fn new(mut futures: Vec<f64>, actual: f64) -> Scored {
        futures.sort_by(f64::total_cmp);
        Scored {
            quantiles: PROBABILITIES.map(|p| quantile(&futures, p)),
            actual,
            crps: crps(&futures, actual),
            transform: probability_transform(&futures, actual),
        }
    }

    /// The middle of the forecast.
    pub fn median(&self) -> f64 {
        self.quantiles[3]
    }

    /// Whether what came lies within the central 50, 80 and 95 %, to the last digits,
    /// which a forecast without spread differs in.
    pub fn covered(&self) -> [bool; 3] {
        let q = self.quantiles;
        let slack = ROUNDING * libm::fabs(self.actual);
        let holds = |(lo, hi): (f64, f64)| (lo - slack..=hi + slack).contains(&self.actual);
        [(q[2], q[4]), (q[1], q[5]), (q[0], q[6])].map(holds)
    }
}

/// Total spend over a horizon, forecast by every method from one origin.
#[derive(Clone, Debug)]
pub struct Total {
    /// Days of the horizon.
    pub horizon: usize,
    /// Those of them that are known; the total is over these.
    pub days: usize,
    /// By [`Method::ALL`].
    pub scored: Vec<Scored>,
}

/// The forecasts from one origin.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The first day forecast, its number in the series.
    pub day: usize,
    /// Its date.
    pub date: Date,
    /// Totals over those of [`HORIZONS`] that the series reaches.
    pub totals: Vec<Total>,
    /// Each known day of the first 30: its number in the series, and by
    /// [`Method::ALL`].
    pub daily: Vec<(usize, Vec<Scored>)>,
}

/// All forecasts.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// What was to be forecast.
    pub series: DailySeries,
    /// How it was made.
    pub plan: BacktestPlan,
    /// In order of time.
    pub origins: Vec<Origin>,
}

/// How often what came lay within a method's intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// Forecasts.
    pub forecasts: usize,
    /// Independent forecasts that they are worth, since those of neighbouring
    /// origins share days: as many horizons as fit side by side.
    pub independent: f64,
    /// Shares of them in which what came lies within the central 50, 80 and
    /// 95 %, with the 95 % intervals of so many independent ones.
    pub shares: [Estimate; 3],
}

impl Coverage {
    fn of(scored: &[&Scored], independent: f64) -> Coverage {
        let inside = |i: usize| scored.iter().filter(|scored| scored.covered()[i]).count();
        let share = |i: usize| {
            let share = inside(i) as f64 / scored.len() as f64;
            Estimate::of_dependent_proportion(share, independent)
        };
        Coverage { forecasts: scored.len(), independent, shares: [0, 1, 2].map(share) }
    }
}

/// How one method did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How often its intervals held.
    pub coverage: Coverage,
    /// Mean continuous ranked probability score, in ETH.
    pub crps: f64,
    /// Mean of forecast median less what came, in ETH.
    pub bias: f64,
    /// Mean of what came, in ETH.
    pub actual: f64,
}

impl Summary {
    fn of(scored: &[&Scored], independent: f64) -> Option<Summary> {
        let n = scored.len() as f64;
        let mean = |value: &dyn Fn(&Scored) -> f64| {
            scored.iter().map(|scored| value(scored)).sum::<f64>() / n
        };
        let actual = mean(&|s| s.actual);
        let exact = |eth: f64| if libm::fabs(eth) <= ROUNDING * actual { 0.0 } else { eth };
        (!scored.is_empty()).then(|| Summary {
            coverage: Coverage::of(scored, independent),
            crps: exact(mean(&|s| s.crps)),
            bias: exact(mean(&|s| s.median() - s.actual)),
            actual,
        })
    }
}

impl Backtest {
    /// Forecasts a series from every origin, in parallel on the threads of the
    /// calling rayon pool; the result does not depend on their number. `done` is
    /// called as all methods have forecast from one of [`BacktestPlan::origins`].
    ///
    /// # Errors
    /// [`BacktestError`] where the series is too short.
    pub fn of(
        series: DailySeries,
        plan: BacktestPlan,
        done: &(dyn Fn() + Sync),
    ) -> Result<Backtest, BacktestError> {
        if plan.least_past < LEAST_DAYS_FOR_WEEKDAYS {
            return Err(BacktestError::TooLittlePast(plan.least_past));
        }
        let days = plan.origins(&series);
        if days.is_empty() {
            let known = series.known();
            let fewest = BacktestPlan { least_past: LEAST_DAYS_FOR_WEEKDAYS, ..plan };
            let fewer_do = !fewest.origins(&series).is_empty();
            return Err(BacktestError::TooShort { known, least: plan.least_past, fewer_do });
        }
        let forecast = |day: usize| {
            let origin = origin(&series, plan, day);
            done();
            origin
        };
        let origins = days.into_par_iter().map(forecast).collect();
        Ok(Backtest { series, plan, origins })
    }

    /// How a method did with totals over a horizon; `None` where there were
    /// none.
    pub fn totals(&self, method: usize, horizon: usize) -> Option<Summary> {
        Summary::of(&self.scored(method, horizon), self.side_by_side(horizon) as f64)
    }

    /// How often a method's intervals of all totals held; `None` where there are not
    /// several horizons. They are worth as many independent ones as give the share
    /// the spread it has where all horizons are right or wrong together, more than
    /// which no dependence between them can do.
    pub fn all_totals(&self, method: usize) -> Option<Coverage> {
        let by_horizon = HORIZONS.map(|horizon| self.scored(method, horizon));
        if by_horizon.iter().any(Vec::is_empty) {
            return None;
        }
        let all = by_horizon.concat();
        let spread = |(scored, horizon): (&Vec<&Scored>, usize)| {
            scored.len() as f64 / libm::sqrt(self.side_by_side(horizon) as f64)
        };
        let spread = by_horizon.iter().zip(HORIZONS).map(spread).sum::<f64>() / all.len() as f64;
        Some(Coverage::of(&all, 1.0 / (spread * spread)))
    }

    /// How a method did with each of the next 30 days. All days of a horizon are
    /// taken to be right or wrong together.
    pub fn daily(&self, method: usize) -> Option<Summary> {
        let daily = self.origins.iter().flat_map(|origin| &origin.daily);
        let scored: Vec<&Scored> = daily.filter_map(|(_, scored)| scored.get(method)).collect();
        Summary::of(&scored, self.side_by_side(HORIZONS[0]) as f64)
    }

    /// A method's totals over a horizon.
    fn scored(&self, method: usize, horizon: usize) -> Vec<&Scored> {
        let totals = self.origins.iter().flat_map(|origin| &origin.totals);
        let of_horizon = totals.filter(|total| total.horizon == horizon);
        of_horizon.filter_map(|total| total.scored.get(method)).collect()
    }

    /// How many horizons fit side by side into the days that are forecast over one.
    fn side_by_side(&self, horizon: usize) -> usize {
        let is_forecast =
            |origin: &&Origin| origin.totals.iter().any(|total| total.horizon == horizon);
        let (mut days, mut end) = (0, 0);
        for origin in self.origins.iter().filter(is_forecast) {
            days += origin.day + horizon - end.max(origin.day);
            end = origin.day + horizon;
        }
        days / horizon
    }
}

/// Whether a horizon lies within the series, most of its days known.
fn is_known(series: &DailySeries, day: usize, horizon: usize) -> bool {
    let days = series.amounts().get(day..day + horizon);
    days.is_some_and(|days| days.iter().flatten().count() as f64 >= LEAST_KNOWN * horizon as f64)
}

fn origin(series: &DailySeries, plan: BacktestPlan, day: usize) -> Origin {
    let past = series.before(day);
    let reached: Vec<usize> =
        HORIZONS.into_iter().filter(|&horizon| is_known(series, day, horizon)).collect();
    let longest = reached.iter().copied().max().unwrap_or(0);
    let key = StreamKey::root(plan.seed).child(day as u64);
    let known: Vec<(usize, f64)> = (0..longest)
        .filter_map(|ahead| Some((ahead, (*series.amounts().get(day + ahead)?)?)))
        .collect();
    let mut totals: Vec<Total> = reached
        .iter()
        .map(|&horizon| {
            let days = known.iter().filter(|(ahead, _)| *ahead < horizon).count();
            Total { horizon, days, scored: Vec::new() }
        })
        .collect();
    let mut daily: Vec<(usize, Vec<Scored>)> = known
        .iter()
        .filter(|(ahead, _)| *ahead < HORIZONS[0])
        .map(|(ahead, _)| (day + ahead, Vec::new()))
        .collect();
    for (number, method) in (0..).zip(Method::ALL) {
        let futures = method.futures(&past, longest, plan.futures, key.child(number));
        for total in &mut totals {
            let inside = || known.iter().filter(|(ahead, _)| *ahead < total.horizon);
            let sum = |future: &Vec<f64>| inside().map(|(ahead, _)| future[*ahead]).sum();
            let actual = inside().map(|(_, eth)| eth).sum();
            let scored = Scored::new(futures.iter().map(sum).collect(), actual);
            total.scored.push(scored);
        }
        for ((_, scored), (ahead, actual)) in daily.iter_mut().zip(&known) {
            let values = futures.iter().map(|future| future[*ahead]).collect();
            scored.push(Scored::new(values, *actual));
        }
    }
    Origin { day, date: series.date(day), totals, daily }
}
