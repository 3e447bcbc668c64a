//! Orchestrators that respond: which price, how many nodes, given what one of
//! them can see.
//!
//! Decisions only, without state: [`crate::simulation`] holds an orchestrator's
//! review at its time, shows it the network and carries out what it decides.

mod pricing;
mod rivalry;

pub use pricing::{best_price, raised, undercut};
pub use rivalry::{Own, Rivalry, best_node_count};
