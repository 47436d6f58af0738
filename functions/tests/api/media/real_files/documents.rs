//! Office documents as programs and converters write them. Documents that Word, `LibreOffice`, Pages and Google Docs can
//! open are accepted.

use std::io::{Cursor, Write};

use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::accepted;
use crate::media::samples::zip_of;

const TYPES: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");
const RELATIONS: (&str, &[u8]) = ("_rels/.rels", b"<Relationships/>");
const LETTER: (&str, &[u8]) = ("word/document.xml", b"<x/>");

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Builds an archive with the sizes after each entry, as programs do that write to a stream.
fn streamed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ZipWriter::new_stream(&mut bytes);
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// Builds an archive with entries for folders, and sizes of 64 bits.
fn with_folders(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for folder in ["_rels/", "word/"] {
        writer.add_directory(folder, SimpleFileOptions::default()).unwrap();
    }
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default().large_file(true)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn the_order_the_case_of_names_and_the_encoding_may_vary() {
    let types = utf16("<?xml version=\"1.0\" encoding=\"UTF-16\"?><Types/>");
    for (name, bytes) in [
        ("types last", zip_of(&[LETTER, RELATIONS, TYPES])),
        ("UTF-16", zip_of(&[("[Content_Types].xml", &types), RELATIONS, LETTER])),
        (
            "other capitals",
            zip_of(&[("[content_types].xml", b"<Types/>"), ("_RELS/.rels", b"<x/>"), ("Word/document.xml", b"<x/>")]),
        ),
        ("backslashes", zip_of(&[TYPES, ("_rels\\.rels", b"<x/>"), ("word\\document.xml", b"<x/>")])),
        ("sizes behind the entries", streamed(&[TYPES, RELATIONS, LETTER])),
        ("folders", with_folders(&[TYPES, RELATIONS, LETTER])),
        ("a preview", zip_of(&[TYPES, RELATIONS, LETTER, ("docProps/thumbnail.jpeg", &[0xFF, 0xD8, 0xFF, 0xE0])])),
        (
            "an old object",
            zip_of(&[
                TYPES,
                RELATIONS,
                LETTER,
                ("word/embeddings/oleObject1.bin", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
            ]),
        ),
        ("a byte behind it", [zip_of(&[TYPES, RELATIONS, LETTER]), vec![b'\n']].concat()),
    ] {
        accepted("docx", name, bytes);
    }
}

#[test]
fn a_compressed_metafile_in_a_document_is_not_an_archive() {
    let mut image = vec![0; 200];
    image[0] = 1;
    image[40..44].copy_from_slice(b" EMF");
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&image).unwrap();
    let packed = packed.finish().unwrap();
    accepted("docx", "an image", zip_of(&[TYPES, RELATIONS, LETTER, ("word/media/image1.emz", &packed)]));
}

/// Builds an `OpenDocument` text with these entries in order. Its type is stored with the compression `method`.
fn open_document(entries: &[&str], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in entries {
        let method = if *name == "mimetype" { method } else { CompressionMethod::Deflated };
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        let content = if *name == "mimetype" { "application/vnd.oasis.opendocument.text" } else { "<x/>" };
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn the_type_of_an_open_document_may_be_compressed_and_at_any_place() {
    let usual = ["mimetype", "content.xml", "META-INF/manifest.xml"];
    let packed_again = ["META-INF/manifest.xml", "content.xml", "mimetype"];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        accepted("odt", "the usual order", open_document(&usual, method));
        accepted("odt", "packed again", open_document(&packed_again, method));
    }
    let types = b"application/vnd.oasis.opendocument.text\n";
    accepted(
        "odt",
        "a line's end",
        zip_of(&[("mimetype", types), ("content.xml", b"<x/>"), ("META-INF/manifest.xml", b"<x/>")]),
    );
}
