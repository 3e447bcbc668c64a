use super::cashier::sender_funds;
use super::treasurer::Treasurer;
use crate::kernel::StreamKey;
use crate::network::{Network, Offer, Orchestrator};
use crate::payments::{Ledger, NoQuote, Quote};
use crate::policy::MaxPrice;
use crate::scenario::Scenario;
use crate::selection::{Candidate, Market};
use crate::units::{Price, SimTime, Wei};

/// The network as it stands when simulated time starts: the first credits are
/// sold, the gateways topped up.
#[derive(Debug)]
pub struct Opening<'a> {
    scenario: &'a Scenario,
    books: Ledger,
}

impl Opening<'_> {
    /// How the scenario opens.
    pub fn new(scenario: &Scenario) -> Opening<'_> {
        let network = &scenario.network;
        let mut books =
            Ledger::open(scenario.credits.lpt, network.gateways.len(), network.orchestrators.len());
        Treasurer::new(scenario, StreamKey::root(scenario.seed)).open(&mut books);
        Opening { scenario, books }
    }

    /// The market of a gateway and a model, indices into the network's.
    pub fn market(&self, gateway: usize, model: usize) -> Market {
        self.listed_market(gateway, model).0
    }

    /// The same with how its maximum price is set.
    pub(super) fn listed_market(&self, gateway: usize, model: usize) -> (Market, MaxPrice) {
        let owners: Vec<usize> = (0..self.scenario.network.orchestrators.len()).collect();
        self.market_in(&self.scenario.network, &owners, gateway, model)
    }

    /// What an orchestrator quotes a gateway for an offer while a unit of gas
    /// costs `gas_price`.
    pub(super) fn quote(
        &self,
        gateway: usize,
        orchestrator: usize,
        offer: &Offer,
        gas_price: Wei,
    ) -> Price {
        self.quote_or_problem(gateway, orchestrator, offer, gas_price).0
    }

    /// The same with why a gateway that discovers the orchestrator gets no tickets
    /// that it would send. A gateway without funds finds out only when it has to
    /// pay.
    fn quote_or_problem(
        &self,
        gateway: usize,
        orchestrator: usize,
        offer: &Offer,
        gas_price: Wei,
    ) -> (Price, Option<String>) {
        let Scenario { network, credits, policy, .. } = self.scenario;
        let base = offer.price.at(credits.eth_usd);
        let base = base.and_then(|base| policy.alpha_group.price(orchestrator, base));
        let base = base.unwrap_or(Price::ZERO);
        let funds = sender_funds(network, &self.books, gateway);
        let orchestrator = &network.orchestrators[orchestrator];
        match Quote::new(orchestrator, base, gas_price, funds.max_float()) {
            Ok(Quote { price, terms }) => {
                let admitted = network.gateways[gateway].limits.admit(&terms);
                (price, admitted.err().map(|refusal| refusal.to_string()))
            }
            Err(_) if funds.deposit == Wei::ZERO || funds.reserve == Wei::ZERO => (base, None),
            Err(NoQuote::Reserve(_)) => {
                (base, Some("gateway's reserve too small for tickets".to_string()))
            }
            Err(NoQuote::Price(reason)) => (base, Some(reason.to_string())),
        }
    }

    /// The market in a network whose nodes belong to `owners`, with how its
    /// maximum price is set.
    pub(super) fn market_in(
        &self,
        network: &Network,
        owners: &[usize],
        gateway: usize,
        model: usize,
    ) -> (Market, MaxPrice) {
        let Scenario { credits, payments, policy, .. } = self.scenario;
        let gas_price = payments.gas_price(SimTime::ZERO);
        let mut ticket_problems = Vec::new();
        let quote = |node: usize, offer: &Offer| {
            let (price, problem) = self.quote_or_problem(gateway, owners[node], offer, gas_price);
            ticket_problems.push(problem);
            price
        };
        let mut market = Market::new(network, gateway, model, credits.eth_usd, quote);
        market.ticket_problems = ticket_problems;
        let highest_quote = market.candidates.iter().map(|candidate| candidate.price).max();
        let today = network.gateways[gateway].max_price[model];
        let max_price = &policy.max_price;
        if let Some(ignore) = max_price.ignore_if_nobody {
            market.rule.ignore_max_price = ignore;
        }
        let price = max_price.max_price(&network.models[model], today, highest_quote);
        market.set_max_price(price.at(max_price.factor, credits.eth_usd).unwrap_or(None));
        if !policy.alpha_group.members.is_empty() {
            let is_member =
                |candidate: &Candidate| policy.alpha_group.has(owners[candidate.orchestrator]);
            market.preferred = market.candidates.iter().map(is_member).collect();
        }
        (market, price)
    }
}

/// What an orchestrator quotes for a base price; the base price itself where it
/// has no terms.
pub(super) fn quoted(
    orchestrator: &Orchestrator,
    base: Price,
    gas_price: Wei,
    max_float: Wei,
) -> Price {
    Quote::new(orchestrator, base, gas_price, max_float).map_or(base, |quote| quote.price)
}
