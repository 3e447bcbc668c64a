use std::fmt::Write;

use super::{
    HOW_SENSITIVE, Report, caveats, explained, extent, gain, how_to_read, sentence, tables,
};
use crate::report::figures::Figure;
use crate::report::format::markdown_escaped;
use crate::report::markdown::{beginning, figure, origin, warnings};
use crate::report::{Origin, title};

/// Most settings in the table of all; the CSV has the rest.
const ROWS: usize = 50;

/// `sweep.md`, ready for a forum post.
pub(super) fn markdown(report: &Report) -> String {
    let Report { scenario, job, sweep, context, figures } = report;
    let mut text = beginning(title(scenario), &[sentence(sweep)], context);
    let _ = writeln!(text, "{}.\n\n{}\n", extent(job, sweep), how_to_read(sweep));
    if let Some(gain) = gain(sweep) {
        let _ = writeln!(text, "{gain}\n");
    }
    let explained = explained(sweep);
    if !explained.is_empty() {
        let table = tables::sensitivity(sweep, &explained).markdown(usize::MAX);
        let _ = writeln!(text, "## What the figures depend on\n\n{HOW_SENSITIVE}\n\n{table}");
    }
    let front = tables::front(sweep);
    if !front.rows.is_empty() {
        let _ = writeln!(text, "## On the Pareto front\n\n{}", front.markdown(usize::MAX));
    }
    for Figure { title, slug, .. } in *figures {
        let _ = write!(text, "## {}\n\n{}", markdown_escaped(title), figure(figures, slug));
    }
    let _ = writeln!(text, "## Every setting\n\n{}", tables::settings(sweep).markdown(ROWS));
    text.push_str(
        "Means over replications. `settings.csv` has every setting and figure with its 95 % \
         interval, `sweep.csv` the same as a long table.\n\n",
    );
    text.push_str(&warnings(caveats(sweep).into_iter().map(|caveat| (String::new(), caveat))));
    text + &origin(&Origin::SWEEP, scenario, context)
}
