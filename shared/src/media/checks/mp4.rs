//! MP4 (ISO base media): the walk over its boxes is ours and believes no size; what is in the few small ones that matter
//! is decoded by mp4-atom. Tables of samples and the media itself are never read.

use mp4_atom::{Atom, Ftyp, Hdlr, Mehd, Mvhd, Sidx, Tkhd};

use super::{Facts, Ranged, Rejection, Source, Verdict, other_type};

/// Brands that a browser's MP4 names, as its own or as one that it is compatible with.
const BRANDS: [&[u8; 4]; 19] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1",
    b"av01", b"M4V ", b"MSNV", b"dash", b"msdh", b"cmfc", b"f4v ",
];
/// Files of one piece have a handful; a walk over the fragments of others ends here.
const MOST_BOXES: u32 = 512;
/// None of those that are read is larger: an index of fragments, at most.
const LARGEST: u64 = 1024 * 1024;
/// So many tracks are looked at.
const MOST_TRACKS: u32 = 64;

struct Box {
    kind: [u8; 4],
    body: u64,
    end: u64,
}

#[derive(Default)]
struct Found {
    movie: bool,
    fragmented: bool,
    timescale: u32,
    /// In the movie's time scale.
    duration: u64,
    /// What the index of fragments sums up to, with its own time scale.
    indexed: Option<(u64, u32)>,
    size: Option<(u16, u16)>,
}

pub fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Facts> {
    if head.get(4..8) != Some(b"ftyp") {
        return Err(other_type(head, "MP4 video"));
    }
    let mut found = Found::default();
    let (mut position, end) = (0, file.size());
    for number in 0..MOST_BOXES {
        if position == end {
            break;
        }
        let one = next(file, position, end)?;
        match &one.kind {
            b"ftyp" if number == 0 => check_brands(&decode(file, &one)?)?,
            b"ftyp" => return Err(Rejection::damaged("an MP4 says only once what it is")),
            b"moov" if found.movie => return Err(Rejection::damaged("an MP4 has one description of its contents")),
            b"moov" => movie(file, &one, &mut found)?,
            b"sidx" if found.indexed.is_none() => index(file, &one, &mut found)?,
            kind if kind.iter().all(|byte| matches!(byte, b' '..=b'~')) => {}
            _ => return Err(Rejection::damaged("there is something in it that no MP4 has")),
        }
        position = one.end;
    }
    if position != end && !(found.movie && found.fragmented) {
        return Err(Rejection::new("too_complicated", "The MP4 is in too many pieces. Export it as a plain one."));
    }
    if !found.movie {
        return Err(Rejection::damaged("an MP4 needs a description of its contents, which this one lacks"));
    }
    facts(&found)
}

fn facts(found: &Found) -> Verdict<Facts> {
    let Some((width, height)) = found.size else {
        return Err(Rejection::new("no_video", "There is no picture in the file, or it has no size."));
    };
    let duration_seconds = match (found.duration, found.indexed) {
        (0 | u64::MAX, Some((duration, timescale))) => seconds(duration, timescale)?,
        (0 | u64::MAX, None) if found.fragmented => None, // as recorders write it, who don't know when they end
        (0 | u64::MAX, None) => return Err(Rejection::damaged("the video says that it lasts no time")),
        (duration, _) => seconds(duration, found.timescale)?,
    };
    Ok(Facts { duration_seconds, width: Some(width.into()), height: Some(height.into()) })
}

fn seconds(duration: u64, timescale: u32) -> Verdict<Option<i32>> {
    if timescale == 0 {
        return Err(Rejection::damaged("the video has no measure of time"));
    }
    super::plausible_duration(duration.div_ceil(timescale.into()))
}

fn check_brands(ftyp: &Ftyp) -> Verdict<()> {
    let known = |brand: &mp4_atom::FourCC| BRANDS.iter().any(|known| brand.as_ref() == known.as_slice());
    if known(&ftyp.major_brand) || ftyp.compatible_brands.iter().any(known) {
        return Ok(());
    }
    let what = match ftyp.major_brand.as_ref() {
        b"qt  " => "a QuickTime movie",
        b"heic" | b"heix" | b"mif1" | b"avif" => "an image",
        _ => "of another kind",
    };
    Err(Rejection::new("wrong_type", format!("The file is no MP4 video, but {what}. Export it as MP4.")))
}

