//! `--set path=value`: changes to the tree before it is checked.

use super::diagnostics::{Problem, Report};
use super::shape::{Key, Numbers, Shape, Text};
use super::tree::{Entry, Node, Span, Table, Value, parse_value};

/// One part of a dotted path, with its place in the override's text.
struct Segment {
    name: String,
    span: Span,
}

/// What an override puts at the end of its path.
struct Setting<'a> {
    /// The text left of `=`.
    path: &'a str,
    /// The text right of `=`.
    raw: &'a str,
    source: usize,
    span: Span,
}

/// Applies override number `source - 1`.
pub(super) fn apply(
    text: &str,
    source: usize,
    shape: &'static Shape,
    root: &mut Node,
    report: &mut Report,
) {
    let whole = Span { source, start: 0, end: text.len() };
    let Some((path, value)) = text.split_once('=') else {
        let problem = Problem::new(whole, "", "an override without `=`");
        report.push(problem.expected("`path=value`, such as `gateways.version=0.9`"));
        return;
    };
    let segments = match split(path, source) {
        Ok(segments) => segments,
        Err(message) => {
            let span = Span { end: path.len(), ..whole };
            let problem = Problem::new(span, "", message);
            report.push(problem.expected("names joined by dots, such as `credits.amount`"));
            return;
        }
    };
    let raw = value.trim();
    let start = text.len() - value.trim_start().len();
    let span = Span { source, start: start.min(text.len()), end: start + raw.len() };
    let setting = Setting { path: path.trim(), raw, source, span };
    set(shape, root, &segments, &setting, report);
}

/// The parts of a path: bare words, quoted names and `[index]`.
fn split(path: &str, source: usize) -> Result<Vec<Segment>, &'static str> {
    let mut segments = Vec::new();
    let mut at = 0;
    while at < path.len() || segments.is_empty() {
        let rest = &path[at..];
        let (name, length) = if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').ok_or("a quoted name without its end")?;
            (&quoted[..end], end + 2)
        } else if let Some(indexed) = rest.strip_prefix('[') {
            let end = indexed.find(']').ok_or("an index without its `]`")?;
            (&indexed[..end], end + 2)
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            (rest[..end].trim(), end)
        };
        if name.is_empty() {
            return Err("a path with an empty name");
        }
        let span = Span { source, start: at, end: at + length };
        segments.push(Segment { name: name.to_string(), span });
        at += length;
        match path[at..].chars().next() {
            Some('.') if at + 1 == path.len() => return Err("a path with an empty name"),
            Some('.') => at += 1,
            Some('[') | None => {}
            Some(_) => return Err("a quoted name or index with something behind it"),
        }
    }
    Ok(segments)
}

fn set(
    shape: &'static Shape,
    node: &mut Node,
    path: &[Segment],
    setting: &Setting,
    report: &mut Report,
) {
    let Some((segment, rest)) = path.split_first() else {
        let invalid = Node { span: setting.span, value: Value::Invalid };
        *node = value_for(shape, setting, report).unwrap_or(invalid);
        return;
    };
    let list = list_shape(shape);
    if let (Some(of), Value::List(items)) = (list, &mut node.value) {
        set_in_list(of, items, path, setting, report);
        return;
    }
    let Some((child, alone)) = child_shape(shape, &segment.name) else {
        let message = format!("there is no `{}` to set", segment.name);
        let keys = all_keys(shape);
        let names = || keys.iter().map(|key| key.name);
        let problem = Problem::new(segment.span, setting.path, message);
        let expected = match keys.is_empty() {
            true => shape.words(),
            false => format!("one of {}", super::shape::quoted(names(), "or")),
        };
        report.push(problem.expected(expected).nearest(&segment.name, names()));
        return;
    };
    if !matches!(node.value, Value::Table(_)) {
        node.value = Value::Table(match (&node.value, table_of_name(shape)) {
            (Value::Text(name), Some(table_of)) => match table_of(name) {
                Some(numbers) => table_at(numbers, node.span),
                // The check reports a name that nothing has.
                None => return,
            },
            _ => Table::new(),
        });
        node.span = segment.span;
    }
    let Value::Table(table) = &mut node.value else { return };
    if alone {
        table.retain(|name, _| *name == segment.name);
    }
    let missing = || {
        let value = if list_shape(child).is_some() && !rest.is_empty() {
            Value::List(Vec::new())
        } else {
            Value::Invalid
        };
        Entry { key: segment.span, node: Node { span: segment.span, value } }
    };
    let entry = table.entry(segment.name.clone()).or_insert_with(missing);
    set(child, &mut entry.node, rest, setting, report);
}

