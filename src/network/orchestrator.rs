use super::{Gateway, Response, TicketPolicy, Version};
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
    /// The release it runs; `None` where that is the one of whichever gateway
    /// asks it.
    pub version: Option<Version>,
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
    /// How it responds; `None` where it never changes anything.
    pub response: Option<Response>,
}

impl Orchestrator {
    /// Its offer of that model, if it has one.
    pub fn offer(&self, model: usize) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.model == model)
    }

    /// The release it runs towards a gateway.
    pub fn version_for(&self, gateway: &Gateway) -> Version {
        self.version.unwrap_or(gateway.version)
    }

    /// Whether it is there from the start.
    pub fn starts_present(&self) -> bool {
        self.response.as_ref().is_none_or(|response| !response.starts_absent)
    }
}
