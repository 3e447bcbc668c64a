use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::progress::Progress;
use super::spend::SpendReading;
use super::{Failure, Outcome, input, options, output};
use crate::experiment::calibrate::MOST_SIMULATED;
use crate::import::{ImportError, Imported, Kind, Options, import};
use crate::scenario::{LARGEST_FILE_BYTES, Source, read_text};

/// Skipped things named on standard error; the scenario names them all.
const MOST_SHOWN: usize = 10;

pub(super) const EXAMPLES: &str = "\
From a gateway's files to a forecast:
  curl -s localhost:5935/getNetworkCapabilities > caps.json
  orchsim import capabilities caps.json --out my.toml
  orchsim import leaderboard stats.json --base my.toml --out my.toml
  orchsim import stakes stakes.csv --base my.toml --out my.toml
  orchsim import max-prices maxprices.json --base my.toml --out my.toml
  orchsim import spend spend.csv --base my.toml --out my.toml
  orchsim run my.toml";

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// What the file is
    #[arg(value_name = "SOURCE", value_parser = kinds())]
    kind: Kind,
    /// The file, of at most 64 MB; of `spend` at most 512 MB
    file: PathBuf,
    /// Scenario that takes it up [default: the built-in one]
    ///
    /// Its comments stay. A network of `capabilities` replaces the
    /// orchestrators; those known by their address keep region, stake and
    /// reliability. `leaderboard`, `stakes` and `transcoders` change the
    /// orchestrators that are in it by address or id; without --base the
    /// orchestrators of the file become the network, alike those of the
    /// built-in scenario in what the file does not say. `spend` scales the
    /// requests until the scenario, simulated, spends the mean of the last 28
    /// complete days, and lets it start after them.
    #[arg(long, value_name = "SCENARIO")]
    base: Option<PathBuf>,
    /// Write the scenario to a file [default: standard output]
    ///
    /// Whole or not at all. A file that was imported before, or that is the
    /// base, is replaced; any other is refused without --force.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace whatever --out names
    #[arg(long, requires = "out")]
    force: bool,
    /// With `models`: the orchestrator the file is of, added where there is none
    /// [default: the file's name]
    #[arg(long, value_name = "ID")]
    orchestrator: Option<String>,
    /// With `max-prices`: a gateway that pays them; may be given several times
    /// [default: all]
    #[arg(long, value_name = "ID")]
    gateway: Vec<String>,
    /// With `leaderboard`: the region a tester stands in, such as FRA=eu; may be
    /// given several times
    ///
    /// Known are ASH, ATL, ATL2, FRA, HND, HOU, LAX, LON, MAD, MDW, MIA, MOS2,
    /// NYC, PRG, SAO, SEA, SIN, SJO, STO, SYD and TOR, for scenarios whose
    /// regions are called as those of the built-in ones or by continent.
    #[arg(long, value_name = "CODE=REGION", value_parser = tester)]
    region: Vec<(String, String)>,
    /// No progress on standard error
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten, next_help_heading = "Options with `spend`")]
    spend: SpendReading,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    let values = Kind::ALL.map(|kind| PossibleValue::new(kind.name()).help(kind.brings()));
    PossibleValuesParser::new(values).try_map(|name| {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or("unknown kind of file")
    })
}

fn tester(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((code, region)) if !code.is_empty() && !region.is_empty() => {
            Ok((code.to_string(), region.to_string()))
        }
        _ => Err("expected a tester and a region, such as FRA=eu".to_string()),
    }
}

