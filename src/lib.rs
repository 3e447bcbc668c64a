//! `orchsim` is a discrete-event simulator of the Livepeer AI network:
//! gateways, priced orchestrators, demand, and the go-livepeer selection
//! algorithm. It forecasts how long treasury-funded inference credits last and
//! who earns the fees.
//!
//! The modules follow the life of a request. Imports run downward only:
//! [`units`], `text` and [`kernel`] know nothing of Livepeer; [`network`], [`demand`],
//! [`selection`], [`payments`], [`treasury`], [`policy`] and [`response`] hold
//! the model; [`scenario`] reads it from a file; [`simulation`] runs one
//! replication, [`ensemble`] many; [`spend`] reads what was really spent;
//! [`experiment`] runs several scenarios, settings or machines, fits a scenario
//! to real spend and tells how good forecasts were; [`import`] puts real files of
//! the network into a scenario; [`report`] writes what came out; [`cli`] is the
//! command line.

pub mod cli;
pub mod demand;
pub mod ensemble;
pub mod experiment;
pub mod import;
pub mod kernel;
pub mod network;
pub mod payments;
pub mod policy;
pub mod report;
pub mod response;
pub mod scenario;
pub mod selection;
pub mod simulation;
pub mod spend;
mod text;
pub mod treasury;
pub mod units;
