//! A base and variants of it on common random numbers.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Weekday;

use super::Paired;
use crate::demand::{
    Arrivals, DemandStream, HourProfile, MOST_MARKUP, UserPrice, Users, WeekProfile,
};
use crate::ensemble::{
    Better, Controls, Estimate, Forecast, Headline, Plan, Unit, VarianceReduction, assemble,
    headline_values, headlines, simulate,
};
use crate::network::Orchestrator;
use crate::payments::LedgerViolation;
use crate::scenario::Scenario;
use crate::simulation::{Mode, Opening, World};
use crate::units::{PostedPrice, Price};

/// What the base is called.
pub const BASE: &str = "base";

/// Independent observations below which Student's t leans on the normality of the
/// differences.
const FEW: usize = 20;
/// Part of the base's spend whose requests a variant does not serve, from which on
/// its figures are of another mix.
const OTHER_MIX: f64 = 0.1;
/// Warnings of a forecast that say nothing of a difference, or that a
/// comparison puts into its own words.
const NOT_OF_COMPARISONS: [&str; 3] = ["single-replication", "wide-interval", "censored"];

/// A scenario to compare.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the comparison calls it; different for each.
    pub name: String,
    /// The scenario.
    pub scenario: Scenario,
}

/// A scenario that was run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the comparison calls it.
    pub name: String,
    /// The scenario as it was run.
    pub scenario: Scenario,
    /// What came out.
    pub forecast: Forecast,
    /// Its headline figures.
    pub headlines: Vec<Headline>,
    /// The value of each of them, replication by replication.
    pub values: Vec<Vec<Option<f64>>>,
    /// What each orchestrator of the scenario earned, in ETH, replication by
    /// replication.
    pub fees: Vec<Vec<f64>>,
    /// The control variates of its replications.
    pub controls: Controls,
}

impl Run {
    /// The values of a headline figure over all replications; `None` where the
    /// scenario has no such figure.
    pub fn figure(&self, id: &str) -> Option<Vec<Option<f64>>> {
        let column = self.headlines.iter().position(|headline| headline.id == id)?;
        Some(self.values.iter().map(|row| row.get(column).copied().flatten()).collect())
    }

    /// The mean of a headline figure over the replications that have it;
    /// `None` where none has.
    pub fn estimate(&self, id: &str) -> Option<Estimate> {
        if let Some(reduction) = &self.forecast.reduction {
            let reduced = reduction.figures.iter().find(|figure| figure.headline.id == id);
            return reduced.map(|figure| figure.reduced);
        }
        let headline = self.headlines.iter().find(|headline| headline.id == id)?;
        let values: Vec<f64> = self.figure(id)?.into_iter().flatten().collect();
        headline.estimate(&values)
    }

    /// Whether some of its runways are cut at the horizon.
    pub fn is_cut(&self) -> bool {
        self.forecast.runway.censored_share > 0.0
    }

    /// Whether no request is served.
    pub fn serves_nobody(&self) -> bool {
        self.forecast.service.served == 0.0
    }
}

/// One headline figure of base and variant.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The figure.
    pub headline: Headline,
    /// The base's mean over the replications that have the figure; `None`
    /// where none has.
    pub base: Option<Estimate>,
    /// The variant's.
    pub variant: Option<Estimate>,
    /// Replications in which one of them or both have no such figure.
    pub left_out: usize,
    /// The difference; `None` where no replication has the figure in both.
    pub paired: Option<Paired>,
}

/// A variant set against the base.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The variant.
    pub run: Run,
    /// The headline figures of both: those of the base first, then those that
    /// only the variant has.
    pub differences: Vec<Difference>,
    /// What each orchestrator earns: those that the variant changes first, then
    /// by how much the fees change.
    pub orchestrators: Vec<Difference>,
}

impl Variant {
    /// The difference in a headline figure.
    pub fn difference(&self, id: &str) -> Option<&Difference> {
        self.differences.iter().find(|difference| difference.headline.id == id)
    }
}

/// Something a reader should know before believing a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// The name that suppresses it.
    pub id: &'static str,
    /// What was seen, why, and what to do.
    pub text: String,
    /// The scenarios it is about, by name.
    pub of: Vec<String>,
}

/// What came out of a comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The base.
    pub base: Run,
    /// The variants, in the order asked for.
    pub variants: Vec<Variant>,
    /// What to know, suppressed ones left out.
    pub remarks: Vec<Remark>,
}

