//! Forecasts made in the past, and what came.

use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::{BLUE, Figure, INK, Key, MUTED, Mark, Plan, VERMILION, draw};
use crate::experiment::backtest::{Backtest, HORIZONS, Origin, Scored};
use crate::report::WriteError;
use crate::report::backtest::tables;
use crate::report::format::grouped;

/// Bars of the histogram of probability transforms.
const BINS: usize = 10;

/// Every figure, in the order its report shows them.
pub(in crate::report) fn all(backtest: &Backtest, origin: &str) -> Result<Vec<Figure>, WriteError> {
    let reached = HORIZONS.into_iter().filter(|&horizon| backtest.totals(0, horizon).is_some());
    let mut plans = vec![fans(backtest)];
    plans.extend(reached.map(|horizon| totals(backtest, horizon)));
    plans.push(transforms(backtest));
    draw(plans, origin)
}

/// Origins whose first 30 days do not overlap.
fn apart(backtest: &Backtest) -> Vec<&Origin> {
    let mut chosen: Vec<&Origin> = Vec::new();
    for origin in &backtest.origins {
        if chosen.last().is_none_or(|last| origin.day >= last.day + HORIZONS[0]) {
            chosen.push(origin);
        }
    }
    chosen
}

fn fans(backtest: &Backtest) -> Plan<'_> {
    let series = &backtest.series;
    let plot = move |area: &super::Area| {
        let origins = apart(backtest);
        let model = |scored: &[Scored]| scored.first().copied();
        let days = origins.iter().flat_map(|origin| &origin.daily);
        let highest = days.filter_map(|(_, scored)| model(scored)).map(|s| s.quantiles[5]);
        let most = series.amounts().iter().flatten().copied().chain(highest).fold(0.0, f64::max);
        let frame = Frame { y_name: "Spent a day (ETH)", ..Frame::default() };
        let x = Axis::dates(series.date(0), series.len() as f64);
        let mut chart = chart(area, &frame, x, Axis::amounts(most * 1.04, grouped))?;
        for origin in origins {
            let points: Vec<(f64, Scored)> = origin
                .daily
                .iter()
                .filter_map(|(day, scored)| Some((*day as f64 + 0.5, model(scored)?)))
                .collect();
            for (lo, hi, opacity) in [(1, 5, 0.18), (2, 4, 0.34)] {
                let upper = points.iter().map(|(day, scored)| (*day, scored.quantiles[hi]));
                let lower = points.iter().rev().map(|(day, scored)| (*day, scored.quantiles[lo]));
                let outline: Vec<_> = upper.chain(lower).collect();
                chart.draw_series([Polygon::new(outline, BLUE.mix(opacity).filled())])?;
            }
            let median: Vec<_> =
                points.iter().map(|(day, scored)| (*day, scored.median())).collect();
            chart.draw_series([PathElement::new(median, BLUE.stroke_width(4))])?;
        }
        let known = series.amounts().iter().enumerate();
        let known = known.filter_map(|(day, eth)| Some((day as f64 + 0.5, (*eth)?)));
        chart.draw_series(known.map(|point| Circle::new(point, 3, INK.filled())))?;
        Ok(())
    };
    Plan {
        slug: "forecasts".to_string(),
        title: "A forecast every 30 days, and what came".to_string(),
        explanation: "Each band was forecast from the days before it alone: eight in ten days are \
                      to lie in the light part, half in the dark one."
            .to_string(),
        table: tables::daily(backtest),
        plot_height: 600,
        legend: vec![
            Key::new(Mark::Dot, INK, "spent"),
            Key::new(Mark::Line, BLUE, "median"),
            Key::new(Mark::Patch, BLUE.mix(0.46), "50 %"),
            Key::new(Mark::Patch, BLUE.mix(0.18), "80 %"),
        ],
        plot: Box::new(plot),
    }
}

