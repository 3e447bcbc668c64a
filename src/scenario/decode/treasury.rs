use jiff::civil::Weekday;

use super::super::diagnostics::{Problem, Report};
use super::super::keys::{RUNWAY_ENDS, WEEKDAYS};
use super::super::tree::Cursor;
use super::credits::{amount, positive_lpt, wei};
use super::{Context, demand};
use crate::text::named;
use crate::treasury::{
    ConversionPolicy, Credits, Drawing, Inflation, SafeSetup, Schedule, Signer, Sleep, SwapPool,
    SwapTerms, TokenPrices, TopUpRule, TopUps, TreasurySetup,
};
use crate::units::{Currency, DAYS_A_WEEK, Lpt, SECONDS_PER_HOUR, SimTime, Wei};

/// Signers of one Safe.
const MOST_SIGNERS: usize = 1_000;

pub(super) fn treasury(
    root: &Cursor,
    prices: Option<TokenPrices>,
    credits: Option<&Credits>,
    context: &Context,
    report: &mut Report,
) -> Option<TreasurySetup> {
    let at = root.get("treasury")?;
    let safe = safe(&at, report);
    let conversion = at.get("conversion").and_then(|at| conversion(&at, context, report));
    let sold_later = conversion.is_some_and(|policy| policy != ConversionPolicy::AllAtOnce);
    if sold_later {
        let expected =
            "an `amount` in LPT without `proceeds`, or `conversion = { all_at_once = {} }`";
        unsold(root, expected, report);
    }
    if !at.list("drawings").is_empty() {
        unsold(root, "an `amount` in LPT without `proceeds`, or no `drawings`", report);
    }
    let swap = at.get("swap").and_then(|at| swap(&at, report));
    if let Some(terms) = swap.zip(credits) {
        worth_its_gas(&at, conversion, terms, report);
    }
    let top_ups = at.get("top_ups").and_then(|at| top_ups(&at, context, report));
    let drawings = drawings(&at, credits, report);
    let minted = at.get("minted_per_round").and_then(|at| positive_lpt(&at, report));
    let runway_end = named(&RUNWAY_ENDS, at.text_at("runway_ends")?)?;
    let deadline = match at.get("deadline_day") {
        Some(day) => Some(SimTime::from_days(day.integer()?)),
        None => None,
    };
    let round_hours = at.number_at("round_hours")?;
    let (projects, drawings) = drawings?;
    Some(TreasurySetup {
        prices: prices?,
        safe: safe?,
        conversion: conversion?,
        swap: swap?,
        top_ups: top_ups?,
        projects,
        drawings,
        runway_end,
        deadline,
        inflation: Inflation { minted_per_round: minted?, round_hours },
    })
}

fn safe(at: &Cursor, report: &mut Report) -> Option<SafeSetup> {
    let place = at.get("signers")?;
    let signers = match place.integer::<usize>() {
        Some(count) => vec![Signer::default(); count],
        None => {
            let mut all = Vec::new();
            for item in place.items() {
                let (signer, count) = signer(&item, report)?;
                all.extend(std::iter::repeat_n(signer, count));
            }
            all
        }
    };
    if signers.len() > MOST_SIGNERS {
        let message = format!("{} signers are too many", signers.len());
        report.push(Problem::at(&place, message).expected(format!("at most {MOST_SIGNERS}")));
        return None;
    }
    let threshold_at = at.get("threshold")?;
    let threshold: usize = threshold_at.integer()?;
    let available = signers.iter().filter(|signer| signer.availability > 0.0).count();
    if available == 0 {
        let problem = Problem::at(&place, "no signer can ever be there");
        report.push(problem.expected("an availability above 0"));
        return None;
    }
    if threshold > available {
        let message = match available == signers.len() {
            true => format!("{threshold} must sign, but there are only {available}"),
            false => format!(
                "{threshold} must sign, but of {} only {available} can ever be there",
                signers.len()
            ),
        };
        report.push(Problem::at(&threshold_at, message).expected(format!("at most {available}")));
        return None;
    }
    SafeSetup::new(signers, threshold, at.number_at("retry_hours")?)
        .map_err(|error| report.push(Problem::at(at, error.to_string())))
        .ok()
}

