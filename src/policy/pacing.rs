use super::Allowance;
use crate::units::{Amount, Currency, Decimal, SimTime, Wei};

/// Limits on requests and spend; what is above one is refused. The default has
/// none. Days begin at 00:00 UTC, weeks on Monday at 00:00 UTC.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pacing {
    /// Requests a day.
    pub request_limits: Vec<RequestLimit>,
    /// Requests a day of each developer.
    pub developers: Option<DeveloperLimit>,
    /// Spend a day or week.
    pub spend_ceilings: Vec<SpendCeiling>,
}

/// The requests a [`RequestLimit`] or a [`SpendCeiling`] counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// Those to one gateway, an index into the network's.
    pub gateway: Option<usize>,
    /// Those of one demand stream, by its id.
    pub stream: Option<String>,
}

impl Scope {
    fn counts(&self, &(gateway, id): &(usize, &str)) -> bool {
        self.gateway.is_none_or(|only| only == gateway)
            && self.stream.as_ref().is_none_or(|only| only == id)
    }
}

/// So many requests are let in a day, by their arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestLimit {
    /// Which requests count together.
    pub scope: Scope,
    /// How many a day.
    pub per_day: u64,
}

/// The requests of each demand stream come from some developers, each of whom
/// may make so many a day. Developer k makes a share of them in proportion to
/// `1 / k^zipf_exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeveloperLimit {
    /// Developers of each stream.
    pub per_stream: u32,
    /// 0 is all alike.
    pub zipf_exponent: f64,
    /// Requests a day of each.
    pub requests_per_day: u64,
}

/// The expected value of the tickets sent in a day or week stays at or below an
/// amount. A running live stream ends where its next payment would not.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendCeiling {
    /// On which requests.
    pub scope: Scope,
    /// The amount.
    pub amount: Ceiling,
    /// What for.
    pub period: Period,
}

/// An amount of a ceiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ceiling {
    /// In ETH.
    Eth(Wei),
    /// In USD, at the rate of the hour.
    Usd(Decimal),
}

impl Ceiling {
    /// The amount in ETH at `eth_usd` dollars an ETH; all there could be where that is
    /// more than can be held.
    pub fn at(self, eth_usd: Decimal) -> Wei {
        match self {
            Ceiling::Eth(wei) => wei,
            Ceiling::Usd(usd) => Wei::from_usd(usd, eth_usd).unwrap_or(Wei(u128::MAX)),
        }
    }

    /// As a scenario writes it.
    pub fn amount(self) -> Amount {
        match self {
            Ceiling::Eth(wei) => {
                Amount { value: Decimal { mantissa: wei.0, scale: 0 }, currency: Currency::Wei }
            }
            Ceiling::Usd(value) => Amount { value, currency: Currency::Usd },
        }
    }
}

/// After what time a ceiling starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A day.
    Day,
    /// A week.
    Week,
}

