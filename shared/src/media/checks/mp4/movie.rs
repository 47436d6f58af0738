//! The description of the contents (`moov`): tracks, their sizes and their durations.

use mp4_atom::{Mdhd, Mehd, Mvhd, Stts, Tkhd, Trex};

use super::super::{Ranged, Rejection, Source, Verdict};
use super::boxes::{Box, body, decode, each};

pub(super) const MAX_TRACKS: usize = 64;

#[derive(Default)]
pub(super) struct Movie {
    pub timescale: u32,
    /// In the movie's time scale; 0 if unknown.
    duration: u64,
    /// Whether fragments may follow.
    pub fragmented: bool,
    /// The duration including all fragments, in the movie's time scale; 0 if unknown.
    with_fragments: u64,
    tracks: Vec<Track>,
    /// The default duration of a sample in a fragment, for each track.
    default_durations: Vec<Trex>,
}

#[derive(Default)]
pub(super) struct Track {
    pub id: u32,
    is_video: bool,
    /// Width and height as displayed, after rotation.
    pub size: Option<(u16, u16)>,
    /// The codec of the picture.
    pub codec: Option<[u8; 4]>,
    /// In the movie's time scale.
    duration_in_movie: u64,
    timescale: u32,
    /// In the track's own time scale, like `samples_duration`.
    duration: u64,
    samples_duration: u64,
}

impl Movie {
    pub(super) fn read<S: Source>(file: &mut Ranged<S>, movie: &Box) -> Verdict<Self> {
        let mut found = Self::default();
        each(file, movie, |file, one| {
            match &one.kind {
                b"mvhd" => {
                    let header: Mvhd = decode(file, one)?;
                    (found.timescale, found.duration) = (header.timescale, known(header.duration));
                }
                b"trak" if found.tracks.len() == MAX_TRACKS => {
                    return Err(Rejection::new("too_complicated", "The video has too many tracks."));
                }
                b"trak" => found.tracks.push(Track::read(file, one)?),
                b"mvex" => found.read_extension(file, one)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn read_extension<S: Source>(&mut self, file: &mut Ranged<S>, extension: &Box) -> Verdict<()> {
        self.fragmented = true;
        each(file, extension, |file, one| {
            match &one.kind {
                b"mehd" => self.with_fragments = known(decode::<_, Mehd>(file, one)?.fragment_duration),
                b"trex" => self.default_durations.push(decode(file, one)?),
                _ => {}
            }
            Ok(())
        })
    }

    /// Returns the first track with a picture.
    pub(super) fn video(&self) -> Option<&Track> {
        self.tracks.iter().find(|track| track.is_video && track.size.is_some())
    }

    /// Returns the duration without fragments as ticks and ticks per second: the movie's own, or else that of its longest
    /// track.
    pub(super) fn duration(&self) -> Option<(u64, u32)> {
        if self.duration > 0 {
            return Some((self.duration, self.timescale));
        }
        super::longest(self.tracks.iter().flat_map(|track| {
            [
                (track.duration_in_movie, self.timescale),
                (track.duration, track.timescale),
                (track.samples_duration, track.timescale),
            ]
        }))
    }

    /// Returns the declared duration including all fragments.
    pub(super) fn duration_with_fragments(&self) -> Option<(u64, u32)> {
        (self.with_fragments > 0).then_some((self.with_fragments, self.timescale))
    }

    pub(super) fn default_duration(&self, track: u32) -> Option<u32> {
        self.default_durations.iter().find(|usual| usual.track_id == track).map(|usual| usual.default_sample_duration)
    }

    /// Returns the duration of a track's samples outside of fragments.
    pub(super) fn samples_duration(&self, track: u32) -> u64 {
        self.track(track).map_or(0, |track| track.samples_duration)
    }

    pub(super) fn timescale_of(&self, track: u32) -> Option<u32> {
        self.track(track).map(|track| track.timescale)
    }

    fn track(&self, id: u32) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }
}

/// Returns 0 for a value with all bits set, which means "unknown".
fn known(duration: u64) -> u64 {
    if duration == u64::from(u32::MAX) || duration == u64::MAX { 0 } else { duration }
}

impl Track {
    fn read<S: Source>(file: &mut Ranged<S>, track: &Box) -> Verdict<Self> {
        let (mut found, mut turned) = (Self::default(), false);
        each(file, track, |file, one| {
            match &one.kind {
                b"tkhd" => {
                    let header: Tkhd = decode(file, one)?;
                    let (width, height) = (header.width.integer(), header.height.integer());
                    found.id = header.track_id;
                    found.duration_in_movie = known(header.duration);
                    found.size = (width > 0 && height > 0).then_some((width, height));
                    turned = header.matrix.a == 0 && header.matrix.d == 0 && header.matrix.b != 0;
                }
                b"mdia" => found.read_media(file, one)?,
                _ => {}
            }
            Ok(())
        })?;
        if turned {
            found.size = found.size.map(|(width, height)| (height, width));
        }
        Ok(found)
    }

    fn read_media<S: Source>(&mut self, file: &mut Ranged<S>, media: &Box) -> Verdict<()> {
        each(file, media, |file, one| {
            match &one.kind {
                b"mdhd" => {
                    if let Ok(header) = decode::<_, Mdhd>(file, one) {
                        (self.timescale, self.duration) = (header.timescale, known(header.duration));
                    }
                }
                // the name after the type may have any encoding, so it is not read
                b"hdlr" => self.is_video = file.bytes_at(one.body + 8, 4)? == b"vide",
                b"minf" => each(file, one, |file, one| match &one.kind {
                    b"stbl" => self.read_samples(file, one),
                    _ => Ok(()),
                })?,
                _ => {}
            }
            Ok(())
        })
    }

    fn read_samples<S: Source>(&mut self, file: &mut Ranged<S>, samples: &Box) -> Verdict<()> {
        each(file, samples, |file, one| {
            match &one.kind {
                b"stsd" => self.read_description(&file.bytes_at(one.body, 44)?),
                b"stts" => {
                    if let Ok(times) = decode::<_, Stts>(file, one) {
                        let durations = times
                            .entries
                            .iter()
                            .map(|entry| u64::from(entry.sample_count).saturating_mul(entry.sample_delta.into()));
                        self.samples_duration = durations.fold(0, u64::saturating_add);
                    }
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// Reads the codec and the size from the first sample description (ISO/IEC 14496-12, 8.5.2).
    fn read_description(&mut self, description: &[u8]) {
        self.codec = description.get(12..16).and_then(<[u8]>::first_chunk).copied();
        let number = |at: usize| description.get(at..).and_then(<[u8]>::first_chunk::<2>).copied();
        let size = number(40).zip(number(42)).map(|(w, h)| (u16::from_be_bytes(w), u16::from_be_bytes(h)));
        self.size = self.size.or(size.filter(|(width, height)| *width > 0 && *height > 0));
    }
}

/// Returns the brands of a file, the major brand first (ISO/IEC 14496-12, 4.3).
pub(super) fn brands<S: Source>(file: &mut Ranged<S>, ftyp: &Box) -> Verdict<Vec<[u8; 4]>> {
    let body = body(file, ftyp)?;
    let (brands, _) = body.as_chunks::<4>();
    let version = 1;
    Ok(brands.iter().enumerate().filter(|(at, _)| *at != version).map(|(_, brand)| *brand).collect())
}
