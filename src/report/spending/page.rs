//! `report.html` and `report.md`.

use std::fmt::Write;

use super::model::Dimension;
use super::remaining::{FUTURES, MOST_DAYS};
use super::{
    Remaining, Spending, SpendingReport, TOP_ORCHESTRATORS, change, overpayment_steps, sentence,
    sources, tables, unused_share,
};
use crate::report::figures::Figure;
use crate::report::format::{
    eth, grouped, hours_or_minutes, html_prose, markdown_escaped, markdown_prose, percent, plural,
    usd,
};
use crate::report::html::{
    page_end, page_start, push_card_section, push_caveats, push_figure, push_reproduction,
    push_table,
};
use crate::report::markdown;
use crate::report::table::Table;

const PRICES_PAID: &str = "What was spent on a pipeline's counted requests over their number, \
     overpayment included, against what the cheapest provider charges for the mean request of the \
     scenario: output that is used, input free.";
const AGAINST: &str = "Over the whole days that the file and the run both have.";

/// What the rows on how long the rest lasts are, of those that are there.
fn lasting(spending: &Spending) -> String {
    let left = spending.left.as_ref();
    let of_spend = left.is_some_and(|left| left.forecast.is_ok());
    let at_pace = left.is_some_and(|left| left.pace_days.is_some());
    let in_run = spending.forecast.as_ref().is_some_and(|forecast| forecast.remaining.is_some());
    let sentences = [
        (
            of_spend,
            format!(
                "Forecast from the spend: the model of spend that `orchsim calibrate` fits, to all \
                 whole days of the file up to the end of the period, and {} futures drawn from it, \
                 of at most {} days. `orchsim backtest` tests such forecasts up to 90 days ahead; \
                 beyond, the band is the model's word alone.",
                grouped(FUTURES as f64, 0),
                grouped(MOST_DAYS as f64, 0)
            ),
        ),
        (
            at_pace,
            "At the period's pace: if every day costs what the mean whole day of the period did."
                .to_string(),
        ),
        (in_run, "In the run: over its futures that have credits left then.".to_string()),
        (
            of_spend || in_run,
            "From “nine in ten” to “one in ten” is an 80 % forecast band: where the model \
             holds, what comes lies in it eight times in ten; it is no confidence interval of a mean."
                .to_string(),
        ),
    ];
    let there = sentences.into_iter().filter(|(is_there, _)| *is_there);
    there.map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" ")
}

/// The tables of a section.
struct Section {
    heading: &'static str,
    explanation: Option<String>,
    tables: Vec<Table>,
    /// The figures that belong to it.
    figures: &'static [&'static str],
}

fn sections(report: &SpendingReport) -> Vec<Section> {
    let SpendingReport { spending, run, .. } = report;
    let section = |heading, explanation: Option<&str>, tables, figures| Section {
        heading,
        explanation: explanation.map(str::to_string),
        tables,
        figures,
    };
    let allocations = |orchestrators: bool| -> Vec<Table> {
        let is_orchestrators =
            |dimension| matches!(dimension, Dimension::Seat | Dimension::Orchestrator);
        let chosen = spending.allocations.iter();
        let chosen = chosen.filter(|a| is_orchestrators(a.dimension) == orchestrators);
        chosen.map(|allocation| tables::allocation(spending, allocation)).collect()
    };
    let overpaid = unused_share(*run).map(|share| {
        format!("{} of the spend of the whole run paid for nothing that was used.", percent(share))
    });
    let lasting = lasting(spending);
    let all = [
        section(
            "What was spent",
            None,
            vec![tables::totals(spending), tables::change(spending)],
            &["days"],
        ),
        section("Against the forecast", Some(AGAINST), vec![tables::against(spending)], &[]),
        section("How long the rest lasts", Some(&lasting), vec![tables::remaining(spending)], &[]),
        section(
            "What it was spent on",
            None,
            allocations(false),
            &["by-pipeline", "by-model", "by-gateway", "by-region"],
        ),
        section(
            "Who was paid",
            None,
            [allocations(true), vec![tables::concentration(spending)]].concat(),
            &["by-orchestrator-region", "by-orchestrator"],
        ),
        section(
            "Price against centralised providers",
            Some(PRICES_PAID),
            vec![tables::prices_paid(spending)],
            &[],
        ),
        section(
            "Overpayment",
            overpaid.as_deref(),
            vec![tables::overpayment(&overpayment_steps(*run))],
            &[],
        ),
    ];
    let filled = all.into_iter().map(|mut section| {
        section.tables.retain(|table| !table.rows.is_empty());
        section
    });
    filled.filter(|section| !section.tables.is_empty()).collect()
}

fn title(report: &SpendingReport) -> String {
    let period = report.spending.period.in_words();
    match report.run {
        Some(run) => format!("Spending in {period}: {}", crate::report::title(&run.scenario)),
        None => format!("Spending in {period}"),
    }
}

