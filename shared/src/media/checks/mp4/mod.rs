//! MP4 and `QuickTime` (ISO base media): reads the boxes that describe the contents, and the sample tables for the
//! duration. The media data itself is not read.

mod boxes;
mod fragments;
mod movie;

use super::surroundings::Content;
use super::{Facts, Format, Ranged, Rejection, Source, Verdict, plausible_duration, wrong_type};
use boxes::{Box, MAX_BOXES, Next, look, too_many};
use fragments::Fragments;
use movie::Movie;

/// Brands of MP4 files that browsers play. The file must name one as its major or a compatible brand.
const BRANDS: [&[u8; 4]; 27] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1",
    b"av01", b"M4V ", b"M4VH", b"M4VP", b"M4A ", b"MSNV", b"dash", b"msdh", b"cmfc", b"cmf2", b"f4v ", b"hvc1",
    b"3gp4", b"3gp5", b"3gp6",
];
const QUICKTIME: &[u8; 4] = b"qt  ";
/// The codecs that browsers play in a `QuickTime` movie: H.264, HEVC, AV1 and VP9.
const CODECS: [&[u8; 4]; 6] = [b"avc1", b"avc3", b"hvc1", b"hev1", b"av01", b"vp09"];
/// Top-level boxes. If one of them is longer than the file, the file was cut off.
const KNOWN: [&[u8; 4]; 18] = [
    b"ftyp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"styp", b"free", b"skip", b"wide", b"uuid", b"meta",
    b"mfra", b"emsg", b"prft", b"pdin", b"udta", b"pnot",
];
/// A fragmented file has a few boxes for each fragment. 10,000 fragments last for hours.
const MAX_BOXES_OF_FRAGMENTS: u32 = 20_000;

pub(super) fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Content> {
    if head.get(4..8) == Some(b"styp") {
        return Err(Rejection::damaged("it is a segment of a video without its description"));
    }
    if head.get(4..8) != Some(b"ftyp") {
        return Err(wrong_type(head, Format::Mp4));
    }
    // one or two requests for each fragment, and a block for each request
    file.set_budget(super::Budget { requests: 45_000, fetched: 1 << 30, read: 1 << 30 });
    let mut found = Found::default();
    let (mut position, end) = (0, file.size());
    for number in 0.. {
        if position == end {
            break;
        }
        if number >= if found.is_fragmented() { MAX_BOXES_OF_FRAGMENTS } else { MAX_BOXES } {
            if !found.is_fragmented() {
                return Err(too_many());
            }
            found.fragments.incomplete = true;
            position = end;
            break;
        }
        match look(file, position, end)? {
            Next::Box(one) => {
                found.add(file, &one, number)?;
                position = one.end;
            }
            Next::TooLarge(kind) if KNOWN.contains(&&kind) => {
                return Err(Rejection::damaged("one of its parts is larger than the part that contains it"));
            }
            _ if found.is_whole() => break,
            _ => return Err(Rejection::damaged("it contains data that is not valid in an MP4")),
        }
    }
    Ok(Content { facts: found.facts()?, extent: 0..position })
}

#[derive(Default)]
struct Found {
    is_quicktime: bool,
    movie: Option<Movie>,
    media: bool,
    fragments: Fragments,
}

impl Found {
    fn add<S: Source>(&mut self, file: &mut Ranged<S>, one: &Box, number: u32) -> Verdict<()> {
        match &one.kind {
            b"ftyp" if number == 0 => self.is_quicktime = check_brands(&movie::brands(file, one)?)?,
            b"ftyp" => return Err(Rejection::damaged("it declares its type twice")),
            b"moov" if self.movie.is_some() => {
                return Err(Rejection::damaged("it has two descriptions of its contents"));
            }
            b"moov" => self.movie = Some(Movie::read(file, one)?),
            b"moof" => self.fragments.add(file, one, self.movie.as_ref().unwrap_or(&Movie::default())),
            b"sidx" => self.fragments.add_index(file, one),
            b"mdat" => self.media |= one.body < one.end,
            _ => {}
        }
        Ok(())
    }

    fn is_fragmented(&self) -> bool {
        self.fragments.any || self.movie.as_ref().is_some_and(|movie| movie.fragmented)
    }

    fn is_whole(&self) -> bool {
        self.movie.is_some() && self.media
    }

    fn facts(&self) -> Verdict<Facts> {
        let Some(movie) = &self.movie else {
            return Err(Rejection::damaged("the description of its contents is missing"));
        };
        let Some((width, height)) = movie.video().and_then(|track| track.size) else {
            return Err(Rejection::new("no_video", "The file contains no picture, or a picture without a size."));
        };
        if self.is_quicktime {
            check_codec(movie)?;
        }
        let longest_part = || longest([movie.duration(), self.fragments.duration(movie)].into_iter().flatten());
        let duration =
            if self.is_fragmented() { movie.duration_with_fragments().or_else(longest_part) } else { movie.duration() };
        let duration_seconds = match duration {
            Some((duration, timescale)) => seconds(duration, timescale)?,
            None if self.is_fragmented() => None,
            None => return Err(Rejection::damaged("the video has no duration")),
        };
        if !self.media {
            return Err(Rejection::damaged("it contains the description of a video, but no video"));
        }
        Ok(Facts { duration_seconds, width: Some(width.into()), height: Some(height.into()) })
    }
}

fn seconds(duration: u64, timescale: u32) -> Verdict<Option<i32>> {
    if timescale == 0 {
        return Err(Rejection::damaged("the video has no time scale"));
    }
    plausible_duration(duration.div_ceil(timescale.into()))
}

/// Returns the longest of several durations, each as ticks and ticks per second. Ignores unknown (zero) ones.
fn longest(durations: impl Iterator<Item = (u64, u32)>) -> Option<(u64, u32)> {
    let known = durations.filter(|(ticks, timescale)| *ticks > 0 && *timescale > 0);
    known.max_by_key(|duration| nanoseconds(*duration))
}

fn nanoseconds((ticks, timescale): (u64, u32)) -> u128 {
    u128::from(ticks) * 1_000_000_000 / u128::from(timescale.max(1))
}

/// Accepts the brands that browsers play. Returns whether the file is a `QuickTime` movie.
fn check_brands(brands: &[[u8; 4]]) -> Verdict<bool> {
    let major = brands.first().copied().unwrap_or_default();
    if &major == QUICKTIME {
        return Ok(true);
    }
    if brands.iter().any(|brand| BRANDS.contains(&brand)) {
        return Ok(false);
    }
    if brands.iter().any(|brand| brand == QUICKTIME) {
        return Ok(true);
    }
    let what = match &major {
        b"heic" | b"heix" | b"mif1" | b"avif" => "an image",
        b"M4B " => "sound only",
        _ => "a file of another kind",
    };
    Err(Rejection::new("wrong_type", format!("The file is not an MP4 video, but {what}. Export it as MP4.")))
}

/// Accepts a `QuickTime` movie with a codec that is usual in MP4: it is served as MP4, and browsers play it.
fn check_codec(movie: &Movie) -> Verdict<()> {
    let codec = movie.video().and_then(|track| track.codec).unwrap_or_default();
    if CODECS.contains(&&codec) {
        return Ok(());
    }
    let reason = "The file is a QuickTime movie that browsers can't play. Export it as MP4 with H.264.";
    Err(Rejection::new("wrong_type", reason))
}
