//! Experiments with several scenarios: comparisons on common random numbers.

mod compare;
mod paired;

pub use compare::{BASE, Comparison, Difference, Entry, Remark, Run, Variant, compare};
pub use paired::{Change, Paired};
