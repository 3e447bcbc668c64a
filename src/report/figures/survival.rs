use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::labels::Labels;
use super::{BLUE, Key, Mark, PAPER, Plan, TEXT_PX, VERMILION};
use crate::ensemble::{Forecast, SurvivalPoint};
use crate::report::format::{grouped, whole_percent};
use crate::report::tables;
use crate::scenario::Scenario;

pub(super) const TITLE: &str = "How likely the credits still last";
/// What it shows; `has_band` as [`band`] gives one.
pub(super) fn explanation(has_band: bool) -> String {
    let band = if has_band { ", with the 95 % interval of each day by itself" } else { "" };
    format!("The share of futures that still have credits on each day (Kaplan-Meier){band}.")
}

/// How deep below or high above its point a label may be, in lines.
const LABEL_ROWS: i32 = 2;

/// A value of the curve, which is a step function: it holds until the next
/// point.
pub(super) fn steps(
    points: &[SurvivalPoint],
    value: impl Fn(&SurvivalPoint) -> f64,
) -> Vec<(f64, f64)> {
    let mut line = Vec::new();
    for pair in points.windows(2) {
        let (from, to) = (&pair[0], &pair[1]);
        line.extend([(from.day, value(from)), (to.day, value(from))]);
    }
    line.extend(points.last().map(|last| (last.day, value(last))));
    line.dedup();
    line
}

/// The outline of the confidence band; `None` of a single future, which has none.
pub(super) fn band(points: &[SurvivalPoint]) -> Option<Vec<(f64, f64)>> {
    if points.iter().any(|point| point.lo.is_nan()) {
        return None;
    }
    let lower = steps(points, |point| point.lo);
    Some(steps(points, |point| point.hi).into_iter().chain(lower.into_iter().rev()).collect())
}

pub(super) fn plan<'p>(scenario: &'p Scenario, forecast: &'p Forecast) -> Plan<'p> {
    let days = f64::from(forecast.horizon_days);
    let band = band(&forecast.survival);
    let mut legend = vec![Key::new(Mark::Line, BLUE, "share of futures")];
    legend.extend(band.as_ref().map(|_| Key::new(Mark::Patch, BLUE.mix(0.2), "95 % of a day")));
    let explanation = explanation(band.is_some());
    let plot = move |area: &super::Area| {
        let frame = Frame { y_name: "Futures with credits left", ..Frame::default() };
        let x = Axis::dates(scenario.start, days);
        let mut chart = chart(area, &frame, x, Axis::shares())?;
        let outline = band.clone().map(|band| Polygon::new(band, BLUE.mix(0.2).filled()));
        chart.draw_series(outline)?;
        let curve = steps(&forecast.survival, |point| point.share);
        let mut labels = Labels::new(&chart, TEXT_PX);
        for step in curve.windows(2) {
            labels.close(&chart, [step[0], step[1]], 4);
        }
        chart.draw_series([PathElement::new(curve, BLUE.stroke_width(5))])?;
        let marked = tables::marked_days(forecast);
        for point in &marked {
            let position = (point.day, point.share);
            chart.draw_series([Circle::new(position, 11, PAPER.filled())])?;
            chart.draw_series([Circle::new(position, 9, VERMILION.filled())])?;
            labels.close(&chart, [position, position], 11);
        }
        for alike in marked.chunk_by(|a, b| whole_percent(a.share) == whole_percent(b.share)) {
            let (Some(first), Some(last)) = (alike.first(), alike.last()) else { continue };
            let mut days = grouped(first.day, 0);
            if alike.len() > 1 {
                days += &format!(" to {}", grouped(last.day, 0));
            }
            let text = format!("{days} d: {}", whole_percent(first.share));
            labels.draw(&chart, (first.day, first.share), &text, LABEL_ROWS)?;
        }
        Ok(())
    };
    Plan {
        slug: "survival".to_string(),
        title: TITLE.to_string(),
        explanation,
        table: tables::survival(scenario, forecast),
        plot_height: 600,
        legend,
        plot: Box::new(plot),
    }
}
