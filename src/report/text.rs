//! The summary on a terminal.

use super::format::{
    self, date_after, eth, eth_interval, extent, milliseconds, percent, printable, short_date,
    spaced,
};
use super::sentence::sentence;
use super::table::Table;
use super::{
    RunContext, aggregation, customers, overpayment, redemptions, reduction, responses, steering,
    tables, title, treasury,
};
use crate::ensemble::{Forecast, Verdict, Warning};
use crate::scenario::Scenario;

/// Widest summary, in columns.
const WIDEST: usize = 100;
/// Narrowest: below it lines are cut.
const NARROWEST: usize = 60;
const CHART_WIDTH: usize = 60;
/// Columns before it.
const CHART_LABEL: usize = 7;
const CHART_HEIGHT: usize = 8;
const TOP_ORCHESTRATORS: usize = 8;
/// Headline figures whose gain is shown.
const TOP_FIGURES: usize = 6;
/// Most rows of winning tickets; the CSV holds all.
const TOP_GAS_PRICES: usize = 5;

/// How the terminal summary is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour it with ANSI escape sequences.
    pub color: bool,
    /// Columns of the terminal; 60 to 100 of them are used, all by an explanation.
    pub width: usize,
}

/// The forecast for a terminal: the answer as a sentence in the first line,
/// then a summary of at most 100 columns.
pub fn terminal(
    scenario: &Scenario,
    forecast: &Forecast,
    context: &RunContext,
    style: Style,
) -> String {
    let mut page = Page::new(style);
    page.answer(&sentence(scenario, forecast), context);
    page.paragraph(DIM, &what_was_run(scenario, forecast), "");
    if let Some(aggregation) = aggregation::sentence(forecast) {
        page.paragraph(DIM, &aggregation, "");
    }

    page.table(
        &tables::runway(scenario, forecast),
        &["quantity", "runway_days", "interval_days", "date"],
        4,
        None,
    );
    let chances = tables::chances(scenario, forecast);
    if !chances.rows.is_empty() {
        page.table(&chances, &["goal", "share", "interval", "date"], 4, None);
    }
    page.section(survival_chart(scenario, forecast, page.width()));
    page.table(
        &tables::spend_by_pipeline(forecast),
        &["name", "spend_eth", "share"],
        usize::MAX,
        Some("share"),
    );
    if let Some(conclusion) = overpayment::conclusion(&forecast.waterfall) {
        let table = overpayment::table(forecast);
        page.table(&table, &["label", "eth", "share"], usize::MAX, Some("share"));
        page.paragraph("", &conclusion, "");
    }
    let winners = redemptions::table(scenario, forecast);
    if !winners.rows.is_empty() {
        page.table(&winners, &redemptions::SHOWN, TOP_GAS_PRICES, None);
    }
    let steering = steering::table(forecast);
    if !steering.rows.is_empty() {
        page.table(
            &steering,
            &["region", "requests", "served_there", "nobody_there", "target", "fees"],
            usize::MAX,
            None,
        );
    }
    let users = customers::table(forecast);
    if !users.rows.is_empty() {
        page.table(&users, &customers::SHOWN, usize::MAX, None);
    }
    let responses = responses::table(forecast);
    if !responses.rows.is_empty() {
        page.table(&responses, &responses::SHOWN, TOP_ORCHESTRATORS, None);
        let more = responses.rows.len().saturating_sub(TOP_ORCHESTRATORS) as u32;
        if more > 0 {
            let more = format::counted(more, "more offer");
            page.line("", &format!("{more} in summary.json"));
        }
    }
    let funding = treasury::table(scenario, forecast);
    if !funding.rows.is_empty() {
        let worth = treasury::worth(scenario, forecast);
        page.table(&worth, &["amount", "eth", "usd", "lpt", "minted_hours"], usize::MAX, None);
        page.table(&funding, &["quantity", "value", "interval"], usize::MAX, None);
    }
    page.table(
        &tables::fees_by_region(forecast),
        &["region", "orchestrators", "fees_eth", "fee_share"],
        usize::MAX,
        Some("fee_share"),
    );
    page.table(
        &tables::fees_by_orchestrator(forecast),
        &["orchestrator", "region", "fees_eth", "fee_share", "stake_share"],
        TOP_ORCHESTRATORS,
        Some("fee_share"),
    );
    page.table(
        &tables::concentration(forecast),
        &["measure", "value", "interval", "meaning"],
        usize::MAX,
        None,
    );
    page.section(vec!["Service".to_string()]);
    for line in service(forecast) {
        page.paragraph("", &line, "  ");
    }
    if let Some(conclusion) = reduction::conclusion(forecast) {
        let table = reduction::table(forecast);
        page.table(&table, &reduction::SHOWN, TOP_FIGURES, None);
        page.paragraph("", &conclusion, "");
    }
    page.objectives(forecast);
    for warning in &forecast.warnings {
        page.warning(warning.id, &warning.text, &context.suppress_hint(warning.id));
    }
    page.files("report", context);
    page.text
}

