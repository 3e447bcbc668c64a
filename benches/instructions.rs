//! Instructions that pieces of work take, counted by valgrind, as a gate
//! against regressions: they do not depend on what else the machine does.
//!
//! `cargo bench --bench instructions` compares with `instructions.txt` and
//! fails where a figure has changed; `-- --accept` writes that file. The figures
//! are in requests of the reference loop: a new compiler changes all counts, but
//! their ratios little.

mod support;

use std::error::Error;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::{env, fs};

use orchsim::simulation::World;
use rayon::prelude::*;
use support::{Hold, RULES, Selecting, plain, reference, replication, shipped};

/// Change of a figure that fails.
const TOLERANCE: f64 = 0.05;
/// The same with another compiler than the figures were accepted with.
const TOLERANCE_OF_COMPILERS: f64 = 0.2;

const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
const ACCEPT: &str = "cargo bench --bench instructions -- --accept";
const MINIMAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/minimal.toml");

/// With a name and an amount: does that work and nothing else.
const ALONE: &str = "--alone";

/// Something to count the instructions of.
struct Work {
    name: String,
    amount: u64,
    /// Does an amount of it; returns the units in which it is counted.
    run: Box<dyn Fn(u64) -> u64>,
}

/// All work that is counted by unit, in requests of the first.
fn works() -> Vec<Work> {
    let mut works = Vec::new();
    let mut add = |name: &str, amount, run: Box<dyn Fn(u64) -> u64>| {
        works.push(Work { name: name.to_string(), amount, run });
    };
    add("reference loop", 50_000, Box::new(|count| black_box(reference::run(count, 1)).served));
    add(
        "event list, hold 256",
        50_000,
        Box::new(|count| {
            let mut hold = Hold::new(256);
            (0..count).for_each(|_| hold.step());
            count
        }),
    );
    for (rule, settings) in RULES {
        let run = move |count| {
            let mut selecting = Selecting::new(50, settings);
            (0..count).for_each(|_| selecting.step());
            count
        };
        add(&format!("selection of 50, {rule}"), 5_000, Box::new(run));
    }
    for orchestrators in [50, 10_000] {
        // Credits end the run; a ticket is 3000 gwei.
        let run = move |tickets| {
            let credits = format!("credits.amount={} gwei", 360_000_000 + 3_000 * tickets);
            replication(&World::new(&plain(orchestrators, &[&credits])), 0)
        };
        add(&format!("plain request, {orchestrators} orchestrators"), 80_000, Box::new(run));
    }
    for (preset, days) in [("minimal", 30), ("agent-spe-15k", 2)] {
        let run = move |days| {
            let scenario = shipped(preset, &[&format!("horizon_days={days}")]);
            replication(&World::new(&scenario), 0)
        };
        add(&format!("request of {preset}"), days, Box::new(run));
    }
    works
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [option, name, amount] = &arguments[..]
        && option == ALONE
    {
        let work = works().into_iter().find(|work| work.name == *name).ok_or("unknown work")?;
        println!("{}", (work.run)(amount.parse()?));
        return Ok(ExitCode::SUCCESS);
    }
    let (figures, compiler) = (count_all()?, compiler()?);
    if arguments.iter().any(|argument| argument == "--accept") {
        let rows = figures.iter().map(|(name, figure)| format!("{figure:10.3}  {name}\n"));
        let text = format!(
            "# Instructions, in requests of the reference loop. Written by\n\
             # `{ACCEPT}`\n# with {compiler}\n{}",
            rows.collect::<String>()
        );
        fs::write(ACCEPTED, &text)?;
        print!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    let accepted = fs::read_to_string(ACCEPTED)?;
    let same_compiler = accepted.contains(&compiler);
    let tolerance = if same_compiler { TOLERANCE } else { TOLERANCE_OF_COMPILERS };
    let mut changed = 0;
    for (name, figure) in &figures {
        let known = accepted.lines().find_map(|line| {
            let (figure, of) = line.trim().split_once("  ")?;
            (of == name).then(|| figure.parse::<f64>().ok()).flatten()
        });
        let change = known.map(|known| figure / known - 1.0);
        let is_accepted = change.is_some_and(|change| change.abs() <= tolerance);
        changed += usize::from(!is_accepted);
        let change = change.map_or("new".to_string(), |change| format!("{:+.1} %", 100.0 * change));
        let mark = if is_accepted { ' ' } else { '!' };
        println!("{mark} {figure:10.3} {change:>9}  {name}");
    }
    if changed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "\n{changed} of {} figures differ from benches/instructions.txt by more than {:.0} %{}. \
         Where that is meant, accept the new ones and commit the file:\n  {ACCEPT}",
        figures.len(),
        100.0 * tolerance,
        if same_compiler { "" } else { " (accepted with another compiler, which may be why)" }
    );
    Ok(ExitCode::FAILURE)
}

/// Every figure with its name, in requests of the reference loop.
fn count_all() -> Result<Vec<(String, f64)>, String> {
    let itself = env::current_exe().map_err(|error| error.to_string())?;
    let itself = itself.to_string_lossy();
    // What comes before the work is in both counts.
    let amounts: Vec<(String, u64)> =
        works().into_iter().map(|work| (work.name, work.amount)).collect();
    let mut figures = amounts
        .into_par_iter()
        .map(|(name, amount)| {
            let alone = |amount: u64| {
                let (count, units) = count(&[&itself, ALONE, &name, &amount.to_string()])?;
                Ok::<_, String>((count as f64, units.trim().parse::<f64>().unwrap_or_default()))
            };
            let (once, twice) = (alone(amount)?, alone(2 * amount)?);
            Ok((name, (twice.0 - once.0) / (twice.1 - once.1)))
        })
        .collect::<Result<Vec<(String, f64)>, String>>()?;
    let unit = figures.remove(0).1;
    println!("A request of the reference loop is {unit:.0} instructions.");
    let orchsim = env!("CARGO_BIN_EXE_orchsim");
    let start_up = [("help", vec![orchsim, "--help"]), ("check", vec![orchsim, "check", MINIMAL])];
    for (name, command) in start_up {
        figures.push((format!("start-up, {name}"), count(&command)?.0 as f64));
    }
    Ok(figures.into_iter().map(|(name, figure)| (name, figure / unit)).collect())
}

/// Counts the instructions of a command; returns its output with them.
fn count(command: &[&str]) -> Result<(u64, String), String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(command)
        .output()
        .map_err(|error| format!("valgrind (apt-get install valgrind): {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => {
            Ok((count, String::from_utf8_lossy(&output.stdout).into_owned()))
        }
        _ => Err(format!("{command:?} under valgrind:\n{log}")),
    }
}

fn compiler() -> Result<String, Box<dyn Error>> {
    let output = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
