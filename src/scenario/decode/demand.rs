use std::collections::{BTreeMap, BTreeSet};

use super::super::check::{picture_sides, pixel_size};
use super::super::diagnostics::{Problem, Report};
use super::super::keys::MOST_RECORDED_REQUESTS;
use super::super::spread::rounded;
use super::super::tree::{Cursor, Span, join};
use super::names::duplicate;
use super::{Context, trace, users};
use crate::demand::{
    Arrivals, Bursts, DemandStream, DemandUncertainty, Growth, HourProfile, MOST_REQUESTS_PER_DAY,
    PoissonArrivals, Trace, WeekProfile,
};
use crate::kernel::Distribution;
use crate::network::{Pipeline, Resolution};

/// How far shares may be from summing to 1.
const SHARE_TOLERANCE: f64 = 1e-6;

pub(super) fn uncertainty(root: &Cursor) -> Option<DemandUncertainty> {
    let at = root.get("demand")?.get("uncertainty")?;
    Some(DemandUncertainty {
        level_cv: at.number_at("level_cv")?,
        growth_sd: at.number_at("growth_sd")?,
        growth_per_day_sd: at.number_at("growth_per_day_sd")?,
        level_growth_correlation: at.number_at("level_growth_correlation")?,
        wander_per_day: at.number_at("wander_per_day")?,
        wander_cv: at.number_at("wander_cv")?,
    })
}

pub(super) fn streams(
    root: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<DemandStream>> {
    let demand = root.get("demand")?;
    let level = demand.get("level")?;
    let hours = profiles(&demand, "hour_profiles", report);
    let weekdays = profiles(&demand, "weekday_profiles", report);
    let mut all = Vec::new();
    let mut ids = BTreeSet::new();
    let mut valid = true;
    let listed = demand.list("streams");
    for at in &listed {
        if let Some(id) = at.get("id")
            && let Some(name) = id.text()
            && !ids.insert(name)
        {
            report.push(duplicate(&id, "demand stream", name));
        }
        match stream(at, &hours, &weekdays, context, report) {
            Some(read) => all.extend(read),
            None => valid = false,
        }
    }
    if valid
        && all.is_empty()
        && let Some(first) = listed.first()
    {
        let problem = Problem::at(first, "no stream has any requests");
        report.push(problem.expected("a rate above 0"));
        return None;
    }
    valid.then_some(())?;
    raise(&mut all, &level, report)?;
    let horizon_days: u32 = root.get("horizon_days")?.integer()?;
    for stream in &all {
        let most = greatest_rate(stream, f64::from(horizon_days));
        if most.is_nan() || most > MOST_REQUESTS_PER_DAY {
            let own = listed.iter().find(|at| at.text_at("id") == Some(&stream.id));
            let message = format!("the stream grows to {most:e} requests a day");
            let expected = format!("at most {MOST_REQUESTS_PER_DAY} within {horizon_days} days");
            report.push(Problem::at(own.unwrap_or(&level), message).expected(expected));
            return None;
        }
    }
    let recorded = |stream: &DemandStream| match &stream.arrivals {
        Arrivals::Trace(trace) => trace.requests.len(),
        Arrivals::Poisson(_) => 0,
    };
    let recorded: usize = all.iter().map(recorded).sum();
    if recorded > MOST_RECORDED_REQUESTS
        && let Some(trace) = listed.iter().find_map(|at| at.get("trace"))
    {
        let problem = Problem::at(&trace, format!("{recorded} requests are recorded in all"));
        report.push(problem.expected(format!(
            "at most {MOST_RECORDED_REQUESTS}, such as those of fewer days; or `requests_per_day`"
        )));
        return None;
    }
    Some(all)
}

/// The most requests a day that a stream grows to within so many days.
fn greatest_rate(stream: &DemandStream, days: f64) -> f64 {
    let Arrivals::Poisson(arrivals) = &stream.arrivals else { return 0.0 };
    let on = |day| (day, arrivals.growth.factor(day));
    arrivals.requests_per_day * arrivals.growth.bounds(on(0.0), on(days)).1
}

/// Brings the streams to the level.
fn raise(streams: &mut [DemandStream], at: &Cursor, report: &mut Report) -> Option<()> {
    let level = at.number()?;
    for stream in streams {
        let Arrivals::Poisson(arrivals) = &mut stream.arrivals else { continue };
        arrivals.requests_per_day *= level;
        if arrivals.requests_per_day > MOST_REQUESTS_PER_DAY {
            let rate = arrivals.requests_per_day;
            let message = format!("stream `{}` would ask {rate} times a day", stream.id);
            let expected = format!("a level at which no stream asks over {MOST_REQUESTS_PER_DAY}");
            report.push(Problem::at(at, message).expected(expected));
            return None;
        }
    }
    Some(())
}

/// The profiles of one kind by name; `None` for a faulty one.
type Profiles<'a, const N: usize> = BTreeMap<&'a str, Option<[f64; N]>>;

fn profiles<'a, const N: usize>(
    demand: &Cursor<'a>,
    key: &str,
    report: &mut Report,
) -> Profiles<'a, N> {
    let entries = demand.get(key).map(|table| table.entries()).unwrap_or_default();
    let read = |(name, _, at): (&'a str, _, Cursor<'a>)| {
        let weights: Option<Vec<f64>> = at.items().iter().map(Cursor::number).collect();
        let weights: Option<[f64; N]> = weights.and_then(|weights| weights.try_into().ok());
        let empty = weights.is_some_and(|weights| weights.iter().sum::<f64>() == 0.0);
        if empty {
            let problem = Problem::at(&at, "every weight of the profile is 0");
            report.push(problem.expected("at least one weight above 0"));
        }
        (name, weights.filter(|_| !empty))
    };
    entries.into_iter().map(read).collect()
}

