use jiff::civil::Date;

use super::diagnostics::{Problem, Report};
use super::price_text;
use super::shape::{Key, Presence, Shape, Text};
use super::tree::{Cursor, Entry, Node, Span, Table, Value, join, parse_value};
use crate::network::Version;
use crate::units::{Amount, AmountError};

/// Reports everything in `node` that is not of its shape, marks it invalid,
/// and fills in the defaults of keys left out.
pub(super) fn check(shape: &'static Shape, node: &mut Node, path: &str, report: &mut Report) {
    if matches!(node.value, Value::Invalid) {
        return;
    }
    let whole = shape;
    let shape = resolve(whole, &node.value);
    let span = node.span;
    let fault = match (shape, &mut node.value) {
        (Shape::Table(keys), Value::Table(table)) => {
            check_table(keys, table, span, path, report);
            None
        }
        (Shape::Form(keys), Value::Table(table)) => check_form(keys, table, path, report),
        (Shape::Map { of, .. }, Value::Table(table)) => {
            for (key, entry) in table {
                let path = join(path, key);
                if let Some(fault) = text_fault(Text::Name, key) {
                    let problem = Problem::new(entry.key, path.as_str(), fault.message);
                    report.push(problem.expected(Text::Name.words()));
                }
                check(of, &mut entry.node, &path, report);
            }
            None
        }
        (Shape::List { of, min, max }, Value::List(items)) => {
            if items.len() < *min || items.len() > *max {
                Some(list_length(items.len(), *min, *max))
            } else {
                for (index, item) in items.iter_mut().enumerate() {
                    check(of, item, &format!("{path}[{index}]"), report);
                }
                None
            }
        }
        (Shape::Text(kind), Value::Text(text)) => text_fault(*kind, text).map(|fault| match kind {
            Text::Word(_) | Text::TableName { .. } => with_forms(fault, text, whole),
            _ => fault,
        }),
        (Shape::Integer { min, max }, Value::Integer(value)) => {
            let holds = (i128::from(*min)..=i128::from(*max)).contains(value);
            (!holds).then(|| Fault::new(format!("{value} is out of range")))
        }
        (Shape::Number(bounds), Value::Integer(value)) => {
            let holds = bounds.hold(*value as f64);
            (!holds).then(|| Fault::new(format!("{value} is out of range")))
        }
        (Shape::Number(_), Value::Number(value)) if !value.is_finite() => {
            Some(Fault::new("the number is not finite"))
        }
        (Shape::Number(bounds), Value::Number(value)) => {
            let holds = bounds.hold(*value);
            (!holds).then(|| Fault::new(format!("{value} is out of range")))
        }
        (Shape::Date, Value::Date(date)) if date.date.is_some() && date.time.is_none() => None,
        (Shape::Date, Value::Text(text)) if is_no_day(text) => {
            Some(Fault::new(format!("there is no day {text}")))
        }
        (Shape::Bool, Value::Bool(_)) => None,
        (Shape::Text(Text::Money(_) | Text::Price), Value::Integer(_) | Value::Number(_)) => {
            Some(Fault::new("a number without a unit"))
        }
        (_, value) => Some(Fault::new(format!("{} does not belong here", value.kind()))),
    };
    if let Some(fault) = fault {
        let expected = fault.expected.unwrap_or_else(|| shape.words());
        let mut problem = Problem::at(&Cursor { node, path: path.into() }, fault.message);
        if let Some((wrong, valid)) = &fault.word {
            problem = problem.nearest(wrong, valid.iter().copied());
        }
        report.push(problem.expected(expected));
        node.value = Value::Invalid;
    }
}

/// Whether a text has the form of a date, and is none of the calendar's.
fn is_no_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_number = |part: &&str| part.parse::<u32>().is_ok();
    parts.len() == 3 && parts.iter().all(is_number) && text.parse::<Date>().is_err()
}

