use std::collections::BTreeMap;

use super::posted::posted_spend;
use crate::kernel::StreamKey;
use crate::payments::{Ledger, SwapTotals};
use crate::scenario::Scenario;
use crate::treasury::{
    Allocation, ConversionPolicy, ConversionState, Converter, Credits, GatewayFunds, Outflow,
    PricePath, Prices, Safe, Swap, SwapPool, TopUp, TrailingSpend,
};
use crate::units::{Lpt, NANOS_PER_SECOND, SECONDS_PER_HOUR, SimTime, Wei};

/// Days of spend by which top-ups and cover are reckoned.
const TRAILING_DAYS: u64 = 7;

/// Sales at the start; what the policy asks for beyond is proposed later.
const MOST_OPENING_SALES: usize = 1_000;

/// How often balances are compared with a threshold.
const LOOK_AT_BALANCES: SimTime = SimTime(SECONDS_PER_HOUR * NANOS_PER_SECOND);

/// Brings the credits from the Safe to the gateways: proposes conversions,
/// waits for signatures, sells, tops up, and gives back at the deadline.
#[derive(Debug)]
pub(super) struct Treasurer<'w> {
    scenario: &'w Scenario,
    allocation: Allocation,
    converter: Converter,
    safe: Safe,
    pool: SwapPool,
    path: PricePath<'w>,
    spend: Vec<TrailingSpend>,
    /// Each gateway's a day at posted prices, to reckon with while nothing was spent.
    posted_spend: Vec<Wei>,
    /// Proposed and not yet executed, by number of the transaction.
    under_way: BTreeMap<u64, Lpt>,
    proposed: u64,
    /// The deadline has passed.
    is_over: bool,
}

/// What the treasurer wants to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub transaction: u64,
    pub executes: SimTime,
}

