use std::num::NonZeroU32;

use crate::network::Version;
use crate::units::{NANOS_PER_SECOND, SimTime};

/// Seconds between two L1 blocks, by which ticket parameters age.
pub const L1_BLOCK_S: u64 = 12;

/// Blocks a gateway wants to be left (`paramsExpiryBuffer` of go-livepeer
/// `pm/sender.go`).
const EXPIRY_BUFFER_BLOCKS: u64 = 1;

/// Tickets an orchestrator accepts under one set of ticket parameters
/// (`maxSenderNonces` of go-livepeer `pm/recipient.go`): 150 before commit
/// e64494cbb (17 March 2025), 600 since.
pub fn max_sender_nonces(version: Version) -> u32 {
    match version {
        Version::V0_8_3 => 150,
        Version::V0_8_4 | Version::V0_9 => 600,
    }
}

/// L1 blocks a set of ticket parameters lives (`paramsExpirationBlock` of
/// go-livepeer `pm/recipient.go`): 10 before commit 221f687b0 (24 February
/// 2025), 40 since.
pub fn params_life_blocks(version: Version) -> u32 {
    match version {
        Version::V0_8_3 => 10,
        Version::V0_8_4 | Version::V0_9 => 40,
    }
}

/// What an orchestrator has accepted under one set of ticket parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketParams {
    /// The block at which they expire, counted from the start of the run. Never 0, which
    /// leaves room for `None` beside it: an account fits its cache lines.
    expiry_block: NonZeroU32,
    nonces_left: u32,
}

/// What became of a batch of tickets sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// All are credited.
    Accepted,
    /// The parameters have expired: none is credited. The nonces are spent and
    /// winners among them redeemed all the same.
    Expired,
    /// Only so many had a nonce left and are credited; winners among the rest
    /// are redeemed without credit.
    TooManyNonces {
        /// Tickets credited.
        accepted: u64,
    },
}

const BLOCK: u64 = L1_BLOCK_S * NANOS_PER_SECOND;

impl TicketParams {
    /// Parameters issued at `now` by an orchestrator of this version.
    pub fn issue(version: Version, now: SimTime) -> TicketParams {
        let next_block = NonZeroU32::MIN.saturating_add((now.0 / BLOCK) as u32);
        TicketParams {
            expiry_block: next_block.saturating_add(params_life_blocks(version) - 1),
            nonces_left: max_sender_nonces(version),
        }
    }

    fn expiry(&self) -> SimTime {
        SimTime(u64::from(self.expiry_block.get()) * BLOCK)
    }

    /// Whether a gateway refreshes the session before it pays with these
    /// (`validateTicketParams` of go-livepeer `pm/sender.go`).
    pub fn needs_refresh(&self, now: SimTime) -> bool {
        self.expiry() <= now + SimTime(EXPIRY_BUFFER_BLOCKS * BLOCK)
    }

    /// The orchestrator's answer to `tickets` more of these (`ReceiveTicket` of
    /// go-livepeer `pm/recipient.go`, which counts the nonce before it looks at
    /// the expiry).
    pub fn receive(&mut self, tickets: u64, now: SimTime) -> Receipt {
        let accepted = tickets.min(u64::from(self.nonces_left));
        self.nonces_left -= accepted as u32;
        if accepted > 0 && self.expiry() <= now {
            Receipt::Expired
        } else if accepted < tickets {
            Receipt::TooManyNonces { accepted }
        } else {
            Receipt::Accepted
        }
    }
}
