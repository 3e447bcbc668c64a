use std::collections::BTreeSet;

use super::super::diagnostics::{Problem, Report};
use super::super::keys::{MOST_OFFERS, MOST_ORCHESTRATORS};
use super::super::price_text;
use super::super::spread::{Attribute, members, rounded};
use super::super::tree::Cursor;
use super::demand::known_region;
use super::names::duplicate;
use super::{Context, credits, payments, respond, selection};
use crate::kernel::Distribution;
use crate::network::{
    Gateway, Model, Network, Offer, Orchestrator, Pipeline, Region, RttMatrix, ServiceTime, Version,
};
use crate::text::named;
use crate::units::{COIN, Decimal, Lpt, PostedPrice, Price, Wei};

/// A spread's speed is not rounded below this.
const SLOWEST: f64 = 1e-6;

pub(super) fn network(root: &Cursor, context: &Context, report: &mut Report) -> Option<Network> {
    let regions = all(&root.list("regions"), |at| region(at));
    let rtt = rtt_matrix(root, context, report);
    let models = all(&root.list("models"), |at| model(at, report));
    let model_keys: Vec<Option<(Pipeline, &str)>> =
        root.list("models").iter().map(model_key).collect();
    let gateways = all(&root.list("gateways"), |at| gateway(at, &model_keys, context, report));
    let orchestrators = orchestrators(root, context, report);
    let (regions, rtt, models) = (regions?, rtt?, models?);
    let (gateways, orchestrators) = (gateways?, orchestrators?);
    let (registered, unresponsive) = pool(root, orchestrators.len(), report)?;
    Some(Network {
        regions,
        rtt,
        models,
        gateways,
        orchestrators,
        registered_orchestrators: registered,
        active_set: root.get("network")?.get("active_set")?.integer()?,
        unresponsive_orchestrators: unresponsive,
    })
}

/// Reads every element, even past one that fails.
fn all<'a, T>(
    items: &[Cursor<'a>],
    mut read: impl FnMut(&Cursor<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = items.iter().map(&mut read).collect();
    read.into_iter().collect()
}

fn region(at: &Cursor) -> Option<Region> {
    let id = at.text_at("id")?.to_string();
    let name = match at.get("name") {
        Some(name) => name.text()?.to_string(),
        None => id.clone(),
    };
    Some(Region { id, name, utc_offset_hours: at.number_at("utc_offset_hours")? })
}

fn rtt_matrix(root: &Cursor, context: &Context, report: &mut Report) -> Option<RttMatrix> {
    let regions = root.list("regions");
    let size = regions.len();
    let mut known: Vec<Option<f64>> = vec![None; size * size];
    let mut complete = true;
    for (from, at) in regions.iter().enumerate() {
        let Some(table) = at.get("rtt_ms") else {
            complete = false;
            continue;
        };
        for (name, key, time) in table.entries() {
            let to = known_region(name, key, &time, context, report);
            let (Some(to), Some(ms)) = (to, time.number()) else {
                complete = false;
                continue;
            };
            match known[to * size + from].filter(|other| *other != ms) {
                Some(other) => {
                    let message = format!("{ms} ms one way, but {other} ms the other way");
                    let expected = "the same round-trip time in both directions";
                    report.push(Problem::at(&time, message).expected(expected));
                    complete = false;
                }
                None => known[from * size + to] = Some(ms),
            }
        }
    }
    if !complete || context.names.regions.len() < size {
        return None;
    }
    let mut matrix = RttMatrix::zero(size);
    for from in 0..size {
        for to in from..size {
            match known[from * size + to].or(known[to * size + from]) {
                Some(ms) => matrix.set_ms(from, to, ms),
                None => {
                    let at = regions[from].get("rtt_ms")?;
                    let other = regions[to].text_at("id")?;
                    let message = format!("the round-trip time to `{other}` is missing");
                    report.push(Problem::at(&at, message).expected(format!("`{other} = <ms>`")));
                    complete = false;
                }
            }
        }
    }
    complete.then_some(matrix)
}

fn model_key<'a>(at: &Cursor<'a>) -> Option<(Pipeline, &'a str)> {
    Some((Pipeline::named(at.text_at("pipeline")?)?, at.text_at("id")?))
}

