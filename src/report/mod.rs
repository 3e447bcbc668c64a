//! What people and programs read: the answer as a sentence, the terminal
//! summary, JSON, CSV, figures, Markdown and the HTML page, of one forecast, a
//! comparison, a sweep, a calibration or a backtest, and the directory that holds
//! them.

mod aggregation;
mod backtest;
mod calibration;
mod comparison;
mod csv;
mod customers;
mod directory;
mod explanation;
mod figures;
mod format;
mod html;
mod json;
mod lock;
mod markdown;
mod overpayment;
#[cfg(feature = "parquet")]
mod parquet;
mod partial;
#[cfg(feature = "png")]
mod png;
mod providers;
mod redemptions;
mod reduction;
mod responses;
mod sentence;
mod shard;
mod spend_history;
mod spending;
mod steering;
mod sweep;
mod table;
mod tables;
mod text;
mod treasury;

pub use backtest::{
    BACKTEST_SCHEMA, BacktestReport, backtest_json, backtest_terminal, write_backtest_directory,
};
pub use calibration::{
    CALIBRATION_SCHEMA, calibrated_toml, calibration_json, calibration_terminal,
    write_calibration_directory,
};
pub use comparison::{
    COMPARISON_SCHEMA, comparison_json, comparison_terminal, verdict, write_comparison_directory,
};
pub use directory::{WriteError, WriteOptions, check_target, write_run_directory};
pub use explanation::{explanation_json, explanation_text};
pub(crate) use format::printable;
pub use json::{SUMMARY_SCHEMA, summary_json, warnings_json};
pub use partial::{Found, Partial};
pub use providers::{providers_json, providers_text};
pub use sentence::sentence;
pub use shard::{
    ReadError, ShardData, StoredShard, read_shard, shard_directory, whole_directory, write_shard,
};
pub use spend_history::spend_history_csv;
pub use spending::{
    Remaining, SPENDING_SCHEMA, Spending, SpendingError, SpendingInput, SpendingReport, StoredRun,
    read_run, spending_json, spending_terminal, usual_period, write_spending_directory,
};
pub use sweep::{SWEEP_SCHEMA, sweep_json, sweep_terminal, write_sweep_directory};
pub use text::{Style, terminal, warnings_text};

use crate::scenario::Scenario;

/// What a report says of the run beside its result.
#[derive(Clone, Debug)]
pub struct RunContext {
    /// The command that gives the same result again. It goes into files that
    /// must not depend on how the run was carried out, so options without
    /// influence on the result (threads, output directory) stay out of it.
    pub command: String,
    /// Version of orchsim.
    pub version: String,
    /// Hash of what was run: the resolved scenario, all of a comparison, or the
    /// whole of a sweep.
    pub scenario_hash: String,
    /// How to silence a warning, with `{id}` in the place of its name:
    /// `--suppress {id}`.
    pub suppress: String,
    /// The run directory, for the end of the terminal summary; `None` where
    /// nothing is written.
    pub directory: Option<String>,
    /// What is missing, where the result is put together from some of its
    /// shards only.
    pub missing: Option<String>,
}

/// What the last section of a report says of the scenarios behind it.
struct Origin {
    /// The files that hold them, as inline code of Markdown, and what they are.
    scenarios: &'static str,
    /// What the hash is of.
    hash: &'static str,
}

impl Origin {
    const RUN: Origin =
        Origin { scenarios: "`scenario.toml`, the resolved scenario", hash: "Scenario hash" };
    const COMPARISON: Origin = Origin {
        scenarios: "the files in `scenarios/`, the resolved scenarios",
        hash: "Scenario hash",
    };
    const CALIBRATION: Origin =
        Origin { scenarios: "`scenario.toml`, the calibrated scenario,", hash: "Scenario hash" };
    const SWEEP: Origin = Origin {
        scenarios: "`scenario.toml`, the resolved scenario without what is varied,",
        hash: "Fingerprint",
    };
}

/// What a report is headed by.
fn title(scenario: &Scenario) -> &str {
    if scenario.title.is_empty() { &scenario.name } else { &scenario.title }
}

impl RunContext {
    /// What a reader has to know first, where something is missing.
    fn partial_notice(&self) -> Option<String> {
        let missing = self.missing.as_ref()?;
        Some(format!("This result is partial: {missing}."))
    }

    fn suppress_hint(&self, id: &str) -> String {
        self.suppress.replace("{id}", id)
    }
}
