//! Videos with false declarations of sizes, times and contents.

use super::{Hostile, one};
use crate::media::movies;
use crate::media::samples::{self, ebml, element, ftyp, info, moov, mp4_box, mvhd, tracks, trak, webm_of};

pub(super) fn lying_mp4() -> Vec<Hostile> {
    let with = |parts: &[Vec<u8>]| [&[ftyp(b"isom")], parts].concat().concat();
    let sized = |size: u32, kind: &[u8; 4], body: &[u8]| [&size.to_be_bytes()[..], kind, body].concat();
    let large = |size: u64, body: &[u8]| [&1_u32.to_be_bytes()[..], b"mdat", &size.to_be_bytes(), body].concat();
    let of_tracks = |tracks: &[Vec<u8>]| mp4_box(b"moov", &[mvhd(1000), tracks.concat()].concat());
    let mut timeless = moov(1000);
    timeless[28..32].copy_from_slice(&[0; 4]); // the time scale
    let mut short = trak(640, 360);
    short[11] = 20; // the track's header
    let mut silent = trak(640, 360);
    let at = silent.windows(4).position(|kind| kind == b"vide").unwrap();
    silent[at..at + 4].copy_from_slice(b"soun");
    let damaged = |name: &str, bytes: Vec<u8>| one("mp4", "damaged", name, bytes);
    vec![
        damaged("a-box-beyond-the-end", with(&[moov(1000), sized(5000, b"mdat", &[7; 10])])),
        damaged("a-box-smaller-than-its-header", with(&[moov(1000), sized(7, b"mdat", &[7; 10])])),
        damaged("a-box-of-size-2", with(&[sized(2, b"moov", &moov(1000)[8..])])),
        damaged("a-large-box-smaller-than-its-header", with(&[moov(1000), large(15, &[7; 100])])),
        damaged("a-large-box-of-size-0", with(&[moov(1000), large(0, &[7; 100])])),
        damaged("a-large-box-beyond-everything", with(&[moov(1000), large(u64::MAX, &[7; 100])])),
        damaged("a-large-box-that-wraps-around", with(&[moov(1000), large(u64::MAX - 600, &[7; 100])])),
        damaged(
            "an-inner-box-beyond-its-parent",
            with(&[mp4_box(b"moov", &sized(500, b"mvhd", &[0; 100])), mp4_box(b"mdat", &[7; 900])]),
        ),
        damaged(
            "an-inner-box-up-to-the-end",
            with(&[mp4_box(b"moov", &sized(0, b"trak", &[0; 100])), mp4_box(b"mdat", &[7; 900])]),
        ),
        damaged("an-inner-box-without-its-kind", with(&[mp4_box(b"moov", &[mvhd(1000), vec![0, 0, 0]].concat())])),
        damaged("a-header-that-takes-it-all", sized(u32::MAX, b"ftyp", b"isom")),
        damaged("two-headers", [ftyp(b"isom"), ftyp(b"isom"), moov(1000)].concat()),
        damaged("two-descriptions", with(&[moov(1000), moov(2000)])),
        damaged("no-description", with(&[mp4_box(b"mdat", &[7; 100])])),
        damaged("only-a-header", ftyp(b"isom")),
        damaged("an-initialisation-segment", samples::mp4_initialisation()),
        damaged("a-description-without-media", with(&[moov(1000)])),
        damaged("a-description-and-empty-media", with(&[moov(1000), mp4_box(b"mdat", &[]), mp4_box(b"free", &[0; 9])])),
        damaged(
            "a-segment-without-its-description",
            [mp4_box(b"styp", b"msdh\0\0\0\0msdh"), mp4_box(b"moof", &[0; 40])].concat(),
        ),
        damaged(
            "media-cut-off-behind-media",
            with(&[moov(1000), mp4_box(b"mdat", &[7; 9]), sized(5000, b"mdat", &[7; 9])]),
        ),
        damaged("a-fragment-cut-off", cut(samples::mp4_in_fragments(None, None), 4)),
        damaged("kinds-that-are-none", with(&[moov(1000), mp4_box(&[0, 1, 2, 3], &[7; 100])])),
        damaged("no-measure-of-time", with(&[timeless])),
        damaged("no-time", with(&[moov(0)])),
        damaged("fifty-days", with(&[moov(u32::MAX - 1)])),
        damaged("a-short-inner-header", with(&[of_tracks(&[short])])),
        one("mp4", "no_video", "a-description-in-a-description", with(&[mp4_box(b"moov", &moov(1000))])),
        damaged("bytes-behind-the-end", with(&[moov(1000), vec![1, 2, 3]])),
        one("mp4", "no_video", "no-track", with(&[of_tracks(&[])])),
        one("mp4", "no_video", "only-sound", with(&[of_tracks(&[silent])])),
        one("mp4", "no_video", "a-picture-of-no-size", with(&[of_tracks(&[trak(0, 360)])])),
        one("mp4", "too_complicated", "a-thousand-boxes", with(&[moov(1000), mp4_box(b"free", &[]).repeat(1000)])),
        one("mp4", "too_complicated", "a-hundred-tracks", with(&[of_tracks(&vec![trak(0, 0); 100])])),
        one("mp4", "too_complicated", "a-thousand-inner-boxes", with(&[of_tracks(&vec![mp4_box(b"free", &[]); 1000])])),
        one("mp4", "wrong_type", "quicktime-that-browsers-dont-play", movies::quicktime(*b"apcn")),
        one("mp4", "wrong_type", "quicktime", [mp4_box(b"ftyp", b"qt  \0\0\x02\0qt  "), moov(1000)].concat()),
        one("mp4", "wrong_type", "an-image-of-a-telephone", mp4_box(b"ftyp", b"heic\0\0\0\0heicmif1")),
    ]
}

