//! Small valid files of every type, built in code.

use std::io::{Cursor, Write};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Builds a box of MP4.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "byte string literals have this type")]
pub fn mp4_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], kind, body].concat()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "byte string literals have this type")]
pub fn ftyp(brand: &[u8; 4]) -> Vec<u8> {
    mp4_box(b"ftyp", &[&brand[..], &[0, 0, 2, 0], brand, b"mp41"].concat())
}

/// Builds a movie header with this duration in milliseconds.
pub fn mvhd(duration: u32) -> Vec<u8> {
    let mut body = vec![0; 100];
    body[12..16].copy_from_slice(&1000_u32.to_be_bytes());
    body[16..20].copy_from_slice(&duration.to_be_bytes());
    mp4_box(b"mvhd", &body)
}

/// Builds a video track of this size.
pub fn trak(width: u16, height: u16) -> Vec<u8> {
    let mut tkhd = vec![0; 84];
    tkhd[76..78].copy_from_slice(&width.to_be_bytes());
    tkhd[80..82].copy_from_slice(&height.to_be_bytes());
    let hdlr = mp4_box(b"hdlr", &[&[0; 8][..], b"vide", &[0; 12], b"VideoHandler\0"].concat());
    let mdia = mp4_box(b"mdia", &hdlr);
    mp4_box(b"trak", &[mp4_box(b"tkhd", &tkhd), mdia].concat())
}

pub fn moov(duration: u32) -> Vec<u8> {
    mp4_box(b"moov", &[mvhd(duration), trak(640, 360)].concat())
}

/// Builds an MP4 of this duration in milliseconds, 640 × 360, with the description before the media.
pub fn mp4_of(duration: u32) -> Vec<u8> {
    [ftyp(b"isom"), moov(duration), mp4_box(b"mdat", &[7; 5000])].concat()
}

/// Returns an MP4 of 61 seconds.
pub fn mp4() -> Vec<u8> {
    mp4_of(61_000)
}

/// Returns an initialisation segment: a description without media.
pub fn mp4_initialisation() -> Vec<u8> {
    let moov = mp4_box(b"moov", &[mvhd(0), trak(1280, 720), mp4_box(b"mvex", &[])].concat());
    [ftyp(b"iso5"), moov].concat()
}

/// Returns an MP4 with the description after the media, whose box has a size of 64 bits.
pub fn mp4_with_description_last() -> Vec<u8> {
    let media = [&1_u32.to_be_bytes()[..], b"mdat", &5016_u64.to_be_bytes(), &[7; 5000]].concat();
    [ftyp(b"mp42"), media, moov(61_000)].concat()
}

/// Builds a fragmented MP4. `mehd` and `sidx` declare its duration in milliseconds.
pub fn mp4_in_fragments(mehd: Option<u32>, sidx: Option<u32>) -> Vec<u8> {
    let mehd = mehd.map_or_else(Vec::new, |ms| mp4_box(b"mehd", &[&[0; 4][..], &ms.to_be_bytes()].concat()));
    let mvex = mp4_box(b"mvex", &mehd);
    let moov = mp4_box(b"moov", &[mvhd(0), trak(1280, 720), mvex].concat());
    let sidx = sidx.map_or_else(Vec::new, |ms| {
        let reference = [1000_u32.to_be_bytes(), (ms / 2).to_be_bytes(), [0; 4]].concat();
        let head = [[0; 4], 1_u32.to_be_bytes(), 1000_u32.to_be_bytes(), [0; 4], [0; 4], [0, 0, 0, 2]].concat();
        mp4_box(b"sidx", &[head, reference.clone(), reference].concat())
    });
    let fragment = [mp4_box(b"moof", &[0; 40]), mp4_box(b"mdat", &[7; 500])].concat();
    [ftyp(b"iso5"), moov, sidx, fragment.repeat(2)].concat()
}

/// Builds an element of EBML with a size of 4 bytes.
pub fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap() | 0x1000_0000;
    [id, &size.to_be_bytes(), body].concat()
}

pub fn ebml(doc_type: &str) -> Vec<u8> {
    let versions = [element(&[0x42, 0x87], &[4]), element(&[0x42, 0x85], &[2])].concat();
    element(&[0x1A, 0x45, 0xDF, 0xA3], &[element(&[0x42, 0x82], doc_type.as_bytes()), versions].concat())
}

/// Builds the `Info` element of a segment, with a duration in milliseconds.
pub fn info(duration: Option<f64>) -> Vec<u8> {
    let scale = element(&[0x2A, 0xD7, 0xB1], &1_000_000_u32.to_be_bytes());
    let duration = duration.map_or_else(Vec::new, |ms| element(&[0x44, 0x89], &ms.to_be_bytes()));
    let apps = [element(&[0x4D, 0x80], b"test"), element(&[0x57, 0x41], b"test")].concat();
    element(&[0x15, 0x49, 0xA9, 0x66], &[scale, duration, apps].concat())
}

