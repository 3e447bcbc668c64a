use super::{Event, Replication};
use crate::payments::next_usd_feed;
use crate::policy::Course;
use crate::simulation::responders::Scene;
use crate::treasury::RunwayEnd;
use crate::units::{SimTime, Wei};

impl Replication<'_> {
    pub(super) fn read_price_feed(&mut self, now: SimTime) {
        let eth_usd = self.treasurer.prices(now).eth_usd_feed();
        self.prices.read_feed(self.world, eth_usd);
        self.pacer.read_feed(eth_usd);
        self.announce_max_prices();
        self.events.schedule(next_usd_feed(now), Event::PriceFeed);
    }

    fn announce_max_prices(&mut self) {
        for (market, selector) in self.selectors.iter_mut().enumerate() {
            selector.set_max_price(self.prices.max_price(market));
        }
    }

    pub(super) fn turn_max_prices(&mut self, now: SimTime) {
        let policy = &self.world.scenario.policy.max_price;
        let factor = match &policy.course {
            Course::Constant => policy.factor,
            Course::Steps(steps) => {
                let begun = steps.iter().rev().find(|(day, _)| *day <= now.day());
                begun.map_or(policy.factor, |&(_, factor)| factor)
            }
            Course::TargetRunway(target) => {
                let ledger = &self.cashier.ledger;
                let deposits = (0..self.without_funds.len()).map(|g| ledger.free_deposit(g));
                let unsold = self.treasurer.prices(now).to_wei(self.treasurer.for_sale());
                let left: Wei = deposits.chain([unsold]).sum();
                let (since, issued_then) = self.last_review;
                let issued = ledger.issued();
                self.last_review = (now, issued);
                let spent = Wei(issued.0 - issued_then.0);
                target.review(self.prices.factor(), now, left, spent, now - since)
            }
        };
        self.prices.set_factor(self.world, factor);
        self.announce_max_prices();
        self.events.schedule(policy.next_change(now), Event::MaxPrice);
    }

    pub(super) fn review(&mut self, responder: u32, now: SimTime) {
        let scene = Scene {
            now,
            eth_usd: self.treasurer.prices(now).eth_usd,
            prices: &mut self.prices,
            ledger: &self.cashier.ledger,
            selectors: &mut self.selectors,
        };
        let next = self.responders.review(responder, scene);
        self.events.schedule(next, Event::OrchestratorReview(responder));
    }

    pub(super) fn look_after_treasury(&mut self, now: SimTime) {
        if self.treasurer.gives_back(now) {
            self.settle_what_is_in_flight(now);
        }
        if let Some(proposal) = self.treasurer.look(now, &mut self.cashier.ledger) {
            self.events.schedule(proposal.executes, Event::Conversion(proposal.transaction as u32));
        }
        if self.treasurer.is_over() {
            self.depleted.get_or_insert(now);
        }
        self.events.schedule(self.treasurer.next_time(now), Event::Treasury);
    }

    pub(super) fn end_outage(&mut self, gateway: usize, now: SimTime) {
        if let Some(since) = self.without_funds[gateway].take() {
            self.outages.seconds += (now - since).as_secs();
            self.treasurer.has_funds(gateway, now);
        }
    }

    /// A gateway cannot pay: it waits for a top-up if one may come, else the
    /// credits are depleted, where the runway ends with it.
    pub(super) fn run_out(&mut self, gateway: usize, now: SimTime) {
        if self.ends_the_runway(gateway) && !self.treasurer.may_still_pay(now) {
            self.depleted.get_or_insert(now);
            return;
        }
        self.treasurer.ran_out(gateway, now);
        if self.without_funds[gateway].is_none() {
            self.without_funds[gateway] = Some(now);
            self.outages.first_day.get_or_insert(now.as_days());
            self.outages.count += 1;
        }
    }

    fn ends_the_runway(&self, gateway: usize) -> bool {
        let is_out = |other: usize| other == gateway || self.without_funds[other].is_some();
        match self.world.scenario.treasury.runway_end {
            RunwayEnd::FirstGateway => true,
            RunwayEnd::LastGateway => self.world.markets.iter().all(|plan| is_out(plan.gateway)),
        }
    }
}
