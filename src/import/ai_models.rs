//! An orchestrator's `aiModels.json` (go-livepeer `core/ai.go`,
//! `AIModelConfig`).

use super::findings::{Findings, FoundOffer, MOST_OFFERS, model_at, pipeline_at};
use super::json::At;
use super::price::price;

/// The models of the file: a list, or one under `models`.
pub(super) fn rows<'a>(root: &At<'a>) -> Option<Vec<At<'a>>> {
    let list = root.field(&["models", "ai_models"]).unwrap_or_else(|| root.clone());
    let items: Vec<At> = list.items().collect();
    let is_known = |item: &At| {
        item.field(&["pipeline"]).is_some()
            && item.field(&["model_id"]).is_some()
            && item.field(&["success_rate"]).is_none()
    };
    items.iter().any(is_known).then_some(items)
}

/// Reads into an orchestrator whose id is empty, as the file names none; `false` where the file is
/// something else.
pub(super) fn read(root: &At, findings: &mut Findings) -> bool {
    let Some(rows) = rows(root) else { return false };
    let mut offers: Vec<FoundOffer> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if index >= MOST_OFFERS {
            findings.skip(row.path.as_str(), format!("more than {MOST_OFFERS} models"));
            continue;
        }
        let offer = match entry(row) {
            Ok(offer) => offer,
            Err(why) => {
                findings.skip(row.path.as_str(), why);
                continue;
            }
        };
        let same = |known: &&mut FoundOffer| {
            known.pipeline == offer.pipeline && known.model == offer.model
        };
        match offers.iter_mut().find(same) {
            // go-livepeer adds the capacities and keeps the last price.
            Some(known) => {
                known.capacity = known.capacity.saturating_add(offer.capacity);
                known.warm |= offer.warm;
                known.price = offer.price;
                findings.notes.push(format!(
                    "{}: added to the capacity of the entry before for the same model",
                    row.path
                ));
            }
            None => offers.push(offer),
        }
    }
    if !offers.is_empty() {
        findings.orchestrator("").offers = Some(offers);
    }
    true
}

fn entry(row: &At) -> Result<FoundOffer, String> {
    let pipeline = pipeline_at(&row.field(&["pipeline"]).ok_or("no `pipeline`")?)?;
    let model = model_at(&row.field(&["model_id", "model"]).ok_or("no `model_id`")?)?;
    if let Some(gateway) = row.field(&["gateway"]).and_then(|at| at.word())
        && !gateway.is_empty()
        && gateway != "default"
    {
        return Err("a price for one gateway only; prices here are for all".to_string());
    }
    let price = price(row)?.ok_or("no `price_per_unit`")?;
    let mut about = Vec::new();
    let warm = match row.field(&["warm"]) {
        Some(at) => at.flag()?,
        None => false,
    };
    let capacity = match row.field(&["capacity"]) {
        Some(at) => at.count()?,
        None => 1,
    };
    if capacity == 0 {
        about.push("capacity 0, read as 1");
    }
    let capacity = u32::try_from(capacity.max(1)).map_err(|_| "`capacity` is too large")?;
    Ok(FoundOffer { pipeline, model, price, warm, capacity, about: about.join("; ") })
}
