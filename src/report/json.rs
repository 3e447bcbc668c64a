//! `summary.json`: the forecast for programs.

use serde_json::{Map, Value, json};

use super::format::{date_after, rounded};
use super::sentence::sentence;
use super::{
    RunContext, aggregation, customers, overpayment, redemptions, reduction, responses, steering,
    treasury,
};
use crate::ensemble::{Bound, Estimate, Forecast, ObjectiveResult, Quantile, Verdict, Warning};
use crate::scenario::Scenario;
use crate::units::Wei;

/// Version of the layout [`summary_json`] describes; it grows when a key
/// changes its meaning or goes.
pub const SUMMARY_SCHEMA: u32 = 1;

/// The forecast as one JSON document.
///
/// Keys are in alphabetical order, floats have 9 significant digits, wei are
/// decimal strings, shares lie between 0 and 1, an interval is `[lo, hi]` at
/// 95 %, and what lies beyond the horizon is `null`. So is an end of a
/// runway's interval that too few futures bound: it lies below the shortest of
/// them, or above the longest. A single replication has no interval: it is `null`.
///
/// | key | holds |
/// | --- | --- |
/// | `schema` | version of this layout, [`SUMMARY_SCHEMA`] |
/// | `version`, `scenario`, `title`, `scenario_hash`, `seed`, `replications`, `horizon_days`, `mode`, `start` | what was run |
/// | `aggregation` | where some requests stand for others: the `share` of the requests not simulated themselves, the `pace` of each `pipeline/model` (how many requests one stands for), the relative standard error `spend_error` that this gives the spend of a future, the `gateway_spend_error` of the gateway where it is largest, and by how many `stale_hours` at most the gateways' knowledge is old |
/// | `answer` | the result as a sentence |
/// | `credits` | `lpt`, `eth_wei`, `eth` at the start |
/// | `runway_days` | `p10`, `p50`, `p90`, `mean` (`null` where any replication is censored) with `p10_ci95` ..., `mean_ci95`; `restricted_mean` (cut at the horizon) with `restricted_mean_ci95`; `censored_share`; `deadline_share`, of the futures with credits at the deadline, where everything goes back; `left_eth`, what there still is where the credits run out, when one gateway, or the last (`treasury.runway_ends`), cannot pay (`null` where they never do) |
/// | `runway_dates` | the dates of `p10`, `p50`, `p90` |
/// | `survival` | a point a day: `day`, `share` that still has credits, `lo`, `hi` |
/// | `spend` | means over replications: `total_wei`, `total_eth`, `total_eth_ci95`, the median total `total_eth_p50`, and wei by name in `by_pipeline`, `by_model`, `by_gateway`, `by_region` (of the users), each adding up to the total |
/// | `overpayment` | where the ETH went, means over replications: `steps` from "price x units used" to "ETH gone" (`id`, `label`, `eth` with its interval `lo`, `hi`, and `share` of the total; below 0 only for the lottery), their sum `total_eth`, and `unused_share` of it, which paid for nothing that was used: every step but `units_used`, `price_adjustment` and `lottery`; shares are `null` where nothing was spent |
/// | `redemptions` | of winning tickets, means over replications: all, then by the `gas_price_wei` they were won at and the `from_day` from which on it held, where it changed: `redeemed` and `void` (not within their validity of two rounds) with their `_ci95`, `redeemed_per_day` of the `days` simulated, mean `face_value_eth` of the redeemed; empty where none won |
/// | `treasury` | what became of the allocation, means over replications, those that vary with their `_ci95`: `allocated_lpt` and the `inflation_hours` in which so much is minted (they, `sold_lpt`, `conversions` and `proceeds_eth` `null` where the credits are ETH); `drawn_lpt` (by other projects), `sold_lpt` in so many `conversions`, left in the Safe `set_aside_lpt` for other projects and `unsold_lpt`, `returned_lpt`; `proceeds_eth` after `swap_fee_eth`, `swap_impact_eth`, `swap_gas_eth`; `income_eth` from users; `spent_eth`, and at the prices of the days it was spent on `spent_usd`, `spent_lpt`; `left_eth` with the gateways; `returned_eth` at the deadline; all that is left at its last prices, unsold LPT too but not what is set aside, as `credits_left_eth`, `credits_left_usd`, `credits_left_lpt`; what goes back at the deadline at its prices, LPT and ETH, as `credits_returned_eth`, `credits_returned_usd`, `credits_returned_lpt`; `outages` for want of a top-up, their `outage_hours` and the `outage_share` of the gateways' time, and the requests `refused` meanwhile |
/// | `fees.by_orchestrator` | largest first: `id`, `region`, `wei`, `eth`, `share`, `share_ci95`, `stake_share`, `requests` |
/// | `fees.by_region` | wei by region of the orchestrators |
/// | `fees.regions` | the same in full: `id`, `name`, `orchestrators`, `wei`, `eth`, `share`, `share_ci95` |
/// | `fees.concentration` | `gini`, `hhi`, `nakamoto`, `top1`, `top4`, each with its `_ci95`, and `stake_gini`; where nobody earned fees these but the last, and every `share` of fees, are `null` |
/// | `steering` | of requests that were steered to a region, means over replications: `region`, those `steered` there, `served_there` and `nobody_there` (the gateway knew no eligible orchestrator in it), the share of fees its orchestrators were to get (`target_fee_share`, `null` where none was set) and got (`fee_share`); empty where none were |
/// | `users` | of each `gateway` whose users respond or pay, means over replications: `requests_free` and `requests_paying`; `revenue_eth`, `spend_eth` and their difference `net_eth`, with their `_ci95`, and `revenue_usd`; the `rate_factor` of price and quality at the end, and `carries_itself`, the share of replications in which it comes to carry itself, with their `_ci95`; the median `carries_itself_day` of those |
/// | `responses` | of orchestrators that respond, offer by offer: `orchestrator`, `model`, `opening_price_wei` a unit, and at the end `price_wei` with its `price_wei_ci95`, the share of futures `present` with its `present_ci95`, and mean `nodes`, none counted where it is not there; empty where nobody responds |
/// | `service` | `asked`, `served`, `failed`, `failed_by_reason`, `success_rate`, `latency_ms` with `p50`, `p95`, `p99` |
/// | `objectives` | `id`, `text`, `probability`, the share of the futures in which it is known to hold, `unknown_share` of which it cannot be said, and `probability_ci95`, from the least that both allow to the most, `required`, `verdict` (`met`, `missed`, or `not known` where the others decide), and `met`, whether that is `met` |
/// | `variance_reduction` | only with `--variance-reduction`: its `method`, the independent `observations` (replications or pairs), the control variates fitted (`controls`), and of each headline figure (`figures`), by `id`, its `mean` and `ci95`, whether control variates adjust it (`adjusted`), and `equivalent_replications`, the number of independent, unadjusted ones that would know the mean as well (fewer than were run: a loss; `null`: it does not vary, or fewer than 10 observations do not tell). The mean runways of `runway_days` are adjusted too |
/// | `warnings` | `id`, `text` |
/// | `missing` | what is missing, only where the result is put together from some of its shards |
pub fn summary_json(scenario: &Scenario, forecast: &Forecast, context: &RunContext) -> Value {
    let mut summary = json!({
        "schema": SUMMARY_SCHEMA,
        "version": context.version,
        "scenario": scenario.name,
        "title": scenario.title,
        "scenario_hash": context.scenario_hash,
        "seed": forecast.seed,
        "replications": forecast.replications,
        "horizon_days": forecast.horizon_days,
        "mode": forecast.mode,
        "start": scenario.start.to_string(),
        "answer": sentence(scenario, forecast),
        "credits": {
            "lpt": number(scenario.credits.lpt.to_coins()),
            "eth_wei": scenario.credits.eth.to_decimal_string(),
            "eth": number(scenario.credits.eth.to_coins()),
        },
        "runway_days": runway(forecast),
        "runway_dates": {
            "p10": date(scenario, &forecast.runway.p10),
            "p50": date(scenario, &forecast.runway.p50),
            "p90": date(scenario, &forecast.runway.p90),
        },
        "survival": forecast.survival.iter().map(|point| json!({
            "day": number(point.day),
            "share": number(point.share),
            "lo": number(point.lo),
            "hi": number(point.hi),
        })).collect::<Vec<_>>(),
        "spend": {
            "total_wei": forecast.spend.total.to_decimal_string(),
            "total_eth": number(forecast.spend.total_eth.mean),
            "total_eth_ci95": ci95(&forecast.spend.total_eth),
            "total_eth_p50": number(forecast.spend.median_eth),
            "by_pipeline": wei_by_name(&forecast.spend.by_pipeline),
            "by_model": wei_by_name(&forecast.spend.by_model),
            "by_gateway": wei_by_name(&forecast.spend.by_gateway),
            "by_region": wei_by_name(&forecast.spend.by_region),
        },
        "overpayment": overpayment(forecast),
        "redemptions": redemptions::document(forecast),
        "treasury": treasury::document(scenario, forecast),
        "fees": fees(forecast),
        "steering": steering::document(forecast),
        "users": customers::document(forecast),
        "responses": responses::document(forecast),
        "service": service(forecast),
        "objectives": forecast.objectives.iter().map(objective).collect::<Vec<_>>(),
        "warnings": warnings_json(&forecast.warnings),
    });
    if let Some(reduction) = reduction::document(forecast) {
        summary["variance_reduction"] = reduction;
    }
    if let Some(aggregation) = &forecast.aggregation {
        summary["aggregation"] = aggregation::document(aggregation);
    }
    if let Some(missing) = &context.missing {
        summary["missing"] = Value::from(missing.as_str());
    }
    summary
}

