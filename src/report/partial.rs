//! Work in progress of a sweep, kept beside where its result will be, so that
//! what is finished is not done again after a kill.
//!
//! The directory holds the header of the job and any number of chunks: a line
//! with the SHA-256 of the rest, then one replication a line. Each file gets
//! its name only after it is whole and on the disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::WriteError;
use super::directory::{Siblings, exists, failed, pretty, rename, sync_directory};
use super::lock::Lock;
use super::shard::{Header, lines, parse};
use crate::experiment::{Job, Observation, Replicate, Shard, sha256};

/// Ending of the directory's name.
pub(super) const EXTENSION: &str = "partial";
const HEADER: &str = "header.json";
const LOCK: &str = "lock";
const CHUNK: &str = "jsonl";

/// Work in progress; nobody else can open it meanwhile.
#[derive(Debug)]
pub struct Partial {
    directory: PathBuf,
    lock: Lock,
    next: u32,
}

/// What earlier processes left.
#[derive(Debug, Default)]
pub struct Found {
    /// The replications that are done.
    pub observations: BTreeMap<Replicate, Observation>,
    /// Files that could not be used, each with the reason.
    pub ignored: Vec<String>,
}

impl Partial {
    /// Opens the work in progress on what is to become `target`, or begins it.
    ///
    /// # Errors
    /// Work in progress on something else, another process at it, or a file
    /// system that refuses.
    pub fn open(target: &Path, job: &Job, shard: Shard) -> Result<(Partial, Found), WriteError> {
        let mut directory = Siblings::of(target)?.target.into_os_string();
        directory.push(format!(".{EXTENSION}"));
        let directory = PathBuf::from(directory);
        let header_path = directory.join(HEADER);
        if !exists(&header_path)? && exists(&directory)? && holds_something(&directory)? {
            return Err(WriteError::Foreign(directory));
        }
        let lock = Lock::hold(&directory.join(LOCK), target)?;
        let is_new = !exists(&header_path)?;
        let header = Header::new(job, shard, Vec::new());
        let mut partial = Partial { directory, lock, next: 0 };
        if is_new {
            let text = serde_json::to_value(&header)
                .map_err(|error| failed("write", &header_path, io::Error::other(error)))?;
            partial.put(HEADER, &pretty(&text))?;
            return Ok((partial, Found::default()));
        }
        let bytes =
            fs::read(&header_path).map_err(|source| failed("read", &header_path, source))?;
        let found = Header::read(&bytes).map_err(|reason| {
            failed("use", &header_path, io::Error::new(io::ErrorKind::InvalidData, reason))
        })?;
        if (found.fingerprint != header.fingerprint) || found.shard != shard {
            let versions = (&found.job.version, &job.version);
            let difference = match found.job.difference(job) {
                _ if versions.0 != versions.1 => {
                    format!("the version of orchsim ({} and {})", versions.0, versions.1)
                }
                Some(difference) => difference,
                None => format!("`--shard` (`{}` and `{shard}`)", found.shard),
            };
            let (path, command) = (partial.directory, found.job.command);
            return Err(WriteError::Unfinished { path, difference, command });
        }
        let found = partial.read_chunks()?;
        Ok((partial, found))
    }

    fn read_chunks(&mut self) -> Result<Found, WriteError> {
        let mut found = Found::default();
        for path in chunks(&self.directory)? {
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u32>().ok());
            let Some(number) = number else { continue };
            self.next = self.next.max(number.saturating_add(1));
            let bytes = fs::read(&path).map_err(|source| failed("read", &path, source))?;
            match read_chunk(&bytes) {
                Ok(observations) => {
                    found.observations.extend(observations.into_iter().map(|o| (o.replicate, o)));
                }
                Err(reason) => found.ignored.push(format!("`{}`: {reason}", path.display())),
            }
        }
        Ok(found)
    }

    /// Adds replications that are done.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn append(&mut self, observations: &[Observation]) -> Result<(), WriteError> {
        let records = lines(observations)
            .map_err(|error| failed("write", &self.directory, io::Error::other(error)))?;
        let name = format!("{:06}.{CHUNK}", self.next);
        self.put(&name, &format!("{}\n{records}", sha256(records.as_bytes())))?;
        self.next += 1;
        Ok(())
    }

    /// Removes everything: the result is where it belongs.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn remove(self) -> Result<(), WriteError> {
        // The header last: what a kill leaves can still be gone on with.
        let header = self.directory.join(HEADER);
        for path in chunks(&self.directory)?.iter().chain([&header]) {
            fs::remove_file(path).map_err(|source| failed("remove", path, source))?;
        }
        let Partial { directory, lock, .. } = self;
        drop(lock);
        match fs::remove_dir(&directory) {
            // Another has begun there meanwhile.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            removed => removed.map_err(|source| failed("remove", &directory, source)),
        }
    }

    fn put(&self, name: &str, text: &str) -> Result<(), WriteError> {
        let path = self.directory.join(name);
        let temporary = path.with_extension("tmp");
        let written = File::create(&temporary)
            .and_then(|mut out| out.write_all(text.as_bytes()).and_then(|()| out.sync_all()));
        written.map_err(|source| failed("write", &temporary, source))?;
        rename(&temporary, &path)?;
        sync_directory(&self.directory)
    }
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let unreadable = |source| failed("read", directory, source);
    let entries = fs::read_dir(directory).map_err(unreadable)?;
    let paths: io::Result<Vec<PathBuf>> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

/// Whether it holds more than a process at its very start has there.
fn holds_something(directory: &Path) -> Result<bool, WriteError> {
    let name_of = |path: &PathBuf| path.file_name().map(|name| name.to_os_string());
    let unfinished = Path::new(HEADER).with_extension("tmp");
    let own = [LOCK.as_ref(), HEADER.as_ref(), unfinished.as_os_str()];
    Ok(entries(directory)?.iter().filter_map(name_of).any(|name| !own.contains(&name.as_os_str())))
}

/// The chunks in the order of their numbers.
fn chunks(directory: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let mut paths = entries(directory)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == CHUNK));
    Ok(paths)
}

fn read_chunk(bytes: &[u8]) -> Result<Vec<Observation>, String> {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (checksum, records) = bytes.split_at(end);
    let records = records.get(1..).unwrap_or_default();
    if checksum != sha256(records).as_bytes() {
        return Err("cut short or edited (its checksum does not fit)".to_string());
    }
    parse(records).map_err(|error| error.to_string())
}
