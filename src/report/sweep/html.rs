use std::fmt::Write;

use super::{
    HOW_SENSITIVE, RUNWAY, Report, Standing, caveats, explained, extent, gain, how_to_read,
    sentence, standing, tables,
};
use crate::report::format::{days, html_escaped, html_prose};
use crate::report::html::{
    page_end, page_start, push_card_section, push_caveats, push_figure, push_origin, push_table,
};
use crate::report::{Origin, title};

/// Most settings in the table of all; the CSV has the rest.
const ROWS: usize = 200;

/// `sweep.html`: one file, no network access.
pub(super) fn html(report: &Report) -> String {
    let Report { scenario, job, sweep, context, figures } = report;
    let under = format!("{}. Varied: {}.", extent(job, sweep), sweep.study.keys.join(", "));
    let mut page = page_start(title(scenario), &sentence(sweep), &under, context);
    push_cards(&mut page, report);
    let how = html_escaped(&how_to_read(sweep));
    let gain = gain(sweep).map(|gain| format!("<p>{}</p>\n", html_escaped(&gain)));
    let gain = gain.unwrap_or_default();
    let _ = writeln!(page, "<section>\n<p>{how}</p>\n{gain}</section>");
    push_caveats(&mut page, caveats(sweep).iter().map(|caveat| html_prose(caveat)));
    let explained = explained(sweep);
    // Their figures come first.
    let (explaining, others) = figures.split_at(explained.len());
    if !explained.is_empty() {
        let _ = write!(
            page,
            "<section>\n<h2>What the figures depend on</h2>\n<p class=\"explains\">{}</p>\n",
            html_prose(HOW_SENSITIVE)
        );
        push_table(&mut page, &tables::sensitivity(sweep, &explained));
        page.push_str("</section>\n");
    }
    for figure in explaining {
        push_figure(&mut page, figure, context);
    }
    let front = tables::front(sweep);
    if !front.rows.is_empty() {
        page.push_str("<section>\n<h2>On the Pareto front</h2>\n");
        push_table(&mut page, &front);
        page.push_str("</section>\n");
    }
    for figure in others {
        push_figure(&mut page, figure, context);
    }
    let mut all = tables::settings(sweep);
    let total = all.rows.len();
    all.rows.truncate(ROWS);
    let cut = match total > ROWS {
        true => format!("The first {ROWS} of {total}. "),
        false => String::new(),
    };
    let _ = write!(
        page,
        "<section>\n<h2>Every setting</h2>\n<p class=\"explains\">{cut}Means over replications; \
         <code>settings.csv</code> has every figure with its 95&nbsp;% interval, \
         <code>sweep.csv</code> the same as a long table.</p>\n"
    );
    push_table(&mut page, &all);
    page.push_str("</section>\n");
    push_origin(&mut page, &Origin::SWEEP, scenario, job.replications, context);
    page + &page_end()
}

fn push_cards(page: &mut String, report: &Report) {
    let sweep = report.sweep;
    let total = sweep.results.len();
    let of_total = format!("of {total} settings");
    let front = (0..total).filter(|&setting| standing(sweep, setting) == Standing::Front).count();
    let runways = sweep.results.iter().filter_map(|r| r.estimate(&sweep.study, RUNWAY));
    let means: Vec<f64> = runways.map(|estimate| estimate.mean).collect();
    let mut cards = Vec::new();
    if sweep.has_objectives() {
        cards.push(("Meet every objective", sweep.admissible().to_string(), of_total.clone()));
        if sweep.not_known() > 0 {
            cards.push(("Not known", sweep.not_known().to_string(), of_total.clone()));
        }
    }
    cards.push(("On the Pareto front", front.to_string(), of_total));
    if !means.is_empty() {
        let card = |value: f64| format!("{} days", days(value));
        let least = means.iter().copied().fold(f64::INFINITY, f64::min);
        let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        cards.push(("Shortest mean runway", card(least), String::new()));
        cards.push(("Longest mean runway", card(most), String::new()));
    }
    push_card_section(page, &cards);
}
