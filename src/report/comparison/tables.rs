//! What each table of a comparison holds.

use super::json::word;
use super::scale::{Scale, signed};
use crate::ensemble::{Estimate, Headline, Quantile};
use crate::experiment::{Change, Comparison, Difference, Run, Variant};
use crate::report::format::{
    MISSING, chosen_percent, days, grouped, interval, percent, quantile_interval, share_interval,
    whole_percent,
};
use crate::report::table::{Cell, Column, Table, Unit};

/// Columns of [`differences`] that terminals have room for, the widest first.
pub(super) const ON_TERMINAL: [&[&str]; 3] = [
    &["figure", "base", "variant", "difference", "relative"],
    &["figure", "base", "variant", "difference"],
    &["figure", "difference"],
];
/// The same of [`users`].
pub(super) const USERS_ON_TERMINAL: [&[&str]; 2] = [
    &[
        "region",
        "success_rate",
        "success_rate_difference",
        "latency_p50_ms",
        "latency_p50_ms_difference",
    ],
    &["region", "success_rate_difference", "latency_p50_ms_difference"],
];
/// How to read [`users`].
pub(super) const ABOUT_USERS: &str = "How well the users of each region are served in the base, \
    and what the variant changes.";
/// Which orchestrators [`orchestrators`] shows.
pub(super) const ABOUT_ORCHESTRATORS: &str = "Orchestrators that the variant changes come first, \
    then those whose fees change most; all are in orchestrators.csv.";
/// Orchestrators that a report shows.
const MOST_ORCHESTRATORS: usize = 6;

/// Base against one variant, a row a headline figure, without those of [`users`].
pub(super) fn differences(comparison: &Comparison, variant: &Variant) -> Table {
    let horizon = comparison.base.forecast.horizon_days;
    let is_cut = [&comparison.base, &variant.run].into_iter().any(Run::is_cut);
    let label = |headline: &Headline| match headline.id.as_str() {
        "runway_days" if is_cut => format!("{} to day {horizon}", headline.label),
        // A terminal has room for so much.
        id if id.starts_with("fee_share.") => headline.label.replacen("fee share", "fees", 1),
        _ => headline.label.clone(),
    };
    let is_of_all = |difference: &&Difference| difference.headline.of_users_in().is_none();
    base_against(&variant.run.name, variant.differences.iter().filter(is_of_all), label)
}

/// How well the users of each region are served, a row a region; without a row where
/// all are in one.
pub(super) fn users(comparison: &Comparison, variant: &Variant) -> Table {
    let of_users = variant.differences.iter().filter_map(|difference| {
        let (figure, region) = difference.headline.of_users_in()?;
        Some((region, figure, difference))
    });
    let of_users: Vec<(&str, &str, &Difference)> = of_users.collect();
    let by_region: Vec<&[_]> = of_users.chunk_by(|a, b| a.0 == b.0).collect();
    let mut columns = vec![Column::text("region", &format!("{}: users in", variant.run.name))];
    for (_, figure, _) in by_region.iter().take(1).copied().flatten() {
        let label = variant.difference(figure).map_or(*figure, |all| &all.headline.label);
        columns.push(Column::number(*figure, label));
        columns.push(Column::number(format!("{figure}_difference"), "difference"));
    }
    let regions = [&comparison.base, &variant.run].map(|run| &run.scenario.network.regions);
    let row = |figures: &&[(&str, &str, &Difference)]| {
        let id = figures[0].0;
        let region = regions.into_iter().flatten().find(|region| region.id == id);
        let cells = figures.iter().flat_map(|(.., difference)| {
            let scale = Scale::of(difference);
            let level = difference.base.or(difference.variant);
            let [change, ..] = paired_cells(difference, &scale);
            [level.map_or(MISSING.to_string(), |level| scale.with_unit(&level)), change]
        });
        let name = region.map_or(id, |region| &region.name);
        std::iter::once(name.to_string()).chain(cells).map(Cell::Text).collect()
    };
    let is_shown = by_region.len() > 1;
    Table::new(columns, by_region.iter().filter(|_| is_shown).map(row).collect())
}

