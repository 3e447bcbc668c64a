use std::ops::ControlFlow;

use super::{Draw, Event, Replication};
use crate::demand::{Moment, Pace};
use crate::kernel::StreamKey;
use crate::network::Pipeline;
use crate::payments::{
    LossCause, Staged, billed_and_used, live_prepaid_pixels, text_to_speech_debit,
};
use crate::selection::{Ask, PROBE_ROUND_TRIPS, Respondents, Selection, SessionRef};
use crate::simulation::cashier::{Cashier, NoPayment, NotAccepted, Payee};
use crate::simulation::in_flight::{Outcome, Request, Submission};
use crate::simulation::price_board::PriceBoard;
use crate::simulation::recorder::Failure;
use crate::simulation::responders::Responders;
use crate::simulation::slots::Slots;
use crate::simulation::world::{
    MarketPlan, NETWORK_BEFORE_ARRIVAL, REQUEST_ROUND_TRIPS, Route, StreamPlan,
};
use crate::units::{Price, SECONDS_PER_HOUR, SimTime};

/// What a request's draws are for.
#[derive(Clone, Copy)]
enum Purpose {
    Size,
    UsedShare,
    BadRequest,
    Steering,
    Developer,
    Paying,
    Asking,
}

/// Number of the draw of a request's size in the request's stream.
pub(crate) const SIZE_DRAW: u64 = Purpose::Size as u64;

/// Who answers discoveries in a market, by their time on its clock. A macro, since it
/// borrows some fields beside the selectors.
macro_rules! respondents {
    ($replication:ident, $plan:ident, $now:ident) => {
        |local| MarketAt {
            plan: $plan,
            now: $plan.moment(local, $now),
            slots: &$replication.slots,
            prices: &$replication.prices,
            responders: &$replication.responders,
            cashier: &mut $replication.cashier,
        }
    };
}

impl<'w> Replication<'w> {
    /// Sends staged tickets, and schedules the redemption of those that win.
    #[inline(always)]
    pub(super) fn send(
        &mut self,
        number: u32,
        plan: &StreamPlan,
        payee: Payee,
        staged: &Staged,
        now: Moment,
        lottery: (StreamKey, u64),
    ) {
        let paid_for = self.recorder.paid_for(plan);
        let winners = self.cashier.send(payee, staged, paid_for, lottery, &mut self.recorder);
        if staged.tickets == 0 {
            return;
        }
        let (calendar, pace) = (now.calendar, plan.pace);
        if pace != Pace::EXACT {
            self.requests.get(number).paid_eth += staged.new_credit.to_coins();
        }
        let owner = payee.owner;
        let paid = pace.all(staged.new_credit);
        self.treasurer.record_spend(payee.gateway, calendar, paid);
        self.dispatcher.paid(plan, owner, staged.new_credit, calendar);
        self.pacer.note_spend(plan.number, calendar, staged.new_credit, pace.requests());
        self.responders.paid(owner, plan.model, paid);
        let mut winner = 0;
        while winner < winners {
            let (key, index) = lottery;
            let delay_s = self.world.scenario.payments.redemption_delay_s;
            let draw = Draw::Redemption.index() + (winner << 32);
            let delay = delay_s * key.child(index).exponential(draw);
            let tickets = pace.requests().min(winners - winner);
            winner += tickets;
            let win = self.cashier.win(payee, tickets, paid_for, calendar, &mut self.recorder);
            self.events.schedule(calendar + SimTime::from_secs(delay), Event::Redemption(win));
        }
    }

