use std::io::{BufRead, BufReader, Chain, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator, Trim};

/// The line that a spreadsheet puts above a table to say what is between cells.
const SEPARATOR_LINE: &str = "sep=";

/// The rows of a table with anything in them, the header first. Cells stand between commas,
/// semicolons or tabs: those of a line `sep=;`, or those the header has most of.
pub(crate) struct Rows<R> {
    pub separator: char,
    reader: csv::Reader<BufReader<Chain<R, &'static [u8]>>>,
    record: ByteRecord,
}

impl<R: Read> Rows<R> {
    pub fn new(input: R) -> Rows<R> {
        // The end of the last line, which the count of lines goes by.
        let mut input = BufReader::new(input.chain(&b"\n"[..]));
        // Where it cannot be read the first row says so.
        let begin = String::from_utf8_lossy(input.fill_buf().unwrap_or_default());
        let header = begin.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let separator = separator(header);
        // Lines are counted by `\n`; files of old Macs have none.
        let end = if begin.contains('\n') { Terminator::Any(b'\n') } else { Terminator::CRLF };
        let mut format = ReaderBuilder::new();
        format.has_headers(false).flexible(true).trim(Trim::All);
        format.delimiter(separator as u8).terminator(end);
        Rows { separator, reader: format.from_reader(input), record: ByteRecord::new() }
    }

    /// The next row and its line, from 1.
    pub fn next(&mut self) -> csv::Result<Option<(u64, &ByteRecord)>> {
        while self.reader.read_byte_record(&mut self.record)? {
            let is_declared = self.record.len() <= 2
                && self.record.get(0).is_some_and(|cell| name(cell) == SEPARATOR_LINE);
            if !is_declared && self.record.iter().any(|cell| !cell.is_empty()) {
                let within = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count();
                let line = self.reader.position().line().saturating_sub(1 + within as u64);
                return Ok(Some((line.max(1), &self.record)));
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
}

impl Table {
    pub fn of(text: &str) -> Table {
        let mut rows = Rows::new(text.as_bytes());
        let mut lines = std::iter::from_fn(|| {
            let (line, record) = rows.next().ok()??;
            Some((line as usize, header(record)))
        });
        let (line, header) = lines.next().unwrap_or((1, Vec::new()));
        Table { header, line, rows: lines.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_line_whatever_ends_the_lines() {
        for end in ["\n", "\r\n"] {
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
    fn a_first_line_may_say_what_is_between_cells() {
        let table = Table::of("\u{feff}sep=;\r\na,b;c\r\n1;2\r\n");
        assert_eq!((table.header.join("|").as_str(), table.line), ("a,b|c", 2));
        assert_eq!(table.rows[0].1, ["1", "2"]);
    }
}
