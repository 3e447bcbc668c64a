//! What became of the allocation, in LPT, ETH, USD and hours of inflation.

use serde_json::{Map, Value};

use super::format::MISSING;
use super::json::{ci95, number};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{Estimate, Forecast};
use crate::scenario::Scenario;
use crate::treasury::{Credits, TokenPrices};

/// One figure of the treasury.
struct Quantity {
    /// Its name in files, with its unit.
    key: &'static str,
    label: &'static str,
    unit: Unit,
    mean: f64,
    interval: Option<(f64, f64)>,
    audience: Audience,
}

/// Whom a figure is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Everyone,
    /// People miss nothing where it is 0.
    EveryoneUnlessZero,
    /// Of the LPT that the credits were, of which people read where they were any.
    HoldersOfLpt,
    /// People read it in another table.
    Programs,
}

impl Quantity {
    fn plain(key: &'static str, label: &'static str, unit: Unit, mean: f64) -> Quantity {
        Quantity { key, label, unit, mean, interval: None, audience: Audience::Everyone }
    }

    fn estimated(
        key: &'static str,
        label: &'static str,
        unit: Unit,
        estimate: &Estimate,
    ) -> Quantity {
        let interval = Some((estimate.lo, estimate.hi));
        Quantity { interval, ..Quantity::plain(key, label, unit, estimate.mean) }
    }

    fn idle_at_zero(self) -> Quantity {
        Quantity { audience: Audience::EveryoneUnlessZero, ..self }
    }

    fn for_programs(self) -> Quantity {
        Quantity { audience: Audience::Programs, ..self }
    }

    fn of_lpt(self) -> Quantity {
        Quantity { audience: Audience::HoldersOfLpt, ..self }
    }

    fn is_shown(&self, credits: &Credits) -> bool {
        match self.audience {
            Audience::Everyone => true,
            Audience::HoldersOfLpt => !credits.is_eth,
            Audience::EveryoneUnlessZero => self.mean != 0.0,
            Audience::Programs => false,
        }
    }

    /// The interval as people read it; empty where it has no width.
    fn interval_text(&self) -> String {
        match self.interval {
            Some((lo, _)) if lo.is_nan() => MISSING.to_string(),
            Some((lo, hi)) if lo != hi => {
                format!("[{}, {}]", self.unit.readable(lo), self.unit.readable(hi))
            }
            _ => String::new(),
        }
    }
}

