use std::collections::{BTreeSet, HashMap};

use super::header::NAMES;
use super::history::SpendKey;
use crate::network::{Network, Pipeline};
use crate::text::is_address;

/// Names that differ in case only, named in one sentence.
const MOST_NAMED: usize = 3;
/// The column of pipelines.
const PIPELINE: usize = 1;

/// One spelling for each name: that of the scenario, of go-livepeer for a
/// pipeline, else that of the first row.
#[derive(Default)]
pub(super) struct Spellings {
    /// By column and the name as it was read.
    known: [HashMap<String, String>; NAMES.len()],
    /// By column and the name in lower case.
    by_case: [HashMap<String, String>; NAMES.len()],
    /// (kept, read).
    joined: BTreeSet<(String, String)>,
}

impl Spellings {
    /// Those of the network, if there is one.
    pub(super) fn of(network: Option<&Network>) -> Spellings {
        let mut spellings = Spellings::default();
        let Some(network) = network else { return spellings };
        let names: [Vec<&String>; NAMES.len()] = [
            network.gateways.iter().map(|gateway| &gateway.id).collect(),
            Vec::new(),
            network.models.iter().map(|model| &model.id).collect(),
            network.regions.iter().map(|region| &region.id).collect(),
            network.orchestrators.iter().map(|orchestrator| &orchestrator.id).collect(),
        ];
        for (column, names) in names.into_iter().enumerate() {
            for name in names {
                spellings.known[column].insert(name.clone(), name.clone());
                spellings.by_case[column].entry(name.to_lowercase()).or_insert(name.clone());
            }
        }
        spellings
    }

    /// The names of a row, in the order of [`NAMES`], each in its one spelling.
    pub(super) fn key(&mut self, names: [Option<&str>; NAMES.len()]) -> SpendKey {
        let mut column = 0..;
        let [gateway, pipeline, model, region, orchestrator] =
            names.map(|name| column.next().zip(name).map(|(column, name)| self.one(column, name)));
        SpendKey { gateway, pipeline, model, region, orchestrator }
    }

    fn one(&mut self, column: usize, name: &str) -> String {
        if let Some(kept) = self.known[column].get(name) {
            return kept.clone();
        }
        let pipeline = (column == PIPELINE).then(|| Pipeline::spelled(name)).flatten();
        let lower = name.to_lowercase();
        let spelled = match pipeline {
            Some(pipeline) => pipeline.name(),
            None if is_address(name) => &lower,
            None => name,
        };
        let kept = self.by_case[column].entry(lower.clone()).or_insert(spelled.to_string()).clone();
        if kept != spelled && !is_address(name) {
            self.joined.insert((kept.clone(), name.to_string()));
        }
        self.known[column].insert(name.to_string(), kept.clone());
        kept
    }

    /// Which names were taken as one, in a sentence.
    pub(super) fn note(&self) -> Option<String> {
        let pair = |(kept, read): &(String, String)| format!("`{read}` as `{kept}`");
        let shown: Vec<String> = self.joined.iter().take(MOST_NAMED).map(pair).collect();
        let more = if self.joined.len() > MOST_NAMED { ", ..." } else { "" };
        let shown = shown.join(", ");
        (!shown.is_empty())
            .then(|| format!("names that differ in case only are taken as one: {shown}{more}"))
    }
}
