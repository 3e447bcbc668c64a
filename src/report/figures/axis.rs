use std::ops::Range;

use jiff::Span;
use jiff::civil::Date;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;

use super::{Area, DrawError, GRID, INK, MUTED, TEXT_PX, font, text_width};
use crate::report::format::{date_after, grouped, short_date};

/// An axis with its own ticks and their labels.
#[derive(Clone)]
pub(super) struct Axis {
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    pub(super) fn new(range: Range<f64>, ticks: Vec<(f64, String)>) -> Axis {
        Axis { range, ticks }
    }

    /// From 0 to `most`, with round ticks; `format` gets the value and the
    /// decimals the step needs.
    pub(super) fn amounts(most: f64, format: impl Fn(f64, usize) -> String) -> Axis {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        Axis::between(0.0, most, format)
    }

    /// From `least` to `most`, which is above, with round ticks.
    fn between(least: f64, most: f64, format: impl Fn(f64, usize) -> String) -> Axis {
        let (step, decimals) = round_step(most - least);
        let first = libm::ceil(least / step - 1e-9) as i64;
        let last = libm::floor(most / step + 1e-9) as i64;
        let tick = |i: i64| (i as f64 * step, format(i as f64 * step, decimals));
        Axis::new(least..most, (first..=last).map(tick).collect())
    }

    /// From a little below the least of `values` to a little above the largest,
    /// with round ticks.
    pub(super) fn around(
        values: impl IntoIterator<Item = f64>,
        format: impl Fn(f64, usize) -> String,
    ) -> Axis {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let wider = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
        let (least, most) = values.into_iter().fold(ends, wider);
        if least > most {
            return Axis::new(0.0..1.0, Vec::new());
        }
        let middle = (least + most) / 2.0;
        let room = match most - least {
            span if span > libm::fabs(middle) * 1e-9 => span * 0.06,
            _ if middle == 0.0 => 1.0,
            _ => libm::fabs(middle) * 0.1,
        };
        Axis::between(least - room, most + room, format)
    }

    /// The part of it between `least` and `most`.
    pub(super) fn within(self, least: f64, most: f64) -> Axis {
        let range = self.range.start.max(least)..self.range.end.min(most);
        let ticks = self.ticks.into_iter().filter(|(at, _)| range.contains(at) || *at == range.end);
        Axis { ticks: ticks.collect(), range }
    }

    /// Shares from 0 to 100 %.
    pub(super) fn shares() -> Axis {
        let tick = |i: u32| (f64::from(i) * 0.25, format!("{} %", i * 25));
        Axis::new(0.0..1.0, (0..=4).map(tick).collect())
    }

    /// `days` days from `start`, with dates as ticks: months, or days where
    /// there are few.
    pub(super) fn dates(start: Date, days: f64) -> Axis {
        let days = days.max(1.0);
        let end = date_after(start, days);
        let ticks = match end {
            Some(end) if days > 62.0 => month_ticks(start, end, days),
            Some(_) => day_ticks(start, days),
            None => Vec::new(),
        };
        Axis::new(0.0..days, ticks)
    }

    pub(super) fn with_ticks(self, ticks: Vec<(f64, String)>) -> Axis {
        Axis { ticks, ..self }
    }

    /// Room for the labels of a y axis, in pixels.
    pub(super) fn label_room(&self) -> u32 {
        if self.ticks.is_empty() {
            return 24;
        }
        let widths = self.ticks.iter().map(|(_, label)| text_width(label, TEXT_PX));
        widths.fold(106.0, f64::max) as u32 + 24
    }

    /// Where the label of a tick begins and ends on a plot `width` pixels wide.
    fn label_ends(&self, (at, label): &(f64, String), width: f64) -> (f64, f64) {
        let span = self.range.end - self.range.start;
        let (middle, half) =
            ((at - self.range.start) / span * width, text_width(label, TEXT_PX) / 2.0);
        (middle - half, middle + half)
    }

    /// Without the ticks whose labels would run into the one before.
    fn thinned(&self, width: f64) -> Axis {
        let mut end = f64::NEG_INFINITY;
        let fits = |tick: &&(f64, String)| {
            let (left, right) = self.label_ends(tick, width);
            let fits = left > end;
            if fits {
                end = right + 8.0;
            }
            fits
        };
        let ticks = self.ticks.iter().filter(fits).cloned().collect();
        Axis { ticks, range: self.range.clone() }
    }

