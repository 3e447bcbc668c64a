use serde::{Deserialize, Serialize};

use super::{LossCause, Redemption};
use crate::units::{Lpt, Wei};

/// The books of one replication, double entry: LPT from the Safe to where it
/// went, and ETH in two views that must agree.
///
/// *Cash* follows the coins: what swaps and users brought stands in deposits and
/// reserves, is promised to winning tickets, or was paid to orchestrators.
/// *Accrual* says what for: every promise is fee earned, credit that sessions
/// still hold, credit lost, or the luck of the lottery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    safe: SafeAccounts,
    /// What swaps brought in.
    proceeds: Wei,
    gateways: Vec<GatewayAccounts>,
    /// Redeemed, by orchestrator.
    paid: Vec<Wei>,
    returned: Wei,
    /// Expected value of all tickets sent.
    issued: Wei,
    earned: Wei,
    /// Held by requests in flight.
    staged: Wei,
    session_credit: Wei,
    lost: [Wei; LossCause::ALL.len()],
    swaps: SwapTotals,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct GatewayAccounts {
    /// What its users paid in.
    income: Wei,
    deposit: Wei,
    reserve: Wei,
    /// Won and not yet redeemed.
    promised: Wei,
}

/// Where the LPT is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeAccounts {
    /// What was allocated.
    pub allocated: Lpt,
    /// Still in the Safe.
    pub on_hand: Lpt,
    /// Sold for ETH.
    pub sold: Lpt,
    /// Drawn by other projects.
    pub drawn: Lpt,
    /// Returned to the treasury.
    pub returned: Lpt,
}

/// What selling the LPT cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapTotals {
    /// Swaps made.
    pub count: u64,
    /// Pool fees.
    pub fee: Wei,
    /// Price impact.
    pub impact: Wei,
    /// Gas.
    pub gas: Wei,
}

/// The books do not balance: a defect of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger does not balance: account `{account}` shows {shown}, expected {expected}")]
pub struct LedgerViolation {
    /// The account.
    pub account: &'static str,
    /// What it shows, in base units.
    pub shown: i128,
    /// What it should show.
    pub expected: i128,
}

impl Ledger {
    /// Books that open with an allocation in the Safe and nothing else.
    pub fn open(allocated: Lpt, gateways: usize, orchestrators: usize) -> Ledger {
        Ledger {
            safe: SafeAccounts {
                allocated,
                on_hand: allocated,
                sold: Lpt::ZERO,
                drawn: Lpt::ZERO,
                returned: Lpt::ZERO,
            },
            proceeds: Wei::ZERO,
            gateways: vec![GatewayAccounts::default(); gateways],
            paid: vec![Wei::ZERO; orchestrators],
            returned: Wei::ZERO,
            issued: Wei::ZERO,
            earned: Wei::ZERO,
            staged: Wei::ZERO,
            session_credit: Wei::ZERO,
            lost: [Wei::ZERO; LossCause::ALL.len()],
            swaps: SwapTotals::default(),
        }
    }

    /// Where the LPT is.
    pub fn safe(&self) -> SafeAccounts {
        self.safe
    }

    /// What selling the LPT cost.
    pub fn swaps(&self) -> SwapTotals {
        self.swaps
    }

    /// What swaps brought in.
    pub fn proceeds(&self) -> Wei {
        self.proceeds
    }

    /// What users paid to their gateways.
    pub fn income(&self) -> Wei {
        self.gateways.iter().map(|accounts| accounts.income).sum()
    }

    /// A gateway's deposit less what winning tickets will take from it.
    pub fn free_deposit(&self, gateway: usize) -> Wei {
        let GatewayAccounts { deposit, promised, .. } = self.gateways[gateway];
        Wei(deposit.0.saturating_sub(promised.0))
    }

    /// A gateway's deposit.
    pub fn deposit(&self, gateway: usize) -> Wei {
        self.gateways[gateway].deposit
    }

