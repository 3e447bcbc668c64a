//! What `run` and `sweep` have in common when they do one part of the work.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::options::shell_quoted;
use super::output::{self, Format};
use super::{Failure, Outcome};
use crate::experiment::{Job, Shard, ShardError, shard_from_environment};
use crate::report::{ReadError, ShardData, check_target, read_shard, write_shard};

/// The shard that `--shard` means.
pub(super) fn parse(text: &str) -> Result<Shard, ShardError> {
    shard_from_environment(text, &|name| std::env::var(name).ok())
}

/// A shard to be made.
pub(super) struct Target<'a> {
    pub job: &'a Job,
    pub shard: Shard,
    /// Where the merged result will be.
    pub whole: &'a Path,
    /// Where the shard is written.
    pub directory: PathBuf,
}

impl Target<'_> {
    /// Whether exactly this shard is there already, undamaged. A directory
    /// that may not be replaced is refused.
    pub fn is_finished(&self) -> Result<bool, Failure> {
        check_target(&self.directory)?;
        match read_shard(&self.directory) {
            Ok(found) => Ok(found.shard == self.shard && found.job == *self.job),
            Err(ReadError::NotAShard { .. } | ReadError::Damaged { .. }) => Ok(false),
            Err(error @ ReadError::Io { .. }) => Err(error.into()),
        }
    }

    pub fn write(&self, data: &ShardData) -> Result<(), Failure> {
        Ok(write_shard(&self.directory, self.job, self.shard, data)?)
    }

    /// Says where it is and what comes next.
    pub fn announce(&self, was_there: bool, format: Format) -> Result<Outcome, Failure> {
        let count = self.shard.replicates(self.job).count();
        let total = self.job.replicates().count();
        let directory = self.directory.display().to_string();
        if format == Format::Json {
            output::print_json(&json!({
                "shard": self.shard.to_string(),
                "replications": count,
                "of": total,
                "directory": directory,
                "was_finished": was_there,
                "fingerprint": self.job.fingerprint(),
            }))?;
            return Ok(Outcome::Success);
        }
        let is_done = if was_there { "was finished before, nothing to do" } else { "finished" };
        let whole = shell_quoted(&self.whole.display().to_string());
        output::print(&format!(
            "Shard {} {is_done}: {count} of {total} replications, in {directory}\n\
             When all {} are there: orchsim merge {whole}.shard-*-of-{}\n",
            self.shard, self.shard.of, self.shard.of
        ))?;
        Ok(Outcome::Success)
    }
}
