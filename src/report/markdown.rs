//! `report.md`, ready for a forum post.

use std::fmt::Write;

use super::figures::Figure;
use super::format::{extent, grouped, long_date, markdown_escaped, markdown_prose};
use super::sentence::sentence;
use super::table::Table;
use super::{
    Origin, RunContext, aggregation, customers, overpayment, redemptions, reduction, responses,
    steering, tables, title, treasury,
};
use crate::ensemble::{Forecast, Warning};
use crate::scenario::Scenario;

/// Orchestrators in the table of fees, and offers in that of responses; the rest are in
/// files beside the report.
const TOP_ORCHESTRATORS: usize = 10;

pub(super) fn markdown(
    scenario: &Scenario,
    forecast: &Forecast,
    context: &RunContext,
    figures: &[Figure],
) -> String {
    let mut text = beginning(title(scenario), &[sentence(scenario, forecast)], context);
    let _ = writeln!(
        text,
        "{} LPT, {} ETH from {}; {}.\n",
        grouped(scenario.credits.lpt.to_coins(), 0),
        super::format::eth(scenario.credits.eth.to_coins()),
        long_date(scenario.start),
        extent(forecast),
    );
    if let Some(aggregation) = aggregation::sentence(forecast) {
        let _ = writeln!(text, "{}\n", markdown_prose(&aggregation));
    }
    let figure = |slug: &str| figure(figures, slug);
    let table = |table: Table| table.markdown(usize::MAX) + "\n";

    text.push_str("## How long the credits last\n\n");
    text.push_str(&table(tables::runway(scenario, forecast)));
    text.push_str(&figure("burn-down"));
    let chances = tables::chances(scenario, forecast);
    if !chances.rows.is_empty() {
        text.push_str(&table(chances));
    }
    text.push_str(&figure("survival"));
    if !forecast.objectives.is_empty() {
        text.push_str("## Objectives\n\n");
        text.push_str(&table(tables::objectives(forecast)));
    }

    text.push_str("## What they are spent on\n\n");
    text.push_str(&table(tables::spend_by_pipeline(forecast)));
    text.push_str(&figure("burn-by-pipeline"));
    for part in tables::spend_in_detail(forecast) {
        text.push_str(&table(part));
    }

    text.push_str("## Where the ETH went\n\n");
    if let Some(conclusion) = overpayment::conclusion(&forecast.waterfall) {
        let _ = writeln!(text, "{conclusion}\n");
    }
    text.push_str(&table(overpayment::table(forecast)));
    text.push_str(&figure("waterfall"));
    for step in overpayment::shown(&forecast.waterfall) {
        if let Some(reason) = overpayment::reason(step) {
            let _ = writeln!(text, "- **{}**: {reason}", markdown_escaped(step.label));
        }
    }
    text.push('\n');
    let winners = redemptions::table(scenario, forecast);
    if !winners.rows.is_empty() {
        let _ = writeln!(text, "{}\n", redemptions::EXPLANATION);
        text.push_str(&table(winners));
    }

    let funding = treasury::table(scenario, forecast);
    if !funding.rows.is_empty() {
        let _ = writeln!(text, "## Treasury\n\n{}\n", treasury::EXPLANATION);
        text.push_str(&table(treasury::worth(scenario, forecast)));
        text.push_str(&table(funding));
    }

    let users = customers::table(forecast);
    if !users.rows.is_empty() {
        let _ = writeln!(text, "## Users\n\n{}\n", customers::EXPLANATION);
        text.push_str(&table(users));
    }

    let steered = steering::table(forecast);
    if !steered.rows.is_empty() {
        let _ = writeln!(text, "## Steered requests\n\n{}\n", steering::EXPLANATION);
        text.push_str(&table(steered));
    }

    let responding = responses::table(forecast);
    if !responding.rows.is_empty() {
        let explanation = responses::explanation(responding.rows.len(), TOP_ORCHESTRATORS);
        let _ = writeln!(text, "## Responses\n\n{explanation}\n");
        text.push_str(&responding.markdown(TOP_ORCHESTRATORS));
        text.push('\n');
    }

    let _ = writeln!(text, "## Who earns the fees\n\n{}\n", tables::SHARES_EXPLANATION);
    text.push_str(&tables::fees_by_orchestrator(forecast).markdown(TOP_ORCHESTRATORS));
    text.push_str("\nEvery orchestrator is in `fees_by_orchestrator.csv`.\n\n");
    text.push_str(&figure("fees-by-orchestrator"));
    text.push_str(&table(tables::fees_by_region(forecast)));
    text.push_str(&figure("fees-by-region"));
    text.push_str(&table(tables::concentration(forecast)));
    text.push_str(&figure("lorenz"));

    if let Some(conclusion) = reduction::conclusion(forecast) {
        let explanation = reduction::EXPLANATION;
        let _ = writeln!(text, "## Variance reduction\n\n{conclusion} {explanation}\n");
        text.push_str(&table(reduction::table(forecast)));
    }

    text.push_str("## How well users are served\n\n");
    text.push_str(&table(tables::service(forecast)));

    let warning = |warning: &Warning| (warning.id.to_string(), warning.text.clone());
    text.push_str(&warnings(forecast.warnings.iter().map(warning)));
    text + &origin(&Origin::RUN, scenario, context)
}

