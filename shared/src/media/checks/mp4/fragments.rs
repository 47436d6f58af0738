//! Adds up the duration of a fragmented video. Players skip fragments and indexes that they can't read, so such a file is
//! accepted, but its duration is unknown.

use std::collections::BTreeMap;

use mp4_atom::{Sidx, Tfdt, Tfhd, Trun, TrunSamples};

use super::super::{Ranged, Source, Verdict};
use super::boxes::{Box, decode, each};
use super::movie::{MAX_TRACKS, Movie};
use super::{longest, nanoseconds};

#[derive(Default)]
pub(super) struct Fragments {
    /// The time span of each track, by track id, in the track's time scale.
    tracks: BTreeMap<u32, Span>,
    /// The track id, the sum of durations, and the time scale of the indexes of one track.
    indexed: Option<(u32, u64, u32)>,
    pub any: bool,
    /// Whether a fragment was skipped or could not be read. The sum is then not usable.
    pub incomplete: bool,
}

struct Span {
    begin: u64,
    end: u64,
}

impl Fragments {
    /// Adds the samples of a `moof`.
    pub(super) fn add<S: Source>(&mut self, file: &mut Ranged<S>, fragment: &Box, movie: &Movie) {
        self.any = true;
        let added = each(file, fragment, |file, one| match &one.kind {
            b"traf" => self.add_track(file, one, movie),
            _ => Ok(()),
        });
        self.incomplete |= added.is_err();
    }

    fn add_track<S: Source>(&mut self, file: &mut Ranged<S>, track: &Box, movie: &Movie) -> Verdict<()> {
        let (mut header, mut begin, mut duration) = (Tfhd::default(), None, 0_u64);
        each(file, track, |file, one| {
            match &one.kind {
                b"tfhd" => header = decode(file, one)?,
                b"tfdt" => begin = Some(decode::<_, Tfdt>(file, one)?.base_media_decode_time),
                b"trun" => {
                    let usual = header.default_sample_duration.or_else(|| movie.default_duration(header.track_id));
                    let usual = u64::from(usual.unwrap_or_default());
                    duration = duration.saturating_add(match decode::<_, Trun>(file, one)?.samples {
                        TrunSamples::Inherited { count, .. } => u64::from(count) * usual,
                        TrunSamples::Explicit(samples) => {
                            samples.iter().map(|sample| sample.duration.map_or(usual, u64::from)).sum()
                        }
                    });
                }
                _ => {}
            }
            Ok(())
        })?;
        if self.tracks.len() >= MAX_TRACKS && !self.tracks.contains_key(&header.track_id) {
            self.incomplete = true;
            return Ok(());
        }
        let before = movie.samples_duration(header.track_id);
        let first = if before > 0 { 0 } else { begin.unwrap_or_default() };
        let span = self.tracks.entry(header.track_id).or_insert(Span { begin: first, end: before });
        span.end = span.end.max(begin.unwrap_or(span.end).saturating_add(duration));
        Ok(())
    }

    /// Adds an index of fragments. Ignores indexes of other indexes.
    pub(super) fn add_index<S: Source>(&mut self, file: &mut Ranged<S>, one: &Box) {
        let Ok(index) = decode::<_, Sidx>(file, one) else { return };
        if index.references.iter().any(|reference| reference.reference_type) {
            return;
        }
        let sum: u64 = index.references.iter().map(|reference| u64::from(reference.subsegment_duration)).sum();
        match &mut self.indexed {
            None => self.indexed = Some((index.reference_id, sum, index.timescale)),
            Some((id, total, scale)) if *id == index.reference_id && *scale == index.timescale => {
                *total = total.saturating_add(sum);
            }
            Some(_) => {}
        }
    }

    /// Returns the duration as ticks and ticks per second: the duration of the picture, unless another track is at least
    /// one second longer. (Encoders pad the last packet of sound.)
    pub(super) fn duration(&self, movie: &Movie) -> Option<(u64, u32)> {
        let shown = movie.video().map(|track| track.id);
        let spans = self
            .tracks
            .iter()
            .filter(|_| !self.incomplete)
            .filter_map(|(id, span)| Some((*id, (span.end.saturating_sub(span.begin), movie.timescale_of(*id)?))));
        let known: Vec<_> = spans.chain(self.indexed.map(|(id, sum, timescale)| (id, (sum, timescale)))).collect();
        let picture = longest(known.iter().filter(|(id, _)| Some(*id) == shown).map(|(_, duration)| *duration));
        let all = longest(known.iter().map(|(_, duration)| *duration));
        match (picture, all) {
            (Some(picture), Some(all)) if nanoseconds(all) < nanoseconds(picture) + 1_000_000_000 => Some(picture),
            _ => all,
        }
    }
}