/// Warnings, each with its `id` and `text`.
pub fn warnings_json(warnings: &[Warning]) -> Value {
    warnings.iter().map(|Warning { id, text }| json!({ "id": id, "text": text })).collect()
}

pub(super) fn runway(forecast: &Forecast) -> Value {
    let runway = &forecast.runway;
    let days = |quantile: &Quantile| optional(quantile.days);
    let interval = |quantile: &Quantile| match (quantile.lo, quantile.hi) {
        (Bound::Unknown, Bound::Unknown) => Value::Null,
        ends => json!([ends.0, ends.1].map(|end| optional(end.days()))),
    };
    json!({
        "p10": days(&runway.p10),
        "p10_ci95": interval(&runway.p10),
        "p50": days(&runway.p50),
        "p50_ci95": interval(&runway.p50),
        "p90": days(&runway.p90),
        "p90_ci95": interval(&runway.p90),
        "mean": optional(runway.mean.map(|mean| mean.mean)),
        "mean_ci95": runway.mean.as_ref().map_or(Value::Null, ci95),
        "restricted_mean": number(runway.restricted_mean.mean),
        "restricted_mean_ci95": ci95(&runway.restricted_mean),
        "censored_share": number(runway.censored_share),
        "deadline_share": number(forecast.endings.deadline_share),
        "left_eth": optional(forecast.endings.left.map(|left| left.total)),
    })
}

