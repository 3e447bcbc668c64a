use serde::{Deserialize, Serialize};

use super::periods;
use crate::payments::Ledger;
use crate::simulation::{
    CustomerRecord, FeeParts, Outages, Redemptions, ReplicationResult, ResponseRecord, Sampling,
    ServiceRecord, SteeringRecord, World,
};
use crate::treasury::Prices;
use crate::units::{Lpt, SECONDS_PER_DAY, Wei};

/// What is kept of one replication: all that reports and comparisons read, and
/// what a shard hands on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Number of the replication.
    pub replication: u64,
    /// Its control variates, each with mean 0; none where there is no call for
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<f64>,
    /// Days until the credits ran out, or the horizon where they did not.
    pub runway_days: f64,
    /// Whether the credits outlived the horizon.
    pub is_censored: bool,
    /// Spend of each day by pipeline, day after day, in ETH.
    pub daily_spend_eth: Vec<f64>,
    /// Spend of each calendar month by gateway, pipeline and users' region: month
    /// after month, each in the order of [`World::service_keys`].
    pub spend_by_month: Vec<Wei>,
    /// What was left of the credits at the end of each day, in ETH; without what
    /// other projects will draw.
    pub daily_balance_eth: Vec<f64>,
    /// Token prices at the end of each day.
    pub daily_prices: Vec<Prices>,
    /// LPT left in the Safe at the end that no drawing to come asks for.
    pub for_sale: Lpt,
    /// Spend by demand stream.
    pub spend_by_stream: Vec<Wei>,
    /// Fees by orchestrator.
    pub fees: Vec<Wei>,
    /// Requests served by each orchestrator.
    pub served_by: Vec<u64>,
    /// Service to all users.
    pub service: Service,
    /// Service to the users of each region, in the scenario's order.
    pub service_by_region: Vec<Service>,
    /// What fees were made of.
    pub fee_parts: FeeParts,
    /// The books at the end.
    pub books: Ledger,
    /// What became of winning tickets, by the gas price they were won at.
    pub redemptions: Vec<Redemptions>,
    /// Gateways without funds.
    pub outages: Outages,
    /// What became of steered requests and test prompts, by region.
    pub steering: Vec<SteeringRecord>,
    /// What users did and paid, by gateway.
    pub customers: Vec<CustomerRecord>,
    /// The end of those orchestrators that respond, offer by offer.
    pub responses: Vec<ResponseRecord>,
    /// Set where requests stand for others too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
}

/// How well users were served.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Requests served.
    pub served: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Median and 95 % latency of the served, in milliseconds.
    pub latency_ms: Option<[f64; 2]>,
}

impl Service {
    fn of<'a>(records: impl Iterator<Item = &'a ServiceRecord>) -> Service {
        let mut all = ServiceRecord::default();
        records.for_each(|record| all.merge(record));
        let quantile = |share| all.latency.quantile(share);
        Service {
            served: all.served,
            failed: all.failed.iter().sum(),
            latency_ms: quantile(0.5).zip(quantile(0.95)).map(<[f64; 2]>::from),
        }
    }

    /// Requests served over requests served and failed, 0 to 1; `None` where
    /// none ended.
    pub fn success_rate(&self) -> Option<f64> {
        let ended = self.served + self.failed;
        (ended > 0).then(|| self.served as f64 / ended as f64)
    }
}

impl Sample {
    /// What is kept of replication number `replication`, whose service was this.
    pub(super) fn new(
        world: &World,
        replication: u64,
        result: ReplicationResult,
        by_key: &[ServiceRecord],
        controls: Vec<f64>,
    ) -> Sample {
        let of_users_in = |region: usize| {
            let records = world.service_keys.iter().zip(by_key);
            Service::of(records.filter(|(key, _)| key.region == region).map(|(_, record)| record))
        };
        let in_coins = |amounts: &[Wei]| amounts.iter().map(|wei| wei.to_coins()).collect();
        let horizon = f64::from(world.scenario.horizon_days);
        Sample {
            replication,
            controls,
            runway_days: result.depleted.map_or(horizon, |time| time.as_days()),
            is_censored: result.depleted.is_none(),
            spend_by_month: periods::by_month(world, &result),
            daily_spend_eth: in_coins(&result.daily_spend),
            daily_balance_eth: in_coins(&result.daily_balance),
            daily_prices: result.daily_prices,
            for_sale: result.for_sale,
            service: Service::of(by_key.iter()),
            service_by_region: (0..world.scenario.network.regions.len()).map(of_users_in).collect(),
            spend_by_stream: result.spend_by_stream,
            fees: result.fees,
            served_by: result.served_by,
            fee_parts: result.fee_parts,
            books: result.books,
            redemptions: result.redemptions,
            outages: result.outages,
            steering: result.steering,
            customers: result.customers,
            responses: result.responses,
            sampling: result.sampling,
        }
    }