pub fn tracks() -> Vec<u8> {
    let video = [element(&[0xB0], &640_u16.to_be_bytes()), element(&[0xBA], &360_u16.to_be_bytes())].concat();
    let track = [
        element(&[0xD7], &[1]),
        element(&[0x73, 0xC5], &[1]),
        element(&[0x83], &[1]),
        element(&[0x86], b"V_VP9"),
        element(&[0xE0], &video),
    ];
    element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track.concat()))
}

pub fn cluster() -> Vec<u8> {
    element(
        &[0x1F, 0x43, 0xB6, 0x75],
        &[element(&[0xE7], &[0]), element(&[0xA3], &[0x81, 0, 0, 0x80, 1, 2, 3])].concat(),
    )
}

pub fn webm_of(doc_type: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    [ebml(doc_type), element(&[0x18, 0x53, 0x80, 0x67], &parts.concat())].concat()
}

/// Returns a `WebM` of 61 seconds, 640 × 360.
pub fn webm() -> Vec<u8> {
    webm_of("webm", &[info(Some(60_001.0)), tracks(), cluster(), cluster()])
}

/// Returns a `WebM` as browsers record it: of unknown size, without a duration.
pub fn webm_as_recorded() -> Vec<u8> {
    let unknown = |id: &[u8]| [id, &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]].concat();
    let (segment, cluster) = (unknown(&[0x18, 0x53, 0x80, 0x67]), unknown(&[0x1F, 0x43, 0xB6, 0x75]));
    [ebml("webm"), segment, info(None), tracks(), cluster, element(&[0xE7], &[0])].concat()
}

pub fn pdf_of(objects: &str) -> Vec<u8> {
    let body = format!("%PDF-1.4\n%\u{e2}\u{e3}\n1 0 obj\n<< /Type /Catalog >>\nendobj\n{objects}");
    let table = format!(
        "xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n",
        body.len()
    );
    [body, table].concat().into_bytes()
}

pub fn pdf() -> Vec<u8> {
    pdf_of("")
}

/// Builds an archive with these entries.
pub fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let method = if *name == "mimetype" { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn zip() -> Vec<u8> {
    zip_of(&[("read me.txt", b"Read me."), ("code/main.rs", b"fn main() {}"), ("übung.docx", &docx())])
}

pub fn office(folder: &str) -> Vec<u8> {
    let main = format!("{folder}/main.xml");
    zip_of(&[("[Content_Types].xml", b"<Types/>"), ("_rels/.rels", b"<Relationships/>"), (&main, b"<x/>")])
}

pub fn docx() -> Vec<u8> {
    office("word")
}

pub fn open_document(what: &str) -> Vec<u8> {
    let mimetype = format!("application/vnd.oasis.opendocument.{what}");
    zip_of(&[("mimetype", mimetype.as_bytes()), ("content.xml", b"<x/>"), ("META-INF/manifest.xml", b"<x/>")])
}

/// Returns an image with a red left half and a blue right half.
pub fn picture(width: u32, height: u32) -> DynamicImage {
    let pixel = |x, _| if x < width / 2 { Rgb([200, 0, 0]) } else { Rgb([0, 0, 200]) };
    RgbImage::from_fn(width, height, pixel).into()
}

pub fn image(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Returns a JPEG of a rotated camera: its orientation tag tells viewers to rotate it by 90 degrees clockwise.
pub fn jpeg_with_orientation(width: u32, height: u32) -> Vec<u8> {
    let tiff = [
        &b"II*\0\x08\0\0\0"[..],
        &[2, 0],
        &[0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], // orientation: rotate clockwise
        &[0x0E, 0x01, 2, 0, 17, 0, 0, 0, 38, 0, 0, 0], // a description
        &[0; 4],
        b"taken at my home\0",
    ]
    .concat();
    let exif = [&b"Exif\0\0"[..], &tiff].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let jpeg = image(ImageFormat::Jpeg, width, height);
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

/// Returns files of all types with their extensions.
pub fn one_of_each() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("mp4", mp4()),
        ("mp4", mp4_with_description_last()),
        ("mp4", mp4_in_fragments(Some(61_000), None)),
        ("mp4", mp4_in_fragments(None, Some(61_000))),
        ("webm", webm()),
        ("webm", webm_as_recorded()),
        ("pdf", pdf()),
        ("docx", docx()),
        ("xlsx", office("xl")),
        ("pptx", office("ppt")),
        ("odt", open_document("text")),
        ("ods", open_document("spreadsheet")),
        ("odp", open_document("presentation")),
        ("txt", "Grüße\nand <b>markup</b> in the middle".into()),
        ("md", "# Title\n\n<p align=\"center\">x</p>".into()),
        ("csv", "a;b\r\n1;2\r\n".into()),
        ("zip", zip()),
        ("png", image(ImageFormat::Png, 40, 30)),
        ("jpg", image(ImageFormat::Jpeg, 40, 30)),
        ("jpg", jpeg_with_orientation(40, 30)),
        ("webp", image(ImageFormat::WebP, 40, 30)),
    ]
}
