//! What a sweep does and what came of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::design::settings_a_row;
use super::sensitivity::{Row, Sensitivity, sensitivity};
use super::{Design, Job, Replicate, Sampling, Shard, front, sha256};
use crate::ensemble::{
    Better, Controls, Estimate, Headline, ObjectiveResult, Plan, ReducedFigure, Replicator, Sample,
    VarianceReduction, Verdict, blind_price_weights, hand_out, headline_values, headlines, holds,
    in_words, precise_enough,
};
use crate::payments::LedgerViolation;
use crate::scenario::{Objective, Scenario, to_toml};
use crate::simulation::{Mode, OwnPaces, World};

/// The headline figure that a precision is about.
const RUNWAY: &str = "runway_days";
/// What a Pareto front is over unless someone says otherwise: cost (how long
/// the credits last), latency, success and concentration.
const CRITERIA: [&str; 4] = [RUNWAY, "latency_p95_ms", "success_rate", "hhi"];

/// The settings of a sweep and everything that its report says of them beside
/// what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// The keys that are varied.
    pub keys: Vec<String>,
    /// How the settings were chosen.
    pub sampling: Sampling,
    /// The headline figures of all settings.
    pub headlines: Vec<Headline>,
    /// Ids of the headline figures that the Pareto front is over.
    pub criteria: Vec<String>,
    /// The settings.
    pub settings: Vec<Setting>,
}

/// One setting of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The values of the keys.
    pub values: Vec<String>,
    /// SHA-256 of its resolved scenario.
    pub scenario_sha256: String,
    /// What it is to attain.
    pub objectives: Vec<Aim>,
    /// The gateways and models whose price weight is blind in it, as
    /// [`blind_price_weights`] has them.
    pub blind_price_weights: Vec<String>,
}

/// An objective of a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aim {
    /// The name the scenario gives it.
    pub id: String,
    /// It in words.
    pub text: String,
    /// The least share of replications in which it must hold.
    pub required: f64,
}

impl Setting {
    /// The setting of these values, whose scenario is this one.
    pub fn new(values: &[String], scenario: &Scenario) -> Setting {
        let aim = |objective: &Objective| Aim {
            id: objective.id.clone(),
            text: in_words(&objective.goal, &scenario.network),
            required: objective.probability,
        };
        Setting {
            values: values.to_vec(),
            scenario_sha256: sha256(to_toml(scenario).as_bytes()),
            objectives: scenario.objectives.iter().map(aim).collect(),
            blind_price_weights: blind_price_weights(scenario),
        }
    }
}

impl Study {
    /// The study of a design with these settings, which have these headline figures.
    /// `criteria` are ids of headline figures; where there are none, the usual ones.
    ///
    /// # Errors
    /// A criterion that is no headline figure, or one of which neither more
    /// nor less is better.
    pub fn new(
        design: &Design,
        settings: Vec<Setting>,
        all: Vec<Headline>,
        criteria: &[String],
    ) -> Result<Study, String> {
        let mut chosen: Vec<String> = Vec::new();
        for id in criteria {
            let known = all.iter().find(|headline| headline.id == *id);
            if known.is_none_or(|headline| headline.better == Better::Neither) {
                let valid = all.iter().filter(|headline| headline.better != Better::Neither);
                let ids: Vec<&str> = valid.map(|headline| headline.id.as_str()).collect();
                return Err(format!(
                    "a Pareto front cannot be over `{id}`; it can be over {}",
                    ids.join(", ")
                ));
            }
            if !chosen.contains(id) {
                chosen.push(id.clone());
            }
        }
        if chosen.is_empty() {
            chosen = CRITERIA.map(str::to_string).to_vec();
        }
        Ok(Study {
            keys: design.keys.clone(),
            sampling: design.sampling,
            headlines: all,
            criteria: chosen,
            settings,
        })
    }

