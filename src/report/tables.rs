//! What each table of a report holds, built once for every format.

use super::format::{
    MISSING, chosen_percent, date_after, grouped, interval, percent_interval, quantile_interval,
    whole_percent,
};
use super::table::{Cell, Column, Table, Unit};
use crate::ensemble::{
    Bound, Estimate, FailureCounts, Forecast, PeriodRow, Quantile, Quantiles, ServiceRow,
    SurvivalPoint,
};
use crate::scenario::Scenario;
use crate::units::Wei;

/// Days whose chance to be outlived every report names, where the horizon
/// reaches them.
const MARKED_DAYS: [u32; 4] = [30, 90, 180, 365];

/// The survival curve at each of [`MARKED_DAYS`] within the horizon.
pub(super) fn marked_days(forecast: &Forecast) -> Vec<SurvivalPoint> {
    let at = |day: u32| {
        let day = f64::from(day);
        let point = forecast.survival.iter().rfind(|point| point.day <= day)?;
        (day <= f64::from(forecast.horizon_days)).then_some(SurvivalPoint { day, ..*point })
    };
    MARKED_DAYS.into_iter().filter_map(at).collect()
}

/// `part` as a share of `total`; 0 of nothing.
pub(super) fn share_of(part: Wei, total: Wei) -> f64 {
    if total.0 == 0 { 0.0 } else { part.to_coins() / total.to_coins() }
}

pub(super) fn runway(scenario: &Scenario, forecast: &Forecast) -> Table {
    let runway = &forecast.runway;
    let columns = vec![
        Column::text("quantity", "Runway"),
        Column::number("runway_days", "Days"),
        Column::number("interval_days", "95 % interval"),
        Column::number("date", "Date"),
    ];
    let deadline = scenario.treasury.deadline_days();
    let quantile = |name: &str, quantile: &Quantile| {
        let interval = quantile_interval(quantile, forecast.horizon_days);
        let date = quantile.days.and_then(|days| date_after(scenario.start, days));
        let (number, interval, date) = match quantile.days {
            // There what is left goes back: nothing has run out.
            Some(days) if days >= deadline => {
                let begins_before = match quantile.lo {
                    Bound::Days(days) | Bound::BelowShortest(days) => days < deadline,
                    Bound::AboveLongest(_) | Bound::Unknown => false,
                };
                let interval = if begins_before { interval } else { MISSING.to_string() };
                (Cell::text("not before the deadline"), interval, None)
            }
            Some(days) => (Cell::days(days), interval, date),
            None => (Cell::text("not reached"), interval, date),
        };
        vec![Cell::text(name), number, Cell::text(interval), Cell::Date(date)]
    };
    let mut rows = vec![
        quantile("10 % have run out by", &runway.p10),
        quantile("half have run out by", &runway.p50),
        quantile("90 % have run out by", &runway.p90),
    ];
    let (name, mean) = match &runway.mean {
        Some(mean) if forecast.endings.deadline_share > 0.0 => ("mean, to the deadline", mean),
        Some(mean) => ("mean", mean),
        None => ("mean, cut at the horizon", &runway.restricted_mean),
    };
    let decimals = if mean.mean < 10.0 { 1 } else { 0 };
    rows.push(vec![
        Cell::text(name),
        Cell::days(mean.mean),
        Cell::text(interval(mean, decimals)),
        Cell::Date(date_after(scenario.start, mean.mean)),
    ]);
    Table::new(columns, rows)
}

pub(super) fn chances(scenario: &Scenario, forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("goal", "Chance to last"),
        Column::number("share", "Probability"),
        Column::number("interval", "95 % interval"),
        Column::number("date", "Until"),
    ];
    let row = |point: &SurvivalPoint| {
        vec![
            Cell::text(format!("{} days", grouped(point.day, 0))),
            Cell::text(whole_percent(point.share)),
            Cell::text(match point.lo.is_nan() {
                true => MISSING.to_string(),
                false => format!("[{:.0}, {:.0}] %", point.lo * 100.0, point.hi * 100.0),
            }),
            Cell::Date(date_after(scenario.start, point.day)),
        ]
    };
    Table::new(columns, marked_days(forecast).iter().map(row).collect())
}

