use super::super::diagnostics::{Problem, Report};
use super::super::spread::rounded;
use super::super::tree::Cursor;
use super::demand::known_region;
use super::{Context, credits};
use crate::network::{
    CappedStake, Mixture, PriceReference, PriceSoftmax, RegionalQuota, SelectionRule,
    SelectionWeights,
};
use crate::text::named;
use crate::units::Decimal;

/// How far go-livepeer lets the selection weights' sum be from 1
/// (`cmd/livepeer/starter/starter.go`).
const WEIGHT_TOLERANCE: f64 = 1e-4;

/// How far the shares of a quota may be above 1 for rounding.
const SHARE_TOLERANCE: f64 = 1e-9;

/// The weights of a gateway, by name or one by one.
pub(super) fn weights(at: &Cursor, report: &mut Report) -> Option<SelectionWeights> {
    if let Some(name) = at.text() {
        return SelectionWeights::named(name);
    }
    let mut stated = Vec::new();
    let mut rest = None;
    for key in ["stake", "price", "random"] {
        let weight = at.get(key)?;
        if weight.text().is_none() {
            stated.push((key, weight.number()?));
        } else if let Some(first) = rest.replace(key) {
            let message = format!("`{first}` and `{key}` are both the rest");
            report.push(Problem::at(&weight, message).expected("one weight at most as the rest"));
            return None;
        }
    }
    let sum: f64 = stated.iter().map(|(_, weight)| weight).sum();
    if sum - 1.0 > WEIGHT_TOLERANCE || rest.is_none() && 1.0 - sum > WEIGHT_TOLERANCE {
        let list: Vec<String> = stated.iter().map(|(key, it)| format!("{key} = {it}")).collect();
        let list = list.join(", ");
        let (message, expected) = match rest {
            Some(rest) => (
                "the selection weights other than the rest sum to",
                format!("at most 1, as `{rest}` is the rest; they are {list}"),
            ),
            None => (
                "the selection weights sum to",
                format!("a sum of 1; they are {list}; one may be \"rest\", what the others leave"),
            ),
        };
        let message = format!("{message} {}", rounded(sum));
        report.push(Problem::at(at, message).expected(expected));
        return None;
    }
    // 1 - (0.4 + 0.2) is 0.4: floats err by less than half of the last of 15 decimals.
    let left = Decimal::rounded((1.0 - sum).max(0.0), 15)?.to_f64();
    let weight = |key| stated.iter().find(|(of, _)| *of == key).map_or(left, |(_, it)| *it);
    Some(SelectionWeights {
        stake: weight("stake"),
        price: weight("price"),
        random: weight("random"),
    })
}

/// The selection rule at `at`.
pub(super) fn rule(at: &Cursor, context: &Context, report: &mut Report) -> Option<SelectionRule> {
    if let Some(name) = at.text() {
        return SelectionRule::named(name);
    }
    let (form, at) = at.form()?;
    match form {
        "price_softmax" => Some(SelectionRule::PriceSoftmax(PriceSoftmax {
            relative_to: named(&PriceReference::NAMES, at.text_at("relative_to")?)?,
            temperature: at.number_at("temperature")?,
        })),
        "capped_stake" => {
            let cap = credits::lpt(&at.get("cap")?, report)?;
            Some(SelectionRule::CappedStake(CappedStake { cap }))
        }
        "regional_quota" => {
            let shares = at.get("shares").and_then(|shares| quota(&shares, context, report));
            let within = at.get("within").and_then(|within| rule(&within, context, report));
            let (shares, within) = (shares?, Box::new(within?));
            Some(SelectionRule::RegionalQuota(RegionalQuota { shares, within }))
        }
        "mixture" => {
            // `None` where the key is there and its rule is not.
            let mut term = |key: &str| match at.get(key) {
                Some(at) => rule(&at, context, report).map(|rule| Some(Box::new(rule))),
                None => Some(None),
            };
            let (price, stake) = (term("price"), term("stake"));
            Some(SelectionRule::Mixture(Mixture { price: price?, stake: stake? }))
        }
        _ => None,
    }
}

/// The share of each region.
fn quota(at: &Cursor, context: &Context, report: &mut Report) -> Option<Vec<Option<f64>>> {
    let mut shares = vec![None; context.names.regions.len()];
    let mut valid = true;
    for (name, key, share) in at.entries() {
        let region = known_region(name, key, &share, context, report);
        match (region, share.number()) {
            (Some(region), Some(share)) => shares[region] = Some(share),
            _ => valid = false,
        }
    }
    let sum: f64 = shares.iter().flatten().sum();
    if valid && sum > 1.0 + SHARE_TOLERANCE {
        let message = format!("the shares sum to {}", rounded(sum));
        report.push(Problem::at(at, message).expected("at most 1; other regions share the rest"));
        valid = false;
    }
    valid.then_some(shares)
}
