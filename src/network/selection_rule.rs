use super::SelectionWeights;
use crate::text;
use crate::units::Lpt;

/// How a gateway picks among the free sessions that pass its filters
/// (performance score, maximum price).
///
/// [`SelectionRule::Livepeer`] is what the gateway's version does. Every other
/// rule replaces it: it decides every request, batch and live alike, whatever
/// the version, whose discovery, pools and suspensions stay. How each works is
/// told in its file below `selection/rules`.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectionRule {
    /// go-livepeer's own. As a part of another rule: its formula with the
    /// gateway's weights, without the underflow of the price term.
    Livepeer,
    /// By price, whatever the scale of prices.
    PriceSoftmax(PriceSoftmax),
    /// By the distance to the maximum price.
    LinearPrice,
    /// By the logarithm of stake.
    LogStake,
    /// By the square root of stake.
    SqrtStake,
    /// By stake up to a cap.
    CappedStake(CappedStake),
    /// By the inverse of the known latency.
    Latency,
    /// By the record of requests served.
    Success,
    /// The lowest price.
    Cheapest,
    /// The lowest known latency.
    Fastest,
    /// One after the other.
    RoundRobin,
    /// Target shares by region.
    RegionalQuota(RegionalQuota),
    /// go-livepeer's formula with other terms.
    Mixture(Mixture),
}

impl SelectionRule {
    /// The rules without settings, with the name a scenario uses.
    pub const NAMED: [(&'static str, SelectionRule); 9] = [
        ("livepeer", SelectionRule::Livepeer),
        ("linear_price", SelectionRule::LinearPrice),
        ("log_stake", SelectionRule::LogStake),
        ("sqrt_stake", SelectionRule::SqrtStake),
        ("latency", SelectionRule::Latency),
        ("success", SelectionRule::Success),
        ("cheapest", SelectionRule::Cheapest),
        ("fastest", SelectionRule::Fastest),
        ("round_robin", SelectionRule::RoundRobin),
    ];

    /// The rule of a name in [`SelectionRule::NAMED`].
    pub fn named(name: &str) -> Option<SelectionRule> {
        text::named(&SelectionRule::NAMED, name)
    }
}

/// What a price is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceReference {
    /// The lowest eligible price.
    Cheapest,
    /// The median of the eligible prices.
    Median,
}

impl PriceReference {
    /// Every reference with the name a scenario uses.
    pub const NAMES: [(&'static str, PriceReference); 2] =
        [("cheapest", PriceReference::Cheapest), ("median", PriceReference::Median)];
}

/// Settings of [`SelectionRule::PriceSoftmax`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriceSoftmax {
    /// The price that others are compared with.
    pub relative_to: PriceReference,
    /// Price difference, in parts of the reference, that divides the
    /// probability by e. Positive.
    pub temperature: f64,
}

/// Settings of [`SelectionRule::CappedStake`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CappedStake {
    /// Stake beyond which more does not count.
    pub cap: Lpt,
}

/// Settings of [`SelectionRule::RegionalQuota`].
#[derive(Clone, Debug, PartialEq)]
pub struct RegionalQuota {
    /// For each region its target share of the requests, above 0; those without
    /// one share what is left to 1.
    pub shares: Vec<Option<f64>>,
    /// The rule among the orchestrators of the region served.
    pub within: Box<SelectionRule>,
}

/// Settings of [`SelectionRule::Mixture`]; `None` is go-livepeer's own term.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// The rule that the price weight goes by.
    pub price: Option<Box<SelectionRule>>,
    /// The rule that the stake weight goes by.
    pub stake: Option<Box<SelectionRule>>,
}

impl SelectionWeights {
    /// Settings the network has seen, with the name a scenario uses.
    ///
    /// - `default`: go-livepeer's since commit c9f47f4be (29 September 2023,
    ///   #2872); before it too, stake with 30 % random.
    /// - `studio-2023`: the Livepeer Studio gateway after price replaced random
    ///   in October 2023 (forum thread 2159), with the stake weight named in
    ///   thread 2254.
    /// - `studio-2024`: the same from early 2024, stake weight raised from 0.15
    ///   to 0.65 (forum thread 2254).
    pub const NAMED: [(&'static str, SelectionWeights); 3] = [
        ("default", SelectionWeights { stake: 0.7, price: 0.0, random: 0.3 }),
        ("studio-2023", SelectionWeights { stake: 0.15, price: 0.85, random: 0.0 }),
        ("studio-2024", SelectionWeights { stake: 0.65, price: 0.35, random: 0.0 }),
    ];

    /// The weights of a name in [`SelectionWeights::NAMED`].
    pub fn named(name: &str) -> Option<SelectionWeights> {
        text::named(&SelectionWeights::NAMED, name)
    }
}
