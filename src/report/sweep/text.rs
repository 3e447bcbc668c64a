use super::{caveats, extent, gain, sentence, tables};
use crate::experiment::{Job, Sweep};
use crate::report::text::{DIM, Page, Style, YELLOW};
use crate::report::{RunContext, title};
use crate::scenario::Scenario;

/// Most settings on a terminal.
const ROWS: usize = 24;

/// A sweep for a terminal: the answer first, then a table.
pub fn sweep_terminal(
    scenario: &Scenario,
    job: &Job,
    sweep: &Sweep,
    context: &RunContext,
    style: Style,
) -> String {
    let mut page = Page::new(style);
    page.answer(&sentence(sweep), context);
    let varied = sweep.study.keys.join(", ");
    let (title, seed) = (title(scenario), scenario.seed);
    page.paragraph(DIM, &format!("{title}: {}, seed {seed}; {varied}", extent(job, sweep)), "");

    let is_long = sweep.results.len() > ROWS;
    let table = if is_long { tables::front(sweep) } else { tables::settings(sweep) };
    let mut keys: Vec<&str> = vec!["setting"];
    keys.extend(sweep.study.keys.iter().map(String::as_str));
    keys.push("standing");
    if !sweep.study.criteria.iter().any(|id| id == super::RUNWAY) {
        keys.push(super::RUNWAY);
    }
    keys.extend(sweep.study.criteria.iter().map(String::as_str));
    // What does not fit stands in the files.
    let mut lines = table.lines(&keys, ROWS, None);
    while keys.len() > 1 && lines.iter().any(|line| line.chars().count() > page.width()) {
        keys.pop();
        lines = table.lines(&keys, ROWS, None);
    }
    page.section(lines);
    if is_long {
        let text = format!(
            "{} of {} settings, those on the Pareto front; all are in settings.csv",
            table.rows.len().min(ROWS),
            sweep.results.len()
        );
        page.paragraph(DIM, &text, "");
    }
    if let Some(gain) = gain(sweep) {
        page.blank();
        page.paragraph("", &gain, "");
    }
    for caveat in caveats(sweep) {
        page.blank();
        page.paragraph(YELLOW, &caveat, "  ");
    }
    page.files("sweep", context);
    page.text
}
