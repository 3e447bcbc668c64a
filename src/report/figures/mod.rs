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

use super::format::{html_escaped, printable, shortened};
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
/// About how wide a plot is between its axes, in pixels.
const PLOT_WIDTH: f64 = 990.0;
/// Opacity of the bands of several scenarios, which lie over one another.
const BAND: f64 = 0.16;
/// Longest text in a legend, in characters.
const KEY_LENGTH: usize = 48;

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

fn palette(index: usize) -> RGBColor {
    PALETTE[index % PALETTE.len()]
}

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

/// Base and variants, each with its colour.
fn of_scenarios(comparison: &Comparison) -> Vec<(&Run, RGBColor)> {
    let colours = std::iter::once(MUTED).chain((0..).map(palette));
    comparison.runs().zip(colours).collect()
}

/// The key of each scenario in a legend.
fn keys_of(runs: &[(&Run, RGBColor)], mark: Mark) -> Vec<Key> {
    runs.iter().map(|(run, colour)| Key::new(mark, *colour, &run.name)).collect()
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
    format!("{} replications", forecast.replications)
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
    Tick,
    Dot,
    Ring,
    Frame,
    Strike,
}

impl Key {
    fn new(mark: Mark, colour: impl Into<RGBAColor>, text: impl AsRef<str>) -> Key {
        let text = shortened(&printable(text.as_ref()), KEY_LENGTH);
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
            let mut title = font(40, INK);
            title.font = title.font.style(FontStyle::Bold);
            root.draw(&Text::new(printable(&self.title), (32, 26), title))?;
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

/// About how wide a text is, in pixels; no font is at hand to measure it.
fn text_width(text: &str, px: u32) -> f64 {
    let em = |c: char| match c {
        'f' | 'i' | 'j' | 'l' | 'r' | 't' | ' ' | '.' | ',' | ':' | '-' | '(' | ')' => 0.37,
        'm' | 'w' | 'M' | 'W' | '%' => 0.92,
        'A'..='Z' => 0.7,
        c if c.is_ascii() => 0.6,
        _ => 1.0,
    };
    text.chars().map(em).sum::<f64>() * f64::from(px)
}
