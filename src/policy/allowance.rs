/// What may be used in each period, such as a day. Requests that come together may use
/// more than is left; what one after the other would not have used is worked off in the
/// periods after, an allowance each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowance {
    /// How much a period has.
    pub limit: u128,
    period: u64,
    used: u128,
    /// Of it, what is left to the periods after.
    excess: u128,
}

impl Allowance {
    /// One of which nothing is used yet.
    pub fn new(limit: u128) -> Allowance {
        Allowance { limit, ..Allowance::default() }
    }

    /// What is left in a period, which is not earlier than the last one asked of.
    pub fn room(&mut self, period: u64) -> u128 {
        self.turn_to(period);
        self.limit.saturating_sub(self.used)
    }

    /// Counts what requests that come together use, the same each. Of them one after
    /// the other the first would have been let in, and those that fit.
    pub fn note(&mut self, period: u64, each: u128, requests: u64) {
        let fitting = self.room(period).checked_div(each).unwrap_or(u128::MAX).max(1);
        let exceeding = u128::from(requests).saturating_sub(fitting);
        self.excess = self.excess.saturating_add(each.saturating_mul(exceeding));
        self.used = self.used.saturating_add(each.saturating_mul(u128::from(requests)));
    }

    fn turn_to(&mut self, period: u64) {
        let Some(skipped) = period.saturating_sub(self.period).checked_sub(1) else { return };
        let worked_off = self.limit.saturating_mul(u128::from(skipped));
        self.used = self.excess.saturating_sub(worked_off);
        self.excess = self.used.saturating_sub(self.limit);
        self.period = period;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excess_is_worked_off_by_the_calendar_whether_or_not_anybody_asks() {
        // 2 a day: of 7 one after the other, days 0 to 2 would have let in 2 and day 3 one.
        for asked_on in [vec![3], vec![4], vec![1, 4], vec![0, 1, 2, 3, 4]] {
            let mut allowance = Allowance::new(2);
            allowance.note(0, 1, 7);
            let rooms: Vec<u128> = asked_on.iter().map(|&day| allowance.room(day)).collect();
            let left = |&day: &u64| [0, 0, 0, 1, 2][day as usize];
            assert_eq!(rooms, asked_on.iter().map(left).collect::<Vec<u128>>());
        }
    }
}
