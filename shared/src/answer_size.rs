//! How large an answer is as a function returns it: its body is a text within Lambda's own JSON, so quotes, backslashes
//! and control characters are escaped once more. Lambda refuses a response of more than 6 MB.

use std::io;

use serde::Serialize;

use crate::error::Result;

/// The bytes that a body may take, which leaves room for its headers.
pub(crate) const MAX_BYTES: usize = 5_400_000;

/// Whether a body can be answered.
pub(crate) fn fits(body: &[u8]) -> bool {
    body.len() <= MAX_BYTES / MAX_ESCAPED_BYTES || of_body(body) <= MAX_BYTES
}

/// The bytes that one byte takes at most.
const MAX_ESCAPED_BYTES: usize = 6;

/// The bytes that a body takes: UTF-8 as text, anything else as base64.
pub(crate) fn of_body(body: &[u8]) -> usize {
    if std::str::from_utf8(body).is_err() {
        return body.len().div_ceil(3) * 4;
    }
    body.iter().map(|byte| escaped(*byte)).sum()
}

/// The bytes that a value takes as JSON within a body.
///
/// # Errors
/// When it can't be written as JSON.
pub(crate) fn of(value: &impl Serialize) -> Result<usize> {
    let mut size = Size(0);
    serde_json::to_writer(&mut size, value)?;
    Ok(size.0)
}

struct Size(usize);

impl io::Write for Size {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.0 += json.iter().map(|byte| escaped(*byte)).sum::<usize>();
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes that a byte of a JSON string takes (RFC 8259, 7).
fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 2,
        0..0x20 => MAX_ESCAPED_BYTES,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_what_its_json_takes_as_a_text() {
        for text in ["plain", "\"quoted\" and \\", "line\nafter\tline\u{1}\u{1f}", "größe 课程 😀"] {
            let json = serde_json::to_string(&[text]).unwrap();
            let quoted = serde_json::to_string(&json).unwrap();
            assert_eq!(of(&[text]).unwrap(), quoted.len() - 2, "{text:?}");
            assert_eq!(of_body(json.as_bytes()), quoted.len() - 2, "{text:?}");
        }
    }

    #[test]
    fn what_escapes_to_more_than_an_answer_does_not_fit() {
        assert!(fits(&vec![b'a'; MAX_BYTES]));
        assert!(!fits(&vec![b'a'; MAX_BYTES + 1]));
        assert!(fits(&vec![b'"'; MAX_BYTES / 2]));
        assert!(!fits(&vec![b'"'; MAX_BYTES / 2 + 1]));
    }

    #[test]
    fn a_body_that_is_no_text_takes_its_base64() {
        assert_eq!(of_body(&[0xff; 4]), 8);
    }
}
