//! `report.html`: one file, no network access.

use std::fmt::Write;

use super::figures::Figure;
use super::format::{
    MISSING, date_after, days, eth, eth_interval, extent, grouped, html_escaped, html_prose,
    objective_found, percent, percent_interval, plural, quantile_interval, short_date, spaced,
};
use super::sentence::sentence;
use super::table::Table;
use super::{
    Origin, RunContext, aggregation, customers, overpayment, redemptions, reduction, responses,
    steering, tables, title, treasury,
};
use crate::ensemble::Forecast;
use crate::scenario::Scenario;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Most rows of a table under a figure, of which the CSV holds all, and of responses.
const ROWS: usize = 60;
/// Digits of a hash.
const HASH: usize = 64;

pub(super) fn html(
    scenario: &Scenario,
    forecast: &Forecast,
    context: &RunContext,
    figures: &[Figure],
) -> String {
    let mut under = format!(
        "{} LPT, {} ETH from {}. {}.",
        grouped(scenario.credits.lpt.to_coins(), 0),
        eth(scenario.credits.eth.to_coins()),
        short_date(scenario.start),
        extent(forecast),
    );
    if let Some(aggregation) = aggregation::sentence(forecast) {
        under = format!("{under} {aggregation}");
    }
    let answer = sentence(scenario, forecast);
    let mut page = page_start(title(scenario), &answer, &under, context);
    push_cards(&mut page, scenario, forecast);
    push_objectives(&mut page, forecast);
    let warnings = forecast.warnings.iter();
    push_warnings(&mut page, warnings.map(|w| (w.id, w.text.clone())), context);

    page.push_str("<section>\n<h2>How long the credits last</h2>\n<div class=\"stack\">\n");
    push_table(&mut page, &tables::runway(scenario, forecast));
    let chances = tables::chances(scenario, forecast);
    if !chances.rows.is_empty() {
        push_table(&mut page, &chances);
    }
    page.push_str("</div>\n</section>\n");
    let (waterfall, others): (Vec<&Figure>, Vec<&Figure>) =
        figures.iter().partition(|figure| figure.slug == "waterfall");
    for figure in others {
        push_figure(&mut page, figure, context);
    }
    push_overpayment(&mut page, forecast);
    for figure in waterfall {
        push_figure(&mut page, figure, context);
    }
    push_reasons(&mut page, forecast);
    push_redemptions(&mut page, scenario, forecast);
    push_treasury(&mut page, scenario, forecast);
    push_customers(&mut page, forecast);
    push_steering(&mut page, forecast);
    push_responses(&mut page, forecast);
    page.push_str("<section>\n<h2>Spend in detail</h2>\n<div class=\"stack\">\n");
    for table in tables::spend_in_detail(forecast) {
        push_table(&mut page, &table);
    }
    page.push_str("</div>\n</section>\n");
    let concentration = [tables::concentration(forecast)];
    push_explained(&mut page, "Concentration of fees", tables::SHARES_EXPLANATION, &concentration);
    page.push_str("<section>\n<h2>How well users are served</h2>\n");
    push_table(&mut page, &tables::service(forecast));
    push_table(&mut page, &tables::requests(forecast));
    page.push_str("</section>\n");
    if let Some(conclusion) = reduction::conclusion(forecast) {
        let explanation = format!("{conclusion} {}", reduction::EXPLANATION);
        let table = reduction::table(forecast);
        push_explained(&mut page, "Variance reduction", &explanation, &[table]);
    }
    push_origin(&mut page, &Origin::RUN, scenario, forecast.replications, context);
    page + &page_end()
}

/// Everything before the first section: `title` over the `answer`, a line on
/// what was run under it, and what is missing from it.
pub(super) fn page_start(title: &str, answer: &str, under: &str, context: &RunContext) -> String {
    let title = html_escaped(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<p class=\"over\">{title}</p>\n<h1>{}</h1>\n<p class=\"under\">{}</p>\n\
         </header>\n",
        html_escaped(answer),
        html_escaped(under),
    );
    if let Some(notice) = context.partial_notice() {
        let notice = html_escaped(&notice);
        let _ = writeln!(page, "<ul class=\"warnings\"><li><b>partial</b> {notice}</li></ul>");
    }
    page
}

/// What closes [`page_start`].
pub(super) fn page_end() -> String {
    format!("</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n")
}

