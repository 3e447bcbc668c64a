use super::super::diagnostics::{Problem, Report};
use super::super::tree::Cursor;
use super::{Context, files};
use crate::treasury::{Bootstrap, JumpDiffusion, PriceSeries, TokenPrices};

/// A price a day for a century is some 2 MB.
const LARGEST_SERIES_BYTES: u64 = 16 << 20;

pub(super) fn token_prices(
    root: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<TokenPrices> {
    let (form, at) = root.get("token_prices")?.form()?;
    Some(match form {
        "constant" => TokenPrices::Constant,
        "jump_diffusion" => TokenPrices::JumpDiffusion(JumpDiffusion {
            lpt_drift: at.number_at("lpt_drift")?,
            eth_drift: at.number_at("eth_drift")?,
            lpt_volatility: at.number_at("lpt_volatility")?,
            eth_volatility: at.number_at("eth_volatility")?,
            correlation: at.number_at("correlation")?,
            jumps_per_year: at.number_at("jumps_per_year")?,
            jump_mean: at.number_at("jump_mean")?,
            jump_sd: at.number_at("jump_sd")?,
        }),
        "bootstrap" => TokenPrices::Bootstrap(bootstrap(&at, context, report)?),
        _ => {
            let (form, inner) = at.form()?;
            TokenPrices::Replay(match form {
                "file" => series_of_file(&inner, context, report)?,
                _ => series_of_rows(&inner, report)?,
            })
        }
    })
}

fn bootstrap(at: &Cursor, context: &Context, report: &mut Report) -> Option<Bootstrap> {
    let block_days = at.get("block_days")?.integer()?;
    let record = match (at.get("file"), at.get("returns")) {
        (Some(file), None) => Bootstrap::new(&series_of_file(&file, context, report)?, block_days),
        (None, Some(returns)) => {
            let change = |row: &Cursor| match row.items().as_slice() {
                [lpt, eth] => Some((lpt.number()?, eth.number()?)),
                _ => None,
            };
            let changes: Option<Vec<(f64, f64)>> = returns.items().iter().map(change).collect();
            Bootstrap::of_returns(changes?, block_days)
        }
        _ => {
            let problem = Problem::at(at, "the bootstrap needs one record to draw from");
            report.push(problem.expected("either `file` or `returns`"));
            return None;
        }
    };
    match record {
        Ok(record) => Some(record),
        Err(error) => {
            let problem = Problem::at(at, error.to_string());
            report.push(problem.expected("a price a day, and more days than one block has"));
            None
        }
    }
}

fn series_of_file(at: &Cursor, context: &Context, report: &mut Report) -> Option<PriceSeries> {
    let name = at.text()?;
    let text = files::csv_text(at, LARGEST_SERIES_BYTES, context, report)?;
    let faults = match PriceSeries::from_csv(&text, context.start?) {
        Ok(series) => return Some(series),
        Err(faults) => faults,
    };
    let lines: Vec<&str> = text.lines().collect();
    for fault in faults {
        let problem = Problem::at(at, fault.problem.to_string()).expected(fault.problem.expected());
        let line = fault.line.checked_sub(1).and_then(|index| lines.get(index)).unwrap_or(&"");
        report.push_in_file(problem, name, fault.line, line);
    }
    None
}

fn series_of_rows(at: &Cursor, report: &mut Report) -> Option<PriceSeries> {
    let row = |row: &Cursor| match row.items().as_slice() {
        [day, lpt, eth] => Some((day.number()?, lpt.number()?, eth.number()?)),
        _ => None,
    };
    let items = at.items();
    let rows: Option<Vec<(f64, f64, f64)>> = items.iter().map(row).collect();
    match PriceSeries::new(&rows?) {
        Ok(series) => Some(series),
        Err(fault) => {
            let place = fault.line.checked_sub(1).and_then(|index| items.get(index)).unwrap_or(at);
            let problem = Problem::at(place, fault.problem.to_string());
            report.push(problem.expected(fault.problem.expected()));
            None
        }
    }
}
