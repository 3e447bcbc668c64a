use crate::ensemble::Estimate;
use crate::experiment::backtest::{Backtest, Coverage, HORIZONS, Method, Scored, Summary};
use crate::report::format::{counted, grouped, whole_percent};
use crate::report::table::{Cell, Column, Table, Unit};

/// Central intervals that forecasts are tested on, in percent.
pub(super) const INTERVALS: [u32; 3] = [50, 80, 95];

/// What was forecast.
#[derive(Clone, Copy)]
enum Quantity {
    /// Total spend over so many days.
    Total(usize),
    /// Totals over all horizons together.
    AllTotals,
    /// Spend of each day.
    Daily,
}

impl Quantity {
    fn all() -> impl Iterator<Item = Quantity> {
        let totals = HORIZONS.into_iter().map(Quantity::Total);
        totals.chain([Quantity::AllTotals, Quantity::Daily])
    }

    /// Its name in files.
    fn id(self) -> String {
        match self {
            Quantity::Total(horizon) => format!("total_{horizon}"),
            Quantity::AllTotals => "all_totals".to_string(),
            Quantity::Daily => "daily".to_string(),
        }
    }

    /// Its name for people.
    fn name(self) -> String {
        match self {
            Quantity::Total(horizon) => counted(horizon as u32, "day"),
            Quantity::AllTotals => "all totals".to_string(),
            Quantity::Daily => "a day".to_string(),
        }
    }

    fn summary(self, backtest: &Backtest, method: usize) -> Option<Summary> {
        match self {
            Quantity::Total(horizon) => backtest.totals(method, horizon),
            Quantity::AllTotals => None,
            Quantity::Daily => backtest.daily(method),
        }
    }

    fn coverage(self, backtest: &Backtest, method: usize) -> Option<Coverage> {
        match self {
            Quantity::AllTotals => backtest.all_totals(method),
            _ => self.summary(backtest, method).map(|summary| summary.coverage),
        }
    }
}

/// How a method did with a quantity.
pub(super) struct Row {
    /// The quantity's name in files.
    pub(super) quantity: String,
    /// Its name for people.
    name: String,
    pub(super) method: Method,
    pub(super) coverage: Coverage,
    pub(super) amounts: Option<Amounts>,
}

/// How far off a method was, where amounts add up.
pub(super) struct Amounts {
    pub(super) summary: Summary,
    /// 1 less the CRPS over that of last week's mean.
    pub(super) skill: f64,
}

/// How every method did with every quantity.
pub(super) fn rows(backtest: &Backtest) -> Vec<Row> {
    let of = |quantity: Quantity, number: usize, method: Method| {
        let naive = Method::ALL.iter().position(|method| *method == Method::Naive);
        let naive = naive.and_then(|naive| quantity.summary(backtest, naive));
        let amounts = quantity.summary(backtest, number).map(|summary| Amounts {
            summary,
            skill: naive.map_or(f64::NAN, |naive| 1.0 - summary.crps / naive.crps),
        });
        let coverage = quantity.coverage(backtest, number)?;
        Some(Row { quantity: quantity.id(), name: quantity.name(), method, coverage, amounts })
    };
    let by_method = |quantity| {
        let methods = Method::ALL.into_iter().enumerate();
        methods.filter_map(move |(number, method)| of(quantity, number, method))
    };
    Quantity::all().flat_map(by_method).collect()
}

pub(super) fn summary(backtest: &Backtest) -> Table {
    let mut columns = vec![
        Column::text("quantity", "Spend of"),
        Column::text("method", "Method"),
        Column::number("forecasts", "Forecasts"),
        Column::for_programs("independent"),
    ];
    for share in INTERVALS {
        columns.push(Column::number(format!("coverage_{share}"), format!("In {share} %")));
        columns.extend(
            ["lo", "hi"].map(|end| Column::for_programs(format!("coverage_{share}_{end}"))),
        );
    }
    columns.extend([
        Column::number("crps_eth", "CRPS"),
        Column::number("skill", "Better by"),
        Column::number("bias_eth", "Bias"),
        Column::number("mean_actual_eth", "Came"),
    ]);
    let rows = rows(backtest).into_iter().map(|row| {
        let Row { coverage, amounts, .. } = &row;
        let amount = |of: fn(&Amounts) -> f64, unit| Cell::Number(amounts.as_ref().map(of), unit);
        let mut cells = vec![
            Cell::text(row.name.clone()),
            Cell::text(row.method.label()),
            Cell::count(coverage.forecasts as f64),
            Cell::count(coverage.independent),
        ];
        let shares = coverage.shares.iter();
        cells.extend(shares.flat_map(|share| Cell::interval(Some(*share), Unit::Share)));
        cells.extend([
            amount(|amounts| amounts.summary.crps, Unit::Eth),
            amount(|amounts| amounts.skill, Unit::Share),
            amount(|amounts| amounts.summary.bias, Unit::Eth),
            amount(|amounts| amounts.summary.actual, Unit::Eth),
        ]);
        cells
    });
    Table::new(columns, rows.collect())
}

/// How well the model's coverage is known.
pub(super) fn coverage(backtest: &Backtest) -> Table {
    let mut columns = vec![
        Column::text("quantity", "Fitted model, spend of"),
        Column::number("forecasts", "Forecasts"),
        Column::number("independent", "Worth"),
    ];
    columns.extend(
        INTERVALS.map(|share| Column::number(format!("coverage_{share}"), format!("In {share} %"))),
    );
    let of_model = rows(backtest).into_iter().filter(|row| row.method == Method::Model);
    let rows = of_model.map(|row| {
        let known =
            |share: Estimate| Cell::text(format!("{} {}", whole_percent(share.mean), ends(share)));
        let mut cells = vec![
            Cell::text(row.name),
            Cell::count(row.coverage.forecasts as f64),
            Cell::count(row.coverage.independent),
        ];
        cells.extend(row.coverage.shares.map(known));
        cells
    });
    Table::new(columns, rows.collect())
}

fn ends(share: Estimate) -> String {
    let [lo, hi] = [share.lo, share.hi].map(|end| grouped(end * 100.0, 0));
    format!("[{lo}, {hi}]")
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
pub(super) fn totals_by_origin(backtest: &Backtest) -> Table {
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
