//! What became of the requests that were steered to a region.

use serde_json::{Value, json};

use super::format::chosen_percent;
use super::json::{number, optional};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{Forecast, SteeringRow};

/// How to read the table, for under a heading.
pub(super) const EXPLANATION: &str = "Means over all simulated futures. A steered request is \
     served elsewhere, or fails, where the gateway knows no eligible orchestrator in the region, \
     or where the first one it tries there fails. Targets and the fees reached are shares of all \
     fees.";

/// The share of fees that a region got, if anybody earned any.
fn fee_share(forecast: &Forecast, row: &SteeringRow) -> Option<f64> {
    forecast.concentration.is_known().then_some(row.fee_share)
}

/// A row for each region that requests were steered to.
pub(super) fn table(forecast: &Forecast) -> Table {
    let share = |part: f64, row: &SteeringRow| Cell::share(part / row.steered);
    let row = |row: &SteeringRow| {
        vec![
            Cell::text(row.name.clone()),
            Cell::count(row.steered),
            share(row.reached, row),
            share(row.nobody_there, row),
            Cell::text(row.target.map(chosen_percent).unwrap_or_default()),
            Cell::Number(fee_share(forecast, row), Unit::Share),
        ]
    };
    let columns = vec![
        Column::text("region", "Steered to"),
        Column::number("requests", "Requests"),
        Column::number("served_there", "Served there"),
        Column::number("nobody_there", "Nobody known there"),
        Column::number("target", "Target"),
        Column::number("fees", "Fees reached"),
    ];
    Table::new(columns, forecast.steering.iter().map(row).collect())
}

/// The same as JSON; counts are means.
pub(super) fn document(forecast: &Forecast) -> Value {
    let row = |row: &SteeringRow| {
        json!({
            "region": row.region,
            "steered": number(row.steered),
            "served_there": number(row.reached),
            "nobody_there": number(row.nobody_there),
            "target_fee_share": row.target.map_or(Value::Null, number),
            "fee_share": optional(fee_share(forecast, row)),
        })
    };
    forecast.steering.iter().map(row).collect()
}
