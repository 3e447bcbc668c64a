//! What the data do not tell, and what a reader has to know.

use std::path::Path;

use jiff::Span;
use jiff::civil::Date;

use super::StoredRun;
use super::model::{DayLine, Dimension, Spending, SpendingInput, Worth, holds_lpt, inflation};
use crate::ensemble::LONG_OUTAGES;
use crate::report::format::{counted, eth, grouped, percent, precise, short_date};
use crate::spend::{Coverage, SpendForm, SpendHistory, listed};
use crate::treasury::{Drawing, MINTED_PER_ROUND, RunwayEnd, TokenPrices};
use crate::units::{Lpt, SimTime, Wei, significant};

pub(super) fn notes(input: &SpendingInput, spending: &Spending) -> Vec<String> {
    let mut notes = Vec::new();
    of_spend(input, spending, &mut notes);
    of_run(input, spending, &mut notes);
    of_prices(input, spending, &mut notes);
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
            "Concentration is among the orchestrators that were paid; those who got nothing do not \
             count, and would raise the Gini coefficient."
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
    of_left(input, history, spending, notes);
    let path = Path::new(&history.source);
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    notes.extend(history.notes.iter().map(|note| format!("{file}: {note}.")));
}

fn of_left(
    input: &SpendingInput,
    history: &SpendHistory,
    spending: &Spending,
    notes: &mut Vec<String>,
) {
    let begun = input.run.filter(|run| history.date(0) <= run.scenario.start);
    let has_paying_users = input.run.is_some_and(|run| run.scenario.has_paying_users());
    let Some(left) = &spending.left else {
        notes.push(why_unknown(begun.is_some(), has_paying_users));
        return;
    };
    if let (None, Some(run)) = (input.left, begun) {
        if let Some(deadline) = left.deadline.filter(|deadline| deadline.has_passed()) {
            notes.push(format!(
                "Nothing is left: what there was went back at the deadline of the run, {}.",
                short_date(deadline.date)
            ));
            return;
        }
        notes.push(how_worked_out(run, history, input.period.last(), spending));
        if left.beyond > Wei::ZERO {
            notes.push(format!(
                "Since {} {} ETH more was spent than the credits of the run: it came from elsewhere.",
                short_date(run.scenario.start),
                eth(left.beyond.to_coins())
            ));
        }
    }
    if let Some(deadline) = left.deadline {
        notes.push(format!(
            "How long the rest lasts does not heed the deadline of the run, {}.",
            short_date(deadline.date)
        ));
    }
    if has_paying_users {
        notes.push(
            "How long the rest lasts, by forecast and at this pace, does not heed what users of the \
             run pay their gateway: that makes it last longer."
                .to_string(),
        );
    }
    for caution in &left.cautions {
        notes.push(format!("How long the rest lasts: {caution}."));
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
            "On no whole day of the period anything was spent: there is no pace.".to_string(),
        );
    }
}

/// Why it is not known how much is left, `has_begun` where a run begins no earlier than the
/// file.
fn why_unknown(has_begun: bool, has_paying_users: bool) -> String {
    let why = if has_paying_users {
        "users of the run pay their gateway, and the file does not say what they paid in; give it \
         by --left."
    } else if has_begun {
        "the credits are LPT, sold little by little, and the prices from the start of the run to \
         the end of the period are not all there; give them by --prices, or what is left by --left."
    } else {
        "give it by --left, or a run that begins no earlier than the file."
    };
    format!("How much is left is not known: {why}")
}

