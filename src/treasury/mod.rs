//! Where the money comes from: the credits, what they are worth, and the way
//! from the Safe's LPT to a gateway's deposit.
//!
//! An [`Allocation`] holds LPT. A [`Converter`] says when how much of it is to
//! be sold, the [`Safe`] when the transaction is signed, a [`SwapPool`] what
//! it yields at the price of a [`PricePath`], and [`TopUps`] which gateway
//! gets it. Each is a state machine driven by simulated time; none books
//! anything itself.

mod allocation;
mod conversion;
mod inflation;
mod price_path;
mod prices;
mod safe;
mod setup;
mod spend;
mod swap;
mod top_up;

pub use allocation::{Allocation, Drawing, Outflow};
pub use conversion::{ConversionPolicy, ConversionState, Converter, Schedule};
pub use inflation::{Inflation, MINTED_PER_ROUND};
pub use price_path::{
    Bootstrap, BootstrapError, DailyPrices, DatedPrices, JumpDiffusion, PricePath, PriceSeries,
    RowProblem, SeriesFault, TokenPrices,
};
pub use prices::Prices;
pub use safe::{SIGNING_DELAY_HOURS, Safe, SafeError, SafeSetup, Signer, Sleep};
pub use setup::{RunwayEnd, TreasurySetup};
pub use spend::TrailingSpend;
pub use swap::{Swap, SwapPool, SwapTerms};
pub use top_up::{GatewayFunds, RESERVE, TopUp, TopUpRule, TopUps, apportion};

use crate::units::{self, Decimal, Lpt, Wei};

/// An allocation of LPT, and the prices at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Credits {
    /// The allocation.
    pub lpt: Lpt,
    /// What it is worth at the start's prices, or what it was sold for.
    pub eth: Wei,
    /// Whether it has been sold already, for exactly that.
    pub is_sold: bool,
    /// Whether it was ETH from the first: `lpt` is what that is worth.
    pub is_eth: bool,
    /// Price of one LPT in USD.
    pub lpt_usd: Decimal,
    /// Price of one ETH in USD.
    pub eth_usd: Decimal,
}

impl Credits {
    /// The prices at the start, from which a [`PricePath`] sets out.
    pub fn prices(&self) -> Prices {
        Prices { lpt_usd: self.lpt_usd.to_f64(), eth_usd: self.eth_usd.to_f64() }
    }
}

/// `amount * numerator / denominator`, floored; `u128::MAX` where that does not fit or
/// the denominator is 0.
fn mul_div(amount: u128, numerator: u128, denominator: u128) -> u128 {
    units::mul_div(amount, numerator, denominator).unwrap_or(u128::MAX)
}
