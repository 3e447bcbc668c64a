use std::io::{self, BufRead, BufReader, Chain, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::lines::ends_by_returns;

/// The line that a spreadsheet puts above a table to say what is between cells.
const SEPARATOR_LINE: &str = "sep=";

/// The rows of a table with anything in them, the header first. Cells stand between commas,
/// semicolons or tabs: those of a line `sep=;`, or those the header has most of.
pub(crate) struct Rows<R> {
    pub separator: char,
    reader: csv::Reader<Lines<Chain<R, &'static [u8]>>>,
    record: ByteRecord,
    unclosed: Option<u64>,
}

/// Lines that end by `\n`, which they are counted by.
struct Lines<R> {
    input: BufReader<R>,
    /// Whether they end by `\r` alone, as on old Macs.
    has_returns: bool,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if self.has_returns {
            buffer[..count]
                .iter_mut()
                .filter(|byte| **byte == b'\r')
                .for_each(|byte| *byte = b'\n');
        }
        Ok(count)
    }
}

/// What is wrong with a quote that no other closes, and what was expected.
pub(crate) const UNCLOSED: (&str, &str) = (
    "a quote in the row is not closed: all that follows is in its cell",
    "a second quote at the end of the cell, or none",
);

impl<R: Read> Rows<R> {
    pub fn new(input: R) -> Rows<R> {
        // The end of the last line, which the count of lines goes by.
        let mut input = BufReader::new(input.chain(&b"\n"[..]));
        // Where it cannot be read the first row says so.
        let begin = String::from_utf8_lossy(input.fill_buf().unwrap_or_default());
        let mut lines = begin.split(['\n', '\r']);
        let header = lines.find(|line| !line.trim().is_empty()).unwrap_or_default();
        let separator = separator(header);
        let has_returns = ends_by_returns(begin.as_bytes());
        let mut format = ReaderBuilder::new();
        format.has_headers(false).flexible(true);
        format.delimiter(separator as u8).terminator(Terminator::Any(b'\n'));
        let reader = format.from_reader(Lines { input, has_returns });
        Rows { separator, reader, record: ByteRecord::new(), unclosed: None }
    }

    /// The line of the row, the last, whose quote is not closed.
    pub fn unclosed(&self) -> Option<u64> {
        self.unclosed
    }

    /// The next row and its line, from 1.
    pub fn next(&mut self) -> csv::Result<Option<(u64, &ByteRecord)>> {
        while self.reader.read_byte_record(&mut self.record)? {
            let within = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count();
            // Only such a cell holds the end of the file.
            let is_unclosed =
                self.record.iter().next_back().is_some_and(|cell| cell.ends_with(b"\n"));
            let ends = u64::from(!is_unclosed) + within as u64;
            let line = self.reader.position().line().saturating_sub(ends).max(1);
            self.unclosed = is_unclosed.then_some(line);
            self.record.trim();
            let is_declared = self.record.len() <= 2
                && self.record.get(0).is_some_and(|cell| name(cell) == SEPARATOR_LINE);
            if !is_declared && self.record.iter().any(|cell| !cell.is_empty()) {
                return Ok(Some((line, &self.record)));
            }
        }
        Ok(None)
    }
}

fn separator(header: &str) -> char {
    let known = [',', ';', '\t'];
    let declared = header.trim_start_matches('\u{feff}').strip_prefix(SEPARATOR_LINE);
    if let Some(declared) = declared.and_then(|rest| rest.chars().next())
        && known.contains(&declared)
    {
        return declared;
    }
    let count = |separator: &char| header.matches(*separator).count();
    known.into_iter().rev().max_by_key(count).unwrap_or(',')
}

/// A cell without the mark that some programs begin a file with.
fn name(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_string()
}

/// The cells of a header.
pub(crate) fn header(record: &ByteRecord) -> Vec<String> {
    record.iter().map(name).collect()
}

/// A whole table.
#[derive(Debug)]
pub(crate) struct Table {
    pub header: Vec<String>,
    /// The header's line, from 1.
    pub line: usize,
    /// (line, cells).
    pub rows: Vec<(usize, Vec<String>)>,
    /// See [`Rows::unclosed`].
    pub unclosed: Option<usize>,
}

impl Table {
    pub fn of(text: &str) -> Table {
        let mut rows = Rows::new(text.as_bytes());
        let mut lines = std::iter::from_fn(|| {
            let (line, record) = rows.next().ok()??;
            Some((line as usize, header(record)))
        });
        let (line, header) = lines.next().unwrap_or((1, Vec::new()));
        let lines: Vec<(usize, Vec<String>)> = lines.collect();
        Table { header, line, rows: lines, unclosed: rows.unclosed().map(|line| line as usize) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_line_whatever_ends_the_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "\nid;stake\n0x1;\"1;000\"\n\n0x2;\"two\nlines\"\n0x3;say \"\"x\"\"\n0x4;5";
            let table = Table::of(&text.replace('\n', end));
            assert_eq!((table.header.join("|").as_str(), table.line), ("id|stake", 2));
            let lines: Vec<usize> = table.rows.iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [3, 5, 7, 8], "{end:?}");
            assert_eq!(table.rows[0].1, ["0x1", "1;000"]);
        }
        assert!(Table::of("").header.is_empty());
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_with_its_line() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "id,note\n1,\"one\ntwo\"\n2,\"three\n3,four\n".replace('\n', end);
            let table = Table::of(&text);
            assert_eq!((table.rows.len(), table.unclosed), (2, Some(4)), "{end:?}");
            assert_eq!(Table::of(&text.replace("three", "three\"")).unclosed, None);
        }
    }

    #[test]
    fn a_first_line_may_say_what_is_between_cells() {
        let table = Table::of("\u{feff}sep=;\r\na,b;c\r\n1;2\r\n");
        assert_eq!((table.header.join("|").as_str(), table.line), ("a,b|c", 2));
        assert_eq!(table.rows[0].1, ["1", "2"]);
    }
}
