//! What people and programs read of a sweep.

mod html;
mod json;
mod markdown;
mod tables;
mod text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json as document;

use super::directory::{WriteOptions, file, pretty, publish, table_and_figure_files};
use super::format::{chosen_percent, counted, days, plural, whole_percent};
use super::reduction::{NO_CONTROLS, no_gain};
use super::table::Unit;
use super::{RunContext, WriteError, figures};
use crate::ensemble::{Estimate, LOW_SUCCESS, VarianceReduction, Verdict};
use crate::experiment::{Job, Sampling, SettingResult, SobolIndices, Sweep, quantity};
use crate::scenario::Scenario;
use crate::units::significant;

pub use json::{SWEEP_SCHEMA, sweep_json};
pub(super) use tables::{sensitivity as sensitivity_table, settings as settings_table};
pub use text::sweep_terminal;

/// Headline figures that figures and tables show beside the criteria and the
/// fee shares of the regions; CSV and JSON have all.
const SHOWN: [&str; 8] = [
    "runway_days",
    "revenue_eth",
    "returned_eth",
    "spend_per_day_eth",
    "success_rate",
    "latency_p95_ms",
    "hhi",
    "top4_share",
];
const RUNWAY: &str = "runway_days";
/// Most values that stand for a setting in a sentence.
const MOST_NAMED: usize = 2;
/// Least digits of a level, where it has as many.
const LEVEL_DIGITS: usize = 4;
/// Digits that tell any two doubles apart.
const EXACT_DIGITS: usize = 17;
/// Most settings that a sentence lists.
const MOST_LISTED: usize = 4;

/// Writes everything about a sweep into `directory`, replacing an earlier run
/// or sweep whole. `scenario` is the one that is varied. Returns the paths
/// written, in alphabetical order.
///
/// | file | holds |
/// | --- | --- |
/// | `sweep.html`, `sweep.md`, `figures/*.svg` | the report |
/// | `sweep.json` | see [`sweep_json`] |
/// | `sweep.csv` | long: a row for each setting and figure |
/// | `settings.csv` | wide: a row for each setting |
/// | `sensitivity.csv` | a row for each figure and key, in a sweep laid out for it |
/// | `scenario.toml` | the resolved scenario, without what is varied |
/// | `manifest.json` | what was run, and the hash of every file |
///
/// `options` adds PNG beside every figure and Parquet beside every CSV.
///
/// # Errors
/// As [`write_run_directory`](super::write_run_directory).
pub fn write_sweep_directory(
    directory: &Path,
    scenario: &Scenario,
    job: &Job,
    sweep: &Sweep,
    context: &RunContext,
    options: &WriteOptions,
) -> Result<Vec<PathBuf>, WriteError> {
    let origin = figures::origin(scenario, &extent(job, sweep), context);
    let drawn = figures::sweep::all(sweep, &origin)?;
    let report = Report { scenario, job, sweep, context, figures: &drawn };
    let mut files = vec![
        file("sweep.json", pretty(&sweep_json(scenario, job, sweep, context))),
        file("scenario.toml", job.scenario.clone()),
        file("sweep.md", markdown::markdown(&report)),
        file("sweep.html", html::html(&report)),
    ];
    let mut tables = vec![("sweep", tables::long(sweep)), ("settings", tables::settings(sweep))];
    let sensitivity =
        tables::sensitivity(sweep, &(0..sweep.study.headlines.len()).collect::<Vec<_>>());
    if !sensitivity.rows.is_empty() {
        tables.push(("sensitivity", sensitivity));
    }
    files.extend(table_and_figure_files(&tables, &drawn, options)?);
    let mut about = document!({
        "version": context.version,
        "scenario": scenario.name,
        "fingerprint": context.scenario_hash,
        "seed": scenario.seed,
        "replications": job.replications,
        "mode": job.mode,
        "settings": sweep.results.len(),
        "command": context.command,
    });
    if !job.variance_reduction.is_none() {
        about["variance_reduction"] = job.variance_reduction.name().into();
    }
    publish(directory, files, about)
}

