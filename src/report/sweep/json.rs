use serde_json::{Map, Value, json};

use super::{sentence, tables};
use crate::ensemble::Headline;
use crate::experiment::{Job, Sampling, Sensitivity, Setting, SettingResult, SobolIndices, Sweep};
use crate::report::RunContext;
use crate::report::json::{estimated, number, objective, optional};
use crate::scenario::Scenario;

/// Version of the layout [`sweep_json`] describes.
pub const SWEEP_SCHEMA: u32 = 1;

/// A sweep as one JSON document, in the manner of
/// [`summary_json`](crate::report::summary_json).
///
/// | key | holds |
/// | --- | --- |
/// | `schema` | version of this layout, [`SWEEP_SCHEMA`] |
/// | `version`, `scenario`, `title`, `fingerprint`, `seed`, `replications` (planned for each setting), `precision`, `mode`, `command` | what was run |
/// | `answer` | the result in words |
/// | `keys`, `is_grid`, `sampling` | what is varied, whether in all combinations, and how else |
/// | `criteria` | ids of the figures that the Pareto front is over |
/// | `headlines` | the figures: `id`, `label`, `unit`, `better` |
/// | `settings` | in order: `setting` (its number), `values` by key, `scenario_sha256` of its resolved scenario, `replications` simulated, `censored_share`, `figures` by id with `mean` and `ci95`, or `null` where there is none, `objectives` as in `summary.json`, `standing` as in `settings.csv`, `admissible`, `on_front`, `has_blind_price_weight`, `blind_price_weights`: the gateways and models whose price weight tells no prices apart in it |
/// | `blind_price_weights` | those of any setting |
/// | `sensitivities` | only in a sweep laid out for it, and of figures that vary: `figure`, its standard `deviation` between settings, and `keys`, by key the Sobol' indices `total` and `first_order` with `mean` and `ci95` |
/// | `variance_reduction` | only where there is any: the method. The figures of a setting then have `equivalent_replications`, and it the number of `controls` fitted |
/// | `admissible`, `not_known` | how many meet every objective, and of how many it is not known |
/// | `missing` | only where some shards are missing: what |
pub fn sweep_json(scenario: &Scenario, job: &Job, sweep: &Sweep, context: &RunContext) -> Value {
    let study = &sweep.study;
    let settings = study.settings.iter().zip(&sweep.results).enumerate();
    let mut document = json!({
        "schema": SWEEP_SCHEMA,
        "version": context.version,
        "scenario": scenario.name,
        "title": scenario.title,
        "fingerprint": context.scenario_hash,
        "seed": scenario.seed,
        "replications": job.replications,
        "precision": job.precision,
        "mode": job.mode,
        "command": context.command,
        "answer": sentence(sweep),
        "keys": study.keys,
        "is_grid": study.is_grid(),
        "sampling": study.sampling,
        "criteria": study.criteria,
        "headlines": study.headlines.iter().map(headline).collect::<Vec<_>>(),
        "settings": settings
            .map(|(index, (setting, result))| entry(sweep, index, setting, result))
            .collect::<Vec<_>>(),
        "admissible": sweep.admissible(),
        "not_known": sweep.not_known(),
        "blind_price_weights": somewhere_blind(&study.settings),
    });
    if let Sampling::Sensitivity(_) = study.sampling {
        document["sensitivities"] = sensitivities(sweep);
    }
    if !job.variance_reduction.is_none() {
        document["variance_reduction"] = Value::from(job.variance_reduction.name());
    }
    if let Some(missing) = &context.missing {
        document["missing"] = Value::from(missing.as_str());
    }
    document
}

/// The gateways and models whose price weight is blind in any setting, in the order in
/// which settings name them.
fn somewhere_blind(settings: &[Setting]) -> Vec<&String> {
    let mut all: Vec<&String> = Vec::new();
    for name in settings.iter().flat_map(|setting| &setting.blind_price_weights) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

fn sensitivities(sweep: &Sweep) -> Value {
    let figures = sweep.study.headlines.iter().zip(&sweep.sensitivities);
    let of_key = |(key, indices): (&String, &SobolIndices)| {
        let SobolIndices { first_order, total } = *indices;
        let value = json!({
            "total": estimated(&Some(total)),
            "first_order": estimated(&Some(first_order)),
        });
        (key.clone(), value)
    };
    let of_figure = |(headline, sensitivity): (&Headline, &Option<Sensitivity>)| {
        let Sensitivity { deviation, inputs } = sensitivity.as_ref()?;
        let keys: Map<String, Value> = sweep.study.keys.iter().zip(inputs).map(of_key).collect();
        Some(json!({ "figure": headline.id, "deviation": number(*deviation), "keys": keys }))
    };
    figures.filter_map(of_figure).collect()
}

fn headline(headline: &Headline) -> Value {
    json!({
        "id": headline.id,
        "label": headline.label,
        "unit": headline.unit,
        "better": headline.better,
    })
}

fn entry(sweep: &Sweep, index: usize, setting: &Setting, result: &SettingResult) -> Value {
    let values = sweep.study.keys.iter().cloned();
    let values = values.zip(setting.values.iter().cloned().map(Value::String));
    let mut figures: Vec<(&Headline, Value)> =
        sweep.study.headlines.iter().zip(result.estimates.iter().map(estimated)).collect();
    if let Some(reduction) = &result.reduction {
        for ((_, figure), worth) in figures.iter_mut().zip(&reduction.equivalent_replications) {
            if figure.is_object() {
                figure["equivalent_replications"] = optional(*worth);
            }
        }
    }
    let mut entry = json!({
        "setting": index,
        "values": values.collect::<Map<_, _>>(),
        "scenario_sha256": setting.scenario_sha256,
        "replications": result.replications,
        "censored_share": number(result.censored_share),
        "figures": figures
            .into_iter()
            .map(|(headline, figure)| (headline.id.clone(), figure))
            .collect::<Map<_, _>>(),
        "objectives": result.objectives.iter().map(objective).collect::<Vec<_>>(),
        "standing": tables::standing_name(sweep, index),
        "admissible": result.is_admissible(),
        "on_front": result.is_on_front,
        "has_blind_price_weight": !setting.blind_price_weights.is_empty(),
        "blind_price_weights": setting.blind_price_weights,
    });
    if let Some(reduction) = &result.reduction {
        entry["controls"] = Value::from(reduction.controls);
    }
    entry
}
