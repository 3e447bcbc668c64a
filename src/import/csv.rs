//! Tables of text: a header and rows, between commas, semicolons or tabs,
//! with or without quotes.

use crate::spend::separator;

/// A table whose rows know their line.
#[derive(Debug)]
pub(super) struct Table {
    pub header: Vec<String>,
    /// (line from 1, cells).
    pub rows: Vec<(usize, Vec<String>)>,
}

/// Splits a text into a table; the first line that is not empty is the header.
pub(super) fn parse(text: &str) -> Table {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().map_or("", |(_, line)| line);
    let separator = separator(header);
    let rows = lines.map(|(index, line)| (index + 1, cells(line, separator))).collect();
    Table { header: cells(header, separator), rows }
}

/// The cells of a line; a cell in quotes may hold the separator, and a quote
/// written twice.
fn cells(line: &str, separator: char) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut is_quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if is_quoted && rest.peek() == Some(&'"') => {
                cell.push('"');
                rest.next();
            }
            '"' => is_quoted = !is_quoted,
            _ if c == separator && !is_quoted => {
                cells.push(std::mem::take(&mut cell).trim().to_string());
            }
            _ => cell.push(c),
        }
    }
    cells.push(cell.trim().to_string());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_between_the_commonest_separator_of_the_header() {
        let table = parse("\r\nid;stake\r\n0x1;\"1;000\"\r\n\r\n0x2;say \"\"\"x\"\"\"\r\n");
        assert_eq!(table.header, ["id", "stake"]);
        let rows: Vec<_> = table.rows.iter().map(|(line, row)| (*line, row.join("|"))).collect();
        assert_eq!(rows, [(3, "0x1|1;000".to_string()), (5, "0x2|say \"x\"".to_string())]);
        assert_eq!(parse("").header, [""]);
    }
}
