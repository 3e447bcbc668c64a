//! One replication: the world, its events, its recorder.

mod cashier;
mod customers;
mod in_flight;
mod mode;
mod opening;
mod paces;
mod posted;
mod price_board;
mod recorder;
mod replication;
mod responders;
mod slots;
mod steering;
mod treasurer;
mod world;

pub use customers::CustomerRecord;
pub use mode::Mode;
pub use opening::Opening;
pub use paces::OwnPaces;
pub(crate) use posted::posted_cost;
pub use recorder::{
    Failure, FeeParts, Outages, Redemptions, ReplicationResult, Sampled, Sampling, ServiceRecord,
};
pub(crate) use replication::{ReplicationKeys, SIZE_DRAW};
pub use replication::{replicate, replicate_from};
pub use responders::ResponseRecord;
pub use steering::SteeringRecord;
pub use world::{REQUEST_ROUND_TRIPS, ServiceKey, World};