    /// The first thing in which two studies differ.
    pub(super) fn difference(&self, other: &Study) -> Option<String> {
        let lists = |name: &str, a: &[String], b: &[String]| {
            (a != b).then(|| format!("{name} (`{}` and `{}`)", a.join(", "), b.join(", ")))
        };
        lists("the keys of `--vary`", &self.keys, &other.keys)
            .or_else(|| lists("`--pareto`", &self.criteria, &other.criteria))
            .or_else(|| {
                let pairs = self.settings.iter().zip(&other.settings);
                let different = pairs.enumerate().find(|(_, (a, b))| a.values != b.values);
                let (index, (a, b)) = different?;
                lists(&format!("the values of setting {index}"), &a.values, &b.values)
            })
            .or_else(|| {
                let (a, b) = (self.settings.len(), other.settings.len());
                (a != b).then(|| format!("the number of settings ({a} and {b})"))
            })
            .or_else(|| (self != other).then(|| "the scenarios of the settings".to_string()))
    }

    /// Whether the settings are all combinations of the values of the keys.
    pub fn is_grid(&self) -> bool {
        self.sampling == Sampling::Grid
    }

    /// The place of a headline figure.
    pub fn headline(&self, id: &str) -> Option<usize> {
        self.headlines.iter().position(|headline| headline.id == id)
    }

    /// What is kept of a replication of a setting.
    fn observe(&self, replicate: Replicate, scenario: &Scenario, sample: &Sample) -> Observation {
        let own = headlines(scenario);
        let own_values = headline_values(scenario, sample);
        let value = |headline: &Headline| {
            let place = own.iter().position(|known| known.id == headline.id)?;
            own_values.get(place).copied().flatten().filter(|value| value.is_finite())
        };
        let network = &scenario.network;
        let is_held = |objective: &Objective| holds(&objective.goal, network, sample);
        Observation {
            replicate,
            is_censored: sample.is_censored,
            values: self.headlines.iter().map(value).collect(),
            holds: scenario.objectives.iter().map(is_held).collect(),
            controls: sample.controls.clone(),
        }
    }
}

/// What a sweep keeps of one replication of one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Which.
    #[serde(rename = "unit")]
    pub replicate: Replicate,
    /// Whether the credits outlived the horizon.
    pub is_censored: bool,
    /// The value of each headline figure of the study, where it has one.
    pub values: Vec<Option<f64>>,
    /// Whether each objective of the setting was attained, where there is a
    /// saying.
    pub holds: Vec<Option<bool>>,
    /// The control variates, where the variance is reduced by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<f64>,
}

/// The control variates of replications of a setting, in the order of their numbers.
fn controls_of(reduction: VarianceReduction, seen: &[&Observation]) -> Controls {
    Controls::new(reduction, seen.iter().map(|observation| observation.controls.as_slice()))
}

/// Runs what a shard of a job still lacks, in parallel on the threads of the
/// calling rayon pool, each setting on the same seed and hence the same
/// demand. `load` gives the scenario of a setting, which is prepared when it is
/// due and dropped when it is done: all at once would take memory by settings
/// times orchestrators. `done` is what there is already, and is what there is
/// afterwards. `sink` is told of every replication as it ends.
///
/// # Errors
/// That of loading, that of the sink, or that the books of a replication do not
/// balance.
pub fn observe<E: From<LedgerViolation> + Send>(
    job: &Job,
    study: &Study,
    load: &(dyn Fn(usize) -> Result<Scenario, E> + Sync),
    shard: Shard,
    done: &mut BTreeMap<Replicate, Observation>,
    sink: &(dyn Fn(&Observation) -> Result<(), E> + Sync),
) -> Result<(), E> {
    let replicates: Vec<Replicate> =
        shard.replicates(job).filter(|replicate| !done.contains_key(replicate)).collect();
    if replicates.is_empty() {
        return Ok(());
    }
    let paces = match job.mode {
        Mode::Exact => None,
        Mode::Aggregate => {
            let own = |setting| Ok(OwnPaces::new(&load(setting)?)?);
            let own: Result<_, E> = (0..study.settings.len()).into_par_iter().map(own).collect();
            Some(OwnPaces::in_common(own?))
        }
    };
    let settings: Vec<&[Replicate]> = replicates.chunk_by(|a, b| a.setting == b.setting).collect();
    let seen = Mutex::new(Seen { done, outcome: Ok(()) });
    let observer = Observer { study, plan: job.plan(), sink, seen };
    // Threads that find no setting left help with those of others.
    hand_out(settings.len(), &|place| {
        let replicates = settings[place];
        let setting = replicates[0].setting as usize;
        match load(setting) {
            Ok(scenario) => {
                let world = match &paces {
                    None => World::new(&scenario),
                    Some(paces) => World::paced(&scenario, paces[setting].clone()),
                };
                observer.observe_setting(replicates, &world)
            }
            Err(error) => observer.keep(Err(error)),
        }
    });
    observer.seen.into_inner().unwrap_or_else(PoisonError::into_inner).outcome
}

