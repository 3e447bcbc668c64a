//! Where the money comes from: the credits, and what they are worth.

use crate::units::{Decimal, Lpt, Wei};

/// An allocation of LPT, converted into ETH at once on the first day and then
/// spent by all gateways of the scenario from one balance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Credits {
    /// The allocation.
    pub lpt: Lpt,
    /// What it was converted into.
    pub eth: Wei,
    /// Price of one LPT in USD.
    pub lpt_usd: Decimal,
    /// Price of one ETH in USD.
    pub eth_usd: Decimal,
}
