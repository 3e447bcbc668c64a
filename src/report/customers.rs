//! What users asked and paid, and whether that carries their gateway.

use serde_json::{Value, json};

use super::json::{ci95, number, optional};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{CustomerRow, Forecast};

/// How to read the table, for under a heading.
pub(super) const EXPLANATION: &str = "Means over all simulated futures. What users pay becomes \
     part of their gateway's deposit at the end of the day. A gateway carries itself from the day \
     on which its revenue of seven days covers their spend, if it does so for 30 days more or \
     until the end; the day is the median of the futures in which that happens. The rate factor \
     says what price and quality do to the request rate at the end.";

/// The columns on a terminal.
pub(super) const SHOWN: [&str; 9] = [
    "gateway",
    "free",
    "paying",
    "revenue_eth",
    "spend_eth",
    "net_eth",
    "rate_factor",
    "carries_itself",
    "carries_itself_day",
];

/// A row for each gateway whose users respond or pay.
pub(super) fn table(forecast: &Forecast) -> Table {
    let row = |row: &CustomerRow| {
        vec![
            Cell::text(row.gateway.clone()),
            Cell::count(row.free),
            Cell::count(row.paying),
            Cell::eth(row.revenue_eth.mean),
            Cell::Number(Some(row.revenue_usd), Unit::Usd),
            Cell::eth(row.spend_eth.mean),
            Cell::eth(row.net_eth.mean),
            Cell::Number(Some(row.rate_factor.mean), Unit::Index),
            Cell::share(row.carries_itself.mean),
            Cell::Number(row.carries_itself_day, Unit::Days),
        ]
    };
    let columns = vec![
        Column::text("gateway", "Users of"),
        Column::number("free", "Free"),
        Column::number("paying", "Paying"),
        Column::number("revenue_eth", "Revenue ETH"),
        Column::number("revenue_usd", "in USD"),
        Column::number("spend_eth", "Spend ETH"),
        Column::number("net_eth", "Net ETH"),
        Column::number("rate_factor", "Factor"),
        Column::number("carries_itself", "Carries itself"),
        Column::number("carries_itself_day", "from day"),
    ];
    Table::new(columns, forecast.customers.iter().map(row).collect())
}

/// The same as JSON.
pub(super) fn document(forecast: &Forecast) -> Value {
    let row = |row: &CustomerRow| {
        json!({
            "gateway": row.gateway,
            "requests_free": number(row.free),
            "requests_paying": number(row.paying),
            "revenue_eth": number(row.revenue_eth.mean),
            "revenue_eth_ci95": ci95(&row.revenue_eth),
            "revenue_usd": number(row.revenue_usd),
            "spend_eth": number(row.spend_eth.mean),
            "spend_eth_ci95": ci95(&row.spend_eth),
            "net_eth": number(row.net_eth.mean),
            "net_eth_ci95": ci95(&row.net_eth),
            "rate_factor": number(row.rate_factor.mean),
            "rate_factor_ci95": ci95(&row.rate_factor),
            "carries_itself": number(row.carries_itself.mean),
            "carries_itself_ci95": ci95(&row.carries_itself),
            "carries_itself_day": optional(row.carries_itself_day),
        })
    };
    forecast.customers.iter().map(row).collect()
}
