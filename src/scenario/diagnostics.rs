use std::cmp::Reverse;
use std::fmt;

use serde_json::{Value as Json, json};

use super::source::Source;
use super::tree::{Cursor, Span};

/// Problems kept; those beyond are only counted.
const MOST_KEPT: usize = 500;
/// Characters of a line of what was expected.
const WRAPPED: usize = 82;
/// Characters of a source line shown around the place.
const LINE_WINDOW: usize = 96;

/// Every problem of a scenario, in order of its place.
#[derive(Debug)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    dropped: usize,
}

/// One problem, with its place resolved.
#[derive(Clone, Debug, PartialEq)]
struct Diagnostic {
    file: String,
    line: usize,
    column: usize,
    excerpt: Excerpt,
    key: String,
    message: String,
    expected: Option<String>,
    suggestion: Option<String>,
}

/// The part of a source line around a place, and what of it to underline.
#[derive(Clone, Debug, Default, PartialEq)]
struct Excerpt {
    text: String,
    indent: usize,
    carets: usize,
}

impl Diagnostics {
    /// A single problem of a text that is not a scenario, at byte `offset`.
    pub(crate) fn of_text(source: &Source, offset: usize, message: String) -> Diagnostics {
        let mut report = Report::new(source, &[]);
        let span = Span { source: 0, start: offset, end: offset + 1 };
        report.push(Problem::new(span, "", message));
        report.finish()
    }

    /// How many problems there are.
    pub fn len(&self) -> usize {
        self.found.len() + self.dropped
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds the problems of another load, but those that stand here already.
    pub fn append(&mut self, other: Diagnostics) {
        let new = other.found.into_iter().filter(|problem| !self.found.contains(problem));
        let new: Vec<Diagnostic> = new.collect();
        self.found.extend(new);
        self.dropped += other.dropped;
    }

    /// One object a problem: `file`, `line`, `column`, `key`, `message`,
    /// `expected` and `suggestion`, the last two null where there is none.
    pub fn to_json(&self) -> Json {
        let object = |d: &Diagnostic| {
            json!({
                "file": d.file,
                "line": d.line,
                "column": d.column,
                "key": d.key,
                "message": d.message,
                "expected": d.expected,
                "suggestion": d.suggestion,
            })
        };
        self.found.iter().map(object).collect()
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.found.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            diagnostic.fmt(f)?;
        }
        match self.dropped {
            0 => Ok(()),
            dropped => write!(f, "\nerror: {dropped} further problems are not shown\n"),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.to_string();
        let gutter = " ".repeat(line.len());
        let Excerpt { text, indent, carets } = &self.excerpt;
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "{gutter}--> {}:{line}:{}", self.file, self.column)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{line} | {text}")?;
        writeln!(f, "{gutter} | {}{}", " ".repeat(*indent), "^".repeat(*carets))?;
        if !self.key.is_empty() {
            writeln!(f, "{gutter} = key: {}", self.key)?;
        }
        if let Some(expected) = &self.expected {
            let indent = format!("\n{gutter}             ");
            writeln!(f, "{gutter} = expected: {}", wrapped(expected).join(&indent))?;
        }
        if let Some(suggestion) = &self.suggestion {
            writeln!(f, "{gutter} = help: did you mean `{suggestion}`?")?;
        }
        Ok(())
    }
}

/// `text` in lines that fit a terminal.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < WRAPPED => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

/// A problem before its place is looked up.
pub(super) struct Problem {
    span: Span,
    key: String,
    message: String,
    expected: Option<String>,
    suggestion: Option<String>,
}

impl Problem {
    pub fn new(span: Span, key: impl Into<String>, message: impl Into<String>) -> Problem {
        let (key, message) = (key.into(), message.into());
        Problem { span, key, message, expected: None, suggestion: None }
    }

    pub fn at(place: &Cursor, message: impl Into<String>) -> Problem {
        Problem::new(place.node.span, place.path.as_str(), message)
    }

    pub fn expected(mut self, expected: impl Into<String>) -> Problem {
        self.expected = Some(expected.into());
        self
    }

    /// Suggests the valid name nearest to `wrong`, if one is near.
    pub fn nearest<'a>(mut self, wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Problem {
        self.suggestion = nearest(wrong, valid).map(str::to_string);
        self
    }
}

