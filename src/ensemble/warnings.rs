//! What a reader should know before believing a forecast.

use super::precision::observations_for;
use super::{Forecast, Plan, RegionFees, Sample, Warning};
use crate::kernel::StreamKey;
use crate::scenario::{MOST_REPLICATIONS, Scenario};
use crate::selection::Market;
use crate::simulation::{Opening, World};
use crate::text::plural;
use crate::treasury::{PricePath, RunwayEnd};
use crate::units::{SimTime, Wei, significant};

const PRICE_WEIGHT_BLIND: &str = "price-weight-blind";

/// Half-width of the interval of the mean runway, relative to the mean, above
/// which a forecast without a precision of its own is called wide.
const WIDE: f64 = 0.05;
/// Decimals of a share in per cent.
const MOST_DIGITS: usize = 9;
/// Hours by which gateways' knowledge may be old before it is worth a word.
const NOTICEABLY_STALE_H: f64 = 24.0;
/// Relative difference above which two prices of a token are not the same.
const DISAGREEING: f64 = 0.01;
/// Share of the money that came to the gateways that others may have left when one
/// runs out, above which it is worth a word.
const STRANDED: f64 = 0.2;
/// Share of what is left so that a gateway has, from which on it is named.
const NAMED_FROM: f64 = 0.1;
/// Success rate below which service is called poor.
pub(crate) const LOW_SUCCESS: f64 = 0.9;
/// Share of the spend lost by failures above which they do not save any.
const NOTICEABLY_LOST: f64 = 0.05;

pub(super) fn warnings(
    world: &World,
    forecast: &Forecast,
    samples: &[Sample],
    plan: Plan,
) -> Vec<Warning> {
    let mut all = Vec::new();
    let mut warn = |id: &'static str, text: String| all.push(Warning { id, text });
    precision_warnings(forecast, plan, &mut warn);
    price_warning(world.scenario, &mut warn);
    let markets = markets(world.scenario);
    selection_warnings(&markets, &mut warn);
    outcome_warnings(world.scenario, &markets, forecast, &mut warn);
    no_fees_warning(samples, &mut warn);
    outage_warning(world.scenario, forecast, &mut warn);
    stranded_warning(world.scenario, samples, &mut warn);
    aggregation_warnings(world, forecast, &mut warn);
    not_suppressed(world.scenario, all)
}

/// Those of a run's warnings that a scenario shows before it is simulated.
pub fn opening_warnings(scenario: &Scenario) -> Vec<Warning> {
    let mut all = Vec::new();
    let mut warn = |id: &'static str, text: String| all.push(Warning { id, text });
    price_warning(scenario, &mut warn);
    selection_warnings(&markets(scenario), &mut warn);
    not_suppressed(scenario, all)
}

