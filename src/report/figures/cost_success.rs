use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart};
use super::{INK, Key, Mark, Plan, TEXT_PX, font, of_scenarios, text_width};
use crate::ensemble::Estimate;
use crate::experiment::{Comparison, Run};
use crate::report::format::{grouped, printable, shortened};
use crate::report::table::{Cell, Column, Table, Unit};

const GWEI: f64 = 1e9;
const NAME_LENGTH: usize = 24;
/// About how wide the plot is between its axes, in pixels.
const PLOT_WIDTH: f64 = 990.0;

/// One scenario in the plane of cost and success.
struct Point {
    name: String,
    colour: RGBColor,
    /// In gwei a request; `None` where nothing is served.
    cost: Option<Estimate>,
    success: Option<Estimate>,
}

fn mean(run: &Run, figure: &str, factor: f64) -> Option<Estimate> {
    let values: Vec<f64> = run.figure(figure)?.into_iter().flatten().collect();
    let scaled: Vec<f64> = values.into_iter().map(|value| value * factor).collect();
    (!scaled.is_empty()).then(|| Estimate::of_mean(&scaled))
}

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let point = |(run, colour): &(&Run, RGBColor)| Point {
        name: shortened(&printable(&run.name), NAME_LENGTH),
        colour: *colour,
        cost: mean(run, "cost_per_request_eth", GWEI),
        success: mean(run, "success_rate", 1.0),
    };
    let points: Vec<Point> = of_scenarios(comparison).iter().map(point).collect();
    let missing: Vec<&str> = points
        .iter()
        .filter(|point| point.cost.is_none() || point.success.is_none())
        .map(|point| point.name.as_str())
        .collect();
    let mut explanation = "What a served request costs against the share of requests served, \
                           each with its 95 % interval: better is up and to the left."
        .to_string();
    if !missing.is_empty() {
        explanation += &format!(" Not shown, since nothing is served: {}.", missing.join(", "));
    }
    let legend = points.iter().map(|p| Key::new(Mark::Dot, p.colour, &p.name)).collect();
    let table = table(&points);
    let plot = move |area: &super::Area| {
        let shown: Vec<(&Point, Estimate, Estimate)> =
            points.iter().filter_map(|p| Some((p, p.cost?, p.success?))).collect();
        let (left, right) = around(shown.iter().map(|(_, cost, _)| cost));
        let (bottom, top) = around(shown.iter().map(|(_, _, success)| success));
        let x = Axis::between(left, right, grouped);
        // A point at 100 % stands clear of the frame.
        let y = Axis::between(bottom, top, |share, decimals| match share {
            _ if share > 1.0 + 1e-9 => String::new(),
            _ => format!("{} %", grouped(share * 100.0, decimals.saturating_sub(2))),
        });
        let frame = Frame {
            y_name: "Requests served",
            x_name: "Cost of a served request (gwei)",
            ..Frame::default()
        };
        let mut chart = chart(area, &frame, x, y)?;
        for (point, cost, success) in shown {
            let at = (cost.mean, success.mean);
            let lines = [
                vec![(cost.lo, at.1), (cost.hi, at.1)],
                vec![(at.0, success.lo), (at.0, success.hi.min(1.0))],
            ];
            for line in lines {
                chart.draw_series([PathElement::new(line, point.colour.stroke_width(4))])?;
            }
            chart.draw_series([Circle::new(at, 11, point.colour.filled())])?;
            let width = text_width(&point.name, TEXT_PX) / PLOT_WIDTH * (right - left);
            let is_at_end = at.0 + width * 1.1 > right;
            let side = if is_at_end { HPos::Right } else { HPos::Left };
            let gap = (right - left) * if is_at_end { -0.015 } else { 0.015 };
            let is_high = at.1 > (bottom + top) / 2.0;
            let (height, rise) = if is_high { (VPos::Top, -0.03) } else { (VPos::Bottom, 0.03) };
            let rise = (top - bottom) * rise;
            let style = font(TEXT_PX, INK).pos(Pos::new(side, height));
            let place = (at.0 + gap, at.1 + rise);
            chart.draw_series([Text::new(point.name.clone(), place, style)])?;
        }
        Ok(())
    };
    Plan {
        slug: "cost-and-success",
        title: "Cost against success",
        explanation,
        table,
        plot_height: 640,
        legend,
        plot: Box::new(plot),
    }
}

/// A range from 0 at least that holds all intervals with some room.
fn around<'a>(estimates: impl Iterator<Item = &'a Estimate> + Clone) -> (f64, f64) {
    let low = estimates.clone().map(|e| e.lo).fold(f64::INFINITY, f64::min);
    let high = estimates.map(|e| e.hi).fold(f64::NEG_INFINITY, f64::max);
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    // Points that coincide still get an axis around them.
    let room = ((high - low) * 0.2).max(libm::fabs(high) * 0.01).max(1e-9);
    ((low - room).max(0.0), high + room)
}

fn table(points: &[Point]) -> Table {
    let mut columns = vec![Column::text("scenario", "Scenario")];
    let both = [("cost_gwei", "Cost (gwei)"), ("success", "Success")];
    for (key, label) in both {
        columns.push(Column::number(key, label));
        columns.push(Column::number(format!("{key}_lo"), "95 % from"));
        columns.push(Column::number(format!("{key}_hi"), "to"));
    }
    let row = |point: &Point| {
        let ends: [fn(Estimate) -> f64; 3] = [|e| e.mean, |e| e.lo, |e| e.hi];
        let cells = |estimate: Option<Estimate>, unit: Unit| {
            ends.map(|end| Cell::Number(estimate.map(end), unit))
        };
        let cost = cells(point.cost, Unit::Count);
        let success = cells(point.success, Unit::Share);
        [Cell::text(point.name.as_str())].into_iter().chain(cost).chain(success).collect()
    };
    Table::new(columns, points.iter().map(row).collect())
}
