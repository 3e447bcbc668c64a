//! From a checked tree to a [`Scenario`]: meaning, references, sums.

mod credits;
mod demand;
mod files;
mod injection;
mod names;
mod network;
mod objectives;
mod payments;
mod policy;
mod respond;
mod selection;
mod token_prices;
mod trace;
mod treasury;
mod users;

use std::path::Path;

use jiff::civil::Date;

use super::diagnostics::{Problem, Report};
use super::tree::{Cursor, Value};
use super::{Goal, NamedFiles, Objective, Scenario};
use names::Names;

/// What the parts of a scenario are read with.
struct Context<'a> {
    names: Names<'a>,
    directory: Option<&'a Path>,
    files: &'a NamedFiles,
    start: Option<Date>,
    eth_usd: Option<crate::units::Decimal>,
}

/// Builds the scenario, reporting whatever has no meaning. `None` only after a
/// report.
pub(super) fn scenario(
    root: &Cursor,
    directory: Option<&Path>,
    files: &NamedFiles,
    report: &mut Report,
) -> Option<Scenario> {
    let start = start_date(root, report);
    let names = Names::collect(root, report);
    let mut context = Context { names, directory, files, start, eth_usd: None };
    let token_prices = token_prices::token_prices(root, &context, report);
    let prices = credits::prices(root, token_prices.as_ref(), report);
    context.eth_usd = prices.map(|(_, eth_usd)| eth_usd);
    let credits = credits::credits(root, prices, report);
    let treasury = treasury::treasury(root, token_prices, credits.as_ref(), &context, report);
    let payments = payments::payments(root, report);
    let mut network = network::network(root, &context, report);
    let mut demand = demand::streams(root, &context, report);
    let policy = policy::policy(root, &context, &mut network, &mut demand, report);
    let uncertainty = demand::uncertainty(root);
    let objectives = objectives::objectives(root, &context, report);
    let horizon_days = root.get("horizon_days")?.integer()?;
    let suppressed = root.list("suppress_warnings");
    Some(Scenario {
        name: root.text_at("name")?.to_string(),
        title: root.text_at("title")?.to_string(),
        start: start?,
        horizon_days,
        seed: root.get("seed")?.integer()?,
        replications: root.get("replications")?.integer()?,
        credits: credits?,
        treasury: treasury?,
        payments: payments?,
        policy: policy?,
        network: network?,
        failure_delay_s: root.get("behaviour")?.number_at("failure_delay_s")?,
        stream_failures_per_hour: root.get("behaviour")?.number_at("stream_failures_per_hour")?,
        demand: demand?,
        uncertainty: uncertainty?,
        objectives: objectives?,
        suppressed_warnings: suppressed
            .iter()
            .filter_map(|w| w.text())
            .map(str::to_string)
            .collect(),
    })
}

/// The first day, in a century the calendar arithmetic is safe in.
fn start_date(root: &Cursor, report: &mut Report) -> Option<Date> {
    let at = root.get("start")?;
    let Value::Date(written) = at.node.value else { return None };
    let date = written.date?;
    let date = Date::new(date.year as i16, date.month as i8, date.day as i8);
    let date = date.ok().filter(|date| (2000..2200).contains(&date.year()));
    if date.is_none() {
        report.push(
            Problem::at(&at, "the date is out of range").expected("a year from 2000 to 2199"),
        );
    }
    date
}