/// What the long reports are made from.
struct Report<'a> {
    scenario: &'a Scenario,
    job: &'a Job,
    sweep: &'a Sweep,
    context: &'a RunContext,
    figures: &'a [figures::Figure],
}

/// How a setting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// On the Pareto front of the admissible settings.
    Front,
    /// Admissible, but another admissible setting is better.
    Dominated,
    /// No objective is missed, but the futures do not show that all are met.
    NotKnown,
    /// An objective is missed.
    Missed,
    /// Its shard is missing.
    NotSimulated,
}

pub(super) fn standing(sweep: &Sweep, setting: usize) -> Standing {
    let Some(result) = sweep.results.get(setting) else { return Standing::NotSimulated };
    match result.verdict {
        Some(Verdict::Met) if result.is_on_front => Standing::Front,
        Some(Verdict::Met) => Standing::Dominated,
        Some(Verdict::NotKnown) => Standing::NotKnown,
        Some(Verdict::Missed) => Standing::Missed,
        None => Standing::NotSimulated,
    }
}

/// A figure of every setting.
#[derive(Clone, Debug)]
pub(super) struct Quantity {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) unit: Unit,
    pub(super) estimates: Vec<Option<Estimate>>,
}

impl Default for Quantity {
    fn default() -> Quantity {
        let (id, label) = (String::new(), String::new());
        Quantity { id, label, unit: Unit::Index, estimates: Vec::new() }
    }
}

impl Quantity {
    /// The headline figure at a place.
    pub(super) fn headline(sweep: &Sweep, place: usize) -> Quantity {
        let headline = &sweep.study.headlines[place];
        let estimate = |result: &SettingResult| result.estimates.get(place).copied().flatten();
        Quantity {
            id: headline.id.clone(),
            label: headline.label.clone(),
            unit: Unit::of(headline.unit),
            estimates: sweep.results.iter().map(estimate).collect(),
        }
    }

    /// The probability that an objective is attained, where it is known.
    fn chance(sweep: &Sweep, id: &str) -> Quantity {
        let chance = |result: &SettingResult| {
            let objective = result.objectives.iter().find(|objective| objective.id == id)?;
            let is_known = result.verdict.is_some() && objective.verdict != Verdict::NotKnown;
            is_known.then_some(objective.probability)
        };
        Quantity {
            id: format!("chance.{id}"),
            label: format!("chance of {id}"),
            unit: Unit::Share,
            estimates: sweep.results.iter().map(chance).collect(),
        }
    }

    /// How far the means of the settings are apart.
    pub(super) fn extent(&self) -> f64 {
        let means = || self.estimates.iter().flatten().map(|estimate| estimate.mean);
        means().fold(f64::NEG_INFINITY, f64::max) - means().fold(f64::INFINITY, f64::min)
    }

    /// Its name with its unit.
    pub(super) fn title(&self) -> String {
        match self.unit.name() {
            "" => self.label.clone(),
            name => format!("{} ({name})", self.label),
        }
    }
}

/// What figures and tables show: the chosen headline figures, then the chance
/// of every objective.
pub(super) fn quantities(sweep: &Sweep) -> Vec<Quantity> {
    let is_shown = |id: &str| {
        SHOWN.contains(&id)
            || id.starts_with("fee_share.")
            || sweep.study.criteria.iter().any(|criterion| criterion == id)
    };
    let headlines = sweep.study.headlines.iter().enumerate();
    let shown = headlines.filter(|(_, headline)| is_shown(&headline.id));
    let shown = shown.map(|(place, _)| Quantity::headline(sweep, place));
    let chances = objective_ids(sweep).into_iter().map(|id| Quantity::chance(sweep, id));
    shown.chain(chances).collect()
}

/// Every objective, in order of first appearance.
fn objective_ids(sweep: &Sweep) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for objective in sweep.study.settings.iter().flat_map(|setting| &setting.objectives) {
        if !ids.contains(&objective.id.as_str()) {
            ids.push(&objective.id);
        }
    }
    ids
}

