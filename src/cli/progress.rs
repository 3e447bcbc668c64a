use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{bar:40} {pos} of {len} replications, {eta} left";

/// What is told about a run on standard error: a bar on a terminal, a line at
/// the end elsewhere, nothing when asked to be quiet.
pub(super) struct Progress {
    bar: ProgressBar,
    closing_line: bool,
    began: Instant,
}

impl Progress {
    pub fn new(replications: u32, quiet: bool) -> Progress {
        let on_terminal = io::stderr().is_terminal();
        let bar = if on_terminal && !quiet {
            // The template is constant; the default style is a fair stand-in.
            let style = ProgressStyle::with_template(TEMPLATE)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(u64::from(replications)).with_style(style)
        } else {
            ProgressBar::hidden()
        };
        Progress { bar, closing_line: !quiet && !on_terminal, began: Instant::now() }
    }

    /// `done` replications are.
    pub fn replication_done(&self, done: u32) {
        self.bar.set_position(u64::from(done));
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Says that everything is done.
    pub fn finish(&self, replications: u32, directory: &Path) {
        if self.closing_line {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(
                io::stderr(),
                "orchsim: {replications} replication{} in {:.1} s, files in {}",
                if replications == 1 { "" } else { "s" },
                self.began.elapsed().as_secs_f64(),
                directory.display()
            );
        }
    }
}
