//! A run directory, read back.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::SpendingError;
use crate::ensemble::{PeriodRow, Quantiles, ServiceSpend};
use crate::experiment::sha256;
use crate::network::Network;
use crate::report::SUMMARY_SCHEMA;
use crate::report::directory::{MANIFEST, is_earlier_run};
use crate::scenario::{Scenario, Source, load};
use crate::units::{CalendarPeriod, Wei};

/// What a report reads of a run.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// What was run.
    pub scenario: Scenario,
    /// `summary.json`.
    pub summary: Value,
    pub(super) days: Vec<StoredDay>,
    pub(super) periods: Vec<PeriodRow>,
    /// Days until the credits ran out, and whether that lies beyond the horizon.
    pub(super) runways: Vec<(f64, bool)>,
    pub(super) fees: Vec<StoredFee>,
    /// Id of each model, and what was spent on it over the whole run, in wei.
    pub(super) by_model: Vec<(String, u128)>,
    /// By pipeline: requests served.
    pub(super) served: Vec<(String, f64)>,
}

impl StoredRun {
    /// Id of the region of each orchestrator.
    pub(super) fn seats(&self) -> BTreeMap<&str, &str> {
        let Network { orchestrators, regions, .. } = &self.scenario.network;
        orchestrators.iter().map(|o| (o.id.as_str(), regions[o.region].id.as_str())).collect()
    }
}

/// One day of `burn.csv`.
#[derive(Clone, Debug)]
pub(super) struct StoredDay {
    pub(super) balance_eth: Quantiles,
    pub(super) spend_eth: Quantiles,
    pub(super) mean_eth: f64,
    /// Mean spend by pipeline, in ETH.
    pub(super) by_pipeline: Vec<(String, f64)>,
}

/// A row of `fees_by_orchestrator.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StoredFee {
    pub(super) orchestrator: String,
    pub(super) region: String,
    pub(super) fees_wei: u128,
}

#[derive(Deserialize)]
struct BurnRow {
    day: usize,
    series: String,
    pipeline: String,
    mean_eth: Option<f64>,
    p05_eth: f64,
    p25_eth: f64,
    p50_eth: f64,
    p75_eth: f64,
    p95_eth: f64,
}

#[derive(Deserialize)]
struct StoredPeriod {
    period: String,
    first_date: String,
    days: u32,
    gateway: String,
    pipeline: String,
    region: String,
    mean_wei: u128,
    mean_usd: Option<f64>,
    mean_lpt: Option<f64>,
    p05_eth: Option<f64>,
    p25_eth: Option<f64>,
    p50_eth: Option<f64>,
    p75_eth: Option<f64>,
    p95_eth: Option<f64>,
}

#[derive(Deserialize)]
struct RunwayRow {
    runway_days: f64,
    censored: bool,
}

#[derive(Deserialize)]
struct ServedRow {
    pipeline: String,
    served: f64,
}

/// Reads what `orchsim run` wrote into `directory`.
///
/// # Errors
/// A directory that holds no run, or not as it was written, or a file system
/// that refuses.
pub fn read_run(directory: &Path) -> Result<StoredRun, SpendingError> {
    let not_a_run = |reason: &str| SpendingError::NotARun {
        path: directory.to_path_buf(),
        reason: reason.to_string(),
    };
    if !directory.is_dir() {
        return Err(not_a_run(if directory.exists() { "it is a file" } else { "it is not there" }));
    }
    if !is_earlier_run(directory) {
        return Err(not_a_run("it has no `manifest.json` of orchsim"));
    }
    let files = Files::open(directory)?;
    if !files.has("burn.csv") || !files.has("summary.json") {
        return Err(not_a_run("orchsim wrote it, but not as a run"));
    }
    if !files.has("periods.csv") {
        return Err(not_a_run("an earlier version wrote it, without `periods.csv`"));
    }
    let summary: Value = serde_json::from_str(&files.text("summary.json")?)
        .map_err(|error| files.damaged("summary.json", &error))?;
    if summary.get("schema").and_then(Value::as_u64) != Some(u64::from(SUMMARY_SCHEMA)) {
        return Err(not_a_run("its `summary.json` has the layout of another version"));
    }
    let source = Source {
        name: directory.join("scenario.toml").display().to_string(),
        text: files.text("scenario.toml")?,
        directory: Some(directory.to_path_buf()),
    };
    let scenario = load(&source, &[]).map_err(SpendingError::Scenario)?;
    let by_model = by_model(&scenario, &summary)
        .ok_or_else(|| files.damaged("summary.json", &"spend by model makes no sense"))?;
    let runways = files.rows::<RunwayRow>("runways.csv")?;
    let served = files.rows::<ServedRow>("requests.csv")?;
    Ok(StoredRun {
        days: days(files.rows("burn.csv")?),
        periods: periods(files.rows("periods.csv")?)
            .ok_or_else(|| files.damaged("periods.csv", &"a row makes no sense"))?,
        runways: runways.into_iter().map(|row| (row.runway_days, row.censored)).collect(),
        fees: files.rows("fees_by_orchestrator.csv")?,
        served: sums(served.iter().map(|row| (row.pipeline.as_str(), row.served))),
        by_model,
        scenario,
        summary,
    })
}