    pub(super) fn arrive(&mut self, stream: usize, calendar: SimTime) {
        let plan = &self.world.streams[stream];
        let (now, count) = (plan.pace.at(calendar), plan.pace.requests());
        let request_number = self.requests_asked[stream];
        self.requests_asked[stream] += 1;
        if !self.dispatcher.within_budget(plan, calendar) {
            return;
        }
        let key = self.stream_keys[stream].child(request_number);
        let draws = || [Purpose::Paying, Purpose::Asking].map(|draw| key.uniform(draw as u64));
        let Some(pays) = self.customers.asks(stream, calendar, draws) else { return };
        self.recorder.service[plan.service].asked += count;
        if !self.pacer.admits(stream, count, calendar, || key.uniform(Purpose::Developer as u64)) {
            self.recorder.service[plan.service].failed[Failure::Limit as usize] += count;
            return;
        }
        let uniform = || key.uniform(Purpose::Steering as u64);
        let destination = self.dispatcher.destination(plan, uniform);
        let recorded_size = self.world.scenario.demand[stream].recorded_size(request_number);
        let size = recorded_size.unwrap_or_else(|| plan.size.draw(key, Purpose::Size as u64));
        let used_size = size * plan.used_share.draw(key, Purpose::UsedShare as u64);
        let (billed, used) =
            billed_and_used(plan.pipeline, size, used_size, plan.live_pixels_per_second);
        self.responders.asked(plan.market, billed, count);
        let request = Request {
            stream: stream as u32,
            key,
            arrived: now.local,
            round_began: now.local,
            size,
            used_size,
            billed,
            used,
            is_bad: plan.bad_request_share > 0.0
                && key.uniform(Purpose::BadRequest as u64) < plan.bad_request_share,
            pays,
            paid_eth: 0.0,
            tries: 0,
            submissions: 0,
            set_aside: None,
            last_failure: None,
            submission: None,
            destination,
        };
        let number = self.requests.insert(request, plan.pipeline.is_live());
        self.select(number, now, true);
    }

    /// Asks for sessions until one is submitted to, the request has to wait, or it
    /// is given up.
    pub(super) fn select(&mut self, number: u32, now: Moment, mut may_refresh: bool) {
        while let ControlFlow::Continue(may) = self.try_next(number, now, may_refresh) {
            may_refresh = may;
        }
    }

    /// Asks the selector for a session and submits to it; goes on, and says whether
    /// pools may be refreshed then, where the next can be tried at once.
    fn try_next(&mut self, number: u32, now: Moment, may_refresh: bool) -> ControlFlow<(), bool> {
        let request = self.requests.get(number);
        let stream = &self.world.streams[request.stream as usize];
        let plan = &self.world.markets[stream.market];
        let bound_for = request.destination.filter(|destination| destination.is_binding);
        let key = submission_key(request);
        self.selectors[stream.market].catch_up_in_background(
            &plan.market,
            now.local,
            respondents!(self, plan, now),
            self.discovery_keys[stream.market],
        );
        let selection = self.selectors[stream.market].select(
            &plan.market,
            now.local,
            Ask {
                may_refresh,
                in_region: bound_for.map(|to| plan.in_region[to.region as usize].as_slice()),
                key,
            },
            respondents!(self, plan, now),
            self.discovery_keys[stream.market],
        );
        match selection {
            Selection::Session(session) => {
                return self.submit(number, stream, key, session, now).map_continue(|()| true);
            }
            Selection::Wait(until) => self.schedule(plan.pace, until, Event::Select(number)),
            Selection::Nobody => match bound_for {
                Some(region) if self.dispatcher.nobody_there(stream, region) => {
                    self.unbind(number);
                    return ControlFlow::Continue(false);
                }
                _ => self.give_up(number, true),
            },
        }
        ControlFlow::Break(())
    }

    /// The session with an orchestrator that failed is deleted.
    pub(super) fn remove_session(&mut self, market: usize, session: SessionRef, now: Moment) {
        let plan = &self.world.markets[market];
        let selector = &mut self.selectors[market];
        selector.catch_up_in_background(
            &plan.market,
            now.local,
            respondents!(self, plan, now),
            self.discovery_keys[market],
        );
        selector.remove(&plan.market, session);
    }

    /// A steered request may go anywhere from now on.
    fn unbind(&mut self, number: u32) {
        if let Some(destination) = &mut self.requests.get(number).destination {
            destination.is_binding = false;
        }
    }

