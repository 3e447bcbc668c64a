use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Frame, chart, share_label};
use super::{INK, Look, NAME_ROOM, Plan, TEXT_PX, fitted, font, keys_of, of_scenarios};
use crate::ensemble::Estimate;
use crate::experiment::Comparison;
use crate::report::format::{MISSING, percent, printable};
use crate::report::table::{Cell, Column, Table, Unit};

const ROW_HEIGHT: u32 = 46;
const DOT: i32 = 11;

/// The fee share of one region in base and variants; `None` where the scenario
/// has nobody there.
struct Region {
    name: String,
    shares: Vec<Option<Estimate>>,
}

fn regions(comparison: &Comparison) -> Vec<Region> {
    let mut ids: Vec<(&str, &str)> = Vec::new();
    for run in comparison.runs() {
        for region in run.forecast.region_fees.iter().filter(|region| region.orchestrators > 0) {
            if ids.iter().all(|(id, _)| *id != region.id) {
                ids.push((&region.id, &region.name));
            }
        }
    }
    let shares = |id: &str| {
        let share = |run: &crate::experiment::Run| {
            let regions = &run.forecast.region_fees;
            let region = regions.iter().find(|region| region.id == id && region.orchestrators > 0);
            region.map(|region| region.share)
        };
        comparison.runs().map(share).collect()
    };
    let region = |(id, name): (&str, &str)| Region { name: printable(name), shares: shares(id) };
    ids.into_iter().map(region).collect()
}

pub(super) fn plan(comparison: &Comparison) -> Plan<'_> {
    let regions = regions(comparison);
    let table = table(comparison, &regions);
    let runs = of_scenarios(comparison);
    let legend = keys_of(&runs, Look::dot_key);
    let looks: Vec<Look> = runs.iter().map(|(_, look)| *look).collect();
    let variants = comparison.variants.len();
    // One row a region and variant, and half a row between regions.
    let band = variants as f64 + 0.5;
    let height = (band * regions.len().max(1) as f64 * f64::from(ROW_HEIGHT)) as u32 + 100;
    let plot = move |area: &super::Area| {
        let shares = || regions.iter().flat_map(|region| region.shares.iter().flatten());
        let most = shares().map(|share| share.hi.max(share.mean)).fold(0.0, f64::max);
        // Room for a column of values at the right.
        let most = if most > 0.0 { most * 1.45 } else { 1.45 };
        let top = band * regions.len().max(1) as f64;
        let row =
            |region: usize, variant: usize| top - band * region as f64 - 0.75 - variant as f64;
        let middle = |region: usize| row(region, 0) - (variants as f64 - 1.0) / 2.0;
        let names = regions.iter().enumerate();
        let ticks = names.map(|(i, region)| (middle(i), fitted(&region.name, NAME_ROOM, TEXT_PX)));
        let y = Axis::new(0.0..top, ticks.collect());
        let frame = Frame { right: 40, grid: (true, false), ..Frame::default() };
        let mut chart = chart(area, &frame, Axis::amounts(most, share_label), y)?;
        for (i, region) in regions.iter().enumerate() {
            let Some((base, others)) = region.shares.split_first() else { continue };
            for (variant, share) in others.iter().enumerate() {
                let y = row(i, variant);
                let (first, look) = (looks[0], looks[variant + 1]);
                if let Some((base, share)) = base.zip(*share) {
                    let line = vec![(base.mean, y), (share.mean, y)];
                    look.line(&mut chart, line, 6)?;
                }
                for (share, look) in [(base, first), (share, look)] {
                    if let Some(share) = share {
                        look.dot(&mut chart, (share.mean, y), DOT)?;
                    }
                }
                let text = |share: &Option<Estimate>| {
                    share.map_or(MISSING.to_string(), |share| percent(share.mean))
                };
                let style = font(TEXT_PX - 4, INK).pos(Pos::new(HPos::Right, VPos::Center));
                let values = format!("{} → {}", text(base), text(share));
                chart.draw_series([Text::new(values, (most, y), style)])?;
            }
        }
        Ok(())
    };
    Plan {
        slug: "fees-by-region".to_string(),
        title: "Which regions earn the fees".to_string(),
        explanation: "The share of all fees that the orchestrators of each region earn, from the \
                      base to each variant."
            .to_string(),
        table,
        plot_height: height,
        legend,
        plot: Box::new(plot),
    }
}

fn table(comparison: &Comparison, regions: &[Region]) -> Table {
    let mut columns = vec![Column::text("region", "Region")];
    for run in comparison.runs() {
        columns.extend(Column::interval(&format!("{}_share", run.name), &run.name));
    }
    let row = |region: &Region| {
        let cells = region.shares.iter().flat_map(|share| Cell::interval(*share, Unit::Share));
        [Cell::text(region.name.as_str())].into_iter().chain(cells).collect()
    };
    Table::new(columns, regions.iter().map(row).collect())
}
