//! Which part of the spend is of which streams.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{CalibrateError, Fitted};
use crate::scenario::Scenario;
use crate::spend::{Coverage, SpendHistory};
use crate::text::first_few;

/// Complete days, the last ones, that the mix is taken from.
pub const MIX_DAYS: usize = 28;
/// Largest share of spend that may be on what the scenario does not have.
pub(super) const MOST_UNKNOWN: f64 = 0.5;
/// Names in one sentence.
const MOST_NAMED: usize = 6;
/// Two-sided 90 % quantile of the normal distribution.
const Z90: f64 = 1.645;

/// Streams that a history tells apart: those of one gateway, of one pipeline, of
/// both, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The gateway, where the history names those of the scenario.
    pub gateway: Option<String>,
    /// The pipeline, where it does.
    pub pipeline: Option<String>,
}

impl Group {
    /// It in words.
    pub fn name(&self) -> String {
        let parts = [self.pipeline.as_deref(), self.gateway.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "all".to_string() } else { parts.join(" at ") }
    }

    /// Whether the streams of a pipeline at a gateway are of it.
    pub fn holds(&self, pipeline: &str, gateway: &str) -> bool {
        self.gateway.as_deref().is_none_or(|name| name == gateway)
            && self.pipeline.as_deref().is_none_or(|name| name == pipeline)
    }
}

/// What the history says of the mix.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    /// The group of each demand stream of the scenario.
    pub(super) of_stream: Vec<Group>,
    /// The share of each of these groups; they sum to 1.
    pub(super) shares: BTreeMap<Group, Fitted>,
    /// What is of none of them, by name, with its share of the spend.
    pub(super) unknown: Vec<(String, f64)>,
    /// The complete days all this is of, the last ones of the history.
    pub(super) window: Vec<Date>,
    /// What was spent a day on them, unknown names included, in ETH.
    pub(super) eth_per_day: f64,
    /// What a reader has to know.
    pub(super) remarks: Vec<String>,
}

impl Mix {
    /// What a group spends of so many ETH a day.
    pub(super) fn part(&self, group: &Group, eth_per_day: f64) -> f64 {
        eth_per_day * self.shares.get(group).map_or(0.0, |share| share.estimate)
    }

    /// The share of the spend that is of no group.
    pub(super) fn unknown_share(&self) -> f64 {
        self.unknown.iter().map(|(_, share)| share).sum()
    }

