use std::collections::BTreeMap;

use crate::kernel::StreamKey;
use crate::payments::Ledger;
use crate::scenario::Scenario;
use crate::treasury::{
    Allocation, ConversionPolicy, ConversionState, Converter, Credits, GatewayFunds, Outflow,
    PricePath, Prices, Safe, Swap, SwapPool, TrailingSpend,
};
use crate::units::{Lpt, NANOS_PER_SECOND, SECONDS_PER_HOUR, SimTime, Wei};

/// Days of spend by which top-ups and cover are reckoned.
const TRAILING_DAYS: u64 = 7;

/// How often balances are compared with a threshold.
const LOOK_AT_BALANCES: SimTime = SimTime(SECONDS_PER_HOUR * NANOS_PER_SECOND);

/// Brings the credits from the Safe to the gateways: proposes conversions,
/// waits for signatures, sells, tops up, and gives back at the deadline.
#[derive(Debug)]
pub(super) struct Treasurer<'w> {
    scenario: &'w Scenario,
    allocation: Allocation,
    converter: Converter,
    safe: Option<Safe>,
    pool: SwapPool,
    path: PricePath<'w>,
    spend: Vec<TrailingSpend>,
    /// Proposed and not yet executed, by number of the transaction.
    under_way: BTreeMap<u64, Lpt>,
    proposed: u64,
    /// The deadline has passed.
    is_over: bool,
    /// What is left would not cover the gas of selling it.
    is_dust: bool,
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
            safe: Safe::new(&setup.safe, key.child(0)).ok(),
            pool: SwapPool::new(setup.swap),
            path: PricePath::new(&setup.prices, scenario.credits.prices(), key.child(1)),
            spend: scenario
                .network
                .gateways
                .iter()
                .map(|_| TrailingSpend::new(TRAILING_DAYS))
                .collect(),
            under_way: BTreeMap::new(),
            proposed: 0,
            is_over: false,
            is_dust: false,
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
        let rounds = 2 * self.scenario.network.gateways.len();
        for _ in 0..rounds {
            let Some(lpt) = self.wanted(SimTime::ZERO, ledger) else { return };
            self.execute(lpt, SimTime::ZERO, ledger);
        }
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
        if self.is_dust {
            return self.allocation.next_time();
        }
        let looks =
            matches!(self.scenario.treasury.conversion, ConversionPolicy::BelowThreshold { .. });
        let look = if looks && self.allocation.on_hand() > Lpt::ZERO {
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
        let executes = self.safe.as_ref().map_or(now, |safe| safe.execution_time(now, transaction));
        Some(Proposal { transaction, executes })
    }

    fn wanted(&mut self, now: SimTime, ledger: &Ledger) -> Option<Lpt> {
        if self.is_dust {
            return None;
        }
        let gateways = 0..self.spend.len();
        let balances = gateways.clone().map(|gateway| ledger.free_deposit(gateway));
        let under_way: Lpt = self.under_way.values().copied().sum();
        let state = ConversionState {
            unsold: Lpt(self.allocation.on_hand().0.saturating_sub(under_way.0)),
            under_way,
            lowest_balance: balances.clone().min().unwrap_or(Wei::ZERO),
            total_balance: balances.sum(),
            spend_per_day: gateways.map(|gateway| self.spend[gateway].per_day(now)).sum(),
            prices: self.path.at(now),
        };
        self.converter.next_action(now, &state)
    }

    /// The signatures of a proposed conversion are there.
    pub(super) fn executed(&mut self, transaction: u64, now: SimTime, ledger: &mut Ledger) {
        if let Some(lpt) = self.under_way.remove(&transaction) {
            self.execute(lpt, now, ledger);
        }
    }

    fn execute(&mut self, lpt: Lpt, now: SimTime, ledger: &mut Ledger) {
        let lpt = lpt.min(self.allocation.on_hand());
        let prices = self.path.at(now);
        let Some(swap) = self.pool.sell(now, lpt, prices).filter(|swap| swap.sold > Lpt::ZERO)
        else {
            self.is_dust = true;
            return;
        };
        self.book(swap, now, ledger);
    }

    /// Books a sale and tops the gateways up.
    fn book(&mut self, swap: Swap, now: SimTime, ledger: &mut Ledger) {
        self.allocation.withdraw(swap.sold);
        let funds: Vec<GatewayFunds> = (0..self.spend.len())
            .map(|gateway| GatewayFunds {
                deposit: ledger.free_deposit(gateway),
                reserve: ledger.reserve(gateway),
                spend_per_day: self.spend[gateway].per_day(now),
            })
            .collect();
        let top_ups = self.scenario.treasury.top_ups.divide(swap.net, &funds);
        ledger.convert(&swap, &top_ups);
    }

    /// Whether more money may still come.
    pub(super) fn may_still_pay(&self) -> bool {
        let comes_by_itself = self.converter.next_time() != SimTime::NEVER
            || matches!(self.scenario.treasury.conversion, ConversionPolicy::BelowThreshold { .. });
        !self.is_over
            && !self.is_dust
            && (!self.under_way.is_empty()
                || comes_by_itself && self.allocation.on_hand() > Lpt::ZERO)
    }
}
