use crate::units::{NANOS_PER_SECOND, SimTime};

/// Units a running stream owes, payment by payment: elapsed time at a constant
/// rate, fractions of a unit carried to the next payment (go-livepeer 0.9
/// `server/live_payment_processor.go`, which moves its clock on by the units
/// paid, not by the time passed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalMeter {
    units_per_second: u64,
    paid_until: SimTime,
    /// Unpaid part of a unit, in 1e-9 units.
    fraction: u64,
}

impl IntervalMeter {
    /// A stream billed from `start` on.
    pub fn start(units_per_second: u64, start: SimTime) -> IntervalMeter {
        IntervalMeter { units_per_second, paid_until: start, fraction: 0 }
    }

    /// The time of the last payment.
    pub fn paid_until(&self) -> SimTime {
        self.paid_until
    }

    /// Whole units owed since the last payment.
    pub fn advance(&mut self, now: SimTime) -> u64 {
        let nano_units = u128::from((now - self.paid_until).0) * u128::from(self.units_per_second)
            + u128::from(self.fraction);
        let per_unit = u128::from(NANOS_PER_SECOND);
        self.paid_until = self.paid_until.max(now);
        self.fraction = (nano_units % per_unit) as u64;
        (nano_units / per_unit) as u64
    }
}
