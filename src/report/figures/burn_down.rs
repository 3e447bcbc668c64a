use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart};
use super::{BLUE, Key, MUTED, Mark, Plan, TEXT_PX, font};
use crate::ensemble::{Forecast, Quantiles};
use crate::report::format::{date_after, grouped, short_date};
use crate::report::tables;
use crate::scenario::Scenario;

/// Most days a line has a point for; of longer ones every n-th is drawn.
const POINTS: usize = 600;

/// What the credits are worth at times in days.
pub(super) type Points = Vec<(f64, Quantiles)>;

/// From the start, where all of the credits are there.
pub(super) fn points(scenario: &Scenario, forecast: &Forecast) -> Points {
    let credits = scenario.credits.eth.to_coins();
    let at = |value: f64| Quantiles { p05: value, p25: value, p50: value, p75: value, p95: value };
    let stride = forecast.days.len().div_ceil(POINTS).max(1);
    let drawn = forecast.days.iter().filter(|row| (row.day as usize + 1).is_multiple_of(stride));
    let days = drawn.map(|row| (f64::from(row.day) + 1.0, row.balance_eth));
    [(0.0, at(credits))].into_iter().chain(days).collect()
}

/// The outline of the band between two quantiles.
pub(super) fn band(
    points: &Points,
    lo: fn(&Quantiles) -> f64,
    hi: fn(&Quantiles) -> f64,
) -> Vec<(f64, f64)> {
    let upper = points.iter().map(|(day, balance)| (*day, hi(balance)));
    let lower = points.iter().rev().map(|(day, balance)| (*day, lo(balance)));
    upper.chain(lower).collect()
}

pub(super) fn plan<'p>(scenario: &'p Scenario, forecast: &'p Forecast) -> Plan<'p> {
    let credits = scenario.credits.eth.to_coins();
    let days = f64::from(forecast.horizon_days);
    let plot = move |area: &super::Area| {
        let points = points(scenario, forecast);
        let most = points.iter().map(|(_, balance)| balance.p95).fold(credits, f64::max);

        let frame = Frame { y_name: "Credits left (ETH)", ..Frame::default() };
        let x = Axis::dates(scenario.start, days);
        let mut chart = chart(area, &frame, x, Axis::amounts(most, grouped))?;
        let most_futures = band(&points, |balance| balance.p05, |balance| balance.p95);
        chart.draw_series([Polygon::new(most_futures, BLUE.mix(0.18).filled())])?;
        let half_of_them = band(&points, |balance| balance.p25, |balance| balance.p75);
        chart.draw_series([Polygon::new(half_of_them, BLUE.mix(0.34).filled())])?;
        let median: Vec<_> = points.iter().map(|(day, balance)| (*day, balance.p50)).collect();
        chart.draw_series([PathElement::new(median, BLUE.stroke_width(5))])?;
        if let Some(half) = forecast.runway.p50.days {
            let line = vec![(half, 0.0), (half, most)];
            chart.draw_series([PathElement::new(line, MUTED.stroke_width(2))])?;
            let date = date_after(scenario.start, half).map(short_date).unwrap_or_default();
            let is_right = half < days * 0.6;
            let side = if is_right { HPos::Left } else { HPos::Right };
            let style = font(TEXT_PX, MUTED).pos(Pos::new(side, VPos::Top));
            let gap = if is_right { days * 0.01 } else { -days * 0.01 };
            let is_deadline = half >= scenario.treasury.deadline_days();
            let what = if is_deadline { "deadline" } else { "half have run out" };
            let note = format!("{what}: {date}");
            chart.draw_series([Text::new(note, (half + gap, most * 0.98), style)])?;
        }
        Ok(())
    };
    // The quantiles of a single future are one line.
    let is_single = forecast.replications == 1;
    let explanation = match is_single {
        true => "Each day's balance in the one simulated future.",
        false => {
            "Each day's balance over all simulated futures: half of them lie in the dark band, \
             nine in ten in the light one."
        }
    };
    let mut legend = vec![Key::new(Mark::Line, BLUE, if is_single { "balance" } else { "median" })];
    if !is_single {
        legend.push(Key::new(Mark::Patch, BLUE.mix(0.46), "half of the futures"));
        legend.push(Key::new(Mark::Patch, BLUE.mix(0.18), "90 % of the futures"));
    }
    Plan {
        slug: "burn-down".to_string(),
        title: "Credits left".to_string(),
        explanation: explanation.to_string(),
        table: tables::balance_by_day(scenario, forecast),
        plot_height: 640,
        legend,
        plot: Box::new(plot),
    }
}
