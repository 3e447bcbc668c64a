//! What people and programs read of a backtest.

mod markdown;
pub(super) mod tables;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json as document};

use super::calibration::days_in_words;
use super::directory::{WriteOptions, file, pretty, publish, table_and_figure_files};
use super::figures::{self, Figure};
use super::format::{
    counted, eth, grouped, html_escaped, html_prose, percent, short_date, whole_percent,
};
use super::html::{
    page_end, page_start, push_card_section, push_caveats, push_explained, push_figure,
    push_reproduction, push_table,
};
use super::json::{ci95, number, optional};
use super::text::{DIM, Page, Style, YELLOW};
use super::{RunContext, WriteError};
use crate::experiment::backtest::{Backtest, EngineForecast, HORIZONS, Method, Scored, Summary};
use tables::{Amounts, Row};

/// Version of the layout [`backtest_json`] describes.
pub const BACKTEST_SCHEMA: u32 = 1;

/// Width of the interval of a coverage from which on it says next to nothing.
const SAYS_NOTHING: f64 = 0.6;

/// Share of what came on average below which a difference of CRPS says nothing.
const NOTICEABLE: f64 = 0.001;

const TITLE: &str = "How good forecasts were";

const COVERAGE: &str = "How well coverage is known";
const COVERAGE_EXPLANATION: &str = "Of the fitted model, with 95 % intervals for as many \
                                    independent forecasts as these are worth.";

const METHODS: [&str; 4] = [
    "The fitted model is that of `orchsim calibrate`, fitted anew at each origin to the days \
     before it alone. What is drawn are futures of the model, not simulations of requests.",
    "Last week's mean: with the error of a random walk, whose steps differ as much as weekly means \
     did. Same weekday: as it was last, each with a random walk of its own. Exponential smoothing: \
     of the logarithm, with the weight of greatest likelihood.",
    "CRPS (continuous ranked probability score, ETH) is the mean distance of a forecast from what \
     came, spread included; lower is better. Bias is forecast median less what came.",
    "Neighbouring origins share most of the days they forecast: so many forecasts are worth no \
     more than the few horizons that fit side by side into the series. The 95 % interval of a \
     coverage is Wilson's for so many independent forecasts; all days of a horizon, and in all \
     totals both horizons, are taken to be right or wrong together.",
];

/// A backtest with what is told of it.
#[derive(Clone, Copy, Debug)]
pub struct BacktestReport<'a> {
    /// The forecasts and how they came out.
    pub backtest: &'a Backtest,
    /// The last one simulated, where a scenario was given.
    pub engine: Option<&'a EngineForecast>,
    /// The name of the spend file.
    pub source: &'a str,
    /// What was found in reading it, a sentence each.
    pub notes: &'a [String],
}

/// Writes everything about a backtest into `directory`, replacing what orchsim
/// wrote there before whole. Returns the paths written, in alphabetical order.
///
/// | file | holds |
/// | --- | --- |
/// | `backtest.html`, `backtest.md`, `figures/*.svg` | the report |
/// | `backtest.json` | see [`backtest_json`] |
/// | `summary.csv` | a row for each quantity and method |
/// | `totals.csv` | a row for each origin, horizon and method |
/// | `manifest.json` | what was done, and the hash of every file |
///
/// # Errors
/// As [`write_run_directory`](super::write_run_directory).
pub fn write_backtest_directory(
    directory: &Path,
    report: &BacktestReport,
    context: &RunContext,
    options: &WriteOptions,
) -> Result<Vec<PathBuf>, WriteError> {
    let backtest = report.backtest;
    let origins = counted(backtest.origins.len() as u32, "origin");
    let origin =
        format!("orchsim {} · backtest · {origins} · seed {}", context.version, backtest.plan.seed);
    let drawn = figures::backtest::all(backtest, &origin)?;
    let mut files = vec![
        file("backtest.html", html(report, context, &drawn)),
        file("backtest.md", markdown::markdown(report, context, &drawn)),
        file("backtest.json", pretty(&backtest_json(report, context))),
    ];
    let tables =
        [("summary", tables::summary(backtest)), ("totals", tables::totals_by_origin(backtest))];
    files.extend(table_and_figure_files(&tables, &drawn, options)?);
    let about = document!({
        "version": context.version,
        "fingerprint": context.scenario_hash,
        "seed": backtest.plan.seed,
        "command": context.command,
    });
    publish(directory, files, about)
}

