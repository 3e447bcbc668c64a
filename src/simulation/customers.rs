use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::recorder::ServiceRecord;
use super::world::World;
use crate::demand::{Pace, UserPrice, Users};
use crate::kernel::LatencyHistogram;
use crate::payments::Ledger;
use crate::treasury::Prices;
use crate::units::{COIN, Decimal, PostedPrice, Price, SECONDS_PER_HOUR, SimTime, Wei};

/// Days over which revenue is compared with spend.
const TRAILING_DAYS: usize = 7;
/// A gateway that covers its spend for so many days on end carries itself,
/// whatever comes later.
const PROVEN_DAYS: u32 = 30;
/// Prices worked out from means are whole multiples of 10^-6 wei.
const PRICE_STEPS: f64 = 1e6;

/// What the users of one gateway did in one replication. Only streams whose
/// users respond or pay count, except in `spend`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomerRecord {
    /// An index into the network's gateways.
    pub gateway: usize,
    /// Requests asked by users who do not pay.
    pub free: u64,
    /// Requests asked by users who pay.
    pub paying: u64,
    /// What they paid for the requests served.
    pub revenue: Wei,
    /// The same in USD at the prices of the days.
    pub revenue_usd: f64,
    /// What the gateway spent, on all of its streams.
    pub spend: Wei,
    /// What price and quality do to the request rate at the end, the mean over
    /// its streams weighted by their rates: 1 for nothing.
    pub rate_factor: f64,
    /// Days after which the revenue of the seven days before first covered
    /// their spend, and did so for 30 days more or until the horizon.
    pub carries_itself: Option<u32>,
}

/// The users of the streams that have some, and what they pay to their
/// gateways.
#[derive(Debug)]
pub(super) struct Customers<'w> {
    world: &'w World<'w>,
    groups: Vec<Option<Box<Group<'w>>>>,
    /// By gateway; none where no stream has such users.
    tills: Vec<Till>,
}

/// The users of one stream.
#[derive(Debug)]
struct Group<'w> {
    users: &'w Users,
    gateway: usize,
    service: usize,
    pace: Pace,
    requests_per_day: f64,
    /// USD an ETH at the start.
    opening_eth_usd: Decimal,
    price: Price,
    /// In the unit of [`dollars`].
    reference_price: Option<f64>,
    price_factor: f64,
    quality_factor: f64,
    reference: Option<Quality>,
    /// Service to them up to the last review.
    reviewed: Reviewed,
    /// Fees of the requests served since, and their billing units.
    fees: u128,
    units: u128,
    free: u64,
    paying: u64,
}

#[derive(Debug, Default)]
struct Reviewed {
    served: u64,
    failed: u64,
    /// Where latency matters to them.
    latency: Option<LatencyHistogram>,
}

#[derive(Clone, Copy, Debug)]
struct Quality {
    success_rate: f64,
    latency_ms: Option<f64>,
}

#[derive(Debug, Default)]
struct Till {
    has_customers: bool,
    today: Wei,
    revenue: Wei,
    revenue_usd: f64,
    spend: Wei,
    /// Revenue and spend of the last days.
    window: VecDeque<(i128, i128)>,
    covered_since: Option<u32>,
    carries_itself: Option<u32>,
}

