//! Places for texts beside points, so that none lies on another.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Chart;
use super::{DrawError, INK, font, text_width};

/// Pixels between a point and its text.
const GAP: i32 = 16;

/// Part of a picture, in pixels.
#[derive(Clone, Copy)]
struct Part {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

impl Part {
    fn meets(&self, other: &Part) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, other: &Part) -> bool {
        self.left <= other.left
            && other.right <= self.right
            && self.top <= other.top
            && other.bottom <= self.bottom
    }
}

/// What texts in a plot must not cover, and what they had better not.
pub(super) struct Labels {
    plot: Part,
    px: u32,
    closed: Vec<Part>,
    avoided: Vec<Part>,
    /// Points that a text beside them is taken for that of.
    points: Vec<(i32, i32)>,
}

impl Labels {
    /// Texts of `px` pixels.
    pub(super) fn new(chart: &Chart, px: u32) -> Labels {
        let (across, down) = chart.plotting_area().get_pixel_range();
        let plot =
            Part { left: across.start, right: across.end, top: down.start, bottom: down.end };
        Labels { plot, px, closed: Vec::new(), avoided: Vec::new(), points: Vec::new() }
    }

    /// No text over the straight line between two points, nor within `reach` pixels.
    pub(super) fn close(&mut self, chart: &Chart, ends: [(f64, f64); 2], reach: i32) {
        self.closed.push(part(chart, ends, reach));
    }

    /// No text of another point as near to this one as its own.
    pub(super) fn own(&mut self, chart: &Chart, point: (f64, f64)) {
        self.points.push(chart.backend_coord(&point));
    }

    /// A text only where there is no other place.
    pub(super) fn avoid(&mut self, chart: &Chart, ends: [(f64, f64); 2], reach: i32) {
        self.avoided.push(part(chart, ends, reach));
    }

    /// Draws a text beside a point, at most so many `rows` of text away; not at all where
    /// there is no room.
    pub(super) fn draw(
        &mut self,
        chart: &Chart,
        point: (f64, f64),
        text: &str,
        rows: i32,
    ) -> Result<(), DrawError> {
        let at = chart.backend_coord(&point);
        let (width, height) = (text_width(text, self.px) as i32, self.px as i32);
        let places = (0..rows).flat_map(|row| {
            let away = GAP + height / 2 + row * height;
            let beside = if row == 0 { vec![0] } else { Vec::new() };
            let ups = [-away, away].into_iter().chain(beside);
            ups.flat_map(|up| [HPos::Left, HPos::Right, HPos::Center].map(|side| (side, up)))
        });
        let place = |(side, up): (HPos, i32)| {
            let gap = if up == 0 { GAP } else { GAP / 2 };
            let (x, left) = match side {
                HPos::Left => (at.0 + gap, at.0 + gap),
                HPos::Right => (at.0 - gap, at.0 - gap - width),
                HPos::Center => (at.0, at.0 - width / 2),
            };
            let (top, bottom) = (at.1 + up - height / 2, at.1 + up + height / 2);
            ((x, at.1 + up), side, Part { left, right: left + width, top, bottom })
        };
        let is_free = |parts: &[Part], part: &Part| parts.iter().all(|taken| !taken.meets(part));
        let others: Vec<Part> = self
            .points
            .iter()
            .filter(|point| **point != at)
            .map(|(x, y)| Part {
                left: x - GAP,
                right: x + GAP,
                top: y - GAP - 1,
                bottom: y + GAP + 1,
            })
            .collect();
        let is_open = |(_, _, part): &((i32, i32), HPos, Part)| {
            self.plot.holds(part) && is_free(&self.closed, part) && is_free(&others, part)
        };
        let mut open: Vec<_> = places.map(place).filter(is_open).collect();
        let best = open.iter().position(|(_, _, part)| is_free(&self.avoided, part)).unwrap_or(0);
        if best < open.len() {
            let (anchor, side, part) = open.swap_remove(best);
            let style = font(self.px, INK).pos(Pos::new(side, VPos::Center));
            let screen = chart.plotting_area().use_screen_coord();
            screen.draw(&Text::new(text.to_string(), anchor, style))?;
            let (left, right) = (part.left - GAP / 2, part.right + GAP / 2);
            self.closed.push(Part { left, right, ..part });
        }
        Ok(())
    }
}

fn part(chart: &Chart, ends: [(f64, f64); 2], reach: i32) -> Part {
    let [a, b] = ends.map(|end| chart.backend_coord(&end));
    Part {
        left: a.0.min(b.0) - reach,
        right: a.0.max(b.0) + reach,
        top: a.1.min(b.1) - reach,
        bottom: a.1.max(b.1) + reach,
    }
}
