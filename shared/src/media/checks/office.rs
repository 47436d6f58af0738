//! Office documents: archives that contain the parts of their type, and no macros. The order of the entries, the
//! compression of the type and the encoding of the XML may vary between programs.

use super::archive::{self, Entry};
use super::surroundings::Content;
use super::{Facts, Format, Ranged, Rejection, Source, Verdict};

/// The signature of binary Office files, and of encrypted Office documents, which are stored in one (MS-CFB, 2.2).
const BINARY: &[u8; 8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// Offsets in the header of a binary file: of the sector size (as a power of two), and of the directory's first sector.
const SECTOR_SHIFT: usize = 30;
const DIRECTORY_SECTOR: usize = 48;
/// The bytes of the directory that are searched.
const DIRECTORY_BYTES: usize = 4096;

pub(super) fn check<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<Content> {
    if is_binary(head) && is_encrypted(file, head)? {
        return Err(encrypted());
    }
    let contents = archive::open(file, head, format)?;
    let entries = &contents.entries;
    let fits = match format {
        Format::Docx => is_open_xml(entries, "word/"),
        Format::Xlsx => is_open_xml(entries, "xl/"),
        Format::Pptx => is_open_xml(entries, "ppt/"),
        Format::Odt => is_open_document(entries, "text"),
        Format::Ods => is_open_document(entries, "spreadsheet"),
        _ => is_open_document(entries, "presentation"),
    };
    if !fits {
        return Err(Rejection::new("wrong_type", format!("The file is an archive, but not a {}.", format.name())));
    }
    if entries.iter().any(lists_encrypted_parts) {
        return Err(encrypted());
    }
    if entries.iter().any(holds_macros) {
        return Err(Rejection::new("macros", "The document contains macros. Save it without them."));
    }
    Ok(Content { facts: Facts::default(), extent: 0..contents.end })
}

fn has(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
}

fn is_open_xml(entries: &[Entry], folder: &str) -> bool {
    let is_within = |entry: &Entry| {
        entry.name.get(..folder.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(folder))
            && entry.name.len() > folder.len()
    };
    has(entries, archive::CONTENT_TYPES) && has(entries, "_rels/.rels") && entries.iter().any(is_within)
}

fn is_open_document(entries: &[Entry], what: &str) -> bool {
    let mimetype = format!("application/vnd.oasis.opendocument.{what}");
    let is_type = |entry: &Entry| entry.name == "mimetype" && entry.first_bytes.trim_ascii_end() == mimetype.as_bytes();
    entries.iter().any(is_type) && has(entries, "content.xml") && has(entries, archive::MANIFEST)
}

fn encrypted() -> Rejection {
    let reason = "The document is encrypted with a password and can't be checked. Save it without a password.";
    Rejection::new("encrypted", reason)
}

/// Whether the entry is the manifest of an encrypted `OpenDocument` file (`OpenDocument` 1.3, part 2, 4.8.1).
fn lists_encrypted_parts(entry: &Entry) -> bool {
    let is_manifest = entry.name.eq_ignore_ascii_case(archive::MANIFEST);
    is_manifest && memchr::memmem::find(&entry.first_bytes, b"encryption-data").is_some()
}

/// Whether the entry contains or names macros: by the usual file names, or by the content type without which Office does
/// not run them.
fn holds_macros(entry: &Entry) -> bool {
    if entry.name.eq_ignore_ascii_case(archive::CONTENT_TYPES) {
        // in UTF-8 or UTF-16
        let text: Vec<u8> = entry.first_bytes.iter().filter(|byte| **byte != 0).map(u8::to_ascii_lowercase).collect();
        return [&b"vbaproject"[..], b"macroenabled"].iter().any(|mark| memchr::memmem::find(&text, mark).is_some());
    }
    let name = entry.name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    ["vbaproject.bin", "vbadata.xml", "script-lc.xml"].contains(&name.as_str())
}

/// Whether the file begins like a binary Office file.
pub(super) fn is_binary(head: &[u8]) -> bool {
    head.starts_with(BINARY)
}

/// Whether the directory of a binary file names an encrypted document (MS-OFFCRYPTO, 2.3).
fn is_encrypted<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<bool> {
    let shift = head.get(SECTOR_SHIFT..).and_then(<[u8]>::first_chunk).map_or(9, |two| u16::from_le_bytes(*two));
    let sector = head.get(DIRECTORY_SECTOR..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four));
    let size = 1_u64 << shift.clamp(9, 12);
    let list = file.bytes_at((u64::from(sector) + 1) * size, DIRECTORY_BYTES)?;
    // names are in UTF-16 and are compared without regard to case
    let name: Vec<u8> = "encryptedpackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok(memchr::memmem::find(&list.to_ascii_lowercase(), &name).is_some())
}
