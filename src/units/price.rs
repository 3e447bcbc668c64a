use std::cmp::Ordering;
use std::fmt;

use super::{Decimal, Wei, mul_div};

/// Decimals of Chainlink's ETH/USD feed.
pub(crate) const FEED_DECIMALS: u32 = 8;

/// A price in wei per billing unit, an exact rational in lowest terms.
///
/// go-livepeer quotes `PricePerUnit / PixelsPerUnit` as two int64 and compares
/// and charges them as a `big.Rat` (`server/selection_algorithm.go`,
/// `core/accounting.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    wei: u64,
    units: u64,
}

/// Why a price cannot be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// `0 units` in the denominator.
    #[error("a price per 0 units")]
    ZeroUnits,
    /// Above the largest price go-livepeer can quote (int64).
    #[error("the price exceeds 9.2e18 wei per unit")]
    TooLarge,
}

impl Price {
    /// Free of charge.
    pub const ZERO: Price = Price { wei: 0, units: 1 };

    /// The largest that go-livepeer can quote.
    pub const MOST: Price = Price { wei: i64::MAX as u64, units: 1 };

    /// So many whole wei a unit, at most int64's largest.
    pub const fn whole(wei: u32) -> Price {
        Price { wei: wei as u64, units: 1 }
    }

    /// `wei` per `units` billing units. A quotient whose reduced terms do not
    /// fit int64 is cut to three decimals, as `common.PriceToFixed` does
    /// (go-livepeer `common/util.go`).
    ///
    /// # Errors
    /// [`PriceError`] on zero `units` or a price too large for int64.
    pub fn new(wei: u128, units: u128) -> Result<Price, PriceError> {
        if units == 0 {
            return Err(PriceError::ZeroUnits);
        }
        let divisor = gcd(wei, units);
        let (wei, units) = (wei / divisor, units / divisor);
        let fits = |term: u128| i64::try_from(term).is_ok();
        if fits(wei) && fits(units) {
            return Ok(Price { wei: wei as u64, units: units as u64 });
        }
        let whole = wei / units;
        let rest = wei % units;
        let thousandths = match rest.checked_mul(1000) {
            Some(product) => Some(product / units),
            None => mul_div(rest, 1000, units),
        };
        let fixed = whole
            .checked_mul(1000)
            .zip(thousandths)
            .and_then(|(whole, part)| whole.checked_add(part));
        match fixed {
            Some(fixed) if fits(fixed) => Price::new(fixed, 1000),
            _ if fits(whole) => Price::new(whole, 1),
            _ => Err(PriceError::TooLarge),
        }
    }

    /// `wei` per unit to up to nine decimals, as many as an `f64` has digits
    /// for; `None` where that cannot be held.
    pub fn nearest(wei: f64) -> Option<Price> {
        const EXACT: f64 = 9e15;
        let units = [1_000_000_000, 1_000_000, 1_000, 1];
        let units = units.into_iter().find(|&units| wei * f64::from(units) < EXACT)?;
        let parts = libm::round(wei * f64::from(units));
        (parts >= 0.0).then(|| Price::new(parts as u128, units as u128).ok()).flatten()
    }

    /// `usd` per `units` billing units at `eth_usd` dollars an ETH:
    /// wei = usd * 10^18 / eth_usd (go-livepeer `core/autoconvertedprice.go`).
    ///
    /// # Errors
    /// [`PriceError`] on zero `units`, a zero `eth_usd` or a price too large.
    pub fn from_usd(usd: Decimal, units: u128, eth_usd: Decimal) -> Result<Price, PriceError> {
        if units == 0 {
            return Err(PriceError::ZeroUnits);
        }
        let (wei, units) = usd_to_wei(usd, units, eth_usd).ok_or(PriceError::TooLarge)?;
        Price::new(wei, units)
    }

