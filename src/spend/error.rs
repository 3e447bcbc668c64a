use std::fmt;
use std::path::PathBuf;

/// Faults kept; those beyond are only counted.
const MOST_KEPT: usize = 20;
/// Characters of a row or a cell shown.
const SHOWN: usize = 96;

/// Why a spend file was not read.
#[derive(Debug)]
pub enum SpendError {
    /// It cannot be opened or read.
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It holds what makes no sense.
    Faults {
        /// The first of them, in order of their lines.
        found: Vec<Fault>,
        /// How many more there are.
        dropped: usize,
    },
}

/// One thing wrong with a spend file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What messages call the file.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// The column's name as the file has it, where one is to blame.
    pub column: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: Option<String>,
    /// The row.
    pub row: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.to_string();
        let gutter = " ".repeat(line.len());
        writeln!(f, "error: {}", self.message)?;
        write!(f, "{gutter}--> {}:{line}", self.file)?;
        match &self.column {
            Some(column) => writeln!(f, ", column `{}`", clipped(column))?,
            None => writeln!(f)?,
        }
        writeln!(f, "{line} | {}", clipped(&self.row))?;
        if let Some(expected) = &self.expected {
            writeln!(f, "{gutter} = expected: {expected}")?;
        }
        Ok(())
    }
}

/// The beginning of what a file says, on one line.
pub(super) fn clipped(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let shown: String = text.chars().map(plain).take(SHOWN).collect();
    let more = if text.chars().nth(SHOWN).is_some() { " ..." } else { "" };
    format!("{shown}{more}")
}

impl fmt::Display for SpendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpendError::Io { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
                write!(f, "error: there is no file `{}`", path.display())
            }
            SpendError::Io { path, source } => {
                write!(f, "error: cannot read `{}`: {source}", path.display())
            }
            SpendError::Faults { found, dropped } => {
                for (index, fault) in found.iter().enumerate() {
                    if index > 0 {
                        writeln!(f)?;
                    }
                    write!(f, "{fault}")?;
                }
                match dropped {
                    0 => Ok(()),
                    1 => write!(f, "\nerror: one further problem is not shown"),
                    _ => write!(f, "\nerror: {dropped} further problems are not shown"),
                }
            }
        }
    }
}

impl std::error::Error for SpendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SpendError::Io { source, .. } => Some(source),
            SpendError::Faults { .. } => None,
        }
    }
}

/// Collects faults.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    dropped: usize,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        if self.found.len() < MOST_KEPT {
            self.found.push(fault);
        } else {
            self.dropped += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn into_error(self) -> SpendError {
        SpendError::Faults { found: self.found, dropped: self.dropped }
    }
}
