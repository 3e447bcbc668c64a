//! A scenario's text, changed in places: what is not changed keeps its words
//! and comments.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a scenario that is valid TOML.
#[derive(Debug)]
pub(super) struct Document {
    text: String,
    sections: Vec<Section>,
}

/// From a `[header]` to the end of its last key.
#[derive(Debug)]
struct Section {
    /// Where the comments above it begin.
    preamble: usize,
    start: usize,
    end: usize,
    /// The header without its brackets.
    path: String,
    /// Whether it is an element of a list: `[[header]]`.
    is_element: bool,
}

/// An element of a list of tables, tables within it included.
#[derive(Clone, Debug)]
pub(super) struct Element {
    /// Where the comments above it begin.
    pub preamble: usize,
    pub start: usize,
    pub end: usize,
}

impl Document {
    pub fn new(text: String) -> Document {
        let sections = sections(&text);
        Document { text, sections }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The elements of `[[list]]`; `None` where the list is written in another
    /// way, or not in one place each.
    pub fn elements(&self, list: &str) -> Option<Vec<Element>> {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        let Some(value) = value_at(root.get_ref(), list) else { return Some(Vec::new()) };
        let length = value.get_ref().as_array().map_or(0, |items| items.len());
        let mut elements: Vec<Element> = Vec::new();
        let mut last = None;
        for (index, section) in self.sections.iter().enumerate() {
            let Section { preamble, start, end, .. } = *section;
            let inside = section.path.strip_prefix(list).is_some_and(|rest| rest.starts_with('.'));
            if section.path == list && section.is_element {
                elements.push(Element { preamble, start, end });
            } else if inside && last.is_some_and(|last| last + 1 == index) {
                elements.last_mut()?.end = end;
            } else if inside {
                return None;
            } else {
                continue;
            }
            last = Some(index);
        }
        (elements.len() == length).then_some(elements)
    }

    /// Whether there is a `[path]` or `[[path]]`.
    pub fn has_header(&self, path: &str) -> bool {
        self.sections.iter().any(|section| section.path == path)
    }

    /// The table `[name]`, without tables within it.
    pub fn table(&self, name: &str) -> Option<Element> {
        let section = self.sections.iter().find(|s| s.path == name && !s.is_element)?;
        let Section { preamble, start, end, .. } = *section;
        Some(Element { preamble, start, end })
    }

    /// The value of a key of the document itself and the comment behind it.
    pub fn root_value(&self, key: &str) -> Option<Range<usize>> {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        let value = root.get_ref().get(key)?;
        Some(value.span().start..line_end(&self.text, value.span().end))
    }

    /// The value at a dotted path.
    pub fn value(&self, path: &str) -> Option<Range<usize>> {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        Some(value_at(root.get_ref(), path)?.span())
    }

    /// The last key of a dotted path, as it is written, and its value.
    pub fn entry(&self, path: &str) -> Option<Range<usize>> {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        let (table, key) = path.rsplit_once('.')?;
        let table = value_at(root.get_ref(), table)?.get_ref().as_table()?;
        let (key, value) = table.get_key_value(key)?;
        Some(key.span().start..value.span().end)
    }

    /// Where and how to add an entry to the table of the one at a dotted path, behind it.
    /// `None` where it stands in neither a line of its own nor braces around its table.
    pub fn behind(&self, path: &str, entry: &str) -> Option<(Range<usize>, String)> {
        let (table, _) = path.rsplit_once('.')?;
        let known = self.entry(path)?;
        if self.text.get(self.value(table)?)?.starts_with('{') {
            return Some((known.end..known.end, format!(", {entry}")));
        }
        let (above, _) = self.text.split_at_checked(known.start)?;
        let parents = above.rsplit('\n').next().unwrap_or_default();
        let end = line_end(&self.text, known.end);
        (!parents.contains(['=', '{'])).then(|| (end..end, format!("\n{parents}{entry}")))
    }

    /// The number at a dotted path.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.text.get(self.value(path)?)?.replace('_', "").parse().ok()
    }

    /// Replaces ranges that do not overlap.
    pub fn replace(&mut self, mut changes: Vec<(Range<usize>, String)>) {
        changes.sort_by_key(|(range, _)| range.start);
        for (range, text) in changes.into_iter().rev() {
            self.text.replace_range(range, &text);
        }
        self.sections = sections(&self.text);
    }
}

/// The text of one `[[list]]` element or `[table]` under a changed key; the
/// comment behind a value goes with it. A key that is not there is added below
/// the header. `None` where the key holds tables with headers of their own.
pub(super) fn set(element: &str, key: &str, value: &str, comment: &str) -> Option<String> {
    let (root, _) = DeTable::parse_recoverable(element);
    let inner = body(root.get_ref(), element)?;
    let table = inner.get_ref().as_table()?;
    let comment = if comment.is_empty() { String::new() } else { format!("  # {comment}") };
    let mut text = element.to_string();
    match table.get(key) {
        Some(old) if !is_written(old, element) => return None,
        Some(old) => {
            let start = old.span().start;
            let end = line_end(element, old.span().end);
            text.replace_range(start..end, &format!("{value}{comment}"));
        }
        None => {
            let header = line_end(element, inner.span().start);
            text.insert_str(header, &format!("\n{key} = {value}{comment}"));
        }
    }
    Some(text)
}

