//! Fitting a scenario's demand to what was really spent.
//!
//! The model is [`spend_model`](super::spend_model). [`calibrate`] sets
//! `demand.uncertainty`, and of every stream `requests_per_day`, `growth`,
//! `weekdays` and `bursts`. Bursts stand for noise too, less what the simulation
//! has of its own (requests, sizes, lottery): found by fitting the same model to
//! days of it without bursts, so that both are measured alike. How many requests
//! a spend stands for is found by simulating the scenario itself.

mod growth;
mod level;
mod mix;
mod moments;
mod start;
mod weekdays;

use jiff::civil::Date;

use growth::Trend;
pub use level::{SpendLevel, scale_to_spend};
pub use mix::{Group, MIX_DAYS};
pub use moments::MOST_SIMULATED;
use start::{keep_dates, later_start, start_after};

use super::spend_model::{
    DailySeries, Draw, Goodness, Hindsight, LEAST_DAYS, LEAST_DAYS_FOR_WEEKDAYS, Posterior,
    SETTLED, SeriesError, mean_factor, outlier_factor,
};
use crate::demand::{Arrivals, Bursts, DemandUncertainty, MOST_REQUESTS_PER_DAY};
use crate::ensemble::quantile;
use crate::kernel::StreamKey;
use crate::payments::LedgerViolation;
use crate::scenario::Scenario;
use crate::spend::SpendHistory;
use crate::text::plural;
use crate::units::significant;

/// Draws from the posterior that estimates are made of.
const DRAWS: usize = 2_000;
/// Days after the data from which on a start is said to be far ahead of them.
const FAR_DAYS: f64 = 28.0;
/// Above this ratio of its ends an interval says next to nothing.
const WIDE: f64 = 10.0;
/// Factor between what days had and what the model expected from which on it is refused.
const MOST_MISS: f64 = 2.0;
/// How much more than the data a scenario without bursts varies from day to day where
/// that is said.
const WIDER: f64 = 1.2;
/// Coefficient of variation of a stream's bursts that is given to a scenario at most:
/// those of the streams of a group are independent, and stronger ones overrun the capacity
/// that is simulated, so that it would spend clearly less than the data.
pub const MOST_BURST_CV: f64 = 1.0;
/// What the scenario's schema allows.
const MOST_CV: f64 = 100.0;
const HOLD_HOURS: (f64, f64) = (0.001, 1e6);
/// Factor of days out of line on the level from which on it is worth a word.
const NOTICEABLE_OUTLIERS: f64 = 1.05;

/// An estimate (posterior median) with its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted {
    /// The estimate.
    pub estimate: f64,
    /// Lower end of the interval.
    pub lo: f64,
    /// Upper end of the interval.
    pub hi: f64,
}

impl Fitted {
    fn of(posterior: &Posterior, value: impl Fn(&Draw) -> f64) -> Fitted {
        Fitted::of_values(posterior.draws.iter().map(value))
    }

    fn of_values(values: impl Iterator<Item = f64>) -> Fitted {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |probability| quantile(&values, probability);
        Fitted { estimate: at(0.5), lo: at(0.05), hi: at(0.95) }
    }

    /// The same in another unit.
    pub fn times(self, factor: f64) -> Fitted {
        Fitted { estimate: self.estimate * factor, lo: self.lo * factor, hi: self.hi * factor }
    }

    fn is_wide(self) -> bool {
        self.hi > WIDE * self.lo
    }
}

