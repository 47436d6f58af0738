//! Renders pictures and thumbnails: decodes an image within limits, rotates it upright, crops and scales it to a fixed
//! size, and writes a plain JPEG. None of the original bytes are served, so neither the place where a photograph was taken
//! nor a hidden second file can leak.

use std::io::{BufReader, Seek, SeekFrom};

use ::image::codecs::jpeg::JpegEncoder;
use ::image::metadata::Orientation;
use ::image::{
    DynamicImage, ExtendedColorType, GenericImageView, ImageDecoder, ImageError, ImageReader, Limits, imageops,
};

use super::{Facts, Format, Ranged, Rejection, Source, Verdict, image, jpeg};

/// The size of the result in pixels. An image of another shape is cropped equally on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub width: u32,
    pub height: u32,
}

impl Frame {
    /// The picture of a user.
    pub const PICTURE: Self = Self { width: 256, height: 256 };
    /// The thumbnail of a course.
    pub const THUMBNAIL: Self = Self { width: 1280, height: 720 };

    /// Returns the facts of an image of this size.
    pub fn facts(self) -> Facts {
        Facts { duration_seconds: None, width: i32::try_from(self.width).ok(), height: i32::try_from(self.height).ok() }
    }
}

/// Enough for the cameras of phones.
const MAX_PIXELS: u64 = 25_000_000;
/// The memory that decoding may use, in bytes.
const MAX_MEMORY: u64 = 128 * 1024 * 1024;
const QUALITY: u8 = 85;

pub fn render<S: Source>(file: &mut Ranged<S>, format: Format, frame: Frame) -> Verdict<Vec<u8>> {
    let size = file.size();
    if format == Format::Jpeg && !jpeg::parse(file)?.is_common {
        return Err(rare_variant());
    }
    file.set_budget(super::Budget { requests: 1_000, fetched: 2 * size + (1 << 20), read: 4 * size + (1 << 20) });
    file.seek(SeekFrom::Start(0))?;
    let mut reader = ImageReader::with_format(BufReader::new(file), image::codec(format));
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
    let (width, height) = decoder.dimensions();
    let most = MAX_PIXELS.min(MAX_MEMORY / u64::from(decoder.color_type().bytes_per_pixel()));
    if u64::from(width) * u64::from(height) > most {
        return Err(image::too_large(width, height, most));
    }
    decoder.set_limits(limits).map_err(|error| unreadable(&error))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
    let framed = scaled(&image, orientation, frame);
    drop(image);
    jpeg(&framed)
}

fn unreadable(error: &ImageError) -> Rejection {
    match error {
        ImageError::Unsupported(_) => rare_variant(),
        ImageError::Limits(_) => {
            let reason = "The image needs too much memory to be converted. Make it smaller.";
            Rejection::new("image_too_large", reason)
        }
        _ => Rejection::damaged("the image can't be decoded"),
    }
}

/// Returns the rejection of a valid image that can't be decoded, such as a JPEG with arithmetic coding.
fn rare_variant() -> Rejection {
    let reason = "The image is in a rare variant of its format. Save it as a plain JPEG or PNG.";
    Rejection::new("unsupported_image", reason)
}

/// Crops and scales the image in its stored orientation, and then rotates it upright.
fn scaled(image: &DynamicImage, orientation: Orientation, frame: Frame) -> DynamicImage {
    let turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let (to_width, to_height) = if turned { (frame.height, frame.width) } else { (frame.width, frame.height) };
    let (width, height) = image.dimensions();
    // the largest area with the shape of the frame
    let fitting = |length: u32, of: u32, to: u32| {
        u32::try_from(u64::from(length) * u64::from(of) / u64::from(to)).unwrap_or(u32::MAX).max(1)
    };
    let cut_width = width.min(fitting(height, to_width, to_height));
    let cut_height = height.min(fitting(width, to_height, to_width));
    let cut = imageops::crop_imm(image, (width - cut_width) / 2, (height - cut_height) / 2, cut_width, cut_height);
    let mut scaled = DynamicImage::ImageRgba8(imageops::thumbnail(&*cut, to_width, to_height));
    scaled.apply_orientation(orientation);
    scaled
}

/// Encodes the image as JPEG. Transparent areas become white.
fn jpeg(image: &DynamicImage) -> Verdict<Vec<u8>> {
    let (width, height) = image.dimensions();
    let on_white = |channel: u8, alpha: u8| {
        let mixed = (u32::from(channel) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255;
        u8::try_from(mixed).unwrap_or(255)
    };
    let pixels: Vec<u8> = image
        .to_rgba8()
        .pixels()
        .flat_map(|pixel| {
            let [red, green, blue, alpha] = pixel.0;
            [on_white(red, alpha), on_white(green, alpha), on_white(blue, alpha)]
        })
        .collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(&pixels, width, height, ExtendedColorType::Rgb8)
        .map_err(|_| Rejection::damaged("it can't be converted"))?;
    Ok(bytes)
}
