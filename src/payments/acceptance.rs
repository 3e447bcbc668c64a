use super::TicketTerms;
use crate::network::AcceptanceLimits;
use crate::units::Wei;

/// Why a gateway does not send tickets (go-livepeer `validateTicketParams` and
/// `validateSender` in `pm/sender.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum TicketRefusal {
    /// The ticket is worth its face value.
    #[error("ticket face value too low")]
    FaceValueTooLow,
    /// One ticket is worth more than the gateway allows.
    #[error("ticket EV above the gateway's maximum")]
    TicketEvTooHigh,
    /// The gateway has no deposit.
    #[error("no deposit")]
    NoDeposit,
    /// The gateway has no reserve.
    #[error("no reserve")]
    NoReserve,
    /// The payment is worth more than the gateway allows.
    #[error("total ticket EV above the gateway's maximum")]
    TotalEvTooHigh,
    /// One winning ticket could take more of the deposit than the gateway
    /// allows.
    #[error("ticket face value above the share of the deposit allowed")]
    FaceValueTooHigh,
}

/// Payments that [`AcceptanceLimits::check`] is sure to let pass, worked out
/// once for tickets of some terms. By default none of a ticket or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clearance {
    most_tickets: u64,
    least_deposit: u64,
}

impl Clearance {
    /// Whether a payment of `tickets` passes with this deposit and reserve.
    pub fn covers(self, tickets: u64, deposit: Wei, reserve: Wei) -> bool {
        tickets <= self.most_tickets
            && deposit.0 >= u128::from(self.least_deposit)
            && reserve > Wei::ZERO
    }
}

impl AcceptanceLimits {
    /// Whether a gateway keeps an orchestrator with these terms when it
    /// discovers it (`ValidateTicketParams`, go-livepeer
    /// `discovery/db_discovery.go`), its funds left aside.
    ///
    /// # Errors
    /// [`TicketRefusal::FaceValueTooLow`] or [`TicketRefusal::TicketEvTooHigh`].
    pub fn admit(&self, terms: &TicketTerms) -> Result<(), TicketRefusal> {
        let ample = Wei(u128::MAX);
        match self.check(terms, 1, ample, ample) {
            Err(refusal @ (TicketRefusal::FaceValueTooLow | TicketRefusal::TicketEvTooHigh)) => {
                Err(refusal)
            }
            _ => Ok(()),
        }
    }

    /// What payments with tickets of these terms pass without a closer look;
    /// none where one ticket may take more of the deposit than 64 bits hold.
    pub fn clearance(&self, terms: &TicketTerms) -> Clearance {
        let most = self.max_total_ev.0.saturating_sub(u128::from(terms.rounded_up));
        let required = terms.face_value.checked_times(self.deposit_multiplier.max(1));
        let least_deposit = required.and_then(|required| u64::try_from(required.0).ok());
        match (most.checked_div(terms.expected_value.0), least_deposit) {
            (Some(tickets), Some(least_deposit)) if self.admit(terms).is_ok() => {
                let most_tickets = u64::try_from(tickets).unwrap_or(u64::MAX);
                Clearance { most_tickets, least_deposit }
            }
            _ => Clearance::default(),
        }
    }

    /// Whether a gateway with this deposit and reserve, neither of them set to
    /// unlock, sends `tickets` tickets. A payment of no tickets and tickets of no
    /// value are always fine.
    ///
    /// # Errors
    /// [`TicketRefusal`], the first in go-livepeer's order.
    pub fn check(
        &self,
        terms: &TicketTerms,
        tickets: u64,
        deposit: Wei,
        reserve: Wei,
    ) -> Result<(), TicketRefusal> {
        let ev = terms.expected_value;
        if tickets == 0 || ev == Wei::ZERO {
            return Ok(());
        }
        let exceeds = |value: Wei, limit: Wei| value > limit || value == limit && terms.rounded_up;
        let most = Wei(u128::MAX);
        let total = ev.checked_times(tickets).unwrap_or(most);
        let required = terms.face_value.checked_times(self.deposit_multiplier.max(1));
        Err(if ev >= terms.face_value {
            TicketRefusal::FaceValueTooLow
        } else if exceeds(ev, self.max_ticket_ev) {
            TicketRefusal::TicketEvTooHigh
        } else if deposit == Wei::ZERO {
            TicketRefusal::NoDeposit
        } else if reserve == Wei::ZERO {
            TicketRefusal::NoReserve
        } else if exceeds(total, self.max_total_ev) {
            TicketRefusal::TotalEvTooHigh
        } else if deposit < required.unwrap_or(most) {
            TicketRefusal::FaceValueTooHigh
        } else {
            return Ok(());
        })
    }
}
