//! Where the ETH went: the steps from "price x units used" to "ETH gone", and
//! what share of it paid for nothing that was used.

use super::format::{eth, percent};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{Estimate, Forecast, Waterfall, WaterfallStep};

/// What the ETH of a step paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Work that users got, at its price.
    Used,
    /// A higher price of that work.
    Price,
    /// Nothing that was used.
    Unused,
    /// Nothing: winners above or below their expectation.
    Lottery,
}

impl Kind {
    pub(super) const ALL: [(Kind, &'static str); 4] = [
        (Kind::Used, "for work used"),
        (Kind::Price, "for gas in the price"),
        (Kind::Unused, "for nothing used"),
        (Kind::Lottery, "luck of the draw"),
    ];

    pub(super) fn of(step: &WaterfallStep) -> Kind {
        match step.id {
            "units_used" => Kind::Used,
            "price_adjustment" => Kind::Price,
            "lottery" => Kind::Lottery,
            _ => Kind::Unused,
        }
    }
}

/// The steps that are not exactly 0.
pub(super) fn shown(waterfall: &Waterfall) -> impl Iterator<Item = &WaterfallStep> {
    waterfall.steps.iter().filter(|step| step.eth.mean != 0.0)
}

/// Share of the spend that paid for [`Kind::Unused`]; `None` where nothing was
/// spent.
pub(super) fn unused_share(waterfall: &Waterfall) -> Option<f64> {
    let share = unused_eth(waterfall) / waterfall.total_eth;
    (waterfall.total_eth > 0.0 && share.is_finite()).then_some(share)
}

fn unused_eth(waterfall: &Waterfall) -> f64 {
    let unused = waterfall.steps.iter().filter(|step| Kind::of(step) == Kind::Unused);
    unused.map(|step| step.eth.mean).sum()
}

/// How much was overpaid, in a sentence; `None` where nothing was spent.
pub(super) fn conclusion(waterfall: &Waterfall) -> Option<String> {
    let share = unused_share(waterfall)?;
    if share == 0.0 {
        return Some("Nothing was paid for work that was not used.".to_string());
    }
    if share > 1.0 {
        return Some(format!(
            "Tickets worth {} ETH paid for nothing that was used, more than all {} ETH spent: so \
             few tickets won that their share of the spend says nothing.",
            eth(unused_eth(waterfall)),
            eth(waterfall.total_eth),
        ));
    }
    Some(format!(
        "{} of the spend ({} ETH) paid for nothing that was used: units billed but not used, \
         credit lost, and credit left at the end.",
        percent(share),
        eth(unused_eth(waterfall)),
    ))
}

/// Why go-livepeer spends the ETH of a step, in a sentence.
pub(super) fn reason(step: &WaterfallStep) -> Option<&'static str> {
    let reason = match step.id {
        "units_used" => {
            "The work users got, at the orchestrators' prices before what they add for gas."
        }
        "units_unused" => {
            "A chat pays for max tokens, image-to-video for 25 frames, a live stream for 720p at \
             30 frames a second and a prepaid start (a minute in 0.9), used or not."
        }
        "price_adjustment" => {
            "With -autoAdjustPrice, on by default, an orchestrator adds what redeeming its tickets \
             costs to its price."
        }
        "credit_left" => {
            "Tickets are only sent whole; what they exceed the fee by stays with the session as \
             credit, and so much of it was still there at the end."
        }
        "lost_failure" => {
            "A request that fails after its payment was prepared gets neither its tickets nor the \
             session's credit back."
        }
        "lost_payment_refused" => {
            "Where the gateway's own limits refuse the tickets, the credit set aside for the \
             request goes with them."
        }
        "lost_session_refresh" => {
            "A session is renewed when its ticket parameters expire, after about two minutes in \
             0.8.3 and eight from 0.8.4 on, and the new one starts with an empty balance."
        }
        "lost_expiry" => {
            "A balance untouched for ten minutes is deleted by the next sweep, of which there is \
             one every ten minutes."
        }
        "lost_swap" => {
            "A live stream that moves to another orchestrator leaves what it paid ahead behind, \
             and pays ahead again."
        }
        "lost_session_removed" => {
            "A session that the gateway drops from its pool takes its credit along."
        }
        "lottery" => {
            "Only winning tickets cost ETH, each its face value: chance makes them cost more or \
             less than all tickets were worth, and a winner that is never redeemed costs nothing."
        }
        _ => return None,
    };
    Some(reason)
}

/// Every step, for programs.
pub(super) fn steps(waterfall: &Waterfall) -> Table {
    Table::new(columns(), waterfall.steps.iter().map(row).collect())
}

/// The steps that are not 0, and their sum.
pub(super) fn table(forecast: &Forecast) -> Table {
    let waterfall = &forecast.waterfall;
    let mut rows: Vec<Vec<Cell>> = shown(waterfall).map(row).collect();
    let total = Estimate { mean: waterfall.total_eth, ..forecast.spend.total_eth };
    let share = (waterfall.total_eth != 0.0).then_some(1.0);
    rows.push(cells("total", TOTAL, &total, share));
    Table::new(columns(), rows)
}

/// What the sum of the steps is called.
pub(super) const TOTAL: &str = "ETH gone";

fn columns() -> Vec<Column> {
    vec![
        Column::for_programs("step"),
        Column::text("label", "From price x units to ETH gone"),
        Column::number("eth", "ETH"),
        Column::number("eth_lo", "95 % from"),
        Column::number("eth_hi", "to"),
        Column::number("share", "Share"),
    ]
}

fn row(step: &WaterfallStep) -> Vec<Cell> {
    cells(step.id, step.label, &step.eth, step.share)
}

fn cells(id: &str, label: &str, amount: &Estimate, share: Option<f64>) -> Vec<Cell> {
    vec![
        Cell::text(id),
        Cell::text(label),
        Cell::eth(amount.mean),
        Cell::eth(amount.lo),
        Cell::eth(amount.hi),
        Cell::Number(share, Unit::Share),
    ]
}
