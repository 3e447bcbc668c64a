//! Requests that cost on average what was really spent: no fit, so that a few
//! days are enough.

use jiff::civil::Date;

use super::{
    CalibrateError, MixRow, later_start, mix, refuse_traces, scale, shortfalls, start_after,
};
use crate::scenario::Scenario;
use crate::spend::SpendHistory;

/// A scenario whose requests cost on average what was really spent.
#[derive(Clone, Debug)]
pub struct SpendLevel {
    /// The days that the mean is of, in order: the last
    /// [`MIX_DAYS`](super::MIX_DAYS) complete ones.
    pub days: Vec<Date>,
    /// Mean spend a day on what the scenario has, in ETH.
    pub eth_per_day: f64,
    /// Names of what it does not have, each with its share of all spend.
    pub unknown: Vec<(String, f64)>,
    /// By group of streams.
    pub mix: Vec<MixRow>,
    /// What a reader has to know, a sentence each.
    pub remarks: Vec<String>,
    /// The scenario with other rates, from the day after the last of the history
    /// on, or from its own first day where that is later. Trend, seasons, bursts
    /// and uncertainty are its own.
    pub scenario: Scenario,
}

/// Scales the requests of a scenario so that it is simulated to spend, level, the
/// mean of the last complete days of a history, by pipeline and gateway where the
/// history tells them apart. `done` is called as each of at most
/// [`MOST_SIMULATED`](super::MOST_SIMULATED) replications ends, in parallel on the
/// threads of the calling rayon pool.
///
/// # Errors
/// [`CalibrateError`]: no spend, recorded demand, spend on what the scenario does
/// not have.
pub fn scale_to_spend(
    scenario: &Scenario,
    history: &SpendHistory,
    done: &(dyn Fn() + Sync),
) -> Result<SpendLevel, CalibrateError> {
    refuse_traces(scenario)?;
    let mix = mix::mix(scenario, history)?;
    let eth_per_day = mix.eth_per_day * (1.0 - mix.unknown_share());
    if eth_per_day <= 0.0 {
        return Err(CalibrateError::Nothing(history.source.clone()));
    }
    let mut scaled = scenario.clone();
    let (rows, _) = scale(&mut scaled, &mix, eth_per_day, done)?;
    scaled.start = start_after(scenario, history.date(history.len().saturating_sub(1)));
    let mut remarks = mix.remarks;
    remarks.extend(shortfalls(&rows));
    remarks.extend(later_start(scenario, scaled.start));
    Ok(SpendLevel {
        days: mix.window,
        eth_per_day,
        unknown: mix.unknown,
        mix: rows,
        remarks,
        scenario: scaled,
    })
}
