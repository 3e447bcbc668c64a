use crate::units::{Decimal, Price, PriceError};

/// Orchestrators that serve at a discount, and first: others are asked only
/// where no member that the gateway knows has a free session. The default has
/// no members.
#[derive(Clone, Debug, PartialEq)]
pub struct AlphaGroup {
    /// Indices into the network's orchestrators, ascending.
    pub members: Vec<usize>,
    /// What members take off their prices, as a share: 1 is free.
    pub discount: Decimal,
}

impl Default for AlphaGroup {
    fn default() -> AlphaGroup {
        AlphaGroup { members: Vec::new(), discount: Decimal { mantissa: 0, scale: 0 } }
    }
}

impl AlphaGroup {
    /// Whether an orchestrator belongs to it.
    pub fn has(&self, orchestrator: usize) -> bool {
        self.members.binary_search(&orchestrator).is_ok()
    }

    /// What remains of an orchestrator's price, as a share.
    pub fn kept_share(&self, orchestrator: usize) -> f64 {
        if self.has(orchestrator) { 1.0 - self.discount.to_f64() } else { 1.0 }
    }

    /// What an orchestrator gets that asks `price`.
    ///
    /// # Errors
    /// [`PriceError`] where the reduced price cannot be held.
    pub fn price(&self, orchestrator: usize, price: Price) -> Result<Price, PriceError> {
        if !self.has(orchestrator) {
            return Ok(price);
        }
        let Decimal { mantissa, scale } = self.discount;
        let whole = 10u128.checked_pow(scale).ok_or(PriceError::TooLarge)?;
        price.scaled(Decimal { mantissa: whole.saturating_sub(mantissa), scale })
    }
}
