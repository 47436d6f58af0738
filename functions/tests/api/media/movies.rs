//! Builders for movies as phones, cameras and ffmpeg write them.

use super::samples::{ftyp, mp4_box, mvhd};

/// Builds a box whose body consists of the flags and these numbers.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "byte string literals have this type")]
fn full(kind: &[u8; 4], flags: u32, numbers: &[u32]) -> Vec<u8> {
    let numbers = [&[flags][..], numbers].concat();
    mp4_box(kind, &numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>())
}

/// A track of a movie.
#[derive(Clone)]
pub struct Track {
    pub id: u32,
    pub handler: [u8; 4],
    pub handler_name: Vec<u8>,
    pub codec: [u8; 4],
    /// The size in the track header. `coded_size` is the size in the sample description.
    pub size: (u16, u16),
    pub coded_size: (u16, u16),
    /// Whether the camera was rotated by 90 degrees.
    pub turned: bool,
    pub timescale: u32,
    /// The duration in the media header.
    pub duration: u32,
    /// The number of samples, and the duration of each.
    pub samples: (u32, u32),
}

/// Returns a video track: H.264, 640 × 360, 12,800 ticks per second.
pub fn picture() -> Track {
    Track {
        id: 1,
        handler: *b"vide",
        handler_name: b"VideoHandler\0".to_vec(),
        codec: *b"avc1",
        size: (640, 360),
        coded_size: (640, 360),
        turned: false,
        timescale: 12_800,
        duration: 0,
        samples: (0, 0),
    }
}

pub fn sound() -> Track {
    Track {
        id: 2,
        handler: *b"soun",
        codec: *b"mp4a",
        size: (0, 0),
        coded_size: (0, 0),
        timescale: 44_100,
        ..picture()
    }
}

impl Track {
    fn boxed(&self) -> Vec<u8> {
        let mut header = vec![0; 84];
        header[12..16].copy_from_slice(&self.id.to_be_bytes());
        let (one, corner) = (0x1_0000_u32.to_be_bytes(), 0x4000_0000_u32.to_be_bytes());
        let places = if self.turned { [44, 48] } else { [40, 56] };
        for place in places {
            header[place..place + 4].copy_from_slice(&one);
        }
        header[72..76].copy_from_slice(&corner);
        header[76..78].copy_from_slice(&self.size.0.to_be_bytes());
        header[80..82].copy_from_slice(&self.size.1.to_be_bytes());
        let media = full(b"mdhd", 0, &[0, 0, self.timescale, self.duration, 0x55C4_0000]);
        let handler = mp4_box(b"hdlr", &[&[0; 8][..], &self.handler, &[0; 12], &self.handler_name].concat());
        let mut entry = vec![0; 78];
        entry[24..26].copy_from_slice(&self.coded_size.0.to_be_bytes());
        entry[26..28].copy_from_slice(&self.coded_size.1.to_be_bytes());
        let description = mp4_box(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &mp4_box(&self.codec, &entry)].concat());
        let times = match self.samples {
            (0, _) => full(b"stts", 0, &[0]),
            (count, duration) => full(b"stts", 0, &[1, count, duration]),
        };
        let information = mp4_box(b"minf", &mp4_box(b"stbl", &[description, times].concat()));
        let media = mp4_box(b"mdia", &[media, handler, information].concat());
        mp4_box(b"trak", &[mp4_box(b"tkhd", &header), media].concat())
    }
}

/// Builds a `moov` box with these tracks. The movie header declares `duration` in milliseconds.
pub fn described(duration: u32, tracks: &[Track], extension: Option<Vec<u8>>) -> Vec<u8> {
    let tracks: Vec<u8> = tracks.iter().flat_map(Track::boxed).collect();
    let extension = extension.map_or_else(Vec::new, |inner| mp4_box(b"mvex", &inner));
    mp4_box(b"moov", &[mvhd(duration), tracks, extension].concat())
}

/// Builds a movie without fragments.
pub fn movie(brand: [u8; 4], duration: u32, tracks: &[Track]) -> Vec<u8> {
    [ftyp(&brand), described(duration, tracks, None), mp4_box(b"mdat", &[7; 500])].concat()
}

/// Builds a `QuickTime` movie of 61 seconds as phones write it, with a `wide` box before the media.
pub fn quicktime(codec: [u8; 4]) -> Vec<u8> {
    let track = Track { codec, handler_name: b"\x15Core Media \xA9 Video".to_vec(), ..picture() };
    let brand = mp4_box(b"ftyp", b"qt  \0\0\0\0qt  ");
    [brand, mp4_box(b"wide", &[]), mp4_box(b"mdat", &[7; 500]), described(61_000, &[track], None)].concat()
}

/// Builds a `trex` box: the default duration of a track's samples in fragments.
pub fn usual(track: u32, duration: u32) -> Vec<u8> {
    full(b"trex", 0, &[track, 1, duration, 0, 0])
}

/// Builds a fragment of a track with its media: its begin, and the durations of its samples.
pub fn fragment(track: u32, begin: Option<u32>, durations: &[u32]) -> Vec<u8> {
    let header = full(b"tfhd", 0, &[track]);
    let begin = begin.map_or_else(Vec::new, |begin| full(b"tfdt", 0, &[begin]));
    let count = u32::try_from(durations.len()).unwrap();
    let run = full(b"trun", 0x100, &[&[count][..], durations].concat());
    of_track(&[header, begin, run])
}

/// Builds a fragment whose samples have the default duration of its own header (`each`), or else of the movie.
pub fn fragment_of(track: u32, count: u32, each: Option<u32>) -> Vec<u8> {
    let header = each.map_or_else(|| full(b"tfhd", 0, &[track]), |each| full(b"tfhd", 8, &[track, each]));
    of_track(&[header, full(b"trun", 0, &[count])])
}

fn of_track(parts: &[Vec<u8>]) -> Vec<u8> {
    let fragment = mp4_box(b"moof", &[full(b"mfhd", 0, &[1]), mp4_box(b"traf", &parts.concat())].concat());
    [fragment, mp4_box(b"mdat", &[7; 100])].concat()
}

/// Builds a `sidx` box for media that lasts `ticks`.
pub fn index(track: u32, timescale: u32, ticks: u32) -> Vec<u8> {
    full(b"sidx", 0, &[track, timescale, 0, 0, 1, 1000, ticks, 0])
}