/// Goes on into the elements a path means: the one of an index, those of an
/// id, else all. The index behind the last makes a new element.
fn set_in_list(
    of: &'static Shape,
    items: &mut Vec<Node>,
    path: &[Segment],
    setting: &Setting,
    report: &mut Report,
) {
    let Some(segment) = path.first() else { return };
    if let Ok(index) = segment.name.parse::<usize>() {
        let length = items.len();
        if index == length {
            items.push(Node { span: segment.span, value: Value::Invalid });
        }
        match items.get_mut(index) {
            Some(item) => set(of, item, &path[1..], setting, report),
            None => {
                let message = format!("there is no element {index}");
                let problem = Problem::new(segment.span, setting.path, message);
                report.push(problem.expected(match length {
                    0 => "0, for a new element, as the list is empty".to_string(),
                    length => format!("an index below {length}, or {length} for a new element"),
                }));
            }
        }
        return;
    }
    // An id may have dots in it: the longest run of names that is one wins.
    for count in (1..=path.len()).rev() {
        let names: Vec<&str> = path[..count].iter().map(|part| part.name.as_str()).collect();
        let id = names.join(".");
        let mut found = false;
        for item in items.iter_mut().filter(|item| labels(item).any(|label| label == id)) {
            found = true;
            set(of, item, &path[count..], setting, report);
        }
        if found {
            return;
        }
    }
    if child_shape(of, &segment.name).is_none() {
        let labels: Vec<String> = items.iter().flat_map(labels).map(str::to_string).collect();
        let keys = all_keys(of);
        let names = labels.iter().map(String::as_str).chain(keys.iter().map(|key| key.name));
        let message = format!("no element and no key is called `{}`", segment.name);
        let problem = Problem::new(segment.span, setting.path, message);
        let expected = format!(
            "an index, an id of the list or a key of its elements; the index {} makes a new \
             element",
            items.len()
        );
        report.push(problem.expected(expected).nearest(&segment.name, names));
        return;
    }
    if items.is_empty() {
        let message = "the list has no element to set it in";
        let problem = Problem::new(segment.span, setting.path, message);
        report.push(problem.expected("the index 0, for a new element"));
    }
    for item in items {
        set(of, item, path, setting, report);
    }
}

/// The texts a list element can be addressed by.
fn labels(item: &Node) -> impl Iterator<Item = &str> {
    let text = |key: &str| match &item.value {
        Value::Table(table) => match table.get(key).map(|entry| &entry.node.value) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    };
    ["id", "pipeline", "model"].map(text).into_iter().flatten()
}

fn list_shape(shape: &'static Shape) -> Option<&'static Shape> {
    match shape {
        Shape::List { of, .. } => Some(of),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| list_shape(shape)),
        _ => None,
    }
}

/// The shape of what a table of this shape holds under `name`, and whether
/// that key must stand alone.
fn child_shape(shape: &'static Shape, name: &str) -> Option<(&'static Shape, bool)> {
    let named = |keys: &'static [Key]| keys.iter().find(|key| key.name == name);
    match shape {
        Shape::Table(keys) => named(keys).map(|key| (key.shape, false)),
        Shape::Form(keys) => named(keys).map(|key| (key.shape, true)),
        Shape::Map { of, .. } => Some((of, false)),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| child_shape(shape, name)),
        _ => None,
    }
}

/// What tells the table that a name of this shape stands for.
fn table_of_name(shape: &'static Shape) -> Option<fn(&str) -> Option<Numbers>> {
    match shape {
        Shape::Text(Text::TableName { table, .. }) => Some(*table),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| table_of_name(shape)),
        _ => None,
    }
}

/// A table of numbers that all stand at `span`.
fn table_at(numbers: Numbers, span: Span) -> Table {
    let entry = |number| Entry { key: span, node: Node { span, value: Value::Number(number) } };
    numbers.into_iter().map(|(key, number)| (key.to_string(), entry(number))).collect()
}

fn all_keys(shape: &'static Shape) -> Vec<&'static Key> {
    match shape {
        Shape::Table(keys) | Shape::Form(keys) => keys.iter().collect(),
        Shape::Either(shapes) => shapes.iter().flat_map(|shape| all_keys(shape)).collect(),
        _ => Vec::new(),
    }
}

/// The value of a setting: TOML, or a bare word where it is no TOML or where
/// only a text belongs (`version=0.9`).
fn value_for(shape: &'static Shape, setting: &Setting, report: &mut Report) -> Option<Node> {
    let Setting { path, raw, source, span } = *setting;
    let word = || Node { span, value: Value::Text(raw.to_string()) };
    let parsed = parse_value(raw, source, span.start, report);
    match parsed {
        Some(node) if matches!(node.value, Value::Text(_)) || !wants_word(shape) => Some(node),
        Some(_) => Some(word()),
        None if raw.is_empty() || raw.starts_with(['"', '\'', '[', '{']) => {
            let problem = Problem::new(span, path, "the value is not TOML");
            report.push(problem.expected(shape.words()));
            None
        }
        None => Some(word()),
    }
}

fn wants_word(shape: &Shape) -> bool {
    matches!(shape, Shape::Text(Text::Name | Text::Line | Text::Word(_) | Text::Release))
}

/// A dotted key without the quotes, brackets and spaces that TOML allows around its
/// parts: two keys are one where these are alike.
pub(crate) fn bare_key(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '"' | '\'' | '[' | ']') && !c.is_whitespace()).collect()
}

/// The parts of a list between the commas that stand neither in quotes nor in
/// brackets. A quote right behind a letter or digit is an apostrophe.
pub(crate) fn split_at_commas(text: &str) -> Result<Vec<String>, &'static str> {
    let mut parts = vec![String::new()];
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    for c in text.chars() {
        match quote {
            Some(end) => {
                let is_escaped = end == '"' && before == '\\';
                if c == end && !is_escaped {
                    quote = None;
                }
                // An escaped backslash escapes nothing.
                before = if is_escaped && c == '\\' { ' ' } else { c };
            }
            None => {
                match c {
                    '"' | '\'' if !before.is_alphanumeric() => quote = Some(c),
                    '[' => open.push(']'),
                    '{' => open.push('}'),
                    ']' | '}' if open.pop() != Some(c) => return Err("a bracket is not open"),
                    ',' if open.is_empty() => {
                        parts.push(String::new());
                        before = c;
                        continue;
                    }
                    _ => {}
                }
                before = c;
            }
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    if !open.is_empty() {
        return Err("a bracket is not closed");
    }
    Ok(parts.into_iter().map(|part| part.trim().to_string()).collect())
}
