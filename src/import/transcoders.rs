//! Transcoders of the protocol's subgraph, as the explorer asks for them:
//! `{ transcoders { id totalStake active ... } }`.

use super::findings::{Findings, orchestrator_id};
use super::json::At;
use super::stakes;

/// The transcoders: the answer of the subgraph, its `data`, a bare list, or one
/// alone.
pub(super) fn rows<'a>(root: &At<'a>) -> Option<Vec<At<'a>>> {
    let data = root.field(&["data"]).unwrap_or_else(|| root.clone());
    let names = ["transcoders", "orchestrators", "transcoder", "orchestrator"];
    let list = data.field(&names).unwrap_or_else(|| data.clone());
    let items: Vec<At> = match list.is_list() {
        true => list.items().collect(),
        false => vec![list],
    };
    let is_known = |item: &At| item.field(&["total_stake"]).is_some();
    let is_empty = items.is_empty() && data.field(&["transcoders"]).is_some();
    (is_empty || items.iter().any(is_known)).then_some(items)
}

/// `false` where the file is something else.
pub(super) fn read(root: &At, findings: &mut Findings) -> bool {
    let Some(rows) = rows(root) else { return false };
    if rows.is_empty() {
        findings.skip("transcoders", "an empty list");
    }
    for row in rows {
        let id = row.field(&["id", "address"]).and_then(|at| at.text()).and_then(orchestrator_id);
        let Some(id) = id else {
            findings.skip(row.place(), "no `id`");
            continue;
        };
        let what = format!("{} ({id})", row.place());
        let is_active = row.field(&["active"]).and_then(|at| at.flag().ok());
        if is_active == Some(false) {
            findings.skip(what, "not active");
            continue;
        }
        let stake = row.field(&["total_stake"]).ok_or_else(|| "no `totalStake`".to_string());
        let stake = stake.and_then(|at| {
            stakes::stake(&at.word().unwrap_or_default(), None).map_err(|wrong| wrong.to_string())
        });
        match stake {
            Ok(stake) => {
                let uri = row.field(&["service_uri"]).and_then(|at| at.text()).unwrap_or_default();
                let about = uri.split_once("://").map_or(uri, |(_, host)| host);
                stakes::keep(&id, stake, about, what, findings);
            }
            Err(why) => findings.skip(what, why),
        }
    }
    true
}
