use crate::experiment::backtest::{Backtest, HORIZONS, Method, Scored, Summary};
use crate::report::table::{Cell, Column, Table, Unit};

const DAILY: &str = "daily";

/// How every method did with every quantity.
pub(super) fn summaries(backtest: &Backtest) -> Vec<(String, Method, Summary)> {
    let mut all = Vec::new();
    for horizon in HORIZONS {
        for (number, method) in Method::ALL.into_iter().enumerate() {
            let summary = backtest.totals(number, horizon);
            all.extend(summary.map(|summary| (format!("total_{horizon}"), method, summary)));
        }
    }
    for (number, method) in Method::ALL.into_iter().enumerate() {
        all.extend(backtest.daily(number).map(|summary| (DAILY.to_string(), method, summary)));
    }
    all
}

/// 1 less the CRPS over that of last week's mean, of the same quantity.
pub(super) fn skill(backtest: &Backtest, quantity: &str, summary: &Summary) -> f64 {
    let all = summaries(backtest);
    let naive = all.iter().find(|(q, method, _)| q == quantity && *method == Method::Naive);
    naive.map_or(f64::NAN, |(.., naive)| 1.0 - summary.crps / naive.crps)
}

pub(super) fn summary(backtest: &Backtest) -> Table {
    let columns = vec![
        Column::text("quantity", "Spend of"),
        Column::text("method", "Method"),
        Column::number("forecasts", "Forecasts"),
        Column::number("coverage_50", "In 50 %"),
        Column::number("coverage_80", "In 80 %"),
        Column::number("coverage_95", "In 95 %"),
        Column::number("crps_eth", "CRPS"),
        Column::number("skill", "Better by"),
        Column::number("bias_eth", "Bias"),
        Column::number("mean_actual_eth", "Came"),
    ];
    let rows = summaries(backtest).into_iter().map(|(quantity, method, summary)| {
        let name = match quantity.strip_prefix("total_") {
            Some(days) => format!("{days} days"),
            None => "a day".to_string(),
        };
        let mut row = vec![
            Cell::text(name),
            Cell::text(method.label()),
            Cell::count(summary.forecasts as f64),
        ];
        row.extend(summary.coverage.map(Cell::share));
        row.extend([
            Cell::eth(summary.crps),
            Cell::share(skill(backtest, &quantity, &summary)),
            Cell::eth(summary.bias),
            Cell::eth(summary.actual),
        ]);
        row
    });
    Table::new(columns, rows.collect())
}

fn scored_columns() -> Vec<Column> {
    vec![
        Column::number("actual_eth", "Came"),
        Column::number("median_eth", "Median"),
        Column::number("p025_eth", "2.5 %"),
        Column::number("p10_eth", "10 %"),
        Column::number("p25_eth", "25 %"),
        Column::number("p75_eth", "75 %"),
        Column::number("p90_eth", "90 %"),
        Column::number("p975_eth", "97.5 %"),
        Column::number("crps_eth", "CRPS"),
        Column::number("transform", "Below"),
    ]
}

fn scored_cells(scored: &Scored) -> Vec<Cell> {
    let [p025, p10, p25, _, p75, p90, p975] = scored.quantiles;
    let amounts = [scored.actual, scored.median(), p025, p10, p25, p75, p90, p975, scored.crps];
    let mut cells: Vec<Cell> = amounts.map(Cell::eth).to_vec();
    cells.push(Cell::share(scored.transform));
    cells
}

/// The model's totals over a horizon.
pub(in crate::report) fn totals(backtest: &Backtest, horizon: usize) -> Table {
    let mut columns = vec![Column::text("origin", "Origin")];
    columns.extend(scored_columns());
    let rows = backtest.origins.iter().filter_map(|origin| {
        let total = origin.totals.iter().find(|total| total.horizon == horizon)?;
        let mut row = vec![Cell::Date(Some(origin.date))];
        row.extend(scored_cells(total.scored.first()?));
        Some(row)
    });
    Table::new(columns, rows.collect())
}

/// Totals of every origin, horizon and method.
pub(super) fn all_totals(backtest: &Backtest) -> Table {
    let mut columns = vec![
        Column::text("origin", "Origin"),
        Column::number("horizon_days", "Horizon"),
        Column::number("known_days", "Known days"),
        Column::text("method", "Method"),
    ];
    columns.extend(scored_columns());
    let mut rows = Vec::new();
    for origin in &backtest.origins {
        for total in &origin.totals {
            for (method, scored) in Method::ALL.iter().zip(&total.scored) {
                let mut row = vec![
                    Cell::Date(Some(origin.date)),
                    Cell::count(total.horizon as f64),
                    Cell::count(total.days as f64),
                    Cell::text(method.id()),
                ];
                row.extend(scored_cells(scored));
                rows.push(row);
            }
        }
    }
    Table::new(columns, rows)
}

/// The model's forecasts of the next 30 days.
pub(in crate::report) fn daily(backtest: &Backtest) -> Table {
    let mut columns = vec![Column::text("origin", "Origin"), Column::text("date", "Day")];
    columns.extend(scored_columns());
    let rows = backtest.origins.iter().flat_map(|origin| {
        origin.daily.iter().filter_map(|(day, scored)| {
            let date = backtest.series.date(*day);
            let mut row = vec![Cell::Date(Some(origin.date)), Cell::Date(Some(date))];
            row.extend(scored_cells(scored.first()?));
            Some(row)
        })
    });
    Table::new(columns, rows.collect())
}

/// The share of days in each of so many equal parts of their forecast.
pub(in crate::report) fn transform_shares(backtest: &Backtest, bins: usize) -> Vec<f64> {
    let mut counts = vec![0.0; bins];
    let mut total = 0.0;
    for (_, scored) in backtest.origins.iter().flat_map(|origin| &origin.daily) {
        let Some(model) = scored.first() else { continue };
        let bin = ((model.transform * bins as f64) as usize).min(bins.saturating_sub(1));
        counts[bin] += 1.0;
        total += 1.0;
    }
    counts.iter().map(|count| if total > 0.0 { count / total } else { 0.0 }).collect()
}

pub(in crate::report) fn transforms(backtest: &Backtest, bins: usize) -> Table {
    let columns = vec![
        Column::number("from", "From"),
        Column::number("to", "To"),
        Column::number("share", "Share of days"),
    ];
    let width = 1.0 / bins as f64;
    let rows = transform_shares(backtest, bins).into_iter().enumerate().map(|(i, share)| {
        let (from, to) = (i as f64 * width, (i + 1) as f64 * width);
        vec![
            Cell::Number(Some(from), Unit::Share),
            Cell::Number(Some(to), Unit::Share),
            Cell::share(share),
        ]
    });
    Table::new(columns, rows.collect())
}
