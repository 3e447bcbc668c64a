//! Who exists: regions and the distances between them, pipelines and models
//! with their billing units, gateways, orchestrators.
//!
//! Everything here is plain, validated data: a scenario builds it, a
//! simulation reads it.

mod gateway;
mod orchestrator;
mod pipeline;
mod region;
mod response;
mod selection_rule;
mod tickets;

pub use gateway::{Gateway, SelectionWeights, Version};
pub use orchestrator::{Offer, Orchestrator};
pub use pipeline::{BillingUnit, LIVE_PIXELS_PER_SECOND, Model, Pipeline, Resolution, ServiceTime};
pub use region::{Region, RttMatrix};
pub use response::{Pricing, Response};
pub use selection_rule::{
    CappedStake, Mixture, PriceReference, PriceSoftmax, RegionalQuota, SelectionRule,
};
pub use tickets::{AcceptanceLimits, TicketPolicy};

/// The whole network of a scenario. Gateways, orchestrators, models and
/// regions refer to one another by their index in these lists.
#[derive(Clone, Debug)]
pub struct Network {
    /// The regions users, gateways and orchestrators live in.
    pub regions: Vec<Region>,
    /// Round-trip times between them.
    pub rtt: RttMatrix,
    /// The models requests ask for.
    pub models: Vec<Model>,
    /// The gateways.
    pub gateways: Vec<Gateway>,
    /// The orchestrators.
    pub orchestrators: Vec<Orchestrator>,
    /// Orchestrators in the gateways' discovery pool, those that serve no AI
    /// included (the protocol's active set). At least the number of
    /// orchestrators listed.
    pub registered_orchestrators: u32,
    /// Members of the protocol's active set, each with an equal right to a
    /// gateway's reserve.
    pub active_set: u32,
    /// Members of that pool that never answer a discovery probe: with one or
    /// more, a discovery always waits for a timer.
    pub unresponsive_orchestrators: u32,
}

impl Network {
    /// The offers of a model, an index into the models, each with the index of its
    /// orchestrator.
    pub fn offers_of(&self, model: usize) -> impl Iterator<Item = (usize, &Offer)> {
        let orchestrators = self.orchestrators.iter().enumerate();
        orchestrators.filter_map(move |(index, own)| Some((index, own.offer(model)?)))
    }

    /// Whether any orchestrator offers a model, an index into the models.
    pub fn is_offered(&self, model: usize) -> bool {
        self.offers_of(model).next().is_some()
    }

    /// The ids of the models of a pipeline that any orchestrator offers.
    pub fn offered(&self, pipeline: Pipeline) -> Vec<&str> {
        let models = self.models.iter().enumerate();
        let offered = models.filter(|(i, model)| model.pipeline == pipeline && self.is_offered(*i));
        offered.map(|(_, model)| model.id.as_str()).collect()
    }
}
