use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use rayon::prelude::*;

use super::options::{
    CommonOptions, FileOptions, Simulating, Stopping, command_line, option, refuse_shared,
};
use super::output::{self, Format};
use super::progress::Progress;
use super::{Failure, Outcome, VERSION, input, shards};
use crate::ensemble::{Headline, headlines};
use crate::experiment::{
    Design, Job, Observation, Replicate, Sampling, Setting, Shard, Study, Sweep, Vary, observe,
    refer_to_prices_of,
};
use crate::report::{
    Partial, RunContext, ShardData, WriteOptions, check_target, shard_directory, sweep_json,
    sweep_terminal, write_sweep_directory,
};
use crate::scenario::{Diagnostics, NamedFiles, Scenario, Source, load, load_among, to_toml};

/// Finished work is stored after this share of the time it took so far, so
/// that a kill loses little and the files stay few.
const LOST_AT_MOST: f64 = 0.02;
const STORED_AFTER: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

/// Settings whose headline figures are in memory at once.
const LOADED_TOGETHER: usize = 256;

const WEIGHTS_HELP: &str = "
help: let one weight be the rest, what the others leave of 1, and vary those in ranges whose upper
      ends sum to at most 1:
        --set gateways.weights.price=rest --vary gateways.weights.stake=0..0.5:6
        --vary gateways.weights.random=0..0.5:6
      Three such sweeps, each with another weight as the rest, cover all there are. Tables do for a
      few: `--vary 'gateways.weights={stake=1,random=0},{stake=0.7,random=0.3}'`
";

const WHOLE_HELP: &str = "
help: where whole numbers belong, list them or give a range whose steps are whole, such as 0..4:5
";

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    /// A scenario file; without one, the built-in scenario
    scenario: Option<PathBuf>,
    /// Vary a key: `--vary key=a,b,c` or `--vary key=lo..hi:n`
    ///
    /// KEY is a dotted path as --set takes it. A range has n values from lo to
    /// hi, both included. A unit may stand once at the end: `0.1..0.5 USD:5`,
    /// `5,8 USD`.
    /// May be given several times: all combinations are tried.
    #[arg(long, value_name = "KEY=VALUES", required = true, allow_hyphen_values = true)]
    vary: Vec<Vary>,
    /// Which settings to try
    ///
    /// `grid`: all combinations; `lhs:N`: a Latin hypercube of N settings, for which a
    /// range needs no number of values; `sensitivity:N`: N rows of settings that tell
    /// how much of what varies is due to each key (Sobol' indices), a row being as many
    /// settings as there are keys, and two more. N is best a power of two, from 64 on.
    #[arg(long, value_name = "SAMPLING", default_value = "grid")]
    sample: Sampling,
    /// Headline figures that the Pareto front is over
    ///
    /// Such as `spend_per_day_eth,gini`; sweep.json lists them all.
    /// [default: runway_days,latency_p95_ms,success_rate,hhi]
    #[arg(long, value_name = "FIGURES", value_delimiter = ',')]
    pareto: Vec<String>,
    /// Do only part I (from 0) of N, for `orchsim merge`; `auto` or `auto/N`
    /// in a job array
    ///
    /// The part is written beside the sweep's directory, as DIR.shard-I-of-N.
    #[arg(
        long,
        value_name = "I/N",
        value_parser = shards::parse,
        conflicts_with_all = ["precision", "png", "parquet"]
    )]
    shard: Option<Shard>,
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    stopping: Stopping,
    #[command(flatten)]
    simulating: Simulating,
    #[command(flatten)]
    files: FileOptions,
}

