//! What a spending report says, before anyone prints it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::remaining::Remaining;
use super::stored::{StoredFee, StoredRun, sums};
use super::{SpendingError, prices_paid};
use crate::ensemble::{PeriodRow, Quantiles, ServiceSpend, gini, hhi, nakamoto, top_share};
use crate::experiment::spend_model::SeriesError;
use crate::report::format::date_after;
use crate::report::tables::share_of;
use crate::scenario::Scenario;
use crate::spend::{Coverage, SpendForm, SpendHistory, SpendKey};
use crate::treasury::{self, ConversionPolicy, DailyPrices, DatedPrices, Inflation, Prices};
use crate::units::{Amount, CalendarPeriod, Lpt, SimTime, Wei};

/// What a report is made of; a run, spend or both.
#[derive(Clone, Copy, Debug)]
pub struct SpendingInput<'a> {
    /// The month or quarter.
    pub period: CalendarPeriod,
    /// What was forecast.
    pub run: Option<&'a StoredRun>,
    /// What was really spent.
    pub spend: Option<&'a SpendHistory>,
    /// Token prices by day.
    pub prices: Option<DatedPrices<'a>>,
    /// What was left at the end of the period, in ETH or LPT.
    pub left: Option<Amount>,
}

impl SpendingInput<'_> {
    /// Token prices of each day: those given, else those of the run.
    fn daily_prices(&self) -> Option<DailyPrices<'_>> {
        let given = self.prices.map(DailyPrices::Recorded);
        given.or_else(|| self.run?.scenario.daily_prices())
    }

    /// Whether there are token prices of one day and another, given or replayed.
    pub(super) fn has_recorded_prices(&self) -> bool {
        matches!(self.daily_prices(), Some(DailyPrices::Recorded(_)))
    }

    /// ETH that the spend counts an LPT at, on a day of which nothing else knows the
    /// price.
    pub(super) fn eth_per_lpt(&self, date: Date) -> Option<f64> {
        let fixed = self.spend?.eth_per_lpt?;
        let known = self.daily_prices().and_then(|prices| prices.on(date));
        known.is_none().then(|| fixed.to_f64())
    }
}

/// A month or a quarter of spend.
#[derive(Clone, Debug)]
pub struct Spending {
    /// The period.
    pub period: CalendarPeriod,
    pub(in crate::report) actual: Option<Actual>,
    pub(in crate::report) forecast: Option<Planned>,
    pub(in crate::report) allocations: Vec<Allocation>,
    pub(in crate::report) days: Vec<DayLine>,
    pub(in crate::report) prices_paid: Vec<prices_paid::Row>,
    pub(in crate::report) left: Option<Left>,
    /// What a reader has to know, a sentence each.
    pub(in crate::report) notes: Vec<String>,
}

/// What an amount of ETH is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Worth {
    pub(in crate::report) eth: f64,
    pub(in crate::report) usd: Option<f64>,
    pub(in crate::report) lpt: Option<f64>,
    /// Hours in which the protocol mints as much LPT.
    pub(in crate::report) inflation_hours: Option<f64>,
}

/// What a day's amount is worth, as far as that is known.
#[derive(Clone, Copy, Debug)]
struct DayWorth {
    eth: f64,
    usd: Option<f64>,
    lpt: Option<f64>,
}

/// The days of an amount that have a price, where not all of them do.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Priced {
    pub(in crate::report) days: u32,
    pub(in crate::report) worth: Worth,
}

/// What was spent in the period.
#[derive(Clone, Debug)]
pub(in crate::report) struct Actual {
    pub(in crate::report) form: SpendForm,
    pub(in crate::report) total: Wei,
    pub(in crate::report) worth: Worth,
    pub(in crate::report) priced: Option<Priced>,
    pub(in crate::report) days: DayCount,
    pub(in crate::report) requests: Option<u64>,
    /// Mean of a day that is complete, in ETH.
    pub(in crate::report) per_day: Option<f64>,
    pub(in crate::report) previous: Option<Previous>,
    /// Of the orchestrators paid, where they are named.
    pub(in crate::report) concentration: Option<Concentrated>,
    pub(in crate::report) against: Option<Against>,
}

