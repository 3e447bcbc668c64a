use std::collections::BTreeSet;

use super::super::diagnostics::{Problem, Report};
use super::super::spread::rounded;
use super::super::tree::Cursor;
use super::demand::{by_region_id, sizes};
use super::names::duplicate;
use super::{Context, credits};
use crate::demand::{
    Arrivals, Bursts, DemandStream, Growth, HourProfile, Injected, PoissonArrivals, WeekProfile,
};
use crate::kernel::Distribution;
use crate::network::{Gateway, Network, Pipeline, Resolution};
use crate::policy::{Fallback, Injection, RegionalGateway, Steering};
use crate::text::named;

/// How far above 1 shares may sum.
const SHARE_TOLERANCE: f64 = 1e-9;

/// Reads what brings requests to regions, and carries out what changes the
/// network or the demand: added gateways and test prompts.
pub(super) fn injection(
    root: &Cursor,
    at: &Cursor,
    context: &Context,
    network: &mut Option<Network>,
    demand: &mut Option<Vec<DemandStream>>,
    report: &mut Report,
) -> Option<Injection> {
    let gateways = regional_gateways(at, context, report);
    let steering = match at.get("steering") {
        Some(steering) => steering_form(&steering, context, report),
        None => Some(Steering::None),
    };
    let fallback = named(&Fallback::NAMES, at.text_at("fallback")?)?;
    let prompts = test_prompts(root, at, context, report);
    let (gateways, prompts) = (gateways?, prompts?);
    if let (Some(network), Some(demand)) = (network, demand) {
        for added in &gateways {
            add_gateway(added, network, demand);
        }
        for mut prompts in prompts {
            prompts.region = network.gateways[prompts.gateway].region;
            demand.push(prompts);
        }
    }
    Some(Injection { gateways, steering: steering?, fallback })
}

fn regional_gateways(
    at: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<RegionalGateway>> {
    let regions = &context.names.regions;
    let gateways = &context.names.gateways;
    let mut ids = BTreeSet::new();
    let mut all = Vec::new();
    let mut served = BTreeSet::new();
    let mut valid = true;
    for entry in at.list("gateways") {
        let region = entry.get("region").and_then(|at| regions.find(&at, report));
        let like = entry.get("like").and_then(|at| gateways.find(&at, report));
        let users: Option<Vec<usize>> = match entry.get("users") {
            None => region.map(|region| vec![region]),
            Some(users) => users.items().iter().map(|at| regions.find(at, report)).collect(),
        };
        let (Some(id), Some(region), Some(like), Some(users)) =
            (entry.get("id"), region, like, users)
        else {
            valid = false;
            continue;
        };
        let name = id.text()?;
        if gateways.get(name).is_some() || !ids.insert(name) {
            report.push(duplicate(&id, "gateway", name));
            valid = false;
        }
        if let Some(region) = users.iter().find(|&&region| !served.insert((like, region))) {
            let message = "the users of a region cannot ask two added gateways".to_string();
            let problem = Problem::at(&entry, message);
            let region = regions.name(*region).unwrap_or_default();
            report.push(problem.expected(format!("`{region}` in the `users` of one of them")));
            valid = false;
        }
        all.push(RegionalGateway { id: name.to_string(), region, like, users });
    }
    valid.then_some(all)
}

/// Adds the gateway, which some users of another ask from now on.
fn add_gateway(added: &RegionalGateway, network: &mut Network, demand: &mut [DemandStream]) {
    let Some(model) = network.gateways.get(added.like) else { return };
    let gateway = Gateway { id: added.id.clone(), region: added.region, ..model.clone() };
    let number = network.gateways.len();
    network.gateways.push(gateway);
    for stream in demand {
        if stream.gateway == added.like && added.users.contains(&stream.region) {
            stream.gateway = number;
        }
    }
}

fn steering_form(at: &Cursor, context: &Context, report: &mut Report) -> Option<Steering> {
    let (form, inner) = at.form()?;
    let shares_at = match form {
        "fixed" => inner,
        _ => inner.get("targets")?,
    };
    let shares = by_region_id(&shares_at, context, report)?;
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if shares.is_empty() || sum > 1.0 + SHARE_TOLERANCE {
        let message = match shares.len() {
            0 => "no region is named".to_string(),
            _ => format!("the shares of the regions sum to {}", rounded(sum)),
        };
        report.push(Problem::at(&shares_at, message).expected("shares that sum to at most 1"));
        return None;
    }
    Some(match form {
        "fixed" => Steering::Fixed(shares),
        _ => Steering::Towards { targets: shares, share: at.form()?.1.number_at("share")? },
    })
}

fn test_prompts(
    root: &Cursor,
    at: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<DemandStream>> {
    let read = |entry: &Cursor, report: &mut Report| {
        let region = entry.get("region").and_then(|at| context.names.regions.find(&at, report));
        let gateways = &context.names.all_gateways;
        let gateway = entry.get("gateway").and_then(|at| gateways.find(&at, report));
        let asked = context.names.model(entry, report);
        let pipeline = entry.text_at("pipeline").and_then(Pipeline::named);
        let unit = pipeline.map(Pipeline::size_unit);
        let size = entry.get("size").and_then(|size| sizes(&size, unit, report));
        let budget = entry
            .get("budget_per_day")
            .and_then(|at| credits::wei_or_usd(&at, context.eth_usd?, report));
        let (gateway, region) = (gateway?, region?);
        Some(DemandStream {
            id: entry.text_at("id")?.to_string(),
            gateway,
            model: asked?.1,
            region,
            arrivals: Arrivals::Poisson(Box::new(PoissonArrivals {
                requests_per_day: entry.number_at("requests_per_day")?,
                growth: Growth::Constant,
                hours: HourProfile::FLAT,
                weekdays: WeekProfile::FLAT,
                bursts: Bursts::None,
            })),
            size: size?,
            used_share: Distribution::Constant(1.0),
            resolution: Resolution::P720,
            bad_request_share: 0.0,
            injected: Some(Injected { region, budget_per_day: budget? }),
            users: None,
        })
    };
    let streams = root.get("demand").map(|at| at.list("streams")).unwrap_or_default();
    let mut ids: BTreeSet<&str> = streams.iter().filter_map(|at| at.text_at("id")).collect();
    let mut valid = true;
    let mut all = Vec::new();
    for entry in at.list("test_prompts") {
        if let Some(id) = entry.get("id")
            && let Some(name) = id.text()
            && !ids.insert(name)
        {
            report.push(duplicate(&id, "demand stream", name));
        }
        match read(&entry, report) {
            Some(prompts) => all.push(prompts),
            None => valid = false,
        }
    }
    valid.then_some(all)
}