/// A signer and how many there are of the kind.
fn signer(at: &Cursor, report: &mut Report) -> Option<(Signer, usize)> {
    let delay_h = demand::distribution(&at.get("delay_h")?, Some("hours"), report)?;
    let sleep = match at.get("sleep") {
        Some(sleep) => Some(Sleep {
            utc_offset_h: sleep.number_at("utc_offset_h")?,
            from_h: sleep.number_at("from_h")?,
            hours: sleep.number_at("hours")?,
        }),
        None => None,
    };
    let availability = at.number_at("availability")?;
    Some((Signer { delay_h, availability, sleep }, at.get("count")?.integer()?))
}

fn conversion(at: &Cursor, context: &Context, report: &mut Report) -> Option<ConversionPolicy> {
    let (form, at) = at.form()?;
    Some(match form {
        "all_at_once" => ConversionPolicy::AllAtOnce,
        "clip" => {
            let clip = positive_lpt(&at.get("lpt")?, report);
            let schedule = schedule(&at, context, report)?;
            ConversionPolicy::Clip { lpt: clip?, schedule }
        }
        "below_threshold" => {
            let clip = positive_lpt(&at.get("clip")?, report);
            let balance = wei(&at.get("balance")?, report)?;
            ConversionPolicy::BelowThreshold { balance, clip: clip? }
        }
        _ => {
            let schedule = schedule(&at, context, report)?;
            ConversionPolicy::DaysOfCover { days: at.number_at("days")?, schedule }
        }
    })
}

fn schedule(at: &Cursor, context: &Context, report: &mut Report) -> Option<Schedule> {
    let every_at = at.get("every_days")?;
    let every: u64 = every_at.integer()?;
    let hour: u32 = at.get("hour")?.integer()?;
    let time_of_day = SimTime::from_secs(f64::from(hour) * SECONDS_PER_HOUR as f64);
    let first = match (at.get("first_day"), at.get("weekday")) {
        (None, None) => time_of_day,
        (Some(day), None) => SimTime::from_days(day.integer()?) + time_of_day,
        (None, Some(_)) if !every.is_multiple_of(DAYS_A_WEEK) => {
            let message = format!("every {every} days is not always the same day of the week");
            report.push(Problem::at(&every_at, message).expected("a multiple of 7"));
            return None;
        }
        (None, Some(weekday)) => {
            let name = weekday.text()?;
            let index = WEEKDAYS.iter().position(|known| *known == name)?;
            let weekday = Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()?;
            Schedule::weekly(context.start?, weekday, hour).first
        }
        (Some(day), Some(_)) => {
            let problem = Problem::at(&day, "the first day is given twice");
            report.push(problem.expected("either `first_day` or `weekday`"));
            return None;
        }
    };
    Some(Schedule { first, every: SimTime::from_days(every) })
}

/// Reports credits that are ETH already, with no LPT left to sell later or to
/// draw.
fn unsold(root: &Cursor, expected: &str, report: &mut Report) {
    let Some(credits) = root.get("credits") else { return };
    let is_eth = |at: &Cursor| amount(at).is_some_and(|read| read.currency != Currency::Lpt);
    let amount = credits.get("amount").filter(is_eth);
    let fixed = credits.get("proceeds").map(|at| (at, "the proceeds of all of it are given"));
    let fixed = fixed.or(amount.map(|at| (at, "an amount in ETH is not converted")));
    if let Some((place, message)) = fixed {
        report.push(Problem::at(&place, message).expected(expected));
    }
}

/// Reports clips of which none would be sold at the prices of the start.
fn worth_its_gas(
    treasury: &Cursor,
    conversion: Option<ConversionPolicy>,
    (swap, credits): (SwapTerms, &Credits),
    report: &mut Report,
) {
    use ConversionPolicy::{BelowThreshold, Clip};
    let Some(Clip { lpt: clip, .. } | BelowThreshold { clip, .. }) = conversion else { return };
    if SwapPool::new(swap).quote(SimTime::ZERO, clip, credits.prices()).is_some() {
        return;
    }
    if let Some(at) = treasury.get("conversion") {
        let message = format!("a sale of {clip} does not cover its gas, {}", swap.gas);
        report.push(Problem::at(&at, message).expected("more LPT a sale, or less `swap.gas`"));
    }
}