/// How what is left on the day `end` follows from the credits of a run.
fn how_worked_out(
    run: &StoredRun,
    history: &SpendHistory,
    end: Date,
    spending: &Spending,
) -> String {
    let start = run.scenario.start;
    let since = history.between(start, end);
    let known = since.days().filter(|(_, coverage)| *coverage != Coverage::Gap).count() as u32;
    let unknown = (end - start).get_days().unsigned_abs() + 1 - known;
    let unknown = match unknown {
        0 => String::new(),
        _ => format!(", {} without data taken as 0", counted(unknown, "day")),
    };
    let treasury = &run.scenario.treasury;
    let from_start = |time: SimTime| start.saturating_add(Span::new().days(time.day() as i64));
    let recorded = spending.days.last().and_then(|day| Some((day.date, day.prices?.age)));
    let sold = match (run.scenario.credits.is_sold, recorded) {
        (true, _) => String::new(),
        (false, Some((date, age))) if holds_lpt(&run.scenario) => format!(
            " Its LPT is taken to be sold on the day it is spent, without fees, and the rest is \
             worth the price of {}.",
            short_date(date.saturating_sub(Span::new().days(age)))
        ),
        (false, _) => {
            " Its LPT is taken to be sold at the start, at the run's price, without fees."
                .to_string()
        }
    };
    let over = treasury.deadline.unwrap_or(SimTime::NEVER);
    let drawings = treasury.drawings.iter().filter(|_| holds_lpt(&run.scenario));
    let drawings: Vec<&Drawing> = drawings.filter(|drawing| drawing.at <= over).collect();
    let to_come = drawings.iter().filter(|drawing| from_start(drawing.at) > end);
    let later: Lpt = to_come.map(|drawing| drawing.lpt).sum();
    let all: Lpt = drawings.iter().map(|drawing| drawing.lpt).sum();
    let some = |lpt: Lpt| (lpt > Lpt::ZERO).then(|| grouped(lpt.to_coins(), 0));
    let later = some(later).map_or(String::new(), |later| format!(", {later} of them later"));
    let drawn = some(all).map_or(String::new(), |all| {
        format!(", less the {all} LPT that other projects draw{later}")
    });
    format!(
        "What is left is the credits of the run less all spend in the file since \
         {}{unknown}{drawn}.{sold}",
        short_date(start)
    )
}

fn of_run(input: &SpendingInput, spending: &Spending, notes: &mut Vec<String>) {
    let (Some(run), Some(forecast)) = (input.run, &spending.forecast) else { return };
    let outages = run.summary["treasury"]["outage_share"].as_f64();
    if let Some(share) = outages.filter(|share| *share > LONG_OUTAGES) {
        notes.push(format!(
            "Gateways of the run are without funds for {} of their time: what is spent then goes \
             by the money there is, not by demand.",
            percent(share)
        ));
    }
    if forecast.row.days < input.period.days() {
        notes.push(format!(
            "The run has {} of the {} days of the period.",
            forecast.row.days,
            input.period.days()
        ));
    }
    if let Some(previous) = &forecast.previous
        && !forecast.is_like(previous)
    {
        notes.push(format!(
            "The run has {} of the period before and {} of this one: the means of a day are \
             compared, not the totals.",
            counted(previous.days, "day"),
            counted(forecast.row.days, "day")
        ));
    }
    let left_then = run.summary["runway_days"]["left_eth"].as_f64().filter(|eth| *eth > 0.0);
    if let Some((eth, left)) = left_then.zip(spending.left.as_ref()) {
        let who = match run.scenario.treasury.runway_end {
            RunwayEnd::FirstGateway => "one gateway",
            RunwayEnd::LastGateway => "the last gateway",
        };
        notes.push(format!(
            "In the run the credits have run out when {who} cannot pay, with {} ETH left on \
             average, reserves included; forecast from the spend, when {}.",
            significant(eth, 3),
            if left.stays_eth > 0.0 { "no more than that is left" } else { "nothing is left" }
        ));
    }
    if forecast.alive < 1.0 {
        notes.push(format!(
            "At the end of the {} {} of the futures still have credits; runway is theirs.",
            if forecast.ends_early(input.period) { "run" } else { "period" },
            percent(forecast.alive)
        ));
    }
    notes.push(
        "A run counts what each orchestrator earns and each model costs, overpayment, and requests \
         over its whole length only: their shares, the concentration and the prices of a request \
         are of the whole run, not of the period."
            .to_string(),
    );
}