/// How much of a period is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::report) struct DayCount {
    pub(in crate::report) complete: u32,
    pub(in crate::report) partial: u32,
    /// Days without data between the first and the last of the file.
    pub(in crate::report) gaps: u32,
    /// Days before the first or after the last of the file.
    pub(in crate::report) outside: u32,
}

impl DayCount {
    /// Whether what was spent on them in all compares: both are whole, or as many
    /// days of both are known.
    pub(in crate::report) fn is_like(self, other: DayCount) -> bool {
        self.partial + other.partial == 0
            && (self.complete == other.complete || self.is_whole() && other.is_whole())
    }

    fn is_whole(self) -> bool {
        self.partial + self.gaps + self.outside == 0
    }
}

/// The period before.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Previous {
    pub(in crate::report) total: Wei,
    pub(in crate::report) days: DayCount,
    pub(in crate::report) per_day: Option<f64>,
}

/// How unequally the orchestrators were paid.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Concentrated {
    pub(in crate::report) earners: usize,
    pub(in crate::report) gini: f64,
    pub(in crate::report) hhi: f64,
    pub(in crate::report) nakamoto: usize,
    pub(in crate::report) top4: f64,
}

/// What was spent against what was forecast, over the days that both know.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Against {
    pub(in crate::report) days: u32,
    pub(in crate::report) actual_eth: f64,
    pub(in crate::report) forecast_eth: f64,
    /// Days on which spend lay between the forecast's 5 % and 95 %.
    pub(in crate::report) days_within: u32,
    /// The forecast's quantiles of the period, where spend is known on every day
    /// of it that the run has.
    pub(in crate::report) band: Option<Quantiles>,
}

impl Against {
    /// Whether what was spent lies in the 90 % of a forecast of the period.
    pub(in crate::report) fn is_within(&self, band: Quantiles) -> bool {
        (band.p05..=band.p95).contains(&self.actual_eth)
    }
}

/// What the run expects.
#[derive(Clone, Debug)]
pub(in crate::report) struct Planned {
    pub(in crate::report) row: PeriodRow,
    pub(in crate::report) worth: Worth,
    pub(in crate::report) priced: Option<Priced>,
    pub(in crate::report) per_day: f64,
    pub(in crate::report) previous: Option<PeriodRow>,
    /// Of the share of the futures that still have credits; `None` where the run does
    /// not go on.
    pub(in crate::report) remaining: Option<Remaining>,
    pub(in crate::report) alive: f64,
    /// Days that the run goes on after the period.
    pub(in crate::report) days_after: f64,
    pub(in crate::report) balance_eth: Option<Quantiles>,
    /// Of the whole run: gini, hhi, nakamoto, top4.
    pub(in crate::report) concentration: [Option<f64>; 4],
}

/// One way to divide the spend.
#[derive(Clone, Debug)]
pub(in crate::report) struct Allocation {
    pub(in crate::report) dimension: Dimension,
    pub(in crate::report) lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Dimension {
    Pipeline,
    /// By its id, whatever its pipeline.
    Model,
    Gateway,
    Region,
    /// The region of the orchestrators, which only a run knows.
    Seat,
    Orchestrator,
}

impl Dimension {
    pub(in crate::report) const ALL: [Dimension; 6] = [
        Dimension::Pipeline,
        Dimension::Model,
        Dimension::Gateway,
        Dimension::Region,
        Dimension::Seat,
        Dimension::Orchestrator,
    ];

    /// Its name in files.
    pub(in crate::report) fn id(self) -> &'static str {
        match self {
            Dimension::Pipeline => "pipeline",
            Dimension::Model => "model",
            Dimension::Gateway => "gateway",
            Dimension::Region => "region",
            Dimension::Seat => "orchestrator-region",
            Dimension::Orchestrator => "orchestrator",
        }
    }

