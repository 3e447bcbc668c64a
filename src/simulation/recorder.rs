use serde::{Deserialize, Serialize};

use super::world::StreamPlan;
use super::{CustomerRecord, ResponseRecord, SteeringRecord, World};
use crate::demand::Pace;
use crate::kernel::LatencyHistogram;
use crate::payments::Ledger;
use crate::treasury::Prices;
use crate::units::{Lpt, Price, SimTime, Wei};

/// Why a request was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody to ask.
    NoOrchestrator,
    /// The last orchestrator asked was at its capacity.
    Capacity,
    /// The last orchestrator asked failed.
    OrchestratorError,
    /// The request was malformed.
    BadRequest,
    /// A live stream ended before its user left.
    StreamLost,
    /// The gateway's limits or the orchestrator refused the payment.
    Payment,
    /// The gateway had no funds and waited for a top-up.
    NoFunds,
    /// The orchestrator had no ticket nonce left.
    Nonces,
    /// Above a limit of the policy.
    Limit,
}

impl Failure {
    /// How many there are.
    pub const COUNT: usize = 9;
}

/// Service to one [`ServiceKey`](super::ServiceKey).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Requests asked.
    pub asked: u64,
    /// Requests served.
    pub served: u64,
    /// Requests failed, by [`Failure`] in order of declaration.
    pub failed: [u64; Failure::COUNT],
    /// From the user's request to the answer (for a live stream, to its
    /// start).
    pub latency: LatencyHistogram,
}

impl ServiceRecord {
    /// Adds all of another record.
    pub fn merge(&mut self, other: &ServiceRecord) {
        self.asked += other.asked;
        self.served += other.served;
        for (count, more) in self.failed.iter_mut().zip(other.failed) {
            *count += more;
        }
        self.latency.merge(&other.latency);
    }
}

/// What one replication leaves.
#[derive(Clone, Debug)]
pub struct ReplicationResult {
    /// When a gateway first could not pay; `None` where the credits outlived
    /// the horizon.
    pub depleted: Option<SimTime>,
    /// Spend of each day by pipeline: day after day, each in the order of
    /// [`World::pipelines`]. Ends with the last day simulated.
    pub daily_spend: Vec<Wei>,
    /// The same by gateway, pipeline and users' region: day after day, each in
    /// the order of [`World::service_keys`].
    pub daily_spend_by_service: Vec<Wei>,
    /// What the credits were worth at the end of each day: LPT for sale at the
    /// day's last price, and what is free in deposits and reserves.
    pub daily_balance: Vec<Wei>,
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
    /// Service, in the order of [`World::service_keys`].
    pub service: Vec<ServiceRecord>,
    /// What fees were made of.
    pub fee_parts: FeeParts,
    /// The books at the end.
    pub books: Ledger,
    /// What became of winning tickets, by the gas price they were won at: in
    /// the order of [`PaymentSetup::gas_prices`](crate::payments::PaymentSetup).
    pub redemptions: Vec<Redemptions>,
    /// Gateways without funds.
    pub outages: Outages,
    /// What became of steered requests and test prompts, by region.
    pub steering: Vec<SteeringRecord>,
    /// What users did and paid, a record for each gateway that has some who
    /// respond or pay.
    pub customers: Vec<CustomerRecord>,
    /// The end of those orchestrators that respond, in the scenario's order,
    /// offer by offer.
    pub responses: Vec<ResponseRecord>,
    /// Set where requests stand for others too.
    pub sampling: Option<Sampling>,
    /// The same by demand stream; requests simulated one by one are not counted.
    pub sampled: Vec<Sampled>,
}

/// What the fees of served requests were made of, in wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeParts {
    /// Base price times units used.
    pub used: i128,
    /// Base price times units billed and not used.
    pub unused: i128,
    /// Price agreed above (or below) the base price.
    pub adjustment: i128,
}

/// What became of winning tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemptions {
    /// How many were redeemed.
    pub redeemed: u64,
    /// Their face values together.
    pub face_value: Wei,
    /// How many were not worth redeeming until it was too late.
    pub void: u64,
}

/// Requests of a demand stream that stand for others too, and what they paid, in ETH:
/// the expected value of tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sampled {
    /// How many.
    pub requests: u64,
    /// What they paid themselves.
    pub paid: f64,
    /// The squares of what each paid, together.
    pub squares: f64,
}

/// How far the requests simulated stand for others in one replication.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Requests simulated.
    pub simulated: u64,
    /// Requests they stand for, their own included.
    pub requests: u64,
    /// Standard error, in ETH, that this gives the spend, expected values of
    /// tickets: each request was taken with a probability of 1/k for its pace
    /// k, independently of the others (Horvitz and Thompson, JASA 47, 1952) but for
    /// those that come together (see [`Bursts::cluster`](crate::demand::Bursts)).
    pub spend_error_eth: f64,
    /// The largest that this gives the spend of one gateway, relative to it.
    pub gateway_error: f64,
}

impl Sampling {
    pub(super) fn new(world: &World, drawn: &[u64], recorder: &Recorder) -> Sampling {
        let paces = world.streams.iter().map(|plan| plan.pace.requests());
        let streams = || world.scenario.demand.iter().enumerate();
        let variance = |number: usize| {
            let pace = world.streams[number].pace.requests() as f64;
            let cluster = world.scenario.demand[number].arrivals.cluster();
            pace * (pace - 1.0) * recorder.sampled[number].squares * cluster * cluster
        };
        let of_gateway = |gateway: usize| {
            let own = || streams().filter(|(_, s)| s.gateway == gateway).map(|(number, _)| number);
            let spend: f64 = own().map(|number| recorder.spend_by_stream[number].to_coins()).sum();
            let error = libm::sqrt(own().map(variance).sum());
            if spend > 0.0 { error / spend } else { 0.0 }
        };
        Sampling {
            simulated: drawn.iter().sum(),
            requests: drawn.iter().zip(paces).map(|(drawn, pace)| drawn * pace).sum(),
            spend_error_eth: libm::sqrt(streams().map(|(number, _)| variance(number)).sum()),
            gateway_error: (0..world.scenario.network.gateways.len())
                .map(of_gateway)
                .fold(0.0, f64::max),
        }
    }
}