/// What threads have in common.
struct Seen<'a, E> {
    done: &'a mut BTreeMap<Replicate, Observation>,
    /// The first error.
    outcome: Result<(), E>,
}

struct Observer<'a, E> {
    study: &'a Study,
    plan: Plan,
    sink: &'a (dyn Fn(&Observation) -> Result<(), E> + Sync),
    seen: Mutex<Seen<'a, E>>,
}

impl<'a, E: From<LedgerViolation> + Send> Observer<'a, E> {
    fn seen(&self) -> MutexGuard<'_, Seen<'a, E>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was observed; breaks where there was an error.
    fn keep(&self, observed: Result<Observation, E>) -> ControlFlow<()> {
        let mut seen = self.seen();
        match observed {
            _ if seen.outcome.is_err() => {}
            Ok(observation) => _ = seen.done.insert(observation.replicate, observation),
            Err(error) => seen.outcome = Err(error),
        }
        if seen.outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Runs these replications of a setting, or as many as its precision asks for.
    fn observe_setting(&self, replicates: &[Replicate], world: &World) -> ControlFlow<()> {
        let replicator = Replicator::new(world, self.plan.variance_reduction);
        let mut begun = 0;
        for look in self.plan.looks() {
            let due = replicates[begun..].partition_point(|replicate| replicate.replication < look);
            let due = &replicates[begun..begun + due];
            begun += due.len();
            hand_out(due.len(), &|place| self.keep(self.observe(due[place], world, &replicator)));
            if self.seen().outcome.is_err() {
                return ControlFlow::Break(());
            }
            if self.is_precise(replicates[0].setting, look) {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    fn observe(
        &self,
        replicate: Replicate,
        world: &World,
        replicator: &Replicator,
    ) -> Result<Observation, E> {
        let (sample, _) = replicator.run(u64::from(replicate.replication))?;
        let observation = self.study.observe(replicate, world.scenario, &sample);
        (self.sink)(&observation)?;
        Ok(observation)
    }

    /// Whether the first so many replications of a setting are enough.
    fn is_precise(&self, setting: u32, look: u32) -> bool {
        let Plan { precision: Some(precision), variance_reduction: reduction, .. } = self.plan
        else {
            return false;
        };
        let Some(runway) = self.study.headline(RUNWAY) else { return false };
        let seen = self.seen();
        let replicates = (0..look).map(|replication| Replicate { setting, replication });
        let seen: Vec<&Observation> =
            replicates.filter_map(|replicate| seen.done.get(&replicate)).collect();
        let days = seen.iter().map(|seen| *seen.values.get(runway)?);
        let days = reduction.observations(days);
        let mean = controls_of(reduction, &seen).mean(&days);
        precise_enough(&mean, days.len(), precision)
    }
}

/// What came of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingResult {
    /// Replications seen.
    pub replications: u32,
    /// Share of them in which the credits outlived the horizon; NaN of none.
    pub censored_share: f64,
    /// Mean of each headline figure over the replications that have a value;
    /// `None` where none has.
    pub estimates: Vec<Option<Estimate>>,
    /// What variance reduction did to them, where there is any.
    pub reduction: Option<SettingReduction>,
    /// Its objectives, judged.
    pub objectives: Vec<ObjectiveResult>,
    /// The verdict on all of them; `None` where nothing was simulated.
    pub verdict: Option<Verdict>,
    /// Whether it is on the Pareto front among the admissible settings, by the
    /// means of the criteria.
    pub is_on_front: bool,
}

/// What variance reduction did to the estimates of a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingReduction {
    /// How.
    pub method: VarianceReduction,
    /// Control variates fitted.
    pub controls: usize,
    /// For each headline figure how many independent, unadjusted replications would
    /// know its mean as well; `None` where it does not vary or has no value.
    pub equivalent_replications: Vec<Option<f64>>,
}

/// A sweep with its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// What was done.
    pub study: Study,
    /// What came of each setting.
    pub results: Vec<SettingResult>,
    /// For each headline figure how much it depends on each key, where the settings
    /// were laid out to tell, all have the same futures and the figure varies.
    pub sensitivities: Vec<Option<Sensitivity>>,
    /// Whether all settings have the same futures; not where some shards are missing.
    pub have_same_futures: bool,
}

impl Sweep {
    /// Sums up what was seen, with the variance reduction it was simulated with.
    pub fn new(
        study: Study,
        reduction: VarianceReduction,
        seen: &BTreeMap<Replicate, Observation>,
    ) -> Sweep {
        let of_setting = |setting: u32| {
            let first = Replicate { setting, replication: 0 };
            seen.range(first..=Replicate { setting, replication: u32::MAX })
        };
        let mut results: Vec<SettingResult> = (0..)
            .zip(&study.settings)
            .map(|(index, setting)| {
                let seen: Vec<&Observation> =
                    of_setting(index).map(|(_, observation)| observation).collect();
                SettingResult::new(&study, setting, reduction, &seen)
            })
            .collect();
        let admissible: Vec<usize> =
            (0..results.len()).filter(|&index| results[index].is_admissible()).collect();
        let costs: Vec<Vec<f64>> =
            admissible.iter().map(|&index| results[index].costs(&study)).collect();
        for (&index, is_on_front) in admissible.iter().zip(front(&costs)) {
            results[index].is_on_front = is_on_front;
        }
        let replications =
            |setting| of_setting(setting).map(|(replicate, _)| replicate.replication);
        // The luck of a setting's own futures would count as an effect of the keys.
        let have_same_futures =
            (1..results.len() as u32).all(|other| replications(other).eq(replications(0)));
        let of_figure =
            |place| have_same_futures.then(|| sensitivity_of(&study, &results, place)).flatten();
        let sensitivities = (0..study.headlines.len()).map(of_figure).collect();
        Sweep { study, results, sensitivities, have_same_futures }
    }

