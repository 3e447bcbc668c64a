//! Findings put into the text of a scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;

use super::document::{Document, Element, is_table_at, set, text_at};
use super::findings::{Findings, Found, FoundOffer};
use super::leaderboard::{Map, Standing, standing};
use super::{ImportError, Kind, spend};
use crate::demand::{Arrivals, DemandStream};
use crate::experiment::calibrate::{SpendLevel, scale_to_spend};
use crate::network::{Model, Offer, Orchestrator, Pipeline};
use crate::scenario::{
    Scenario, Source, growth_to_toml, is_name, load, model_to_toml, nearest, offer_to_toml,
    orchestrator_to_toml, price_rows_to_toml, quoted, to_toml,
};
use crate::spend::SpendOptions;
use crate::text::{first_few, plural};
use crate::treasury::{ConversionPolicy, TokenPrices};
use crate::units::{DAYS_A_WEEK, significant};

/// Orchestrators, testers or prices named in one note.
pub(super) const MOST_NAMED: usize = 6;

/// Lines of what was skipped that are written into the scenario.
const MOST_LINES: usize = 200;
/// Below this many results a share is said to be of few.
const FEW_RESULTS: usize = 3;
/// How the block of an import begins, at the top of a scenario.
const MARK: &str = "# IMPORTED";

/// Where the findings go.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name of the scenario where it is made from the default one; the
    /// file's name where it is left out.
    pub name: Option<String>,
    /// The orchestrator that `aiModels.json` is of; the file's name where it is
    /// left out.
    pub orchestrator: Option<String>,
    /// The gateways that get the maximum prices; all where it is empty.
    pub gateways: Vec<String>,
    /// (tester, region id): where testers stand that the table has elsewhere or
    /// not at all.
    pub regions: Vec<(String, String)>,
    /// How a CSV of spend is to be understood.
    pub spend: SpendOptions<'static>,
}

/// A scenario with a file's figures in it.
#[derive(Debug)]
pub struct Imported {
    /// Its text: valid, with a comment on every imported and assumed figure.
    pub toml: String,
    /// What was imported, in a line.
    pub summary: String,
    /// What was not, and why, a line each.
    pub skipped: Vec<String>,
    /// What else there is to know: what was assumed or read differently.
    pub notes: Vec<String>,
}

impl Imported {
    /// Whether a text was written by an import.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(MARK)
    }
}

/// Puts the figures of `file` into `base`, or into the default scenario.
///
/// The network of a getNetworkCapabilities answer replaces the base's: the
/// orchestrators the base has under the same address keep all but their
/// offers. Other files change the orchestrators that a given base has; without
/// one, those they name become the network. What was spent changes how many
/// requests there are, by simulation on the threads of the calling rayon pool;
/// `done` is called as each of at most
/// [`MOST_SIMULATED`](crate::experiment::calibrate::MOST_SIMULATED) replications ends.
///
/// # Errors
/// [`ImportError`]; the file, the base or a name is wrong.
pub fn import(
    kind: Kind,
    file: &Source,
    base: Option<&Source>,
    options: &Options,
    done: &(dyn Fn() + Sync),
) -> Result<Imported, ImportError> {
    let default = Source::built_in();
    let source = base.unwrap_or(&default);
    let mut scenario = load(source, &[]).map_err(ImportError::Scenario)?;
    let spend = SpendOptions { network: Some(&scenario.network), ..options.spend };
    let mut findings = kind.read(file, &spend)?;
    let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if kind == Kind::Models
        && let Some(found) = findings.orchestrators.first_mut()
    {
        found.id = options.orchestrator.clone().unwrap_or_else(|| name_from(stem));
    }
    findings.skip_unquotable(scenario.credits.eth_usd);
    if findings.is_empty() {
        return Err(nothing(file, &findings));
    }
    let first_day = scenario.start;
    let level = findings.spend.as_ref().map(|history| scale_to_spend(&scenario, history, done));
    let level = level.transpose().map_err(ImportError::Demand)?;
    if let Some(level) = &level {
        scenario = level.scenario.clone();
    }
    let mut merge = Merge {
        kind,
        label: comment(&format!("{name} ({})", kind.name())),
        base: base.map_or("the built-in scenario", |_| "the base"),
        is_given: base.is_some(),
        document: Document::new(source.text.clone()),
        scenario,
        findings,
        added_models: Vec::new(),
    };
    merge.write_out_unless_plain();
    let summary = match (kind, &level) {
        (_, Some(level)) => merge.demand(level, first_day)?,
        (Kind::MaxPrices, None) => merge.max_prices(options)?,
        _ => merge.orchestrators(options, file)?,
    };
    merge.add_models();
    if base.is_none() {
        merge.rename(options.name.as_deref().unwrap_or(stem));
    }
    let Merge { document, findings, .. } = merge;
    let skipped: Vec<String> =
        findings.skipped.iter().map(|(what, why)| comment(&format!("{what}: {why}"))).collect();
    let mut notes: Vec<String> = findings.notes.iter().map(|note| comment(note)).collect();

    let checked = Source {
        name: format!("{} with {name} in it", source.name),
        text: document.text().to_string(),
        directory: source.directory.clone(),
    };
    let scenario = load(&checked, &[]).map_err(ImportError::Scenario)?;
    notes.extend(unserved(&scenario));
    let toml = with_block(document.text(), kind, name, &summary, &skipped, &notes);
    Ok(Imported { toml, summary, skipped, notes })
}