pub(super) fn execute(args: &SweepArgs) -> Result<Outcome, Failure> {
    let SweepArgs { vary, sample, pareto, common, stopping, .. } = args;
    let write_options = args.files.write_options()?;
    let source = input::read(args.scenario.as_deref())?;
    let base = load(&source, &common.overrides())?;
    for vary in vary {
        refuse_shared(&vary.key, &["seed", "replications", "horizon_days"])?;
    }
    if matches!(sample, Sampling::Sensitivity(_)) && stopping.has_precision() {
        return Err(Failure::Usage(
            "with --precision settings have different futures, and a sensitivity would be to \
             their luck, too\n  help: --replications gives every setting the same"
                .to_string(),
        ));
    }
    let design =
        Design::new(vary, *sample, base.seed).map_err(|error| Failure::Usage(error.to_string()))?;
    let settings = Settings {
        source: &source,
        overrides: common.overrides(),
        design: &design,
        base: &base,
        files: NamedFiles::default(),
    };
    let threads = common.thread_pool()?;
    let study = threads.install(|| settings.study(pareto, common.quiet))?;
    let whole = directory(common.out.as_deref(), &base);
    let plan = args.simulating.apply(stopping.plan(common, &base))?;
    let job = Job {
        version: VERSION.to_string(),
        command: command(args, &design),
        scenario: to_toml(&base),
        replications: plan.replications,
        precision: plan.precision,
        variance_reduction: plan.variance_reduction,
        mode: plan.mode,
        study: Some(study.clone()),
    };
    let work = Work { job: &job, study: &study, settings: &settings, threads: &threads, common };
    if let Some(shard) = args.shard {
        let directory = shard_directory(&whole, shard);
        let target = shards::Target { job: &job, shard, whole: &whole, directory };
        if target.is_finished()? {
            return target.announce(true, common.format);
        }
        work.finish(shard, &target.directory, |seen| {
            target.write(&ShardData::Sweep(seen.into_values().collect()))
        })?;
        return target.announce(false, common.format);
    }
    check_target(&whole)?;
    work.finish(Shard::WHOLE, &whole, |seen| {
        let sweep = Sweep::new(study.clone(), job.variance_reduction, &seen);
        let finished = Finished { scenario: &base, job: &job, sweep: &sweep, missing: None };
        finished.publish(&whole, &write_options, common.format)
    })
}

/// Where a sweep is written.
pub(super) fn directory(out: Option<&Path>, scenario: &Scenario) -> PathBuf {
    let usual = || Path::new("outputs").join(format!("{}-sweep", scenario.name));
    out.map_or_else(usual, Path::to_path_buf)
}

/// What the scenarios of the settings are made of.
struct Settings<'a> {
    source: &'a Source,
    overrides: Vec<String>,
    design: &'a Design,
    base: &'a Scenario,
    /// A setting is loaded twice, and is the same whatever becomes of them meanwhile.
    files: NamedFiles,
}

impl Settings<'_> {
    /// The scenario of a setting.
    fn load(&self, setting: usize) -> Result<Scenario, Diagnostics> {
        let own = self.design.overrides(&self.design.settings[setting]);
        let all: Vec<String> = self.overrides.iter().cloned().chain(own).collect();
        let mut scenario = load_among(self.source, &all, &self.files)?;
        refer_to_prices_of(self.base, &mut scenario);
        Ok(scenario)
    }

    /// What is said of all settings, or what is wrong with any of them. One by one
    /// on every thread: their scenarios together may be larger than memory.
    fn study(&self, criteria: &[String], quiet: bool) -> Result<Study, Failure> {
        let count = self.design.settings.len();
        let progress = Progress::of(count as u64, "setting", quiet);
        let mut settings = Vec::with_capacity(count);
        let mut figures: Vec<Headline> = Vec::new();
        let mut invalid: Vec<(String, Diagnostics)> = Vec::new();
        let all: Vec<usize> = (0..count).collect();
        for some in all.chunks(LOADED_TOGETHER) {
            let read = |&index: &usize| {
                let read = self.load(index).map(|scenario| {
                    let values = &self.design.settings[index];
                    (Setting::new(values, &scenario), headlines(&scenario))
                });
                progress.one_more();
                (index, read)
            };
            for (index, read) in some.par_iter().map(read).collect::<Vec<_>>() {
                match read {
                    Ok((setting, own)) => {
                        settings.push(setting);
                        for figure in own {
                            if !figures.iter().any(|known| known.id == figure.id) {
                                figures.push(figure);
                            }
                        }
                    }
                    Err(errors) => {
                        let own = self.design.overrides(&self.design.settings[index]);
                        invalid.push((format!("setting {index} ({})", own.join(", ")), errors));
                    }
                }
            }
        }
        progress.clear();
        if invalid.is_empty() {
            return Study::new(self.design, settings, figures, criteria).map_err(Failure::Usage);
        }
        let mut message = in_words(&invalid, count);
        if message.contains("the selection weights") {
            message += WEIGHTS_HELP;
        }
        if message.contains("a number does not belong here") && message.contains("an integer") {
            message += WHOLE_HELP;
        }
        Err(Failure::Usage(message))
    }
}

