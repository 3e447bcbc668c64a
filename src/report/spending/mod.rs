//! A month or a quarter of spend, for the people whose money it is.

mod error;
mod model;
mod notes;
mod page;
mod prices_paid;
mod remaining;
mod stored;
pub(super) mod tables;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde_json::{Map, Value, json as document};

pub use error::SpendingError;
pub use model::{Spending, SpendingInput};
use remaining::MOST_DAYS;
pub use remaining::Remaining;
pub use stored::{StoredRun, read_run};

pub(in crate::report) use model::{Allocation, DayLine, Line};

use self::model::{Left, Worth};
use super::directory::{WriteOptions, file, pretty, publish, table_and_figure_files};
use super::figures;
use super::format::{days, eth, grouped, hours_or_minutes, plural, short_date, usd};
use super::json::{number, optional};
use super::text::{DIM, Page, Style, YELLOW};
use super::{RunContext, WriteError};
use crate::spend::SpendHistory;
use crate::units::{CalendarPeriod, PeriodLength};

/// Version of the layout [`spending_json`] describes.
pub const SPENDING_SCHEMA: u32 = 1;

/// Orchestrators on a terminal and in the Markdown report.
const TOP_ORCHESTRATORS: usize = 10;

/// A spending report and what else its pages say.
#[derive(Clone, Copy, Debug)]
pub struct SpendingReport<'a> {
    /// What was worked out.
    pub spending: &'a Spending,
    /// The run it was worked out from.
    pub run: Option<&'a StoredRun>,
    /// How it was made.
    pub context: &'a RunContext,
}

/// The last period of that length that `history` reaches from the first to the last
/// day of, with gaps or without; where there is none, the last it knows any day of.
/// Without a history, the first that the run has.
pub fn usual_period(
    history: Option<&SpendHistory>,
    run: Option<&StoredRun>,
    length: PeriodLength,
) -> Option<CalendarPeriod> {
    let Some(history) = history else {
        return run.map(|run| CalendarPeriod::containing(run.scenario.start, length));
    };
    let last: Date = history.date(history.len().saturating_sub(1));
    let latest = CalendarPeriod::containing(last, length);
    let is_whole = |period: CalendarPeriod| {
        history.between(period.first(), period.last()).len() as u32 == period.days()
    };
    let before = latest.previous();
    Some(if !is_whole(latest) && is_whole(before) { before } else { latest })
}

/// Writes a spending report into `directory`, replacing what orchsim wrote there
/// before whole. Returns the paths written, in alphabetical order.
///
/// | file | holds |
/// | --- | --- |
/// | `report.html`, `report.md`, `figures/*.svg` | the report |
/// | `report.json` | see [`spending_json`] |
/// | `totals.csv`, `change.csv` | the period in every unit, and beside the one before |
/// | `allocation.csv` | by pipeline, model, gateway, users' and orchestrators' region, orchestrator |
/// | `days.csv` | a row for each day |
/// | `prices.csv` | what a request cost |
/// | `manifest.json` | what was done, and the hash of every file |
///
/// # Errors
/// As [`write_run_directory`](super::write_run_directory).
pub fn write_spending_directory(
    directory: &Path,
    report: &SpendingReport,
    options: &WriteOptions,
) -> Result<Vec<PathBuf>, WriteError> {
    let SpendingReport { spending, context, .. } = report;
    let origin = format!("orchsim {} · report · {}", context.version, spending.period);
    let drawn = figures::spending::all(spending, &origin)?;
    let mut files = vec![
        file("report.html", page::html(report, &drawn)),
        file("report.md", page::markdown(report, &drawn)),
        file("report.json", pretty(&spending_json(report))),
    ];
    let tables = [
        ("totals", tables::totals(spending)),
        ("change", tables::change(spending)),
        ("allocation", tables::allocations(spending)),
        ("days", tables::by_day(spending)),
        ("prices", tables::prices_paid(spending)),
    ];
    files.extend(table_and_figure_files(&tables, &drawn, options)?);
    let about = document!({
        "version": context.version,
        "fingerprint": context.scenario_hash,
        "period": spending.period.to_string(),
        "command": context.command,
    });
    publish(directory, files, about)
}

