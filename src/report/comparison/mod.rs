//! A comparison for people and programs.

mod html;
mod json;
mod markdown;
mod scale;
mod tables;
mod text;
mod verdict;

pub use json::{COMPARISON_SCHEMA, comparison_json};
pub use text::comparison_terminal;
use verdict::headline;
pub use verdict::verdict;

use super::directory::{OutputFile, figure_files, file, pretty, with_manifest};
use super::figures;
use super::format::{grouped, plural};
use super::{RunContext, WriteError, WriteOptions};
use crate::experiment::Comparison;

/// Every file of the directory of a comparison; `resolved` are the resolved
/// scenarios, the base's first.
pub(super) fn files(
    comparison: &Comparison,
    context: &RunContext,
    resolved: &[String],
    options: &WriteOptions,
) -> Result<Vec<OutputFile>, WriteError> {
    let figures = figures::of_comparison(comparison, context)?;
    let mut files = vec![
        file("comparison.json", pretty(&comparison_json(comparison, context))),
        file("comparison.csv", tables::long(comparison).csv()),
        file("replications.csv", tables::replications(comparison).csv()),
        file("comparison.md", markdown::markdown(comparison, context, &figures)),
        file("comparison.html", html::html(comparison, context, &figures)),
    ];
    for (run, text) in comparison.runs().zip(resolved) {
        files.push(file(&format!("scenarios/{}.toml", run.name), text.clone()));
    }
    for figure in &figures {
        files.extend(figure_files(figure, options)?);
    }
    let base = &comparison.base;
    Ok(with_manifest(&base.scenario, base.forecast.replications, context, files))
}

/// The title of the base, or its name.
fn title(comparison: &Comparison) -> &str {
    let scenario = &comparison.base.scenario;
    if scenario.title.is_empty() { &scenario.name } else { &scenario.title }
}

/// What was compared, how often, over which time.
fn extent(comparison: &Comparison) -> String {
    let base = &comparison.base.forecast;
    let counted = |number: u32, noun: &str| plural(&grouped(f64::from(number), 0), noun);
    format!(
        "{} against the base on the same demand: {} of each over {}, seed {}",
        plural(&comparison.variants.len().to_string(), "variant"),
        counted(base.replications, "simulated future"),
        counted(base.horizon_days, "day"),
        base.seed,
    )
}

/// How differences and their intervals are to be read.
fn reading(comparison: &Comparison) -> String {
    let count = comparison.variants.len();
    let intervals = match count {
        1 => "Brackets hold 95 % intervals (paired Student t).".to_string(),
        _ => format!(
            "Brackets around differences hold {} % intervals (paired Student t), so that those \
             of one figure hold together for the {count} variants in 95 of 100 experiments \
             (Bonferroni); comparison.json and comparison.csv have the plain 95 % ones too.",
            grouped(comparison.joint_level() * 100.0, 2)
        ),
    };
    format!(
        "{intervals} \"Unchanged\" means equal in every replication; \"no clear change\" that the \
         interval contains 0."
    )
}
