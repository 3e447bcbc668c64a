//! A gateway's view of the network: `GET /getNetworkCapabilities` on its CLI port
//! (go-livepeer `server/handlers.go`, `common/types.go`
//! `OrchNetworkCapabilities`, from 0.8.6 on).

use std::collections::{BTreeMap, BTreeSet};

use super::findings::{Findings, Found, FoundOffer, MOST_OFFERS, model_at, orchestrator_id};
use super::json::At;
use super::merge::MOST_NAMED;
use super::price::price;
use crate::network::{Pipeline, Version};
use crate::text::{first_few, is_address, moment, plain};
use crate::units::{PostedPrice, Price};

/// What a scenario may hold.
const MOST_CAPACITY: u64 = 1_000_000;
/// Above this a capacity is said to be odd.
const USUAL_CAPACITY: u64 = 1_000;

/// What a gateway calls its events of this kind.
const EVENT: &str = "network_capabilities";

/// Of a list of a gateway's events the last one of this kind, and how many there are.
fn event<'a>(root: &At<'a>) -> Option<(At<'a>, usize)> {
    let is_one = |item: &At| item.field(&["type"]).is_some_and(|at| at.text() == Some(EVENT));
    let time = |event: &At| {
        let time = moment(&event.field(&["timestamp"])?.word()?)?;
        Some((time.day, time.nanosecond))
    };
    let events: Vec<At> = root.items().filter(is_one).collect();
    let count = events.len();
    Some((events.into_iter().max_by_key(time)?, count))
}

/// The orchestrators of the answer, of a gateway's event of the same shape or the last
/// of many, or a bare list.
pub(super) fn rows<'a>(root: &At<'a>) -> Option<Vec<At<'a>>> {
    if let Some((event, _)) = event(root) {
        return rows(&event);
    }
    // A gateway that knows nobody writes null.
    if root.entries().any(|(key, at)| plain(key) == "orchestrators" && at.is_null()) {
        return Some(Vec::new());
    }
    let listed = root.field(&["orchestrators"]).filter(At::is_list);
    let list = match listed {
        Some(list) => list,
        None => root.field(&["data", "payload"]).unwrap_or_else(|| root.clone()),
    };
    let items: Vec<At> = list.items().collect();
    let is_known = |item: &At| item.field(&["capabilities", "capabilities_prices"]).is_some();
    let is_empty = items.is_empty() && list.is_list() && !root.is_list();
    (is_empty || items.iter().any(is_known)).then_some(items)
}

/// `false` where the file is something else.
pub(super) fn read(root: &At, findings: &mut Findings) -> bool {
    let Some(rows) = rows(root) else { return false };
    if rows.is_empty() {
        findings.skip("orchestrators", "an empty list");
    }
    if let Some((event, count)) = event(root) {
        let time = event.field(&["timestamp"]).and_then(|at| at.word()).unwrap_or_default();
        findings.notes.push(format!("`{EVENT}` events: {count}; the last is read, of {time}"));
    }
    let names = Names::of(root);
    for row in &rows {
        let about = about(row);
        let what = match about.split(", ").next() {
            Some(host) if !host.is_empty() => format!("{} ({host})", row.path),
            _ => row.path.clone(),
        };
        let Some(id) = id(row) else {
            let given = row.field(&["address"]).and_then(|at| at.word());
            let why = match given.filter(|text| !text.is_empty() && orchestrator_id(text).is_none())
            {
                Some(_) => "its `address` is no Ethereum address",
                None => "no `address`",
            };
            findings.skip(what, why);
            continue;
        };
        let offers = offers(row, &names, &what, findings);
        if offers.is_empty() {
            findings.skip(what, "no AI model on offer at a price");
            continue;
        }
        let found = findings.orchestrator(&id);
        if found.version.is_none() {
            found.version = release(row).and_then(|release| {
                Version::of_release(&release).map(|version| (release, version))
            });
        }
        let twice = join(found, offers, &about);
        let names: Vec<&str> = twice.iter().flatten().map(String::as_str).collect();
        let price = match names.as_slice() {
            [] => "at the same price".to_string(),
            names => {
                let names = first_few(names, MOST_NAMED);
                format!("and of different prices the first is taken: {names}")
            }
        };
        if !twice.is_empty() {
            findings.notes.push(format!(
                "{id} answers from more than one host: the capacities of {} of its models are \
                 added up, {price}",
                twice.len()
            ));
        }
    }
    true
}

/// The recipient of payments, or where the answer has none (zero off-chain) the address
/// the node signs with.
fn id(row: &At) -> Option<String> {
    let named = |name| orchestrator_id(row.field(&[name])?.text()?);
    let is_zero = |id: &str| is_address(id) && id.bytes().skip(2).all(|digit| digit == b'0');
    ["address", "local_address"].into_iter().filter_map(named).find(|id| !is_zero(id))
}

