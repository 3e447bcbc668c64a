//! One table, four ways to print it: CSV, HTML, Markdown and terminal text.

use std::fmt::Write;

use jiff::civil::Date;

use super::csv;
use super::format::{
    MISSING, count, days, eth, four_digits, grouped, html_escaped, markdown_escaped, milliseconds,
    percent, precise, price_decimals, printable, usd,
};
use crate::ensemble::{self, Estimate};
use crate::units::Wei;

/// Widest cell on a terminal, in characters, wrapped if longer; the last of a line
/// may be wider.
const TEXT_WIDTH: usize = 30;

/// What a number counts; decides how people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Eth,
    Lpt,
    Usd,
    Share,
    Days,
    Hours,
    /// How many, on average.
    Count,
    /// A number that is whole by its nature, such as that of a day.
    Whole,
    Milliseconds,
    /// Wei a billing unit.
    Price,
    /// No unit, three decimals.
    Index,
    /// No unit, four significant digits.
    Rate,
}

impl Unit {
    /// That of a headline figure.
    pub(super) fn of(unit: ensemble::Unit) -> Unit {
        match unit {
            ensemble::Unit::Days => Unit::Days,
            ensemble::Unit::Eth => Unit::Eth,
            ensemble::Unit::Share => Unit::Share,
            ensemble::Unit::Number => Unit::Index,
            ensemble::Unit::Milliseconds => Unit::Milliseconds,
            ensemble::Unit::Hours => Unit::Hours,
        }
    }

    /// A number as a person reads it, without its unit but for a share.
    pub(super) fn readable(self, value: f64) -> String {
        match self {
            Unit::Eth => eth(value),
            Unit::Usd => usd(value),
            Unit::Share => percent(value),
            Unit::Days | Unit::Hours => days(value),
            Unit::Lpt | Unit::Count | Unit::Whole => count(value),
            Unit::Milliseconds => milliseconds(value),
            Unit::Price => grouped(value, price_decimals(value)),
            Unit::Index => grouped(value, 3),
            Unit::Rate => four_digits(value),
        }
    }

    /// Its name behind a number; empty where that needs none.
    pub(super) fn name(self) -> &'static str {
        match self {
            Unit::Eth => "ETH",
            Unit::Lpt => "LPT",
            Unit::Usd => "USD",
            Unit::Days => "days",
            Unit::Hours => "hours",
            Unit::Milliseconds => "ms",
            Unit::Price => "wei",
            Unit::Share | Unit::Count | Unit::Whole | Unit::Index | Unit::Rate => "",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    /// A text as a program and as a person reads it; apart, so that other cells, of which
    /// there are many, are no larger.
    Abridged(Box<[String; 2]>),
    Date(Option<Date>),
    Number(Option<f64>, Unit),
    Wei(Wei),
    Flag(bool),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    pub(super) fn eth(value: f64) -> Cell {
        Cell::Number(Some(value), Unit::Eth)
    }

    pub(super) fn share(value: f64) -> Cell {
        Cell::Number(Some(value), Unit::Share)
    }

    pub(super) fn days(value: f64) -> Cell {
        Cell::Number(Some(value), Unit::Days)
    }

    pub(super) fn count(value: f64) -> Cell {
        Cell::Number(Some(value), Unit::Count)
    }

    pub(super) fn whole(value: u32) -> Cell {
        Cell::Number(Some(f64::from(value)), Unit::Whole)
    }

    /// Mean and ends of the interval of an estimate; empty of none.
    pub(super) fn interval(estimate: Option<Estimate>, unit: Unit) -> [Cell; 3] {
        let ends: [fn(Estimate) -> f64; 3] = [|e| e.mean, |e| e.lo, |e| e.hi];
        ends.map(|end| Cell::Number(estimate.map(end), unit))
    }

    /// As a program reads it: full precision, ISO dates, empty where missing.
    pub(super) fn precise(&self) -> String {
        match self {
            Cell::Text(text) => csv::inert(text),
            Cell::Abridged(texts) => csv::inert(&texts[0]),
            Cell::Date(date) => date.map(|date| date.to_string()).unwrap_or_default(),
            Cell::Number(value, _) => value.map(precise).unwrap_or_default(),
            Cell::Wei(wei) => wei.to_decimal_string(),
            Cell::Flag(flag) => flag.to_string(),
        }
    }

    /// As a person reads it.
    fn readable(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Abridged(texts) => texts[1].clone(),
            Cell::Date(date) => date.map_or(MISSING.to_string(), |date| date.to_string()),
            Cell::Number(None, _) => MISSING.to_string(),
            Cell::Number(Some(value), unit) => unit.readable(*value),
            Cell::Wei(wei) => wei.to_decimal_string(),
            Cell::Flag(flag) => flag.to_string(),
        }
    }
}

