//! Request bodies in CSV (RFC 4180).

use deserr::Deserr;
use serde_json::{Value, json};

use super::{Describe, Faults};
use crate::error::Fault;

/// The longest cell in characters, as in Excel.
const MAX_CELL_LENGTH: usize = 32_767;
/// Possible delimiters of cells, the most common first. Excel writes `;` where the decimal separator is a comma.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// The text of a CSV file. Its delimiter is not known yet; see [`Csv::table`].
#[derive(Debug)]
pub struct Csv(String);

/// The rows of a CSV file that are not empty.
#[derive(Debug, Default)]
pub struct Table {
    pub rows: Vec<Row>,
    /// The first fault of the file. Rows after it are not reliable.
    pub fault: Option<Fault>,
}

/// One row, with its cells trimmed.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The number of the line in which the row begins, from 1.
    pub line: u64,
    pub cells: Vec<String>,
}

impl Csv {
    /// Reads the header and up to `max_rows` rows. Uses the delimiter that the file names in its first line (`sep=;`, as
    /// Excel writes it), or else the delimiter whose rows get the highest `score`.
    pub fn table<S: PartialOrd>(&self, max_rows: usize, score: impl Fn(&[Row]) -> S) -> Table {
        if let Some((delimiter, rest)) = named_delimiter(&self.0) {
            return read(rest, delimiter, 2, max_rows);
        }
        let mut best: Option<(S, Table)> = None;
        for delimiter in DELIMITERS {
            let table = read(&self.0, delimiter, 1, max_rows);
            let points = score(&table.rows);
            if best.as_ref().is_none_or(|(highest, _)| points > *highest) {
                best = Some((points, table));
            }
        }
        best.map(|(_, table)| table).unwrap_or_default()
    }
}

/// Returns the delimiter that the first line names, and the text after that line.
fn named_delimiter(text: &str) -> Option<(char, &str)> {
    let (first, rest) = text.split_once(['\r', '\n']).unwrap_or((text, ""));
    let first = first.trim_matches('"');
    let mut named =
        first.get(4..).filter(|_| first.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("sep=")))?.chars();
    let delimiter = named.next().filter(|c| !c.is_alphanumeric() && *c != '"')?;
    let is_crlf = text.as_bytes().get(text.len() - rest.len() - 1) == Some(&b'\r');
    let rest = if is_crlf { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
    named.next().is_none().then_some((delimiter, rest))
}

#[derive(Clone, Copy)]
enum State {
    /// Before the first character of a cell.
    Start,
    Unquoted,
    /// Inside quotes that were opened in this line.
    Quoted(u64),
    /// After the closing quote of a cell whose quotes were opened in this line.
    Closed(u64),
}

/// Reads rows. The `csv` crate is not used: it counts lines by LF only, and accepts an unclosed quote, with all following
/// rows as one cell.
fn read(text: &str, delimiter: char, first_line: u64, max_rows: usize) -> Table {
    let mut table = Table::default();
    let (mut line, mut row, mut cell, mut state) = (first_line, Row::at(first_line), String::new(), State::Start);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends_line = matches!(c, '\r' | '\n');
        if c == '\r' {
            chars.next_if_eq(&'\n');
        }
        match state {
            State::Quoted(opened) if c == '"' => {
                if chars.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    state = State::Closed(opened);
                }
            }
            State::Quoted(_) => cell.push(if ends_line { '\n' } else { c }),
            _ if c == delimiter || ends_line => {
                row.cells.push(std::mem::take(&mut cell));
                state = State::Start;
                if ends_line {
                    table.add(std::mem::replace(&mut row, Row::at(line + 1)));
                    if table.rows.len() > max_rows {
                        return table;
                    }
                }
            }
            State::Start if c == '"' => state = State::Quoted(line),
            State::Start | State::Closed(_) if c.is_whitespace() => {}
            State::Closed(opened) if opened != line => {
                table.fault.get_or_insert_with(|| misplaced(opened, line));
                break;
            }
            _ => {
                cell.push(c);
                state = State::Unquoted;
            }
        }
        line += u64::from(ends_line);
    }
    if let State::Quoted(opened) = state {
        table.fault.get_or_insert_with(|| unclosed(opened));
    }
    row.cells.push(cell);
    table.add(row);
    table
}

impl Table {
    /// Trims the cells of a row and adds it, unless all cells are empty. Spreadsheets write empty rows for cleared cells.
    fn add(&mut self, mut row: Row) {
        for cell in &mut row.cells {
            if cell.chars().count() > MAX_CELL_LENGTH && self.fault.is_none() {
                let detail = format!("Line {} contains a cell of more than {MAX_CELL_LENGTH} characters.", row.line);
                self.fault = Some(Fault::at("", "cell_too_long", detail));
            }
            *cell = trimmed(cell).to_owned();
        }
        if row.cells.iter().any(|cell| !cell.is_empty()) {
            self.rows.push(row);
        }
    }
}