/// Title and answer, and what is missing from it.
pub(super) fn beginning(title: &str, answers: &[String], context: &RunContext) -> String {
    let mut text = format!("# {}\n\n", markdown_escaped(title));
    for answer in answers {
        let _ = writeln!(text, "**{}**\n", markdown_escaped(answer));
    }
    if let Some(notice) = context.partial_notice() {
        let _ = writeln!(text, "> **{}**\n", markdown_escaped(&notice));
    }
    text
}

/// What to know before believing a report, each with its name if it has one;
/// empty where there is nothing to know.
pub(super) fn warnings(items: impl Iterator<Item = (String, String)>) -> String {
    let item = |(name, text): (String, String)| match name.as_str() {
        "" => format!("- {}\n", markdown_prose(&text)),
        name => format!("- **{}**: {}\n", markdown_escaped(name), markdown_prose(&text)),
    };
    let items: String = items.map(item).collect();
    match items.as_str() {
        "" => items,
        _ => format!("## What to know before believing it\n\n{items}\n"),
    }
}

/// The section on assumptions and reproduction.
pub(super) fn origin(origin: &Origin, scenario: &Scenario, context: &RunContext) -> String {
    format!(
        "## Assumptions and reproduction\n\nEvery assumption is a line of {} beside this report. \
         The same version, scenario and seed give the same bytes on any machine:\n\n{}\n\
         - orchsim {}, seed {}\n- {} `{}`\n",
        origin.scenarios,
        fenced(&context.command),
        markdown_escaped(&context.version),
        scenario.seed,
        origin.hash.to_lowercase(),
        context.scenario_hash,
    )
}

/// The section on reproduction of a report without a scenario of its own.
pub(super) fn reproduction(context: &RunContext) -> String {
    format!(
        "## Reproduction\n\nThe same version, files and options give the same bytes on any \
         machine:\n\n{}\n- orchsim {}\n- fingerprint `{}`\n",
        fenced(&context.command),
        markdown_escaped(&context.version),
        context.scenario_hash,
    )
}

/// The figure of that name with its explanation; empty where there is none.
pub(super) fn figure(figures: &[Figure], slug: &str) -> String {
    let found = figures.iter().find(|figure| figure.slug == slug);
    found.map_or(String::new(), |figure| {
        let (title, explanation) = (&figure.title, &figure.explanation);
        let (title, explanation) = (markdown_escaped(title), markdown_prose(explanation));
        format!("![{title}](figures/{slug}.svg)\n\n{explanation}\n\n")
    })
}

/// A code block whose fence is longer than any run of backticks in it.
fn fenced(code: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}sh\n{code}\n{fence}\n")
}
