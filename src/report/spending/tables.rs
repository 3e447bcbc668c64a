use super::model::{Allocation, DayLine, Line, Priced, Spending, Worth};
use super::prices_paid::Basis;
use super::remaining::{MOST_DAYS, Remaining};
use crate::ensemble::Quantiles;
use crate::report::format::{counted, date_after, days, eth, grouped, percent};
use crate::report::table::{Cell, Column, Table, Unit};
use crate::spend::Coverage;
use crate::units::Wei;

/// What has no name in the file.
const UNNAMED: &str = "not named";

/// Spend, expectation and what is left, in every unit.
pub(in crate::report) fn totals(spending: &Spending) -> Table {
    let columns = vec![
        Column::text("amount", "Amount"),
        Column::for_programs("wei"),
        Column::number("eth", "ETH"),
        Column::number("eth_p50", "Median"),
        Column::number("eth_p05", "90 % from"),
        Column::number("eth_p95", "to"),
        Column::number("usd", "USD"),
        Column::number("lpt", "LPT"),
        Column::number("inflation_hours", "Minted in hours"),
    ];
    let row = |label: &str, wei: Option<Wei>, worth: Worth, band: Option<Quantiles>| {
        vec![
            Cell::text(label),
            wei.map_or(Cell::text(""), Cell::Wei),
            Cell::eth(worth.eth),
            Cell::Number(band.map(|band| band.p50), Unit::Eth),
            Cell::Number(band.map(|band| band.p05), Unit::Eth),
            Cell::Number(band.map(|band| band.p95), Unit::Eth),
            Cell::Number(worth.usd, Unit::Usd),
            Cell::Number(worth.lpt, Unit::Lpt),
            Cell::Number(worth.inflation_hours, Unit::Hours),
        ]
    };
    let of_priced = |amount: &str, priced: Priced| {
        let days = counted(priced.days, "day");
        row(&format!("{amount}, {days} with a price"), None, priced.worth, None)
    };
    let mut rows = Vec::new();
    if let Some(actual) = &spending.actual {
        rows.push(row("spent", Some(actual.total), actual.worth, None));
        rows.extend(actual.priced.map(|priced| of_priced("spent", priced)));
    }
    if let Some(forecast) = &spending.forecast {
        let stored = &forecast.row;
        rows.push(row("forecast (mean)", Some(stored.mean), forecast.worth, Some(stored.eth)));
        rows.extend(forecast.priced.map(|priced| of_priced("forecast (mean)", priced)));
    }
    if let Some(left) = &spending.left {
        rows.push(row("left at the end", None, left.worth, None));
    }
    if let Some(balance) = spending.forecast.as_ref().and_then(|forecast| forecast.balance_eth) {
        let worth = Worth { eth: balance.p50, usd: None, lpt: None, inflation_hours: None };
        rows.push(row("left, forecast (median)", None, worth, Some(balance)));
    }
    Table::new(columns, rows).without_empty_columns()
}

/// The period beside the one before.
pub(in crate::report) fn change(spending: &Spending) -> Table {
    let columns = vec![
        Column::text("amount", "Change"),
        Column::number("previous_eth", spending.period.previous().to_string()),
        Column::number("previous_days", "Days"),
        Column::number("eth", spending.period.to_string()),
        Column::number("days", "Days"),
        Column::number("change_share", "Change in %"),
    ];
    let row = |label: &str, eth: [Option<f64>; 2], days: [u32; 2], compares: bool| {
        let change = eth[0].zip(eth[1]).filter(|(before, _)| compares && *before > 0.0);
        vec![
            Cell::text(label),
            Cell::Number(eth[0], Unit::Eth),
            Cell::whole(days[0]),
            Cell::Number(eth[1], Unit::Eth),
            Cell::whole(days[1]),
            Cell::Number(change.map(|(before, now)| now / before - 1.0), Unit::Share),
        ]
    };
    let mut rows = Vec::new();
    if let Some(actual) = &spending.actual
        && let Some(previous) = actual.previous
    {
        let days = [previous.days, actual.days];
        let total = [previous.total, actual.total].map(|wei| Some(wei.to_coins()));
        let known = days.map(|days| days.complete + days.partial);
        rows.push(row("spent in all (ETH)", total, known, previous.days.is_like(actual.days)));
        let a_day = [previous.per_day, actual.per_day];
        rows.push(row("spent a whole day (ETH)", a_day, days.map(|days| days.complete), true));
    }
    if let Some(forecast) = &spending.forecast
        && let Some(previous) = &forecast.previous
    {
        let days = [previous.days, forecast.row.days];
        let total = [previous.mean, forecast.row.mean].map(|wei| Some(wei.to_coins()));
        rows.push(row("forecast in all, mean (ETH)", total, days, forecast.is_like(previous)));
        let a_day = [previous.mean.to_coins() / f64::from(days[0].max(1)), forecast.per_day];
        rows.push(row("forecast a day, mean (ETH)", a_day.map(Some), days, true));
    }
    Table::new(columns, rows)
}

