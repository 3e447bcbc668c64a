use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart};
use super::{BLUE, INK, Key, Mark, PAPER, PLOT_WIDTH, Plan, TEXT_PX, VERMILION, font, text_width};
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

/// The share that still has credits on `day`.
fn share_on(forecast: &Forecast, day: f64) -> f64 {
    let before = forecast.survival.iter().take_while(|point| point.day <= day);
    before.last().map_or(1.0, |point| point.share)
}

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
        chart.draw_series([PathElement::new(curve, BLUE.stroke_width(5))])?;
        let marked = tables::marked_days(forecast);
        for point in &marked {
            let position = (point.day, point.share);
            chart.draw_series([Circle::new(position, 11, PAPER.filled())])?;
            chart.draw_series([Circle::new(position, 9, VERMILION.filled())])?;
        }
        // Where the texts of each row beside the curve end.
        let mut ends = [f64::NEG_INFINITY; 6];
        for alike in marked.chunk_by(|a, b| whole_percent(a.share) == whole_percent(b.share)) {
            let [first, ..] = alike else { continue };
            let names: Vec<String> = alike.iter().map(|point| grouped(point.day, 0)).collect();
            let text = format!("{} d: {}", names.join(", "), whole_percent(first.share));
            let width = text_width(&text, TEXT_PX) / PLOT_WIDTH * days;
            let is_at_end = first.day + width > days;
            let side = if is_at_end { HPos::Right } else { HPos::Left };
            let left = if is_at_end { first.day - width } else { first.day };
            // The curve falls: there is room above it, or where it is high
            // below, as deep as it still runs above the end of the text.
            let is_high = first.share > 0.85;
            let depth = |row: usize| 0.04 + 0.09 * row as f64;
            let is_clear = |row: usize| {
                !is_high || share_on(forecast, left + width) > first.share - depth(row)
            };
            let row = (0..ends.len()).find(|&row| ends[row] < left && is_clear(row));
            let Some(row) = row else { continue };
            ends[row] = left + width;
            let (height, gap) =
                if is_high { (VPos::Top, -depth(row)) } else { (VPos::Bottom, depth(row)) };
            let style = font(TEXT_PX, INK).pos(Pos::new(side, height));
            chart.draw_series([Text::new(text, (first.day, first.share + gap), style)])?;
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
