use ethnum::U256;

use crate::network::TicketPolicy;
use crate::units::Wei;

/// Face value over expected value where the redemption costs next to nothing
/// (`evMultiplier` of go-livepeer `pm/recipient.go`).
const EV_MULTIPLIER: u128 = 100;
/// A face value that pays for a redemption at this gas price is offered even
/// while gas is dearer: 3 gwei (`avgGasPrice` of go-livepeer
/// `pm/recipient.go`).
const AVERAGE_GAS_PRICE: Wei = Wei(3_000_000_000);

/// The chance of a ticket to win, as the ticket carries it: a numerator over
/// 2^256 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WinProbability(U256);

impl WinProbability {
    /// No ticket wins.
    pub const NEVER: WinProbability = WinProbability(U256::ZERO);

    /// The smallest probability that gives `face_value` an expected value of at
    /// least `expected_value`: `winProb` of go-livepeer `pm/recipient.go`.
    pub fn new(face_value: Wei, expected_value: Wei) -> WinProbability {
        if face_value == Wei::ZERO {
            return WinProbability::NEVER;
        }
        if face_value == expected_value {
            return WinProbability(U256::MAX);
        }
        let per_wei = U256::MAX / face_value.0 + u128::from(rounds_up(face_value));
        WinProbability(per_wei.saturating_mul(U256::from(expected_value.0)))
    }

    /// The nearest `f64`, for the draw.
    pub fn to_f64(self) -> f64 {
        self.0.as_f64() / U256::MAX.as_f64()
    }
}

fn rounds_up(face_value: Wei) -> bool {
    U256::MAX % face_value.0 != U256::ZERO
}

/// The parameters of a ticket an orchestrator asks a gateway for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketTerms {
    /// What a winning ticket pays.
    pub face_value: Wei,
    /// What a ticket pays on average, in whole wei.
    pub expected_value: Wei,
    /// The chance to win.
    pub win_probability: WinProbability,
    /// Whether the win probability was rounded up. The expected value then
    /// exceeds [`TicketTerms::expected_value`] by less than a wei, which shows
    /// only where it meets a limit exactly.
    pub rounded_up: bool,
    /// What redeeming a ticket costs the orchestrator at the present gas price.
    pub tx_cost: Wei,
}

/// No face value suits both the orchestrator and what it may claim from the
/// gateway's reserve (go-livepeer `errInsufficientSenderReserve`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("insufficient sender reserve")]
pub struct InsufficientReserve;

impl TicketTerms {
    /// What an orchestrator that charges nothing asks for: tickets of no value,
    /// none of which is sent (`TicketParams` of go-livepeer `pm/recipient.go`).
    pub const FREE: TicketTerms = TicketTerms {
        face_value: Wei::ZERO,
        expected_value: Wei::ZERO,
        win_probability: WinProbability::NEVER,
        rounded_up: false,
        tx_cost: Wei::ZERO,
    };

    /// `TxCostMultiplier` of go-livepeer `pm/recipient.go` as numerator and
    /// denominator: the face value over the cost of its redemption, `None`
    /// where redemption is free.
    pub fn tx_cost_multiplier(&self) -> Option<(Wei, Wei)> {
        (self.tx_cost > Wei::ZERO).then_some((self.face_value, self.tx_cost))
    }
}

impl TicketPolicy {
    /// What a redemption costs at `gas_price`.
    pub fn tx_cost(&self, gas_price: Wei) -> Wei {
        Wei(gas_price.0.saturating_mul(u128::from(self.redeem_gas)))
    }