impl Comparison {
    /// Base and variants.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        std::iter::once(&self.base).chain(self.variants.iter().map(|variant| &variant.run))
    }

    /// Level of the intervals that decide what changed: 0.95 for all variants
    /// together.
    pub fn joint_level(&self) -> f64 {
        1.0 - 0.05 / self.variants.len().max(1) as f64
    }
}

/// Runs base and variants with the seed, the replications and the horizon of
/// the base, in parallel on the threads of the calling rayon pool: replication
/// k of each meets the same demand. `mode` says how requests are simulated;
/// `reduction` how the variance is reduced: differences are adjusted by the
/// control variates of the base, if any. `done` is called as each replication
/// ends.
///
/// # Errors
/// [`LedgerViolation`] where the books of a replication do not balance.
pub fn compare(
    base: Entry,
    variants: Vec<Entry>,
    mode: Mode,
    reduction: VarianceReduction,
    done: &(dyn Fn() + Sync),
) -> Result<Comparison, LedgerViolation> {
    let mut remarks = Remarks::default();
    let variants: Vec<Entry> = variants
        .into_iter()
        .map(|entry| with_settings_of(&base.scenario, entry, &mut remarks))
        .collect();
    let entries: Vec<&Entry> = std::iter::once(&base).chain(&variants).collect();
    let scenarios: Vec<&Scenario> = entries.iter().map(|entry| &entry.scenario).collect();
    let worlds = World::all_in_mode(&scenarios, mode)?;
    let runs =
        entries.iter().zip(&worlds).map(|(entry, world)| run(&entry.name, world, reduction, done));
    let mut runs: Vec<Run> = runs.collect::<Result<_, LedgerViolation>>()?;
    let base = runs.remove(0);
    let count = runs.len();
    let variants: Vec<Variant> = runs
        .into_iter()
        .map(|run| Variant {
            differences: differences(&base, &run, count, reduction),
            orchestrators: orchestrators(&base, &run, count, reduction),
            run,
        })
        .collect();
    remarks.on_precision(&base);
    remarks.on_censoring(&base, &variants);
    remarks.on_deadline(&base);
    for variant in &variants {
        remarks.on_deadline(&variant.run);
        remarks.on_mix(&base, variant);
        remarks.on_coupling(variant);
    }
    remarks.of_forecasts(&base, &variants);
    Ok(Comparison { remarks: remarks.all, base, variants })
}

fn run(
    name: &str,
    world: &World,
    reduction: VarianceReduction,
    done: &(dyn Fn() + Sync),
) -> Result<Run, LedgerViolation> {
    let scenario = world.scenario;
    let numbers: Vec<u64> = (0..u64::from(scenario.replications)).collect();
    let batch = simulate(world, reduction, &numbers, done)?;
    let plan = Plan { variance_reduction: reduction, ..Plan::fixed(scenario.replications) };
    let values = batch.samples.iter().map(|sample| headline_values(scenario, sample)).collect();
    Ok(Run {
        name: name.to_string(),
        scenario: scenario.clone(),
        forecast: assemble(world, &batch, plan),
        headlines: headlines(scenario),
        values,
        fees: batch.samples.iter().map(|sample| sample.fees_eth().collect()).collect(),
        controls: Controls::of_samples(reduction, &batch.samples),
    })
}

/// A figure of one scenario.
struct Side {
    /// Its value in each replication; `None` where the scenario has no such figure.
    values: Option<Vec<Option<f64>>>,
    /// Its mean.
    level: Option<Estimate>,
}

/// How replications are paired.
struct Pairing<'a> {
    replications: usize,
    variants: usize,
    reduction: VarianceReduction,
    controls: &'a Controls,
}

impl Pairing<'_> {
    fn difference(&self, headline: Headline, base: Side, variant: Side) -> Difference {
        let pairs: Vec<Option<(f64, f64)>> = (base.values.iter().flatten())
            .zip(variant.values.iter().flatten())
            .map(|(base, variant)| base.zip(*variant))
            .collect();
        Difference {
            base: base.level,
            variant: variant.level,
            left_out: self.replications - pairs.iter().flatten().count(),
            paired: Paired::reduced(
                &pairs,
                headline.better,
                self.variants,
                self.reduction,
                self.controls,
            ),
            headline,
        }
    }
}

