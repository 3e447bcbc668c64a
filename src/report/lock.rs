//! One writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::WriteError;
use super::directory::failed;

/// A file locked by one process at a time, and there only meanwhile.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Locks the file at `path` for who writes `target`; makes it and its folder.
    pub(super) fn hold(path: &Path, target: &Path) -> Result<Lock, WriteError> {
        loop {
            let folder = path.parent().unwrap_or(path);
            fs::create_dir_all(folder).map_err(|source| failed("create", folder, source))?;
            let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
            let file = opened.map_err(|source| failed("create", path, source))?;
            file.try_lock().map_err(|error| match error {
                fs::TryLockError::WouldBlock => WriteError::Busy(target.to_path_buf()),
                fs::TryLockError::Error(source) => failed("lock", path, source),
            })?;
            // Its holder may have removed it since it was opened.
            if is_at(&file, path).map_err(|source| failed("lock", path, source))? {
                return Ok(Lock { file, path: path.to_path_buf() });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before it is let go, and only while the name is its own. Best effort: one that is
        // left can be locked again.
        if is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    Ok(fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())))
}

/// Elsewhere the standard library does not tell.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn only_one_holds_a_lock_however_it_comes_and_goes() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new/lock");
        let (holders, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while held.load(Ordering::SeqCst) < 100 {
                        let Ok(_lock) = Lock::hold(&path, home.path()) else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        held.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!path.exists());
    }
}
