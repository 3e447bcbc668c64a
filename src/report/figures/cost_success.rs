use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart, share_label};
use super::{INK, Key, Mark, PLOT_WIDTH, Plan, TEXT_PX, font, of_scenarios, text_width};
use crate::ensemble::Estimate;
use crate::experiment::{Comparison, Run};
use crate::report::format::{grouped, printable, shortened};
use crate::report::table::{Cell, Column, Table, Unit};

const GWEI: f64 = 1e9;
const NAME_LENGTH: usize = 24;

/// One scenario in the plane of cost and success.
struct Point {
    name: String,
    colour: RGBColor,
    /// In gwei a request; `None` where nothing is served.
    cost: Option<Estimate>,
    success: Option<Estimate>,
}

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let point = |(run, colour): &(&Run, RGBColor)| Point {
        name: shortened(&printable(&run.name), NAME_LENGTH),
        colour: *colour,
        cost: run.estimate("cost_per_request_eth").map(|Estimate { mean, lo, hi }| Estimate {
            mean: mean * GWEI,
            lo: lo * GWEI,
            hi: hi * GWEI,
        }),
        success: run.estimate("success_rate"),
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
        let costs = shown.iter().flat_map(|(_, cost, _)| [cost.lo, cost.mean, cost.hi]);
        let x = Axis::around(costs, grouped).within(0.0, f64::INFINITY).thinned(PLOT_WIDTH);
        let successes =
            shown.iter().flat_map(|(.., success)| [success.lo, success.mean, success.hi]);
        // A point at 100 % stands clear of the frame.
        let y = Axis::around(successes, share_label).within(0.0, f64::INFINITY);
        let (across, up) = (x.range(), y.range());
        let (width, height) = (across.end - across.start, up.end - up.start);
        let frame = Frame {
            left: y.label_room(),
            y_name: "Requests served",
            x_name: "Cost of a served request (gwei)",
            ..Frame::default()
        };
        let mut chart = chart(area, &frame, x, y)?;
        for (point, cost, success) in shown {
            let at = (cost.mean, success.mean);
            let cost_line = cost.interval().map(|(lo, hi)| vec![(lo, at.1), (hi, at.1)]);
            let success_line = success.interval().map(|(lo, hi)| vec![(at.0, lo), (at.0, hi)]);
            for line in cost_line.into_iter().chain(success_line) {
                chart.draw_series([PathElement::new(line, point.colour.stroke_width(4))])?;
            }
            chart.draw_series([Circle::new(at, 11, point.colour.filled())])?;
            let length = text_width(&point.name, TEXT_PX) / PLOT_WIDTH * width;
            let is_at_end = at.0 + length * 1.1 > across.end;
            let (side, gap) = if is_at_end { (HPos::Right, -0.015) } else { (HPos::Left, 0.015) };
            let is_high = at.1 > up.start + height / 2.0;
            let (rest, rise) = if is_high { (VPos::Top, -0.03) } else { (VPos::Bottom, 0.03) };
            let style = font(TEXT_PX, INK).pos(Pos::new(side, rest));
            let place = (at.0 + gap * width, at.1 + rise * height);
            chart.draw_series([Text::new(point.name.clone(), place, style)])?;
        }
        Ok(())
    };
    Plan {
        slug: "cost-and-success".to_string(),
        title: "Cost against success".to_string(),
        explanation,
        table,
        plot_height: 640,
        legend,
        plot: Box::new(plot),
    }
}

fn table(points: &[Point]) -> Table {
    let mut columns = vec![Column::text("scenario", "Scenario")];
    columns.extend(Column::interval("cost_gwei", "Cost (gwei)"));
    columns.extend(Column::interval("success", "Success"));
    let row = |point: &Point| {
        let cost = Cell::interval(point.cost, Unit::Count);
        let success = Cell::interval(point.success, Unit::Share);
        [Cell::text(point.name.as_str())].into_iter().chain(cost).chain(success).collect()
    };
    Table::new(columns, points.iter().map(row).collect())
}