/// What is wrong with some of `settings` settings; problems that several share,
/// but for the numbers in them, are shown once.
fn in_words(invalid: &[(String, Diagnostics)], settings: usize) -> String {
    let without_numbers = |text: &str| text.replace(|c: char| "0123456789.e-^ \n".contains(c), "");
    let is_like = |a: &str, b: &str| without_numbers(a) == without_numbers(b);
    let mut distinct: Vec<(&str, String, usize)> = Vec::new();
    for (name, diagnostics) in invalid {
        let text = diagnostics.to_string();
        match distinct.iter_mut().find(|(_, known, _)| is_like(known, &text)) {
            Some((.., others)) => *others += 1,
            None => distinct.push((name, text, 0)),
        }
    }
    let of = if settings == 1 { "setting" } else { "settings" };
    let are = if invalid.len() == 1 { "is" } else { "are" };
    let invalid = invalid.len();
    let mut text = format!("{invalid} of {settings} {of} {are} invalid; nothing was simulated\n");
    for (name, problems, others) in distinct {
        let more = if others == 0 { String::new() } else { format!(" and {others} more") };
        text += &format!("\nin {name}{more}:\n{problems}");
    }
    text
}

/// What is to be simulated.
struct Work<'a> {
    job: &'a Job,
    study: &'a Study,
    settings: &'a Settings<'a>,
    threads: &'a rayon::ThreadPool,
    common: &'a CommonOptions,
}

impl Work<'_> {
    /// Does what is not done yet of a shard that is to become `directory`, and
    /// hands all of it to `publish`. Work in progress is kept until that has
    /// succeeded.
    fn finish<T>(
        &self,
        shard: Shard,
        directory: &Path,
        publish: impl FnOnce(BTreeMap<Replicate, Observation>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (partial, found) = Partial::open(directory, self.job, shard)?;
        let tell = |text: String| {
            if !self.common.quiet {
                // Where standard error is closed there is nobody to tell.
                let _ = writeln!(anstream::stderr(), "orchsim: {text}");
            }
        };
        for ignored in &found.ignored {
            tell(format!("{ignored}: what it held is done again"));
        }
        let mut seen = found.observations;
        if !seen.is_empty() {
            tell(format!("{} replications were finished before", seen.len()));
        }
        let progress = match self.job.precision {
            None => Progress::new(shard.replicates(self.job).count() as u64, self.common.quiet),
            Some(_) => {
                let settings = self.study.settings.len() as u64;
                Progress::of_settings(self.job.plan(), settings, self.common.quiet)
            }
        };
        let before = seen.len() as u64;
        progress.begin_at(before);
        let store = Mutex::new(Store::new(partial, self.study, before));
        let sink = |observation: &Observation| {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.add(observation, &progress)
        };
        let load = |setting| Ok(self.settings.load(setting)?);
        let observed =
            self.threads.install(|| observe(self.job, self.study, &load, shard, &mut seen, &sink));
        progress.clear();
        let mut store = store.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stored = store.flush();
        observed.and(stored)?;
        let published = publish(seen)?;
        store.partial.remove()?;
        progress.finish(store.done - before, directory);
        Ok(published)
    }
}

