use ethnum::U256;

use super::TicketTerms;
use crate::units::{NANOS_PER_SECOND, Price, PriceError, SECONDS_PER_HOUR, SimTime};

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

/// Whether a gateway still pays `current` on a session that began at `initial`:
/// up to twice the initial price (`validatePrice` of go-livepeer
/// `server/segment_rpc.go`). Its maximum price is not asked again.
pub fn price_still_accepted(initial: Price, current: Price) -> bool {
    let terms = |a: u64, b: u64| u128::from(a) * u128::from(b);
    terms(current.wei(), initial.units()) <= 2 * terms(initial.wei(), current.units())
}

const FEED_INTERVAL: u64 = SECONDS_PER_HOUR * NANOS_PER_SECOND;

/// When the ETH/USD rate in force at `now` was read: at the last UTC hour
/// (go-livepeer `eth/watchers/pricefeedwatcher.go`). A price in USD is constant
/// in wei until the next.
pub fn usd_feed_read_at(now: SimTime) -> SimTime {
    SimTime(now.0 - now.0 % FEED_INTERVAL)
}

/// When the ETH/USD rate is read next after `now`.
pub fn next_usd_feed(now: SimTime) -> SimTime {
    usd_feed_read_at(now) + SimTime(FEED_INTERVAL)
}
