use crate::units::Wei;

/// The books of one replication, in whole wei: credits on hand, credits held
/// for requests in flight, and what every orchestrator was paid. Every booking
/// moves an amount from one account to another.
#[derive(Clone, Debug)]
pub struct Ledger {
    opening: Wei,
    credits: Wei,
    held: Wei,
    paid: Vec<Wei>,
}

/// The credits on hand do not cover a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsufficientCredits;

/// The books do not balance: a defect of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger does not balance: account `{account}` shows {shown}, expected {expected}")]
pub struct LedgerViolation {
    /// The account.
    pub account: &'static str,
    /// What it shows.
    pub shown: Wei,
    /// What it should show.
    pub expected: Wei,
}

impl Ledger {
    /// Books that open with `credits` and nothing paid to any of
    /// `orchestrators`.
    pub fn open(credits: Wei, orchestrators: usize) -> Ledger {
        Ledger { opening: credits, credits, held: Wei::ZERO, paid: vec![Wei::ZERO; orchestrators] }
    }

    /// Credits on hand.
    pub fn credits(&self) -> Wei {
        self.credits
    }

    /// Credits held for requests in flight.
    pub fn held(&self) -> Wei {
        self.held
    }

    /// What each orchestrator was paid.
    pub fn paid(&self) -> &[Wei] {
        &self.paid
    }

    /// Credits -> held: sets a fee aside when its request is submitted.
    ///
    /// # Errors
    /// [`InsufficientCredits`] where the credits on hand do not cover it;
    /// nothing is booked then.
    pub fn hold(&mut self, fee: Wei) -> Result<(), InsufficientCredits> {
        self.credits = self.credits.checked_sub(fee).ok_or(InsufficientCredits)?;
        self.held.0 += fee.0;
        Ok(())
    }

    /// Held -> credits: the request failed.
    pub fn release(&mut self, fee: Wei) {
        self.held.0 -= fee.0;
        self.credits.0 += fee.0;
    }

    /// Held -> orchestrator: the request was served.
    pub fn settle(&mut self, fee: Wei, orchestrator: usize) {
        self.held.0 -= fee.0;
        self.paid[orchestrator].0 += fee.0;
    }

    /// Checks that what was opened is what is on hand, held and paid, and that
    /// the accounts paid into agree with `booked`, the spend as the recorder
    /// saw it.
    ///
    /// # Errors
    /// [`LedgerViolation`] names the first account that does not agree.
    pub fn audit(&self, booked: Wei) -> Result<(), LedgerViolation> {
        let paid: Wei = self.paid.iter().copied().sum();
        let check = |account, shown, expected| {
            if shown == expected {
                Ok(())
            } else {
                Err(LedgerViolation { account, shown, expected })
            }
        };
        check("orchestrators", paid, booked)?;
        check("credits", Wei(self.credits.0 + self.held.0 + paid.0), self.opening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Any sequence of bookings keeps the sum of all accounts.
        #[test]
        fn bookings_conserve_every_wei(
            opening in 0u64..10_000,
            bookings in prop::collection::vec((0u64..500, 0usize..3, any::<bool>()), 0..200),
        ) {
            let mut ledger = Ledger::open(Wei(u128::from(opening)), 3);
            let mut booked = Wei::ZERO;
            for (fee, orchestrator, served) in bookings {
                let fee = Wei(u128::from(fee));
                if ledger.hold(fee).is_err() {
                    prop_assert!(ledger.credits() < fee);
                } else if served {
                    ledger.settle(fee, orchestrator);
                    booked.0 += fee.0;
                } else {
                    ledger.release(fee);
                }
                prop_assert_eq!(ledger.audit(booked), Ok(()));
            }
            prop_assert_eq!(ledger.credits().0 + booked.0, u128::from(opening));
        }
    }

    #[test]
    fn a_violation_names_the_account() {
        let mut ledger = Ledger::open(Wei(10), 1);
        ledger.hold(Wei(4)).unwrap();
        ledger.settle(Wei(4), 0);
        let violation = ledger.audit(Wei(3)).unwrap_err();
        assert_eq!((violation.account, violation.shown), ("orchestrators", Wei(4)));
    }
}