/// Stores what is done, and tells how it goes.
struct Store {
    partial: Partial,
    pending: Vec<Observation>,
    began: Instant,
    flushed: Instant,
    done: u64,
    /// The place of the runway among the headline figures.
    runway: Option<usize>,
    /// Sum and count of the runways of each setting.
    runways: BTreeMap<u32, (f64, u32)>,
}

impl Store {
    fn new(partial: Partial, study: &Study, done: u64) -> Store {
        let now = Instant::now();
        let runway = study.headline("runway_days");
        let (pending, runways) = (Vec::new(), BTreeMap::new());
        Store { partial, pending, began: now, flushed: now, done, runway, runways }
    }

    fn add(&mut self, observation: &Observation, progress: &Progress) -> Result<(), Failure> {
        self.pending.push(observation.clone());
        self.done += 1;
        progress.done(self.done);
        let runway = self.runway.and_then(|place| *observation.values.get(place)?);
        if let Some(days) = runway {
            let setting = observation.replicate.setting;
            let (sum, count) = self.runways.entry(setting).or_default();
            *sum += days;
            *count += 1;
            let mean = *sum / f64::from(*count);
            progress.say(|| format!("; setting {setting} lasts {mean:.0} days so far"));
        }
        let patience = self.began.elapsed().mul_f64(LOST_AT_MOST);
        if self.flushed.elapsed() >= patience.clamp(STORED_AFTER.0, STORED_AFTER.1) {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if !self.pending.is_empty() {
            self.partial.append(&self.pending)?;
            self.pending.clear();
        }
        self.flushed = Instant::now();
        Ok(())
    }
}

/// A sweep with its result, whether simulated here or put together from
/// shards.
pub(super) struct Finished<'a> {
    pub scenario: &'a Scenario,
    pub job: &'a Job,
    pub sweep: &'a Sweep,
    /// What of the result is missing.
    pub missing: Option<String>,
}

impl Finished<'_> {
    /// Writes the directory and prints the result.
    pub fn publish(
        self,
        directory: &Path,
        options: &WriteOptions,
        format: Format,
    ) -> Result<Outcome, Failure> {
        let Finished { scenario, job, sweep, missing } = self;
        let context = RunContext {
            command: job.command.clone(),
            version: job.version.clone(),
            scenario_hash: job.fingerprint(),
            suppress: String::new(),
            directory: Some(directory.display().to_string()),
            missing,
        };
        write_sweep_directory(directory, scenario, job, sweep, &context, options)?;
        match format {
            Format::Text => {
                let style = output::style();
                output::print(&sweep_terminal(scenario, job, sweep, &context, style))?;
            }
            Format::Json => output::print_json(&sweep_json(scenario, job, sweep, &context))?,
        }
        let none = sweep.has_objectives() && sweep.admissible() == 0;
        Ok(if none { Outcome::ObjectiveMissed } else { Outcome::Success })
    }
}

/// The command that gives this result again, in one go.
fn command(args: &SweepArgs, design: &Design) -> String {
    let mut words = vec!["orchsim".to_string(), "sweep".to_string()];
    words.extend(args.scenario.as_ref().map(|path| path.display().to_string()));
    for vary in &args.vary {
        words.extend(option("--vary", vary));
    }
    if design.sampling != Sampling::Grid {
        words.extend(option("--sample", design.sampling));
    }
    if !args.pareto.is_empty() {
        words.extend(option("--pareto", args.pareto.join(",")));
    }
    words.extend(args.common.words());
    words.extend(args.stopping.words());
    words.extend(args.simulating.words());
    command_line(&words)
}
