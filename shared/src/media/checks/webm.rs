//! `WebM`: walks over the elements, and trusts no declared size. Only the two elements that describe the contents (some
//! kilobytes) are passed to matroska-demuxer: in a whole hostile file, it could follow pointers in circles.

use std::io::Cursor;

use matroska_demuxer::{MatroskaFile, TrackType};

use super::surroundings::Content;
use super::{
    Facts, Format, Ranged, Rejection, Source, Verdict, implausible_duration, plausible_duration, recorded, wrong_type,
};

const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const VOID: u32 = 0xEC;
pub(super) const CLUSTER: u32 = 0x1F43_B675;
/// An empty cluster, in place of the media.
const NO_MEDIA: [u8; 5] = [0x1F, 0x43, 0xB6, 0x75, 0x80];
/// The beginning of a segment of unknown size.
const BEGIN_SEGMENT: [u8; 5] = [0x18, 0x53, 0x80, 0x67, 0xFF];

/// The largest element that describes the contents, in bytes.
const MAX_BYTES: u64 = 256 * 1024;
/// The most elements before the media.
const MAX_ELEMENTS: u32 = 64;

pub(super) struct Element {
    pub id: u32,
    pub start: u64,
    pub body: u64,
    /// `None` if the size is unknown.
    pub end: Option<u64>,
}

pub(super) fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Content> {
    if !head.starts_with(&EBML.to_be_bytes()) {
        return Err(wrong_type(head, Format::WebM));
    }
    let size = file.size();
    let header = next(file, 0, size)?;
    let mut description = read_element(file, &header)?;
    description.extend(BEGIN_SEGMENT);
    let mut segment = next(file, header.end.unwrap_or(size), size)?;
    if segment.id == VOID {
        segment = next(file, segment.end.unwrap_or(size), size)?;
    }
    if segment.id != SEGMENT {
        return Err(Rejection::damaged("it does not consist of one segment"));
    }
    let end = segment.end.unwrap_or(size);
    let (mut position, mut described, mut media) = (segment.body, Vec::new(), None);
    for number in 0.. {
        if position >= end || number == MAX_ELEMENTS {
            break;
        }
        let one = next(file, position, end)?;
        if (one.id == INFO || one.id == TRACKS) && !described.contains(&one.id) {
            description.extend(read_element(file, &one)?);
            described.push(one.id);
        }
        if one.id == CLUSTER {
            media = Some(one);
            break;
        }
        position = one.end.ok_or_else(|| Rejection::damaged("one of its parts has no size"))?;
    }
    if described.len() < 2 {
        return Err(Rejection::damaged("the description of the video does not come before the video"));
    }
    description.extend(NO_MEDIA);
    let (mut facts, nanoseconds) = facts(description)?;
    let Some(first) = media else {
        return Err(Rejection::damaged("it contains the description of a video, but no video"));
    };
    if facts.duration_seconds.is_none() {
        let ticks = recorded::ticks(file, first.start, end)?;
        let seconds = ticks.and_then(|ticks| ticks.checked_mul(nanoseconds)).map(|time| time.div_ceil(1_000_000_000));
        facts.duration_seconds = seconds.and_then(|seconds| plausible_duration(seconds).ok().flatten());
    }
    Ok(Content { facts, extent: 0..end })
}

/// Returns the facts of the description, and the nanoseconds of a tick.
fn facts(description: Vec<u8>) -> Verdict<(Facts, u64)> {
    let file = MatroskaFile::open(Cursor::new(description))
        .map_err(|_| Rejection::damaged("the description of the video can't be read"))?;
    if file.ebml_header().doc_type() != "webm" {
        let reason = "The file is not a WebM video, but another kind of Matroska. Export it as WebM or MP4.";
        return Err(Rejection::new("wrong_type", reason));
    }
    let videos = file.tracks().iter().filter(|track| track.track_type() == TrackType::Video);
    let sizes = videos.filter_map(|track| {
        let video = track.video()?;
        let pixels = |number: u64| i32::try_from(number).ok().filter(|number| *number <= 65_535);
        Some((pixels(video.pixel_width().get())?, pixels(video.pixel_height().get())?))
    });
    let Some((width, height)) = sizes.into_iter().next() else {
        return Err(Rejection::new("no_video", "The file contains no picture, or a picture without a size."));
    };
    let scale = file.info().timestamp_scale().get();
    let duration_seconds = match file.info().duration() {
        None => None, // recordings of browsers declare none; it is found in the media
        Some(duration) => {
            #[expect(clippy::cast_precision_loss, reason = "seconds, rounded up")]
            let seconds = (duration * scale as f64 / 1e9).ceil();
            if !(0.0..=1e9).contains(&seconds) {
                return Err(implausible_duration());
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
            let seconds = seconds as u64;
            plausible_duration(seconds)?
        }
    };
    Ok((Facts { duration_seconds, width: Some(width), height: Some(height) }, scale))
}

/// Returns all bytes of a small element.
fn read_element<S: Source>(file: &mut Ranged<S>, one: &Element) -> Verdict<Vec<u8>> {
    let length = one.end.map(|end| end - one.start).filter(|length| *length <= MAX_BYTES);
    let length = length.ok_or_else(|| Rejection::damaged("one of its parts is unusually large"))?;
    Ok(file.bytes_at(one.start, usize::try_from(length).unwrap_or_default())?)
}

/// Reads the header of the element at `start`, which must end at `limit` at the latest.
pub(super) fn next<S: Source>(file: &mut Ranged<S>, start: u64, limit: u64) -> Verdict<Element> {
    let header = file.bytes_at(start, 12)?;
    let wrong = || Rejection::damaged("one of its parts is larger than the part that contains it");
    let id_length = header.first().map_or(9, |first| first.leading_zeros() as usize + 1);
    if id_length > 4 {
        return Err(wrong());
    }
    let id = header.get(..id_length).ok_or_else(wrong)?;
    let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let rest = header.get(id_length..).unwrap_or_default();
    let size_length = rest.first().map_or(9, |first| first.leading_zeros() as usize + 1);
    let size = rest.get(..size_length).filter(|_| size_length <= 8).ok_or_else(wrong)?;
    let bits = 7 * u32::try_from(size_length).unwrap_or_default();
    let unknown = (1_u64 << bits) - 1;
    let size = size.iter().fold(0, |size, byte| size << 8 | u64::from(*byte)) & unknown;
    let body = start + (id_length + size_length) as u64;
    if body > limit {
        return Err(wrong());
    }
    let end = if size == unknown {
        None
    } else {
        Some(body.checked_add(size).filter(|end| *end <= limit).ok_or_else(wrong)?)
    };
    Ok(Element { id, start, body, end })
}
