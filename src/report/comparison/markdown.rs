//! `comparison.md`, ready for a forum post.

use std::fmt::Write;

use super::{extent, reading, tables, text, title, verdict};
use crate::experiment::Comparison;
use crate::report::RunContext;
use crate::report::figures::Figure;
use crate::report::format::markdown_escaped;
use crate::report::markdown::{figure, origin};

const SCENARIO_FILES: &str = "the files in `scenarios/`, the resolved scenarios";

pub(super) fn markdown(
    comparison: &Comparison,
    context: &RunContext,
    figures: &[Figure],
) -> String {
    let mut page = format!("# {}\n\n", markdown_escaped(title(comparison)));
    for variant in &comparison.variants {
        let _ = writeln!(page, "- **{}**", markdown_escaped(&verdict(comparison, variant)));
    }
    let _ = writeln!(page, "\n{}. {}\n", extent(comparison), reading(comparison));
    for variant in &comparison.variants {
        let _ = writeln!(page, "## {} against the base\n", markdown_escaped(&variant.run.name));
        page.push_str(&tables::differences(comparison, variant).markdown(usize::MAX));
        page.push('\n');
        let _ = writeln!(page, "{}\n", markdown_escaped(&text::notes(variant).join(" ")));
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
    if !comparison.remarks.is_empty() {
        page.push_str("## What to know before believing it\n\n");
        for remark in &comparison.remarks {
            let of = markdown_escaped(&remark.of.join(", "));
            let text = markdown_escaped(&remark.text);
            let _ = writeln!(page, "- **{}** ({of}): {text}", remark.id);
        }
        page.push('\n');
    }
    page + &origin(SCENARIO_FILES, &comparison.base.scenario, context)
}
