//! What became of the orchestrators that respond.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::format::{interval, price_decimals, share_interval};
use super::json::{ci95, number};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{Forecast, ResponseRow};

const EXPLANATION: &str = "Orchestrators that change their prices, leave, come or divide their \
     stake, and how they stand at the end: means over all simulated futures. Prices are base \
     prices in wei a unit, before the discount of an alpha group. Nodes count none where an \
     orchestrator is not there; fees are counted by owner, however many nodes it has.";

/// How to read the first `most` of so many rows of the table, for under a heading.
pub(super) fn explanation(rows: usize, most: usize) -> Cow<'static, str> {
    match rows <= most {
        true => EXPLANATION.into(),
        false => {
            format!("{EXPLANATION} The first {most} offers; all are in `summary.json`.").into()
        }
    }
}

/// The columns that fit a terminal.
pub(super) const SHOWN: [&str; 5] =
    ["orchestrator", "model", "opening_price_wei", "price_wei", "present"];

/// A row for each offer of each.
pub(super) fn table(forecast: &Forecast) -> Table {
    let row = |row: &ResponseRow| {
        vec![
            Cell::text(row.orchestrator.clone()),
            Cell::text(row.model.clone()),
            Cell::Number(Some(row.opening_price), Unit::Price),
            Cell::Number(Some(row.price.mean), Unit::Price),
            Cell::text(interval(&row.price, price_decimals(row.price.mean))),
            Cell::share(row.present.mean),
            Cell::text(share_interval(&row.present)),
            Cell::count(row.nodes),
        ]
    };
    let columns = vec![
        Column::text("orchestrator", "Orchestrator"),
        Column::text("model", "Model"),
        Column::number("opening_price_wei", "Opening price"),
        Column::number("price_wei", "At the end"),
        Column::number("price_ci95", "95 % interval"),
        Column::number("present", "There"),
        Column::number("present_ci95", "95 % interval"),
        Column::number("nodes", "Nodes"),
    ];
    Table::new(columns, forecast.responses.iter().map(row).collect())
}

/// The same as JSON.
pub(super) fn document(forecast: &Forecast) -> Value {
    let row = |row: &ResponseRow| {
        json!({
            "orchestrator": row.orchestrator,
            "model": row.model,
            "opening_price_wei": number(row.opening_price),
            "price_wei": number(row.price.mean),
            "price_wei_ci95": ci95(&row.price),
            "present": number(row.present.mean),
            "present_ci95": ci95(&row.present),
            "nodes": number(row.nodes),
        })
    };
    forecast.responses.iter().map(row).collect()
}
