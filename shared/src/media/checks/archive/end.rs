//! The end record of a ZIP archive (PKWARE's APPNOTE 4.3.14 to 4.3.16): the place of the list of entries, and their
//! number. Programs also find the record before a comment or before a few added bytes.

use super::super::{Budget, Ranged, Rejection, Source, Verdict};

/// The largest size of the end record: its fixed part and the longest comment.
pub(in super::super) const MAX_END_RECORD: u64 = END as u64 + 65_535;
const END: usize = 22;
const SIGNATURE: &[u8; 4] = b"PK\x05\x06";
/// The ZIP64 end record, which some programs write for small archives too, and the locator that points to it.
const ZIP64_END: usize = 56;
const LOCATOR: usize = 20;
/// An entry of the list takes some hundred bytes.
const MAX_LIST_BYTES: u64 = 4 * 1024 * 1024;

/// Returns where the archive ends. Fails if the list of entries is too large, or is not right before the end record.
pub(super) fn find<S: Source>(file: &mut Ranged<S>, most_entries: u64) -> Verdict<u64> {
    let damaged = || Rejection::damaged("an archive ends with the list of its entries");
    file.set_budget(Budget { requests: 64, fetched: 1 << 20, read: 1 << 20 });
    let (start, tail) = file.tail(MAX_END_RECORD)?;
    let at = tail.windows(4).rposition(|four| four == SIGNATURE).ok_or_else(damaged)?;
    let end = tail.get(at..).unwrap_or_default();
    let position = start + at as u64;
    let comment = usize::from(u16_at(end, 20));
    if end.len() < END + comment {
        return Err(damaged());
    }
    let mut list = List {
        disk: u16_at(end, 4).into(),
        entries: u16_at(end, 10).into(),
        size: u32_at(end, 12).into(),
        start: u32_at(end, 16).into(),
        end: position,
    };
    if let Some(large) = zip64_end(file, position)? {
        list = large;
    }
    if list.entries > most_entries || list.size > MAX_LIST_BYTES {
        return Err(Rejection::new(
            "too_many_entries",
            format!("The archive holds more than {} entries.", super::MAX_ENTRIES),
        ));
    }
    if list.disk != 0 || list.start.checked_add(list.size) != Some(list.end) {
        return Err(damaged());
    }
    Ok(position + (END + comment) as u64)
}

struct List {
    disk: u64,
    entries: u64,
    size: u64,
    start: u64,
    end: u64,
}

/// Reads the ZIP64 end record; `None` if the archive has none.
fn zip64_end<S: Source>(file: &mut Ranged<S>, end: u64) -> Verdict<Option<List>> {
    let Some(at) = end.checked_sub(LOCATOR as u64) else { return Ok(None) };
    let locator = file.bytes_at(at, LOCATOR)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let position = u64_at(&locator, 8);
    let large = file.bytes_at(position.min(file.size()), ZIP64_END)?;
    if !large.starts_with(b"PK\x06\x06") || large.len() < ZIP64_END {
        return Err(Rejection::damaged("an archive ends with the list of its entries"));
    }
    Ok(Some(List {
        disk: u32_at(&large, 16).into(),
        entries: u64_at(&large, 32),
        size: u64_at(&large, 40),
        start: u64_at(&large, 48),
        end: position,
    }))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |two| u16::from_le_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// Whether programs would open a file with this tail as an archive, regardless of how the file begins.
pub(in super::super) fn ends_as_archive(tail: &[u8]) -> bool {
    let mut ends = tail.windows(END).enumerate().filter(|(_, end)| end.starts_with(SIGNATURE));
    ends.any(|(at, end)| at + END + usize::from(u16_at(end, 20)) <= tail.len())
}
