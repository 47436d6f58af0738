//! MP4 and `QuickTime` (ISO base media): the boxes that describe the contents. Tables of samples are read as far as they
//! tell the duration, and the media itself is never read.

mod boxes;
mod fragments;
mod movie;

use super::surroundings::Content;
use super::{Facts, Format, Ranged, Rejection, Source, Verdict, plausible_duration, wrong_type};
use boxes::{Box, MAX_BOXES, Next, look, too_many};
use fragments::Fragments;
use movie::Movie;

/// Brands that a browser's MP4 names, as its own or as one that it is compatible with.
const BRANDS: [&[u8; 4]; 27] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1",
    b"av01", b"M4V ", b"M4VH", b"M4VP", b"M4A ", b"MSNV", b"dash", b"msdh", b"cmfc", b"cmf2", b"f4v ", b"hvc1",
    b"3gp4", b"3gp5", b"3gp6",
];
const QUICKTIME: &[u8; 4] = b"qt  ";
/// What browsers play out of a `QuickTime` movie, as out of an MP4: H.264, HEVC, AV1 and VP9.
const CODECS: [&[u8; 4]; 6] = [b"avc1", b"avc3", b"hvc1", b"hev1", b"av01", b"vp09"];
/// Boxes that stand at the top. One of them that the file is too short for was cut off.
const KNOWN: [&[u8; 4]; 18] = [
    b"ftyp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"styp", b"free", b"skip", b"wide", b"uuid", b"meta",
    b"mfra", b"emsg", b"prft", b"pdin", b"udta", b"pnot",
];
/// A file in fragments has some boxes for each: 10,000 fragments are some hours.
const MAX_BOXES_OF_FRAGMENTS: u32 = 20_000;

pub(super) fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Content> {
    if head.get(4..8) == Some(b"styp") {
        return Err(Rejection::damaged("it is one segment of a video, without the part that describes it"));
    }
    if head.get(4..8) != Some(b"ftyp") {
        return Err(wrong_type(head, Format::Mp4));
    }
    // a request or two for each fragment, and a block for each request
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
                return Err(Rejection::damaged("one of its parts is larger than what holds it"));
            }
            _ if found.is_whole() => break,
            _ => return Err(Rejection::damaged("there is something in it that no MP4 has")),
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
            b"ftyp" => return Err(Rejection::damaged("an MP4 says only once what it is")),
            b"moov" if self.movie.is_some() => {
                return Err(Rejection::damaged("an MP4 has one description of its contents"));
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
            return Err(Rejection::damaged("an MP4 needs a description of its contents, which this one lacks"));
        };
        let Some((width, height)) = movie.video().and_then(|track| track.size) else {
            return Err(Rejection::new("no_video", "There is no picture in the file, or it has no size."));
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
            None => return Err(Rejection::damaged("the video says that it lasts no time")),
        };
        if !self.media {
            return Err(Rejection::damaged("there is only a description of a video in it, and no video"));
        }
        Ok(Facts { duration_seconds, width: Some(width.into()), height: Some(height.into()) })
    }
}

fn seconds(duration: u64, timescale: u32) -> Verdict<Option<i32>> {
    if timescale == 0 {
        return Err(Rejection::damaged("the video has no measure of time"));
    }
    plausible_duration(duration.div_ceil(timescale.into()))
}

/// The longest of several durations, each in ticks and ticks a second; those that are not known don't count.
fn longest(durations: impl Iterator<Item = (u64, u32)>) -> Option<(u64, u32)> {
    let known = durations.filter(|(ticks, timescale)| *ticks > 0 && *timescale > 0);
    known.max_by_key(|duration| nanoseconds(*duration))
}

fn nanoseconds((ticks, timescale): (u64, u32)) -> u128 {
    u128::from(ticks) * 1_000_000_000 / u128::from(timescale.max(1))
}

/// Accepts what browsers play, and tells whether it is a `QuickTime` movie.
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
    Err(Rejection::new("wrong_type", format!("The file is no MP4 video, but {what}. Export it as MP4.")))
}

/// A `QuickTime` movie is served as MP4, which browsers play when its picture is compressed as an MP4's is.
fn check_codec(movie: &Movie) -> Verdict<()> {
    let codec = movie.video().and_then(|track| track.codec).unwrap_or_default();
    if CODECS.contains(&&codec) {
        return Ok(());
    }
    let reason = "The file is a QuickTime movie that browsers can't play. Export it as MP4, with H.264.";
    Err(Rejection::new("wrong_type", reason))
}
