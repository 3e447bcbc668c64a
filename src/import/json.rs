//! JSON of unknown making: nothing is lost on the way in (a key that is there
//! twice is an error), keys are found under any spelling, and every value
//! knows its path.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::text::plain;
use crate::units::Decimal;

/// What a share may be by what floats lose.
pub(super) const MOST_SHARE: f64 = 1.0 + 1e-9;

/// A JSON value; an object keeps the order of its file.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(i128),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Where a text is no JSON.
#[derive(Debug)]
pub(super) struct SyntaxError {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
    pub message: String,
}

/// A document, or a list of objects where they follow one another as in JSON lines.
pub(super) fn parse(text: &str) -> Result<Json, SyntaxError> {
    serde_json::from_str(text).or_else(|error| {
        let stream = error.is_syntax().then(|| {
            let values = serde_json::Deserializer::from_str(text).into_iter();
            values.collect::<Result<Vec<Json>, _>>().unwrap_or_default()
        });
        let is_objects = |values: &Vec<Json>| {
            !values.is_empty() && values.iter().all(|value| matches!(value, Json::Object(_)))
        };
        let list = stream.filter(is_objects).map(Json::List);
        list.ok_or_else(|| syntax(text, &error))
    })
}

fn syntax(text: &str, error: &serde_json::Error) -> SyntaxError {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = match message {
        "recursion limit exceeded" => "nested too deeply".to_string(),
        "EOF while parsing a value" if text.trim().is_empty() => "the file is empty".into(),
        _ => message.replace("EOF while parsing", "the file ends within"),
    };
    SyntaxError { line: error.line().max(1), column: error.column().max(1), message }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Json, E> {
        Ok(Json::Integer(integer.into()))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Json, E> {
        Ok(Json::Integer(integer.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                let shown: String = key.chars().take(80).collect();
                return Err(A::Error::custom(format!("the key {shown:?} is there twice")));
            }
            object.push((key, entries.next_value()?));
        }
        Ok(Json::Object(object))
    }
}

/// A value with its path, such as `orchestrators[3].capabilities`.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    pub value: &'a Json,
    pub path: String,
}

impl<'a> At<'a> {
    pub fn root(value: &'a Json) -> At<'a> {
        At { value, path: String::new() }
    }

    /// What a message calls it.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Integer(_) | Json::Number(_) => "a number",
            Json::Text(_) => "a text",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        match self.path.rsplit_once('.') {
            Some((_, name)) => name,
            None => self.place(),
        }
    }

    /// The path, or what stands for it at the top.
    pub fn place(&self) -> &str {
        if self.path.is_empty() { "the whole file" } else { &self.path }
    }

