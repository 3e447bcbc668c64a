use super::{extent, reading, tables, verdict};
use crate::ensemble::Verdict;
use crate::experiment::{Change, Comparison, Variant};
use crate::report::format::{grouped, percent, share_interval};
use crate::report::reduction::about;
use crate::report::table::{Table, fit};
use crate::report::text::{BOLD, DIM, GREEN, Page, RED, YELLOW};
use crate::report::{RunContext, Style, title};

/// A comparison for a terminal: a verdict a variant, then the tables.
pub fn comparison_terminal(comparison: &Comparison, context: &RunContext, style: Style) -> String {
    let mut page = Page::new(style);
    for variant in &comparison.variants {
        page.paragraph(BOLD, &verdict(comparison, variant), "  ");
    }
    page.blank();
    page.paragraph(
        DIM,
        &format!("{}: {}", title(&comparison.base.scenario), extent(comparison)),
        "",
    );
    page.paragraph(DIM, &reading(comparison), "");
    for variant in &comparison.variants {
        differences(&mut page, &tables::differences(comparison, variant), &tables::ON_TERMINAL);
        for note in notes(variant) {
            page.paragraph(DIM, &note, "");
        }
        let users = tables::users(comparison, variant);
        if !users.rows.is_empty() {
            differences(&mut page, &users, &tables::USERS_ON_TERMINAL);
        }
        differences(&mut page, &tables::orchestrators(variant), &tables::ON_TERMINAL);
    }
    page.table(
        &tables::runways(comparison),
        &["scenario", "p10", "p50", "mean", "censored"],
        usize::MAX,
        None,
    );
    objectives(&mut page, comparison);
    for remark in &comparison.remarks {
        let text = format!("{}: {}", remark.of.join(", "), remark.text);
        page.warning(remark.id, &text, &context.suppress_hint(remark.id));
    }
    page.files("comparison", context);
    page.text
}

/// How often the variant is better, how well pairing worked, judged by what is
/// spent a day, and what was left out.
pub(super) fn notes(variant: &Variant) -> Vec<String> {
    let better = ["runway_days", "cost_per_request_eth", "success_rate"].map(|id| {
        let difference = variant.difference(id)?;
        let paired = difference.paired.as_ref()?;
        let win = paired
            .win
            .filter(|win| paired.change != Change::Unchanged && win.interval().is_some())?;
        let ties = match paired.ties {
            0.0 => String::new(),
            ties => format!(" (in {} equal)", percent(ties)),
        };
        let share = share_interval(&win);
        Some(format!("{} in {} {share}{ties}", difference.headline.label, percent(win.mean)))
    });
    let better: Vec<String> = better.into_iter().flatten().collect();
    let better =
        (!better.is_empty()).then(|| format!("Better than the base: {}.", better.join(", ")));
    let spend = variant.difference("spend_per_day_eth").and_then(|d| d.paired.as_ref());
    let coupling = spend.and_then(|paired| paired.correlation.zip(paired.variance_ratio));
    let coupling = coupling.map(|(correlation, ratio)| {
        format!(
            "Paired future by future: the spend a day of both has correlation {}, and its \
             difference {} of the variance it would have with independent runs.",
            grouped(correlation, 3),
            percent(ratio)
        )
    });
    let runway = variant.difference("runway_days").and_then(|d| d.paired.as_ref());
    let gain = runway.and_then(|paired| paired.equivalent_pairs.zip(Some(paired.pairs)));
    let gain = gain.map(|(worth, pairs)| match worth > pairs as f64 {
        true => format!(
            "Variance reduction: the difference in runway is as good as of about {} plain pairs.",
            about(worth)
        ),
        false => {
            format!("Variance reduction gained nothing on {pairs} plain pairs for the runway.")
        }
    });
    let left_out: Vec<String> = variant
        .differences
        .iter()
        .filter(|difference| difference.paired.is_some() && difference.left_out > 0)
        .map(|difference| format!("{} {}", difference.headline.label, difference.left_out))
        .collect();
    let left_out = (!left_out.is_empty()).then(|| {
        format!("Futures left out, since one side has no such figure: {}.", left_out.join(", "))
    });
    better.into_iter().chain(coupling).chain(gain).chain(left_out).collect()
}

/// The first of some choices of columns that fits, or else what fits of the last.
fn differences(page: &mut Page, table: &Table, choices: &[&[&str]]) {
    let fits = |keys: &&&[&str]| fit(&table.lines(keys, usize::MAX, None), page.width());
    if let Some(keys) = choices.iter().find(fits).or(choices.last()) {
        page.table(table, keys, usize::MAX, None);
    }
}

fn objectives(page: &mut Page, comparison: &Comparison) {
    let table = tables::objectives(comparison);
    if table.rows.is_empty() {
        return;
    }
    let keys = ["scenario", "objective", "verdict", "probability", "interval", "required"];
    let colours = [(Verdict::Met, GREEN), (Verdict::NotKnown, YELLOW), (Verdict::Missed, RED)];
    page.blank();
    for (i, line) in table.fitting(&keys, usize::MAX, None, page.width()).iter().enumerate() {
        let has = |(verdict, _): &&(Verdict, &str)| {
            line.split("  ").any(|cell| cell.trim() == verdict.in_words())
        };
        let of_it = colours.iter().find(has);
        page.line(if i == 0 { BOLD } else { of_it.map_or("", |(_, colour)| *colour) }, line);
    }
}