/// One of the breakdowns of spend, headed by `label`.
fn spend(label: &str, parts: &[(String, Wei)], total: Wei) -> Table {
    let columns = vec![
        Column::text("name", label),
        Column::for_programs("spend_wei"),
        Column::number("spend_eth", "ETH"),
        Column::number("share", "Share"),
    ];
    let row = |(name, wei): &(String, Wei)| {
        let share = Cell::share(share_of(*wei, total));
        vec![Cell::text(name.clone()), Cell::Wei(*wei), Cell::eth(wei.to_coins()), share]
    };
    Table::new(columns, parts.iter().map(row).collect())
}

/// Spend by pipeline, largest first.
pub(super) fn spend_by_pipeline(forecast: &Forecast) -> Table {
    let mut parts = forecast.spend.by_pipeline.clone();
    parts.sort_by_key(|part| std::cmp::Reverse(part.1));
    spend("Spend by pipeline", &parts, forecast.spend.total)
}

/// Spend by model, gateway and the users' region.
pub(super) fn spend_in_detail(forecast: &Forecast) -> [Table; 3] {
    let spent = &forecast.spend;
    [
        spend("Spend by model", &spent.by_model, spent.total),
        spend("Spend by gateway", &spent.by_gateway, spent.total),
        spend("Spend by users' region", &spent.by_region, spent.total),
    ]
}

/// A share of fees with its interval; missing where nobody earned any.
fn fee_share(forecast: &Forecast, share: Estimate) -> [Cell; 3] {
    Cell::interval(forecast.concentration.is_known().then_some(share), Unit::Share)
}

pub(super) fn fees_by_orchestrator(forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("orchestrator", "Orchestrator"),
        Column::text("region", "Region"),
        Column::for_programs("fees_wei"),
        Column::number("fees_eth", "Fees (ETH)"),
        Column::number("fee_share", "Fee share"),
        Column::for_programs("fee_share_lo"),
        Column::for_programs("fee_share_hi"),
        Column::number("stake_share", "Stake share"),
        Column::number("requests", "Requests"),
    ];
    let rows = forecast.fees.iter().map(|fee| {
        let [share, lo, hi] = fee_share(forecast, fee.share);
        vec![
            Cell::text(fee.id.clone()),
            Cell::text(fee.region.clone()),
            Cell::Wei(fee.fees),
            Cell::eth(fee.fees.to_coins()),
            share,
            lo,
            hi,
            Cell::share(fee.stake_share),
            Cell::count(fee.requests),
        ]
    });
    Table::new(columns, rows.collect())
}

pub(super) fn fees_by_region(forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("region", "Region"),
        Column::text("name", "Name"),
        Column::number("orchestrators", "Orchestrators"),
        Column::for_programs("fees_wei"),
        Column::number("fees_eth", "Fees (ETH)"),
        Column::number("fee_share", "Fee share"),
        Column::for_programs("fee_share_lo"),
        Column::for_programs("fee_share_hi"),
    ];
    let rows = forecast.region_fees.iter().map(|region| {
        let [share, lo, hi] = fee_share(forecast, region.share);
        vec![
            Cell::text(region.id.clone()),
            Cell::text(region.name.clone()),
            Cell::count(region.orchestrators as f64),
            Cell::Wei(region.fees),
            Cell::eth(region.fees.to_coins()),
            share,
            lo,
            hi,
        ]
    });
    Table::new(columns, rows.collect())
}

/// How shares and indices of fees were arrived at, for beside them.
pub(super) const SHARES_EXPLANATION: &str = "Fees are means over all simulated futures. Shares and \
     measures of concentration are taken in each future and their mean is shown: where futures \
     differ much, they are not those of the mean fees, of which the Lorenz curve is.";

