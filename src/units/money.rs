use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use ethnum::U256;
use serde::{Deserialize, Serialize};

use super::Decimal;

/// Base units in a coin: wei in an ETH, as many in an LPT.
pub const COIN: u128 = 10u128.pow(DECIMALS);
const DECIMALS: u32 = 18;

macro_rules! base_unit_amount {
    ($(#[$doc:meta])* $name:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u128);

        impl $name {
            /// Nothing.
            pub const ZERO: $name = $name(0);

            /// The amount in whole coins, for statistics and display only.
            pub fn to_coins(self) -> f64 {
                self.0 as f64 / COIN as f64
            }

            /// `self + other`, or `None` where it would overflow.
            pub fn checked_add(self, other: $name) -> Option<$name> {
                self.0.checked_add(other.0).map($name)
            }

            /// `self - other`, or `None` where it would fall below zero.
            pub fn checked_sub(self, other: $name) -> Option<$name> {
                self.0.checked_sub(other.0).map($name)
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = $name>>(amounts: I) -> $name {
                $name(amounts.map(|amount| amount.0).sum())
            }
        }

        impl fmt::Display for $name {
            /// In whole coins, exactly, with the symbol.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let coins = Decimal { mantissa: self.0, scale: DECIMALS };
                write!(f, concat!("{} ", $symbol), coins)
            }
        }
    };
}

base_unit_amount!(
    /// An amount of ETH in wei (1 ETH = 10^18 wei).
    Wei,
    "ETH"
);
base_unit_amount!(
    /// An amount of LPT in its base unit (1 LPT = 10^18 base units).
    Lpt,
    "LPT"
);

impl Wei {
    /// So many times the amount, or `None` where it would overflow.
    pub fn checked_times(self, count: u64) -> Option<Wei> {
        // In 64 bits wherever they do: that is several times as quick.
        match u64::try_from(self.0) {
            Ok(amount) => Some(Wei(u128::from(amount) * u128::from(count))),
            Err(_) => self.0.checked_mul(u128::from(count)).map(Wei),
        }
    }

    /// `usd`, of at most 18 decimals, at `eth_usd` dollars an ETH, fractions of a wei
    /// dropped; `None` where it cannot be held or an ETH is worth nothing.
    pub fn from_usd(usd: Decimal, eth_usd: Decimal) -> Option<Wei> {
        let scale = 10u128.checked_pow(eth_usd.scale)?;
        mul_div(usd.scaled_to_integer(DECIMALS)?, scale, eth_usd.mantissa).map(Wei)
    }

    /// The whole number of wei, as a decimal string without a unit.
    pub fn to_decimal_string(self) -> String {
        self.0.to_string()
    }
}

/// `amount * numerator / denominator`, floored; `None` where that does not fit or the
/// denominator is 0.
pub(crate) fn mul_div(amount: u128, numerator: u128, denominator: u128) -> Option<u128> {
    let product = U256::from(amount) * U256::from(numerator);
    product.checked_div(U256::from(denominator))?.try_into().ok()
}

/// Divides each of `totals` by `count`, rounding so that the quotients still
/// add up to the floor of the overall mean: floors first, then one wei each to
/// the largest remainders, the earlier index first on a tie. Zero `count`
/// gives zeros.
pub fn mean_parts(totals: &[Wei], count: u128) -> Vec<Wei> {
    if count == 0 {
        return vec![Wei::ZERO; totals.len()];
    }
    let sum: u128 = totals.iter().map(|total| total.0).sum();
    let mut parts: Vec<Wei> = totals.iter().map(|total| Wei(total.0 / count)).collect();
    let floor_sum: u128 = parts.iter().map(|part| part.0).sum();
    give_to_largest(&mut parts, sum / count - floor_sum, |index| totals[index].0 % count);
    parts
}

/// Adds one wei each to the `left_over` parts with the largest remainders, the
/// earlier index first on a tie.
pub(crate) fn give_to_largest(
    parts: &mut [Wei],
    left_over: u128,
    remainder: impl Fn(usize) -> u128,
) {
    let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
    by_remainder.sort_by_key(|&index| (std::cmp::Reverse(remainder(index)), index));
    for &index in by_remainder.iter().take(left_over as usize) {
        parts[index].0 += 1;
    }
}

/// What an amount in a scenario is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    /// 10^-18 ETH.
    Wei,
    /// 10^-9 ETH.
    Gwei,
    /// Ether.
    Eth,
    /// US dollar.
    Usd,
    /// Livepeer token.
    Lpt,
}

impl Currency {
    /// Every currency with the name a scenario uses for it.
    pub const NAMES: [(&'static str, Currency); 5] = [
        ("wei", Currency::Wei),
        ("gwei", Currency::Gwei),
        ("ETH", Currency::Eth),
        ("USD", Currency::Usd),
        ("LPT", Currency::Lpt),
    ];

    /// The currency of that name, in any case.
    pub fn named(name: &str) -> Option<Currency> {
        let found = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|&(_, currency)| currency)
    }

    /// The name a scenario uses.
    pub fn name(self) -> &'static str {
        match self {
            Currency::Wei => "wei",
            Currency::Gwei => "gwei",
            Currency::Eth => "ETH",
            Currency::Usd => "USD",
            Currency::Lpt => "LPT",
        }
    }
}

/// A number with its currency, as a scenario writes it: `"12.5 ETH"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The number.
    pub value: Decimal,
    /// What it counts.
    pub currency: Currency,
}