/// The profile a stream names, or `flat`; weights that have mean 1 already
/// are taken bit by bit, so that a resolved scenario reads back the same.
fn profile<const N: usize>(
    at: &Cursor,
    key: &str,
    known: &Profiles<N>,
    from_weights: fn([f64; N]) -> [f64; N],
    report: &mut Report,
) -> Option<[f64; N]> {
    let Some(named) = at.get(key) else { return Some([1.0; N]) };
    let name = named.text()?;
    let Some(weights) = known.get(name) else {
        let message = format!("there is no profile `{name}`");
        let problem = Problem::at(&named, message).expected("the name of one of the profiles");
        report.push(problem.nearest(name, known.keys().copied()));
        return None;
    };
    let weights = (*weights)?;
    let mean = weights.iter().sum::<f64>() / N as f64;
    Some(if (mean - 1.0).abs() < 1e-12 { weights } else { from_weights(weights) })
}

fn stream(
    at: &Cursor,
    hours: &Profiles<24>,
    weekdays: &Profiles<7>,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<DemandStream>> {
    let gateway = at.get("gateway").and_then(|name| context.names.gateways.find(&name, report));
    let asked = context.names.model(at, report);
    let pipeline = at.text_at("pipeline").and_then(Pipeline::named);
    let unit = pipeline.map(Pipeline::size_unit);
    let size = at.get("size").map(|size| sizes(&size, unit, report));
    let used_share = at.get("used_share").and_then(|share| distribution(&share, None, report));
    let hours = profile(at, "hours", hours, |w| HourProfile::from_weights(w).0, report);
    let weekdays = profile(at, "weekdays", weekdays, |w| WeekProfile::from_weights(w).0, report);
    let growth = match at.get("growth") {
        Some(growth) => trend(&growth, report),
        None => Some(Growth::Constant),
    };
    let bursts = bursts(at);
    let requests = requests(at, context, report);
    let users = match (at.get("users"), pipeline) {
        (Some(at), Some(pipeline)) => users::users(&at, pipeline, context, report).map(Some),
        _ => Some(None),
    };
    let resolution = pipeline.and_then(|pipeline| resolution(at, pipeline, report));
    let (gateway, (_, model), requests) = (gateway?, asked?, requests?);
    let size = match size {
        Some(size) => size?,
        None => recorded_size(at, &requests, report)?,
    };
    let (used_share, resolution) = (used_share?, resolution?);
    let (hours, weekdays) = (HourProfile(hours?), WeekProfile(weekdays?));
    let (growth, bursts, users) = (growth?, bursts?, users?);
    let id = at.text_at("id")?;
    let bad_request_share = at.number_at("bad_request_share")?;
    let of_region = |(region, requests)| {
        let arrivals = match requests {
            Requests::Recorded(trace) => Arrivals::Trace(trace),
            Requests::PerDay(requests_per_day) => Arrivals::Poisson(Box::new(PoissonArrivals {
                requests_per_day,
                growth: growth.clone(),
                hours: hours.clone(),
                weekdays: weekdays.clone(),
                bursts,
            })),
        };
        DemandStream {
            id: id.to_string(),
            gateway,
            model,
            region,
            arrivals,
            size: size.clone(),
            used_share: used_share.clone(),
            resolution,
            bad_request_share,
            injected: None,
            users: users.clone(),
        }
    };
    Some(requests.into_iter().map(of_region).collect())
}

/// The picture of a stream of live video.
fn resolution(at: &Cursor, pipeline: Pipeline, report: &mut Report) -> Option<Resolution> {
    let Some(at) = at.get("resolution") else { return Some(Resolution::P720) };
    if !pipeline.is_live() {
        let message = format!("a request for {} has no video", pipeline.name());
        let problem = Problem::at(&at, message);
        report.push(problem.expected("such a key for live-video-to-video only"));
        return None;
    }
    let Some((width, height)) = at.text().and_then(picture_sides) else {
        let problem = Problem::at(&at, "not the size of a picture");
        report.push(problem.expected("width and height in pixels, such as \"512x512\""));
        return None;
    };
    Some(Resolution { width, height })
}

/// The size of the requests of a stream without `size`: the mean of a trace in
/// which each has one of its own.
fn recorded_size(
    at: &Cursor,
    requests: &[(usize, Requests)],
    report: &mut Report,
) -> Option<Distribution> {
    let sizes = |(_, requests): &(usize, Requests)| match requests {
        Requests::Recorded(trace) => trace.requests.iter().map(|(_, size)| *size).collect(),
        Requests::PerDay(_) => vec![None],
    };
    let sizes: Option<Vec<f64>> = requests.iter().flat_map(sizes).collect();
    match sizes {
        Some(sizes) => {
            let mean =
                Distribution::Constant(sizes.iter().sum::<f64>() / sizes.len().max(1) as f64);
            match at.get("trace") {
                Some(trace) if !sizes.is_empty() => not_always_zero(mean, &trace, report),
                _ => Some(mean),
            }
        }
        None => {
            let problem =
                Problem::new(at.node.span, join(&at.path, "size"), "the key `size` is missing");
            report.push(
                problem.expected("a size, which only a `trace` with one in each row needs not"),
            );
            None
        }
    }
}

/// The requests of one stream from one region.
enum Requests {
    PerDay(f64),
    Recorded(Trace),
}

/// The requests of a stream by region, in order of the regions; regions
/// without any are left out.
fn requests(at: &Cursor, context: &Context, report: &mut Report) -> Option<Vec<(usize, Requests)>> {
    let (rate, recorded, shares) = (at.get("requests_per_day"), at.get("trace"), at.get("regions"));
    let written =
        recorded.as_ref().and_then(Cursor::form).is_some_and(|(form, _)| form == "requests");
    let by_region = written || rate.as_ref().is_some_and(Cursor::is_table);
    let shaping = ["growth", "hours", "weekdays", "bursts", "users"].map(|key| (key, at.get(key)));
    if recorded.is_some() {
        for (key, place) in &shaping {
            let Some(place) = place else { continue };
            let problem = Problem::at(place, format!("a trace has its own times, without `{key}`"));
            report.push(problem.expected(format!("no `{key}` beside `trace`")));
        }
    }
    let shares = shares.map(|shares| {
        let misplaced = by_region.then_some("the requests of each region are given already");
        if let Some(message) = misplaced {
            report.push(Problem::at(&shares, message).expected("no `regions` here"));
        }
        (region_shares(&shares, context, report), shares)
    });
    let mut requests: Vec<(usize, Requests)> = match (rate, recorded) {
        (Some(rate), None) if by_region => {
            let rates = by_region_id(&rate, context, report)?;
            rates.into_iter().map(|(region, rate)| (region, Requests::PerDay(rate))).collect()
        }
        (Some(rate), None) => {
            let Some((shares, _)) = shares else {
                let problem = Problem::at(&rate, "the users' regions are missing");
                report.push(problem.expected("a key `regions` with the share of each region"));
                return None;
            };
            let per_day = rate.number()?;
            let part = |(region, share)| (region, Requests::PerDay(per_day * share));
            shares?.into_iter().map(part).collect()
        }
        (None, Some(recorded)) => {
            let only = match &shares {
                None => None,
                Some(_) if written => None,
                Some((shares, place)) => match shares.as_ref()?.as_slice() {
                    [(region, _)] => Some(*region),
                    _ => {
                        let problem = Problem::at(place, "a trace is not divided among regions");
                        report
                            .push(problem.expected("one region, or a column `region` in the file"));
                        return None;
                    }
                },
            };
            let traces = trace::traces(&recorded, only, context, report)?;
            traces.into_iter().map(|(region, trace)| (region, Requests::Recorded(trace))).collect()
        }
        (None, None) => {
            let problem = Problem::at(at, "the stream has no requests");
            report.push(problem.expected("`requests_per_day` or `trace`"));
            return None;
        }
        (Some(rate), Some(_)) => {
            let problem = Problem::at(&rate, "the stream has both a rate and a trace");
            report.push(problem.expected("either `requests_per_day` or `trace`"));
            return None;
        }
    };
    requests.retain(|(_, requests)| match requests {
        Requests::PerDay(rate) => *rate > 0.0,
        Requests::Recorded(trace) => !trace.requests.is_empty(),
    });
    requests.sort_by_key(|(region, _)| *region);
    Some(requests)
}

/// A number for each of some regions.
pub(super) fn by_region_id(
    at: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<(usize, f64)>> {
    let read = |(name, key, value): (&str, _, Cursor)| {
        let region = known_region(name, key, &value, context, report)?;
        Some((region, value.number()?))
    };
    let read: Vec<Option<(usize, f64)>> = at.entries().into_iter().map(read).collect();
    read.into_iter().collect()
}

/// The region a table's key names.
pub(super) fn known_region(
    name: &str,
    key: Span,
    value: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<usize> {
    let names = &context.names.regions;
    let region = names.get(name);
    if region.is_none() && names.len() > 0 {
        let problem = Problem::new(key, value.path.as_str(), names.message(name));
        report.push(names.unknown(name, problem));
    }
    region
}

fn region_shares(at: &Cursor, context: &Context, report: &mut Report) -> Option<Vec<(usize, f64)>> {
    let shares = by_region_id(at, context, report)?;
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if (sum - 1.0).abs() > SHARE_TOLERANCE {
        let message = format!("the shares of the regions sum to {}", rounded(sum));
        report.push(Problem::at(at, message).expected("a sum of 1"));
        return None;
    }
    Some(shares)
}

fn trend(at: &Cursor, report: &mut Report) -> Option<Growth> {
    let (form, inner) = at.form()?;
    Some(match form {
        "constant" => Growth::Constant,
        "linear" => Growth::Linear { per_day: inner.number_at("per_day")? },
        "exponential" => {
            let rate_per_day = match (inner.get("doubling_days"), inner.get("rate_per_day")) {
                (Some(days), None) => std::f64::consts::LN_2 / days.number()?,
                (None, Some(rate)) => rate.number()?,
                _ => {
                    let problem = Problem::at(&inner, "the growth needs one rate");
                    report.push(problem.expected("either `doubling_days` or `rate_per_day`"));
                    return None;
                }
            };
            Growth::Exponential { rate_per_day }
        }
        "logistic" => Growth::Logistic {
            ceiling: inner.number_at("ceiling")?,
            rate_per_day: inner.number_at("rate_per_day")?,
        },
        _ => {
            let at = inner.get("points")?;
            let point = |point: &Cursor| match point.items().as_slice() {
                [day, factor] => Some((day.number()?, factor.number()?)),
                _ => None,
            };
            let points: Option<Vec<(f64, f64)>> = at.items().iter().map(point).collect();
            let points = points?;
            if let Some(k) = points.windows(2).position(|pair| pair[1].0 <= pair[0].0) {
                let place = at.items().swap_remove(k + 1);
                let problem = Problem::at(&place, "the day is not later than the one before");
                report.push(problem.expected("points in order of their day"));
                return None;
            }
            Growth::Piecewise { points }
        }
    })
}

fn bursts(stream: &Cursor) -> Option<Bursts> {
    let Some(at) = stream.get("bursts") else { return Some(Bursts::None) };
    let (form, inner) = at.form()?;
    Some(match form {
        "modulated" => Bursts::Modulated {
            cv: inner.number_at("cv")?,
            mean_hold_hours: inner.number_at("mean_hold_hours")?,
        },
        _ => Bursts::SelfExciting {
            branching: inner.number_at("branching")?,
            mean_delay_minutes: inner.number_at("mean_delay_minutes")?,
        },
    })
}

/// The sizes of requests, which may be 0 now and then, not always.
pub(super) fn sizes(at: &Cursor, unit: Option<&str>, report: &mut Report) -> Option<Distribution> {
    let sizes = distribution(at, unit, report)?;
    not_always_zero(sizes, at, report)
}

fn not_always_zero(sizes: Distribution, at: &Cursor, report: &mut Report) -> Option<Distribution> {
    if sizes.mean() > 0.0 {
        return Some(sizes);
    }
    report.push(Problem::at(at, "a request of size 0 asks for nothing").expected("a size above 0"));
    None
}

/// A distribution of sizes or shares, counted in `unit` (where that is known:
/// an unknown pipeline is reported already). Of pixels it may be a picture size
/// such as "1024x1024".
pub(super) fn distribution(
    at: &Cursor,
    unit: Option<&str>,
    report: &mut Report,
) -> Option<Distribution> {
    let mut value = |at: &Cursor| {
        let Some(text) = at.text() else { return at.number() };
        let unit = unit?;
        let pixels = pixel_size(text).filter(|_| unit == "pixels");
        if pixels.is_none() {
            let shown: String = text.chars().take(60).collect();
            let problem = Problem::at(at, format!("`{shown}` is not a number of {unit}"));
            report.push(problem.expected(match unit {
                "pixels" => {
                    "a number of pixels or a picture size such as \"1024x1024\"".to_string()
                }
                unit => format!("a number of {unit}, without a unit"),
            }));
        }
        pixels
    };
    let Some((form, inner)) = at.form() else { return value(at).map(Distribution::Constant) };
    match form {
        "uniform" => {
            let (min, max) = (inner.number_at("min")?, inner.number_at("max")?);
            if min > max {
                let problem = Problem::at(&inner, format!("`min` is {min}, but `max` only {max}"));
                report.push(problem.expected("a `min` of at most `max`"));
                return None;
            }
            Some(Distribution::Uniform { min, max })
        }
        "exponential" => Some(Distribution::Exponential { mean: inner.number_at("mean")? }),
        "lognormal" => Some(Distribution::Lognormal {
            mean: inner.number_at("mean")?,
            cv: inner.number_at("cv")?,
        }),
        _ => {
            let values: Vec<Option<f64>> = inner.list("values").iter().map(value).collect();
            let values: Vec<f64> = values.into_iter().collect::<Option<_>>()?;
            let at = inner.get("weights")?;
            let weights: Option<Vec<f64>> = at.items().iter().map(Cursor::number).collect();
            let weights = weights?;
            if values.len() != weights.len() {
                let message = format!("{} weights for {} values", weights.len(), values.len());
                report.push(Problem::at(&at, message).expected("one weight for each value"));
                return None;
            }
            let Some(cumulative) = cumulative(&weights) else {
                let problem = Problem::at(&at, "every weight is 0");
                report.push(problem.expected("at least one weight above 0"));
                return None;
            };
            Some(Distribution::Choice { values, cumulative })
        }
    }
}

/// Cumulative probabilities, in multiples of 2^-40, so that their differences
/// are exact: weights taken from them give the same probabilities again.
fn cumulative(weights: &[f64]) -> Option<Vec<f64>> {
    const STEPS: f64 = (1u64 << 40) as f64;
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let sums = weights.iter().scan(0.0, |sum, weight| {
        *sum += weight;
        Some(libm::round(*sum / total * STEPS) / STEPS)
    });
    Some(sums.collect())
}