/// Why a scenario was not calibrated.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// The series cannot be fitted.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// There is no day to take a mean of, or nothing was spent on any.
    #[error("no complete day of `{0}` has any spend on what the scenario has")]
    Nothing(String),
    /// A stream's requests are recorded.
    #[error("the stream `{0}` is a trace: its requests are what they are, there is nothing to fit")]
    Trace(String),
    /// The history does not tell the mean of a day.
    #[error(
        "spend is too uneven for the model of `calibrate`: {0}\n  help: `orchsim import spend` takes \
         the mean of all days"
    )]
    TooUneven(String),
    /// The scenario starts so long after the history that it says nothing of it.
    #[error(
        "the scenario starts on {start}, {} after the last of the data, {last}: what is spent by \
         then cannot be told\n  help: let it start earlier, or give later data",
        plural(&days.to_string(), "day")
    )]
    TooFar {
        /// The first day of the scenario.
        start: Date,
        /// How many days after the data.
        days: f64,
        /// The last day of the data.
        last: Date,
    },
    /// The history is of something else.
    #[error(
        "{} % of the spend is on {names}, which the scenario does not have; add it to the scenario",
        libm::round(share * 100.0)
    )]
    Unknown {
        /// The share of the spend.
        share: f64,
        /// What it is on.
        names: String,
    },
    /// The scenario spends nothing.
    #[error(
        "simulated, the scenario spends nothing on {names}, so that no rate of requests explains the \
         real spend{reasons}"
    )]
    NoSpend {
        /// On what.
        names: String,
        /// Why, a line for each.
        reasons: String,
    },
    /// The scenario would need more requests than can be.
    #[error(
        "to spend {eth_per_day} ETH a day on {group} takes more than {MOST_REQUESTS_PER_DAY:e} requests \
         a day at the prices of the scenario\n  help: see whether the amounts are in the unit that \
         their header says"
    )]
    TooMany {
        /// On what.
        group: String,
        /// What it is to spend.
        eth_per_day: f64,
    },
    /// A defect of orchsim.
    #[error(transparent)]
    Ledger(#[from] LedgerViolation),
}

/// What one group of streams spends.
#[derive(Clone, Debug)]
pub struct MixRow {
    /// Which streams.
    pub group: Group,
    /// Its share of the spend of the last [`MIX_DAYS`] complete days.
    pub share: Fitted,
    /// What it is to spend a day at the start, in ETH.
    pub eth_per_day: f64,
    /// What the scenario spent on it before, simulated at level rates.
    pub before_eth_per_day: f64,
    /// What it spends on it with the scaled rates, likewise.
    pub after_eth_per_day: f64,
    /// Whether that is too little, and more requests do not help.
    pub is_stuck: bool,
}

impl MixRow {
    /// Whether no rate of requests makes it spend anything.
    fn is_idle(&self) -> bool {
        self.eth_per_day > 0.0 && self.before_eth_per_day <= 0.0
    }
}

/// Days far out of line that raise the level noticeably: it is a mean over days, with
/// such days as often among them as they came.
#[derive(Clone, Copy, Debug)]
pub struct OutlyingDays {
    /// How many days were probably far above the expected, and are taken to come again.
    pub days: usize,
    /// Their share of all spend.
    pub share: f64,
    /// How many times as much the level is for them.
    pub factor: f64,
    /// The level without, in ETH a day.
    pub level_without: Fitted,
}

/// A scenario's demand fitted to spend.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// What it was fitted to.
    pub series: DailySeries,
    /// All that is known of it.
    pub posterior: Posterior,
    /// The first day of the calibrated scenario.
    pub start: Date,
    /// Spend a day at the start, in ETH, in the mean over days.
    pub level: Fitted,
    /// The days that raise it, where they do noticeably.
    pub outlying_days: Option<OutlyingDays>,
    /// Its mean over the futures of the scenario, in ETH: what its rates stand for,
    /// since the factor that `demand.uncertainty` draws for a future has the mean 1.
    pub mean_level: f64,
    /// Growth rate a day so far.
    pub growth: Fitted,
    /// The weights of the days of UTC, Monday first, with mean 1; `None` where there
    /// are too few days to tell. The scenario has those on its users' clocks that give
    /// these.
    pub weekdays: Option<[Fitted; 7]>,
    /// Coefficient of variation of the bursts of all spend, which make up for what the
    /// scenario varies too little without.
    pub burst_cv: Fitted,
    /// The same of the bursts of one stream: those of several streams are
    /// independent and level out.
    pub stream_burst_cv: Fitted,
    /// Mean time that a burst's level holds, in hours.
    pub burst_hours: Fitted,
    /// Standard deviation of the steps of the level's logarithm, where the
    /// level wanders; else `None`.
    pub wander_per_day: Option<Fitted>,
    /// What is written as `demand.uncertainty`.
    pub uncertainty: DemandUncertainty,
    /// By group of streams.
    pub mix: Vec<MixRow>,
    /// How well the model fits.
    pub goodness: Goodness,
    /// What a reader has to know, a sentence each.
    pub remarks: Vec<String>,
    /// The calibrated scenario.
    pub scenario: Scenario,
}