struct Merge<'a> {
    kind: Kind,
    /// The file and its kind, as comments name them.
    label: String,
    base: &'a str,
    /// Whether the user named the base.
    is_given: bool,
    document: Document,
    scenario: Scenario,
    findings: Findings,
    /// Models the base lacks, with the one whose times they got.
    added_models: Vec<(Model, Option<String>)>,
}

/// A part of the list of orchestrators.
struct Block {
    /// One orchestrator, or the members of a group, as indices.
    members: Vec<usize>,
    /// Its text, with the comments above it.
    text: String,
    is_group: bool,
}

impl Merge<'_> {
    /// Writes the base out in full where it is not laid out in `[[lists]]`
    /// that can be changed one by one.
    fn write_out_unless_plain(&mut self) {
        let (lists, inner): (&[&str], &[&str]) = match self.kind {
            Kind::Spend => (&["demand.streams"], &[]),
            _ => (
                &["models", "gateways", "orchestrators", "orchestrator_groups"],
                &["orchestrators.offers", "gateways.max_prices"],
            ),
        };
        let is_plain = lists.iter().all(|list| self.document.elements(list).is_some())
            && !inner.iter().any(|path| self.document.has_header(path));
        let reason = match self.kind {
            Kind::Spend if self.injects() => "as `policy.injection` changes who sends requests",
            _ if is_plain => return,
            Kind::Spend => "as its streams are not written as [[demand.streams]]",
            _ => {
                "as not all of its lists are written as [[...]], with `offers = [...]` and \
                 `max_prices = [...]` in them"
            }
        };
        self.document = Document::new(to_toml(&self.scenario));
        let base = self.base;
        let note = format!("{base} is written out in full and without its comments, {reason}");
        self.findings.notes.push(note);
    }

    /// Whether there are more streams than the base's demand says, or others.
    fn injects(&self) -> bool {
        let is_injected = |stream: &DemandStream| stream.injected.is_some();
        !self.scenario.policy.injection.gateways.is_empty()
            || self.scenario.demand.iter().any(is_injected)
    }

    /// Gives a scenario made from the default one a name of its own, so that its
    /// results do not take the place of the default's.
    fn rename(&mut self, name: &str) {
        let title = format!("{} with {} imported", self.scenario.title, self.kind.noun());
        let values = [("name", name_from(name)), ("title", title)];
        let changes = values
            .into_iter()
            .filter_map(|(key, value)| Some((self.document.root_value(key)?, quoted(&value))));
        let changes = changes.collect();
        self.document.replace(changes);
    }

    fn elements(&self, list: &str) -> Vec<Element> {
        self.document.elements(list).unwrap_or_default()
    }

    fn text(&self, element: &Element) -> &str {
        self.document.text().get(element.start..element.end).unwrap_or_default()
    }

    /// Puts maximum prices into the gateways.
    fn max_prices(&mut self, options: &Options) -> Result<String, ImportError> {
        let elements = self.elements("gateways");
        let ids: Vec<String> = elements
            .iter()
            .map(|element| text_at(self.text(element), "id").unwrap_or_default())
            .collect();
        for name in &options.gateways {
            if !ids.contains(name) {
                let names = ids.iter().map(String::as_str);
                return Err(unknown("gateway", name, self.base, names));
            }
        }
        let mut lines = Vec::new();
        let limits = std::mem::take(&mut self.findings.max_prices);
        for limit in &limits {
            let model = match &limit.model {
                Some(id) => {
                    self.model(limit.pipeline, id);
                    format!(", model = {}", quoted(id))
                }
                None => String::new(),
            };
            let (pipeline, price) = (limit.pipeline.name(), limit.price);
            let entry = format!("{{ pipeline = \"{pipeline}\"{model}, price = \"{price}\" }}");
            lines.push(format!("  {entry},  # {}\n", self.label));
        }
        let list = format!("[\n{}]", lines.concat());
        let mut changes = Vec::new();
        let mut changed = Vec::new();
        let mut replaced = 0;
        for (element, id) in elements.iter().zip(&ids) {
            if options.gateways.is_empty() || options.gateways.contains(id) {
                let own = self.scenario.network.gateways.iter().find(|gateway| gateway.id == *id);
                replaced += own.map_or(0, |own| own.max_price.iter().flatten().count());
                let text = set(self.text(element), "max_prices", &list, "");
                let text = text.ok_or_else(|| not_plain("max_prices"))?;
                changes.push((element.start..element.end, text));
                changed.push(id.as_str());
            }
        }
        self.document.replace(changes);
        let prices = plural(&limits.len().to_string(), "maximum price");
        let instead = match replaced {
            0 => "",
            _ => " in place of all they had",
        };
        Ok(format!("{prices} for {}{instead}", changed.join(", ")))
    }

    /// Puts the requests that were spent on into the demand of a base that starts
    /// on `first_day`.
    fn demand(&mut self, level: &SpendLevel, first_day: Date) -> Result<String, ImportError> {
        let (about, summary) = spend::in_words(level, &mut self.findings);
        let network = &self.scenario.network;
        let demand_level = self.document.number("demand.level").unwrap_or(1.0);
        let mut changes = Vec::new();
        for element in &self.elements("demand.streams") {
            let text = self.text(element);
            let id = text_at(text, "id").unwrap_or_default();
            let is_of = |stream: &&DemandStream| stream.id == id && stream.injected.is_none();
            let rate = |stream: &DemandStream| match &stream.arrivals {
                Arrivals::Poisson(arrivals) => arrivals.requests_per_day / demand_level,
                Arrivals::Trace(_) => 0.0,
            };
            let streams: Vec<&DemandStream> = self.scenario.demand.iter().filter(is_of).collect();
            // One without requests keeps them so.
            let Some(first) = streams.first() else { continue };
            let rates = streams.iter().map(|stream| {
                let region = quoted(&network.regions[stream.region].id);
                format!("{region} = {}", significant(rate(stream), spend::DIGITS))
            });
            let value = match is_table_at(text, "requests_per_day") {
                true => format!("{{ {} }}", rates.collect::<Vec<_>>().join(", ")),
                false => {
                    significant(streams.iter().copied().map(rate).sum(), spend::DIGITS).to_string()
                }
            };
            let mut text = text.to_string();
            if level.regrown.contains(&id)
                && let Arrivals::Poisson(arrivals) = &first.arrivals
            {
                let growth = growth_to_toml(&arrivals.growth);
                let about = format!("{}: as it goes on from {}", self.label, self.scenario.start);
                match set(&text, "growth", &growth, &comment(&about)) {
                    Some(changed) => text = changed,
                    None => self.findings.notes.push(format!(
                        "the growth of {id} starts anew on {}, as it is not written as `growth = \
                         ...`: {growth} lets it go on",
                        self.scenario.start
                    )),
                }
            }
            let pipeline = network.models[first.model].pipeline.name();
            let gateway = network.gateways[first.gateway].id.as_str();
            let row = level.mix.iter().find(|row| row.group.holds(pipeline, gateway));
            // One that spends nothing keeps its rate.
            if let Some(row) = row {
                let what = row.group.name();
                let all = if what == "all" { "all streams" } else { &what };
                let eth = significant(row.eth_per_day, spend::DIGITS);
                let simulated = significant(row.after_eth_per_day, spend::DIGITS);
                let about = format!(
                    "{}: for {eth} ETH a day on {all}, {about}; simulated: {simulated}",
                    self.label
                );
                text = set(&text, "requests_per_day", &value, &comment(&about))
                    .ok_or_else(|| not_plain("requests_per_day"))?;
            }
            changes.push((element.start..element.end, text));
        }
        let start = self.scenario.start;
        if start != first_day
            && let Some(value) = self.document.root_value("start")
        {
            changes.push((value, format!("{start}  # {}: after its last day", self.label)));
            changes.extend(self.dates_kept());
        }
        self.document.replace(changes);
        Ok(summary)
    }

    /// What is counted from the start and is to come on the same dates from another one.
    fn dates_kept(&mut self) -> Vec<(Range<usize>, String)> {
        let treasury = &self.scenario.treasury;
        let mut changes = Vec::new();
        if let TokenPrices::Replay(series) = &treasury.prices
            && let Some(rows) = self.document.value("token_prices.replay.rows")
        {
            changes.push((rows, price_rows_to_toml(series)));
        }
        let (table, required, schedule) = match &treasury.conversion {
            ConversionPolicy::Clip { schedule, .. } => {
                ("treasury.conversion.clip", "lpt", schedule)
            }
            ConversionPolicy::DaysOfCover { schedule, .. } => {
                ("treasury.conversion.days_of_cover", "days", schedule)
            }
            ConversionPolicy::AllAtOnce | ConversionPolicy::BelowThreshold { .. } => {
                return changes;
            }
        };
        let first = schedule.first.day();
        let entry = format!("first_day = {first}");
        let written = |key| self.document.entry(&format!("{table}.{key}"));
        let change = match (written("first_day"), written("weekday")) {
            (Some(known), _) => Some((known, entry.clone())),
            // Every week it is the same day.
            (None, Some(_)) if schedule.every.day() <= DAYS_A_WEEK => return changes,
            (None, Some(weekday)) => Some((weekday, entry.clone())),
            (None, None) if first == 0 => return changes,
            (None, None) => self.document.behind(&format!("{table}.{required}"), &entry),
        };
        if change.is_none() {
            self.findings.notes.push(format!(
                "the days on which LPT is sold move along with the start: `{entry}` in `{table}` \
                 keeps their dates"
            ));
        }
        changes.extend(change);
        changes
    }

    /// The index of a model, which is added where there is none.
    fn model(&mut self, pipeline: Pipeline, id: &str) -> usize {
        let models = &self.scenario.network.models;
        if let Some(known) = models.iter().position(|m| m.pipeline == pipeline && m.id == id) {
            return known;
        }
        let like = models.iter().find(|model| model.pipeline == pipeline).cloned();
        let built_in = || {
            let scenario = load(&Source::built_in(), &[]).ok()?;
            scenario.network.models.into_iter().find(|model| model.pipeline == pipeline)
        };
        let like = like.or_else(built_in);
        let mut model = like.clone().unwrap_or_else(|| usual(pipeline));
        model.id = id.to_string();
        self.added_models.push((model.clone(), like.map(|like| like.id)));
        self.scenario.network.models.push(model);
        self.scenario.network.models.len() - 1
    }

    /// Writes the models that were added behind those of the base.
    fn add_models(&mut self) {
        let Some(last) = self.elements("models").last().map(|element| element.end) else { return };
        let mut text = String::new();
        for (model, like) in &self.added_models {
            let written = model_to_toml(&self.scenario, model);
            // What go-livepeer counts follows from the id.
            let lines = written.trim().lines().filter(|line| !line.starts_with("steps = "));
            let times = match like {
                Some(like) => format!("those of {like}"),
                None => "a second and a microsecond a unit".to_string(),
            };
            let about = format!(
                "# {}. Times assumed: {}; a benchmark of the model would replace them.",
                self.label,
                comment(&times)
            );
            text += "\n";
            for (index, line) in lines.enumerate() {
                text += &format!("\n{line}");
                if index == 0 {
                    text += &format!("\n{about}");
                }
            }
        }
        self.document.replace(vec![(last..last, text)]);
        if !self.added_models.is_empty() {
            let names = self.added_models.iter().map(|(model, _)| model.key());
            self.findings.notes.push(format!(
                "models the base does not have, with assumed times: {}",
                names.collect::<Vec<_>>().join(", ")
            ));
        }
    }

    /// Puts what was found of orchestrators into the network.
    fn orchestrators(&mut self, options: &Options, file: &Source) -> Result<String, ImportError> {
        let regions = self.scenario.network.regions.clone();
        let map = Map::new(&regions, self.placed_testers(options)?);
        let replaces_all = match self.kind {
            Kind::Capabilities => true,
            Kind::Models => false,
            _ => !self.is_given,
        };
        let adds = replaces_all || self.kind == Kind::Models;
        let blocks = self.blocks();
        let places = blocks
            .iter()
            .enumerate()
            .flat_map(|(place, block)| block.members.iter().map(move |&member| (member, place)));
        let places: BTreeMap<usize, usize> = places.collect();
        let known = self.scenario.network.orchestrators.iter().enumerate();
        let known: BTreeMap<String, usize> =
            known.map(|(index, known)| (known.id.to_ascii_lowercase(), index)).collect();

        let mut changed: BTreeMap<usize, String> = BTreeMap::new();
        let mut new = Vec::new();
        let mut offers = 0;
        let mut unscored = Vec::new();
        let mut nowhere: BTreeMap<String, usize> = BTreeMap::new();
        for found in std::mem::take(&mut self.findings.orchestrators) {
            let standing = standing(&found.tests, &map);
            for test in found.tests.iter().filter(|test| map.region(&test.tester).is_none()) {
                *nowhere.entry(test.tester.clone()).or_default() += 1;
            }
            let index = known.get(&found.id.to_ascii_lowercase()).copied();
            let is_twice = index.is_some_and(|index| changed.contains_key(&index));
            if let Some(why) = self.reason_to_skip(&found, standing.as_ref(), index, adds, is_twice)
            {
                self.findings.skip(found.id, why);
                continue;
            }
            let text = match index {
                Some(index) => {
                    let block = places.get(&index).and_then(|&place| blocks.get(place));
                    match block.filter(|block| !block.is_group) {
                        Some(block) => block.text.clone(),
                        None => self.written_out(index),
                    }
                }
                None => self.like(&found, new.len())?,
            };
            offers += found.offers.as_ref().map_or(0, Vec::len);
            if standing.as_ref().is_some_and(|s| s.place.is_some() && s.closeness.is_none()) {
                unscored.push(found.id.clone());
            }
            let text = self.filled_in(text, &found, standing, index.is_none())?;
            match index {
                Some(index) => drop(changed.insert(index, text)),
                None => new.push(text),
            }
        }
        let all = changed.len() + new.len();
        if all == 0 {
            return Err(nothing(file, &self.findings));
        }
        let mut summary = plural(&all.to_string(), "orchestrator");
        if offers > 0 {
            summary += &format!(" with {}", plural(&offers.to_string(), "offer"));
        }
        if self.is_given {
            summary += &format!("; {} known to the base, {} new", changed.len(), new.len());
        }
        self.note_doubtful_tests(&nowhere, &unscored);
        let left: Vec<&str> = (known.iter().filter(|(_, index)| !changed.contains_key(index)))
            .map(|(id, _)| id.as_str())
            .collect();
        if !adds && !left.is_empty() {
            self.findings.notes.push(format!(
                "{} of the base {} not changed, since the file has nothing for them: {}",
                left.len(),
                if left.len() == 1 { "is" } else { "are" },
                first_few(&left, MOST_NAMED)
            ));
        }
        let added = new.len();
        let mut texts = self.kept_and_changed(blocks, changed, replaces_all);
        texts.extend(new);
        self.put_orchestrators(&texts);
        self.registered(if replaces_all { all } else { known.len() + added })?;
        Ok(summary)
    }

    /// Notes what tests do not tell: the results of testers `nowhere`, by tester, and
    /// orchestrators without a round-trip score.
    fn note_doubtful_tests(&mut self, nowhere: &BTreeMap<String, usize>, unscored: &[String]) {
        if !nowhere.is_empty() {
            let results: usize = nowhere.values().sum();
            let codes: Vec<&str> = nowhere.keys().map(String::as_str).collect();
            self.findings.notes.push(format!(
                "results left out, as the region of their tester is not known: {results}, by {}; \
                 --region CODE=REGION says which it is",
                first_few(&codes, MOST_NAMED)
            ));
        }
        if !unscored.is_empty() {
            let names: Vec<&str> = unscored.iter().map(String::as_str).collect();
            self.findings.notes.push(format!(
                "no round-trip score: those of {} stay in their region, others get that of the \
                 tester with most success, and reliability is of all testers: {}",
                self.base,
                first_few(&names, MOST_NAMED)
            ));
        }
    }

    /// Where the user says testers stand.
    fn placed_testers(&self, options: &Options) -> Result<Vec<(String, usize)>, ImportError> {
        let regions = &self.scenario.network.regions;
        let placed = |(code, id): &(String, String)| {
            let names = regions.iter().map(|region| region.id.as_str());
            let index = regions.iter().position(|region| region.id == *id);
            let index = index.ok_or_else(|| unknown("region", id, self.base, names))?;
            Ok((code.to_ascii_uppercase(), index))
        };
        options.regions.iter().map(placed).collect()
    }

    /// Why an orchestrator of the file is not taken up.
    fn reason_to_skip(
        &self,
        found: &Found,
        standing: Option<&Standing>,
        index: Option<usize>,
        adds: bool,
        is_twice: bool,
    ) -> Option<String> {
        if !found.tests.is_empty() && standing.is_none() {
            let codes = found.tests.iter().map(|test| test.tester.as_str());
            let codes = codes.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
            return Some(format!(
                "tested by {codes} only, whose region is not known; --region CODE=REGION says \
                 which it is"
            ));
        }
        if is_twice {
            return Some("named twice, in different case".to_string());
        }
        if index.is_some() {
            return None;
        }
        if !adds {
            return Some(format!("not an orchestrator of {}", self.base));
        }
        let is_dead = standing.is_some_and(|standing| standing.place.is_none());
        is_dead.then(|| "failed every test".to_string())
    }

    /// The orchestrators that stay, in their order and with what changed. Groups
    /// with a changed member are written out.
    fn kept_and_changed(
        &mut self,
        blocks: Vec<Block>,
        mut changed: BTreeMap<usize, String>,
        replaces_all: bool,
    ) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        let (mut dropped, mut groups) = (0, 0);
        for block in blocks {
            let is_changed = block.members.iter().any(|member| changed.contains_key(member));
            if !is_changed && !replaces_all {
                texts.push(block.text);
                continue;
            }
            groups += usize::from(block.is_group && !replaces_all);
            for &member in &block.members {
                match changed.remove(&member) {
                    Some(text) => texts.push(text),
                    None if replaces_all => dropped += 1,
                    None => texts.push(self.written_out(member)),
                }
            }
        }
        if groups > 0 {
            self.findings.notes.push(format!(
                "groups of the base written out one by one, as a member changed: {groups}"
            ));
        }
        if dropped > 0 {
            self.findings.notes.push(format!(
                "the {dropped} orchestrators of {} that are not in the file are left out",
                self.base
            ));
        }
        texts
    }

    /// An orchestrator of the base in full.
    fn written_out(&self, index: usize) -> String {
        let known = self.scenario.network.orchestrators.get(index);
        known.map_or_else(String::new, |known| orchestrator_to_toml(&self.scenario, known))
    }

    /// The orchestrators of the base, as they are written.
    fn blocks(&self) -> Vec<Block> {
        let orchestrators = &self.scenario.network.orchestrators;
        let text = |element: &Element| {
            let range = element.preamble..element.end;
            self.document.text().get(range).unwrap_or_default().to_string()
        };
        let singles = self.elements("orchestrators");
        let mut blocks: Vec<Block> = Vec::new();
        for (index, element) in singles.iter().enumerate() {
            blocks.push(Block { members: vec![index], text: text(element), is_group: false });
        }
        let mut next = singles.len();
        for element in &self.elements("orchestrator_groups") {
            let id = text_at(self.text(element), "id").unwrap_or_default();
            let is_member = |at: &usize| {
                let known = orchestrators.get(*at).map_or("", |known| known.id.as_str());
                let number = known.strip_prefix(&id).and_then(|rest| rest.strip_prefix('-'));
                number.and_then(|number| number.parse::<usize>().ok()) == Some(at - next + 1)
            };
            let members: Vec<usize> = (next..).take_while(is_member).collect();
            next += members.len();
            blocks.push(Block { members, text: text(element), is_group: true });
        }
        blocks
    }

    /// A new orchestrator that is like one of the base, each in its turn, where
    /// the file says nothing.
    fn like(&mut self, found: &Found, turn: usize) -> Result<String, ImportError> {
        let models = &self.scenario.network.orchestrators;
        let Some(model) = models.get(turn % models.len().max(1)) else {
            return Err(not_plain("orchestrators"));
        };
        let id = model.id.clone();
        let mut like = Orchestrator { id: found.id.clone(), response: None, ..model.clone() };
        if found.offers.is_some() {
            like.offers.clear();
        }
        let mut text = orchestrator_to_toml(&self.scenario, &like);
        let about =
            format!("\n# Keys without a comment are assumed: those of {id} in {}.", self.base);
        let header = text.find("]]").map_or(0, |at| at + 2);
        text.insert_str(header, &about);
        for (key, value, better) in [
            (
                "region",
                quoted(&self.scenario.network.regions[like.region].id),
                "import leaderboard",
            ),
            ("stake", format!("\"{}\"", like.stake), "import stakes"),
            ("reliability", format!("{:?}", like.reliability), "import leaderboard"),
        ] {
            let about = format!("assumed, that of {id}; `orchsim {better}` would replace it");
            text = changed(&text, key, &value, &about)?;
        }
        Ok(text)
    }

    /// The text of an orchestrator with what was found of it.
    fn filled_in(
        &mut self,
        mut text: String,
        found: &Found,
        standing: Option<Standing>,
        is_new: bool,
    ) -> Result<String, ImportError> {
        let label = self.label.clone();
        if is_new && !found.about.is_empty() {
            let header = text.find("]]").map_or(0, |at| at + 2);
            text.insert_str(header, &format!("\n# {}", comment(&found.about)));
        }
        if let Some((release, version)) = &found.version {
            let about = format!("{label}: {release}");
            text = changed(&text, "version", &quoted(version.name()), &comment(&about))?;
        }
        if let Some(stake) = found.stake {
            text = changed(&text, "stake", &format!("\"{stake}\""), &label)?;
        }
        if let Some(standing) = standing {
            let Standing { place, closeness, reliability, results, testers } = standing;
            let few = if results < FEW_RESULTS { ", few" } else { "" };
            let about = place.as_ref().and_then(|(_, tester)| match closeness {
                Some(score) => Some(format!("best round-trip score, {score:.2} at {tester}")),
                None => is_new.then(|| {
                    format!("assumed, as most tests succeed from {tester}; no round-trip score")
                }),
            });
            if let (Some((region, _)), Some(about)) = (&place, about) {
                let region = quoted(&self.scenario.network.regions[*region].id);
                text = changed(&text, "region", &region, &comment(&format!("{label}: {about}")))?;
            } else if place.is_none() {
                self.findings.notes.push(format!(
                    "{} failed every test, so its reliability is 0; results of the transcoding \
                     tester do not show whether it serves AI",
                    found.id
                ));
            }
            let mean_of = plural(&results.to_string(), "result");
            let about = format!("{label}: mean of {mean_of}{few}, by {}", testers.join(", "));
            let reliability = libm::round(reliability * 1e4) / 1e4;
            text = changed(&text, "reliability", &format!("{reliability:?}"), &comment(&about))?;
        }
        if let Some(offers) = &found.offers {
            let mut lines = String::new();
            for offer in offers {
                lines += &self.offer(offer);
            }
            text = changed(&text, "offers", &format!("[\n{lines}]"), "")?;
            // A quote has the cost of redemption in it, the price of a configuration not.
            let adjusts = match self.kind {
                Kind::Capabilities => Some(("false", "assumed: the advertised price is the quote")),
                _ if is_new => {
                    Some(("true", "assumed: go-livepeer's default, as the file has base prices"))
                }
                _ => None,
            };
            if let Some((adjusts, about)) = adjusts {
                text = changed(&text, "auto_adjust_price", adjusts, about)?;
            }
        }
        Ok(text)
    }

    fn offer(&mut self, offer: &FoundOffer) -> String {
        let FoundOffer { pipeline, model, price, warm, capacity, about } = offer;
        let index = self.model(*pipeline, model);
        let (price, warm, capacity) = (*price, *warm, *capacity);
        let written = Offer { model: index, price, warm, capacity };
        let written = offer_to_toml(&self.scenario.network.models[index], &written);
        let about = if about.is_empty() { String::new() } else { format!(": {about}") };
        format!("  {written},  # {}{}\n", self.label, comment(&about))
    }

    /// Puts the orchestrators where those of the base are.
    fn put_orchestrators(&mut self, texts: &[String]) {
        let mut ranges: Vec<_> = ["orchestrators", "orchestrator_groups"]
            .into_iter()
            .flat_map(|list| self.elements(list))
            .map(|element| element.preamble..element.end)
            .collect();
        ranges.sort_by_key(|range| range.start);
        let parts: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
        let mut text = Some(format!("\n\n{}", parts.join("\n\n")));
        let changes = ranges.into_iter().map(|range| (range, text.take().unwrap_or_default()));
        let changes = changes.collect();
        self.document.replace(changes);
    }

    /// Raises the number of registered orchestrators where it would no longer
    /// hold those listed.
    fn registered(&mut self, listed: usize) -> Result<(), ImportError> {
        let network = &self.scenario.network;
        let least = listed + network.unresponsive_orchestrators as usize;
        if network.registered_orchestrators as usize >= least {
            return Ok(());
        }
        let Some(section) = self.document.table("network") else { return Ok(()) };
        let text = self.text(&section);
        if !text.contains("registered_orchestrators") {
            return Ok(());
        }
        let about = format!("{}: those listed and those that do not answer", self.label);
        let text = changed(text, "registered_orchestrators", &least.to_string(), &about)?;
        self.document.replace(vec![(section.start..section.end, text)]);
        Ok(())
    }
}

