use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::ensemble::Plan;
use crate::text::plural;

const REPLICATION: &str = "replication";

/// What is told about a run on standard error: a bar on a terminal, a line at
/// the end elsewhere, nothing when asked to be quiet.
pub(super) struct Progress {
    bar: ProgressBar,
    /// What is counted, in the singular.
    noun: &'static str,
    closing_line: bool,
    began: Instant,
}

impl Progress {
    /// Of so many replications.
    pub fn new(replications: u64, quiet: bool) -> Progress {
        Progress::of(replications, REPLICATION, quiet)
    }

    /// Of so many of something, whose plural ends in "s".
    pub fn of(count: u64, noun: &'static str, quiet: bool) -> Progress {
        let template = format!("{{bar:40}} {{pos}} of {{len}} {noun}s, {{eta}} left{{msg}}");
        Progress::with_template(&template, count, noun, quiet)
    }

    /// Of a run with this plan.
    pub fn of_run(plan: Plan, quiet: bool) -> Progress {
        Progress::of_settings(plan, 1, quiet)
    }

    /// Of so many settings, each with this plan.
    pub fn of_settings(plan: Plan, settings: u64, quiet: bool) -> Progress {
        let replications = settings * u64::from(plan.replications);
        if plan.precision.is_none() {
            return Progress::new(replications, quiet);
        }
        Progress::at_most(replications, quiet)
    }

    /// Of so many replications, or fewer.
    pub fn at_most(replications: u64, quiet: bool) -> Progress {
        let template = "{bar:40} {pos} of at most {len} replications, at most {eta} left{msg}";
        Progress::with_template(template, replications, REPLICATION, quiet)
    }

    fn with_template(template: &str, count: u64, noun: &'static str, quiet: bool) -> Progress {
        let on_terminal = io::stderr().is_terminal();
        let bar = if on_terminal && !quiet {
            // The templates are constant; the default style is a fair stand-in.
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(count).with_style(style);
            bar.tick();
            bar
        } else {
            ProgressBar::hidden()
        };
        Progress { bar, noun, closing_line: !quiet && !on_terminal, began: Instant::now() }
    }

    /// `done` of them were done before, and take no time.
    pub fn begin_at(&self, done: u64) {
        self.bar.set_position(done);
        self.bar.reset_eta();
    }

    /// `done` of them are done.
    pub fn done(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// One more is.
    pub fn one_more(&self) {
        self.bar.inc(1);
    }

    /// What is known so far.
    pub fn say(&self, message: impl FnOnce() -> String) {
        if !self.bar.is_hidden() {
            self.bar.set_message(message());
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Says that everything is done.
    pub fn finish(&self, count: u64, directory: &Path) {
        if self.closing_line {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(
                io::stderr(),
                "orchsim: {} in {:.1} s, files in {}",
                plural(&count.to_string(), self.noun),
                self.began.elapsed().as_secs_f64(),
                directory.display()
            );
        }
    }
}
