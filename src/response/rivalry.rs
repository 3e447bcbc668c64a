use crate::selection::{Candidate, Market};
use crate::units::Price;

/// An orchestrator's own part in a market.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// All its nodes, there or not, as candidates.
    pub nodes: &'a [u32],
    /// The stake it divides evenly among those there, in LPT.
    pub stake: f64,
    /// What it quotes over the base price it asks.
    pub markup: f64,
}

impl Own<'_> {
    /// The highest base price at which it is within a gateway's maximum, in wei a unit;
    /// `None` where there is none.
    pub fn highest_base_price(&self, max_price: Option<Price>) -> Option<f64> {
        max_price.map(|max| libm::floor(max.to_f64() / self.markup * 1e3) / 1e3)
    }
}

/// One market as an orchestrator that serves it sees it: everybody who is there,
/// with present prices and stakes, and the gateway's rule.
#[derive(Debug)]
pub struct Rivalry<'a> {
    market: &'a Market,
    candidates: Vec<Candidate>,
    max_price: Option<Price>,
    /// Those of the others whom the gateway usually finds.
    rivals: Vec<u32>,
    own: Own<'a>,
    /// Billing units asked for a day.
    pub units_per_day: f64,
}

impl<'a> Rivalry<'a> {
    /// The market with its candidates as they are now, of which `others` are
    /// there beside its own nodes.
    pub fn new(
        market: &'a Market,
        candidates: Vec<Candidate>,
        max_price: Option<Price>,
        mut others: Vec<u32>,
        mut own: Own<'a>,
        units_per_day: f64,
    ) -> Rivalry<'a> {
        let first = own.nodes.first();
        others.extend(first);
        market.keep_usually_found(&mut others);
        if first.is_some() && others.last() == first {
            others.pop();
        } else {
            own.nodes = &[];
        }
        Rivalry { market, candidates, max_price, rivals: others, own, units_per_day }
    }

    /// The highest base price that the gateway pays, in wei a unit; `None` where
    /// it pays any.
    pub fn highest_base_price(&self) -> Option<f64> {
        self.own.highest_base_price(self.max_price)
    }

    /// Whether the gateway pays more where nobody is within its maximum.
    pub fn may_pay_more(&self) -> bool {
        self.market.ignores_max_price()
    }

    /// The chance that a request of the market goes to the orchestrator while it
    /// asks `base_price` wei a unit on so many nodes. Where the rule heeds
    /// neither price nor stake, an even chance below the maximum price.
    pub fn chance(&mut self, base_price: f64, nodes: usize) -> f64 {
        let own = &self.own.nodes[..nodes.min(self.own.nodes.len())];
        let Some(quote) = Price::nearest(base_price * self.own.markup) else { return 0.0 };
        let is_paid = self.highest_base_price().is_none_or(|highest| base_price <= highest);
        for &node in own {
            let known = &mut self.candidates[node as usize];
            known.stake = self.own.stake / nodes as f64;
            self.market.set_price(known, quote, self.max_price);
            known.within_max_price = is_paid;
        }
        let Market { preferred, warm, .. } = self.market;
        let is_preferred = |candidate: u32| preferred.get(candidate as usize) == Some(&true);
        let pool = |(only_preferred, is_warm): (bool, bool)| {
            let mut pool: Vec<u32> = self.rivals.iter().chain(own).copied().collect();
            pool.retain(|&candidate| {
                warm[candidate as usize] == is_warm && (!only_preferred || is_preferred(candidate))
            });
            self.market.filter(&self.candidates, &mut pool);
            pool
        };
        let pools = [(true, true), (true, false), (false, true), (false, false)];
        let mut pools = pools.into_iter().map(pool);
        let eligible = pools.find(|pool| !pool.is_empty()).unwrap_or_default();
        let is_own = |candidate: &u32| own.contains(candidate);
        match self.market.lasting_probabilities(&self.candidates, &eligible) {
            Some(probabilities) => {
                let chances = eligible.iter().zip(probabilities);
                chances.filter(|(candidate, _)| is_own(candidate)).map(|(_, chance)| chance).sum()
            }
            None if eligible.iter().any(is_own) => {
                let rivals = eligible.iter().filter(|candidate| !is_own(candidate)).count();
                1.0 / (rivals + 1) as f64
            }
            None => 0.0,
        }
    }
}

/// The number of nodes, at most `most`, of the highest daily profit, given what
/// the work brings on so many nodes and what a further node costs. Of equals
/// the fewest; a gain below a billionth is none.
pub fn best_node_count(
    most: usize,
    node_cost: f64,
    mut gross_profit: impl FnMut(usize) -> f64,
) -> usize {
    let mut best = (1, gross_profit(1));
    for nodes in 2..=most {
        let profit = gross_profit(nodes) - (nodes - 1) as f64 * node_cost;
        if profit > best.1 + 1e-9 * best.1.abs() {
            best = (nodes, profit);
        }
    }
    best.0
}
