//! `calibration.md`, ready for a forum post.

use std::fmt::Write;

use super::{extent, sentence, tables, verdict};
use crate::experiment::calibrate::Calibration;
use crate::report::figures::Figure;
use crate::report::format::markdown_escaped;
use crate::report::markdown::{beginning, figure, origin, warnings};
use crate::report::{Origin, RunContext, title};
use crate::scenario::Scenario;

pub(super) fn markdown(
    scenario: &Scenario,
    calibration: &Calibration,
    source: &str,
    context: &RunContext,
    figures: &[Figure],
) -> String {
    let mut text = beginning(title(scenario), &[sentence(calibration)], context);
    let _ = writeln!(text, "{}.\n", markdown_escaped(&extent(calibration, source)));
    text.push_str("## What was fitted\n\n");
    for table in [tables::parameters(calibration), tables::mix(calibration)] {
        let _ = writeln!(text, "{}", table.markdown(usize::MAX));
    }
    let verdict = markdown_escaped(&verdict(calibration));
    let _ = writeln!(text, "## How well it fits\n\n{verdict}\n");
    for drawn in figures {
        text.push_str(&figure(figures, &drawn.slug));
    }
    let remarks = calibration.remarks.iter().cloned();
    text.push_str(&warnings(remarks.map(|remark| (String::new(), remark))));
    text + &origin(&Origin::CALIBRATION, scenario, context)
}
