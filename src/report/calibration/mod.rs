//! What people and programs read of a calibration.

mod markdown;
pub(super) mod tables;
mod toml;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json as document};

use super::directory::{WriteOptions, file, pretty, publish, table_and_figure_files};
use super::figures::{self, Figure};
use super::format::{counted, eth, grouped, html_escaped, html_prose, percent, short_date};
use super::html::{
    page_end, page_start, push_card_section, push_caveats, push_figure, push_reproduction,
    push_table,
};
use super::json::number;
use super::text::{DIM, Page, Style, YELLOW};
use super::{RunContext, WriteError, title};
use crate::ensemble::Quantiles;
use crate::experiment::calibrate::{Calibration, Fitted};
use crate::experiment::spend_model::{DailySeries, LAGS, futures};
use crate::kernel::StreamKey;
use crate::scenario::Scenario;

pub use toml::calibrated_toml;

/// Version of the layout [`calibration_json`] describes.
pub const CALIBRATION_SCHEMA: u32 = 1;

/// Days that the figure looks ahead.
const AHEAD: usize = 90;
/// Probability below which a test says that the model does not fit.
const SUSPECT: f64 = 0.01;

/// What the fit expects of the days after the last, in ETH.
fn bands(calibration: &Calibration) -> Vec<Quantiles> {
    let key = StreamKey::root(calibration.scenario.seed).child(2);
    let futures = futures(&calibration.series, &calibration.posterior, AHEAD, key);
    let of_day = |day: usize| {
        let mut values: Vec<f64> = futures.iter().filter_map(|f| f.get(day)).copied().collect();
        values.sort_by(f64::total_cmp);
        Quantiles::of_sorted(&values)
    };
    (0..AHEAD).map(of_day).collect()
}

/// Writes everything about a calibration into `directory`, replacing what
/// orchsim wrote there before whole. `scenario` is the one that was calibrated,
/// `source` the name of the spend file. Returns the paths written, in
/// alphabetical order.
///
/// | file | holds |
/// | --- | --- |
/// | `scenario.toml` | the calibrated scenario, see [`calibrated_toml`] |
/// | `calibration.html`, `calibration.md`, `figures/*.svg` | the diagnostic page |
/// | `calibration.json` | see [`calibration_json`] |
/// | `parameters.csv`, `mix.csv`, `residuals.csv` | its tables |
/// | `manifest.json` | what was done, and the hash of every file |
///
/// # Errors
/// As [`write_run_directory`](super::write_run_directory).
pub fn write_calibration_directory(
    directory: &Path,
    scenario: &Scenario,
    calibration: &Calibration,
    source: &str,
    context: &RunContext,
    options: &WriteOptions,
) -> Result<Vec<PathBuf>, WriteError> {
    let bands = bands(calibration);
    let days = counted(calibration.series.known() as u32, "day");
    let origin = figures::origin(scenario, &days, context);
    let drawn = figures::calibration::all(calibration, &bands, &origin)?;
    let mut files = vec![
        file("scenario.toml", calibrated_toml(calibration, source, context)),
        file("calibration.html", html(scenario, calibration, source, context, &drawn)),
        file("calibration.md", markdown::markdown(scenario, calibration, source, context, &drawn)),
        file("calibration.json", pretty(&calibration_json(calibration, source, context))),
    ];
    let tables = [
        ("parameters", tables::parameters(calibration)),
        ("mix", tables::mix(calibration)),
        ("residuals", tables::residuals(calibration)),
    ];
    files.extend(table_and_figure_files(&tables, &drawn, options)?);
    let about = document!({
        "version": context.version,
        "scenario": scenario.name,
        "scenario_hash": context.scenario_hash,
        "seed": scenario.seed,
        "command": context.command,
    });
    publish(directory, files, about)
}

/// The result in one sentence.
fn sentence(calibration: &Calibration) -> String {
    let Calibration { level, growth, uncertainty, .. } = calibration;
    let month = |step: f64| percent(libm::expm1(step * libm::sqrt(30.0)));
    let course = match &calibration.wander_per_day {
        Some(step) if calibration.posterior.tells_wandering() => {
            format!("and the level wanders by {} a month", month(step.estimate))
        }
        Some(_) => format!(
            "and whether the level wanders these data do not tell: it is taken to, by {} a month, by \
             the prior",
            month(uncertainty.wander_per_day)
        ),
        None if growth.lo > 0.0 || growth.hi < 0.0 => {
            let month = |rate: f64| percent(libm::expm1(rate * 30.0));
            format!(
                "with a trend of {} a month [{}, {}]",
                month(growth.estimate),
                month(growth.lo),
                month(growth.hi)
            )
        }
        None => "and no trend shows".to_string(),
    };
    let usual = calibration.usual_level();
    let and_others = calibration.outlying_days.map_or(String::new(), |_| {
        let with = eth(level.estimate);
        format!(" without days far out of line, {with} with them spread over all,")
    });
    format!(
        "Spend is {} ETH a day (median, 90 %: [{}, {}]){and_others} on {}, {course}.",
        eth(usual.estimate),
        eth(usual.lo),
        eth(usual.hi),
        short_date(calibration.start)
    )
}