    /// How far labels stand out of a plot `width` pixels wide, at its left and right.
    fn overhangs(&self, width: f64) -> (u32, u32) {
        let ends: Vec<(f64, f64)> =
            self.ticks.iter().map(|tick| self.label_ends(tick, width)).collect();
        let left = ends.iter().map(|(left, _)| -left).fold(0.0, f64::max);
        let right = ends.iter().map(|(_, right)| right - width).fold(0.0, f64::max);
        (left as u32 + 1, right as u32 + 1)
    }

    /// With at most eight of these ticks, evenly chosen.
    pub(super) fn with_every(self, mut ticks: Vec<(f64, String)>) -> Axis {
        let stride = ticks.len().div_ceil(8).max(1);
        let mut index = 0;
        ticks.retain(|_| {
            index += 1;
            (index - 1) % stride == 0
        });
        Axis { ticks, ..self }
    }

    fn label(&self, value: f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| *at == value);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// A tick of an axis of shares; empty above 100 %, which room at the end of an
/// axis may reach.
pub(super) fn share_label(share: f64, decimals: usize) -> String {
    match share {
        _ if share > 1.0 + 1e-9 => String::new(),
        _ => format!("{} %", grouped(share * 100.0, decimals.saturating_sub(2))),
    }
}

/// A round step of which at most six fit into `span`, and the decimals it
/// needs.
fn round_step(span: f64) -> (f64, usize) {
    let power = libm::pow(10.0, libm::floor(libm::log10(span / 5.0)));
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| span / step <= 6.0).unwrap_or(span);
    (step, (-libm::floor(libm::log10(step) + 1e-9)).max(0.0) as usize)
}

fn month_ticks(start: Date, end: Date, days: f64) -> Vec<(f64, String)> {
    // Three years of half-years are a little more than six steps of 30.4 days.
    const MOST: f64 = 6.1;
    // A label and a half, as a share of a plot.
    const START_ROOM: f64 = 0.2;
    let months = days / 30.4;
    let steps = [1, 2, 3, 6, 12, 24, 60, 120, 600, 1200, 6000];
    let step = steps.into_iter().find(|&step| months / f64::from(step) <= MOST).unwrap_or(12_000);
    let format = if step >= 12 { "%Y" } else { "%b %Y" };
    // Ticks fall on months divisible by the step, so that years begin with one.
    let since_year = (i32::from(start.month()) - 1) % step.min(12);
    let mut date = start.first_of_month();
    let mut skip = if since_year == 0 { 0 } else { step.min(12) - since_year };
    let mut ticks = Vec::new();
    loop {
        let Ok(span) = Span::new().try_months(i64::from(skip)) else { break };
        let Ok(next) = date.checked_add(span) else { break };
        date = next;
        if date > end {
            break;
        }
        if let Ok(since) = start.until(date)
            && since.get_days() >= 0
        {
            ticks.push((f64::from(since.get_days()), date.strftime(format).to_string()));
        }
        skip = step;
    }
    if ticks.first().is_none_or(|(day, _)| *day > START_ROOM * days) {
        ticks.insert(0, (0.0, short_date(start)));
    }
    ticks
}

fn day_ticks(start: Date, days: f64) -> Vec<(f64, String)> {
    let step = [1.0, 2.0, 7.0, 14.0].into_iter().find(|step| days / step <= 6.0).unwrap_or(14.0);
    let count = libm::floor(days / step) as u32;
    let tick = |i: u32| {
        let day = f64::from(i) * step;
        Some((day, date_after(start, day)?.strftime("%-d %b").to_string()))
    };
    (0..=count).filter_map(tick).collect()
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let span = self.range.end - self.range.start;
        let part = (value - self.range.start) / span;
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
        limit.0 + libm::round(part * f64::from(limit.1 - limit.0)) as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// The chart of a plot with `x` and `y`.
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// How the axes of a chart look.
pub(super) struct Frame<'n> {
    /// Room at the right, in pixels, where the last label of x needs no more.
    pub(super) right: u32,
    /// What the y axis counts; empty for none.
    pub(super) y_name: &'n str,
    pub(super) x_name: &'n str,
    /// Grid lines at the ticks of x, of y.
    pub(super) grid: (bool, bool),
}

