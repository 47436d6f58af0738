//! Photos with the data that phones add, and variants of image formats.

use image::{DynamicImage, ExtendedColorType, GenericImageView, ImageEncoder, ImageFormat};
use lyceum::media::checks::{self, Frame};

use super::{accepted, refused};
use crate::media::checks::{format, ranged};
use crate::media::hostile::crc;
use crate::media::samples;

fn behind(first: &[u8], second: &[u8]) -> Vec<u8> {
    [first, second].concat()
}

fn picture_of(extension: &str, bytes: Vec<u8>) -> DynamicImage {
    let made = checks::render(&mut ranged(bytes), format(extension), Frame::PICTURE);
    let made = made.unwrap_or_else(|refused| panic!("{extension}: {refused:?}"));
    image::load_from_memory_with_format(&made, ImageFormat::Jpeg).unwrap()
}

/// Data that cameras and programs add after the end of an image.
fn rests() -> Vec<(&'static str, Vec<u8>)> {
    let samsung =
        [b"\0\0\x01\x0A\x0E\0\0\0Image_UTC_Data1700000000000SEFHj\0\0\0\x01\0\0\0", &[0; 12][..], b"$\0\0\0SEFT"];
    vec![
        ("a line feed", b"\n".to_vec()),
        ("padding", vec![0; 4096]),
        ("a Samsung trailer", samsung.concat()),
        ("a Motion Photo's video", samples::mp4()),
        ("a second image", samples::image(ImageFormat::Jpeg, 20, 20)),
        ("a comment", b"<!-- cached by a server -->".to_vec()),
    ]
}

#[test]
fn data_after_the_end_of_an_image_is_accepted() {
    for (extension, format) in [("jpg", ImageFormat::Jpeg), ("png", ImageFormat::Png), ("webp", ImageFormat::WebP)] {
        let image = samples::image(format, 400, 200);
        for (name, rest) in rests() {
            let facts = accepted(extension, name, behind(&image, &rest));
            assert_eq!((facts.width, facts.height), (Some(400), Some(200)), "{extension} with {name}");
            assert_eq!(picture_of(extension, behind(&image, &rest)).dimensions(), (256, 256));
        }
    }
}

#[test]
fn up_to_16_mib_may_follow_a_photo() {
    let photo = samples::image(ImageFormat::Jpeg, 40, 30);
    accepted("jpg", "16 MiB", behind(&photo, &vec![0; 16 << 20]));
    assert_eq!(refused("jpg", "more", behind(&photo, &vec![0; (16 << 20) + 1])), "damaged");
}

#[test]
fn only_complete_tags_after_an_image_count_as_a_web_page_at_any_position() {
    let photo = samples::image(ImageFormat::Jpeg, 40, 30);
    for padding in 65_490..65_550 {
        accepted("jpg", "a header", behind(&photo, &[&vec![0; padding][..], b"<header>"].concat()));
        let page = behind(&photo, &[&vec![0; padding][..], b"<head>"].concat());
        assert_eq!(refused("jpg", "a head", page), "two_formats", "{padding}");
    }
}

#[test]
fn an_image_that_was_cut_off_is_damaged_even_with_data_after_it() {
    for (extension, format) in [("jpg", ImageFormat::Jpeg), ("png", ImageFormat::Png), ("webp", ImageFormat::WebP)] {
        let image = samples::image(format, 400, 200);
        let cut = &image[..image.len() * 9 / 10];
        assert_eq!(refused(extension, "cut off", cut.to_vec()), "damaged", "{extension}");
        assert_eq!(refused(extension, "cut off and padded", behind(cut, &[0; 9])), "damaged", "{extension}");
    }
}

#[test]
fn a_preview_in_a_photo_does_not_end_the_photo() {
    let photo = samples::image(ImageFormat::Jpeg, 400, 200);
    let preview = samples::image(ImageFormat::Jpeg, 8, 8);
    let length = u16::try_from(preview.len() + 2).unwrap().to_be_bytes();
    let with_preview = [&photo[..2], &[0xFF, 0xE2], &length, &preview, &[0xFF, 0xFF], &photo[2..]].concat();
    assert_eq!(accepted("jpg", "a preview", with_preview.clone()).width, Some(400));
    assert_eq!(refused("jpg", "a preview", with_preview[..with_preview.len() - 2].to_vec()), "damaged");
}

#[test]
fn a_few_bytes_between_the_segments_of_a_photo_are_skipped() {
    let photo = samples::image(ImageFormat::Jpeg, 400, 200);
    let between = [&photo[..2], &[0x3F, 0x3E], &[0; 14], &photo[2..]].concat();
    // the signature is three bytes long
    assert_eq!(refused("jpg", "before the first segment", between), "wrong_type");
    let first = 4 + usize::from(u16::from_be_bytes([photo[4], photo[5]]));
    let between = [&photo[..first], &[0x3F, 0x3E, 0x00, 0x0E], b"Adobe\0d", &photo[first..]].concat();
    assert_eq!(accepted("jpg", "behind the first segment", between.clone()).width, Some(400));
    assert_eq!(picture_of("jpg", between).dimensions(), (256, 256));
}

