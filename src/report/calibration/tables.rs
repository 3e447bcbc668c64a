use crate::ensemble::Quantiles;
use crate::experiment::calibrate::{Calibration, Fitted};
use crate::report::table::{Cell, Column, Table, Unit};

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn small(value: f64) -> Cell {
    Cell::Number(Some(value), Unit::Rate)
}

/// Every fitted quantity with its 90 % interval.
pub(in crate::report) fn parameters(calibration: &Calibration) -> Table {
    let columns = vec![
        Column::text("quantity", "Quantity"),
        Column::number("estimate", "Estimate"),
        Column::number("lo", "90 % from"),
        Column::number("hi", "to"),
    ];
    let row = |name: &str, fitted: &Fitted| {
        let mut cells = vec![Cell::text(name)];
        cells.extend([fitted.estimate, fitted.lo, fitted.hi].map(small));
        cells
    };
    let none = || Cell::Number(None, Unit::Rate);
    let mean =
        vec![Cell::text("mean over futures (ETH)"), small(calibration.mean_level), none(), none()];
    let mut rows = vec![row("spend a day at the start (ETH)", &calibration.level), mean];
    if let Some(outlying) = &calibration.outlying_days {
        rows.push(row("without days far out of line (ETH)", &outlying.level_without));
    }
    rows.extend([
        row(&super::growth_name(calibration, "trend a day"), &calibration.growth),
        row("bursts of all spend, cv", &calibration.burst_cv),
        row("bursts of a stream, cv", &calibration.stream_burst_cv),
        row("a burst holds (hours)", &calibration.burst_hours),
    ]);
    if let Some(step) = &calibration.wander_per_day {
        let name = match calibration.posterior.tells_wandering() {
            true => "daily step of the level (log)",
            false => "daily step of the level (log), by the prior",
        };
        rows.push(row(name, step));
    }
    if let Some(weights) = &calibration.weekdays {
        let weekday = |(name, weight): (&&str, &Fitted)| row(&format!("{name} (UTC)"), weight);
        rows.extend(WEEKDAYS.iter().zip(weights).map(weekday));
    }
    Table::new(columns, rows)
}

/// What each group of streams spends.
pub(in crate::report) fn mix(calibration: &Calibration) -> Table {
    let columns = vec![
        Column::text("streams", "Streams"),
        Column::number("share", "Share"),
        Column::number("share_lo", "90 % from"),
        Column::number("share_hi", "to"),
        Column::number("eth_per_day", "ETH a day at the start"),
        Column::number("before_eth_per_day", "Simulated before"),
        Column::number("after_eth_per_day", "Simulated after"),
    ];
    let rows = calibration.mix.iter().map(|row| {
        vec![
            Cell::text(row.group.name()),
            Cell::share(row.share.estimate),
            Cell::share(row.share.lo),
            Cell::share(row.share.hi),
            Cell::eth(row.eth_per_day),
            Cell::eth(row.before_eth_per_day),
            Cell::eth(row.after_eth_per_day),
        ]
    });
    Table::new(columns, rows.collect())
}

/// What was spent, then what is expected.
pub(in crate::report) fn spend(calibration: &Calibration, bands: &[Quantiles]) -> Table {
    let quantiles =
        [("p05", "5 %"), ("p25", "25 %"), ("p50", "Median"), ("p75", "75 %"), ("p95", "95 %")];
    let mut columns = vec![Column::text("date", "Date"), Column::number("spent_eth", "Spent")];
    columns.extend(quantiles.map(|(key, label)| Column::number(format!("{key}_eth"), label)));
    let series = &calibration.series;
    let empty = || Cell::Number(None, Unit::Eth);
    let past = series.amounts().iter().enumerate().map(|(day, eth)| {
        let mut row = vec![Cell::Date(Some(series.date(day))), Cell::Number(*eth, Unit::Eth)];
        row.extend((0..quantiles.len()).map(|_| empty()));
        row
    });
    let future = bands.iter().enumerate().map(|(ahead, band)| {
        let mut row = vec![Cell::Date(Some(series.date(series.len() + ahead))), empty()];
        row.extend([band.p05, band.p25, band.p50, band.p75, band.p95].map(Cell::eth));
        row
    });
    Table::new(columns, past.chain(future).collect())
}

/// The residual of each day.
pub(in crate::report) fn residuals(calibration: &Calibration) -> Table {
    let columns = vec![Column::text("date", "Date"), Column::number("residual", "Residual")];
    let rows = calibration.goodness.residuals.iter().map(|(day, value)| {
        let date = calibration.series.date(*day);
        vec![Cell::Date(Some(date)), Cell::Number(Some(*value), Unit::Index)]
    });
    Table::new(columns, rows.collect())
}

/// Autocorrelation of the residuals.
pub(in crate::report) fn autocorrelation(calibration: &Calibration) -> Table {
    let columns = vec![
        Column::number("lag_days", "Days apart"),
        Column::number("autocorrelation", "Autocorrelation"),
    ];
    let rows = (1..)
        .zip(&calibration.goodness.autocorrelation)
        .map(|(lag, r)| vec![Cell::count(f64::from(lag)), Cell::Number(Some(*r), Unit::Index)]);
    Table::new(columns, rows.collect())
}
