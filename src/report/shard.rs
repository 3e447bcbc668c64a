//! The directory of a shard: what it is a part of, and the raw value of every
//! replication in it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::WriteError;
use super::directory::{MANIFEST, failed, file, is_earlier_run, pretty, publish};
use crate::ensemble::{Batch, Sample};
use crate::experiment::{Job, Observation, Replicate, Shard, sha256};
use crate::simulation::ServiceRecord;

const HEADER: &str = "shard.json";
const RECORDS: &str = "records.jsonl";
const SERVICE: &str = "service.json";
/// Version of the layout of a shard.
pub(super) const FORMAT: u32 = 2;

/// What stands at the head of a shard, and of work in progress.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) fingerprint: String,
    pub(super) shard: Shard,
    #[serde(rename = "units")]
    pub(super) replicates: Vec<Replicate>,
    pub(super) job: Job,
}

impl Header {
    pub(super) fn new(job: &Job, shard: Shard, replicates: Vec<Replicate>) -> Header {
        let fingerprint = job.fingerprint();
        Header { format: FORMAT, fingerprint, shard, replicates, job: job.clone() }
    }

    /// Reads a header; the reason where it is none of this version.
    pub(super) fn read(bytes: &[u8]) -> Result<Header, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let format = value.get("format").and_then(Value::as_u64);
        if format != Some(u64::from(FORMAT)) {
            let found = format.map_or("another layout".to_string(), |it| format!("layout {it}"));
            return Err(format!("it has {found}; this orchsim reads layout {FORMAT}"));
        }
        let header: Header = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        match header.fingerprint == header.job.fingerprint() {
            true => Ok(header),
            false => Err("its fingerprint is not that of its contents".to_string()),
        }
    }
}

/// The raw values of a shard.
#[derive(Clone, Debug)]
pub enum ShardData {
    /// Of a run.
    Run(Batch),
    /// Of a sweep.
    Sweep(Vec<Observation>),
}

/// A shard as it was read.
#[derive(Clone, Debug)]
pub struct StoredShard {
    /// What it is a part of.
    pub job: Job,
    /// Which part.
    pub shard: Shard,
    /// What it holds.
    pub replicates: Vec<Replicate>,
    /// The values, in the order of `replicates`.
    pub data: ShardData,
}

/// Why a shard cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The directory holds something else.
    #[error("`{}` holds no finished shard: {reason}", path.display())]
    NotAShard {
        /// The directory.
        path: PathBuf,
        /// What it holds.
        reason: String,
    },
    /// It was a shard, but is no longer as it was written.
    #[error("`{}` is damaged: {reason}; run its shard again", path.display())]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// In which way.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Where shard `shard` of what belongs into `directory` is put.
pub fn shard_directory(directory: &Path, shard: Shard) -> PathBuf {
    let mut name = directory.as_os_str().to_os_string();
    name.push(format!(".shard-{}-of-{}", shard.index, shard.of));
    PathBuf::from(name)
}

/// The directory whose shard `shard` is in `directory`, if it is called so.
pub fn whole_directory(directory: &Path, shard: Shard) -> Option<PathBuf> {
    let ending = shard_directory(Path::new(""), shard);
    let whole = directory.to_str()?.trim_end_matches('/').strip_suffix(ending.to_str()?)?;
    (!whole.is_empty()).then(|| PathBuf::from(whole))
}

/// Writes a shard into `directory`, whole or not at all.
///
/// # Errors
/// As [`write_run_directory`](super::write_run_directory).
pub fn write_shard(
    directory: &Path,
    job: &Job,
    shard: Shard,
    data: &ShardData,
) -> Result<(), WriteError> {
    let unserialised =
        |error: serde_json::Error| failed("write", directory, io::Error::other(error));
    let mut files = Vec::new();
    let (replicates, records) = match data {
        ShardData::Run(batch) => {
            let service = serde_json::to_string(&batch.service).map_err(unserialised)?;
            files.push(file(SERVICE, service + "\n"));
            let replicate = |sample: &Sample| (0, sample.replication as u32).into();
            (batch.samples.iter().map(replicate).collect(), lines(&batch.samples))
        }
        ShardData::Sweep(observations) => {
            let replicates = observations.iter().map(|observation| observation.replicate).collect();
            (replicates, lines(observations))
        }
    };
    files.push(file(RECORDS, records.map_err(unserialised)?));
    let header = Header::new(job, shard, replicates);
    let about = json!({
        "version": job.version,
        "shard": shard.to_string(),
        "fingerprint": header.fingerprint,
        "command": job.command,
    });
    let header = serde_json::to_value(&header).map_err(unserialised)?;
    files.push(file(HEADER, pretty(&header)));
    publish(directory, files, about).map(|_| ())
}

