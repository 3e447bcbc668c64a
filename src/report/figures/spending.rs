//! A period of spend, day by day and divided.

use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::{BLUE, Figure, GRID, INK, Key, Mark, Plan, VERMILION, bars, draw};
use crate::report::WriteError;
use crate::report::format::grouped;
use crate::report::spending::{Allocation, DayLine, Line, Spending, tables};
use crate::spend::Coverage;

/// Bars of one figure.
const SHOWN: usize = 20;

/// Every figure, in the order its report shows them.
pub(in crate::report) fn all(spending: &Spending, origin: &str) -> Result<Vec<Figure>, WriteError> {
    let mut plans = vec![days(spending)];
    // A single part has a share of 1, which needs no picture.
    let divided = spending.allocations.iter().filter(|allocation| allocation.lines.len() > 1);
    plans.extend(divided.map(|allocation| shares(spending, allocation)));
    draw(plans, origin)
}

fn days(spending: &Spending) -> Plan<'_> {
    let lines = &spending.days;
    let has = |of: fn(&DayLine) -> bool| lines.iter().any(of);
    let mut legend = Vec::new();
    if has(|day| day.coverage == Some(Coverage::Complete)) {
        legend.push(Key::new(Mark::Patch, VERMILION, "spent"));
    }
    if has(|day| day.coverage == Some(Coverage::Partial)) {
        legend.push(Key::new(Mark::Patch, VERMILION.mix(0.4), "spent, part of the day known"));
    }
    if spending.actual.is_some() && has(|day| day.actual.is_none()) {
        legend.push(Key::new(Mark::Patch, GRID, "not known"));
    }
    if has(|day| day.forecast.is_some()) {
        legend.push(Key::new(Mark::Line, BLUE, "forecast, median"));
        legend.push(Key::new(Mark::Patch, BLUE.mix(0.25), "90 % of the futures"));
    }
    let plot = move |area: &super::Area| {
        let heights = lines.iter().flat_map(|day| {
            let actual = day.actual.map(|wei| wei.to_coins());
            [actual, day.forecast.map(|band| band.p95)]
        });
        let most = heights.flatten().fold(0.0, f64::max);
        let most = if most > 0.0 { most * 1.04 } else { 1.0 };
        let frame = Frame { y_name: "Spent a day (ETH)", grid: (false, true), ..Frame::default() };
        let x = Axis::dates(spending.period.first(), lines.len() as f64);
        let mut chart = chart(area, &frame, x, Axis::amounts(most, grouped))?;
        let known: Vec<_> = lines
            .iter()
            .enumerate()
            .filter_map(|(i, day)| Some((i as f64 + 0.5, day.forecast?)))
            .collect();
        if !known.is_empty() {
            let upper = known.iter().map(|(day, band)| (*day, band.p95));
            let lower = known.iter().rev().map(|(day, band)| (*day, band.p05));
            let outline: Vec<_> = upper.chain(lower).collect();
            chart.draw_series([Polygon::new(outline, BLUE.mix(0.25).filled())])?;
        }
        for (i, day) in lines.iter().enumerate() {
            let (left, right) = (i as f64 + 0.12, i as f64 + 0.88);
            let bar = match (day.actual, day.coverage) {
                (Some(wei), Some(Coverage::Partial)) => {
                    Some(([(left, 0.0), (right, wei.to_coins())], VERMILION.mix(0.4)))
                }
                (Some(wei), _) => {
                    Some(([(left, 0.0), (right, wei.to_coins())], VERMILION.to_rgba()))
                }
                (None, _) if spending.actual.is_some() => {
                    Some(([(i as f64, 0.0), (i as f64 + 1.0, most)], GRID.mix(0.6)))
                }
                (None, _) => None,
            };
            if let Some((corners, colour)) = bar {
                chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            }
        }
        if !known.is_empty() {
            let median: Vec<_> = known.iter().map(|(day, band)| (*day, band.p50)).collect();
            chart.draw_series([PathElement::new(median, BLUE.stroke_width(5))])?;
        }
        Ok(())
    };
    Plan {
        slug: "days".to_string(),
        title: "Spend day by day".to_string(),
        explanation: match (&spending.actual, &spending.forecast) {
            (Some(_), Some(_)) => {
                "What was spent each day (UTC), and what the run expected: nine in ten of its \
                 futures lie in the band."
            }
            (Some(_), None) => "What was spent each day (UTC).",
            (None, _) => {
                "What the run expects of each day (UTC): nine in ten futures lie in the band."
            }
        }
        .to_string(),
        table: tables::by_day(spending),
        plot_height: 520,
        legend,
        plot: Box::new(plot),
    }
}

fn shares<'p>(spending: &'p Spending, allocation: &'p Allocation) -> Plan<'p> {
    let dimension = allocation.dimension;
    let lines = &allocation.lines;
    let has_actual = lines.iter().any(|line| line.actual.is_some());
    let has_forecast = lines.iter().any(|line| line.forecast_share.is_some());
    let colour = if has_actual { VERMILION } else { BLUE };
    let bar = |line: &Line| {
        let (actual, forecast) = (line.actual_share, line.forecast_share);
        let share = if has_actual { actual } else { forecast };
        bars::Bar {
            name: tables::name(line).to_string(),
            share,
            interval: None,
            mark: forecast.filter(|_| has_actual),
            colour: colour.to_rgba(),
        }
    };
    // Where the file and the run have no name in common, a tick has no bar to go with.
    let has_both = |line: &Line| line.actual.is_some() && line.forecast_share.is_some();
    let is_apart = has_actual && has_forecast && !lines.iter().any(has_both);
    let mut rows: Vec<bars::Bar> =
        lines.iter().filter(|line| !is_apart || line.actual.is_some()).map(bar).collect();
    let more = match rows.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" {more} smaller ones are in allocation.csv."),
    };
    rows.truncate(SHOWN);
    let mut legend =
        vec![Key::new(Mark::Patch, colour, if has_actual { "spent" } else { "forecast" })];
    if has_actual && has_forecast && !is_apart {
        legend.push(Key::new(Mark::Tick, INK, "forecast"));
    }
    let apart = match is_apart {
        true => " The forecast has other names, which are in the table.",
        false => "",
    };
    Plan {
        slug: format!("by-{}", dimension.id()),
        title: format!("Shares by {}", dimension.label().to_lowercase()),
        explanation: format!(
            "Shares of what was {}.{apart}{more}",
            if has_actual { "spent" } else { "forecast" }
        ),
        table: tables::allocation(spending, allocation),
        plot_height: bars::height(rows.len()),
        legend,
        plot: Box::new(move |area| bars::draw(area, &rows)),
    }
}
