use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::survival::steps;
use super::{Key, Mark, Plan, of_scenarios};
use crate::experiment::Comparison;
use crate::report::table::{Cell, Column, Table};

/// Of the bands, which lie over one another.
const OPACITY: f64 = 0.16;

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let base = &comparison.base;
    let runs = of_scenarios(comparison);
    let mut legend: Vec<Key> =
        runs.iter().map(|(run, colour)| Key::new(Mark::Line, *colour, &run.name)).collect();
    legend.push(Key::new(Mark::Patch, super::MUTED.mix(OPACITY), "95 % confidence"));
    let plot = move |area: &super::Area| {
        let frame = Frame { y_name: "Futures with credits left", ..Frame::default() };
        let x = Axis::dates(base.scenario.start, f64::from(base.forecast.horizon_days));
        let mut chart = chart(area, &frame, x, Axis::shares())?;
        for (run, colour) in &runs {
            let points = &run.forecast.survival;
            let lower = steps(points, |point| point.lo);
            let outline =
                steps(points, |point| point.hi).into_iter().chain(lower.into_iter().rev());
            let band = Polygon::new(outline.collect::<Vec<_>>(), colour.mix(OPACITY).filled());
            chart.draw_series([band])?;
        }
        for (run, colour) in &runs {
            let curve = steps(&run.forecast.survival, |point| point.share);
            chart.draw_series([PathElement::new(curve, colour.stroke_width(5))])?;
        }
        Ok(())
    };
    Plan {
        slug: "survival",
        title: "How likely the credits still last",
        explanation: "The share of futures that still have credits on each day (Kaplan-Meier), \
                      with its 95 % confidence band."
            .to_string(),
        table: table(comparison),
        plot_height: 600,
        legend,
        plot: Box::new(plot),
    }
}

fn table(comparison: &Comparison) -> Table {
    let mut columns = vec![Column::number("day", "Day")];
    for run in comparison.runs() {
        let ends = [("share", ""), ("share_lo", " 95 % from"), ("share_hi", " to")];
        columns.extend(ends.map(|(key, label)| {
            Column::number(format!("{}_{key}", run.name), format!("{}{label}", run.name))
        }));
    }
    let row = |day: usize| {
        let points = comparison.runs().filter_map(|run| run.forecast.survival.get(day));
        let cells = points.flat_map(|point| [point.share, point.lo, point.hi].map(Cell::share));
        [Cell::count(day as f64)].into_iter().chain(cells).collect()
    };
    Table::new(columns, (0..comparison.base.forecast.survival.len()).map(row).collect())
}