/// All figures; those of LPT are not known where the credits were none.
fn quantities(scenario: &Scenario, forecast: &Forecast) -> Vec<Quantity> {
    use Unit::{Count, Eth, Hours, Lpt, Share, Usd};
    let t = &forecast.treasury;
    let (plain, estimated) = (Quantity::plain, Quantity::estimated);
    let mut quantities = vec![
        plain("allocated_lpt", "allocated", Lpt, t.allocated_lpt).of_lpt(),
        plain("inflation_hours", "minted by the protocol in", Hours, t.inflation_hours).of_lpt(),
        estimated("drawn_lpt", "drawn by other projects", Lpt, &t.drawn_lpt).idle_at_zero(),
        estimated("sold_lpt", "sold", Lpt, &t.sold_lpt).of_lpt(),
        plain("conversions", "conversions", Count, t.conversions).of_lpt(),
        estimated("set_aside_lpt", "set aside for them", Lpt, &t.set_aside_lpt).idle_at_zero(),
        estimated("unsold_lpt", "left in the Safe", Lpt, &t.unsold_lpt).idle_at_zero(),
        estimated("returned_lpt", "returned at the deadline", Lpt, &t.returned_lpt).idle_at_zero(),
        estimated("proceeds_eth", "proceeds", Eth, &t.proceeds_eth).of_lpt(),
        estimated("income_eth", "paid in by users", Eth, &t.income_eth).idle_at_zero(),
        estimated("swap_fee_eth", "swap cost: pool fee", Eth, &t.swap_fee_eth).idle_at_zero(),
        estimated("swap_impact_eth", "swap cost: price impact", Eth, &t.swap_impact_eth)
            .idle_at_zero(),
        estimated("swap_gas_eth", "swap cost: gas", Eth, &t.swap_gas_eth).idle_at_zero(),
        estimated("spent_eth", "spent", Eth, &forecast.spend.total_eth),
        estimated("spent_usd", "spent, in USD", Usd, &t.spent_usd).for_programs(),
        estimated("spent_lpt", "spent, in LPT", Lpt, &t.spent_lpt).for_programs(),
        estimated("left_eth", "left with the gateways", Eth, &t.left_eth),
        estimated("returned_eth", "returned by the gateways", Eth, &t.returned_eth).idle_at_zero(),
        estimated("credits_left_eth", "left in all", Eth, &t.credits_left_eth).for_programs(),
        estimated("credits_left_usd", "left in all", Usd, &t.credits_left_usd).for_programs(),
        estimated("credits_left_lpt", "left in all", Lpt, &t.credits_left_lpt).for_programs(),
        estimated("credits_returned_eth", "returned in all", Eth, &t.credits_returned_eth)
            .for_programs(),
        estimated("credits_returned_usd", "returned in all", Usd, &t.credits_returned_usd)
            .for_programs(),
        estimated("credits_returned_lpt", "returned in all", Lpt, &t.credits_returned_lpt)
            .for_programs(),
        plain("outages", "outages", Count, t.outages).idle_at_zero(),
        estimated("outage_hours", "duration of outages", Hours, &t.outage_hours).idle_at_zero(),
        plain("outage_share", "share of the gateways' time", Share, t.outage_share).idle_at_zero(),
        plain("refused", "requests refused for want of funds", Count, t.refused).idle_at_zero(),
    ];
    let is_unknown = |quantity: &&mut Quantity| {
        scenario.credits.is_eth && quantity.audience == Audience::HoldersOfLpt
    };
    for quantity in quantities.iter_mut().filter(is_unknown) {
        (quantity.mean, quantity.interval) = (f64::NAN, None);
    }
    quantities
}

/// How the figures were arrived at, for under a heading.
pub(super) const EXPLANATION: &str = "Means over all simulated futures. The protocol mints as much \
     LPT in the hours shown; proceeds are what the swaps left after their cost. What was spent is \
     worth so much at the prices of the days it was spent on, what is left at those of the last \
     day. Where prices move, what users pay and sales cost stands in ETH alone, what other \
     projects draw in LPT.";

