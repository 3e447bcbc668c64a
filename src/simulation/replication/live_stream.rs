use super::request::submission_key;
use super::{Draw, Event, Replication};
use crate::demand::Moment;
use crate::payments::{
    AUTH_TOKEN_REFRESH_S, IntervalMeter, LIVE_PAYMENT_INTERVAL_S, LossCause, Staged,
    live_prepaid_pixels, live_stream_pixels,
};
use crate::selection::SessionRef;
use crate::simulation::cashier::{NoPayment, Payee};
use crate::simulation::in_flight::LiveState;
use crate::simulation::recorder::Failure;
use crate::units::{NANOS_PER_SECOND, SECONDS_PER_HOUR, SimTime, Wei};

/// Swaps a live stream may make within [`SWAP_WINDOW_S`] of one another; the
/// next ends it (go-livepeer `server/ai_live_video.go`).
const MAX_RECENT_SWAPS: u32 = 2;
const SWAP_WINDOW_S: f64 = 180.0;

/// The payments of a stream are booked together for up to an hour, but never
/// more than this part of the credits on hand at once, so that the time at
/// which the credits run out is that of booking each interval by itself.
const LIVE_BOOKING_SHARE: u128 = 4096;
const MAX_INTERVALS_BOOKED: u64 = SECONDS_PER_HOUR / LIVE_PAYMENT_INTERVAL_S;

/// Why a running stream was not paid for.
pub(super) enum Unpaid {
    /// A ceiling of the policy.
    AtLimit,
    /// The gateway's limits or the orchestrator's terms.
    Refused,
    /// Its gateway, by index, is out of funds.
    NoFunds(usize),
}

