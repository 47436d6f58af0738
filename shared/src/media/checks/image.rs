//! Pictures that stay as they are, as documents: their header, their size and their end.

use std::io::{BufReader, Seek, SeekFrom};

use image::{ImageFormat, ImageReader};

use super::{Facts, Format, Ranged, Rejection, Source, Verdict, other_type};

/// As large as a scanner or a panorama makes them; whoever opens one unpacks it.
const MOST_PIXELS: u64 = 200_000_000;

pub fn check<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<Facts> {
    let (expected, image, begins) = match format {
        Format::Png => ("PNG image", ImageFormat::Png, head.starts_with(b"\x89PNG\r\n\x1A\n")),
        Format::WebP => {
            ("WebP image", ImageFormat::WebP, head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"))
        }
        _ => ("JPEG image", ImageFormat::Jpeg, head.starts_with(&[0xFF, 0xD8, 0xFF])),
    };
    if !begins {
        return Err(other_type(head, expected));
    }
    if !ends(file, head, format)? {
        return Err(Rejection::damaged("an image ends where the file does"));
    }
    file.seek(SeekFrom::Start(0))?;
    let dimensions = ImageReader::with_format(BufReader::new(&mut *file), image).into_dimensions();
    let (width, height) = dimensions.map_err(|_| Rejection::damaged("the image's header can't be understood"))?;
    if width == 0 || height == 0 {
        return Err(Rejection::damaged("the image has no size"));
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(too_large(width, height, MOST_PIXELS));
    }
    Ok(Facts { duration_seconds: None, width: i32::try_from(width).ok(), height: i32::try_from(height).ok() })
}

pub(super) fn too_large(width: u32, height: u32, most: u64) -> Rejection {
    let reason =
        format!("The image has {width} × {height} pixels; it may have {} million. Make it smaller.", most / 1_000_000);
    Rejection::new("image_too_large", reason)
}

/// Whether the image ends where the file does. Cameras put a little behind a JPEG's end (a preview, a depth map), and
/// so may others.
fn ends<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<bool> {
    Ok(match format {
        Format::Png => file.tail(12)?.1.get(4..) == Some(b"IEND\xAE\x42\x60\x82"),
        Format::WebP => {
            let declared = head.get(4..8).and_then(<[u8]>::first_chunk).map_or(0, |size| u32::from_le_bytes(*size));
            u64::from(declared) + 8 == file.size() || u64::from(declared) + 9 == file.size() // to an even number
        }
        _ => file.tail(64 * 1024)?.1.windows(2).any(|marker| marker == [0xFF, 0xD9]),
    })
}