fn swap(at: &Cursor, report: &mut Report) -> Option<SwapTerms> {
    let depth = positive_lpt(&at.get("depth")?, report);
    let gas = wei(&at.get("gas")?, report)?;
    Some(SwapTerms {
        fee_bps: at.get("fee_bps")?.integer()?,
        depth: depth?,
        recovery_half_life_h: at.number_at("recovery_half_life_h")?,
        gas,
    })
}

fn top_ups(at: &Cursor, context: &Context, report: &mut Report) -> Option<TopUps> {
    let reserve_at = at.get("reserve")?;
    let reserve = wei(&reserve_at, report)?;
    if reserve == Wei::ZERO {
        let message = "without a reserve gateways cannot pay: in go-livepeer orchestrators take \
                       no ticket that a reserve does not back";
        report.push(Problem::at(&reserve_at, message).expected("an amount above 0"));
        return None;
    }
    let rule_at = at.get("rule")?;
    let rule = match rule_at.text() {
        Some("recent_spend") => TopUpRule::RecentSpend,
        Some(_) => TopUpRule::LowestCover,
        None if rule_at.is_table() => TopUpRule::Shares(shares(&rule_at, context, report)?),
        None => return None,
    };
    Some(TopUps { rule, reserve })
}

/// The share of each gateway, 0 where it is not named. Who adds a gateway has to
/// say its share.
fn shares(at: &Cursor, context: &Context, report: &mut Report) -> Option<Vec<u64>> {
    let names = &context.names.all_gateways;
    let mut shares = vec![0u64; names.len()];
    let mut valid = true;
    for added in (context.names.gateways.len()..names.len()).filter_map(|index| names.name(index)) {
        if at.get(added).is_none() {
            let message =
                format!("the added gateway `{added}` has no share, and would get nothing");
            report.push(Problem::at(at, message).expected("a share for it too, 0 for nothing"));
            valid = false;
        }
    }
    for (name, key, share) in at.entries() {
        match names.get(name).and_then(|index| shares.get_mut(index)) {
            Some(place) => match share.integer() {
                Some(share) => *place = share,
                None => valid = false,
            },
            None => {
                let problem = Problem::new(key, share.path.as_str(), names.message(name));
                report.push(names.unknown(name, problem));
                valid = false;
            }
        }
    }
    if valid && shares.iter().all(|&share| share == 0) {
        let problem = Problem::at(at, "no gateway gets anything");
        report.push(problem.expected("at least one share above 0"));
        return None;
    }
    valid.then_some(shares)
}

/// The projects that draw on the credits, in order of their first drawing in
/// the list, and the drawings.
fn drawings(
    at: &Cursor,
    credits: Option<&Credits>,
    report: &mut Report,
) -> Option<(Vec<String>, Vec<Drawing>)> {
    let (mut projects, mut drawings) = (Vec::new(), Vec::new());
    let mut drawn = Lpt::ZERO;
    for item in at.list("drawings") {
        let name = item.text_at("project")?;
        let known = projects.iter().position(|project| project == name);
        let project = known.unwrap_or_else(|| {
            projects.push(name.to_string());
            projects.len() - 1
        });
        let place = item.get("lpt")?;
        let asked = positive_lpt(&place, report)?;
        drawings.push(Drawing {
            project,
            at: SimTime::from_days(item.get("day")?.integer()?),
            lpt: asked,
        });
        drawn = drawn.checked_add(asked)?;
        if let Some(credits) = credits
            && drawn > credits.lpt
        {
            let message = format!("the drawings take {drawn} in all");
            let expected = format!("at most the allocation, {}", credits.lpt);
            report.push(Problem::at(&place, message).expected(expected));
            return None;
        }
    }
    Some((projects, drawings))
}