/// What came against what was forecast.
pub(in crate::report) fn against(spending: &Spending) -> Table {
    let columns =
        vec![Column::text("measure", "Actual against forecast"), Column::text("value", "Value")];
    let mut rows = Vec::new();
    let against = spending.actual.as_ref().and_then(|actual| actual.against);
    if let Some(against) = against {
        let difference = against.actual_eth - against.forecast_eth;
        let mut row = |measure: &str, value: String| {
            rows.push(vec![Cell::text(measure), Cell::text(value)]);
        };
        row("whole days that both know", grouped(f64::from(against.days), 0));
        row("spent on them", format!("{} ETH", eth(against.actual_eth)));
        row("forecast for them (mean)", format!("{} ETH", eth(against.forecast_eth)));
        let relative = match against.forecast_eth {
            0.0 => String::new(),
            forecast => format!(" ({})", signed_percent(difference / forecast)),
        };
        row("difference", format!("{}{} ETH{relative}", sign(difference), eth(difference)));
        row("days within its 90 %", format!("{} of {}", against.days_within, against.days));
        if let Some(band) = against.band {
            let verdict = if against.is_within(band) { "within" } else { "outside" };
            let ends = format!("[{}, {}] ETH", eth(band.p05), eth(band.p95));
            row("period", format!("{verdict} {ends}, median {} ETH", eth(band.p50)));
        }
    }
    Table::new(columns, rows)
}

fn sign(value: f64) -> &'static str {
    if value > 0.0 { "+" } else { "" }
}

/// A change in percent, with its sign.
pub(in crate::report) fn signed_percent(share: f64) -> String {
    format!("{}{}", sign(share), percent(share))
}

/// One way to divide the spend.
pub(in crate::report) fn allocation(spending: &Spending, allocation: &Allocation) -> Table {
    let dimension = allocation.dimension;
    let mut columns = vec![Column::text(dimension.id(), dimension.label())];
    let lines = &allocation.lines;
    let has = |of: fn(&Line) -> bool| lines.iter().any(of);
    let shows = [
        has(|line| line.actual.is_some()),
        has(|line| line.previous.is_some()),
        has(|line| line.forecast.is_some()),
        has(|line| line.forecast_share.is_some()),
    ];
    let headings = [
        vec![Column::number("spent_eth", "Spent (ETH)"), Column::number("spent_share", "Share")],
        vec![Column::number("previous_eth", format!("{} (ETH)", spending.period.previous()))],
        vec![Column::number("forecast_eth", "Forecast (ETH)")],
        vec![Column::number("forecast_share", "Forecast share")],
    ];
    for (heading, shown) in headings.into_iter().zip(shows) {
        columns.extend(heading.into_iter().filter(|_| shown));
    }
    let row = |line: &Line| {
        let amount = |wei: Option<Wei>| Cell::Number(wei.map(Wei::to_coins), Unit::Eth);
        let share = |share: Option<f64>| Cell::Number(share, Unit::Share);
        let groups = [
            vec![amount(line.actual), share(line.actual_share)],
            vec![amount(line.previous)],
            vec![amount(line.forecast)],
            vec![share(line.forecast_share)],
        ];
        let mut cells = vec![Cell::text(name(line))];
        for (group, shown) in groups.into_iter().zip(shows) {
            cells.extend(group.into_iter().filter(|_| shown));
        }
        cells
    };
    Table::new(columns, lines.iter().map(row).collect())
}