fn differences(
    base: &Run,
    variant: &Run,
    variants: usize,
    reduction: VarianceReduction,
) -> Vec<Difference> {
    let pairing =
        Pairing { replications: base.values.len(), variants, reduction, controls: &base.controls };
    let is_new = |headline: &&Headline| base.headlines.iter().all(|known| known.id != headline.id);
    let figures = base.headlines.iter().chain(variant.headlines.iter().filter(is_new));
    figures
        .map(|headline| {
            let [base, variant] = [base, variant].map(|run| Side {
                values: run.figure(&headline.id),
                level: run.estimate(&headline.id),
            });
            pairing.difference(headline.clone(), base, variant)
        })
        .collect()
}

/// Fees are a breakdown of the spend, so that control variates do not adjust them.
fn orchestrators(
    base: &Run,
    variant: &Run,
    variants: usize,
    reduction: VarianceReduction,
) -> Vec<Difference> {
    let controls = Controls::default();
    let pairing =
        Pairing { replications: base.fees.len(), variants, reduction, controls: &controls };
    let runs = [base, variant];
    let places = runs.map(|run| {
        let ids = run.scenario.network.orchestrators.iter().map(|other| other.id.as_str());
        ids.zip(0..).collect::<HashMap<&str, usize>>()
    });
    let [in_base, in_variant] = runs.map(|run| &run.scenario.network.orchestrators);
    let is_new = |other: &&Orchestrator| !places[0].contains_key(other.id.as_str());
    let all = in_base.iter().chain(in_variant.iter().filter(is_new));
    let mut rows: Vec<(bool, Difference)> = all
        .map(|orchestrator| {
            let id = orchestrator.id.as_str();
            let headline = Headline {
                id: format!("fees_eth.{id}"),
                label: id.to_string(),
                unit: Unit::Eth,
                better: Better::Neither,
            };
            let [at_base, at_variant] = [0, 1].map(|side| places[side].get(id).copied());
            let side = |run: &Run, place: Option<usize>| {
                let values = place.map(|place| -> Vec<Option<f64>> {
                    run.fees.iter().map(|row| Some(row[place])).collect()
                });
                let level = values.as_ref().and_then(|fees| {
                    headline.estimate(&reduction.observations(fees.iter().copied()))
                });
                Side { values, level }
            };
            let (before, after) = (side(base, at_base), side(variant, at_variant));
            let is_same =
                at_base.map(|place| &in_base[place]) == at_variant.map(|place| &in_variant[place]);
            (is_same, pairing.difference(headline, before, after))
        })
        .collect();
    let size = |row: &Difference| {
        let [base, variant] = [row.base, row.variant].map(|level| level.map_or(0.0, |l| l.mean));
        libm::fabs(variant - base)
    };
    // Stable: equal changes stay in the order of the scenario.
    rows.sort_by(|(same, a), (also_same, b)| same.cmp(also_same).then(size(b).total_cmp(&size(a))));
    rows.into_iter().map(|(_, difference)| difference).collect()
}

/// Gives a variant what must be equal for replications to be paired.
fn with_settings_of(base: &Scenario, entry: Entry, remarks: &mut Remarks) -> Entry {
    let Entry { name, mut scenario } = entry;
    let own = (scenario.seed, scenario.replications, scenario.horizon_days);
    if own != (base.seed, base.replications, base.horizon_days) {
        let text = format!(
            "It has seed {}, {} replications and a horizon of {} days, and was run with those of \
             the base ({}, {} and {}): only then does each replication meet the same demand in \
             both.",
            own.0, own.1, own.2, base.seed, base.replications, base.horizon_days
        );
        remarks.add("other-settings", text, &name, &scenario);
        (scenario.seed, scenario.replications, scenario.horizon_days) =
            (base.seed, base.replications, base.horizon_days);
    }
    refer_to_prices_of(base, &mut scenario);
    remarks.on_demand(base, &name, &scenario);
    Entry { name, scenario }
}

