//! What was spent, what the fitted model expects, and how well it fits.

use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::{BLUE, Figure, INK, Key, MUTED, Mark, Plan, VERMILION, draw};
use crate::ensemble::Quantiles;
use crate::experiment::calibrate::Calibration;
use crate::experiment::spend_model::{LAGS, normal_quantile};
use crate::report::WriteError;
use crate::report::calibration::tables;
use crate::report::format::grouped;

/// Every figure, in the order its report shows them.
pub(in crate::report) fn all(
    calibration: &Calibration,
    bands: &[Quantiles],
    origin: &str,
) -> Result<Vec<Figure>, WriteError> {
    let plans =
        vec![spend(calibration, bands), normality(calibration), autocorrelation(calibration)];
    draw(plans, origin)
}

fn spend<'p>(calibration: &'p Calibration, bands: &'p [Quantiles]) -> Plan<'p> {
    let series = &calibration.series;
    let past = series.len() as f64;
    let plot = move |area: &super::Area| {
        let known = series.amounts().iter().flatten().copied();
        let most = known.chain(bands.iter().map(|band| band.p95)).fold(0.0, f64::max);
        let frame = Frame { y_name: "Spent a day (ETH)", ..Frame::default() };
        let x = Axis::dates(series.date(0), past + bands.len() as f64);
        let mut chart = chart(area, &frame, x, Axis::amounts(most * 1.04, grouped))?;
        let at = |day: usize| past + day as f64 + 0.5;
        let outline = |lo: fn(&Quantiles) -> f64, hi: fn(&Quantiles) -> f64| {
            let upper = bands.iter().enumerate().map(move |(day, band)| (at(day), hi(band)));
            let lower = bands.iter().enumerate().rev().map(move |(day, band)| (at(day), lo(band)));
            upper.chain(lower).collect::<Vec<_>>()
        };
        let most_futures = outline(|band| band.p05, |band| band.p95);
        chart.draw_series([Polygon::new(most_futures, BLUE.mix(0.18).filled())])?;
        let half = outline(|band| band.p25, |band| band.p75);
        chart.draw_series([Polygon::new(half, BLUE.mix(0.34).filled())])?;
        let median: Vec<_> =
            bands.iter().enumerate().map(|(day, band)| (at(day), band.p50)).collect();
        chart.draw_series([PathElement::new(median, BLUE.stroke_width(5))])?;
        let dots = series.amounts().iter().enumerate();
        let dots = dots.filter_map(|(day, eth)| Some((day as f64 + 0.5, (*eth)?)));
        chart.draw_series(dots.map(|point| Circle::new(point, 5, INK.filled())))?;
        Ok(())
    };
    Plan {
        slug: "spend".to_string(),
        title: "What was spent, and what the fit expects".to_string(),
        explanation: "Each dot is a day that is known whole. The band is what the fitted model \
                      expects of the days to come: half of its futures in the dark part, nine in \
                      ten in the light one."
            .to_string(),
        table: tables::spend(calibration, bands),
        plot_height: 600,
        legend: vec![
            Key::new(Mark::Dot, INK, "spent"),
            Key::new(Mark::Line, BLUE, "median"),
            Key::new(Mark::Patch, BLUE.mix(0.46), "half of the futures"),
            Key::new(Mark::Patch, BLUE.mix(0.18), "90 % of the futures"),
        ],
        plot: Box::new(plot),
    }
}

fn normality(calibration: &Calibration) -> Plan<'_> {
    let plot = move |area: &super::Area| {
        let mut residuals: Vec<f64> =
            calibration.goodness.residuals.iter().map(|(_, value)| *value).collect();
        residuals.sort_by(f64::total_cmp);
        let n = residuals.len() as f64;
        let expected = |i: usize| normal_quantile((i as f64 + 0.5) / n);
        let points: Vec<(f64, f64)> =
            residuals.iter().enumerate().map(|(i, value)| (expected(i), *value)).collect();
        let ends = points.iter().flat_map(|(x, y)| [libm::fabs(*x), libm::fabs(*y)]);
        let reach = ends.fold(1.0, f64::max);
        let frame = Frame {
            y_name: "Residual",
            x_name: "Expected of a normal distribution",
            ..Frame::default()
        };
        let axis = || Axis::around([-reach, reach], grouped);
        let mut chart = chart(area, &frame, axis(), axis())?;
        let diagonal = vec![(-reach, -reach), (reach, reach)];
        chart.draw_series([PathElement::new(diagonal, MUTED.stroke_width(3))])?;
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 6, BLUE.filled())))?;
        Ok(())
    };
    Plan {
        slug: "residuals".to_string(),
        title: "Residuals against the normal distribution".to_string(),
        explanation: "How far each day came out from what the fit expected the day before, in \
                      standard deviations: along the line where the model holds."
            .to_string(),
        table: tables::residuals(calibration),
        plot_height: 560,
        legend: vec![Key::new(Mark::Dot, BLUE, "a day"), Key::new(Mark::Line, MUTED, "expected")],
        plot: Box::new(plot),
    }
}

fn autocorrelation(calibration: &Calibration) -> Plan<'_> {
    let goodness = &calibration.goodness;
    let plot = move |area: &super::Area| {
        let bound = 1.96 / libm::sqrt(goodness.residuals.len() as f64);
        let ends = goodness.autocorrelation.iter().copied().chain([-bound, bound]);
        let frame = Frame {
            y_name: "Autocorrelation",
            x_name: "Days apart",
            grid: (false, true),
            ..Frame::default()
        };
        let ticks = (1..=LAGS).map(|lag| (lag as f64, lag.to_string())).collect();
        let x = Axis::new(0.3..LAGS as f64 + 0.7, ticks);
        let mut chart = chart(area, &frame, x, Axis::around(ends, grouped))?;
        for edge in [-bound, bound] {
            let line = vec![(0.3, edge), (LAGS as f64 + 0.7, edge)];
            chart.draw_series([PathElement::new(line, VERMILION.stroke_width(3))])?;
        }
        let bars = goodness.autocorrelation.iter().enumerate().map(|(i, r)| {
            let lag = i as f64 + 1.0;
            Rectangle::new([(lag - 0.3, 0.0), (lag + 0.3, *r)], BLUE.filled())
        });
        chart.draw_series(bars)?;
        Ok(())
    };
    Plan {
        slug: "autocorrelation".to_string(),
        title: "Autocorrelation of the residuals".to_string(),
        explanation: "What a day's residual tells of later ones; between the lines in nineteen of \
                      twenty cases where the model holds."
            .to_string(),
        table: tables::autocorrelation(calibration),
        plot_height: 480,
        legend: vec![
            Key::new(Mark::Patch, BLUE, "autocorrelation"),
            Key::new(Mark::Line, VERMILION, "95 % by chance"),
        ],
        plot: Box::new(plot),
    }
}