impl Row {
    fn at(line: u64) -> Self {
        Self { line, cells: Vec::new() }
    }
}

/// Removes white space and invisible characters around a cell, which appear when cells are copied.
fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
    })
}

fn unclosed(line: u64) -> Fault {
    Fault::at("", "unclosed_quote", format!("The quotation mark that opens in line {line} is never closed."))
}

fn misplaced(opened: u64, closed: u64) -> Fault {
    let detail = format!(
        "The quotation mark that opens in line {opened} closes in the middle of a cell of line {closed}: one of the two \
         is too many."
    );
    Fault::at("", "misplaced_quote", detail)
}

impl Deserr<Faults> for Csv {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        location: deserr::ValuePointerRef,
    ) -> Result<Self, Faults> {
        let text = <String as Deserr<Faults>>::deserialize_from_value(value, location)?;
        if text.contains('\0') {
            return Err(Faults::one(location, "invalid_text", "The text contains a NUL character."));
        }
        Ok(Self(text))
    }
}

impl Describe for Csv {
    /// The content type that browsers send depends on the system: `application/vnd.ms-excel` on Windows with Excel.
    const MEDIA_TYPES: &'static [&'static str] = &[
        "text/csv",
        "text/plain",
        "text/tab-separated-values",
        "text/comma-separated-values",
        "text/x-csv",
        "application/csv",
        "application/x-csv",
        "application/vnd.ms-excel",
    ];

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, delimiter: char) -> Vec<(u64, Vec<String>)> {
        let table = read(text, delimiter, 1, 100);
        assert_eq!(table.fault, None, "{text:?}");
        table.rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    #[test]
    fn lines_are_counted_by_lf_cr_and_crlf_also_within_quotes() {
        for text in ["a,b\n\nc\n", "a,b\r\rc\r", "a,b\r\n\r\nc\r\n", "a,b\r\n\nc"] {
            let cells = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
            assert_eq!(rows(text, ','), [(1, cells(&["a", "b"])), (3, cells(&["c"]))], "{text:?}");
        }
        let lines: Vec<_> = rows("a\r\"b\r\nb\"\r\"c\"\"\"\r", ',').into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }

    #[test]
    fn cells_are_trimmed_and_empty_rows_are_left_out() {
        let text = "\u{a0}a\u{200b}; \"b;\"\"b\"\"\" ;\n;;;\n \t;\nc\n";
        let cells: Vec<_> = rows(text, ';').into_iter().map(|(line, cells)| (line, cells.join("|"))).collect();
        assert_eq!(cells, [(1, "a|b;\"b\"|".to_owned()), (4, "c".to_owned())]);
    }

    #[test]
    fn unmatched_quotes_are_reported_with_their_lines() {
        for (text, code, lines) in [
            ("a\n\"b\nc\n", "unclosed_quote", "line 2 is"),
            ("a\r\"b\rc\r", "unclosed_quote", "line 2 is"),
            ("\"x\ny\",\"b\nc", "unclosed_quote", "line 2 is"),
            ("\"a,b\nc,d\n\"e,f\n", "misplaced_quote", "line 1 closes in the middle of a cell of line 3"),
        ] {
            let fault = read(text, ',', 1, 100).fault.unwrap();
            assert_eq!(fault.code, code, "{text:?}");
            assert!(fault.detail.contains(lines), "{}", fault.detail);
        }
        assert_eq!(rows("\"Doe, J.\" <j@x.test>,a\"b\n", ',')[0].1, ["Doe, J.<j@x.test>", "a\"b"]);
    }

    #[test]
    fn a_cell_may_be_as_long_as_in_excel() {
        assert_eq!(read(&"a".repeat(32_767), ',', 1, 100).fault, None);
        assert_eq!(read(&"a".repeat(32_768), ',', 1, 100).fault.unwrap().code, "cell_too_long");
    }

    #[test]
    fn a_first_line_may_name_the_delimiter() {
        let table = |text: &str| Csv(text.to_owned()).table(100, |_| 0);
        for text in ["sep=^\r\na^b", "SEP=^\ra^b", "\"sep=^\"\na^b"] {
            assert_eq!(table(text).rows, [Row { line: 2, cells: vec!["a".to_owned(), "b".to_owned()] }], "{text:?}");
        }
        assert_eq!(table("separate\na").rows.len(), 2);
    }
}