/// Reads a shard and proves that it is as it was written.
///
/// # Errors
/// A directory that holds no shard, one that was damaged, and a file system
/// that refuses.
pub fn read_shard(directory: &Path) -> Result<StoredShard, ReadError> {
    let path = || directory.to_path_buf();
    let not_a_shard = |reason: &str| ReadError::NotAShard { path: path(), reason: reason.into() };
    let damaged = |reason: String| ReadError::Damaged { path: path(), reason };
    if !directory.is_dir() {
        return Err(not_a_shard("it is no directory"));
    }
    if !is_earlier_run(directory) {
        return Err(match directory.extension() {
            Some(extension) if extension == super::partial::EXTENSION => {
                not_a_shard("it is unfinished; run its command again")
            }
            _ => not_a_shard("orchsim did not write it"),
        });
    }
    let manifest: Value =
        serde_json::from_slice(&read(&directory.join(MANIFEST))?).unwrap_or_default();
    if manifest.get("shard").is_none() {
        return Err(not_a_shard("it is a finished run or sweep"));
    }
    let checked = |name: &str| match manifest["sha256"][name].as_str() {
        None => Err(damaged(format!("{MANIFEST} does not name {name}"))),
        Some(expected) => {
            let bytes = read(&directory.join(name)).map_err(|error| match error {
                ReadError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
                    damaged(format!("{name} is missing"))
                }
                other => other,
            })?;
            match sha256(&bytes) == expected {
                true => Ok(bytes),
                false => Err(damaged(format!(
                    "{name} was cut short or edited (its checksum is not that of {MANIFEST})"
                ))),
            }
        }
    };
    let header = Header::read(&checked(HEADER)?).map_err(|reason| not_a_shard(&reason))?;
    let records = checked(RECORDS)?;
    let unreadable =
        |name: &str, error: serde_json::Error| damaged(format!("{name} is unreadable: {error}"));
    let data = if header.job.study.is_some() {
        ShardData::Sweep(parse(&records).map_err(|error| unreadable(RECORDS, error))?)
    } else {
        let service: Vec<ServiceRecord> = serde_json::from_slice(&checked(SERVICE)?)
            .map_err(|error| unreadable(SERVICE, error))?;
        let samples = parse(&records).map_err(|error| unreadable(RECORDS, error))?;
        ShardData::Run(Batch { samples, service })
    };
    let held: Vec<Replicate> = match &data {
        ShardData::Run(batch) => {
            batch.samples.iter().map(|sample| (0, sample.replication as u32).into()).collect()
        }
        ShardData::Sweep(observations) => observations.iter().map(|o| o.replicate).collect(),
    };
    if held != header.replicates {
        return Err(damaged(format!("{RECORDS} does not hold what {HEADER} says")));
    }
    let Header { job, shard, replicates, .. } = header;
    Ok(StoredShard { job, shard, replicates, data })
}

fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    fs::read(path).map_err(|source| ReadError::Io { path: path.to_path_buf(), source })
}

/// One JSON document a line.
pub(super) fn lines<T: Serialize>(records: &[T]) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for record in records {
        text += &serde_json::to_string(record)?;
        text.push('\n');
    }
    Ok(text)
}

pub(super) fn parse<T: DeserializeOwned>(lines: &[u8]) -> Result<Vec<T>, serde_json::Error> {
    let lines = lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(serde_json::from_slice).collect()
}