/// [`set`], of a key that can be set.
fn changed(text: &str, key: &str, value: &str, about: &str) -> Result<String, ImportError> {
    set(text, key, value, about).ok_or_else(|| not_plain(key))
}

fn not_plain(key: &str) -> ImportError {
    ImportError::UnknownName(format!(
        "`{key}` of the base is written under a header of its own; write it as `{key} = ...`"
    ))
}

/// A name a scenario takes, from that of a file.
fn name_from(stem: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = stem.chars().take(80).map(plain).collect();
    let name = name.trim_start_matches('-');
    if is_name(name) { name.to_string() } else { "imported".to_string() }
}

/// A model of a pipeline nobody has times of.
fn usual(pipeline: Pipeline) -> Model {
    use crate::kernel::Distribution;
    use crate::network::ServiceTime;
    let variation = Distribution::Constant(1.0);
    let service = ServiceTime { overhead_s: 1.0, seconds_per_unit: 1e-6, variation };
    Model { pipeline, id: String::new(), steps: 50, service, cold_start_s: 30.0 }
}

/// What demand asks for and nobody offers.
fn unserved(scenario: &Scenario) -> Vec<String> {
    let network = &scenario.network;
    let mut ids: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for stream in &scenario.demand {
        if !network.is_offered(stream.model) {
            ids.entry(stream.model).or_default().insert(&stream.id);
        }
    }
    let line = |(model, streams): (usize, BTreeSet<&str>)| {
        let model = &network.models[model];
        let key = model.key();
        let streams = streams.into_iter().collect::<Vec<_>>().join(", ");
        let remedy = match network.offered(model.pipeline).as_slice() {
            [] => "remove it".to_string(),
            ids => format!("ask for {}, or remove it,", ids.join(" or ")),
        };
        format!(
            "nobody offers {key}, so the requests of {streams} fail: {remedy} under \
             [[demand.streams]]"
        )
    };
    ids.into_iter().map(line).collect()
}