/// What was spent, and how long the rest lasts, in a sentence each.
fn sentence(spending: &Spending) -> String {
    let period = spending.period.in_words();
    let mut text = match (&spending.actual, &spending.forecast) {
        (Some(actual), _) => {
            let known = actual.days.complete + actual.days.partial;
            let all = spending.period.days();
            let of_it = match known < all {
                true => format!(", of which {known} of {all} days are known"),
                false => String::new(),
            };
            format!("{} were spent in {period}{of_it}", in_words(&actual.worth))
        }
        (None, Some(forecast)) => {
            let median = eth(forecast.row.eth.p50);
            let (simulated, all) = (forecast.row.days, spending.period.days());
            let of_it = match simulated < all {
                true => format!(", of which the run has {simulated} of {all} days"),
                false => String::new(),
            };
            format!(
                "{} are forecast for {period}{of_it} (mean; median {median} ETH)",
                in_words(&forecast.worth)
            )
        }
        (None, None) => format!("Nothing is known of {period}"),
    };
    text += &change_in_words(spending).map_or(String::new(), |change| format!(", {change}"));
    text += &against_in_words(spending).map_or(String::new(), |against| format!(", {against}"));
    text += ".";
    if let Some(forecast) = spending.forecast.as_ref().filter(|_| spending.actual.is_none())
        && forecast.alive < 1.0
    {
        let share = super::format::percent(1.0 - forecast.alive);
        let by = if forecast.ends_early(spending.period) { "the end of the run" } else { "then" };
        text +=
            &format!(" Spend has ended by {by} in {share} of the futures, for want of credits.");
    }
    if let Some(left) = &spending.left {
        let stays = match left.stays_eth {
            0.0 => String::new(),
            stays => format!(", of which {} stay unspent as in the run", eth(stays)),
        };
        let lasts = how_long_in_words(left);
        text += &format!(" {} ETH are left{stays}{lasts}.", eth(left.worth.eth));
    }
    text
}

/// How long what is left lasts, and whether that is beyond the deadline.
fn how_long_in_words(left: &Left) -> String {
    if let Some(deadline) = left.deadline.filter(|deadline| deadline.has_passed()) {
        return format!(": the deadline of {} has passed", short_date(deadline.date));
    }
    if left.worth.eth == 0.0 {
        return String::new();
    }
    let most = MOST_DAYS as f64;
    let (mut text, lasts) = match (&left.forecast, left.pace_days) {
        (Ok(remaining), _) => {
            let (half, band) = half_and_band(remaining, most);
            let text = format!(", forecast to last {half} (80 % band {band})");
            (text, remaining.p50.unwrap_or(most))
        }
        (Err(_), Some(pace)) => {
            (format!(", enough for {} at this pace", plural(&days(pace), "day")), pace)
        }
        (Err(_), None) => return String::new(),
    };
    if let Some(deadline) = left.deadline.filter(|deadline| lasts > deadline.days) {
        text += &format!(
            ", longer than the {} to the deadline of {}, when the rest goes back",
            plural(&days(deadline.days), "day"),
            short_date(deadline.date)
        );
    }
    text
}

/// The median of a runway and its 80 % band, of which `most` days were looked at.
fn half_and_band(remaining: &Remaining, most: f64) -> (String, String) {
    let end = |value: Option<f64>| value.map_or_else(|| tables::beyond(most), days);
    let half = match remaining.p50 {
        Some(half) => plural(&days(half), "day"),
        None => format!("more than {} days", days(most)),
    };
    (half, format!("[{}, {}]", end(remaining.p10), end(remaining.p90)))
}

/// ETH with what they are worth, as far as that is known.
fn in_words(worth: &Worth) -> String {
    let mut others: Vec<String> = Vec::new();
    others.extend(worth.usd.map(|value| format!("{} USD", usd(value))));
    others.extend(worth.lpt.map(|value| format!("{} LPT", grouped(value, 0))));
    others.extend(
        worth.inflation_hours.map(|hours| format!("{} of inflation", hours_or_minutes(hours))),
    );
    match others.as_slice() {
        [] => format!("{} ETH", eth(worth.eth)),
        _ => format!("{} ETH ({})", eth(worth.eth), others.join(", ")),
    }
}

/// The change of the mean day against the period before.
fn change(spending: &Spending) -> Option<f64> {
    let (before, now) = match (&spending.actual, &spending.forecast) {
        (Some(actual), _) => (actual.previous?.per_day?, actual.per_day?),
        (None, Some(forecast)) => {
            let previous = forecast.previous.as_ref()?;
            (previous.mean.to_coins() / f64::from(previous.days.max(1)), forecast.per_day)
        }
        (None, None) => return None,
    };
    (before > 0.0).then(|| now / before - 1.0)
}

