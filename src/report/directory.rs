//! The run directory: written whole or not at all.
//!
//! Files go into a hidden sibling of the target, reach the disk, and take the
//! target's place by renames. A run killed at any moment leaves the earlier
//! directory whole, under its own name or, for the instant between two
//! renames, under the name of [`Siblings::previous`], from where the next
//! [`check_target`] brings it back.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::figures::{self, Figure};
use super::lock::Lock;
use super::table::Table;
use super::{
    RunContext, html, json as summary, markdown, overpayment, redemptions, tables, treasury,
};
use crate::ensemble::Forecast;
use crate::experiment::sha256;
use crate::scenario::Scenario;

pub(super) const MANIFEST: &str = "manifest.json";
const PROGRAM: &str = "orchsim";
/// Directories that could not be removed, kept under other names until they can be.
const MOST_LEFTOVERS: u32 = 99;
/// What file managers leave in a folder that somebody looked at.
const LEFT_BY_SYSTEMS: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];
/// Version of the layout of `manifest.json`.
const MANIFEST_SCHEMA: u32 = 1;

/// What to write beside the usual files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// A PNG of every figure, at twice its size; needs the feature `png`.
    pub png: bool,
    /// Every table as Parquet beside its CSV; needs the feature `parquet`.
    pub parquet: bool,
    /// What one replication spent, as [`spend_history_csv`](super::spend_history_csv)
    /// gives it, to be written as `spend.csv`.
    pub spend_history: Option<String>,
}

impl WriteOptions {
    /// What was asked for, if this build can make it.
    ///
    /// # Errors
    /// PNG or Parquet without the feature.
    pub fn checked(self) -> Result<WriteOptions, WriteError> {
        if self.png && cfg!(not(feature = "png")) {
            return Err(WriteError::NoPng);
        }
        if self.parquet && cfg!(not(feature = "parquet")) {
            return Err(WriteError::NoParquet);
        }
        Ok(self)
    }
}

/// Why a run directory was not written. The one there before, if any, is
/// whole.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The target holds something that orchsim did not write.
    #[error(
        "`{}` is not empty and holds no earlier run of orchsim; name another directory with --out, \
         or empty it",
        .0.display()
    )]
    Foreign(PathBuf),
    /// The target is an earlier run's, with a file of somebody else.
    #[error(
        "`{}` {}, and its directory would be replaced whole; name another with --out, or move the \
         file away",
        path.display(),
        if *is_changed { "was changed since orchsim wrote it" } else { "is not of orchsim" }
    )]
    Kept {
        /// The file.
        path: PathBuf,
        /// Whether orchsim wrote it, and it was changed since.
        is_changed: bool,
    },
    /// The target, or something above it, is a file.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The target has no name that a directory could be renamed to.
    #[error("`{}` does not name a directory that could be replaced", .0.display())]
    NoName(PathBuf),
    /// Another run writes the same directory.
    #[error("another orchsim is writing `{}`", .0.display())]
    Busy(PathBuf),
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A figure could not be drawn.
    #[error("cannot draw the figure `{name}`: {reason}")]
    Figure {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Work on something else was begun there and not finished.
    #[error(
        "`{}` holds an unfinished sweep that differs in {difference}; finish it with\n    {command}\n\
         or remove that directory",
        path.display()
    )]
    Unfinished {
        /// Where.
        path: PathBuf,
        /// In what it differs.
        difference: String,
        /// What finishes it.
        command: String,
    },
    /// PNG was asked of a build that cannot make it.
    #[error(
        "this orchsim was built without the feature `png`: build it with `cargo build --release \
         --features png`, or use the PNG button under each figure of report.html"
    )]
    NoPng,
    /// Parquet was asked of a build that cannot make it.
    #[error(
        "this orchsim was built without the feature `parquet`: build it with `cargo build --release \
         --features parquet`, or read the CSV files, which hold the same tables"
    )]
    NoParquet,
    /// A table could not be written as Parquet.
    #[error("cannot write `{name}.parquet`: {reason}")]
    Parquet {
        /// The table's name.
        name: String,
        /// Why.
        reason: String,
    },
}

