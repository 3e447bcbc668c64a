use super::{extent, reading, tables, title, verdict};
use crate::experiment::{Comparison, Variant};
use crate::report::text::{BOLD, DIM, GREEN, Page, RED, YELLOW};
use crate::report::{RunContext, Style};

/// A comparison for a terminal: a verdict a variant, then the tables.
pub fn comparison_terminal(comparison: &Comparison, context: &RunContext, style: Style) -> String {
    let mut page = Page::new(style);
    for variant in &comparison.variants {
        page.paragraph(BOLD, &verdict(comparison, variant), "  ");
    }
    page.blank();
    page.paragraph(DIM, &format!("{}: {}", title(comparison), extent(comparison)), "");
    page.paragraph(DIM, &reading(comparison), "");
    for variant in &comparison.variants {
        page.section(tables::differences(variant).lines(&tables::ON_TERMINAL, usize::MAX, None));
        if let Some(coupling) = coupling(variant) {
            page.paragraph(DIM, &coupling, "");
        }
    }
    page.section(tables::runways(comparison).lines(
        &["scenario", "p10", "p50", "p90", "mean"],
        usize::MAX,
        None,
    ));
    objectives(&mut page, comparison);
    for remark in &comparison.remarks {
        page.blank();
        let of = remark.of.join(", ");
        page.paragraph(YELLOW, &format!("warning[{}]: {of}: {}", remark.id, remark.text), "  ");
        page.paragraph(DIM, &format!("  to silence it: {}", context.suppress_hint(remark.id)), "");
    }
    if let Some(directory) = &context.directory {
        page.blank();
        let files = format!("Files in {directory}: open comparison.html, or post comparison.md");
        page.paragraph("", &files, "");
    }
    page.text
}

/// How well pairing worked, judged by what is spent a day.
pub(super) fn coupling(variant: &Variant) -> Option<String> {
    let paired = variant.difference("spend_per_day_eth")?.paired.as_ref()?;
    let (correlation, ratio) = paired.correlation.zip(paired.variance_ratio)?;
    Some(format!(
        "Paired on the same demand: spend a day has correlation {correlation:.3}, its difference \
         {} of the variance of independent runs.",
        crate::report::format::percent(ratio)
    ))
}

fn objectives(page: &mut Page, comparison: &Comparison) {
    let table = tables::objectives(comparison);
    if table.rows.is_empty() {
        return;
    }
    let keys = ["scenario", "objective", "probability", "interval", "required", "verdict"];
    let lines = table.lines(&keys, usize::MAX, None);
    page.blank();
    for (i, line) in lines.iter().enumerate() {
        let colour = match i {
            0 => BOLD,
            _ if line.ends_with("met") => GREEN,
            _ => RED,
        };
        page.line(colour, line);
    }
}