/// Every allocation in long form, exact, for programs.
pub(in crate::report) fn allocations(spending: &Spending) -> Table {
    let columns = vec![
        Column::text("by", "By"),
        Column::text("name", "Name"),
        Column::for_programs("spent_wei"),
        Column::for_programs("spent_share"),
        Column::for_programs("previous_wei"),
        Column::for_programs("forecast_wei"),
        Column::for_programs("forecast_share"),
    ];
    let amount = |wei: Option<Wei>| wei.map_or(Cell::text(""), Cell::Wei);
    let rows = spending.allocations.iter().flat_map(|allocation| {
        allocation.lines.iter().map(move |line| {
            vec![
                Cell::text(allocation.dimension.id()),
                Cell::text(line.name.clone().unwrap_or_default()),
                amount(line.actual),
                Cell::Number(line.actual_share, Unit::Share),
                amount(line.previous),
                amount(line.forecast),
                Cell::Number(line.forecast_share, Unit::Share),
            ]
        })
    });
    Table::new(columns, rows.collect())
}

/// A line's name for people.
pub(in crate::report) fn name(line: &Line) -> &str {
    line.name.as_deref().unwrap_or(UNNAMED)
}

/// What is known of a day, as files and people read it.
pub(in crate::report) fn coverage(day: &DayLine) -> &'static str {
    match day.coverage {
        Some(Coverage::Complete) => "whole",
        Some(Coverage::Partial) => "part",
        Some(Coverage::Gap) => "gap",
        None => "none",
    }
}

/// Day by day.
pub(in crate::report) fn by_day(spending: &Spending) -> Table {
    let columns = vec![
        Column::text("date", "Date"),
        Column::text("known", "Known"),
        Column::for_programs("spent_wei"),
        Column::number("spent_eth", "Spent (ETH)"),
        Column::number("spent_usd", "USD"),
        Column::number("spent_lpt", "LPT"),
        Column::number("forecast_mean_eth", "Forecast (ETH)"),
        Column::number("forecast_p05_eth", "90 % from"),
        Column::number("forecast_p50_eth", "Median"),
        Column::number("forecast_p95_eth", "to"),
    ];
    let row = |day: &DayLine| {
        let spent = day.actual.map(Wei::to_coins);
        let usd = day.prices.zip(spent).map(|(day, eth)| day.prices.eth_in_usd(eth));
        let band = |of: fn(Quantiles) -> f64| Cell::Number(day.forecast.map(of), Unit::Eth);
        vec![
            Cell::Date(Some(day.date)),
            Cell::text(coverage(day)),
            day.actual.map_or(Cell::text(""), Cell::Wei),
            Cell::Number(spent, Unit::Eth),
            Cell::Number(usd, Unit::Usd),
            Cell::Number(day.actual_lpt, Unit::Lpt),
            Cell::Number(day.forecast_mean, Unit::Eth),
            band(|band| band.p05),
            band(|band| band.p50),
            band(|band| band.p95),
        ]
    };
    Table::new(columns, spending.days.iter().map(row).collect())
}

/// How long what is left lasts from the end of the period on.
pub(in crate::report) fn remaining(spending: &Spending) -> Table {
    let columns = vec![
        Column::text("from", "Runway after the period"),
        Column::number("p10_days", "Nine in ten"),
        Column::number("p50_days", "Half"),
        Column::number("p90_days", "One in ten"),
        Column::number("p50_date", "Half until"),
    ];
    let end = spending.period.last();
    // The first day after the period is day 0.
    let until = |days: Option<f64>| {
        Cell::Date(days.and_then(|days| date_after(end.tomorrow().ok()?, days)))
    };
    let row = |label: &str, remaining: &Remaining, most: f64| {
        let lasts = |days: Option<f64>| match days {
            Some(days) => Cell::days(days),
            None => Cell::text(beyond(most)),
        };
        vec![
            Cell::text(label),
            lasts(remaining.p10),
            lasts(remaining.p50),
            lasts(remaining.p90),
            until(remaining.p50),
        ]
    };
    let mut rows = Vec::new();
    if let Some(left) = &spending.left {
        if let Ok(remaining) = &left.forecast {
            rows.push(row("forecast from the spend (days)", remaining, MOST_DAYS as f64));
        }
        if let Some(days) = left.pace_days {
            let none = || Cell::Number(None, Unit::Days);
            let label = Cell::text("at the period's pace (days)");
            rows.push(vec![label, none(), Cell::days(days), none(), until(Some(days))]);
        }
    }
    if let Some(forecast) = &spending.forecast
        && let Some(remaining) = &forecast.remaining
    {
        rows.push(row("in the run (days)", remaining, forecast.days_after));
    }
    Table::new(columns, rows)
}

