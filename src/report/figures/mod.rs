//! The figures of a report, drawn with plotters into SVG.
//!
//! A figure is drawn at twice its nominal size, since plotters' coordinates
//! are whole numbers. A band above the plot holds the title and one below the
//! origin of the figures; the page crops both away with its `viewBox`, a file
//! on its own keeps them.

mod axis;
pub(super) mod backtest;
mod bars;
mod burn_down;
pub(super) mod calibration;
mod cost_success;
mod dumbbell;
mod fee_regions;
mod fee_shares;
mod labels;
mod look;
mod lorenz;
mod paired_burn_down;
mod paired_survival;
mod panels;
mod spend_by_day;
pub(super) mod spending;
mod survival;
pub(super) mod sweep;
mod waterfall;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use self::look::Look;
use super::format::{abridged, counted, html_escaped, printable};
use super::table::Table;
use super::{RunContext, WriteError};
use crate::ensemble::Forecast;
use crate::experiment::{Comparison, Run};
use crate::scenario::Scenario;

/// Why a figure could not be drawn.
type DrawError = DrawingAreaErrorKind<std::io::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 1240;
const HEADER: u32 = 84;
const FOOTER: u32 = 52;
const TEXT_PX: u32 = 32;
/// Opacity of the bands of several scenarios, which lie over one another.
const BAND: f64 = 0.16;
/// Most scenarios whose bands are told apart, and what is said of more.
const MOST_BANDS: usize = 3;
const NO_BANDS: &str = "The bands of so many scenarios are in the table only.";
/// Widest text in a legend, in pixels.
const KEY_ROOM: f64 = 900.0;
/// Widest name beside a row of a figure, in pixels.
const NAME_ROOM: f64 = 470.0;
/// Sizes of a title: the largest, and the smallest that a long one gets.
const TITLE_PX: std::ops::RangeInclusive<u32> = 28..=40;

const INK: RGBColor = RGBColor(0x1C, 0x1E, 0x21);
const MUTED: RGBColor = RGBColor(0x5C, 0x63, 0x6B);
const GRID: RGBColor = RGBColor(0xE3, 0xE6, 0xEA);
const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

/// Okabe and Ito's palette, which readers with any colour vision can tell
/// apart; black, which text has, is replaced by grey.
const PALETTE: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xF0, 0xE4, 0x42),
    RGBColor(0x99, 0x99, 0x99),
];
const BLUE: RGBColor = PALETTE[0];
const VERMILION: RGBColor = PALETTE[3];

/// A picture with what explains it.
pub(super) struct Figure {
    /// Name of its file and anchor.
    pub(super) slug: String,
    pub(super) title: String,
    /// What it shows, in one plain line.
    pub(super) explanation: String,
    /// The numbers it shows.
    pub(super) table: Table,
    height: u32,
    drawing: String,
}

impl Figure {
    /// A whole SVG document, with title and origin in the picture.
    pub(super) fn standalone(&self) -> String {
        let size = format!("width=\"{}\" height=\"{}\" ", WIDTH / 2, self.height / 2);
        self.document(&size, 0, self.height)
    }

    /// For a page that has the title in its own text.
    pub(super) fn inline(&self) -> String {
        let full = format!("data-full=\"0 0 {WIDTH} {}\" ", self.height);
        self.document(&full, HEADER, self.height - HEADER - FOOTER)
    }

    fn document(&self, attributes: &str, top: u32, height: u32) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" {attributes}viewBox=\"0 {top} {WIDTH} \
             {height}\" role=\"img\" aria-labelledby=\"{slug}-title {slug}-desc\">\n\
             <title id=\"{slug}-title\">{title}</title>\n<desc id=\"{slug}-desc\">{desc}</desc>\n\
             {drawing}</svg>\n",
            slug = self.slug,
            title = html_escaped(&self.title),
            desc = html_escaped(&self.explanation),
            drawing = self.drawing,
        )
    }
}

/// Base and variants, each with its look.
fn of_scenarios(comparison: &Comparison) -> Vec<(&Run, Look)> {
    let looks = std::iter::once(Look::BASE).chain((0..).map(Look::of));
    comparison.runs().zip(looks).collect()
}

