use std::collections::{BTreeMap, BTreeSet};

use super::super::diagnostics::{Problem, Report};
use super::super::shape::quoted;
use super::super::tree::Cursor;
use super::credits::{amount, positive_wei};
use super::{Context, injection};
use crate::demand::DemandStream;
use crate::network::{Model, Network, Pipeline};
use crate::policy::{
    AlphaGroup, Ceiling, Course, DeveloperLimit, InputTokens, MaxPricePolicy, Pacing, Period,
    Policy, Provider, ProviderShare, Reference, RequestLimit, Scope, SpendCeiling, TargetRunway,
};
use crate::text::named;
use crate::units::{Currency, Decimal};

/// Decimals kept of a factor.
const FACTOR_DECIMALS: u32 = 9;
/// By how much rounding takes a steered factor out of its bounds.
const FACTOR_TOLERANCE: f64 = 1e-6;
/// Input tokens an output token, where the scenario does not say.
const INPUT_PER_OUTPUT: f64 = 3.0;

/// Reads the policies. Those that add gateways and test prompts change the
/// network and the demand.
pub(super) fn policy(
    root: &Cursor,
    context: &Context,
    network: &mut Option<Network>,
    demand: &mut Option<Vec<DemandStream>>,
    report: &mut Report,
) -> Option<Policy> {
    let at = root.get("policy")?;
    let injection = at
        .get("injection")
        .and_then(|at| injection::injection(root, &at, context, network, demand, report));
    let network = network.as_ref();
    let max_price = at.get("max_price").and_then(|at| max_price(&at, network, report));
    let mut pacing = at.get("pacing").and_then(|at| pacing(&at, context, report));
    if let (Some(pacing), Some(demand)) = (&mut pacing, demand.as_deref()) {
        // Those of a stream without requests, which is left out, limit nothing.
        let ids: BTreeSet<&str> = demand.iter().map(|stream| stream.id.as_str()).collect();
        let is_asked = |scope: &Scope| scope.stream.as_deref().is_none_or(|id| ids.contains(id));
        pacing.request_limits.retain(|limit| is_asked(&limit.scope));
        pacing.spend_ceilings.retain(|ceiling| is_asked(&ceiling.scope));
    }
    let alpha_group = match at.get("alpha_group") {
        Some(group) => alpha_group(&group, root, network, report),
        None => Some(AlphaGroup::default()),
    };
    Some(Policy {
        injection: injection?,
        max_price: max_price?,
        pacing: pacing?,
        alpha_group: alpha_group?,
    })
}

fn max_price(
    at: &Cursor,
    network: Option<&Network>,
    report: &mut Report,
) -> Option<MaxPricePolicy> {
    let names = at.list("pipelines");
    let pipelines: Option<Vec<Pipeline>> =
        names.iter().map(|name| Pipeline::named(name.text()?)).collect();
    let factor_at = at.get("factor")?;
    let factor = factor(&factor_at);
    let reference = match at.get("provider_share") {
        Some(share) => provider_share(&share, network, report).map(Reference::Provider),
        None => Some(Reference::Today),
    };
    let course = match (at.get("steps"), at.get("target_runway")) {
        (None, None) => Some(Course::Constant),
        (Some(list), None) => steps(&list, report).map(Course::Steps),
        (None, Some(target)) => target_runway(&target, report).map(Course::TargetRunway),
        (Some(list), Some(_)) => {
            let problem = Problem::at(&list, "a factor that is steered has no steps of its own");
            report.push(problem.expected("either `steps` or `target_runway`"));
            None
        }
    };
    let ignore_if_nobody = match at.get("ignore_if_nobody") {
        Some(flag) => Some(flag.flag()?),
        None => None,
    };
    let (factor, course) = (factor?, course?);
    let factor = match &course {
        Course::TargetRunway(target) => start(target, factor, &factor_at, report)?,
        _ => factor,
    };
    let (pipelines, reference) = (pipelines?, reference?);
    Some(MaxPricePolicy { pipelines, reference, factor, course, ignore_if_nobody })
}

