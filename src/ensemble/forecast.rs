use jiff::civil::Date;

use super::ReductionSummary;
use crate::simulation::Mode;
use crate::units::{CalendarPeriod, Wei};

/// The share of their time without funds that makes outages of gateways long.
pub const LONG_OUTAGES: f64 = 0.01;

/// A mean over replications with its 95 % confidence interval. Where there is no
/// interval, as of a single replication, both of its ends are NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub lo: f64,
    /// Upper end of the interval.
    pub hi: f64,
}

/// A quantile of a possibly censored time with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// The quantile, in days; `None` where it lies beyond the horizon ("not
    /// reached").
    pub days: Option<f64>,
    /// Lower end of the interval.
    pub lo: Bound,
    /// Upper end of the interval.
    pub hi: Bound,
}

/// An end of the interval of a [`Quantile`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Bound {
    /// Below the shortest time, of so many days: there are too few to bound the
    /// quantile from below (fewer than 35 independent ones, for the tenth).
    BelowShortest(f64),
    /// So many days.
    Days(f64),
    /// Not known: a single replication shows no spread.
    Unknown,
    /// Above the longest time, of so many days: the horizon where some were
    /// going on then; otherwise there are too few to bound the quantile from above.
    AboveLongest(f64),
}

impl Bound {
    /// It in days, where it is known.
    pub fn days(self) -> Option<f64> {
        match self {
            Bound::Days(days) => Some(days),
            Bound::BelowShortest(_) | Bound::AboveLongest(_) | Bound::Unknown => None,
        }
    }
}

/// How long the credits last. Days are counted from the scenario's start; `p10`
/// is the time by which 10 % of the futures have run out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Runway {
    /// 10 % have run out.
    pub p10: Quantile,
    /// Half have run out.
    pub p50: Quantile,
    /// 90 % have run out.
    pub p90: Quantile,
    /// Mean runway in days; `None` where any replication is censored, since a
    /// mean would need the part that was not seen.
    pub mean: Option<Estimate>,
    /// Mean of the runway cut at the horizon (restricted mean survival time),
    /// in days. Where there are control variates both means are adjusted.
    pub restricted_mean: Estimate,
    /// Share of replications that outlive the horizon, 0 to 1.
    pub censored_share: f64,
}

/// How futures end before the horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Endings {
    /// What is left where the credits run out, since that is when one gateway, or the
    /// last, cannot pay, mean over those futures. `None` where there are none.
    pub left: Option<LeftOver>,
    /// Share of the futures that have credits at the deadline, where everything
    /// goes back, 0 to 1.
    pub deadline_share: f64,
}

/// The Kaplan-Meier estimate at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurvivalPoint {
    /// Days since the start.
    pub day: f64,
    /// Probability that the credits last at least this long, 0 to 1.
    pub share: f64,
    /// Lower end of the 95 % band (see [`KaplanMeier`](super::KaplanMeier)); in a
    /// forecast both ends are NaN of a single replication.
    pub lo: f64,
    /// Upper end of the band.
    pub hi: f64,
}

/// Quantiles over replications.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantiles {
    /// 5 %.
    pub p05: f64,
    /// 25 %.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// 75 %.
    pub p75: f64,
    /// 95 %.
    pub p95: f64,
}

/// What one pipeline cost on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PipelineDay {
    /// Mean over replications, in ETH.
    pub mean_eth: f64,
    /// Quantiles over replications, in ETH.
    pub eth: Quantiles,
}

/// One day of the burn-down over all replications. A replication whose credits
/// ran out counts with what it had left then, and a spend of 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DayRow {
    /// Day number, 0 is the first; the balance is the one at its end.
    pub day: u32,
    /// Credits left, in ETH; without what other projects will draw.
    pub balance_eth: Quantiles,
    /// The same in USD at the day's price.
    pub balance_usd: Quantiles,
    /// The same in LPT.
    pub balance_lpt: Quantiles,
    /// Spend of the day, all pipelines, in ETH.
    pub spend_eth: Quantiles,
    /// The same in USD at the day's price.
    pub spend_usd: Quantiles,
    /// The same in LPT.
    pub spend_lpt: Quantiles,
    /// Spend of the day by pipeline, in the order of
    /// [`SpendBreakdown::by_pipeline`].
    pub by_pipeline: Vec<PipelineDay>,
}

