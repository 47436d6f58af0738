//! The checks alone, with files in memory.

use std::io;
use std::ops::Range;

use image::{GenericImageView, ImageFormat};
use lyceum::media::checks::{self, Budget, Facts, Format, Frame, Ranged, Source, Verdict};

use super::samples;

/// A file in memory, which counts the requests and bytes.
pub struct Memory {
    pub bytes: Vec<u8>,
    pub requests: u32,
    pub fetched: u64,
}

impl Source for Memory {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn fetch(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.requests += 1;
        self.fetched += range.end - range.start;
        Ok(self.bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec())
    }
}

pub fn ranged(bytes: Vec<u8>) -> Ranged<Memory> {
    Ranged::new(Memory { bytes, requests: 0, fetched: 0 }, Budget::SMALL)
}

pub fn format(extension: &str) -> Format {
    match extension {
        "mp4" => Format::Mp4,
        "webm" => Format::WebM,
        "pdf" => Format::Pdf,
        "docx" => Format::Docx,
        "xlsx" => Format::Xlsx,
        "pptx" => Format::Pptx,
        "odt" => Format::Odt,
        "ods" => Format::Ods,
        "odp" => Format::Odp,
        "txt" => Format::Text,
        "md" => Format::Markdown,
        "csv" => Format::Csv,
        "png" => Format::Png,
        "jpg" => Format::Jpeg,
        "webp" => Format::WebP,
        _ => Format::Zip,
    }
}

pub fn check(extension: &str, bytes: Vec<u8>) -> Verdict<Facts> {
    checks::check(&mut ranged(bytes), format(extension))
}

#[test]
fn each_type_is_accepted_and_videos_have_a_duration_and_a_size() {
    for (extension, bytes) in samples::one_of_each() {
        let facts = check(extension, bytes).unwrap_or_else(|rejection| panic!("{extension}: {rejection:?}"));
        if matches!(extension, "mp4" | "webm") {
            assert!(facts.duration_seconds.is_none_or(|seconds| seconds == 61), "{extension}: {facts:?}");
            assert!(facts.width.is_some() && facts.height.is_some(), "{extension}: {facts:?}");
        }
    }
    assert_eq!(check("mp4", samples::mp4()).unwrap().duration_seconds, Some(61));
    assert_eq!(check("mp4", samples::mp4_with_description_last()).unwrap().width, Some(640));
    assert_eq!(check("mp4", samples::mp4_in_fragments(None, Some(61_000))).unwrap().duration_seconds, Some(61));
    assert_eq!(check("mp4", samples::mp4_in_fragments(None, None)).unwrap().duration_seconds, None);
    assert_eq!(check("webm", samples::webm()).unwrap().duration_seconds, Some(61));
    assert_eq!(check("webm", samples::webm_as_recorded()).unwrap().height, Some(360));
}

#[test]
fn a_file_is_refused_under_any_other_type() {
    let text = ["txt", "md", "csv"];
    for (is, bytes) in samples::one_of_each() {
        for says in ["mp4", "webm", "pdf", "docx", "xlsx", "odt", "odp", "txt", "md", "csv", "png", "jpg", "webp"] {
            if is != says && !(text.contains(&is) && text.contains(&says)) {
                assert!(check(says, bytes.clone()).is_err(), "{is} as {says}");
            }
        }
    }
}

#[test]
fn a_picture_is_rendered_upright_in_its_frame_and_without_metadata() {
    for (extension, bytes) in [
        ("jpg", samples::image(ImageFormat::Jpeg, 1000, 500)),
        ("png", samples::image(ImageFormat::Png, 30, 200)),
        ("webp", samples::image(ImageFormat::WebP, 300, 300)),
    ] {
        for frame in [Frame::PICTURE, Frame::THUMBNAIL] {
            let made = checks::render(&mut ranged(bytes.clone()), format(extension), frame).unwrap();
            let made = image::load_from_memory_with_format(&made, ImageFormat::Jpeg).unwrap();
            assert_eq!(made.dimensions(), (frame.width, frame.height));
        }
    }
    let turned = samples::jpeg_with_orientation(400, 200);
    assert!(turned.windows(7).any(|text| text == b"my home"));
    let made = checks::render(&mut ranged(turned), Format::Jpeg, Frame::PICTURE).unwrap();
    assert!(!made.windows(7).any(|text| text == b"my home") && !made.windows(4).any(|text| text == b"Exif"));
    let made = image::load_from_memory_with_format(&made, ImageFormat::Jpeg).unwrap();
    let (top, bottom) = (made.get_pixel(128, 20), made.get_pixel(128, 235));
    assert!(top[0] > 150 && top[2] < 80, "the left side is on top: {top:?}");
    assert!(bottom[2] > 150 && bottom[0] < 80, "{bottom:?}");
}

#[test]
fn an_image_that_needs_too_much_memory_is_refused_by_its_header() {
    let png = super::hostile::png_of(20_000, 20_000);
    let mut file = ranged(png);
    let refused = checks::render(&mut file, Format::Png, Frame::PICTURE).unwrap_err();
    assert_eq!(refused.code, "image_too_large", "{refused:?}");
    assert!(file.source().fetched < 100_000);
}

/// A large file with content only at its beginning and its end.
struct Hollow {
    begin: Vec<u8>,
    end: Vec<u8>,
    size: u64,
    fetched: u64,
}

impl Source for Hollow {
    fn size(&self) -> u64 {
        self.size
    }

    fn fetch(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.fetched += range.end - range.start;
        let end_at = self.size - self.end.len() as u64;
        let byte = |at: u64| {
            let from_end = at.checked_sub(end_at).and_then(|at| self.end.get(usize::try_from(at).unwrap()));
            from_end.or_else(|| self.begin.get(usize::try_from(at).unwrap())).copied().unwrap_or(0)
        };
        Ok(range.map(byte).collect())
    }
}

#[test]
fn a_check_of_a_5_gib_video_reads_less_than_300_kb() {
    let size = 5 << 30;
    let (end, ftyp) = (samples::moov(7_200_000), samples::ftyp(b"isom"));
    let media = size - end.len() as u64 - ftyp.len() as u64;
    let begin = [&ftyp[..], &1_u32.to_be_bytes(), b"mdat", &media.to_be_bytes()].concat();
    let mut file = Ranged::new(Hollow { begin, end, size, fetched: 0 }, Budget::SMALL);
    let facts = checks::check(&mut file, Format::Mp4).unwrap();
    assert_eq!(facts, Facts { duration_seconds: Some(7200), width: Some(640), height: Some(360) });
    assert!(file.source().fetched < 300_000, "{}", file.source().fetched);
}

#[test]
fn each_hostile_file_is_refused_with_the_expected_code() {
    let files = super::hostile::files();
    assert!(files.len() >= 300, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let verdict = check(file.says, file.bytes);
        match verdict {
            Err(rejection) if rejection.code == file.code => {
                assert!(rejection.reason.len() <= 500 && !rejection.reason.contains("could not be read"));
            }
            other => wrong.push(format!("{} as {}: {}, not {other:?}", file.name, file.says, file.code)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
