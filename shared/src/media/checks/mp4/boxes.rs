//! Boxes of MP4: a size, a type, and a body, which may contain boxes. No declared size is trusted.

use mp4_atom::Atom;

use super::super::{Ranged, Rejection, Source, Verdict};

/// The largest body that is decoded, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// The most boxes in one box, and in a file without fragments.
pub(super) const MAX_BOXES: u32 = 512;

pub(super) struct Box {
    pub kind: [u8; 4],
    pub body: u64,
    pub end: u64,
}

/// What was found at a position where a box may begin.
pub(super) enum Next {
    Box(Box),
    /// A valid type, with a size that is larger than the file or the parent.
    TooLarge([u8; 4]),
    /// No valid type.
    Nothing,
}

/// Reads the header of the box at `position`, which must end at `limit` at the latest.
pub(super) fn look<S: Source>(file: &mut Ranged<S>, position: u64, limit: u64) -> Verdict<Next> {
    let header = file.bytes_at(position, 16)?;
    let (Some(size), Some(kind)) = (header.first_chunk::<4>(), header.get(4..8).and_then(<[u8]>::first_chunk::<4>))
    else {
        return Ok(Next::Nothing);
    };
    // the first byte of a few old types is not ASCII (Mac Roman)
    if !kind.iter().skip(1).all(|byte| matches!(byte, b' '..=b'~')) || kind[0] < b' ' {
        return Ok(Next::Nothing);
    }
    let (size, header_size) = match u32::from_be_bytes(*size) {
        0 if limit == file.size() => (limit - position, 8), // extends to the end of the file
        1 => (header.get(8..16).and_then(<[u8]>::first_chunk).map_or(0, |size| u64::from_be_bytes(*size)), 16),
        size => (size.into(), 8),
    };
    if size < header_size || size > limit - position {
        return Ok(Next::TooLarge(*kind));
    }
    Ok(Next::Box(Box { kind: *kind, body: position + header_size, end: position + size }))
}

/// Calls `visit` with each box in `parent`.
pub(super) fn each<S: Source>(
    file: &mut Ranged<S>,
    parent: &Box,
    mut visit: impl FnMut(&mut Ranged<S>, &Box) -> Verdict<()>,
) -> Verdict<()> {
    let mut position = parent.body;
    for _ in 0..MAX_BOXES {
        // QuickTime ends some lists of boxes with four zero bytes
        if position == parent.end || (parent.end - position == 4 && file.bytes_at(position, 4)? == [0; 4]) {
            return Ok(());
        }
        let Next::Box(one) = look(file, position, parent.end)? else {
            return Err(Rejection::damaged("one of its parts is larger than the part that contains it"));
        };
        visit(file, &one)?;
        position = one.end;
    }
    if position == parent.end { Ok(()) } else { Err(too_many()) }
}

pub(super) fn too_many() -> Rejection {
    Rejection::new("too_complicated", "The MP4 consists of too many parts. Export it as a plain MP4.")
}

pub(super) fn body<S: Source>(file: &mut Ranged<S>, one: &Box) -> Verdict<Vec<u8>> {
    let length = one.end - one.body;
    if length > MAX_BYTES {
        return Err(Rejection::damaged("one of its parts is unusually large"));
    }
    Ok(file.bytes_at(one.body, usize::try_from(length).unwrap_or_default())?)
}

pub(super) fn decode<S: Source, T: Atom>(file: &mut Ranged<S>, one: &Box) -> Verdict<T> {
    let body = body(file, one)?;
    T::decode_body(&mut body.as_slice()).map_err(|_| Rejection::damaged("one of its parts can't be read"))
}