/// The varied keys for people: the last part of each where that is enough.
pub(super) fn short_keys(sweep: &Sweep) -> Vec<&str> {
    let last = |key: &'_ str| key.rsplit('.').next().unwrap_or_default().to_string();
    let keys = &sweep.study.keys;
    let is_unique = |key: &str| keys.iter().filter(|other| last(other) == last(key)).count() == 1;
    let short = |key: &str| if is_unique(key) { key.len() - last(key).len() } else { 0 };
    keys.iter().map(|key| &key[short(key)..]).collect()
}

/// The value of a key in each setting for people: numbers with the fewest digits that
/// tell its levels apart, but no fewer than four, nor than stand before the point.
fn level_labels(sweep: &Sweep, key: usize) -> Vec<String> {
    let settings = sweep.study.settings.iter();
    let texts: Vec<&str> =
        settings.map(|setting| setting.values.get(key).map_or("", String::as_str)).collect();
    let numbers: Vec<Option<(f64, &str)>> = texts.iter().map(|text| quantity(text)).collect();
    let rounded = |digits: usize| -> Vec<String> {
        let label = |(text, number): (&&str, &Option<(f64, &str)>)| {
            let Some((value, unit)) = *number else { return text.to_string() };
            match rounded_level(value, digits) {
                short if short == value => text.to_string(),
                short => format!("{short} {unit}").trim_end().to_string(),
            }
        };
        texts.iter().zip(&numbers).map(label).collect()
    };
    told_apart(LEVEL_DIGITS, rounded)
}

/// Labels with the fewest digits, `least` at least, that tell apart what all digits of a
/// double do.
pub(super) fn told_apart(least: usize, labels: impl Fn(usize) -> Vec<String>) -> Vec<String> {
    let count = |labels: &[String]| labels.iter().collect::<BTreeSet<_>>().len();
    let exact = labels(EXACT_DIGITS);
    let is_exact = |short: &Vec<String>| count(short) == count(&exact);
    (least..EXACT_DIGITS).map(&labels).find(is_exact).unwrap_or(exact)
}

/// A number with so many digits, and every one before the point.
pub(super) fn rounded_level(value: f64, digits: usize) -> f64 {
    let whole = libm::floor(libm::log10(libm::fabs(value).max(1.0))) as usize + 1;
    significant(value, digits.max(whole))
}

/// A setting in a sentence: its values where there are few, else its number.
fn setting_name(sweep: &Sweep, setting: usize) -> String {
    let keys = short_keys(sweep);
    if keys.len() > MOST_NAMED {
        return format!("setting {setting}");
    }
    let label = |(place, key): (usize, &str)| {
        let value = level_labels(sweep, place).into_iter().nth(setting).unwrap_or_default();
        format!("{key}={value}")
    };
    keys.into_iter().enumerate().map(label).collect::<Vec<_>>().join(", ")
}

/// How much was simulated.
fn extent(job: &Job, sweep: &Sweep) -> String {
    let seen = sweep.results.iter().map(|result| result.replications);
    let (least, most) = (seen.clone().min().unwrap_or(0), seen.max().unwrap_or(0));
    let settings = counted(sweep.results.len() as u32, "setting");
    match least == most {
        true => format!("{settings}, {} each", counted(most, "simulated future")),
        false => {
            format!("{settings}, {least} to {most} of {} simulated futures each", job.replications)
        }
    }
}

