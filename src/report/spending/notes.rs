//! What the data do not tell, and what a reader has to know.

use std::path::Path;

use super::model::{Dimension, Spending, SpendingInput};
use crate::report::format::{counted, percent, short_date};
use crate::spend::{Coverage, SpendForm};
use crate::treasury::TokenPrices;

pub(super) fn notes(input: &SpendingInput, spending: &Spending) -> Vec<String> {
    let mut notes = Vec::new();
    of_spend(input, spending, &mut notes);
    of_run(input, spending, &mut notes);
    of_prices(input, &mut notes);
    notes
}

fn of_spend(input: &SpendingInput, spending: &Spending, notes: &mut Vec<String>) {
    let (Some(history), Some(actual)) = (input.spend, &spending.actual) else { return };
    let days = actual.days;
    let all = input.period.days();
    if days.complete < all {
        let missing = [
            (days.partial, "in part"),
            (days.gaps, "not at all (a gap)"),
            (days.outside, "not, since the file begins later or ends earlier"),
        ];
        let missing = missing.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = missing.map(|(count, how)| format!("{count} {how}")).collect();
        notes.push(format!(
            "{} of {} days of the period are known whole, {}. Totals are of what is known; nothing \
             was filled in.",
            days.complete,
            all,
            parts.join(", ")
        ));
    }
    if let Some(previous) = actual.previous
        && !previous.days.is_like(days)
    {
        notes.push(format!(
            "Of the period before, {} of {} days are known whole, of this one {}: the means of a day \
             are compared, not the totals.",
            previous.days.complete,
            input.period.previous().days(),
            days.complete
        ));
    }
    match history.form {
        SpendForm::Rows => {}
        SpendForm::DailyFees => notes.push(
            "The file holds daily fees: those of a whole network, not of one gateway, unless it \
             was made otherwise."
                .to_string(),
        ),
        SpendForm::Redemptions => notes.push(
            "The file holds redeemed tickets: face values of winners when they were paid out, \
             which vary by chance around what the work cost."
                .to_string(),
        ),
    }
    let missing: Vec<&str> = Dimension::ALL
        .into_iter()
        .filter(|dimension| *dimension != Dimension::Seat)
        .filter(|dimension| {
            let found = spending.allocations.iter().find(|a| a.dimension == *dimension);
            !found.is_some_and(|a| a.lines.iter().any(|line| line.actual.is_some()))
        })
        .map(Dimension::id)
        .collect();
    if !missing.is_empty() {
        notes.push(format!(
            "The file does not say what was spent by {}: it has no such column, or it is empty.",
            missing.join(", ")
        ));
    }
    if actual.concentration.is_some() {
        notes.push(
            "Concentration is among the orchestrators that were paid; those who got nothing are \
             not in the file, and would raise the Gini coefficient."
                .to_string(),
        );
    }
    if input.run.is_none() {
        notes.push(
            "Spend alone does not tell overpayment, nor what the same requests cost elsewhere; a \
             run directory beside it does."
                .to_string(),
        );
    }
    match &spending.left {
        None => notes.push(
            "How much is left is not known: give it by --left, or a run that begins no earlier \
             than the file."
                .to_string(),
        ),
        Some(left) => {
            if input.left.is_none()
                && let Some(run) = input.run
            {
                let since = history.between(run.scenario.start, input.period.last());
                let unknown = since.days_of(Coverage::Gap).count();
                let gaps = match unknown {
                    0 => String::new(),
                    _ => format!(", {} without data taken as 0", counted(unknown as u32, "day")),
                };
                notes.push(format!(
                    "What is left is the credits of the run less all spend in the file since {}{gaps}.",
                    short_date(run.scenario.start)
                ));
            }
            if let Err(error) = &left.forecast {
                let reason = error.to_string();
                notes.push(format!(
            "There is no forecast of how long the rest lasts, and no band around the days at this \
             pace: {}.",
            reason.lines().next().unwrap_or_default()
        ));
            }
            if left.pace_days.is_none() {
                notes.push(
                    "On no whole day of the period anything was spent: there is no pace."
                        .to_string(),
                );
            }
        }
    }
    let path = Path::new(&history.source);
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    notes.extend(history.notes.iter().map(|note| format!("{file}: {note}.")));
}

fn of_run(input: &SpendingInput, spending: &Spending, notes: &mut Vec<String>) {
    let (Some(_), Some(forecast)) = (input.run, &spending.forecast) else { return };
    if forecast.row.days < input.period.days() {
        notes.push(format!(
            "The run has {} of the {} days of the period.",
            forecast.row.days,
            input.period.days()
        ));
    }
    if let Some(previous) = &forecast.previous
        && previous.days != forecast.row.days
    {
        notes.push(format!(
            "The run has {} of the period before and {} of this one: the means of a day are \
             compared, not the totals.",
            counted(previous.days, "day"),
            counted(forecast.row.days, "day")
        ));
    }
    if forecast.alive < 1.0 {
        notes.push(format!(
            "At the end of the period {} of the futures still have credits; runway is theirs.",
            percent(forecast.alive)
        ));
    }
    notes.push(
        "A run counts what each orchestrator earns, overpayment, and requests over its whole \
         length only: their shares, the concentration and the prices of a request are of the whole \
         run, not of the period."
            .to_string(),
    );
}

fn of_prices(input: &SpendingInput, notes: &mut Vec<String>) {
    let source = match (input.prices, input.run) {
        (Some(_), _) => {
            "USD and LPT are at each day's price in the file of prices, the last known where it has \
             none."
        }
        (None, Some(run)) => match &run.scenario.treasury.prices {
            TokenPrices::Replay(_) => "USD and LPT are at the prices that the run replays.",
            _ if input.spend.is_some() => {
                "What was spent in USD and LPT is at the prices the run starts with; --prices gives \
                 those of each day."
            }
            _ => return,
        },
        (None, None) => {
            "What the spend is worth in USD, LPT and hours of inflation is not known: give the \
             prices of each day by --prices."
        }
    };
    notes.push(source.to_string());
}
