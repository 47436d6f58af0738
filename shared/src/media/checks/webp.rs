//! WebP: a RIFF container, whose chunks contain the image.

use super::{Ranged, Rejection, Source, Verdict};

/// The offset of the first chunk.
const CHUNKS: u64 = 12;
/// An animation has a chunk for each frame.
const MAX_CHUNKS: u32 = 20_000;

/// Returns the end of the image. Fails if the container or a chunk is longer than the file, or without image data.
pub(super) fn end<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<u64> {
    let size = file.size();
    file.set_budget(super::Budget { requests: MAX_CHUNKS, fetched: 2 * size + (1 << 20), read: 2 * size + (1 << 20) });
    let incomplete = || Rejection::damaged("the image is incomplete");
    let declared = head.get(4..8).and_then(<[u8]>::first_chunk).map_or(0, |length| u32::from_le_bytes(*length));
    let end = 8 + u64::from(declared);
    if end > size {
        return Err(incomplete());
    }
    let (mut position, mut has_image) = (CHUNKS, false);
    for _ in 0..MAX_CHUNKS {
        if position + 8 > end {
            break;
        }
        let header = file.bytes_at(position, 8)?;
        let length = header.get(4..8).and_then(<[u8]>::first_chunk).map_or(0, |length| u32::from_le_bytes(*length));
        has_image |= matches!(header.get(..4), Some(b"VP8 " | b"VP8L" | b"ANMF"));
        position += 8 + u64::from(length);
        if position > end {
            return Err(incomplete());
        }
        position += u64::from(length % 2); // padding; some files lack it after the last chunk
    }
    if !has_image {
        return Err(Rejection::damaged("it contains no image"));
    }
    Ok(position.max(end).min(size))
}