fn totals(backtest: &Backtest, horizon: usize) -> Plan<'_> {
    let plot = move |area: &super::Area| {
        let points: Vec<(f64, Scored)> = backtest
            .origins
            .iter()
            .flat_map(|origin| origin.totals.iter().map(move |total| (origin, total)))
            .filter(|(_, total)| total.horizon == horizon)
            .filter_map(|(origin, total)| Some((origin.day as f64, *total.scored.first()?)))
            .collect();
        let first = points.first().map_or(0.0, |(day, _)| *day);
        let last = points.last().map_or(0.0, |(day, _)| *day);
        let tops = points.iter().flat_map(|(_, scored)| [scored.quantiles[5], scored.actual]);
        let most = tops.fold(0.0, f64::max);
        let frame = Frame { y_name: "ETH spent", x_name: "Forecast made on", ..Frame::default() };
        let x = Axis::dates(backtest.series.date(first as usize), last - first + 1.0);
        let mut chart = chart(area, &frame, x, Axis::amounts(most * 1.04, grouped))?;
        let near = |day: f64| day - first + 0.5;
        for (day, scored) in &points {
            for (lo, hi, width) in [(1, 5, 4), (2, 4, 12)] {
                let line =
                    vec![(near(*day), scored.quantiles[lo]), (near(*day), scored.quantiles[hi])];
                chart.draw_series([PathElement::new(line, BLUE.mix(0.6).stroke_width(width))])?;
            }
        }
        let actual =
            points.iter().map(|(day, scored)| ((near(*day), scored.actual), scored.covered()[1]));
        chart.draw_series(actual.map(|(point, inside)| {
            Circle::new(point, 7, if inside { INK } else { VERMILION }.stroke_width(3))
        }))?;
        Ok(())
    };
    Plan {
        slug: format!("totals-{horizon}"),
        title: format!("Spend of {horizon} days, forecast and real"),
        explanation: format!(
            "From each origin, total spend over the {horizon} days that follow. Neighbouring \
             forecasts share most of their days, so that they are right or wrong together."
        ),
        table: tables::totals(backtest, horizon),
        plot_height: 560,
        legend: vec![
            Key::new(Mark::Patch, BLUE.mix(0.6), "50 % and 80 % intervals"),
            Key::new(Mark::Ring, INK, "what came"),
            Key::new(Mark::Ring, VERMILION, "outside 80 %"),
        ],
        plot: Box::new(plot),
    }
}

fn transforms(backtest: &Backtest) -> Plan<'_> {
    let plot = move |area: &super::Area| {
        let shares = tables::transform_shares(backtest, BINS);
        let even = 1.0 / BINS as f64;
        let most = shares.iter().copied().fold(even, f64::max);
        let frame = Frame {
            y_name: "Share of days",
            x_name: "Probability given to a lower spend",
            grid: (false, true),
            ..Frame::default()
        };
        let y = Axis::amounts(most * 1.1, super::axis::share_label);
        let mut chart = chart(area, &frame, Axis::shares(), y)?;
        let bars = shares.iter().enumerate().map(|(i, share)| {
            let (left, right) = (i as f64 * even + 0.004, (i + 1) as f64 * even - 0.004);
            Rectangle::new([(left, 0.0), (right, *share)], BLUE.filled())
        });
        chart.draw_series(bars)?;
        let line = vec![(0.0, even), (1.0, even)];
        chart.draw_series([PathElement::new(line, MUTED.stroke_width(4))])?;
        Ok(())
    };
    Plan {
        slug: "transforms".to_string(),
        title: "Where in its forecast each day came out".to_string(),
        explanation: "Probability integral transform of the next 30 days, all origins: even where \
                      the spread is right, high in the middle where it is too wide, at the ends \
                      where it is too narrow."
            .to_string(),
        table: tables::transforms(backtest, BINS),
        plot_height: 460,
        legend: vec![Key::new(Mark::Patch, BLUE, "days"), Key::new(Mark::Line, MUTED, "even")],
        plot: Box::new(plot),
    }
}
