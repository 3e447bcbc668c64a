use std::io;
use std::path::PathBuf;

use jiff::civil::Date;

use crate::scenario::Diagnostics;
use crate::units::{Amount, CalendarPeriod};

/// Why there is no spending report.
#[derive(Debug, thiserror::Error)]
pub enum SpendingError {
    /// The directory holds something else than a run.
    #[error(
        "`{}` is no run directory: {reason}\n  help: expected a directory that `orchsim run` wrote",
        path.display()
    )]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// What it lacks.
        reason: String,
    },
    /// It was one, but is no longer as it was written.
    #[error("`{}` is damaged: {reason}; run it again", path.display())]
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
    /// The scenario in the directory is not valid.
    #[error("the scenario of the run is not valid")]
    Scenario(Diagnostics),
    /// The run simulates no day of the period.
    #[error(
        "the run has no day of {period}: it reaches from {first} to {last}\n  help: expected --of \
         with a period that it reaches"
    )]
    OutsideRun {
        /// The period.
        period: CalendarPeriod,
        /// The run's first day.
        first: Date,
        /// Its last.
        last: Date,
    },
    /// LPT is left, of which nobody knows what it is worth.
    #[error(
        "what {left} are worth on {day} is not known\n  help: give the prices of the days by \
         --prices, or what is left in ETH"
    )]
    NoPrice {
        /// What is left.
        left: Amount,
        /// The last day of the period.
        day: Date,
    },
    /// Nothing is known of the period.
    #[error(
        "`{source_name}` has no spend in {period}: it reaches from {first} to {last}\n  help: \
         expected --of with a period that it has spend of"
    )]
    NoSpend {
        /// The file.
        source_name: String,
        /// The period.
        period: CalendarPeriod,
        /// The first day of the file.
        first: Date,
        /// Its last.
        last: Date,
    },
}