    /// What heads it.
    pub(in crate::report) fn label(self) -> &'static str {
        match self {
            Dimension::Pipeline => "Pipeline",
            Dimension::Model => "Model",
            Dimension::Gateway => "Gateway",
            Dimension::Region => "Users' region",
            Dimension::Seat => "Orchestrators' region",
            Dimension::Orchestrator => "Orchestrator",
        }
    }

    /// The name that a key of spend has in it; `seats` are the regions of the orchestrators.
    fn of<'a>(self, key: &'a SpendKey, seats: &BTreeMap<&str, &'a str>) -> Option<&'a str> {
        let name = match self {
            Dimension::Pipeline => &key.pipeline,
            Dimension::Model => &key.model,
            Dimension::Gateway => &key.gateway,
            Dimension::Region => &key.region,
            Dimension::Seat => return seats.get(key.orchestrator.as_deref()?).copied(),
            Dimension::Orchestrator => &key.orchestrator,
        };
        name.as_deref()
    }
}

/// A part of an allocation.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Line {
    /// `None` of what the file does not name.
    pub(in crate::report) name: Option<String>,
    pub(in crate::report) actual: Option<Wei>,
    pub(in crate::report) actual_share: Option<f64>,
    pub(in crate::report) previous: Option<Wei>,
    pub(in crate::report) forecast: Option<Wei>,
    pub(in crate::report) forecast_share: Option<f64>,
}

/// One day of the period.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct DayLine {
    pub(in crate::report) date: Date,
    pub(in crate::report) coverage: Option<Coverage>,
    pub(in crate::report) actual: Option<Wei>,
    /// What was spent, in LPT.
    pub(in crate::report) actual_lpt: Option<f64>,
    pub(in crate::report) prices: Option<DayPrices>,
    pub(in crate::report) forecast_mean: Option<f64>,
    pub(in crate::report) forecast: Option<Quantiles>,
}

/// Token prices as they are used for a day.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct DayPrices {
    pub(in crate::report) prices: Prices,
    /// How many days before they were recorded.
    pub(in crate::report) age: i64,
}

impl Planned {
    /// Whether the total compares with that of the period before: the run has all of
    /// both, or as many days of both.
    pub(in crate::report) fn is_like(&self, previous: &PeriodRow) -> bool {
        let is_whole = |row: &PeriodRow| row.days == row.period.days();
        self.row.days == previous.days || is_whole(&self.row) && is_whole(previous)
    }

    /// Whether the run ends within the period.
    pub(in crate::report) fn ends_early(&self, period: CalendarPeriod) -> bool {
        self.days_after == 0.0 && self.row.days < period.days()
    }
}

/// When a run gives back what is left.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Deadline {
    pub(in crate::report) date: Date,
    /// Days from the end of the period on; below 0 once it has passed.
    pub(in crate::report) days: f64,
}

impl Deadline {
    fn of(scenario: &Scenario, end: Date) -> Option<Deadline> {
        let deadline = scenario.treasury.deadline?;
        let date = date_after(scenario.start, deadline.as_days())?;
        let until_end = (days_between(scenario.start, end) + 1) as f64;
        Some(Deadline { date, days: deadline.as_days() - until_end })
    }

    pub(in crate::report) fn has_passed(self) -> bool {
        self.days < 0.0
    }
}

/// What is left, and how long it lasts.
#[derive(Clone, Debug)]
pub(in crate::report) struct Left {
    pub(in crate::report) worth: Worth,
    /// Days until it is spent, if every day costs what the mean whole day of the
    /// period did.
    pub(in crate::report) pace_days: Option<f64>,
    /// A forecast, or why there is none.
    pub(in crate::report) forecast: Result<Remaining, SeriesError>,
    /// What the forecast may have missed or takes for granted, in words.
    pub(in crate::report) cautions: Vec<String>,
    /// Of the run; one that has passed only where nothing is left for it.
    pub(in crate::report) deadline: Option<Deadline>,
    /// What was spent beyond the credits of the run.
    pub(in crate::report) beyond: Wei,
    /// What of it will not be spent: what the run has left on average where its credits
    /// run out, reserves included; 0 where what is left was given.
    pub(in crate::report) stays_eth: f64,
}

