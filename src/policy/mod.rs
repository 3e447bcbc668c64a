//! What governance can turn: where requests go.
//!
//! Types say what a scenario asks for; state machines such as [`Steerer`] say
//! what to do next. None draws or books anything itself.

mod injection;

pub use injection::{Fallback, Injection, RegionalGateway, Steerer, Steering};

/// All policies of a scenario. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Bringing requests to the orchestrators of chosen regions.
    pub injection: Injection,
}
