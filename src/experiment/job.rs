use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Study;
use crate::ensemble::{Plan, VarianceReduction};
use crate::simulation::Mode;

/// One replication of one setting: the smallest piece of work. A run has the
/// setting 0 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
pub struct Replicate {
    /// Index of the setting.
    pub setting: u32,
    /// Number of the replication.
    pub replication: u32,
}

impl From<(u32, u32)> for Replicate {
    fn from((setting, replication): (u32, u32)) -> Replicate {
        Replicate { setting, replication }
    }
}

impl From<Replicate> for (u32, u32) {
    fn from(replicate: Replicate) -> (u32, u32) {
        (replicate.setting, replicate.replication)
    }
}

/// All that decides the bytes of a result: shards of equal jobs belong
/// together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Version of orchsim.
    pub version: String,
    /// The command that does all of it in one go, as reports print it.
    pub command: String,
    /// The resolved scenario; of a sweep, without what is varied.
    pub scenario: String,
    /// Replications of each setting; with a precision, the most.
    pub replications: u32,
    /// See [`Plan::precision`].
    pub precision: Option<f64>,
    /// See [`Plan::mode`].
    pub mode: Mode,
    /// See [`Plan::variance_reduction`].
    #[serde(default, skip_serializing_if = "VarianceReduction::is_none")]
    pub variance_reduction: VarianceReduction,
    /// The settings of a sweep; `None` for a run.
    pub study: Option<Study>,
}

impl Job {
    /// SHA-256 of everything in it, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        sha256(text.as_bytes())
    }

    /// How many replications each setting gets.
    pub fn plan(&self) -> Plan {
        let Job { replications, precision, mode, variance_reduction, .. } = *self;
        Plan { replications, precision, mode, variance_reduction }
    }

    /// Every replicate in order: setting by setting, replication by replication.
    pub fn replicates(&self) -> impl Iterator<Item = Replicate> {
        let settings = self.study.as_ref().map_or(1, |study| study.settings.len() as u32);
        let replications = self.replications;
        (0..settings).flat_map(move |setting| {
            (0..replications).map(move |replication| Replicate { setting, replication })
        })
    }

    /// The first thing, other than the version, in which two jobs differ.
    pub fn difference(&self, other: &Job) -> Option<String> {
        let is_sweep = |job: &Job| if job.study.is_some() { "a sweep" } else { "a run" };
        let plain = |name: &str, a: String, b: String| {
            (a != b).then(|| format!("{name} (`{a}` and `{b}`)"))
        };
        let precision = |job: &Job| job.precision.map_or("none".to_string(), |p| p.to_string());
        plain("what is done", is_sweep(self).into(), is_sweep(other).into())
            .or_else(|| first_different_line(&self.scenario, &other.scenario))
            .or_else(|| {
                let count = |job: &Job| job.replications.to_string();
                plain("`--replications`", count(self), count(other))
            })
            .or_else(|| plain("`--precision`", precision(self), precision(other)))
            .or_else(|| plain("`--mode`", self.mode.to_string(), other.mode.to_string()))
            .or_else(|| {
                let method = |job: &Job| job.variance_reduction.name().to_string();
                plain("`--variance-reduction`", method(self), method(other))
            })
            .or_else(|| self.study.as_ref()?.difference(other.study.as_ref()?))
            .or_else(|| plain("the command", self.command.clone(), other.command.clone()))
    }
}

/// Where two resolved scenarios differ first, in words.
fn first_different_line(a: &str, b: &str) -> Option<String> {
    if a == b {
        return None;
    }
    let mut section = "";
    let (mut a, mut b) = (a.lines(), b.lines());
    loop {
        let (left, right) = (a.next(), b.next());
        if left != right {
            let line = |line: Option<&str>| line.unwrap_or("nothing").trim().to_string();
            let place =
                if section.is_empty() { String::new() } else { format!(" under `{section}`") };
            return Some(format!("the scenario{place} (`{}` and `{}`)", line(left), line(right)));
        }
        match left {
            Some(line) if line.starts_with('[') => section = line,
            Some(_) => {}
            None => return None,
        }
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
