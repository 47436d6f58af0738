//! The end of an archive (PKWARE's APPNOTE 4.3.14 to 4.3.16): where the list of its entries is, and how many there are.
//! Programs look for it behind a comment, or behind a few bytes that something added.

use super::super::{Budget, Ranged, Rejection, Source, Verdict};

/// The fixed part of the end, and the longest comment: where programs look for it.
pub(in super::super) const LONGEST_END: u64 = END as u64 + 65_535;
const END: usize = 22;
const SIGNATURE: &[u8; 4] = b"PK\x05\x06";
/// The end of large archives, which some programs write for all, and what leads to it.
const LARGE_END: usize = 56;
const LOCATOR: usize = 20;
/// The list of the entries: some hundred bytes each.
const LARGEST_LIST: u64 = 4 * 1024 * 1024;

/// Where the archive ends. Its list is small enough, holds few enough entries, and stands right before its end.
pub(super) fn find<S: Source>(file: &mut Ranged<S>, most_entries: u64) -> Verdict<u64> {
    let damaged = || Rejection::damaged("an archive ends with the list of its entries");
    file.grant(Budget { requests: 64, fetched: 1 << 20, read: 1 << 20 });
    let (start, tail) = file.tail(LONGEST_END)?;
    let at = tail.windows(4).rposition(|four| four == SIGNATURE).ok_or_else(damaged)?;
    let end = tail.get(at..).unwrap_or_default();
    let position = start + at as u64;
    let comment = usize::from(short(end, 20));
    if end.len() < END + comment {
        return Err(damaged());
    }
    let mut list = List {
        disk: short(end, 4).into(),
        entries: short(end, 10).into(),
        size: long(end, 12).into(),
        start: long(end, 16).into(),
        end: position,
    };
    if let Some(large) = large_end(file, position)? {
        list = large;
    }
    if list.entries > most_entries || list.size > LARGEST_LIST {
        return Err(Rejection::new(
            "too_many_entries",
            format!("The archive holds more than {} entries.", super::MOST_ENTRIES),
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

/// What the end of a large archive says; `None` when the archive has none.
fn large_end<S: Source>(file: &mut Ranged<S>, end: u64) -> Verdict<Option<List>> {
    let Some(at) = end.checked_sub(LOCATOR as u64) else { return Ok(None) };
    let locator = file.bytes_at(at, LOCATOR)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let position = very_long(&locator, 8);
    let large = file.bytes_at(position.min(file.size()), LARGE_END)?;
    if !large.starts_with(b"PK\x06\x06") || large.len() < LARGE_END {
        return Err(Rejection::damaged("an archive ends with the list of its entries"));
    }
    Ok(Some(List {
        disk: long(&large, 16).into(),
        entries: very_long(&large, 32),
        size: very_long(&large, 40),
        start: very_long(&large, 48),
        end: position,
    }))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |two| u16::from_le_bytes(*two))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four))
}

fn very_long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// Whether a program that looks for archives would take a file with this tail for one, whatever it begins with.
pub(in super::super) fn ends_as_one(tail: &[u8]) -> bool {
    let mut ends = tail.windows(END).enumerate().filter(|(_, end)| end.starts_with(SIGNATURE));
    ends.any(|(at, end)| at + END + usize::from(short(end, 20)) <= tail.len())
}