pub(super) fn concentration(forecast: &Forecast) -> Table {
    let measures = &forecast.concentration;
    let columns = vec![
        Column::text("measure", "Concentration of fees"),
        Column::number("value", "Value"),
        Column::number("interval", "95 % interval"),
        Column::text("meaning", "Meaning"),
    ];
    let row = |name: &str, mean: f64, unit: Unit, interval: String, meaning: &str| {
        let is_known = measures.is_known();
        let value = Cell::Number(is_known.then_some(mean), unit);
        let interval = if is_known { interval } else { MISSING.to_string() };
        vec![Cell::text(name), value, Cell::text(interval), Cell::text(meaning)]
    };
    let index = |name: &str, estimate: &Estimate, meaning: &str| {
        row(name, estimate.mean, Unit::Index, interval(estimate, 3), meaning)
    };
    let share = |name: &str, estimate: &Estimate, meaning: &str| {
        row(name, estimate.mean, Unit::Share, percent_interval(estimate), meaning)
    };
    let nakamoto = &measures.nakamoto;
    let gini = format!("0 is even, 1 is one earner; stake has {}", grouped(measures.stake_gini, 3));
    let rows = vec![
        index("Gini", &measures.gini, &gini),
        index("HHI", &measures.hhi, "sum of squared shares; 1 is one earner"),
        row(
            "Nakamoto",
            nakamoto.mean,
            Unit::Count,
            interval(nakamoto, 1),
            "fewest that earn more than half",
        ),
        share("Top 1", &measures.top1, "share of the largest earner"),
        share("Top 4", &measures.top4, "share of the four largest"),
    ];
    Table::new(columns, rows)
}

/// Service in all, a line a measure.
pub(super) fn service(forecast: &Forecast) -> Table {
    let service = &forecast.service;
    let columns = vec![Column::text("measure", "Service"), Column::number("value", "Value")];
    let row = |name: &str, value: Option<f64>, unit: Unit| {
        vec![Cell::text(name), Cell::Number(value, unit)]
    };
    let mut rows = vec![
        row("requests asked", Some(service.asked), Unit::Count),
        row("served", Some(service.served), Unit::Count),
        row("failed", Some(service.failed.total()), Unit::Count),
    ];
    for (reason, count) in service.failed.named() {
        if count > 0.0 {
            rows.push(row(
                &format!("failed: {}", reason.replace('_', " ")),
                Some(count),
                Unit::Count,
            ));
        }
    }
    if service.in_flight() > 0.0 {
        rows.push(row("in flight at the end", Some(service.in_flight()), Unit::Count));
    }
    let latency = &service.latency;
    rows.push(row("success", service.success_rate(), Unit::Share));
    rows.push(row("latency p50 (ms)", latency.p50_ms, Unit::Milliseconds));
    rows.push(row("latency p95 (ms)", latency.p95_ms, Unit::Milliseconds));
    rows.push(row("latency p99 (ms)", latency.p99_ms, Unit::Milliseconds));
    Table::new(columns, rows)
}

/// Service by gateway, pipeline and users' region.
pub(super) fn requests(forecast: &Forecast) -> Table {
    let mut columns = vec![
        Column::text("gateway", "Gateway"),
        Column::text("pipeline", "Pipeline"),
        Column::text("region", "Region"),
        Column::number("asked", "Asked"),
        Column::number("served", "Served"),
        Column::number("failed", "Failed"),
    ];
    for (reason, _) in FailureCounts::default().named() {
        columns.push(Column::for_programs(format!("failed_{reason}")));
    }
    columns.push(Column::number("success_share", "Success"));
    columns.push(Column::number("latency_p50_ms", "p50 (ms)"));
    columns.push(Column::number("latency_p95_ms", "p95 (ms)"));
    columns.push(Column::number("latency_p99_ms", "p99 (ms)"));
    let row = |row: &ServiceRow| {
        let mut cells = vec![
            Cell::text(row.gateway.clone()),
            Cell::text(row.pipeline.clone()),
            Cell::text(row.region.clone()),
            Cell::count(row.asked),
            Cell::count(row.served),
            Cell::count(row.failed.total()),
        ];
        cells.extend(row.failed.named().map(|(_, count)| Cell::count(count)));
        cells.push(Cell::Number(row.success_rate(), Unit::Share));
        let latency = &row.latency;
        let quantiles = [latency.p50_ms, latency.p95_ms, latency.p99_ms];
        cells.extend(quantiles.map(|ms| Cell::Number(ms, Unit::Milliseconds)));
        cells
    };
    Table::new(columns, forecast.service_rows.iter().map(row).collect())
}