/// Adds the offers of a node to those of its orchestrator; for each model that it had
/// already, which price is taken where there is another.
fn join(known: &mut Found, offers: Vec<FoundOffer>, about: &str) -> Vec<Option<String>> {
    let before = known.offers.get_or_insert_default();
    let mut twice = Vec::new();
    for offer in offers {
        let same = |o: &FoundOffer| o.pipeline == offer.pipeline && o.model == offer.model;
        if let Some(first) = before.iter().position(same).and_then(|at| before.get_mut(at)) {
            first.capacity = first.capacity.saturating_add(offer.capacity);
            first.warm |= offer.warm;
            let (price, other) = (first.price, offer.price);
            twice.push((price != other).then(|| {
                format!("{}/{} at {price}, not {other}", offer.pipeline.name(), offer.model)
            }));
        } else if before.len() < MOST_OFFERS {
            before.push(offer);
        }
    }
    let separator = if known.about.is_empty() { "" } else { "; " };
    known.about = format!("{}{separator}{about}", known.about);
    twice
}

/// What the file calls capabilities by number.
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(root: &At) -> Names {
        let names = root.field(&["capabilities_names"]);
        let entries = names.iter().flat_map(At::entries);
        Names(entries.filter_map(|(key, at)| Some((key.to_string(), at.word()?))).collect())
    }

    /// The pipeline of a capability given by number or name; the file's own
    /// numbering wins.
    fn pipeline(&self, capability: &str) -> Result<Pipeline, String> {
        let name = self.0.get(capability).map_or(capability, String::as_str);
        let shown: String = name.chars().take(60).collect();
        Pipeline::spelled(name).ok_or_else(|| format!("capability `{shown}` is not simulated"))
    }
}

/// The AI models a row offers and has a price for.
fn offers(row: &At, names: &Names, what: &str, findings: &mut Findings) -> Vec<FoundOffer> {
    let prices = prices(row, names, what, findings);
    // Without units too it is no price.
    let base = row.field(&["price_info"]).filter(|info| {
        info.field(&["price_per_unit", "price", "pixels_per_unit", "units"]).is_some()
    });
    let base = base.and_then(|info| posted(&info).ok());
    let constraints = row
        .field(&["capabilities"])
        .and_then(|capabilities| capabilities.field(&["constraints", "capability_constraints"]));
    let per_capability = constraints
        .map(|constraints| constraints.field(&["per_capability"]).unwrap_or(constraints));
    let mut offers: Vec<FoundOffer> = Vec::new();
    let mut offered = BTreeSet::new();
    for (capability, constraint) in per_capability.iter().flat_map(At::entries) {
        let Some(models) = constraint.field(&["models"]) else { continue };
        let pipeline = match names.pipeline(capability) {
            Ok(pipeline) => pipeline,
            Err(why) => {
                findings.skip(format!("{what}: {}", within(row, &constraint)), why);
                continue;
            }
        };
        for (model, terms) in models.entries() {
            let place = format!("{what}: {} {model:?}", pipeline.name());
            let is_line = !model.trim().is_empty() && !model.contains(char::is_control);
            if !is_line || model.len() > 200 {
                findings.skip(place, "not the id of a model");
                continue;
            }
            if !offered.insert((pipeline, model)) {
                findings.skip(place, "listed already");
                continue;
            }
            if offers.len() >= MOST_OFFERS {
                findings.skip(place, format!("more than {MOST_OFFERS} offers"));
                continue;
            }
            let of_model = match prices.get(&(pipeline, model.to_string())) {
                Some(None) => {
                    findings.skip(place, "its own price cannot be read");
                    continue;
                }
                own => own.and_then(Option::as_ref),
            };
            let Some((price, is_left_out)) = of_model.or(base.as_ref()).copied() else {
                findings.skip(place, "on offer without a price");
                continue;
            };
            let (capacity, mut about) = capacity(row, pipeline, model, &terms);
            if of_model.is_none() {
                about.push("its base price, as the model has none".to_string());
            }
            if is_left_out {
                about.push("no pricePerUnit, read as 0".to_string());
            }
            let warm = match terms.field(&["warm"]).map(|at| at.flag()) {
                None => false,
                Some(Ok(warm)) => warm,
                Some(Err(why)) => {
                    findings.notes.push(format!("{place}: {why}; read as cold"));
                    false
                }
            };
            if capacity > USUAL_CAPACITY {
                let few = capacity.min(MOST_CAPACITY);
                findings.notes.push(format!(
                    "{place}: capacity {few} is kept as advertised; no node works on so many \
                     requests at once"
                ));
            }
            let capacity = capacity.clamp(1, MOST_CAPACITY) as u32;
            let (model, about) = (model.to_string(), about.join("; "));
            offers.push(FoundOffer { pipeline, model, price, warm, capacity, about });
        }
    }
    for (pipeline, model) in prices.keys() {
        if !offered.contains(&(*pipeline, model.as_str())) {
            let place = format!("{what}: {} {model:?}", pipeline.name());
            findings.skip(place, "priced, but not among the models it offers");
        }
    }
    offers
}

