use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::survival::{self, band, steps};
use super::{BAND, Key, Look, MUTED, Mark, NO_BANDS, Plan, has_bands, keys_of, of_scenarios};
use crate::experiment::Comparison;
use crate::report::table::{Cell, Column, Table};

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let base = &comparison.base;
    let runs = of_scenarios(comparison);
    let mut legend = keys_of(&runs, Look::line_key);
    let is_readable = has_bands(comparison);
    let has_bands = is_readable && band(&base.forecast.survival).is_some();
    if has_bands {
        legend.push(Key::new(Mark::Patch, MUTED.mix(BAND), "95 % of a day"));
    }
    let mut explanation = survival::explanation(has_bands);
    if !is_readable {
        explanation += &format!(" {NO_BANDS}");
    }
    let plot = move |area: &super::Area| {
        let frame = Frame { y_name: "Futures with credits left", ..Frame::default() };
        let x = Axis::dates(base.scenario.start, f64::from(base.forecast.horizon_days));
        let mut chart = chart(area, &frame, x, Axis::shares())?;
        for (run, look) in runs.iter().filter(|_| has_bands) {
            let outline = band(&run.forecast.survival);
            chart.draw_series(outline.map(|band| Polygon::new(band, look.band(BAND))))?;
        }
        for (run, look) in &runs {
            let curve = steps(&run.forecast.survival, |point| point.share);
            look.line(&mut chart, curve, 5)?;
        }
        Ok(())
    };
    Plan {
        slug: "survival".to_string(),
        title: survival::TITLE.to_string(),
        explanation,
        table: table(comparison),
        plot_height: 600,
        legend,
        plot: Box::new(plot),
    }
}

fn table(comparison: &Comparison) -> Table {
    let mut columns = vec![Column::number("day", "Day")];
    for run in comparison.runs() {
        columns.extend(Column::interval(&format!("{}_share", run.name), &run.name));
    }
    let row = |day: usize| {
        let points = comparison.runs().filter_map(|run| run.forecast.survival.get(day));
        let cells = points.flat_map(|point| [point.share, point.lo, point.hi].map(Cell::share));
        [Cell::count(day as f64)].into_iter().chain(cells).collect()
    };
    Table::new(columns, (0..comparison.base.forecast.survival.len()).map(row).collect())
}
