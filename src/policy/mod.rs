//! What governance can turn: the highest price paid, where requests go, how fast
//! credits may be spent, and a group of orchestrators that serves first and for
//! less.
//!
//! The room holds settings and small state machines over them; the simulation
//! acts on what they say.

mod allowance;
mod alpha_group;
mod injection;
mod max_price;
mod pacing;
mod providers;

pub use allowance::Allowance;
pub use alpha_group::AlphaGroup;
pub use injection::{Fallback, Injection, RegionalGateway, Steerer, Steering};
pub use max_price::{Course, HighestQuote, MaxPrice, MaxPricePolicy, Reference, TargetRunway};
pub use pacing::{
    Ceiling, DeveloperLimit, Pacer, Pacing, Period, RequestLimit, Scope, SpendCeiling,
};
pub use providers::{
    CHEAPEST, InputTokens, ModelClass, PROVIDER_PRICES, Provider, ProviderPrice, ProviderShare,
};

/// The policy of a scenario; the default changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Bringing requests to the orchestrators of chosen regions.
    pub injection: Injection,
    /// The highest price paid.
    pub max_price: MaxPricePolicy,
    /// Limits on requests and spend.
    pub pacing: Pacing,
    /// Who serves first and for less.
    pub alpha_group: AlphaGroup,
}