/// Whether a run may and can be written to `directory`: it does not exist, is empty, or
/// holds an earlier run and nothing else, and its neighbours can be made. To be called
/// before the work begins; leaves nothing behind.
pub fn check_target(directory: &Path) -> Result<(), WriteError> {
    let siblings = Siblings::of(directory)?;
    siblings.restore()?;
    let target = &siblings.target;
    if !exists(target)? {
        let is_file = |path: &&Path| path.exists() && !path.is_dir();
        if let Some(file) = target.ancestors().skip(1).find(is_file) {
            return Err(WriteError::NotADirectory(file.to_path_buf()));
        }
        return siblings.probe();
    }
    if !target.is_dir() {
        return Err(WriteError::NotADirectory(directory.to_path_buf()));
    }
    let mut entries = fs::read_dir(target).map_err(|source| failed("read", target, source))?;
    if entries.next().is_some() {
        let manifest = earlier_manifest(target);
        let manifest = manifest.ok_or_else(|| WriteError::Foreign(directory.to_path_buf()))?;
        check_files(directory, "", &manifest)?;
    }
    siblings.probe()
}

/// Whether the files of a folder of an earlier run, whose names begin with `within`, are
/// those whose hashes its manifest has. A shard, which nobody edits, may be damaged: it is
/// done again.
fn check_files(folder: &Path, within: &str, manifest: &Value) -> Result<(), WriteError> {
    let is_shard = manifest.get("shard").is_some();
    let unreadable = |source| failed("read", folder, source);
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(folder).and_then(Iterator::collect).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = format!("{within}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(unreadable)?.is_dir() {
            check_files(&path, &format!("{name}/"), manifest)?;
            continue;
        }
        if name == MANIFEST || LEFT_BY_SYSTEMS.iter().any(|left| entry.file_name() == *left) {
            continue;
        }
        let written = manifest["sha256"].get(&name).and_then(Value::as_str);
        let is_same = |hash| Ok(is_shard || sha256(&fs::read(&path)?) == hash);
        match written.map(is_same).transpose().map_err(|source| failed("read", &path, source))? {
            Some(true) => {}
            is_same => return Err(WriteError::Kept { path, is_changed: is_same.is_some() }),
        }
    }
    Ok(())
}

/// Writes everything about a run into `directory`, replacing an earlier run
/// whole. `scenario_toml` is the resolved scenario. Returns the paths written,
/// in alphabetical order.
///
/// The bytes depend only on the scenario, the seed and the version.
///
/// # Errors
///
/// A directory with something else ([`check_target`]), a file system that refuses, or PNG
/// without the feature. Nothing of the new run is left then, and what was there
/// before is whole.
pub fn write_run_directory(
    directory: &Path,
    scenario: &Scenario,
    forecast: &Forecast,
    context: &RunContext,
    scenario_toml: &str,
    options: &WriteOptions,
) -> Result<Vec<PathBuf>, WriteError> {
    let files = contents(scenario, forecast, context, scenario_toml, options)?;
    publish(directory, files, about(scenario, forecast, context))
}

/// What the manifest of a run or a comparison says of it.
pub(super) fn about(scenario: &Scenario, forecast: &Forecast, context: &RunContext) -> Value {
    let mut about = json!({
        "version": context.version,
        "scenario": scenario.name,
        "scenario_hash": context.scenario_hash,
        "seed": scenario.seed,
        "replications": forecast.replications,
        "mode": forecast.mode,
        "horizon_days": scenario.horizon_days,
        "command": context.command,
    });
    if let Some(reduction) = &forecast.reduction {
        about["variance_reduction"] = Value::from(reduction.method.name());
    }
    about
}

/// Writes files into `directory`, replacing what orchsim wrote there before
/// whole, with a manifest that says what they are `about` and holds their
/// hashes. Returns the paths written, in alphabetical order.
pub(super) fn publish(
    directory: &Path,
    mut files: Vec<OutputFile>,
    about: Value,
) -> Result<Vec<PathBuf>, WriteError> {
    check_target(directory)?;
    let siblings = Siblings::of(directory)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.push(manifest(about, &files));
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let _lock = siblings.lock()?;
    let written = siblings.write(&files).and_then(|()| siblings.swap());
    if written.is_err() {
        // Best effort: a leftover is removed by the next run as well.
        let _ = fs::remove_dir_all(&siblings.partial);
    }
    written?;
    Ok(files.iter().map(|file| directory.join(&file.name)).collect())
}

