//! Recorded requests, in the scenario or in a CSV file beside it.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::Offset};

use super::super::check::pixel_size;
use super::super::diagnostics::{Problem, Report};
use super::super::tree::Cursor;
use super::demand::known_region;
use super::{Context, files};
use crate::demand::Trace;
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
    let mut file = CsvFile { at, name, start: context.start?, report, valid: true };
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let (_, header) = lines.next().unwrap_or((1, ""));
    let columns = file.columns(header)?;
    if columns.region.is_some() == only.is_some() {
        let (message, expected) = match only {
            Some(_) => ("the region is named twice", "no `regions`, or no column `region`"),
            None => {
                ("the users' region is missing", "a column `region`, or `regions` with one region")
            }
        };
        file.fault(1, header, message, expected);
        return None;
    }
    let mut traces: BTreeMap<usize, Trace> = BTreeMap::new();
    let mut latest = 0.0;
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let Some((time, region, size)) = file.row(number, line, &columns, only, context) else {
            continue;
        };
        if time < latest {
            let message = "the request is earlier than the one before";
            file.fault(number, line, message, "rows in order of time");
            continue;
        }
        latest = time;
        traces.entry(region).or_default().requests.push((time, size));
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
    start: Date,
    report: &'a mut Report<'r>,
    valid: bool,
}

impl CsvFile<'_, '_, '_> {
    fn fault(&mut self, number: usize, line: &str, message: impl Into<String>, expected: &str) {
        self.valid = false;
        let problem = Problem::at(self.at, message).expected(expected);
        self.report.push_in_file(problem, self.name, number, line);
    }

    fn columns(&mut self, header: &str) -> Option<Columns> {
        const EXPECTED: &str = "`time_s` or `time`, and if wanted `region` and `size`";
        let names: Vec<String> = cells(header).map(str::to_ascii_lowercase).collect();
        let position = |name: &str| names.iter().position(|known| known == name);
        let known = |name: &&String| ["time_s", "time", "region", "size"].contains(&name.as_str());
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            self.fault(1, header, format!("unknown column `{unknown}`"), EXPECTED);
            return None;
        }
        let (time, in_seconds) = match (position("time_s"), position("time")) {
            (Some(time), None) => (time, true),
            (None, Some(time)) => (time, false),
            _ => {
                self.fault(1, header, "the header needs one column of times", EXPECTED);
                return None;
            }
        };
        let (region, size) = (position("region"), position("size"));
        Some(Columns { time, in_seconds, region, size, count: names.len() })
    }

    /// Time in seconds since the start, region and size of a row.
    fn row(
        &mut self,
        number: usize,
        line: &str,
        columns: &Columns,
        only: Option<usize>,
        context: &Context,
    ) -> Option<(f64, usize, Option<f64>)> {
        let cells: Vec<&str> = cells(line).collect();
        if cells.len() != columns.count {
            let message = format!("{} cells under {} columns", cells.len(), columns.count);
            self.fault(number, line, message, "one cell for each column");
            return None;
        }
        let time = match columns.in_seconds {
            true => cells[columns.time].parse().ok(),
            false => seconds_since(self.start, cells[columns.time]),
        };
        let Some(time) = time.filter(|time| (0.0..=LATEST_SECOND).contains(time)) else {
            let expected = match columns.in_seconds {
                true => "seconds since the start, at least 0",
                false => "a time such as 2025-02-18T06:30:00Z, not before the start",
            };
            self.fault(number, line, "the time has no meaning", expected);
            return None;
        };
        let region = match columns.region.map(|column| cells[column]) {
            None => only,
            Some(name) => {
                let known = context.names.regions.get(name);
                if known.is_none() {
                    let names = &context.names.regions;
                    let problem = names.unknown(name, Problem::at(self.at, names.message(name)));
                    self.report.push_in_file(problem, self.name, number, line);
                    self.valid = false;
                }
                known
            }
        };
        let size = match columns.size.map(|column| cells[column]) {
            None | Some("") => None,
            Some(text) => {
                let size: Option<f64> = text.parse().ok().or_else(|| pixel_size(text));
                let size = size.filter(|size| (0.0..=LARGEST_SIZE).contains(size));
                if size.is_none() {
                    let expected = "a number from 0 to 1e12, a picture size, or nothing";
                    self.fault(number, line, "the size has no meaning", expected);
                    return None;
                }
                size
            }
        };
        Some((time, region?, size))
    }
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.trim_start_matches('\u{feff}').split(',').map(|cell| cell.trim().trim_matches('"').trim())
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
