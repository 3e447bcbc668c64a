//! Work dealt to machines, and the proof that all of it came back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Job, Replicate};

/// Most shards of a job.
const MOST_SHARDS: u32 = 100_000;
/// Missing replications that a message names.
const NAMED: usize = 8;

/// One of `of` parts of a job, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// Why a shard is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// Neither `I/N`, `auto` nor `auto/N`.
    #[error(
        "expected `I/N` with 0 <= I < N <= {MOST_SHARDS}, such as `0/4`, or `auto` or `auto/N` \
         within a job array"
    )]
    Syntax,
    /// `auto` outside a job array that says how many tasks it has.
    #[error(
        "`auto` needs SLURM_ARRAY_TASK_ID, _MIN, _MAX and _COUNT, or OMPI_COMM_WORLD_RANK and \
         _SIZE, in the environment; other job arrays do not say how many tasks they have: use \
         `auto/N`"
    )]
    NoArray,
    /// `auto/N` outside a job array.
    #[error(
        "`auto/N` needs HQ_TASK_ID, SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or \
         OMPI_COMM_WORLD_RANK in the environment"
    )]
    NoTask,
    /// A Slurm array of one task or with holes, as for tasks that are repeated.
    #[error(
        "this Slurm array has {count} of the tasks {min} to {max} by {step}; one that repeats a few \
         tasks does not say how many shards there are: use `auto/N`"
    )]
    Sparse {
        /// Tasks of the array.
        count: u32,
        /// First task.
        min: u32,
        /// Last task.
        max: u32,
        /// Step between tasks.
        step: u32,
    },
    /// A task beyond the last shard.
    #[error("task {index} is not one of {of} shards, which are counted from 0")]
    Beyond {
        /// Number of the task.
        index: u32,
        /// Number of shards.
        of: u32,
    },
}

