use std::collections::{BTreeMap, BTreeSet};

use super::super::diagnostics::{Problem, Report};
use super::super::shape::quoted;
use super::super::tree::Cursor;
use crate::network::Pipeline;

/// The names a scenario may refer to, with the index of each. Taken from the
/// tree before anything is built, so that a faulty gateway is not also
/// reported as missing wherever it is named.
pub(super) struct Names<'a> {
    pub regions: Index<'a>,
    pub gateways: Index<'a>,
    /// The gateways, and behind them those that the policy adds.
    pub all_gateways: Index<'a>,
    /// The demand streams, and behind them the test prompts of the policy.
    pub all_streams: Index<'a>,
    models: BTreeMap<(Pipeline, &'a str), usize>,
    /// Models of a pipeline that does not exist.
    misplaced: BTreeSet<&'a str>,
}

/// Names of one kind in order.
pub(super) struct Index<'a> {
    kind: &'static str,
    by_name: BTreeMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    fn collect(items: Vec<Cursor<'a>>, kind: &'static str, report: &mut Report) -> Index<'a> {
        let mut by_name = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let Some(id) = item.get("id") else { continue };
            let Some(name) = id.text() else { continue };
            if by_name.insert(name, index).is_some() {
                report.push(duplicate(&id, kind, name));
            }
        }
        Index { kind, by_name }
    }

    /// The same with `items` behind them. Names that are there twice are reported
    /// where these are read.
    fn followed_by(&self, items: &[Cursor<'a>]) -> Index<'a> {
        let mut by_name = self.by_name.clone();
        for (number, item) in items.iter().enumerate() {
            if let Some(name) = item.text_at("id") {
                by_name.entry(name).or_insert(self.len() + number);
            }
        }
        Index { kind: self.kind, by_name }
    }

    /// The index of the name at `at`; reports a name that does not exist.
    pub fn find(&self, at: &Cursor, report: &mut Report) -> Option<usize> {
        self.find_name(at.text()?, at, report)
    }

    /// The index of `name`, reported at `at` where it does not exist.
    pub fn find_name(&self, name: &str, at: &Cursor, report: &mut Report) -> Option<usize> {
        let found = self.by_name.get(name).copied();
        if found.is_none() && !self.by_name.is_empty() {
            report.push(self.unknown(name, Problem::at(at, self.message(name))));
        }
        found
    }

    pub fn message(&self, name: &str) -> String {
        format!("there is no {} `{}`", self.kind, name.chars().take(80).collect::<String>())
    }

    /// Adds to a problem what the right names would be.
    pub fn unknown(&self, name: &str, problem: Problem) -> Problem {
        let names = || self.by_name.keys().copied();
        problem.expected(one_of(self.kind, names())).nearest(name, names())
    }

    pub fn get(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The name with this index.
    pub fn name(&self, index: usize) -> Option<&'a str> {
        self.by_name.iter().find(|(_, known)| **known == index).map(|(name, _)| *name)
    }

    pub fn len(&self) -> usize {
        self.by_name.len()
    }
}

impl<'a> Names<'a> {
    pub fn collect(root: &Cursor<'a>, report: &mut Report) -> Names<'a> {
        let mut models = BTreeMap::new();
        let mut misplaced = BTreeSet::new();
        for (index, item) in root.list("models").iter().enumerate() {
            let pipeline = item.text_at("pipeline").and_then(Pipeline::named);
            let Some(id) = item.get("id") else { continue };
            let Some(name) = id.text() else { continue };
            let Some(pipeline) = pipeline else {
                misplaced.insert(name);
                continue;
            };
            if models.insert((pipeline, name), index).is_some() {
                report.push(duplicate(&id, pipeline.name(), name));
            }
        }
        let streams = root.get("demand").map(|demand| demand.list("streams"));
        let streams = Index::collect(streams.unwrap_or_default(), "demand stream", report);
        let gateways = Index::collect(root.list("gateways"), "gateway", report);
        let injection = root.get("policy").and_then(|policy| policy.get("injection"));
        let added = |key| injection.as_ref().map(|at| at.list(key)).unwrap_or_default();
        Names {
            regions: Index::collect(root.list("regions"), "region", report),
            all_gateways: gateways.followed_by(&added("gateways")),
            all_streams: streams.followed_by(&added("test_prompts")),
            gateways,
            models,
            misplaced,
        }
    }

    /// The model a table names by `pipeline` and `model`.
    pub fn model(&self, at: &Cursor, report: &mut Report) -> Option<(Pipeline, usize)> {
        let pipeline = Pipeline::named(at.text_at("pipeline")?)?;
        let model = at.get("model")?;
        let name = model.text()?;
        if let Some(&index) = self.models.get(&(pipeline, name)) {
            return Some((pipeline, index));
        }
        if self.misplaced.contains(name) || self.models.is_empty() {
            return None;
        }
        let of_pipeline = || {
            let same = self.models.keys().filter(|(of, _)| *of == pipeline);
            same.map(|(_, id)| *id)
        };
        let shown: String = name.chars().take(80).collect();
        let message = format!("there is no model `{shown}` under {}", pipeline.name());
        let problem = Problem::at(&model, message).expected(one_of("model", of_pipeline()));
        report.push(problem.nearest(name, of_pipeline()));
        None
    }
}

/// The names there are, where they are few.
fn one_of<'a>(kind: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match names.clone().count() {
        1..=9 => format!("the {kind} {}", quoted(names, "or")),
        _ => format!("the id of a {kind} of this scenario"),
    }
}

pub(super) fn duplicate(at: &Cursor, kind: &str, name: &str) -> Problem {
    let shown: String = name.chars().take(80).collect();
    Problem::at(at, format!("the {kind} `{shown}` is there twice")).expected("each id once")
}
