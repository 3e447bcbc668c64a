use jiff::civil::{Date, Weekday};

use super::{Prices, mul_div};
use crate::units::{Lpt, SECONDS_PER_HOUR, SimTime, Wei};

/// Steps to a day in a target of cover that need not be whole days.
const DAY_STEPS: u128 = 1_000_000;

/// Points of time at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The first.
    pub first: SimTime,
    /// The distance; above 0.
    pub every: SimTime,
}

impl Schedule {
    /// Every week on `weekday` at `hour` UTC, of a scenario whose first day is
    /// `start`.
    pub fn weekly(start: Date, weekday: Weekday, hour: u32) -> Schedule {
        let days = start.weekday().until(weekday).unsigned_abs();
        let hours = SimTime::from_secs(f64::from(hour) * SECONDS_PER_HOUR as f64);
        Schedule {
            first: SimTime::from_days(u64::from(days)) + hours,
            every: SimTime::from_days(7),
        }
    }

    /// Those of the same dates, of a scenario that starts so many days later.
    pub fn from_day(&self, days: u64) -> Schedule {
        let (first, every) = (self.first.day(), self.every.day().max(1));
        let passed = days.saturating_sub(first).div_ceil(every) * every;
        let time_of_day = self.first - SimTime::from_days(first);
        Schedule { first: SimTime::from_days(first + passed - days) + time_of_day, ..*self }
    }

    /// The first of them after `now`.
    fn after(&self, now: SimTime) -> SimTime {
        if now < self.first {
            return self.first;
        }
        let passed = (now - self.first).0 / self.every.0.max(1);
        self.first + SimTime(self.every.0.saturating_mul(passed.saturating_add(1)))
    }
}

/// When LPT is turned into ETH.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConversionPolicy {
    /// All of it at the start.
    AllAtOnce,
    /// A fixed clip at fixed times. The Agent-Net pilot sold 100 LPT for each
    /// orchestrator on Mondays at 00:00 UTC (Livepeer forum, thread 2958).
    Clip {
        /// What is sold each time.
        lpt: Lpt,
        /// When.
        schedule: Schedule,
    },
    /// A clip whenever a gateway's balance, see [`ConversionState`], is low and
    /// none is under way.
    BelowThreshold {
        /// The balance of any gateway below which one is sold.
        balance: Wei,
        /// What is sold each time.
        clip: Lpt,
    },
    /// At fixed times as much as brings the balance of all gateways up to so
    /// many days of spend, once their reserves are full and before the fee and
    /// impact of the swap.
    DaysOfCover {
        /// Days the balance is to last.
        days: f64,
        /// When.
        schedule: Schedule,
    },
}

/// What a conversion is decided on. A gateway's balance is its deposit less what
/// its winning tickets will take; its reserve is not part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConversionState {
    /// LPT for sale that no proposed transaction sells yet.
    pub unsold: Lpt,
    /// LPT that proposed transactions will sell.
    pub under_way: Lpt,
    /// Balance of the gateway that has least, of those that are topped up.
    pub lowest_balance: Wei,
    /// Balance of all gateways.
    pub total_balance: Wei,
    /// What the reserves of those that are topped up lack; a sale fills them
    /// first.
    pub lacking_reserve: Wei,
    /// Spend of all gateways a day to reckon with.
    pub spend_per_day: Wei,
    /// Prices now.
    pub prices: Prices,
}

/// A [`ConversionPolicy`] at work.
#[derive(Clone, Debug)]
pub struct Converter {
    policy: ConversionPolicy,
    next: SimTime,
}

impl Converter {
    /// Nothing converted yet.
    pub fn new(policy: ConversionPolicy) -> Converter {
        let next = match policy {
            ConversionPolicy::AllAtOnce => SimTime::ZERO,
            ConversionPolicy::Clip { schedule, .. }
            | ConversionPolicy::DaysOfCover { schedule, .. } => schedule.first,
            ConversionPolicy::BelowThreshold { .. } => SimTime::NEVER,
        };
        Converter { policy, next }
    }

    /// When the clock alone next asks for a conversion; [`SimTime::NEVER`]
    /// under [`ConversionPolicy::BelowThreshold`], which is to be asked
    /// whenever a balance fell or a top-up arrived.
    pub fn next_time(&self) -> SimTime {
        self.next
    }

    /// The LPT to propose for sale now, at most what is unsold. A time of the
    /// schedule is used up by asking at or after it; those missed are not made
    /// up for.
    pub fn next_action(&mut self, now: SimTime, state: &ConversionState) -> Option<Lpt> {
        let due = now >= self.next;
        let wanted = match self.policy {
            ConversionPolicy::BelowThreshold { balance, clip } => {
                let low = state.lowest_balance < balance && state.under_way == Lpt::ZERO;
                low.then_some(clip)?
            }
            _ if !due => return None,
            ConversionPolicy::AllAtOnce => {
                self.next = SimTime::NEVER;
                state.unsold
            }
            ConversionPolicy::Clip { lpt, schedule } => {
                self.next = schedule.after(now);
                lpt
            }
            ConversionPolicy::DaysOfCover { days, schedule } => {
                self.next = schedule.after(now);
                let steps = (days * DAY_STEPS as f64) as u128;
                let cover = mul_div(state.spend_per_day.0, steps, DAY_STEPS);
                let target = cover.saturating_add(state.lacking_reserve.0);
                let coming = state.prices.to_wei(state.under_way).0;
                let missing = target.saturating_sub(state.total_balance.0.saturating_add(coming));
                state.prices.to_lpt(Wei(missing))
            }
        };
        let lpt = wanted.min(state.unsold);
        (lpt > Lpt::ZERO).then_some(lpt)
    }
}