/// Whether few enough scenarios are compared for bands that lie over one another.
fn has_bands(comparison: &Comparison) -> bool {
    comparison.variants.len() < MOST_BANDS
}

/// The key of each scenario in a legend, by its look.
fn keys_of(runs: &[(&Run, Look)], key: fn(Look, &str) -> Key) -> Vec<Key> {
    runs.iter().map(|(run, look)| key(*look, &run.name)).collect()
}

/// Every figure of a forecast, in the order its report shows them.
pub(super) fn of_run(
    scenario: &Scenario,
    forecast: &Forecast,
    context: &RunContext,
) -> Result<Vec<Figure>, WriteError> {
    let plans = vec![
        burn_down::plan(scenario, forecast),
        survival::plan(scenario, forecast),
        spend_by_day::plan(scenario, forecast),
        waterfall::plan(forecast),
        fee_shares::plan(forecast),
        fee_regions::plan(forecast),
        lorenz::plan(forecast),
    ];
    draw(plans, &origin(scenario, &replications(forecast), context))
}

/// Every figure of a comparison, in the order its report shows them.
pub(super) fn of_comparison(
    comparison: &Comparison,
    context: &RunContext,
) -> Result<Vec<Figure>, WriteError> {
    let plans = vec![
        paired_burn_down::plan(comparison),
        paired_survival::plan(comparison),
        dumbbell::plan(comparison),
        cost_success::plan(comparison),
    ];
    let base = &comparison.base;
    draw(plans, &origin(&base.scenario, &replications(&base.forecast), context))
}

fn replications(forecast: &Forecast) -> String {
    counted(forecast.replications, "replication")
}

/// The line at the foot of a figure; `extent` says how much was simulated.
pub(super) fn origin(scenario: &Scenario, extent: &str, context: &RunContext) -> String {
    let name = printable(&scenario.name);
    format!("orchsim {} · {name} · {extent} · seed {}", context.version, scenario.seed)
}

fn draw(plans: Vec<Plan>, origin: &str) -> Result<Vec<Figure>, WriteError> {
    let drawn = plans.into_iter().map(|plan| {
        let name = plan.slug.clone();
        let failed = |error: DrawError| WriteError::Figure { name, reason: error.to_string() };
        plan.draw(origin).map_err(failed)
    });
    drawn.collect()
}

/// What stands in a legend.
struct Key {
    colour: RGBAColor,
    mark: Mark,
    text: String,
}

#[derive(Clone, Copy)]
enum Mark {
    Patch,
    Line,
    Dashes,
    Tick,
    Dot,
    Ring,
    Frame,
    Strike,
}

impl Key {
    fn new(mark: Mark, colour: impl Into<RGBAColor>, text: impl AsRef<str>) -> Key {
        let text = fitted(text.as_ref(), KEY_ROOM, TEXT_PX);
        Key { colour: colour.into(), mark, text }
    }
}

type Plot<'p> = Box<dyn FnOnce(&Area) -> Result<(), DrawError> + 'p>;

/// A figure before it is drawn.
struct Plan<'p> {
    slug: String,
    title: String,
    explanation: String,
    table: Table,
    /// Height of the plot, legend not included.
    plot_height: u32,
    legend: Vec<Key>,
    plot: Plot<'p>,
}

impl Plan<'_> {
    fn draw(self, origin: &str) -> Result<Figure, DrawError> {
        let placed = place(self.legend);
        let legend_height = placed.last().map_or(0, |(_, y, _)| *y as u32 + LEGEND_ROW);
        let height = HEADER + legend_height + self.plot_height + FOOTER;
        let mut document = String::new();
        {
            let root = SVGBackend::with_string(&mut document, (WIDTH, height)).into_drawing_area();
            root.fill(&PAPER)?;
            draw_title(&root, &self.title)?;
            let baseline = (height - FOOTER + 14) as i32;
            root.draw(&Text::new(origin.to_string(), (32, baseline), font(22, MUTED)))?;
            let top = HEADER as i32;
            for (x, y, key) in placed {
                draw_key(&root, x, top + y, key)?;
            }
            let (_, below) = root.split_vertically(HEADER + legend_height);
            let (plot, _) = below.split_vertically(self.plot_height);
            (self.plot)(&plot)?;
            root.present()?;
        }
        Ok(Figure {
            slug: self.slug,
            title: self.title,
            explanation: self.explanation,
            table: self.table,
            height,
            drawing: content(&document),
        })
    }
}

