use super::{quoted, table};
use crate::network::{
    CappedStake, Mixture, PriceReference, PriceSoftmax, Region, RegionalQuota, SelectionRule,
};
use crate::text::name_of;

/// A selection rule as a TOML value.
pub(super) fn rule(rule: &SelectionRule, regions: &[Region]) -> String {
    match rule {
        SelectionRule::PriceSoftmax(PriceSoftmax { relative_to, temperature }) => {
            let name = quoted(name_of(&PriceReference::NAMES, relative_to));
            let settings = format!("relative_to = {name}, temperature = {temperature:?}");
            format!("{{ price_softmax = {{ {settings} }} }}")
        }
        SelectionRule::CappedStake(CappedStake { cap }) => {
            format!("{{ capped_stake = {{ cap = \"{cap}\" }} }}")
        }
        SelectionRule::RegionalQuota(RegionalQuota { shares, within }) => {
            let named = regions.iter().zip(shares);
            let shares =
                table(named.filter_map(|(region, share)| Some((region.id.as_str(), (*share)?))));
            let within = self::rule(within, regions);
            format!("{{ regional_quota = {{ shares = {shares}, within = {within} }} }}")
        }
        SelectionRule::Mixture(Mixture { price, stake }) => {
            let term = |(key, rule): (&str, &Option<Box<SelectionRule>>)| {
                rule.as_ref().map(|rule| format!("{key} = {}", self::rule(rule, regions)))
            };
            let terms: Vec<String> =
                [("price", price), ("stake", stake)].into_iter().filter_map(term).collect();
            format!("{{ mixture = {{ {} }} }}", terms.join(", "))
        }
        SelectionRule::Livepeer
        | SelectionRule::LinearPrice
        | SelectionRule::LogStake
        | SelectionRule::SqrtStake
        | SelectionRule::Latency
        | SelectionRule::Success
        | SelectionRule::Cheapest
        | SelectionRule::Fastest
        | SelectionRule::RoundRobin => quoted(name_of(&SelectionRule::NAMED, rule)),
    }
}