impl Spending {
    /// Works out a report.
    ///
    /// # Errors
    /// A period of which the run, or the spend, knows no day; LPT left without a
    /// price.
    pub fn new(input: &SpendingInput) -> Result<Spending, SpendingError> {
        let period = input.period;
        let reporter = Reporter { input, inflation: inflation(input.run) };
        let days = reporter.days();
        let forecast = input.run.map(|run| reporter.planned(run, &days)).transpose()?;
        let actual = match input.spend {
            Some(history) => Some(reporter.actual(history, &days, forecast.as_ref())?),
            None => None,
        };
        let left = reporter.left(actual.as_ref())?;
        let allocations = reporter.allocations(forecast.as_ref());
        let prices_paid = prices_paid::rows(input.run, input.spend, period, &days);
        let mut spending = Spending {
            period,
            actual,
            forecast,
            allocations,
            days,
            prices_paid,
            left,
            notes: Vec::new(),
        };
        spending.notes = reporter.notes(&spending);
        Ok(spending)
    }
}

/// The rate that hours of inflation are counted at.
pub(super) fn inflation(run: Option<&StoredRun>) -> Inflation {
    run.map_or(Inflation::OBSERVED, |run| run.scenario.treasury.inflation)
}

struct Reporter<'a> {
    input: &'a SpendingInput<'a>,
    inflation: Inflation,
}

