use std::collections::VecDeque;

use super::mul_div;
use crate::units::{SimTime, Wei};

/// What was spent in the last days, one sum a day. The time without funds is no
/// part of them: nothing can be spent in it.
#[derive(Clone, Debug)]
pub struct TrailingSpend {
    window_days: u64,
    /// Sums of consecutive days up to `today`, which is not among them.
    past: VecDeque<u128>,
    spent_today: u128,
    today: u64,
    without_funds: SimTime,
    out_of_funds_since: Option<SimTime>,
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
            without_funds: SimTime::ZERO,
            out_of_funds_since: None,
        }
    }

    /// There is no money for a request. Days stand still until there is, or
    /// something is paid all the same.
    pub fn run_out(&mut self, now: SimTime) {
        self.out_of_funds_since.get_or_insert(now);
    }

    /// There is money again.
    pub fn go_on(&mut self, now: SimTime) {
        if let Some(since) = self.out_of_funds_since.take() {
            self.without_funds = self.without_funds + (now - since);
        }
    }

    /// Books a payment. Times must not decrease from call to call.
    #[inline(always)]
    pub fn record(&mut self, now: SimTime, paid: Wei) {
        self.go_on(now);
        let now = now - self.without_funds;
        if now >= SimTime::from_days(self.today + 1) {
            self.turn_to(now.day());
        }
        self.spent_today = self.spent_today.saturating_add(paid.0);
    }

    /// The mean spend a day over the window, or since the start while that is
    /// shorter, time without funds left out; fractions of a wei dropped.
    pub fn per_day(&mut self, now: SimTime) -> Wei {
        let now = self.out_of_funds_since.unwrap_or(now) - self.without_funds;
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
