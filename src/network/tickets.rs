use crate::units::Wei;

/// How an orchestrator sets the parameters of the tickets it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketPolicy {
    /// What one ticket is worth on average (`-ticketEV`).
    pub expected_value: Wei,
    /// Gas it budgets for redeeming a winning ticket.
    pub redeem_gas: u64,
    /// Face value over redemption cost, before caps.
    pub tx_cost_multiplier: u64,
    /// `-maxFaceValue`; `None` is no limit of its own.
    pub max_face_value: Option<Wei>,
}

/// What a gateway is willing to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptanceLimits {
    /// Largest expected value of one ticket.
    pub max_ticket_ev: Wei,
    /// Largest expected value of all tickets of one payment.
    pub max_total_ev: Wei,
    /// The face value may be the deposit divided by this, and no more.
    pub deposit_multiplier: u64,
}
