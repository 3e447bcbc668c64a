use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::{Look, Plan};
use crate::ensemble::{DayRow, Forecast};
use crate::report::format::grouped;
use crate::report::tables;
use crate::scenario::Scenario;

/// From so many days on, the curve is the mean of each week, free of weekdays.
const WEEKLY_FROM: usize = 84;

pub(super) fn plan<'p>(scenario: &'p Scenario, forecast: &'p Forecast) -> Plan<'p> {
    let pipelines = &forecast.spend.by_pipeline;
    let mut order: Vec<usize> = (0..pipelines.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(pipelines[i].1), i));
    let legend = order
        .iter()
        .enumerate()
        .map(|(rank, &i)| Look::of(rank).area_key(&pipelines[i].0))
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
            chart.draw_series([Polygon::new(outline, Look::of(rank).area().filled())])?;
        }
        Ok(())
    };
    Plan {
        slug: "burn-by-pipeline".to_string(),
        title: "What the credits go on".to_string(),
        explanation: "Mean spend a day by pipeline, week by week where there are many; a future \
                      whose credits ran out counts with 0, so the height falls as futures end."
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
    let group = if forecast.days.len() < WEEKLY_FROM { 1 } else { 7 };
    let groups: Vec<&[DayRow]> = forecast.days.chunks(group).collect();
    // Each group stands at its middle; the first and the last reach the ends.
    let middle = |i: usize| ((i as f64 + 0.5) * group as f64, i);
    let mut points: Vec<(f64, usize)> = (0..groups.len()).map(middle).collect();
    if let (Some(&(_, first)), Some(&(_, last))) = (points.first(), points.last()) {
        points.insert(0, (0.0, first));
        points.pop();
        points.extend([
            ((last * group) as f64 + groups[last].len() as f64 / 2.0, last),
            (forecast.days.len() as f64, last),
        ]);
    }
    let mut edge: Line = points.iter().map(|&(day, _)| (day, 0.0)).collect();
    let mut layers = Vec::with_capacity(order.len());
    for &pipeline in order {
        let lower = edge.clone();
        for (point, &(_, i)) in edge.iter_mut().zip(&points) {
            let spend = groups[i].iter().filter_map(|row| row.by_pipeline.get(pipeline));
            point.1 += spend.map(|day| day.mean_eth).sum::<f64>() / groups[i].len() as f64;
        }
        layers.push((lower, edge.clone()));
    }
    layers
}
