use super::{
    Quantity, Standing, level_labels, objective_ids, quantities, ranked, short_keys, standing,
};
use crate::experiment::{SobolIndices, Sweep};
use crate::report::table::{Cell, Column, Table, Unit};

/// A row for each setting, every headline figure and objective in it.
pub(in crate::report) fn settings(sweep: &Sweep) -> Table {
    of_settings(sweep, &(0..sweep.results.len()).collect::<Vec<_>>())
}

/// The settings on the Pareto front.
pub(super) fn front(sweep: &Sweep) -> Table {
    let on_front = |&setting: &usize| standing(sweep, setting) == Standing::Front;
    of_settings(sweep, &(0..sweep.results.len()).filter(on_front).collect::<Vec<_>>())
}

/// The settings nearest to their objectives first.
pub(super) fn nearest(sweep: &Sweep) -> Table {
    of_settings(sweep, &sweep.nearest())
}

fn of_settings(sweep: &Sweep, chosen: &[usize]) -> Table {
    // With the regions, which have figures, a table is wider than a page.
    let is_shown = |id: &String| {
        !id.starts_with("fee_share.") || sweep.study.criteria.iter().any(|known| known == id)
    };
    let shown = quantities(sweep).into_iter().map(|quantity| quantity.id);
    let shown: Vec<String> = shown.filter(is_shown).collect();
    let all = every_quantity(sweep);
    let mut columns = vec![Column::number("setting", "No.")];
    columns.extend(key_columns(sweep));
    columns.push(Column::text("standing", "Standing"));
    columns.push(Column::for_programs("replications"));
    for quantity in &all {
        columns.push(match shown.contains(&quantity.id) {
            true => Column::number(quantity.id.clone(), capitalised(&quantity.title())),
            false => Column::for_programs(quantity.id.clone()),
        });
        columns.push(Column::for_programs(format!("{}_lo", quantity.id)));
        columns.push(Column::for_programs(format!("{}_hi", quantity.id)));
    }
    let keys = 0..sweep.study.keys.len();
    let labels: Vec<Vec<String>> = keys.map(|key| level_labels(sweep, key)).collect();
    let row = |&setting: &usize| {
        let mut row = vec![Cell::count(setting as f64)];
        let values = sweep.study.settings.get(setting).map_or(&[][..], |known| &known.values);
        let cells = values.iter().zip(&labels);
        row.extend(
            cells.map(|(text, of)| Cell::Abridged(Box::new([text.clone(), of[setting].clone()]))),
        );
        row.push(Cell::text(standing_name(sweep, setting)));
        row.push(Cell::count(replications(sweep, setting)));
        for quantity in &all {
            let estimate = quantity.estimates.get(setting).copied().flatten();
            row.extend(Cell::interval(estimate, quantity.unit));
        }
        row
    };
    Table::new(columns, chosen.iter().map(row).collect())
}

/// A row for each setting and figure.
pub(super) fn long(sweep: &Sweep) -> Table {
    let mut columns = vec![Column::for_programs("setting")];
    columns.extend(key_columns(sweep));
    columns.extend(
        ["standing", "replications", "figure", "unit", "mean", "lo", "hi"]
            .map(Column::for_programs),
    );
    // Without variance reduction there is no column on what it gains.
    let is_reduced = sweep.results.iter().any(|result| result.reduction.is_some());
    if is_reduced {
        columns.push(Column::for_programs("equivalent_replications"));
    }
    let all = every_quantity(sweep);
    let settings = 0..sweep.results.len();
    let pairs = settings.flat_map(|setting| all.iter().map(move |quantity| (setting, quantity)));
    let row = |(setting, quantity): (usize, &Quantity)| {
        let mut row = vec![Cell::count(setting as f64)];
        row.extend(values(sweep, setting));
        row.push(Cell::text(standing_name(sweep, setting)));
        row.push(Cell::count(replications(sweep, setting)));
        row.push(Cell::text(quantity.id.clone()));
        row.push(Cell::text(match quantity.unit {
            Unit::Share => "share",
            unit => unit.name(),
        }));
        let estimate = quantity.estimates.get(setting).copied().flatten();
        row.extend(Cell::interval(estimate, quantity.unit));
        if is_reduced {
            row.push(Cell::Number(equivalent(sweep, setting, &quantity.id), Unit::Index));
        }
        row
    };
    Table::new(columns, pairs.map(row).collect())
}

/// How much of a figure's variance each key is behind, the largest share first; of the
/// headline figures at `places`.
pub(in crate::report) fn sensitivity(sweep: &Sweep, places: &[usize]) -> Table {
    let mut columns = vec![
        Column::for_programs("figure"),
        Column::text("label", "Figure"),
        Column::number("deviation", "Deviation"),
        Column::text("key", "Key"),
    ];
    columns.extend(Column::interval("total", "Total"));
    columns.extend(Column::interval("first_order", "First order"));
    let row = |place: usize, (key, indices): (usize, SobolIndices)| {
        let headline = &sweep.study.headlines[place];
        let deviation = sweep.sensitivities[place].as_ref().map(|known| known.deviation);
        let mut row = vec![
            Cell::text(&headline.id),
            Cell::text(&headline.label),
            Cell::Number(deviation, Unit::of(headline.unit)),
            Cell::text(&sweep.study.keys[key]),
        ];
        row.extend(Cell::interval(Some(indices.total), Unit::Share));
        row.extend(Cell::interval(Some(indices.first_order), Unit::Share));
        row
    };
    let of_figure =
        |&place: &usize| ranked(sweep, place).into_iter().map(move |ranked| row(place, ranked));
    let rows = places.iter().flat_map(of_figure);
    Table::new(columns, rows.collect())
}

/// How many plain replications a figure of a setting is worth.
fn equivalent(sweep: &Sweep, setting: usize, figure: &str) -> Option<f64> {
    let reduction = sweep.results.get(setting)?.reduction.as_ref()?;
    *reduction.equivalent_replications.get(sweep.study.headline(figure)?)?
}

/// Every headline figure, then the chance of every objective.
fn every_quantity(sweep: &Sweep) -> Vec<Quantity> {
    let headlines = 0..sweep.study.headlines.len();
    let headlines = headlines.map(|place| Quantity::headline(sweep, place));
    let chances = objective_ids(sweep).into_iter().map(|id| Quantity::chance(sweep, id));
    headlines.chain(chances).collect()
}

fn key_columns(sweep: &Sweep) -> Vec<Column> {
    let keys = sweep.study.keys.iter().zip(short_keys(sweep));
    // With spaces a heading can break.
    keys.map(|(key, short)| Column::text(key, &short.replace('_', " "))).collect()
}

fn values(sweep: &Sweep, setting: usize) -> Vec<Cell> {
    let values = sweep.study.settings.get(setting).map_or(&[][..], |setting| &setting.values);
    values.iter().map(Cell::text).collect()
}

fn replications(sweep: &Sweep, setting: usize) -> f64 {
    sweep.results.get(setting).map_or(0.0, |result| f64::from(result.replications))
}

pub(super) fn standing_name(sweep: &Sweep, setting: usize) -> &'static str {
    match standing(sweep, setting) {
        Standing::Front => "front",
        Standing::Dominated if sweep.has_objectives() => "admissible",
        Standing::Dominated => "dominated",
        Standing::NotKnown => "not known",
        Standing::Missed => "missed",
        Standing::NotSimulated => "not simulated",
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