impl Reporter<'_> {
    fn worth(&self, eth: f64, usd: Option<f64>, lpt: Option<f64>) -> Worth {
        let hours = |lpt: f64| self.inflation.hours(Lpt((lpt * 1e18) as u128));
        Worth { eth, usd, lpt, inflation_hours: lpt.map(hours) }
    }

    /// What an amount is worth that was spent on such days; and what those with a
    /// price are, where some have none.
    fn worth_by_day(
        &self,
        total: f64,
        days: impl Iterator<Item = DayWorth>,
    ) -> (Worth, Option<Priced>) {
        let days: Vec<DayWorth> = days.filter(|day| day.eth > 0.0).collect();
        let worth = |eth: f64, days: &[DayWorth]| {
            let usd = days.iter().map(|day| day.usd).sum();
            self.worth(eth, usd, days.iter().map(|day| day.lpt).sum())
        };
        let priced: Vec<DayWorth> = days.iter().copied().filter(|day| day.usd.is_some()).collect();
        let part = Priced {
            days: priced.len() as u32,
            worth: worth(priced.iter().map(|day| day.eth).sum(), &priced),
        };
        let is_part = !priced.is_empty() && priced.len() < days.len();
        (worth(total, &days), is_part.then_some(part))
    }

    /// Token prices of a day: those given, else those of the run, which of one that
    /// simulates them are those it starts with.
    fn prices(&self, date: Date) -> Option<DayPrices> {
        let (prices, age) = match self.input.daily_prices() {
            Some(by_day) => by_day.on(date)?,
            None => (self.input.run?.scenario.credits.prices(), 0),
        };
        Some(DayPrices { prices, age })
    }

    fn planned(&self, run: &StoredRun, days: &[DayLine]) -> Result<Planned, SpendingError> {
        let scenario = &run.scenario;
        let period = self.input.period;
        let find =
            |wanted: CalendarPeriod| run.periods.iter().find(|row| row.period == wanted).cloned();
        let row = find(period).ok_or(SpendingError::OutsideRun {
            period,
            first: scenario.start,
            last: scenario.last_day(),
        })?;
        let end = days_between(scenario.start, row.first) + i64::from(row.days);
        let (remaining, alive) = Remaining::of_run(&run.runways, end as f64);
        let at_end = usize::try_from(end - 1).ok().and_then(|day| run.days.get(day));
        let concentration = &run.summary["fees"]["concentration"];
        let mean = row.mean.to_coins();
        let (worth, priced) = match self.input.prices {
            Some(_) => self.worth_by_day(
                mean,
                days.iter().filter_map(|day| {
                    let (eth, prices) = (day.forecast_mean?, day.prices.map(|day| day.prices));
                    Some(DayWorth {
                        eth,
                        usd: prices.map(|prices| prices.eth_in_usd(eth)),
                        lpt: prices.map(|prices| prices.eth_in_lpt(eth)),
                    })
                }),
            ),
            None => (self.worth(mean, Some(row.mean_usd), Some(row.mean_lpt)), None),
        };
        let days_after = (i64::from(scenario.horizon_days) - end).max(0) as f64;
        Ok(Planned {
            worth,
            priced,
            per_day: mean / f64::from(row.days.max(1)),
            previous: find(period.previous()),
            remaining: remaining.filter(|_| days_after > 0.0),
            alive,
            days_after,
            balance_eth: at_end.map(|day| day.balance_eth),
            concentration: ["gini", "hhi", "nakamoto", "top4"]
                .map(|measure| concentration[measure].as_f64()),
            row,
        })
    }

    fn days(&self) -> Vec<DayLine> {
        let SpendingInput { period, run, spend, .. } = self.input;
        let actual: BTreeMap<Date, (Coverage, Wei)> = spend
            .map(|history| history.between(period.first(), period.last()))
            .map(|part| {
                let known = part.days().zip(part.daily_totals());
                known.map(|((date, coverage), wei)| (date, (coverage, wei))).collect()
            })
            .unwrap_or_default();
        let line = |date: Date| {
            let day = run.and_then(|run| {
                run.days.get(usize::try_from(days_between(run.scenario.start, date)).ok()?)
            });
            let known = actual.get(&date);
            let spent = known.filter(|(c, _)| *c != Coverage::Gap).map(|(_, wei)| *wei);
            let prices = self.prices(date);
            let in_lpt = |eth: f64| match self.input.eth_per_lpt(date) {
                Some(eth_per_lpt) => Some(eth / eth_per_lpt),
                None => prices.map(|day| day.prices.eth_in_lpt(eth)),
            };
            DayLine {
                date,
                coverage: known.map(|(coverage, _)| *coverage),
                actual: spent,
                actual_lpt: spent.and_then(|wei| in_lpt(wei.to_coins())),
                prices,
                forecast_mean: day.map(|day| day.mean_eth),
                forecast: day.map(|day| day.spend_eth),
            }
        };
        period
            .first()
            .series(jiff::Span::new().days(1))
            .take(period.days() as usize)
            .map(line)
            .collect()
    }

    fn actual(
        &self,
        history: &SpendHistory,
        days: &[DayLine],
        planned: Option<&Planned>,
    ) -> Result<Actual, SpendingError> {
        let period = self.input.period;
        let part = history.between(period.first(), period.last());
        let count = day_count(&part, period);
        if count.complete + count.partial == 0 {
            return Err(SpendingError::NoSpend {
                source_name: history.source.clone(),
                period,
                first: history.date(0),
                last: history.date(history.len().saturating_sub(1)),
            });
        }
        let total = part.total();
        let (worth, priced) = self.worth_by_day(
            total.to_coins(),
            days.iter().filter_map(|day| {
                let eth = day.actual?.to_coins();
                let usd = day.prices.map(|day| day.prices.eth_in_usd(eth));
                Some(DayWorth { eth, usd, lpt: day.actual_lpt })
            }),
        );
        let requests = part
            .cells()
            .map(|(_, _, spent)| spent.requests.filter(|_| spent.counted == spent.amount));
        let earned = by_name(&part, Dimension::Orchestrator, &BTreeMap::new());
        let named: Vec<f64> = earned
            .iter()
            .filter(|(name, wei)| name.is_some() && *wei > Wei::ZERO)
            .map(|(_, wei)| wei.to_coins())
            .collect();
        let before = history.between(period.previous().first(), period.previous().last());
        let before_days = day_count(&before, period.previous());
        let previous = (before_days.complete + before_days.partial > 0).then(|| Previous {
            total: before.total(),
            days: before_days,
            per_day: per_day(&before),
        });
        Ok(Actual {
            form: history.form,
            total,
            worth,
            priced,
            days: count,
            requests: requests.sum(),
            per_day: per_day(&part),
            previous,
            concentration: (!named.is_empty()).then(|| Concentrated {
                earners: named.len(),
                gini: gini(&named),
                hhi: hhi(&named),
                nakamoto: nakamoto(&named),
                top4: top_share(&named, 4),
            }),
            against: planned.and_then(|planned| against(days, planned)),
        })
    }

    /// What is left at the end of the period, given or worked out from the run's
    /// credits, and how long it lasts.
    fn left(&self, actual: Option<&Actual>) -> Result<Option<Left>, SpendingError> {
        let SpendingInput { period, run, spend, left, .. } = self.input;
        let (Some(history), Some(actual)) = (*spend, actual) else { return Ok(None) };
        let rest = match (left, run) {
            (Some(left), _) => Some((self.given(*left)?, Wei::ZERO)),
            (None, Some(run)) if history.date(0) <= run.scenario.start => {
                self.rest_of_credits(run, history)
            }
            _ => None,
        };
        let Some((rest, beyond)) = rest else { return Ok(None) };
        let eth = rest.to_coins();
        let left_then = |run: &&StoredRun| run.summary["runway_days"]["left_eth"].as_f64();
        let stays_eth = run.as_ref().filter(|_| left.is_none()).and_then(left_then).unwrap_or(0.0);
        let stays_eth = stays_eth.min(eth);
        let spendable = eth - stays_eth;
        let prices = self.prices(period.last()).map(|day| day.prices);
        let past = history.between(history.date(0), period.last());
        let (forecast, cautions) = match Remaining::forecast(spendable, &past, period.last()) {
            Ok((remaining, cautions)) => (Ok(remaining), cautions),
            Err(error) => (Err(error), Vec::new()),
        };
        Ok(Some(Left {
            worth: self.worth(
                eth,
                prices.map(|prices| prices.eth_in_usd(eth)),
                prices.map(|prices| prices.eth_in_lpt(eth)),
            ),
            pace_days: actual.per_day.filter(|pace| *pace > 0.0).map(|pace| spendable / pace),
            forecast,
            cautions,
            deadline: run
                .and_then(|run| Deadline::of(&run.scenario, period.last()))
                .filter(|deadline| left.is_none() || !deadline.has_passed()),
            beyond,
            stays_eth,
        }))
    }

    /// What is left as it was given, LPT at the last price.
    fn given(&self, left: Amount) -> Result<Wei, SpendingError> {
        let day = self.input.period.last();
        let of_lpt = || Some(self.prices(day)?.prices.to_wei(left.to_lpt()?));
        left.to_wei().or_else(of_lpt).ok_or(SpendingError::NoPrice { left, day })
    }

    /// A run's credits less all spend since its start and what others draw or will
    /// draw, and what was spent beyond them; nothing after its deadline. LPT that the run
    /// does not sell at its start is taken to be sold on the day it is spent, and is worth
    /// the last price: `None` where the prices of the days are not known, or users pay in
    /// what nobody knows.
    fn rest_of_credits(&self, run: &StoredRun, history: &SpendHistory) -> Option<(Wei, Wei)> {
        let Scenario { start, credits, treasury: setup, .. } = &run.scenario;
        let end = self.input.period.last();
        let last_moment = |date: Date| {
            let day = days_between(*start, date).unsigned_abs();
            SimTime(SimTime::from_days(day + 1).0 - 1)
        };
        if Deadline::of(&run.scenario, end).is_some_and(Deadline::has_passed) {
            return Some((Wei::ZERO, Wei::ZERO));
        }
        if run.scenario.has_paying_users() {
            return None;
        }
        let since = history.between(*start, end);
        if !holds_lpt(&run.scenario) {
            let (credits, spent) = (credits.eth, since.total());
            let less = |a: Wei, b: Wei| a.checked_sub(b).unwrap_or(Wei::ZERO);
            return Some((less(credits, spent), less(spent, credits)));
        }
        if !self.input.has_recorded_prices() {
            return None;
        }
        let mut beyond = Wei::ZERO;
        let drawings = setup.drawings.clone();
        let mut lpt = treasury::Allocation::new(credits.lpt, drawings, setup.deadline);
        for ((date, _), wei) in since.days().zip(since.daily_totals()) {
            while lpt.next_outflow(last_moment(date)).is_some() {}
            if wei > Wei::ZERO {
                let prices = self.prices(date)?.prices;
                let wanted = prices.to_lpt(wei);
                let sold = lpt.withdraw(wanted.min(lpt.for_sale()));
                let lacking = prices.to_wei(Lpt(wanted.0 - sold.0));
                beyond = Wei(beyond.0.saturating_add(lacking.0));
            }
        }
        while lpt.next_outflow(last_moment(end)).is_some() {}
        Some((self.prices(end)?.prices.to_wei(lpt.for_sale()), beyond))
    }

    fn allocations(&self, planned: Option<&Planned>) -> Vec<Allocation> {
        let all = Dimension::ALL
            .into_iter()
            .map(|dimension| Allocation { dimension, lines: self.lines(dimension, planned) });
        all.filter(|allocation| !allocation.lines.is_empty()).collect()
    }

    fn lines(&self, dimension: Dimension, planned: Option<&Planned>) -> Vec<Line> {
        let SpendingInput { period, run, spend, .. } = self.input;
        let seats = run.filter(|_| dimension == Dimension::Seat).map(StoredRun::seats);
        let seats = seats.unwrap_or_default();
        let mut places: BTreeMap<Option<String>, usize> = BTreeMap::new();
        let mut lines: Vec<Line> = Vec::new();
        let blank = |name: Option<String>| Line {
            name,
            actual: None,
            actual_share: None,
            previous: None,
            forecast: None,
            forecast_share: None,
        };
        let mut at = |name: Option<String>| -> usize {
            *places.entry(name).or_insert_with_key(|name| {
                lines.push(blank(name.clone()));
                lines.len() - 1
            })
        };
        let mut filled: Vec<(usize, Part)> = Vec::new();
        if let Some(history) = spend {
            let part = history.between(period.first(), period.last());
            let sums = by_name(&part, dimension, &seats);
            // A column that is not there says nothing.
            if sums.iter().any(|(name, _)| name.is_some()) {
                let total = part.total();
                for (name, wei) in sums {
                    filled.push((at(name), Part::Actual(wei, share_of(wei, total))));
                }
                let before = period.previous();
                let before = history.between(before.first(), before.last());
                for (name, wei) in by_name(&before, dimension, &seats) {
                    filled.push((at(name), Part::Previous(wei)));
                }
            }
        }
        if let (Some(run), Some(planned)) = (run, planned) {
            for (name, wei, share) in expected(dimension, run, planned) {
                filled.push((at(Some(name)), Part::Forecast(wei, share)));
            }
        }
        for (index, part) in filled {
            let Some(line) = lines.get_mut(index) else { continue };
            match part {
                Part::Actual(wei, share) => {
                    (line.actual, line.actual_share) = (Some(wei), Some(share));
                }
                Part::Previous(wei) => line.previous = Some(wei),
                Part::Forecast(wei, share) => {
                    (line.forecast, line.forecast_share) = (wei, Some(share));
                }
            }
        }
        // Largest first, then what is forecast only, what has no name last.
        let order = |line: &Line| {
            let share = line.actual_share.or(line.forecast_share).unwrap_or(0.0);
            ((line.name.is_none(), line.actual.is_none()), share)
        };
        lines.sort_by(|a, b| {
            let ((a_last, a_share), (b_last, b_share)) = (order(a), order(b));
            a_last.cmp(&b_last).then(b_share.total_cmp(&a_share)).then(a.name.cmp(&b.name))
        });
        lines
    }

    fn notes(&self, spending: &Spending) -> Vec<String> {
        super::notes::notes(self.input, spending)
    }
}

