use super::cashier::sender_funds;
use super::treasurer::Treasurer;
use crate::demand::DemandStream;
use crate::kernel::StreamKey;
use crate::network::{Network, Offer, Orchestrator};
use crate::payments::{
    Ledger, NoQuote, Quote, SessionCredit, TicketRefusal, TicketTerms, live_prepaid_pixels,
    max_sender_nonces,
};
use crate::policy::{HighestQuote, MaxPrice};
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

/// What an orchestrator quotes a gateway at the start.
struct OpeningQuote {
    price: Price,
    /// Its tickets, if it has any to give.
    terms: Option<TicketTerms>,
    /// Why the gateway that discovers it gets none that it would send.
    ticket_problem: Option<String>,
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
        self.quote_or_problem(gateway, orchestrator, offer, gas_price).price
    }

    /// The same with its tickets, or what is the matter with them. A gateway without
    /// funds finds out only when it has to pay.
    fn quote_or_problem(
        &self,
        gateway: usize,
        orchestrator: usize,
        offer: &Offer,
        gas_price: Wei,
    ) -> OpeningQuote {
        let Scenario { network, credits, policy, .. } = self.scenario;
        let base = offer.price.at(credits.eth_usd);
        let base = base.and_then(|base| policy.alpha_group.price(orchestrator, base));
        let base = base.unwrap_or(Price::MOST);
        let funds = sender_funds(network, &self.books, gateway);
        let orchestrator = &network.orchestrators[orchestrator];
        match Quote::new(orchestrator, base, gas_price, funds.max_float()) {
            Ok(Quote { price, terms }) => {
                let admitted = network.gateways[gateway].limits.admit(&terms);
                let ticket_problem = admitted.err().map(|refusal| refusal.to_string());
                OpeningQuote { price, terms: Some(terms), ticket_problem }
            }
            Err(reason) => {
                let ticket_problem = match reason {
                    _ if funds.deposit == Wei::ZERO || funds.reserve == Wei::ZERO => None,
                    NoQuote::Reserve(_) => {
                        Some("gateway's reserve too small for tickets".to_string())
                    }
                    NoQuote::Price(reason) => Some(reason.to_string()),
                };
                OpeningQuote { price: base, terms: None, ticket_problem }
            }
        }
    }

    /// What a request of mean size to a gateway for a model is billed, of the stream where
    /// that is smallest; of live video, what a stream pays at its start. `None` where
    /// nobody asks.
    fn usual_units(&self, gateway: usize, model: usize) -> Option<u64> {
        let Scenario { network, demand, .. } = self.scenario;
        let is_asked = |stream: &&DemandStream| (stream.gateway, stream.model) == (gateway, model);
        let sizes = demand.iter().filter(is_asked).map(|stream| stream.size.mean());
        let size = sizes.min_by(f64::total_cmp)?;
        let pipeline = network.models[model].pipeline;
        Some(match pipeline.is_live() {
            true => live_prepaid_pixels(network.gateways[gateway].version),
            false => pipeline.billed_units(size),
        })
    }

    /// Why an orchestrator with tickets to give cannot be paid at once for a usual
    /// request.
    fn request_problem(
        &self,
        (gateway, model): (usize, usize),
        orchestrator: usize,
        units: u64,
        quote: &OpeningQuote,
    ) -> Option<String> {
        let network = &self.scenario.network;
        let gateway = &network.gateways[gateway];
        let terms = quote.terms.as_ref()?;
        let staged =
            SessionCredit::default().stage(quote.price.fee(units), terms.expected_value)?;
        let is_live = network.models[model].pipeline.is_live();
        let version = network.orchestrators[orchestrator].version_for(gateway);
        let (ample, nonces) = (Wei(u128::MAX), max_sender_nonces(version));
        let sent = gateway.limits.check(terms, staged.tickets, ample, ample);
        let problem = if sent == Err(TicketRefusal::TotalEvTooHigh) {
            format!(
                "worth {} at once, and the gateway sends no more than {} (`max_total_ev`)",
                staged.new_credit, gateway.limits.max_total_ev
            )
        } else if !is_live && staged.tickets > u64::from(nonces) {
            format!(
                "of `ticket_ev` {} wei, and an orchestrator like {} takes {nonces} under one set of \
                 ticket parameters",
                terms.expected_value.0,
                version.name()
            )
        } else {
            return None;
        };
        let what = if is_live { "the start of a stream" } else { "a request of mean size" };
        Some(format!("{what} takes {} tickets {problem}", staged.tickets))
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
        let usual_units = self.usual_units(gateway, model);
        let (mut ticket_problems, mut request_problems) = (Vec::new(), Vec::new());
        let quote = |node: usize, offer: &Offer| {
            let quote = self.quote_or_problem(gateway, owners[node], offer, gas_price);
            request_problems.push(usual_units.and_then(|units| {
                self.request_problem((gateway, model), owners[node], units, &quote)
            }));
            ticket_problems.push(quote.ticket_problem);
            quote.price
        };
        let mut market = Market::new(network, gateway, model, credits.eth_usd, quote);
        (market.ticket_problems, market.request_problems) = (ticket_problems, request_problems);
        let today = network.gateways[gateway].max_price[model];
        let max_price = &policy.max_price;
        if let Some(ignore) = max_price.ignore_if_nobody {
            market.rule.ignore_max_price = ignore;
        }
        let highest_quote = || {
            let dearest = market.dearest_asked()?;
            let offer = &network.orchestrators[dearest.orchestrator].offers[dearest.offer];
            let eth_usd = offer.price.is_pegged().then_some(credits.eth_usd);
            Some(HighestQuote { price: dearest.price, eth_usd })
        };
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
