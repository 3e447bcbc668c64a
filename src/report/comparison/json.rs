//! `comparison.json`: the comparison for programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::verdict;
use crate::ensemble::Estimate;
use crate::experiment::{Comparison, Difference, Paired, Run};
use crate::report::json::{ci95, estimated, number, objective, optional, runway};
use crate::report::{RunContext, sentence};

/// Version of the layout [`comparison_json`] describes; it grows when a key
/// changes its meaning or goes.
pub const COMPARISON_SCHEMA: u32 = 1;

/// A comparison as one JSON document.
///
/// Keys are in alphabetical order, floats have 9 significant digits, shares lie
/// between 0 and 1, an interval is `[lo, hi]` at 95 %, and what does not exist
/// is `null`.
///
/// | key | holds |
/// | --- | --- |
/// | `schema` | version of this layout, [`COMPARISON_SCHEMA`] |
/// | `version`, `scenario`, `title`, `scenario_hash` (of all resolved scenarios), `seed`, `replications`, `horizon_days`, `mode` | what was run |
/// | `joint_level` | the level of each `difference_ci_joint`, so that those of one figure hold together for all variants at 95 % (Bonferroni) |
/// | `scenarios` | base first: `name`, `title`, `start`, `answer` as in `summary.json`, `runway_days` and `objectives` as there |
/// | `variants` | in the order asked for: `name`, `verdict` in words, `figures`, `orchestrators` |
/// | `variants[].figures` | one a headline figure, of users by region too (`success_rate.eu`): `id`, `label`, `unit`, `better` (`higher`, `lower`, `neither`); `base` and `variant` with `mean` and `ci95`, `null` where the scenario has no such figure; `pairs` of replications compared and those `left_out` for want of the figure; `difference` (variant - base) with `difference_ci95` and `difference_ci_joint`; `relative_difference` to the base's mean; `change`: `changed`, `no_clear_change` or `unchanged`, by the joint interval; `win_probability`, the share of pairs in which the variant is better, with its Wilson interval, and `tie_probability` of those in which both are equal, as runways are that the horizon cuts; `correlation` of base and variant; `variance_ratio` of the difference to independent runs; with `--variance-reduction` the `equivalent_pairs` of independent, unadjusted replications that would know the difference as well, where it varies |
/// | `variants[].orchestrators` | as `figures`: what each orchestrator earns in ETH, those that the variant changes first, then by how much that changes |
/// | `variance_reduction` | the method, only with `--variance-reduction` |
/// | `remarks` | `id`, `text`, and the scenarios they are `of` |
///
/// Runways are cut at the horizon, so that the difference of `runway_days` is
/// one of restricted means.
pub fn comparison_json(comparison: &Comparison, context: &RunContext) -> Value {
    let base = &comparison.base;
    let mut document = json!({
        "schema": COMPARISON_SCHEMA,
        "version": context.version,
        "scenario": base.scenario.name,
        "title": base.scenario.title,
        "scenario_hash": context.scenario_hash,
        "seed": base.forecast.seed,
        "replications": base.forecast.replications,
        "horizon_days": base.forecast.horizon_days,
        "mode": base.forecast.mode,
        "joint_level": number(comparison.joint_level()),
        "scenarios": comparison.runs().map(scenario).collect::<Vec<_>>(),
        "variants": comparison.variants.iter().map(|variant| json!({
            "name": variant.run.name,
            "verdict": verdict(comparison, variant),
            "figures": figures(&variant.differences),
            "orchestrators": figures(&variant.orchestrators),
        })).collect::<Vec<_>>(),
        "remarks": comparison.remarks.iter().map(|remark| json!({
            "id": remark.id,
            "text": remark.text,
            "of": remark.of,
        })).collect::<Vec<_>>(),
    });
    if let Some(reduction) = &base.forecast.reduction {
        document["variance_reduction"] = Value::from(reduction.method.name());
    }
    document
}

fn scenario(run: &Run) -> Value {
    json!({
        "name": run.name,
        "title": run.scenario.title,
        "start": run.scenario.start.to_string(),
        "answer": sentence(&run.scenario, &run.forecast),
        "runway_days": runway(&run.forecast),
        "objectives": run.forecast.objectives.iter().map(objective).collect::<Vec<_>>(),
    })
}

fn figures(differences: &[Difference]) -> Vec<Value> {
    differences.iter().map(figure).collect()
}

fn figure(difference: &Difference) -> Value {
    let headline = &difference.headline;
    let paired = difference.paired.as_ref();
    let value = |of: fn(&Paired) -> Option<f64>| optional(paired.and_then(of));
    let interval = |of: fn(&Paired) -> Option<Estimate>| {
        paired.and_then(of).map_or(Value::Null, |estimate| ci95(&estimate))
    };
    let mut figure = json!({
        "id": headline.id,
        "label": headline.label,
        "unit": headline.unit,
        "better": headline.better,
        "base": estimated(&difference.base),
        "variant": estimated(&difference.variant),
        "pairs": paired.map_or(0, |paired| paired.pairs),
        "left_out": difference.left_out,
        "difference": value(|paired| Some(paired.difference.mean)),
        "difference_ci95": interval(|paired| Some(paired.difference)),
        "difference_ci_joint": interval(|paired| Some(paired.joint)),
        "relative_difference": value(|paired| paired.relative),
        "change": paired.map(|paired| paired.change),
        "win_probability": value(|paired| paired.win.map(|win| win.mean)),
        "win_probability_ci95": interval(|paired| paired.win),
        "tie_probability": value(|paired| Some(paired.ties)),
        "correlation": value(|paired| paired.correlation),
        "variance_ratio": value(|paired| paired.variance_ratio),
    });
    if let Some(worth) = paired.and_then(|paired| paired.equivalent_pairs) {
        figure["equivalent_pairs"] = number(worth);
    }
    figure
}

/// The name that a value without fields has in files.
pub(super) fn word(value: &impl Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_string()
}
