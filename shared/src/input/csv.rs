//! A body of lines.

use deserr::Deserr;
use serde_json::{Value, json};

use super::{Describe, Faults};

/// Lines with cells between commas (RFC 4180), as they were sent; whoever takes them reads them one by one.
#[derive(Debug)]
pub struct Csv(String);

impl Csv {
    /// Its records, each with the line that it stands in. Of unequal lengths they are no fault.
    pub fn records(&self) -> impl Iterator<Item = (u64, csv::StringRecord)> {
        let text = self.0.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        // It reads from memory, and what is there is UTF-8: no record can fail.
        reader.into_records().map_while(Result::ok).map(|record| (line_of(text, record.position()), record))
    }
}

/// The reader says where the record before it ended; empty lines may lie between.
fn line_of(text: &str, before: Option<&csv::Position>) -> u64 {
    let (byte, line) = before.map_or((0, 1), |position| (position.byte(), position.line()));
    let rest = usize::try_from(byte).ok().and_then(|byte| text.get(byte..)).unwrap_or_default();
    let between = rest.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| *byte == b'\n');
    between.fold(line, |line, _| line + 1)
}

impl Deserr<Faults> for Csv {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        location: deserr::ValuePointerRef,
    ) -> Result<Self, Faults> {
        let text = <String as Deserr<Faults>>::deserialize_from_value(value, location)?;
        if text.contains('\0') {
            return Err(Faults::one(location, "invalid_text", "It holds a NUL character."));
        }
        Ok(Self(text))
    }
}

impl Describe for Csv {
    const MEDIA_TYPE: &'static str = "text/csv";

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}