/// What is wrong with a value, apart from where it stands.
struct Fault {
    message: String,
    /// Where the shape's own words do not do.
    expected: Option<String>,
    /// A wrong word and the right ones.
    word: Option<(String, Vec<&'static str>)>,
}

impl Fault {
    fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), expected: None, word: None }
    }
}

/// Adds to the fault of a word the tables that may stand in its place.
fn with_forms(mut fault: Fault, word: &str, whole: &'static Shape) -> Fault {
    let Shape::Either(shapes) = whole else { return fault };
    let forms = shapes.iter().filter_map(|shape| match shape {
        Shape::Form(keys) => Some(keys.iter()),
        _ => None,
    });
    let forms: Vec<&Key> = forms.flatten().collect();
    if let Some(form) = forms.iter().find(|form| form.name == word) {
        let expected = Some(format!("a table, `{{ {} }}`", form.outline()));
        return Fault { expected, ..Fault::new(format!("`{word}` has settings of its own")) };
    }
    if let Some((_, valid)) = &mut fault.word {
        valid.extend(forms.iter().map(|form| form.name));
    }
    fault.expected.get_or_insert_with(|| whole.words());
    fault
}

/// The alternative of an [`Shape::Either`] that a value seems to mean.
fn resolve(shape: &'static Shape, value: &Value) -> &'static Shape {
    let Shape::Either(shapes) = shape else { return shape };
    let fits = |shape: &&Shape| {
        matches!(
            (shape, value),
            (Shape::Number(_), Value::Integer(_) | Value::Number(_))
                | (Shape::Integer { .. }, Value::Integer(_))
                | (Shape::Text(_), Value::Text(_))
                | (Shape::Table(_) | Shape::Form(_) | Shape::Map { .. }, Value::Table(_))
                | (Shape::List { .. }, Value::List(_))
        )
    };
    shapes.iter().copied().find(fits).unwrap_or(shape)
}

fn check_table(
    keys: &'static [Key],
    table: &mut Table,
    span: Span,
    path: &str,
    report: &mut Report,
) {
    report_unknown(keys, table, path, report);
    for key in keys {
        if let Some(entry) = table.get_mut(key.name) {
            check(key.shape, &mut entry.node, &join(path, key.name), report);
            continue;
        }
        match key.presence {
            Presence::Optional => {}
            Presence::Required => {
                let message = format!("the key `{}` is missing", key.name);
                let problem = Problem::new(span, join(path, key.name), message);
                report.push(problem.expected(key.shape.words()));
            }
            Presence::Default(text) => {
                if let Some(mut node) = parse_value(text, span.source, 0, report) {
                    place(&mut node, span);
                    check(key.shape, &mut node, &join(path, key.name), report);
                    table.insert(key.name.into(), Entry { key: span, node });
                }
            }
        }
    }
}

/// Gives a default the place of the table it was left out of.
fn place(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| place(item, span)),
        Value::Table(table) => table.values_mut().for_each(|entry| {
            entry.key = span;
            place(&mut entry.node, span);
        }),
        _ => {}
    }
}

fn check_form(
    keys: &'static [Key],
    table: &mut Table,
    path: &str,
    report: &mut Report,
) -> Option<Fault> {
    let unknown = report_unknown(keys, table, path, report);
    for key in keys {
        if let Some(entry) = table.get_mut(key.name) {
            check(key.shape, &mut entry.node, &join(path, key.name), report);
        }
    }
    match table.len() {
        1 => None,
        0 if unknown => None,
        0 => Some(Fault::new("the table is empty")),
        _ => Some(Fault::new("the table has more than one of its forms")),
    }
}