impl Calibration {
    /// Spend a day at the start, in ETH, without days far out of line where they raise it
    /// noticeably.
    pub fn usual_level(&self) -> Fitted {
        self.outlying_days.map_or(self.level, |outlying| outlying.level_without)
    }
}

/// Fits the demand of a scenario to a spend history. The calibrated scenario
/// starts on the day after the last of the history, or on its own first day
/// where that is later. `done` is called as each of at most [`MOST_SIMULATED`]
/// replications ends, in parallel on the threads of the calling rayon pool.
///
/// # Errors
/// [`CalibrateError`]: too few days, recorded demand, spend on what the
/// scenario does not have.
pub fn calibrate(
    scenario: &Scenario,
    history: &SpendHistory,
    done: &(dyn Fn() + Sync),
) -> Result<Calibration, CalibrateError> {
    refuse_traces(scenario)?;
    let series = DailySeries::new(history)?;
    let mix = mix::mix(scenario, history)?;
    let key = StreamKey::root(scenario.seed);
    let posterior = Posterior::of(&series, DRAWS, key.child(0));
    let last = series.date(series.len() - 1);
    let start = start_after(scenario, last);
    let ahead = f64::from((start - last).get_days());
    let outlook = Outlook {
        posterior: &posterior,
        spent_share: 1.0 - series.zero_share(),
        wanders: posterior.wanders(),
        step: key.child(1),
    };
    let levels = outlook.levels(ahead);
    let level = exponentials(&levels);
    let near = exponentials(&outlook.levels(1.0));
    refuse_uneven(&series, &posterior, near)?;
    let uncertainty = outlook.uncertainty(&levels);
    if uncertainty.level_cv > MOST_CV {
        return Err(CalibrateError::TooFar { start, days: ahead, last });
    }
    let far = far_ahead(ahead, last, near, level);
    let outlying_days = outlook.outlying_days(&series, &levels);
    let level_sd = moments_of(&levels).1;
    let mean_level = level.estimate * libm::exp(level_sd * level_sd / 2.0);

    let mut calibrated = scenario.clone();
    let (rows, after) = rates(&mut calibrated, &mix, level.estimate, mean_level, done)?;
    // Few requests vary more than many: as many as the data are of in the mean.
    let own = moments::level_days(&calibrated, series.mean() / mean_level, done)?;
    let own = (own.known() >= LEAST_DAYS).then(|| Posterior::of(&own, DRAWS, key.child(3)));
    let shape = Shape::of(&series, &posterior, own.as_ref(), &after);
    let trend = Trend {
        rate_per_day: posterior.moments(|draw| draw.growth).0,
        first: series.date(0),
        base: scenario.start,
        start,
    };
    shape.give_to(&mut calibrated, &after, &trend);
    calibrated.start = start;
    keep_dates(&mut calibrated, (start - scenario.start).get_days().unsigned_abs().into());
    calibrated.uncertainty = uncertainty;

    let mut remarks = history.notes.clone();
    remarks.extend(history.whose());
    remarks.extend(unused_columns(history));
    remarks.extend(outlook.trend_remark(&uncertainty));
    remarks.extend(trend.remarks(&calibrated));
    remarks.extend(posterior.miss_in_words(&series));
    remarks.extend(outlying_days.map(|days| outlier_remark(&days, level)));
    remarks.extend(early_outlier_remark(&posterior, &series));
    remarks.extend(unknown_remark(&mix));
    remarks.extend(mix.remarks);
    remarks.extend(shape.remarks());
    remarks.extend(shortfalls(&rows));
    remarks.extend(far);
    remarks.extend(later_start(scenario, start));
    let wander = |draw: &Draw| draw.parameters.wander_per_day;
    Ok(Calibration {
        goodness: Goodness::of(&series, &posterior),
        start,
        level,
        outlying_days,
        mean_level,
        growth: Fitted::of(&posterior, |draw| draw.growth),
        weekdays: shape.weekdays,
        burst_cv: shape.burst_cv,
        stream_burst_cv: shape.stream_burst_cv,
        burst_hours: shape.burst_hours,
        wander_per_day: outlook.wanders.then(|| Fitted::of(&posterior, wander)),
        uncertainty,
        mix: rows,
        remarks,
        series,
        posterior,
        scenario: calibrated,
    })
}

