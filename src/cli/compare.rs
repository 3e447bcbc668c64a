use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

use super::options::{
    CommonOptions, ReportOptions, Simulating, command_line, option, refuse_shared, scenario_hash,
};
use super::output::{self, Format};
use super::progress::Progress;
use super::{Failure, Outcome, VERSION, input};
use crate::ensemble::{Plan, Verdict};
use crate::experiment::{BASE, Entry, compare};
use crate::report::{
    RunContext, check_target, comparison_json, comparison_terminal, write_comparison_directory,
};
use crate::scenario::{
    Diagnostics, Scenario, Source, bare_key, load, load_with, split_at_commas, to_toml,
};

/// Longest name of a variant, which is also that of a file.
const LONGEST_NAME: usize = 60;

pub(super) const EXIT_CODES: &str = "\
Examples:
  orchsim compare --variant 'half-price: gateways.max_prices.text-to-image.price=2384185 wei'
  orchsim compare mine.toml theirs.toml --variant 'newer: gateways.version=0.9'

Exit codes:
  0  success
  1  a run-time failure: disk, unreadable file
  2  a usage error or an invalid scenario; nothing was written
  3  a variant misses an objective of its scenario, or it is not known, after everything was written and printed;
     the base may miss its own, since it is what the variants are to improve on";

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The scenario file of the base; without one, the built-in scenario
    base: Option<PathBuf>,
    /// Scenario files to compare with it
    ///
    /// Each is called by the name of its scenario or, where another is called
    /// so, by that of its file. It is run with seed, replications and horizon
    /// of the base.
    #[arg(value_name = "VARIANT")]
    variants: Vec<PathBuf>,
    /// The base with some keys changed: 'NAME: KEY=VALUE, KEY=VALUE'
    ///
    /// Keys and values are those of --set, each key once; seed, replications and
    /// horizon are those of the base. A comma within quotes or brackets belongs
    /// to a value. May be given several times.
    #[arg(long = "variant", value_name = "NAME: KEY=VALUE, ...")]
    changes: Vec<String>,
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    simulating: Simulating,
    #[command(flatten)]
    report: ReportOptions,
}

pub(super) fn execute(args: &CompareArgs) -> Result<Outcome, Failure> {
    let common = &args.common;
    let write_options = args.report.files.write_options()?;
    let (base, variants) = scenarios(args)?;
    let plan = args.simulating.apply(Plan::fixed(base.scenario.replications))?;
    let directory = match &common.out {
        Some(directory) => directory.clone(),
        None => Path::new("outputs").join(format!("{}-compare", base.scenario.name)),
    };
    check_target(&directory)?;

    let total = u64::from(base.scenario.replications) * (variants.len() as u64 + 1);
    let progress = Progress::new(total, common.quiet);
    let count = AtomicU64::new(0);
    let done = || progress.done(count.fetch_add(1, Ordering::Relaxed) + 1);
    let Plan { mode, variance_reduction, .. } = plan;
    let comparison =
        common.thread_pool()?.install(|| compare(base, variants, mode, variance_reduction, &done));
    progress.clear();
    let comparison = comparison?;

    let resolved: Vec<String> = comparison.runs().map(|run| to_toml(&run.scenario)).collect();
    let context = RunContext {
        command: command(args),
        version: VERSION.to_string(),
        scenario_hash: scenario_hash(VERSION, &resolved),
        suppress: ReportOptions::SUPPRESS.to_string(),
        directory: Some(directory.display().to_string()),
        missing: None,
    };
    write_comparison_directory(&directory, &comparison, &context, &resolved, &write_options)?;
    progress.finish(total, &directory);

    match common.format {
        Format::Text => {
            output::print(&comparison_terminal(&comparison, &context, output::style()))?;
        }
        Format::Json => output::print_json(&comparison_json(&comparison, &context))?,
    }
    let mut objectives =
        comparison.variants.iter().flat_map(|variant| &variant.run.forecast.objectives);
    let missed = objectives.any(|objective| objective.verdict != Verdict::Met);
    Ok(if missed { Outcome::ObjectiveMissed } else { Outcome::Success })
}

