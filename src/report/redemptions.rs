//! How often winning tickets were redeemed, and for how much.

use serde_json::{Value, json};

use super::format::{date_after, precise, short_date};
use super::json::{ci95, number, optional};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{Forecast, RedemptionRow};
use crate::scenario::Scenario;

/// What the table shows, for under a heading.
pub(super) const EXPLANATION: &str = "An orchestrator redeems a winning ticket for its face value \
     and pays the gas, of which the face value is a multiple: dearer gas makes fewer and larger \
     redemptions for the same pay in the mean. Void are those that were not worth their gas within \
     their validity of two rounds.";

/// Columns for a terminal.
pub(super) const SHOWN: [&str; 5] =
    ["tickets", "redeemed", "redeemed_per_day", "void", "face_value_eth"];

/// All winning tickets, then a row a gas price; no row where none won.
pub(super) fn table(scenario: &Scenario, forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("tickets", "Winning tickets"),
        Column::for_programs("from_day"),
        Column::for_programs("gas_price_wei"),
        Column::for_programs("days"),
        Column::number("redeemed", "Redeemed"),
        Column::for_programs("redeemed_lo"),
        Column::for_programs("redeemed_hi"),
        Column::number("redeemed_per_day", "A day"),
        Column::number("void", "Void"),
        Column::for_programs("void_lo"),
        Column::for_programs("void_hi"),
        Column::number("face_value_eth", "Mean face value (ETH)"),
    ];
    let row = |row: &RedemptionRow| {
        vec![
            Cell::text(label(scenario, row)),
            Cell::Number(row.gas_price.map(|(day, _)| day), Unit::Days),
            row.gas_price.map_or(Cell::text(""), |(_, price)| Cell::Wei(price)),
            Cell::days(row.days),
            Cell::count(row.redeemed.mean),
            Cell::count(row.redeemed.lo),
            Cell::count(row.redeemed.hi),
            Cell::Number(per_day(row), Unit::Count),
            Cell::count(row.void.mean),
            Cell::count(row.void.lo),
            Cell::count(row.void.hi),
            Cell::Number(row.face_value_eth, Unit::Eth),
        ]
    };
    Table::new(columns, forecast.redemptions.iter().map(row).collect())
}

fn label(scenario: &Scenario, row: &RedemptionRow) -> String {
    let Some((day, price)) = row.gas_price else { return "all".to_string() };
    let gwei = precise(price.0 as f64 / 1e9);
    match date_after(scenario.start, day) {
        Some(date) => format!("{gwei} gwei from {}", short_date(date)),
        None => format!("{gwei} gwei"),
    }
}

fn per_day(row: &RedemptionRow) -> Option<f64> {
    (row.days > 0.0).then(|| row.redeemed.mean / row.days)
}

/// The same as JSON.
pub(super) fn document(forecast: &Forecast) -> Value {
    let row = |row: &RedemptionRow| {
        json!({
            "from_day": optional(row.gas_price.map(|(day, _)| day)),
            "gas_price_wei": row.gas_price.map(|(_, price)| price.to_decimal_string()),
            "days": number(row.days),
            "redeemed": number(row.redeemed.mean),
            "redeemed_ci95": ci95(&row.redeemed),
            "redeemed_per_day": optional(per_day(row)),
            "void": number(row.void.mean),
            "void_ci95": ci95(&row.void),
            "face_value_eth": optional(row.face_value_eth),
        })
    };
    forecast.redemptions.iter().map(row).collect()
}