/// Returns a CMYK JPEG of 8 × 8 pixels. Each of its four blocks is a difference of 0 and an end, in two bits.
fn cmyk() -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    jpeg.extend([1; 64]);
    jpeg.extend([0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0]);
    for table in [0x00, 0x10] {
        jpeg.extend([0xFF, 0xC4, 0, 20, table, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    jpeg.extend([0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0, 0x00, 0xFF, 0xD9]);
    jpeg
}

/// Returns a PNG with 16 bits per channel.
fn deep() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgba16(samples::picture(300, 200).to_rgba16()).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Returns a grey PNG with transparency.
fn grey() -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = samples::picture(300, 200).to_luma_alpha8();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(&pixels, 300, 200, ExtendedColorType::La8).unwrap();
    bytes
}

fn chunk(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let content = [kind, body].concat();
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &content, &crc(&content).to_be_bytes()].concat()
}

/// Returns an animated PNG of two frames. The first one is the image that all programs show.
fn animated_png() -> Vec<u8> {
    let png = samples::image(ImageFormat::Png, 300, 200);
    let data = png.windows(4).position(|kind| kind == b"IDAT").unwrap() - 4;
    let end = png.len() - 12;
    let frame = |number: u32| {
        let numbers = [number, 300, 200, 0, 0].map(u32::to_be_bytes).concat();
        chunk(b"fcTL", &[&numbers[..], &[0, 1, 0, 10, 0, 0]].concat())
    };
    let control = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let second = chunk(b"fdAT", &[&[0, 0, 0, 2], &png[data + 8..end - 4]].concat());
    [&png[..data], &control, &frame(0), &png[data..end], &frame(1), &second, &png[end..]].concat()
}

/// Returns an animated WebP with two frames of the same image.
fn animated_webp() -> Vec<u8> {
    let still = samples::image(ImageFormat::WebP, 300, 200);
    let chunk = |kind: &[u8], body: &[u8]| {
        let padding = vec![0; body.len() % 2];
        [kind, &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &padding].concat()
    };
    let size = [299_u32.to_le_bytes(), 199_u32.to_le_bytes()].map(|size| [size[0], size[1], size[2]]).concat();
    let frame = chunk(b"ANMF", &[&[0; 6][..], &size, &[100, 0, 0, 0], &still[12..]].concat());
    let header = chunk(b"VP8X", &[&[0x12, 0, 0, 0][..], &size].concat());
    let body = [&b"WEBP"[..], &header, &chunk(b"ANIM", &[0; 6]), &frame, &frame].concat();
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

#[test]
fn variants_that_can_be_decoded_become_pictures() {
    let of = |name: &'static str, extension: &'static str, bytes: Vec<u8>| (name, extension, bytes);
    for (name, extension, bytes) in [
        of("16 bits a channel", "png", deep()),
        of("grey with transparency", "png", grey()),
        of("an animation", "png", animated_png()),
        of("an animation", "webp", animated_webp()),
    ] {
        assert_eq!(accepted(extension, name, bytes.clone()).width, Some(300), "{name}");
        assert_eq!(picture_of(extension, bytes).dimensions(), (256, 256), "{name}");
    }
    assert_eq!(accepted("jpg", "four inks", cmyk()).width, Some(8));
    assert_eq!(picture_of("jpg", cmyk()).dimensions(), (256, 256));
}

#[test]
fn the_first_frame_of_an_animation_is_the_picture() {
    for (extension, bytes) in [("png", animated_png()), ("webp", animated_webp())] {
        let picture = picture_of(extension, bytes);
        let (left, right) = (picture.get_pixel(20, 128), picture.get_pixel(235, 128));
        assert!(left[0] > 150 && left[2] < 80 && right[2] > 150 && right[0] < 80, "{extension}: {left:?} {right:?}");
    }
}

#[test]
fn a_variant_that_can_not_be_decoded_can_be_a_document_but_not_a_picture() {
    let mut arithmetic = samples::image(ImageFormat::Jpeg, 40, 30);
    let frame = arithmetic.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    arithmetic[frame + 1] = 0xC9;
    assert_eq!(accepted("jpg", "arithmetic coding", arithmetic.clone()).width, Some(40));
    let refused = checks::render(&mut ranged(arithmetic), format("jpg"), Frame::PICTURE).unwrap_err();
    assert_eq!(refused.code, "unsupported_image", "{refused:?}");
}

#[test]
fn a_photo_of_96_megapixels_can_be_a_document_but_not_a_picture() {
    let mut photo = samples::image(ImageFormat::Jpeg, 40, 30);
    let frame = photo.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    photo[frame + 5..frame + 9].copy_from_slice(&[8000_u16.to_be_bytes(), 12_000_u16.to_be_bytes()].concat());
    assert_eq!(accepted("jpg", "96 megapixels", photo.clone()).width, Some(12_000));
    let refused = checks::render(&mut ranged(photo), format("jpg"), Frame::PICTURE).unwrap_err();
    assert_eq!(refused.code, "image_too_large");
    assert!(refused.reason.contains("12000 × 8000") && refused.reason.contains("25 million"), "{}", refused.reason);
}
