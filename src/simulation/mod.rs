//! One replication: the world, its events, its recorder.

mod cashier;
mod customers;
mod in_flight;
mod price_board;
mod recorder;
mod replication;
mod responders;
mod slots;
mod steering;
mod treasurer;
mod world;

pub use customers::CustomerRecord;
pub use recorder::{Failure, FeeParts, Outages, Redemptions, ReplicationResult, ServiceRecord};
pub(crate) use replication::{ReplicationKeys, SIZE_DRAW};
pub use replication::{replicate, replicate_from};
pub use responders::ResponseRecord;
pub use steering::SteeringRecord;
pub use world::{Opening, REQUEST_ROUND_TRIPS, ServiceKey, World};