/// As large as its length allows.
fn draw_title(root: &Area, title: &str) -> Result<(), DrawError> {
    // Bold letters are wider.
    let room = f64::from(WIDTH - 64) / 1.1;
    let fits = |px: &u32| text_width(title, *px) <= room;
    let px = TITLE_PX.rev().find(fits).unwrap_or(*TITLE_PX.start());
    let mut style = font(px, INK).pos(Pos::new(HPos::Left, VPos::Center));
    style.font = style.font.style(FontStyle::Bold);
    root.draw(&Text::new(fitted(title, room, px), (32, 42), style))
}

/// What stands between the `<svg>` tags that plotters writes.
fn content(document: &str) -> String {
    let start = document.find("<svg").and_then(|at| Some(at + document[at..].find('>')? + 1));
    let inner = start.and_then(|start| document.get(start..)).unwrap_or(document);
    inner.trim().trim_end_matches("</svg>").trim().to_string() + "\n"
}

const LEGEND_ROW: u32 = 48;

/// Positions for the keys, in as many rows as their texts need.
fn place(keys: Vec<Key>) -> Vec<(i32, i32, Key)> {
    let mut placed = Vec::new();
    let (mut x, mut y) = (32, 6);
    for key in keys {
        let width = 64 + text_width(&key.text, TEXT_PX) as i32;
        if x + width > WIDTH as i32 - 32 && x > 32 {
            x = 32;
            y += LEGEND_ROW as i32;
        }
        placed.push((x, y, key));
        x += width + 28;
    }
    placed
}

fn draw_key(root: &Area, x: i32, y: i32, key: Key) -> Result<(), DrawError> {
    let middle = y + 17;
    match key.mark {
        Mark::Patch => {
            let corners = [(x, middle - 14), (x + 40, middle + 14)];
            root.draw(&Rectangle::new(corners, key.colour.filled()))?;
        }
        Mark::Line => {
            let ends = vec![(x, middle), (x + 40, middle)];
            root.draw(&PathElement::new(ends, key.colour.stroke_width(6)))?;
        }
        Mark::Dashes => {
            for (from, to) in [(x, x + 16), (x + 24, x + 40)] {
                let dash = vec![(from, middle), (to, middle)];
                root.draw(&PathElement::new(dash, key.colour.stroke_width(6)))?;
            }
        }
        Mark::Dot => {
            root.draw(&Circle::new((x + 20, middle), 11, key.colour.filled()))?;
        }
        Mark::Ring => {
            root.draw(&Circle::new((x + 20, middle), 10, key.colour.stroke_width(4)))?;
        }
        Mark::Frame => {
            let (left, right, top, bottom) = (x + 2, x + 38, middle - 14, middle + 14);
            let outline = closed([(left, top), (right, top), (right, bottom), (left, bottom)]);
            root.draw(&PathElement::new(outline, key.colour.stroke_width(6)))?;
        }
        Mark::Strike => {
            let ends = vec![(x + 4, middle + 14), (x + 36, middle - 14)];
            root.draw(&PathElement::new(ends, key.colour.stroke_width(4)))?;
        }
        Mark::Tick => {
            let ends = vec![(x + 20, middle - 16), (x + 20, middle + 16)];
            root.draw(&PathElement::new(ends, key.colour.stroke_width(6)))?;
        }
    }
    let style = font(TEXT_PX, INK).pos(Pos::new(HPos::Left, VPos::Center));
    root.draw(&Text::new(key.text, (x + 54, middle), style))
}

/// An outline as a path; the SVG backend ignores the line width of rectangles.
fn closed<T: Copy>(corners: [T; 4]) -> Vec<T> {
    corners.into_iter().chain([corners[0]]).collect()
}

/// A text style of `px` pixels; plotters divides sizes by 1.24.
fn font(px: u32, colour: RGBColor) -> TextStyle<'static> {
    let family = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
    let mut style = TextStyle::from((family, f64::from(px) * 1.24));
    style.color = colour.to_backend_color();
    style
}

