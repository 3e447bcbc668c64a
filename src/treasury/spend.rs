use std::collections::VecDeque;

use super::mul_div;
use crate::units::{SimTime, Wei};

/// What was spent in the last days, one sum a day.
#[derive(Clone, Debug)]
pub struct TrailingSpend {
    window_days: u64,
    /// Sums of consecutive days up to `today`, which is not among them.
    past: VecDeque<u128>,
    spent_today: u128,
    today: u64,
}

impl TrailingSpend {
    /// Over the last `window_days` days, today's beginning included; at
    /// least 1.
    pub fn new(window_days: u64) -> TrailingSpend {
        TrailingSpend {
            window_days: window_days.max(1),
            past: VecDeque::new(),
            spent_today: 0,
            today: 0,
        }
    }

    /// Books a payment. Times must not decrease from call to call.
    #[inline(always)]
    pub fn record(&mut self, now: SimTime, paid: Wei) {
        if now >= SimTime::from_days(self.today + 1) {
            self.turn_to(now.day());
        }
        self.spent_today = self.spent_today.saturating_add(paid.0);
    }

    /// The mean spend a day over the window, or since the start while that is
    /// shorter; fractions of a wei dropped.
    pub fn per_day(&mut self, now: SimTime) -> Wei {
        self.turn_to(now.day());
        let since = SimTime::from_days((self.today + 1).saturating_sub(self.window_days));
        match (now - since).0 {
            0 => Wei::ZERO,
            span => {
                let total =
                    self.past.iter().fold(self.spent_today, |sum, day| sum.saturating_add(*day));
                Wei(mul_div(total, u128::from(SimTime::from_days(1).0), u128::from(span)))
            }
        }
    }

    fn turn_to(&mut self, day: u64) {
        // Beyond a whole window of days without a payment all sums are 0.
        let passed = day.saturating_sub(self.today).min(self.window_days);
        for _ in 0..passed {
            self.past.push_back(std::mem::take(&mut self.spent_today));
        }
        while self.past.len() as u64 >= self.window_days {
            self.past.pop_front();
        }
        self.today = self.today.max(day);
    }
}