fn push_cards(page: &mut String, scenario: &Scenario, forecast: &Forecast) {
    let runway = &forecast.runway;
    let horizon = forecast.horizon_days;
    let beyond = format!(">{}", plural(&grouped(f64::from(horizon), 0), "day"));
    let lasts = |value: Option<f64>| {
        value.map_or_else(|| beyond.clone(), |value| plural(&days(value), "day"))
    };
    let until = |value: Option<f64>| {
        let date = value.and_then(|days| date_after(scenario.start, days));
        date.map_or_else(|| "not reached".to_string(), |date| format!("to {}", short_date(date)))
    };
    let spend = &forecast.spend.total_eth;
    let service = &forecast.service;
    let measures = &forecast.concentration;
    let latency = service.latency.p50_ms.map_or(MISSING.to_string(), |ms| grouped(ms, 0));
    let of_fees = |text: String| if measures.is_known() { text } else { MISSING.to_string() };
    let cards = [
        (
            "Half of the futures last",
            lasts(runway.p50.days),
            until(runway.p50.days) + &spaced(&quantile_interval(&runway.p50, horizon)),
        ),
        (
            "Nine in ten last",
            lasts(runway.p10.days),
            until(runway.p10.days) + &spaced(&quantile_interval(&runway.p10, horizon)),
        ),
        (
            "Spent on average",
            format!("{} ETH", eth(spend.mean)),
            format!(
                "{} of {}, median {}",
                spaced(&eth_interval(spend)),
                eth(scenario.credits.eth.to_coins()),
                eth(forecast.spend.median_eth)
            )
            .trim_start()
            .to_string(),
        ),
        (
            "Requests served",
            service.success_rate().map_or(MISSING.to_string(), percent),
            format!("median latency {latency} ms"),
        ),
        (
            "Four largest earn",
            of_fees(percent(measures.top4.mean)),
            of_fees(match measures.top4.interval() {
                Some(_) => format!("{} of all fees", percent_interval(&measures.top4)),
                None => "of all fees".to_string(),
            }),
        ),
        (
            "Gini of fees",
            of_fees(grouped(measures.gini.mean, 2)),
            format!("stake has {}", grouped(measures.stake_gini, 2)),
        ),
    ];
    push_card_section(page, &cards);
}

/// Key figures: name, value and a note of each.
pub(super) fn push_card_section(page: &mut String, cards: &[(&str, String, String)]) {
    page.push_str("<section class=\"cards\" aria-label=\"Key figures\">\n");
    for (name, value, note) in cards {
        let _ = writeln!(
            page,
            "<div class=\"card\"><p>{name}</p><strong>{}</strong><small>{}</small></div>",
            html_escaped(value),
            html_escaped(note.trim()),
        );
    }
    page.push_str("</section>\n");
}

fn push_objectives(page: &mut String, forecast: &Forecast) {
    if forecast.objectives.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>Objectives</h2>\n<ul class=\"objectives\">\n");
    for objective in &forecast.objectives {
        let verdict = objective.verdict.in_words();
        let _ = writeln!(
            page,
            "<li class=\"{verdict}\"><b>{verdict}</b> {}: {}</li>",
            html_escaped(&objective.id),
            html_escaped(&objective_found(objective)),
        );
    }
    page.push_str("</ul>\n</section>\n");
}

/// Warnings by their names, and how not to see them again.
pub(super) fn push_warnings<'a>(
    page: &mut String,
    warnings: impl Iterator<Item = (&'a str, String)>,
    context: &RunContext,
) {
    let item = |(id, text): (&str, String)| {
        let (text, hint) = (html_prose(&text), html_escaped(&context.suppress_hint(id)));
        format!("<b>{id}</b> {text} <small>Silence it with <code>{hint}</code>.</small>")
    };
    push_caveats(page, warnings.map(item));
}

/// What to know before believing a report, as HTML; nothing where there is
/// nothing to know.
pub(super) fn push_caveats(page: &mut String, items: impl Iterator<Item = String>) {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    if !items.is_empty() {
        let _ = write!(
            page,
            "<section>\n<h2>What to know before believing it</h2>\n\
             <ul class=\"warnings\">\n{items}</ul>\n</section>\n",
        );
    }
}

fn push_overpayment(page: &mut String, forecast: &Forecast) {
    page.push_str("<section>\n<h2>Where the ETH went</h2>\n");
    if let Some(conclusion) = overpayment::conclusion(&forecast.waterfall) {
        let _ = writeln!(page, "<p>{}</p>", html_escaped(&conclusion));
    }
    page.push_str("<div class=\"stack\">\n");
    push_table(page, &overpayment::table(forecast));
    page.push_str("</div>\n</section>\n");
}

fn push_reasons(page: &mut String, forecast: &Forecast) {
    page.push_str("<ul class=\"reasons\">\n");
    for step in overpayment::shown(&forecast.waterfall) {
        if let Some(reason) = overpayment::reason(step) {
            let label = html_escaped(step.label);
            let _ = writeln!(page, "<li><b>{label}</b>: {}</li>", html_escaped(reason));
        }
    }
    page.push_str("</ul>\n");
}

