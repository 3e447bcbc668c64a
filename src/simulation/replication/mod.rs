//! The event loop of one replication: [`request`] follows a request from its
//! arrival to its answer, [`live_stream`] a stream while it runs, [`upkeep`] what
//! happens around them.
//!
//! What every request passes through is marked `#[inline(always)]`, here and in the
//! rooms below: functions of one or two callers that are a little longer than what
//! the compiler inlines by itself. Calls of them were a seventh of a request's
//! instructions.

mod live_stream;
mod request;
mod upkeep;

pub(crate) use request::SIZE_DRAW;

use super::cashier::Cashier;
use super::customers::Customers;
use super::in_flight::Requests;
use super::price_board::PriceBoard;
use super::recorder::{Outages, Recorder, ReplicationResult, Sampling};
use super::responders::Responders;
use super::slots::Slots;
use super::steering::Dispatcher;
use super::treasurer::Treasurer;
use super::world::{MarketPlan, World};
use crate::demand::{ArrivalSchedule, ArrivalStream, DemandStream, Moment, Pace, RateFactors};
use crate::kernel::{EventList, StreamKey};
use crate::network::Network;
use crate::payments::{LedgerViolation, next_usd_feed};
use crate::policy::Pacer;
use crate::selection::SessionSelector;
use crate::treasury::Prices;
use crate::units::{SimTime, Wei};

/// What a submission's draws are for.
#[derive(Clone, Copy)]
enum Draw {
    Jitter,
    Success,
    Variation,
    FailureDelay,
    LegLength,
    Redemption,
    /// The first of a stream's payments; its later ones follow.
    Lottery,
}

impl Draw {
    /// Its number in a submission's stream; those below 2^32 are the selection
    /// rule's.
    fn index(self) -> u64 {
        (1 << 32) + self as u64
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A request asks for a session again, after a discovery.
    Select(u32),
    /// A request's submission reaches the orchestrator.
    Reach(u32),
    /// The answer to it arrives.
    Answer(u32),
    /// A live stream pays, and ends when it is its time.
    StreamPayment(u32),
    /// A winning ticket is to be redeemed.
    Redemption(u32),
    /// A round of the protocol begins.
    Round,
    /// The ETH/USD feed is read.
    PriceFeed,
    /// The treasury is looked after.
    Treasury,
    /// The policy's factor on maximum prices changes or is reviewed.
    MaxPrice,
    /// A proposed conversion has its signatures.
    Conversion(u32),
    /// The users of a demand stream look at price and quality.
    UserReview(u32),
    /// An orchestrator that responds looks at how it does.
    OrchestratorReview(u32),
}

/// Runs replication number `replication` of the world's scenario.
///
/// # Errors
/// [`LedgerViolation`] where the books do not balance at the end: a defect of
/// the program.
pub fn replicate(world: &World, replication: u64) -> Result<ReplicationResult, LedgerViolation> {
    replicate_from(world, StreamKey::root(world.scenario.seed).child(replication))
}

/// Runs a replication beside the numbered ones, with demand as the scenario
/// states it.
///
/// # Errors
/// As [`replicate`].
pub(super) fn rehearse(world: &World) -> Result<ReplicationResult, LedgerViolation> {
    let key = StreamKey::root(world.scenario.seed).child(u64::MAX);
    Replication::new(world, ReplicationKeys(key), RateFactors::AS_STATED).run()
}

/// Runs the replication whose draws all derive from `key`.
///
/// # Errors
/// As [`replicate`].
pub fn replicate_from(world: &World, key: StreamKey) -> Result<ReplicationResult, LedgerViolation> {
    let keys = ReplicationKeys(key);
    let factors = world.scenario.uncertainty.draw(keys.uncertainty());
    Replication::new(world, keys, factors).run()
}

/// What derives from the key of a replication.
#[derive(Clone, Copy)]
pub(crate) struct ReplicationKeys(pub StreamKey);

impl ReplicationKeys {
    /// When the requests of a demand stream come.
    pub fn arrivals(self, network: &Network, stream: &DemandStream) -> StreamKey {
        self.demand(network, stream).child(0)
    }

    /// What the requests of a demand stream are: a child for each.
    pub fn requests(self, network: &Network, stream: &DemandStream) -> StreamKey {
        self.demand(network, stream).child(1)
    }

    /// By names, so that other streams, also those that come before it, change nothing.
    fn demand(self, network: &Network, stream: &DemandStream) -> StreamKey {
        self.0.child(0).named(&stream.id).named(&network.regions[stream.region].id)
    }

    fn discovery(self, network: &Network, market: &MarketPlan) -> StreamKey {
        let model = &network.models[market.model];
        let gateway = self.0.child(1).named(&network.gateways[market.gateway].id);
        gateway.named(model.pipeline.name()).named(&model.id)
    }

    /// The factors on demand that hold for the whole of it.
    pub fn uncertainty(self) -> StreamKey {
        self.0.child(2)
    }

    fn treasury(self) -> StreamKey {
        self.0.child(3)
    }

