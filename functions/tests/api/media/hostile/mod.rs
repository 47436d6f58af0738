//! Some hundred hostile files, each with the type that it is announced as and the expected rejection code.

pub mod archives;
mod videos;

use image::ImageFormat;

use super::samples::{self, ebml, ftyp, mp4_box};

pub struct Hostile {
    pub name: String,
    /// The extension of the announced type.
    pub says: &'static str,
    pub bytes: Vec<u8>,
    pub code: &'static str,
}

const TYPES: [&str; 16] = [
    "mp4", "webm", "pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "txt", "md", "csv", "zip", "png", "jpg", "webp",
];

/// Returns all hostile files.
pub fn files() -> Vec<Hostile> {
    let families = [
        markup(),
        polyglots(),
        second_files(),
        long_rests(),
        cut_off(),
        videos::lying_mp4(),
        videos::lying_webm(),
        lying_pdf(),
        lying_images(),
        no_text(),
        archives::bombs(),
        archives::names(),
        archives::lying(),
        archives::nested(),
        archives::lying_office(),
        other_types(),
    ];
    families.into_iter().flatten().collect()
}

fn one(says: &'static str, code: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Hostile {
    Hostile { name: name.into(), says, bytes: bytes.into(), code }
}

/// HTML pages, SVG images and XML documents, announced as every type.
fn markup() -> Vec<Hostile> {
    let pages = [
        ("svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
        ("html", "<!DOCTYPE html><script>alert(1)</script>"),
        ("html-in-capitals", "<HTML><BODY ONLOAD=alert(1)>"),
        ("html-after-spaces", " \r\n\t<html><script>alert(1)</script>"),
        ("html-after-a-mark", "\u{feff}<html><script>alert(1)</script>"),
        ("html-after-comments", "<!-- a --> <!-- b --><script>alert(1)</script>"),
        ("xml", "<?xml version=\"1.0\"?><x xmlns=\"http://www.w3.org/1999/xhtml\"><script>alert(1)</script></x>"),
        (
            "xml-that-grows",
            "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>",
        ),
    ];
    let under = |(name, page): (&str, &str)| TYPES.map(|says| one(says, "markup", format!("{name}-as-{says}"), page));
    pages.into_iter().flat_map(under).collect()
}

/// Two formats in one file.
fn polyglots() -> Vec<Hostile> {
    let (zip, page) = (samples::zip(), b"<html><script>alert(1)</script></html>".to_vec());
    let jpeg = samples::image(ImageFormat::Jpeg, 40, 30);
    let png = samples::image(ImageFormat::Png, 40, 30);
    let webp = samples::image(ImageFormat::WebP, 40, 30);
    let behind = |first: &[u8], second: &[u8]| [first, second].concat();
    let mut comment = samples::pdf();
    comment.extend(&zip[..]);
    comment.extend(samples::pdf());
    vec![
        one("mp4", "two_formats", "zip-behind-mp4", behind(&samples::mp4(), &zip)),
        one("mp4", "two_formats", "zip-in-mp4s-last-box", behind(&samples::mp4(), &mp4_box(b"free", &zip))),
        one("webm", "two_formats", "zip-behind-webm", behind(&samples::webm(), &zip)),
        one("webm", "two_formats", "zip-behind-a-recorded-webm", behind(&samples::webm_as_recorded(), &zip)),
        one("pdf", "two_formats", "zip-behind-pdf", behind(&samples::pdf(), &zip)),
        one(
            "pdf",
            "two_formats",
            "zip-before-pdfs-end",
            [&samples::pdf_of("")[..samples::pdf().len() - 7], &zip, b"\nstartxref\n15\n%%EOF"].concat(),
        ),
        one("pdf", "two_formats", "page-behind-pdf", behind(&samples::pdf(), &page)),
        one("pdf", "damaged", "page-behind-pdfs-header", behind(b"%PDF-1.7\n", &page)),
        one("pdf", "markup", "pdf-behind-a-page", behind(&page, &samples::pdf())),
        one("pdf", "wrong_type", "pdf-behind-a-kilobyte", behind(&[b'x'; 1030], &samples::pdf())),
        one("pdf", "wrong_type", "pdf-behind-a-gif", behind(b"GIF89a\x01\0\x01\0\0\0\0;", &samples::pdf())),
        one(
            "pdf",
            "markup",
            "pdf-behind-a-comment-and-a-page",
            behind(b"<!-- x --><script>1</script>", &samples::pdf()),
        ),
        one("pdf", "two_formats", "pdf-behind-text-and-a-page", behind(b"x <html><script>1</script>", &samples::pdf())),
        one("pdf", "wrong_type", "pdf-behind-a-jpeg", behind(&jpeg, &samples::pdf())),
        one("png", "two_formats", "zip-behind-png", behind(&png, &zip)),
        one("png", "two_formats", "page-behind-png", behind(&png, &page)),
        one("png", "damaged", "page-behind-pngs-header", behind(b"\x89PNG\r\n\x1A\n", &page)),
        one("jpg", "two_formats", "zip-behind-jpeg", behind(&jpeg, &zip)),
        one("jpg", "two_formats", "page-behind-jpeg", behind(&jpeg, &page)),
        one("jpg", "damaged", "page-behind-jpegs-header", behind(&[0xFF, 0xD8, 0xFF, 0xE0], &page)),
        one("jpg", "damaged", "page-that-ends-as-a-jpeg", [&[0xFF, 0xD8, 0xFF][..], &page, &[0xFF, 0xD9]].concat()),
        one("webp", "two_formats", "zip-behind-webp", behind(&webp, &zip)),
        one("webp", "two_formats", "page-behind-webp", behind(&webp, &page)),
        one("zip", "wrong_type", "zip-behind-a-program", behind(b"MZ\x90\0\x03\0\0\0", &zip)),
        one("zip", "wrong_type", "zip-behind-a-script", behind(b"#!/bin/sh\nexit 0\n", &zip)),
        one("zip", "wrong_type", "zip-behind-a-gif", behind(b"GIF89a\x01\0\x01\0\0\0\0;", &zip)),
        one("zip", "wrong_type", "zip-behind-a-jpeg", behind(&jpeg, &zip)),
        one("zip", "wrong_type", "zip-behind-a-pdf", comment),
        one("zip", "two_formats", "page-behind-zip", behind(&zip, &page)),
        one("zip", "damaged", "zip-behind-zip", behind(&zip, &zip)),
        one("mp4", "damaged", "page-behind-mp4s-header", behind(&ftyp(b"isom"), &page)),
        one("webm", "damaged", "page-behind-webms-header", behind(&ebml("webm"), &page)),
        one("txt", "not_text", "zip-behind-text", behind(b"Dear all,\n", &zip)),
    ]
}

/// A second file after the end of a valid one, where programs ignore it.
fn second_files() -> Vec<Hostile> {
    let seconds: [(&str, Vec<u8>); 10] = [
        ("a-page-after-padding", [&vec![0; 70_000][..], b"\n<HTML><body onload=alert(1)>"].concat()),
        ("an-svg", b"\r\n<svg/onload=alert(1)>".to_vec()),
        ("a-script", b"x<ScRiPt\n>alert(1)</script>".to_vec()),
        ("a-page-over-a-border", [&vec![0; 65_533][..], b"<iframe src=x>"].concat()),
        ("a-doctype", b"<!DOCTYPE html><p>".to_vec()),
        ("a-zip-with-a-comment", [&samples::zip()[..samples::zip().len() - 2], &[3, 0], b"abc"].concat()),
        ("a-zip-and-padding", [samples::zip(), vec![0; 1000]].concat()),
        ("a-rar", b"Rar!\x1A\x07\x01\0xyz".to_vec()),
        ("a-7z", b"....7z\xBC\xAF\x27\x1C..".to_vec()),
        ("a-pdf", samples::pdf()),
    ];
    let firsts =
        samples::one_of_each().into_iter().filter(|(says, _)| ["mp4", "webm", "png", "jpg", "webp"].contains(says));
    let both = |(says, first): (&'static str, Vec<u8>)| {
        seconds.clone().map(|(name, second)| {
            one(says, "two_formats", format!("{name}-behind-{says}"), [first.clone(), second].concat())
        })
    };
    // the end of a recorded WebM is not marked, so nothing can follow it
    firsts.filter(|(_, bytes)| *bytes != samples::webm_as_recorded()).flat_map(both).collect()
}

/// Valid files with too much data after their end.
fn long_rests() -> Vec<Hostile> {
    let rest = vec![0; (16 << 20) + 1];
    let firsts = samples::one_of_each()
        .into_iter()
        .filter(|(says, _)| ["mp4", "webm", "png", "jpg", "webp", "pdf"].contains(says));
    let firsts = firsts.filter(|(_, bytes)| *bytes != samples::webm_as_recorded());
    firsts
        .map(|(says, first)| one(says, "damaged", format!("16-mib-behind-{says}"), [first, rest.clone()].concat()))
        .collect()
}

/// Valid files that were cut off.
fn cut_off() -> Vec<Hostile> {
    let good = samples::one_of_each().into_iter().enumerate().filter(|(index, (says, _))| {
        *index != 5 && !["txt", "md", "csv"].contains(says) // texts and recorded videos may end anywhere
    });
    let cut = |(index, (says, bytes)): (usize, (&'static str, Vec<u8>))| {
        [25, 50, 75, 95].map(|percent| {
            let bytes = &bytes[..bytes.len() * percent / 100];
            one(says, "damaged", format!("{percent}-percent-of-{says}-{index}"), bytes)
        })
    };
    good.flat_map(cut).collect()
}

fn lying_pdf() -> Vec<Hostile> {
    let ending = |end: &str| [&b"%PDF-1.4\n1 0 obj\nendobj\nxref\n"[..], end.as_bytes()].concat();
    let damaged = |name: &str, end: &str| one("pdf", "damaged", name, ending(end));
    vec![
        damaged("no-end", ""),
        damaged("no-table", "%%EOF"),
        damaged("a-table-beyond-the-end", "startxref\n99999\n%%EOF"),
        damaged("a-table-beyond-everything", "startxref\n99999999999999999999999\n%%EOF"),
        damaged("a-table-before-the-beginning", "startxref\n-5\n%%EOF"),
        damaged("a-table-at-a-word", "startxref\nxref\n%%EOF"),
        damaged("a-table-that-is-none", "startxref\n0\n%%EOF"),
        damaged("an-end-in-the-middle", &format!("startxref\n24\n%%EOF{}", " x".repeat(2000))),
        one(
            "pdf",
            "damaged",
            "an-update-of-nothing",
            [b"%PDF-1.4\n", &b"startxref\n0\n%%EOF\n".repeat(3)[..]].concat(),
        ),
        one(
            "pdf",
            "damaged",
            "for-the-web-and-cut-off",
            b"%PDF-1.4\n1 0 obj\n<</Linearized 1/L 99999>>\nendobj\ntrailer <</Root 2 0 R>>\nstartxref\n0\n%%EOF\n2 0"
                .to_vec(),
        ),
        one("pdf", "damaged", "no-objects", b"%PDF-1.4\ntrailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n".to_vec()),
        one("pdf", "wrong_type", "another-version", b"%PDF-9.9\nxref\nstartxref\n9\n%%EOF".to_vec()),
        one("pdf", "wrong_type", "postscript", b"%!PS-Adobe-3.0\nshowpage\n".to_vec()),
    ]
}

/// Returns the CRC-32 checksum that PNG and ZIP use.
pub fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// Returns a small PNG that declares this size.
pub fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut png = samples::image(ImageFormat::Png, 40, 30);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

fn lying_images() -> Vec<Hostile> {
    let mut wrong_size = samples::image(ImageFormat::WebP, 40, 30);
    wrong_size[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut no_header = samples::image(ImageFormat::Png, 40, 30);
    no_header[12..16].copy_from_slice(b"IDAT");
    let mut wrong_sum = samples::image(ImageFormat::Png, 40, 30);
    wrong_sum[29] ^= 1;
    vec![
        one("png", "image_too_large", "a-png-of-400-million-pixels", png_of(20_000, 20_000)),
        one("png", "damaged", "a-png-of-all-there-are", png_of(0x7FFF_FFFF, 0x7FFF_FFFF)),
        one("png", "damaged", "a-png-of-no-width", png_of(0, 30)),
        one("png", "damaged", "a-png-without-a-header", no_header),
        one("png", "damaged", "a-png-with-a-wrong-sum", wrong_sum),
        one(
            "png",
            "damaged",
            "only-a-pngs-ends",
            [&b"\x89PNG\r\n\x1A\n"[..], b"\0\0\0\0IEND\xAE\x42\x60\x82"].concat(),
        ),
        one("webp", "damaged", "a-webp-beyond-its-end", wrong_size),
        one("webp", "damaged", "a-webp-of-nothing", b"RIFF\x04\0\0\0WEBP".to_vec()),
        one("jpg", "damaged", "only-a-jpegs-ends", vec![0xFF, 0xD8, 0xFF, 0xD9]),
        one(
            "jpg",
            "damaged",
            "a-jpeg-of-markers",
            [&[0xFF, 0xD8][..], &[0xFF, 0xE0, 0, 2].repeat(1000), &[0xFF, 0xD9]].concat(),
        ),
    ]
}

fn no_text() -> Vec<Hostile> {
    let utf16_of = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    vec![
        one("txt", "not_text", "a-zero-in-text", b"Dear\0all".to_vec()),
        one("md", "not_text", "a-bell-in-text", b"Dear\x07all".to_vec()),
        one("csv", "not_text", "a-control-far-behind", [&b"a;b\n".repeat(30_000)[..], &[1]].concat()),
        one("csv", "markup", "a-page-in-utf-16", utf16_of("\u{feff}<html>", u16::to_le_bytes)),
        one("txt", "markup", "a-page-in-the-other-utf-16", utf16_of("\u{feff}\r\n<script>", u16::to_be_bytes)),
        one("txt", "not_text", "utf-16-without-a-mark", utf16_of("Dear all", u16::to_le_bytes)),
        one("txt", "not_text", "a-zero-in-utf-16", utf16_of("\u{feff}Dear\0all", u16::to_le_bytes)),
        one("txt", "wrong_encoding", "half-a-character", utf16_of("\u{feff}Dear all", u16::to_le_bytes)[..9].to_vec()),
        one("txt", "wrong_encoding", "half-a-pair", [&[0xFF, 0xFE, 0x3D, 0xD8, b'a', 0][..]].concat()),
        one("txt", "wrong_encoding", "half-a-pair-at-the-end", vec![0xFF, 0xFE, 0x3D, 0xD8]),
        one("txt", "wrong_encoding", "the-other-half-of-a-pair", vec![0xFE, 0xFF, 0xDC, 0x3D]),
        one("txt", "not_text", "an-end-of-text-in-the-middle", b"Dear\x1Aall".to_vec()),
        one("md", "markup", "a-page-behind-a-long-comment", format!("<!--{}--><script>", "x".repeat(9000))),
        one("md", "markup", "a-tag-with-a-slash", b"<script/x>alert(1)</script>".to_vec()),
        one("md", "markup", "only-a-tag", b"<body".to_vec()),
        one("csv", "markup", "short-php", b"<?=`id`?>".to_vec()),
        one("txt", "wrong_type", "pdf-as-text-behind-a-mark", [b"\xEF\xBB\xBF\n", &samples::pdf()[..]].concat()),
        one("txt", "wrong_type", "pdf-as-text", samples::pdf()),
        one("md", "wrong_type", "rtf-as-text", b"{\\rtf1 x}".to_vec()),
        one("txt", "not_text", "a-program", b"\x7FELF\x02\x01\x01\0\xFF".to_vec()),
        one("csv", "markup", "php", b"<?php system($_GET['x']); ?>".to_vec()),
    ]
}

/// Well-known files of other types.
fn other_types() -> Vec<Hostile> {
    let others: [(&str, &[u8]); 8] = [
        ("gif", b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF;"),
        ("bmp", b"BM\x3A\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"),
        ("exe", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF\0\0"),
        ("elf", b"\x7FELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ("class", b"\xCA\xFE\xBA\xBE\0\0\0\x34"),
        ("rar", b"Rar!\x1A\x07\x01\0"),
        ("wasm", b"\0asm\x01\0\0\0"),
        ("ole", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0\0\0"),
    ];
    let says = ["mp4", "webm", "pdf", "docx", "zip", "png", "jpg", "webp"];
    let under =
        |(name, bytes): (&str, &[u8])| says.map(|says| one(says, "wrong_type", format!("{name}-as-{says}"), bytes));
    others.into_iter().flat_map(under).collect()
}