    /// Whether any setting has objectives.
    pub fn has_objectives(&self) -> bool {
        self.study.settings.iter().any(|setting| !setting.objectives.is_empty())
    }

    /// Settings that meet all their objectives.
    pub fn admissible(&self) -> usize {
        self.results.iter().filter(|result| result.is_admissible()).count()
    }

    /// Settings of which it is not known whether they meet all their objectives.
    pub fn not_known(&self) -> usize {
        self.results.iter().filter(|result| result.verdict == Some(Verdict::NotKnown)).count()
    }

    /// The settings simulated, those first that come nearest to their objectives: by
    /// how much the chance of one lacks at most, then by the longest mean runway.
    pub fn nearest(&self) -> Vec<usize> {
        let distance = |index: usize| {
            let result = &self.results[index];
            let runway = result.estimate(&self.study, RUNWAY).map_or(0.0, |runway| runway.mean);
            (result.shortfall(), -runway)
        };
        let is_simulated = |&index: &usize| self.results[index].verdict.is_some();
        let mut settings: Vec<usize> = (0..self.results.len()).filter(is_simulated).collect();
        settings.sort_by(|&a, &b| {
            let (a, b) = (distance(a), distance(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        settings
    }
}

/// How much the headline figure at a place depends on each key. Rows of the design of
/// which a setting has no value are left out.
fn sensitivity_of(study: &Study, results: &[SettingResult], place: usize) -> Option<Sensitivity> {
    let Sampling::Sensitivity(_) = study.sampling else { return None };
    let mean = |result: &SettingResult| Some(result.estimates.get(place)?.as_ref()?.mean);
    let row = |settings: &[SettingResult]| {
        let values: Vec<f64> = settings.iter().map(mean).collect::<Option<_>>()?;
        let (&first, rest) = values.split_first()?;
        let (&second, exchanged) = rest.split_first()?;
        Some(Row { first, second, exchanged: exchanged.to_vec() })
    };
    let rows = results.chunks_exact(settings_a_row(study.keys.len()));
    sensitivity(&rows.filter_map(row).collect::<Vec<_>>())
}

impl SettingResult {
    fn new(
        study: &Study,
        setting: &Setting,
        reduction: VarianceReduction,
        seen: &[&Observation],
    ) -> SettingResult {
        let controls = controls_of(reduction, seen);
        let figure = |(place, headline): (usize, &Headline)| {
            let values: Vec<Option<f64>> = seen
                .iter()
                .map(|observation| observation.values.get(place).copied().flatten())
                .collect();
            ReducedFigure::new(headline.clone(), reduction, &controls, &values)
        };
        let figures: Vec<Option<ReducedFigure>> =
            study.headlines.iter().enumerate().map(figure).collect();
        let equivalent = |figure: &Option<ReducedFigure>| figure.as_ref()?.equivalent_replications;
        let objectives: Vec<ObjectiveResult> = setting
            .objectives
            .iter()
            .enumerate()
            .map(|(place, aim)| {
                let is_held = |observation: &&Observation| {
                    observation.holds.get(place).copied().unwrap_or(Some(false))
                };
                let held: Vec<Option<bool>> = seen.iter().map(is_held).collect();
                let (id, text) = (aim.id.clone(), aim.text.clone());
                ObjectiveResult::new(id, text, aim.required, &held, reduction)
            })
            .collect();
        let censored = seen.iter().filter(|observation| observation.is_censored).count();
        SettingResult {
            replications: seen.len() as u32,
            censored_share: censored as f64 / seen.len() as f64,
            estimates: figures
                .iter()
                .map(|figure| figure.as_ref().map(|figure| figure.reduced))
                .collect(),
            reduction: (!reduction.is_none() && !seen.is_empty()).then(|| SettingReduction {
                method: reduction,
                controls: controls.count(),
                equivalent_replications: figures.iter().map(equivalent).collect(),
            }),
            verdict: (!seen.is_empty())
                .then(|| Verdict::of_all(objectives.iter().map(|objective| objective.verdict))),
            is_on_front: false,
            objectives,
        }
    }

    /// Whether it was simulated and meets all its objectives.
    pub fn is_admissible(&self) -> bool {
        self.verdict == Some(Verdict::Met)
    }

    /// The most that the chance of an objective missed is below what it needs.
    fn shortfall(&self) -> f64 {
        let missed = self.objectives.iter().filter(|o| o.verdict == Verdict::Missed);
        missed.map(|o| o.required - o.probability.mean).fold(0.0, f64::max)
    }

    /// The estimate of a headline figure.
    pub fn estimate(&self, study: &Study, id: &str) -> Option<Estimate> {
        *self.estimates.get(study.headline(id)?)?
    }

    /// The criteria, each so that lower is better; NaN where there is none.
    fn costs(&self, study: &Study) -> Vec<f64> {
        let cost = |id: &String| {
            let place = study.headline(id)?;
            let mean = self.estimates.get(place).copied().flatten()?.mean;
            Some(if study.headlines[place].better == Better::Higher { -mean } else { mean })
        };
        study.criteria.iter().map(|id| cost(id).unwrap_or(f64::NAN)).collect()
    }
}
