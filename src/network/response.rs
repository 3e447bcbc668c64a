use crate::units::Decimal;

/// How an orchestrator responds, at every review, to what it sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Hours between reviews.
    pub review_hours: f64,
    /// How it sets its prices.
    pub pricing: Pricing,
    /// Its cost of a unit of work over the price it opens with, 0 to 1.
    pub cost_share: f64,
    /// Where no gateway has a maximum, the highest price it asks over the one
    /// it opens with.
    pub most: f64,
    /// What its GPUs cost a day while it is there, in USD.
    pub gpu_cost_per_day: Decimal,
    /// What each node after its first costs a day, in USD.
    pub node_cost_per_day: Decimal,
    /// Reviews in a row at a loss after which it leaves.
    pub patience: u32,
    /// Whether it is not there at first.
    pub starts_absent: bool,
    /// The most nodes it divides its stake among.
    pub split_into: u32,
}

/// How an orchestrator sets its prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pricing {
    /// They stay as posted.
    Fixed,
    /// Below the cheapest rival, down to its cost.
    Undercut {
        /// How far below, as a share of the rival's price.
        by: f64,
    },
    /// The price of the highest expected profit, given the rules of the
    /// gateways and everybody else's price.
    BestResponse,
    /// Up while sold out, and back down.
    Raise {
        /// Each step, as a share of the price.
        step: f64,
        /// Share of the requests refused for want of capacity from which on it
        /// counts as sold out.
        refused_share: f64,
    },
}
