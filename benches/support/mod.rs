//! What the benches share.

pub mod reference;
