use super::cashier::{Cashier, NoPayment, NotAccepted, Payee};
use super::in_flight::{LiveState, Outcome, Request, Requests, Submission};
use super::price_board::PriceBoard;
use super::recorder::{Failure, Outages, Recorder, ReplicationResult};
use super::slots::Slots;
use super::steering::Dispatcher;
use super::treasurer::Treasurer;
use super::world::{MarketPlan, StreamPlan, World};
use crate::demand::{ArrivalSchedule, ArrivalStream};
use crate::kernel::{EventList, StreamKey};
use crate::network::{LIVE_PIXELS_PER_SECOND, Pipeline};
use crate::payments::{
    IntervalMeter, LIVE_PAYMENT_INTERVAL_S, LedgerViolation, LossCause, SessionCredit, Staged,
    billed_and_used, live_prepaid_pixels, live_stream_pixels, next_usd_feed, text_to_speech_units,
};
use crate::selection::{
    Ask, PROBE_ROUND_TRIPS, Respondents, Selection, SessionRef, SessionSelector,
};
use crate::units::{NANOS_PER_SECOND, Price, SECONDS_PER_HOUR, SimTime, Wei};

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
    Steering,
}

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
    /// The answer to a request's submission arrives.
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
    /// A proposed conversion has its signatures.
    Conversion(u64),
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
    prices: PriceBoard,
    cashier: Cashier<'w>,
    treasurer: Treasurer<'w>,
    dispatcher: Dispatcher<'w>,
    /// Since when each gateway is without funds.
    without_funds: Vec<Option<SimTime>>,
    outages: Outages,
    depleted: Option<SimTime>,
    recorder: Recorder,
    day_ends: SimTime,
}

impl<'w> Replication<'w> {
    fn new(world: &'w World<'w>, replication: u64) -> Replication<'w> {
        let scenario = world.scenario;
        let end = SimTime::from_days(u64::from(scenario.horizon_days));
        let key = StreamKey::root(scenario.seed).child(replication);
        let [demand_key, discovery_key, uncertainty_key, treasury_key] =
            [0, 1, 2, 3].map(|part| key.child(part));
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
        let mut cashier = Cashier::new(world);
        let mut treasurer = Treasurer::new(scenario, treasury_key);
        treasurer.open(&mut cashier.ledger);
        let prices = PriceBoard::new(world, treasurer.prices(SimTime::ZERO).eth_usd_feed());
        let mut events = EventList::default();
        if world.follows_price_feed() {
            events.schedule(next_usd_feed(SimTime::ZERO), Event::PriceFeed);
        }
        events.schedule(treasurer.next_time(SimTime::ZERO), Event::Treasury);
        events.schedule(scenario.treasury.inflation.round_length(), Event::Round);
        Replication {
            world,
            end,
            arrivals: ArrivalSchedule::new(arrivals),
            requests_asked: vec![0; world.streams.len()],
            stream_keys: stream_keys.iter().map(|key| key.child(1)).collect(),
            discovery_keys: (0..world.markets.len() as u64)
                .map(|market| discovery_key.child(market))
                .collect(),
            events,
            requests: Requests::default(),
            selectors: world
                .markets
                .iter()
                .map(|plan| SessionSelector::new(&plan.market))
                .collect(),
            slots: world.capacities.iter().map(|&capacity| Slots::new(capacity)).collect(),
            loaded_cold: vec![None; scenario.network.orchestrators.len()],
            set_aside: Vec::new(),
            prices,
            cashier,
            treasurer,
            dispatcher: Dispatcher::new(world),
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
            self.enter_days_before(now);
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
        self.settle_what_is_in_flight(end);
        self.close_day(end);
        for gateway in 0..self.without_funds.len() {
            self.end_outage(gateway, end);
        }
        self.cashier.ledger.audit(self.recorder.total_spend())?;
        Ok(ReplicationResult {
            depleted: self.depleted,
            daily_spend: self.recorder.daily_spend,
            daily_balance: self.recorder.daily_balance,
            daily_prices: self.recorder.daily_prices,
            spend_by_stream: self.recorder.spend_by_stream,
            fees: self.cashier.ledger.paid().to_vec(),
            served_by: self.recorder.served_by,
            service: self.recorder.service,
            fee_parts: self.recorder.fee_parts,
            books: self.cashier.ledger,
            redemptions: self.recorder.redemptions,
            outages: self.outages,
            steering: self.dispatcher.records,
        })
    }

