//! A gateway's `-maxPricePerCapability`: a file or text of JSON (go-livepeer
//! `cmd/livepeer/starter/starter.go`, `getCapabilityPrices`).

use std::collections::BTreeSet;

use super::findings::{Findings, MaxPrice, model_at, pipeline_at};
use super::json::At;
use super::price::price;

/// The entries under `capabilities_prices`, or a bare list of the same that is
/// no `aiModels.json`.
pub(super) fn rows<'a>(root: &At<'a>) -> Option<Vec<At<'a>>> {
    let of_orchestrators = ["warm", "url", "token", "capacity", "optimization_flags"];
    match root.field(&["capabilities_prices", "capability_prices"]) {
        Some(list) => list.is_list().then(|| list.items().collect()),
        None => {
            let items: Vec<At> = root.items().collect();
            let is_price = |item: &At| {
                let has = |names: &[&str]| item.field(names).is_some();
                has(&["pipeline"]) && has(&["price_per_unit"]) && !has(&of_orchestrators)
            };
            (!items.is_empty() && items.iter().all(is_price)).then_some(items)
        }
    }
}

/// `false` where the file is something else.
pub(super) fn read(root: &At, findings: &mut Findings) -> bool {
    let Some(rows) = rows(root) else { return false };
    let mut seen = BTreeSet::new();
    // The last of several entries for a model holds, as in go-livepeer.
    for row in rows.into_iter().rev() {
        match entry(&row) {
            Ok(limit) if seen.insert((limit.pipeline, limit.model.clone())) => {
                findings.max_prices.push(limit);
            }
            Ok(_) => findings.skip(row.path, "a later entry is for the same pipeline and model"),
            Err(why) => findings.skip(row.path, why),
        }
    }
    findings.max_prices.reverse();
    findings.skipped.reverse();
    true
}

fn entry(row: &At) -> Result<MaxPrice, String> {
    let pipeline = pipeline_at(&row.field(&["pipeline", "capability"]).ok_or("no `pipeline`")?)?;
    let model = match row.field(&["model_id", "model", "constraint"]) {
        Some(at) if at.text().is_some_and(|id| id.is_empty() || id == "default") => None,
        Some(at) => Some(model_at(&at)?),
        None => None,
    };
    let price = price(row)?.ok_or("no `price_per_unit`")?;
    Ok(MaxPrice { pipeline, model, price })
}
