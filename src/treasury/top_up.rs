use super::mul_div;
use crate::units::{Wei, give_to_largest};

/// A gateway's reserve in production, 0.36 ETH (docs.livepeer.org 2025-09-23;
/// go-livepeer issue 3744).
pub const RESERVE: Wei = Wei(360_000_000_000_000_000);

/// What a gateway has with the TicketBroker, and spends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GatewayFunds {
    /// Deposit less what winning tickets will take from it.
    pub free_deposit: Wei,
    /// Reserve.
    pub reserve: Wei,
    /// Recent spend a day, of one without funds up to when it ran out; while nobody
    /// spent anything, that to be expected.
    pub spend_per_day: Wei,
}

/// How the yield of a conversion is divided over gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopUpRule {
    /// In fixed proportions, one for each gateway; one left out gets nothing.
    Shares(Vec<u64>),
    /// In proportion to recent spend.
    RecentSpend,
    /// To those whose deposit lasts shortest, until all last alike, at recent
    /// spend; nothing to those that spend nothing.
    LowestCover,
}

/// What one gateway is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopUp {
    /// Into its deposit.
    pub deposit: Wei,
    /// Into its reserve.
    pub reserve: Wei,
}

/// How gateways are topped up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUps {
    /// How much each gateway gets.
    pub rule: TopUpRule,
    /// The reserve each gateway fills before its deposit, see [`RESERVE`].
    pub reserve: Wei,
}

impl TopUps {
    /// Divides `amount` to the wei. Where the rule prefers none it is divided
    /// evenly; without gateways there is nothing.
    pub fn divide(&self, amount: Wei, gateways: &[GatewayFunds]) -> Vec<TopUp> {
        let reserves = self.reserves_first(amount, gateways);
        let rest = Wei(amount.0 - reserves.iter().map(|reserve| reserve.0).sum::<u128>());
        let parts = apportion(rest, &self.weights(rest, gateways));
        let top_up = |((part, reserve), gateway): ((Wei, Wei), &GatewayFunds)| {
            let filled = Wei(gateway.reserve.0 + reserve.0);
            let more = self.lacking_reserve(filled).min(part);
            TopUp { deposit: Wei(part.0 - more.0), reserve: Wei(reserve.0 + more.0) }
        };
        parts.into_iter().zip(reserves).zip(gateways).map(top_up).collect()
    }

    /// What goes into the reserves of those that spend before the rest is divided, where
    /// that is by spend: what they lack, or where `amount` is less each the same share of
    /// it. A small part of `amount` would be reserve and no deposit, so that the gateway
    /// could not pay for its first request, and who spends nothing gets no more.
    fn reserves_first(&self, amount: Wei, gateways: &[GatewayFunds]) -> Vec<Wei> {
        let lacks = |funds: &GatewayFunds| match &self.rule {
            TopUpRule::RecentSpend | TopUpRule::LowestCover if funds.spend_per_day > Wei::ZERO => {
                self.lacking_reserve(funds.reserve)
            }
            _ => Wei::ZERO,
        };
        let lacking: Vec<Wei> = gateways.iter().map(lacks).collect();
        if lacking.iter().copied().sum::<Wei>() <= amount {
            return lacking;
        }
        let weights: Vec<u128> = lacking.iter().map(|reserve| reserve.0).collect();
        let parts = apportion(amount, &weights).into_iter().zip(lacking);
        parts.map(|(part, lacking)| part.min(lacking)).collect()
    }

    /// Whether a gateway, by its index, gets anything where each is expected to spend
    /// this. Who spends nothing does not, unless nobody spends.
    pub fn reaches(&self, gateway: usize, spend: &[Wei]) -> bool {
        let spends = |gateway| spend.get(gateway).is_some_and(|&spend| spend > Wei::ZERO);
        match &self.rule {
            TopUpRule::Shares(shares) => shares.get(gateway).is_some_and(|&share| share > 0),
            TopUpRule::RecentSpend | TopUpRule::LowestCover => {
                spends(gateway) || !(0..spend.len()).any(spends)
            }
        }
    }

    /// What a reserve lacks.
    pub fn lacking_reserve(&self, reserve: Wei) -> Wei {
        Wei(self.reserve.0.saturating_sub(reserve.0))
    }

    fn weights(&self, amount: Wei, gateways: &[GatewayFunds]) -> Vec<u128> {
        match &self.rule {
            TopUpRule::Shares(shares) => {
                let shares = shares.iter().map(|&share| u128::from(share));
                shares.chain(std::iter::repeat(0)).take(gateways.len()).collect()
            }
            TopUpRule::RecentSpend => gateways.iter().map(|funds| funds.spend_per_day.0).collect(),
            TopUpRule::LowestCover => {
                let days = common_cover(amount, gateways);
                let lacking = |funds: &GatewayFunds| {
                    let wanted = days * funds.spend_per_day.0 as f64;
                    (wanted - funds.free_deposit.0 as f64).max(0.0) as u128
                };
                gateways.iter().map(lacking).collect()
            }
        }
    }
}

/// The days that the deposits of the gateways with least cover last once
/// `amount` has levelled them; 0 where none spends.
fn common_cover(amount: Wei, gateways: &[GatewayFunds]) -> f64 {
    let terms = |funds: &GatewayFunds| (funds.free_deposit.0 as f64, funds.spend_per_day.0 as f64);
    let mut spending: Vec<(f64, f64)> =
        gateways.iter().map(terms).filter(|(_, spend)| *spend > 0.0).collect();
    spending.sort_by(|(a, spend_a), (b, spend_b)| (a / spend_a).total_cmp(&(b / spend_b)));
    let (mut funds, mut spend_per_day, mut days) = (amount.0 as f64, 0.0, 0.0);
    for (deposit, spend) in spending {
        if spend_per_day > 0.0 && deposit / spend >= days {
            break;
        }
        funds += deposit;
        spend_per_day += spend;
        days = funds / spend_per_day;
    }
    days
}

/// Divides `amount` in proportion to `weights`, exactly: floors first, then one
/// wei each to the largest remainders, the earlier index first on a tie. Evenly
/// where all weights are 0; nothing where there are none.
pub fn apportion(amount: Wei, weights: &[u128]) -> Vec<Wei> {
    let weights = short_weights(weights);
    let total: u128 = weights.iter().sum();
    let mut parts: Vec<Wei> =
        weights.iter().map(|&weight| Wei(mul_div(amount.0, weight, total))).collect();
    let left_over = amount.0 - parts.iter().map(|part| part.0).sum::<u128>();
    give_to_largest(&mut parts, left_over, |index| amount.0 % total * weights[index] % total);
    parts
}

/// The weights with so many low bits cut off that their sum fits 64, and with
/// it every product of two of them 128; ones where all are 0.
fn short_weights(weights: &[u128]) -> Vec<u128> {
    let largest = weights.iter().max().copied().unwrap_or(0);
    if largest == 0 {
        return vec![1; weights.len()];
    }
    let bits =
        (u128::BITS - largest.leading_zeros()) + (usize::BITS - weights.len().leading_zeros());
    let cut = bits.saturating_sub(u64::BITS);
    weights.iter().map(|weight| weight >> cut).collect()
}