impl<'w> Customers<'w> {
    pub(super) fn new(world: &'w World<'w>, eth_usd: Decimal) -> Customers<'w> {
        let scenario = world.scenario;
        let groups: Vec<_> = (0..world.streams.len())
            .map(|stream| Group::new(world, stream, eth_usd).map(Box::new))
            .collect();
        let mut tills = Vec::new();
        if groups.iter().any(Option::is_some) {
            tills.resize_with(scenario.network.gateways.len(), Till::default);
        }
        for group in groups.iter().flatten() {
            tills[group.gateway].has_customers = true;
        }
        Customers { world, groups, tills }
    }

    /// When the users of each stream review for the first time.
    pub(super) fn reviews(&self) -> impl Iterator<Item = (usize, SimTime)> {
        let reviews = self.groups.iter().enumerate();
        reviews.filter_map(|(stream, group)| Some((stream, group.as_ref()?.review_after())))
    }

    /// Whether the next request drawn for a stream is asked, and then whether
    /// it is paid for; `uniforms` are its draws.
    pub(super) fn asks(
        &mut self,
        stream: usize,
        now: SimTime,
        uniforms: impl FnOnce() -> [f64; 2],
    ) -> Option<bool> {
        let Some(group) = &mut self.groups[stream] else { return Some(false) };
        let [paying, asking] = uniforms();
        let pays = paying < group.users.paying.at(now.as_days());
        if asking * group.users.most >= group.factor(pays) {
            return None;
        }
        *if pays { &mut group.paying } else { &mut group.free } += group.pace.requests();
        Some(pays)
    }

    /// A request, or a part of a live stream, was served: the gateway paid
    /// `fee` for it.
    #[inline(always)]
    pub(super) fn billed(&mut self, stream: usize, pays: bool, fee: Wei, units: u64) {
        let Some(group) = &mut self.groups[stream] else { return };
        group.fees += fee.0;
        group.units += u128::from(units);
        if pays {
            let (fee, count) = (group.price.fee(units).0, u128::from(group.pace.requests()));
            let today = &mut self.tills[group.gateway].today.0;
            *today = today.saturating_add(fee.saturating_mul(count)).min(MOST_A_DAY.0);
        }
    }

    /// The users of a stream look at price and quality; returns after how long
    /// they do so again.
    pub(super) fn review(
        &mut self,
        stream: usize,
        service: &[ServiceRecord],
        eth_usd: Decimal,
    ) -> Option<SimTime> {
        let group = self.groups[stream].as_mut()?;
        group.review_price(eth_usd);
        group.review_quality(&service[group.service]);
        Some(group.review_after())
    }

    /// Books the day's revenue into the deposits, and compares it with the
    /// spend. Returns the gateways that got some.
    pub(super) fn close_day(
        &mut self,
        now: SimTime,
        spend_by_stream: &[Wei],
        prices: Prices,
        ledger: &mut Ledger,
    ) -> Vec<usize> {
        if self.tills.is_empty() {
            return Vec::new();
        }
        let mut spend = vec![Wei::ZERO; self.tills.len()];
        for (stream, spent) in self.world.scenario.demand.iter().zip(spend_by_stream) {
            spend[stream.gateway].0 += spent.0;
        }
        let day = libm::ceil(now.as_days()) as u32;
        let mut paid = Vec::new();
        for (gateway, (till, spend)) in self.tills.iter_mut().zip(spend).enumerate() {
            let revenue = till.close_day(day, spend, prices);
            if revenue > Wei::ZERO {
                ledger.receive(revenue, gateway);
                paid.push(gateway);
            }
        }
        paid
    }

    /// What they did in all; `outlasted` where the credits did.
    pub(super) fn records(self, end: SimTime, outlasted: bool) -> Vec<CustomerRecord> {
        let record = |(gateway, till): (usize, &Till)| {
            let groups = || self.groups.iter().flatten().filter(|group| group.gateway == gateway);
            let rate: f64 = groups().map(|group| group.requests_per_day).sum();
            let answered = groups().map(|group| group.requests_per_day * group.mean_factor(end));
            CustomerRecord {
                gateway,
                free: groups().map(|group| group.free).sum(),
                paying: groups().map(|group| group.paying).sum(),
                revenue: till.revenue,
                revenue_usd: till.revenue_usd,
                spend: till.spend,
                rate_factor: answered.sum::<f64>() / rate,
                carries_itself: till.carries_itself.or(till.covered_since.filter(|_| outlasted)),
            }
        };
        let tills = self.tills.iter().enumerate();
        tills.filter(|(_, till)| till.has_customers).map(record).collect()
    }
}