impl Sampled {
    pub(super) fn note(&mut self, paid: f64) {
        self.requests += 1;
        self.paid += paid;
        self.squares += paid * paid;
    }
}

/// Times in which a gateway refused requests for want of a top-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outages {
    /// How many.
    pub count: u64,
    /// Days after which the first began.
    pub first_day: Option<f64>,
    /// How long in all, in seconds.
    pub seconds: f64,
    /// Requests refused.
    pub refused: u64,
}

/// What a payment is for: a demand stream, its service key, and the day.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaidFor {
    stream: u32,
    /// Index into the daily spend by service.
    cell: u32,
}

/// Collects what happens during a replication.
#[derive(Debug)]
pub(super) struct Recorder {
    services: usize,
    today: usize,
    pub daily_spend_by_service: Vec<Wei>,
    pub daily_balance: Vec<Wei>,
    pub daily_prices: Vec<Prices>,
    pub spend_by_stream: Vec<Wei>,
    pub served_by: Vec<u64>,
    pub service: Vec<ServiceRecord>,
    pub fee_parts: FeeParts,
    pub redemptions: Vec<Redemptions>,
    pub sampled: Vec<Sampled>,
}

impl Recorder {
    pub(super) fn new(world: &World) -> Recorder {
        Recorder {
            services: world.service_keys.len(),
            today: 0,
            daily_spend_by_service: vec![Wei::ZERO; world.service_keys.len()],
            daily_balance: Vec::new(),
            daily_prices: Vec::new(),
            spend_by_stream: vec![Wei::ZERO; world.streams.len()],
            served_by: vec![0; world.scenario.network.orchestrators.len()],
            service: vec![ServiceRecord::default(); world.service_keys.len()],
            fee_parts: FeeParts::default(),
            redemptions: vec![
                Redemptions::default();
                world.scenario.payments.gas_prices.len().max(1)
            ],
            sampled: vec![Sampled::default(); world.streams.len()],
        }
    }

    /// What a payment of today is for.
    pub(super) fn paid_for(&self, stream: &StreamPlan) -> PaidFor {
        PaidFor { stream: stream.number as u32, cell: (self.today + stream.service) as u32 }
    }

    /// Opens the books of day number `day`.
    pub(super) fn enter_day(&mut self, day: u64) {
        self.today = day as usize * self.services;
        self.daily_spend_by_service.resize(self.today + self.services, Wei::ZERO);
    }

    #[inline(always)]
    pub(super) fn spend(&mut self, paid_for: PaidFor, amount: Wei) {
        self.daily_spend_by_service[paid_for.cell as usize].0 += amount.0;
        self.spend_by_stream[paid_for.stream as usize].0 += amount.0;
    }

    /// Notes what the fee of each of `pace` requests was made of, units billed and
    /// used. It was agreed when the request was submitted; the quote may have
    /// moved since.
    pub(super) fn note_fee(
        &mut self,
        pace: Pace,
        fee: Wei,
        base: Price,
        (billed, used): (u64, u64),
    ) {
        let [fee, base_fee, used_fee] =
            [fee, base.fee(billed), base.fee(used)].map(|fee| pace.all(fee).0 as i128);
        self.fee_parts.used += used_fee;
        self.fee_parts.unused += base_fee - used_fee;
        self.fee_parts.adjustment += fee - base_fee;
    }

    /// Undoes a part of [`Recorder::spend`].
    pub(super) fn take_back(&mut self, paid_for: PaidFor, amount: Wei) {
        self.daily_spend_by_service[paid_for.cell as usize].0 -= amount.0;
        self.spend_by_stream[paid_for.stream as usize].0 -= amount.0;
    }

    /// A ticket won under gas price number `gas_period` is redeemed.
    pub(super) fn redeemed(&mut self, gas_period: usize, face_value: Wei) {
        let redemptions = &mut self.redemptions[gas_period];
        redemptions.redeemed += 1;
        redemptions.face_value.0 += face_value.0;
    }

    /// So many never will be.
    pub(super) fn void(&mut self, gas_period: usize, tickets: u64) {
        self.redemptions[gas_period].void += tickets;
    }

    /// Closes the books of a day.
    pub(super) fn close_day(&mut self, balance: Wei, prices: Prices) {
        self.daily_balance.push(balance);
        self.daily_prices.push(prices);
    }

    /// Spend of each day by pipeline.
    pub(super) fn daily_spend(&self, world: &World) -> Vec<Wei> {
        let days = self.daily_spend_by_service.chunks(self.services.max(1));
        let mut daily = Vec::with_capacity(days.len() * world.pipelines.len());
        for day in days {
            let first = daily.len();
            daily.resize(first + world.pipelines.len(), Wei::ZERO);
            for (key, spent) in world.service_keys.iter().zip(day) {
                let pipeline = world.pipelines.partition_point(|other| *other < key.pipeline);
                daily[first + pipeline].0 += spent.0;
            }
        }
        daily
    }

    /// All spend so far.
    pub(super) fn total_spend(&self) -> Wei {
        self.spend_by_stream.iter().copied().sum()
    }
}