fn push_redemptions(page: &mut String, scenario: &Scenario, forecast: &Forecast) {
    let table = redemptions::table(scenario, forecast);
    if !table.rows.is_empty() {
        push_explained(page, "Winning tickets", redemptions::EXPLANATION, &[table]);
    }
}

fn push_treasury(page: &mut String, scenario: &Scenario, forecast: &Forecast) {
    let table = treasury::table(scenario, forecast);
    if !table.rows.is_empty() {
        let tables = [treasury::worth(scenario, forecast), table];
        push_explained(page, "Treasury", treasury::EXPLANATION, &tables);
    }
}

fn push_customers(page: &mut String, forecast: &Forecast) {
    let table = customers::table(forecast);
    if !table.rows.is_empty() {
        push_explained(page, "Users", customers::EXPLANATION, &[table]);
    }
}

fn push_steering(page: &mut String, forecast: &Forecast) {
    let table = steering::table(forecast);
    if !table.rows.is_empty() {
        push_explained(page, "Steered requests", steering::EXPLANATION, &[table]);
    }
}

fn push_responses(page: &mut String, forecast: &Forecast) {
    let mut table = responses::table(forecast);
    if !table.rows.is_empty() {
        let explanation = responses::explanation(table.rows.len(), ROWS);
        table.rows.truncate(ROWS);
        push_explained(page, "Responses", &explanation, &[table]);
    }
}

pub(super) fn push_explained(
    page: &mut String,
    heading: &str,
    explanation: &str,
    tables: &[Table],
) {
    let _ = write!(
        page,
        "<section>\n<h2>{heading}</h2>\n<p class=\"explains\">{}</p>\n<div class=\"stack\">\n",
        html_prose(explanation),
    );
    tables.iter().for_each(|table| push_table(page, table));
    page.push_str("</div>\n</section>\n");
}

pub(super) fn push_table(page: &mut String, table: &Table) {
    let _ = writeln!(page, "<div class=\"scroll\">{}</div>", table.html(usize::MAX));
}

pub(super) fn push_figure(page: &mut String, figure: &Figure, context: &RunContext) {
    let slug = &figure.slug;
    let thinned = if figure.table.rows.len() > ROWS { ", every row in the CSV" } else { "" };
    let _ = write!(
        page,
        "<figure id=\"{slug}\" data-csv=\"{csv}\">\n<h2>{title}</h2>\n\
         <p class=\"explains\">{explanation}</p>\n\
         <div class=\"scroll\">{svg}</div>\n<figcaption>\n\
         <div class=\"buttons\" hidden><button data-save=\"svg\">Download SVG</button>\
         <button data-save=\"png\">PNG</button><button data-save=\"csv\">CSV</button></div>\n\
         <details><summary>Data behind the figure{thinned}</summary>\
         <div class=\"scroll tall\">{table}</div></details>\n\
         <p class=\"command\">Made by <code>{command}</code></p>\n</figcaption>\n</figure>\n",
        title = html_escaped(&figure.title),
        explanation = html_escaped(&figure.explanation),
        svg = figure.inline(),
        table = figure.table.html(ROWS),
        command = html_escaped(&context.command),
        csv = figure.table.csv().replace('&', "&amp;").replace('"', "&quot;"),
    );
}

pub(super) fn push_origin(
    page: &mut String,
    origin: &Origin,
    scenario: &Scenario,
    replications: u32,
    context: &RunContext,
) {
    let intro = format!(
        "Every assumption is a line of {} beside this page. The same version, scenario and seed \
         give the same bytes on any machine; <code>manifest.json</code> has the hash of every file.",
        html_prose(origin.scenarios)
    );
    let facts = [
        ("Seed", scenario.seed.to_string()),
        ("Replications", replications.to_string()),
        (origin.hash, context.scenario_hash.clone()),
    ];
    push_reproduction(page, &intro, context, &facts);
}

/// How to get the same page again: what to know of it, as HTML, the command,
/// and facts that are part of it.
pub(super) fn push_reproduction(
    page: &mut String,
    intro: &str,
    context: &RunContext,
    facts: &[(&str, String)],
) {
    let _ = write!(
        page,
        "<section>\n<h2>Assumptions and reproduction</h2>\n<p>{intro}</p>\n\
         <pre><code>{}</code></pre>\n<dl><dt>orchsim</dt><dd>{}</dd>",
        html_escaped(&context.command),
        html_escaped(&context.version),
    );
    for (name, value) in facts {
        let value = html_escaped(value);
        let value = if value.len() == HASH { format!("<code>{value}</code>") } else { value };
        let _ = write!(page, "<dt>{name}</dt><dd>{value}</dd>");
    }
    page.push_str("</dl>\n</section>\n");
}
