//! Checks ZIP archives. Nothing is written to a disk here, but people unpack the archives later: names must stay inside
//! the folder, sizes must be true, and an archive must not contain other archives.
//!
//! | file | what |
//! | --- | --- |
//! | `end` | the end record, checked before memory is allocated for the sizes that it declares |
//! | `list` | the list of the entries |
//! | `entry` | the entries, each of which is read to its end |
//!
//! Office documents and EPUBs are ZIP archives, too. In an archive they count as files, under the same rule: they may
//! contain other documents (such as the workbook of a chart), but no archive of any name.

mod end;
mod entry;
mod list;

use std::io;
use std::ops::Range;

use zip::ZipArchive;

use super::surroundings::Content;
use super::{Budget, Facts, Format, Ranged, Rejection, Source, Verdict, wrong_type};
pub(super) use end::{MAX_END_RECORD, ends_as_archive};
pub(super) use entry::{CONTENT_TYPES, Entry, MANIFEST};

const MAX_ENTRIES: u64 = 10_000;
const MAX_UNPACKED: u64 = 1024 * 1024 * 1024;
/// The highest compression ratio. Text stays below it, even the XML of spreadsheets. Small archives are not limited.
const MAX_RATIO: u64 = 200;
const RATIO_CHECKED_ABOVE: u64 = 32 * 1024 * 1024;
/// The largest document in a file, and the largest document in such a document, in bytes. Deeper ones are refused.
const MAX_DOCUMENT_BYTES: [u64; 2] = [100 * 1024 * 1024, 32 * 1024 * 1024];

/// The entries of an archive, and the position of its end.
pub(super) struct Contents {
    pub entries: Vec<Entry>,
    pub end: u64,
}

/// The numbers of entries and of bytes that may still be unpacked, in all nested documents together.
struct Remaining {
    entries: u64,
    unpacked: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Archive,
    /// People don't unpack documents, so names with backslashes (as some Windows programs write them) are accepted.
    Document,
}

pub(super) fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Content> {
    let contents = open(file, head, Format::Zip)?;
    Ok(Content { facts: Facts::default(), extent: 0..contents.end })
}

/// Reads every entry of an archive, or of a document that is an archive. Sizes are counted; declared sizes are not trusted.
pub(super) fn open<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<Contents> {
    if !head.starts_with(b"PK\x03\x04") {
        let empty = head.starts_with(b"PK\x05\x06");
        return Err(if empty { Rejection::new("empty", "The archive is empty.") } else { wrong_type(head, format) });
    }
    let holder = if format == Format::Zip { Holder::Archive } else { Holder::Document };
    let mut left = Remaining { entries: MAX_ENTRIES, unpacked: MAX_UNPACKED };
    contents(file, holder, &mut left, &MAX_DOCUMENT_BYTES)
}

fn contents<S: Source>(
    file: &mut Ranged<S>,
    holder: Holder,
    left: &mut Remaining,
    document_limits: &[u64],
) -> Verdict<Contents> {
    let end = end::find(file, left.entries)?;
    let size = file.size();
    file.set_budget(Budget { requests: 5_000, fetched: 3 * size + (8 << 20), read: 3 * size + (64 << 20) });
    let damaged = |_| Rejection::damaged("the archive's list or one of its entries can't be read");
    let mut archive = ZipArchive::new(&mut *file).map_err(damaged)?;
    if archive.offset() != 0 || archive.has_duplicate_names() {
        return Err(Rejection::damaged("the archive lists an entry twice, or has something before it"));
    }
    let listed = list::check(&mut archive, holder)?;
    let ratio_limit = if listed.unpacked > RATIO_CHECKED_ABOVE { size.saturating_mul(MAX_RATIO) } else { u64::MAX };
    if listed.unpacked > left.unpacked.min(ratio_limit) {
        return Err(archive_bomb());
    }
    left.unpacked -= listed.unpacked;
    left.entries = left.entries.saturating_sub(listed.names.len() as u64);
    if archive.has_overlapping_entries().map_err(damaged)? {
        return Err(archive_bomb());
    }
    let mut entries = Vec::with_capacity(listed.names.len());
    for (index, name) in listed.names.into_iter().enumerate() {
        let entry = Entry::read(archive.by_index(index).map_err(damaged)?, name)?;
        if entry.is_zip() {
            let nested = archive.by_index(index).map_err(damaged)?;
            check_document(entry::read_document(nested, &entry.name, document_limits)?, &entry, left, document_limits)?;
        } else if entry.is_archive() && !(holder == Holder::Document && entry.is_packed_metafile()) {
            return Err(nested_archive(&entry.name));
        }
        entries.push(entry);
    }
    Ok(Contents { entries, end })
}

/// Accepts an entry that is a ZIP archive only if it is a document.
fn check_document(bytes: Vec<u8>, entry: &Entry, left: &mut Remaining, document_limits: &[u64]) -> Verdict<()> {
    let deeper = document_limits.get(1..).unwrap_or_default();
    let mut file = Ranged::new(Memory(bytes), Budget::SMALL);
    let opened = contents(&mut file, Holder::Document, left, deeper);
    let opened = opened.map_err(|why| if why.code == "damaged" { nested_archive(&entry.name) } else { why })?;
    if is_document(&opened.entries) { Ok(()) } else { Err(nested_archive(&entry.name)) }
}

/// Whether these are the entries of an Office Open XML file, an `OpenDocument` file or an EPUB.
fn is_document(entries: &[Entry]) -> bool {
    let has = |name: &str| entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
    let office = has("[Content_Types].xml") && has("_rels/.rels");
    let typed = entries.iter().filter(|entry| entry.name == "mimetype").any(|entry| {
        let types: [&[u8]; 2] = [b"application/vnd.oasis.opendocument.", b"application/epub+zip"];
        types.iter().any(|name| entry.first_bytes.starts_with(name))
    });
    office || (typed && (has(MANIFEST) || has("META-INF/container.xml")))
}

fn nested_archive(name: &str) -> Rejection {
    let reason = format!("“{}” in the file is an archive itself. Pack its contents directly.", shown(name));
    Rejection::new("nested_archive", reason)
}

fn archive_bomb() -> Rejection {
    Rejection::new("archive_bomb", "The archive unpacks to more than it declares, or to more than 1 GiB.")
}

/// Returns up to 80 characters of a name, without control characters, for a message.
fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(80).collect()
}

/// An unpacked document, as a [`Source`].
struct Memory(Vec<u8>);

impl Source for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn fetch(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let position = |at: u64| usize::try_from(at).map_err(io::Error::other);
        let bytes = self.0.get(position(range.start)?..position(range.end)?);
        bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
