//! The JSON Schema against the reader: the same keys, each with an effect, and
//! every shipped scenario valid under both.

use std::collections::BTreeSet;
use std::path::Path;

use orchsim::scenario::{Source, json_schema, load, preset, preset_names, to_toml};
use serde_json::{Value as Json, json};
use toml::Value as Toml;

fn every_key() -> Source {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    Source::read(tests.join("scenario_every_key.toml")).unwrap()
}

/// The scenario of every key and its variants, see there.
fn variants() -> Vec<Source> {
    let every_key = every_key();
    let key = |line: &str| line.split(" = ").next().map(str::to_string);
    let variant = |number: usize| {
        let mark = format!("#{number}| ");
        let mut text: Vec<&str> = Vec::new();
        for line in every_key.text.lines() {
            match line.strip_prefix(&mark) {
                Some(line) => {
                    text.pop_if(|above| key(above) == key(line));
                    text.push(line);
                }
                None if line.starts_with('#') => {}
                None => text.push(line),
            }
        }
        Source { text: text.join("\n"), ..every_key.clone() }
    };
    (0..=5).map(variant).collect()
}

fn to_json(value: &Toml) -> Json {
    match value {
        Toml::String(text) => json!(text),
        Toml::Integer(integer) => json!(integer),
        Toml::Float(float) => json!(float),
        Toml::Boolean(flag) => json!(flag),
        Toml::Datetime(date) => json!(date.to_string()),
        Toml::Array(items) => items.iter().map(to_json).collect(),
        Toml::Table(table) => table.iter().map(|(k, v)| (k.clone(), to_json(v))).collect(),
    }
}

fn document(text: &str) -> Json {
    to_json(&Toml::Table(text.parse().unwrap()))
}

/// What of the draft-07 vocabulary the schema uses, except patterns.
fn violation(schema: &Json, value: &Json, path: &str) -> Option<String> {
    let fail = |what: &str| Some(format!("{path}: {what}"));
    if let Some(options) = schema["anyOf"].as_array() {
        let all: Vec<String> = options.iter().map_while(|s| violation(s, value, path)).collect();
        return (all.len() == options.len()).then(|| all.join("; "));
    }
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(value) { None } else { fail("not in the enum") };
    }
    let kind = schema["type"].as_str().unwrap();
    let number = value.as_f64();
    let is_kind = match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !is_kind {
        return fail(&format!("not of type {kind}"));
    }
    let bound = |name: &str, holds: fn(f64, f64) -> bool| match (number, schema[name].as_f64()) {
        (Some(number), Some(limit)) => holds(number, limit),
        _ => true,
    };
    let in_bounds = bound("minimum", |n, limit| n >= limit)
        && bound("maximum", |n, limit| n <= limit)
        && bound("exclusiveMinimum", |n, limit| n > limit)
        && bound("exclusiveMaximum", |n, limit| n < limit);
    if !in_bounds {
        return fail("out of bounds");
    }
    let length = value.as_array().map(Vec::len).or(value.as_object().map(serde_json::Map::len));
    let fits = |name: &str, holds: fn(usize, usize) -> bool| match (length, schema[name].as_u64()) {
        (Some(length), Some(limit)) => holds(length, limit as usize),
        _ => true,
    };
    if !(fits("minItems", |n, min| n >= min)
        && fits("maxItems", |n, max| n <= max)
        && fits("minProperties", |n, min| n >= min)
        && fits("maxProperties", |n, max| n <= max))
    {
        return fail("too few or too many");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            return fail(&format!("{name} is missing"));
        }
    }
    if let Some(items) = value.as_array() {
        let mut items = items.iter().enumerate();
        return items
            .find_map(|(i, item)| violation(&schema["items"], item, &format!("{path}[{i}]")));
    }
    value.as_object()?.iter().find_map(|(key, value)| {
        let path = format!("{path}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Json::Null, Json::Bool(false)) => Some(format!("{path}: unknown")),
            (Json::Null, other) => violation(other, value, &path),
            (property, _) => violation(property, value, &path),
        }
    })
}

#[test]
fn shipped_and_resolved_scenarios_satisfy_the_schema() {
    let schema = json_schema();
    let every_key = every_key();
    let shipped = preset_names().map(|name| preset(name).unwrap().to_string());
    for text in shipped.chain(variants().into_iter().map(|source| source.text)) {
        assert_eq!(violation(&schema, &document(&text), ""), None);
        let source = Source { text, ..every_key.clone() };
        let scenario = load(&source, &[]).unwrap_or_else(|e| panic!("{e}"));
        let resolved = to_toml(&scenario);
        assert_eq!(violation(&schema, &document(&resolved), ""), None);
        let again = load(&Source { text: resolved, ..source }, &[]);
        let again = again.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(format!("{scenario:?}"), format!("{again:?}"));
    }
}

