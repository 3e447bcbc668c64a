//! Who would be selected, for people and for programs.

use serde_json::{Value, json};

use super::Style;
use super::format::{grouped, percent, plural, whole_percent};
use super::json::number;
use super::table::{Cell, Column, Table, bar_of};
use super::text::{BOLD, Page, YELLOW};
use crate::network::Network;
use crate::selection::{Explanation, Row, Standing};
use crate::units::Price;

/// An explanation for a terminal: the likeliest in a sentence, the rule, every
/// orchestrator with the likeliest first, warnings. `gateway` and `model` are
/// those of the question, indices into the network's.
pub fn explanation_text(
    network: &Network,
    gateway: usize,
    model: usize,
    explanation: &Explanation,
    style: Style,
) -> String {
    let mut rows: Vec<&Row> = explanation.rows.iter().collect();
    rows.sort_by(|a, b| {
        let rank = |row: &Row| (!is_eligible(row), row.price.is_none());
        rank(a).cmp(&rank(b)).then(b.probability.total_cmp(&a.probability))
    });
    let mut page = Page::new(style);
    page.paragraph(BOLD, &answer(network, gateway, model, &rows), "");
    page.blank();
    let version = network.gateways[gateway].version.name();
    page.paragraph("", &format!("Rule of {version}: {}.", explanation.rule), "");
    page.section(table(network, model, &rows).lines(
        &["orchestrator", "region", "pool", "price", "stake", "stake_share", "found", "chance"],
        usize::MAX,
        None,
    ));
    for warning in &explanation.warnings {
        page.blank();
        page.paragraph(YELLOW, &format!("warning: {warning}"), "  ");
    }
    page.text
}

/// An explanation for programs.
///
/// | key | holds |
/// | --- | --- |
/// | `gateway`, `pipeline`, `model` | the question |
/// | `rule` | in words |
/// | `warnings` | texts |
/// | `candidates` | every orchestrator of the scenario, in its order |
///
/// Of a candidate: `orchestrator`, `region`, `price_wei_per_unit` (`null`
/// where it does not offer the model), `stake_lpt`, `pool` (`warm` or `cold`),
/// `discovered` (share of discoveries it answers in time), `status`
/// (`eligible` or `filtered`), `reason` (`null` where eligible) and
/// `probability`.
pub fn explanation_json(
    network: &Network,
    gateway: usize,
    model: usize,
    explanation: &Explanation,
) -> Value {
    let candidate = |row: &Row| {
        let orchestrator = &network.orchestrators[row.orchestrator];
        let (status, reason) = match &row.standing {
            Standing::Eligible => ("eligible", None),
            Standing::Filtered(reason) => ("filtered", Some(reason)),
        };
        json!({
            "orchestrator": orchestrator.id,
            "region": network.regions[orchestrator.region].id,
            "price_wei_per_unit": row.price.map(price_number),
            "stake_lpt": number(row.stake.to_coins()),
            "pool": row.warm.map(pool),
            "discovered": number(row.discovered),
            "status": status,
            "reason": reason,
            "probability": row.probability,
        })
    };
    json!({
        "gateway": network.gateways[gateway].id,
        "pipeline": network.models[model].pipeline.name(),
        "model": network.models[model].id,
        "rule": explanation.rule,
        "warnings": explanation.warnings,
        "candidates": explanation.rows.iter().map(candidate).collect::<Vec<_>>(),
    })
}

/// Exact where the price is a whole number of wei.
fn price_number(price: Price) -> Value {
    if price.units() == 1 { json!(price.wei()) } else { json!(price.to_f64()) }
}

fn is_eligible(row: &Row) -> bool {
    row.standing == Standing::Eligible
}

fn pool(warm: bool) -> &'static str {
    if warm { "warm" } else { "cold" }
}

fn answer(network: &Network, gateway: usize, model: usize, rows: &[&Row]) -> String {
    let question = format!("{} for {}", network.gateways[gateway].id, network.models[model].key());
    let eligible = rows.iter().filter(|row| is_eligible(row)).count();
    let orchestrators = plural(&rows.len().to_string(), "orchestrator");
    match rows.first() {
        Some(likeliest) if is_eligible(likeliest) => format!(
            "{question}: {} is likeliest to be selected first, with {}; {eligible} of \
             {orchestrators} can be.",
            network.orchestrators[likeliest.orchestrator].id,
            percent(likeliest.probability),
        ),
        _ => format!("{question}: none of {orchestrators} can be selected."),
    }
}

fn table(network: &Network, model: usize, rows: &[&Row]) -> Table {
    let unit = network.models[model].pipeline.billing_unit().name();
    let columns = vec![
        Column::text("orchestrator", "Orchestrator"),
        Column::text("region", "Region"),
        Column::text("pool", "Pool"),
        Column::number("price", format!("Wei per {unit}")),
        Column::number("stake", "Stake LPT"),
        Column::number("stake_share", "Share"),
        Column::number("found", "Found"),
        Column::text("chance", "Selected"),
    ];
    let stake: f64 =
        rows.iter().filter(|row| is_eligible(row)).map(|row| row.stake.to_coins()).sum();
    let cells = |row: &&Row| {
        let orchestrator = &network.orchestrators[row.orchestrator];
        let own_stake = row.stake.to_coins();
        let (stake_share, chance) = match &row.standing {
            Standing::Eligible => (
                (stake > 0.0).then(|| percent(own_stake / stake)),
                format!("{:>6}  {}", percent(row.probability), bar_of(row.probability)),
            ),
            Standing::Filtered(reason) => (None, format!("no: {reason}")),
        };
        let offered = row.price.is_some();
        vec![
            Cell::text(&orchestrator.id),
            Cell::text(&network.regions[orchestrator.region].id),
            Cell::text(row.warm.map_or("", pool)),
            Cell::text(row.price.map(price_text).unwrap_or_default()),
            Cell::text(grouped(own_stake, 0)),
            Cell::text(stake_share.unwrap_or_default()),
            Cell::text(if offered { whole_percent(row.discovered) } else { String::new() }),
            Cell::text(chance),
        ]
    };
    Table::new(columns, rows.iter().map(cells).collect())
}

fn price_text(price: Price) -> String {
    grouped(price.to_f64(), if price.units() == 1 { 0 } else { 3 })
}