    /// A gateway's reserve.
    pub fn reserve(&self, gateway: usize) -> Wei {
        self.gateways[gateway].reserve
    }

    /// What each orchestrator was paid.
    pub fn paid(&self) -> &[Wei] {
        &self.paid
    }

    /// Expected value of all tickets sent.
    pub fn issued(&self) -> Wei {
        self.issued
    }

    /// Fees of requests served.
    pub fn earned(&self) -> Wei {
        self.earned
    }

    /// Credit that sessions and requests in flight hold.
    pub fn credit_left(&self) -> Wei {
        Wei(self.session_credit.0 + self.staged.0)
    }

    /// Credit lost, by [`LossCause`] in order.
    pub fn lost(&self) -> &[Wei; LossCause::ALL.len()] {
        &self.lost
    }

    /// What was paid above the expected value of the tickets sent: the luck of
    /// the lottery, in wei.
    pub fn lottery(&self) -> i128 {
        self.committed() as i128 - self.issued.0 as i128
    }

    /// ETH returned to the treasury.
    pub fn returned(&self) -> Wei {
        self.returned
    }

    /// ETH in deposits and reserves that nobody has a claim to.
    pub fn left(&self) -> Wei {
        let free = (0..self.gateways.len()).map(|gateway| self.free_deposit(gateway)).sum::<Wei>();
        Wei(free.0 + self.left_in_reserves().0)
    }

    /// Of it, what is in reserves.
    pub fn left_in_reserves(&self) -> Wei {
        let left = |accounts: &GatewayAccounts| {
            let claimed = accounts.promised.0.saturating_sub(accounts.deposit.0);
            Wei(accounts.reserve.0.saturating_sub(claimed))
        };
        self.gateways.iter().map(left).sum()
    }

    /// What is in deposits and reserves.
    fn held(&self) -> Wei {
        self.gateways.iter().flat_map(|accounts| [accounts.deposit, accounts.reserve]).sum()
    }

    fn all_promised(&self) -> Wei {
        self.gateways.iter().map(|accounts| accounts.promised).sum()
    }

    /// All that was paid or promised to orchestrators.
    fn committed(&self) -> u128 {
        let paid: Wei = self.paid.iter().copied().sum();
        self.all_promised().0 + paid.0
    }

    /// Safe -> swap: LPT was sold for `net` ETH, all of which [`Ledger::top_up`] has
    /// to book, at a cost.
    pub fn sell(&mut self, sold: Lpt, net: Wei, cost: SwapTotals) {
        self.safe.on_hand.0 -= sold.0;
        self.safe.sold.0 += sold.0;
        self.proceeds.0 += net.0;
        self.swaps.count += cost.count;
        self.swaps.fee.0 += cost.fee.0;
        self.swaps.impact.0 += cost.impact.0;
        self.swaps.gas.0 += cost.gas.0;
    }

    /// Swap -> deposit and reserve of a gateway.
    pub fn top_up(&mut self, deposit: Wei, reserve: Wei, gateway: usize) {
        let accounts = &mut self.gateways[gateway];
        accounts.deposit.0 += deposit.0;
        accounts.reserve.0 += reserve.0;
    }

    /// Users -> deposit: they top up their gateway.
    pub fn receive(&mut self, income: Wei, gateway: usize) {
        let accounts = &mut self.gateways[gateway];
        accounts.income.0 += income.0;
        accounts.deposit.0 += income.0;
    }

    /// Safe -> another project.
    pub fn draw(&mut self, lpt: Lpt) {
        self.safe.on_hand.0 -= lpt.0;
        self.safe.drawn.0 += lpt.0;
    }

    /// Safe and gateways -> treasury: the deadline has come.
    pub fn return_all(&mut self, lpt: Lpt) {
        self.safe.on_hand.0 -= lpt.0;
        self.safe.returned.0 += lpt.0;
        for gateway in 0..self.gateways.len() {
            let free = self.free_deposit(gateway);
            let accounts = &mut self.gateways[gateway];
            accounts.deposit.0 -= free.0;
            self.returned.0 += free.0 + std::mem::take(&mut accounts.reserve).0;
        }
    }

