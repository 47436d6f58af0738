//! Checks the bytes before and after the content of a file (`docs/semantics.md`, Files). The rule is the same for all
//! formats: each format's check finds where its content begins and ends, and this module checks the rest.

use std::ops::Range;

use memchr::{memchr_iter, memmem};

use super::{Facts, Ranged, Rejection, Source, Verdict, archive, text};

/// The content of a complete file.
#[derive(Debug)]
pub(super) struct Content {
    pub facts: Facts,
    /// The bytes that belong to the format. Programs ignore all others.
    pub extent: Range<u64>,
}

/// The most bytes that may follow the content. Phones add a short video there.
pub(super) const MAX_TRAILING_BYTES: u64 = 16 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;
/// The bytes that two chunks share: twice the length of the longest signature.
const OVERLAP: usize = 32;

/// Signatures of formats that programs find at any position in a file.
const SIGNATURES: [&[u8]; 3] = [b"Rar!\x1A\x07", b"7z\xBC\xAF\x27\x1C", b"%PDF-"];

/// Refuses a file whose surroundings are too long, or contain a second file: a web page, an archive or a PDF.
pub(super) fn check_surroundings<S: Source>(file: &mut Ranged<S>, extent: &Range<u64>) -> Verdict<()> {
    let size = file.size();
    if size - extent.end > MAX_TRAILING_BYTES {
        let reason = format!(
            "The file has {} bytes after its end. Export it again, and upload the new file.",
            size - extent.end
        );
        return Err(Rejection::new("damaged", reason));
    }
    let length = extent.start + (size - extent.end);
    let budget = length + (1 << 20);
    file.set_budget(super::Budget { requests: 1_000, fetched: budget, read: budget + length / 16 });
    for range in [0..extent.start, extent.end..size] {
        search(file, range)?;
    }
    Ok(())
}

fn search<S: Source>(file: &mut Ranged<S>, range: Range<u64>) -> Verdict<()> {
    let mut position = range.start;
    while position < range.end {
        let length = usize::try_from(range.end - position).unwrap_or(CHUNK).min(CHUNK);
        let chunk = file.bytes_at(position, length)?;
        // a tag at the end of a chunk may be incomplete; the next chunk contains it completely
        let whole = if length < CHUNK { length } else { length - OVERLAP / 2 };
        let mut tags = memchr_iter(b'<', &chunk).take_while(|at| *at < whole);
        let page = tags.any(|at| chunk.get(at..).is_some_and(text::is_page_tag));
        if page {
            return Err(Rejection::new("two_formats", "The file contains a web page outside of its content."));
        }
        if SIGNATURES.iter().any(|signature| memmem::find(&chunk, signature).is_some()) {
            return Err(Rejection::new("two_formats", "The file contains a second file outside of its content."));
        }
        if length < CHUNK {
            break;
        }
        position += (length - OVERLAP) as u64;
    }
    Ok(())
}

/// Refuses a file that programs would also open as an archive.
pub(super) fn check_not_archive<S: Source>(file: &mut Ranged<S>) -> Verdict<()> {
    file.set_budget(super::Budget { requests: 64, fetched: 1 << 20, read: 1 << 20 });
    let (_, tail) = file.tail(archive::MAX_END_RECORD)?;
    if archive::ends_as_archive(&tail) {
        let reason = "The file is also an archive. Upload the contents of the archive as separate files.";
        return Err(Rejection::new("two_formats", reason));
    }
    Ok(())
}
