use crate::units::{Lpt, SECONDS_PER_HOUR, SimTime};

/// LPT minted in a round in February 2025 (Livepeer forum, thread 2747).
pub const MINTED_PER_ROUND: Lpt = Lpt(23_413_000_000_000_000_000_000);

/// The protocol's issue of new LPT, as a yardstick for an amount of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inflation {
    /// LPT minted in a round.
    pub minted_per_round: Lpt,
    /// Length of a round in hours.
    pub round_hours: f64,
}

impl Inflation {
    /// Rounds as they were observed, 1.11 a day (steps of the explorer's daily
    /// inflation, February to August 2023).
    pub const OBSERVED: Inflation =
        Inflation { minted_per_round: MINTED_PER_ROUND, round_hours: 21.6 };

    /// Length of a round; a second at least.
    pub fn round_length(&self) -> SimTime {
        SimTime::from_secs((self.round_hours * SECONDS_PER_HOUR as f64).max(1.0))
    }

    /// Hours in which the protocol mints `amount`.
    pub fn hours(&self, amount: Lpt) -> f64 {
        amount.to_coins() / self.minted_per_round.to_coins() * self.round_hours
    }
}