/// What a calendar month or quarter cost. A replication whose credits ran out
/// counts with 0 from then on.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodRow {
    /// The month or quarter.
    pub period: CalendarPeriod,
    /// The first day of it that was simulated.
    pub first: Date,
    /// How many were.
    pub days: u32,
    /// Mean spend over replications.
    pub mean: Wei,
    /// Quantiles of spend over replications, in ETH.
    pub eth: Quantiles,
    /// Mean spend at the prices of the days, in USD.
    pub mean_usd: f64,
    /// The same in LPT.
    pub mean_lpt: f64,
    /// The mean by gateway, pipeline and users' region, adding up to it to the
    /// wei.
    pub by_service: Vec<ServiceSpend>,
}

/// What users of one region spent at one gateway on one pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSpend {
    /// Id of the gateway.
    pub gateway: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Id of the users' region.
    pub region: String,
    /// Mean over replications.
    pub mean: Wei,
}

/// Where the credits went: means over replications, each list adding up to
/// `total` to the wei. Names are ids of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendBreakdown {
    /// Everything spent until the credits ran out or the horizon.
    pub total: Wei,
    /// 95 % interval of the mean total, in ETH.
    pub total_eth: Estimate,
    /// Median total, in ETH.
    pub median_eth: f64,
    /// By pipeline, only those in demand.
    pub by_pipeline: Vec<(String, Wei)>,
    /// By `pipeline/model`.
    pub by_model: Vec<(String, Wei)>,
    /// By gateway.
    pub by_gateway: Vec<(String, Wei)>,
    /// By the region of the users.
    pub by_region: Vec<(String, Wei)>,
}

/// Where the ETH that left the gateways went, mechanism by mechanism; means over
/// replications, in ETH, adding up to the spend.
#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall {
    /// The steps from "price x units used" to "ETH gone", in that order.
    pub steps: Vec<WaterfallStep>,
    /// ETH gone: the sum of the steps.
    pub total_eth: f64,
}

/// One mechanism of a [`Waterfall`].
#[derive(Clone, Debug, PartialEq)]
pub struct WaterfallStep {
    /// Its name in files: `units_used`, `units_unused`, `price_adjustment`,
    /// `credit_left`, `lost_failure`, `lost_payment_refused`,
    /// `lost_session_refresh`, `lost_expiry`, `lost_swap`,
    /// `lost_session_removed`, `lottery`.
    pub id: &'static str,
    /// It in words.
    pub label: &'static str,
    /// Mean and interval, in ETH; below 0 only for the lottery.
    pub eth: Estimate,
    /// Share of the total; `None` where nothing was spent.
    pub share: Option<f64>,
}

/// What became of winning tickets: those won at one gas price, or all. Means
/// over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct RedemptionRow {
    /// The gas price at which they were won, and the day from which on it held;
    /// `None` for all.
    pub gas_price: Option<(f64, Wei)>,
    /// For how many days of the run.
    pub days: f64,
    /// Redeemed.
    pub redeemed: Estimate,
    /// Not redeemed within their validity, because the gateway's funds or their
    /// face value did not cover the gas.
    pub void: Estimate,
    /// Mean face value of the redeemed, in ETH; `None` where there are none.
    pub face_value_eth: Option<f64>,
}

/// What became of the allocation; means over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct TreasurySummary {
    /// LPT allocated.
    pub allocated_lpt: f64,
    /// LPT sold.
    pub sold_lpt: Estimate,
    /// LPT drawn by other projects.
    pub drawn_lpt: Estimate,
    /// LPT left in the Safe at the end that other projects will draw.
    pub set_aside_lpt: Estimate,
    /// Other LPT left in the Safe at the end.
    pub unsold_lpt: Estimate,
    /// LPT returned to the treasury at the deadline.
    pub returned_lpt: Estimate,
    /// ETH that the sales brought, after fee, impact and gas.
    pub proceeds_eth: Estimate,
    /// ETH that users paid in.
    pub income_eth: Estimate,
    /// Pool fees of the sales, in ETH.
    pub swap_fee_eth: Estimate,
    /// Price impact of the sales, in ETH.
    pub swap_impact_eth: Estimate,
    /// Gas of the sales, in ETH.
    pub swap_gas_eth: Estimate,
    /// ETH spent, at the prices of the days it was spent on, in USD.
    pub spent_usd: Estimate,
    /// The same in LPT.
    pub spent_lpt: Estimate,
    /// ETH left in deposits and reserves at the end.
    pub left_eth: Estimate,
    /// ETH returned to the treasury at the deadline.
    pub returned_eth: Estimate,
    /// What all credits left at the end are worth at its prices, unsold LPT and
    /// what is left with the gateways: in ETH.
    pub credits_left_eth: Estimate,
    /// The same in USD.
    pub credits_left_usd: Estimate,
    /// The same in LPT.
    pub credits_left_lpt: Estimate,
    /// What goes back at the deadline is worth at its prices, LPT and ETH: in ETH.
    pub credits_returned_eth: Estimate,
    /// The same in USD.
    pub credits_returned_usd: Estimate,
    /// The same in LPT.
    pub credits_returned_lpt: Estimate,
    /// Conversions executed.
    pub conversions: f64,
    /// Hours in which the protocol mints the allocation.
    pub inflation_hours: f64,
    /// Hours in which a gateway refused requests for want of a top-up.
    pub outage_hours: Estimate,
    /// The same as a share of the time of all gateways, 0 to 1.
    pub outage_share: f64,
    /// Days after which the first of them begins, on average over the futures
    /// with any.
    pub first_outage_days: Option<f64>,
    /// Outages.
    pub outages: f64,
    /// Requests refused for want of funds.
    pub refused: f64,
}