/// The credits, what came in, what became of them, in the three units. What happens
/// in one of them at a price of its day is known in the others where prices stay.
pub(super) fn worth(scenario: &Scenario, forecast: &Forecast) -> Table {
    let (credits, t) = (&scenario.credits, &forecast.treasury);
    let columns = vec![
        Column::text("amount", "Credits"),
        Column::number("eth", "ETH"),
        Column::number("usd", "USD"),
        Column::number("lpt", "LPT"),
        Column::number("minted_hours", "Minted in hours"),
    ];
    let hours_an_lpt = t.inflation_hours / t.allocated_lpt;
    let row = |label: &str, eth: Option<f64>, usd: Option<f64>, lpt: Option<f64>| {
        let hours = lpt.map(|lpt| lpt * hours_an_lpt);
        let amounts = [(eth, Unit::Eth), (usd, Unit::Usd), (lpt, Unit::Lpt), (hours, Unit::Hours)];
        let cells = amounts.map(|(amount, unit)| Cell::Number(amount, unit));
        std::iter::once(Cell::text(label)).chain(cells).collect()
    };
    let prices = credits.prices();
    let stay = scenario.treasury.prices == TokenPrices::Constant;
    let of_eth = |label: &str, eth: f64| {
        let [usd, lpt] = [prices.eth_in_usd(eth), prices.eth_in_lpt(eth)];
        row(label, Some(eth), stay.then_some(usd), stay.then_some(lpt))
    };
    let of_lpt = |label: &str, lpt: f64| {
        let [eth, usd] = [lpt * prices.lpt_eth(), lpt * prices.lpt_usd];
        row(label, stay.then_some(eth), stay.then_some(usd), Some(lpt))
    };
    let worth =
        |label: &str, eth: f64, usd: f64, lpt: f64| row(label, Some(eth), Some(usd), Some(lpt));
    let start_eth = credits.eth.to_coins();
    let others_lpt = t.drawn_lpt.mean + t.set_aside_lpt.mean;
    let swap_eth = t.swap_fee_eth.mean + t.swap_impact_eth.mean + t.swap_gas_eth.mean;
    let spent_eth = forecast.spend.total_eth.mean;
    let (left_eth, left_usd) = (t.credits_left_eth.mean, t.credits_left_usd.mean);
    let (returned_eth, returned_usd) = (t.credits_returned_eth.mean, t.credits_returned_usd.mean);
    let rows = [
        (true, worth("at the start", start_eth, prices.eth_in_usd(start_eth), t.allocated_lpt)),
        (t.income_eth.mean > 0.0, of_eth("paid in by users", t.income_eth.mean)),
        (others_lpt > 0.0, of_lpt("for other projects", others_lpt)),
        (swap_eth > 0.0, of_eth("cost of selling LPT", swap_eth)),
        (true, worth("spent", spent_eth, t.spent_usd.mean, t.spent_lpt.mean)),
        (true, worth("left", left_eth, left_usd, t.credits_left_lpt.mean)),
        (
            returned_eth > 0.0,
            worth("back at the deadline", returned_eth, returned_usd, t.credits_returned_lpt.mean),
        ),
    ];
    Table::new(columns, rows.into_iter().filter(|(shown, _)| *shown).map(|(_, row)| row).collect())
}

/// What people want to know of it; no row where there is nothing to tell.
pub(super) fn table(scenario: &Scenario, forecast: &Forecast) -> Table {
    let mut quantities = quantities(scenario, forecast);
    quantities.retain(|quantity| quantity.is_shown(&scenario.credits));
    let is_used = quantities.iter().any(|quantity| quantity.mean != 0.0);
    let row = |quantity: &Quantity| {
        let value = format!("{} {}", quantity.unit.readable(quantity.mean), quantity.unit.name());
        vec![
            Cell::text(quantity.label),
            Cell::text(value.trim_end()),
            Cell::text(quantity.interval_text()),
        ]
    };
    let rows = quantities.iter().filter(|_| is_used).map(row).collect();
    let columns = vec![
        Column::text("quantity", "Treasury"),
        Column::number("value", "Mean"),
        Column::number("interval", "95 % interval"),
    ];
    Table::new(columns, rows)
}

/// Every figure, for programs.
pub(super) fn records(scenario: &Scenario, forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("quantity", "Quantity"),
        Column::number("mean", "Mean"),
        Column::number("lo", "95 % from"),
        Column::number("hi", "to"),
    ];
    let row = |quantity: Quantity| {
        let end =
            |end: fn((f64, f64)) -> f64| Cell::Number(quantity.interval.map(end), quantity.unit);
        let mean = Cell::Number(Some(quantity.mean).filter(|mean| !mean.is_nan()), quantity.unit);
        vec![Cell::text(quantity.key), mean, end(|(lo, _)| lo), end(|(_, hi)| hi)]
    };
    Table::new(columns, quantities(scenario, forecast).into_iter().map(row).collect())
}

/// The same as JSON: means under their keys, intervals under `<key>_ci95`.
pub(super) fn document(scenario: &Scenario, forecast: &Forecast) -> Value {
    let mut map = Map::new();
    for quantity in quantities(scenario, forecast) {
        map.insert(quantity.key.to_string(), number(quantity.mean));
        if let Some((lo, hi)) = quantity.interval {
            let interval = Estimate { mean: quantity.mean, lo, hi };
            map.insert(format!("{}_ci95", quantity.key), ci95(&interval));
        }
    }
    Value::Object(map)
}