enum Part {
    Actual(Wei, f64),
    Previous(Wei),
    Forecast(Option<Wei>, f64),
}

/// What the run expects of each name: the amount, which is not known for models and
/// orchestrators, whose spend and fees a run counts over its whole length, and the
/// share.
fn expected(
    dimension: Dimension,
    run: &StoredRun,
    planned: &Planned,
) -> Vec<(String, Option<Wei>, f64)> {
    let of_parts = |name: fn(&ServiceSpend) -> &str| {
        sums(planned.row.by_service.iter().map(|part| (name(part), part.mean.0)))
    };
    let of_fees =
        |name: fn(&StoredFee) -> &str| sums(run.fees.iter().map(|fee| (name(fee), fee.fees_wei)));
    let mut sums = match dimension {
        Dimension::Pipeline => of_parts(|part| &part.pipeline),
        Dimension::Model => sums(run.by_model.iter().map(|(id, wei)| (id.as_str(), *wei))),
        Dimension::Gateway => of_parts(|part| &part.gateway),
        Dimension::Region => of_parts(|part| &part.region),
        Dimension::Seat => of_fees(|fee| &fee.region),
        Dimension::Orchestrator => of_fees(|fee| &fee.orchestrator),
    };
    sums.retain(|(_, sum)| *sum > 0);
    let total = Wei(sums.iter().map(|(_, sum)| sum).sum());
    let is_of_period =
        !matches!(dimension, Dimension::Model | Dimension::Seat | Dimension::Orchestrator);
    let line = |(name, sum)| (name, is_of_period.then_some(Wei(sum)), share_of(Wei(sum), total));
    sums.into_iter().map(line).collect()
}