/// Warnings of a scenario for a terminal.
pub fn warnings_text(warnings: &[Warning], style: Style) -> String {
    let mut page = Page::new(style);
    for Warning { id, text } in warnings {
        page.warning(id, text, &format!("suppress_warnings = [\"{id}\"] in the scenario"));
    }
    page.text
}

fn what_was_run(scenario: &Scenario, forecast: &Forecast) -> String {
    format!(
        "{}: {} ETH from {}, {}, seed {}; {} ETH{} spent on average, median {}",
        title(scenario),
        eth(scenario.credits.eth.to_coins()),
        short_date(scenario.start),
        extent(forecast),
        forecast.seed,
        eth(forecast.spend.total_eth.mean),
        spaced(&eth_interval(&forecast.spend.total_eth)),
        eth(forecast.spend.median_eth),
    )
}

fn service(forecast: &Forecast) -> Vec<String> {
    let row = &forecast.service;
    let ms = |value: Option<f64>| value.map_or(format::MISSING.to_string(), milliseconds);
    let success = row.success_rate().map_or(format::MISSING.to_string(), percent);
    let in_flight = match format::count(row.in_flight()) {
        none if none == "0" => String::new(),
        some => format!(", {some} in flight at the end"),
    };
    let mut lines = vec![
        format!(
            "{} asked, {} served, {} failed{in_flight}: {success} success",
            format::count(row.asked),
            format::count(row.served),
            format::count(row.failed.total()),
        ),
        format!(
            "latency p50 {} ms, p95 {} ms, p99 {} ms",
            ms(row.latency.p50_ms),
            ms(row.latency.p95_ms),
            ms(row.latency.p99_ms),
        ),
    ];
    let reasons: Vec<String> = row
        .failed
        .named()
        .iter()
        .filter(|(_, count)| *count > 0.0)
        .map(|(name, count)| format!("{} {}", name.replace('_', " "), format::count(*count)))
        .collect();
    if !reasons.is_empty() {
        lines.push(format!("failed: {}", reasons.join(", ")));
    }
    lines
}

/// The share of futures with credits left, as a filled curve.
fn survival_chart(scenario: &Scenario, forecast: &Forecast, width: usize) -> Vec<String> {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = width.saturating_sub(CHART_LABEL).min(CHART_WIDTH);
    let horizon = f64::from(forecast.horizon_days);
    let share_at = |day: f64| {
        let point = forecast.survival.iter().rfind(|point| point.day <= day);
        point.map_or(1.0, |point| point.share)
    };
    let level = |column: usize| {
        let day = (column as f64 + 0.5) / columns as f64 * horizon;
        libm::round(share_at(day).clamp(0.0, 1.0) * (8 * CHART_HEIGHT) as f64) as usize
    };
    let levels: Vec<usize> = (0..columns).map(level).collect();
    let mut lines = vec!["Futures with credits left".to_string()];
    for row in (0..CHART_HEIGHT).rev() {
        let label = match row {
            _ if row == CHART_HEIGHT - 1 => "100 %",
            _ if row == CHART_HEIGHT / 2 - 1 => " 50 %",
            _ => "     ",
        };
        let cell = |&level: &usize| EIGHTHS[level.saturating_sub(8 * row).min(8)];
        let bar: String = levels.iter().map(cell).collect();
        lines.push(format!("{label} ┤{bar}").trim_end().to_string());
    }
    lines.push(format!("  0 % └{}", "─".repeat(columns)));
    let date = |day: f64| date_after(scenario.start, day).map(short_date).unwrap_or_default();
    let (first, last) = (date(0.0), date(horizon));
    // Of a single day its middle has the date of the start.
    let middle = if horizon < 2.0 { String::new() } else { date(horizon / 2.0) };
    let half = columns / 2;
    lines.push(format!("       {first:<half$}{middle}"));
    if let Some(line) = lines.last_mut() {
        let room = (CHART_LABEL + columns).saturating_sub(line.chars().count());
        line.push_str(&format!("{last:>room$}"));
    }
    lines
}

pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const DIM: &str = "\x1b[2m";
pub(super) const GREEN: &str = "\x1b[32m";
pub(super) const RED: &str = "\x1b[31m";
pub(super) const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

pub(super) struct Page {
    pub(super) text: String,
    width: usize,
    color: bool,
}

impl Page {
    pub(super) fn new(style: Style) -> Page {
        let width = style.width.clamp(NARROWEST, WIDEST);
        Page { text: String::new(), width, color: style.color }
    }

    /// As wide as the terminal.
    pub(super) fn wide(style: Style) -> Page {
        Page { width: style.width.max(NARROWEST), ..Page::new(style) }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn line(&mut self, colour: &str, line: &str) {
        let line = format::shortened(&printable(line), self.width).replace('\u{a0}', " ");
        if self.color && !colour.is_empty() {
            self.text.push_str(colour);
            self.text.push_str(&line);
            self.text.push_str(RESET);
        } else {
            self.text.push_str(&line);
        }
        self.text.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A heading line and what follows it, after a blank line.
    pub(super) fn section(&mut self, lines: Vec<String>) {
        self.blank();
        for (i, line) in lines.iter().enumerate() {
            if i == 0 {
                self.line(BOLD, line);
            } else {
                self.line("", line);
            }
        }
    }

    /// The same of lines of which nothing is cut, however narrow the terminal.
    pub(super) fn whole_section(&mut self, lines: Vec<String>) {
        let width = std::mem::replace(&mut self.width, usize::MAX);
        self.section(lines);
        self.width = width;
    }

    /// A table after a blank line: the heading, then the first `most` rows.
    pub(super) fn table(&mut self, table: &Table, keys: &[&str], most: usize, bar: Option<&str>) {
        self.section(table.fitting(keys, most, bar, self.width));
    }

    /// Text broken between words; lines after the first begin with `indent`.
    pub(super) fn paragraph(&mut self, colour: &str, text: &str, indent: &str) {
        let mut line = String::new();
        // A percent sign stays with its number.
        let text = text.replace(" %", "\u{a0}%");
        for word in text.split([' ', '\n', '\t']).filter(|word| !word.is_empty()) {
            let length = line.chars().count() + 1 + word.chars().count();
            if length > self.width && !line.trim().is_empty() {
                self.line(colour, &line);
                line = indent.to_string();
            } else if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(colour, &line);
    }

    /// The answer, and what is missing from it.
    pub(super) fn answer(&mut self, sentence: &str, context: &RunContext) {
        self.paragraph(BOLD, sentence, "");
        if let Some(notice) = context.partial_notice() {
            self.paragraph(YELLOW, &notice, "  ");
        }
        self.blank();
    }

    fn objectives(&mut self, forecast: &Forecast) {
        if forecast.objectives.is_empty() {
            return;
        }
        self.section(vec!["Objectives".to_string()]);
        for objective in &forecast.objectives {
            let colour = match objective.verdict {
                Verdict::Met => GREEN,
                Verdict::Missed => RED,
                Verdict::NotKnown => YELLOW,
            };
            let text = format!(
                "{:<6}  {}: {}",
                objective.verdict.in_words(),
                objective.id,
                format::objective_found(objective),
            );
            self.paragraph(colour, &text, "        ");
        }
    }

    /// A warning, and how not to see it again.
    pub(super) fn warning(&mut self, id: &str, text: &str, hint: &str) {
        self.blank();
        self.paragraph(YELLOW, &format!("warning[{id}]: {text}"), "  ");
        self.line(DIM, &format!("  to silence it: {hint}"));
    }

    /// Where the files are; `name` is that of the reports among them.
    pub(super) fn files(&mut self, name: &str, context: &RunContext) {
        if let Some(directory) = &context.directory {
            self.blank();
            let text = format!("Files in {directory}: open {name}.html, or post {name}.md");
            self.paragraph("", &text, "");
        }
    }
}
