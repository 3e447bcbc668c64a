//! What people and other programs write: tables, numbers, times, and names in any
//! spelling.

mod lines;
mod moment;
mod number;
mod table;

pub(crate) use lines::with_line_feeds;
pub(crate) use moment::{DAY_NS, Moment, SECOND_NS, moment};
pub(crate) use number::{NumberError, count, number};
pub(crate) use table::{Rows, Table, UNCLOSED, header};

/// What a value is called in a list of all of its kind.
pub(crate) fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    names.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name)
}

/// What a name in such a list stands for.
pub(crate) fn named<T: Clone>(names: &[(&'static str, T)], name: &str) -> Option<T> {
    names.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

/// The first `most` of some names, and how many more there are.
pub(crate) fn first_few(names: &[&str], most: usize) -> String {
    let shown = names.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// So many of something whose plural ends in "s", the number written as people read it.
pub(crate) fn plural(number: &str, noun: &str) -> String {
    format!("{number} {noun}{}", if number == "1" { "" } else { "s" })
}

/// A key or name reduced to its lower-case letters and digits.
pub(crate) fn plain(name: &str) -> String {
    letters(name).collect()
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// Whether a cell of a table says that its row is the sum of others.
pub(crate) fn is_total(cell: &str) -> bool {
    const SUMS: [&str; 14] = [
        "total",
        "totals",
        "grandtotal",
        "subtotal",
        "subtotals",
        "dailytotal",
        "sum",
        "overall",
        "all",
        "allpipelines",
        "allmodels",
        "allgateways",
        "allregions",
        "allorchestrators",
    ];
    SUMS.iter().any(|word| letters(cell).eq(word.chars()))
}

/// Whether a name is an address of Ethereum, whose letters are the same in
/// either case.
pub(crate) fn is_address(name: &str) -> bool {
    name.len() == 42 && (name.starts_with("0x") || name.starts_with("0X"))
}