/// Reports and drops the keys nobody knows; says whether there were any.
fn report_unknown(
    keys: &'static [Key],
    table: &mut Table,
    path: &str,
    report: &mut Report,
) -> bool {
    let known = |name: &str| keys.iter().any(|key| key.name == name);
    let unknown = table.iter().filter(|(name, _)| !known(name));
    let mut any = false;
    for (name, entry) in unknown {
        any = true;
        let shown: String = name.chars().take(80).collect();
        let problem = Problem::new(entry.key, join(path, name), format!("unknown key `{shown}`"));
        let expected = match keys {
            [] => "an empty table".to_string(),
            _ => Shape::Table(keys).words().replacen("a table with", "one of", 1),
        };
        let names = keys.iter().map(|key| key.name);
        report.push(problem.expected(expected.replace(" and `", " or `")).nearest(name, names));
    }
    table.retain(|name, _| known(name));
    any
}

fn list_length(length: usize, min: usize, max: usize) -> Fault {
    let message = match length {
        0 => "the list is empty".to_string(),
        length => format!("the list has {length} elements"),
    };
    let expected = if min == max {
        format!("exactly {min} elements")
    } else if length < min {
        format!("{min} or more elements")
    } else {
        format!("at most {max} elements")
    };
    Fault { expected: Some(expected), ..Fault::new(message) }
}

fn text_fault(kind: Text, text: &str) -> Option<Fault> {
    const LONGEST: usize = 1_000;
    let shown: String = text.chars().take(60).collect();
    if text.len() > LONGEST {
        return Some(Fault {
            expected: Some(format!("at most {LONGEST} bytes")),
            ..Fault::new(format!("the text has {} bytes", text.len()))
        });
    }
    if text.chars().any(char::is_control) {
        return Some(Fault {
            expected: Some("a single line".into()),
            ..Fault::new("the text has a control character or line break in it")
        });
    }
    match kind {
        Text::Line => None,
        Text::Name => (!is_name(text)).then(|| Fault::new(format!("`{shown}` is not a name"))),
        Text::Word(words) | Text::TableName { words, .. } => {
            let words = words();
            (!words.contains(&text)).then(|| Fault {
                word: Some((text.into(), words)),
                ..Fault::new(format!("unknown value `{shown}`"))
            })
        }
        Text::Release => {
            let names = Version::NAMES.map(|(name, _)| name);
            let fault = Fault::new(format!("unknown value `{shown}`"));
            match Version::of_release(text) {
                _ if names.contains(&text) => None,
                Some(like) => Some(Fault {
                    word: Some((like.name().into(), vec![like.name()])),
                    ..Fault::new(format!(
                        "`{shown}` is not modelled by itself: it is like `{}`",
                        like.name()
                    ))
                }),
                None => Some(Fault { word: Some((text.into(), names.to_vec())), ..fault }),
            }
        }
        Text::Money(currencies) => match text.parse::<Amount>() {
            Ok(amount) if currencies.contains(&amount.currency) => None,
            Ok(amount) => {
                Some(Fault::new(format!("the unit {} does not fit", amount.currency.name())))
            }
            Err(error) => {
                let message = error.to_string();
                let names = currencies.iter().map(|currency| currency.name()).collect();
                let word = match error {
                    AmountError::Unit(unit) => Some((unit, names)),
                    _ => None,
                };
                Some(Fault { word, ..Fault::new(message) })
            }
        },
        Text::Price => {
            let error = price_text::parse(text).err()?;
            Some(Fault { word: error.unit, ..Fault::new(error.message) })
        }
        // Which sizes have a meaning depends on the pipeline.
        Text::PixelSize => None,
    }
}

/// Whether a scenario may call something so. A `-` in front would be a formula in a
/// spreadsheet.
pub(crate) fn is_name(text: &str) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.starts_with('-') && !text.trim_matches('.').is_empty() && text.chars().all(valid)
}

/// The pixels of a size such as `1024x576`.
pub(super) fn pixel_size(text: &str) -> Option<f64> {
    picture_sides(text).map(|(width, height)| f64::from(width) * f64::from(height))
}

/// Width and height of such a size.
pub(super) fn picture_sides(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let side = |digits: &str| {
        let side = digits.trim().parse().ok()?;
        (1..=100_000).contains(&side).then_some(side)
    };
    Some((side(width)?, side(height)?))
}