    /// The first of the keys that is there and not null, in any case and with
    /// or without underscores: `price_per_unit` finds `pricePerUnit`.
    pub fn field(&self, names: &[&str]) -> Option<At<'a>> {
        let Json::Object(entries) = self.value else { return None };
        let named = |name: &&str| {
            let name = plain(name);
            let same =
                |(key, value): &&(String, Json)| !matches!(value, Json::Null) && plain(key) == name;
            entries.iter().find(same)
        };
        let (key, value) = names.iter().find_map(named)?;
        Some(At { value, path: self.join(key) })
    }

    /// What a server says went wrong: `{"error": ...}`, or the first of GraphQL's `errors`.
    pub fn server_error(&self) -> Option<&'a str> {
        let error = self.field(&["error"]).or_else(|| self.field(&["errors"])?.items().next())?;
        error.field(&["message"]).unwrap_or(error).text()
    }

    pub fn entries(&self) -> impl Iterator<Item = (&'a str, At<'a>)> {
        let entries: &'a [_] = match self.value {
            Json::Object(entries) => entries,
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key.as_str(), At { value, path: self.join(key) }))
    }

    pub fn items(&self) -> impl Iterator<Item = At<'a>> {
        let items: &'a [_] = match self.value {
            Json::List(items) => items,
            _ => &[],
        };
        let item = |(index, value)| At { value, path: format!("{}[{index}]", self.path) };
        items.iter().enumerate().map(item)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Json::Null)
    }

    pub fn is_list(&self) -> bool {
        matches!(self.value, Json::List(_))
    }

    pub fn is_object(&self) -> bool {
        matches!(self.value, Json::Object(_))
    }

    pub fn text(&self) -> Option<&'a str> {
        match self.value {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text, or a number as it is written.
    pub fn word(&self) -> Option<String> {
        match self.value {
            Json::Text(text) => Some(text.trim().to_string()),
            Json::Integer(integer) => Some(integer.to_string()),
            Json::Number(number) => Some(format!("{number:?}")),
            _ => None,
        }
    }

    pub fn flag(&self) -> Result<bool, String> {
        match self.value {
            Json::Bool(flag) => Ok(*flag),
            Json::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Json::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(format!("{} is {}, not true or false", self.name(), self.kind())),
        }
    }

    /// A number that is neither negative nor infinite, exactly; it may be
    /// written as a text.
    pub fn decimal(&self) -> Result<Decimal, String> {
        let name = self.name();
        let word = self.word().ok_or_else(|| format!("{name} is {}, not a number", self.kind()))?;
        word.parse().map_err(|()| {
            let shown: String = word.chars().take(40).collect();
            format!("{name} is `{shown}`, not a number of at least 0 with at most 38 digits")
        })
    }

    /// A number from 0 to 1, or above it by no more than a sum of floats may be.
    pub fn share(&self) -> Result<f64, String> {
        self.share_of(1.0)
    }

    /// What share of `whole` a number is, as [`share`](At::share).
    pub fn share_of(&self, whole: f64) -> Result<f64, String> {
        let part = self.decimal()?.to_f64();
        let share = part / whole;
        let wrong = || format!("{} is {part}, not from 0 to {whole}", self.name());
        (0.0..=MOST_SHARE).contains(&share).then_some(share.min(1.0)).ok_or_else(wrong)
    }

    /// A whole number.
    pub fn count(&self) -> Result<u64, String> {
        let decimal = self.decimal()?;
        decimal
            .to_whole()
            .ok_or_else(|| format!("{} is {decimal}, not a whole number", self.name()))
    }

    fn join(&self, key: &str) -> String {
        let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let shown: String = key.chars().take(80).collect();
        match (bare, self.path.is_empty()) {
            (true, true) => shown,
            (true, false) => format!("{}.{shown}", self.path),
            (false, _) => format!("{}[{shown:?}]", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_under_any_spelling_and_knows_its_path() {
        let json = parse(r#"{"A": [{"pricePerUnit": "5", "n": null}]}"#).unwrap();
        let root = At::root(&json);
        let item = root.field(&["a"]).unwrap().items().next().unwrap();
        let price = item.field(&["n", "price_per_unit"]).unwrap();
        assert_eq!(price.path, "A[0].pricePerUnit");
        assert_eq!(price.decimal().unwrap().to_string(), "5");
        assert!(item.field(&["n"]).is_none());
    }

    #[test]
    fn lines_of_objects_are_a_list() {
        let json = parse("{\"a\": 1}\n\n{\"a\": 2}\r\n").unwrap();
        let root = At::root(&json);
        let numbers = root.items().map(|item| item.field(&["a"]).unwrap().path);
        assert_eq!(numbers.collect::<Vec<_>>(), ["[0].a", "[1].a"]);
        assert_eq!(parse("{\"a\": 1}\n{\"a\"").unwrap_err().line, 2);
        assert!(parse("1\n2").is_err());
    }

    #[test]
    fn broken_text_has_a_line_and_a_reason() {
        let error = |text: &str| parse(text).map(|_| ()).unwrap_err();
        assert_eq!(error("  \n").message, "the file is empty");
        let twice = error("{\"a\": 1,\n \"a\": 2}");
        assert_eq!((twice.line, twice.message.as_str()), (2, "the key \"a\" is there twice"));
        assert_eq!(error(&"[".repeat(500)).message, "nested too deeply");
        assert!(error("{\"a\": NaN}").message.starts_with("expected"));
        assert!(error("{\"a\": [1").message.starts_with("the file ends within a list"));
    }

    #[test]
    fn a_share_may_exceed_1_by_what_floats_lose() {
        let share = |text: &str| At::root(&parse(text).unwrap()).share().ok();
        assert_eq!((share("1.0000000000000002"), share("0.5")), (Some(1.0), Some(0.5)));
        assert_eq!((share("1.00000001"), share("-1")), (None, None));
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        let decimal = |text: &str| {
            let json = parse(text).unwrap();
            At::root(&json).decimal().map(|decimal| decimal.to_string())
        };
        assert_eq!(decimal("0.000005").as_deref(), Ok("0.000005"));
        assert_eq!(decimal("\"4768371\"").as_deref(), Ok("4768371"));
        for bad in ["-1", "\"NaN\"", "1e300", "[]", "\"abc\"", "true"] {
            assert!(decimal(bad).is_err(), "{bad}");
        }
    }
}
