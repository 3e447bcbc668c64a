//! `backtest.md`, ready for a forum post.

use std::fmt::Write;

use super::{
    BacktestReport, COVERAGE, COVERAGE_EXPLANATION, METHODS, TITLE, extent, independence, sentence,
    simulated, tables,
};
use crate::report::RunContext;
use crate::report::figures::Figure;
use crate::report::format::markdown_escaped;
use crate::report::markdown::{beginning, figure, reproduction, warnings};

pub(super) fn markdown(
    report: &BacktestReport,
    context: &RunContext,
    figures: &[Figure],
) -> String {
    let BacktestReport { backtest, engine, source, notes } = *report;
    let mut text = beginning(TITLE, &[sentence(backtest)], context);
    let _ = writeln!(text, "{}.\n", markdown_escaped(&extent(backtest, source)));
    let summary = tables::summary(backtest).markdown(usize::MAX);
    let _ = writeln!(text, "## Against baselines\n\n{summary}");
    let coverage = tables::coverage(backtest).markdown(usize::MAX);
    let _ = writeln!(text, "## {COVERAGE}\n\n{COVERAGE_EXPLANATION}\n\n{coverage}");
    for drawn in figures {
        text.push_str(&figure(figures, &drawn.slug));
    }
    if let Some(engine) = engine {
        let simulated = markdown_escaped(&simulated(engine));
        let _ = writeln!(text, "## Simulated request by request\n\n{simulated}\n");
    }
    let _ = writeln!(text, "## How it was done\n\n{}\n", METHODS.join("\n\n"));
    let caveats = notes.iter().cloned().chain(independence(backtest));
    text.push_str(&warnings(caveats.map(|caveat| (String::new(), caveat))));
    text + &reproduction(context)
}