    /// Goes on to the day in which `now` is; midnight still is the end of the
    /// day before where the run ends with it.
    fn enter_days_before(&mut self, now: SimTime) {
        while now > self.day_ends || now == self.day_ends && now < self.end {
            self.close_day(self.day_ends);
            let next = self.day_ends.day();
            self.recorder.enter_day(next);
            self.day_ends = SimTime::from_days(next + 1);
        }
    }

    /// Notes token prices and what the credits are worth.
    fn close_day(&mut self, now: SimTime) {
        let prices = self.treasurer.prices(now);
        let ledger = &self.cashier.ledger;
        let unsold = prices.to_wei(ledger.safe().on_hand);
        self.recorder.close_day(Wei(ledger.left().0 + unsold.0), prices);
    }

    /// Once the run is over: running streams pay what they owe, as far as the
    /// funds go, and winning tickets are redeemed.
    fn settle_what_is_in_flight(&mut self, end: SimTime) {
        while let Some((_, event)) = self.events.pop() {
            match event {
                Event::StreamPayment(number) => self.pay_stream(number, end),
                Event::Redemption(win) => self.cashier.settle(win, end, &mut self.recorder),
                Event::Select(_)
                | Event::Answer(_)
                | Event::Round
                | Event::PriceFeed
                | Event::Treasury
                | Event::Conversion(_) => {}
            }
        }
    }

    fn handle(&mut self, event: Event, now: SimTime) {
        match event {
            Event::Select(number) => self.select(number, now, false),
            Event::Answer(number) => self.answer(number, now),
            Event::StreamPayment(number) => self.continue_stream(number, now),
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
            Event::Conversion(transaction) => {
                self.treasurer.executed(transaction, now, &mut self.cashier.ledger);
                for gateway in 0..self.without_funds.len() {
                    if self.cashier.ledger.free_deposit(gateway) > Wei::ZERO {
                        self.end_outage(gateway, now);
                    }
                }
            }
        }
    }

    fn read_price_feed(&mut self, now: SimTime) {
        let eth_usd = self.treasurer.prices(now).eth_usd_feed();
        self.prices.read_feed(self.world, eth_usd);
        for (market, selector) in self.selectors.iter_mut().enumerate() {
            selector.set_max_price(self.prices.max_price(market));
        }
        self.events.schedule(next_usd_feed(now), Event::PriceFeed);
    }

    fn look_after_treasury(&mut self, now: SimTime) {
        if let Some(proposal) = self.treasurer.look(now, &mut self.cashier.ledger) {
            self.events.schedule(proposal.executes, Event::Conversion(proposal.transaction));
        }
        self.events.schedule(self.treasurer.next_time(now), Event::Treasury);
    }

    fn end_outage(&mut self, gateway: usize, now: SimTime) {
        if let Some(since) = self.without_funds[gateway].take() {
            self.outages.seconds += (now - since).as_secs();
        }
    }

    /// A gateway cannot pay: it waits for a top-up if one may come, else the
    /// credits are depleted.
    fn run_out(&mut self, gateway: usize, now: SimTime) {
        if !self.treasurer.may_still_pay() {
            self.depleted.get_or_insert(now);
        } else if self.without_funds[gateway].is_none() {
            self.without_funds[gateway] = Some(now);
            self.outages.count += 1;
        }
    }

