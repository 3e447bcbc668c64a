//! `comparison.md`, ready for a forum post.

use std::fmt::Write;

use super::{extent, reading, tables, text, verdict};
use crate::experiment::Comparison;
use crate::report::figures::Figure;
use crate::report::format::markdown_escaped;
use crate::report::markdown::{beginning, figure, origin, warnings};
use crate::report::{Origin, RunContext, title};

pub(super) fn markdown(
    comparison: &Comparison,
    context: &RunContext,
    figures: &[Figure],
) -> String {
    let verdicts: Vec<String> =
        comparison.variants.iter().map(|variant| verdict(comparison, variant)).collect();
    let base = &comparison.base.scenario;
    let mut page = beginning(title(base), &verdicts, context);
    let _ = writeln!(page, "{}. {}\n", extent(comparison), reading(comparison));
    for variant in &comparison.variants {
        let _ = writeln!(page, "## {} against the base\n", markdown_escaped(&variant.run.name));
        page.push_str(&tables::differences(comparison, variant).markdown(usize::MAX));
        page.push('\n');
        let _ = writeln!(page, "{}\n", markdown_escaped(&text::notes(variant).join(" ")));
        let users = tables::users(comparison, variant);
        if !users.rows.is_empty() {
            let _ = writeln!(page, "{}\n{}\n", users.markdown(usize::MAX), tables::ABOUT_USERS);
        }
        page.push_str(&tables::orchestrators(variant).markdown(usize::MAX));
        let _ = writeln!(page, "\n{}\n", tables::ABOUT_ORCHESTRATORS);
    }
    page.push_str("## How long the credits last\n\n");
    page.push_str(&tables::runways(comparison).markdown(usize::MAX));
    page.push('\n');
    for slug in ["burn-down", "survival"] {
        page.push_str(&figure(figures, slug));
    }
    let objectives = tables::objectives(comparison);
    if !objectives.rows.is_empty() {
        let _ = writeln!(page, "## Objectives\n\n{}", objectives.markdown(usize::MAX));
    }
    page.push_str("## Fees, cost and success\n\n");
    for slug in ["fees-by-region", "cost-and-success"] {
        page.push_str(&figure(figures, slug));
    }
    let remarks = comparison.remarks.iter().map(|remark| {
        (remark.id.to_string(), format!("{}: {}", remark.of.join(", "), remark.text))
    });
    page.push_str(&warnings(remarks));
    page + &origin(&Origin::COMPARISON, base, context)
}