/// Why a text is not an [`Amount`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The number is missing, negative, not finite or too long.
    #[error("`{0}` is not a non-negative decimal number")]
    Number(String),
    /// A number that its unit follows without a space.
    #[error("`{0}{1}` has no space before its unit: write `{0} {1}`")]
    NoSpace(String, String),
    /// A number with separators of thousands, or a comma for a point.
    #[error(
        "`{0}` has a comma or space in it: thousands are not separated, decimals stand after a point"
    )]
    Separated(String),
    /// There is a number and nothing behind it.
    #[error("the amount has no unit")]
    NoUnit,
    /// The unit is none of [`Currency::NAMES`].
    #[error("`{0}` is not a unit of money")]
    Unit(String),
}

impl Amount {
    /// Wei, for an amount that is ETH in any of its units; `None` for USD and
    /// LPT, or on overflow. Fractions of a wei are dropped.
    pub fn to_wei(self) -> Option<Wei> {
        let power = match self.currency {
            Currency::Wei => 0,
            Currency::Gwei => 9,
            Currency::Eth => DECIMALS,
            Currency::Usd | Currency::Lpt => return None,
        };
        self.value.scaled_to_integer(power).map(Wei)
    }

    /// LPT base units; `None` for any other currency, or on overflow.
    pub fn to_lpt(self) -> Option<Lpt> {
        match self.currency {
            Currency::Lpt => self.value.scaled_to_integer(DECIMALS).map(Lpt),
            _ => None,
        }
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let mut words = text.split_whitespace();
        let number = words.next().unwrap_or("");
        let value = number.parse().map_err(|()| unreadable(number))?;
        let unit = words.collect::<Vec<_>>().join(" ");
        if unit.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(AmountError::Separated(text.trim().to_string()));
        }
        if unit.is_empty() {
            return Err(AmountError::NoUnit);
        }
        let currency = Currency::named(&unit).ok_or(AmountError::Unit(unit))?;
        Ok(Amount { value, currency })
    }
}

/// Why a word is not the number of an amount.
fn unreadable(word: &str) -> AmountError {
    let is_number = |text: &str| text.parse::<Decimal>().is_ok();
    let split = word.find(|c: char| c.is_ascii_alphabetic()).map(|at| word.split_at(at));
    match split {
        Some((number, unit)) if is_number(number) && Currency::named(unit).is_some() => {
            AmountError::NoSpace(number.to_string(), unit.to_string())
        }
        _ if word.contains(',') && is_number(&word.replace(',', "")) => {
            AmountError::Separated(word.to_string())
        }
        _ => AmountError::Number(word.to_string()),
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.currency.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_convert_exactly() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("12.5 ETH").to_wei(), Some(Wei(12_500_000_000_000_000_000)));
        assert_eq!(amount("1588 wei").to_wei(), Some(Wei(1588)));
        assert_eq!(amount("0.01 gwei").to_wei(), Some(Wei(10_000_000)));
        assert_eq!(amount("15000 LPT").to_lpt(), Some(Lpt(15_000 * COIN)));
        assert_eq!(amount("0.18 USD").to_wei(), None);
        assert_eq!("12".parse::<Amount>(), Err(AmountError::NoUnit));
        assert_eq!("1LPT".parse::<Amount>(), Err(AmountError::NoSpace("1".into(), "LPT".into())));
        for separated in ["15,000 LPT", "1,5 ETH", "15 000 LPT"] {
            assert!(
                matches!(separated.parse::<Amount>(), Err(AmountError::Separated(_))),
                "{separated}"
            );
        }
        assert_eq!("5 BTC".parse::<Amount>(), Err(AmountError::Unit("BTC".into())));
        assert_eq!("-5 ETH".parse::<Amount>(), Err(AmountError::Number("-5".into())));
    }

    #[test]
    fn dollars_convert_to_the_wei() {
        let wei = |usd: &str, eth_usd: &str| {
            Wei::from_usd(usd.parse().unwrap(), eth_usd.parse().unwrap())
        };
        // go-livepeer's core/autoconvertedprice_test.go, then integers in Python.
        assert_eq!(wei("2", "100"), Some(Wei(20_000_000_000_000_000)));
        assert_eq!(wei("1000", "3162.93"), Some(Wei(316_162_545_487_886_232)));
        let large = Wei(4_938_027_707_293_482_705_644);
        assert_eq!(wei("12345678.901234", "2500.12345678"), Some(large));
        assert_eq!(wei("1", "0"), None);
    }

    #[test]
    fn a_product_may_be_larger_than_its_quotient() {
        assert_eq!(mul_div(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
        assert_eq!(mul_div(u128::MAX, 3, 2), None);
        assert_eq!(mul_div(7, 3, 2), Some(10));
    }

    proptest! {
        #[test]
        fn mean_parts_add_up(totals in prop::collection::vec(0u64.., 1..20), count in 1u128..500) {
            let totals: Vec<Wei> = totals.into_iter().map(|t| Wei(u128::from(t))).collect();
            let sum: Wei = totals.iter().copied().sum();
            let parts = mean_parts(&totals, count);
            prop_assert_eq!(parts.iter().copied().sum::<Wei>().0, sum.0 / count);
            for (part, total) in parts.iter().zip(&totals) {
                prop_assert!(part.0 == total.0 / count || part.0 == total.0 / count + 1);
            }
        }
    }
}