/// The result in one sentence.
fn sentence(backtest: &Backtest) -> String {
    let parts = HORIZONS.into_iter().filter_map(|horizon| {
        let model = backtest.totals(0, horizon)?;
        Some(format!(
            "{} of {} over {horizon} days lay within the 80 % interval",
            whole_percent(model.coverage.shares[1].mean),
            counted(model.coverage.forecasts as u32, "total")
        ))
    });
    let parts: Vec<String> = parts.collect();
    let lost = lost_to(backtest);
    let rank = match lost.as_slice() {
        [] => "no baseline has a noticeably better CRPS than the fitted model".to_string(),
        _ => format!("the fitted model loses to {}", lost.join(" and to ")),
    };
    format!("{}; {rank}.", parts.join(", "))
}

/// Baselines that do better than the model, by more than [`NOTICEABLE`], and in what.
fn lost_to(backtest: &Backtest) -> Vec<String> {
    let better = |summary: &dyn Fn(usize) -> Option<Summary>, what: &str| {
        let model = summary(0);
        let lost = (1..Method::ALL.len()).filter(|&method| {
            let loses = |(other, model): (Summary, Summary)| {
                model.crps - other.crps > NOTICEABLE * model.actual
            };
            summary(method).zip(model).is_some_and(loses)
        });
        lost.map(|method| format!("{} {what}", Method::ALL[method].label())).collect::<Vec<_>>()
    };
    let mut lost = better(&|method| backtest.daily(method), "day by day");
    for horizon in HORIZONS {
        let over = format!("over {horizon} days");
        lost.extend(better(&|method| backtest.totals(method, horizon), &over));
    }
    lost
}

fn extent(backtest: &Backtest, source: &str) -> String {
    format!(
        "{source}: {}, {}, each fitted to at least {} days before it",
        days_in_words(&backtest.series),
        counted(backtest.origins.len() as u32, "origin"),
        backtest.plan.least_past
    )
}

/// How well the model's coverage is known, in a sentence for each horizon.
fn independence(backtest: &Backtest) -> Vec<String> {
    let of_horizon = |horizon: usize| {
        let coverage = backtest.totals(0, horizon)?.coverage;
        let share = coverage.shares[1];
        let says_nothing = share.hi - share.lo > SAYS_NOTHING;
        let verdict = if says_nothing { ", which is close to saying nothing" } else { "" };
        Some(format!(
            "{} of {horizon} days come from {} side by side: {} within the 80 % interval may stand \
             for anything from {} to {}{verdict}.",
            counted(coverage.forecasts as u32, "forecast"),
            counted(coverage.independent as u32, "horizon"),
            whole_percent(share.mean),
            grouped(share.lo * 100.0, 0),
            whole_percent(share.hi)
        ))
    };
    HORIZONS.into_iter().filter_map(of_horizon).collect()
}

/// The last forecast by model and by simulation, in words.
fn simulated(engine: &EngineForecast) -> String {
    let forecast = |scored: &Scored| {
        let [_, lo, _, median, _, hi, _] = scored.quantiles.map(eth);
        format!("{median} ETH [{lo}, {hi}]")
    };
    format!(
        "Spend of {} days from {}, median and 80 % interval: {} by the fitted model, {} by \
         simulation of the calibrated scenario ({}); {} ETH came.",
        HORIZONS[0],
        short_date(engine.date),
        forecast(&engine.model),
        forecast(&engine.engine),
        counted(engine.replications as u32, "replication"),
        eth(engine.model.actual)
    )
}