    /// Why the streams of a group spend nothing, as far as their models tell.
    pub(super) fn why_idle(&self, scenario: &Scenario, group: &Group) -> String {
        let network = &scenario.network;
        let streams = scenario.demand.iter().zip(&self.of_stream).filter(|(_, of)| *of == group);
        let mut reasons: Vec<String> = Vec::new();
        for (stream, _) in streams {
            let model = &network.models[stream.model];
            let (id, asked) = (&stream.id, &model.id);
            let reason = match network.offered(model.pipeline).as_slice() {
                _ if network.is_offered(stream.model) => {
                    format!("`{id}` asks for {asked}, which is offered; see `orchsim explain`")
                }
                [] => format!(
                    "`{id}` asks for {asked}, which nobody offers, nor any other model of {}",
                    model.pipeline.name()
                ),
                offered => format!(
                    "`{id}` asks for {asked}, which nobody offers; on offer is {}: set \
                     `demand.streams.{id}.model`",
                    offered.join(" or ")
                ),
            };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons.join("; ")
    }

    /// The names it is of, the first few.
    pub(super) fn unknown_names(&self) -> String {
        let names: Vec<&str> = self.unknown.iter().map(|(name, _)| name.as_str()).collect();
        first_few(&names, MOST_NAMED)
    }
}

/// The mix of the last [`MIX_DAYS`] complete days.
///
/// # Errors
/// Most of the spend is on what the scenario does not have.
pub(super) fn mix(scenario: &Scenario, history: &SpendHistory) -> Result<Mix, CalibrateError> {
    let network = &scenario.network;
    let pipeline = |stream: usize| network.models[scenario.demand[stream].model].pipeline.name();
    let gateway = |stream: usize| network.gateways[scenario.demand[stream].gateway].id.as_str();
    let streams = 0..scenario.demand.len();
    let mut remarks = Vec::new();
    let names_gateways = history.keys().iter().any(|key| key.gateway.is_some());
    let by_gateway = history.keys().iter().any(|key| {
        key.gateway.as_deref().is_some_and(|name| streams.clone().any(|s| gateway(s) == name))
    });
    if names_gateways && !by_gateway {
        remarks.push("no gateway of the file is one of the scenario: taken together".to_string());
    }
    let names_pipelines = history.keys().iter().any(|key| key.pipeline.is_some());
    let by_pipeline = history.keys().iter().any(|key| {
        key.pipeline.as_deref().is_some_and(|name| streams.clone().any(|s| pipeline(s) == name))
    });
    if names_pipelines && !by_pipeline {
        remarks.push("no pipeline of the file is one of the scenario: taken together".to_string());
    }
    let of_stream: Vec<Group> = streams
        .map(|stream| Group {
            gateway: by_gateway.then(|| gateway(stream).to_string()),
            pipeline: by_pipeline.then(|| pipeline(stream).to_string()),
        })
        .collect();
    let complete: Vec<usize> = history
        .days()
        .enumerate()
        .filter(|(_, (_, coverage))| *coverage == Coverage::Complete)
        .map(|(day, _)| day)
        .collect();
    let window = &complete[complete.len().saturating_sub(MIX_DAYS)..];
    let mut spent: BTreeMap<Group, Vec<f64>> =
        of_stream.iter().map(|group| (group.clone(), vec![0.0; window.len()])).collect();
    let mut unknown: Vec<(String, f64)> = Vec::new();
    let mut total = 0.0;
    for (day, key, cell) in history.cells() {
        let Ok(place) = window.binary_search(&day) else { continue };
        let eth = cell.amount.to_coins();
        total += eth;
        let group = Group {
            gateway: by_gateway.then(|| key.gateway.clone()).flatten(),
            pipeline: by_pipeline.then(|| key.pipeline.clone()).flatten(),
        };
        let Some(days) = spent.get_mut(&group) else {
            let of_row = |is_told: bool, name: Option<String>, none: &str| {
                is_told.then(|| name.unwrap_or_else(|| none.to_string()))
            };
            let name = Group {
                gateway: of_row(by_gateway, group.gateway, "no named gateway"),
                pipeline: of_row(by_pipeline, group.pipeline, "no named pipeline"),
            }
            .name();
            match unknown.iter_mut().find(|(other, _)| *other == name) {
                Some((_, sum)) => *sum += eth,
                None if eth == 0.0 => {}
                None => unknown.push((name, eth)),
            }
            continue;
        };
        days[place] += eth;
    }
    let shares = shares(&spent);
    let unknown = unknown.into_iter().map(|(name, eth)| (name, eth / total)).collect();
    for (group, share) in &shares {
        if share.estimate == 0.0 {
            let name = group.name();
            remarks.push(format!("nothing was spent on {name}: its requests are set to 0"));
        }
    }
    let mix = Mix {
        of_stream,
        shares,
        unknown,
        window: window.iter().map(|&day| history.date(day)).collect(),
        eth_per_day: total / window.len().max(1) as f64,
        remarks,
    };
    let share = mix.unknown_share();
    if share > MOST_UNKNOWN {
        return Err(CalibrateError::Unknown { share, names: mix.unknown_names() });
    }
    Ok(mix)
}

/// Ratio estimates with 90 % intervals that heed the autocorrelation from day
/// to day.
fn shares(spent: &BTreeMap<Group, Vec<f64>>) -> BTreeMap<Group, Fitted> {
    let days = spent.values().map(Vec::len).max().unwrap_or(0);
    let totals: Vec<f64> =
        (0..days).map(|day| spent.values().map(|group| group[day]).sum()).collect();
    let total: f64 = totals.iter().sum();
    let share_of = |group: &Vec<f64>| {
        if total <= 0.0 {
            return Fitted { estimate: 0.0, lo: 0.0, hi: 1.0 };
        }
        let estimate = group.iter().sum::<f64>() / total;
        let n = days as f64;
        let apart: Vec<f64> = group
            .iter()
            .zip(&totals)
            .map(|(eth, all)| (eth - estimate * all) * n / total)
            .collect();
        let var = apart.iter().map(|x| x * x).sum::<f64>() / (n - 1.0).max(1.0);
        let lagged: f64 = apart.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
        let lag = if var > 0.0 { (lagged / (var * n)).clamp(0.0, 0.9) } else { 0.0 };
        let half = Z90 * libm::sqrt(var / n * (1.0 + lag) / (1.0 - lag));
        Fitted { estimate, lo: (estimate - half).max(0.0), hi: (estimate + half).min(1.0) }
    };
    spent.iter().map(|(group, days)| (group.clone(), share_of(days))).collect()
}