/// What a posterior says of days to come.
struct Outlook<'a> {
    posterior: &'a Posterior,
    spent_share: f64,
    wanders: bool,
    /// Of the steps that the level takes.
    step: StreamKey,
}

impl Outlook<'_> {
    fn growth(&self, draw: &Draw) -> f64 {
        if self.wanders { draw.growth_to_come } else { draw.growth }
    }

    /// Logarithm of spend a day so many days after the data, draw by draw.
    fn levels(&self, days: f64) -> Vec<f64> {
        let draws = (0..).zip(&self.posterior.draws);
        let level = |(number, draw): (u64, &Draw)| {
            let walk = draw.parameters.wander_per_day * libm::sqrt(days) * self.step.normal(number);
            let factor = libm::log(mean_factor(self.posterior, draw) * self.spent_share);
            draw.level + self.growth(draw) * days + walk + factor
        };
        draws.map(level).collect()
    }

    /// What days far out of line are to the level, whose logarithm at the start is one
    /// of `levels`.
    fn outlying_days(&self, series: &DailySeries, levels: &[f64]) -> Option<OutlyingDays> {
        let without = levels.iter().zip(&self.posterior.draws);
        let without: Vec<f64> = without
            .map(|(level, draw)| level - libm::log(outlier_factor(self.posterior, draw)))
            .collect();
        let level_without = exponentials(&without);
        let factor = exponentials(levels).estimate / level_without.estimate;
        let (days, eth) = self.posterior.to_come_again(series);
        let share = eth / series.amounts().iter().flatten().sum::<f64>();
        (factor > NOTICEABLE_OUTLIERS).then_some(OutlyingDays {
            days,
            share,
            factor,
            level_without,
        })
    }

    /// What is not known where the logarithm of the level at the start is one of
    /// `levels`.
    fn uncertainty(&self, levels: &[f64]) -> DemandUncertainty {
        let growths: Vec<f64> = self.posterior.draws.iter().map(|draw| self.growth(draw)).collect();
        let (level_mean, level_sd) = moments_of(levels);
        let (growth_mean, growth_sd) = moments_of(&growths);
        let joint = levels.iter().zip(&growths);
        let cov = joint.map(|(a, b)| (a - level_mean) * (b - growth_mean)).sum::<f64>()
            / levels.len() as f64;
        let correlation =
            if level_sd * growth_sd > 0.0 { cov / (level_sd * growth_sd) } else { 0.0 };
        let (wander_mean, wander_sd) = wander_moments(self.posterior);
        DemandUncertainty {
            level_cv: libm::sqrt(libm::expm1(level_sd * level_sd)),
            growth_sd: 0.0,
            growth_per_day_sd: growth_sd,
            level_growth_correlation: correlation.clamp(-1.0, 1.0),
            wander_per_day: if self.wanders { wander_mean } else { 0.0 },
            wander_cv: if self.wanders { wander_sd / wander_mean } else { 0.0 },
        }
    }

    fn trend_remark(&self, uncertainty: &DemandUncertainty) -> Option<String> {
        let leans = "leans on what was assumed before: a factor of about two in a month";
        let wandering = match self.posterior.tells_wandering() {
            true => format!("by how much a day the level wanders {leans}"),
            false => format!(
                "whether the level wanders these data do not tell (a probability of {:.0} % before \
                 them, of {:.0} % with them): that it is taken to, and by how much a day, {leans}",
                100.0 * (1.0 - SETTLED),
                100.0 * self.posterior.wandering
            ),
        };
        self.wanders.then(|| {
            format!(
                "{wandering}. Growth so far then tells little of growth to come, of which {:.0} % a \
                 month more or less is allowed for (a standard deviation)",
                100.0 * libm::expm1(30.0 * uncertainty.growth_per_day_sd)
            )
        })
    }
}

