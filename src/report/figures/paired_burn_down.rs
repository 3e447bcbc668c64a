use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::burn_down::{Points, band, points};
use super::{BAND, Key, Look, MUTED, Mark, NO_BANDS, Plan, has_bands, keys_of, of_scenarios};
use crate::ensemble::Quantiles;
use crate::experiment::{Comparison, Run};
use crate::report::format::grouped;
use crate::report::table::{Cell, Column, Table};

const MEDIANS: &str = "Each day's balance over all simulated futures of each scenario: the median";

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let base = &comparison.base;
    let runs = of_scenarios(comparison);
    let mut legend = keys_of(&runs, Look::line_key);
    // The quantiles of a single future are one line.
    let is_single = base.forecast.replications == 1;
    let has_bands = has_bands(comparison) && !is_single;
    let explanation = match (is_single, has_bands) {
        (true, _) => "Each day's balance in the one simulated future of each scenario.".to_string(),
        (false, true) => format!("{MEDIANS}, and a band that holds nine in ten."),
        (false, false) => format!("{MEDIANS}. {NO_BANDS}"),
    };
    if has_bands {
        legend.push(Key::new(Mark::Patch, MUTED.mix(BAND), "90 % of the futures"));
    }
    let plot = move |area: &super::Area| {
        let curves: Vec<(Points, Look)> =
            runs.iter().map(|(run, look)| (points(&run.scenario, &run.forecast), *look)).collect();
        let end: fn(&Quantiles) -> f64 = if has_bands { |q| q.p95 } else { |q| q.p50 };
        let highest = |(points, _): &(Points, Look)| {
            points.iter().map(|(_, balance)| end(balance)).fold(0.0, f64::max)
        };
        let most = curves.iter().map(highest).fold(0.0, f64::max);
        let frame = Frame { y_name: "Credits left (ETH)", ..Frame::default() };
        let x = Axis::dates(base.scenario.start, f64::from(base.forecast.horizon_days));
        let mut chart = chart(area, &frame, x, Axis::amounts(most, grouped))?;
        for (points, look) in curves.iter().filter(|_| has_bands) {
            let outline = band(points, |balance| balance.p05, |balance| balance.p95);
            chart.draw_series([Polygon::new(outline, look.band(BAND))])?;
        }
        for (points, look) in &curves {
            let median = points.iter().map(|(day, balance)| (*day, balance.p50)).collect();
            look.line(&mut chart, median, 5)?;
        }
        Ok(())
    };
    Plan {
        slug: "burn-down".to_string(),
        title: "Credits left".to_string(),
        explanation,
        table: table(comparison),
        plot_height: 640,
        legend,
        plot: Box::new(plot),
    }
}

fn table(comparison: &Comparison) -> Table {
    let mut columns = vec![Column::number("day", "Day")];
    let quantiles = [("p05", "5 %"), ("p50", "median"), ("p95", "95 %")];
    for run in comparison.runs() {
        columns.extend(quantiles.map(|(key, label)| {
            Column::number(format!("{}_{key}_eth", run.name), format!("{} {label}", run.name))
        }));
    }
    let day = |row: usize| {
        let cells = |run: &Run| {
            let balance = run.forecast.days.get(row).map(|row| row.balance_eth);
            let ends: [fn(Quantiles) -> f64; 3] = [|q| q.p05, |q| q.p50, |q| q.p95];
            ends.map(|end| Cell::eth(end(balance.unwrap_or_default())))
        };
        let mut row = vec![Cell::count(row as f64)];
        row.extend(comparison.runs().flat_map(cells));
        row
    };
    Table::new(columns, (0..comparison.base.forecast.days.len()).map(day).collect())
}