#[test]
fn defaults_satisfy_their_own_schema() {
    fn visit(schema: &Json, path: &str) {
        if let Some(default) = schema.get("default") {
            assert_eq!(violation(schema, default, path), None);
        }
        let properties = schema["properties"].as_object();
        for (key, property) in properties.into_iter().flatten() {
            assert!(
                property["description"].as_str().is_some_and(|d| !d.is_empty()),
                "{path}.{key}"
            );
            visit(property, &format!("{path}.{key}"));
        }
        let parts = [&schema["items"], &schema["additionalProperties"]];
        for inner in parts.into_iter().filter(|part| part.is_object()) {
            visit(inner, path);
        }
        for option in schema["anyOf"].as_array().into_iter().flatten() {
            visit(option, path);
        }
    }
    visit(&json_schema(), "");
}

/// The paths of all keys a schema knows, lists and named entries left out.
fn schema_paths(schema: &Json, path: &str, paths: &mut BTreeSet<String>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        schema_paths(property, &path, paths);
        paths.insert(path);
    }
    if schema["items"].is_object() {
        schema_paths(&schema["items"], path, paths);
    }
    if schema["additionalProperties"].is_object() {
        schema_paths(&schema["additionalProperties"], &format!("{path}.*"), paths);
    }
    for option in schema["anyOf"].as_array().into_iter().flatten() {
        schema_paths(option, path, paths);
    }
}

/// The paths a document uses, with `*` for the names of [`schema_paths`].
fn used_paths(schema: &Json, value: &Json, path: &str, paths: &mut BTreeSet<String>) {
    for option in schema["anyOf"].as_array().into_iter().flatten() {
        if violation(option, value, path).is_none() {
            used_paths(option, value, path, paths);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        used_paths(&schema["items"], item, path, paths);
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        match &schema["properties"][key] {
            Json::Null => {
                used_paths(&schema["additionalProperties"], value, &format!("{path}.*"), paths);
            }
            property => {
                let path = format!("{path}.{key}");
                used_paths(property, value, &path, paths);
                paths.insert(path);
            }
        }
    }
}

#[test]
fn the_scenario_of_every_key_has_every_key() {
    let (mut known, mut used) = (BTreeSet::new(), BTreeSet::new());
    let schema = json_schema();
    schema_paths(&schema, "", &mut known);
    for source in variants() {
        used_paths(&schema, &document(&source.text), "", &mut used);
    }
    assert_eq!(known.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Every scalar below `value`, with a way to reach it again.
fn leaves(value: &Toml, path: Vec<String>, found: &mut Vec<Vec<String>>) {
    let step = |key: &str| path.iter().cloned().chain([key.to_string()]).collect::<Vec<_>>();
    match value {
        Toml::Table(table) => table.iter().for_each(|(key, v)| leaves(v, step(key), found)),
        Toml::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| leaves(v, step(&i.to_string()), found));
        }
        _ => found.push(path),
    }
}

fn at<'a>(value: &'a mut Toml, path: &[String]) -> &'a mut Toml {
    path.iter().fold(value, |value, key| match value {
        Toml::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        Toml::Table(table) => table.get_mut(key).unwrap(),
        _ => unreachable!("a leaf has no inside"),
    })
}

/// No key is read and ignored: another value makes another scenario, or none.
#[test]
fn every_value_has_an_effect() {
    variants().iter().for_each(values_have_effects);
}

fn values_have_effects(source: &Source) {
    let unchanged = format!("{:?}", load(source, &[]).unwrap_or_else(|e| panic!("{e}")));
    let root = Toml::Table(source.text.parse().unwrap());
    let mut paths = Vec::new();
    leaves(&root, Vec::new(), &mut paths);
    assert!(paths.len() > 200);
    for path in paths {
        let mut changed = root.clone();
        let leaf = at(&mut changed, &path);
        *leaf = match leaf {
            Toml::String(text) => match text.split_once(' ') {
                Some((number, unit)) if number.parse::<f64>().is_ok() => {
                    Toml::String(format!("{} {unit}", number.parse::<f64>().unwrap() * 1.25))
                }
                _ => Toml::String(format!("{text}x")),
            },
            Toml::Integer(0) => Toml::Float(0.5),
            Toml::Integer(integer) => Toml::Integer(*integer * 2),
            Toml::Float(float) => Toml::Float(*float * 1.25),
            Toml::Boolean(flag) => Toml::Boolean(!*flag),
            Toml::Datetime(_) => Toml::Datetime("2025-02-19".parse().unwrap()),
            _ => unreachable!("a leaf is a scalar"),
        };
        let text = toml::to_string(&changed).unwrap();
        if let Ok(scenario) = load(&Source { text, ..source.clone() }, &[]) {
            assert_ne!(format!("{scenario:?}"), unchanged, "{path:?} has no effect");
        }
    }
}