fn cut(mut bytes: Vec<u8>, by: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - by);
    bytes
}

pub(super) fn lying_webm() -> Vec<Hostile> {
    let described = |duration: f64| webm_of("webm", &[info(Some(duration)), tracks()]);
    let mut flat = webm_of("webm", &[info(None), tracks()]);
    let at = flat.windows(6).position(|width| width == [0xB0, 0x10, 0, 0, 2, 0x02]).unwrap();
    flat[at + 5..at + 7].copy_from_slice(&[0, 0]);
    let mut sound = webm_of("webm", &[info(None), tracks()]);
    let at = sound.windows(6).position(|kind| kind == [0x83, 0x10, 0, 0, 1, 1]).unwrap();
    sound[at + 5] = 2;
    let mut beyond = samples::webm();
    let at = beyond.windows(4).position(|id| id == [0x16, 0x54, 0xAE, 0x6B]).unwrap();
    beyond[at + 4..at + 8].copy_from_slice(&[0x1F, 0xFF, 0xFF, 0xFE]);
    let damaged = |name: &str, bytes: Vec<u8>| one("webm", "damaged", name, bytes);
    vec![
        damaged("no-tracks", webm_of("webm", &[info(None), samples::cluster()])),
        damaged("no-description", webm_of("webm", &[tracks(), samples::cluster()])),
        damaged("nothing", webm_of("webm", &[])),
        damaged("only-a-header", ebml("webm")),
        damaged("no-segment", [ebml("webm"), tracks()].concat()),
        damaged("a-part-beyond-the-end", beyond),
        damaged("an-id-of-nothing", [ebml("webm"), element(&[0x18, 0x53, 0x80, 0x67], &[0; 40])].concat()),
        damaged("a-size-of-nothing", [ebml("webm"), vec![0x18, 0x53, 0x80, 0x67, 0]].concat()),
        damaged("only-a-description", webm_of("webm", &[info(Some(1000.0)), tracks()])),
        damaged("a-cluster-beyond-the-end", cut(samples::webm(), 5)),
        damaged(
            "a-large-description",
            webm_of("webm", &[element(&[0x15, 0x49, 0xA9, 0x66], &vec![0xEC; 300_000]), tracks()]),
        ),
        damaged("a-duration-that-is-no-number", described(f64::NAN)),
        damaged("an-endless-duration", described(f64::INFINITY)),
        damaged("a-duration-before-its-beginning", described(-1e12)),
        damaged("a-duration-of-ages", described(1e300)),
        damaged("a-thousand-parts", webm_of("webm", &vec![element(&[0xEC], &[0]); 1000])),
        damaged("a-picture-of-no-size", flat),
        damaged("another-kind", webm_of("webn", &[info(None), tracks()])),
        one("webm", "no_video", "only-sound", sound),
        one("webm", "wrong_type", "matroska", webm_of("matroska", &[info(None), tracks()])),
    ]
}