/// The description of the contents.
fn movie<S: Source>(file: &mut Ranged<S>, movie: &Box, found: &mut Found) -> Verdict<()> {
    found.movie = true;
    let mut tracks = 0;
    each(file, movie, |file, one| {
        match &one.kind {
            b"mvhd" => {
                let header: Mvhd = decode(file, one)?;
                (found.timescale, found.duration) = (header.timescale, unset(header.duration));
            }
            b"trak" => {
                tracks += 1;
                if tracks > MOST_TRACKS {
                    return Err(Rejection::new("too_complicated", "The video has too many tracks."));
                }
                found.size = found.size.or(track(file, one)?);
            }
            b"mvex" => {
                found.fragmented = true;
                each(file, one, |file, extension| {
                    if &extension.kind == b"mehd" && found.duration == 0 {
                        found.duration = unset(decode::<_, Mehd>(file, extension)?.fragment_duration);
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })
}

/// All ones say "not known".
fn unset(duration: u64) -> u64 {
    if duration == u64::from(u32::MAX) || duration == u64::MAX { 0 } else { duration }
}

/// The size of a track's picture, if it has one.
fn track<S: Source>(file: &mut Ranged<S>, track: &Box) -> Verdict<Option<(u16, u16)>> {
    let (mut size, mut video) = (None, false);
    each(file, track, |file, one| {
        match &one.kind {
            b"tkhd" => {
                let header: Tkhd = decode(file, one)?;
                let (width, height) = (header.width.integer(), header.height.integer());
                size = (width > 0 && height > 0).then_some((width, height));
            }
            b"mdia" => each(file, one, |file, media| {
                if &media.kind == b"hdlr" {
                    video |= decode::<_, Hdlr>(file, media)?.handler.as_ref() == b"vide";
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(size.filter(|_| video))
}

/// The index of the fragments, as far as it is of media and not of further indexes.
fn index<S: Source>(file: &mut Ranged<S>, one: &Box, found: &mut Found) -> Verdict<()> {
    let index: Sidx = decode(file, one)?;
    if index.references.iter().all(|reference| !reference.reference_type) {
        let sum = index.references.iter().map(|reference| u64::from(reference.subsegment_duration)).sum();
        found.indexed = Some((sum, index.timescale));
    }
    Ok(())
}

/// The box at that place, which ends at `limit` at the latest.
fn next<S: Source>(file: &mut Ranged<S>, position: u64, limit: u64) -> Verdict<Box> {
    let header = file.bytes_at(position, 16)?;
    let beyond = || Rejection::damaged("one of its parts is larger than what holds it");
    let (Some(size), Some(kind)) = (header.first_chunk::<4>(), header.get(4..8).and_then(<[u8]>::first_chunk::<4>))
    else {
        return Err(beyond());
    };
    let (size, header_size) = match u32::from_be_bytes(*size) {
        0 if limit == file.size() => (limit - position, 8), // up to the end
        1 => (header.get(8..16).and_then(<[u8]>::first_chunk).map_or(0, |size| u64::from_be_bytes(*size)), 16),
        size => (size.into(), 8),
    };
    if size < header_size || size > limit - position {
        return Err(beyond());
    }
    Ok(Box { kind: *kind, body: position + header_size, end: position + size })
}

/// Each box in that one.
fn each<S: Source>(
    file: &mut Ranged<S>,
    parent: &Box,
    mut look: impl FnMut(&mut Ranged<S>, &Box) -> Verdict<()>,
) -> Verdict<()> {
    let mut position = parent.body;
    let mut number = 0;
    while position < parent.end {
        number += 1;
        if number > MOST_BOXES {
            return Err(Rejection::new("too_complicated", "The MP4 is in too many pieces. Export it as a plain one."));
        }
        let one = next(file, position, parent.end)?;
        look(file, &one)?;
        position = one.end;
    }
    Ok(())
}

fn decode<S: Source, T: Atom>(file: &mut Ranged<S>, one: &Box) -> Verdict<T> {
    let length = one.end - one.body;
    if length > LARGEST {
        return Err(Rejection::damaged("one of its parts is larger than any needs to be"));
    }
    let body = file.bytes_at(one.body, usize::try_from(length).unwrap_or_default())?;
    let mut rest = body.as_slice();
    T::decode_body(&mut rest).map_err(|_| Rejection::damaged("one of its parts can't be understood"))
}