/// What the trend is called: beside a level that wanders it is what is left of it, and
/// mostly assumed to be small.
fn growth_name(calibration: &Calibration, trend: &str) -> String {
    let beside = calibration.wander_per_day.is_some();
    format!("{trend}, {}", if beside { "beside the wandering" } else { "so far" })
}

/// What was fitted to what.
fn extent(calibration: &Calibration, source: &str) -> String {
    format!("{source}: {}", days_in_words(&calibration.series))
}

/// How many days of a series count, from when to when.
pub(super) fn days_in_words(series: &DailySeries) -> String {
    let days = counted(series.known() as u32, "complete day");
    let span = series.known_span().map(|span| span.map(short_date));
    span.map_or(days.clone(), |[first, last]| format!("{days} from {first} to {last}"))
}

/// What the tests of fit say, in words.
fn verdict(calibration: &Calibration) -> String {
    let goodness = &calibration.goodness;
    let says = |p: f64, bad: &str| {
        if p < SUSPECT { bad.to_string() } else { "as it should".to_string() }
    };
    let correlation = goodness.ljung_box_p.map_or_else(
        || "not to be tested on so few days".to_string(),
        |p| format!("{} (Ljung-Box p = {p:.3})", says(p, "left over")),
    );
    format!(
        "Residuals one day ahead: distribution {} (Kolmogorov-Smirnov p = {:.3}), autocorrelation \
         over all {LAGS} lags together {correlation}.",
        says(goodness.ks_p, "other than the model's"),
        goodness.ks_p
    )
}

/// A calibration for a terminal.
pub fn calibration_terminal(
    calibration: &Calibration,
    source: &str,
    context: &RunContext,
    style: Style,
) -> String {
    let mut page = Page::new(style);
    page.answer(&sentence(calibration), context);
    page.paragraph(DIM, &extent(calibration, source), "");
    let parameters = tables::parameters(calibration);
    page.table(&parameters, &["quantity", "estimate", "lo", "hi"], usize::MAX, None);
    let mix = tables::mix(calibration);
    page.table(
        &mix,
        &["streams", "share", "eth_per_day", "before_eth_per_day", "after_eth_per_day"],
        usize::MAX,
        Some("share"),
    );
    page.blank();
    page.paragraph("", &verdict(calibration), "");
    for remark in &calibration.remarks {
        page.blank();
        page.paragraph(YELLOW, remark, "  ");
    }
    page.files("calibration", context);
    page.text
}

fn ends(fitted: &Fitted) -> Value {
    document!({
        "estimate": number(fitted.estimate),
        "ci90": [number(fitted.lo), number(fitted.hi)],
    })
}