/// A runway that was not looked at to its end.
pub(in crate::report) fn beyond(most: f64) -> String {
    format!(">{}", days(most))
}

/// What a request cost against a provider's bill.
pub(in crate::report) fn prices_paid(spending: &Spending) -> Table {
    let columns = vec![
        Column::text("pipeline", "Pipeline"),
        Column::text("basis", "In"),
        Column::number("requests", "Requests"),
        Column::number("eth_per_request", "ETH a request"),
        Column::number("usd_per_1000", "USD a 1,000"),
        Column::number("provider_usd_per_1000", "Provider, USD"),
        Column::number("ratio", "Paid / provider"),
        Column::text("provider", "Cheapest provider, seen"),
    ];
    let thousand = |usd: Option<f64>| Cell::Number(usd.map(|usd| usd * 1000.0), Unit::Rate);
    // Which model a pipeline is of only a scenario says.
    let unknown = if spending.forecast.is_some() { "none known" } else { "a run would tell" };
    let rows = spending.prices_paid.iter().map(|row| {
        let provider = row.provider.as_ref();
        let ratio = row.usd.zip(provider).map(|(usd, provider)| usd / provider.usd);
        vec![
            Cell::text(row.pipeline.clone()),
            Cell::text(match row.basis {
                Basis::Spend => "spend",
                Basis::Run => "run",
            }),
            Cell::count(row.requests),
            Cell::Number(Some(row.eth), Unit::Eth),
            thousand(row.usd),
            thousand(provider.map(|provider| provider.usd)),
            Cell::Number(ratio, Unit::Rate),
            Cell::text(provider.map_or(unknown, |provider| provider.who.as_str())),
        ]
    });
    Table::new(columns, rows.collect()).without_empty_columns()
}

/// How unequally the orchestrators were paid.
pub(in crate::report) fn concentration(spending: &Spending) -> Table {
    let actual = spending.actual.as_ref().and_then(|actual| actual.concentration);
    let forecast = spending.forecast.as_ref().map(|forecast| forecast.concentration);
    let mut columns = vec![Column::text("measure", "Concentration of fees")];
    if let Some(actual) = actual {
        let label = format!("Spent, of {} paid", actual.earners);
        columns.push(Column::number("spent", label));
    }
    if forecast.is_some() {
        columns.push(Column::number("forecast", "Forecast"));
    }
    columns.push(Column::text("meaning", "Meaning"));
    let measures: [(&str, Unit, &str); 4] = [
        ("Gini", Unit::Index, "0 is even, 1 is one earner"),
        ("HHI", Unit::Index, "sum of squared shares; 1 is one earner"),
        ("Nakamoto", Unit::Count, "fewest that earn more than half"),
        ("Top 4", Unit::Share, "share of the four largest"),
    ];
    let spent = actual.map(|a| [a.gini, a.hhi, a.nakamoto as f64, a.top4]);
    let rows = measures.iter().enumerate().map(|(i, &(measure, unit, meaning))| {
        let mut cells = vec![Cell::text(measure)];
        cells.extend(spent.map(|values| Cell::Number(Some(values[i]), unit)));
        cells.extend(forecast.map(|values| Cell::Number(values[i], unit)));
        cells.push(Cell::text(meaning));
        cells
    });
    let is_known = actual.is_some() || forecast.is_some();
    Table::new(columns, rows.filter(|_| is_known).collect())
}

/// Where the ETH of the whole run went.
pub(in crate::report) fn overpayment(steps: &[(String, String, f64, f64)]) -> Table {
    let columns = vec![
        Column::for_programs("step"),
        Column::text("label", "From price x units to ETH gone"),
        Column::number("eth", "ETH"),
        Column::number("share", "Share"),
    ];
    let row = |(id, label, eth, share): &(String, String, f64, f64)| {
        vec![
            Cell::text(id.clone()),
            Cell::text(label.clone()),
            Cell::eth(*eth),
            Cell::share(*share),
        ]
    };
    Table::new(columns, steps.iter().map(row).collect())
}