fn model(at: &Cursor, report: &mut Report) -> Option<Model> {
    let (pipeline, id) = model_key(at)?;
    let steps = match at.get("steps") {
        Some(steps) if pipeline != Pipeline::TextToImage => {
            let problem = Problem::at(&steps, format!("{} has no steps to count", pipeline.name()));
            report.push(problem.expected("`steps` only under text-to-image"));
            return None;
        }
        Some(steps) => steps.integer()?,
        None => default_steps(id),
    };
    let service = at.get("service")?;
    let seconds_per_unit = service.get("seconds_per_unit")?;
    if pipeline.is_live() && seconds_per_unit.number()? > 0.0 {
        let message = "a live stream is worked on for as long as it lasts".to_string();
        let problem = Problem::at(&seconds_per_unit, message);
        report.push(problem.expected("only `overhead_s`, the seconds until it starts"));
        return None;
    }
    let (form, variation) = service.get("variation")?.form()?;
    let variation = match form {
        "constant" => Distribution::Constant(1.0),
        "exponential" => Distribution::Exponential { mean: 1.0 },
        _ => Distribution::Lognormal { mean: 1.0, cv: variation.number_at("cv")? },
    };
    Some(Model {
        pipeline,
        id: id.to_string(),
        steps,
        service: ServiceTime {
            overhead_s: service.number_at("overhead_s")?,
            seconds_per_unit: seconds_per_unit.number()?,
            variation,
        },
        cold_start_s: at.number_at("cold_start_s")?,
    })
}

