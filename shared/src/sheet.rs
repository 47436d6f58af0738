//! Lines for a spreadsheet (RFC 4180), in which no cell can run.

use bytes::Bytes;
use csv::{QuoteStyle, Writer, WriterBuilder};

use crate::answer_size::LARGEST as LARGEST_ANSWER;
use crate::error::{Error, Result};

pub struct Sheet {
    writer: Writer<Vec<u8>>,
    size: usize,
}

impl Sheet {
    /// With one line, which names the columns.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        // Whatever a spreadsheet takes for a separator, it stands between quotes.
        let writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(Vec::new());
        let mut sheet = Self { writer, size: 0 };
        sheet.add(&columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>());
        sheet
    }

    /// Adds a line; or tells that it does not fit any more.
    pub fn add(&mut self, cells: &[String]) -> bool {
        let cells: Vec<_> = cells.iter().map(|cell| harmless(cell)).collect();
        self.size += cells.iter().map(|cell| in_answer(cell)).sum::<usize>();
        self.size <= LARGEST_ANSWER && self.writer.write_record(&cells).is_ok()
    }

    /// # Errors
    /// None that memory can give.
    pub fn finish(self) -> Result<Bytes> {
        self.writer.into_inner().map(Bytes::from).map_err(|error| Error::internal(error.to_string()))
    }
}

/// How large a cell is once the answer's JSON has escaped it, with the quotes and the comma around it: a quote within is
/// two, and each of them escaped.
fn in_answer(cell: &str) -> usize {
    let character = |c: char| match c {
        '"' => 4,
        '\\' => 2,
        '\0'..' ' => 6,
        c => c.len_utf8(),
    };
    cell.chars().map(character).sum::<usize>() + 6
}

/// A cell that a spreadsheet would take for a formula is made a text by the apostrophe that means just that. White
/// space before it does not hide it.
fn harmless(cell: &str) -> String {
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
            let made = harmless(cell);
            assert!(made.starts_with('\''), "{cell:?} became {made:?}");
            assert!(made.ends_with(cell));
        }
        for cell in ["Ada", "Ada-Löwe", "a=b", "", "2026-11-23T19:56:00Z", "49.00"] {
            assert_eq!(harmless(cell), cell);
        }
    }

    #[test]
    fn a_sheet_ends_before_it_is_too_large() {
        let mut sheet = Sheet::new(&["text"]);
        let line = ["\"".repeat(1000)];
        let lines = std::iter::repeat_with(|| sheet.add(&line)).take_while(|fits| *fits).count();
        assert_eq!(lines, (LARGEST_ANSWER - "text".len() - 6) / 4006, "1,000 quotes are 4,000 bytes of an answer");
        let text = String::from_utf8(sheet.finish().unwrap().to_vec()).unwrap();
        assert!(serde_json::to_string(&text).unwrap().len() < 6_000_000);
    }
}
