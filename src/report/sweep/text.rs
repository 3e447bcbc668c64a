use super::{
    HOW_SENSITIVE, RUNWAY, caveats, explained, extent, gain, objective_ids, sentence, tables,
};
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

    let explained = explained(sweep);
    for &place in &explained {
        let columns = ["label", "deviation", "key", "total", "total_lo", "total_hi", "first_order"];
        let table = tables::sensitivity(sweep, &[place]);
        page.table(&table, &columns, ROWS, None);
    }
    if !explained.is_empty() {
        page.blank();
        page.paragraph(DIM, HOW_SENSITIVE, "");
    }
    let (table, chosen) = if sweep.results.len() <= ROWS {
        (tables::settings(sweep), None)
    } else if sweep.admissible() > 0 {
        let front = tables::front(sweep);
        let chosen = match front.rows.len() {
            many if many > ROWS => format!("the first of the {many} on the Pareto front"),
            _ => "those on the Pareto front".to_string(),
        };
        (front, Some(chosen))
    } else {
        let chosen = "those nearest to their objectives (by what a chance lacks, then by runway)";
        (tables::nearest(sweep), Some(chosen.to_string()))
    };
    let mut keys: Vec<&str> = vec!["setting"];
    keys.extend(sweep.study.keys.iter().map(String::as_str));
    keys.extend(["standing", RUNWAY]);
    let chances: Vec<String> =
        objective_ids(sweep).into_iter().map(|id| format!("chance.{id}")).collect();
    if chosen.is_some() && sweep.admissible() == 0 {
        keys.extend(chances.iter().map(String::as_str));
    }
    let criteria = sweep.study.criteria.iter().map(String::as_str);
    keys.extend(criteria.filter(|id| *id != RUNWAY));
    page.table(&table, &keys, ROWS, None);
    if let Some(chosen) = chosen {
        let text = format!(
            "{} of {} settings, {chosen}; all are in settings.csv",
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