/// Sets the rates of a scenario: as simulated, it spends the median level, so that half
/// of the futures spend less; the mean is for the factor on the level. Returns what is
/// simulated at the median.
fn rates(
    scenario: &mut Scenario,
    mix: &mix::Mix,
    median_level: f64,
    mean_level: f64,
    done: &(dyn Fn() + Sync),
) -> Result<(Vec<MixRow>, moments::Simulated), CalibrateError> {
    let original = scenario.clone();
    let (rows, after) = scale(scenario, mix, median_level, done)?;
    refuse_idle(&original, mix, &rows)?;
    for (stream, group) in scenario.demand.iter_mut().zip(&mix.of_stream) {
        let mean = mix.part(group, mean_level);
        moments::multiply(stream, mean_level / median_level, group, mean)?;
    }
    Ok((rows, after))
}

/// How spend goes about its level.
struct Shape {
    weekdays: Option<[Fitted; 7]>,
    burst_cv: Fitted,
    stream_burst_cv: Fitted,
    burst_hours: Fitted,
    /// Standard deviation of a day's logarithm about its level, of the data and of the
    /// scenario without bursts.
    day_sd: [f64; 2],
}

impl Shape {
    /// Of a fitted series and of what was fitted to days without bursts, if there were
    /// enough with spend.
    fn of(
        series: &DailySeries,
        posterior: &Posterior,
        own: Option<&Posterior>,
        spend: &moments::Simulated,
    ) -> Shape {
        let total: f64 = spend.eth_per_day.iter().sum();
        let evenness: f64 = spend.eth_per_day.iter().map(|eth| (eth / total) * (eth / total)).sum();
        let own_draws = own.map(|own| own.draws.as_slice()).unwrap_or_default();
        let own_vars = own_draws.iter().map(|draw| draw.parameters.day_var());
        let own_vars = own_vars.chain(std::iter::repeat(0.0));
        let cvs = posterior.draws.iter().zip(own_vars).map(|(draw, own_var)| {
            let parameters = &draw.parameters;
            let rest = (parameters.day_var() - own_var).max(0.0);
            libm::sqrt(libm::expm1(rest / parameters.unit_burst_var()))
        });
        let burst_cv = Fitted::of_values(cvs);
        let day_sd =
            |of: &Posterior| of.quantile(0.5, |draw| libm::sqrt(draw.parameters.day_var()));
        Shape {
            weekdays: series.has_weekdays().then(|| weekdays::fitted(posterior)),
            burst_cv,
            stream_burst_cv: burst_cv.times(1.0 / libm::sqrt(evenness)),
            burst_hours: Fitted::of(posterior, |draw| draw.parameters.burst_days * 24.0),
            day_sd: [day_sd(posterior), own.map_or(0.0, day_sd)],
        }
    }

    fn give_to(&self, scenario: &mut Scenario, spend: &moments::Simulated, trend: &Trend) {
        let on_users_clocks = |weights: [Fitted; 7]| {
            let utc = weights.map(|fitted| fitted.estimate);
            weekdays::on_users_clocks(utc, scenario, &spend.eth_per_day)
        };
        let weekdays = self.weekdays.map(on_users_clocks);
        for stream in scenario.demand.iter_mut().filter(|stream| stream.injected.is_none()) {
            let Arrivals::Poisson(arrivals) = &mut stream.arrivals else { continue };
            arrivals.growth = trend.growth(&arrivals.growth);
            arrivals.bursts = Bursts::Modulated {
                cv: self.stream_burst_cv.estimate.min(MOST_BURST_CV),
                mean_hold_hours: self.burst_hours.estimate.clamp(HOLD_HOURS.0, HOLD_HOURS.1),
            };
            if let Some(weekdays) = &weekdays {
                arrivals.weekdays = weekdays.clone();
            }
        }
    }

