use crate::units::Wei;

/// Rounds in which a ticket can be redeemed, the one it was created in
/// included (`ticketValidityPeriod`, livepeer/protocol
/// `contracts/pm/mixins/MixinTicketProcessor.sol`).
pub const TICKET_VALIDITY_ROUNDS: u64 = 2;

/// A gateway's funds in the TicketBroker contract as one orchestrator sees
/// them. Redemptions that are pending, which go-livepeer takes off, are left out: an
/// orchestrator submits one after the other, and on Arbitrum each is confirmed within
/// seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderFunds {
    /// The deposit, which pays winning tickets first.
    pub deposit: Wei,
    /// What is left of the reserve.
    pub reserve: Wei,
    /// What all orchestrators claimed from the reserve this round.
    pub claimed: Wei,
    /// What this orchestrator claimed from the reserve this round.
    pub claimed_by_recipient: Wei,
    /// Members of the active set, each with an equal right to the reserve.
    pub active_set: u32,
}

/// Why an orchestrator does not redeem a winning ticket now (go-livepeer
/// `redeemWinningTicket` in `pm/sendermonitor.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedemptionRefusal {
    /// The gateway's funds do not exceed the cost of the transaction.
    #[error("insufficient sender funds for redeem tx cost")]
    Funds,
    /// The ticket's face value does not exceed the cost of the transaction.
    #[error("insufficient ticket face value for redeem tx cost")]
    FaceValue,
}

/// Where the money of a redeemed ticket comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// Taken from the deposit.
    pub from_deposit: Wei,
    /// Taken from the reserve.
    pub from_reserve: Wei,
    /// The part of the face value neither covers: it is never paid.
    pub unpaid: Wei,
}

impl SenderFunds {
    fn reserve_share(&self) -> Wei {
        if self.active_set == 0 {
            return Wei::ZERO;
        }
        let all = self.reserve.0.saturating_add(self.claimed.0);
        // Divided in 64 bits wherever they do: that is several times as quick.
        Wei(match u64::try_from(all) {
            Ok(all) => u128::from(all / u64::from(self.active_set)),
            Err(_) => all / u128::from(self.active_set),
        })
    }

    /// What this orchestrator may still claim from the reserve this round, and the
    /// largest face value it accepts from the gateway: `reserveAlloc` and, with
    /// nothing pending, `maxFloat` of go-livepeer `pm/sendermonitor.go`. Zero where
    /// go-livepeer's figure is negative; it refuses both alike.
    pub fn max_float(&self) -> Wei {
        Wei(self.reserve_share().0.saturating_sub(self.claimed_by_recipient.0))
    }

    /// What there is to pay redemptions from: `availableFunds` of go-livepeer
    /// `pm/sendermonitor.go`, zero where its figure is negative.
    pub fn available(&self) -> Wei {
        let all = self.deposit.0.saturating_add(self.reserve_share().0);
        Wei(all.saturating_sub(self.claimed_by_recipient.0))
    }

    /// Whether the orchestrator redeems a winning ticket at this transaction
    /// cost: `redeemWinningTicket` of go-livepeer `pm/sendermonitor.go`. The
    /// funds need not cover the face value.
    ///
    /// # Errors
    /// [`RedemptionRefusal`] says what is short; the ticket may be tried later.
    pub fn covers_redemption(
        &self,
        face_value: Wei,
        tx_cost: Wei,
    ) -> Result<(), RedemptionRefusal> {
        if self.available() <= tx_cost {
            return Err(RedemptionRefusal::Funds);
        }
        if face_value <= tx_cost {
            return Err(RedemptionRefusal::FaceValue);
        }
        Ok(())
    }

    /// What a redemption pays: from the deposit, then from this orchestrator's
    /// part of the reserve (livepeer/protocol
    /// `contracts/pm/mixins/MixinTicketBrokerCore.sol`).
    pub fn redeem(&self, face_value: Wei) -> Redemption {
        let from_deposit = face_value.min(self.deposit);
        let rest = Wei(face_value.0 - from_deposit.0);
        let from_reserve = rest.min(self.max_float()).min(self.reserve);
        Redemption { from_deposit, from_reserve, unpaid: Wei(rest.0 - from_reserve.0) }
    }
}
