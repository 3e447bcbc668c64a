//! Who would be selected, for people and for programs.

use serde_json::{Value, json};

use super::Style;
use super::format::{grouped, percent, plural, whole_percent};
use super::json::number;
use super::table::{Cell, Column, Table, Unit, fit};
use super::text::{BOLD, DIM, Page, YELLOW};
use crate::network::{Gateway, Network, SelectionRule};
use crate::scenario::Scenario;
use crate::selection::{Explanation, Row, Standing};
use crate::units::Price;

/// An explanation for a terminal: the answer in a sentence, the rule, every
/// orchestrator with its probability or why it has none, warnings. `gateway`
/// and `model` are those of the question, indices into the network's. It uses the
/// whole width of the terminal and cuts nothing.
pub fn explanation_text(
    scenario: &Scenario,
    gateway: usize,
    model: usize,
    explanation: &Explanation,
    style: Style,
) -> String {
    let network = &scenario.network;
    let unit = network.models[model].pipeline.billing_unit().name();
    let (mut eligible, filtered): (Vec<&Row>, Vec<&Row>) =
        explanation.rows.iter().partition(|row| row.standing == Standing::Eligible);
    eligible.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let (offering, others): (Vec<&Row>, Vec<&Row>) =
        filtered.into_iter().partition(|row| row.price.is_some());

    let mut page = Page::wide(style);
    let width = page.width();
    page.paragraph(BOLD, &answer(network, gateway, model, &eligible), "");
    page.blank();
    let Gateway { version, selection, .. } = &network.gateways[gateway];
    let whose = match selection {
        SelectionRule::Livepeer => format!("Rule of {}", version.name()),
        _ => "Rule of the scenario".to_string(),
    };
    page.paragraph("", &format!("{whose}: {}.", explanation.rule), "");
    if !eligible.is_empty() {
        let selected = if explanation.is_first_contact { "At first" } else { "Selected" };
        page.whole_section(eligible_lines(network, unit, selected, &eligible, width));
    }
    if !offering.is_empty() {
        page.whole_section(filtered_lines(network, unit, &offering, width));
    }
    if let Some(footnote) = quotes_above_posted(scenario, model, explanation) {
        page.blank();
        page.paragraph(DIM, &footnote, "  ");
    }
    if !others.is_empty() {
        let ids: Vec<&str> = others.iter().map(|row| id(network, row)).collect();
        page.blank();
        page.paragraph("", &format!("Without an offer: {}.", ids.join(", ")), "  ");
    }
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
/// | `is_first_contact` | whether the probabilities are those of the first requests only, as later ones go by how the orchestrators did |
/// | `warnings` | texts |
/// | `candidates` | every orchestrator of the scenario, in its order |
///
/// Of a candidate: `orchestrator`, `region`, `price_wei_per_unit`, the price it quotes,
/// and `posted_wei_per_unit`, that of its offer (`null` where it does not offer the
/// model), `stake_lpt`, `pool` (`warm` or `cold`),
/// `discovered` (share of discoveries it answers in time), `status`
/// (`eligible` or `filtered`), `reason` (`null` where eligible) and
/// `probability`.
pub fn explanation_json(
    scenario: &Scenario,
    gateway: usize,
    model: usize,
    explanation: &Explanation,
) -> Value {
    let network = &scenario.network;
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
            "posted_wei_per_unit": posted(scenario, model, row).map(price_number),
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
        "is_first_contact": explanation.is_first_contact,
        "warnings": explanation.warnings,
        "candidates": explanation.rows.iter().map(candidate).collect::<Vec<_>>(),
    })
}

/// Exact where the price is a whole number of wei.
fn price_number(price: Price) -> Value {
    if price.units() == 1 { json!(price.wei()) } else { json!(price.to_f64()) }
}

/// The price of an orchestrator's offer for the model at the start.
fn posted(scenario: &Scenario, model: usize, row: &Row) -> Option<Price> {
    let offers = &scenario.network.orchestrators[row.orchestrator].offers;
    let offer = offers.iter().find(|offer| offer.model == model)?;
    offer.price.at(scenario.credits.eth_usd).ok()
}