/// What is left of credits, in ETH.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeftOver {
    /// In all.
    pub total: f64,
    /// As reserves.
    pub reserves: f64,
    /// As LPT in the Safe, at the last price.
    pub unsold: f64,
}

impl LeftOver {
    /// In deposits.
    pub fn deposits(&self) -> f64 {
        self.total - self.reserves - self.unsold
    }
}

impl TreasurySummary {
    /// Whether gateways are without funds for so long that how long the credits
    /// last says little of how long users are served.
    pub fn has_long_outages(&self) -> bool {
        self.outage_share > LONG_OUTAGES
    }
}

/// What one orchestrator earned.
#[derive(Clone, Debug, PartialEq)]
pub struct FeeRow {
    /// Its id.
    pub id: String,
    /// Id of its region.
    pub region: String,
    /// Mean fees over replications.
    pub fees: Wei,
    /// Its share of all fees (mean over replications, with interval), 0 to 1.
    pub share: Estimate,
    /// Requests it served, mean over replications.
    pub requests: f64,
    /// Its stake as a share of all stake in the scenario, 0 to 1.
    pub stake_share: f64,
}

/// What the orchestrators of one region earned.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionFees {
    /// Id of the region.
    pub id: String,
    /// Its name in reports.
    pub name: String,
    /// Orchestrators in it.
    pub orchestrators: usize,
    /// Mean fees over replications.
    pub fees: Wei,
    /// Its share of all fees, 0 to 1.
    pub share: Estimate,
}

/// What became of an offer of an orchestrator that responds.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseRow {
    /// Id of the orchestrator.
    pub orchestrator: String,
    /// Key of the model.
    pub model: String,
    /// Its base price at the start, in wei a unit, before the discount of the
    /// alpha group.
    pub opening_price: f64,
    /// The same at the end.
    pub price: Estimate,
    /// The share of futures in which it is there at the end, 0 to 1.
    pub present: Estimate,
    /// Its nodes at the end, a mean that counts none where it is not there.
    pub nodes: f64,
}

/// What became of the requests that were steered to a region; means over
/// replications.
#[derive(Clone, Debug, PartialEq)]
pub struct SteeringRow {
    /// Id of the region.
    pub region: String,
    /// Its name in reports.
    pub name: String,
    /// Requests steered there.
    pub steered: f64,
    /// Those that an orchestrator of the region served.
    pub reached: f64,
    /// Those for which the gateway knew nobody there.
    pub nobody_there: f64,
    /// The share of payments its orchestrators were to get, if any, 0 to 1.
    pub target: Option<f64>,
    /// The share of fees they got.
    pub fee_share: f64,
}

/// What the users of one gateway did and paid; means over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerRow {
    /// Id of the gateway.
    pub gateway: String,
    /// Requests asked by users who do not pay.
    pub free: f64,
    /// Requests asked by users who pay.
    pub paying: f64,
    /// What they paid, in ETH.
    pub revenue_eth: Estimate,
    /// The same in USD at the prices of the days.
    pub revenue_usd: f64,
    /// What the gateway spent, in ETH.
    pub spend_eth: Estimate,
    /// Revenue less spend, in ETH.
    pub net_eth: Estimate,
    /// What price and quality do to the request rate at the end.
    pub rate_factor: Estimate,
    /// Share of replications in which it comes to carry itself: its revenue of
    /// seven days covers their spend, and does so for 30 days more or until the
    /// horizon.
    pub carries_itself: Estimate,
    /// The median day of those on which it does; `None` where there are none.
    pub carries_itself_day: Option<f64>,
}