/// Users whose `reference_price` is left out respond to their price against what
/// the same stream's users pay in `base`: against their own, which they do
/// otherwise, the difference between the two would have no effect. What the base's
/// gateway pays, on which a markup is, is taken to be to what the scenario's pays as
/// their mean quotes at the start are; where the scenario's is 0, a markup on the
/// base's is a posted price. A price of 0 is no reference.
pub fn refer_to_prices_of(base: &Scenario, scenario: &mut Scenario) {
    let reference = |stream: &DemandStream| {
        let same = base.demand.iter().filter(|known| known.id == stream.id);
        let same = same.min_by_key(|known| known.region != stream.region)?;
        Some(match same.users.as_ref().map(Users::reference)? {
            UserPrice::Markup(markup) => {
                let (known, own) = (mean_quote_usd(base, same), mean_quote_usd(scenario, stream));
                match (known > 0.0, own > 0.0) {
                    (true, true) => UserPrice::Markup((markup * (known / own)).min(MOST_MARKUP)),
                    (true, false) => {
                        let wei = markup * known / scenario.credits.eth_usd.to_f64();
                        UserPrice::Posted(PostedPrice::Wei(Price::nearest(wei)?))
                    }
                    (false, _) => UserPrice::Markup(markup),
                }
            }
            posted => posted,
        })
    };
    let references: Vec<Option<UserPrice>> = scenario.demand.iter().map(reference).collect();
    for (stream, reference) in scenario.demand.iter_mut().zip(references) {
        let Some((users, reference)) = stream.users.as_mut().zip(reference) else { continue };
        if reference != users.price && !reference.is_free(base.credits.eth_usd) {
            users.reference_price.get_or_insert(reference);
        }
    }
}

/// The mean quote to a stream's gateway at the start, in USD for 10^18 units.
fn mean_quote_usd(scenario: &Scenario, stream: &DemandStream) -> f64 {
    let market = Opening::new(scenario).market(stream.gateway, stream.model);
    market.mean_quote() * scenario.credits.eth_usd.to_f64()
}

fn streams_by_names(scenario: &Scenario) -> BTreeMap<(&str, &str), &DemandStream> {
    let region = |stream: &DemandStream| scenario.network.regions[stream.region].id.as_str();
    scenario.demand.iter().map(|stream| ((stream.id.as_str(), region(stream)), stream)).collect()
}

/// What the hours and weekdays of a stream's requests go by: the first weekday, where
/// weekdays differ, and the offset of its users from UTC; where hours do not differ
/// either, when their hours begin. Those of a trace are recorded.
fn clock(scenario: &Scenario, stream: &DemandStream) -> Option<(Option<Weekday>, f64)> {
    let Arrivals::Poisson(arrivals) = &stream.arrivals else { return None };
    let differ = arrivals.weekdays != WeekProfile::FLAT;
    let mut offset = scenario.network.regions[stream.region].utc_offset_hours;
    if !differ && arrivals.hours == HourProfile::FLAT {
        offset -= libm::floor(offset);
    }
    Some((differ.then(|| scenario.start.weekday()), offset))
}

#[derive(Default)]
struct Remarks {
    all: Vec<Remark>,
}

impl Remarks {
    /// Adds a remark unless `scenario` suppresses it; the same of another
    /// scenario is one remark of both.
    fn add(&mut self, id: &'static str, text: String, name: &str, scenario: &Scenario) {
        if scenario.suppressed_warnings.iter().any(|suppressed| suppressed == id) {
            return;
        }
        match self.all.iter_mut().find(|remark| remark.id == id && remark.text == text) {
            Some(remark) => remark.of.push(name.to_string()),
            None => self.all.push(Remark { id, text, of: vec![name.to_string()] }),
        }
    }

    /// Requests are drawn by the names of a stream and of its users' region.
    fn on_demand(&mut self, base: &Scenario, name: &str, scenario: &Scenario) {
        let [known, own] = [base, scenario].map(streams_by_names);
        let both: Vec<_> = known.iter().filter_map(|(key, a)| Some((*a, *own.get(key)?))).collect();
        let [is_left_out, is_added] = [&known, &own].map(|streams| streams.len() > both.len());
        let most = |stream: &DemandStream| stream.users.as_ref().map_or(1.0, |users| users.most);
        let is_trace = |stream: &DemandStream| matches!(stream.arrivals, Arrivals::Trace(_));
        let reason = if is_left_out && is_added {
            Some("has other streams of demand than the base, by name or users' region,")
        } else if both.iter().any(|(a, b)| is_trace(a) != is_trace(b)) {
            Some("has recorded requests where those of the base are drawn, or the reverse,")
        } else if both.iter().any(|(a, b)| clock(base, a) != clock(scenario, b)) {
            Some("has other weekdays or hours for users than the base")
        } else if both.iter().any(|(a, b)| most(a) != most(b)) {
            Some("draws the requests of users who respond up to another `most` than the base")
        } else {
            None
        };
        let text = if let Some(reason) = reason {
            format!(
                "It {reason}, so that it meets other requests: part of each difference is chance \
                 that does not cancel out, and the intervals are wider for it."
            )
        } else if is_left_out
            || is_added
            || base.uncertainty != scenario.uncertainty
            || both.iter().any(|(a, b)| a.arrivals != b.arrivals)
        {
            "It asks for other numbers of requests than the base: what it changes contains what \
             they cost."
                .to_string()
        } else {
            return;
        };
        self.add("other-demand", text, name, scenario);
    }

