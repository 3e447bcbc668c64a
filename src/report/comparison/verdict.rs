//! The answer in words.

use super::scale::Scale;
use crate::ensemble::Headline;
use crate::experiment::{Change, Comparison, Difference, Paired, Remark, Run, Variant};
use crate::report::format::{grouped, plural};

/// Figures a verdict always names.
const ALWAYS: [&str; 3] = ["runway_days", "cost_per_request_eth", "success_rate"];
/// Figures it names where they changed clearly.
const WHERE_CHANGED: [&str; 3] = ["latency_p50_ms", "top4_share", "outage_hours"];
/// Regions whose fee share it names, those that changed most.
const REGIONS: usize = 3;

/// What a variant changes, in one sentence, named first what matters most.
///
/// It names the runway, with what goes back at a deadline, success and the cost of a
/// served request in any case; of the regions' fee shares the three that changed most;
/// median latency, the share of the four largest and the time without funds where they
/// changed; and the spend a day where runways are cut at the horizon. A figure
/// - is "unchanged" where base and variant are equal in every replication,
/// - shows "no clear change" where the interval of its difference contains 0,
/// - else has changed.
///
/// Of one replication, or one antithetic pair, it says what differs, and that it is one.
///
/// Where the variant serves nobody, or nothing but what all runs have in common sets it
/// apart from the base, that is all there is to say.
pub fn verdict(comparison: &Comparison, variant: &Variant) -> String {
    let name = &variant.run.name;
    if variant.run.serves_nobody() {
        return format!("{name}: {}.", no_service(&variant.run));
    }
    if is_base_again(comparison, variant) {
        return format!(
            "{name}: the base once more, as seed, replications and horizon are those of the base."
        );
    }
    let mut parts: Vec<String> = Vec::new();
    let [runway, cost, success] = ALWAYS.map(|id| variant.difference(id));
    if comparison.base.serves_nobody() {
        parts.push("the base serves nobody".to_string());
    }
    parts.extend(runway.map(|difference| runway_words(comparison, variant, difference)));
    parts.extend(success.and_then(words));
    if [&comparison.base, &variant.run].into_iter().any(Run::is_cut) {
        parts.extend(variant.difference("spend_per_day_eth").and_then(words));
    }
    parts.extend(cost.and_then(words));
    parts.extend(regions(variant));
    let changed = WHERE_CHANGED.iter().filter_map(|id| variant.difference(id));
    parts.extend(changed.filter(|difference| has_changed(difference)).filter_map(words));
    format!("{name}: {}.", parts.join("; "))
}

/// What stands over everything else: the first point of the only verdict, with the
/// success where the variant serves less, or how many there are to read.
pub(super) fn headline(comparison: &Comparison) -> String {
    match comparison.variants.as_slice() {
        [variant] => {
            let serves_less = comparison
                .remarks
                .iter()
                .any(|remark| remark.id == "other-mix" && remark.of.contains(&variant.run.name));
            let verdict = verdict(comparison, variant);
            let points = verdict.trim_end_matches('.').split("; ");
            points.take(if serves_less { 2 } else { 1 }).collect::<Vec<_>>().join("; ")
        }
        variants => format!("{} against the base", plural(&variants.len().to_string(), "variant")),
    }
}

/// Whether nothing changes, in a variant whose own seed, replications or horizon were
/// not used.
fn is_base_again(comparison: &Comparison, variant: &Variant) -> bool {
    let is_of_it =
        |remark: &Remark| remark.id == "other-settings" && remark.of.contains(&variant.run.name);
    let is_unchanged = |paired: &Paired| paired.change == Change::Unchanged;
    comparison.remarks.iter().any(is_of_it)
        && variant.differences.iter().filter_map(|d| d.paired.as_ref()).all(is_unchanged)
}

fn no_service(run: &Run) -> String {
    let is_overpriced =
        |warning: &crate::ensemble::Warning| warning.id == "nobody-within-max-price";
    let asked = run.forecast.service.asked > 0.0;
    let reason = if !asked {
        "nobody asks"
    } else if run.forecast.warnings.iter().any(is_overpriced) {
        "no orchestrator is within the maximum price"
    } else {
        "no request is served"
    };
    if run.forecast.spend.total.0 == 0 {
        format!("{reason}: nothing is spent, the runway is unbounded and success is 0 %")
    } else {
        format!("{reason}: whatever is spent is lost, and success is 0 %")
    }
}

fn runway_words(comparison: &Comparison, variant: &Variant, difference: &Difference) -> String {
    let runs = [&comparison.base, &variant.run];
    let horizon = f64::from(comparison.base.forecast.horizon_days);
    let horizon = plural(&grouped(horizon, 0), "day");
    if runs.iter().all(|run| run.forecast.runway.censored_share == 1.0) {
        return format!("runway beyond the horizon of {horizon} in both");
    }
    let cut = runs.into_iter().any(Run::is_cut).then(|| format!("cut at {horizon}"));
    let returned = variant.difference("returned_eth").and_then(words);
    [words(difference), cut, returned].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn has_changed(difference: &Difference) -> bool {
    difference.paired.as_ref().is_some_and(|paired| paired.change == Change::Changed)
}

/// What happened to a figure; `None` where it cannot be compared.
fn words(difference: &Difference) -> Option<String> {
    let paired = difference.paired.as_ref()?;
    let name = phrase(&difference.headline);
    let change = || Scale::of(difference).difference_with_unit(paired);
    Some(match paired.change {
        Change::NoClearChange if paired.pairs == 1 => format!("{name} {} in one pair", change()),
        Change::NoClearChange if paired.observations == 1 => {
            format!("{name} {} in one antithetic pair of futures", change())
        }
        Change::Changed => format!("{name} {}", change()),
        Change::NoClearChange => match change() {
            some if some.contains(|c| ('1'..='9').contains(&c)) => {
                format!("no clear change in {name} ({some})")
            }
            // All of it is rounded away.
            _ => format!("no clear change in {name}"),
        },
        Change::Unchanged => format!("{name} unchanged"),
    })
}

/// How a sentence calls a figure: `Europe's fee share`.
fn phrase(headline: &Headline) -> String {
    match headline.label.strip_prefix("fee share of ") {
        Some(region) if headline.id.starts_with("fee_share.") => format!("{region}'s fee share"),
        _ => headline.label.clone(),
    }
}

fn regions(variant: &Variant) -> Vec<String> {
    let is_region = |difference: &&Difference| difference.headline.id.starts_with("fee_share.");
    let all: Vec<&Difference> = variant.differences.iter().filter(is_region).collect();
    let mut changed: Vec<&Difference> =
        all.iter().copied().filter(|difference| has_changed(difference)).collect();
    let size = |difference: &Difference| {
        difference.paired.as_ref().map_or(0.0, |paired| libm::fabs(paired.difference.mean))
    };
    // Stable: equal changes stay in the order of the regions.
    changed.sort_by(|a, b| size(b).total_cmp(&size(a)));
    if !changed.is_empty() {
        return changed.into_iter().take(REGIONS).filter_map(words).collect();
    }
    let compared: Vec<Change> =
        all.iter().filter_map(|d| d.paired.as_ref()).map(|paired| paired.change).collect();
    let is_single = |d: &&Difference| d.paired.as_ref().is_some_and(|p| p.observations == 1);
    if compared.is_empty() || all.iter().any(is_single) {
        Vec::new()
    } else if compared.iter().all(|change| *change == Change::Unchanged) {
        vec!["fee shares of regions unchanged".to_string()]
    } else {
        vec!["no clear change in any region's fee share".to_string()]
    }
}