pub(super) fn objectives(forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("objective", "Objective"),
        Column::text("goal", "Goal"),
        Column::number("probability", "Probability"),
        Column::number("interval", "95 % interval"),
        Column::number("required", "Needed"),
        Column::text("verdict", "Verdict"),
    ];
    let rows = forecast.objectives.iter().map(|objective| {
        vec![
            Cell::text(objective.id.clone()),
            Cell::text(objective.text.clone()),
            Cell::share(objective.probability.mean),
            Cell::text(percent_interval(&objective.probability)),
            Cell::text(chosen_percent(objective.required)),
            Cell::text(objective.verdict.in_words()),
        ]
    });
    Table::new(columns, rows.collect())
}

/// The runway of every replication.
pub(super) fn runways(forecast: &Forecast) -> Table {
    let columns = vec![
        Column::number("replication", "Replication"),
        Column::number("runway_days", "Runway (days)"),
        Column::text("censored", "Censored"),
    ];
    let rows = forecast.numbers.iter().zip(&forecast.runways);
    let rows = rows.map(|(&number, &(days, censored))| {
        vec![Cell::whole(number as u32), Cell::days(days), Cell::Flag(censored)]
    });
    Table::new(columns, rows.collect())
}

/// The burn-down in long form: a line a day and series; single pipelines in
/// ETH only.
pub(super) fn burn(scenario: &Scenario, forecast: &Forecast) -> Table {
    let mut columns = vec![
        Column::text("date", "Date"),
        Column::number("day", "Day"),
        Column::text("series", "Series"),
        Column::text("pipeline", "Pipeline"),
        Column::number("mean_eth", "Mean"),
    ];
    for unit in ["eth", "usd", "lpt"] {
        columns.extend(quantile_columns(unit));
    }
    let mut rows = Vec::new();
    for row in &forecast.days {
        let mut push = |series: &str,
                        pipeline: &str,
                        mean: Option<f64>,
                        eth: &Quantiles,
                        worth: Option<(&Quantiles, &Quantiles)>| {
            let mut cells = day_cells(scenario, row.day);
            cells.push(Cell::text(series));
            cells.push(Cell::text(pipeline));
            cells.push(Cell::Number(mean, Unit::Eth));
            cells.extend(quantile_cells(Some(eth), Unit::Eth));
            cells.extend(quantile_cells(worth.map(|(usd, _)| usd), Unit::Usd));
            cells.extend(quantile_cells(worth.map(|(_, lpt)| lpt), Unit::Lpt));
            rows.push(cells);
        };
        let worth = Some((&row.balance_usd, &row.balance_lpt));
        push("balance", "all", None, &row.balance_eth, worth);
        let mean = row.by_pipeline.iter().map(|pipeline| pipeline.mean_eth).sum();
        let worth = Some((&row.spend_usd, &row.spend_lpt));
        push("spend", "all", Some(mean), &row.spend_eth, worth);
        for ((name, _), day) in forecast.spend.by_pipeline.iter().zip(&row.by_pipeline) {
            push("spend", name, Some(day.mean_eth), &day.eth, None);
        }
    }
    Table::new(columns, rows)
}

/// Spend by month and quarter: of each the total, then its parts by gateway,
/// pipeline and users' region.
pub(super) fn periods(forecast: &Forecast) -> Table {
    let mut columns = vec![
        Column::text("period", "Period"),
        Column::text("first_date", "From"),
        Column::number("days", "Days"),
        Column::text("gateway", "Gateway"),
        Column::text("pipeline", "Pipeline"),
        Column::text("region", "Users' region"),
        Column::for_programs("mean_wei"),
        Column::number("mean_eth", "Mean (ETH)"),
        Column::number("mean_usd", "USD"),
        Column::number("mean_lpt", "LPT"),
    ];
    columns.extend(quantile_columns("eth"));
    let mut rows = Vec::new();
    for row in &forecast.periods {
        let mut push = |names: [&str; 3], mean: Wei, whole: Option<&PeriodRow>| {
            let mut cells = vec![
                Cell::text(row.period.to_string()),
                Cell::Date(Some(row.first)),
                Cell::whole(row.days),
            ];
            cells.extend(names.map(Cell::text));
            cells.extend([Cell::Wei(mean), Cell::eth(mean.to_coins())]);
            cells.push(Cell::Number(whole.map(|row| row.mean_usd), Unit::Usd));
            cells.push(Cell::Number(whole.map(|row| row.mean_lpt), Unit::Lpt));
            cells.extend(quantile_cells(whole.map(|row| &row.eth), Unit::Eth));
            rows.push(cells);
        };
        push(["all"; 3], row.mean, Some(row));
        for part in &row.by_service {
            push([&part.gateway, &part.pipeline, &part.region], part.mean, None);
        }
    }
    Table::new(columns, rows)
}

