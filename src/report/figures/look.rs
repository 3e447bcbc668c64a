//! How one of several series looks.

use plotters::prelude::*;

use super::axis::Chart;
use super::{DrawError, Key, MUTED, Mark, PALETTE, PAPER};

/// Lengths of a dash and of the gap behind it, in pixels.
const DASH: [f64; 2] = [22.0, 14.0];

/// The colours come again from the ninth series on, with dashed lines, hollow dots and
/// lighter areas.
#[derive(Clone, Copy)]
pub(super) struct Look {
    colour: RGBColor,
    is_second: bool,
}

impl Look {
    /// Of a comparison's base.
    pub(super) const BASE: Look = Look { colour: MUTED, is_second: false };

    pub(super) fn of(index: usize) -> Look {
        let round = index / PALETTE.len();
        Look { colour: PALETTE[index % PALETTE.len()], is_second: !round.is_multiple_of(2) }
    }

    /// Of an area that covers what is below it.
    pub(super) fn area(self) -> RGBAColor {
        self.colour.mix(if self.is_second { 0.5 } else { 1.0 })
    }

    /// Of an area that others lie over.
    pub(super) fn band(self, opacity: f64) -> ShapeStyle {
        self.colour.mix(opacity).filled()
    }

    pub(super) fn line(
        self,
        chart: &mut Chart,
        points: Vec<(f64, f64)>,
        width: u32,
    ) -> Result<(), DrawError> {
        let style = self.colour.stroke_width(width);
        if !self.is_second {
            chart.draw_series([PathElement::new(points, style)])?;
            return Ok(());
        }
        let screen = chart.plotting_area().use_screen_coord();
        let points: Vec<(i32, i32)> =
            points.iter().map(|point| chart.backend_coord(point)).collect();
        for dash in dashes(&points) {
            screen.draw(&PathElement::new(dash, style))?;
        }
        Ok(())
    }

    /// The interval of a point, never dashed.
    pub(super) fn whisker(self, chart: &mut Chart, ends: [(f64, f64); 2]) -> Result<(), DrawError> {
        chart.draw_series([PathElement::new(ends, self.colour.stroke_width(4))])?;
        Ok(())
    }

    pub(super) fn dot(
        self,
        chart: &mut Chart,
        place: (f64, f64),
        radius: i32,
    ) -> Result<(), DrawError> {
        if self.is_second {
            chart.draw_series([Circle::new(place, radius, PAPER.filled())])?;
            let ring = Circle::new(place, radius - 2, self.colour.stroke_width(4));
            chart.draw_series([ring])?;
        } else {
            chart.draw_series([Circle::new(place, radius, self.colour.filled())])?;
        }
        Ok(())
    }

    pub(super) fn line_key(self, text: &str) -> Key {
        Key::new(if self.is_second { Mark::Dashes } else { Mark::Line }, self.colour, text)
    }

    pub(super) fn dot_key(self, text: &str) -> Key {
        Key::new(if self.is_second { Mark::Ring } else { Mark::Dot }, self.colour, text)
    }

    pub(super) fn area_key(self, text: &str) -> Key {
        Key::new(Mark::Patch, self.area(), text)
    }
}

/// The parts of a path that a dashed line draws.
fn dashes(points: &[(i32, i32)]) -> Vec<Vec<(i32, i32)>> {
    let mut parts = Vec::new();
    let mut part: Vec<(i32, i32)> = points.first().copied().into_iter().collect();
    let (mut is_drawn, mut left) = (true, DASH[0]);
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = libm::sqrt(dx * dx + dy * dy);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let along = |start: i32, way: f64| start + libm::round(way * done / length) as i32;
            part.push((along(from.0, dx), along(from.1, dy)));
            match is_drawn {
                true => parts.push(std::mem::take(&mut part)),
                false => part.drain(..part.len() - 1).for_each(drop),
            }
            is_drawn = !is_drawn;
            left = DASH[usize::from(!is_drawn)];
        }
        left -= length - done;
        part.push(to);
    }
    if is_drawn && part.len() > 1 {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_round_corners() {
        // 22 on, 14 off, from the start of the line.
        let line = [(0, 0), (10, 0), (10, 30), (10, 40)];
        assert_eq!(
            dashes(&line),
            [vec![(0, 0), (10, 0), (10, 12)], vec![(10, 26), (10, 30), (10, 40)]]
        );
    }

    #[test]
    fn no_two_of_sixteen_series_look_alike() {
        let looks: Vec<Look> = (0..16).map(Look::of).collect();
        let is_alike = |a: &Look, b: &Look| (a.colour, a.is_second) == (b.colour, b.is_second);
        for (i, look) in looks.iter().enumerate() {
            assert!(looks[..i].iter().all(|other| !is_alike(look, other)));
        }
    }
}