/// A calibration as one JSON document. Keys are in alphabetical order, floats
/// have 9 significant digits; `estimate` is a posterior median with its 90 %
/// interval `ci90`.
///
/// | key | holds |
/// | --- | --- |
/// | `schema` | version of this layout, [`CALIBRATION_SCHEMA`] |
/// | `version`, `scenario`, `scenario_hash`, `seed`, `command`, `source` | what was done |
/// | `answer` | the result in words |
/// | `start` | first day of the calibrated scenario |
/// | `days` | `first`, `last` of the data, and how many are `complete` |
/// | `mean_level_eth_per_day` | mean over the futures of the calibrated scenario, of which `level_eth_per_day` is the median |
/// | `outlying_days` | where days far out of line raise `level_eth_per_day`, a mean over days, by over 5 %: how many `days` clearly had far more than expected, their `share` of all spend, the `factor`, and `level_without_eth_per_day`; else null |
/// | `level_eth_per_day`, `growth_per_day`, `burst_cv` (of all spend, beyond what the scenario varies by without bursts), `stream_burst_cv` (a scenario gets 1 at most), `burst_hours`, `wander_per_day` (null where the level does not) | the fit |
/// | `weekdays` | weights of the days of UTC from Monday, with mean 1; null where there are too few days |
/// | `wandering_probability` | that the level wanders rather than keeps to a steady trend; 0.99 before any data |
/// | `uncertainty` | what stands as `demand.uncertainty` in the calibrated scenario |
/// | `mix` | by group of streams: `streams`, `share`, `eth_per_day` fitted, `before_eth_per_day` and `after_eth_per_day` simulated |
/// | `goodness` | `ljung_box_p` (null where there are too few days to test), `ks_distance`, `ks_p`, `autocorrelation` from lag 1, `effective_draws` |
/// | `remarks` | sentences |
pub fn calibration_json(calibration: &Calibration, source: &str, context: &RunContext) -> Value {
    let series = &calibration.series;
    let uncertainty = &calibration.uncertainty;
    let goodness = &calibration.goodness;
    let mix = calibration.mix.iter().map(|row| {
        document!({
            "streams": row.group.name(),
            "share": ends(&row.share),
            "eth_per_day": number(row.eth_per_day),
            "before_eth_per_day": number(row.before_eth_per_day),
            "after_eth_per_day": number(row.after_eth_per_day),
        })
    });
    document!({
        "schema": CALIBRATION_SCHEMA,
        "version": context.version,
        "scenario": calibration.scenario.name,
        "scenario_hash": context.scenario_hash,
        "seed": calibration.scenario.seed,
        "command": context.command,
        "source": source,
        "answer": sentence(calibration),
        "start": calibration.start.to_string(),
        "days": {
            "first": series.date(0).to_string(),
            "last": series.date(series.len().saturating_sub(1)).to_string(),
            "complete": series.known(),
        },
        "level_eth_per_day": ends(&calibration.level),
        "outlying_days": calibration.outlying_days.map(|outlying| document!({
            "days": outlying.days,
            "share": number(outlying.share),
            "factor": number(outlying.factor),
            "level_without_eth_per_day": ends(&outlying.level_without),
        })),
        "mean_level_eth_per_day": number(calibration.mean_level),
        "growth_per_day": ends(&calibration.growth),
        "burst_cv": ends(&calibration.burst_cv),
        "stream_burst_cv": ends(&calibration.stream_burst_cv),
        "burst_hours": ends(&calibration.burst_hours),
        "wander_per_day": calibration.wander_per_day.as_ref().map(ends),
        "weekdays": calibration.weekdays.as_ref().map(|days| days.iter().map(ends).collect::<Vec<_>>()),
        "wandering_probability": number(calibration.posterior.wandering),
        "uncertainty": {
            "level_cv": number(uncertainty.level_cv),
            "growth_per_day_sd": number(uncertainty.growth_per_day_sd),
            "level_growth_correlation": number(uncertainty.level_growth_correlation),
            "wander_per_day": number(uncertainty.wander_per_day),
            "wander_cv": number(uncertainty.wander_cv),
        },
        "mix": mix.collect::<Vec<_>>(),
        "goodness": {
            "ljung_box_p": goodness.ljung_box_p.map(number),
            "ks_distance": number(goodness.ks_distance),
            "ks_p": number(goodness.ks_p),
            "autocorrelation": goodness.autocorrelation.iter().map(|r| number(*r)).collect::<Vec<_>>(),
            "effective_draws": number(calibration.posterior.effective),
        },
        "remarks": calibration.remarks,
    })
}

/// `calibration.html`: one file, no network access.
fn html(
    scenario: &Scenario,
    calibration: &Calibration,
    source: &str,
    context: &RunContext,
    figures: &[Figure],
) -> String {
    let under = extent(calibration, source);
    let mut page = page_start(title(scenario), &sentence(calibration), &under, context);
    let range = |fitted: &Fitted, decimals: usize| {
        format!("[{}, {}]", grouped(fitted.lo, decimals), grouped(fitted.hi, decimals))
    };
    let level = calibration.usual_level();
    let and_others = calibration.outlying_days.map_or(String::new(), |_| {
        format!("; {} with days far out of line", eth(calibration.level.estimate))
    });
    let cards = [
        (
            "Spent a day at the start, median",
            format!("{} ETH", eth(level.estimate)),
            format!("[{}, {}], 90 %{and_others}", eth(level.lo), eth(level.hi)),
        ),
        (
            &growth_name(calibration, "Trend a month"),
            percent(libm::expm1(calibration.growth.estimate * 30.0)),
            format!(
                "[{}, {}]",
                percent(libm::expm1(calibration.growth.lo * 30.0)),
                percent(libm::expm1(calibration.growth.hi * 30.0))
            ),
        ),
        (
            "Bursts of all spend, cv",
            grouped(calibration.burst_cv.estimate, 2),
            range(&calibration.burst_cv, 2),
        ),
        (
            "A burst holds",
            format!("{} h", grouped(calibration.burst_hours.estimate, 0)),
            range(&calibration.burst_hours, 0),
        ),
    ];
    push_card_section(&mut page, &cards);
    push_caveats(&mut page, calibration.remarks.iter().map(|remark| html_prose(remark)));
    page.push_str("<section>\n<h2>What was fitted</h2>\n<div class=\"stack\">\n");
    push_table(&mut page, &tables::parameters(calibration));
    push_table(&mut page, &tables::mix(calibration));
    page.push_str("</div>\n</section>\n");
    let _ = write!(
        page,
        "<section>\n<h2>How well it fits</h2>\n<p>{}</p>\n</section>\n",
        html_escaped(&verdict(calibration))
    );
    for figure in figures {
        push_figure(&mut page, figure, context);
    }
    let intro = "Estimates are posterior medians with 90&nbsp;% intervals. What is not known of \
                 level, growth and wandering stands in <code>scenario.toml</code> as \
                 <code>demand.uncertainty</code>, so that a forecast from it contains it. Requests \
                 were scaled until the scenario, simulated, spends what was really spent.";
    let facts =
        [("Seed", scenario.seed.to_string()), ("Scenario hash", context.scenario_hash.clone())];
    push_reproduction(&mut page, intro, context, &facts);
    page + &page_end()
}