/// The text under a key of an element, with its quotes off.
pub(super) fn text_at(element: &str, key: &str) -> Option<String> {
    let (root, _) = DeTable::parse_recoverable(element);
    let value = body(root.get_ref(), element)?.get_ref().as_table()?.get(key)?.get_ref();
    value.as_str().map(str::to_string)
}

/// Whether an element holds a table under a key.
pub(super) fn is_table_at(element: &str, key: &str) -> bool {
    let (root, _) = DeTable::parse_recoverable(element);
    let table = body(root.get_ref(), element).and_then(|body| body.get_ref().as_table());
    table.and_then(|table| table.get(key)).is_some_and(|value| value.get_ref().as_table().is_some())
}

/// What an element holds below its header.
fn body<'a, 'i>(root: &'a DeTable<'i>, element: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    let value = value_at(root, &header_path(element))?;
    match value.get_ref() {
        DeValue::Array(items) => items.iter().next(),
        _ => Some(value),
    }
}

/// The value at a dotted path.
fn value_at<'a, 'i>(root: &'a DeTable<'i>, path: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    let (parents, key) = path.rsplit_once('.').map_or((None, path), |(up, key)| (Some(up), key));
    let table = match parents {
        Some(parents) => value_at(root, parents)?.get_ref().as_table()?,
        None => root,
    };
    table.get(key)
}

/// The header at the start of a text without its brackets.
fn header_path(text: &str) -> String {
    let path = text.trim_start().trim_start_matches('[').split(']').next().unwrap_or_default();
    let parts: Vec<&str> =
        path.split('.').map(|part| part.trim().trim_matches(['"', '\''])).collect();
    parts.join(".")
}

/// Whether a value stands behind its key, rather than below a header.
fn is_written(value: &Spanned<DeValue>, text: &str) -> bool {
    let starts_with = |value: &Spanned<DeValue>, bracket| {
        text.get(value.span()).is_some_and(|text| text.starts_with(bracket))
    };
    match value.get_ref() {
        DeValue::Table(_) => starts_with(value, '{'),
        DeValue::Array(items) => !items.iter().next().is_some_and(|first| {
            matches!(first.get_ref(), DeValue::Table(_)) && !starts_with(first, '{')
        }),
        _ => true,
    }
}

fn sections(text: &str) -> Vec<Section> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut values = Vec::new();
    written_values(root.get_ref(), text, &mut values);
    values.sort_by_key(|range| range.start);
    let mut sections: Vec<Section> = Vec::new();
    let mut body_end = 0;
    let mut values = values.into_iter().peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let trimmed = line.trim_start();
        // A line inside a value (a list of lists, a long text) is no header.
        if trimmed.starts_with('[') && at >= body_end {
            let is_element = trimmed.starts_with("[[");
            let path = header_path(trimmed);
            let end = line_end(text, at);
            sections.push(Section { preamble: body_end, start: at, end, path, is_element });
            body_end = end;
        }
        while let Some(value) = values.next_if(|value| value.start < start) {
            body_end = body_end.max(line_end(text, value.end));
            if let Some(section) = sections.last_mut() {
                section.end = body_end;
            }
        }
    }
    sections
}

/// The places of all values that stand behind a key.
fn written_values(table: &DeTable, text: &str, values: &mut Vec<Range<usize>>) {
    for value in table.values() {
        match value.get_ref() {
            _ if is_written(value, text) => values.push(value.span()),
            DeValue::Table(inner) => written_values(inner, text, values),
            DeValue::Array(items) => {
                let tables = items.iter().filter_map(|item| item.get_ref().as_table());
                tables.for_each(|inner| written_values(inner, text, values));
            }
            _ => {}
        }
    }
}

/// The end of the line `at` stands in, before its line break.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.find('\n').unwrap_or(rest.len());
    at + rest[..length].trim_end_matches('\r').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# About the file.
name = \"x\" # a name

# About all of them.
[[models]]
id = \"a\"
lists = [
  [1, 2], # not a header
  [[3]],
]

# About b.
[[models]]
id = \"b\"
[models.service]
overhead_s = 1

[network]
text = \"\"\"
[[models]]
\"\"\"
";

    #[test]
    fn elements_are_found_among_lists_and_long_texts() {
        let document = Document::new(TEXT.to_string());
        let elements = document.elements("models").unwrap();
        let texts: Vec<&str> =
            elements.iter().map(|element| &TEXT[element.start..element.end]).collect();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].ends_with("[[3]],\n]"), "{}", texts[0]);
        assert_eq!(texts[1], "[[models]]\nid = \"b\"\n[models.service]\noverhead_s = 1");
        assert_eq!(&TEXT[elements[1].preamble..elements[1].start], "\n\n# About b.\n");
        let inline = Document::new("models = [{ id = \"a\" }]\n".into());
        assert!(inline.elements("models").is_none());
    }

    #[test]
    fn a_key_is_changed_with_its_comment_and_nothing_else() {
        let element = "[[o]]\nid = \"a\" # old\nlist = [\n 1, # one\n] # end\nz = 1";
        let changed = set(element, "list", "[2]", "new").unwrap();
        assert_eq!(changed, "[[o]]\nid = \"a\" # old\nlist = [2]  # new\nz = 1");
        let added = set(element, "stake", "5", "").unwrap();
        assert!(added.starts_with("[[o]]\nstake = 5\nid"), "{added}");
        assert!(set("[[o]]\n[[o.list]]\na = 1\n", "list", "[]", "").is_none());
        assert_eq!(text_at(element, "id").as_deref(), Some("a"));
    }
}
