//! Requests that cost on average what was really spent: no fit, so that a few
//! days are enough.

use jiff::civil::Date;

use super::mix::MOST_UNKNOWN;
use super::start::{growth_goes_on, keep_dates, later_start, start_after};
use super::{CalibrateError, MixRow, mix, refuse_idle, refuse_traces, scale, shortfalls};
use crate::scenario::Scenario;
use crate::spend::SpendHistory;

/// A scenario whose requests cost on average what was really spent.
#[derive(Clone, Debug)]
pub struct SpendLevel {
    /// The days that the mean is of, in order: the last
    /// [`MIX_DAYS`](super::MIX_DAYS) complete ones.
    pub days: Vec<Date>,
    /// Mean spend a day, in ETH.
    pub spent_eth_per_day: f64,
    /// What of it the scenario is to spend: all but what is left out.
    pub eth_per_day: f64,
    /// Spend that the scenario cannot have.
    pub left_out: Vec<LeftOut>,
    /// By group of streams, those left out not among them.
    pub mix: Vec<MixRow>,
    /// What a reader has to know, a sentence each.
    pub remarks: Vec<String>,
    /// The entries of demand whose growth is written in another way, as it goes on
    /// from where it would be on the first day.
    pub regrown: Vec<String>,
    /// The scenario with other rates, from the day after the last of the history
    /// on, or from its own first day where that is later. Trend, seasons, bursts
    /// and uncertainty are its own.
    pub scenario: Scenario,
}

/// Spend that a scenario cannot have.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// What it is on.
    pub name: String,
    /// Its share of all spend.
    pub share: f64,
    /// Why it is left out.
    pub why: String,
}

/// Scales the requests of a scenario so that it is simulated to spend, level, the
/// mean of the last complete days of a history, by pipeline and gateway where the
/// history tells them apart. `done` is called as each of at most
/// [`MOST_SIMULATED`](super::MOST_SIMULATED) replications ends, in parallel on the
/// threads of the calling rayon pool.
///
/// # Errors
/// [`CalibrateError`]: no spend, recorded demand, most of the spend on what the
/// scenario does not have, or spends nothing on.
pub fn scale_to_spend(
    scenario: &Scenario,
    history: &SpendHistory,
    done: &(dyn Fn() + Sync),
) -> Result<SpendLevel, CalibrateError> {
    refuse_traces(scenario)?;
    let mix = mix::mix(scenario, history)?;
    let on_known = mix.eth_per_day * (1.0 - mix.unknown_share());
    if on_known <= 0.0 {
        return Err(CalibrateError::Nothing(history.source.clone()));
    }
    let mut scaled = scenario.clone();
    let (rows, _) = scale(&mut scaled, &mix, on_known, done)?;
    let (idle, rows): (Vec<MixRow>, Vec<MixRow>) = rows.into_iter().partition(MixRow::is_idle);
    let unknown = mix.unknown.iter().map(|(name, share)| LeftOut {
        name: name.clone(),
        share: *share,
        why: "not in the base".to_string(),
    });
    let nothing_spent = idle.iter().map(|row| LeftOut {
        name: row.group.name(),
        share: row.eth_per_day / mix.eth_per_day,
        why: format!("the base spends nothing on it: {}", mix.why_idle(scenario, &row.group)),
    });
    let left_out: Vec<LeftOut> = unknown.chain(nothing_spent).collect();
    let share: f64 = left_out.iter().map(|part| part.share).sum();
    if share > MOST_UNKNOWN {
        refuse_idle(scenario, &mix, &idle)?;
    }
    scaled.start = start_after(scenario, history.date(history.len().saturating_sub(1)));
    let days = (scaled.start - scenario.start).get_days().unsigned_abs();
    keep_dates(&mut scaled, days.into());
    let (regrown, of_growth) = growth_goes_on(&mut scaled, days.into());
    let mut remarks = mix.remarks;
    remarks.extend(shortfalls(&rows));
    remarks.extend(later_start(scenario, scaled.start));
    remarks.extend(of_growth);
    Ok(SpendLevel {
        days: mix.window,
        spent_eth_per_day: mix.eth_per_day,
        eth_per_day: mix.eth_per_day * (1.0 - share),
        left_out,
        mix: rows,
        remarks,
        regrown,
        scenario: scaled,
    })
}
