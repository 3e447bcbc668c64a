//! A comparison for people and programs.

mod html;
mod json;
mod markdown;
mod scale;
mod tables;
mod text;
mod verdict;

use std::path::{Path, PathBuf};

pub use json::{COMPARISON_SCHEMA, comparison_json};
pub use text::comparison_terminal;
use verdict::headline;
pub use verdict::verdict;

use super::directory::{about, file, pretty, publish, table_and_figure_files};
use super::format::{self, grouped, plural};
use super::{RunContext, WriteError, WriteOptions, figures};
use crate::ensemble::ReductionSummary;
use crate::experiment::Comparison;

/// Writes everything about a comparison into `directory`, replacing what
/// orchsim wrote there before whole. `resolved` are the resolved scenarios, the
/// base's first. Returns the paths written, in alphabetical order.
///
/// | file | holds |
/// | --- | --- |
/// | `comparison.html`, `comparison.md`, `figures/*.svg` | the report |
/// | `comparison.json` | see [`comparison_json`] |
/// | `comparison.csv` | a row for each variant and figure |
/// | `orchestrators.csv` | a row for each variant and orchestrator: its fees |
/// | `replications.csv` | every figure of every replication |
/// | `scenarios/*.toml` | the resolved scenarios |
/// | `manifest.json` | what was run, and the hash of every file |
///
/// # Errors
/// As [`write_run_directory`](super::write_run_directory).
pub fn write_comparison_directory(
    directory: &Path,
    comparison: &Comparison,
    context: &RunContext,
    resolved: &[String],
    options: &WriteOptions,
) -> Result<Vec<PathBuf>, WriteError> {
    let figures = figures::of_comparison(comparison, context)?;
    let mut files = vec![
        file("comparison.json", pretty(&comparison_json(comparison, context))),
        file("comparison.md", markdown::markdown(comparison, context, &figures)),
        file("comparison.html", html::html(comparison, context, &figures)),
    ];
    let tables = [
        ("comparison", tables::long(comparison, |variant| &variant.differences)),
        ("orchestrators", tables::long(comparison, |variant| &variant.orchestrators)),
        ("replications", tables::replications(comparison)),
    ];
    for (run, text) in comparison.runs().zip(resolved) {
        files.push(file(&format!("scenarios/{}.toml", run.name), text.clone()));
    }
    files.extend(table_and_figure_files(&tables, &figures, options)?);
    let base = &comparison.base;
    publish(directory, files, about(&base.scenario, &base.forecast, context))
}

/// What was compared, how often, over which time.
fn extent(comparison: &Comparison) -> String {
    let base = &comparison.base.forecast;
    format!(
        "{} against the base, future by future: {} each, seed {}",
        plural(&comparison.variants.len().to_string(), "variant"),
        format::extent(base),
        base.seed,
    )
}

/// How differences and their intervals are to be read.
fn reading(comparison: &Comparison) -> String {
    let count = comparison.variants.len();
    let intervals = match count {
        1 => "Brackets hold 95 % intervals (paired Student t), each by itself: of twenty figures \
              that do not change one seems to."
            .to_string(),
        _ => format!(
            "Brackets around differences hold {} % intervals (paired Student t), so that those \
             of one figure hold together for the {count} variants in 95 of 100 experiments \
             (Bonferroni), each figure by itself: of twenty that do not change one seems to; \
             comparison.json and comparison.csv have the plain 95 % ones too.",
            grouped(comparison.joint_level() * 100.0, 2)
        ),
    };
    let reduction = comparison.base.forecast.reduction.as_ref().map(reduction_in_words);
    format!(
        "{intervals} \"Unchanged\" means equal in every replication; \"no clear change\" that the \
         interval contains 0.{}",
        reduction.unwrap_or_default()
    )
}

fn reduction_in_words(reduction: &ReductionSummary) -> String {
    let mut text = String::new();
    if reduction.method.has_pairs() {
        text += " Replications come in antithetic pairs, which are what intervals count.";
    }
    if reduction.controls > 0 {
        text += " Means and differences of figures that every replication has are adjusted by \
                 control variates.";
    }
    text
}