/// A price, and whether its amount is left out: Go's encoder leaves out zeros
/// (go-livepeer `net/lp_rpc.pb.go`, `omitempty`).
fn posted(at: &At) -> Result<(PostedPrice, bool), String> {
    let written = price(at)?;
    Ok((written.unwrap_or(Price::ZERO.into()), written.is_none()))
}

/// What [`posted`] says of the price of each model; `None` where it cannot be read.
type Prices = BTreeMap<(Pipeline, String), Option<(PostedPrice, bool)>>;

/// The prices of a row by model; of several the last that can be read.
fn prices(row: &At, names: &Names, what: &str, findings: &mut Findings) -> Prices {
    let mut prices = Prices::new();
    for entry in row.field(&["capabilities_prices"]).iter().flat_map(At::items) {
        let place = format!("{what}: {}", within(row, &entry));
        let capability = entry.field(&["capability", "pipeline"]).and_then(|at| at.word());
        let model = entry.field(&["constraint", "model_id", "model"]);
        let (Some(capability), Some(model)) = (capability, model) else {
            findings.skip(place, "a price without capability or model");
            continue;
        };
        let named =
            names.pipeline(&capability).and_then(|pipeline| Ok((pipeline, model_at(&model)?)));
        match (named, posted(&entry)) {
            (Ok(model), Ok(price)) => drop(prices.insert(model, Some(price))),
            (Ok(model), Err(why)) => {
                findings.skip(place, why);
                prices.entry(model).or_insert(None);
            }
            (Err(why), _) => findings.skip(place, why),
        }
    }
    prices
}

/// Requests a node takes at once: those it has room for and those it works on,
/// else its GPUs for the model, else 1.
fn capacity(row: &At, pipeline: Pipeline, model: &str, terms: &At) -> (u64, Vec<String>) {
    let count = |name| terms.field(&[name]).and_then(|at| at.count().ok());
    let (free, busy) = (count("capacity"), count("capacity_in_use"));
    if let Some(total) = free.unwrap_or(0).checked_add(busy.unwrap_or(0)).filter(|&n| n > 0) {
        let about = busy.map(|busy| format!("{busy} of the capacity in use"));
        return (total, about.into_iter().collect());
    }
    let of_model = |part: &At| {
        let named = part.field(&["pipeline"]).and_then(|at| at.word());
        let served = part.field(&["model_id", "model"]).and_then(|at| at.word());
        named.as_deref().and_then(Pipeline::spelled) == Some(pipeline)
            && served.as_deref() == Some(model)
    };
    let parts = row.field(&["hardware"]);
    match parts.iter().flat_map(At::items).filter(of_model).count() as u64 {
        0 => (1, vec!["capacity assumed".to_string()]),
        parts => (parts, vec!["capacity assumed: its GPUs for the model".to_string()]),
    }
}

/// The path of a part of a row from the row on.
fn within<'a>(row: &At, part: &'a At) -> &'a str {
    part.path.strip_prefix(&row.path).unwrap_or(&part.path).trim_start_matches('.')
}

/// The go-livepeer release it runs.
fn release(row: &At) -> Option<String> {
    row.field(&["capabilities"])?.field(&["version"])?.word()
}

/// Host, version and GPUs.
fn about(row: &At) -> String {
    let uri = row.field(&["orch_uri", "service_uri", "uri"]).and_then(|at| at.text());
    let host = uri.map(|uri| uri.split_once("://").map_or(uri, |(_, host)| host));
    let version = release(row).map(|version| format!("go-livepeer {version}"));
    let mut gpus: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for part in row.field(&["hardware"]).iter().flat_map(At::items) {
        let info = part.field(&["gpu_info"]);
        let listed = info.iter().flat_map(At::items);
        let keyed = info.iter().flat_map(At::entries).map(|(_, gpu)| gpu);
        for gpu in listed.chain(keyed) {
            let text = |name| gpu.field(&[name]).and_then(|at| at.word());
            let id = text("id").unwrap_or_else(|| gpu.path.clone());
            gpus.entry(text("name").unwrap_or_else(|| "GPU".into())).or_default().insert(id);
        }
    }
    let gpus = gpus.iter().map(|(name, ids)| format!("{} x {name}", ids.len()));
    let parts = host.map(str::to_string).into_iter().chain(version).chain(gpus);
    parts.collect::<Vec<_>>().join(", ")
}