/// A backtest for a terminal.
pub fn backtest_terminal(report: &BacktestReport, context: &RunContext, style: Style) -> String {
    let BacktestReport { backtest, engine, source, notes } = *report;
    let mut page = Page::new(style);
    page.answer(&sentence(backtest), context);
    page.paragraph(DIM, &extent(backtest, source), "");
    page.table(
        &tables::summary(backtest),
        &[
            "quantity",
            "method",
            "coverage_50",
            "coverage_80",
            "coverage_95",
            "crps_eth",
            "bias_eth",
        ],
        usize::MAX,
        None,
    );
    let keys =
        ["quantity", "forecasts", "independent", "coverage_50", "coverage_80", "coverage_95"];
    page.table(&tables::coverage(backtest), &keys, usize::MAX, None);
    if let Some(engine) = engine {
        page.blank();
        page.paragraph("", &simulated(engine), "");
    }
    for text in notes.iter().cloned().chain(independence(backtest)) {
        page.blank();
        page.paragraph(YELLOW, &text, "  ");
    }
    page.files("backtest", context);
    page.text
}

/// A backtest as one JSON document. Keys are in alphabetical order, floats have
/// 9 significant digits, shares lie between 0 and 1.
///
/// | key | holds |
/// | --- | --- |
/// | `schema` | version of this layout, [`BACKTEST_SCHEMA`] |
/// | `version`, `fingerprint` (of data and options), `seed`, `command`, `source` | what was done |
/// | `answer` | the result in words |
/// | `days` | `first`, `last` of the data, and how many are `complete` |
/// | `plan` | `least_past` days before the first origin, `every` so many days another, `futures` of each forecast |
/// | `summaries` | by `quantity` (`total_30`, `total_90`, `all_totals` where there are both, `daily`) and `method`: `forecasts` and as how many `independent` ones they count, `coverage_50`, `coverage_80`, `coverage_95` with their 95 % intervals for that many (`coverage_50_ci95` ...), `crps_eth`, `bias_eth`, `mean_actual_eth`, `skill` (1 less CRPS over that of last week's mean); the last four `null` of all totals, whose amounts do not add up |
/// | `loses_to` | baselines with a CRPS better by more than 0.1 % of what came on average |
/// | `origins` | `date`, `totals` of each horizon: `horizon`, `days` known, `actual_eth`, and by method `median_eth`, `interval80_eth`, `crps_eth`, `transform` |
/// | `simulated` | with a scenario, the last forecast of 30 days by the fitted `model` and by the `engine`, simulating the scenario calibrated to the days before: `date`, `replications`, `actual_eth`; else null |
/// | `notes` | sentences on the data |
pub fn backtest_json(report: &BacktestReport, context: &RunContext) -> Value {
    let BacktestReport { backtest, engine, source, notes } = *report;
    let series = &backtest.series;
    let plan = &backtest.plan;
    let forecast = |scored: &Scored| {
        document!({
            "median_eth": number(scored.median()),
            "interval80_eth": [number(scored.quantiles[1]), number(scored.quantiles[5])],
            "crps_eth": number(scored.crps),
            "transform": number(scored.transform),
        })
    };
    let simulated = engine.map(|engine| {
        document!({
            "date": engine.date.to_string(),
            "replications": engine.replications,
            "actual_eth": number(engine.model.actual),
            "model": forecast(&engine.model),
            "engine": forecast(&engine.engine),
        })
    });
    let summaries = tables::rows(backtest).into_iter().map(|row| {
        let Row { quantity, method, coverage, amounts, .. } = row;
        let amount = |of: fn(&Amounts) -> f64| optional(amounts.as_ref().map(of));
        let mut summary = document!({
            "quantity": quantity,
            "method": method.id(),
            "forecasts": coverage.forecasts,
            "independent": number(coverage.independent),
            "crps_eth": amount(|amounts| amounts.summary.crps),
            "bias_eth": amount(|amounts| amounts.summary.bias),
            "mean_actual_eth": amount(|amounts| amounts.summary.actual),
            "skill": amount(|amounts| amounts.skill),
        });
        for (percent, share) in tables::INTERVALS.iter().zip(&coverage.shares) {
            summary[format!("coverage_{percent}")] = number(share.mean);
            summary[format!("coverage_{percent}_ci95")] = ci95(share);
        }
        summary
    });
    let origins = backtest.origins.iter().map(|origin| {
        let totals = origin.totals.iter().map(|total| {
            let by_method = Method::ALL
                .iter()
                .zip(&total.scored)
                .map(|(method, scored)| (method.id().to_string(), forecast(scored)));
            let actual = total.scored.first().map(|scored| number(scored.actual));
            document!({
                "horizon": total.horizon,
                "days": total.days,
                "actual_eth": actual,
                "methods": by_method.collect::<serde_json::Map<_, _>>(),
            })
        });
        document!({ "date": origin.date.to_string(), "totals": totals.collect::<Vec<_>>() })
    });
    document!({
        "schema": BACKTEST_SCHEMA,
        "version": context.version,
        "fingerprint": context.scenario_hash,
        "seed": plan.seed,
        "command": context.command,
        "source": source,
        "answer": sentence(backtest),
        "days": {
            "first": series.date(0).to_string(),
            "last": series.date(series.len().saturating_sub(1)).to_string(),
            "complete": series.known(),
        },
        "plan": {
            "least_past": plan.least_past,
            "every": plan.every,
            "futures": plan.futures,
        },
        "summaries": summaries.collect::<Vec<_>>(),
        "loses_to": lost_to(backtest),
        "simulated": simulated,
        "origins": origins.collect::<Vec<_>>(),
        "notes": notes,
    })
}