/// The summary names models with their pipelines.
fn by_model(scenario: &Scenario, summary: &Value) -> Option<Vec<(String, u128)>> {
    let spent = |(key, wei): (&String, &Value)| {
        let model = scenario.network.models.iter().find(|model| model.key() == *key)?;
        Some((model.id.clone(), wei.as_str()?.parse().ok()?))
    };
    summary["spend"]["by_model"].as_object()?.iter().map(spent).collect()
}

/// The sum of each name, in order of first appearance.
pub(super) fn sums<'a, T: std::ops::AddAssign>(
    parts: impl IntoIterator<Item = (&'a str, T)>,
) -> Vec<(String, T)> {
    let mut places = BTreeMap::new();
    let mut sums: Vec<(String, T)> = Vec::new();
    for (name, more) in parts {
        let next = sums.len();
        let place = *places.entry(name).or_insert(next);
        match sums.get_mut(place) {
            Some((_, sum)) => *sum += more,
            None => sums.push((name.to_string(), more)),
        }
    }
    sums
}

fn days(rows: Vec<BurnRow>) -> Vec<StoredDay> {
    let mut days: Vec<StoredDay> = Vec::new();
    for row in rows {
        let quantiles = Quantiles {
            p05: row.p05_eth,
            p25: row.p25_eth,
            p50: row.p50_eth,
            p75: row.p75_eth,
            p95: row.p95_eth,
        };
        if row.day == days.len() {
            days.push(StoredDay {
                balance_eth: Quantiles::default(),
                spend_eth: Quantiles::default(),
                mean_eth: 0.0,
                by_pipeline: Vec::new(),
            });
        }
        let Some(day) = days.get_mut(row.day) else { continue };
        match (row.series.as_str(), row.pipeline.as_str()) {
            ("balance", _) => day.balance_eth = quantiles,
            (_, "all") => {
                day.spend_eth = quantiles;
                day.mean_eth = row.mean_eth.unwrap_or(0.0);
            }
            (_, pipeline) => {
                day.by_pipeline.push((pipeline.to_string(), row.mean_eth.unwrap_or(0.0)));
            }
        }
    }
    days
}

/// Each period's total stands before its parts.
fn periods(rows: Vec<StoredPeriod>) -> Option<Vec<PeriodRow>> {
    let mut periods: Vec<PeriodRow> = Vec::new();
    for row in rows {
        let period: CalendarPeriod = row.period.parse().ok()?;
        match periods.last_mut().filter(|last| last.period == period) {
            Some(last) => last.by_service.push(ServiceSpend {
                gateway: row.gateway,
                pipeline: row.pipeline,
                region: row.region,
                mean: Wei(row.mean_wei),
            }),
            None => periods.push(PeriodRow {
                period,
                first: row.first_date.parse().ok()?,
                days: row.days,
                mean: Wei(row.mean_wei),
                eth: Quantiles {
                    p05: row.p05_eth?,
                    p25: row.p25_eth?,
                    p50: row.p50_eth?,
                    p75: row.p75_eth?,
                    p95: row.p95_eth?,
                },
                mean_usd: row.mean_usd?,
                mean_lpt: row.mean_lpt?,
                by_service: Vec::new(),
            }),
        }
    }
    Some(periods)
}

/// The files of a directory, each held against its hash in the manifest.
struct Files<'a> {
    directory: &'a Path,
    manifest: Value,
}

impl Files<'_> {
    fn open(directory: &Path) -> Result<Files<'_>, SpendingError> {
        let mut files = Files { directory, manifest: Value::Null };
        files.manifest = serde_json::from_slice(&files.bytes(MANIFEST)?)
            .map_err(|error| files.damaged(MANIFEST, &error))?;
        Ok(files)
    }

    fn hash(&self, name: &str) -> Option<&str> {
        self.manifest.get("sha256")?.get(name)?.as_str()
    }

    fn has(&self, name: &str) -> bool {
        self.hash(name).is_some()
    }

    fn damaged(&self, name: &str, why: &dyn std::fmt::Display) -> SpendingError {
        let reason = format!("`{name}`: {why}");
        SpendingError::Damaged { path: self.directory.to_path_buf(), reason }
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, SpendingError> {
        let path = self.directory.join(name);
        std::fs::read(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => self.damaged(name, &"it is missing"),
            _ => SpendingError::Io { path, source },
        })
    }

    fn text(&self, name: &str) -> Result<String, SpendingError> {
        let bytes = self.bytes(name)?;
        if self.hash(name) != Some(sha256(&bytes).as_str()) {
            return Err(self.damaged(name, &"it was changed after it was written"));
        }
        String::from_utf8(bytes).map_err(|error| self.damaged(name, &error))
    }

    fn rows<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, SpendingError> {
        let text = self.text(name)?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Result<Vec<T>, csv::Error> = reader.deserialize().collect();
        rows.map_err(|error| self.damaged(name, &error))
    }
}
