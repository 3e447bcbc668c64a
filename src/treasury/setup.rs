use super::{ConversionPolicy, Drawing, Inflation, SafeSetup, SwapTerms, TokenPrices, TopUps};
use crate::units::SimTime;

/// Which gateway that cannot pay ends the runway, once nothing more can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunwayEnd {
    /// The first: its users are no longer served.
    FirstGateway,
    /// The last of those with demand: nobody is served any more.
    LastGateway,
}

/// How the credits get from the Safe's LPT to the gateways' deposits.
#[derive(Clone, Debug, PartialEq)]
pub struct TreasurySetup {
    /// The paths of the token prices.
    pub prices: TokenPrices,
    /// The multisig.
    pub safe: SafeSetup,
    /// When how much LPT is sold.
    pub conversion: ConversionPolicy,
    /// What a sale costs.
    pub swap: SwapTerms,
    /// Which gateway gets the proceeds, and how much of it as reserve.
    pub top_ups: TopUps,
    /// The projects that draw from the same allocation.
    pub projects: Vec<String>,
    /// What they draw.
    pub drawings: Vec<Drawing>,
    /// With whose last wei the credits are used up.
    pub runway_end: RunwayEnd,
    /// When what is left goes back to the treasury.
    pub deadline: Option<SimTime>,
    /// What is minted meanwhile, to compare with.
    pub inflation: Inflation,
}

impl TreasurySetup {
    /// The deadline in days; infinite where there is none.
    pub fn deadline_days(&self) -> f64 {
        self.deadline.map_or(f64::INFINITY, SimTime::as_days)
    }
}