/// How concentrated fees are. Every orchestrator of the scenario counts, those
/// without fees too.
#[derive(Clone, Debug, PartialEq)]
pub struct Concentration {
    /// Gini coefficient, 0 (even) to 1.
    pub gini: Estimate,
    /// Herfindahl-Hirschman index of shares, 1/n to 1.
    pub hhi: Estimate,
    /// Fewest orchestrators that together earn more than half.
    pub nakamoto: Estimate,
    /// Share of the largest earner.
    pub top1: Estimate,
    /// Share of the four largest.
    pub top4: Estimate,
    /// Gini coefficient of stake, for comparison.
    pub stake_gini: f64,
    /// Points (share of orchestrators, share of fees) of the Lorenz curve of
    /// mean fees, from (0, 0) to (1, 1), poorest first.
    pub lorenz: Vec<(f64, f64)>,
    /// The same for stake.
    pub stake_lorenz: Vec<(f64, f64)>,
}

/// Requests that were not served, by reason; means over replications.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FailureCounts {
    /// Nobody to ask: no eligible orchestrator in the pools.
    pub no_orchestrator: f64,
    /// The last orchestrator asked was at its capacity.
    pub capacity: f64,
    /// The last orchestrator asked failed.
    pub orchestrator_error: f64,
    /// The request was malformed.
    pub bad_request: f64,
    /// A live stream ended before its user left ("too many swaps").
    pub stream_lost: f64,
    /// The gateway's limits or the orchestrator refused the payment.
    pub payment: f64,
    /// The gateway had no funds and waited for a top-up.
    pub no_funds: f64,
    /// Above a limit of the policy on requests or spend.
    pub limit: f64,
}

impl FailureCounts {
    /// Names and values in the order tables print them.
    pub fn named(&self) -> [(&'static str, f64); 8] {
        [
            ("no_orchestrator", self.no_orchestrator),
            ("capacity", self.capacity),
            ("orchestrator_error", self.orchestrator_error),
            ("bad_request", self.bad_request),
            ("stream_lost", self.stream_lost),
            ("payment", self.payment),
            ("no_funds", self.no_funds),
            ("limit", self.limit),
        ]
    }

    /// All of them.
    pub fn total(&self) -> f64 {
        self.named().iter().map(|(_, count)| count).sum()
    }
}

/// Quantiles of the time from a user's request to its answer (for a live
/// stream, to its start), in milliseconds; `None` where nothing was served.
/// Each within 1 % (histogram bins).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatencySummary {
    /// The median.
    pub p50_ms: Option<f64>,
    /// 95 %.
    pub p95_ms: Option<f64>,
    /// 99 %.
    pub p99_ms: Option<f64>,
}

/// Service to the users of one region through one gateway and pipeline; counts
/// are means over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRow {
    /// Id of the gateway; empty in the total.
    pub gateway: String,
    /// Name of the pipeline; empty in the total.
    pub pipeline: String,
    /// Id of the users' region; empty in the total.
    pub region: String,
    /// Requests asked.
    pub asked: f64,
    /// Requests served.
    pub served: f64,
    /// Requests that failed, by reason. Asked less served less failed were in
    /// flight when the replication ended.
    pub failed: FailureCounts,
    /// Latency of the served.
    pub latency: LatencySummary,
}

impl ServiceRow {
    /// Served over served and failed, 0 to 1; `None` where nothing ended.
    pub fn success_rate(&self) -> Option<f64> {
        let ended = self.served + self.failed.total();
        (ended > 0.0).then(|| self.served / ended)
    }

    /// Requests in flight when the replication ended.
    pub fn in_flight(&self) -> f64 {
        (self.asked - self.served - self.failed.total()).max(0.0)
    }
}

impl Forecast {
    /// Success rate of a pipeline's requests, 0 to 1; `None` where none ended.
    pub fn success_rate_of(&self, pipeline: &str) -> Option<f64> {
        let rows = || self.service_rows.iter().filter(|row| row.pipeline == pipeline);
        let ended: f64 = rows().map(|row| row.served + row.failed.total()).sum();
        (ended > 0.0).then(|| rows().map(|row| row.served).sum::<f64>() / ended)
    }
}