fn overpayment(forecast: &Forecast) -> Value {
    let waterfall = &forecast.waterfall;
    json!({
        "steps": waterfall.steps.iter().map(|step| json!({
            "id": step.id,
            "label": step.label,
            "eth": number(step.eth.mean),
            "lo": number(step.eth.lo),
            "hi": number(step.eth.hi),
            "share": optional(step.share),
        })).collect::<Vec<_>>(),
        "total_eth": number(waterfall.total_eth),
        "unused_share": optional(overpayment::unused_share(waterfall)),
    })
}

fn fees(forecast: &Forecast) -> Value {
    let measures = &forecast.concentration;
    let is_known = measures.is_known();
    let known = |estimate: Estimate, part: fn(Estimate) -> Value| match is_known {
        true => part(estimate),
        false => Value::Null,
    };
    let regions: Vec<(String, Wei)> =
        forecast.region_fees.iter().map(|region| (region.id.clone(), region.fees)).collect();
    json!({
        "by_orchestrator": forecast.fees.iter().map(|fee| json!({
            "id": fee.id,
            "region": fee.region,
            "wei": fee.fees.to_decimal_string(),
            "eth": number(fee.fees.to_coins()),
            "share": known(fee.share, |share| number(share.mean)),
            "share_ci95": known(fee.share, |share| ci95(&share)),
            "stake_share": number(fee.stake_share),
            "requests": number(fee.requests),
        })).collect::<Vec<_>>(),
        "by_region": wei_by_name(&regions),
        "regions": forecast.region_fees.iter().map(|region| json!({
            "id": region.id,
            "name": region.name,
            "orchestrators": region.orchestrators,
            "wei": region.fees.to_decimal_string(),
            "eth": number(region.fees.to_coins()),
            "share": known(region.share, |share| number(share.mean)),
            "share_ci95": known(region.share, |share| ci95(&share)),
        })).collect::<Vec<_>>(),
        "concentration": {
            "gini": known(measures.gini, |index| number(index.mean)),
            "gini_ci95": known(measures.gini, |index| ci95(&index)),
            "hhi": known(measures.hhi, |index| number(index.mean)),
            "hhi_ci95": known(measures.hhi, |index| ci95(&index)),
            "nakamoto": known(measures.nakamoto, |index| number(index.mean)),
            "nakamoto_ci95": known(measures.nakamoto, |index| ci95(&index)),
            "top1": known(measures.top1, |index| number(index.mean)),
            "top1_ci95": known(measures.top1, |index| ci95(&index)),
            "top4": known(measures.top4, |index| number(index.mean)),
            "top4_ci95": known(measures.top4, |index| ci95(&index)),
            "stake_gini": number(measures.stake_gini),
        },
    })
}

