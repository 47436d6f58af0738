//! Reads a text body: checks its media type, and decodes its character set.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::{Error, Fault, Result};
use crate::problem;

/// The first bytes of workbook files: ZIP (.xlsx, .ods) and OLE2 (.xls).
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];
/// Prefixes of the media types of workbooks. `application/vnd.ms-excel` is not among them: browsers on Windows send
/// it with CSV files.
const WORKBOOK_TYPES: [&str; 3] = [
    "application/vnd.openxmlformats-officedocument.spreadsheetml",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.ms-excel.",
];

/// Returns the text of a body. It must be sent as one of the `accepted` media types; errors name the first one.
///
/// The character set comes from a byte order mark, else from the `charset` parameter. Without both, a body that is not
/// UTF-8 is read as windows-1252, the default of Excel's "CSV" format in Europe and America.
///
/// # Errors
/// 415 for another media type, a workbook, or an unknown character set; 422 when the body is empty, or not valid in its
/// character set.
pub(super) fn decode(body: &[u8], content_type: &str, accepted: &[&str]) -> Result<String> {
    let (essence, charset) = parse(content_type);
    let is_workbook = WORKBOOKS.iter().any(|start| body.starts_with(start));
    if is_workbook || WORKBOOK_TYPES.iter().any(|start| essence.starts_with(start)) {
        let detail = "This is a workbook. Open it in your spreadsheet program, save it as CSV, and send the CSV file.";
        return Err(Error::problem(&problem::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    if !accepted.contains(&essence.as_str()) {
        let detail = format!("Send the body with Content-Type: {}.", accepted.first().unwrap_or(&"text/plain"));
        return Err(Error::problem(&problem::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    if body.is_empty() {
        return Err(Error::invalid(Fault::at("", "required", "The body is empty.")));
    }
    let text = match (Encoding::for_bom(body), charset) {
        (Some((encoding, mark)), _) => in_encoding(encoding, body.get(mark..).unwrap_or_default())?,
        (None, Some(label)) => in_encoding(declared(&label, body)?, body)?,
        (None, None) => undeclared(body)?,
    };
    if text.is_empty() {
        return Err(Error::invalid(Fault::at("", "invalid_text", "The body holds no text.")));
    }
    Ok(text.into_owned())
}

/// Returns the media type in lower case, and the value of its `charset` parameter.
fn parse(content_type: &str) -> (String, Option<String>) {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    });
    (essence, charset.filter(|label| !label.is_empty()))
}

/// Returns the encoding of a `charset` parameter (WHATWG Encoding, labels).
fn declared(label: &str, body: &[u8]) -> Result<&'static Encoding> {
    let unknown = || {
        let detail = "This charset is not supported. Send the text in UTF-8, UTF-16, windows-1252 or iso-8859-15.";
        Error::problem(&problem::UNSUPPORTED_MEDIA_TYPE, detail)
    };
    let encoding = Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != REPLACEMENT);
    let encoding = encoding.ok_or_else(unknown)?;
    if label.to_ascii_lowercase().ends_with("ascii") && !body.is_ascii() {
        return Err(invalid("US-ASCII"));
    }
    // "UTF-16" names no byte order. The first character of a list is a Latin letter, a digit or a quote.
    let is_big_endian = label.eq_ignore_ascii_case("utf-16") && body.first() == Some(&0);
    Ok(if is_big_endian { UTF_16BE } else { encoding })
}

fn undeclared(body: &[u8]) -> Result<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(body) {
        return Ok(text.into());
    }
    let text = in_encoding(WINDOWS_1252, body).map_err(|_| invalid(UTF_8.name()))?;
    let is_binary = text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
    if is_binary { Err(invalid(UTF_8.name())) } else { Ok(text) }
}

fn in_encoding<'a>(encoding: &'static Encoding, body: &'a [u8]) -> Result<Cow<'a, str>> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(body);
    // Bytes that a code page leaves undefined decode to C1 controls, which no real text contains.
    let is_undefined = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    let is_unicode = [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding);
    text.filter(|text| is_unicode || !text.contains(is_undefined)).ok_or_else(|| invalid(encoding.name()))
}

fn invalid(charset: &str) -> Error {
    let detail = format!("The body is not valid text in {charset}. Save the file as CSV in UTF-8 and send it again.");
    Error::invalid(Fault::at("", "invalid_text", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content_type: &str, body: &[u8]) -> std::result::Result<String, String> {
        decode(body, content_type, &["text/csv"]).map_err(|error| error.to_string())
    }

    #[test]
    fn character_sets_are_declared_marked_or_guessed() {
        for (content_type, body, expected) in [
            ("text/csv", "Löwe".as_bytes(), "Löwe"),
            ("text/csv", b"\xef\xbb\xbfL\xc3\xb6we", "Löwe"),
            ("text/csv", b"L\xf6we \x80", "Löwe €"),
            ("text/csv; charset=windows-1252", b"L\xf6we \x80", "Löwe €"),
            ("Text/CSV; header=present; CHARSET=\"ISO-8859-1\"", b"L\xf6we", "Löwe"),
            ("text/csv;charset=iso-8859-15", b"\xa4", "€"),
            ("text/csv;charset=windows-1251", b"\xcb\xe5\xe2", "Лев"),
            ("text/csv;charset=utf-16le", b"a\0\xf6\0", "aö"),
            ("text/csv;charset=utf-16", b"a\0\xf6\0", "aö"),
            ("text/csv;charset=utf-16", b"\0a\0\xf6", "aö"),
            ("text/csv", b"\xff\xfea\0\xf6\0", "aö"),
            ("text/csv", b"\xfe\xff\0a\0\xf6", "aö"),
            ("text/csv; charset=utf-8", b"\xff\xfea\0", "a"),
        ] {
            assert_eq!(text(content_type, body).as_deref(), Ok(expected), "{content_type}");
        }
    }

    #[test]
    fn text_that_is_not_valid_in_its_character_set_is_refused() {
        for (content_type, body) in [
            ("text/csv; charset=utf-8", &b"L\xf6we"[..]),
            ("text/csv; charset=windows-1252", b"a\x81"),
            ("text/csv; charset=us-ascii", b"L\xf6we"),
            ("text/csv; charset=utf-16le", b"a\0\x00\xd8"),
            ("text/csv; charset=utf-16le", b"a\0b"),
            ("text/csv", b"\xff\xfea\0b"),
            ("text/csv", b"\x89PNG\r\n\x1a\n\0\0\xff"),
            ("text/csv", b"\xff\xfe"),
            ("text/csv", b"\xef\xbb\xbf"),
        ] {
            assert!(text(content_type, body).is_err_and(|error| error.starts_with("invalid")), "{content_type}");
        }
        for label in ["ebcdic", "hz-gb-2312"] {
            let error = text(&format!("text/csv; charset={label}"), b"a").unwrap_err();
            assert!(error.starts_with("unsupported-media-type"), "{error}");
        }
    }
}