fn factor(at: &Cursor) -> Option<Decimal> {
    Decimal::rounded(at.number()?, FACTOR_DECIMALS)
}

/// The factor that a steered one starts at: 1, which may have been left out, is
/// brought within the bounds.
fn start(
    target: &TargetRunway,
    factor: Decimal,
    at: &Cursor,
    report: &mut Report,
) -> Option<Decimal> {
    let asked = factor.to_f64();
    let beyond = match asked {
        _ if factor == Decimal::ONE => None,
        _ if asked > target.most + FACTOR_TOLERANCE => Some(("above `most`", target.most)),
        _ if asked < target.least - FACTOR_TOLERANCE => Some(("below `least`", target.least)),
        _ => None,
    };
    if let Some((where_to, bound)) = beyond {
        let message = format!("the factor is {where_to} of `target_runway`, {bound}");
        let expected = format!("{} to {}, or another bound", target.least, target.most);
        report.push(Problem::at(at, message).expected(expected));
        return None;
    }
    target.bounded(asked)
}

fn provider_share(
    at: &Cursor,
    network: Option<&Network>,
    report: &mut Report,
) -> Option<ProviderShare> {
    let provider_at = at.get("provider")?;
    let provider = Provider::named(provider_at.text()?)?;
    let per_output = at.get("input_per_output");
    let input_tokens = match (at.text_at("input_tokens")?, &per_output) {
        ("charged", Some(number)) => InputTokens::Charged { per_output: number.number()? },
        ("charged", None) => InputTokens::Charged { per_output: INPUT_PER_OUTPUT },
        (_, None) => InputTokens::Free,
        (_, Some(number)) => {
            let problem = Problem::at(number, "input tokens are free");
            report.push(
                problem.expected("`input_per_output` only where `input_tokens` is `charged`"),
            );
            return None;
        }
    };
    let (share, used_share) = (at.number_at("share")?, at.number_at("used_share")?);
    let share = ProviderShare { share, provider, input_tokens, used_share };
    let models: &[Model] = &network?.models;
    if models.iter().all(|model| share.price(model).is_none()) {
        let charges = |name: &&str| {
            Provider::named(name).is_some_and(|provider| {
                let share = ProviderShare { provider, ..share };
                models.iter().any(|model| share.price(model).is_some())
            })
        };
        let others: Vec<&str> = Provider::names().into_iter().filter(charges).collect();
        let message = format!("no price of `{}` for any model here is known", provider.name());
        let problem = Problem::at(&provider_at, message);
        report.push(match others.is_empty() {
            true => problem.expected("a model that a provider serves"),
            false => problem.expected(format!("one of {}", quoted(others, "or"))),
        });
        return None;
    }
    Some(share)
}

fn steps(at: &Cursor, report: &mut Report) -> Option<Vec<(u64, Decimal)>> {
    let mut steps: Vec<(u64, Decimal)> = Vec::new();
    for step in at.items() {
        let day_at = step.get("day")?;
        let day = day_at.integer()?;
        if steps.last().is_some_and(|(before, _)| *before >= day) {
            let problem = Problem::at(&day_at, "the day is not later than the one before");
            report.push(problem.expected("steps in order of their day"));
            return None;
        }
        steps.push((day, factor(&step.get("factor")?)?));
    }
    Some(steps)
}

fn target_runway(at: &Cursor, report: &mut Report) -> Option<TargetRunway> {
    let review_at = at.get("review_days")?;
    let most_at = at.get("most")?;
    let target = TargetRunway {
        days: at.get("days")?.integer()?,
        review_days: review_at.integer()?,
        least: at.number_at("least")?,
        most: most_at.number()?,
    };
    if target.review_days >= target.days {
        let message = "no review takes place before the target";
        let expected = format!("less than `days`, {}", target.days);
        report.push(Problem::at(&review_at, message).expected(expected));
        return None;
    }
    if target.most < target.least {
        let message = "the largest factor is below the least";
        let expected = format!("`most` of at least `least`, {}", target.least);
        report.push(Problem::at(&most_at, message).expected(expected));
        return None;
    }
    Some(target)
}

