use crate::units::{NANOS_PER_SECOND, SimTime, Wei};

/// How long a balance outlives its last change, and how often balances are
/// swept: 10 minutes (go-livepeer `cmd/livepeer/starter/starter.go`,
/// `cleanupInterval`).
pub const BALANCE_TTL: SimTime = SimTime(600 * NANOS_PER_SECOND);

/// How a gateway comes to lose credit at an orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossCause {
    /// The request failed after its payment was sent.
    Failure,
    /// The payment was refused by the gateway's own limits after the balance
    /// had been reserved; no tickets were sent.
    PaymentRefused,
    /// The session was refreshed: its new id starts with an empty balance.
    SessionRefresh,
    /// The balance was swept after its time to live.
    Expiry,
    /// A live stream moved to another orchestrator.
    Swap,
    /// The session was removed from its pool.
    SessionRemoved,
}

impl LossCause {
    /// Every cause, in the order of the enum.
    pub const ALL: [LossCause; 6] = [
        LossCause::Failure,
        LossCause::PaymentRefused,
        LossCause::SessionRefresh,
        LossCause::Expiry,
        LossCause::Swap,
        LossCause::SessionRemoved,
    ];
}

/// Credit a gateway will not get back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a loss must be booked"]
pub struct Loss {
    /// How much.
    pub amount: Wei,
    /// Why.
    pub cause: LossCause,
}

/// A payment in the making: the balance taken and the tickets to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "staged credit is lost unless it is committed or forfeited"]
pub struct Staged {
    /// What the request costs.
    pub fee: Wei,
    /// Tickets to send.
    pub tickets: u64,
    /// Expected value of those tickets.
    pub new_credit: Wei,
    /// The balance the session had, now reserved for this request.
    pub reserved_credit: Wei,
}

impl Staged {
    /// All that stands behind the request.
    pub fn credit(&self) -> Wei {
        Wei(self.reserved_credit.0 + self.new_credit.0)
    }

    /// The payment is not made: only the balance it had reserved is left of it.
    pub fn called_off(self) -> Staged {
        Staged { fee: Wei::ZERO, tickets: 0, new_credit: Wei::ZERO, ..self }
    }

    /// The request failed after its tickets were sent: reserved and new credit
    /// are gone (status `CreditSpent` in go-livepeer
    /// `server/segment_rpc.go`, `completeBalanceUpdate`).
    pub fn forfeit(self) -> Loss {
        Loss { amount: self.credit(), cause: LossCause::Failure }
    }

    /// The gateway's limits refused the tickets: they were not sent, but the
    /// reserved credit is gone, because no balance update follows (go-livepeer
    /// `server/ai_process.go`, `prepareAIPayment`).
    pub fn refuse(self) -> Loss {
        Loss { amount: self.reserved_credit, cause: LossCause::PaymentRefused }
    }
}

/// A served request in the books of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a settlement must be booked"]
pub struct Settled {
    /// The fee, earned by the orchestrator.
    pub fee: Wei,
    /// What was staged above the fee, kept as credit of the session.
    pub surplus: Wei,
}

/// What a gateway holds paid ahead at one orchestrator under one session id
/// (go-livepeer `core/accounting.go`, `Balance`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCredit {
    credit: Wei,
    changed: SimTime,
}

impl SessionCredit {
    /// The credit now on the session, without what requests in flight hold.
    pub fn credit(&self) -> Wei {
        self.credit
    }

    /// Reserves the whole balance for a request and counts the tickets it still
    /// needs to be worth `max(fee, ev)`, `ev` being the expected value of one
    /// ticket: `newBalanceUpdate` of go-livepeer `server/segment_rpc.go` and
    /// `StageUpdate` of `core/accounting.go`. A second request staged before
    /// this one is settled finds an empty balance.
    ///
    /// `None`, with nothing reserved, where tickets cannot pay the fee because
    /// they are worth nothing or their number exceeds 64 bits.
    pub fn stage(&mut self, fee: Wei, ev: Wei) -> Option<Staged> {
        self.stage_at_least(fee, fee.max(ev), ev)
    }

    /// [`SessionCredit::stage`] with a minimum of one's own, not below `fee`:
    /// for payments booked together.
    pub fn stage_at_least(&mut self, fee: Wei, least: Wei, ev: Wei) -> Option<Staged> {
        let least = least.max(fee);
        let tickets = if least <= self.credit {
            0
        } else {
            // In 64 bits wherever they do: that is several times as quick.
            let gap = least.0 - self.credit.0;
            match (u64::try_from(gap), u64::try_from(ev.0)) {
                (_, Ok(0)) => return None,
                (Ok(gap), Ok(ev)) if gap <= ev => 1,
                (Ok(gap), Ok(ev)) => gap.div_ceil(ev),
                _ => u64::try_from(gap.div_ceil(ev.0)).ok()?,
            }
        };
        let new_credit = ev.checked_times(tickets)?;
        self.credit.checked_add(new_credit)?;
        let reserved_credit = std::mem::take(&mut self.credit);
        Some(Staged { fee, tickets, new_credit, reserved_credit })
    }

    /// The request was served: what it did not cost comes back (status
    /// `ReceivedChange` in go-livepeer `server/segment_rpc.go`,
    /// `completeBalanceUpdate`). A request in flight across a session refresh
    /// comes back to the new session.
    pub fn commit(&mut self, staged: Staged, now: SimTime) -> Settled {
        let surplus = Wei(staged.credit().0 - staged.fee.0);
        self.credit.0 += surplus.0;
        self.changed = now;
        Settled { fee: staged.fee, surplus }
    }

    /// Empties the balance: a new session id, a removed session, a swap, a sweep.
    pub fn close(&mut self, cause: LossCause) -> Loss {
        Loss { amount: std::mem::take(&mut self.credit), cause }
    }

    /// The sweep that will delete this balance if nothing changes it: the first more
    /// than [`BALANCE_TTL`] after its last change, where sweeps come every
    /// [`BALANCE_TTL`] after `opened`, the gateway's first dealing with the
    /// orchestrator (go-livepeer `core/accounting.go`, `cleanup`). Reserving does not
    /// count as a change.
    pub fn expires_at(&self, opened: SimTime) -> SimTime {
        let last_kept = (self.changed + BALANCE_TTL - opened).0 / BALANCE_TTL.0;
        opened + SimTime(BALANCE_TTL.0.saturating_mul(last_kept + 1))
    }

    /// Whether such a sweep has deleted a balance by `now`.
    pub fn has_expired(&self, now: SimTime, opened: SimTime) -> bool {
        now - self.changed > BALANCE_TTL
            && self.credit > Wei::ZERO
            && now >= self.expires_at(opened)
    }
}