impl Period {
    /// Every period with the name a scenario uses.
    pub const NAMES: [(&'static str, Period); 2] = [("day", Period::Day), ("week", Period::Week)];

    fn number(self, now: SimTime, start_weekday: u64) -> u64 {
        match self {
            Period::Day => now.day(),
            Period::Week => (now.day() + start_weekday) / 7,
        }
    }
}

/// Counts requests and spend against the limits of [`Pacing`]. Times must not
/// decrease from call to call.
#[derive(Clone, Debug)]
pub struct Pacer {
    /// Days from Monday to the first day.
    start_weekday: u64,
    limits_requests: bool,
    today: u64,
    /// Of requests.
    limits: Vec<Allowance>,
    /// For each stream the limits that count it.
    limits_of: Vec<Vec<usize>>,
    developers: Option<Developers>,
    ceilings: Vec<CeilingCount>,
    /// For each stream the ceilings that count it.
    ceilings_of: Vec<Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Developers {
    requests_per_day: u64,
    /// Cumulative shares of the developers of a stream.
    cumulative: Vec<f64>,
    /// For each stream the place of its developers among `today`.
    first: Vec<usize>,
    /// Requests of each developer today.
    today: Vec<u64>,
}

#[derive(Clone, Debug)]
struct CeilingCount {
    amount: Ceiling,
    period: Period,
    /// In wei.
    allowance: Allowance,
    /// Pledged, in wei.
    pledged: u128,
}

impl Pacer {
    /// Counts that stand at nothing, for streams given by gateway and id;
    /// streams of the same id are one. `start_weekday` is 0 where the first day
    /// is a Monday.
    pub fn new(
        pacing: &Pacing,
        streams: &[(usize, &str)],
        start_weekday: u64,
        eth_usd: Decimal,
    ) -> Pacer {
        let (limits, ceilings) = (&pacing.request_limits, &pacing.spend_ceilings);
        let counting = |scopes: Vec<&Scope>| -> Vec<Vec<usize>> {
            let of = |stream| (0..scopes.len()).filter(|&i| scopes[i].counts(stream)).collect();
            streams.iter().map(of).collect()
        };
        let count = |&SpendCeiling { amount, period, .. }: &SpendCeiling| CeilingCount {
            amount,
            period,
            allowance: Allowance::new(amount.at(eth_usd).0),
            pledged: 0,
        };
        Pacer {
            start_weekday,
            limits_requests: !limits.is_empty() || pacing.developers.is_some(),
            today: 0,
            limits: limits.iter().map(|limit| Allowance::new(limit.per_day.into())).collect(),
            limits_of: counting(limits.iter().map(|limit| &limit.scope).collect()),
            developers: pacing.developers.map(|limit| Developers::new(limit, streams)),
            ceilings: ceilings.iter().map(count).collect(),
            ceilings_of: counting(ceilings.iter().map(|ceiling| &ceiling.scope).collect()),
        }
    }

    /// Whether `requests` of a stream are let in, which come together; they are
    /// counted then. What exceeds the limit of a day by them counts for the days after.
    /// `draw`, in (0, 1), says whose of the stream's developers they are.
    pub fn admits(
        &mut self,
        stream: usize,
        requests: u64,
        now: SimTime,
        draw: impl FnOnce() -> f64,
    ) -> bool {
        if !self.limits_requests {
            return true;
        }
        let today = now.day();
        if today > self.today {
            self.today = today;
            if let Some(developers) = &mut self.developers {
                developers.today.fill(0);
            }
        }
        let limits = &self.limits_of[stream];
        if limits.iter().any(|&limit| self.limits[limit].room(today) == 0) {
            return false;
        }
        if let Some(developers) = &mut self.developers
            && !developers.admits(stream, draw())
        {
            return false;
        }
        limits.iter().for_each(|&limit| self.limits[limit].note(today, 1, requests));
        true
    }

    /// Whether so much more may be spent on a stream.
    #[inline(always)]
    pub fn may_spend(&mut self, stream: usize, amount: Wei, now: SimTime) -> bool {
        self.ceilings.is_empty() || self.room(stream, now).is_none_or(|room| amount <= room)
    }

    /// What may still be spent on a stream; `None` where nothing limits it.
    pub fn room(&mut self, stream: usize, now: SimTime) -> Option<Wei> {
        let room = |&number: &usize| {
            let count = &mut self.ceilings[number];
            let room = count.allowance.room(count.period.number(now, self.start_weekday));
            Wei(room.saturating_sub(count.pledged))
        };
        self.ceilings_of[stream].iter().map(room).min()
    }

    /// Keeps what is about to be spent on a stream from being spent on others.
    pub fn pledge(&mut self, stream: usize, amount: Wei) {
        for &number in &self.ceilings_of[stream] {
            self.ceilings[number].pledged += amount.0;
        }
    }

    /// Takes a pledge back: the amount is spent now, or will not be.
    pub fn take_back(&mut self, stream: usize, amount: Wei) {
        for &number in &self.ceilings_of[stream] {
            self.ceilings[number].pledged -= amount.0;
        }
    }

    /// Counts what was spent on requests of a stream that came together, the same on
    /// each. What a ceiling would have kept from those after the first counts
    /// for the periods after.
    #[inline(always)]
    pub fn note_spend(&mut self, stream: usize, now: SimTime, each: Wei, requests: u64) {
        if !self.ceilings.is_empty() {
            self.count_spend(stream, now, each, requests);
        }
    }

    fn count_spend(&mut self, stream: usize, now: SimTime, each: Wei, requests: u64) {
        for &number in &self.ceilings_of[stream] {
            let count = &mut self.ceilings[number];
            let period = count.period.number(now, self.start_weekday);
            count.allowance.note(period, each.0, requests);
        }
    }

    /// Turns ceilings in USD into ETH at a new rate.
    pub fn read_feed(&mut self, eth_usd: Decimal) {
        for count in &mut self.ceilings {
            count.allowance.limit = count.amount.at(eth_usd).0;
        }
    }
}

impl Developers {
    fn new(limit: DeveloperLimit, streams: &[(usize, &str)]) -> Developers {
        let weight = |k: u32| libm::pow(f64::from(k), -limit.zipf_exponent);
        let total: f64 = (1..=limit.per_stream).map(weight).sum();
        let mut sum = 0.0;
        let cumulative: Vec<f64> = (1..=limit.per_stream)
            .map(|k| {
                sum += weight(k) / total;
                sum
            })
            .collect();
        let mut ids: Vec<&str> = Vec::new();
        let first = streams
            .iter()
            .map(|&(_, id)| {
                let place = ids.iter().position(|&known| known == id).unwrap_or_else(|| {
                    ids.push(id);
                    ids.len() - 1
                });
                place * cumulative.len()
            })
            .collect();
        let today = vec![0; ids.len() * cumulative.len()];
        Developers { requests_per_day: limit.requests_per_day, cumulative, first, today }
    }

    fn admits(&mut self, stream: usize, draw: f64) -> bool {
        let last = self.cumulative.len() - 1;
        let developer = self.cumulative.partition_point(|&sum| sum < draw).min(last);
        let count = &mut self.today[self.first[stream] + developer];
        let is_in = *count < self.requests_per_day;
        *count += u64::from(is_in);
        is_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::COIN;

    const ONE_USD: Decimal = Decimal::ONE;

    #[test]
    fn weekly_ceilings_start_anew_on_monday() {
        // The first day is a Saturday: Monday is day 2.
        let week = SpendCeiling {
            scope: Scope { gateway: Some(1), stream: None },
            amount: Ceiling::Usd(Decimal { mantissa: 10, scale: 0 }),
            period: Period::Week,
        };
        let pacing = Pacing { spend_ceilings: vec![week], ..Pacing::default() };
        let mut pacer = Pacer::new(&pacing, &[(0, "b"), (1, "a")], 5, ONE_USD);
        let eth = |coins: u128| Wei(coins * COIN);
        pacer.note_spend(1, SimTime::ZERO, eth(6), 1);
        pacer.note_spend(0, SimTime::ZERO, eth(60), 1);
        let rooms: Vec<Option<Wei>> =
            (0..3).map(|day| pacer.room(1, SimTime::from_days(day))).collect();
        assert_eq!(rooms, [Some(eth(4)), Some(eth(4)), Some(eth(10))]);
        assert_eq!(pacer.room(0, SimTime::from_days(3)), None);
        // Half the dollars an ETH: twice the ETH.
        pacer.read_feed(Decimal { mantissa: 5, scale: 1 });
        assert_eq!(pacer.room(1, SimTime::from_days(3)), Some(eth(20)));
    }

    #[test]
    fn developers_share_requests_by_zipfs_law() {
        // Shares of three with exponent 1: 6/11, 3/11, 2/11. Two requests each.
        let limit = DeveloperLimit { per_stream: 3, zipf_exponent: 1.0, requests_per_day: 2 };
        let pacing = Pacing { developers: Some(limit), ..Pacing::default() };
        let mut pacer = Pacer::new(&pacing, &[(0, "a"), (1, "a"), (0, "b")], 0, ONE_USD);
        let mut admits = |stream, draw| pacer.admits(stream, 1, SimTime::ZERO, || draw);
        // Both parts of stream a have the same developers, stream b its own.
        let first = 5.9 / 11.0;
        assert_eq!([admits(0, first), admits(1, first), admits(0, first)], [true, true, false]);
        assert_eq!([admits(0, 6.1 / 11.0), admits(0, 9.1 / 11.0)], [true, true]);
        assert!(admits(2, first));
        assert!(pacer.admits(0, 1, SimTime::from_days(1), || first));
    }

    #[test]
    fn a_refused_request_does_not_use_up_another_limit() {
        let scope =
            |gateway, stream: Option<&str>| Scope { gateway, stream: stream.map(str::to_string) };
        let limits = vec![
            RequestLimit { scope: scope(None, Some("a")), per_day: 1 },
            RequestLimit { scope: scope(Some(0), None), per_day: 2 },
        ];
        let pacing = Pacing { request_limits: limits, ..Pacing::default() };
        let mut pacer = Pacer::new(&pacing, &[(0, "a"), (0, "b"), (1, "c")], 0, ONE_USD);
        let admitted: Vec<bool> = [0, 0, 1, 1, 2, 2]
            .into_iter()
            .map(|stream| pacer.admits(stream, 1, SimTime::ZERO, || 0.5))
            .collect();
        assert_eq!(admitted, [true, false, true, false, true, true]);
    }
}