/// Credits left, day by day.
pub(super) fn balance_by_day(scenario: &Scenario, forecast: &Forecast) -> Table {
    let mut columns = day_columns();
    columns.extend(quantile_columns("balance_eth"));
    let rows = forecast.days.iter().map(|row| {
        let mut cells = day_cells(scenario, row.day);
        cells.extend(quantile_cells(Some(&row.balance_eth), Unit::Eth));
        cells
    });
    Table::new(columns, rows.collect())
}

/// Mean spend, day by day, a column a pipeline.
pub(super) fn spend_by_day(scenario: &Scenario, forecast: &Forecast) -> Table {
    let mut columns = day_columns();
    for (name, _) in &forecast.spend.by_pipeline {
        columns.push(Column::number(format!("{name}_eth"), name.clone()));
    }
    let rows = forecast.days.iter().map(|row| {
        let mut cells = day_cells(scenario, row.day);
        cells.extend(row.by_pipeline.iter().map(|day| Cell::eth(day.mean_eth)));
        cells
    });
    Table::new(columns, rows.collect())
}

pub(super) fn survival(scenario: &Scenario, forecast: &Forecast) -> Table {
    let mut columns = day_columns();
    columns.push(Column::number("share", "Still have credits"));
    columns.push(Column::number("share_lo", "95 % from"));
    columns.push(Column::number("share_hi", "to"));
    let rows = forecast.survival.iter().map(|point| {
        vec![
            Cell::Date(date_after(scenario.start, point.day)),
            Cell::count(point.day),
            Cell::share(point.share),
            Cell::share(point.lo),
            Cell::share(point.hi),
        ]
    });
    Table::new(columns, rows.collect())
}

pub(super) fn lorenz(forecast: &Forecast) -> Table {
    let columns = vec![
        Column::text("of", "Of"),
        Column::number("orchestrator_share", "Poorest orchestrators"),
        Column::number("share", "Hold"),
    ];
    let curve = |name: &'static str, points: &[(f64, f64)]| {
        let row = |&(x, y): &(f64, f64)| vec![Cell::text(name), Cell::share(x), Cell::share(y)];
        points.iter().map(row).collect::<Vec<_>>()
    };
    let mut rows = curve("fees", &forecast.concentration.lorenz);
    rows.extend(curve("stake", &forecast.concentration.stake_lorenz));
    Table::new(columns, rows)
}

fn day_columns() -> Vec<Column> {
    vec![Column::text("date", "Date"), Column::number("day", "Day")]
}

fn day_cells(scenario: &Scenario, day: u32) -> Vec<Cell> {
    vec![Cell::Date(date_after(scenario.start, f64::from(day))), Cell::whole(day)]
}

fn quantile_columns(unit: &str) -> [Column; 5] {
    [("p05", "5 %"), ("p25", "25 %"), ("p50", "Median"), ("p75", "75 %"), ("p95", "95 %")]
        .map(|(key, label)| Column::number(format!("{key}_{unit}"), label))
}

fn quantile_cells(quantiles: Option<&Quantiles>, unit: Unit) -> [Cell; 5] {
    let values: [fn(&Quantiles) -> f64; 5] =
        [|q| q.p05, |q| q.p25, |q| q.p50, |q| q.p75, |q| q.p95];
    values.map(|value| Cell::Number(quantiles.map(value), unit))
}
