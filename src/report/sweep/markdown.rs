use std::fmt::Write;

use super::{Report, caveats, extent, how_to_read, sentence, tables};
use crate::report::format::markdown_escaped;
use crate::report::markdown::fenced;

/// Most settings in the table of all; the CSV has the rest.
const ROWS: usize = 50;

/// `sweep.md`, ready for a forum post.
pub(super) fn markdown(report: &Report) -> String {
    let Report { scenario, job, sweep, context, figures } = report;
    let mut text = format!(
        "# {}\n\n**{}**\n\n",
        markdown_escaped(report.title()),
        markdown_escaped(&sentence(sweep)),
    );
    if let Some(notice) = context.partial_notice() {
        let _ = writeln!(text, "> **{}**\n", markdown_escaped(&notice));
    }
    let _ = writeln!(text, "{}.\n\n{}\n", extent(job, sweep), how_to_read(sweep));
    let front = tables::front(sweep);
    if !front.rows.is_empty() {
        let _ = writeln!(text, "## On the Pareto front\n\n{}", front.markdown(usize::MAX));
    }
    for figure in *figures {
        let _ = writeln!(
            text,
            "## {title}\n\n![{title}](figures/{}.svg)\n\n{}\n",
            figure.slug,
            markdown_escaped(&figure.explanation),
            title = markdown_escaped(&figure.title),
        );
    }
    let _ = writeln!(text, "## Every setting\n\n{}", tables::settings(sweep).markdown(ROWS));
    text.push_str(
        "Means over replications. `settings.csv` has every setting and figure with its 95 % \
         interval, `sweep.csv` the same as a long table.\n\n",
    );
    let caveats = caveats(sweep);
    if !caveats.is_empty() {
        text.push_str("## What to know before believing it\n\n");
        for caveat in caveats {
            let _ = writeln!(text, "- {}", markdown_escaped(&caveat));
        }
        text.push('\n');
    }
    let _ = write!(
        text,
        "## Reproduction\n\nThe scenario without what is varied is `scenario.toml` beside this \
         report. The same version, scenario and seed give the same bytes on any machine:\n\n{}\n\
         - orchsim {}, seed {}\n- fingerprint `{}`\n",
        fenced(&context.command),
        markdown_escaped(&context.version),
        scenario.seed,
        context.scenario_hash,
    );
    text
}
