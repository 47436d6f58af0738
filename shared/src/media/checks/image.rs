//! Pictures that stay as they are, as documents: their header, their size and their end.

use std::io::{BufReader, Seek, SeekFrom};

use image::{ImageFormat, ImageReader};

use super::{Facts, Format, Ranged, Rejection, Source, Verdict, other_type};

/// As large as a scanner or a panorama makes them; whoever opens one unpacks it.
const MOST_PIXELS: u64 = 200_000_000;

pub fn check<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<Facts> {
    check_begin(head, format)?;
    if !ends(file, head, format)? {
        return Err(Rejection::damaged("an image ends where the file does"));
    }
    file.seek(SeekFrom::Start(0))?;
    let dimensions = ImageReader::with_format(BufReader::new(&mut *file), codec(format)).into_dimensions();
    let (width, height) = dimensions.map_err(|_| Rejection::damaged("the image's header can't be understood"))?;
    if width == 0 || height == 0 {
        return Err(Rejection::damaged("the image has no size"));
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(too_large(width, height, MOST_PIXELS));
    }
    Ok(Facts { duration_seconds: None, width: i32::try_from(width).ok(), height: i32::try_from(height).ok() })
}

pub(super) fn codec(format: Format) -> ImageFormat {
    match format {
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        _ => ImageFormat::Jpeg,
    }
}

/// The first bytes must be those of the format.
pub(super) fn check_begin(head: &[u8], format: Format) -> Verdict<()> {
    let (expected, begins) = match format {
        Format::Png => ("PNG image", head.starts_with(b"\x89PNG\r\n\x1A\n")),
        Format::WebP => ("WebP image", head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")),
        _ => ("JPEG image", head.starts_with(&[0xFF, 0xD8, 0xFF])),
    };
    if !begins {
        return Err(other_type(head, expected));
    }
    Ok(())
}

pub(super) fn too_large(width: u32, height: u32, most: u64) -> Rejection {
    let reason =
        format!("The image has {width} × {height} pixels; it may have {} million. Make it smaller.", most / 1_000_000);
    Rejection::new("image_too_large", reason)
}

/// Whether the image ends where the file does.
fn ends<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<bool> {
    Ok(match format {
        Format::Png => file.tail(12)?.1.get(4..) == Some(b"IEND\xAE\x42\x60\x82"),
        Format::WebP => {
            let declared = head.get(4..8).and_then(<[u8]>::first_chunk).map_or(0, |size| u32::from_le_bytes(*size));
            u64::from(declared) + 8 == file.size() || u64::from(declared) + 9 == file.size() // to an even number
        }
        _ => file.tail(2)?.1 == [0xFF, 0xD9],
    })
}