pub(super) fn execute(args: &ImportArgs) -> Result<Outcome, Failure> {
    let of_spend = args.spend.words();
    for (option, is_given, kind) in [
        ("--orchestrator", args.orchestrator.is_some(), Kind::Models),
        ("--gateway", !args.gateway.is_empty(), Kind::MaxPrices),
        ("--region", !args.region.is_empty(), Kind::Leaderboard),
        (of_spend.first().map_or("", String::as_str), !of_spend.is_empty(), Kind::Spend),
    ] {
        if is_given && args.kind != kind {
            let name = kind.name();
            return Err(Failure::Usage(format!("{option} goes with `orchsim import {name}` only")));
        }
    }
    if let Some(out) = &args.out {
        check_target(out, args)?;
    }
    let file = read(&args.file, args.kind)?;
    let base = args.base.as_deref().map(|path| input::read(Some(path))).transpose()?;
    let stem = args.out.as_deref().and_then(Path::file_stem);
    let options = Options {
        name: stem.map(|stem| stem.to_string_lossy().into_owned()),
        orchestrator: args.orchestrator.clone(),
        gateways: args.gateway.clone(),
        regions: args.region.clone(),
        spend: args.spend.options(),
    };
    // The other kinds are not simulated, and take no time.
    let progress = Progress::at_most(MOST_SIMULATED, args.quiet || args.kind != Kind::Spend);
    let imported = import(args.kind, &file, base.as_ref(), &options, &|| progress.one_more());
    progress.clear();
    let imported = imported.map_err(failure)?;
    match &args.out {
        Some(out) => write(out, &imported.toml)?,
        None => output::print(&imported.toml)?,
    }
    eprint(&report(&imported, args.out.as_deref()));
    Ok(Outcome::Success)
}

fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::Syntax(diagnostics) | ImportError::Scenario(diagnostics) => {
            Failure::Invalid(diagnostics)
        }
        ImportError::Spend(error) => Failure::Spend(error),
        ImportError::Demand(error) => error.into(),
        other => Failure::Usage(other.to_string()),
    }
}

fn read(path: &Path, kind: Kind) -> Result<Source, Failure> {
    let name = path.display().to_string();
    match read_text(path, kind.largest_bytes()) {
        Ok(text) => Ok(Source { name, text, directory: None }),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::NotFound => Failure::Usage(format!("there is no file `{name}`")),
            io::ErrorKind::InvalidData => {
                Failure::Usage(format!("`{name}` cannot be imported: {error}"))
            }
            _ => Failure::Runtime(format!("cannot read `{name}`: {error}")),
        }),
    }
}

/// Whether the scenario may be written to `out`.
fn check_target(out: &Path, args: &ImportArgs) -> Result<(), Failure> {
    let shown = out.display();
    if out.is_dir() {
        return Err(Failure::Usage(format!("`{shown}` is a directory; name a file")));
    }
    let is_base = args.base.as_deref().is_some_and(
        |base| matches!((fs::canonicalize(base), fs::canonicalize(out)), (Ok(a), Ok(b)) if a == b),
    );
    if args.force || is_base || !out.exists() {
        return Ok(());
    }
    let is_ours = read_text(out, LARGEST_FILE_BYTES).is_ok_and(|text| Imported::is_one(&text));
    match is_ours {
        true => Ok(()),
        false => Err(Failure::Usage(format!(
            "`{shown}` exists and was not written by `orchsim import`; name another file, make it \
             the --base, or give --force"
        ))),
    }
}

/// Writes the file whole: beside it, then in its place.
fn write(out: &Path, text: &str) -> Result<(), Failure> {
    let cannot =
        |error: io::Error| Failure::Runtime(format!("cannot write `{}`: {error}", out.display()));
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let draft = out.with_file_name(format!(".{name}.{}.draft", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).open(&draft);
    let written = file
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, out));
    written.map_err(|error| {
        let _ = fs::remove_file(&draft);
        cannot(error)
    })
}

/// What was done, what was left out and what to do next.
fn report(imported: &Imported, out: Option<&Path>) -> String {
    let mut text = format!("Imported {}\n", imported.summary);
    for note in &imported.notes {
        text += &format!("note: {note}\n");
    }
    let skipped = imported.skipped.len();
    if skipped > 0 {
        text += &format!("skipped {skipped}:\n");
    }
    for line in imported.skipped.iter().take(MOST_SHOWN) {
        text += &format!("  {line}\n");
    }
    if skipped > MOST_SHOWN {
        text += "  ... the others are listed at the top of the scenario\n";
    }
    if let Some(out) = out {
        let path = options::shell_quoted(&out.display().to_string());
        text += &format!("Wrote {path}; `orchsim run {path}` makes a forecast of it\n");
    }
    text
}

/// Standard error, where nobody may be listening.
fn eprint(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}