/// `backtest.html`: one file, no network access.
fn html(report: &BacktestReport, context: &RunContext, figures: &[Figure]) -> String {
    let BacktestReport { backtest, engine, source, notes } = *report;
    let under = extent(backtest, source);
    let mut page = page_start(TITLE, &sentence(backtest), &under, context);
    let card = |horizon: usize, name: &'static str| {
        let model = backtest.totals(0, horizon)?;
        let naive = backtest.totals(1, horizon)?;
        Some((
            name,
            percent(model.coverage.shares[1].mean),
            format!(
                "in the 80 % interval; CRPS {} ETH, last week's mean {}",
                eth(model.crps),
                eth(naive.crps)
            ),
        ))
    };
    let cards: Vec<(&str, String, String)> =
        [card(HORIZONS[0], "Spend of 30 days"), card(HORIZONS[1], "Spend of 90 days")]
            .into_iter()
            .flatten()
            .collect();
    push_card_section(&mut page, &cards);
    let caveats = notes.iter().cloned().chain(independence(backtest));
    push_caveats(&mut page, caveats.map(|text| html_prose(&text)));
    page.push_str("<section>\n<h2>Against baselines</h2>\n");
    push_table(&mut page, &tables::summary(backtest));
    page.push_str("</section>\n");
    push_explained(&mut page, COVERAGE, COVERAGE_EXPLANATION, &[tables::coverage(backtest)]);
    for figure in figures {
        push_figure(&mut page, figure, context);
    }
    if let Some(engine) = engine {
        let _ = write!(
            page,
            "<section>\n<h2>Simulated request by request</h2>\n<p>{}</p>\n</section>\n",
            html_escaped(&simulated(engine))
        );
    }
    page.push_str("<section>\n<h2>How it was done</h2>\n");
    for text in METHODS {
        let _ = writeln!(page, "<p>{}</p>", html_prose(text));
    }
    page.push_str("</section>\n");
    let intro = "The same version, data and options give the same bytes on any machine; \
                 <code>manifest.json</code> has the hash of every file.";
    let facts =
        [("Seed", backtest.plan.seed.to_string()), ("Fingerprint", context.scenario_hash.clone())];
    push_reproduction(&mut page, intro, context, &facts);
    page + &page_end()
}