/// Fees in base and variant, a row an orchestrator; the first
/// [`MOST_ORCHESTRATORS`].
pub(super) fn orchestrators(variant: &Variant) -> Table {
    let most = variant.orchestrators.len().min(MOST_ORCHESTRATORS);
    let title = format!("{}: fees of", variant.run.name);
    let first = variant.orchestrators[..most].iter();
    base_against(&title, first, |headline| headline.label.clone())
}

/// What a narrow screen shows first comes first.
fn base_against<'a>(
    title: &str,
    differences: impl Iterator<Item = &'a Difference>,
    label: impl Fn(&Headline) -> String,
) -> Table {
    let columns = vec![
        Column::text("figure", title),
        Column::number("difference", "difference"),
        Column::number("base", "base"),
        Column::number("variant", "variant"),
        Column::number("relative", "relative"),
        Column::number("win", "better in"),
        Column::number("correlation", "corr."),
    ];
    let rows = differences.map(|difference| {
        let scale = Scale::of(difference);
        let base = difference.base.map_or(MISSING.to_string(), |base| match difference.variant {
            Some(_) => scale.level(base.mean),
            None => scale.with_unit(&base),
        });
        let other = difference.variant.map_or(MISSING.to_string(), |level| scale.with_unit(&level));
        let [change, relative, win, correlation] = paired_cells(difference, &scale);
        let cells = [label(&difference.headline), change, base, other, relative, win, correlation];
        cells.map(Cell::Text).to_vec()
    });
    Table::new(columns, rows.collect())
}

fn paired_cells(difference: &Difference, scale: &Scale) -> [String; 4] {
    let missing = || MISSING.to_string();
    let Some(paired) = &difference.paired else {
        let only = match (&difference.base, &difference.variant) {
            (Some(_), None) => "base only",
            (None, Some(_)) => "variant only",
            _ => MISSING,
        };
        return [only.to_string(), missing(), missing(), missing()];
    };
    let correlation = paired.correlation.map_or_else(missing, |value| grouped(value, 2));
    if paired.change == Change::Unchanged {
        return ["unchanged".to_string(), missing(), missing(), correlation];
    }
    [
        scale.difference(paired),
        paired.relative.map_or_else(missing, relative),
        paired.win.map_or_else(missing, |win| whole_percent(win.mean)),
        correlation,
    ]
}

/// A part of the base's mean, in percent with its sign.
fn relative(share: f64) -> String {
    let decimals = if libm::fabs(share) < 0.1 { 1 } else { 0 };
    format!("{} %", signed(share * 100.0, decimals))
}

/// How long the credits last, a row a scenario.
pub(super) fn runways(comparison: &Comparison) -> Table {
    let columns = vec![
        Column::text("scenario", "Runway in days"),
        Column::number("p10", "10 % out by"),
        Column::number("p50", "half out by"),
        Column::number("p90", "90 % out by"),
        Column::number("mean", "mean to the horizon"),
        Column::number("censored", "not out"),
    ];
    let row = |run: &Run| {
        let runway = &run.forecast.runway;
        let quantile = |quantile: &Quantile| {
            let reached = quantile.days.map_or("not reached".to_string(), days);
            let bounds = quantile_interval(quantile, run.forecast.horizon_days);
            Cell::Text(format!("{reached} {bounds}").trim_end().to_string())
        };
        let mean = &runway.restricted_mean;
        vec![
            Cell::text(run.name.as_str()),
            quantile(&runway.p10),
            quantile(&runway.p50),
            quantile(&runway.p90),
            Cell::text(format!(
                "{} {}",
                days(mean.mean),
                interval(mean, if mean.mean < 10.0 { 1 } else { 0 })
            )),
            Cell::text(percent(runway.censored_share)),
        ]
    };
    Table::new(columns, comparison.runs().map(row).collect())
}