/// A file to be written.
pub(super) struct OutputFile {
    /// Path within its directory, with `/` between its parts.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Every file of the run directory.
fn contents(
    scenario: &Scenario,
    forecast: &Forecast,
    context: &RunContext,
    scenario_toml: &str,
    options: &WriteOptions,
) -> Result<Vec<OutputFile>, WriteError> {
    let figures = figures::of_run(scenario, forecast, context)?;
    let summary = summary::summary_json(scenario, forecast, context);
    let mut files = vec![
        file("summary.json", pretty(&summary)),
        file("scenario.toml", scenario_toml.to_string()),
        file("report.md", markdown::markdown(scenario, forecast, context, &figures)),
        file("report.html", html::html(scenario, forecast, context, &figures)),
    ];
    let tables = [
        ("burn", tables::burn(scenario, forecast)),
        ("periods", tables::periods(forecast)),
        ("fees_by_orchestrator", tables::fees_by_orchestrator(forecast)),
        ("fees_by_region", tables::fees_by_region(forecast)),
        ("requests", tables::requests(forecast)),
        ("runways", tables::runways(forecast)),
        ("waterfall", overpayment::steps(&forecast.waterfall)),
        ("redemptions", redemptions::table(scenario, forecast)),
        ("treasury", treasury::records(scenario, forecast)),
    ];
    files.extend(options.spend_history.iter().map(|csv| file("spend.csv", csv.clone())));
    files.extend(table_and_figure_files(&tables, &figures, options)?);
    Ok(files)
}

/// Tables as CSV and figures as SVG; as Parquet and PNG too where asked for.
pub(super) fn table_and_figure_files(
    tables: &[(&str, Table)],
    figures: &[Figure],
    options: &WriteOptions,
) -> Result<Vec<OutputFile>, WriteError> {
    let mut files = Vec::new();
    for (name, table) in tables {
        files.push(file(&format!("{name}.csv"), table.csv()));
        if options.parquet {
            files.push(parquet_of(name, table)?);
        }
    }
    for figure in figures {
        files.push(file(&format!("figures/{}.svg", figure.slug), figure.standalone()));
        if options.png {
            files.push(png_of(figure)?);
        }
    }
    Ok(files)
}

#[cfg(feature = "parquet")]
fn parquet_of(name: &str, table: &Table) -> Result<OutputFile, WriteError> {
    let bytes = super::parquet::render(table)
        .map_err(|reason| WriteError::Parquet { name: name.to_string(), reason })?;
    Ok(OutputFile { name: format!("{name}.parquet"), bytes })
}

#[cfg(not(feature = "parquet"))]
fn parquet_of(_name: &str, _table: &Table) -> Result<OutputFile, WriteError> {
    Err(WriteError::NoParquet)
}

pub(super) fn file(name: &str, text: String) -> OutputFile {
    OutputFile { name: name.to_string(), bytes: text.into_bytes() }
}

#[cfg(feature = "png")]
fn png_of(figure: &Figure) -> Result<OutputFile, WriteError> {
    let bytes = super::png::render(&figure.standalone())
        .map_err(|reason| WriteError::Figure { name: figure.slug.clone(), reason })?;
    Ok(OutputFile { name: format!("figures/{}.png", figure.slug), bytes })
}

#[cfg(not(feature = "png"))]
fn png_of(_figure: &Figure) -> Result<OutputFile, WriteError> {
    Err(WriteError::NoPng)
}

pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn manifest(about: Value, files: &[OutputFile]) -> OutputFile {
    let hashes = files.iter().map(|file| (file.name.clone(), Value::String(sha256(&file.bytes))));
    let mut manifest = json!({
        "program": PROGRAM,
        "schema": MANIFEST_SCHEMA,
        "sha256": hashes.collect::<Map<_, _>>(),
    });
    if let (Value::Object(manifest), Value::Object(about)) = (&mut manifest, about) {
        manifest.extend(about);
    }
    file(MANIFEST, pretty(&manifest))
}

pub(super) fn is_earlier_run(directory: &Path) -> bool {
    earlier_manifest(directory).is_some()
}

fn earlier_manifest(directory: &Path) -> Option<Value> {
    let manifest = fs::read(directory.join(MANIFEST)).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    (manifest.get("program").and_then(Value::as_str) == Some(PROGRAM)).then_some(manifest)
}

/// The target and its hidden neighbours.
pub(super) struct Siblings {
    parent: PathBuf,
    pub(super) target: PathBuf,
    /// The new directory while it is written.
    partial: PathBuf,
    /// The old one while the new takes its place.
    previous: PathBuf,
    /// Held by the run that writes.
    lock: PathBuf,
}

impl Siblings {
    pub(super) fn of(directory: &Path) -> Result<Siblings, WriteError> {
        // A link or `.` stands for the directory it leads to.
        let target = match fs::canonicalize(directory) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => directory.to_path_buf(),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(WriteError::NotADirectory(directory.to_path_buf()));
            }
            Err(source) => return Err(failed("read", directory, source)),
        };
        let (Some(name), Some(parent)) = (target.file_name(), target.parent()) else {
            return Err(WriteError::NoName(directory.to_path_buf()));
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let sibling = |role: &str| parent.join(hidden(name, role));
        Ok(Siblings {
            parent: parent.to_path_buf(),
            partial: sibling("partial"),
            previous: sibling("previous"),
            lock: sibling("lock"),
            target,
        })
    }

