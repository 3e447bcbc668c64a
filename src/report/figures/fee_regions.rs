use super::{Key, Mark, Plan, bars, palette};
use crate::ensemble::Forecast;
use crate::report::format::plural;
use crate::report::tables;

pub(super) fn plan(forecast: &Forecast) -> Plan<'_> {
    let rows: Vec<bars::Bar> = forecast
        .region_fees
        .iter()
        .enumerate()
        .map(|(i, region)| bars::Bar {
            name: region.name.clone(),
            share: region.share.mean,
            interval: Some((region.share.lo, region.share.hi)),
            mark: None,
            colour: palette(i),
        })
        .collect();
    let legend = forecast.region_fees.iter().enumerate().map(|(i, region)| {
        let orchestrators = plural(&region.orchestrators.to_string(), "orchestrator");
        Key::new(Mark::Patch, palette(i), format!("{}: {orchestrators}", region.name))
    });
    Plan {
        slug: "fees-by-region",
        title: "Which regions earn the fees",
        explanation: "The share of all fees that orchestrators of each region earn; the line is \
                      the 95 % interval of the mean."
            .to_string(),
        table: tables::fees_by_region(forecast),
        plot_height: bars::height(rows.len()),
        legend: legend.collect(),
        plot: Box::new(move |area| bars::draw(area, &rows)),
    }
}