/// A column. `key` names it in CSV, with its unit; `label` heads it for
/// people, and is `None` where only programs care.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) key: String,
    label: Option<String>,
    is_text: bool,
}

impl Column {
    pub(super) fn text(key: &str, label: &str) -> Column {
        Column { key: key.to_string(), label: Some(label.to_string()), is_text: true }
    }

    pub(super) fn number(key: impl Into<String>, label: impl Into<String>) -> Column {
        Column { key: key.into(), label: Some(label.into()), is_text: false }
    }

    /// Columns for the cells of [`Cell::interval`], of a 95 % interval.
    pub(super) fn interval(key: &str, label: &str) -> [Column; 3] {
        let ends = [("", ""), ("_lo", " 95 % from"), ("_hi", " to")];
        ends.map(|(end, note)| Column::number(format!("{key}{end}"), format!("{label}{note}")))
    }

    pub(super) fn for_programs(key: impl Into<String>) -> Column {
        Column { key: key.into(), label: None, is_text: false }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
        Table { columns, rows }
    }

    /// The same for people without columns of numbers of which no row has any;
    /// programs find those empty.
    pub(super) fn without_empty_columns(mut self) -> Table {
        for (i, column) in self.columns.iter_mut().enumerate() {
            if self.rows.iter().all(|row| matches!(row[i], Cell::Number(None, _))) {
                column.label = None;
            }
        }
        self
    }