    /// Brings back the old directory of a run killed between its renames, and clears what
    /// one killed after them, or unable to remove it, left; one that is still at it holds
    /// the lock.
    fn restore(&self) -> Result<(), WriteError> {
        if !exists(&self.previous)? {
            return Ok(());
        }
        let _lock = self.lock()?;
        if is_earlier_run(&self.previous) && !exists(&self.target)? {
            return rename(&self.previous, &self.target);
        }
        self.clear(&self.previous)
    }

    /// Whether directories can be made where the new one is to be written, by making one
    /// and removing it again; above what is still to be made, in what is there.
    fn probe(&self) -> Result<(), WriteError> {
        let home = self.parent.ancestors().find(|path| path.is_dir());
        let probe = home.unwrap_or(Path::new(".")).join(self.hidden("probe"));
        let made = match fs::create_dir(&probe) {
            // Another is at it, or was killed at it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        };
        let action = if exists(&self.target)? { "replace" } else { "create" };
        made.map_err(|source| failed(action, &self.target, source))?;
        remove(&probe)
    }

    /// Makes room at a path of this writer: removes what is there or, where that cannot be
    /// removed, renames it.
    fn clear(&self, path: &Path) -> Result<(), WriteError> {
        let Err(error) = remove(path) else { return Ok(()) };
        for number in 1..=MOST_LEFTOVERS {
            let aside = self.parent.join(self.hidden(&format!("leftover-{number}")));
            if !exists(&aside)? {
                return fs::rename(path, &aside).map_err(|_| error);
            }
        }
        Err(error)
    }

    fn hidden(&self, role: &str) -> OsString {
        hidden(self.target.file_name().unwrap_or_default(), role)
    }

    fn lock(&self) -> Result<Lock, WriteError> {
        Lock::hold(&self.lock, &self.target)
    }

    fn write(&self, files: &[OutputFile]) -> Result<(), WriteError> {
        self.clear(&self.partial)?;
        let paths = files.iter().map(|file| self.partial.join(&file.name));
        let mut folders: Vec<PathBuf> =
            paths.filter_map(|path| path.parent().map(Path::to_path_buf)).collect();
        folders.sort();
        folders.dedup();
        for folder in &folders {
            fs::create_dir_all(folder).map_err(|source| failed("create", folder, source))?;
        }
        for file in files {
            let path = self.partial.join(&file.name);
            let written = File::create(&path)
                .and_then(|mut out| out.write_all(&file.bytes).and_then(|()| out.sync_all()));
            written.map_err(|source| failed("write", &path, source))?;
        }
        folders.iter().rev().try_for_each(|folder| sync_directory(folder))
    }

    fn swap(&self) -> Result<(), WriteError> {
        if !exists(&self.target)? {
            rename(&self.partial, &self.target)?;
        } else if is_earlier_run(&self.target) {
            self.clear(&self.previous)?;
            rename(&self.target, &self.previous)?;
            if let Err(error) = rename(&self.partial, &self.target) {
                rename(&self.previous, &self.target)?;
                return Err(error);
            }
            sync_directory(&self.parent)?;
            // Best effort: the new one is in its place, and the next run makes room.
            let _ = remove(&self.previous);
        } else {
            // Succeeds on an empty directory only.
            fs::remove_dir(&self.target)
                .map_err(|source| failed("replace", &self.target, source))?;
            rename(&self.partial, &self.target)?;
        }
        sync_directory(&self.parent)
    }
}

pub(super) fn failed(action: &'static str, path: &Path, source: io::Error) -> WriteError {
    WriteError::Io { action, path: path.to_path_buf(), source }
}

pub(super) fn exists(path: &Path) -> Result<bool, WriteError> {
    match path.try_exists() {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        result => result.map_err(|source| failed("read", path, source)),
    }
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), WriteError> {
    fs::rename(from, to).map_err(|source| failed("replace", to, source))
}

/// The name of a hidden neighbour of what is called `name`.
fn hidden(name: &OsStr, role: &str) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".orchsim-{role}"));
    hidden
}

fn remove(path: &Path) -> Result<(), WriteError> {
    let removed = match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, error)),
        _ => Ok(()),
    }
}

/// Makes the names in a directory durable, where the system can.
pub(super) fn sync_directory(directory: &Path) -> Result<(), WriteError> {
    if cfg!(unix) {
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| failed("write", directory, source))?;
    }
    Ok(())
}
