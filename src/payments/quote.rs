use ethnum::U256;

use super::{InsufficientReserve, TicketTerms};
use crate::network::Orchestrator;
use crate::units::{NANOS_PER_SECOND, Price, PriceError, SECONDS_PER_HOUR, SimTime, Wei};

/// Decimals of an adjusted price (`priceScalingFactor` of go-livepeer
/// `common/util.go`).
const PRICE_SCALE: u128 = 1000;

/// The price an orchestrator quotes: its base price, and where it adjusts
/// prices (`-autoAdjustPrice`, on by default) the cost of redeeming the tickets
/// on top, `base * (1 + 1 / multiplier)` cut to three decimals: `priceInfo` of
/// go-livepeer `core/orchestrator.go`. The multiplier is
/// [`TicketTerms::tx_cost_multiplier`].
///
/// # Errors
/// [`PriceError::TooLarge`] above the largest price go-livepeer can quote.
pub fn quoted_price(
    base: Price,
    terms: &TicketTerms,
    auto_adjust: bool,
) -> Result<Price, PriceError> {
    if !auto_adjust {
        return Ok(base);
    }
    let (face_value, tx_cost) = match terms.tx_cost_multiplier() {
        Some((face_value, tx_cost)) if face_value.0 > 0 => (face_value.0, tx_cost.0),
        _ => (1, 0),
    };
    let adjusted = (U256::from(face_value) + U256::from(tx_cost))
        * U256::from(u128::from(base.wei()) * PRICE_SCALE)
        / (U256::from(face_value) * U256::from(base.units()));
    let adjusted = u128::try_from(adjusted).map_err(|_| PriceError::TooLarge)?;
    Price::new(adjusted, PRICE_SCALE)
}

/// What an orchestrator answers a gateway that asks for one of its models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The price asked, see [`quoted_price`].
    pub price: Price,
    /// The tickets asked for.
    pub terms: TicketTerms,
}

/// Why an orchestrator quotes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoQuote {
    /// The gateway's reserve is too small.
    #[error(transparent)]
    Reserve(#[from] InsufficientReserve),
    /// The adjusted price is too large.
    #[error(transparent)]
    Price(#[from] PriceError),
}

impl Quote {
    /// What `orchestrator` quotes for a model of base price `base` at
    /// `gas_price` to a gateway whose claimable reserve is `max_float` (see
    /// [`SenderFunds::max_float`](super::SenderFunds)).
    ///
    /// # Errors
    /// [`NoQuote`] where there is none.
    pub fn new(
        orchestrator: &Orchestrator,
        base: Price,
        gas_price: Wei,
        max_float: Wei,
    ) -> Result<Quote, NoQuote> {
        if base == Price::ZERO {
            return Ok(Quote { price: base, terms: TicketTerms::FREE });
        }
        let terms = orchestrator.tickets.terms(gas_price, max_float)?;
        let price = quoted_price(base, &terms, orchestrator.auto_adjust_price)?;
        // A very low price is quoted in thousandths of a wei, that is as 0.
        let terms = if price == Price::ZERO { TicketTerms::FREE } else { terms };
        Ok(Quote { price, terms })
    }
}

/// Whether a gateway still pays `current` on a session that began at `initial`:
/// up to twice the initial price (`validatePrice` of go-livepeer
/// `server/segment_rpc.go`). Its maximum price is not asked again.
pub fn price_still_accepted(initial: Price, current: Price) -> bool {
    let terms = |a: u64, b: u64| u128::from(a) * u128::from(b);
    terms(current.wei(), initial.units()) <= 2 * terms(initial.wei(), current.units())
}

const FEED_INTERVAL: u64 = SECONDS_PER_HOUR * NANOS_PER_SECOND;

/// When the ETH/USD rate is read next after `now`: at the UTC hour (go-livepeer
/// `eth/watchers/pricefeedwatcher.go`). A price in USD is constant in wei until
/// then.
pub fn next_usd_feed(now: SimTime) -> SimTime {
    SimTime(now.0 - now.0 % FEED_INTERVAL + FEED_INTERVAL)
}
