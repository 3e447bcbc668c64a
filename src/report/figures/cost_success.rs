use super::axis::{Axis, Frame, chart, share_label};
use super::labels::Labels;
use super::{Look, Plan, TEXT_PX, fitted, of_scenarios};
use crate::ensemble::Estimate;
use crate::experiment::{Comparison, Run};
use crate::report::format::{grouped, printable};
use crate::report::table::{Cell, Column, Table, Unit};

const GWEI: f64 = 1e9;
/// Widest name beside a point, in pixels.
const NAME_ROOM: f64 = 430.0;
const DOT: i32 = 11;

/// One scenario in the plane of cost and success.
struct Point {
    name: String,
    look: Look,
    /// In gwei a request; `None` where nothing is served.
    cost: Option<Estimate>,
    success: Option<Estimate>,
}

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let point = |(run, look): &(&Run, Look)| Point {
        name: printable(&run.name),
        look: *look,
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
    let legend = points.iter().map(|point| point.look.dot_key(&point.name)).collect();
    let table = table(&points);
    let plot = move |area: &super::Area| {
        let shown: Vec<(&Point, Estimate, Estimate)> =
            points.iter().filter_map(|p| Some((p, p.cost?, p.success?))).collect();
        let costs = shown.iter().flat_map(|(_, cost, _)| [cost.lo, cost.mean, cost.hi]);
        let x = Axis::around(costs, grouped).within(0.0, f64::INFINITY);
        let successes =
            shown.iter().flat_map(|(.., success)| [success.lo, success.mean, success.hi]);
        // A point at 100 % stands clear of the frame.
        let y = Axis::around(successes, share_label).within(0.0, f64::INFINITY);
        let frame = Frame {
            y_name: "Requests served",
            x_name: "Cost of a served request (gwei)",
            ..Frame::default()
        };
        let mut chart = chart(area, &frame, x, y)?;
        let mut labels = Labels::new(&chart, TEXT_PX);
        for (point, cost, success) in &shown {
            let at = (cost.mean, success.mean);
            let cost_line = cost.interval().map(|(lo, hi)| [(lo, at.1), (hi, at.1)]);
            let success_line = success.interval().map(|(lo, hi)| [(at.0, lo), (at.0, hi)]);
            for line in cost_line.into_iter().chain(success_line) {
                point.look.whisker(&mut chart, line)?;
                labels.avoid(&chart, line, 2);
            }
            labels.close(&chart, [at, at], DOT);
            labels.own(&chart, at);
        }
        for (point, cost, success) in &shown {
            point.look.dot(&mut chart, (cost.mean, success.mean), DOT)?;
        }
        for (point, cost, success) in &shown {
            let name = fitted(&point.name, NAME_ROOM, TEXT_PX);
            labels.draw(&chart, (cost.mean, success.mean), &name, 1)?;
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