/// What the users of a gateway pay in at most on a day, as much as credits can be: ten
/// thousand times all ETH there is.
const MOST_A_DAY: Wei = Wei(1_000_000_000_000 * COIN);

impl<'w> Group<'w> {
    fn new(world: &'w World<'w>, stream: usize, eth_usd: Decimal) -> Option<Group<'w>> {
        let demand = &world.scenario.demand[stream];
        let users = demand.users.as_ref()?;
        let plan = &world.streams[stream];
        let price = match users.price {
            UserPrice::Posted(posted) => posted.at(eth_usd).unwrap_or(Price::MOST),
            UserPrice::Markup(markup) => {
                let mean = world.markets[plan.market].market.mean_quote();
                in_steps(markup * mean).unwrap_or(Price::MOST)
            }
        };
        let reference_price = match users.reference() {
            // What the gateway pays is not known before it has paid.
            UserPrice::Markup(_) => None,
            UserPrice::Posted(posted) => Some(posted_dollars(posted, eth_usd)),
        };
        let mut group = Group {
            users,
            gateway: demand.gateway,
            service: plan.service,
            pace: plan.pace,
            requests_per_day: demand.requests_per_day(),
            opening_eth_usd: eth_usd,
            price,
            reference_price,
            price_factor: 1.0,
            quality_factor: 1.0,
            reference: None,
            reviewed: Reviewed::default(),
            fees: 0,
            units: 0,
            free: 0,
            paying: 0,
        };
        group.price_factor = group.asked_by_price(eth_usd);
        Some(group)
    }

    fn review_after(&self) -> SimTime {
        SimTime::from_secs(self.users.review_hours * SECONDS_PER_HOUR as f64)
    }

    fn factor(&self, pays: bool) -> f64 {
        if pays { self.price_factor * self.quality_factor } else { self.quality_factor }
    }

    fn mean_factor(&self, now: SimTime) -> f64 {
        let paying = self.users.paying.at(now.as_days());
        let most = self.users.most;
        paying * self.factor(true).min(most) + (1.0 - paying) * self.factor(false).min(most)
    }

    /// The factor that the present price asks for.
    fn asked_by_price(&self, eth_usd: Decimal) -> f64 {
        let Some(reference) = self.reference_price else { return 1.0 };
        let amounts =
            |posted| [self.opening_eth_usd, eth_usd].map(|rate| posted_dollars(posted, rate));
        let price = dollars(self.price, eth_usd);
        self.users.curve.factor(price, reference, amounts).min(self.users.most)
    }

    fn review_price(&mut self, eth_usd: Decimal) {
        let (fees, units) = (std::mem::take(&mut self.fees), std::mem::take(&mut self.units));
        let in_force = |price: UserPrice| match price {
            UserPrice::Posted(posted) => posted.at(eth_usd).ok(),
            UserPrice::Markup(markup) if units > 0 => {
                in_steps(markup * (fees as f64 / units as f64))
            }
            UserPrice::Markup(_) => None,
        };
        if let Some(price) = in_force(self.users.price) {
            self.price = price;
        }
        if self.reference_price.is_none() {
            let reference = in_force(self.users.reference());
            self.reference_price = reference.map(|price| dollars(price, eth_usd));
        }
        let target = self.asked_by_price(eth_usd);
        self.price_factor += self.users.adjustment * (target - self.price_factor);
    }

    /// Where no request ended since the last review, nothing is learnt.
    fn review_quality(&mut self, record: &ServiceRecord) {
        let failed: u64 = record.failed.iter().sum();
        let served_since = record.served - self.reviewed.served;
        let ended_since = served_since + failed - self.reviewed.failed;
        if ended_since == 0 {
            return;
        }
        let minds_latency = self.users.latency_exponent != 0.0;
        let latency = minds_latency.then(|| match &self.reviewed.latency {
            Some(earlier) => record.latency.since(earlier),
            None => record.latency.clone(),
        });
        let quality = Quality {
            success_rate: served_since as f64 / ended_since as f64,
            latency_ms: latency.and_then(|latency| latency.quantile(0.5)),
        };
        self.reviewed = Reviewed {
            served: record.served,
            failed,
            latency: minds_latency.then(|| record.latency.clone()),
        };
        if self.reference.is_none() && served_since > 0 {
            self.reference = Some(quality);
        }
        let Some(reference) = self.reference else { return };
        let latency = match (quality.latency_ms, reference.latency_ms) {
            (Some(now), Some(reference)) => now / reference,
            _ => 1.0,
        };
        let success = quality.success_rate / reference.success_rate;
        let target = self.users.quality_factor(success, latency);
        self.quality_factor += self.users.adjustment * (target - self.quality_factor);
    }
}