/// An objective of the scenario, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveResult {
    /// The name the scenario gives it.
    pub id: String,
    /// It in words: "credits last at least 90 days".
    pub text: String,
    /// Share of replications in which it held, of those that can be judged, with
    /// its Wilson interval.
    pub probability: Estimate,
    /// The share it needs.
    pub required: f64,
    /// Share of replications of which it cannot be said.
    pub unknown_share: f64,
    /// Whether it is attained.
    pub verdict: Verdict,
}

/// Whether an objective is attained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whatever those replications are of which it cannot be said.
    Met,
    /// The same.
    Missed,
    /// That depends on them.
    NotKnown,
}

impl Verdict {
    /// Of several objectives together: missed where one is, else not known where
    /// one is not.
    pub fn of_all(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
        verdicts.into_iter().fold(Verdict::Met, |all, verdict| match (all, verdict) {
            (Verdict::Missed, _) | (_, Verdict::Missed) => Verdict::Missed,
            (Verdict::NotKnown, _) | (_, Verdict::NotKnown) => Verdict::NotKnown,
            (Verdict::Met, Verdict::Met) => Verdict::Met,
        })
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::NotKnown => "not known",
        }
    }
}

/// Something a reader of the forecast should know before believing it.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// The name that suppresses it.
    pub id: &'static str,
    /// What was seen, why, and what to do.
    pub text: String,
}

/// How far requests stand for others; means over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// Share of the requests that were not simulated themselves, 0 to 1.
    pub share: f64,
    /// How many requests one simulated stands for, by `pipeline/model` of the
    /// models in demand.
    pub paces: Vec<(String, u64)>,
    /// Standard error that this gives the spend of a replication, relative to
    /// it.
    pub spend_error: f64,
    /// The same of the spend of the gateway where it is largest.
    pub gateway_error: f64,
    /// Hours by which the gateways' knowledge of orchestrators may be old at
    /// most, where in truth it is ten minutes.
    pub stale_hours: f64,
}

/// What an ensemble of replications says about a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// How requests were simulated.
    pub mode: Mode,
    /// How far they stand for others; `None` where all were simulated.
    pub aggregation: Option<Aggregation>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Replications run.
    pub replications: u32,
    /// Days after which a replication was censored.
    pub horizon_days: u32,
    /// How long the credits last.
    pub runway: Runway,
    /// What there is where a runway ends.
    pub endings: Endings,
    /// Kaplan-Meier curve, a point a day from day 0 to the horizon.
    pub survival: Vec<SurvivalPoint>,
    /// The runway of every replication in order of its number: days, and
    /// whether it was censored.
    pub runways: Vec<(f64, bool)>,
    /// The numbers of the replications, in order; some are missing where shards are.
    pub numbers: Vec<u64>,
    /// Day by day.
    pub days: Vec<DayRow>,
    /// By calendar month, then by quarter, each in order.
    pub periods: Vec<PeriodRow>,
    /// Where the credits went.
    pub spend: SpendBreakdown,
    /// The same by mechanism.
    pub waterfall: Waterfall,
    /// What became of winning tickets: all, then by gas price where it changed.
    /// Empty where none won.
    pub redemptions: Vec<RedemptionRow>,
    /// What became of the allocation.
    pub treasury: TreasurySummary,
    /// Who earned them, largest first.
    pub fees: Vec<FeeRow>,
    /// The same by region, in the scenario's order.
    pub region_fees: Vec<RegionFees>,
    /// What became of steered requests and test prompts, by region; only regions
    /// that some were steered to.
    pub steering: Vec<SteeringRow>,
    /// What users did and paid; only gateways with users who respond or pay.
    pub customers: Vec<CustomerRow>,
    /// What became of the offers of orchestrators that respond.
    pub responses: Vec<ResponseRow>,
    /// How concentrated.
    pub concentration: Concentration,
    /// All service in one row.
    pub service: ServiceRow,
    /// Service by gateway, pipeline and users' region.
    pub service_rows: Vec<ServiceRow>,
    /// Objectives of the scenario, judged.
    pub objectives: Vec<ObjectiveResult>,
    /// What variance reduction did; `None` without.
    pub reduction: Option<ReductionSummary>,
    /// What to know, suppressed ones left out.
    pub warnings: Vec<Warning>,
}
