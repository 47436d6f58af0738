//! Checks images that are kept unchanged, as documents: they must be complete and not too large. Nothing is decoded.

use std::io::{BufReader, Seek, SeekFrom};

use image::{ImageFormat, ImageReader};

use super::surroundings::Content;
use super::{Facts, Format, Ranged, Rejection, Source, Verdict, jpeg, png, webp, wrong_type};

/// Enough for scans and panoramas. A program that opens the image needs memory for all pixels.
const MAX_PIXELS: u64 = 200_000_000;

pub(super) fn check<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<Content> {
    check_begin(head, format)?;
    let (width, height, end) = if format == Format::Jpeg {
        let jpeg = jpeg::parse(file)?;
        (u32::from(jpeg.width), u32::from(jpeg.height), jpeg.end)
    } else {
        let end = if format == Format::Png { png::end(file)? } else { webp::end(file, head)? };
        file.seek(SeekFrom::Start(0))?;
        let dimensions = ImageReader::with_format(BufReader::new(&mut *file), codec(format)).into_dimensions();
        let (width, height) = dimensions.map_err(|_| Rejection::damaged("the image's header can't be understood"))?;
        (width, height, end)
    };
    if width == 0 || height == 0 {
        return Err(Rejection::damaged("the image has no size"));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large(width, height, MAX_PIXELS));
    }
    let facts = Facts { duration_seconds: None, width: i32::try_from(width).ok(), height: i32::try_from(height).ok() };
    Ok(Content { facts, extent: 0..end })
}

pub(super) fn codec(format: Format) -> ImageFormat {
    match format {
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        _ => ImageFormat::Jpeg,
    }
}

fn check_begin(head: &[u8], format: Format) -> Verdict<()> {
    let begins = match format {
        Format::Png => head.starts_with(b"\x89PNG\r\n\x1A\n"),
        Format::WebP => head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"),
        _ => head.starts_with(&[0xFF, 0xD8, 0xFF]),
    };
    if begins { Ok(()) } else { Err(wrong_type(head, format)) }
}

pub(super) fn too_large(width: u32, height: u32, most: u64) -> Rejection {
    let most = most / 1_000_000;
    let reason =
        format!("The image has {width} × {height} pixels; at most {most} million are accepted. Make it smaller.");
    Rejection::new("image_too_large", reason)
}
