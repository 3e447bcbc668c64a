//! One replication: the world, its events, its recorder.

mod in_flight;
mod recorder;
mod replication;
mod slots;
mod world;

pub use recorder::{Failure, ReplicationResult, ServiceRecord};
pub use replication::replicate;
pub use world::{REQUEST_ROUND_TRIPS, ServiceKey, World};