/// The valid name nearest to `wrong`: the closest spelling, or else the first
/// that contains it or that it contains.
pub(crate) fn nearest<'a>(
    wrong: &str,
    valid: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if wrong.is_empty() || wrong.len() > 200 {
        return None;
    }
    let wrong = wrong.to_lowercase();
    let similarity = |name: &str| {
        let name = name.to_lowercase();
        let contains =
            name.len().min(wrong.len()) >= 3 && (name.contains(&*wrong) || wrong.contains(&*name));
        let spelling = strsim::normalized_damerau_levenshtein(&wrong, &name);
        let score = if contains { spelling.max(0.6) } else { spelling };
        (score * 1e6) as u64
    };
    let scored =
        valid.into_iter().enumerate().map(|(i, name)| (similarity(name), Reverse(i), name));
    let (score, _, name) = scored.max()?;
    (score >= 500_000).then_some(name)
}

/// A text that spans point into: the scenario file first, then the overrides.
struct Text<'a> {
    name: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
}

/// Collects the problems of one load.
pub(super) struct Report<'a> {
    texts: Vec<Text<'a>>,
    found: Vec<(Span, Diagnostic)>,
    dropped: usize,
}

impl<'a> Report<'a> {
    pub fn new(source: &'a Source, overrides: &[(&'a str, &'a str)]) -> Report<'a> {
        let file = (source.name.as_str(), source.text.as_str());
        let texts = std::iter::once(file).chain(overrides.iter().copied()).map(|(name, text)| {
            let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
            Text { name, text, line_starts }
        });
        Report { texts: texts.collect(), found: Vec::new(), dropped: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Keeps a problem, unless the same stands at the same place already (an
    /// override that reaches several list elements).
    pub fn push(&mut self, problem: Problem) {
        let span = problem.span;
        if self.found.len() >= MOST_KEPT {
            self.dropped += 1;
            return;
        }
        if self.found.iter().any(|(at, d)| *at == span && d.message == problem.message) {
            return;
        }
        let Some(text) = self.texts.get(span.source) else { return };
        let line = text.line_starts.partition_point(|&start| start <= span.start).max(1);
        let start = text.line_starts.get(line - 1).copied().unwrap_or(0);
        let line_text = text.text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let (column, excerpt) = excerpt(line_text, span.start - start, span.end - span.start);
        let file = text.name.to_string();
        self.found.push((span, diagnostic(problem, file, line, column, excerpt)));
    }

    /// Keeps a problem of line `line` (from 1) of another file than the
    /// scenario's; `place` is what in the scenario names the file.
    pub fn push_in_file(&mut self, problem: Problem, file: &str, line: usize, line_text: &str) {
        if self.found.len() >= MOST_KEPT {
            self.dropped += 1;
            return;
        }
        let (column, excerpt) = excerpt(line_text, 0, line_text.len());
        let span = problem.span;
        self.found.push((span, diagnostic(problem, file.to_string(), line, column, excerpt)));
    }

    pub fn finish(mut self) -> Diagnostics {
        self.found.sort_by_key(|(span, diagnostic)| (*span, diagnostic.line));
        let found = self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect();
        Diagnostics { found, dropped: self.dropped }
    }
}

fn diagnostic(
    problem: Problem,
    file: String,
    line: usize,
    column: usize,
    excerpt: Excerpt,
) -> Diagnostic {
    let Problem { key, message, expected, suggestion, .. } = problem;
    Diagnostic { file, line, column, excerpt, key, message, expected, suggestion }
}

/// The column (in characters, from 1) of byte `offset` of `line`, and what to
/// show of the line.
fn excerpt(line: &str, offset: usize, length: usize) -> (usize, Excerpt) {
    let before = line.char_indices().take_while(|(at, _)| *at < offset).count();
    let marked = line.char_indices().filter(|(at, _)| (offset..offset + length).contains(at));
    let marked = marked.take(LINE_WINDOW).count().max(1);
    let skipped = before.saturating_sub(LINE_WINDOW / 2);
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut text = String::new();
    if skipped > 0 {
        text.push_str("...");
    }
    let indent = before - skipped + text.len();
    text.extend(line.chars().skip(skipped).take(LINE_WINDOW).map(clean));
    let carets = marked.min(text.chars().count().saturating_sub(indent).max(1));
    if line.chars().skip(skipped).nth(LINE_WINDOW).is_some() {
        text.push_str("...");
    }
    (before + 1, Excerpt { text: text.trim_end().to_string(), indent, carets })
}
