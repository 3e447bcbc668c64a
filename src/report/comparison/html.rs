//! `comparison.html`: one file, no network access.

use std::fmt::Write;

use super::{extent, headline, reading, tables, text, verdict};
use crate::experiment::Comparison;
use crate::report::figures::Figure;
use crate::report::format::html_escaped;
use crate::report::html::{
    page_end, page_start, push_figure, push_origin, push_table, push_warnings,
};
use crate::report::{Origin, RunContext, title};

pub(super) fn html(comparison: &Comparison, context: &RunContext, figures: &[Figure]) -> String {
    let under = format!("{}.", extent(comparison));
    let title = title(&comparison.base.scenario);
    let mut page = page_start(title, &headline(comparison), &under, context);
    push_verdicts(&mut page, comparison);
    let remarks = comparison
        .remarks
        .iter()
        .map(|remark| (remark.id, format!("{}: {}", remark.of.join(", "), remark.text)));
    push_warnings(&mut page, remarks, context);
    let mut reading = Some(reading(comparison));
    for variant in &comparison.variants {
        let name = html_escaped(&variant.run.name);
        let _ = writeln!(page, "<section>\n<h2>{name} against the base</h2>");
        if let Some(reading) = reading.take() {
            let _ = writeln!(page, "<p class=\"explains\">{}</p>", html_escaped(&reading));
        }
        let notes = html_escaped(&text::notes(variant).join(" "));
        let _ = writeln!(page, "<p class=\"explains\">{notes}</p>\n<div class=\"stack\">");
        push_table(&mut page, &tables::differences(comparison, variant));
        let users = tables::users(comparison, variant);
        let mut about = Vec::new();
        if !users.rows.is_empty() {
            push_table(&mut page, &users);
            about.push(tables::ABOUT_USERS);
        }
        push_table(&mut page, &tables::orchestrators(variant));
        about.push(tables::ABOUT_ORCHESTRATORS);
        let about = html_escaped(&about.join(" "));
        let _ = writeln!(page, "</div>\n<p class=\"note\">{about}</p>\n</section>");
    }
    for figure in figures {
        push_figure(&mut page, figure, context);
    }
    page.push_str("<section>\n<h2>How long the credits last</h2>\n<div class=\"stack\">\n");
    push_table(&mut page, &tables::runways(comparison));
    page.push_str("</div>\n</section>\n");
    let objectives = tables::objectives(comparison);
    if !objectives.rows.is_empty() {
        page.push_str("<section>\n<h2>Objectives</h2>\n");
        push_table(&mut page, &objectives);
        page.push_str("</section>\n");
    }
    let base = &comparison.base;
    let replications = base.forecast.replications;
    push_origin(&mut page, &Origin::COMPARISON, &base.scenario, replications, context);
    page + &page_end()
}

fn push_verdicts(page: &mut String, comparison: &Comparison) {
    page.push_str("<section>\n<ul class=\"verdicts\">\n");
    for variant in &comparison.variants {
        let verdict = verdict(comparison, variant);
        let (name, words) = verdict.split_once(": ").unwrap_or(("", &verdict));
        let (name, words) = (html_escaped(name), html_escaped(words));
        let _ = writeln!(page, "<li><b>{name}</b>: {words}</li>");
    }
    page.push_str("</ul>\n</section>\n");
}
