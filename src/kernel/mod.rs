//! What happens next: the future-event list, named random streams,
//! distributions. Nothing of Livepeer.

mod distribution;
mod events;
mod guide_table;
mod histogram;
mod priority_list;
mod random;
mod shuffle;
mod ziggurat;

pub use distribution::{Distribution, Sampler};
pub use events::EventList;
pub use guide_table::GuideTable;
pub use histogram::LatencyHistogram;
pub use priority_list::PriorityList;
pub(crate) use random::{GOLDEN_GAMMA, fnv1a, mix};
pub use random::{Sequence, StreamKey, index_below};
pub use shuffle::shuffle;
