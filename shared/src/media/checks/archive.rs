//! ZIP archives: nobody unpacks them here, and whoever does so later must come to no harm. The end is read by ourselves,
//! before anything is allocated for what it promises; the rest by the zip crate.

use std::collections::HashSet;
use std::io::Read;

use zip::{CompressionMethod, ZipArchive};

use super::{Budget, Facts, Ranged, Rejection, Source, Verdict, other_type};

const MOST_ENTRIES: u16 = 10_000;
/// The list of the entries: some hundred bytes each.
const LARGEST_DIRECTORY: u32 = 4 * 1024 * 1024;
const MOST_UNPACKED: u64 = 1024 * 1024 * 1024;
/// More than text has, even XML of spreadsheets; small archives may be as dense as they like.
const MOST_RATIO: u64 = 200;
const ANY_RATIO_UP_TO: u64 = 32 * 1024 * 1024;
/// The fixed part of the end, and the longest comment.
const END: usize = 22;
const LONGEST_COMMENT: u64 = 65_535;

/// An entry as the list has it.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: String,
    pub first_bytes: Vec<u8>,
}

pub fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Facts> {
    let entries = entries(file, head, "ZIP archive")?;
    for entry in &entries {
        let packed = ["docx", "xlsx", "pptx", "odt", "ods", "odp"];
        let document =
            entry.name.rsplit_once('.').is_some_and(|(_, ending)| packed.contains(&&*ending.to_ascii_lowercase()));
        if infer::is_archive(&entry.first_bytes) && !document && !infer::is_mime(&entry.first_bytes, "application/pdf")
        {
            let reason =
                format!("“{}” in the archive is an archive itself. Pack what is in it directly.", shown(&entry.name));
            return Err(Rejection::new("nested_archive", reason));
        }
    }
    Ok(Facts::default())
}

/// Every entry, each read to its end: what it unpacks to is counted, not believed.
pub(super) fn entries<S: Source>(file: &mut Ranged<S>, head: &[u8], expected: &str) -> Verdict<Vec<Entry>> {
    if !head.starts_with(b"PK\x03\x04") {
        let empty = head.starts_with(b"PK\x05\x06");
        return Err(if empty { Rejection::new("empty", "The archive is empty.") } else { other_type(head, expected) });
    }
    check_end(file)?;
    let size = file.size();
    file.grant(Budget { requests: 5_000, fetched: 3 * size + (8 << 20), read: 3 * size + (64 << 20) });
    let damaged = |_| Rejection::damaged("the archive's list or one of its entries can't be read");
    let mut archive = ZipArchive::new(&mut *file).map_err(damaged)?;
    if archive.offset() != 0 || archive.has_duplicate_names() {
        return Err(Rejection::damaged("the archive lists an entry twice, or has something before it"));
    }
    let packed = check_list(&mut archive)?;
    let ratio_limit = if packed.unpacked > ANY_RATIO_UP_TO { size.saturating_mul(MOST_RATIO) } else { u64::MAX };
    if packed.unpacked > MOST_UNPACKED.min(ratio_limit) {
        return Err(bomb());
    }
    if archive.has_overlapping_entries().map_err(damaged)? {
        return Err(bomb());
    }
    let mut entries = Vec::with_capacity(archive.len());
    for (index, name) in packed.names.into_iter().enumerate() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        let declared = entry.size();
        let mut first_bytes = Vec::new();
        entry.by_ref().take(512).read_to_end(&mut first_bytes)?;
        let rest = std::io::copy(&mut entry.by_ref().take(declared + 1), &mut std::io::sink())?;
        if first_bytes.len() as u64 + rest != declared {
            return Err(bomb());
        }
        entries.push(Entry { name, first_bytes });
    }
    Ok(entries)
}

struct Packed {
    names: Vec<String>,
    unpacked: u64,
}