impl Till {
    /// Closes day number `day`, by the end of which the gateway had spent
    /// `spend`; returns the day's revenue.
    fn close_day(&mut self, day: u32, spend: Wei, prices: Prices) -> Wei {
        let revenue = std::mem::take(&mut self.today);
        self.revenue.0 += revenue.0;
        self.revenue_usd += prices.eth_in_usd(revenue.to_coins());
        self.window.push_back((revenue.0 as i128, spend.0 as i128 - self.spend.0 as i128));
        self.spend = spend;
        if self.window.len() > TRAILING_DAYS {
            self.window.pop_front();
        }
        let earned: i128 = self.window.iter().map(|(revenue, _)| revenue).sum();
        let spent: i128 = self.window.iter().map(|(_, spend)| spend).sum();
        if self.window.len() < TRAILING_DAYS || earned == 0 || earned < spent {
            self.covered_since = None;
        } else if day >= *self.covered_since.get_or_insert(day) + PROVEN_DAYS {
            self.carries_itself = self.carries_itself.or(self.covered_since);
        }
        revenue
    }
}

/// A price of so many wei a unit; `None` where it is too large.
fn in_steps(wei: f64) -> Option<Price> {
    Price::new(libm::round(wei * PRICE_STEPS) as u128, PRICE_STEPS as u128).ok()
}

/// A price in USD, up to a constant factor: only quotients of it matter.
fn dollars(price: Price, eth_usd: Decimal) -> f64 {
    price.to_f64() * eth_usd.to_f64()
}

fn posted_dollars(posted: PostedPrice, eth_usd: Decimal) -> f64 {
    dollars(posted.at(eth_usd).unwrap_or(Price::MOST), eth_usd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load, preset};

    #[test]
    fn quality_is_that_of_the_interval_over_that_of_the_first() {
        let source = Source {
            name: String::new(),
            text: preset("top-up-gateway").unwrap().into(),
            directory: None,
        };
        let changes = ["success_exponent=1", "latency_exponent=-1", "adjustment=1"]
            .map(|change| format!("demand.streams.users.{change}"));
        let scenario = load(&source, &changes).unwrap();
        let world = World::new(&scenario);
        let eth_usd = scenario.credits.eth_usd;
        let mut customers = Customers::new(&world, eth_usd);
        let mut service = vec![ServiceRecord::default(); world.service_keys.len()];
        // Requests served, the seconds each took, those failed; the factor then.
        let intervals = [
            (0, 0, 0, 1.0),
            (100, 1, 0, 1.0),
            (100, 2, 100, 0.25),
            (0, 0, 0, 0.25),
            (0, 0, 100, 0.0),
            (100, 1, 0, 1.0),
        ];
        for (served, seconds, failed, factor) in intervals {
            let record = &mut service[world.streams[0].service];
            record.served += served;
            record.failed[0] += failed;
            (0..served).for_each(|_| record.latency.record(seconds * 1_000_000_000));
            customers.review(0, &service, eth_usd);
            let group = customers.groups[0].as_ref().unwrap();
            let seen = group.factor(false);
            assert!((seen - factor).abs() <= 0.01 * factor, "{seen} for {factor}");
        }
    }
}
