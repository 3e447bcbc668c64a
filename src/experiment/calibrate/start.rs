//! A scenario that begins after the last of the data.

use jiff::Span;
use jiff::civil::Date;

use crate::demand::{Arrivals, Growth};
use crate::policy::Course;
use crate::scenario::{Goal, Scenario};
use crate::text::{first_few, plural};
use crate::treasury::{ConversionPolicy, TokenPrices};
use crate::units::significant;

/// Days named of one key.
const MOST_NAMED: usize = 4;
/// A factor on the new first day, but for rounding, from which on growth is counted from
/// the level of that day.
const FULL: f64 = 0.999;

/// The day after the last of the data, or the scenario's first where that is
/// later.
pub(super) fn start_after(scenario: &Scenario, last: Date) -> Date {
    scenario.start.max(last.saturating_add(Span::new().days(1)))
}

/// What a start that was put off means.
pub(super) fn later_start(scenario: &Scenario, start: Date) -> Vec<String> {
    if start == scenario.start {
        return Vec::new();
    }
    let mut remarks = vec![format!(
        "the scenario now starts on {start}, after the last day of the data, rather than on {}: \
         set `credits.amount` to what is left then",
        scenario.start
    )];
    let keys = days_from_start(scenario);
    if !keys.is_empty() {
        let later = plural(&(start - scenario.start).get_days().to_string(), "day");
        remarks.push(format!(
            "what is counted from the start stays as it is, and so comes {later} later than it \
             did: {}",
            keys.join(", ")
        ));
    }
    remarks
}

/// The keys with days that are counted from the start, and the days.
fn days_from_start(scenario: &Scenario) -> Vec<String> {
    let treasury = &scenario.treasury;
    let mut keys = Vec::new();
    let mut name = |key: &str, days: Vec<String>| {
        let days: Vec<&str> = days.iter().map(String::as_str).collect();
        if !days.is_empty() {
            keys.push(format!("`{key}` ({})", first_few(&days, MOST_NAMED)));
        }
    };
    let gas = scenario.payments.gas_prices.iter().skip(1).map(|(day, _)| day.to_string());
    name("payments.gas_price_steps.day", gas.collect());
    match &scenario.policy.max_price.course {
        Course::Constant => {}
        Course::Steps(steps) => {
            let days = steps.iter().map(|(day, _)| day.to_string());
            name("policy.max_price.steps.day", days.collect());
        }
        Course::TargetRunway(target) => {
            name("policy.max_price.target_runway.days", vec![target.days.to_string()]);
        }
    }
    let deadline = treasury.deadline.map(|deadline| deadline.day().to_string());
    name("treasury.deadline_day", deadline.into_iter().collect());
    let drawings = treasury.drawings.iter().map(|drawing| drawing.at.day().to_string());
    name("treasury.drawings.day", drawings.collect());
    for objective in &scenario.objectives {
        if let Goal::LastDays(days) = objective.goal {
            name(&format!("objectives.{}.lasts_days", objective.id), vec![days.to_string()]);
        }
    }
    // Who converts does so from the start on.
    let mut paying: Vec<String> = Vec::new();
    for stream in &scenario.demand {
        let users = stream.users.iter().map(|users| users.paying);
        let converting = users.filter(|paying| paying.converts_per_day > 0.0);
        let share = converting.map(|paying| format!("{} of {}", paying.at_start, stream.id));
        paying.extend(share);
    }
    paying.dedup();
    name("demand.streams.users.paying.at_start", paying);
    keys
}

/// Lets what has dates come on the same dates where the scenario starts `days` days later:
/// recorded prices, and the times at which LPT is sold.
pub(super) fn keep_dates(scenario: &mut Scenario, days: u64) {
    if let TokenPrices::Replay(series) = &mut scenario.treasury.prices {
        *series = series.from_day(days as f64);
    }
    match &mut scenario.treasury.conversion {
        ConversionPolicy::Clip { schedule, .. }
        | ConversionPolicy::DaysOfCover { schedule, .. } => {
            *schedule = schedule.from_day(days);
        }
        ConversionPolicy::AllAtOnce | ConversionPolicy::BelowThreshold { .. } => {}
    }
}

/// Lets the growth of every stream go on from where it would be `days` after the start.
/// Returns the entries of demand whose growth is written in another way then, and what a
/// reader has to know.
pub(super) fn growth_goes_on(scenario: &mut Scenario, days: f64) -> (Vec<String>, Vec<String>) {
    let (mut changed, mut remarks) = (Vec::new(), Vec::new());
    if days <= 0.0 {
        return (changed, remarks);
    }
    for stream in scenario.demand.iter_mut().filter(|stream| stream.injected.is_none()) {
        let Arrivals::Poisson(arrivals) = &mut stream.arrivals else { continue };
        let later = arrivals.growth.from_day(days);
        let is_new = !changed.contains(&stream.id);
        let id = &stream.id;
        let remark = match later.as_ref().map(|later| later.factor(0.0)) {
            None => Some(format!(
                "the growth of {id} has come down to 0 by the new start: its requests are scaled \
                 to the spend with the others, and stay as many; leave {id} out if it has ended"
            )),
            Some(now) if now < FULL => Some(format!(
                "the growth of {id} is at {} on the new start and rises later: its points keep \
                 their dates and factors. Its requests are scaled to the spend as if it had risen \
                 to 1, so that less is spent until it has",
                significant(now, 3)
            )),
            Some(_) => None,
        };
        remarks.extend(remark.filter(|_| is_new));
        let later = later.unwrap_or(Growth::Constant);
        if later != arrivals.growth && is_new {
            changed.push(stream.id.clone());
        }
        arrivals.growth = later;
    }
    (changed, remarks)
}
