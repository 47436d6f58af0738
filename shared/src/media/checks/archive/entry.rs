//! Reads an entry of an archive to its end.

use std::io::Read;

use flate2::read::GzDecoder;
use zip::read::ZipFile;

use super::super::{Rejection, Verdict, office};
use super::{MAX_END_RECORD, archive_bomb, ends_as_archive, nested_archive, shown};

/// The bytes that are kept of an entry.
const BEGINNING: u64 = 512;
/// The lists of a document's parts. They name macros and encryption, so that up to 1 MiB of them is kept.
pub(in super::super) const CONTENT_TYPES: &str = "[Content_Types].xml";
pub(in super::super) const MANIFEST: &str = "META-INF/manifest.xml";
const MAX_LIST_BYTES: u64 = 1024 * 1024;
const CHUNK: usize = 64 * 1024;

/// Archive types that are recognised by their first bytes and refused. ZIP archives are opened instead.
const ARCHIVES: [&str; 16] = [
    "application/x-tar",
    "application/vnd.rar",
    "application/gzip",
    "application/x-bzip2",
    "application/vnd.bzip3",
    "application/x-7z-compressed",
    "application/x-xz",
    "application/x-google-chrome-extension",
    "application/vnd.ms-cab-compressed",
    "application/vnd.debian.binary-package",
    "application/x-unix-archive",
    "application/x-compress",
    "application/x-lzip",
    "application/x-rpm",
    "application/zstd",
    "application/x-cpio",
];
/// Signatures that the `infer` crate does not know, with their offset: LZ4, XAR, Windows images, and LHA.
const SIGNATURES: [(usize, &[u8]); 4] = [(0, b"\x04\x22\x4D\x18"), (0, b"xar!"), (0, b"MSWIM\0\0\0"), (2, b"-lh5-")];

#[derive(Debug)]
pub(in super::super) struct Entry {
    pub name: String,
    /// Up to 512 bytes, or 1 MiB of a list of a document's parts.
    pub first_bytes: Vec<u8>,
    ends_as_archive: bool,
}

impl Entry {
    pub(super) fn read<R: Read>(mut file: ZipFile<'_, R>, name: String) -> Verdict<Self> {
        let declared = file.size();
        let is_list = [CONTENT_TYPES, MANIFEST].iter().any(|list| name.eq_ignore_ascii_case(list));
        let kept = if is_list { MAX_LIST_BYTES } else { BEGINNING };
        let mut first_bytes = Vec::new();
        file.by_ref().take(kept).read_to_end(&mut first_bytes)?;
        let (mut tail, mut length) = (first_bytes.clone(), first_bytes.len() as u64);
        let mut rest = file.take((declared + 1).saturating_sub(length));
        let mut chunk = vec![0; CHUNK];
        let longest = usize::try_from(MAX_END_RECORD).unwrap_or(CHUNK);
        loop {
            let read = rest.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            length += read as u64;
            tail.extend(chunk.get(..read).unwrap_or_default());
            tail.drain(..tail.len().saturating_sub(longest));
        }
        if length != declared {
            return Err(archive_bomb());
        }
        // binary Office files contain compressed themes; no program opens such a file as an archive
        let ends_as_archive = !office::is_binary(&first_bytes) && ends_as_archive(&tail);
        Ok(Self { name, first_bytes, ends_as_archive })
    }

    pub(super) fn is_zip(&self) -> bool {
        self.first_bytes.starts_with(b"PK\x03\x04")
    }

    /// Whether the entry is an archive of any kind, regardless of its name.
    pub(super) fn is_archive(&self) -> bool {
        let known = infer::get(&self.first_bytes).is_some_and(|kind| ARCHIVES.contains(&kind.mime_type()));
        let signed =
            SIGNATURES.iter().any(|(at, mark)| self.first_bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
        known || signed || self.is_zip() || self.ends_as_archive
    }

    /// Whether the entry is a gzip-compressed Windows metafile (`.emz`, `.wmz`), as Office documents contain them.
    pub(super) fn is_packed_metafile(&self) -> bool {
        let mut unpacked = Vec::new();
        let read = GzDecoder::new(self.first_bytes.as_slice()).take(44).read_to_end(&mut unpacked);
        let is_enhanced = unpacked.starts_with(&[1, 0, 0, 0]) && unpacked.ends_with(b" EMF");
        let is_placeable = unpacked.starts_with(b"\xD7\xCD\xC6\x9A") || unpacked.starts_with(&[1, 0, 9, 0]);
        read.is_ok() && !self.ends_as_archive && (is_enhanced || is_placeable)
    }
}

/// Returns all bytes of an entry that may be a document. Fails if it is larger than the first of `document_limits`.
pub(super) fn read_document<R: Read>(
    mut file: ZipFile<'_, R>,
    name: &str,
    document_limits: &[u64],
) -> Verdict<Vec<u8>> {
    let Some(largest) = document_limits.first() else { return Err(nested_archive(name)) };
    if file.size() > *largest {
        let reason = format!("“{}” in the file is too large to be checked. Upload it as a separate file.", shown(name));
        return Err(Rejection::new("nested_archive", reason));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(file.size()).unwrap_or_default());
    file.by_ref().take(*largest).read_to_end(&mut bytes)?;
    Ok(bytes)
}
