use super::TicketPolicy;
use crate::units::{Lpt, PostedPrice};

/// One model an orchestrator serves, at one price.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Which model, an index into the models.
    pub model: usize,
    /// Its price per billing unit.
    pub price: PostedPrice,
    /// Whether it advertises the model as loaded.
    pub warm: bool,
    /// Requests it works on at once; more are refused ("insufficient
    /// capacity").
    pub capacity: u32,
}

/// An orchestrator: a node that serves requests for tickets.
#[derive(Clone, Debug, PartialEq)]
pub struct Orchestrator {
    /// The name reports print.
    pub id: String,
    /// Where it runs, an index into the regions.
    pub region: usize,
    /// Stake bonded to it.
    pub stake: Lpt,
    /// Work it does in the time a node of speed 1 does one unit of work.
    pub speed: f64,
    /// Probability that a request it accepted succeeds.
    pub reliability: f64,
    /// Mean of the exponential time its last mile adds to each exchange with
    /// a gateway, in milliseconds.
    pub jitter_ms: f64,
    /// The score of the performance service for `min_perf_score`, 0 to 1.
    pub perf_score: f64,
    /// The tickets it asks for.
    pub tickets: TicketPolicy,
    /// Whether it adds the cost of redemption to its prices
    /// (`-autoAdjustPrice`).
    pub auto_adjust_price: bool,
    /// What it serves, at most one offer per model.
    pub offers: Vec<Offer>,
}

impl Orchestrator {
    /// Its offer of that model, if it has one.
    pub fn offer(&self, model: usize) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.model == model)
    }
}