fn of_prices(input: &SpendingInput, spending: &Spending, notes: &mut Vec<String>) {
    let prices = input.run.map(|run| &run.scenario.treasury.prices);
    let counted_at = |day: &DayLine| day.actual.is_some() && input.eth_per_lpt(day.date).is_some();
    let has_own_lpt = spending.days.iter().any(counted_at);
    let source = match (input.prices, prices) {
        (Some(_), None) => "USD and LPT are at each day's price in the file of prices.",
        (Some(_), Some(_)) => {
            "USD and LPT are at each day's price in the file of prices, what a request cost in the \
             run at the run's."
        }
        (None, Some(TokenPrices::Replay(_))) => {
            "USD and LPT are at the prices that the run replays."
        }
        (None, Some(TokenPrices::Constant)) => {
            "USD and LPT are at the prices the run starts with; --prices gives those of each day."
        }
        (None, Some(_)) if has_own_lpt => {
            "What was spent in USD is at the prices the run starts with, the forecast in USD and LPT \
             at those of each of its futures: do not compare them. --prices gives those of each day \
             for both."
        }
        (None, Some(_)) if input.spend.is_some() => {
            "What was spent in USD and LPT is at the prices the run starts with, the forecast at \
             those of each of its futures: do not compare them. --prices gives those of each day for \
             both."
        }
        (None, Some(_)) => "USD and LPT are at the prices of each future of the run.",
        (None, None) if has_own_lpt => {
            "What the spend is worth in USD is not known: give the prices of each day by --prices."
        }
        (None, None) => {
            "What the spend is worth in USD, LPT and hours of inflation is not known: give the \
             prices of each day by --prices."
        }
    };
    notes.push(source.to_string());
    if has_own_lpt {
        notes.push(
            "Where the price of a day is not known, what was spent is as many LPT as in the file."
                .to_string(),
        );
    }
    if input.has_recorded_prices() {
        of_days_without_price(spending, notes);
    }
    if input.prices.is_some() || prices.is_some() || has_own_lpt {
        let inflation = inflation(input.run);
        let of_february = match inflation.minted_per_round {
            MINTED_PER_ROUND => ", that of February 2025",
            _ => "",
        };
        notes.push(format!(
            "Hours of inflation are at one rate for any period{of_february}: {} LPT in a round of {} \
             hours.",
            grouped(inflation.minted_per_round.to_coins(), 0),
            precise(inflation.round_hours)
        ));
    }
}

/// Days whose price is an earlier one, or not known.
fn of_days_without_price(spending: &Spending, notes: &mut Vec<String>) {
    let values_left = |day: &DayLine| spending.left.is_some() && day.date == spending.period.last();
    let used =
        |day: &&DayLine| day.actual.is_some() || day.forecast_mean.is_some() || values_left(day);
    let used: Vec<&DayLine> = spending.days.iter().filter(used).collect();
    let on = |dates: &[Date]| {
        let all = counted(used.len() as u32, "day");
        format!("{} of {all} ({})", dates.len(), listed(dates))
    };
    let missing: Vec<Date> =
        used.iter().filter(|day| day.prices.is_none()).map(|day| day.date).collect();
    if !missing.is_empty() {
        let actual = spending.actual.as_ref().map(|actual| actual.worth);
        let forecast = spending.forecast.as_ref().map(|forecast| forecast.worth);
        let worths: Vec<Worth> = actual.into_iter().chain(forecast).collect();
        let total = match (
            worths.iter().all(|worth| worth.usd.is_some()),
            worths.iter().all(|worth| worth.lpt.is_some()),
        ) {
            (false, false) => " In USD and LPT the total is not known",
            (false, true) => " In USD the total is not known",
            (true, _) => "",
        };
        let others = match total {
            "" => "",
            _ if missing.len() < used.len() => ", only that of the other days.",
            _ => ".",
        };
        notes.push(format!("Before the first price: {}.{total}{others}", on(&missing)));
    }
    let aged = |day: &&DayLine| Some((day.date, day.prices.filter(|prices| prices.age > 0)?.age));
    let (dates, ages): (Vec<Date>, Vec<i64>) = used.iter().filter_map(aged).unzip();
    if let Some(oldest) = ages.into_iter().max() {
        notes.push(format!(
            "Without a price of their own, so that the last before is taken, up to {} old: {}.",
            counted(oldest as u32, "day"),
            on(&dates)
        ));
    }
}