    /// The terms offered at `gas_price` to a gateway whose claimable reserve is
    /// `max_float` (see [`SenderFunds::max_float`](super::SenderFunds)):
    /// `TicketParams` of go-livepeer `pm/recipient.go` at a positive price.
    ///
    /// # Errors
    /// [`InsufficientReserve`] where the face value, capped by `max_float` and
    /// [`TicketPolicy::max_face_value`], falls below the expected value or below
    /// the cost of its redemption.
    pub fn terms(
        &self,
        gas_price: Wei,
        max_float: Wei,
    ) -> Result<TicketTerms, InsufficientReserve> {
        let tx_cost = self.tx_cost(gas_price);
        let face_value = self.face_value(tx_cost, max_float)?;
        Ok(TicketTerms {
            face_value,
            expected_value: self.expected_value,
            win_probability: WinProbability::new(face_value, self.expected_value),
            rounded_up: face_value != self.expected_value && rounds_up(face_value),
            tx_cost,
        })
    }

    fn face_value(&self, tx_cost: Wei, max_float: Wei) -> Result<Wei, InsufficientReserve> {
        let mut face_value = Wei(tx_cost.0.saturating_mul(u128::from(self.tx_cost_multiplier)));
        if face_value < self.expected_value {
            face_value = Wei(self.expected_value.0.saturating_mul(EV_MULTIPLIER));
        }
        face_value = face_value.min(max_float).min(self.max_face_value.unwrap_or(face_value));
        let covers_redemption =
            face_value >= tx_cost || face_value >= self.tx_cost(AVERAGE_GAS_PRICE);
        if face_value == Wei::ZERO || face_value < self.expected_value || !covers_redemption {
            return Err(InsufficientReserve);
        }
        Ok(face_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticket_params_follow_the_recipients_vectors() {
        let recipient = TicketPolicy {
            expected_value: Wei(5),
            redeem_gas: 10_000,
            tx_cost_multiplier: 100,
            max_face_value: None,
        };
        // pm/recipient_test.go TestTicketParams: gas price, max float, face value,
        // numerator of the win probability.
        let vectors = [
            (
                100,
                10_000_000_000,
                100_000_000,
                "5789604461865809771178549250434395392663499233282028201972879200395660",
            ),
            (
                777,
                10_000_000_000,
                777_000_000,
                "745122839364969082519761808292714979750772102095499125093034646125570",
            ),
            (
                1,
                10_001,
                10_001,
                "57890255593098787833002192285115442382396752657554526567072084795477017120",
            ),
            (
                0,
                u128::MAX,
                500,
                "1157920892373161954235709850086879078532699846656405640394575840079131296400",
            ),
        ];
        for (gas_price, max_float, face_value, numerator) in vectors {
            let terms = recipient.terms(Wei(gas_price), Wei(max_float)).unwrap();
            assert_eq!(terms.face_value, Wei(face_value));
            assert_eq!(terms.win_probability.0.to_string(), numerator);
            assert_eq!(terms.expected_value, Wei(5));
        }
    }

    #[test]
    fn a_ticket_worth_its_face_value_always_wins() {
        // pm/ticket_test.go TestWinProbRat and pm/recipient.go winProb.
        assert_eq!(WinProbability::new(Wei(5), Wei(5)), WinProbability(U256::MAX));
        assert_eq!(WinProbability::new(Wei(5), Wei(5)).to_f64(), 1.0);
        assert_eq!(WinProbability::new(Wei::ZERO, Wei(5)), WinProbability::NEVER);
    }

    proptest! {
        #[test]
        fn the_win_probability_is_the_least_that_reaches_the_expected_value(
            ev in 1u128..10_000_000_000_000,
            times in 2u128..1_000_000_000,
            more in 0u128..1_000_000,
        ) {
            let face_value = ev * times + more;
            let probability = WinProbability::new(Wei(face_value), Wei(ev));
            let numerator = probability.0;
            let per_wei = numerator / ev;
            prop_assert_eq!(per_wei * ev, numerator);
            // face value * per_wei >= 2^256 - 1 > face value * (per_wei - 1)
            let product = per_wei.checked_mul(face_value.into());
            prop_assert!(product.is_none_or(|product| product == U256::MAX));
            prop_assert!(((per_wei - 1) * face_value) < U256::MAX);
            let relative = probability.to_f64() * face_value as f64 / ev as f64;
            prop_assert!((relative - 1.0).abs() < 1e-12);
        }
    }
}