    fn remarks(&self) -> impl Iterator<Item = String> {
        let few = self.weekdays.is_none().then(|| {
            format!(
                "fewer than {LEAST_DAYS_FOR_WEEKDAYS} complete days: weekdays are not fitted, those \
                 of the scenario stay"
            )
        });
        let wider = match self.day_sd {
            [data, own] if own > WIDER * data => ", and bands by day are wider than the data",
            _ => "",
        };
        let [data, own] = self.day_sd.map(|sd| significant(sd, 2));
        let vague = if self.burst_cv.lo == 0.0 {
            Some(format!(
                "from one day to the next spend varies by {data} in the data and, for requests, \
                 sizes and the lottery, by {own} in the scenario without bursts (standard deviations \
                 of the logarithm): what is left for bursts is hardly to be told, and may be nothing{wider}"
            ))
        } else {
            (self.burst_cv.is_wide() || self.burst_hours.is_wide()).then(|| {
                "how strong bursts are or how long they hold is hardly to be told from these data; \
                 the estimates lean on what was assumed before"
                    .to_string()
            })
        };
        let cv = self.stream_burst_cv.estimate;
        let limited = (cv > MOST_BURST_CV).then(|| {
            format!(
                "for spend to vary from day to day as in the data each stream would need bursts of a \
                 cv of {}: they are set to {MOST_BURST_CV}, as stronger ones overrun capacity and \
                 spend less in the mean; bands by day are too narrow",
                significant(cv, 2)
            )
        });
        few.into_iter().chain(vague).chain(limited)
    }
}

fn unused_columns(history: &SpendHistory) -> Option<String> {
    let columns = history.other_columns();
    (!columns.is_empty()).then(|| {
        format!(
            "spend is told apart by pipeline and gateway only, without `{}` of the file: users' \
             regions, models and sizes are those of the scenario",
            columns.join("`, `")
        )
    })
}

/// What it means that days far out of line make up a good part of the spend.
fn outlier_remark(outlying: &OutlyingDays, level: Fitted) -> String {
    let (days, help) = match outlying.days {
        0 => ("days far above the others may come, though none clearly did".to_string(), ""),
        days => (
            format!(
                "{} had far more than expected, {:.0} % of all spend, and such days are taken to \
                 come again as often",
                plural(&days.to_string(), "day"),
                outlying.share * 100.0
            ),
            ". Where one will not come again, leave it out of the file",
        ),
    };
    format!(
        "{days}: for them the level, a mean over days, is {} ETH a day, {:.2} times the {} without. \
         The calibrated scenario spends that evenly on all days: a month with fewer such days, or \
         none, lies low in its bands or below them, one with more high in them or above. The runway \
         of `orchsim report` has such days one by one{help}",
        significant(level.estimate, 3),
        outlying.factor,
        significant(outlying.level_without.estimate, 3)
    )
}

/// What it means that such days were among those from which the level is learned.
fn early_outlier_remark(posterior: &Posterior, series: &DailySeries) -> Option<String> {
    let (days, eth) = posterior.not_to_come_again(series);
    let share = eth / series.amounts().iter().flatten().sum::<f64>();
    (1.0 / (1.0 - share) > NOTICEABLE_OUTLIERS).then(|| {
        format!(
            "{days} of the first {LEAST_DAYS} days, from which the level is learned, had far more \
             than the others, {:.0} % of all spend: that is not taken to come again",
            share * 100.0
        )
    })
}

fn unknown_remark(mix: &mix::Mix) -> Option<String> {
    (!mix.unknown.is_empty()).then(|| {
        format!(
            "{:.1} % of the spend is on {}, which the scenario does not have: spread over the rest, \
             so that it spends as much in all",
            mix.unknown_share() * 100.0,
            mix.unknown_names()
        )
    })
}

/// Refuses a series of which the model does not tell what a day has in the mean, where
/// the level on the day after it is known as `near`.
fn refuse_uneven(
    series: &DailySeries,
    posterior: &Posterior,
    near: Fitted,
) -> Result<(), CalibrateError> {
    let three = |eth: f64| significant(eth, 3);
    if near.is_wide() {
        return Err(CalibrateError::TooUneven(format!(
            "on the day after the last of the data the mean of a day may be anything from {} to {} \
             ETH (90 %)",
            three(near.lo),
            three(near.hi)
        )));
    }
    match posterior.hindsight(series) {
        Some(Hindsight { days, spent, expected, .. })
            if expected > MOST_MISS * spent || spent > MOST_MISS * expected =>
        {
            Err(CalibrateError::TooUneven(format!(
                "it expected {} ETH of each of the last {days} days with spend, on average, on the \
                 day before, and {} came",
                three(expected),
                three(spent)
            )))
        }
        _ => Ok(()),
    }
}

