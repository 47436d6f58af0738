//! Movies as phones, cameras and ffmpeg write them, built box by box.

use super::samples::{ftyp, mp4_box, mvhd};

/// A box whose body begins with a version, flags, and these numbers.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as byte strings are written")]
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
    /// As the track's header says it, and as the description of the samples says it.
    pub size: (u16, u16),
    pub coded_size: (u16, u16),
    /// Whether the camera was held upright.
    pub turned: bool,
    pub timescale: u32,
    /// As the header of the media says it.
    pub duration: u32,
    /// How many samples there are, and how long each is.
    pub samples: (u32, u32),
}

/// H.264, 640 × 360, in the time scale of 12,800 a second.
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

/// A description of these tracks, with the duration in milliseconds that the movie's header says.
pub fn described(duration: u32, tracks: &[Track], extension: Option<Vec<u8>>) -> Vec<u8> {
    let tracks: Vec<u8> = tracks.iter().flat_map(Track::boxed).collect();
    let extension = extension.map_or_else(Vec::new, |inner| mp4_box(b"mvex", &inner));
    mp4_box(b"moov", &[mvhd(duration), tracks, extension].concat())
}

/// A movie of one piece.
pub fn movie(brand: [u8; 4], duration: u32, tracks: &[Track]) -> Vec<u8> {
    [ftyp(&brand), described(duration, tracks, None), mp4_box(b"mdat", &[7; 500])].concat()
}

/// A `QuickTime` movie of 61 seconds, as a phone writes it, with a box that holds the place of a longer size.
pub fn quicktime(codec: [u8; 4]) -> Vec<u8> {
    let track = Track { codec, handler_name: b"\x15Core Media \xA9 Video".to_vec(), ..picture() };
    let brand = mp4_box(b"ftyp", b"qt  \0\0\0\0qt  ");
    [brand, mp4_box(b"wide", &[]), mp4_box(b"mdat", &[7; 500]), described(61_000, &[track], None)].concat()
}

/// How long a sample of a track lasts where its fragments don't say it.
pub fn usual(track: u32, duration: u32) -> Vec<u8> {
    full(b"trex", 0, &[track, 1, duration, 0, 0])
}

/// A fragment of one track, with its media: where it begins, and how long its samples last.
pub fn fragment(track: u32, begin: Option<u32>, durations: &[u32]) -> Vec<u8> {
    let header = full(b"tfhd", 0, &[track]);
    let begin = begin.map_or_else(Vec::new, |begin| full(b"tfdt", 0, &[begin]));
    let count = u32::try_from(durations.len()).unwrap();
    let run = full(b"trun", 0x100, &[&[count][..], durations].concat());
    of_track(&[header, begin, run])
}

/// A fragment whose samples last as long as its own header, or else the movie, says.
pub fn fragment_of(track: u32, count: u32, each: Option<u32>) -> Vec<u8> {
    let header = each.map_or_else(|| full(b"tfhd", 0, &[track]), |each| full(b"tfhd", 8, &[track, each]));
    of_track(&[header, full(b"trun", 0, &[count])])
}

fn of_track(parts: &[Vec<u8>]) -> Vec<u8> {
    let fragment = mp4_box(b"moof", &[full(b"mfhd", 0, &[1]), mp4_box(b"traf", &parts.concat())].concat());
    [fragment, mp4_box(b"mdat", &[7; 100])].concat()
}

/// A `sidx` box for media that lasts `ticks`.
pub fn index(track: u32, timescale: u32, ticks: u32) -> Vec<u8> {
    full(b"sidx", 0, &[track, timescale, 0, 0, 1, 1000, ticks, 0])
}
