use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostics::{Problem, Report};

/// Deepest nesting of a scenario; the format itself needs nine levels.
const DEEPEST: usize = 32;

/// A byte range of one of the texts a scenario is read from: 0 is the file,
/// then the overrides in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

/// A TOML value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Number(f64),
    Bool(bool),
    Date(toml::value::Datetime),
    List(Vec<Node>),
    Table(Table),
    /// Something that was reported already and that nobody may read.
    Invalid,
}

pub(super) type Table = BTreeMap<String, Entry>;

/// A value of a table with the place of its key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Span,
    pub node: Node,
}

impl Value {
    /// What a message calls a value of this kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Integer(_) => "an integer",
            Value::Number(_) => "a number",
            Value::Bool(_) => "a boolean",
            Value::Date(date) if date.date.is_none() => "a time",
            Value::Date(date) if date.time.is_some() => "a date with a time",
            Value::Date(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Invalid => "an invalid value",
        }
    }
}

/// Parses a document; syntax errors go to `report`.
pub(super) fn parse_document(text: &str, report: &mut Report) -> Option<Node> {
    let whole = Span { source: 0, start: 0, end: 0 };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let span = Span { source: 0, start: span.start, end: span.end.max(span.start + 1) };
        report.push(Problem::new(span, "", format!("invalid TOML: {}", error.message())));
    }
    if !errors.is_empty() {
        return None;
    }
    table(document.into_inner(), 0, 0, report).map(|value| Node { span: whole, value })
}

/// Parses a single value, as an override carries it, `offset` bytes into the
/// text `source`. `None` where it is not TOML.
pub(super) fn parse_value(
    text: &str,
    source: usize,
    offset: usize,
    report: &mut Report,
) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut node = node(value, source, 0, report)?;
    shift(&mut node, offset);
    Some(node)
}

fn shift(node: &mut Node, offset: usize) {
    node.span.start += offset;
    node.span.end += offset;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, offset)),
        Value::Table(table) => table.values_mut().for_each(|entry| {
            entry.key.start += offset;
            entry.key.end += offset;
            shift(&mut entry.node, offset);
        }),
        _ => {}
    }
}

fn too_deep(span: Span) -> Problem {
    Problem::new(span, "", "nested too deeply")
        .expected(format!("at most {DEEPEST} levels of tables and lists"))
}

fn table(table: DeTable, source: usize, depth: usize, report: &mut Report) -> Option<Value> {
    let mut entries = Table::new();
    for (key, value) in table {
        let range = key.span();
        let key_span = Span { source, start: range.start, end: range.end };
        let node = node(value, source, depth + 1, report)?;
        entries.insert(key.into_inner().into_owned(), Entry { key: key_span, node });
    }
    Some(Value::Table(entries))
}

fn node(value: Spanned<DeValue>, source: usize, depth: usize, report: &mut Report) -> Option<Node> {
    let range = value.span();
    let span = Span { source, start: range.start, end: range.end };
    if depth > DEEPEST {
        report.push(too_deep(span));
        return None;
    }
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(integer) => {
            let digits = integer.as_str().replace('_', "");
            match i128::from_str_radix(&digits, integer.radix()) {
                Ok(integer) => Value::Integer(integer),
                Err(_) => Value::Number(digits.parse().unwrap_or(f64::INFINITY)),
            }
        }
        DeValue::Float(float) => {
            Value::Number(float.as_str().replace('_', "").parse().unwrap_or(f64::NAN))
        }
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(datetime) => Value::Date(datetime),
        DeValue::Array(items) => {
            let items = items.into_iter().map(|item| node(item, source, depth + 1, report));
            Value::List(items.collect::<Option<_>>()?)
        }
        DeValue::Table(entries) => table(entries, source, depth, report)?,
    };
    Some(Node { span, value })
}

/// A node with its dotted path. Getters answer `None` for a value that is not
/// there or of another kind: the check has reported it by then.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    pub node: &'a Node,
    pub path: String,
}

impl<'a> Cursor<'a> {
    pub fn root(node: &'a Node) -> Cursor<'a> {
        Cursor { node, path: String::new() }
    }

    pub fn get(&self, key: &str) -> Option<Cursor<'a>> {
        let Value::Table(table) = &self.node.value else { return None };
        let entry = table.get(key)?;
        Some(Cursor { node: &entry.node, path: join(&self.path, key) })
    }

    pub fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// The elements of a list.
    pub fn items(&self) -> Vec<Cursor<'a>> {
        let Value::List(items) = &self.node.value else { return Vec::new() };
        let cursor = |(index, node)| Cursor { node, path: format!("{}[{index}]", self.path) };
        items.iter().enumerate().map(cursor).collect()
    }

    /// The elements of the list under `key`.
    pub fn list(&self, key: &str) -> Vec<Cursor<'a>> {
        self.get(key).map(|list| list.items()).unwrap_or_default()
    }

    /// The entries of a table in the order they are written.
    pub fn entries(&self) -> Vec<(&'a str, Span, Cursor<'a>)> {
        let Value::Table(table) = &self.node.value else { return Vec::new() };
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, entry)| {
                let cursor = Cursor { node: &entry.node, path: join(&self.path, key) };
                (key.as_str(), entry.key, cursor)
            })
            .collect();
        entries.sort_by_key(|(_, span, _)| *span);
        entries
    }

    /// The single entry of a table that holds one of several forms.
    pub fn form(&self) -> Option<(&'a str, Cursor<'a>)> {
        match self.entries().as_slice() {
            [(key, _, form)] => Some((key, form.clone())),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self.node.value {
            Value::Integer(integer) => Some(integer as f64),
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn integer<T: TryFrom<i128>>(&self) -> Option<T> {
        match self.node.value {
            Value::Integer(integer) => T::try_from(integer).ok(),
            _ => None,
        }
    }

    pub fn flag(&self) -> Option<bool> {
        match self.node.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn number_at(&self, key: &str) -> Option<f64> {
        self.get(key)?.number()
    }

    pub fn text_at(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.text()
    }
}

/// `path.key`, with the key quoted where it is not a bare one and cut where it
/// is very long.
pub(super) fn join(path: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let shown: String = key.chars().take(80).collect();
    let key = match !key.is_empty() && key.chars().all(bare) {
        true => shown,
        false => format!("{shown:?}"),
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