/// What it means that the scenario starts so many days after the last of the data, where
/// those are many: the level is known as `near` on the day after them, as `far` at the
/// start.
fn far_ahead(days: f64, last: Date, near: Fitted, far: Fitted) -> Option<String> {
    let interval =
        |fitted: Fitted| format!("[{}, {}]", significant(fitted.lo, 3), significant(fitted.hi, 3));
    let (near, far) = (interval(near), interval(far));
    (days > FAR_DAYS && near != far).then(|| {
        format!(
            "the scenario starts {days} days after {last}, the last of the data: what spend does \
             meanwhile is not known, which widens its 90 % interval from {near} to {far} ETH a day; \
             data up to the start, or an earlier start, would narrow it"
        )
    })
}

fn refuse_traces(scenario: &Scenario) -> Result<(), CalibrateError> {
    let is_trace = |arrivals: &Arrivals| matches!(arrivals, Arrivals::Trace(_));
    match scenario.demand.iter().find(|stream| is_trace(&stream.arrivals)) {
        Some(stream) => Err(CalibrateError::Trace(stream.id.clone())),
        None => Ok(()),
    }
}

/// Scales the requests of each group until it is simulated to spend its share of
/// `eth_per_day`.
fn scale(
    scenario: &mut Scenario,
    mix: &mix::Mix,
    eth_per_day: f64,
    done: &(dyn Fn() + Sync),
) -> Result<(Vec<MixRow>, moments::Simulated), CalibrateError> {
    let target = |group: &Group| mix.part(group, eth_per_day);
    let scaled = moments::scale(scenario, &mix.of_stream, target, done)?;
    let row = |(group, share): (&Group, &Fitted)| MixRow {
        group: group.clone(),
        share: *share,
        eth_per_day: target(group),
        before_eth_per_day: scaled.before.of_group(&mix.of_stream, group),
        after_eth_per_day: scaled.after.of_group(&mix.of_stream, group),
        is_stuck: scaled.stuck.contains(group),
    };
    let rows: Vec<MixRow> = mix.shares.iter().map(row).collect();
    Ok((rows, scaled.after))
}

/// Refuses a scenario that spends nothing on what is spent on.
fn refuse_idle(scenario: &Scenario, mix: &mix::Mix, rows: &[MixRow]) -> Result<(), CalibrateError> {
    let idle: Vec<&Group> = rows.iter().filter(|row| row.is_idle()).map(|row| &row.group).collect();
    if idle.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = idle.iter().map(|group| group.name()).collect();
    let reasons = idle.iter().map(|group| format!("\n  help: {}", mix.why_idle(scenario, group)));
    Err(CalibrateError::NoSpend { names: names.join(", "), reasons: reasons.collect() })
}

/// The groups that do not spend what they are to.
fn shortfalls(rows: &[MixRow]) -> impl Iterator<Item = String> {
    let misses = |row: &&MixRow| {
        libm::fabs(row.after_eth_per_day - row.eth_per_day) > moments::TOLERANCE * row.eth_per_day
    };
    rows.iter().filter(misses).map(|row| {
        let why = if row.is_stuck {
            ", and no more with more requests: capacity, a limit or its credits stand in the way"
        } else {
            ""
        };
        format!(
            "simulated, the scenario then spends {} ETH a day on {}, not {}{why}",
            significant(row.after_eth_per_day, 3),
            row.group.name(),
            significant(row.eth_per_day, 3)
        )
    })
}

/// Of the exponentials of logarithms.
fn exponentials(logs: &[f64]) -> Fitted {
    Fitted::of_values(logs.iter().map(|log| libm::exp(*log)))
}

fn moments_of(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let var = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n;
    (mean, libm::sqrt(var))
}

/// Of those draws in which the level wanders.
fn wander_moments(posterior: &Posterior) -> (f64, f64) {
    let steps = posterior.draws.iter().map(|draw| draw.parameters.wander_per_day);
    moments_of(&steps.filter(|step| *step > 0.0).collect::<Vec<f64>>())
}