    fn reviews(self) -> StreamKey {
        self.0.child(4)
    }
}

struct Replication<'w> {
    world: &'w World<'w>,
    end: SimTime,
    arrivals: ArrivalSchedule<'w>,
    requests_asked: Vec<u64>,
    stream_keys: Vec<StreamKey>,
    discovery_keys: Vec<StreamKey>,
    events: EventList<Event>,
    requests: Requests,
    selectors: Vec<SessionSelector>,
    slots: Vec<Slots>,
    /// The model each orchestrator last loaded on demand.
    loaded_cold: Vec<Option<usize>>,
    prices: PriceBoard,
    pacer: Pacer,
    /// When the factor on maximum prices was last reviewed, and what tickets
    /// sent until then were worth.
    last_review: (SimTime, Wei),
    cashier: Cashier<'w>,
    treasurer: Treasurer<'w>,
    dispatcher: Dispatcher<'w>,
    customers: Customers<'w>,
    responders: Responders<'w>,
    /// Since when each gateway is without funds.
    without_funds: Vec<Option<SimTime>>,
    outages: Outages,
    depleted: Option<SimTime>,
    recorder: Recorder,
    day_ends: SimTime,
}

impl<'w> Replication<'w> {
    fn new(world: &'w World<'w>, keys: ReplicationKeys, factors: RateFactors) -> Replication<'w> {
        let scenario = world.scenario;
        let end = SimTime::from_days(u64::from(scenario.horizon_days));
        let network = &scenario.network;
        let arrivals = scenario
            .demand
            .iter()
            .zip(&world.streams)
            .map(|(stream, plan)| {
                let key = keys.arrivals(network, stream);
                ArrivalStream::new(stream, plan.clock, factors, key, end, plan.pace)
            })
            .collect();
        let requests_of = scenario.demand.iter().map(|stream| keys.requests(network, stream));
        let discoveries_in = world.markets.iter().map(|market| keys.discovery(network, market));
        let mut cashier = Cashier::new(world);
        let mut treasurer = Treasurer::new(scenario, keys.treasury());
        treasurer.open(&mut cashier.ledger);
        let eth_usd = treasurer.prices(SimTime::ZERO).eth_usd_feed();
        let prices = PriceBoard::new(world, eth_usd);
        let customers = Customers::new(world, eth_usd);
        let mut events = EventList::default();
        if world.follows_price_feed() {
            events.schedule(next_usd_feed(SimTime::ZERO), Event::PriceFeed);
        }
        events.schedule(treasurer.next_time(SimTime::ZERO), Event::Treasury);
        events.schedule(scenario.treasury.inflation.round_length(), Event::Round);
        let change = scenario.policy.max_price.next_change(SimTime::ZERO);
        events.schedule(change, Event::MaxPrice);
        for (stream, time) in customers.reviews() {
            events.schedule(time, Event::UserReview(stream as u32));
        }
        let responders = Responders::new(world);
        for (responder, time) in responders.first_reviews(keys.reviews()) {
            events.schedule(time, Event::OrchestratorReview(responder));
        }
        Replication {
            world,
            end,
            arrivals: ArrivalSchedule::new(arrivals),
            requests_asked: vec![0; world.streams.len()],
            stream_keys: requests_of.collect(),
            discovery_keys: discoveries_in.collect(),
            events,
            requests: Requests::default(),
            selectors: world
                .markets
                .iter()
                .map(|plan| SessionSelector::new(&plan.market))
                .collect(),
            slots: world.capacities.iter().map(|&capacity| Slots::new(capacity)).collect(),
            loaded_cold: vec![None; scenario.network.orchestrators.len()],
            prices,
            pacer: world.pacer(eth_usd),
            last_review: (SimTime::ZERO, Wei::ZERO),
            cashier,
            treasurer,
            dispatcher: Dispatcher::new(world),
            customers,
            responders,
            without_funds: vec![None; scenario.network.gateways.len()],
            outages: Outages::default(),
            depleted: None,
            recorder: Recorder::new(world),
            day_ends: SimTime::from_days(1),
        }
    }

    fn run(mut self) -> Result<ReplicationResult, LedgerViolation> {
        loop {
            let (arrival, event) = (self.arrivals.next_time(), self.events.next_time());
            let now = arrival.min(event);
            if now >= self.end || self.depleted.is_some() {
                break;
            }
            if now >= self.day_ends {
                self.enter_days_before(now);
            }
            if arrival <= event {
                if let Some(stream) = self.arrivals.pop() {
                    self.arrive(stream, now);
                }
            } else if let Some((now, event)) = self.events.pop() {
                self.handle(event, now);
            }
        }
        let end = self.depleted.unwrap_or(self.end);
        self.enter_days_before(end);
        let prices = self.closing_prices(end);
        if self.depleted.is_none() {
            // A deadline at the end of the horizon.
            self.look_after_treasury(end);
        }
        self.settle_what_is_in_flight(end);
        self.close_day(end, prices);
        for gateway in 0..self.without_funds.len() {
            self.end_outage(gateway, end);
        }
        self.cashier.ledger.audit(self.recorder.total_spend())?;
        let sampling = self
            .world
            .is_sampled()
            .then(|| Sampling::new(self.world, &self.requests_asked, &self.recorder));
        Ok(ReplicationResult {
            depleted: self.depleted,
            daily_spend: self.recorder.daily_spend(self.world),
            daily_spend_by_service: self.recorder.daily_spend_by_service,
            daily_balance: self.recorder.daily_balance,
            daily_prices: self.recorder.daily_prices,
            for_sale: self.treasurer.for_sale(),
            spend_by_stream: self.recorder.spend_by_stream,
            fees: self.cashier.ledger.paid().to_vec(),
            served_by: self.recorder.served_by,
            service: self.recorder.service,
            fee_parts: self.recorder.fee_parts,
            books: self.cashier.ledger,
            redemptions: self.recorder.redemptions,
            outages: self.outages,
            steering: self.dispatcher.records,
            customers: self.customers.records(end, self.depleted.is_none()),
            responses: self.responders.records(&self.prices),
            sampling,
            sampled: self.recorder.sampled,
        })
    }

    /// Goes on to the day in which `now` is; midnight still is the end of the
    /// day before where the run ends with it.
    fn enter_days_before(&mut self, now: SimTime) {
        while now > self.day_ends || now == self.day_ends && now < self.end {
            let prices = self.closing_prices(self.day_ends);
            self.close_day(self.day_ends, prices);
            let next = self.day_ends.day();
            self.recorder.enter_day(next);
            self.day_ends = SimTime::from_days(next + 1);
        }
    }

    /// The last token prices of the day that ends at `now`.
    fn closing_prices(&mut self, now: SimTime) -> Prices {
        self.treasurer.prices(SimTime(now.0.saturating_sub(1)))
    }

    /// Books what users paid, and notes token prices and what the credits that are
    /// not for other projects are worth.
    fn close_day(&mut self, now: SimTime, prices: Prices) {
        let (spend, books) = (&self.recorder.spend_by_stream, &mut self.cashier.ledger);
        for gateway in self.customers.close_day(now, spend, prices, books) {
            self.end_outage(gateway, now);
        }
        let unsold = prices.to_wei(self.treasurer.for_sale());
        self.recorder.close_day(Wei(self.cashier.ledger.left().0 + unsold.0), prices);
    }

    /// Once the run is over: running streams pay what they owe where their gateway
    /// can, and winning tickets are redeemed. Who cannot pay has not run out for that.
    fn settle_what_is_in_flight(&mut self, end: SimTime) {
        while let Some((_, event)) = self.events.pop() {
            match event {
                Event::StreamPayment(number) => {
                    let _ = self.pay_stream(number, self.moment(number, end));
                }
                Event::Redemption(win) => self.cashier.settle_win(win, end, &mut self.recorder),
                Event::Reach(number) => self.take_back_pledge(number),
                Event::Select(_)
                | Event::Answer(_)
                | Event::Round
                | Event::PriceFeed
                | Event::Treasury
                | Event::MaxPrice
                | Event::Conversion(_)
                | Event::UserReview(_)
                | Event::OrchestratorReview(_) => {}
            }
        }
    }

    /// The moment for the model of a request at a time of the calendar.
    fn moment(&self, number: u32, calendar: SimTime) -> Moment {
        self.world.streams[self.requests.stream(number)].pace.at(calendar)
    }

    /// Schedules an event of a model by its clock.
    #[inline(always)]
    fn schedule(&mut self, pace: Pace, local: SimTime, event: Event) {
        self.events.schedule(pace.calendar(local), event);
    }

    fn handle(&mut self, event: Event, now: SimTime) {
        match event {
            Event::Select(number) => self.select(number, self.moment(number, now), false),
            Event::Reach(number) => self.reach(number, self.moment(number, now)),
            Event::Answer(number) => self.answer(number, now),
            Event::StreamPayment(number) => self.continue_stream(number, self.moment(number, now)),
            Event::Redemption(win) => {
                if let Some(again) = self.cashier.redeem(win, now, &mut self.recorder) {
                    self.events.schedule(again, Event::Redemption(win));
                }
            }
            Event::Round => {
                self.cashier.begin_round();
                let round_length = self.world.scenario.treasury.inflation.round_length();
                self.events.schedule(now + round_length, Event::Round);
            }
            Event::PriceFeed => self.read_price_feed(now),
            Event::Treasury => self.look_after_treasury(now),
            Event::MaxPrice => self.turn_max_prices(now),
            Event::UserReview(stream) => {
                let eth_usd = self.treasurer.prices(now).eth_usd_feed();
                let service = &self.recorder.service;
                if let Some(after) = self.customers.review(stream as usize, service, eth_usd) {
                    self.events.schedule(now + after, Event::UserReview(stream));
                }
            }
            Event::OrchestratorReview(responder) => self.review(responder, now),
            Event::Conversion(transaction) => {
                self.treasurer.executed(u64::from(transaction), now, &mut self.cashier.ledger);
                for gateway in 0..self.without_funds.len() {
                    if self.cashier.ledger.free_deposit(gateway) > Wei::ZERO {
                        self.end_outage(gateway, now);
                    }
                }
            }
        }
    }
}