/// Base and variants, or every problem of all of them.
fn scenarios(args: &CompareArgs) -> Result<(Entry, Vec<Entry>), Failure> {
    if args.variants.is_empty() && args.changes.is_empty() {
        return Err(Failure::Usage(
            "nothing to compare with\n  help: name a second scenario file, or change the base \
             with `--variant 'NAME: KEY=VALUE'`"
                .to_string(),
        ));
    }
    let changes: Vec<Changes> =
        args.changes.iter().map(|text| Changes::parse(text)).collect::<Result<_, _>>()?;
    let source = input::read(args.base.as_deref())?;
    let sources: Vec<Source> =
        args.variants.iter().map(|path| input::read(Some(path))).collect::<Result<_, _>>()?;

    let overrides = args.common.overrides();
    let mut problems: Option<Diagnostics> = None;
    let mut keep = |loaded: Result<Scenario, Diagnostics>| match loaded {
        Ok(mut scenario) => {
            args.report.suppress_in(&mut scenario);
            Some(scenario)
        }
        Err(found) => {
            match &mut problems {
                Some(problems) => problems.append(found),
                None => problems = Some(found),
            }
            None
        }
    };
    let base = keep(load(&source, &overrides));
    let files: Vec<Option<Scenario>> =
        sources.iter().map(|source| keep(load(source, &overrides))).collect();
    let changed: Vec<Option<Scenario>> =
        changes.iter().map(|changes| keep(changes.apply(&source, args))).collect();
    if let Some(problems) = problems {
        return Err(problems.into());
    }

    let mut names = vec![BASE.to_string()];
    let mut variants = Vec::new();
    for (path, scenario) in args.variants.iter().zip(files.into_iter().flatten()) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_taken = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let own = Some(&scenario.name)
            .filter(|name| !is_taken(name) && base.as_ref().is_none_or(|base| base.name != **name));
        let name = own.cloned().unwrap_or(stem);
        take_name(&mut names, &name, &format!("`{}`", path.display()))?;
        variants.push(Entry { name, scenario });
    }
    for (changes, scenario) in changes.into_iter().zip(changed.into_iter().flatten()) {
        take_name(&mut names, &changes.name, &format!("--variant '{}: ...'", changes.name))?;
        variants.push(Entry { name: changes.name, scenario });
    }
    let base = base.map(|scenario| Entry { name: BASE.to_string(), scenario });
    base.map(|base| (base, variants)).ok_or_else(|| Failure::Usage("there is no base".to_string()))
}

/// Names become names of files, on systems too that do not tell `A` from `a`.
fn take_name(names: &mut Vec<String>, name: &str, of: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.trim_matches('.').is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain)
    {
        return Err(Failure::Usage(format!(
            "{of} has no name to call it by\n  expected: 1 to {LONGEST_NAME} letters, digits, `-`, \
             `_` or `.`"
        )));
    }
    if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Err(Failure::Usage(format!(
            "{of} would be the second scenario called `{name}`\n  help: give each a name of its \
             own; the base is called `{BASE}`"
        )));
    }
    names.push(name.to_string());
    Ok(())
}

/// A variant as `--variant` has it.
#[derive(Debug, PartialEq)]
struct Changes {
    name: String,
    /// `key=value` each.
    overrides: Vec<String>,
}

impl Changes {
    fn parse(text: &str) -> Result<Changes, Failure> {
        let malformed = |reason: &str| {
            Failure::Usage(format!(
                "--variant '{text}': {reason}\n  expected: 'NAME: KEY=VALUE, KEY=VALUE', such as \
                 'newer: gateways.version=0.9'"
            ))
        };
        let (name, list) = text.split_once(':').ok_or_else(|| malformed("there is no `:`"))?;
        if name.contains('=') {
            return Err(malformed("there is no name before the first key"));
        }
        let overrides = split_at_commas(list).map_err(malformed)?;
        if overrides.iter().any(String::is_empty) {
            return Err(malformed("a change is empty"));
        }
        let mut keys: Vec<String> = Vec::new();
        for change in &overrides {
            let key = change.split('=').next().unwrap_or_default().trim();
            if keys.contains(&bare_key(key)) {
                return Err(malformed(&format!("`{key}` is set twice")));
            }
            refuse_shared(key, &["seed", "replications", "horizon_days"])?;
            keys.push(bare_key(key));
        }
        Ok(Changes { name: name.trim().to_string(), overrides })
    }

    fn apply(&self, source: &Source, args: &CompareArgs) -> Result<Scenario, Diagnostics> {
        let origin = format!("--variant {}", self.name);
        let of_set = args.common.set.values.iter().map(|text| ("--set", text.as_str()));
        let own = self.overrides.iter().map(|text| (origin.as_str(), text.as_str()));
        let keys = args.common.keys();
        let named = keys.iter().map(|text| ("--set", text.as_str()));
        load_with(source, &of_set.chain(own).chain(named).collect::<Vec<_>>())
    }
}

/// The command that gives this result again, without the options that leave it
/// unchanged.
fn command(args: &CompareArgs) -> String {
    let mut words = vec!["orchsim".to_string(), "compare".to_string()];
    let files = args.base.iter().chain(&args.variants);
    words.extend(files.map(|path| path.display().to_string()));
    for changes in &args.changes {
        words.extend(option("--variant", changes));
    }
    words.extend(args.common.words());
    words.extend(args.simulating.words());
    words.extend(args.report.words());
    command_line(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_belong_to_the_value() {
        let parse = |text: &str| Changes::parse(text).map(|changes| changes.overrides);
        let cases: [(&str, &[&str]); 6] = [
            ("a: x=1", &["x=1"]),
            ("a:x=1,y=2 LPT , z = 3", &["x=1", "y=2 LPT", "z = 3"]),
            (
                "a: w={stake=0.3,price=0.7}, v=[1, [2, 3]]",
                &["w={stake=0.3,price=0.7}", "v=[1, [2, 3]]"],
            ),
            (r#"a: t="one, \", two", u='three, "'"#, &[r#"t="one, \", two""#, r#"u='three, "'"#]),
            (r#"a: t="\\", u=1"#, &[r#"t="\\""#, "u=1"]),
            ("a: title=it's, u=1: 2", &["title=it's", "u=1: 2"]),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for text in ["a", "x=1", "a:", "a: x=1,", "a: x=[1", "a: x=1]", "a: x=\"1", "x=1: y=2"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
