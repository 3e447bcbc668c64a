use super::{Prices, mul_div};
use crate::units::{Lpt, SECONDS_PER_HOUR, SimTime, Wei};

const BASIS_POINTS: u128 = 10_000;
/// Steps in which the pool's rate is cut into an integer share of the market's.
const RATE_STEPS: u128 = 1_000_000_000_000;

/// The pool that LPT is sold to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SwapTerms {
    /// Fee on what the pool pays out, in basis points (0.01 %), at most 10,000.
    pub fee_bps: u32,
    /// LPT on the pool's side of a constant-product curve: selling `q` moves
    /// the pool's price by about `-2 q / depth`.
    pub depth: Lpt,
    /// Hours in which trade with other markets takes back half of the impact; 0
    /// where all is taken back before the next moment. Sales at one moment move
    /// along one curve in any case.
    pub recovery_half_life_h: f64,
    /// Gas of one swap.
    pub gas: Wei,
}

/// What one sale yields, in parts that add up: `gross = net + impact + fee +
/// gas`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swap {
    /// What was sold.
    pub sold: Lpt,
    /// Its value at the market's price.
    pub gross: Wei,
    /// Lost to the pool's price falling, now and by sales before.
    pub impact: Wei,
    /// Kept by the pool, rounded up to a wei.
    pub fee: Wei,
    /// Paid for gas.
    pub gas: Wei,
    /// What arrives.
    pub net: Wei,
}

impl Swap {
    /// A sale made elsewhere, for exactly so much.
    pub fn made(sold: Lpt, proceeds: Wei) -> Swap {
        let nothing = Wei::ZERO;
        Swap { sold, gross: proceeds, impact: nothing, fee: nothing, gas: nothing, net: proceeds }
    }
}

/// The pool as earlier sales left it.
#[derive(Clone, Debug)]
pub struct SwapPool {
    terms: SwapTerms,
    /// LPT sold to it that other markets have not yet taken, at `updated`.
    excess: f64,
    updated: SimTime,
}

impl SwapPool {
    /// A pool at the market's price.
    pub fn new(terms: SwapTerms) -> SwapPool {
        SwapPool { terms, excess: 0.0, updated: SimTime::ZERO }
    }

    /// Sells `lpt` at time `now`, see [`SwapPool::quote`].
    pub fn sell(&mut self, now: SimTime, lpt: Lpt, prices: Prices) -> Option<Swap> {
        let swap = self.quote(now, lpt, prices)?;
        (self.excess, self.updated) = (self.excess_at(now) + lpt.to_coins(), now);
        Some(swap)
    }

    /// What selling `lpt` at time `now`, at which the market pays `prices`,
    /// yields. `None` where it is nothing or would not cover its gas.
    ///
    /// The pool pays the market's rate times `depth^2 / ((depth + excess)
    /// (depth + excess + lpt))`, cut to 10^-12: the mean rate along a
    /// constant-product curve. Fractions of a wei are lost to the impact.
    pub fn quote(&self, now: SimTime, lpt: Lpt, prices: Prices) -> Option<Swap> {
        let SwapTerms { fee_bps, depth, gas, .. } = self.terms;
        let (depth, excess, amount) = (depth.to_coins(), self.excess_at(now), lpt.to_coins());
        let rate = depth / (depth + excess) * (depth / (depth + excess + amount));
        let gross = prices.to_wei(lpt);
        let paid = mul_div(gross.0, (rate * RATE_STEPS as f64) as u128, RATE_STEPS);
        let kept = BASIS_POINTS.saturating_sub(u128::from(fee_bps));
        let after_fee = mul_div(paid, kept, BASIS_POINTS);
        let net = Wei(after_fee).checked_sub(gas).filter(|_| lpt > Lpt::ZERO)?;
        let (impact, fee) = (Wei(gross.0 - paid), Wei(paid - after_fee));
        Some(Swap { sold: lpt, gross, impact, fee, gas, net })
    }

    fn excess_at(&self, now: SimTime) -> f64 {
        if now <= self.updated {
            return self.excess;
        }
        let hours = (now - self.updated).as_secs() / SECONDS_PER_HOUR as f64;
        self.excess * libm::exp2(-hours / self.terms.recovery_half_life_h)
    }
}