/// What was spent against what was forecast for the same days.
fn against_in_words(spending: &Spending) -> Option<String> {
    let actual = spending.actual.as_ref()?;
    let against = actual.against?;
    let on = match against.days < actual.days.complete + actual.days.partial {
        true => format!("on the {} that both know ", plural(&against.days.to_string(), "day")),
        false => String::new(),
    };
    let than = |forecast_eth: f64| {
        let difference = against.actual_eth / forecast_eth - 1.0;
        let size = super::format::percent(libm::fabs(difference));
        format!("{size} {} than", if difference > 0.0 { "more" } else { "less" })
    };
    let beside = against.band.map_or(String::new(), |band| {
        let outside = if against.is_within(band) { "" } else { ", and outside its 90 %" };
        let median = (band.p50 > 0.0).then(|| format!(", {} its median", than(band.p50)));
        median.unwrap_or_default() + outside
    });
    (against.forecast_eth > 0.0)
        .then(|| format!("{on}{} the mean forecast{beside}", than(against.forecast_eth)))
}

fn change_in_words(spending: &Spending) -> Option<String> {
    let change = change(spending)?;
    let size = super::format::percent(libm::fabs(change));
    let before = spending.period.previous().in_words();
    Some(match change {
        _ if libm::fabs(change) < 1e-12 => format!("as much a day as in {before}"),
        _ if change > 0.0 => format!("{size} more a day than in {before}"),
        _ => format!("{size} less a day than in {before}"),
    })
}

/// From which sources the report was made.
fn sources(report: &SpendingReport) -> String {
    let mut parts = Vec::new();
    if let Some(actual) = &report.spending.actual {
        let days = actual.days;
        let all = report.spending.period.days();
        parts.push(format!("{}, {} of {all} days whole", actual.form.name(), days.complete));
    }
    if let Some(run) = report.run {
        let replications = run.summary["replications"].as_u64().unwrap_or_default();
        let name = super::title(&run.scenario);
        parts.push(format!("forecast “{name}”, {}", plural(&replications.to_string(), "future")));
    }
    let period = report.spending.period;
    format!("{} to {}: {}", period.first(), period.last(), parts.join("; "))
}

/// Steps of the whole run's overpayment that are not 0: id, label, ETH, share.
fn overpayment_steps(run: Option<&StoredRun>) -> Vec<(String, String, f64, f64)> {
    let steps = run.and_then(|run| run.summary["overpayment"]["steps"].as_array());
    let step = |step: &Value| {
        let text = |key: &str| step[key].as_str().map(str::to_string);
        Some((text("id")?, text("label")?, step["eth"].as_f64()?, step["share"].as_f64()?))
    };
    let steps = steps.into_iter().flatten().filter_map(step);
    steps.filter(|(_, _, eth, _)| *eth != 0.0).collect()
}

/// The share of the run's spend that paid for nothing used.
fn unused_share(run: Option<&StoredRun>) -> Option<f64> {
    run?.summary["overpayment"]["unused_share"].as_f64()
}