/// The shard that `text` (`I/N`, `auto` or `auto/N`) means where `variable`
/// reads the environment.
///
/// # Errors
/// Text that is none of these, or an environment that does not say which.
pub fn shard_from_environment(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Shard, ShardError> {
    let number = |name: &str| variable(name).and_then(|value| value.trim().parse::<u32>().ok());
    let shards = |text: &str| {
        let count = text.parse().ok().filter(|count| (1..=MOST_SHARDS).contains(count));
        count.ok_or(ShardError::Syntax)
    };
    let (index, of) = match text.split_once('/') {
        None if text == "auto" => from_array(&number)?,
        Some(("auto", of)) => {
            let names = [
                "HQ_TASK_ID",
                "SLURM_ARRAY_TASK_ID",
                "JOB_COMPLETION_INDEX",
                "OMPI_COMM_WORLD_RANK",
            ];
            let of = shards(of)?;
            (names.into_iter().find_map(number).ok_or(ShardError::NoTask)?, of)
        }
        Some((index, of)) => (index.parse().map_err(|_| ShardError::Syntax)?, shards(of)?),
        None => return Err(ShardError::Syntax),
    };
    if index < of { Ok(Shard { index, of }) } else { Err(ShardError::Beyond { index, of }) }
}

/// The task and the tasks of a Slurm array or of an Open MPI world.
fn from_array(number: &dyn Fn(&str) -> Option<u32>) -> Result<(u32, u32), ShardError> {
    let slurm = |name: &str| number(&format!("SLURM_ARRAY_TASK_{name}"));
    if let (Some(id), Some(min), Some(max), Some(count)) =
        (slurm("ID"), slurm("MIN"), slurm("MAX"), slurm("COUNT"))
    {
        let step = slurm("STEP").unwrap_or(1).max(1);
        let span = max.saturating_sub(min) / step + 1;
        return match span == count && count > 1 {
            true => Ok((id.saturating_sub(min) / step, count)),
            false => Err(ShardError::Sparse { count, min, max, step }),
        };
    }
    let rank = number("OMPI_COMM_WORLD_RANK").zip(number("OMPI_COMM_WORLD_SIZE"));
    rank.ok_or(ShardError::NoArray)
}

impl Shard {
    /// The whole of a job.
    pub const WHOLE: Shard = Shard { index: 0, of: 1 };

    /// Its replicates of a job. They are dealt round-robin, so that every shard
    /// sees every setting; antithetic pairs are kept together, so that whatever
    /// shards there are hold whole pairs.
    pub fn replicates(self, job: &Job) -> impl Iterator<Item = Replicate> {
        let dealt_at_once = job.variance_reduction.replications_an_observation() as usize;
        let (index, of) = (self.index as usize, self.of.max(1) as usize);
        let is_mine = move |place: usize| place / dealt_at_once % of == index;
        job.replicates()
            .enumerate()
            .filter(move |&(place, _)| is_mine(place))
            .map(|(_, replicate)| replicate)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// A shard that came back.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// The job it is a part of.
    pub job: &'a Job,
    /// Which part.
    pub shard: Shard,
    /// What it holds.
    pub replicates: &'a [Replicate],
}

/// Why shards do not make a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoverError {
    /// Another version of orchsim made it.
    #[error("`{name}` was made by orchsim {theirs}, this is {ours}: versions may not be mixed")]
    Version {
        /// The shard.
        name: String,
        /// Its version.
        theirs: String,
        /// This version.
        ours: String,
    },
    /// It is a part of something else.
    #[error("`{name}` is of another job than `{first}`: they differ in {field}")]
    Foreign {
        /// The shard.
        name: String,
        /// The first shard.
        first: String,
        /// In what they differ.
        field: String,
    },
    /// A replication that two shards hold.
    #[error("{what} is in `{first}` and in `{second}`")]
    Overlap {
        /// Which.
        what: String,
        /// One shard.
        first: String,
        /// The other.
        second: String,
    },
    /// A replication that the job does not have.
    #[error("`{name}` holds {what}, which the job does not have")]
    Stray {
        /// The shard.
        name: String,
        /// Which.
        what: String,
    },
}

/// Checks that the parts belong to one job of version `ours` and that no
/// replication is in two of them. Returns the replicates that no part holds.
///
/// # Errors
/// A part that does not belong.
pub fn cover(parts: &[Part], ours: &str) -> Result<Vec<Replicate>, CoverError> {
    let Some(first) = parts.first() else { return Ok(Vec::new()) };
    if let Some(other) = parts.iter().find(|part| part.job.version != ours) {
        return Err(CoverError::Version {
            name: other.name.to_string(),
            theirs: other.job.version.clone(),
            ours: ours.to_string(),
        });
    }
    for part in &parts[1..] {
        if let Some(field) = first.job.difference(part.job) {
            let (name, first) = (part.name.to_string(), first.name.to_string());
            return Err(CoverError::Foreign { name, first, field });
        }
    }
    let wanted: BTreeSet<Replicate> = first.job.replicates().collect();
    let mut holders: BTreeMap<Replicate, &str> = BTreeMap::new();
    for part in parts {
        for &replicate in part.replicates {
            let what = || in_words(first.job, replicate);
            if !wanted.contains(&replicate) {
                return Err(CoverError::Stray { name: part.name.to_string(), what: what() });
            }
            if let Some(holder) = holders.insert(replicate, part.name) {
                let (first, second) = (holder.to_string(), part.name.to_string());
                return Err(CoverError::Overlap { what: what(), first, second });
            }
        }
    }
    Ok(wanted.into_iter().filter(|replicate| !holders.contains_key(replicate)).collect())
}

/// What is missing from the parts of a job, in a sentence without its full
/// stop.
pub fn missing_in_words(parts: &[Part], missing: &[Replicate]) -> String {
    let Some(first) = parts.first() else { return "everything is missing".to_string() };
    let total = first.job.replicates().count();
    let of = first.shard.of;
    let shards: Vec<String> = (0..of)
        .map(|index| Shard { index, of })
        .filter(|shard| parts.iter().all(|part| part.shard != *shard))
        .map(|shard| shard.to_string())
        .collect();
    let mut names: Vec<String> =
        missing.iter().take(NAMED).map(|&replicate| in_words(first.job, replicate)).collect();
    if missing.len() > NAMED {
        names.push("...".to_string());
    }
    let by_shard = match shards.is_empty() || parts.iter().any(|part| part.shard.of != of) {
        true => String::new(),
        false => format!("shard {}: ", shards.join(", ")),
    };
    format!(
        "{} of {total} replications are missing ({by_shard}{})",
        missing.len(),
        names.join(", ")
    )
}

fn in_words(job: &Job, replicate: Replicate) -> String {
    match job.study {
        Some(_) => format!("setting {} replication {}", replicate.setting, replicate.replication),
        None => format!("replication {}", replicate.replication),
    }
}
