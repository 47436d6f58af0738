//! CSV for spreadsheet programs (RFC 4180). Cells that would run as formulas are escaped.

use bytes::Bytes;
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use crate::answer_size::MAX_BYTES as MAX_RESPONSE_BYTES;
use crate::error::{Error, Result};

/// The mark by which Excel recognizes UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// One page of a list as CSV. Concatenated in order, the pages of a list form one file: only the first page has the
/// byte order mark and the header row.
pub struct CsvPage {
    writer: Writer<Vec<u8>>,
    size: usize,
}

impl CsvPage {
    /// Creates the first page of a list.
    #[must_use]
    pub fn with_header(columns: &[&str]) -> Self {
        let mut page = Self::with_start(BYTE_ORDER_MARK.into());
        page.add(&columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>());
        page
    }

    /// Creates a later page of a list.
    #[must_use]
    pub fn without_header() -> Self {
        Self::with_start(Vec::new())
    }

    fn with_start(start: Vec<u8>) -> Self {
        let size = start.len();
        // All cells are quoted, so that no separator of any spreadsheet program can split them.
        let mut builder = WriterBuilder::new();
        builder.quote_style(QuoteStyle::Always).terminator(Terminator::CRLF);
        Self { writer: builder.from_writer(start), size }
    }

    /// Adds a row. Returns false and adds nothing if the response would become too large.
    pub fn add(&mut self, cells: &[String]) -> bool {
        let cells: Vec<_> = cells.iter().map(|cell| escape_formula(cell)).collect();
        self.size += cells.iter().map(|cell| size_in_response(cell)).sum::<usize>() + LINE_END;
        self.size <= MAX_RESPONSE_BYTES && self.writer.write_record(&cells).is_ok()
    }

    /// Returns the CSV text.
    ///
    /// # Errors
    /// Never in practice: the writer writes to memory.
    pub fn finish(self) -> Result<Bytes> {
        self.writer.into_inner().map(Bytes::from).map_err(|error| Error::internal(error.to_string()))
    }
}

/// The size of CRLF within the response's JSON (4 bytes), minus the comma that the last cell doesn't have.
const LINE_END: usize = 3;

/// Returns the size of a cell within the response's JSON, with its quotes and comma. CSV doubles a quote, and JSON
/// escapes both.
fn size_in_response(cell: &str) -> usize {
    let character = |c: char| match c {
        '"' => 4,
        '\\' => 2,
        '\0'..' ' => 6,
        c => c.len_utf8(),
    };
    cell.chars().map(character).sum::<usize>() + 5
}

/// Puts an apostrophe before a cell that a spreadsheet program would run as a formula, even after white space. The
/// apostrophe makes the cell text.
fn escape_formula(cell: &str) -> String {
    const STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let runs = cell.starts_with(['\t', '\r', '\n']) || cell.trim_start().starts_with(STARTS);
    if runs { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_escaped_and_plain_cells_are_unchanged() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "'=1"] {
            let escaped = escape_formula(cell);
            assert!(escaped.starts_with('\''), "{cell:?} became {escaped:?}");
            assert!(escaped.ends_with(cell));
        }
        for cell in ["Ada", "Ada-Löwe", "a=b", "", "2026-11-23T19:56:00Z", "49.00"] {
            assert_eq!(escape_formula(cell), cell);
        }
    }

    #[test]
    fn a_page_accepts_no_row_that_would_make_the_response_too_large() {
        let mut page = CsvPage::with_header(&["text"]);
        let line = ["\"".repeat(1000)];
        let lines = std::iter::repeat_with(|| page.add(&line)).take_while(|fits| *fits).count();
        assert_eq!(
            lines,
            (MAX_RESPONSE_BYTES - 3 - "text".len() - 8) / 4008,
            "1,000 quotes take 4,000 bytes of a response"
        );
        let text = String::from_utf8(page.finish().unwrap().to_vec()).unwrap();
        assert!(serde_json::to_string(&text).unwrap().len() < 6_000_000);
    }
}
