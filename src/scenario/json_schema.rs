use serde_json::{Map, Value as Json, json};

use super::keys::SCENARIO;
use super::shape::{Key, Presence, Shape, Text};
use crate::network::Version;
use crate::units::Currency;

/// The JSON Schema (draft 7) of a scenario file, with descriptions and
/// defaults, so that an editor can complete and check one. It is made from the
/// same table of keys as the reader.
pub fn json_schema() -> Json {
    let mut schema = of_shape(&SCENARIO);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("orchsim scenario");
    schema
}

fn of_shape(shape: &Shape) -> Json {
    match shape {
        Shape::Text(text) => of_text(*text),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Date => json!({ "type": "string", "format": "date" }),
        Shape::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Shape::Number(bounds) => {
            let minimum = if bounds.above_min { "exclusiveMinimum" } else { "minimum" };
            let maximum = if bounds.below_max { "exclusiveMaximum" } else { "maximum" };
            json!({ "type": "number", minimum: bounds.min, maximum: bounds.max })
        }
        Shape::List { of, min, max } => {
            json!({ "type": "array", "items": of_shape(of), "minItems": min, "maxItems": max })
        }
        Shape::Table(keys) => {
            let mut table = of_keys(keys);
            let required = |key: &&Key| matches!(key.presence, Presence::Required);
            let names: Vec<&str> = keys.iter().filter(required).map(|key| key.name).collect();
            if !names.is_empty() {
                table["required"] = json!(names);
            }
            table
        }
        Shape::Form(keys) => {
            let mut form = of_keys(keys);
            form["minProperties"] = json!(1);
            form["maxProperties"] = json!(1);
            form
        }
        Shape::Map { of, .. } => json!({
            "type": "object",
            "propertyNames": of_text(Text::Name),
            "additionalProperties": of_shape(of),
        }),
        Shape::Either(shapes) => {
            json!({ "anyOf": shapes.iter().map(|shape| of_shape(shape)).collect::<Vec<_>>() })
        }
    }
}

fn of_keys(keys: &[Key]) -> Json {
    let property = |key: &Key| {
        let mut schema = of_shape(key.shape);
        schema["description"] = json!(key.doc);
        if let Presence::Default(text) = key.presence
            && let Some(value) = default_value(text)
        {
            schema["default"] = value;
        }
        (key.name.to_string(), schema)
    };
    let properties: Map<String, Json> = keys.iter().map(property).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A default's TOML text in JSON.
fn default_value(text: &str) -> Option<Json> {
    let mut table: Json = toml::from_str(&format!("value = {text}")).ok()?;
    Some(table["value"].take())
}

fn of_text(text: Text) -> Json {
    match text {
        Text::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9._][A-Za-z0-9._-]*$" }),
        Text::Line => json!({ "type": "string", "maxLength": 1000 }),
        Text::Word(words) | Text::TableName { words, .. } => json!({ "enum": words() }),
        Text::Release => json!({ "enum": Version::NAMES.map(|(name, _)| name) }),
        Text::Money(currencies) => {
            let units: Vec<&str> =
                currencies.iter().map(|currency| Currency::name(*currency)).collect();
            let pattern = format!("^[0-9][0-9_.eE+-]* +({})$", units.join("|"));
            json!({ "type": "string", "pattern": pattern })
        }
        Text::Price => {
            let pattern =
                "^[0-9][0-9_.eE+-]* +(wei|gwei|ETH|USD)( +per( +[0-9][0-9_]*)?( +[a-z]+)?)?$";
            json!({ "type": "string", "pattern": pattern })
        }
        Text::PixelSize => json!({ "type": "string", "pattern": "^[0-9]+x[0-9]+$" }),
    }
}
