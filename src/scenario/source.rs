use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::DEFAULT;
use crate::text::with_line_feeds;

/// Above this a file is no scenario. Written out in full 100,000 orchestrators with a
/// million offers take some 200 MB, 10 million recorded requests 500 MB at most.
pub(crate) const LARGEST_FILE_BYTES: u64 = 1 << 30;

/// The text of a scenario and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// What messages call it: a path, or "built-in default".
    pub name: String,
    /// The TOML text.
    pub text: String,
    /// The folder the paths of trace files are relative to.
    pub directory: Option<PathBuf>,
}

impl Source {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// Whatever opening it says; `InvalidData` for a file above 1 GB or one
    /// that is not UTF-8, naming the line.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Source> {
        let path = path.as_ref();
        let text = read_text(path, LARGEST_FILE_BYTES)?;
        let directory = path.parent().map(Path::to_path_buf);
        Ok(Source { name: path.display().to_string(), text, directory })
    }

    /// The default scenario.
    pub fn built_in() -> Source {
        Source { name: "built-in default".into(), text: DEFAULT.into(), directory: None }
    }
}

/// The files that scenarios name, each read once for all of them.
#[derive(Debug, Default)]
pub struct NamedFiles {
    texts: Mutex<BTreeMap<PathBuf, Arc<String>>>,
}

impl NamedFiles {
    /// See [`read_text`].
    pub(super) fn text(&self, path: &Path, limit: u64) -> io::Result<Arc<String>> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = texts.get(path) {
            return Ok(Arc::clone(text));
        }
        let text = Arc::new(read_text(path, limit)?);
        texts.insert(path.to_path_buf(), Arc::clone(&text));
        Ok(text)
    }
}

/// The text of a regular file of at most `limit` bytes, its lines ended by `\n` or
/// `\r\n`, whatever they end by in the file.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(invalid("not a regular file".into()));
    }
    if metadata.len() > limit {
        return Err(invalid(format!("larger than {} MB", limit >> 20)));
    }
    String::from_utf8(std::fs::read(path)?).map(with_line_feeds).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let line = with_line_feeds(before).matches('\n').count() + 1;
        invalid(format!("line {line} is not UTF-8 text"))
    })
}