fn pacing(at: &Cursor, context: &Context, report: &mut Report) -> Option<Pacing> {
    let limits: Vec<Option<RequestLimit>> = at
        .list("request_limits")
        .iter()
        .map(|limit| {
            let scope = scope(limit, context, report);
            Some(RequestLimit { scope: scope?, per_day: limit.get("per_day")?.integer()? })
        })
        .collect();
    let developers = match at.get("developers") {
        Some(developers) => Some(DeveloperLimit {
            per_stream: developers.get("per_stream")?.integer()?,
            zipf_exponent: developers.number_at("zipf_exponent")?,
            requests_per_day: developers.get("requests_per_day")?.integer()?,
        }),
        None => None,
    };
    let ceilings: Vec<Option<SpendCeiling>> = at
        .list("spend_ceilings")
        .iter()
        .map(|ceiling| {
            let scope = scope(ceiling, context, report);
            let amount = self::ceiling(&ceiling.get("amount")?, report);
            let period = named(&Period::NAMES, ceiling.text_at("per")?)?;
            Some(SpendCeiling { scope: scope?, amount: amount?, period })
        })
        .collect();
    Some(Pacing {
        request_limits: limits.into_iter().collect::<Option<_>>()?,
        developers,
        spend_ceilings: ceilings.into_iter().collect::<Option<_>>()?,
    })
}

/// The requests that a limit is on.
fn scope(at: &Cursor, context: &Context, report: &mut Report) -> Option<Scope> {
    let gateway = match at.get("gateway") {
        Some(name) => context.names.all_gateways.find(&name, report).map(Some),
        None => Some(None),
    };
    let stream = match at.get("stream") {
        Some(name) => {
            context.names.all_streams.find(&name, report)?;
            Some(name.text()?.to_string())
        }
        None => None,
    };
    Some(Scope { gateway: gateway?, stream })
}

fn ceiling(at: &Cursor, report: &mut Report) -> Option<Ceiling> {
    let written = amount(at)?;
    if written.currency != Currency::Usd {
        return positive_wei(at, report).map(Ceiling::Eth);
    }
    if written.value.mantissa == 0 {
        report.push(Problem::at(at, "the amount is zero").expected("more than 0 USD"));
        return None;
    }
    Some(Ceiling::Usd(written.value.reduced()))
}

fn alpha_group(
    at: &Cursor,
    root: &Cursor,
    network: Option<&Network>,
    report: &mut Report,
) -> Option<AlphaGroup> {
    let orchestrators = &network?.orchestrators;
    let ids = orchestrators.iter().map(|orchestrator| orchestrator.id.as_str());
    let indices: BTreeMap<&str, usize> = ids.zip(0..).collect();
    let count = |group: &Cursor| group.get("count")?.integer::<usize>();
    let groups = root.list("orchestrator_groups");
    let groups: BTreeMap<&str, usize> =
        groups.iter().filter_map(|group| Some((group.text_at("id")?, count(group)?))).collect();
    let (mut names, mut members) = (BTreeSet::new(), Vec::new());
    let mut valid = true;
    for name_at in at.list("orchestrators") {
        let name = name_at.text()?;
        if !names.insert(name) {
            continue;
        }
        let count = groups.get(name).copied().unwrap_or(0);
        let of_group = (1..=count).filter_map(|k| indices.get(format!("{name}-{k}").as_str()));
        let before = members.len();
        members.extend(indices.get(name).into_iter().chain(of_group).copied());
        if members.len() == before {
            let shown: String = name.chars().take(80).collect();
            let message = format!("there is no orchestrator or group `{shown}`");
            let problem = Problem::at(&name_at, message);
            let problem = problem.expected("the id of an orchestrator or group of this scenario");
            report.push(problem.nearest(name, groups.keys().chain(indices.keys()).copied()));
            valid = false;
        }
    }
    members.sort_unstable();
    members.dedup();
    let discount = factor(&at.get("discount")?)?;
    valid.then_some(AlphaGroup { members, discount })
}
