use crate::network::Version;
use crate::units::Currency;

/// One key of a table of the scenario file.
#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    /// What it is, for editors and documentation.
    pub doc: &'static str,
    pub presence: Presence,
    pub shape: &'static Shape,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Presence {
    Required,
    /// May be left out; its absence means something no value can say.
    Optional,
    /// Stands for this TOML value when left out.
    Default(&'static str),
}

/// What a value may be. The check, the JSON Schema and the addressing of
/// overrides all read the same shapes.
#[derive(Debug)]
pub(super) enum Shape {
    Text(Text),
    Bool,
    Date,
    Integer {
        min: u64,
        max: u64,
    },
    Number(Bounds),
    List {
        of: &'static Shape,
        min: usize,
        max: usize,
    },
    /// A table of known keys.
    Table(&'static [Key]),
    /// A table whose keys the user names; `keys` says what they are.
    Map {
        of: &'static Shape,
        keys: &'static str,
    },
    /// A table that holds exactly one of the keys.
    Form(&'static [Key]),
    /// Any of the shapes.
    Either(&'static [&'static Shape]),
}

/// What a text may say.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    /// Letters, digits, `-`, `_` and `.`, not `-` first.
    Name,
    /// One line of anything.
    Line,
    /// One of some words.
    Word(fn() -> Vec<&'static str>),
    /// One of some words, each of which stands for a table of numbers.
    TableName { words: fn() -> Vec<&'static str>, table: fn(&str) -> Option<Numbers> },
    /// A go-livepeer release that is modelled.
    Release,
    /// A number with one of these currencies.
    Money(&'static [Currency]),
    /// A price per billing unit.
    Price,
    /// `"1024x1024"`.
    PixelSize,
}

/// A table of numbers: its keys with their values.
pub(super) type Numbers = Vec<(&'static str, f64)>;

/// Limits of a number, which must always be finite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub min: f64,
    pub max: f64,
    /// Whether `min` itself is out of bounds.
    pub above_min: bool,
    /// Whether `max` itself is out of bounds.
    pub below_max: bool,
}

impl Bounds {
    pub fn hold(&self, number: f64) -> bool {
        let low = if self.above_min { number > self.min } else { number >= self.min };
        let high = if self.below_max { number < self.max } else { number <= self.max };
        low && high
    }

    /// In words: "a number above 0, at most 1".
    pub fn words(&self) -> String {
        let Bounds { min, max, above_min, below_max } = *self;
        match (above_min, below_max) {
            (false, false) => format!("a number from {min} to {max}"),
            (false, true) => format!("a number of at least {min}, below {max}"),
            (true, false) => format!("a number above {min}, at most {max}"),
            (true, true) => format!("a number above {min}, below {max}"),
        }
    }
}

impl Shape {
    /// What a value of this shape is, in words.
    pub fn words(&self) -> String {
        match self {
            Shape::Text(text) => text.words(),
            Shape::Bool => "`true` or `false`".into(),
            Shape::Date => "a date such as 2025-02-18, without quotes".into(),
            Shape::Integer { min, max } => format!("an integer from {min} to {max}"),
            Shape::Number(bounds) => bounds.words(),
            Shape::List { of, min, max } if min == max => {
                format!("a list of {min} values, each {}", of.words())
            }
            Shape::List { of: Shape::Table(keys), .. } => {
                format!("a list of tables with {}", quoted(names(keys), "and"))
            }
            Shape::List { of, .. } => format!("a list, each value {}", of.words()),
            Shape::Table(keys) => format!("a table with {}", quoted(names(keys), "and")),
            Shape::Map { keys, of } => format!("a table of {keys}, each with {}", of.words()),
            Shape::Form(keys) => format!("a table with one of {}", quoted(names(keys), "or")),
            Shape::Either(shapes) => {
                let words: Vec<String> = shapes.iter().map(|shape| shape.words()).collect();
                words.join("; or ")
            }
        }
    }
}

impl Key {
    /// The key in TOML, with the keys its table must have: `cap = { ... }`.
    pub fn outline(&self) -> String {
        let Shape::Table(keys) = self.shape else { return format!("{} = ...", self.name) };
        let required = keys.iter().filter(|key| matches!(key.presence, Presence::Required));
        let inner: Vec<String> = required.map(|key| format!("{} = ...", key.name)).collect();
        format!("{} = {{ {} }}", self.name, inner.join(", ")).replace("{  }", "{}")
    }
}

impl Text {
    pub fn words(self) -> String {
        match self {
            Text::Name => "a name of letters, digits, `-`, `_` and `.`, not `-` first".into(),
            Text::Line => "a line of text".into(),
            Text::Word(words) | Text::TableName { words, .. } => match words().as_slice() {
                [word] => format!("`{word}`"),
                words => format!("one of {}", quoted(words.iter().copied(), "or")),
            },
            Text::Release => {
                format!("one of {}", quoted(Version::NAMES.map(|(name, _)| name), "or"))
            }
            Text::Money(currencies) => {
                let names = quoted(currencies.iter().map(|currency| currency.name()), "or");
                format!("an amount in {names}, such as \"12.5 {}\"", currencies[0].name())
            }
            Text::Price => {
                "a price such as \"4768371 wei\" or \"0.18 USD per 1000000 tokens\"".into()
            }
            Text::PixelSize => "a picture size such as \"1024x1024\"".into(),
        }
    }
}

fn names(keys: &'static [Key]) -> impl Iterator<Item = &'static str> {
    keys.iter().map(|key| key.name)
}

/// "`a`, `b` or `c`".
pub(super) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, start)) => format!("{} {last} {end}", start.join(", ")),
        None => String::new(),
    }
}

pub(super) const fn required(name: &'static str, shape: &'static Shape, doc: &'static str) -> Key {
    Key { name, doc, presence: Presence::Required, shape }
}

pub(super) const fn optional(name: &'static str, shape: &'static Shape, doc: &'static str) -> Key {
    Key { name, doc, presence: Presence::Optional, shape }
}

pub(super) const fn default(
    name: &'static str,
    shape: &'static Shape,
    value: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, doc, presence: Presence::Default(value), shape }
}
