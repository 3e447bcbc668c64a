use crate::units::{SimTime, Wei};

/// How the ETH that leaves a gateway is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentMode {
    /// As on chain: tickets are drawn, winners are redeemed at their face value.
    Tickets,
    /// Every ticket costs its expected value: the same in the mean, without the
    /// lottery.
    Expected,
}

/// What is common to all payments of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentSetup {
    /// How the ETH that leaves is counted.
    pub mode: PaymentMode,
    /// The L2 gas price by which face values are set, from each day on; the
    /// first entry is day 0.
    pub gas_prices: Vec<(f64, Wei)>,
    /// Mean seconds (exponential) from a win to its redemption.
    pub redemption_delay_s: f64,
}

impl PaymentSetup {
    /// The entry of [`PaymentSetup::gas_prices`] that holds at a point of time:
    /// its index.
    pub fn gas_period(&self, now: SimTime) -> usize {
        if self.gas_prices.len() <= 1 {
            return 0;
        }
        let day = now.as_days();
        self.gas_prices.partition_point(|&(from, _)| from <= day).saturating_sub(1)
    }

    /// The gas price at a point of time.
    pub fn gas_price(&self, now: SimTime) -> Wei {
        self.gas_prices.get(self.gas_period(now)).map_or(Wei::ZERO, |&(_, price)| price)
    }
}
