use std::fmt::Write;

use super::{RUNWAY, Report, Standing, caveats, extent, how_to_read, sentence, standing, tables};
use crate::report::format::{days, html_escaped};
use crate::report::html::{begun, finished, push_card_section, push_figure, push_table};

/// Most settings in the table of all; the CSV has the rest.
const ROWS: usize = 200;

/// `sweep.html`: one file, no network access.
pub(super) fn html(report: &Report) -> String {
    let Report { job, sweep, context, figures, .. } = report;
    let under = format!("{}. Varied: {}.", extent(job, sweep), sweep.study.keys.join(", "));
    let mut page = begun(report.title(), &sentence(sweep), &under, context);
    push_cards(&mut page, report);
    let _ = writeln!(page, "<section>\n<p>{}</p>", html_escaped(&how_to_read(sweep)));
    let caveats = caveats(sweep);
    if !caveats.is_empty() {
        page.push_str("<ul class=\"warnings\">\n");
        for caveat in caveats {
            let _ = writeln!(page, "<li>{}</li>", html_escaped(&caveat));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</section>\n");
    let front = tables::front(sweep);
    if !front.rows.is_empty() {
        page.push_str("<section>\n<h2>On the Pareto front</h2>\n");
        push_table(&mut page, &front);
        page.push_str("</section>\n");
    }
    for figure in *figures {
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
    push_origin(&mut page, report);
    finished(page)
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

fn push_origin(page: &mut String, report: &Report) {
    let Report { scenario, job, context, .. } = report;
    let _ = write!(
        page,
        "<section>\n<h2>Reproduction</h2>\n<p>The scenario without what is varied is \
         <code>scenario.toml</code> beside this page. The same version, scenario and seed give \
         the same bytes on any machine; <code>manifest.json</code> has the hash of every file.</p>\n\
         <pre><code>{}</code></pre>\n<dl><dt>orchsim</dt><dd>{}</dd><dt>Seed</dt><dd>{}</dd>\
         <dt>Replications</dt><dd>{}</dd><dt>Fingerprint</dt><dd><code>{}</code></dd></dl>\n\
         </section>\n",
        html_escaped(&context.command),
        html_escaped(&context.version),
        scenario.seed,
        job.replications,
        html_escaped(&context.scenario_hash),
    );
}