/// `report.html`: one file, no network access.
pub(super) fn html(report: &SpendingReport, figures: &[Figure]) -> String {
    let SpendingReport { spending, context, .. } = report;
    let answer = sentence(spending);
    let mut page = page_start(&title(report), &answer, &sources(report), context);
    push_card_section(&mut page, &cards(report));
    for section in sections(report) {
        let _ = writeln!(page, "<section>\n<h2>{}</h2>", section.heading);
        if let Some(explanation) = &section.explanation {
            let _ = writeln!(page, "<p class=\"explains\">{}</p>", html_prose(explanation));
        }
        page.push_str("<div class=\"stack\">\n");
        section.tables.iter().for_each(|table| push_table(&mut page, table));
        page.push_str("</div>\n</section>\n");
        for slug in section.figures {
            let drawn = figures.iter().filter(|figure| figure.slug == *slug);
            drawn.for_each(|figure| push_figure(&mut page, figure, context));
        }
    }
    push_caveats(&mut page, spending.notes.iter().map(|note| html_prose(note)));
    let intro = "The same version, files and options give the same bytes on any machine; \
                 <code>manifest.json</code> has the hash of every file.";
    push_reproduction(&mut page, intro, context, &[("Fingerprint", context.scenario_hash.clone())]);
    page + &page_end()
}

fn cards(report: &SpendingReport) -> Vec<(&'static str, String, String)> {
    let SpendingReport { spending, run, .. } = report;
    let mut cards = Vec::new();
    let worth = |worth: &super::Worth| {
        let usd = worth.usd.map(|value| format!("{} USD", usd(value)));
        let lpt = worth.lpt.map(|value| format!("{} LPT", grouped(value, 0)));
        usd.into_iter().chain(lpt).collect::<Vec<_>>().join(", ")
    };
    if let Some(actual) = &spending.actual {
        cards.push(("Spent", format!("{} ETH", eth(actual.worth.eth)), worth(&actual.worth)));
    }
    if let Some(forecast) = &spending.forecast {
        let band = forecast.row.eth;
        let note = format!(
            "median {}, 90 % of the futures [{}, {}]",
            eth(band.p50),
            eth(band.p05),
            eth(band.p95)
        );
        cards.push(("Forecast, mean", format!("{} ETH", eth(forecast.worth.eth)), note));
    }
    if let Some(change) = change(spending) {
        let note = format!("against {}", spending.period.previous().in_words());
        cards.push(("Change of a day", tables::signed_percent(change), note));
    }
    if let Some(left) = &spending.left {
        cards.push(("Left", format!("{} ETH", eth(left.worth.eth)), worth(&left.worth)));
    }
    let lasts = |remaining: &Remaining, most: f64, source: &str| {
        let (half, band) = super::half_and_band(remaining, most);
        ("The rest lasts", half, format!("{source}, 80 % forecast band {band}"))
    };
    cards.extend(match (&spending.left, &spending.forecast) {
        (Some(left), _) => match (&left.forecast, left.pace_days) {
            (Ok(remaining), _) => Some(lasts(remaining, MOST_DAYS as f64, "from the spend")),
            (Err(_), Some(days)) => {
                let days = plural(&super::days(days), "day");
                Some(("At this pace it lasts", days, "no forecast, see below".to_string()))
            }
            (Err(_), None) => None,
        },
        (None, Some(forecast)) => {
            let remaining = forecast.remaining.as_ref();
            remaining.map(|remaining| lasts(remaining, forecast.days_after, "in the run"))
        }
        (None, None) => None,
    });
    let hours = spending.actual.as_ref().map(|actual| &actual.worth);
    let hours = hours.or(spending.forecast.as_ref().map(|forecast| &forecast.worth));
    if let Some(hours) = hours.and_then(|worth| worth.inflation_hours) {
        let value = hours_or_minutes(hours);
        cards.push(("Minted by inflation in", value, "as much LPT as this is worth".to_string()));
    }
    if let Some(share) = unused_share(*run) {
        let note = "for nothing that was used, whole run".to_string();
        cards.push(("Overpayment", percent(share), note));
    }
    let spent = spending.actual.as_ref().and_then(|actual| actual.concentration);
    let spent = spent.map(|concentration| (concentration.top4, "of all fees"));
    let forecast = spending.forecast.as_ref().and_then(|forecast| forecast.concentration[3]);
    let forecast = forecast.map(|top4| (top4, "of all fees, forecast, whole run"));
    if let Some((share, of)) = spent.or(forecast) {
        cards.push(("Four largest earn", percent(share), of.to_string()));
    }
    cards
}

/// `report.md`, ready for a forum post.
pub(super) fn markdown(report: &SpendingReport, figures: &[Figure]) -> String {
    let SpendingReport { spending, context, .. } = report;
    let mut text = markdown::beginning(&title(report), &[sentence(spending)], context);
    let _ = writeln!(text, "{}\n", markdown_escaped(&sources(report)));
    for section in sections(report) {
        let _ = writeln!(text, "## {}\n", section.heading);
        if let Some(explanation) = &section.explanation {
            let _ = writeln!(text, "{}\n", markdown_prose(explanation));
        }
        for table in &section.tables {
            text += &(table.markdown(TOP_ORCHESTRATORS) + "\n");
            if table.rows.len() > TOP_ORCHESTRATORS {
                text += "The rest is in `allocation.csv`.\n\n";
            }
        }
        for slug in section.figures {
            text += &markdown::figure(figures, slug);
        }
    }
    let unnamed = |note: &String| (String::new(), note.clone());
    text += &markdown::warnings(spending.notes.iter().map(unnamed));
    text + &markdown::reproduction(context)
}
