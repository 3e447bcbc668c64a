use jiff::civil::Date;
use rayon::prelude::*;

use super::{Backtest, HORIZONS, Scored};
use crate::experiment::calibrate::{CalibrateError, MOST_SIMULATED, calibrate};
use crate::payments::LedgerViolation;
use crate::scenario::Scenario;
use crate::simulation::{World, replicate};
use crate::spend::SpendHistory;
use crate::units::{COIN, Wei};

/// How many times the largest total of the model's forecast the credits of the
/// simulation are, so that they do not end it.
const PLENTY: f64 = 20.0;

/// The last forecast once more, simulated request by request.
#[derive(Clone, Debug)]
pub struct EngineForecast {
    /// The first day forecast.
    pub date: Date,
    /// Total spend over the first 30 days, as the fitted model has it.
    pub model: Scored,
    /// The same of the calibrated scenario.
    pub engine: Scored,
    /// Futures simulated.
    pub replications: u64,
}

impl EngineForecast {
    /// How many replications of a scenario, those of its calibration included, a
    /// forecast takes at most.
    pub fn most_replications_for(scenario: &Scenario) -> u64 {
        MOST_SIMULATED + u64::from(scenario.replications)
    }

    /// Calibrates a scenario to the days before the backtest's last origin and
    /// simulates the 30 days after it, with credits that do not run out; `None`
    /// where there is no forecast of them. `done` is called as each of
    /// [`replications`](EngineForecast::most_replications_for) ends.
    ///
    /// # Errors
    /// As [`calibrate`].
    pub fn of(
        backtest: &Backtest,
        scenario: &Scenario,
        history: &SpendHistory,
        done: &(dyn Fn() + Sync),
    ) -> Result<Option<EngineForecast>, CalibrateError> {
        let last = backtest.origins.last();
        let Some((origin, model)) = last.and_then(|origin| {
            let total = origin.totals.iter().find(|total| total.horizon == HORIZONS[0])?;
            Some((origin, *total.scored.first()?))
        }) else {
            return Ok(None);
        };
        let yesterday = backtest.series.date(origin.day.saturating_sub(1));
        let past = history.between(history.date(0), yesterday);
        let mut scenario = Scenario { start: history.date(0), ..scenario.clone() };
        let most = model.quantiles[6] * PLENTY;
        scenario.credits.is_sold = true;
        scenario.credits.eth = Wei((most * COIN as f64) as u128);
        scenario.treasury.drawings.clear();
        scenario.treasury.deadline = None;
        let mut calibrated = calibrate(&scenario, &past, done)?.scenario;
        calibrated.horizon_days = HORIZONS[0] as u32;
        let world = World::new(&calibrated);
        let services = world.service_keys.len();
        let replications = u64::from(calibrated.replications);
        let total = |number: u64| -> Result<f64, LedgerViolation> {
            let result = replicate(&world, number)?;
            done();
            let spent_on = |ahead: usize| {
                let day = result.daily_spend_by_service.iter().skip(ahead * services);
                day.take(services).map(|wei| wei.to_coins()).sum::<f64>()
            };
            let known = (0..HORIZONS[0]).filter(|ahead| {
                let day = backtest.series.amounts().get(origin.day + ahead);
                day.is_some_and(Option::is_some)
            });
            Ok(known.map(spent_on).sum())
        };
        let totals: Result<Vec<f64>, LedgerViolation> =
            (0..replications).into_par_iter().map(total).collect();
        let engine = Scored::new(totals?, model.actual);
        Ok(Some(EngineForecast { date: origin.date, model, engine, replications }))
    }
}