impl<'w> Treasurer<'w> {
    pub(super) fn new(scenario: &'w Scenario, key: StreamKey) -> Treasurer<'w> {
        let setup = &scenario.treasury;
        let lpt = scenario.credits.lpt;
        Treasurer {
            scenario,
            allocation: Allocation::new(lpt, setup.drawings.clone(), setup.deadline),
            converter: Converter::new(setup.conversion),
            safe: Safe::new(&setup.safe, key.child(0)),
            pool: SwapPool::new(setup.swap),
            path: PricePath::new(&setup.prices, scenario.credits.prices(), key.child(1)),
            spend: scenario
                .network
                .gateways
                .iter()
                .map(|_| TrailingSpend::new(TRAILING_DAYS))
                .collect(),
            posted_spend: posted_spend(scenario),
            under_way: BTreeMap::new(),
            proposed: 0,
            is_over: false,
        }
    }

    /// Token prices at `now`, which must not decrease.
    pub(super) fn prices(&mut self, now: SimTime) -> Prices {
        self.path.at(now)
    }

    /// Notes what a gateway paid.
    #[inline(always)]
    pub(super) fn record_spend(&mut self, gateway: usize, now: SimTime, paid: Wei) {
        self.spend[gateway].record(now, paid);
    }

    /// Notes that a gateway could not pay.
    pub(super) fn ran_out(&mut self, gateway: usize, now: SimTime) {
        self.spend[gateway].run_out(now);
    }

    /// Notes that it can again.
    pub(super) fn has_funds(&mut self, gateway: usize, now: SimTime) {
        self.spend[gateway].go_on(now);
    }

    /// The first conversions were signed before the start: they are executed
    /// at once, and repeated until the policy asks for no more.
    pub(super) fn open(&mut self, ledger: &mut Ledger) {
        if self.scenario.credits.is_sold {
            let Credits { lpt, eth, .. } = self.scenario.credits;
            self.book(Swap::made(lpt, eth), SimTime::ZERO, ledger);
            return;
        }
        for _ in 0..MOST_OPENING_SALES {
            let wanted = self.wanted(SimTime::ZERO, ledger);
            if !wanted.is_some_and(|lpt| self.execute(lpt, SimTime::ZERO, ledger)) {
                return;
            }
        }
    }

    /// Whether everything is given back at `now`: the deadline has come.
    pub(super) fn gives_back(&self, now: SimTime) -> bool {
        self.allocation.deadline() <= now
    }

    /// Whether everything was given back at the deadline.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// When to look after the treasury next.
    pub(super) fn next_time(&self, now: SimTime) -> SimTime {
        if self.is_over {
            return SimTime::NEVER;
        }
        let look = if self.looks_at_balances() && self.for_sale() > Lpt::ZERO {
            now + LOOK_AT_BALANCES
        } else {
            SimTime::NEVER
        };
        self.allocation.next_time().min(self.converter.next_time()).min(look)
    }

    /// Books what is due and proposes a conversion where the policy asks for
    /// one.
    pub(super) fn look(&mut self, now: SimTime, ledger: &mut Ledger) -> Option<Proposal> {
        while let Some(outflow) = self.allocation.next_outflow(now) {
            match outflow {
                Outflow::Drawn { lpt, .. } => ledger.draw(lpt),
                Outflow::Returned(lpt) => {
                    ledger.return_all(lpt);
                    self.is_over = true;
                }
            }
        }
        if self.is_over {
            return None;
        }
        let lpt = self.wanted(now, ledger)?;
        let transaction = self.proposed;
        self.proposed += 1;
        self.under_way.insert(transaction, lpt);
        let executes = self.safe.execution_time(now, transaction);
        Some(Proposal { transaction, executes })
    }

    /// LPT that may still be sold, or is under way to be.
    pub(super) fn for_sale(&self) -> Lpt {
        self.allocation.for_sale()
    }

    fn wanted(&mut self, now: SimTime, ledger: &Ledger) -> Option<Lpt> {
        let recent = self.recent_spend(now);
        let top_ups = &self.scenario.treasury.top_ups;
        let gateways = 0..self.spend.len();
        let balances = gateways.clone().map(|gateway| ledger.free_deposit(gateway));
        let reaches = |&gateway: &usize| top_ups.reaches(gateway, &self.posted_spend);
        let reached = || gateways.clone().filter(reaches);
        let lowest = reached().map(|gateway| ledger.free_deposit(gateway)).min();
        let reserves = reached().map(|gateway| ledger.reserve(gateway));
        let under_way: Lpt = self.under_way.values().copied().sum();
        let state = ConversionState {
            unsold: self.for_sale().checked_sub(under_way).unwrap_or(Lpt::ZERO),
            under_way,
            lowest_balance: lowest.unwrap_or(Wei(u128::MAX)),
            total_balance: balances.sum(),
            lacking_reserve: reserves.map(|reserve| top_ups.lacking_reserve(reserve)).sum(),
            spend_per_day: recent.unwrap_or_else(|| self.posted_spend.iter().copied().sum()),
            prices: self.path.at(now),
        };
        self.converter.next_action(now, &state)
    }

    /// What all gateways spent a day of late, `None` where that is nothing.
    fn recent_spend(&mut self, now: SimTime) -> Option<Wei> {
        let recent: Wei = self.spend.iter_mut().map(|spend| spend.per_day(now)).sum();
        (recent > Wei::ZERO).then_some(recent)
    }

    /// The signatures of a proposed conversion are there.
    pub(super) fn executed(&mut self, transaction: u64, now: SimTime, ledger: &mut Ledger) {
        if let Some(lpt) = self.under_way.remove(&transaction) {
            self.execute(lpt, now, ledger);
        }
    }

    /// Sells `lpt`, or what is left of it; not where that would not cover its
    /// gas. Returns whether it was sold.
    fn execute(&mut self, lpt: Lpt, now: SimTime, ledger: &mut Ledger) -> bool {
        let swap = self.pool.sell(now, lpt.min(self.for_sale()), self.path.at(now));
        if let Some(swap) = swap {
            self.book(swap, now, ledger);
        }
        swap.is_some()
    }

    /// Books a sale and tops the gateways up.
    fn book(&mut self, swap: Swap, now: SimTime, ledger: &mut Ledger) {
        self.allocation.withdraw(swap.sold);
        let is_known = self.recent_spend(now).is_some();
        let funds: Vec<GatewayFunds> = (0..self.spend.len())
            .map(|gateway| GatewayFunds {
                free_deposit: ledger.free_deposit(gateway),
                reserve: ledger.reserve(gateway),
                spend_per_day: match is_known {
                    true => self.spend[gateway].per_day(now),
                    false => self.posted_spend[gateway],
                },
            })
            .collect();
        let top_ups = self.scenario.treasury.top_ups.divide(swap.net, &funds);
        let Swap { sold, net, fee, impact, gas, .. } = swap;
        ledger.sell(sold, net, SwapTotals { count: 1, fee, impact, gas });
        for (gateway, TopUp { deposit, reserve }) in top_ups.into_iter().enumerate() {
            ledger.top_up(deposit, reserve, gateway);
        }
    }

    /// Whether more money may still come: the policy goes on to sell, and all that
    /// is for sale would cover the gas of a sale at the prices of `now`.
    pub(super) fn may_still_pay(&mut self, now: SimTime) -> bool {
        let sells = self.looks_at_balances() || self.converter.next_time() != SimTime::NEVER;
        let sale = self.pool.quote(now, self.for_sale(), self.path.at(now));
        !self.is_over && sells && sale.is_some()
    }

    fn looks_at_balances(&self) -> bool {
        matches!(self.scenario.treasury.conversion, ConversionPolicy::BelowThreshold { .. })
    }
}