/// The criteria of the front in words.
fn criteria(sweep: &Sweep) -> String {
    let labels: Vec<&str> = sweep
        .study
        .criteria
        .iter()
        .filter_map(|id| sweep.study.headline(id))
        .map(|place| sweep.study.headlines[place].label.as_str())
        .collect();
    match labels.as_slice() {
        [] => String::new(),
        [only] => (*only).to_string(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The result in two sentences: which settings are good, and what the sweep
/// does to the runway.
fn sentence(sweep: &Sweep) -> String {
    let total = sweep.results.len();
    let front = sweep.results.iter().filter(|result| result.is_on_front).count();
    let is_are = if front == 1 { "is" } else { "are" };
    let settings = plural(&total.to_string(), "setting");
    let verdict = match (sweep.admissible(), sweep.not_known()) {
        (0, 0) if sweep.has_objectives() => {
            format!("None of the {settings} meets every objective.")
        }
        (0, not_known) if sweep.has_objectives() => format!(
            "None of the {settings} is known to meet every objective; for {not_known} of them the \
             futures do not show it."
        ),
        (0, _) => "Nothing was simulated.".to_string(),
        (admissible, not_known) if sweep.has_objectives() => {
            let meet = if admissible == 1 { "meets" } else { "meet" };
            let not_known = match not_known {
                0 => String::new(),
                _ => format!(" Of {not_known} more the futures do not show it."),
            };
            format!(
                "{admissible} of {settings} {meet} every objective; {front} of them {is_are} on \
                 the Pareto front.{not_known}"
            )
        }
        _ => format!("{front} of {settings} {is_are} on the Pareto front."),
    };
    let sentences =
        [most_decisive(sweep), Some(verdict), runway_range(sweep), poorly_served(sweep)];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Which keys the mean runway depends on most, in a sweep laid out to tell.
fn most_decisive(sweep: &Sweep) -> Option<String> {
    let (keys, ranked) = (short_keys(sweep), ranked(sweep, sweep.study.headline(RUNWAY)?));
    let share = |indices: &SobolIndices| whole_percent(indices.total.mean);
    let ((key, first), others) = ranked.split_first()?;
    let others = others.iter().take(MOST_NAMED - 1);
    let others: String =
        others.map(|(key, next)| format!(" and {} to {}", share(next), keys[*key])).collect();
    Some(format!(
        "{} of the variance of the mean runway is due to {}{others}, alone and with others.",
        share(first),
        keys[*key]
    ))
}

/// The keys, by their number, with the indices of the headline figure at a place; that
/// with the largest total first. None where they are not known.
pub(super) fn ranked(sweep: &Sweep, place: usize) -> Vec<(usize, SobolIndices)> {
    let inputs = sweep.sensitivities[place].iter().flat_map(|sensitivity| &sensitivity.inputs);
    let mut ranked: Vec<(usize, SobolIndices)> = inputs.copied().enumerate().collect();
    ranked.sort_by(|(_, a), (_, b)| b.total.mean.total_cmp(&a.total.mean));
    ranked
}

/// The criteria of the front of which it is known what they depend on.
pub(super) fn explained(sweep: &Sweep) -> Vec<usize> {
    let is_explained = |&place: &usize| {
        sweep.sensitivities[place].is_some()
            && sweep.study.criteria.contains(&sweep.study.headlines[place].id)
    };
    (0..sweep.sensitivities.len()).filter(is_explained).collect()
}

/// What the shares of the keys are of.
const HOW_SENSITIVE: &str = "Sobol' indices, shares of the variance between settings: what would \
    be left of it if all keys but this one were known (total: alone and with others), and what \
    would go if this one were (first order: alone); totals overlap where keys work together. Each \
    key takes all values of its range or list alike, whatever the others have. What chance does \
    to a setting's mean counts too where it differs between settings: with few futures a key of \
    small effect seems larger, and more of them show it. Deviations \
    are standard deviations between settings, in the unit of the figure; intervals are by \
    bootstrap over the rows of the design, and rather too wide.";

/// The settings with the shortest and the longest mean runway.
fn runway_range(sweep: &Sweep) -> Option<String> {
    let runways: Vec<(usize, f64)> = sweep
        .results
        .iter()
        .enumerate()
        .filter_map(|(setting, result)| {
            Some((setting, result.estimate(&sweep.study, RUNWAY)?.mean))
        })
        .collect();
    let (shortest, least) = *runways.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (longest, most) = *runways.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    let lasting = |value: f64| plural(&days(value), "day");
    let censored = sweep.results.iter().any(|result| result.censored_share > 0.0);
    let cut = if censored { ", cut at the horizon" } else { "" };
    Some(if days(least) == days(most) {
        format!("The credits last {} on average in every setting{cut}.", lasting(least))
    } else {
        format!(
            "The credits last {} ({}) to {} ({}) on average{cut}.",
            days(least),
            setting_name(sweep, shortest),
            lasting(most),
            setting_name(sweep, longest)
        )
    })
}

/// How many settings serve few of the requests, and which serves fewest, where any
/// does.
fn poorly_served(sweep: &Sweep) -> Option<String> {
    let rate = |setting: &SettingResult| {
        setting.estimate(&sweep.study, "success_rate").map(|estimate| estimate.mean)
    };
    let rates = sweep.results.iter().map(rate).enumerate();
    let poor = rates.filter_map(|(setting, rate)| Some((setting, rate?)));
    let poor: Vec<(usize, f64)> = poor.filter(|(_, rate)| *rate < LOW_SUCCESS).collect();
    let (worst, least) = poor.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!(
        "But what is not served is not spent: {} of {} {} less than {} of the requests, {} only {}.",
        poor.len(),
        plural(&sweep.results.len().to_string(), "setting"),
        if poor.len() == 1 { "serves" } else { "serve" },
        whole_percent(LOW_SUCCESS),
        setting_name(sweep, *worst),
        whole_percent(*least)
    ))
}

/// What variance reduction did and what it gained, over all settings; `None` where
/// there is none.
fn gain(sweep: &Sweep) -> Option<String> {
    let reduced = || sweep.results.iter().filter_map(|r| Some((r, r.reduction.as_ref()?)));
    let (result_of_first, first) = reduced().next()?;
    let an_observation = first.method.replications_an_observation();
    let mut done = Vec::new();
    if first.method.has_pairs() {
        done.push("the futures of a setting are antithetic pairs, which are what intervals count");
    }
    if first.method.has_controls() {
        done.push(match reduced().map(|(_, reduction)| reduction.controls).max() {
            None | Some(0) => NO_CONTROLS,
            Some(_) => "means are adjusted by control variates, setting by setting",
        });
    }
    let runway = sweep.study.headline(RUNWAY)?;
    let worth = reduced().filter_map(|(result, reduction)| {
        let worth = reduction.equivalent_replications.get(runway).copied().flatten()?;
        Some(worth / f64::from(result.replications))
    });
    let (least, most) = worth
        .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), w| (least.min(w), most.max(w)));
    let times = |ratio: f64| significant(ratio, 2);
    let worth = match (times(least), times(most)) {
        _ if most == 0.0 => {
            let observations = result_of_first.replications / an_observation;
            no_gain(observations as usize).to_string()
        }
        (_, most) if most <= 1.0 => {
            "of the mean runways they know no more than as many plain ones would".to_string()
        }
        (least, most) if least == most => {
            format!("the mean runway is as good as that of {most} times as many plain ones")
        }
        (least, most) => format!(
            "the mean runways are as good as those of {least} to {most} times as many plain ones"
        ),
    };
    let method = first.method.name();
    Some(format!("Variance reduction ({method}): {}; {worth}.", done.join(", ")))
}

/// What to keep in mind.
fn caveats(sweep: &Sweep) -> Vec<String> {
    let mut caveats = Vec::new();
    if matches!(sweep.study.sampling, Sampling::Sensitivity(_)) && !sweep.have_same_futures {
        caveats.push(
            "There are no sensitivities, since shards are missing: settings of different futures \
             differ by their luck too."
                .to_string(),
        );
    }
    let cut: Vec<&f64> = sweep
        .results
        .iter()
        .map(|result| &result.censored_share)
        .filter(|share| **share > 0.0)
        .collect();
    if !cut.is_empty() {
        let most = cut.iter().copied().copied().fold(0.0, f64::max);
        caveats.push(format!(
            "In {} some futures (up to {}) still have credits at the horizon: their runway counts \
             as the horizon, so that means of the runway are too low there. A longer `--horizon` \
             shows the rest.",
            plural(&cut.len().to_string(), "setting"),
            chosen_percent(libm::round(most * 1000.0) / 1000.0)
        ));
    }
    let not_known = sweep.not_known();
    if not_known > 0 {
        caveats.push(format!(
            "Of {} it is not known whether every objective is met: that depends on futures of \
             which it cannot be said, as credits are left at the horizon before the day they are \
             to last to, or nobody earns fees.",
            plural(&not_known.to_string(), "setting")
        ));
    }
    caveats.extend(blind_price_weights(sweep));
    let is_single = |result: &&SettingResult| {
        let method = result.reduction.as_ref().map(|reduction| reduction.method);
        let one = method.map_or(1, VarianceReduction::replications_an_observation);
        (1..=one).contains(&result.replications)
    };
    if let Some(single) = sweep.results.iter().find(is_single) {
        let (what, enough) = match single.replications {
            1 => ("replication shows one future and no spread", 20),
            _ => ("antithetic pair shows no spread between pairs", 40),
        };
        caveats.push(format!(
            "One {what}: no figure has an interval. Use at least 20 \
             (`--replications {enough}`)."
        ));
    }
    caveats
}

/// In which settings a price weight is blind, and where: those with the same weights
/// blind together, most of them first.
fn blind_price_weights(sweep: &Sweep) -> Option<String> {
    let settings = &sweep.study.settings;
    let mut groups: Vec<(&[String], Vec<usize>)> = Vec::new();
    for (setting, of) in settings.iter().enumerate() {
        let names = of.blind_price_weights.as_slice();
        match groups.iter_mut().find(|(known, _)| *known == names) {
            _ if names.is_empty() => {}
            Some((_, alike)) => alike.push(setting),
            None => groups.push((names, vec![setting])),
        }
    }
    groups.sort_by_key(|(_, alike)| std::cmp::Reverse(alike.len()));
    let in_words = |(names, alike): &(&[String], Vec<usize>)| {
        let (first, others) = names.split_first()?;
        let which = match alike.len() {
            all if all == settings.len() => "every setting".to_string(),
            few if few <= MOST_LISTED => {
                let names: Vec<String> =
                    alike.iter().map(|&setting| setting_name(sweep, setting)).collect();
                format!("{few} of {} settings ({})", settings.len(), names.join("; "))
            }
            many => format!("{many} of {} settings", settings.len()),
        };
        let more = match others.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        Some((which, format!("{first}{more}")))
    };
    let mut described = groups.iter().take(MOST_LISTED).filter_map(in_words);
    let (which, names) = described.next()?;
    let mut text = format!("In {which} the price weight is blind ({names})");
    for (which, names) in described {
        text += &format!(", in {which} that of {names}");
    }
    let rest: usize = groups.iter().skip(MOST_LISTED).map(|(_, alike)| alike.len()).sum();
    if rest > 0 {
        text += &format!(", in {rest} more those of others (`sweep.json`)");
    }
    Some(format!("{text}: it tells no price there from another. `orchsim explain` says why."))
}

/// What the standings and the front mean.
fn how_to_read(sweep: &Sweep) -> String {
    let objectives = sweep.study.settings.first().map_or(&[][..], |first| &first.objectives);
    let objectives: Vec<String> = objectives
        .iter()
        .map(|aim| format!("{} in {} of the futures", aim.text, chosen_percent(aim.required)))
        .collect();
    let admissible = match sweep.has_objectives() {
        true if sweep.study.keys.iter().any(|key| key.starts_with("objectives")) => {
            "A setting is admissible where it meets each of its objectives. ".to_string()
        }
        true => format!("A setting is admissible where {}. ", objectives.join("; ")),
        false => String::new(),
    };
    format!(
        "Every setting sees the same seed and hence the same demand, so that differences between \
         settings vary less than their intervals. {admissible}One is on the Pareto front where no \
         other{} is at least as good in {} and better in one of them, by their means.",
        if sweep.has_objectives() { " admissible one" } else { "" },
        criteria(sweep)
    )
}
