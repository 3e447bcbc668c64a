use slab::Slab;

use super::recorder::{PaidFor, Recorder};
use super::world::World;
use crate::demand::{Moment, Pace};
use crate::kernel::StreamKey;
use crate::network::{Gateway, Network, Orchestrator, Version};
use crate::payments::{
    BALANCE_TTL, Clearance, L1_BLOCK_S, Ledger, Loss, LossCause, PaymentMode, Quote, Receipt,
    SenderFunds, SessionCredit, Settled, Staged, TICKET_VALIDITY_ROUNDS, TicketParams,
    TicketRefusal, TicketTerms, price_still_accepted, winning_tickets,
};
use crate::units::{NANOS_PER_SECOND, Price, SimTime, Wei};

/// How long a winning ticket waits that the gateway's funds do not cover.
/// go-livepeer tries again at every L1 block (`pm/queue.go`); here it is every
/// 50, since what helps, a top-up, another gas price or a new round, comes by
/// the hour.
const REDEMPTION_RETRY: SimTime = SimTime(50 * L1_BLOCK_S * NANOS_PER_SECOND);

/// What a gateway has agreed with one orchestrator for one model, as far as
/// every request needs it.
#[derive(Clone, Copy, Debug)]
// Two cache lines, which come together: among thousands of orchestrators a request
// mostly waits for memory.
#[repr(align(128))]
struct Account {
    credit: SessionCredit,
    /// `None` before the first dealing.
    params: Option<TicketParams>,
    opened: SimTime,
    base_price: Price,
    price: Price,
    /// What a ticket pays on average.
    ticket_value: Wei,
    /// Whether the gateway still pays the price, see [`price_still_accepted`].
    is_price_accepted: bool,
    /// What the orchestrator's own books say the gateway has with it: tickets
    /// credited less units debited, in wei.
    balance: i128,
    balance_changed: SimTime,
}

/// What it was quoted, as far as only a discovery or a ticket needs it.
#[derive(Clone, Copy, Debug)]
struct Quoted {
    /// What was quoted when the session was discovered.
    initial_price: Price,
    /// The [`QuoteBasis::number`] of the quote; 0 before the first.
    basis_number: u64,
    /// Whether the gateway keeps an orchestrator with such terms.
    is_admitted: bool,
    /// The orchestrator's release, by which it issues ticket parameters.
    version: Version,
    /// What the gateway pays without a closer look.
    clearance: Clearance,
    win_probability: f64,
}

/// What a gateway's latest quote was worked out for, beside the base price.
#[derive(Clone, Copy, Debug)]
struct QuoteBasis {
    gas_price: Wei,
    max_float: Wei,
    /// From 1 on another one whenever either changes.
    number: u64,
}

/// Why a request cannot be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPayment {
    /// The gateway's limits or the orchestrator's terms stand against it.
    Refused,
    /// The gateway's deposit is too small.
    NoFunds,
    /// A spend ceiling of the policy stands against it.
    AboveCeiling,
}

/// Why an orchestrator does not accept a payment it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAccepted {
    /// No nonce was left for some of the tickets.
    Nonces,
    /// In its own books the gateway has too little with it.
    Balance,
}

/// Where a payment goes: the account and its two ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payee {
    pub account: usize,
    pub gateway: usize,
    /// The node, an index into [`World::network`]'s orchestrators.
    pub orchestrator: usize,
    /// Whose node it is.
    pub owner: usize,
    /// That of the model paid for: the account is that of one request, the
    /// ledger has all.
    pub pace: Pace,
}

/// Winning tickets on their way to the contract together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Win {
    tickets: u64,
    face_value: Wei,
    gateway: usize,
    orchestrator: usize,
    paid_for: PaidFor,
    /// Their creation round. That is the round of their parameters, which are
    /// minutes old at most.
    round: u64,
    gas_period: usize,
}

/// What was claimed from one gateway's reserve in the present round.
#[derive(Clone, Debug)]
struct Claims {
    total: Wei,
    by_orchestrator: Vec<Wei>,
}