    /// Pays and submits to the orchestrator of a session; `key` names the draws.
    /// Goes on where it cannot be paid and the next can be tried.
    fn submit(
        &mut self,
        number: u32,
        plan: &StreamPlan,
        key: StreamKey,
        session: SessionRef,
        now: Moment,
    ) -> ControlFlow<()> {
        let request = self.requests.get(number);
        let billed = request.billed;
        let market = &self.world.markets[plan.market];
        let route = &market.routes[session.candidate as usize];
        if !self.responders.is_there(route.orchestrator) {
            self.fail_to_dial(number, session, now);
            return ControlFlow::Break(());
        }
        let payee = market.payee(session.candidate);
        // Drawn early, so that a processor works it out beside the payment.
        let variation = plan.variation.draw(key, Draw::Variation.index());
        let (mut at, mut refresh_s) = (now.local, 0.0);
        match self.cashier.refresh(payee, || self.prices.offer(route.offer), now) {
            Ok(None) => {}
            Ok(Some(price)) => {
                let selector = &mut self.selectors[plan.market];
                selector.learn_price(&market.market, session.candidate, price);
                refresh_s = PROBE_ROUND_TRIPS / 3.0 * route.network_s;
                // Not part of the request, which alone is timed.
                at = now.local + SimTime::from_secs(refresh_s);
            }
            Err(problem) => return self.cannot_pay(number, now, problem, payee, session),
        }
        // The prepayment of a live stream has a balance of its own, used once.
        let is_live = plan.pipeline.is_live();
        let units = if is_live { live_prepaid_pixels(market.market.version) } else { billed };
        let staged = match self.cashier.stage(payee, units, is_live) {
            Ok(staged) if self.pacer.may_spend(plan.number, staged.new_credit, now.calendar) => {
                staged
            }
            Ok(staged) => {
                self.cashier.call_off(payee, &staged, now.local);
                return self.cannot_pay(number, now, NoPayment::AboveCeiling, payee, session);
            }
            Err(problem) => return self.cannot_pay(number, now, problem, payee, session),
        };
        let mut network_s = route.network_s;
        if route.jitter_s > 0.0 {
            network_s += route.jitter_s * key.exponential(Draw::Jitter.index());
        }
        let arrival =
            now.local + SimTime::from_secs(refresh_s + network_s * NETWORK_BEFORE_ARRIVAL);
        let sent =
            Submission { session, at, staged: Some(staged), outcome: None, network_s, variation };
        if route.is_contested {
            self.send_off(number, plan, (sent, staged), arrival);
        } else {
            self.admit(number, plan, key, (sent, staged), now, arrival);
        }
        ControlFlow::Break(())
    }

    /// Sends a request to an orchestrator whom others reach sooner or later than its
    /// gateway: whoever is there first is admitted first.
    #[cold]
    fn send_off(
        &mut self,
        number: u32,
        plan: &StreamPlan,
        (sent, staged): (Submission, Staged),
        arrival: SimTime,
    ) {
        let payee = self.world.markets[plan.market].payee(sent.session.candidate);
        self.cashier.pledge(payee, &staged);
        self.pacer.pledge(plan.number, plan.pace.all(staged.new_credit));
        self.requests.get(number).submission = Some(sent);
        self.schedule(plan.pace, arrival, Event::Reach(number));
    }

    /// The tickets of a request that was sent off are on their way no longer.
    pub(super) fn take_back_pledge(&mut self, number: u32) {
        let request = self.requests.get(number);
        let plan = &self.world.streams[request.stream as usize];
        if let Some(Submission { session, staged: Some(staged), .. }) = &request.submission {
            let payee = self.world.markets[plan.market].payee(session.candidate);
            self.cashier.take_back(payee, staged);
            self.pacer.take_back(plan.number, plan.pace.all(staged.new_credit));
        }
    }

    /// A request that was sent off arrives.
    pub(super) fn reach(&mut self, number: u32, now: Moment) {
        self.take_back_pledge(number);
        let request = self.requests.get(number);
        let (plan, key) = (&self.world.streams[request.stream as usize], submission_key(request));
        let Some(sent @ Submission { staged: Some(staged), .. }) = request.submission else {
            return;
        };
        self.admit(number, plan, key, (sent, staged), now, now.local);
    }

