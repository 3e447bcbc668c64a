//! One replication: the world, its events, its recorder.

mod cashier;
mod in_flight;
mod price_board;
mod recorder;
mod replication;
mod slots;
mod steering;
mod treasurer;
mod world;

pub use recorder::{Failure, FeeParts, Outages, Redemptions, ReplicationResult, ServiceRecord};
pub use replication::replicate;
pub use steering::SteeringRecord;
pub use world::{Opening, REQUEST_ROUND_TRIPS, ServiceKey, World};