/// The steps go-livepeer assumes for a model (`server/ai_process.go`).
fn default_steps(id: &str) -> u32 {
    if !id.starts_with("ByteDance/SDXL-Lightning") {
        return 50;
    }
    let number = |(start, _): (usize, &str)| {
        let rest = &id[start + 1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        rest[digits..].starts_with("step").then(|| rest[..digits].parse().ok()).flatten()
    };
    id.match_indices('_').find_map(number).unwrap_or(8).max(1)
}

fn gateway(
    at: &Cursor,
    models: &[Option<(Pipeline, &str)>],
    context: &Context,
    report: &mut Report,
) -> Option<Gateway> {
    let region = at.get("region").and_then(|region| context.names.regions.find(&region, report));
    let weights = at.get("weights").and_then(|weights| selection::weights(&weights, report));
    let rule = at.get("selection").and_then(|rule| selection::rule(&rule, context, report));
    let max_price = max_prices(at, models, context, report);
    let limits = payments::limits(at, report);
    Some(Gateway {
        id: at.text_at("id")?.to_string(),
        region: region?,
        version: version(at)?,
        selection: rule?,
        weights: weights?,
        price_exp_factor: at.number_at("price_exp_factor")?,
        min_perf_score: at.number_at("min_perf_score")?,
        ignore_max_price: at.get("ignore_max_price")?.flag()?,
        max_price: max_price?,
        discovery_timeout_s: at.number_at("discovery_timeout_s")?,
        limits: limits?,
        retry_window_s: at.number_at("retry_window_s")?,
    })
}

fn version(at: &Cursor) -> Option<Version> {
    named(&Version::NAMES, at.text_at("version")?)
}

/// For each model its price, else its pipeline's, else the global one.
fn max_prices(
    at: &Cursor,
    models: &[Option<(Pipeline, &str)>],
    context: &Context,
    report: &mut Report,
) -> Option<Vec<Option<PostedPrice>>> {
    let mut by_model: Vec<Option<PostedPrice>> = vec![None; models.len()];
    let mut by_pipeline: Vec<(Pipeline, PostedPrice)> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut valid = true;
    for entry in at.list("max_prices") {
        let Some(pipeline) = entry.text_at("pipeline").and_then(Pipeline::named) else {
            valid = false;
            continue;
        };
        let model = match entry.get("model") {
            None => Ok(None),
            Some(_) => context.names.model(&entry, report).map(|(_, index)| Some(index)).ok_or(()),
        };
        let price = entry.get("price").and_then(|at| price(&at, pipeline, context, report));
        let (Ok(model), Some(price)) = (model, price) else {
            valid = false;
            continue;
        };
        if !seen.insert((pipeline, model)) {
            let message = format!("a second maximum for the same {}", pipeline.name());
            report.push(Problem::at(&entry, message).expected("each pipeline and model once"));
            valid = false;
        }
        match model {
            Some(index) => by_model[index] = Some(price),
            None => by_pipeline.push((pipeline, price)),
        }
    }
    let global = at.get("max_price_per_unit");
    for (index, model) in models.iter().enumerate() {
        let Some((pipeline, _)) = model else { continue };
        if by_model[index].is_none() {
            by_model[index] = by_pipeline.iter().find(|(of, _)| of == pipeline).map(|(_, p)| *p);
        }
        if by_model[index].is_none()
            && let Some(global) = &global
        {
            by_model[index] = price(global, *pipeline, context, report);
            valid &= by_model[index].is_some();
        }
    }
    // Of 0, go-livepeer pays any price.
    let limits = by_model.into_iter().map(|price| price.filter(|price| !price.is_zero()));
    valid.then(|| limits.collect())
}

/// A price per billing unit of `pipeline`.
pub(super) fn price(
    at: &Cursor,
    pipeline: Pipeline,
    context: &Context,
    report: &mut Report,
) -> Option<PostedPrice> {
    let text = price_text::parse(at.text()?).ok()?;
    match text.price(pipeline, context.eth_usd?) {
        Ok(price) => Some(price),
        Err(message) => {
            report.push(Problem::at(at, message));
            None
        }
    }
}

fn orchestrators(
    root: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<Orchestrator>> {
    let singles = root.list("orchestrators");
    let groups = root.list("orchestrator_groups");
    let written_count = |group: &Cursor| group.get("count").and_then(|at| at.integer());
    if singles.is_empty() && groups.iter().all(|group| written_count(group) == Some(0)) {
        if let (Some(list), Some(_)) = (root.get("orchestrators"), root.get("orchestrator_groups"))
        {
            let problem = Problem::at(groups.first().unwrap_or(&list), "there is no orchestrator");
            report.push(problem.expected("[[orchestrators]] or [[orchestrator_groups]]"));
        }
        return None;
    }
    let count = |group: &Cursor| written_count(group).unwrap_or(0);
    let orchestrators = singles.len() + groups.iter().map(count).sum::<usize>();
    let offers = |at: &Cursor| at.list("offers").len();
    let offers = singles.iter().map(offers).sum::<usize>()
        + groups.iter().map(|group| count(group) * offers(group)).sum::<usize>();
    if orchestrators > MOST_ORCHESTRATORS || offers > MOST_OFFERS {
        let list = groups.first().or(singles.first())?;
        let message = format!("{orchestrators} orchestrators with {offers} offers are too many");
        let expected = format!("at most {MOST_ORCHESTRATORS} with {MOST_OFFERS} offers");
        report.push(Problem::at(list, message).expected(expected));
        return None;
    }

    let mut all = Vec::with_capacity(orchestrators);
    let mut ids = BTreeSet::new();
    let mut valid = true;
    for at in &singles {
        let Some(read) = single(at, context, report) else {
            valid = false;
            continue;
        };
        if !ids.insert(read.id.clone())
            && let Some(id) = at.get("id")
        {
            report.push(duplicate(&id, "orchestrator", &read.id));
        }
        all.push(read);
    }
    for at in &groups {
        let Some(read) = group(at, context, report) else {
            valid = false;
            continue;
        };
        let taken = read.iter().find(|member| !ids.insert(member.id.clone()));
        if let (Some(member), Some(id)) = (taken, at.get("id")) {
            report.push(duplicate(&id, "orchestrator", &member.id));
        }
        all.extend(read);
    }
    let entries: Vec<Cursor> = groups.into_iter().chain(singles).collect();
    respond::check_nodes(&all, &entries, report)?;
    valid.then_some(all)
}

fn single(at: &Cursor, context: &Context, report: &mut Report) -> Option<Orchestrator> {
    let region = at.get("region").and_then(|region| context.names.regions.find(&region, report));
    let stake = at.get("stake").and_then(|at| credits::lpt(&at, report));
    let ticket_ev = at.get("ticket_ev").and_then(|at| credits::positive_wei(&at, report));
    let tickets = ticket_ev.and_then(|ev| payments::tickets(at, &[ev], report)?.pop());
    let mut models = BTreeSet::new();
    let offers = all(&at.list("offers"), |offer| {
        let (pipeline, model) = offered_model(offer, &mut models, context, report)?;
        Some(Offer {
            model,
            price: price(&offer.get("price")?, pipeline, context, report)?,
            warm: offer.get("warm")?.flag()?,
            capacity: offer.get("capacity")?.integer()?,
        })
    });
    Some(Orchestrator {
        id: at.text_at("id")?.to_string(),
        region: region?,
        version: version(at),
        stake: stake?,
        speed: at.number_at("speed")?,
        reliability: at.number_at("reliability")?,
        jitter_ms: at.number_at("jitter_ms")?,
        perf_score: at.number_at("perf_score")?,
        tickets: tickets?,
        auto_adjust_price: at.get("auto_adjust_price")?.flag()?,
        offers: offers?,
        response: respond::response(at)?,
    })
}

/// The model of an offer, which must not be among those offered before.
fn offered_model(
    offer: &Cursor,
    offered: &mut BTreeSet<usize>,
    context: &Context,
    report: &mut Report,
) -> Option<(Pipeline, usize)> {
    let (pipeline, model) = context.names.model(offer, report)?;
    if !offered.insert(model) {
        let problem = Problem::at(&offer.get("model")?, "a second offer of the same model");
        report.push(problem.expected("one offer for each model"));
        return None;
    }
    Some((pipeline, model))
}

fn group(at: &Cursor, context: &Context, report: &mut Report) -> Option<Vec<Orchestrator>> {
    let id = at.text_at("id")?;
    let count: usize = at.get("count")?.integer()?;
    let region = at.get("region").and_then(|region| context.names.regions.find(&region, report));
    let numbers = |name: &str, report: &mut Report| {
        let attribute = Attribute {
            key: format!("{id}/{name}"),
            read: &|at, _| at.number(),
            to_number: &|number| *number,
            from_number: &|number, _| number.is_finite().then(|| rounded(number)),
        };
        members(&at.get(name)?, count, &attribute, report)
    };
    let speed = numbers("speed", report);
    let reliability = numbers("reliability", report);
    let jitter_ms = numbers("jitter_ms", report);
    let perf_score = numbers("perf_score", report);
    let stakes = at.get("stake").and_then(|place| {
        let attribute = Attribute {
            key: format!("{id}/stake"),
            read: &credits::lpt,
            to_number: &|stake: &Lpt| stake.to_coins(),
            from_number: &|coins, _| stake_from_coins(coins),
        };
        members(&place, count, &attribute, report)
    });
    let ticket_evs = at.get("ticket_ev").and_then(|place| {
        let attribute = Attribute {
            key: format!("{id}/ticket_ev"),
            read: &credits::positive_wei,
            to_number: &|ev: &Wei| ev.0 as f64,
            from_number: &|ev, _| (1.0..1e30).contains(&ev).then_some(Wei(libm::round(ev) as u128)),
        };
        members(&place, count, &attribute, report)
    });
    let tickets = ticket_evs.and_then(|evs| payments::tickets(at, &evs, report));
    let version = version(at);
    let auto_adjust_price = at.get("auto_adjust_price")?.flag()?;
    let response = respond::response(at)?;
    let mut models = BTreeSet::new();
    let offers = all(&at.list("offers"), |offer| {
        let (pipeline, model) = offered_model(offer, &mut models, context, report)?;
        let prices = Attribute {
            key: format!("{id}/{}/{model}/price", pipeline.name()),
            read: &|at, report| price(at, pipeline, context, report),
            to_number: &|price: &PostedPrice| wei_per_unit(price, context),
            from_number: &|wei, given| price_from_wei(wei, given, context.eth_usd?),
        };
        let capacities = Attribute {
            key: format!("{id}/{}/{model}/capacity", pipeline.name()),
            read: &|at, _| at.integer(),
            to_number: &|capacity: &u32| f64::from(*capacity),
            from_number: &|capacity, _| (capacity < 1e9).then_some((capacity + 0.5) as u32),
        };
        let prices = members(&offer.get("price")?, count, &prices, report);
        let capacities = members(&offer.get("capacity")?, count, &capacities, report);
        Some((model, offer.get("warm")?.flag()?, prices?, capacities?))
    });
    let (speed, reliability, jitter_ms) = (speed?, reliability?, jitter_ms?);
    let (perf_score, stakes, tickets) = (perf_score?, stakes?, tickets?);
    let (offers, region) = (offers?, region?);
    let offer_of = |k: usize| {
        let offer =
            |(model, warm, prices, capacities): &(usize, bool, Vec<PostedPrice>, Vec<u32>)| Offer {
                model: *model,
                price: prices[k],
                warm: *warm,
                capacity: capacities[k].max(1),
            };
        offers.iter().map(offer).collect()
    };
    let member = |k: usize| Orchestrator {
        id: format!("{id}-{}", k + 1),
        region,
        version,
        stake: stakes[k],
        speed: speed[k].max(SLOWEST),
        reliability: reliability[k].min(1.0),
        jitter_ms: jitter_ms[k],
        perf_score: perf_score[k].min(1.0),
        tickets: tickets[k],
        auto_adjust_price,
        offers: offer_of(k),
        response: response.clone(),
    };
    Some((0..count).map(member).collect())
}

/// In steps of 1e-5 LPT, as go-livepeer counts stake (`common/util.go`).
fn stake_from_coins(coins: f64) -> Option<Lpt> {
    let steps = libm::round(coins * 1e5);
    (steps <= 1e17).then(|| Lpt(steps as u128 * 10_000_000_000_000))
}

/// In wei per unit at the prices of the start.
fn wei_per_unit(price: &PostedPrice, context: &Context) -> f64 {
    let price = context.eth_usd.and_then(|eth_usd| price.at(eth_usd).ok());
    price.map_or(f64::NAN, Price::to_f64)
}

/// Seven digits of a number.
fn reduced(number: f64) -> Option<Decimal> {
    format!("{number:.6e}").parse().ok().map(Decimal::reduced)
}

/// To whole wei, or to a thousandth below 1,000 wei; pegged to the dollar, to
/// seven digits, where the price given was.
fn price_from_wei(wei: f64, given: &PostedPrice, eth_usd: Decimal) -> Option<PostedPrice> {
    match given {
        PostedPrice::Wei(_) => {
            let thousandths =
                if wei < 1e3 { libm::round(wei * 1e3) } else { libm::round(wei) * 1e3 };
            let price = (thousandths < 1e18).then(|| Price::new(thousandths as u128, 1_000))?;
            price.ok().map(PostedPrice::Wei)
        }
        PostedPrice::Usd { units, .. } => {
            let usd = wei / COIN as f64 * eth_usd.to_f64() * *units as f64;
            let pegged = PostedPrice::Usd { usd: reduced(usd)?, units: *units };
            pegged.at(eth_usd).is_ok().then_some(pegged)
        }
    }
}

/// Size of the discovery pool and how many of it never answer.
fn pool(root: &Cursor, listed: usize, report: &mut Report) -> Option<(u32, u32)> {
    let at = root.get("network")?;
    let silent_at = at.get("unresponsive_orchestrators")?;
    let silent: usize = silent_at.integer()?;
    let registered_at = at.get("registered_orchestrators");
    let registered = match &registered_at {
        Some(registered) => registered.integer()?,
        None => at.get("active_set")?.integer::<usize>()?.max(listed + silent),
    };
    if registered < listed + silent {
        let place = registered_at.unwrap_or(silent_at);
        let message = format!(
            "{registered} registered orchestrators are fewer than {listed} listed and {silent} \
             unresponsive ones"
        );
        report.push(Problem::at(&place, message).expected(format!("at least {}", listed + silent)));
        return None;
    }
    Some((u32::try_from(registered).ok()?, u32::try_from(silent).ok()?))
}
