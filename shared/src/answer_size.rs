//! Sizes of responses in the form in which a function returns them: the body is a string within Lambda's JSON, so
//! quotes,

use std::io;

use serde::Serialize;

use crate::error::Result;

/// The largest size of a body, in bytes. Lambda's limit is 6 MB; the rest is for the headers.
pub(crate) const MAX_BYTES: usize = 5_400_000;

/// Whether a body fits into a response.
pub(crate) fn fits(body: &[u8]) -> bool {
    body.len() <= MAX_BYTES / MAX_ESCAPED_BYTES || of_body(body) <= MAX_BYTES
}

/// The most bytes that one byte of a body can become.
const MAX_ESCAPED_BYTES: usize = 6;

/// Returns the size of a body in bytes: UTF-8 is sent as text, anything else as base64.
pub(crate) fn of_body(body: &[u8]) -> usize {
    if std::str::from_utf8(body).is_err() {
        return body.len().div_ceil(3) * 4;
    }
    body.iter().map(|byte| escaped(*byte)).sum()
}

/// Returns the size in bytes of a value that is serialized into a body.
///
/// # Errors
/// Fails when the value can't be serialized as JSON.
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

/// Returns the size of a byte within a JSON string (RFC 8259, section 7).
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
    fn the_size_of_a_value_is_that_of_its_json_within_a_json_string() {
        for text in ["plain", "\"quoted\" and \\", "line\nafter\tline\u{1}\u{1f}", "größe 课程 😀"] {
            let json = serde_json::to_string(&[text]).unwrap();
            let quoted = serde_json::to_string(&json).unwrap();
            assert_eq!(of(&[text]).unwrap(), quoted.len() - 2, "{text:?}");
            assert_eq!(of_body(json.as_bytes()), quoted.len() - 2, "{text:?}");
        }
    }

    #[test]
    fn a_body_that_escapes_to_more_than_the_limit_does_not_fit() {
        assert!(fits(&vec![b'a'; MAX_BYTES]));
        assert!(!fits(&vec![b'a'; MAX_BYTES + 1]));
        assert!(fits(&vec![b'"'; MAX_BYTES / 2]));
        assert!(!fits(&vec![b'"'; MAX_BYTES / 2 + 1]));
    }

    #[test]
    fn a_binary_body_is_counted_as_base64() {
        assert_eq!(of_body(&[0xff; 4]), 8);
    }
}