    /// A request arrives at its orchestrator, who turns it away or takes its tickets and
    /// works on it; `now` is when those count as sent.
    #[inline(always)]
    fn admit(
        &mut self,
        number: u32,
        plan: &StreamPlan,
        key: StreamKey,
        (sent, staged): (Submission, Staged),
        now: Moment,
        arrival: SimTime,
    ) {
        let is_bad = self.requests.get(number).is_bad;
        let Submission { session, network_s, variation, .. } = sent;
        let market = &self.world.markets[plan.market];
        let route = &market.routes[session.candidate as usize];
        let payee = market.payee(session.candidate);
        let turned_away = if is_bad && plan.pipeline == Pipeline::AudioToText {
            // The gateway cannot tell how long it is, and does not send it.
            Some(Failure::BadRequest)
        } else if !self.slots[route.offer].make_room(arrival) {
            Some(Failure::Capacity)
        } else {
            None
        };
        let is_refused = turned_away == Some(Failure::Capacity);
        self.responders.reached(route.offer, plan.pace.requests(), is_refused);
        let failure = match turned_away {
            Some(failure) => {
                self.cashier.turned_away(payee, &staged);
                Some(failure)
            }
            None => {
                let lottery = (key, Draw::Lottery.index());
                self.send(number, plan, payee, &staged, now, lottery);
                match self.cashier.receive(payee, &staged, now.local) {
                    Err(NotAccepted::Nonces) => Some(Failure::Nonces),
                    Err(NotAccepted::Balance) => Some(Failure::Payment),
                    Ok(()) => is_bad.then_some(Failure::BadRequest),
                }
            }
        };
        let (outcome, work_s) = match failure {
            Some(failure) => (Outcome::Failed(failure), 0.0),
            None => self.work(number, plan, (route, session.is_warm), key, (arrival, variation)),
        };
        let staged = turned_away.is_none().then_some(staged);
        let request = self.requests.get(number);
        request.tries += 1;
        request.submission = Some(Submission { staged, outcome: Some(outcome), ..sent });
        let back_s = network_s * (1.0 - NETWORK_BEFORE_ARRIVAL);
        let back = arrival + SimTime::from_secs(work_s + back_s);
        self.schedule(plan.pace, back, Event::Answer(number));
    }

    /// Works on a request that came by a route to a warm orchestrator or another, at a
    /// time and with a factor on its work, and holds a place for it: how that ends, and
    /// after how many seconds it is answered.
    #[inline(always)]
    fn work(
        &mut self,
        number: u32,
        plan: &StreamPlan,
        (route, is_warm): (&Route, bool),
        key: StreamKey,
        (arrival, variation): (SimTime, f64),
    ) -> (Outcome, f64) {
        let slots = &mut self.slots[route.offer];
        if route.reliability < 1.0 && key.uniform(Draw::Success.index()) >= route.reliability {
            let work_s =
                self.world.scenario.failure_delay_s * key.exponential(Draw::FailureDelay.index());
            slots.hold(arrival + SimTime::from_secs(work_s));
            return (Outcome::Failed(Failure::OrchestratorError), work_s);
        }
        let request = self.requests.get(number);
        let is_live = plan.pipeline.is_live();
        let amount = if is_live { 0.0 } else { request.used_size };
        let nominal_s = plan.overhead_s + plan.seconds_per_unit * amount;
        let mut work_s = nominal_s * variation * route.slowness;
        if !is_warm && self.loaded_cold[route.owner].replace(plan.model) != Some(plan.model) {
            work_s += plan.cold_start_s;
        }
        let mut free_again = arrival + SimTime::from_secs(work_s);
        if is_live {
            let failures_per_s =
                self.world.scenario.stream_failures_per_hour / SECONDS_PER_HOUR as f64;
            let leg_s = key.exponential(Draw::LegLength.index()) / failures_per_s;
            let stream_s = request.size;
            free_again = self.requests.live(number).begin_leg(free_again, stream_s, leg_s);
        }
        slots.hold(free_again);
        (Outcome::Served, work_s)
    }

    /// The orchestrator of a session is gone: nobody takes the connection, and
    /// nothing is sent.
    fn fail_to_dial(&mut self, number: u32, session: SessionRef, now: Moment) {
        let request = self.requests.get(number);
        let market = &self.world.markets[self.world.streams[request.stream as usize].market];
        let round_trip_s =
            market.routes[session.candidate as usize].network_s / REQUEST_ROUND_TRIPS;
        request.tries += 1;
        let outcome = Some(Outcome::Failed(Failure::OrchestratorError));
        let at = now.local;
        let network_s = round_trip_s;
        let submission =
            Submission { session, at, staged: None, outcome, network_s, variation: 1.0 };
        request.submission = Some(submission);
        let back = at + SimTime::from_secs(round_trip_s);
        self.schedule(market.pace, back, Event::Answer(number));
    }

