//! A scenario that begins after the last of the data.

use jiff::Span;
use jiff::civil::Date;

use crate::demand::{Arrivals, Growth};
use crate::scenario::Scenario;

/// The day after the last of the data, or the scenario's first where that is
/// later.
pub(super) fn start_after(scenario: &Scenario, last: Date) -> Date {
    scenario.start.max(last.saturating_add(Span::new().days(1)))
}

/// What a start that was put off means.
pub(super) fn later_start(scenario: &Scenario, start: Date) -> Option<String> {
    (start != scenario.start).then(|| {
        format!(
            "the scenario now starts on {start}, after the last day of the data, rather than on \
             {}: set `credits.amount` to what is left then, and see to days that are counted from \
             the start",
            scenario.start
        )
    })
}

/// Lets the growth of every stream go on from where it would be `days` after the start.
/// Returns the entries of demand whose growth is written in another way then, and what a
/// reader has to know.
pub(super) fn growth_goes_on(scenario: &mut Scenario, days: f64) -> (Vec<String>, Vec<String>) {
    let (mut changed, mut remarks) = (Vec::new(), Vec::new());
    for stream in scenario.demand.iter_mut().filter(|stream| stream.injected.is_none()) {
        let Arrivals::Poisson(arrivals) = &mut stream.arrivals else { continue };
        let later = arrivals.growth.from_day(days);
        let is_new = !changed.contains(&stream.id);
        if later.is_none() && is_new {
            remarks.push(format!(
                "the growth of {} is at 0 by the new start: from there on its requests stay as many",
                stream.id
            ));
        }
        let later = later.unwrap_or(Growth::Constant);
        if later != arrivals.growth && is_new {
            changed.push(stream.id.clone());
        }
        arrivals.growth = later;
    }
    (changed, remarks)
}
