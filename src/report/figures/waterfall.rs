use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart};
use super::{DrawError, INK, Key, MUTED, Mark, PALETTE, Plan, VERMILION, fitted, font};
use crate::ensemble::{Estimate, Forecast};
use crate::report::format::{eth, grouped, percent};
use crate::report::overpayment::{self, Kind};

/// Height of a step: a line of text and the bar below it.
const ROW_HEIGHT: u32 = 96;
const LABEL_PX: u32 = 36;
/// Widest label, in pixels.
const LABEL_ROOM: f64 = 640.0;

/// One bar.
struct Row {
    label: String,
    value: String,
    /// What the steps before add up to.
    from: f64,
    eth: Estimate,
    colour: RGBColor,
}

fn colour_of(kind: Kind) -> RGBColor {
    match kind {
        Kind::Used => PALETTE[2],
        Kind::Price => PALETTE[4],
        Kind::Unused => VERMILION,
        Kind::Lottery => PALETTE[5],
    }
}

fn rows(forecast: &Forecast) -> Vec<Row> {
    let waterfall = &forecast.waterfall;
    let mut sum = 0.0;
    let mut rows: Vec<Row> = overpayment::shown(waterfall)
        .map(|step| {
            let from = sum;
            sum += step.eth.mean;
            Row {
                label: fitted(step.label, LABEL_ROOM, LABEL_PX),
                value: match step.share {
                    Some(share) => format!("{} ETH, {}", eth(step.eth.mean), percent(share)),
                    None => format!("{} ETH", eth(step.eth.mean)),
                },
                from,
                eth: step.eth,
                colour: colour_of(Kind::of(step)),
            }
        })
        .collect();
    rows.push(Row {
        label: overpayment::TOTAL.to_string(),
        value: format!("{} ETH", eth(waterfall.total_eth)),
        from: 0.0,
        eth: Estimate { mean: waterfall.total_eth, ..forecast.spend.total_eth },
        colour: MUTED,
    });
    rows
}

pub(super) fn plan(forecast: &Forecast) -> Plan<'_> {
    let rows = rows(forecast);
    let is_shown =
        |kind: Kind| overpayment::shown(&forecast.waterfall).any(|step| Kind::of(step) == kind);
    let legend = Kind::ALL
        .into_iter()
        .filter(|(kind, _)| is_shown(*kind))
        .map(|(kind, text)| Key::new(Mark::Patch, colour_of(kind), text))
        .collect();
    let line = match rows.iter().any(|row| row.eth.interval().is_some()) {
        true => "; the line is the 95 % interval of the mean",
        false => "",
    };
    let explanation = format!(
        "Each bar starts where the one above ends, and all add up to the ETH that left the \
         gateways{line}."
    );
    Plan {
        slug: "waterfall".to_string(),
        title: "From price x units to ETH gone".to_string(),
        explanation,
        table: overpayment::table(forecast),
        plot_height: ROW_HEIGHT * rows.len() as u32 + 136,
        legend,
        plot: Box::new(move |area| draw(area, &rows)),
    }
}

fn draw(area: &super::Area, rows: &[Row]) -> Result<(), DrawError> {
    let ends = rows.iter().flat_map(|row| [row.from + row.eth.mean, row.from + row.eth.hi]);
    let most = ends.filter(|end| end.is_finite()).fold(0.0, f64::max);
    let x = Axis::amounts(most, grouped);
    let right = if most > 0.0 { most } else { 1.0 };
    let count = rows.len() as f64;
    let frame = Frame { x_name: "ETH", grid: (true, false), ..Frame::default() };
    let mut chart = chart(area, &frame, x, Axis::new(0.0..count, Vec::new()))?;
    let at = |side: HPos| Pos::new(side, VPos::Center);
    for (i, row) in rows.iter().enumerate() {
        // The first is at the top.
        let bottom = count - 1.0 - i as f64;
        let (bar, text) = (bottom + 0.25, bottom + 0.7);
        let label = font(LABEL_PX, INK).pos(at(HPos::Left));
        chart.draw_series([Text::new(row.label.clone(), (right * 0.006, text), label)])?;
        let value = font(LABEL_PX, INK).pos(at(HPos::Right));
        chart.draw_series([Text::new(row.value.clone(), (right, text), value)])?;
        let end = row.from + row.eth.mean;
        if !end.is_finite() {
            continue;
        }
        let body = [(row.from.min(end), bar - 0.17), (row.from.max(end), bar + 0.17)];
        chart.draw_series([Rectangle::new(body, row.colour.filled())])?;
        // However small a step, it is seen.
        let edge = vec![(end, bar - 0.17), (end, bar + 0.17)];
        chart.draw_series([PathElement::new(edge, row.colour.stroke_width(4))])?;
        let (lo, hi) = (row.from + row.eth.lo, row.from + row.eth.hi);
        // An interval that is hardly wider than its line would hide the bar.
        if hi - lo > right * 0.01 {
            chart
                .draw_series([PathElement::new(vec![(lo, bar), (hi, bar)], INK.stroke_width(4))])?;
            for end in [lo, hi] {
                let cap = vec![(end, bar - 0.08), (end, bar + 0.08)];
                chart.draw_series([PathElement::new(cap, INK.stroke_width(4))])?;
            }
        }
    }
    Ok(())
}
