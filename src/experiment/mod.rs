//! Many scenarios, and one on many machines: comparisons on common random
//! numbers, the settings of a sweep and what came of them, the Pareto front
//! among them, and how work is dealt to shards and put together again; how a
//! scenario is fitted to real spend, and how good such forecasts were. Nothing here
//! reads or writes a file.

pub mod backtest;
pub mod calibrate;
mod compare;
mod design;
mod job;
mod paired;
mod pareto;
mod sensitivity;
mod shard;
pub mod spend_model;
mod sweep;

pub use compare::{
    BASE, Comparison, Difference, Entry, Remark, Run, Variant, compare, refer_to_prices_of,
};
pub(crate) use design::quantity;
pub use design::{Design, DesignError, Sampling, Vary};
pub use job::{Job, Replicate, sha256};
pub use paired::{Change, Paired};
pub use pareto::front;
pub use sensitivity::{Sensitivity, SobolIndices};
pub use shard::{
    CoverError, Part, Shard, ShardError, cover, missing_in_words, shard_from_environment,
};
pub use sweep::{
    Aim, Observation, Setting, SettingReduction, SettingResult, Study, Sweep, observe,
};
