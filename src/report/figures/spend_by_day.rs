use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::{Key, Mark, Plan, palette};
use crate::ensemble::Forecast;
use crate::report::format::grouped;
use crate::report::tables;
use crate::scenario::Scenario;

/// Most points across; more days are averaged in groups.
const POINTS: usize = 400;

pub(super) fn plan<'p>(scenario: &'p Scenario, forecast: &'p Forecast) -> Plan<'p> {
    let pipelines = &forecast.spend.by_pipeline;
    let mut order: Vec<usize> = (0..pipelines.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(pipelines[i].1), i));
    let legend = order
        .iter()
        .enumerate()
        .map(|(rank, &i)| Key::new(Mark::Patch, palette(rank), pipelines[i].0.clone()))
        .collect();
    let plot = move |area: &super::Area| {
        let layers = stacked(forecast, &order);
        let top = layers.last().map(|(_, upper)| upper.as_slice()).unwrap_or_default();
        let most = top.iter().map(|(_, eth)| *eth).fold(0.0, f64::max);
        let frame = Frame { y_name: "Spent a day (ETH)", ..Frame::default() };
        let x = Axis::dates(scenario.start, f64::from(forecast.horizon_days));
        let mut chart = chart(area, &frame, x, Axis::amounts(most * 1.04, grouped))?;
        for (rank, (lower, upper)) in layers.into_iter().enumerate() {
            let outline: Vec<_> = upper.into_iter().chain(lower.into_iter().rev()).collect();
            chart.draw_series([Polygon::new(outline, palette(rank).filled())])?;
        }
        Ok(())
    };
    Plan {
        slug: "burn-by-pipeline",
        title: "What the credits go on",
        explanation: "Mean spend of each day by pipeline; a future whose credits ran out counts \
                      with 0, so the height falls as futures end."
            .to_string(),
        table: tables::spend_by_day(scenario, forecast),
        plot_height: 600,
        legend,
        plot: Box::new(plot),
    }
}

type Line = Vec<(f64, f64)>;

/// The lower and the upper edge of each pipeline's layer, bottom first.
fn stacked(forecast: &Forecast, order: &[usize]) -> Vec<(Line, Line)> {
    let group = forecast.days.len().div_ceil(POINTS).max(1);
    let mut edge: Line = forecast
        .days
        .chunks(group)
        .filter_map(|days| Some(f64::from(days.first()?.day) + days.len() as f64 / 2.0))
        .map(|middle| (middle, 0.0))
        .collect();
    let mut layers = Vec::with_capacity(order.len());
    for &pipeline in order {
        let lower = edge.clone();
        for (point, days) in edge.iter_mut().zip(forecast.days.chunks(group)) {
            let spend = days.iter().filter_map(|row| row.by_pipeline.get(pipeline));
            point.1 += spend.map(|day| day.mean_eth).sum::<f64>() / days.len() as f64;
        }
        layers.push((lower, edge.clone()));
    }
    layers
}
