//! Recorded requests, in the scenario or in a CSV file beside it.

use std::collections::BTreeMap;

use csv::ByteRecord;
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::Offset};

use super::super::check::pixel_size;
use super::super::diagnostics::{Problem, Report};
use super::super::tree::Cursor;
use super::demand::known_region;
use super::{Context, files};
use crate::demand::Trace;
use crate::text::{Rows, UNCLOSED, header};
use crate::units::SECONDS_PER_DAY;

const LARGEST_TRACE_BYTES: u64 = 512 << 20;
const LARGEST_SIZE: f64 = 1e12;
/// The longest horizon: nothing later could be simulated.
const LATEST_SECOND: f64 = 36_500.0 * SECONDS_PER_DAY as f64;

/// The traces of a stream by region; `only` is the region of a file without a
/// region column.
pub(super) fn traces(
    at: &Cursor,
    only: Option<usize>,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<(usize, Trace)>> {
    let (form, inner) = at.form()?;
    if form == "file" {
        return from_file(&inner, only, context, report);
    }
    let mut traces = Vec::new();
    let mut valid = true;
    for (name, key, list) in inner.entries() {
        let region = known_region(name, key, &list, context, report);
        match region.zip(written_trace(&list, report)) {
            Some(trace) => traces.push(trace),
            None => valid = false,
        }
    }
    valid.then_some(traces)
}

fn written_trace(list: &Cursor, report: &mut Report) -> Option<Trace> {
    let mut trace = Trace::default();
    for item in list.items() {
        let request = match item.items().as_slice() {
            [time] => (time.number()?, None),
            [time, size] => (time.number()?, Some(size.number()?)),
            _ => return None,
        };
        if trace.requests.last().is_some_and(|(before, _)| *before > request.0) {
            let problem = Problem::at(&item, "the request is earlier than the one before");
            report.push(problem.expected("requests in order of time"));
            return None;
        }
        trace.requests.push(request);
    }
    Some(trace)
}

fn from_file(
    at: &Cursor,
    only: Option<usize>,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<(usize, Trace)>> {
    let name = at.text()?;
    let text = files::csv_text(at, LARGEST_TRACE_BYTES, context, report)?;
    let start = context.start?;
    let mut file = CsvFile { at, name, text: &text, lines: Vec::new(), start, report, valid: true };
    let mut rows = Rows::new(text.as_bytes());
    let (line, names) = match rows.next().ok()? {
        Some((line, record)) => (line, header(record)),
        None => (1, Vec::new()),
    };
    let columns = file.columns(line, &names)?;
    if columns.region.is_some() == only.is_some() {
        let (message, expected) = match only {
            Some(_) => ("the region is named twice", "no `regions`, or no column `region`"),
            None => {
                ("the users' region is missing", "a column `region`, or `regions` with one region")
            }
        };
        file.fault(line, message, expected);
        return None;
    }
    let mut traces: BTreeMap<usize, Trace> = BTreeMap::new();
    let mut latest = 0.0;
    while let Some((line, record)) = rows.next().ok()? {
        let Some((time, region, size)) = file.row(line, record, &columns, only, context) else {
            continue;
        };
        if time < latest {
            let message = "the request is earlier than the one before";
            file.fault(line, message, "rows in order of time");
            continue;
        }
        latest = time;
        traces.entry(region).or_default().requests.push((time, size));
    }
    if let Some(line) = rows.unclosed() {
        file.fault(line, UNCLOSED.0, UNCLOSED.1);
    }
    file.valid.then(|| traces.into_iter().collect())
}

/// Where in a row each column stands.
struct Columns {
    time: usize,
    /// Whether times are seconds since the start rather than ISO 8601.
    in_seconds: bool,
    region: Option<usize>,
    size: Option<usize>,
    count: usize,
}

/// A CSV file being read, with where its faults go.
struct CsvFile<'a, 'r, 't> {
    at: &'a Cursor<'t>,
    name: &'a str,
    text: &'a str,
    /// Those of the text, once there was a fault.
    lines: Vec<&'a str>,
    start: Date,
    report: &'a mut Report<'r>,
    valid: bool,
}

impl CsvFile<'_, '_, '_> {
    fn fault(&mut self, line: u64, message: impl Into<String>, expected: &str) {
        self.push(line, Problem::at(self.at, message).expected(expected));
    }

    fn push(&mut self, line: u64, problem: Problem) {
        self.valid = false;
        if self.lines.is_empty() {
            self.lines = self.text.lines().collect();
        }
        let line = line as usize;
        let text = self.lines.get(line - 1).copied().unwrap_or_default();
        self.report.push_in_file(problem, self.name, line, text.trim_start_matches('\u{feff}'));
    }

    fn columns(&mut self, line: u64, names: &[String]) -> Option<Columns> {
        const EXPECTED: &str = "`time_s` or `time`, and if wanted `region` and `size`";
        let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let position = |name: &str| names.iter().position(|known| known == name);
        for (index, name) in names.iter().enumerate() {
            let message = match ["time_s", "time", "region", "size"].contains(&name.as_str()) {
                false => format!("unknown column `{name}`"),
                true if names[..index].contains(name) => format!("there are two columns `{name}`"),
                true => continue,
            };
            self.fault(line, message, EXPECTED);
            return None;
        }
        let (time, in_seconds) = match (position("time_s"), position("time")) {
            (Some(time), None) => (time, true),
            (None, Some(time)) => (time, false),
            _ => {
                self.fault(line, "the header needs one column of times", EXPECTED);
                return None;
            }
        };
        let (region, size) = (position("region"), position("size"));
        Some(Columns { time, in_seconds, region, size, count: names.len() })
    }

    /// Time in seconds since the start, region and size of a row.
    fn row(
        &mut self,
        line: u64,
        record: &ByteRecord,
        columns: &Columns,
        only: Option<usize>,
        context: &Context,
    ) -> Option<(f64, usize, Option<f64>)> {
        if record.len() != columns.count {
            let message = format!("{} cells under {} columns", record.len(), columns.count);
            self.fault(line, message, "one cell for each column");
            return None;
        }
        let cell = |column: usize| std::str::from_utf8(&record[column]).unwrap_or_default();
        let time = match columns.in_seconds {
            true => cell(columns.time).parse().ok(),
            false => seconds_since(self.start, cell(columns.time)),
        };
        let Some(time) = time.filter(|time| (0.0..=LATEST_SECOND).contains(time)) else {
            let expected = match columns.in_seconds {
                true => "seconds since the start, at least 0",
                false => "a time such as 2025-02-18T06:30:00Z, not before the start",
            };
            self.fault(line, "the time has no meaning", expected);
            return None;
        };
        let region = match columns.region.map(cell) {
            None => only,
            Some(name) => {
                let known = context.names.regions.get(name);
                if known.is_none() {
                    let names = &context.names.regions;
                    let problem = names.unknown(name, Problem::at(self.at, names.message(name)));
                    self.push(line, problem);
                }
                known
            }
        };
        let size = match columns.size.map(cell) {
            None | Some("") => None,
            Some(text) => {
                let size: Option<f64> = text.parse().ok().or_else(|| pixel_size(text));
                let size = size.filter(|size| (0.0..=LARGEST_SIZE).contains(size));
                if size.is_none() {
                    let expected = "a number from 0 to 1e12, a picture size, or nothing";
                    self.fault(line, "the size has no meaning", expected);
                    return None;
                }
                size
            }
        };
        Some((time, region?, size))
    }
}

/// Seconds from 00:00 UTC of `start` to an ISO 8601 time; one without an
/// offset is UTC.
fn seconds_since(start: Date, text: &str) -> Option<f64> {
    let utc = |time: DateTime| Offset::UTC.to_timestamp(time).ok();
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time,
        Err(_) => utc(text.parse().ok()?)?,
    };
    let start = utc(start.to_datetime(jiff::civil::Time::midnight()))?;
    Some((time.as_nanosecond() - start.as_nanosecond()) as f64 / 1e9)
}
