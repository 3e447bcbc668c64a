//! Horizontal bars of shares.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart, share_label};
use super::{Area, DrawError, INK, TEXT_PX, font};
use crate::report::format::{percent, printable, shortened};

const BAR_HEIGHT: u32 = 48;
const NAME_LENGTH: usize = 26;

pub(super) struct Bar {
    pub(super) name: String,
    /// Its length, a share of 1.
    pub(super) share: f64,
    /// An interval to draw over it.
    pub(super) interval: Option<(f64, f64)>,
    /// Another share to compare with, drawn as a tick.
    pub(super) mark: Option<f64>,
    pub(super) colour: RGBColor,
}

/// Height of a plot of `count` bars, in pixels.
pub(super) fn height(count: usize) -> u32 {
    BAR_HEIGHT * count.max(2) as u32 + 90
}

pub(super) fn draw(area: &Area, bars: &[Bar]) -> Result<(), DrawError> {
    let longest = |bar: &Bar| {
        let upper = bar.interval.map_or(bar.share, |(_, hi)| hi);
        upper.max(bar.share).max(bar.mark.unwrap_or(0.0))
    };
    let most = bars.iter().map(longest).fold(0.0, f64::max);
    // Room for a column of values at the right.
    let most = if most > 0.0 { most * 1.25 } else { 1.0 };
    let count = bars.len().max(2) as f64;
    // The first bar is at the top.
    let row = |i: usize| count - 1.0 - i as f64;
    let name = |bar: &Bar| shortened(&printable(&bar.name), NAME_LENGTH);
    let ticks = bars.iter().enumerate().map(|(i, bar)| (row(i), name(bar))).collect();

    let y = Axis::new(-0.6..count - 0.4, ticks);
    let frame = Frame { left: y.label_room(), right: 40, grid: (true, false), ..Frame::default() };
    let mut chart = chart(area, &frame, Axis::amounts(most, share_label), y)?;
    for (i, bar) in bars.iter().enumerate() {
        let y = row(i);
        let body = [(0.0, y - 0.32), (bar.share, y + 0.32)];
        chart.draw_series([Rectangle::new(body, bar.colour.filled())])?;
        if let Some((lo, hi)) = bar.interval {
            let line = vec![(lo, y), (hi, y)];
            chart.draw_series([PathElement::new(line, INK.stroke_width(4))])?;
            for end in [lo, hi] {
                let cap = vec![(end, y - 0.12), (end, y + 0.12)];
                chart.draw_series([PathElement::new(cap, INK.stroke_width(4))])?;
            }
        }
        if let Some(mark) = bar.mark {
            let tick = vec![(mark, y - 0.4), (mark, y + 0.4)];
            chart.draw_series([PathElement::new(tick, INK.stroke_width(5))])?;
        }
        let style = font(TEXT_PX - 2, INK).pos(Pos::new(HPos::Right, VPos::Center));
        chart.draw_series([Text::new(percent(bar.share), (most, y), style)])?;
    }
    Ok(())
}