/// A spending report for a terminal.
pub fn spending_terminal(report: &SpendingReport, style: Style) -> String {
    let SpendingReport { spending, context, .. } = report;
    let mut page = Page::new(style);
    page.answer(&sentence(spending), context);
    page.paragraph(DIM, &sources(report), "");
    let mut section = |table: super::table::Table, keys: &[&str], most: usize, bar| {
        if !table.rows.is_empty() {
            page.table(&table, keys, most, bar);
        }
    };
    let keys = ["amount", "eth", "eth_p50", "eth_p05", "eth_p95", "usd", "lpt", "inflation_hours"];
    section(tables::totals(spending), &keys, usize::MAX, None);
    let keys = ["amount", "previous_eth", "previous_days", "eth", "days", "change_share"];
    section(tables::change(spending), &keys, usize::MAX, None);
    section(tables::against(spending), &["measure", "value"], usize::MAX, None);
    let keys = ["from", "p10_days", "p50_days", "p90_days", "p50_date"];
    section(tables::remaining(spending), &keys, usize::MAX, None);
    for allocation in &spending.allocations {
        let table = tables::allocation(spending, allocation);
        let keys: Vec<String> = table.columns.iter().map(|column| column.key.clone()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        section(table, &keys, TOP_ORCHESTRATORS, None);
    }
    let keys =
        ["pipeline", "basis", "eth_per_request", "usd_per_1000", "provider_usd_per_1000", "ratio"];
    section(tables::prices_paid(spending), &keys, usize::MAX, None);
    let keys = ["measure", "spent", "forecast", "meaning"];
    section(tables::concentration(spending), &keys, usize::MAX, None);
    for note in &spending.notes {
        page.blank();
        page.paragraph(YELLOW, note, "  ");
    }
    page.files("report", context);
    page.text
}

/// A spending report as one JSON document. Keys are in alphabetical order, floats
/// have 9 significant digits, wei are decimal strings, shares lie between 0 and
/// 1, and what is not known is `null`.
///
/// | key | holds |
/// | --- | --- |
/// | `schema` | version of this layout, [`SPENDING_SCHEMA`] |
/// | `version`, `fingerprint` (of what it was made from), `command` | how it was made |
/// | `period` | its `name`, `first` and `last` day, and the `previous` one |
/// | `answer` | the result in words |
/// | `spent` | `wei`, `eth`, `usd`, `lpt`, `inflation_hours`, `requests` (where all are counted); `priced`, the same of the `days` with a price where not all have one; `days` by what is known of them (`whole`, `part`, `gap`, `outside` the file); `eth_per_day` of whole days; `previous` with `wei`, `whole_days`, `eth_per_day`; `concentration` (`earners`, `gini`, `hhi`, `nakamoto`, `top4`) |
/// | `forecast` | `wei`, `eth`, `eth_p05`, `eth_p50`, `eth_p95`, `usd`, `lpt`, `inflation_hours`, `priced`, `days` simulated, `eth_per_day`; `futures_with_credits`, `runway_days`, `balance_eth_p50` at the end; `previous_eth_per_day`; of the whole run `concentration` and `unused_share` |
/// | `against_forecast` | of whole days that both know: `days`, `spent_eth`, `forecast_eth`, `days_within_90` |
/// | `change_per_day` | of the mean day against the period before, as a share |
/// | `left` | `eth`, `usd`, `lpt`, `inflation_hours`; `runway_days` forecast from the spend: `p10`, `p50`, `p90` (`null`: not within 1,095 days); `pace_days` at the mean whole day of the period |
/// | `allocation` | by `pipeline`, `model`, `gateway`, `region`, `orchestrator-region`, `orchestrator`: `name` (`null`: not named), `spent_wei`, `spent_share`, `previous_wei`, `forecast_wei`, `forecast_share` |
/// | `prices` | of a request: `pipeline`, `basis` (`spend` of the period or whole `run`), `requests`, `eth`, `usd`, `provider_usd`, `provider` |
/// | `notes` | sentences on the data |
pub fn spending_json(report: &SpendingReport) -> Value {
    let SpendingReport { spending, run, context } = report;
    let period = spending.period;
    let wei = |wei: Option<crate::units::Wei>| wei.map(|wei| wei.to_decimal_string());
    let line = |line: &model::Line| {
        document!({
            "name": line.name,
            "spent_wei": wei(line.actual),
            "spent_share": optional(line.actual_share),
            "previous_wei": wei(line.previous),
            "forecast_wei": wei(line.forecast),
            "forecast_share": optional(line.forecast_share),
        })
    };
    let allocation = spending.allocations.iter().map(|allocation| {
        let lines: Vec<Value> = allocation.lines.iter().map(line).collect();
        (allocation.dimension.id().to_string(), Value::from(lines))
    });
    let prices = spending.prices_paid.iter().map(|row| {
        document!({
            "pipeline": row.pipeline,
            "basis": match row.basis {
                prices_paid::Basis::Spend => "spend",
                prices_paid::Basis::Run => "run",
            },
            "requests": number(row.requests),
            "eth": number(row.eth),
            "usd": optional(row.usd),
            "provider_usd": optional(row.provider.as_ref().map(|provider| provider.usd)),
            "provider": row.provider.as_ref().map(|provider| provider.who.as_str()),
        })
    });
    let against = spending.actual.as_ref().and_then(|actual| actual.against);
    document!({
        "schema": SPENDING_SCHEMA,
        "version": context.version,
        "fingerprint": context.scenario_hash,
        "command": context.command,
        "period": {
            "name": period.to_string(),
            "first": period.first().to_string(),
            "last": period.last().to_string(),
            "previous": period.previous().to_string(),
        },
        "answer": sentence(spending),
        "spent": spending.actual.as_ref().map(spent),
        "forecast": spending.forecast.as_ref().map(|forecast| planned(forecast, *run)),
        "against_forecast": against.map(|against| document!({
            "days": against.days,
            "spent_eth": number(against.actual_eth),
            "forecast_eth": number(against.forecast_eth),
            "days_within_90": against.days_within,
        })),
        "change_per_day": optional(change(spending)),
        "left": spending.left.as_ref().map(|left| with(worth(&left.worth), [
            ("runway_days", left.forecast.as_ref().map_or(Value::Null, runway)),
            ("pace_days", optional(left.pace_days)),
        ])),
        "allocation": allocation.collect::<Map<_, _>>(),
        "prices": prices.collect::<Vec<_>>(),
        "notes": spending.notes,
    })
}

fn worth(worth: &Worth) -> Value {
    document!({
        "eth": number(worth.eth),
        "usd": optional(worth.usd),
        "lpt": optional(worth.lpt),
        "inflation_hours": optional(worth.inflation_hours),
    })
}

fn priced(priced: Option<&model::Priced>) -> Value {
    priced.map_or(Value::Null, |priced| with(worth(&priced.worth), [("days", priced.days.into())]))
}

fn runway(remaining: &Remaining) -> Value {
    document!({
        "p10": optional(remaining.p10),
        "p50": optional(remaining.p50),
        "p90": optional(remaining.p90),
    })
}

fn with<const N: usize>(mut object: Value, more: [(&str, Value); N]) -> Value {
    if let Value::Object(map) = &mut object {
        map.extend(more.map(|(key, value)| (key.to_string(), value)));
    }
    object
}

fn spent(actual: &model::Actual) -> Value {
    let days = actual.days;
    with(
        worth(&actual.worth),
        [
            ("wei", Value::from(actual.total.to_decimal_string())),
            ("priced", priced(actual.priced.as_ref())),
            ("requests", document!(actual.requests)),
            (
                "days",
                document!({
                    "whole": days.complete,
                    "part": days.partial,
                    "gap": days.gaps,
                    "outside": days.outside,
                }),
            ),
            ("eth_per_day", optional(actual.per_day)),
            (
                "previous",
                actual.previous.map_or(Value::Null, |previous| {
                    document!({
                        "wei": previous.total.to_decimal_string(),
                        "whole_days": previous.days.complete,
                        "eth_per_day": optional(previous.per_day),
                    })
                }),
            ),
            (
                "concentration",
                actual.concentration.map_or(Value::Null, |concentration| {
                    document!({
                        "earners": concentration.earners,
                        "gini": number(concentration.gini),
                        "hhi": number(concentration.hhi),
                        "nakamoto": concentration.nakamoto,
                        "top4": number(concentration.top4),
                    })
                }),
            ),
        ],
    )
}

fn planned(forecast: &model::Planned, run: Option<&StoredRun>) -> Value {
    let row = &forecast.row;
    let [gini, hhi, nakamoto, top4] = forecast.concentration.map(optional);
    let previous = forecast.previous.as_ref();
    with(
        worth(&forecast.worth),
        [
            ("wei", Value::from(row.mean.to_decimal_string())),
            ("priced", priced(forecast.priced.as_ref())),
            ("eth_p05", number(row.eth.p05)),
            ("eth_p50", number(row.eth.p50)),
            ("eth_p95", number(row.eth.p95)),
            ("days", Value::from(row.days)),
            ("eth_per_day", number(forecast.per_day)),
            (
                "previous_eth_per_day",
                optional(previous.map(|row| row.mean.to_coins() / f64::from(row.days.max(1)))),
            ),
            ("futures_with_credits", number(forecast.alive)),
            ("runway_days", forecast.remaining.as_ref().map_or(Value::Null, runway)),
            ("balance_eth_p50", optional(forecast.balance_eth.map(|balance| balance.p50))),
            (
                "concentration",
                document!({ "gini": gini, "hhi": hhi, "nakamoto": nakamoto, "top4": top4 }),
            ),
            ("unused_share", optional(unused_share(run))),
        ],
    )
}
