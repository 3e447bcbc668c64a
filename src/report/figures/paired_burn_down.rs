use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::burn_down::{Points, band, points};
use super::{BAND, Key, MUTED, Mark, Plan, keys_of, of_scenarios};
use crate::ensemble::Quantiles;
use crate::experiment::{Comparison, Run};
use crate::report::format::grouped;
use crate::report::table::{Cell, Column, Table};

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let base = &comparison.base;
    let runs = of_scenarios(comparison);
    let mut legend = keys_of(&runs, Mark::Line);
    legend.push(Key::new(Mark::Patch, MUTED.mix(BAND), "90 % of the futures"));
    let plot = move |area: &super::Area| {
        let curves: Vec<(Points, RGBColor)> = runs
            .iter()
            .map(|(run, colour)| (points(&run.scenario, &run.forecast), *colour))
            .collect();
        let highest = |(points, _): &(Points, RGBColor)| {
            points.iter().map(|(_, balance)| balance.p95).fold(0.0, f64::max)
        };
        let most = curves.iter().map(highest).fold(0.0, f64::max);
        let frame = Frame { y_name: "Credits left (ETH)", ..Frame::default() };
        let x = Axis::dates(base.scenario.start, f64::from(base.forecast.horizon_days));
        let mut chart = chart(area, &frame, x, Axis::amounts(most, grouped))?;
        for (points, colour) in &curves {
            let outline = band(points, |balance| balance.p05, |balance| balance.p95);
            chart.draw_series([Polygon::new(outline, colour.mix(BAND).filled())])?;
        }
        for (points, colour) in &curves {
            let median: Vec<_> = points.iter().map(|(day, balance)| (*day, balance.p50)).collect();
            chart.draw_series([PathElement::new(median, colour.stroke_width(5))])?;
        }
        Ok(())
    };
    Plan {
        slug: "burn-down".to_string(),
        title: "Credits left".to_string(),
        explanation: "Each day's balance over all simulated futures of each scenario: the median, \
                      and a band that holds nine in ten."
            .to_string(),
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
