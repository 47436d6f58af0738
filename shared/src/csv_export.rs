//! CSV for spreadsheet programs (RFC 4180), in which no cell can run.

use bytes::Bytes;
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use crate::answer_size::MAX_BYTES as MAX_RESPONSE_BYTES;
use crate::error::{Error, Result};

/// The mark by which Excel knows UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Rows that end with CRLF. Put together in their order, the pages of a list are one file: only the first has the byte
/// order mark and the names of the columns.
pub struct CsvPage {
    writer: Writer<Vec<u8>>,
    size: usize,
}

impl CsvPage {
    /// Begins the first page of a list.
    #[must_use]
    pub fn with_header(columns: &[&str]) -> Self {
        let mut sheet = Self::with_start(BYTE_ORDER_MARK.into());
        sheet.add(&columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>());
        sheet
    }

    /// Begins a later page.
    #[must_use]
    pub fn without_header() -> Self {
        Self::with_start(Vec::new())
    }

    fn with_start(start: Vec<u8>) -> Self {
        let size = start.len();
        // Each cell is quoted: whatever character a spreadsheet program takes for a separator separates nothing in it.
        let mut builder = WriterBuilder::new();
        builder.quote_style(QuoteStyle::Always).terminator(Terminator::CRLF);
        Self { writer: builder.from_writer(start), size }
    }

    /// Adds a row. Returns false, and adds nothing, when the answer would be too large with it.
    pub fn add(&mut self, cells: &[String]) -> bool {
        let cells: Vec<_> = cells.iter().map(|cell| escape_formula(cell)).collect();
        self.size += cells.iter().map(|cell| size_in_response(cell)).sum::<usize>() + LINE_END;
        self.size <= MAX_RESPONSE_BYTES && self.writer.write_record(&cells).is_ok()
    }

    /// Returns the rows.
    ///
    /// # Errors
    /// Never in practice: the writer writes to memory.
    pub fn finish(self) -> Result<Bytes> {
        self.writer.into_inner().map(Bytes::from).map_err(|error| Error::internal(error.to_string()))
    }
}

/// The size of CRLF in the answer's JSON, beyond the comma that it stands for.
const LINE_END: usize = 3;

/// Returns the size of a cell in the answer's JSON, with the quotes and the comma around it. A quote in the cell is
/// doubled, and JSON escapes both.
fn size_in_response(cell: &str) -> usize {
    let character = |c: char| match c {
        '"' => 4,
        '\\' => 2,
        '\0'..' ' => 6,
        c => c.len_utf8(),
    };
    cell.chars().map(character).sum::<usize>() + 5
}

/// Puts an apostrophe before a cell that a spreadsheet program would run as a formula, also behind white space: the
/// apostrophe makes it text.
fn escape_formula(cell: &str) -> String {
    const STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let runs = cell.starts_with(['\t', '\r', '\n']) || cell.trim_start().starts_with(STARTS);
    if runs { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_runs_and_a_plain_one_stays_as_it_is() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "'=1"] {
            let made = escape_formula(cell);
            assert!(made.starts_with('\''), "{cell:?} became {made:?}");
            assert!(made.ends_with(cell));
        }
        for cell in ["Ada", "Ada-Löwe", "a=b", "", "2026-11-23T19:56:00Z", "49.00"] {
            assert_eq!(escape_formula(cell), cell);
        }
    }

    #[test]
    fn a_sheet_ends_before_it_is_too_large() {
        let mut sheet = CsvPage::with_header(&["text"]);
        let line = ["\"".repeat(1000)];
        let lines = std::iter::repeat_with(|| sheet.add(&line)).take_while(|fits| *fits).count();
        assert_eq!(
            lines,
            (MAX_RESPONSE_BYTES - 3 - "text".len() - 8) / 4008,
            "1,000 quotes are 4,000 bytes of an answer"
        );
        let text = String::from_utf8(sheet.finish().unwrap().to_vec()).unwrap();
        assert!(serde_json::to_string(&text).unwrap().len() < 6_000_000);
    }
}