    pub(super) fn csv(&self) -> String {
        let keys: Vec<String> = self.columns.iter().map(|column| csv::inert(&column.key)).collect();
        let mut text = csv::line(keys.iter().map(String::as_str));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::precise).collect();
            text.push_str(&csv::line(cells.iter().map(String::as_str)));
        }
        text
    }

    /// With at most about `most` rows: of a longer table every n-th, and the
    /// last.
    pub(super) fn html(&self, most: usize) -> String {
        let mut html = String::from("<table><thead><tr>");
        let class = |column: &Column| if column.is_text { "" } else { " class=\"n\"" };
        for (column, label) in self.labelled() {
            let _ = write!(html, "<th scope=\"col\"{}>{}</th>", class(column), html_escaped(label));
        }
        html.push_str("</tr></thead><tbody>\n");
        let stride = self.rows.len().div_ceil(most.max(1)).max(1);
        let last = self.rows.len().saturating_sub(1);
        for (_, row) in self.rows.iter().enumerate().filter(|(i, _)| i % stride == 0 || *i == last)
        {
            html.push_str("<tr>");
            for (column, cell) in self.columns.iter().zip(row).filter(|(c, _)| c.label.is_some()) {
                let _ =
                    write!(html, "<td{}>{}</td>", class(column), html_escaped(&cell.readable()));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody></table>");
        html
    }

    /// The first `most` rows.
    pub(super) fn markdown(&self, most: usize) -> String {
        let labels: Vec<(&Column, &str)> = self.labelled().collect();
        let mut text = String::new();
        for (_, label) in &labels {
            let _ = write!(text, "| {} ", markdown_escaped(label));
        }
        text.push_str("|\n");
        for (column, _) in &labels {
            text.push_str(if column.is_text { "| --- " } else { "| ---: " });
        }
        text.push_str("|\n");
        for row in self.rows.iter().take(most) {
            for (_, cell) in self.columns.iter().zip(row).filter(|(c, _)| c.label.is_some()) {
                let _ = write!(text, "| {} ", markdown_escaped(&cell.readable()));
            }
            text.push_str("|\n");
        }
        text
    }

    /// Aligned lines of the columns named by `keys`: the heading, then the
    /// first `most` rows. With `bar`, the shares of that column follow as bars.
    pub(super) fn lines(&self, keys: &[&str], most: usize, bar: Option<&str>) -> Vec<String> {
        self.lines_ending(keys, most, bar, usize::MAX)
    }

    /// Lines that fit `width`: without the bars if there is no room for them, with the
    /// last column broken, or without so many columns on the right.
    pub(super) fn fitting(
        &self,
        keys: &[&str],
        most: usize,
        bar: Option<&str>,
        width: usize,
    ) -> Vec<String> {
        let mut lines = self.lines(keys, most, bar);
        let mut shown = keys.len();
        while shown > 0 && !fit(&lines, width) {
            lines = self.lines_within(&keys[..shown], most, width);
            shown -= 1;
        }
        lines
    }

    /// Lines that fit `width`, as far as breaking the last column can make them.
    pub(super) fn lines_within(&self, keys: &[&str], most: usize, width: usize) -> Vec<String> {
        let lines = self.lines(keys, most, None);
        let last = self.columns.iter().rfind(|column| keys.last() == Some(&column.key.as_str()));
        let label = last.and_then(|column| column.label.as_deref()).unwrap_or_default();
        let before = lines
            .first()
            .map_or(0, |heading| heading.chars().count())
            .saturating_sub(label.chars().count());
        let room = width.saturating_sub(before).max(TEXT_WIDTH);
        self.lines_ending(keys, most, None, room)
    }

    /// Lines whose last column, where no bars follow, is at most `open` wide.
    fn lines_ending(
        &self,
        keys: &[&str],
        most: usize,
        bar: Option<&str>,
        open: usize,
    ) -> Vec<String> {
        let position = |key: &str| self.columns.iter().position(|column| column.key == key);
        let is_for_people = |&i: &usize| self.columns[i].label.is_some();
        let shown: Vec<usize> =
            keys.iter().filter_map(|key| position(key)).filter(is_for_people).collect();
        let heading =
            |&i: &usize| wrapped(self.columns[i].label.as_deref().unwrap_or_default(), TEXT_WIDTH);
        let mut grid = side_by_side(&shown.iter().map(heading).collect::<Vec<_>>());
        let mut first_lines = Vec::new();
        for row in self.rows.iter().take(most) {
            let text = |&i: &usize| row.get(i).map(Cell::readable).unwrap_or_default();
            let is_open = |i: &usize| bar.is_none() && shown.last() == Some(i);
            let most = |i: &usize| if is_open(i) { open } else { TEXT_WIDTH };
            let cell = |i: &usize| wrapped(&printable(&text(i)), most(i));
            let cells: Vec<Vec<String>> = shown.iter().map(cell).collect();
            first_lines.push(grid.len());
            grid.extend(side_by_side(&cells));
        }
        let is_text: Vec<bool> = shown.iter().map(|&i| self.columns[i].is_text).collect();
        let mut lines = aligned(&grid, &is_text);
        if let Some(column) = bar.and_then(position) {
            for (line, row) in first_lines.into_iter().zip(&self.rows) {
                if let Some(Cell::Number(Some(share), Unit::Share)) = row.get(column) {
                    let bar = bar_of(*share);
                    let gap = if bar.is_empty() { "" } else { "  " };
                    lines[line] += &format!("{gap}{bar}");
                }
            }
        }
        lines
    }

    fn labelled(&self) -> impl Iterator<Item = (&Column, &str)> {
        self.columns.iter().filter_map(|column| Some((column, column.label.as_deref()?)))
    }
}

/// Whether no line is wider than that.
pub(super) fn fit(lines: &[String], width: usize) -> bool {
    lines.iter().all(|line| line.chars().count() <= width)
}

/// The rows of a grid that the lines of some cells take.
fn side_by_side(cells: &[Vec<String>]) -> Vec<Vec<String>> {
    let rows = cells.iter().map(Vec::len).max().unwrap_or(0);
    let row = |line| cells.iter().map(|cell| cell.get(line).cloned().unwrap_or_default()).collect();
    (0..rows).map(row).collect()
}

/// Lines of at most `width` characters, broken after a mark between words where
/// there is one.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut left: Vec<char> = text.chars().collect();
    let mut lines = Vec::new();
    while left.len() > width {
        // A minus stays with its number.
        let is_break = |&last: &usize| match left[last] {
            '/' | '_' | ' ' => true,
            '-' => last > 0 && left[last - 1].is_alphanumeric(),
            _ => false,
        };
        let end = (0..width).rev().find(is_break).map_or(width, |last| last + 1);
        let rest = left.split_off(end);
        lines.push(std::mem::replace(&mut left, rest).into_iter().collect());
    }
    lines.push(left.into_iter().collect());
    lines
}

/// Pads cells into columns: text to the left, numbers to the right.
fn aligned(grid: &[Vec<String>], is_text: &[bool]) -> Vec<String> {
    let width_of = |i: usize| {
        let cells = grid.iter().filter_map(|row| row.get(i));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..is_text.len()).map(width_of).collect();
    let pad = |row: &Vec<String>| {
        let mut line = String::new();
        for (i, ((cell, &width), &is_text)) in row.iter().zip(&widths).zip(is_text).enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            let _ = if is_text {
                write!(line, "{gap}{cell:<width$}")
            } else {
                write!(line, "{gap}{cell:>width$}")
            };
        }
        line.trim_end().to_string()
    };
    grid.iter().map(pad).collect()
}

/// A bar of at most 20 characters for a share of 1.
fn bar_of(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = libm::round(share.clamp(0.0, 1.0) * 160.0) as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}
