//! Transcoders of the protocol's subgraph, as the explorer asks for them:
//! `{ transcoders { id totalStake active ... } protocol { currentRound { id } } }`.

use super::findings::{Findings, orchestrator_id};
use super::json::At;
use super::stakes;
use crate::text::plain;
use crate::units::Lpt;

/// From here on a round is none that comes: who stays gets 2^255 - 1 or more as the
/// round it leaves in.
const NEVER: u128 = 1 << 64;

/// The transcoders: the answer of the subgraph, its `data`, a bare list, or one
/// alone.
pub(super) fn rows<'a>(root: &At<'a>) -> Option<Vec<At<'a>>> {
    let data = data(root);
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

fn data<'a>(root: &At<'a>) -> At<'a> {
    root.field(&["data"]).unwrap_or_else(|| root.clone())
}

/// The round the answer is of, where it says.
fn current_round(root: &At) -> Option<u128> {
    let data = data(root);
    let current = data.field(&["protocol"]).unwrap_or(data).field(&["current_round"])?;
    round(&current.field(&["id"]).unwrap_or(current))
}

/// A round by its number; one of more digits than fit is later than any.
fn round(at: &At) -> Option<u128> {
    let word = at.word()?;
    let float = || word.parse::<f64>().ok().filter(|number| *number >= 0.0);
    word.parse().ok().or_else(|| float().map(|number| number as u128))
}

/// Why a transcoder is none that gateways find; in which round that is so, nobody
/// knows where `current` is none.
fn inactive(row: &At, current: Option<u128>) -> Option<String> {
    let is_active = row.field(&["active"]).and_then(|at| at.flag().ok());
    if is_active == Some(false) {
        return Some("not active".to_string());
    }
    let status = row.field(&["status"]).and_then(|at| at.word()).unwrap_or_default();
    if plain(&status) == "notregistered" {
        return Some("not registered".to_string());
    }
    let of = |name| row.field(&[name]).and_then(|at| round(&at));
    let (from, until) = (of("activation_round"), of("deactivation_round"));
    let has_left = |until: &u128| match current {
        Some(current) => *until <= current,
        None => *until < NEVER && is_active.is_none(),
    };
    let is_to_come = |from: &u128| current.is_some_and(|current| *from > current);
    let left = until.filter(has_left).map(|until| format!("not active from round {until} on"));
    left.or_else(|| Some(format!("active from round {} on only", from.filter(is_to_come)?)))
}

/// `false` where the file is something else.
pub(super) fn read(root: &At, findings: &mut Findings) -> bool {
    let Some(rows) = rows(root) else { return false };
    if rows.is_empty() {
        findings.skip("transcoders", "an empty list");
    }
    let current = current_round(root);
    for row in rows {
        let id = row.field(&["id", "address"]).and_then(|at| at.text()).and_then(orchestrator_id);
        let Some(id) = id else {
            findings.skip(row.place(), "no `id`");
            continue;
        };
        let what = format!("{} ({id})", row.place());
        if let Some(why) = inactive(&row, current) {
            findings.skip(what, why);
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
                keep(&id, stake, about, what, findings);
            }
            Err(why) => findings.skip(what, why),
        }
    }
    true
}

/// Keeps an orchestrator's stake, unless there is one.
fn keep(id: &str, stake: Lpt, about: &str, what: String, findings: &mut Findings) {
    let known = findings.orchestrator(id);
    if known.stake.is_some() {
        return findings.skip(what, "a second stake of the same orchestrator");
    }
    known.stake = Some(stake);
    known.about = about.to_string();
}
