//! What happens next: the future-event list, named random streams,
//! distributions. Nothing of Livepeer.

mod distribution;

pub use distribution::Distribution;