/// The text with what was imported above it, in place of an earlier import of
/// the same kind.
fn with_block(
    text: &str,
    kind: Kind,
    name: &str,
    summary: &str,
    skipped: &[String],
    notes: &[String],
) -> String {
    let mark = format!("{MARK} {} ", kind.name());
    let mut block = format!("{mark}from {}: {summary}\n", comment(name));
    for note in notes.iter().take(MOST_LINES) {
        block += &format!("#   note: {note}\n");
    }
    for line in skipped.iter().take(MOST_LINES) {
        block += &format!("#   skipped {line}\n");
    }
    if skipped.len() > MOST_LINES {
        block += &format!("#   skipped {} more\n", skipped.len() - MOST_LINES);
    }
    let mut is_replaced = false;
    let mut rest = String::new();
    for line in text.split_inclusive('\n') {
        is_replaced = line.starts_with(&mark) || is_replaced && line.starts_with("#   ");
        if !is_replaced {
            rest += line;
        }
    }
    let separator = if rest.starts_with(MARK) { "" } else { "\n" };
    format!("{block}{separator}{}\n", rest.trim())
}

/// One line of printable text, so that it can stand in a comment.
pub(super) fn comment(text: &str) -> String {
    let clean = text.chars().take(400).map(|c| if c.is_control() { ' ' } else { c });
    clean.collect::<String>().trim_end().to_string()
}

fn nothing(file: &Source, findings: &Findings) -> ImportError {
    let lines = findings.skipped.iter().take(5);
    let mut reasons: String =
        lines.map(|(what, why)| format!("\n  {}", comment(&format!("{what}: {why}")))).collect();
    if findings.skipped.len() > 5 {
        reasons += &format!("\n  and {} more", findings.skipped.len() - 5);
    }
    ImportError::Nothing { file: file.name.clone(), reasons }
}

fn unknown<'a>(
    what: &str,
    name: &str,
    base: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> ImportError {
    let names = known.clone().take(20).collect::<Vec<_>>().join(", ");
    let hint = nearest(name, known).map_or_else(
        || format!("\n  help: there is {names}"),
        |near| format!("\n  help: did you mean `{near}`?"),
    );
    ImportError::UnknownName(format!("{base} has no {what} `{name}`{hint}"))
}
