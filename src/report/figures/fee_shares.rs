use plotters::prelude::*;

use super::{INK, Key, Look, Mark, PALETTE, Plan, bars};
use crate::ensemble::{FeeRow, Forecast};
use crate::report::tables;

/// Orchestrators with a bar of their own.
const SHOWN: usize = 20;
const OTHERS: RGBColor = PALETTE[7];

pub(super) fn plan(forecast: &Forecast) -> Plan<'_> {
    let colour_of = |region: &str| {
        let index = forecast.region_fees.iter().position(|known| known.id == region);
        Look::of(index.unwrap_or(forecast.region_fees.len())).area()
    };
    let is_known = forecast.concentration.is_known();
    let mut rows: Vec<bars::Bar> = forecast
        .fees
        .iter()
        .take(SHOWN)
        .map(|fee| bars::Bar {
            name: fee.id.clone(),
            share: is_known.then_some(fee.share.mean),
            interval: None,
            mark: Some(fee.stake_share),
            colour: colour_of(&fee.region),
        })
        .collect();
    let rest = forecast.fees.get(SHOWN..).unwrap_or_default();
    if !rest.is_empty() {
        let sum = |value: fn(&FeeRow) -> f64| rest.iter().map(value).sum::<f64>();
        rows.push(bars::Bar {
            name: format!("{} others", rest.len()),
            share: is_known.then(|| sum(|fee| fee.share.mean)),
            interval: None,
            mark: Some(sum(|fee| fee.stake_share)),
            colour: OTHERS.to_rgba(),
        });
    }
    let mut legend: Vec<Key> = forecast
        .region_fees
        .iter()
        .enumerate()
        .map(|(i, region)| Look::of(i).area_key(&region.name))
        .collect();
    legend.push(Key::new(Mark::Tick, INK, "share of stake"));
    Plan {
        slug: "fees-by-orchestrator".to_string(),
        title: "Who earns the fees".to_string(),
        explanation: "Each orchestrator's share of all fees, coloured by its region; the tick is \
                      its share of all stake."
            .to_string(),
        table: tables::fees_by_orchestrator(forecast),
        plot_height: bars::height(rows.len()),
        legend,
        plot: Box::new(move |area| bars::draw(area, &rows)),
    }
}
