use std::fmt;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use crate::payments::LedgerViolation;
use crate::report::{ReadError, WriteError, printable};
use crate::scenario::Diagnostics;
use crate::spend::SpendError;
use crate::text::plural;

/// Why a command could not be carried out. Nothing was written.
#[derive(Debug)]
pub enum Failure {
    /// The request makes no sense: a name that does not exist, an output
    /// directory that holds something else. Exit code 2.
    Usage(String),
    /// The scenario is wrong. Exit code 2.
    Invalid(Diagnostics),
    /// A file of real spend is wrong, exit code 2, or cannot be read, 1.
    Spend(SpendError),
    /// The world got in the way: disk, permissions, threads. Exit code 1.
    Runtime(String),
}

impl Failure {
    /// Whether the world is to blame, not the request.
    pub(super) fn is_runtime(&self) -> bool {
        match self {
            Failure::Runtime(_) => true,
            Failure::Spend(SpendError::Io { source, .. }) => {
                !matches!(source.kind(), ErrorKind::NotFound | ErrorKind::InvalidData)
            }
            Failure::Usage(_) | Failure::Invalid(_) | Failure::Spend(_) => false,
        }
    }

    /// Writes the reason to standard error.
    pub fn print(&self) {
        // Where standard error is closed there is nobody left to tell.
        let mut stderr = anstream::stderr().lock();
        // Names out of files must not steer the terminal.
        for line in self.to_string().lines().map(printable) {
            let _ = match line.strip_prefix("error:") {
                Some(rest) => writeln!(stderr, "\x1b[1;31merror:\x1b[0m{rest}"),
                None => writeln!(stderr, "{line}"),
            };
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(reason) | Failure::Runtime(reason) => write!(f, "error: {reason}"),
            Failure::Spend(error) => error.fmt(f),
            Failure::Invalid(diagnostics) => {
                let count = diagnostics.len().to_string();
                write!(f, "{diagnostics}\n{}", plural(&count, "error"))
            }
        }
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> ExitCode {
        ExitCode::from(if failure.is_runtime() { 1 } else { 2 })
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        let reason = error.to_string();
        match error {
            WriteError::Foreign(_)
            | WriteError::Kept { .. }
            | WriteError::NotADirectory(_)
            | WriteError::NoName(_)
            | WriteError::Unfinished { .. }
            | WriteError::NoPng
            | WriteError::NoParquet => Failure::Usage(reason),
            WriteError::Busy(_)
            | WriteError::Io { .. }
            | WriteError::Figure { .. }
            | WriteError::Parquet { .. } => Failure::Runtime(reason),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Failure {
        let reason = error.to_string();
        match error {
            ReadError::NotAShard { .. } => Failure::Usage(reason),
            ReadError::Damaged { .. } | ReadError::Io { .. } => Failure::Runtime(reason),
        }
    }
}

impl From<LedgerViolation> for Failure {
    fn from(violation: LedgerViolation) -> Failure {
        Failure::Runtime(format!("{violation}: a defect of orchsim; please report it"))
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Failure {
        Failure::Invalid(diagnostics)
    }
}
