use super::in_flight::{LiveState, Outcome, Request, Requests, Submission};
use super::recorder::{Failure, Recorder, ReplicationResult};
use super::slots::Slots;
use super::world::{MarketPlan, Route, World};
use crate::demand::{ArrivalSchedule, ArrivalStream};
use crate::kernel::{EventList, StreamKey};
use crate::network::Pipeline;
use crate::payments::{
    LIVE_PAYMENT_INTERVAL_S, Ledger, LedgerViolation, live_prepaid_pixels, live_stream_pixels,
};
use crate::selection::{Selection, SessionRef, SessionSelector};
use crate::units::{NANOS_PER_SECOND, Price, SECONDS_PER_HOUR, SimTime};

/// Share of a request's network time that passes before the orchestrator has
/// it: two and a half of three round trips.
const NETWORK_BEFORE_ARRIVAL: f64 = 2.5 / 3.0;

/// Swaps a live stream may make within [`SWAP_WINDOW_S`] of one another; the
/// next ends it (go-livepeer `server/ai_live_video.go`).
const MAX_RECENT_SWAPS: u32 = 2;
const SWAP_WINDOW_S: f64 = 180.0;

/// The payments of a stream are booked together for up to an hour, but never
/// more than this part of the credits on hand at once, so that the time at
/// which the credits run out is that of booking each interval by itself.
const LIVE_BOOKING_SHARE: u128 = 4096;
const MAX_INTERVALS_BOOKED: u64 = SECONDS_PER_HOUR / LIVE_PAYMENT_INTERVAL_S;

/// What a request's draws are for.
#[derive(Clone, Copy)]
enum Purpose {
    Size,
    UsedShare,
    BadRequest,
}

/// What a submission's draws are for.
#[derive(Clone, Copy)]
enum Draw {
    Jitter,
    Success,
    Variation,
    FailureDelay,
    LegLength,
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
    /// The answer to a request's submission arrives.
    Answer(u32),
    /// A live stream pays, and ends when it is its time.
    StreamPayment(u32),
}

/// Runs replication number `replication` of the world's scenario.
///
/// # Errors
/// [`LedgerViolation`] where the books do not balance at the end: a defect of
/// the program.
pub fn replicate(world: &World, replication: u64) -> Result<ReplicationResult, LedgerViolation> {
    Replication::new(world, replication).run()
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
    set_aside: Vec<(u32, SessionRef, bool)>,
    ledger: Ledger,
    depleted: Option<SimTime>,
    recorder: Recorder,
    day_ends: SimTime,
}