fn service(forecast: &Forecast) -> Value {
    let service = &forecast.service;
    let reasons = service.failed.named().map(|(name, count)| (name.to_string(), number(count)));
    json!({
        "asked": number(service.asked),
        "served": number(service.served),
        "failed": number(service.failed.total()),
        "failed_by_reason": Map::from_iter(reasons),
        "success_rate": optional(service.success_rate()),
        "latency_ms": {
            "p50": optional(service.latency.p50_ms),
            "p95": optional(service.latency.p95_ms),
            "p99": optional(service.latency.p99_ms),
        },
    })
}

/// A mean with its interval; `null` of none.
pub(super) fn estimated(estimate: &Option<Estimate>) -> Value {
    estimate.as_ref().map_or(
        Value::Null,
        |estimate| json!({ "mean": number(estimate.mean), "ci95": ci95(estimate) }),
    )
}

pub(super) fn objective(objective: &ObjectiveResult) -> Value {
    json!({
        "id": objective.id,
        "text": objective.text,
        "probability": number(objective.probability.mean),
        "probability_ci95": ci95(&objective.probability),
        "required": number(objective.required),
        "unknown_share": number(objective.unknown_share),
        "verdict": objective.verdict.in_words(),
        "met": objective.verdict == Verdict::Met,
    })
}

fn date(scenario: &Scenario, quantile: &Quantile) -> Value {
    let date = quantile.days.and_then(|days| date_after(scenario.start, days));
    date.map_or(Value::Null, |date| Value::String(date.to_string()))
}

/// Amounts of the same name are added up.
fn wei_by_name(parts: &[(String, Wei)]) -> Value {
    let mut sums = std::collections::BTreeMap::<&str, u128>::new();
    for (name, wei) in parts {
        *sums.entry(name).or_default() += wei.0;
    }
    sums.into_iter().map(|(name, sum)| (name.to_string(), Value::String(sum.to_string()))).collect()
}

/// An interval; `null` where there is none.
pub(super) fn ci95(estimate: &Estimate) -> Value {
    estimate.interval().map_or(Value::Null, |(lo, hi)| json!([number(lo), number(hi)]))
}

pub(super) fn optional(value: Option<f64>) -> Value {
    value.map_or(Value::Null, number)
}

/// An integer where the number is whole; `null` where it is not finite.
pub(super) fn number(value: f64) -> Value {
    const EXACT: f64 = 9.0e15;
    match rounded(value) {
        Some(short) if short == libm::floor(short) && libm::fabs(short) < EXACT => {
            Value::from(short as i64)
        }
        Some(short) => Value::from(short),
        None => Value::Null,
    }
}