/// `text` for a picture, its middle left out where it is wider than `room` pixels.
fn fitted(text: &str, room: f64, px: u32) -> String {
    let text = printable(text);
    let longest = room / (NARROWEST_EM * f64::from(px));
    let longest = text.chars().count().min(longest.max(1.0) as usize);
    let fits = |text: &String| text_width(text, px) <= room;
    (1..=longest).rev().map(|length| abridged(&text, length)).find(fits).unwrap_or_default()
}

/// Each of `names` [`fitted`]; those that would read alike without the end they share, so
/// that what tells them apart is kept.
fn told_apart(names: &[&str], room: f64, px: u32) -> Vec<String> {
    let plain: Vec<String> = names.iter().map(|name| fitted(name, room, px)).collect();
    let apart = |at: usize| {
        let name = names[at];
        let alike = names.iter().zip(&plain);
        let alike = alike.filter(|(other, text)| **text == plain[at] && **other != name);
        let shared = |other: &str| {
            let pairs = name.chars().rev().zip(other.chars().rev());
            pairs.take_while(|(a, b)| a == b).count()
        };
        let Some(end) = alike.map(|(other, _)| shared(other)).min() else {
            return plain[at].clone();
        };
        let kept: String = name.chars().take(name.chars().count() - end).collect();
        fitted(&kept, room - f64::from(px), px) + "…"
    };
    (0..names.len()).map(apart).collect()
}

/// Width of the narrowest letters, as a share of their size.
const NARROWEST_EM: f64 = 0.37;

/// About how wide a text is, in pixels; no font is at hand to measure it.
fn text_width(text: &str, px: u32) -> f64 {
    let em = |c: char| match c {
        'f' | 'i' | 'j' | 'l' | 'r' | 't' | ' ' | '.' | ',' | ':' | '-' | '(' | ')' => NARROWEST_EM,
        'm' | 'w' | 'M' | 'W' | '%' => 0.92,
        'A'..='Z' => 0.7,
        c if c.is_ascii() => 0.6,
        _ => 1.0,
    };
    text.chars().map(em).sum::<f64>() * f64::from(px)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_ends_within_its_room() {
        let name = "orchestrator-of-the-eastern-part-number-07";
        let short = fitted(name, 300.0, TEXT_PX);
        assert!(short.starts_with("orch") && short.ends_with("-07"), "{short}");
        assert!(text_width(&short, TEXT_PX) <= 300.0);
        assert_eq!(fitted(name, 3000.0, TEXT_PX), name);
        assert!(text_width(&fitted(&"語".repeat(100), 300.0, TEXT_PX), TEXT_PX) <= 300.0);
    }

    #[test]
    fn names_that_differ_in_the_middle_are_told_apart() {
        let name =
            |number: &str| format!("orchestrator-with-a-long-name-{number}.of-the-network.org");
        let names = [name("07"), name("08"), name("17"), "short".to_string()];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let short = told_apart(&names, 300.0, TEXT_PX);
        assert!(short[0].ends_with("-07…") && short[1].ends_with("-08…"), "{short:?}");
        assert!(short[2].ends_with("-17…") && short[3] == "short", "{short:?}");
    }

    #[test]
    fn colours_stay_apart_on_dark_paper() {
        let style = include_str!("../page.css");
        let (_, dark) = style.split_once("@media screen and (prefers-color-scheme: dark)").unwrap();
        let root = style.split_once("@media (prefers-color-scheme: dark)").unwrap().1;
        let hex = |text: &str| {
            let part = |at: usize| f64::from(u8::from_str_radix(&text[at..at + 2], 16).unwrap());
            [part(0), part(2), part(4)]
        };
        let on_dark = |colour: RGBColor| {
            let rule = format!(
                "[stroke=\"#{:02X}{:02X}{:02X}\"] {{ stroke: #",
                colour.0, colour.1, colour.2
            );
            match dark.split_once(&rule) {
                Some((_, new)) => hex(new),
                None => [colour.0, colour.1, colour.2].map(f64::from),
            }
        };
        let base = hex(root.split_once("--muted: #").unwrap().1);
        let colours: Vec<[f64; 3]> = PALETTE.into_iter().map(on_dark).chain([base]).collect();
        for (i, a) in colours.iter().enumerate() {
            for b in &colours[..i] {
                let apart: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                assert!(apart > 60.0 * 60.0, "{a:?} {b:?}");
            }
        }
    }
}