impl Replication<'_> {
    pub(super) fn start_stream(
        &mut self,
        number: u32,
        now: Moment,
        session: SessionRef,
        staged: Option<Staged>,
    ) {
        let request = self.requests.get(number);
        let plan = &self.world.streams[request.stream as usize];
        let latency = now.local - request.arrived + plan.user_rtt;
        let market = &self.world.markets[plan.market];
        let payee = market.payee(session.candidate);
        let (base, price) = self.cashier.prices(payee);
        let prepaid = live_prepaid_pixels(market.market.version);
        if let Some(staged) = staged {
            let route = &market.routes[session.candidate as usize];
            self.responders.worked(route.offer, prepaid, plan.pace.requests());
            self.recorder.note_fee(plan.pace, staged.fee, base, (prepaid, 0));
            self.cashier.served_once(payee, &staged, LossCause::Expiry, now.local);
        }
        let live = self.requests.live(number);
        let is_first_start = live.meter.is_none();
        live.meter = Some(IntervalMeter::start(plan.live_pixels_per_second, now.local));
        (live.price, live.base_price) = (price, base);
        live.token_issued = now.local;
        if is_first_start {
            let count = plan.pace.requests();
            self.recorder.service[plan.service].latency.record_all(latency.0, count);
        }
        self.schedule_stream_payment(number, now);
    }

    fn schedule_stream_payment(&mut self, number: u32, now: Moment) {
        let Some(payee) = self.stream_payee(number) else { return };
        let interval = SimTime(LIVE_PAYMENT_INTERVAL_S * NANOS_PER_SECOND);
        let stream = self.requests.stream(number);
        let pixels_per_second = self.world.streams[stream].live_pixels_per_second;
        let live = self.requests.live(number);
        let units = live_stream_pixels(pixels_per_second, interval);
        let interval_fee = payee.pace.all(live.price.fee(units)).0.max(1);
        let deposit = self.cashier.ledger.free_deposit(payee.gateway);
        let room = self.pacer.room(stream, now.calendar).unwrap_or(deposit);
        let affordable = deposit.min(room).0 / LIVE_BOOKING_SHARE / interval_fee;
        let intervals = affordable.clamp(1, u128::from(MAX_INTERVALS_BOOKED)) as u64;
        let live = self.requests.live(number);
        let booked = now.local + SimTime(interval.0 * intervals);
        let next = booked.min(live.token_renewed()).min(live.leg_ends.max(now.local));
        self.schedule(payee.pace, next, Event::StreamPayment(number));
    }

    /// Whom a running stream pays.
    fn stream_payee(&mut self, number: u32) -> Option<Payee> {
        let request = self.requests.get(number);
        let plan = &self.world.streams[request.stream as usize];
        let session = request.submission.as_ref()?.session;
        Some(self.world.markets[plan.market].payee(session.candidate))
    }

    /// Pays a running stream up to `until`, interval by interval. Nothing is paid
    /// where its gateway cannot, or a ceiling of the policy does not allow it.
    pub(super) fn pay_stream(&mut self, number: u32, until: Moment) -> Result<(), Unpaid> {
        let Some(payee) = self.stream_payee(number) else { return Ok(()) };
        let request = self.requests.get(number);
        let (stream, pays, key) = (request.stream as usize, request.pays, submission_key(request));
        let plan = &self.world.streams[stream];
        let offer = self.world.markets[plan.market].offer(payee);
        let live = self.requests.live(number);
        let Some(meter) = &mut live.meter else { return Ok(()) };
        let span = until.local - meter.paid_until();
        let units = meter.advance(until.local);
        live.payments += 1;
        let lottery = (key, Draw::Lottery.index() + live.payments);
        let mut credit = live.credit;
        let (price, base_price) = (live.price, live.base_price);
        let fee = price.fee(units);
        // Before its last interval, which is what whole ones leave, the balance must still
        // be worth a ticket.
        let interval = SimTime(LIVE_PAYMENT_INTERVAL_S * NANOS_PER_SECOND).min(span);
        let left_over = SimTime(span.0.checked_rem(interval.0).unwrap_or(0));
        let last = if left_over == SimTime::ZERO { interval } else { left_over };
        let fee_of = |span| price.fee(live_stream_pixels(plan.live_pixels_per_second, span));
        let ticket_value = self.cashier.ticket_value(payee);
        let before_last = fee.0.saturating_sub(fee_of(last).0);
        let least = Wei(before_last + fee_of(last).max(ticket_value).0);
        let at_once = fee_of(interval).max(ticket_value);
        let mut paid = Ok(());
        match self.cashier.stage_on(&mut credit, payee, fee, least, at_once) {
            Ok(staged) if !self.pacer.may_spend(stream, staged.new_credit, until.calendar) => {
                self.cashier.served_on(&mut credit, payee, &staged.called_off(), until.local);
                paid = Err(Unpaid::AtLimit);
            }
            Ok(staged) => {
                // A stream that pays every interval never has too little with its
                // orchestrator, whose replies renew its ticket parameters.
                self.send(number, plan, payee, &staged, until, lottery);
                self.cashier.served_on(&mut credit, payee, &staged, until.local);
                self.responders.worked(offer, units, payee.pace.requests());
                let shown = u128::from(units) * u128::from(plan.live_pixels_shown)
                    / u128::from(plan.live_pixels_per_second);
                self.recorder.note_fee(payee.pace, fee, base_price, (units, shown as u64));
                self.customers.billed(stream, pays, fee, units);
            }
            Err(NoPayment::NoFunds) => paid = Err(Unpaid::NoFunds(payee.gateway)),
            Err(NoPayment::Refused | NoPayment::AboveCeiling) => paid = Err(Unpaid::Refused),
        }
        self.requests.live(number).credit = credit;
        paid
    }

    /// A stream leaves its orchestrator: its place there is free, and what is left of
    /// its balance is lost.
    fn leave(&mut self, number: u32, cause: LossCause, now: SimTime) {
        let Some(payee) = self.stream_payee(number) else { return };
        let stream = &self.world.streams[self.requests.stream(number)];
        let offer = self.world.markets[stream.market].offer(payee);
        self.slots[offer].release(self.requests.live(number).leg_ends, now);
        self.lose_stream_credit(number, cause);
    }

    fn lose_stream_credit(&mut self, number: u32, cause: LossCause) {
        let Some(payee) = self.stream_payee(number) else { return };
        let credit = std::mem::take(&mut self.requests.live(number).credit);
        self.cashier.lose_credit(credit, payee, cause);
    }

    pub(super) fn continue_stream(&mut self, number: u32, now: Moment) {
        let unpaid = self.pay_stream(number, now).err();
        if let Some(Unpaid::NoFunds(gateway)) = unpaid {
            self.run_out(gateway, now.calendar);
        }
        if self.depleted.is_some() {
            return;
        }
        match unpaid {
            Some(Unpaid::AtLimit) => return self.end_unpaid(number, Failure::Limit, now.local),
            Some(Unpaid::NoFunds(_)) if self.stops_unpaid(number) => {
                return self.end_unpaid(number, Failure::NoFunds, now.local);
            }
            Some(Unpaid::Refused) if self.stops_unpaid(number) => return self.swap(number, now),
            _ => {}
        }
        let live = *self.requests.live(number);
        if now.local < live.leg_ends {
            if now.local >= live.token_renewed() {
                self.lose_stream_credit(number, LossCause::SessionRefresh);
                self.requests.live(number).token_issued = now.local;
            }
            self.schedule_stream_payment(number, now);
        } else if live.leg_fails {
            self.swap(number, now);
        } else if let Some(payee) = self.stream_payee(number) {
            self.leave(number, LossCause::Expiry, now.local);
            let plan = &self.world.streams[self.requests.stream(number)];
            self.serve(number, plan, now.local, payee.owner);
        }
    }

    /// Whether a stream's orchestrator stops it where payment fails.
    fn stops_unpaid(&mut self, number: u32) -> bool {
        let payee = self.stream_payee(number);
        payee.is_some_and(|payee| self.cashier.version(payee).stops_unpaid_streams())
    }

    fn end_unpaid(&mut self, number: u32, failure: Failure, now: SimTime) {
        self.leave(number, LossCause::Expiry, now);
        self.requests.get(number).last_failure = Some(failure);
        self.give_up(number, true);
    }

    /// A running stream lost its orchestrator: another one takes over, unless
    /// that happened too often of late.
    fn swap(&mut self, number: u32, now: Moment) {
        self.leave(number, LossCause::Swap, now.local);
        let live = self.requests.live(number);
        if (now.local - live.last_swap).as_secs() > SWAP_WINDOW_S {
            live.recent_swaps = 0;
        }
        live.recent_swaps += 1;
        live.last_swap = now.local;
        let too_many = live.recent_swaps > MAX_RECENT_SWAPS;
        let request = self.requests.get(number);
        request.round_began = now.local;
        request.tries = 0;
        let plan = &self.world.streams[request.stream as usize];
        if let Some(submission) = self.requests.get(number).submission.take() {
            self.selectors[plan.market].note_failed(submission.session);
            self.remove_session(plan.market, submission.session, now);
        }
        if too_many {
            self.give_up(number, true);
        } else {
            self.select(number, now, true);
        }
    }
}

impl LiveState {
    /// When its session gets a new token.
    fn token_renewed(&self) -> SimTime {
        self.token_issued + SimTime(AUTH_TOKEN_REFRESH_S * NANOS_PER_SECOND)
    }

    /// Begins the stream on an orchestrator that is ready at `ready` and would
    /// fail after `leg_s` seconds; returns when that leg ends.
    pub(super) fn begin_leg(&mut self, ready: SimTime, stream_s: f64, leg_s: f64) -> SimTime {
        let leaves = *self.user_leaves.get_or_insert(ready + SimTime::from_secs(stream_s));
        let fails = ready + SimTime::from_secs(leg_s);
        self.leg_fails = fails < leaves;
        self.leg_ends = fails.min(leaves);
        self.leg_ends
    }
}