    /// Sends staged tickets, and schedules the redemption of those that win.
    /// Returns whether the orchestrator accepts them.
    fn send(
        &mut self,
        payee: Payee,
        staged: Staged,
        stream: usize,
        now: SimTime,
        lottery: (StreamKey, u64),
    ) -> Result<(), NotAccepted> {
        let paid_for = self.recorder.paid_for(stream, self.world.streams[stream].pipeline_index);
        let delay_s = self.world.scenario.payments.redemption_delay_s;
        self.treasurer.record_spend(payee.gateway, now, staged.new_credit);
        self.dispatcher.paid(stream, payee.orchestrator, staged.new_credit, now.day());
        let recorder = &mut self.recorder;
        let (winners, accepted) =
            self.cashier.send(payee, staged, paid_for, now, lottery, recorder);
        for winner in 0..winners {
            let (key, index) = lottery;
            let draw = Draw::Redemption.index() + (winner << 32);
            let delay = delay_s * key.child(index).exponential(draw);
            let win = self.cashier.win(payee, paid_for, now, &mut self.recorder);
            self.events.schedule(now + SimTime::from_secs(delay), Event::Redemption(win));
        }
        accepted
    }

    fn payee(&self, plan: &StreamPlan, session: SessionRef) -> Payee {
        self.world.markets[plan.market].payee(session.candidate)
    }