    pub(super) fn answer(&mut self, number: u32, calendar: SimTime) {
        let request = self.requests.get(number);
        request.submissions += 1;
        let Some(Submission { session, at, ref staged, outcome: Some(outcome), .. }) =
            request.submission
        else {
            return;
        };
        let plan = &self.world.streams[request.stream as usize];
        let now = plan.pace.at(calendar);
        let served = outcome == Outcome::Served;
        let selector = &mut self.selectors[plan.market];
        let timed = sets_latency_score(plan.pipeline, served).then(|| {
            let units =
                plan.pipeline.latency_score_units(request.size, request.used_size, plan.steps);
            ((now.local - at).as_secs(), units)
        });
        if let Some((wall_s, units)) = timed {
            selector.set_latency_score(session, wall_s / units);
        }
        match outcome {
            Outcome::Served => selector.note_served(session, timed),
            Outcome::Failed(Failure::BadRequest) => {}
            Outcome::Failed(_) => selector.note_failed(session),
        }
        let has_session = served && selector.complete(session);
        let market = &self.world.markets[plan.market];
        let payee = market.payee(session.candidate);
        match outcome {
            Outcome::Served if plan.pipeline.is_live() => {
                let staged = *staged;
                self.start_stream(number, now, session, staged);
            }
            Outcome::Served => {
                let billed = request.billed;
                if let Some(staged) = staged {
                    let route = &market.routes[session.candidate as usize];
                    self.responders.worked(route.offer, billed, plan.pace.requests());
                    let (base, _) = self.cashier.prices(payee);
                    self.recorder.note_fee(plan.pace, staged.fee, base, (billed, request.used));
                    self.customers.billed(plan.number, request.pays, staged.fee, billed);
                    let debited = match plan.pipeline {
                        Pipeline::TextToSpeech => text_to_speech_debit(billed),
                        _ => billed,
                    };
                    self.cashier.served(payee, staged, debited, has_session, now.local);
                }
                self.serve(number, plan, now.local, payee.owner);
            }
            Outcome::Failed(failure) => {
                if let Some(staged) = staged {
                    self.cashier.failed(payee, staged);
                }
                if self.retry(number, now, failure, session).is_continue() {
                    self.select(number, now, true);
                }
            }
        }
    }

    /// The request cannot be paid. Without funds it fails; terms that cannot
    /// be met count as an error of the orchestrator.
    fn cannot_pay(
        &mut self,
        number: u32,
        now: Moment,
        problem: NoPayment,
        payee: Payee,
        session: SessionRef,
    ) -> ControlFlow<()> {
        let request = self.requests.get(number);
        request.tries += 1;
        request.submissions += 1;
        let plan = &self.world.streams[request.stream as usize];
        request.last_failure = Some(match problem {
            NoPayment::Refused => return self.retry(number, now, Failure::Payment, session),
            NoPayment::NoFunds => Failure::NoFunds,
            NoPayment::AboveCeiling => Failure::Limit,
        });
        self.selectors[plan.market].complete(session);
        if problem == NoPayment::NoFunds {
            self.run_out(payee.gateway, now.calendar);
            if self.depleted.is_some() {
                // The end of the run, and in flight like others then.
                return ControlFlow::Break(());
            }
            self.outages.refused += plan.pace.requests();
        }
        self.give_up(number, true);
        ControlFlow::Break(())
    }

    /// Books a request as served by an orchestrator and forgets it; `now` is its
    /// model's.
    #[inline(always)]
    pub(super) fn serve(&mut self, number: u32, plan: &StreamPlan, now: SimTime, owner: usize) {
        let request = self.requests.get(number);
        let count = plan.pace.requests();
        let record = &mut self.recorder.service[plan.service];
        if !plan.pipeline.is_live() {
            record.latency.record_all((now - request.arrived + plan.user_rtt).0, count);
        }
        record.served += count;
        self.recorder.served_by[owner] += count;
        self.dispatcher.served(request.destination, count, owner);
        self.forget(number, plan, true);
    }

