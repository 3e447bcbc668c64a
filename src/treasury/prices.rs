use serde::{Deserialize, Serialize};

use super::mul_div;
use crate::units::{COIN, Decimal, FEED_DECIMALS, Lpt, Wei};

/// What the tokens are worth at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// USD an LPT.
    pub lpt_usd: f64,
    /// USD an ETH.
    pub eth_usd: f64,
}

impl Prices {
    /// What an LPT is worth at most, in ETH, so that no sum of what a scenario can hold
    /// overflows.
    pub const MOST_ETH_PER_LPT: u128 = 1_000_000;

    /// ETH an LPT.
    pub fn lpt_eth(self) -> f64 {
        self.lpt_usd / self.eth_usd
    }

    /// [`Prices::lpt_eth`] in wei an LPT, rounded to the nearest wei: the one
    /// place where a price becomes an integer. [`Prices::MOST_ETH_PER_LPT`] at most.
    pub fn wei_per_lpt(self) -> u128 {
        (libm::round(self.lpt_eth() * COIN as f64) as u128).min(Prices::MOST_ETH_PER_LPT * COIN)
    }

    /// What `lpt` is worth at [`Prices::wei_per_lpt`], fractions of a wei
    /// dropped.
    pub fn to_wei(self, lpt: Lpt) -> Wei {
        Wei(mul_div(lpt.0, self.wei_per_lpt(), COIN))
    }

    /// The least LPT worth at least `wei`; `u128::MAX` base units where an LPT
    /// is worth nothing.
    pub fn to_lpt(self, wei: Wei) -> Lpt {
        if wei == Wei::ZERO {
            return Lpt::ZERO;
        }
        let floor = mul_div(wei.0, COIN, self.wei_per_lpt());
        Lpt(if self.to_wei(Lpt(floor)) < wei { floor.saturating_add(1) } else { floor })
    }

    /// What `eth` ETH are worth in USD.
    pub fn eth_in_usd(self, eth: f64) -> f64 {
        eth * self.eth_usd
    }

    /// What `eth` ETH are worth in LPT.
    pub fn eth_in_lpt(self, eth: f64) -> f64 {
        if eth == 0.0 { 0.0 } else { eth / self.lpt_eth() }
    }

    /// USD an ETH as Chainlink's feed publishes it: 8 decimals, to the nearest.
    pub fn eth_usd_feed(self) -> Decimal {
        let unit = libm::pow(10.0, f64::from(FEED_DECIMALS));
        Decimal { mantissa: libm::round(self.eth_usd * unit) as u128, scale: FEED_DECIMALS }
    }
}