/// A gateway's funds as an orchestrator sees them before anything was claimed
/// in the round.
pub(super) fn sender_funds(network: &Network, books: &Ledger, gateway: usize) -> SenderFunds {
    SenderFunds {
        deposit: books.deposit(gateway),
        reserve: books.reserve(gateway),
        claimed: Wei::ZERO,
        claimed_by_recipient: Wei::ZERO,
        active_set: network.active_set,
    }
}

/// Keeps the accounts of all gateways with all orchestrators, and the books.
#[derive(Debug)]
pub(super) struct Cashier<'w> {
    world: &'w World<'w>,
    pub ledger: Ledger,
    accounts: Vec<Account>,
    /// One for each account, as are the terms.
    quoted: Vec<Quoted>,
    terms: Vec<TicketTerms>,
    /// By gateway.
    quote_bases: Vec<QuoteBasis>,
    wins: Slab<Win>,
    /// The protocol's round; the run begins with one.
    round: u64,
    /// By gateway.
    claims: Vec<Claims>,
}

impl<'w> Cashier<'w> {
    pub(super) fn new(world: &'w World<'w>) -> Cashier<'w> {
        let scenario = world.scenario;
        let unopened = Account {
            credit: SessionCredit::default(),
            params: None,
            opened: SimTime::ZERO,
            base_price: Price::ZERO,
            price: Price::ZERO,
            ticket_value: Wei::ZERO,
            is_price_accepted: true,
            balance: 0,
            balance_changed: SimTime::ZERO,
        };
        let quoted = world.markets.iter().flat_map(|plan| {
            let gateway = &scenario.network.gateways[plan.gateway];
            plan.routes.iter().map(|route| Quoted {
                initial_price: Price::ZERO,
                basis_number: 0,
                is_admitted: false,
                version: world.network.orchestrators[route.orchestrator].version_for(gateway),
                clearance: Clearance::default(),
                win_probability: 0.0,
            })
        });
        let first_basis = QuoteBasis { gas_price: Wei::ZERO, max_float: Wei::ZERO, number: 1 };
        let gateways = scenario.network.gateways.len();
        let orchestrators = scenario.network.orchestrators.len();
        let nobody = vec![Wei::ZERO; world.owners.len()];
        let nothing = Claims { total: Wei::ZERO, by_orchestrator: nobody };
        Cashier {
            world,
            ledger: Ledger::open(scenario.credits.lpt, gateways, orchestrators),
            accounts: vec![unopened; world.accounts()],
            quoted: quoted.collect(),
            terms: vec![TicketTerms::FREE; world.accounts()],
            quote_bases: vec![first_basis; gateways],
            wins: Slab::new(),
            round: 0,
            claims: vec![nothing; gateways],
        }
    }

    fn gateway(&self, payee: Payee) -> &'w Gateway {
        &self.world.scenario.network.gateways[payee.gateway]
    }

    fn orchestrator(&self, payee: Payee) -> &'w Orchestrator {
        &self.world.network.orchestrators[payee.orchestrator]
    }

    /// The base price and the price quoted for it last.
    pub(super) fn prices(&self, payee: Payee) -> (Price, Price) {
        let Account { base_price, price, .. } = self.accounts[payee.account];
        (base_price, price)
    }

    /// A discovery found the orchestrator: the session gets its quote and new
    /// ticket parameters, and keeps its credit. `None` where it has none to
    /// give that the gateway would take. A gateway without funds finds out only
    /// when it has to pay.
    pub(super) fn discovered(&mut self, payee: Payee, base: Price, now: Moment) -> Option<Price> {
        let agreed = self.agree(payee, base, now);
        let account = &mut self.accounts[payee.account];
        let quoted = &mut self.quoted[payee.account];
        let price = match agreed {
            Ok(()) if quoted.is_admitted => account.price,
            Err(NoPayment::NoFunds) => base,
            _ => return None,
        };
        quoted.initial_price = price;
        account.is_price_accepted = price_still_accepted(price, account.price);
        Some(price)
    }

    /// Sees to it that the session has ticket parameters that hold at `now`.
    /// Returns the price where it had to ask the orchestrator for new ones: the
    /// session gets a new id then, and the credit of the old one is lost.
    pub(super) fn refresh(
        &mut self,
        payee: Payee,
        base: impl FnOnce() -> Price,
        now: Moment,
    ) -> Result<Option<Price>, NoPayment> {
        let account = &mut self.accounts[payee.account];
        if account.credit.has_expired(now.local, account.opened) {
            let loss = account.credit.close(LossCause::Expiry);
            self.ledger.lose_credit(payee.pace.all(loss.amount), loss.cause);
        }
        if account.params.is_some_and(|params| !params.needs_refresh(now.local)) {
            return Ok(None);
        }
        self.refresh_anew(payee, base(), now).map(Some)
    }

    fn refresh_anew(&mut self, payee: Payee, base: Price, now: Moment) -> Result<Price, NoPayment> {
        let loss = self.accounts[payee.account].credit.close(LossCause::SessionRefresh);
        self.ledger.lose_credit(payee.pace.all(loss.amount), loss.cause);
        self.agree(payee, base, now)?;
        Ok(self.accounts[payee.account].price)
    }

    #[inline(always)]
    fn agree(&mut self, payee: Payee, base: Price, now: Moment) -> Result<(), NoPayment> {
        let (gateway, orchestrator) = (self.gateway(payee), self.orchestrator(payee));
        let funds = self.funds(payee.gateway, payee.orchestrator);
        let gas_price = self.world.scenario.payments.gas_price(now.calendar);
        let max_float = funds.max_float();
        let basis = &mut self.quote_bases[payee.gateway];
        if (basis.gas_price, basis.max_float) != (gas_price, max_float) {
            *basis = QuoteBasis { gas_price, max_float, number: basis.number + 1 };
        }
        let account = &mut self.accounts[payee.account];
        let quoted = &mut self.quoted[payee.account];
        if account.params.is_none() {
            account.opened = now.local;
        }
        if quoted.basis_number != basis.number || account.base_price != base {
            let quote = Quote::new(orchestrator, base, gas_price, max_float);
            let Quote { price, terms } = quote.map_err(|_| {
                let is_empty = funds.deposit == Wei::ZERO || funds.reserve == Wei::ZERO;
                if is_empty { NoPayment::NoFunds } else { NoPayment::Refused }
            })?;
            account.base_price = base;
            account.price = price;
            account.ticket_value = terms.expected_value;
            quoted.clearance = gateway.limits.clearance(&terms);
            quoted.win_probability = terms.win_probability.to_f64();
            quoted.is_admitted = gateway.limits.admit(&terms).is_ok();
            account.is_price_accepted = price_still_accepted(quoted.initial_price, price);
            quoted.basis_number = basis.number;
            self.terms[payee.account] = terms;
        }
        account.params = Some(TicketParams::issue(quoted.version, now.local));
        Ok(())
    }

    /// A round of the protocol begins: claims to the reserves start anew.
    pub(super) fn begin_round(&mut self) {
        self.round += 1;
        for claims in &mut self.claims {
            claims.total = Wei::ZERO;
            claims.by_orchestrator.fill(Wei::ZERO);
        }
    }

    fn funds(&self, gateway: usize, orchestrator: usize) -> SenderFunds {
        let claims = &self.claims[gateway];
        SenderFunds {
            claimed: claims.total,
            claimed_by_recipient: claims.by_orchestrator[orchestrator],
            ..sender_funds(&self.world.scenario.network, &self.ledger, gateway)
        }
    }

    /// Works out the tickets for a request of so many billing units: those still
    /// needed beside the balance of the session, which is reserved, or where it
    /// has a balance of its own all of them.
    pub(super) fn stage(
        &mut self,
        payee: Payee,
        units: u64,
        has_own_balance: bool,
    ) -> Result<Staged, NoPayment> {
        let account = &mut self.accounts[payee.account];
        let (fee, ticket_value) = (account.price.fee(units), account.ticket_value);
        let mut own_balance = SessionCredit::default();
        let credit = if has_own_balance { &mut own_balance } else { &mut account.credit };
        let staged = credit.stage(fee, ticket_value).ok_or(NoPayment::Refused)?;
        self.book_staged(payee, &staged, fee.max(ticket_value))?;
        Ok(staged)
    }

    /// The same on a balance that is given, for at least `least` in all, `at_once`
    /// being the largest payment made at one time.
    pub(super) fn stage_on(
        &mut self,
        credit: &mut SessionCredit,
        payee: Payee,
        fee: Wei,
        least: Wei,
        at_once: Wei,
    ) -> Result<Staged, NoPayment> {
        let staged = credit.stage_at_least(fee, least, self.ticket_value(payee));
        let staged = staged.ok_or(NoPayment::Refused)?;
        self.book_staged(payee, &staged, at_once)?;
        Ok(staged)
    }

    /// Books what is staged, if the gateway can and will send it; if not, the
    /// reserved balance is lost.
    #[inline(always)]
    fn book_staged(
        &mut self,
        payee: Payee,
        staged: &Staged,
        at_once: Wei,
    ) -> Result<(), NoPayment> {
        self.ledger.stage(payee.pace.all(staged.reserved_credit));
        let account = &self.accounts[payee.account];
        if account.is_price_accepted {
            if staged.tickets == 0 {
                return Ok(());
            }
            let deposit = self.ledger.free_deposit(payee.gateway);
            if deposit >= payee.pace.all(staged.new_credit)
                && self.quoted[payee.account].clearance.covers(
                    staged.tickets,
                    deposit,
                    self.ledger.reserve(payee.gateway),
                )
            {
                return Ok(());
            }
        }
        self.look_closer(payee, staged, at_once)
    }

    /// [`Cashier::book_staged`] by every rule.
    #[cold]
    fn look_closer(
        &mut self,
        payee: Payee,
        staged: &Staged,
        at_once: Wei,
    ) -> Result<(), NoPayment> {
        let limits = self.gateway(payee).limits;
        let account = &self.accounts[payee.account];
        let (deposit, reserve) =
            (self.ledger.free_deposit(payee.gateway), self.ledger.reserve(payee.gateway));
        let terms = &self.terms[payee.account];
        let most_at_once = at_once.0.checked_div(terms.expected_value.0).unwrap_or(0) + 1;
        let tickets =
            u64::try_from(most_at_once).map_or(staged.tickets, |most| staged.tickets.min(most));
        let refusal = match limits.check(terms, tickets, deposit, reserve) {
            _ if !account.is_price_accepted => NoPayment::Refused,
            Ok(()) if deposit >= payee.pace.all(staged.new_credit) => return Ok(()),
            Ok(()) => NoPayment::NoFunds,
            Err(
                TicketRefusal::NoDeposit
                | TicketRefusal::NoReserve
                | TicketRefusal::FaceValueTooHigh,
            ) => NoPayment::NoFunds,
            Err(_) => NoPayment::Refused,
        };
        self.lose(payee, staged.refuse());
        Err(refusal)
    }

    /// The request is not made after all: the session keeps its credit.
    pub(super) fn call_off(&mut self, payee: Payee, staged: &Staged, now: SimTime) {
        let settled = self.accounts[payee.account].credit.commit(staged.called_off(), now);
        self.settle(payee, settled);
    }

    fn lose(&mut self, payee: Payee, loss: Loss) {
        self.ledger.lose_staged(payee.pace.all(loss.amount), loss.cause);
    }

    /// The orchestrator turns the request away before it looks at the tickets:
    /// only the reserved balance is lost, with it the session's credit.
    pub(super) fn turned_away(&mut self, payee: Payee, staged: &Staged) {
        self.lose(payee, staged.called_off().forfeit());
    }

    /// Tickets are on their way: until they arrive nothing else is paid from what they are
    /// worth.
    pub(super) fn pledge(&mut self, payee: Payee, staged: &Staged) {
        self.ledger.promise(payee.pace.all(staged.new_credit), payee.gateway);
    }

    /// They have arrived, or never will.
    pub(super) fn take_back(&mut self, payee: Payee, staged: &Staged) {
        self.ledger.void(payee.pace.all(staged.new_credit), payee.gateway);
    }

    /// Tickets are sent. Returns how many of them win, which `lottery` names the draw of;
    /// winners are redeemed whether the orchestrator accepts them or not.
    #[inline(always)]
    pub(super) fn send(
        &mut self,
        payee: Payee,
        staged: &Staged,
        paid_for: PaidFor,
        lottery: (StreamKey, u64),
        recorder: &mut Recorder,
    ) -> u64 {
        let paid = payee.pace.all(staged.new_credit);
        self.ledger.issue(paid);
        match self.world.scenario.payments.mode {
            PaymentMode::Expected => {
                self.ledger.pay(paid, payee.gateway, payee.owner);
                recorder.spend(paid_for, paid);
                0
            }
            PaymentMode::Tickets if staged.tickets > 0 => {
                let (key, index) = lottery;
                let tickets = staged.tickets.saturating_mul(payee.pace.requests());
                let win_probability = self.quoted[payee.account].win_probability;
                winning_tickets(key, index, tickets, win_probability)
            }
            PaymentMode::Tickets => 0,
        }
    }

    /// Winning tickets promise their face values; returns their number.
    pub(super) fn win(
        &mut self,
        payee: Payee,
        tickets: u64,
        paid_for: PaidFor,
        now: SimTime,
        recorder: &mut Recorder,
    ) -> u32 {
        let Payee { account, gateway, orchestrator, .. } = payee;
        let face_value = self.terms[account].face_value;
        let promised = Wei(face_value.0 * u128::from(tickets));
        self.ledger.promise(promised, gateway);
        recorder.spend(paid_for, promised);
        let gas_period = self.world.scenario.payments.gas_period(now);
        let round = self.round;
        let number = self.wins.insert(Win {
            tickets,
            face_value,
            gateway,
            orchestrator,
            paid_for,
            round,
            gas_period,
        });
        number as u32
    }

    /// Tickets reach the orchestrator at `now` by the model's clock and take nonces of the
    /// session's ticket parameters. It books what it got and looks whether the gateway has at
    /// least a ticket's worth with it (go-livepeer `core/orchestrator.go`,
    /// `SufficientBalance`).
    #[inline(always)]
    pub(super) fn receive(
        &mut self,
        payee: Payee,
        staged: &Staged,
        now: SimTime,
    ) -> Result<(), NotAccepted> {
        let account = &mut self.accounts[payee.account];
        let receipt = match &mut account.params {
            Some(params) if staged.tickets > 0 => params.receive(staged.tickets, now),
            _ => Receipt::Accepted,
        };
        let ticket_value = account.ticket_value.0;
        let credited = match receipt {
            Receipt::Accepted => staged.new_credit.0,
            Receipt::Expired => 0,
            Receipt::TooManyNonces { accepted } => u128::from(accepted) * ticket_value,
        };
        if now - account.balance_changed > BALANCE_TTL {
            // Idle for so long the entry was swept, on both sides.
            account.balance = account.credit.credit().0 as i128 + staged.reserved_credit.0 as i128;
        }
        account.balance += credited as i128;
        account.balance_changed = now;
        match receipt {
            Receipt::TooManyNonces { .. } => Err(NotAccepted::Nonces),
            Receipt::Expired => Err(NotAccepted::Balance),
            _ if account.balance < ticket_value as i128 => Err(NotAccepted::Balance),
            _ => Ok(()),
        }
    }

    /// Winning tickets reach the contract one after the other, as long as their
    /// redemption is worth its cost and they are still valid. Returns when to
    /// try again with the rest.
    pub(super) fn redeem(
        &mut self,
        number: u32,
        now: SimTime,
        recorder: &mut Recorder,
    ) -> Option<SimTime> {
        let win = self.wins[number as usize];
        if self.round >= win.round + TICKET_VALIDITY_ROUNDS {
            self.void(number, recorder);
            return None;
        }
        let gas_price = self.world.scenario.payments.gas_price(now);
        let policy = &self.world.network.orchestrators[win.orchestrator].tickets;
        let tx_cost = policy.tx_cost(gas_price);
        for redeemed in 0..win.tickets {
            let funds = self.funds(win.gateway, win.orchestrator);
            if funds.covers_redemption(win.face_value, tx_cost).is_err() {
                self.wins[number as usize].tickets -= redeemed;
                return Some(now + REDEMPTION_RETRY);
            }
            let redemption = funds.redeem(win.face_value);
            self.ledger.redeem(redemption, win.gateway, self.world.owners[win.orchestrator]);
            let claims = &mut self.claims[win.gateway];
            claims.total.0 += redemption.from_reserve.0;
            claims.by_orchestrator[win.orchestrator].0 += redemption.from_reserve.0;
            recorder.take_back(win.paid_for, redemption.unpaid);
            recorder.redeemed(win.gas_period, win.face_value);
        }
        self.wins.remove(number as usize);
        None
    }

    /// Winning tickets at the end of the run: what cannot be redeemed now
    /// never is.
    pub(super) fn settle_win(&mut self, number: u32, end: SimTime, recorder: &mut Recorder) {
        if self.redeem(number, end, recorder).is_some() {
            self.void(number, recorder);
        }
    }

    fn void(&mut self, number: u32, recorder: &mut Recorder) {
        let win = self.wins.remove(number as usize);
        let promised = Wei(win.face_value.0 * u128::from(win.tickets));
        self.ledger.void(promised, win.gateway);
        recorder.take_back(win.paid_for, promised);
        recorder.void(win.gas_period, win.tickets);
    }

    /// The request was served, and the orchestrator debits so many units. What is left
    /// comes back to the session, unless that was removed meanwhile.
    #[inline]
    pub(super) fn served(
        &mut self,
        payee: Payee,
        staged: &Staged,
        debited: u64,
        has_session: bool,
        now: SimTime,
    ) {
        let account = &mut self.accounts[payee.account];
        account.balance -= account.price.fee(debited).0 as i128;
        account.balance_changed = now;
        if !has_session {
            // The balance that is left is another one's (go-livepeer keeps them by
            // session id).
            return self.served_once(payee, staged, LossCause::SessionRemoved, now);
        }
        let settled = account.credit.commit(*staged, now);
        self.settle(payee, settled);
    }

    /// The same on a balance that ends with the request: what is left of it is lost.
    #[cold]
    pub(super) fn served_once(
        &mut self,
        payee: Payee,
        staged: &Staged,
        cause: LossCause,
        now: SimTime,
    ) {
        let mut own_balance = SessionCredit::default();
        self.served_on(&mut own_balance, payee, staged, now);
        self.lose_credit(own_balance, payee, cause);
    }

    /// The same on a balance of its own.
    pub(super) fn served_on(
        &mut self,
        credit: &mut SessionCredit,
        payee: Payee,
        staged: &Staged,
        now: SimTime,
    ) {
        let settled = credit.commit(*staged, now);
        self.settle(payee, settled);
    }

    fn settle(&mut self, payee: Payee, Settled { fee, surplus }: Settled) {
        self.ledger.settle(payee.pace.all(fee), payee.pace.all(surplus));
    }

    /// A balance of its own is given up.
    pub(super) fn lose_credit(
        &mut self,
        mut credit: SessionCredit,
        payee: Payee,
        cause: LossCause,
    ) {
        let loss = credit.close(cause);
        self.ledger.lose_credit(payee.pace.all(loss.amount), loss.cause);
    }

    /// The request failed after its tickets had been sent.
    pub(super) fn failed(&mut self, payee: Payee, staged: &Staged) {
        self.lose(payee, staged.forfeit());
    }

    /// The session is given up, and its credit with it.
    pub(super) fn close(&mut self, payee: Payee, cause: LossCause) {
        let account = &mut self.accounts[payee.account];
        let loss = account.credit.close(cause);
        account.params = None;
        self.ledger.lose_credit(payee.pace.all(loss.amount), loss.cause);
    }

    /// The orchestrator's release.
    pub(super) fn version(&self, payee: Payee) -> Version {
        self.quoted[payee.account].version
    }

    /// The value of one ticket agreed.
    pub(super) fn ticket_value(&self, payee: Payee) -> Wei {
        self.accounts[payee.account].ticket_value
    }
}