/// The objectives of every scenario, judged; without a row where none has any.
pub(super) fn objectives(comparison: &Comparison) -> Table {
    let columns = vec![
        Column::text("scenario", "Scenario"),
        Column::text("objective", "Objective"),
        Column::number("probability", "Holds in"),
        Column::number("interval", "95 % interval"),
        Column::number("required", "Needs"),
        Column::text("verdict", "Verdict"),
    ];
    let rows = comparison.runs().flat_map(|run| {
        run.forecast.objectives.iter().map(|objective| {
            let holds = &objective.probability;
            [
                run.name.clone(),
                objective.id.clone(),
                percent(holds.mean),
                share_interval(holds),
                chosen_percent(objective.required),
                objective.verdict.in_words().to_string(),
            ]
        })
    });
    Table::new(columns, rows.map(|row| row.map(Cell::Text).to_vec()).collect())
}

/// Everything about the differences that `of` chooses, for programs: a row a
/// variant and figure, in the figure's own unit.
pub(super) fn long(comparison: &Comparison, of: fn(&Variant) -> &[Difference]) -> Table {
    let mut columns = ["variant", "figure", "unit", "better"].map(Column::for_programs).to_vec();
    for key in ["base", "value", "difference"] {
        columns.extend(Column::interval(key, key));
    }
    let joint = ["difference_joint_lo", "difference_joint_hi", "relative"];
    columns.extend(joint.map(Column::for_programs));
    columns.extend(Column::interval("win", "win"));
    let pairing = ["correlation", "variance_ratio", "pairs", "left_out", "change"];
    columns.extend(pairing.map(Column::for_programs));
    let rows = comparison.variants.iter().flat_map(|variant| {
        of(variant).iter().map(|difference| {
            let headline = &difference.headline;
            let paired = difference.paired.as_ref();
            let plain = |value: Option<f64>| Cell::Number(value, Unit::Index);
            let estimate = |estimate: Option<Estimate>| Cell::interval(estimate, Unit::Index);
            let mut cells = vec![
                Cell::text(variant.run.name.as_str()),
                Cell::text(headline.id.as_str()),
                Cell::Text(word(&headline.unit)),
                Cell::Text(word(&headline.better)),
            ];
            cells.extend(estimate(difference.base));
            cells.extend(estimate(difference.variant));
            cells.extend(estimate(paired.map(|paired| paired.difference)));
            cells.push(plain(paired.map(|paired| paired.joint.lo)));
            cells.push(plain(paired.map(|paired| paired.joint.hi)));
            cells.push(plain(paired.and_then(|paired| paired.relative)));
            cells.extend(estimate(paired.and_then(|paired| paired.win)));
            cells.push(plain(paired.and_then(|paired| paired.correlation)));
            cells.push(plain(paired.and_then(|paired| paired.variance_ratio)));
            cells.push(plain(Some(paired.map_or(0, |paired| paired.pairs) as f64)));
            cells.push(plain(Some(difference.left_out as f64)));
            cells.push(Cell::Text(paired.map_or(String::new(), |paired| word(&paired.change))));
            cells
        })
    });
    Table::new(columns, rows.collect())
}

/// Every headline figure of every replication of every scenario.
pub(super) fn replications(comparison: &Comparison) -> Table {
    let mut ids: Vec<&str> = Vec::new();
    for headline in comparison.runs().flat_map(|run| &run.headlines) {
        if !ids.contains(&headline.id.as_str()) {
            ids.push(&headline.id);
        }
    }
    let mut columns =
        vec![Column::text("scenario", "scenario"), Column::number("replication", "replication")];
    columns.extend(ids.iter().map(|id| Column::number(*id, *id)));
    let mut rows = Vec::new();
    for run in comparison.runs() {
        let figures: Vec<Option<Vec<Option<f64>>>> = ids.iter().map(|id| run.figure(id)).collect();
        for number in 0..run.values.len() {
            let value = |figure: &Option<Vec<Option<f64>>>| {
                let value = figure.as_ref().and_then(|values| values.get(number).copied());
                Cell::Number(value.flatten(), Unit::Index)
            };
            let mut cells = vec![Cell::text(run.name.as_str()), Cell::count(number as f64)];
            cells.extend(figures.iter().map(value));
            rows.push(cells);
        }
    }
    Table::new(columns, rows)
}
