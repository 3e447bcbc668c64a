//! The answer in a sentence.

use jiff::civil::Date;

use super::format::{date_after, days, eth, long_date, plural, quantile_interval, whole_percent};
use super::format::{grouped, short_date, spaced};
use crate::ensemble::{Forecast, nobody_is_affordable};
use crate::scenario::Scenario;
use crate::treasury::RunwayEnd;

/// The share of the credits from which on it is worth a sentence that so much is
/// left where they run out.
const MUCH_LEFT: f64 = 0.1;
/// The part of what is left from which on a place of it is named.
const NAMED_FROM: f64 = 0.005;

/// How long the credits last, in one sentence for someone who reads nothing
/// else. Where more than half of the futures outlive the horizon it says so
/// instead of naming a date. Long outages before have a sentence of their own.
pub fn sentence(scenario: &Scenario, forecast: &Forecast) -> String {
    format!("{}{}", answer(scenario, forecast), outages(scenario.start, forecast))
}

fn outages(start: Date, forecast: &Forecast) -> String {
    let treasury = &forecast.treasury;
    let first = treasury.first_outage_days.filter(|_| treasury.has_long_outages());
    first.map_or(String::new(), |first| {
        format!(
            " Not all users are served until then: gateways are without funds {} of the time, from \
             about {} on.",
            whole_percent(treasury.outage_share),
            date_text(start, first)
        )
    })
}

fn answer(scenario: &Scenario, forecast: &Forecast) -> String {
    let start = scenario.start;
    let runway = &forecast.runway;
    let horizon = horizon_text(start, forecast.horizon_days);
    if forecast.spend.total.0 == 0 && runway.censored_share == 1.0 {
        return nothing_spent(scenario, forecast, &horizon);
    }
    if forecast.replications == 1 {
        return only_future(start, forecast);
    }
    let Some(median) = runway.p50.days else {
        return not_reached(forecast, &horizon);
    };
    if median >= scenario.treasury.deadline_days() {
        return until_deadline(scenario, forecast);
    }
    let half = if median < 1.0 {
        format!("Half of the futures run out on the first day, {}", long_date(start))
    } else {
        let before = date_text(start, libm::ceil(median));
        let interval = quantile_interval(&runway.p50, forecast.horizon_days);
        let within = plural(&days(median), "day") + &spaced(&interval);
        format!("Half of the futures run out before {before} ({within})")
    };
    let half = match runway.p10.days {
        Some(p10) => format!("{half}; {}", nine_in_ten(p10, forecast)),
        None => half,
    };
    format!("{half}.{}", left_over(scenario, forecast))
}

/// What there still is where the credits run out, in a sentence of its own, if it
/// is much.
fn left_over(scenario: &Scenario, forecast: &Forecast) -> String {
    let credits = scenario.credits.eth.to_coins();
    let much = forecast.endings.left.filter(|left| left.total >= MUCH_LEFT * credits);
    let Some(left) = much else { return String::new() };
    let (who, deposits) = match (scenario.network.gateways.len(), scenario.treasury.runway_end) {
        (1, _) => ("the gateway", "in its deposit"),
        (_, RunwayEnd::FirstGateway) => ("one gateway", "in deposits"),
        (_, RunwayEnd::LastGateway) => ("the last gateway", "in deposits"),
    };
    let places = [
        (left.deposits(), deposits),
        (left.reserves, "as reserve"),
        (left.unsold, "as unsold LPT"),
    ];
    let worth_naming = places.iter().filter(|(part, _)| *part >= NAMED_FROM * left.total);
    let places: Vec<String> =
        worth_naming.map(|(part, place)| format!("{} {place}", eth(*part))).collect();
    format!(
        " That is when {who} cannot pay any more: {} ETH ({}) are left, {}.",
        eth(left.total),
        whole_percent(left.total / credits),
        places.join(" and ")
    )
}

/// Where at least half of the futures reach the deadline.
fn until_deadline(scenario: &Scenario, forecast: &Forecast) -> String {
    let deadline = scenario.treasury.deadline_days();
    let whose = match forecast.endings.deadline_share {
        1.0 => "every simulated future still has".to_string(),
        share => format!("{} of the futures still have", whole_percent(share)),
    };
    let treasury = &forecast.treasury;
    let p10 = forecast.runway.p10.days.filter(|&p10| p10 < deadline);
    let lasting = p10.map_or(String::new(), |p10| format!("; {}", nine_in_ten(p10, forecast)));
    let lpt = match treasury.returned_lpt.mean {
        0.0 => String::new(),
        lpt => format!("{} LPT and ", grouped(lpt, 0)),
    };
    format!(
        "At the deadline, {} (after {}), {whose} credits{lasting}. On average {lpt}{} ETH go back.",
        date_text(scenario.start, deadline),
        plural(&grouped(deadline, 0), "day"),
        eth(treasury.returned_eth.mean),
    )
}

fn nothing_spent(scenario: &Scenario, forecast: &Forecast, horizon: &str) -> String {
    if forecast.service.served == 0.0 && nobody_is_affordable(scenario) {
        return format!(
            "Not reached: no orchestrator is within the maximum price, so nothing is served or \
             spent in {horizon} and the runway is unbounded."
        );
    }
    format!("Not reached: nothing is spent in {horizon}.")
}

fn only_future(start: Date, forecast: &Forecast) -> String {
    match forecast.runways.first() {
        Some(&(runway, false)) => format!(
            "The one simulated future runs out after {} ({}).",
            plural(&days(runway), "day"),
            date_text(start, runway)
        ),
        _ => format!(
            "Not reached: the one simulated future still has credits after {}.",
            horizon_text(start, forecast.horizon_days)
        ),
    }
}

fn not_reached(forecast: &Forecast, horizon: &str) -> String {
    let runway = &forecast.runway;
    let first = forecast.runways.iter().filter(|(_, censored)| !censored);
    let first = first.map(|&(days, _)| days).min_by(f64::total_cmp);
    let Some(first) = first else {
        return format!("Not reached: every simulated future still has credits after {horizon}.");
    };
    let left = whole_percent(runway.censored_share);
    let end = match runway.p10.days {
        Some(p10) => nine_in_ten(p10, forecast),
        None => format!("the first to run out does so after {}", plural(&days(first), "day")),
    };
    format!("Not reached: {left} of the futures still have credits after {horizon}; {end}.")
}

fn nine_in_ten(p10: f64, forecast: &Forecast) -> String {
    let interval = quantile_interval(&forecast.runway.p10, forecast.horizon_days);
    format!("90 % last at least {}{}", plural(&days(p10), "day"), spaced(&interval))
}

fn horizon_text(start: Date, horizon_days: u32) -> String {
    let span = plural(&grouped(f64::from(horizon_days), 0), "day");
    match date_after(start, f64::from(horizon_days)) {
        Some(date) => format!("{span} ({})", short_date(date)),
        None => span,
    }
}

fn date_text(start: Date, day: f64) -> String {
    date_after(start, day).map_or_else(|| format!("day {}", days(day)), long_date)
}