    /// The price times `factor`, exact where the terms still fit.
    ///
    /// # Errors
    /// [`PriceError::TooLarge`] where it cannot be held.
    pub fn scaled(self, factor: Decimal) -> Result<Price, PriceError> {
        let wei = u128::from(self.wei).checked_mul(factor.mantissa);
        let units = 10u128
            .checked_pow(factor.scale)
            .and_then(|power| power.checked_mul(u128::from(self.units)));
        let (wei, units) = wei.zip(units).ok_or(PriceError::TooLarge)?;
        Price::new(wei, units)
    }

    /// The numerator: wei per [`Price::units`].
    pub fn wei(self) -> u64 {
        self.wei
    }

    /// The denominator, in billing units.
    pub fn units(self) -> u64 {
        self.units
    }

    /// In wei per unit, for selection rules and display.
    pub fn to_f64(self) -> f64 {
        self.wei as f64 / self.units as f64
    }

    /// The fee for `units` billing units, in whole wei, fractions dropped.
    pub fn fee(self, units: u64) -> Wei {
        match self.wei.checked_mul(units) {
            Some(product) if self.units == 1 => Wei(u128::from(product)),
            Some(product) => Wei(u128::from(product / self.units)),
            None => Wei(u128::from(self.wei) * u128::from(units) / u128::from(self.units)),
        }
    }
}

/// `usd` per `units` in wei as an exact quotient; `None` where it cannot be held, which
/// at any rate of the feed's decimals is above 3.4 * 10^12 USD, however many digits it has.
fn usd_to_wei(usd: Decimal, units: u128, eth_usd: Decimal) -> Option<(u128, u128)> {
    if eth_usd.mantissa == 0 {
        return None;
    }
    let usd = usd.reduced();
    let common = gcd(usd.mantissa, units);
    let (amount, units) = (usd.mantissa / common, units / common);
    let common = gcd(amount, eth_usd.mantissa);
    let (amount, rate) = (amount / common, eth_usd.mantissa / common);
    // As if the rate had the feed's decimals: what holds at one holds at the others.
    let decimals = eth_usd.scale.max(FEED_DECIMALS);
    let numerator_power = (18 + decimals).saturating_sub(usd.scale);
    let denominator_power = usd.scale.saturating_sub(18 + decimals) + decimals - eth_usd.scale;
    let scaled = |number: u128, power| number.checked_mul(10u128.checked_pow(power)?);
    Some((scaled(amount, numerator_power)?, scaled(rate.checked_mul(units)?, denominator_power)?))
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// A price as its owner posts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostedPrice {
    /// In wei.
    Wei(Price),
    /// Pegged to the dollar: in wei it follows the ETH/USD price feed.
    Usd {
        /// USD for so many units.
        usd: Decimal,
        /// Billing units; not 0.
        units: u128,
    },
}

impl PostedPrice {
    /// The price in wei while the feed says `eth_usd` dollars an ETH.
    ///
    /// # Errors
    /// [`PriceError`] where a pegged price cannot be held in wei.
    pub fn at(self, eth_usd: Decimal) -> Result<Price, PriceError> {
        match self {
            PostedPrice::Wei(price) => Ok(price),
            PostedPrice::Usd { usd, units } => Price::from_usd(usd, units, eth_usd),
        }
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        match self {
            PostedPrice::Wei(price) => price == Price::ZERO,
            PostedPrice::Usd { usd, .. } => usd.mantissa == 0,
        }
    }

    /// Whether the price in wei follows the feed.
    pub fn is_pegged(self) -> bool {
        matches!(self, PostedPrice::Usd { .. })
    }
}

impl From<Price> for PostedPrice {
    fn from(price: Price) -> PostedPrice {
        PostedPrice::Wei(price)
    }
}

impl fmt::Display for PostedPrice {
    /// As a scenario writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PostedPrice::Wei(price) => price.fmt(f),
            PostedPrice::Usd { usd, units: 1 } => write!(f, "{usd} USD"),
            PostedPrice::Usd { usd, units } => write!(f, "{usd} USD per {units}"),
        }
    }
}

impl Default for Price {
    fn default() -> Price {
        Price::ZERO
    }
}

impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Price) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Price {
    fn cmp(&self, other: &Price) -> Ordering {
        let left = u128::from(self.wei) * u128::from(other.units);
        let right = u128::from(other.wei) * u128::from(self.units);
        left.cmp(&right)
    }
}

impl fmt::Display for Price {
    /// As a scenario writes it: `4768371 wei`, `1 wei per 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.units {
            1 => write!(f, "{} wei", self.wei),
            units => write!(f, "{} wei per {units}", self.wei),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn usd_prices_follow_go_livepeers_conversion() {
        // core/autoconvertedprice_test.go: 2 USD at 100 USD an ETH is 2e16 wei.
        let price = Price::from_usd(decimal("2"), 1, decimal("100")).unwrap();
        assert_eq!(price, Price::new(20_000_000_000_000_000, 1).unwrap());
    }

    #[test]
    fn digits_do_not_make_a_price_too_large() {
        // All are 0.18 USD to within 10^-16 of it; at 2700 USD an ETH that is 10^11 / 1500.
        let feed = Decimal { mantissa: 270_000_000_000, scale: 8 };
        for rate in [decimal("2700"), feed] {
            for usd in ["0.18", "0.18000000000000002", "0.1800000000000000000000000000000000001"] {
                let price = Price::from_usd(decimal(usd), 1_000_000, rate).unwrap();
                assert!((price.to_f64() / (1e11 / 1500.0) - 1.0).abs() < 1e-10, "{usd}: {price}");
            }
        }
        // 10^12 USD per 10^12 are 1 USD.
        let usd = Price::from_usd(decimal("1e12"), 1_000_000_000_000, feed);
        assert_eq!(usd, Price::from_usd(decimal("1"), 1, feed));
    }

    #[test]
    fn the_observed_llm_price_is_its_usd_peg() {
        // Observed: 56,909,258 wei a token where the operators peg 0.18 USD per
        // million, which fixes the feed at about 3,163 USD an ETH.
        let price = Price::from_usd(decimal("0.18"), 1_000_000, decimal("3162.93")).unwrap();
        assert!((price.to_f64() / 56_909_258.0 - 1.0).abs() < 1e-5, "{price}");
    }

    #[test]
    fn fees_drop_fractions_and_do_not_overflow() {
        assert_eq!(Price::new(1, 3).unwrap().fee(10), Wei(3));
        let dear = Price::new(9_000_000_000_000_000_000, 1).unwrap();
        assert_eq!(dear.fee(1_000), Wei(9_000_000_000_000_000_000_000));
        assert_eq!(Price::new(u128::MAX, 1), Err(PriceError::TooLarge));
        assert_eq!(Price::new(1, 0), Err(PriceError::ZeroUnits));
        // (2^128 - 1) / 1000 and two thirds, whose thousandths are above 2^128.
        let most = u128::MAX / 1000;
        assert_eq!(Price::new(most * 3 + 2, 3), Err(PriceError::TooLarge));
        // 0.75 of them, cut to thousandths.
        let odd = u128::MAX / 4;
        assert_eq!(Price::new(odd * 3, odd * 4 + 1), Price::new(749, 1000));
    }

    #[test]
    fn a_scaled_price_is_exact() {
        let half = Price::new(4_768_371, 1).unwrap().scaled(decimal("0.5")).unwrap();
        assert_eq!(half, Price::new(4_768_371, 2).unwrap());
        assert_eq!(half.scaled(decimal("2")).unwrap(), Price::new(4_768_371, 1).unwrap());
        assert_eq!(half.scaled(decimal("0")).unwrap(), Price::ZERO);
        assert_eq!(half.scaled(decimal("1e30")), Err(PriceError::TooLarge));
    }

    #[test]
    fn prices_compare_as_rationals() {
        // rpc_test.go TestValidatePrice: 1000/6001 is below 1/6 and above 1/7.
        let quoted = Price::new(1000, 6001).unwrap();
        assert!(quoted < Price::new(1, 6).unwrap() && quoted > Price::new(1, 7).unwrap());
    }
}
