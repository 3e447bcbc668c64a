//! What variance reduction did to the headline figures.

use serde_json::{Value, json};

use super::format::{counted, grouped, interval_of};
use super::json::{ci95, number, optional};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{Forecast, LEAST_TO_COMPARE, ReducedFigure, ReductionSummary};

/// How to read the table, for under a heading.
pub(super) const EXPLANATION: &str = "A figure is worth so many independent, unadjusted \
     replications as would know its mean as well: the variance of one replication over the square \
     of the standard error. That is itself an estimate, with few futures to within half of it \
     only. Control variates adjust the mean runway and the means in this table; totals, shares and \
     breakdowns elsewhere are plain means, so that they add up.";

/// Why no figure is adjusted.
pub(super) const NO_CONTROLS: &str =
    "there are too few futures, or demand varies too little, for control variates";
/// Why the mean runway is worth no more.
const NOTHING_TO_GAIN: &str = "the runway does not vary, so that there is nothing to gain";

/// Why it is not said what so many observations of the runway gained.
pub(super) fn no_gain(observations: usize) -> &'static str {
    if observations < LEAST_TO_COMPARE {
        return "they are too few to tell what that gains";
    }
    NOTHING_TO_GAIN
}

/// The columns that fit a terminal.
pub(super) const SHOWN: [&str; 4] = ["figure", "mean", "interval", "worth"];

/// What was done and what it gained, in a sentence or two; `None` where the
/// variance is not reduced.
pub(super) fn conclusion(forecast: &Forecast) -> Option<String> {
    let reduction = forecast.reduction.as_ref()?;
    let ReductionSummary { method, observations, controls, figures } = reduction;
    let n = forecast.replications;
    let mut done = Vec::new();
    if method.has_pairs() {
        let pairs = counted(*observations as u32, "antithetic pair");
        done.push(format!("the futures are {pairs}, which are what intervals count"));
    }
    if method.has_controls() {
        done.push(match controls {
            0 => NO_CONTROLS.to_string(),
            _ => format!("means are adjusted by {}", counted(*controls as u32, "control variate")),
        });
    }
    let runway = figures.iter().find(|figure| figure.headline.id == "runway_days");
    let worth = match runway.and_then(|figure| figure.equivalent_replications) {
        None => no_gain(*observations).to_string(),
        Some(worth) if worth > f64::from(n) => {
            format!("the mean runway is as good as that of about {} plain ones", about(worth))
        }
        Some(_) => format!("of the mean runway they know no more than {n} plain ones would"),
    };
    Some(format!("Variance reduction ({}): {}; {worth}.", method.name(), done.join(", ")))
}

/// A row for each headline figure; none where the variance is not reduced.
pub(super) fn table(forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("figure", "Figure"),
        Column::number("mean", "Mean"),
        Column::number("interval", "95 % interval"),
        Column::text("controls", "Adjusted"),
        Column::number("worth", "Worth replications"),
    ];
    let are_few = forecast
        .reduction
        .as_ref()
        .is_some_and(|reduction| reduction.observations < LEAST_TO_COMPARE);
    let row = |figure: &ReducedFigure| {
        let unit = Unit::of(figure.headline.unit);
        vec![
            Cell::text(figure.headline.label.clone()),
            Cell::Number(Some(figure.reduced.mean), unit),
            Cell::text(interval_of(&figure.reduced, |end| unit.readable(end))),
            Cell::text(if figure.is_adjusted { "yes" } else { "no" }),
            match figure.equivalent_replications {
                None if are_few => Cell::text("too few to tell"),
                None => Cell::text("does not vary"),
                Some(worth) if worth > f64::from(forecast.replications) => Cell::text(about(worth)),
                Some(_) => Cell::text("no gain"),
            },
        ]
    };
    let figures = forecast.reduction.iter().flat_map(|reduction| &reduction.figures);
    Table::new(columns, figures.map(row).collect())
}

/// The same as JSON; `None` where the variance is not reduced.
pub(super) fn document(forecast: &Forecast) -> Option<Value> {
    let reduction = forecast.reduction.as_ref()?;
    let row = |figure: &ReducedFigure| {
        json!({
            "id": figure.headline.id,
            "mean": number(figure.reduced.mean),
            "ci95": ci95(&figure.reduced),
            "adjusted": figure.is_adjusted,
            "equivalent_replications": optional(figure.equivalent_replications),
        })
    };
    Some(json!({
        "method": reduction.method.name(),
        "observations": reduction.observations,
        "controls": reduction.controls,
        "figures": reduction.figures.iter().map(row).collect::<Vec<_>>(),
    }))
}

/// Two significant digits.
pub(super) fn about(value: f64) -> String {
    let power = libm::pow(10.0, (libm::floor(libm::log10(value)) - 1.0).max(0.0));
    grouped(libm::round(value / power) * power, 0)
}