/// Why prices are higher than in the scenario, where some are.
fn quotes_above_posted(
    scenario: &Scenario,
    model: usize,
    explanation: &Explanation,
) -> Option<String> {
    let quotes = explanation.rows.iter().filter_map(|row| {
        let (quote, posted) = (row.price?, posted(scenario, model, row)?);
        Some((quote > posted).then(|| quote.to_f64() / posted.to_f64() - 1.0))
    });
    let quotes: Vec<Option<f64>> = quotes.collect();
    let most = quotes.iter().flatten().copied().reduce(f64::max)?;
    Some(format!(
        "Prices are those quoted: {} of {} are above the price posted, by up to {}, the cost of \
         redeeming tickets that `auto_adjust_price` adds.",
        quotes.iter().flatten().count(),
        quotes.len(),
        percent(most)
    ))
}

fn pool(warm: bool) -> &'static str {
    if warm { "warm" } else { "cold" }
}

fn id<'a>(network: &'a Network, row: &Row) -> &'a str {
    &network.orchestrators[row.orchestrator].id
}

fn answer(network: &Network, gateway: usize, model: usize, eligible: &[&Row]) -> String {
    let question = format!("{} for {}", network.gateways[gateway].id, network.models[model].key());
    let all = plural(&network.orchestrators.len().to_string(), "orchestrator");
    match eligible.first() {
        Some(likeliest) => format!(
            "{question}: {} of {all} can be selected; the likeliest at first is {}, with {}.",
            eligible.len(),
            id(network, likeliest),
            percent(likeliest.probability),
        ),
        None => format!("{question}: none of {all} can be selected."),
    }
}

/// The columns every orchestrator has, whether it can be selected or not.
fn common_columns(unit: &str) -> Vec<Column> {
    vec![
        Column::text("orchestrator", "Orchestrator"),
        Column::text("region", "Region"),
        Column::text("pool", "Pool"),
        Column::number("price", format!("Wei per {unit}")),
        Column::number("stake", "Stake (LPT)"),
    ]
}

fn common_cells(network: &Network, row: &Row) -> Vec<Cell> {
    vec![
        Cell::text(id(network, row)),
        Cell::text(&network.regions[network.orchestrators[row.orchestrator].region].id),
        Cell::text(row.warm.map_or("", pool)),
        Cell::text(row.price.map(price_text).unwrap_or_default()),
        Cell::text(grouped(row.stake.to_coins(), 0)),
    ]
}

/// With bars where there is room for them.
fn eligible_lines(
    network: &Network,
    unit: &str,
    selected: &str,
    rows: &[&Row],
    width: usize,
) -> Vec<String> {
    let stake: f64 = rows.iter().map(|row| row.stake.to_coins()).sum();
    let mut columns = common_columns(unit);
    columns.push(Column::number("stake_share", "Share"));
    columns.push(Column::number("found", "Found"));
    columns.push(Column::number("probability", selected));
    let cells = |row: &&Row| {
        let mut cells = common_cells(network, row);
        let share = (stake > 0.0).then(|| row.stake.to_coins() / stake);
        cells.push(Cell::Number(share, Unit::Share));
        cells.push(Cell::text(whole_percent(row.discovered)));
        cells.push(Cell::share(row.probability));
        cells
    };
    let table = Table::new(columns, rows.iter().map(cells).collect());
    let keys =
        ["orchestrator", "region", "pool", "price", "stake", "stake_share", "found", "probability"];
    let with_bars = table.lines(&keys, usize::MAX, Some("probability"));
    if fit(&with_bars, width) { with_bars } else { table.lines(&keys, usize::MAX, None) }
}

fn filtered_lines(network: &Network, unit: &str, rows: &[&Row], width: usize) -> Vec<String> {
    let mut columns = common_columns(unit);
    columns.push(Column::text("reason", "Not selected because"));
    let cells = |row: &&Row| {
        let mut cells = common_cells(network, row);
        if let Standing::Filtered(reason) = &row.standing {
            cells.push(Cell::text(reason));
        }
        cells
    };
    let table = Table::new(columns, rows.iter().map(cells).collect());
    let keys = ["orchestrator", "region", "pool", "price", "stake", "reason"];
    table.lines_within(&keys, usize::MAX, width)
}

/// Decimals only where the price is small enough for them to matter.
fn price_text(price: Price) -> String {
    let wei = price.to_f64();
    grouped(wei, if price.units() == 1 || wei >= 1000.0 { 0 } else { 3 })
}