/// What the list says: nothing encrypted, no way out of the folder that it is unpacked in, no link.
fn check_list<S: Source>(archive: &mut ZipArchive<&mut Ranged<S>>) -> Verdict<Packed> {
    let damaged = |_| Rejection::damaged("the archive's list can't be read");
    let mut packed = Packed { names: Vec::new(), unpacked: 0 };
    let mut seen = HashSet::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if entry.encrypted() {
            return Err(Rejection::new("encrypted", "The archive is encrypted, so that nobody can check it."));
        }
        if entry.is_symlink() || entry.enclosed_name().is_none() || !is_plain(&name) {
            let reason = format!("“{}” in the archive is no plain name of a file inside of it.", shown(&name));
            return Err(Rejection::new("unsafe_name", reason));
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(Rejection::new(
                "unusual_compression",
                "The archive is packed in a way that few programs know. Pack it as a plain ZIP.",
            ));
        }
        if !seen.insert(name.to_lowercase()) {
            let reason = format!("“{}” is in the archive twice, but for capitals.", shown(&name));
            return Err(Rejection::new("unsafe_name", reason));
        }
        packed.unpacked = packed.unpacked.saturating_add(entry.size());
        packed.names.push(name);
    }
    Ok(packed)
}

/// A relative path of Unix, with nothing in it that another system takes for more.
fn is_plain(name: &str) -> bool {
    let folders = name.strip_suffix('/').unwrap_or(name);
    let bad = |part: &str| part.is_empty() || part == "." || part == ".." || part.len() > 255;
    name.len() <= 1024
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
        && !folders.split('/').any(bad)
}

/// A name, as far as it fits into a sentence.
fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(80).collect()
}

fn bomb() -> Rejection {
    Rejection::new("archive_bomb", "The archive would unpack to more than it says, or to more than 1 GiB.")
}

/// The end must be the file's, count few entries, and stand right behind their list.
fn check_end<S: Source>(file: &mut Ranged<S>) -> Verdict<()> {
    let damaged = || Rejection::damaged("an archive ends with its list, and the file with that");
    let (start, tail) = file.tail(END as u64 + LONGEST_COMMENT)?;
    let at = last_end(&tail).ok_or_else(damaged)?;
    let end = tail.get(at..).unwrap_or_default();
    let short = |at: usize| end.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |two| u16::from_le_bytes(*two));
    let long = |at: usize| end.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four));
    let (disk, entries, directory, offset, comment) = (short(4), short(10), long(12), long(16), short(20));
    if end.len() != END + usize::from(comment) || disk != 0 {
        return Err(damaged());
    }
    if entries > MOST_ENTRIES || directory > LARGEST_DIRECTORY {
        return Err(Rejection::new("too_many_entries", format!("The archive holds more than {MOST_ENTRIES} entries.")));
    }
    let large = at >= 20 && tail.get(at - 20..at - 16) == Some(b"PK\x06\x07");
    if large || u64::from(offset) + u64::from(directory) != start + at as u64 {
        return Err(damaged());
    }
    Ok(())
}

fn last_end(tail: &[u8]) -> Option<usize> {
    tail.windows(4).rposition(|four| four == b"PK\x05\x06")
}

/// Whether a program that looks for archives would take the file for one, whatever it begins with.
pub(super) fn ends_as_one<S: Source>(file: &mut Ranged<S>) -> Verdict<bool> {
    file.grant(Budget { requests: 64, fetched: 1 << 20, read: 1 << 20 });
    let (_, tail) = file.tail(END as u64 + LONGEST_COMMENT)?;
    let mut ends = tail.windows(END).enumerate().filter(|(_, end)| end.starts_with(b"PK\x05\x06"));
    Ok(ends.any(|(at, end)| {
        let comment = end.get(20..).and_then(<[u8]>::first_chunk).map_or(0, |two| u16::from_le_bytes(*two));
        at + END + usize::from(comment) <= tail.len()
    }))
}