impl Default for Frame<'_> {
    fn default() -> Self {
        Frame { right: 60, y_name: "", x_name: "", grid: (true, true) }
    }
}

const MARGIN_LEFT: u32 = 16;

impl Frame<'_> {
    /// About how wide a plot with this y axis is in `area`, in pixels.
    pub(super) fn plot_width(&self, area: &Area, y: &Axis) -> f64 {
        let around = MARGIN_LEFT + self.left(y) + self.right;
        f64::from(area.dim_in_pixel().0.saturating_sub(around))
    }

    fn left(&self, y: &Axis) -> u32 {
        named(self.y_name, y.label_room())
    }
}

/// Room for the labels of an axis and its name.
fn named(name: &str, plain: u32) -> u32 {
    if name.is_empty() { plain } else { plain + 44 }
}

/// Draws the axes and a light grid, and hands out the chart to draw into.
pub(super) fn chart<'a, 'b>(
    area: &'a Area<'b>,
    frame: &Frame,
    x: Axis,
    y: Axis,
) -> Result<Chart<'a, 'b>, DrawError> {
    let width = frame.plot_width(area, &y);
    let x = x.thinned(width);
    let (left, right) = x.overhangs(width);
    let mut chart = ChartBuilder::on(area)
        .margin_top(24)
        .margin_right(frame.right.max(right))
        .margin_left(MARGIN_LEFT)
        .margin_bottom(8)
        .x_label_area_size(named(frame.x_name, 56))
        .y_label_area_size(frame.left(&y).max(left.saturating_sub(MARGIN_LEFT)))
        .build_cartesian_2d(x.clone(), y.clone())?;
    let (x_label, y_label) =
        (move |value: &f64| x.label(*value), move |value: &f64| y.label(*value));
    let mut mesh = chart.configure_mesh();
    mesh.max_light_lines(0)
        .bold_line_style(GRID.stroke_width(2))
        .axis_style(GRID.stroke_width(3))
        .label_style(font(TEXT_PX - 2, MUTED))
        .axis_desc_style(font(TEXT_PX - 2, INK))
        .set_all_tick_mark_size(12)
        .x_label_formatter(&x_label)
        .y_label_formatter(&y_label)
        .x_labels(64)
        .y_labels(64)
        .x_desc(frame.x_name)
        .y_desc(frame.y_name);
    if !frame.grid.0 {
        mesh.disable_x_mesh();
    }
    if !frame.grid.1 {
        mesh.disable_y_mesh();
    }
    mesh.draw()?;
    Ok(chart)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn three_years_have_ticks_half_a_year_apart() {
        let axis = Axis::dates(date(2025, 2, 18), 1095.0);
        let half_years = ["Jul 2025", "Jan 2026", "Jul 2026", "Jan 2027", "Jul 2027", "Jan 2028"];
        assert_eq!(labels(&axis), half_years);
    }

    #[test]
    fn an_axis_that_begins_far_from_its_ticks_says_when() {
        let axis = Axis::dates(date(2025, 2, 18), 1500.0);
        assert_eq!(labels(&axis), ["18 Feb 2025", "2026", "2027", "2028", "2029"]);
        assert_eq!(axis.ticks[0].0, 0.0);
    }

    #[test]
    fn a_label_at_the_end_of_an_axis_stands_out_by_half_of_it() {
        let axis = Axis::shares();
        let half = |label| text_width(label, TEXT_PX) / 2.0;
        let (left, right) = axis.overhangs(500.0);
        assert!(f64::from(left) >= half("0 %") && f64::from(right) >= half("100 %"));
    }

    #[test]
    fn labels_that_would_meet_are_left_out() {
        let axis = Axis::shares();
        assert_eq!(labels(&axis.thinned(1000.0)).len(), 5);
        assert_eq!(labels(&axis.thinned(200.0)), ["0 %", "50 %", "100 %"]);
    }
}
