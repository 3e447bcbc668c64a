//! What happens next: the future-event list, named random streams,
//! distributions. Nothing of Livepeer.

mod distribution;
mod events;
mod histogram;
mod random;
mod ziggurat;

pub use distribution::{Distribution, Sampler};
pub use events::EventList;
pub use histogram::LatencyHistogram;
pub use random::{Sequence, StreamKey, index_below};
