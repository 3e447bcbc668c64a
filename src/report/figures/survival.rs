use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart};
use super::{BLUE, INK, Key, Mark, PAPER, Plan, TEXT_PX, VERMILION, font};
use crate::ensemble::Forecast;
use crate::report::format::{grouped, whole_percent};
use crate::report::tables;
use crate::scenario::Scenario;

pub(super) fn plan<'p>(scenario: &'p Scenario, forecast: &'p Forecast) -> Plan<'p> {
    let days = f64::from(forecast.horizon_days);
    let plot = move |area: &super::Area| {
        let frame = Frame { y_name: "Futures with credits left", ..Frame::default() };
        let x = Axis::dates(scenario.start, days);
        let mut chart = chart(area, &frame, x, Axis::shares())?;
        // The estimate is a step function: it holds until the next point.
        let steps = |value: fn(&crate::ensemble::SurvivalPoint) -> f64| {
            let mut line = Vec::new();
            for pair in forecast.survival.windows(2) {
                let (from, to) = (&pair[0], &pair[1]);
                line.extend([(from.day, value(from)), (to.day, value(from))]);
            }
            line.extend(forecast.survival.last().map(|last| (last.day, value(last))));
            line.dedup();
            line
        };
        let lower = steps(|point| point.lo);
        let outline = steps(|point| point.hi).into_iter().chain(lower.into_iter().rev());
        let band = Polygon::new(outline.collect::<Vec<_>>(), BLUE.mix(0.2).filled());
        chart.draw_series([band])?;
        let curve = steps(|point| point.share);
        chart.draw_series([PathElement::new(curve, BLUE.stroke_width(5))])?;
        for point in tables::marked_days(forecast) {
            let position = (point.day, point.share);
            chart.draw_series([Circle::new(position, 11, PAPER.filled())])?;
            chart.draw_series([Circle::new(position, 9, VERMILION.filled())])?;
            let is_low = point.share < 0.15;
            let side = if point.day > days * 0.8 { HPos::Right } else { HPos::Left };
            let height = if is_low { VPos::Bottom } else { VPos::Top };
            let style = font(TEXT_PX, INK).pos(Pos::new(side, height));
            let text = format!("{} d: {}", grouped(point.day, 0), whole_percent(point.share));
            let gap = if is_low { 0.05 } else { -0.04 };
            chart.draw_series([Text::new(text, (point.day, point.share + gap), style)])?;
        }
        Ok(())
    };
    Plan {
        slug: "survival",
        title: "How likely the credits still last",
        explanation: "The share of futures that still have credits on each day (Kaplan-Meier), \
                      with its 95 % confidence band."
            .to_string(),
        table: tables::survival(scenario, forecast),
        plot_height: 600,
        legend: vec![
            Key::new(Mark::Line, BLUE, "share of futures"),
            Key::new(Mark::Patch, BLUE.mix(0.2), "95 % confidence"),
        ],
        plot: Box::new(plot),
    }
}
