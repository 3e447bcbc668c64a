//! What people and programs read: the answer as a sentence, the terminal
//! summary, JSON, CSV, figures, Markdown and the HTML page, of one forecast or of a
//! comparison, and the run directory that holds them.

mod comparison;
mod csv;
mod directory;
mod explanation;
mod figures;
mod format;
mod html;
mod json;
mod markdown;
mod overpayment;
#[cfg(feature = "png")]
mod png;
mod redemptions;
mod sentence;
mod steering;
mod table;
mod tables;
mod text;
mod treasury;

pub use comparison::{COMPARISON_SCHEMA, comparison_json, comparison_terminal, verdict};
pub use directory::{
    WriteError, WriteOptions, check_target, write_comparison_directory, write_run_directory,
};
pub use explanation::{explanation_json, explanation_text};
pub use json::{SUMMARY_SCHEMA, summary_json};
pub use sentence::sentence;
pub use text::{Style, terminal};

/// What a report says of the run beside its result.
#[derive(Clone, Debug)]
pub struct RunContext {
    /// The command that gives the same result again. It goes into files that
    /// must not depend on how the run was carried out, so options without
    /// influence on the result (threads, output directory) stay out of it.
    pub command: String,
    /// Version of orchsim.
    pub version: String,
    /// Hash of the resolved scenario.
    pub scenario_hash: String,
    /// How to silence a warning, with `{id}` in the place of its name:
    /// `--suppress {id}`.
    pub suppress: String,
    /// The run directory, for the end of the terminal summary; `None` where
    /// nothing is written.
    pub directory: Option<String>,
}

impl RunContext {
    fn suppress_hint(&self, id: &str) -> String {
        self.suppress.replace("{id}", id)
    }
}
