use super::{Look, NAME_ROOM, Plan, TEXT_PX, bars, fitted, text_width};
use crate::ensemble::Forecast;
use crate::report::tables;

pub(super) fn plan(forecast: &Forecast) -> Plan<'_> {
    let is_known = forecast.concentration.is_known();
    let rows: Vec<bars::Bar> = forecast
        .region_fees
        .iter()
        .enumerate()
        .map(|(i, region)| {
            let count = format!(" ({})", region.orchestrators);
            let room = NAME_ROOM - text_width(&count, TEXT_PX);
            bars::Bar {
                name: fitted(&region.name, room, TEXT_PX) + &count,
                share: is_known.then_some(region.share.mean),
                interval: region.share.interval().filter(|_| is_known),
                mark: None,
                colour: Look::of(i).area(),
            }
        })
        .collect();
    let line = match rows.iter().any(|bar| bar.interval.is_some()) {
        true => ", the line is the 95 % interval of the mean",
        false => "",
    };
    Plan {
        slug: "fees-by-region".to_string(),
        title: "Which regions earn the fees".to_string(),
        explanation: format!(
            "The share of all fees that the orchestrators of each region earn; in brackets how \
             many they are{line}."
        ),
        table: tables::fees_by_region(forecast),
        plot_height: bars::height(rows.len()),
        legend: Vec::new(),
        plot: Box::new(move |area| bars::draw(area, &rows)),
    }
}
