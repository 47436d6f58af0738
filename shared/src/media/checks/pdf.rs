//! PDF: a header, objects, and an end that points to the table of objects. The table may be missing or wrong, because
//! readers rebuild it. They can't rebuild a file that was cut off.

use std::ops::Range;

use memchr::memmem;

use super::surroundings::{Content, MAX_TRAILING_BYTES};
use super::{Budget, Facts, Format, Ranged, Rejection, Source, Verdict, wrong_type};

/// Readers look for the header in the first 1,024 bytes: printers, mail programs and servers add data before it.
const HEADER_WITHIN: usize = 1024;
/// The bytes after the start of the table in which the trailer must name the root object.
const TABLE: usize = 4 * 1024 * 1024;
const CHUNK: usize = 1024 * 1024;
/// The bytes that two chunks share; longer than all words that are searched.
const OVERLAP: usize = 32;
/// The bytes that may be missing of the declared length: some programs change line ends.
const TOLERANCE: u64 = 16;

pub(super) fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Content> {
    let begin = header(head).ok_or_else(|| wrong_type(head, Format::Pdf))?;
    let size = file.size();
    file.set_budget(Budget { requests: 2_000, fetched: 4 * size + (2 << 20), read: 6 * size + (2 << 20) });
    let cut_off = || Rejection::damaged("its end is missing");
    let end = find_end(file, begin as u64)?.ok_or_else(cut_off)?;
    let places = end.table.map_or_else(Vec::new, |table| vec![table, table.saturating_add(begin as u64)]);
    for place in places {
        if is_table(&file.bytes_at(place, 64)?) && memmem::find(&file.bytes_at(place, TABLE)?, b"/Root").is_some() {
            return Ok(Content { facts: Facts::default(), extent: begin as u64..end.position });
        }
    }
    // a linearized PDF has a second end after its first page, which points nowhere
    let length = linearized_length(head.get(begin..).unwrap_or_default());
    if length.is_some_and(|length| begin as u64 + length > size + TOLERANCE) {
        return Err(cut_off());
    }
    if !can_be_rebuilt(file, begin as u64..end.position)? {
        return Err(Rejection::damaged("it has no table of its objects, and none can be rebuilt"));
    }
    Ok(Content { facts: Facts::default(), extent: begin as u64..end.position })
}

/// Returns where the header begins. The bytes before it must not be a file of another type.
fn header(head: &[u8]) -> Option<usize> {
    let within = head.get(..HEADER_WITHIN + 8).unwrap_or(head);
    let at = memmem::find_iter(within, b"%PDF-")
        .find(|at| matches!(within.get(at + 5..), Some([b'1' | b'2', b'.', b'0'..=b'9', ..])))?;
    let before = head.get(..at)?;
    let other = super::text::is_markup(before) || infer::get(before).is_some();
    (at <= HEADER_WITHIN && !other).then_some(at)
}

/// Returns the length that a linearized PDF declares at its beginning.
fn linearized_length(head: &[u8]) -> Option<u64> {
    let head = head.get(..HEADER_WITHIN).unwrap_or(head);
    memmem::find(head, b"/Linearized")?;
    let number = memmem::find_iter(head, b"/L").find_map(|at| {
        let rest = head.get(at + 2..)?;
        rest.first().filter(|next| !next.is_ascii_alphabetic())?;
        leading_number(rest)
    });
    number.map(|(number, _)| number)
}

struct End {
    /// The position after the last byte of the PDF.
    position: u64,
    /// The declared position of the table of objects.
    table: Option<u64>,
}

/// Finds the last end: `startxref` with the position of the table, and `%%EOF`. One of the two may be missing.
fn find_end<S: Source>(file: &mut Ranged<S>, begin: u64) -> Verdict<Option<End>> {
    let mut length = HEADER_WITHIN as u64;
    loop {
        let (start, tail) = file.tail(length)?;
        if let Some((end, table)) = end_in(&tail) {
            return Ok(Some(End { position: start + end as u64, table }).filter(|end| end.position > begin));
        }
        if length >= MAX_TRAILING_BYTES || start == 0 {
            return Ok(None);
        }
        length = (length * 128).min(MAX_TRAILING_BYTES + HEADER_WITHIN as u64);
    }
}

fn end_in(tail: &[u8]) -> Option<(usize, Option<u64>)> {
    let mark = memmem::rfind(tail, b"%%EOF").map(|at| at + 5);
    let start = memmem::rfind(tail, b"startxref").map(|at| at + 9);
    let number = start.and_then(|start| {
        let (number, length) = leading_number(tail.get(start..)?)?;
        Some((start + length, number))
    });
    match (mark, number) {
        // the last revision has no `%%EOF`; white space after the number shows that the number is complete
        (mark, Some((end, table)))
            if mark.is_none_or(|mark| mark < end) && tail.get(end).is_some_and(u8::is_ascii_whitespace) =>
        {
            Some((end, Some(table)))
        }
        (Some(mark), number) => Some((mark, number.filter(|(end, _)| *end < mark).map(|(_, table)| table))),
        (None, _) => None,
    }
}

/// Reads a number after white space. Returns it with the length of both.
fn leading_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let space = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let digits = bytes.get(space..)?;
    let digits = digits.get(..digits.iter().take_while(|byte| byte.is_ascii_digit()).count())?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, space + digits.len()))
}

/// Whether the bytes begin a table: `xref`, or in newer files an object such as `12 0 obj`.
fn is_table(there: &[u8]) -> bool {
    let there = there.trim_ascii_start();
    if there.starts_with(b"xref") {
        return true;
    }
    let mut words = there.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut number = || words.next().is_some_and(|word| word.iter().all(u8::is_ascii_digit));
    number() && number() && words.next().is_some_and(|word| word.starts_with(b"obj"))
}

/// Whether a reader that searches the whole file finds objects and a root, and can rebuild the table.
fn can_be_rebuilt<S: Source>(file: &mut Ranged<S>, content: Range<u64>) -> Verdict<bool> {
    let (mut objects, mut root, mut position) = (false, false, content.start);
    while position < content.end && !(objects && root) {
        let length = usize::try_from(content.end - position).unwrap_or(CHUNK).min(CHUNK);
        let chunk = file.bytes_at(position, length)?;
        let is_object = |at: usize| at.checked_sub(1).and_then(|at| chunk.get(at)).is_some_and(u8::is_ascii_digit);
        objects |= memmem::find_iter(&chunk, b" obj").any(is_object);
        root |= memmem::find(&chunk, b"/Root").is_some() || memmem::find(&chunk, b"/Catalog").is_some();
        if length < CHUNK {
            break;
        }
        position += (length - OVERLAP) as u64;
    }
    Ok(objects && root)
}