    /// Session credit -> staged: a request takes the balance of its session.
    pub fn stage(&mut self, reserved: Wei) {
        self.session_credit.0 -= reserved.0;
        self.staged.0 += reserved.0;
    }

    /// Tickets worth `value` on average reach an orchestrator.
    pub fn issue(&mut self, value: Wei) {
        self.issued.0 += value.0;
        self.staged.0 += value.0;
    }

    /// Deposit -> orchestrator at once: tickets cost what they are worth.
    #[inline(always)]
    pub fn pay(&mut self, value: Wei, gateway: usize, orchestrator: usize) {
        self.gateways[gateway].deposit.0 -= value.0;
        self.paid[orchestrator].0 += value.0;
    }

    /// A winning ticket promises its face value.
    pub fn promise(&mut self, face_value: Wei, gateway: usize) {
        self.gateways[gateway].promised.0 += face_value.0;
    }

    /// Promised -> orchestrator: a winning ticket is redeemed. What neither
    /// deposit nor reserve covers is promised no more and never paid.
    pub fn redeem(&mut self, redemption: Redemption, gateway: usize, orchestrator: usize) {
        let Redemption { from_deposit, from_reserve, unpaid } = redemption;
        let accounts = &mut self.gateways[gateway];
        accounts.promised.0 -= from_deposit.0 + from_reserve.0 + unpaid.0;
        accounts.deposit.0 -= from_deposit.0;
        accounts.reserve.0 -= from_reserve.0;
        self.paid[orchestrator].0 += from_deposit.0 + from_reserve.0;
    }

    /// A winning ticket is never redeemed: what it promised is free again.
    pub fn void(&mut self, face_value: Wei, gateway: usize) {
        self.gateways[gateway].promised.0 -= face_value.0;
    }

    /// Staged -> earned and session credit: the request was served.
    pub fn settle(&mut self, fee: Wei, surplus: Wei) {
        self.staged.0 -= fee.0 + surplus.0;
        self.earned.0 += fee.0;
        self.session_credit.0 += surplus.0;
    }

    /// Staged -> lost: the request failed.
    pub fn lose_staged(&mut self, amount: Wei, cause: LossCause) {
        self.staged.0 -= amount.0;
        self.lost[cause as usize].0 += amount.0;
    }

    /// Session credit -> lost.
    pub fn lose_credit(&mut self, amount: Wei, cause: LossCause) {
        self.session_credit.0 -= amount.0;
        self.lost[cause as usize].0 += amount.0;
    }

    /// Checks that LPT, cash and accrual balance, and that the orchestrators'
    /// accounts agree with `booked`, the spend as the recorder saw it.
    ///
    /// # Errors
    /// [`LedgerViolation`] names the first account that does not agree.
    pub fn audit(&self, booked: Wei) -> Result<(), LedgerViolation> {
        let check = |account, shown: u128, expected: u128| {
            if shown == expected {
                return Ok(());
            }
            Err(LedgerViolation { account, shown: shown as i128, expected: expected as i128 })
        };
        let SafeAccounts { allocated, on_hand, sold, drawn, returned } = self.safe;
        check("safe", on_hand.0 + sold.0 + drawn.0 + returned.0, allocated.0)?;
        let paid: Wei = self.paid.iter().copied().sum();
        check(
            "gateways",
            self.held().0 + paid.0 + self.returned.0,
            self.proceeds.0 + self.income().0,
        )?;
        check("orchestrators", self.committed(), booked.0)?;
        let lost: Wei = self.lost.iter().copied().sum();
        let accrued = self.earned.0 + self.credit_left().0 + lost.0;
        check("sessions", accrued, self.issued.0)
    }
}
