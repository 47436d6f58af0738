//! PDF: it begins with its header, and its end leads to its table of objects.

use super::{Facts, Ranged, Rejection, Source, Verdict, other_type};

/// Where readers look for the end.
const END: u64 = 1024;

pub fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Facts> {
    let version = head.strip_prefix(b"%PDF-").unwrap_or_default();
    if !matches!(version, [b'1' | b'2', b'.', b'0'..=b'9', ..]) {
        return Err(other_type(head, "PDF document"));
    }
    let (_, tail) = file.tail(END)?;
    let table = table_position(&tail).ok_or_else(|| Rejection::damaged("a PDF ends with startxref and %%EOF"))?;
    let there = file.bytes_at(table, 64)?;
    if !is_table(&there) {
        return Err(Rejection::damaged("a PDF's end leads to its table of objects"));
    }
    Ok(Facts::default())
}

/// What stands between the last `startxref` and the `%%EOF` that ends the file.
fn table_position(tail: &[u8]) -> Option<u64> {
    let body = tail.trim_ascii_end().strip_suffix(b"%%EOF")?.trim_ascii_end();
    let start = body.windows(9).rposition(|word| word == b"startxref")?;
    let number = body.get(start + 9..)?.trim_ascii();
    std::str::from_utf8(number).ok()?.parse().ok().filter(|_| number.first().is_some_and(u8::is_ascii_digit))
}

/// `xref`, or the object `12 0 obj` that is the table in newer files.
fn is_table(there: &[u8]) -> bool {
    let there = there.trim_ascii_start();
    if there.starts_with(b"xref") {
        return true;
    }
    let mut words = there.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut number = || words.next().is_some_and(|word| word.iter().all(u8::is_ascii_digit));
    number() && number() && words.next().is_some_and(|word| word.starts_with(b"obj"))
}
