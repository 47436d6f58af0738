//! PNG: reads the chunks up to the one that ends the image.

use super::{Budget, Ranged, Rejection, Source, Verdict};

const SIGNATURE: u64 = 8;

/// Returns the end of the image. Fails without image data, or if a chunk before `IEND` is longer than the file.
pub(super) fn end<S: Source>(file: &mut Ranged<S>) -> Verdict<u64> {
    let size = file.size();
    file.set_budget(Budget { requests: 20_000, fetched: 2 * size + (1 << 20), read: 2 * size + (1 << 20) });
    let incomplete = || Rejection::damaged("the image is incomplete");
    let (mut position, mut has_data) = (SIGNATURE, false);
    loop {
        let header = file.bytes_at(position, 8)?;
        let (Some(length), Some(kind)) = (header.first_chunk::<4>(), header.get(4..8)) else {
            return Err(incomplete());
        };
        // length, type, data and checksum
        position += 12 + u64::from(u32::from_be_bytes(*length));
        if position > size {
            return Err(incomplete());
        }
        match kind {
            b"IDAT" => has_data = true,
            b"IEND" if has_data => return Ok(position),
            b"IEND" => return Err(Rejection::damaged("it contains no image")),
            kind if kind.iter().all(u8::is_ascii_alphabetic) => {}
            _ => return Err(Rejection::damaged("it contains data that is not valid in a PNG")),
        }
    }
}