    /// Forgets a request, and gives the sessions back that it set aside or leaves
    /// them in use.
    #[inline(always)]
    fn forget(&mut self, number: u32, plan: &StreamPlan, gives_back_set_aside: bool) {
        let &mut Request { paid_eth, set_aside, .. } = self.requests.get(number);
        if plan.pace != Pace::EXACT {
            self.recorder.sampled[plan.number].note(paid_eth);
        }
        if set_aside.is_some() {
            while let Some(session) = self.requests.take_aside(number) {
                if gives_back_set_aside {
                    self.selectors[plan.market].complete(session);
                }
            }
        }
        self.requests.remove(number);
    }

    /// Deals with a failed submission by the release's error classes; goes on where
    /// the request may be tried again.
    fn retry(
        &mut self,
        number: u32,
        now: Moment,
        failure: Failure,
        session: SessionRef,
    ) -> ControlFlow<()> {
        let request = self.requests.get(number);
        request.last_failure = Some(failure);
        let plan = &self.world.streams[request.stream as usize];
        let market_plan = &self.world.markets[plan.market];
        let MarketPlan { market, retry_window_s, .. } = market_plan;
        let classes = market.version.has_error_classes();
        let another_may_do = matches!(failure, Failure::Capacity | Failure::Nonces);
        if classes && another_may_do && !market.is_live {
            self.requests.set_aside(number, session);
        } else {
            self.remove_session(plan.market, session, now);
            let payee = market_plan.payee(session.candidate);
            self.cashier.close(payee, LossCause::SessionRemoved);
        }
        let is_steered = self.requests.get(number).destination.is_some();
        if is_steered && self.dispatcher.may_go_elsewhere(plan) {
            self.unbind(number);
        }
        let request = self.requests.get(number);
        let window_is_over = (now.local - request.round_began).as_secs() > *retry_window_s;
        if window_is_over || failure == Failure::BadRequest {
            // go-livepeer returns here without giving set-aside sessions back:
            // they stay in use for good.
            self.give_up(number, false);
        } else if request.tries >= market.version.max_tries() {
            self.give_up(number, true);
        } else {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(())
    }

    /// Books a request as failed and forgets it.
    pub(super) fn give_up(&mut self, number: u32, gives_back_set_aside: bool) {
        let request = self.requests.get(number);
        let plan = &self.world.streams[request.stream as usize];
        let last_failure = request.last_failure.unwrap_or(Failure::NoOrchestrator);
        let was_running =
            plan.pipeline.is_live() && self.requests.live(number).user_leaves.is_some();
        let failure = match last_failure {
            Failure::Limit => Failure::Limit,
            _ if was_running => Failure::StreamLost,
            other => other,
        };
        self.recorder.service[plan.service].failed[failure as usize] += plan.pace.requests();
        self.forget(number, plan, gives_back_set_aside);
    }
}

/// A market's orchestrators at one moment.
struct MarketAt<'a, 'w> {
    plan: &'w MarketPlan,
    now: Moment,
    slots: &'a [Slots],
    prices: &'a PriceBoard,
    responders: &'a Responders<'w>,
    cashier: &'a mut Cashier<'w>,
}

impl Respondents for MarketAt<'_, '_> {
    fn offers_itself(&self, candidate: u32) -> bool {
        let route = &self.plan.routes[candidate as usize];
        let hides_when_full = self.plan.market.is_live
            && self.cashier.version(self.plan.payee(candidate)).hides_when_full();
        self.responders.is_there(route.orchestrator)
            && !(hides_when_full && self.slots[route.offer].is_full(self.now.local))
    }

    fn quote(&mut self, candidate: u32) -> Option<Price> {
        let base = self.prices.offer(self.plan.routes[candidate as usize].offer);
        self.cashier.discovered(self.plan.payee(candidate), base, self.now)
    }
}

/// The key of the draws of a request's next submission.
pub(super) fn submission_key(request: &Request) -> StreamKey {
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
