use super::super::diagnostics::{Problem, Report};
use super::super::keys::MOST_ORCHESTRATORS;
use super::super::tree::Cursor;
use super::credits;
use crate::network::{Orchestrator, Pricing, Response};

/// How an orchestrator, or each member of a group, responds.
pub(super) fn response(at: &Cursor) -> Option<Option<Response>> {
    let Some(at) = at.get("respond") else { return Some(None) };
    let (form, inner) = at.get("price")?.form()?;
    let pricing = match form {
        "fixed" => Pricing::Fixed,
        "undercut" => Pricing::Undercut { by: inner.number_at("by")? },
        "best_response" => Pricing::BestResponse,
        _ => Pricing::Raise {
            step: inner.number_at("step")?,
            refused_share: inner.number_at("refused_share")?,
        },
    };
    Some(Some(Response {
        review_hours: at.number_at("review_hours")?,
        pricing,
        cost_share: at.number_at("cost_share")?,
        most: at.number_at("most")?,
        gpu_cost_per_day: credits::amount(&at.get("gpu_cost_per_day")?)?.value,
        node_cost_per_day: credits::amount(&at.get("node_cost_per_day")?)?.value,
        patience: at.get("patience")?.integer()?,
        starts_absent: at.get("starts_absent")?.flag()?,
        split_into: at.get("split_into")?.integer()?,
    }))
}

/// Refuses more nodes than there may be orchestrators.
pub(super) fn check_nodes(
    orchestrators: &[Orchestrator],
    entries: &[Cursor],
    report: &mut Report,
) -> Option<()> {
    let split = |o: &Orchestrator| o.response.as_ref().map_or(1, |r| r.split_into as usize);
    let nodes: usize = orchestrators.iter().map(split).sum();
    if nodes <= MOST_ORCHESTRATORS {
        return Some(());
    }
    let at = entries.iter().find_map(|entry| entry.get("respond")?.get("split_into"))?;
    let problem = Problem::at(&at, format!("the orchestrators may come to {nodes} nodes"));
    report.push(problem.expected(format!("at most {MOST_ORCHESTRATORS} nodes in all")));
    None
}