    /// Whether the credits ran out, before a deadline after so many days.
    pub(super) fn ran_out(&self, deadline_days: f64) -> bool {
        !self.is_censored && self.runway_days < deadline_days
    }

    /// Everything spent until the credits ran out or the horizon.
    pub fn spend(&self) -> Wei {
        self.spend_by_stream.iter().copied().sum()
    }

    /// What users paid.
    pub fn revenue(&self) -> Wei {
        self.customers.iter().map(|record| record.revenue).sum()
    }

    /// Spend of a day, all pipelines, in ETH; 0 of days not simulated.
    pub fn spent_on(&self, day: usize, pipelines: usize) -> f64 {
        self.daily_spend_eth.iter().skip(day * pipelines).take(pipelines).sum()
    }

    /// Token prices of a day; the last known of days not simulated.
    pub fn prices_on(&self, day: usize) -> Option<Prices> {
        self.daily_prices.get(day).or(self.daily_prices.last()).copied()
    }

    /// All spend, each day's by `convert` at its prices.
    pub fn spent_at_day_prices(&self, convert: fn(Prices, f64) -> f64) -> f64 {
        let pipelines = self.daily_spend_eth.len() / self.daily_prices.len().max(1);
        let spent =
            |(day, prices): (usize, &Prices)| convert(*prices, self.spent_on(day, pipelines));
        self.daily_prices.iter().enumerate().map(spent).sum()
    }

    /// What was left at the end, in ETH, by `convert` at the last prices.
    pub fn left(&self, convert: fn(Prices, f64) -> f64) -> f64 {
        let left = self.daily_balance_eth.last().zip(self.daily_prices.last());
        left.map_or(0.0, |(eth, prices)| convert(*prices, *eth))
    }

    /// LPT left in the Safe at the end for drawings to come.
    pub fn set_aside(&self) -> Lpt {
        self.books.safe().on_hand.checked_sub(self.for_sale).unwrap_or(Lpt::ZERO)
    }

    /// What was left as LPT for sale, in ETH at the last prices.
    pub fn left_unsold(&self) -> f64 {
        let unsold = |prices: &Prices| prices.to_wei(self.for_sale).to_coins();
        self.daily_prices.last().map_or(0.0, unsold)
    }

    /// What went back at the deadline, LPT and ETH, in ETH, by `convert` at the
    /// last prices.
    pub fn returned(&self, convert: fn(Prices, f64) -> f64) -> f64 {
        let worth = |prices: &Prices| {
            let lpt = prices.to_wei(self.books.safe().returned);
            convert(*prices, Wei(lpt.0 + self.books.returned().0).to_coins())
        };
        self.daily_prices.last().map_or(0.0, worth)
    }

    /// Share of the time of all gateways in which one was without funds, 0 to 1.
    pub fn outage_share(&self, gateways: usize) -> f64 {
        let days = self.runway_days * gateways as f64;
        if days > 0.0 { self.outages.seconds / SECONDS_PER_DAY as f64 / days } else { 0.0 }
    }

    /// What each orchestrator earned, in ETH.
    pub fn fees_eth(&self) -> impl Iterator<Item = f64> {
        self.fees.iter().map(|fee| fee.to_coins())
    }

    /// Share of all fees that the chosen orchestrators earned, 0 to 1; `None`
    /// where nobody earned any.
    pub fn fee_share(&self, chosen: impl Fn(usize) -> bool) -> Option<f64> {
        let coins = |(_, fee): (usize, &Wei)| fee.to_coins();
        let total: f64 = self.fees.iter().enumerate().map(coins).sum();
        let part: f64 = self.fees.iter().enumerate().filter(|&(o, _)| chosen(o)).map(coins).sum();
        share_of(part, total)
    }
}

/// The share of a part; `None` where there is nothing to share.
pub(super) fn share_of(part: f64, total: f64) -> Option<f64> {
    (total > 0.0).then(|| part / total)
}