    fn on_precision(&mut self, base: &Run) {
        let n = base.forecast.replications;
        let reduction = base.forecast.reduction.as_ref();
        let observations = reduction.map_or(n as usize, |reduction| reduction.observations);
        if n == 1 {
            let text = "One replication shows one pair and no spread: its differences may be \
                        chance. Run at least 20 (`--replications 20`)."
                .to_string();
            self.add("single-replication", text, &base.name, &base.scenario);
        } else if observations == 1 {
            let text = "One antithetic pair of futures shows no spread between pairs: its \
                        differences may be chance. Run at least 20 (`--replications 40`)."
                .to_string();
            self.add("single-replication", text, &base.name, &base.scenario);
        } else if observations < FEW {
            let wanted = FEW * n as usize / observations;
            let text = format!(
                "With {n} replications the intervals lean on differences being about normal, and \
                 rare futures are not among them. Run at least {wanted} (`--replications {wanted}`)."
            );
            self.add("few-replications", text, &base.name, &base.scenario);
        }
    }

    fn on_censoring(&mut self, base: &Run, variants: &[Variant]) {
        let runs = || std::iter::once(base).chain(variants.iter().map(|variant| &variant.run));
        for run in runs().filter(|run| run.is_cut()) {
            let text = format!(
                "Some futures still have credits at the horizon of {} days. Differences in runway \
                 are of runways cut there (restricted means), not of whole ones; a longer \
                 `--horizon` shows more of them.",
                base.forecast.horizon_days
            );
            self.add("censored", text, &run.name, &run.scenario);
        }
    }

    fn on_deadline(&mut self, run: &Run) {
        let share = run.forecast.endings.deadline_share;
        if share > 0.0 {
            let text = format!(
                "{:.0} % of the futures have credits at the deadline, where their runway is cut \
                 and all goes back.",
                share * 100.0
            );
            self.add("deadline", text, &run.name, &run.scenario);
        }
    }

    fn on_mix(&mut self, base: &Run, variant: &Variant) {
        let total = base.forecast.spend.total.to_coins();
        let (mut missing, mut kinds) = (0.0, Vec::new());
        for (pipeline, spent) in &base.forecast.spend.by_pipeline {
            let success = |run: &Run| run.forecast.success_rate_of(pipeline);
            let Some((before, after)) = success(base).zip(success(&variant.run)) else { continue };
            if after < before {
                missing += spent.to_coins() / total * (1.0 - after / before);
            }
            if after < before / 2.0 {
                let [before, after] = [before, after].map(|rate| rate * 100.0);
                kinds.push(format!("{pipeline} {after:.0} % instead of {before:.0} %"));
            }
        }
        if missing > OTHER_MIX {
            let kinds =
                if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
            let text = format!(
                "It leaves {:.0} % of what the base is spent on unserved{kinds}: runway, \
                 spend, cost of a served request and latency are those of other requests than the \
                 base's, and none of them says that the same service costs less.",
                missing * 100.0
            );
            self.add("other-mix", text, &variant.run.name, &variant.run.scenario);
        }
    }

    fn on_coupling(&mut self, variant: &Variant) {
        let spend = variant.difference("spend_per_day_eth").and_then(|d| d.paired.as_ref());
        let Some(paired) = spend.filter(|paired| paired.is_weakly_coupled()) else { return };
        let text = format!(
            "Its spend a day goes with the base's only loosely (correlation {:.2}): the same \
             demand explains little of it, so that pairing narrows the intervals little.",
            paired.correlation.unwrap_or_default()
        );
        self.add("weak-coupling", text, &variant.run.name, &variant.run.scenario);
    }

    /// The warnings of the forecasts that bear on a comparison.
    fn of_forecasts(&mut self, base: &Run, variants: &[Variant]) {
        for run in std::iter::once(base).chain(variants.iter().map(|variant| &variant.run)) {
            for warning in &run.forecast.warnings {
                if !NOT_OF_COMPARISONS.contains(&warning.id) {
                    self.add(warning.id, warning.text.clone(), &run.name, &run.scenario);
                }
            }
        }
    }
}