fn not_suppressed(scenario: &Scenario, mut warnings: Vec<Warning>) -> Vec<Warning> {
    warnings.retain(|warning| !scenario.suppressed_warnings.iter().any(|id| id == warning.id));
    warnings
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Two shares in per cent, of which the first is the larger, with as many digits as tell
/// them from each other and from 0.
fn distinct_percents(large: f64, small: f64) -> [String; 2] {
    let shown = |digits: usize| [large, small].map(|share| format!("{:.digits$}", share * 100.0));
    let are_distinct = |[large, small]: &[String; 2]| {
        large != small && small.chars().any(|digit| ('1'..='9').contains(&digit))
    };
    (1..MOST_DIGITS).map(shown).find(are_distinct).unwrap_or_else(|| shown(MOST_DIGITS))
}

fn precision_warnings(
    forecast: &Forecast,
    plan: Plan,
    warn: &mut impl FnMut(&'static str, String),
) {
    let n = forecast.replications;
    let mean = forecast.runway.restricted_mean;
    // An end may be cut off at 0 or at the horizon.
    let relative = (mean.hi - mean.mean).max(mean.mean - mean.lo) / mean.mean;
    let wanted = plan.precision.unwrap_or(WIDE);
    let group = plan.variance_reduction.replications_an_observation();
    if n == 1 {
        warn(
            "single-replication",
            "One replication shows one future and no spread, so that no figure has an interval. \
             Run at least 20 (`--replications 20`)."
                .to_string(),
        );
    } else if n == group {
        warn(
            "single-replication",
            "One antithetic pair shows no spread between pairs, so that no figure has an \
             interval. Run at least 20 (`--replications 40`)."
                .to_string(),
        );
    } else if relative > wanted {
        let controls = forecast.reduction.as_ref().map_or(0, |reduction| reduction.controls);
        let most = MOST_REPLICATIONS / group;
        let groups = observations_for(n / group, controls, relative / wanted, most);
        let [known, wanted] = distinct_percents(relative, wanted);
        let more = match groups.map(|groups| groups * group) {
            Some(needed) => {
                format!("about {needed} would bring it to {wanted} % (`--replications {needed}`)")
            }
            None => format!(
                "{MOST_REPLICATIONS}, the most there can be, would not bring it to {wanted} %"
            ),
        };
        warn(
            "wide-interval",
            format!(
                "The mean runway is known only to within {known} % with {n} replications; {more}."
            ),
        );
    }
    let censored = forecast.runway.censored_share;
    if censored > 0.0 {
        warn(
            "censored",
            format!(
                "{} of the futures still have credits at the horizon, day {}: times beyond it \
                 are not known. A longer `--horizon` shows them.",
                percent(censored),
                forecast.horizon_days
            ),
        );
    }
}

fn price_warning(scenario: &Scenario, warn: &mut impl FnMut(&'static str, String)) {
    let written = scenario.credits.prices();
    let followed =
        PricePath::new(&scenario.treasury.prices, written, StreamKey::root(0)).at(SimTime::ZERO);
    let disagree = |a: f64, b: f64| (a / b - 1.0).abs() > DISAGREEING;
    if disagree(written.lpt_usd, followed.lpt_usd) || disagree(written.eth_usd, followed.eth_usd) {
        warn(
            "prices-disagree",
            format!(
                "`credits` has an LPT at {:.2} USD and an ETH at {:.2} USD, where \
                 `token_prices.replay` begins with {:.2} and {:.2}. What the credits are worth at \
                 the start is by the first, what they sell for and what is left by the second. \
                 Leave `lpt_price` and `eth_price` out, or have both say the same.",
                written.lpt_usd, written.eth_usd, followed.lpt_usd, followed.eth_usd
            ),
        );
    }
}

fn selection_warnings(markets: &[(String, Market)], warn: &mut impl FnMut(&'static str, String)) {
    for (names, market) in markets {
        if market.candidates.is_empty() {
            warn("no-offer", format!("{names}: no orchestrator offers this model."));
            continue;
        }
        if let Some(text) = market.unaffordable_warning() {
            warn("nobody-within-max-price", format!("{names}: {text}"));
            continue;
        }
        if let Some(text) = market.loose_max_price_warning() {
            warn("loose-max-price", format!("{names}: {text}"));
        }
        if let Some(text) = market.blind_price_warning() {
            warn(PRICE_WEIGHT_BLIND, format!("{names}: {text}"));
        }
        if let Some(text) = market.unpayable_request_warning() {
            warn("unpayable-request", format!("{names}: {text}"));
        }
        if let Some(text) = market.overpriced_warning() {
            warn("overpriced-hides-idle", format!("{names}: {text}"));
        }
    }
}

/// The markets in demand as they open, with their names.
fn markets(scenario: &Scenario) -> Vec<(String, Market)> {
    let Scenario { network, demand, .. } = scenario;
    let mut pairs: Vec<(usize, usize)> =
        demand.iter().map(|stream| (stream.gateway, stream.model)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let opening = Opening::new(scenario);
    let market = |(gateway, model): (usize, usize)| {
        let names = format!("{} for {}", network.gateways[gateway].id, network.models[model].key());
        (names, opening.market(gateway, model))
    };
    pairs.into_iter().map(market).collect()
}

/// Whether at the start no orchestrator is within the maximum price of any
/// gateway and model asked for.
pub fn nobody_is_affordable(scenario: &Scenario) -> bool {
    let markets = markets(scenario);
    !markets.is_empty() && markets.iter().all(|(_, market)| market.unaffordable_warning().is_some())
}

/// The gateways and models asked for, "gateway for model", whose price weight
/// tells no opening price from another; none where the warning of it is suppressed.
pub fn blind_price_weights(scenario: &Scenario) -> Vec<String> {
    if scenario.suppressed_warnings.iter().any(|name| name == PRICE_WEIGHT_BLIND) {
        return Vec::new();
    }
    let is_blind = |(_, market): &(String, Market)| market.blind_price_warning().is_some();
    markets(scenario).into_iter().filter(is_blind).map(|(names, _)| names).collect()
}

fn aggregation_warnings(
    world: &World,
    forecast: &Forecast,
    warn: &mut impl FnMut(&'static str, String),
) {
    let Some(aggregation) = &forecast.aggregation else { return };
    if aggregation.stale_hours > NOTICEABLY_STALE_H {
        warn(
            "stale-discovery",
            format!(
                "In aggregated mode gateways know prices and orchestrators as they were up to \
                 {:.0} hours ago, where in truth it is ten minutes: what changes within days \
                 shows late. `--mode exact` has it right.",
                aggregation.stale_hours
            ),
        );
    }
    if world.has_slow_sessions() {
        warn(
            "slow-sessions",
            "From 0.8.4 on go-livepeer keeps a session in use for good where a request gives up \
             after its orchestrator was at capacity, until that orchestrator fails. Among \
             orchestrators that hardly ever fail this builds up over weeks, in aggregated mode \
             later: shares of single orchestrators, the 95 % latency and overpayment may be off \
             by some per cent of themselves. `--mode exact` has it right."
                .to_string(),
        );
    }
}

fn outcome_warnings(
    scenario: &Scenario,
    markets: &[(String, Market)],
    forecast: &Forecast,
    warn: &mut impl FnMut(&'static str, String),
) {
    let is_idle = |region: &RegionFees| region.orchestrators > 0 && region.fees.0 == 0;
    let idle: Vec<String> = (0..)
        .zip(&forecast.region_fees)
        .filter(|(_, region)| forecast.spend.total.0 > 0 && is_idle(region))
        .map(|(region, fees)| format!("{} ({})", fees.name, why_idle(scenario, markets, region)))
        .collect();
    if !idle.is_empty() {
        let idle = idle.join(", ");
        let text = format!("No request ever reached the orchestrators of {idle}.");
        warn("region-never-selected", text);
    }
    for row in forecast.steering.iter().filter(|row| row.nobody_there > row.steered / 2.0) {
        warn(
            "steered-in-vain",
            format!(
                "For {} of the requests steered to {} the gateway knew nobody there: distance \
                 decides whom a discovery finds (`orchsim explain`). A gateway in the region \
                 (`policy.injection.gateways`) knows them.",
                percent(row.nobody_there / row.steered),
                row.name
            ),
        );
    }
    if let Some(rate) = forecast.service.success_rate().filter(|rate| *rate < LOW_SUCCESS) {
        let (reason, _) = forecast
            .service
            .failed
            .named()
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or(("", 0.0));
        let stuck = markets.iter().any(|(_, market)| market.overpriced_warning().is_some());
        let without_tickets = markets.iter().find_map(|(names, market)| {
            Some(format!(" {names}: {}", market.no_tickets_warning()?))
        });
        let hint = match without_tickets {
            _ if reason != "no_orchestrator" => String::new(),
            Some(without_tickets) => without_tickets,
            None if stuck => {
                " Gateways on 0.8.3 stop selecting while a never-used orchestrator is above the \
                 maximum price; compare with `--set gateways.version=0.9`."
                    .to_string()
            }
            None => String::new(),
        };
        let by_failures = forecast.waterfall.steps.iter().filter(|step| {
            ["lost_failure", "lost_payment_refused", "lost_session_removed"].contains(&step.id)
        });
        let lost_share: f64 = by_failures.filter_map(|step| step.share).sum();
        let consequence = if lost_share > NOTICEABLY_LOST {
            format!(
                "Failures cost credit all the same: {} of the spend is lost with requests that \
                 failed, payments refused and sessions removed",
                percent(lost_share)
            )
        } else {
            "Failures cost next to no credit, so the runway is longer than with full service"
                .to_string()
        };
        warn(
            "low-success",
            format!(
                "Only {} of the requests of all futures are served; most fail for `{reason}`. \
                 {consequence}.{hint}",
                percent(rate)
            ),
        );
    }
}

/// Why no request reached the orchestrators of a region, as far as prices and models
/// tell.
fn why_idle(scenario: &Scenario, markets: &[(String, Market)], region: usize) -> &'static str {
    let orchestrators = &scenario.network.orchestrators;
    let offers = || {
        let candidates = markets.iter().flat_map(|(_, market)| &market.candidates);
        candidates.filter(|candidate| orchestrators[candidate.orchestrator].region == region)
    };
    if offers().next().is_none() {
        "they offer no model that is asked for"
    } else if offers().all(|candidate| !candidate.within_max_price) {
        "they are above the maximum prices"
    } else {
        "`orchsim explain` shows why: often they answer discovery later than the nearer ones, so \
         that no gateway knows them"
    }
}

fn no_fees_warning(samples: &[Sample], warn: &mut impl FnMut(&'static str, String)) {
    let without = samples.iter().filter(|sample| sample.fee_share(|_| true).is_none()).count();
    if without > 0 {
        warn(
            "no-fees",
            format!(
                "Nobody earns fees in {without} of {} futures, as where no ticket wins: {}.",
                samples.len(),
                match without < samples.len() {
                    true => "fee shares, concentration and objectives on them are of the others",
                    false => "there are no fee shares and no concentration",
                }
            ),
        );
    }
}

fn outage_warning(
    scenario: &Scenario,
    forecast: &Forecast,
    warn: &mut impl FnMut(&'static str, String),
) {
    let treasury = &forecast.treasury;
    let Some(first) = treasury.first_outage_days.filter(|_| treasury.has_long_outages()) else {
        return;
    };
    let since = match scenario.treasury.runway_end {
        RunwayEnd::FirstGateway => "more is to come",
        RunwayEnd::LastGateway => "more is to come or other gateways have some",
    };
    warn(
        "outage",
        format!(
            "Gateways stand without funds for {} of a future on average, {} of the time of all, \
             from day {first:.0} on. Meanwhile the credits count as lasting, since {since}: \
             runway, chances to last and the curve of futures with credits left say nothing of it. \
             Money that comes earlier or in larger parts shortens outages \
             (`treasury.conversion`); an objective with `max_outage_share` judges them.",
            plural(&format!("{:.0}", treasury.outage_hours.mean / 24.0), "day"),
            percent(treasury.outage_share),
        ),
    );
}

/// Deposits are not moved: what others have when one gateway ends the runway paid for
/// nothing.
fn stranded_warning(
    scenario: &Scenario,
    samples: &[Sample],
    warn: &mut impl FnMut(&'static str, String),
) {
    let gateways = &scenario.network.gateways;
    let deadline = scenario.treasury.deadline_days();
    let (mut left, mut came) = (vec![0.0; gateways.len()], 0.0);
    let ended: Vec<&Sample> = samples.iter().filter(|sample| sample.ran_out(deadline)).collect();
    for Sample { books, .. } in &ended {
        came += Wei(books.proceeds().0 + books.income().0).to_coins();
        // Of those with demand the one that ended it has least.
        let asked = scenario.demand.iter().map(|stream| stream.gateway);
        let last = asked.min_by_key(|&gateway| (books.free_deposit(gateway), gateway));
        for gateway in (0..gateways.len()).filter(|&gateway| Some(gateway) != last) {
            left[gateway] += books.free_deposit(gateway).to_coins();
        }
    }
    let total: f64 = left.iter().sum();
    if total <= STRANDED * came {
        return;
    }
    let mean = |sum: f64| format!("{} ETH", significant(sum / ended.len() as f64, 3));
    let much = gateways.iter().zip(&left).filter(|(_, left)| **left >= NAMED_FROM * total);
    let much: Vec<String> = much.map(|(own, left)| format!("{} {}", own.id, mean(*left))).collect();
    let (who, hint) = match scenario.treasury.runway_end {
        RunwayEnd::FirstGateway => (
            "one gateway",
            "; with `treasury.runway_ends = \"last_gateway\"` those that can pay go on",
        ),
        RunwayEnd::LastGateway => ("the last gateway with demand", ""),
    };
    warn(
        "stranded-funds",
        format!(
            "When {who} cannot pay any more and ends the run, others still have {} of all the \
             money that came to gateways in their deposits, on average: {}. \
             `treasury.top_ups.rule` decides who gets what{hint}.",
            percent(total / came),
            much.join(", ")
        ),
    );
}