impl<'w> Replication<'w> {
    fn new(world: &'w World<'w>, replication: u64) -> Replication<'w> {
        let scenario = world.scenario;
        let end = SimTime::from_days(u64::from(scenario.horizon_days));
        let key = StreamKey::root(scenario.seed).child(replication);
        let [demand_key, discovery_key, uncertainty_key] = [0, 1, 2].map(|part| key.child(part));
        let factors = scenario.uncertainty.draw(uncertainty_key);
        let stream_keys: Vec<StreamKey> =
            (0..world.streams.len() as u64).map(|stream| demand_key.child(stream)).collect();
        let arrivals = scenario
            .demand
            .iter()
            .zip(&world.streams)
            .zip(&stream_keys)
            .map(|((stream, plan), key)| {
                ArrivalStream::new(stream, plan.clock, factors, key.child(0), end)
            })
            .collect();
        Replication {
            world,
            end,
            arrivals: ArrivalSchedule::new(arrivals),
            requests_asked: vec![0; world.streams.len()],
            stream_keys: stream_keys.iter().map(|key| key.child(1)).collect(),
            discovery_keys: (0..world.markets.len() as u64)
                .map(|market| discovery_key.child(market))
                .collect(),
            events: EventList::default(),
            requests: Requests::default(),
            selectors: world
                .markets
                .iter()
                .map(|plan| SessionSelector::new(&plan.market))
                .collect(),
            slots: world.capacities.iter().map(|&capacity| Slots::new(capacity)).collect(),
            loaded_cold: vec![None; scenario.network.orchestrators.len()],
            set_aside: Vec::new(),
            ledger: Ledger::open(scenario.credits.eth, scenario.network.orchestrators.len()),
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
            self.enter_days_up_to(now);
            if arrival <= event {
                if let Some(stream) = self.arrivals.pop() {
                    self.arrive(stream, now);
                }
            } else if let Some((now, event)) = self.events.pop() {
                self.handle(event, now);
            }
        }
        self.settle_what_is_in_flight();
        self.ledger.audit(self.recorder.total_spend())?;
        Ok(ReplicationResult {
            depleted: self.depleted,
            daily_spend: self.recorder.daily_spend,
            spend_by_stream: self.recorder.spend_by_stream,
            fees: self.ledger.paid().to_vec(),
            served_by: self.recorder.served_by,
            service: self.recorder.service,
        })
    }

    fn enter_days_up_to(&mut self, now: SimTime) {
        if now >= self.day_ends {
            self.recorder.enter_day(now.day());
            self.day_ends = SimTime::from_days(now.day() + 1);
        }
    }

    /// Once the run is over: running streams pay what they owe up to the end,
    /// as far as the credits go; what is held for requests in flight returns.
    fn settle_what_is_in_flight(&mut self) {
        let end = self.depleted.unwrap_or(self.end);
        while let Some((_, event)) = self.events.pop() {
            match event {
                Event::Select(_) => {}
                Event::Answer(number) => {
                    if let Some(submission) = self.requests.get(number).submission {
                        self.ledger.release(submission.fee);
                    }
                }
                Event::StreamPayment(number) => self.pay_stream(number, end),
            }
        }
    }

    fn handle(&mut self, event: Event, now: SimTime) {
        match event {
            Event::Select(number) => self.select(number, now, false),
            Event::Answer(number) => self.answer(number, now),
            Event::StreamPayment(number) => self.continue_stream(number, now),
        }
    }

    fn arrive(&mut self, stream: usize, now: SimTime) {
        let plan = &self.world.streams[stream];
        let request_number = self.requests_asked[stream];
        self.requests_asked[stream] += 1;
        let key = self.stream_keys[stream].child(request_number);
        self.recorder.service[plan.service].asked += 1;
        let recorded_size = self.world.scenario.demand[stream].recorded_size(request_number);
        let size = recorded_size.unwrap_or_else(|| plan.size.draw(key, Purpose::Size as u64));
        let request = Request {
            stream: stream as u32,
            key,
            arrived: now,
            round_began: now,
            size,
            used_size: size * plan.used_share.draw(key, Purpose::UsedShare as u64),
            is_bad: plan.bad_request_share > 0.0
                && key.uniform(Purpose::BadRequest as u64) < plan.bad_request_share,
            tries: 0,
            submissions: 0,
            submission: None,
            has_set_aside: false,
            last_failure: None,
        };
        let number = self.requests.insert(request, plan.pipeline.is_live());
        self.select(number, now, true);
    }

    /// Asks the selector for a session and submits to it.
    fn select(&mut self, number: u32, now: SimTime, may_refresh: bool) {
        let request = self.requests.get(number);
        let market_index = self.world.streams[request.stream as usize].market;
        let plan = &self.world.markets[market_index];
        let key = submission_key(request);
        let slots = &self.slots;
        let offers_itself = |candidate: u32| {
            let offer = plan.routes[candidate as usize].offer;
            !plan.market.is_live || !slots[offer].is_full(now)
        };
        let selection = self.selectors[market_index].select(
            &plan.market,
            now,
            may_refresh,
            offers_itself,
            key,
            self.discovery_keys[market_index],
        );
        match selection {
            Selection::Wait(until) => self.events.schedule(until, Event::Select(number)),
            Selection::Nobody => self.give_up(number, true),
            Selection::Session(session, warm) => self.submit(number, session, warm, now),
        }
    }

    fn submit(&mut self, number: u32, session: SessionRef, warm: bool, now: SimTime) {
        let request = self.requests.get(number);
        let key = submission_key(request);
        let plan = &self.world.streams[request.stream as usize];
        let market = &self.world.markets[plan.market];
        let route = &market.routes[session.candidate as usize];
        let units = if plan.pipeline.is_live() {
            live_prepaid_pixels(market.market.version)
        } else {
            plan.pipeline.billed_units(request.size)
        };
        let fee = route.price.fee(units);
        if self.ledger.hold(fee).is_err() {
            self.depleted = Some(now);
            return;
        }
        let network_s = route.network_s + route.jitter_s * key.exponential(Draw::Jitter.index());
        let arrival = now + SimTime::from_secs(network_s * NETWORK_BEFORE_ARRIVAL);
        let mut work_s = 0.0;
        let slots = &mut self.slots[route.offer];
        let outcome = if request.is_bad {
            Outcome::Failed(Failure::BadRequest)
        } else if !slots.make_room(arrival) {
            Outcome::Failed(Failure::Capacity)
        } else if key.uniform(Draw::Success.index()) >= route.reliability {
            work_s =
                self.world.scenario.failure_delay_s * key.exponential(Draw::FailureDelay.index());
            slots.hold(arrival + SimTime::from_secs(work_s));
            Outcome::Failed(Failure::OrchestratorError)
        } else {
            let amount = if plan.pipeline.is_live() { 0.0 } else { request.used_size };
            let nominal_s = plan.overhead_s + plan.seconds_per_unit * amount;
            let variation = plan.variation.draw(key, Draw::Variation.index());
            work_s = nominal_s * variation * route.slowness;
            if !warm && self.loaded_cold[route.orchestrator] != Some(plan.model) {
                self.loaded_cold[route.orchestrator] = Some(plan.model);
                work_s += plan.cold_start_s;
            }
            let mut free_again = arrival + SimTime::from_secs(work_s);
            if plan.pipeline.is_live() {
                let failures_per_s =
                    self.world.scenario.stream_failures_per_hour / SECONDS_PER_HOUR as f64;
                let leg_s = key.exponential(Draw::LegLength.index()) / failures_per_s;
                let stream_s = request.size;
                free_again = self.requests.live(number).begin_leg(free_again, stream_s, leg_s);
            }
            slots.hold(free_again);
            Outcome::Served
        };
        let request = self.requests.get(number);
        request.tries += 1;
        request.submission = Some(Submission { session, warm, at: now, fee, outcome });
        let back_s = network_s * (1.0 - NETWORK_BEFORE_ARRIVAL);
        self.events.schedule(arrival + SimTime::from_secs(work_s + back_s), Event::Answer(number));
    }

    fn answer(&mut self, number: u32, now: SimTime) {
        let request = self.requests.get(number);
        request.submissions += 1;
        let Some(submission) = request.submission.take() else { return };
        let plan = &self.world.streams[request.stream as usize];
        let market = &self.world.markets[plan.market];
        let selector = &mut self.selectors[plan.market];
        let Submission { session, warm, .. } = submission;
        let served = submission.outcome == Outcome::Served;
        if sets_latency_score(plan.pipeline, served) {
            let wall_s = (now - submission.at).as_secs();
            let units =
                plan.pipeline.latency_score_units(request.size, request.used_size, plan.steps);
            selector.set_latency_score(session, warm, wall_s / units);
        }
        match submission.outcome {
            Outcome::Served => {
                selector.complete(session, warm);
                let route = &market.routes[session.candidate as usize];
                self.ledger.settle(submission.fee, route.orchestrator);
                self.recorder.spend(request.stream as usize, plan.pipeline_index, submission.fee);
                if plan.pipeline.is_live() {
                    self.start_stream(number, now, submission);
                } else {
                    self.serve(number, now, route.orchestrator);
                }
            }
            Outcome::Failed(failure) => {
                self.ledger.release(submission.fee);
                self.retry(number, now, failure, session, warm);
            }
        }
    }

    /// Books a request as served and forgets it.
    fn serve(&mut self, number: u32, now: SimTime, orchestrator: usize) {
        let request = self.requests.get(number);
        let plan = &self.world.streams[request.stream as usize];
        let record = &mut self.recorder.service[plan.service];
        if !plan.pipeline.is_live() {
            let user_network = SimTime::from_secs(plan.user_rtt_s);
            record.latency.record((now - request.arrived + user_network).0);
        }
        record.served += 1;
        self.recorder.served_by[orchestrator] += 1;
        self.give_back_set_aside(number);
        self.requests.remove(number);
    }

    /// Deals with a failed submission by the release's error classes, and
    /// tries again where it may.
    fn retry(
        &mut self,
        number: u32,
        now: SimTime,
        failure: Failure,
        session: SessionRef,
        warm: bool,
    ) {
        let request = self.requests.get(number);
        request.last_failure = Some(failure);
        let plan = &self.world.streams[request.stream as usize];
        let MarketPlan { market, .. } = &self.world.markets[plan.market];
        let classes = market.version.has_error_classes();
        if classes && failure == Failure::Capacity && !market.is_live {
            request.has_set_aside = true;
            self.set_aside.push((number, session, warm));
        } else {
            self.selectors[plan.market].remove(market, session, warm);
        }
        let gateway = self.world.scenario.demand[request.stream as usize].gateway;
        let window_s = self.world.scenario.network.gateways[gateway].retry_window_s;
        let window_is_over = (now - request.round_began).as_secs() > window_s;
        if window_is_over || classes && failure == Failure::BadRequest {
            // go-livepeer returns here without giving set-aside sessions back:
            // they stay in use for good.
            self.give_up(number, false);
        } else if request.tries >= market.version.max_tries() {
            self.give_up(number, true);
        } else {
            self.select(number, now, true);
        }
    }

    /// Books a request as failed and forgets it.
    fn give_up(&mut self, number: u32, gives_back_set_aside: bool) {
        let request = self.requests.get(number);
        let plan = &self.world.streams[request.stream as usize];
        let last_failure = request.last_failure.unwrap_or(Failure::NoOrchestrator);
        let was_running =
            plan.pipeline.is_live() && self.requests.live(number).user_leaves.is_some();
        let failure = if was_running { Failure::StreamLost } else { last_failure };
        self.recorder.service[plan.service].failed[failure as usize] += 1;
        if gives_back_set_aside {
            self.give_back_set_aside(number);
        } else {
            self.set_aside.retain(|&(owner, ..)| owner != number);
        }
        self.requests.remove(number);
    }

    fn give_back_set_aside(&mut self, number: u32) {
        let request = self.requests.get(number);
        if !request.has_set_aside {
            return;
        }
        let market = self.world.streams[request.stream as usize].market;
        let selector = &mut self.selectors[market];
        self.set_aside.retain(|&(owner, session, warm)| {
            if owner == number {
                selector.complete(session, warm);
            }
            owner != number
        });
    }

    fn start_stream(&mut self, number: u32, now: SimTime, submission: Submission) {
        let request = self.requests.get(number);
        let plan = &self.world.streams[request.stream as usize];
        let user_network = SimTime::from_secs(plan.user_rtt_s);
        let latency = now - request.arrived + user_network;
        request.submission = Some(submission);
        let live = self.requests.live(number);
        let is_first_start = live.paid_until == SimTime::ZERO;
        live.paid_until = now;
        if is_first_start {
            self.recorder.service[plan.service].latency.record(latency.0);
        }
        self.schedule_stream_payment(number, now);
    }

    fn schedule_stream_payment(&mut self, number: u32, now: SimTime) {
        let price = self.stream_price(number);
        let interval = SimTime(LIVE_PAYMENT_INTERVAL_S * NANOS_PER_SECOND);
        let interval_fee = price.fee(live_stream_pixels(interval)).0.max(1);
        let affordable = self.ledger.credits().0 / LIVE_BOOKING_SHARE / interval_fee;
        let intervals = affordable.clamp(1, u128::from(MAX_INTERVALS_BOOKED)) as u64;
        let live = self.requests.live(number);
        let next = (now + SimTime(interval.0 * intervals)).min(live.leg_ends.max(now));
        self.events.schedule(next, Event::StreamPayment(number));
    }

    fn stream_route(&mut self, number: u32) -> Option<&'w Route> {
        let request = self.requests.get(number);
        let market = &self.world.markets[self.world.streams[request.stream as usize].market];
        let submission = request.submission?;
        Some(&market.routes[submission.session.candidate as usize])
    }

    fn stream_price(&mut self, number: u32) -> Price {
        self.stream_route(number).map_or(Price::ZERO, |route| route.price)
    }

    /// Pays a running stream up to `until`; where the credits do not cover it
    /// they are depleted and nothing is paid.
    fn pay_stream(&mut self, number: u32, until: SimTime) {
        let Some(route) = self.stream_route(number) else { return };
        let live = self.requests.live(number);
        let span = until - live.paid_until;
        live.paid_until = until;
        let fee = route.price.fee(live_stream_pixels(span));
        let stream = self.requests.get(number).stream as usize;
        let pipeline = self.world.streams[stream].pipeline_index;
        if self.ledger.hold(fee).is_err() {
            self.depleted.get_or_insert(until);
            return;
        }
        self.ledger.settle(fee, route.orchestrator);
        self.recorder.spend(stream, pipeline, fee);
    }

    fn continue_stream(&mut self, number: u32, now: SimTime) {
        self.pay_stream(number, now);
        let live = *self.requests.live(number);
        if self.depleted.is_some() {
            return;
        }
        if now < live.leg_ends {
            self.schedule_stream_payment(number, now);
        } else if live.leg_fails {
            self.swap(number, now);
        } else if let Some(route) = self.stream_route(number) {
            self.serve(number, now, route.orchestrator);
        }
    }

    /// A running stream lost its orchestrator: another one takes over, unless
    /// that happened too often of late.
    fn swap(&mut self, number: u32, now: SimTime) {
        let live = self.requests.live(number);
        if (now - live.last_swap).as_secs() > SWAP_WINDOW_S {
            live.recent_swaps = 0;
        }
        live.recent_swaps += 1;
        live.last_swap = now;
        let too_many = live.recent_swaps > MAX_RECENT_SWAPS;
        let request = self.requests.get(number);
        request.round_began = now;
        request.tries = 0;
        let plan = &self.world.streams[request.stream as usize];
        if let Some(submission) = request.submission.take() {
            let MarketPlan { market, .. } = &self.world.markets[plan.market];
            let selector = &mut self.selectors[plan.market];
            selector.remove(market, submission.session, submission.warm);
        }
        if too_many {
            self.give_up(number, true);
        } else {
            self.select(number, now, true);
        }
    }
}

impl LiveState {
    /// Begins the stream on an orchestrator that is ready at `ready` and would
    /// fail after `leg_s` seconds; returns when that leg ends.
    fn begin_leg(&mut self, ready: SimTime, stream_s: f64, leg_s: f64) -> SimTime {
        let leaves = *self.user_leaves.get_or_insert(ready + SimTime::from_secs(stream_s));
        let fails = ready + SimTime::from_secs(leg_s);
        self.leg_fails = fails < leaves;
        self.leg_ends = fails.min(leaves);
        self.leg_ends
    }
}

/// The key of the draws of a request's next submission.
fn submission_key(request: &Request) -> StreamKey {
    request.key.child(u64::from(request.submissions))
}

/// Whether go-livepeer notes a latency score: for text-to-image,
/// image-to-image and image-to-text after an error too, for live video never
/// (`server/ai_process.go`).
fn sets_latency_score(pipeline: Pipeline, served: bool) -> bool {
    match pipeline {
        Pipeline::TextToImage | Pipeline::ImageToImage | Pipeline::ImageToText => true,
        Pipeline::LiveVideoToVideo => false,
        _ => served,
    }
}
