//! What people and programs read of a backtest.

mod markdown;
pub(super) mod tables;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json as document};

use super::directory::{WriteOptions, figure_files, file, pretty, publish};
use super::figures::{self, Figure};
use super::format::{counted, eth, grouped, html_escaped, percent, short_date, whole_percent};
use super::html::{
    page_end, page_start, push_card_section, push_caveats, push_figure, push_reproduction,
    push_table,
};
use super::json::number;
use super::text::{DIM, Page, Style, YELLOW};
use super::{RunContext, WriteError};
use crate::experiment::backtest::{Backtest, EngineForecast, HORIZONS, Method, Scored, Summary};

/// Version of the layout [`backtest_json`] describes.
pub const BACKTEST_SCHEMA: u32 = 1;

const TITLE: &str = "How good forecasts were";

const METHODS: [&str; 4] = [
    "The fitted model is that of `orchsim calibrate`, fitted anew at each origin to the days \
     before it alone. What is drawn are futures of the model, not simulations of requests.",
    "Last week's mean: with the error of a random walk, whose steps differ as much as weekly means \
     did. Same weekday: as it was last, each with a random walk of its own. Exponential smoothing: \
     of the logarithm, with the weight of greatest likelihood.",
    "CRPS (continuous ranked probability score, ETH) is the mean distance of a forecast from what \
     came, spread included; lower is better. Bias is forecast median less what came.",
    "Neighbouring origins share most of the days they forecast: so many forecasts are worth no \
     more than the few horizons that fit side by side into the series.",
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
        file("summary.csv", tables::summary(backtest).csv()),
        file("totals.csv", tables::all_totals(backtest).csv()),
    ];
    for figure in &drawn {
        files.extend(figure_files(figure, &WriteOptions::default())?);
    }
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
            "{} of {} totals over {horizon} days lay within the 80 % interval",
            whole_percent(model.coverage[1]),
            grouped(model.forecasts as f64, 0)
        ))
    });
    let parts: Vec<String> = parts.collect();
    let lost = lost_to(backtest);
    let rank = match lost.as_slice() {
        [] => "the fitted model has the best CRPS throughout".to_string(),
        _ => format!("the fitted model loses to {}", lost.join(" and to ")),
    };
    format!("{}; {rank}.", parts.join(", "))
}

/// Baselines that do better than the model, and in what.
fn lost_to(backtest: &Backtest) -> Vec<String> {
    let better = |summary: &dyn Fn(usize) -> Option<Summary>, what: &str| {
        let model = summary(0);
        let lost = (1..Method::ALL.len()).filter(|&method| {
            summary(method).zip(model).is_some_and(|(other, model)| other.crps < model.crps)
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
    let series = &backtest.series;
    format!(
        "{source}: {} from {} to {}, {}, each fitted to at least {} days before it",
        counted(series.known() as u32, "complete day"),
        short_date(series.date(0)),
        short_date(series.date(series.len().saturating_sub(1))),
        counted(backtest.origins.len() as u32, "origin"),
        backtest.plan.least_past
    )
}

/// How many horizons fit side by side into what was forecast.
fn independence(backtest: &Backtest) -> Vec<String> {
    let first = backtest.origins.first().map_or(0, |origin| origin.day);
    let span = backtest.series.len() - first;
    let of_horizon = |horizon: &usize| {
        let totals = backtest.totals(0, *horizon)?;
        Some(format!(
            "Totals over {horizon} days: {}, from {} that fit side by side; their coverage is known \
             no better than that.",
            counted(totals.forecasts as u32, "forecast"),
            counted((span / horizon) as u32, "horizon")
        ))
    };
    HORIZONS.iter().filter_map(of_horizon).collect()
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
    page.section(tables::summary(backtest).lines(
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
    ));
    if let Some(engine) = engine {
        page.blank();
        page.paragraph("", &simulated(engine), "");
    }
    for text in notes.iter().cloned().chain(independence(backtest)) {
        page.blank();
        page.paragraph(YELLOW, &text, "  ");
    }
    page.page("backtest", context);
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
/// | `summaries` | by `quantity` (`daily`, `total_30`, `total_90`) and `method`: `forecasts`, `coverage_50`, `coverage_80`, `coverage_95`, `crps_eth`, `bias_eth`, `mean_actual_eth`, `skill` (1 less CRPS over that of last week's mean) |
/// | `loses_to` | baselines with a better CRPS |
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
    let summaries = tables::summaries(backtest).into_iter().map(|(quantity, method, summary)| {
        document!({
            "quantity": quantity,
            "method": method.id(),
            "forecasts": summary.forecasts,
            "coverage_50": number(summary.coverage[0]),
            "coverage_80": number(summary.coverage[1]),
            "coverage_95": number(summary.coverage[2]),
            "crps_eth": number(summary.crps),
            "bias_eth": number(summary.bias),
            "mean_actual_eth": number(summary.actual),
            "skill": number(tables::skill(backtest, &quantity, &summary)),
        })
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
            percent(model.coverage[1]),
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
    push_caveats(&mut page, caveats.map(|text| html_escaped(&text)));
    page.push_str("<section>\n<h2>Against baselines</h2>\n");
    push_table(&mut page, &tables::summary(backtest));
    page.push_str("</section>\n");
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
        let _ = writeln!(page, "<p>{}</p>", html_escaped(text));
    }
    page.push_str("</section>\n");
    let intro = "The same version, data and options give the same bytes on any machine; \
                 <code>manifest.json</code> has the hash of every file.";
    let facts =
        [("Seed", backtest.plan.seed.to_string()), ("Fingerprint", context.scenario_hash.clone())];
    push_reproduction(&mut page, intro, context, &facts);
    page + &page_end()
}
