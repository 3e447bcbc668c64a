//! Horizontal bars of shares.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart, share_label};
use super::{Area, DrawError, INK, NAME_ROOM, TEXT_PX, font, text_width, told_apart};
use crate::report::format::{MISSING, percent};

const BAR_HEIGHT: u32 = 48;
/// Pixels between the longest bar and the values at the right.
const VALUE_GAP: f64 = 24.0;

pub(super) struct Bar {
    pub(super) name: String,
    /// Its length, a share of 1; `None` where it is not known.
    pub(super) share: Option<f64>,
    /// An interval to draw over it.
    pub(super) interval: Option<(f64, f64)>,
    /// Another share to compare with, drawn as a tick.
    pub(super) mark: Option<f64>,
    pub(super) colour: RGBAColor,
}

/// Height of a plot of `count` bars, in pixels.
pub(super) fn height(count: usize) -> u32 {
    BAR_HEIGHT * count.max(2) as u32 + 90
}

pub(super) fn draw(area: &Area, bars: &[Bar]) -> Result<(), DrawError> {
    let longest = |bar: &Bar| {
        let ends = [bar.share, bar.interval.map(|(_, hi)| hi), bar.mark];
        ends.into_iter().flatten().fold(0.0, f64::max)
    };
    let most = bars.iter().map(longest).fold(0.0, f64::max);
    let value = |bar: &Bar| bar.share.map_or(MISSING.to_string(), percent);
    let count = bars.len().max(2) as f64;
    // The first bar is at the top.
    let row = |i: usize| count - 1.0 - i as f64;
    let names: Vec<&str> = bars.iter().map(|bar| bar.name.as_str()).collect();
    let names = told_apart(&names, NAME_ROOM, TEXT_PX);
    let ticks = names.into_iter().enumerate().map(|(i, name)| (row(i), name)).collect();

    let y = Axis::new(-0.6..count - 0.4, ticks);
    let frame = Frame { right: 40, grid: (true, false), ..Frame::default() };
    // A column of values at the right, as wide as they are.
    let values = bars.iter().map(|bar| text_width(&value(bar), TEXT_PX)).fold(0.0, f64::max);
    let width = frame.plot_width(area, &y);
    let most = if most > 0.0 { most * width / (width - values - VALUE_GAP) } else { 1.0 };
    let mut chart = chart(area, &frame, Axis::amounts(most, share_label), y)?;
    for (i, bar) in bars.iter().enumerate() {
        let y = row(i);
        if let Some(share) = bar.share {
            let body = [(0.0, y - 0.32), (share, y + 0.32)];
            chart.draw_series([Rectangle::new(body, bar.colour.filled())])?;
        }
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
        chart.draw_series([Text::new(value(bar), (most, y), style)])?;
    }
    Ok(())
}
