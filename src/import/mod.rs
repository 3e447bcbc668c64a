//! Real files in: what gateways, orchestrators, testers and the chain say of
//! themselves, put into a scenario.
//!
//! A file of one [`Kind`] is read into findings (one file below this folder
//! for each kind), and the findings are put into the text of a base scenario,
//! whose comments stay. What a file does not say is taken from the base and
//! marked as assumed; what cannot be used is listed with its reason.

mod ai_models;
mod capabilities;
mod document;
mod findings;
mod json;
mod leaderboard;
mod max_prices;
mod merge;
mod price;
mod spend;
mod stakes;
mod transcoders;

use crate::experiment::calibrate::CalibrateError;
use crate::scenario::{Diagnostics, Source};
use crate::spend::{LARGEST_SPEND_BYTES, SpendError, SpendOptions, spend_form};
use crate::text::Table;

pub use merge::{Imported, Options, import};

use findings::Findings;
use json::At;
use merge::comment;

/// Most orchestrators taken from one file; the protocol's active set has 100.
const MOST_ORCHESTRATORS: usize = 10_000;
/// Above this a file is not read.
const LARGEST_BYTES: u64 = 64 << 20;

/// What a file to import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A gateway's answer to `/getNetworkCapabilities`.
    Capabilities,
    /// The file of a gateway's `-maxPricePerCapability`.
    MaxPrices,
    /// An orchestrator's `aiModels.json`.
    Models,
    /// Test results of the transcoding or the AI leaderboard.
    Leaderboard,
    /// A CSV of orchestrators and their stakes.
    Stakes,
    /// Transcoders of the protocol's subgraph.
    Transcoders,
    /// A CSV of what was really spent.
    Spend,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] = [
        Kind::Capabilities,
        Kind::MaxPrices,
        Kind::Models,
        Kind::Leaderboard,
        Kind::Stakes,
        Kind::Transcoders,
        Kind::Spend,
    ];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Capabilities => "capabilities",
            Kind::MaxPrices => "max-prices",
            Kind::Models => "models",
            Kind::Leaderboard => "leaderboard",
            Kind::Stakes => "stakes",
            Kind::Transcoders => "transcoders",
            Kind::Spend => "spend",
        }
    }

    /// What such a file is called.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Capabilities => "a getNetworkCapabilities answer",
            Kind::MaxPrices => "a maxPricePerCapability file",
            Kind::Models => "an aiModels.json",
            Kind::Leaderboard => "leaderboard results",
            Kind::Stakes => "a stake list",
            Kind::Transcoders => "a list of subgraph transcoders",
            Kind::Spend => "a CSV of spend",
        }
    }

    /// Above this such a file is not read.
    pub fn largest_bytes(self) -> u64 {
        match self {
            Kind::Spend => LARGEST_SPEND_BYTES,
            _ => LARGEST_BYTES,
        }
    }

    /// What it brings into a scenario.
    pub fn brings(self) -> &'static str {
        match self {
            Kind::Capabilities => {
                "JSON of a gateway's /getNetworkCapabilities: the orchestrators, their models, \
                 prices, warm flags and capacities"
            }
            Kind::MaxPrices => "JSON of -maxPricePerCapability: the maximum prices of the gateways",
            Kind::Models => "an orchestrator's aiModels.json: its models and prices",
            Kind::Leaderboard => {
                "JSON of a leaderboard (aggregated_stats, or the AI leaderboard's rows): regions \
                 and reliability"
            }
            Kind::Stakes => "CSV with an address and a stake in each row: stakes",
            Kind::Transcoders => "JSON of the subgraph's transcoders: stakes",
            Kind::Spend => {
                "CSV of spend, daily fees or redeemed tickets: how many requests there are a day"
            }
        }
    }

    /// The shape such a file has.
    fn expected(self) -> &'static str {
        match self {
            Kind::Capabilities => {
                "`{\"orchestrators\": [{\"address\": ..., \"capabilities\": {...}, \
                 \"capabilities_prices\": [...]}]}`, or the list alone"
            }
            Kind::MaxPrices => {
                "`{\"capabilities_prices\": [{\"pipeline\": ..., \"model_id\": ..., \
                 \"price_per_unit\": ...}]}`, or the list alone"
            }
            Kind::Models => {
                "`[{\"pipeline\": ..., \"model_id\": ..., \"price_per_unit\": ..., \"warm\": ...}]`"
            }
            Kind::Leaderboard => {
                "`{ADDRESS: {TESTER: {\"success_rate\": ..., \"round_trip_score\": ...}}}`, or a \
                 list of rows with `node`, `region` and `success_rate`"
            }
            Kind::Stakes => {
                "a header with a column `address` (or `delegate`, `orchestrator`, `id`) and one \
                 `stake` (or `bonded_lpt`, `total_stake`)"
            }
            Kind::Transcoders => {
                "`{\"data\": {\"transcoders\": [{\"id\": ..., \"totalStake\": ...}]}}`, or the \
                 list alone"
            }
            Kind::Spend => {
                "a header with a column `date` (or `timestamp`) and one `amount_eth`, `fees_eth` or \
                 `face_value_eth`"
            }
        }
    }

    /// Reads the text of such a file.
    fn read(self, file: &Source, options: &SpendOptions) -> Result<Findings, ImportError> {
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        let mut findings = Findings::default();
        let is_read = match self {
            Kind::Stakes => stakes::read(&Table::of(text), &file.name, &mut findings)?,
            Kind::Spend if Kind::of(text).is_none_or(|kind| kind == Kind::Spend) => {
                spend::read(text, &file.name, options, &mut findings)?;
                true
            }
            Kind::Spend => false,
            _ => match json::parse(text) {
                Ok(json) => {
                    let root = At::root(&json);
                    let is_read = self.read_json(&root, &mut findings);
                    if let (false, Some(message)) = (is_read, root.server_error()) {
                        let message = comment(message);
                        return Err(ImportError::Server { file: file.name.clone(), message });
                    }
                    is_read
                }
                Err(_) if Kind::of(text).is_some() => false,
                Err(error) => return Err(ImportError::Syntax(syntax_error(file, text, &error))),
            },
        };
        let (file_name, count) = (file.name.clone(), findings.orchestrators.len());
        if count > MOST_ORCHESTRATORS {
            return Err(ImportError::TooMany { file: file_name, count });
        }
        if is_read {
            return Ok(findings);
        }
        let looks_like = Kind::of(text).filter(|&kind| kind != self);
        Err(ImportError::Kind { file: file_name, kind: self, looks_like })
    }

    /// `false` where the file is not of this kind.
    fn read_json(self, root: &At, findings: &mut Findings) -> bool {
        match self {
            Kind::Capabilities => capabilities::read(root, findings),
            Kind::MaxPrices => max_prices::read(root, findings),
            Kind::Models => ai_models::read(root, findings),
            Kind::Leaderboard => leaderboard::read(root, findings),
            Kind::Transcoders => transcoders::read(root, findings),
            Kind::Stakes | Kind::Spend => false,
        }
    }

    /// What a text seems to be.
    fn of(text: &str) -> Option<Kind> {
        let Ok(json) = json::parse(text) else {
            let is_stakes = || stakes::columns(&Table::of(text)).is_some();
            return match spend_form(text) {
                Some(_) => Some(Kind::Spend),
                None => is_stakes().then_some(Kind::Stakes),
            };
        };
        let root = At::root(&json);
        Kind::ALL.into_iter().find(|kind| match kind {
            Kind::Capabilities => capabilities::rows(&root).is_some(),
            Kind::MaxPrices => max_prices::rows(&root).is_some(),
            Kind::Models => ai_models::rows(&root).is_some(),
            Kind::Leaderboard => leaderboard::rows(&root).is_some(),
            Kind::Transcoders => transcoders::rows(&root).is_some(),
            Kind::Stakes | Kind::Spend => false,
        })
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no JSON.
    #[error("{0}")]
    Syntax(Diagnostics),
    /// It is not certain what a cell of a table means.
    #[error("{message}\n  --> {file}:{line}, column `{column}`\n  = expected: {expected}")]
    Cell {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The column's name.
        column: String,
        /// What is wrong with it.
        message: String,
        /// What was expected.
        expected: &'static str,
    },
    /// What was spent makes no sense.
    #[error(transparent)]
    Spend(SpendError),
    /// The base cannot be brought to what was spent.
    #[error(transparent)]
    Demand(CalibrateError),
    /// The file is something else.
    #[error("`{file}` is not {}\n  expected {}{}", kind.noun(), kind.expected(), hint(*looks_like))]
    Kind {
        /// The file.
        file: String,
        /// What it should have been.
        kind: Kind,
        /// What it seems to be.
        looks_like: Option<Kind>,
    },
    /// The file is a server's answer that it failed.
    #[error("`{file}` is an error of the server that was asked: {message}")]
    Server {
        /// The file.
        file: String,
        /// What the server says.
        message: String,
    },
    /// Nothing in the file can be used.
    #[error("nothing of `{file}` can be used{reasons}")]
    Nothing {
        /// The file.
        file: String,
        /// What was skipped and why, a line each.
        reasons: String,
    },
    /// More than a network has.
    #[error("`{file}` names {count} orchestrators; at most {MOST_ORCHESTRATORS} are imported")]
    TooMany {
        /// The file.
        file: String,
        /// How many it names.
        count: usize,
    },
    /// The base has no gateway, orchestrator or region of that name.
    #[error("{0}")]
    UnknownName(String),
    /// The base is not valid, or no longer is with the import in it.
    #[error("{0}")]
    Scenario(Diagnostics),
}

fn hint(looks_like: Option<Kind>) -> String {
    looks_like.map_or_else(String::new, |kind| {
        format!("\n  help: this looks like {}; use `orchsim import {}`", kind.noun(), kind.name())
    })
}

fn syntax_error(file: &Source, text: &str, error: &json::SyntaxError) -> Diagnostics {
    let line_start = text.split_inclusive('\n').take(error.line - 1).map(str::len).sum::<usize>();
    let source = Source { name: file.name.clone(), text: text.to_string(), directory: None };
    let offset = line_start + error.column - 1;
    Diagnostics::of_text(&source, offset, format!("invalid JSON: {}", error.message))
}