/// Sums by name, those without one last.
fn by_name(
    history: &SpendHistory,
    dimension: Dimension,
    seats: &BTreeMap<&str, &str>,
) -> Vec<(Option<String>, Wei)> {
    let sums = history.daily_by(|key| dimension.of(key, seats));
    sums.into_iter()
        .map(|(name, days)| (name.map(str::to_string), days.into_iter().sum()))
        .collect()
}

fn day_count(part: &SpendHistory, period: CalendarPeriod) -> DayCount {
    let of = |kind: Coverage| part.days_of(kind).count() as u32;
    DayCount {
        complete: of(Coverage::Complete),
        partial: of(Coverage::Partial),
        gaps: of(Coverage::Gap),
        outside: period.days() - part.len() as u32,
    }
}

/// Mean of the complete days, in ETH.
fn per_day(part: &SpendHistory) -> Option<f64> {
    let days = part.days().zip(part.daily_totals());
    let complete = days.filter(|((_, coverage), _)| *coverage == Coverage::Complete);
    let (count, sum) =
        complete.fold((0u32, 0.0), |(n, sum), (_, wei)| (n + 1, sum + wei.to_coins()));
    (count > 0).then(|| sum / f64::from(count))
}

fn against(days: &[DayLine], planned: &Planned) -> Option<Against> {
    let both = days.iter().filter(|day| day.coverage == Some(Coverage::Complete));
    let both: Vec<(f64, f64, Quantiles)> = both
        .filter_map(|day| Some((day.actual?.to_coins(), day.forecast_mean?, day.forecast?)))
        .collect();
    let within = both.iter().filter(|(eth, _, band)| (band.p05..=band.p95).contains(eth));
    (!both.is_empty()).then(|| Against {
        days: both.len() as u32,
        actual_eth: both.iter().map(|(eth, ..)| eth).sum(),
        forecast_eth: both.iter().map(|(_, mean, _)| mean).sum(),
        days_within: within.count() as u32,
        band: (both.len() as u32 == planned.row.days).then_some(planned.row.eth),
    })
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

/// Whether a run's credits are LPT that is sold little by little.
pub(super) fn holds_lpt(scenario: &Scenario) -> bool {
    let all_at_once = matches!(scenario.treasury.conversion, ConversionPolicy::AllAtOnce);
    !scenario.credits.is_sold && !all_at_once
}