    fn arrive(&mut self, stream: usize, now: SimTime) {
        let plan = &self.world.streams[stream];
        let request_number = self.requests_asked[stream];
        self.requests_asked[stream] += 1;
        if !self.dispatcher.within_budget(stream, now.day()) {
            return;
        }
        let key = self.stream_keys[stream].child(request_number);
        let uniform = || key.uniform(Purpose::Steering as u64);
        let destination = self.dispatcher.destination(stream, uniform);
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
            destination,
        };
        let number = self.requests.insert(request, plan.pipeline.is_live());
        self.select(number, now, true);
    }

    /// Asks the selector for a session and submits to it.
    fn select(&mut self, number: u32, now: SimTime, may_refresh: bool) {
        let request = self.requests.get(number);
        let stream = request.stream as usize;
        let market_index = self.world.streams[stream].market;
        let plan = &self.world.markets[market_index];
        let bound_for = request.destination.filter(|destination| destination.is_binding);
        let key = submission_key(request);
        let mut respondents = MarketAt {
            plan,
            now,
            slots: &self.slots,
            prices: &self.prices,
            cashier: &mut self.cashier,
        };
        let selection = self.selectors[market_index].select(
            &plan.market,
            now,
            Ask {
                may_refresh,
                only: bound_for.map(|to| plan.in_region[to.region as usize].as_slice()),
                key,
            },
            &mut respondents,
            self.discovery_keys[market_index],
        );
        match selection {
            Selection::Wait(until) => self.events.schedule(until, Event::Select(number)),
            Selection::Nobody => match bound_for {
                Some(region) if self.dispatcher.nobody_there(stream, region) => {
                    self.unbind(number);
                    self.select(number, now, false);
                }
                _ => self.give_up(number, true),
            },
            Selection::Session(session, warm) => self.submit(number, session, warm, now),
        }
    }

    /// A steered request may go anywhere from now on.
    fn unbind(&mut self, number: u32) {
        if let Some(destination) = &mut self.requests.get(number).destination {
            destination.is_binding = false;
        }
    }

    fn submit(&mut self, number: u32, session: SessionRef, warm: bool, now: SimTime) {
        let request = self.requests.get(number);
        let key = submission_key(request);
        let (stream, size) = (request.stream as usize, request.size);
        let plan = &self.world.streams[stream];
        let market = &self.world.markets[plan.market];
        let route = &market.routes[session.candidate as usize];
        let payee = self.payee(plan, session);
        let refreshed = self.cashier.refresh(payee, self.prices.offer(route.offer), now);
        let units = if plan.pipeline.is_live() {
            live_prepaid_pixels(market.market.version)
        } else {
            plan.pipeline.billed_units(size)
        };
        let payment = refreshed.and_then(|new_price| {
            if let Some(price) = new_price {
                self.selectors[plan.market].learn_price(&market.market, session.candidate, price);
            }
            let fee = self.cashier.quote(payee).price.fee(units);
            let staged = if plan.pipeline.is_live() {
                // The prepayment has a balance of its own, used once.
                let least = fee.max(self.cashier.ticket_value(payee));
                self.cashier.stage_on(&mut SessionCredit::default(), payee, fee, least, least)
            } else {
                self.cashier.stage(payee, fee)
            };
            staged.map(|staged| (staged, new_price.is_some()))
        });
        let (staged, asked_again) = match payment {
            Ok(payment) => payment,
            Err(problem) => return self.cannot_pay(number, now, problem, payee, session, warm),
        };
        let refresh_s = if asked_again { PROBE_ROUND_TRIPS / 3.0 * route.network_s } else { 0.0 };
        let network_s = route.network_s + route.jitter_s * key.exponential(Draw::Jitter.index());
        let arrival = now + SimTime::from_secs(refresh_s + network_s * NETWORK_BEFORE_ARRIVAL);
        let turned_away = if self.requests.get(number).is_bad {
            Some(Failure::BadRequest)
        } else if !self.slots[route.offer].make_room(arrival) {
            Some(Failure::Capacity)
        } else {
            None
        };
        let staged = match turned_away {
            Some(_) => {
                self.cashier.turned_away(staged);
                None
            }
            None => Some(staged),
        };
        let accepted = staged.map_or(Ok(()), |staged| {
            self.send(payee, staged, stream, now, (key, Draw::Lottery.index()))
        });
        let request = self.requests.get(number);
        let mut work_s = 0.0;
        let slots = &mut self.slots[route.offer];
        let outcome = if let Some(failure) = turned_away {
            Outcome::Failed(failure)
        } else if let Err(problem) = accepted {
            Outcome::Failed(match problem {
                NotAccepted::Nonces => Failure::Nonces,
                NotAccepted::Balance => Failure::Payment,
            })
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
        request.submission = Some(Submission { session, warm, at: now, staged, outcome });
        let back_s = network_s * (1.0 - NETWORK_BEFORE_ARRIVAL);
        self.events.schedule(arrival + SimTime::from_secs(work_s + back_s), Event::Answer(number));
    }

    fn answer(&mut self, number: u32, now: SimTime) {
        let request = self.requests.get(number);
        request.submissions += 1;
        let Some(submission) = request.submission.take() else { return };
        let plan = &self.world.streams[request.stream as usize];
        let market = &self.world.markets[plan.market];
        let Submission { session, warm, .. } = submission;
        let served = submission.outcome == Outcome::Served;
        if sets_latency_score(plan.pipeline, served) {
            let wall_s = (now - submission.at).as_secs();
            let units =
                plan.pipeline.latency_score_units(request.size, request.used_size, plan.steps);
            self.selectors[plan.market].set_latency_score(session, warm, wall_s / units);
        }
        let route = &market.routes[session.candidate as usize];
        let payee = self.payee(plan, session);
        match submission.outcome {
            Outcome::Served => {
                self.selectors[plan.market].complete(session, warm);
                if plan.pipeline.is_live() {
                    self.start_stream(number, now, submission);
                } else {
                    let request = self.requests.get(number);
                    let (size, used_size) = (request.size, request.used_size);
                    let (billed, used) = billed_and_used(plan.pipeline, size, used_size);
                    let quote = self.cashier.quote(payee);
                    if let Some(staged) = submission.staged {
                        self.note_fee(staged.fee, quote.base, billed, used);
                        self.cashier.served(payee, staged, now);
                    }
                    let debited = match plan.pipeline {
                        Pipeline::TextToSpeech => text_to_speech_units(billed, billed).1,
                        _ => billed,
                    };
                    self.cashier.debit(payee, quote.price.fee(debited), now);
                    self.serve(number, now, route.orchestrator);
                }
            }
            Outcome::Failed(failure) => {
                if let Some(staged) = submission.staged {
                    self.cashier.failed(staged);
                }
                self.retry(number, now, failure, session, warm);
            }
        }
    }

    /// Notes what a fee was made of. It was agreed when the request was
    /// submitted; the quote may have moved since.
    fn note_fee(&mut self, fee: Wei, base: Price, billed: u64, used: u64) {
        let (base_fee, used_fee) = (base.fee(billed).0 as i128, base.fee(used).0 as i128);
        let parts = &mut self.recorder.fee_parts;
        parts.used += used_fee;
        parts.unused += base_fee - used_fee;
        parts.adjustment += fee.0 as i128 - base_fee;
    }

    /// The request cannot be paid. Without funds it fails; terms that cannot
    /// be met count as an error of the orchestrator.
    fn cannot_pay(
        &mut self,
        number: u32,
        now: SimTime,
        problem: NoPayment,
        payee: Payee,
        session: SessionRef,
        warm: bool,
    ) {
        let request = self.requests.get(number);
        request.tries += 1;
        request.submissions += 1;
        match problem {
            NoPayment::Refused => self.retry(number, now, Failure::Payment, session, warm),
            NoPayment::NoFunds => {
                let market = self.world.streams[request.stream as usize].market;
                request.last_failure = Some(Failure::NoFunds);
                self.selectors[market].complete(session, warm);
                self.outages.refused += 1;
                self.run_out(payee.gateway, now);
                self.give_up(number, true);
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
        self.dispatcher.served(request.destination, orchestrator);
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
        let MarketPlan { market, retry_window_s, .. } = &self.world.markets[plan.market];
        let classes = market.version.has_error_classes();
        let another_may_do = matches!(failure, Failure::Capacity | Failure::Nonces);
        if classes && another_may_do && !market.is_live {
            request.has_set_aside = true;
            self.set_aside.push((number, session, warm));
        } else {
            self.selectors[plan.market].remove(market, session, warm);
            let payee = self.payee(plan, session);
            self.cashier.close(payee, LossCause::SessionRemoved);
        }
        let request = self.requests.get(number);
        let stream = request.stream as usize;
        if request.destination.is_some() && self.dispatcher.may_go_elsewhere(stream) {
            self.unbind(number);
        }
        let request = self.requests.get(number);
        let window_is_over = (now - request.round_began).as_secs() > *retry_window_s;
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
        let quote = self.cashier.quote(self.payee(plan, submission.session));
        let prepaid = live_prepaid_pixels(self.world.markets[plan.market].market.version);
        if let Some(staged) = submission.staged {
            self.note_fee(staged.fee, quote.base, prepaid, 0);
            let mut own_balance = SessionCredit::default();
            self.cashier.served_on(&mut own_balance, staged, now);
            self.cashier.lose_credit(own_balance, LossCause::Expiry);
        }
        let live = self.requests.live(number);
        let is_first_start = live.meter.is_none();
        live.meter = Some(IntervalMeter::start(LIVE_PIXELS_PER_SECOND, now));
        (live.price, live.base_price) = (quote.price, quote.base);
        if is_first_start {
            self.recorder.service[plan.service].latency.record(latency.0);
        }
        self.schedule_stream_payment(number, now);
    }

    fn schedule_stream_payment(&mut self, number: u32, now: SimTime) {
        let Some(payee) = self.stream_payee(number) else { return };
        let interval = SimTime(LIVE_PAYMENT_INTERVAL_S * NANOS_PER_SECOND);
        let live = self.requests.live(number);
        let interval_fee = live.price.fee(live_stream_pixels(interval)).0.max(1);
        let deposit = self.cashier.ledger.free_deposit(payee.gateway);
        let affordable = deposit.0 / LIVE_BOOKING_SHARE / interval_fee;
        let intervals = affordable.clamp(1, u128::from(MAX_INTERVALS_BOOKED)) as u64;
        let live = self.requests.live(number);
        let next = (now + SimTime(interval.0 * intervals)).min(live.leg_ends.max(now));
        self.events.schedule(next, Event::StreamPayment(number));
    }

    /// Whom a running stream pays.
    fn stream_payee(&mut self, number: u32) -> Option<Payee> {
        let request = self.requests.get(number);
        let submission = request.submission?;
        let plan = &self.world.streams[request.stream as usize];
        Some(self.payee(plan, submission.session))
    }

    /// Pays a running stream up to `until`, interval by interval. Where the
    /// gateway cannot, nothing is paid.
    fn pay_stream(&mut self, number: u32, until: SimTime) {
        let Some(payee) = self.stream_payee(number) else { return };
        let request = self.requests.get(number);
        let (stream, key) = (request.stream as usize, submission_key(request));
        let live = self.requests.live(number);
        let Some(meter) = &mut live.meter else { return };
        let span = until - meter.paid_until();
        let units = meter.advance(until);
        live.payments += 1;
        let lottery = (key, Draw::Lottery.index() + live.payments);
        let mut credit = live.credit;
        let (price, base_price) = (live.price, live.base_price);
        let fee = price.fee(units);
        // Before its last interval the balance must still be worth a ticket.
        let interval = SimTime(LIVE_PAYMENT_INTERVAL_S * NANOS_PER_SECOND).min(span);
        let last = price.fee(live_stream_pixels(interval));
        let before_last = fee.0.saturating_sub(last.0);
        let least = Wei(before_last + last.max(self.cashier.ticket_value(payee)).0);
        let at_once = last.max(self.cashier.ticket_value(payee));
        match self.cashier.stage_on(&mut credit, payee, fee, least, at_once) {
            Ok(staged) => {
                // Up to 0.8.4 orchestrators did not stop a stream for want of
                // payment; on a stream that pays every interval none is wanting.
                let _ = self.send(payee, staged, stream, until, lottery);
                self.cashier.served_on(&mut credit, staged, until);
                self.note_fee(fee, base_price, units, units);
            }
            Err(_) => self.run_out(payee.gateway, until),
        }
        self.requests.live(number).credit = credit;
    }

    /// What is left of a stream's balance is lost when it leaves.
    fn lose_stream_credit(&mut self, number: u32, cause: LossCause) {
        let credit = std::mem::take(&mut self.requests.live(number).credit);
        self.cashier.lose_credit(credit, cause);
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
        } else if let Some(payee) = self.stream_payee(number) {
            self.lose_stream_credit(number, LossCause::Expiry);
            self.serve(number, now, payee.orchestrator);
        }
    }

    /// A running stream lost its orchestrator: another one takes over, unless
    /// that happened too often of late.
    fn swap(&mut self, number: u32, now: SimTime) {
        self.lose_stream_credit(number, LossCause::Swap);
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

/// A market's orchestrators at one moment.
struct MarketAt<'a, 'w> {
    plan: &'w MarketPlan,
    now: SimTime,
    slots: &'a [Slots],
    prices: &'a PriceBoard,
    cashier: &'a mut Cashier<'w>,
}

impl Respondents for MarketAt<'_, '_> {
    fn offers_itself(&self, candidate: u32) -> bool {
        let offer = self.plan.routes[candidate as usize].offer;
        !self.plan.market.is_live || !self.slots[offer].is_full(self.now)
    }

    fn quote(&mut self, candidate: u32) -> Option<Price> {
        let base = self.prices.offer(self.plan.routes[candidate as usize].offer);
        self.cashier.discovered(self.plan.payee(candidate), base, self.now)
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
