//! Archives with false declarations, and archives that would do harm when they are unpacked.

use super::{Hostile, crc, one};
use crate::media::samples;

/// An entry of an archive, with any values in its header.
#[derive(Clone)]
struct Raw<'a> {
    name: &'a [u8],
    bytes: Vec<u8>,
    unpacked: u32,
    method: u16,
    flags: u16,
    mode: u32,
    sum: u32,
}

fn raw<'a>(name: &'a [u8], bytes: &[u8]) -> Raw<'a> {
    let unpacked = u32::try_from(bytes.len()).unwrap();
    Raw { name, bytes: bytes.to_vec(), unpacked, method: 0, flags: 0x800, mode: 0o100_644, sum: crc(bytes) }
}

/// Builds an archive. Its list names the entries at the indexes in `listed_again` a second time.
fn raw_zip(entries: &[Raw], listed_again: &[usize]) -> Vec<u8> {
    let (mut file, mut places) = (Vec::new(), Vec::new());
    let middle = |entry: &Raw| {
        let mut bytes = Vec::new();
        for short in [20, entry.flags, entry.method, 0, 0x5821] {
            bytes.extend(short.to_le_bytes());
        }
        for long in [entry.sum, u32::try_from(entry.bytes.len()).unwrap(), entry.unpacked] {
            bytes.extend(long.to_le_bytes());
        }
        bytes.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    };
    for entry in entries {
        places.push(u32::try_from(file.len()).unwrap());
        file.extend([b"PK\x03\x04", &middle(entry)[..], entry.name, &entry.bytes].concat());
    }
    let start = u32::try_from(file.len()).unwrap();
    let listed: Vec<usize> = (0..entries.len()).chain(listed_again.iter().copied()).collect();
    for index in &listed {
        let entry = &entries[*index];
        file.extend([b"PK\x01\x02\x14\x03", &middle(entry)[..], &[0; 6]].concat());
        file.extend([(entry.mode << 16).to_le_bytes(), places[*index].to_le_bytes()].concat());
        file.extend(entry.name);
    }
    let size = u32::try_from(file.len()).unwrap() - start;
    let count = u16::try_from(listed.len()).unwrap().to_le_bytes();
    file.extend(
        [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat(),
    );
    file
}

pub(super) fn bombs() -> Vec<Hostile> {
    let zeros = vec![0; 64 << 20];
    let small = raw(b"x", b"0123456789");
    vec![
        one("zip", "archive_bomb", "64-mib-of-nothing", samples::zip_of(&[("zeros", &zeros)])),
        one("docx", "archive_bomb", "a-document-of-nothing", samples::zip_of(&[("[Content_Types].xml", &zeros)])),
        one("zip", "damaged", "more-than-it-says", raw_zip(&[Raw { unpacked: 3, ..small.clone() }], &[])),
        one("zip", "archive_bomb", "less-than-it-says", raw_zip(&[Raw { unpacked: 3000, ..small.clone() }], &[])),
        one("zip", "archive_bomb", "gigabytes-it-says", raw_zip(&[Raw { unpacked: 2 << 30, ..small.clone() }], &[])),
        one("zip", "damaged", "one-entry-listed-often", raw_zip(&[small.clone(), raw(b"y", b"1")], &[0, 0, 0])),
        one("zip", "nested_archive", "an-archive-in-it", samples::zip_of(&[("inner.zip", &samples::zip())])),
        one(
            "zip",
            "nested_archive",
            "an-archive-under-another-name",
            samples::zip_of(&[("inner.txt", &samples::zip())]),
        ),
        one("zip", "nested_archive", "a-gzip-in-it", samples::zip_of(&[("a.gz", &[0x1F, 0x8B, 8, 0])])),
        one("zip", "nested_archive", "a-7z-in-it", samples::zip_of(&[("a.7z", b"7z\xBC\xAF\x27\x1C")])),
    ]
}

pub(super) fn names() -> Vec<Hostile> {
    let names: [&[u8]; 18] = [
        b"../evil",
        b"a/../../evil",
        b"/etc/passwd",
        b"..\\evil",
        b"a\\b",
        b"C:evil",
        b"C:\\evil",
        b"a//b",
        b"./a",
        b"a/./b",
        b"..",
        b"a/..",
        b"//server/share",
        b"a\0b",
        b"a\nb",
        b"a\x1B[31mb",
        b"file:stream",
        b"\\\\?\\C:\\x",
    ];
    let mut files: Vec<_> = names
        .into_iter()
        .map(|name| {
            one(
                "zip",
                "unsafe_name",
                String::from_utf8_lossy(name).escape_debug().to_string(),
                raw_zip(&[raw(name, b"1")], &[]),
            )
        })
        .collect();
    let long = [b'a'; 300];
    files.push(one("zip", "unsafe_name", "a-long-name", raw_zip(&[raw(&long, b"1")], &[])));
    let link = Raw { mode: 0o120_777, ..raw(b"link", b"/etc/passwd") };
    files.push(one("zip", "unsafe_name", "a-link", raw_zip(&[link], &[])));
    files.push(one("zip", "unsafe_name", "but-for-capitals", raw_zip(&[raw(b"a", b"1"), raw(b"A", b"2")], &[])));
    files.push(one(
        "docx",
        "unsafe_name",
        "a-way-out-of-a-document",
        raw_zip(&[raw(b"[Content_Types].xml", b"1"), raw(b"../x", b"2")], &[]),
    ));
    files
}

/// Returns the archive with a ZIP64 end record, which says how many entries there are and where their list begins.
pub fn zip64_end(zip: &[u8], entries: u64, list: Option<u64>) -> Vec<u8> {
    let (body, end) = zip.split_at(zip.len() - 22);
    let number = |at: usize| u64::from(u32::from_le_bytes(end[at..at + 4].try_into().unwrap()));
    let (size, start) = (number(12), list.unwrap_or(number(16)));
    let mut large = [b"PK\x06\x06", &44_u64.to_le_bytes()[..], &[45, 0, 45, 0], &[0; 8]].concat();
    for number in [entries, entries, size, start] {
        large.extend(number.to_le_bytes());
    }
    let locator = [b"PK\x06\x07\0\0\0\0", &(body.len() as u64).to_le_bytes()[..], &[1, 0, 0, 0]].concat();
    [body, &large, &locator, b"PK\x05\x06\0\0\0\0", &[0xFF; 12], &[0, 0]].concat()
}

pub(super) fn lying() -> Vec<Hostile> {
    let good = raw_zip(&[raw(b"a", b"1")], &[]);
    let changed = |from_end: usize, bytes: &[u8]| {
        let mut zip = good.clone();
        let at = zip.len() - from_end;
        zip[at..at + bytes.len()].copy_from_slice(bytes);
        zip
    };
    let with = |entry: Raw| raw_zip(&[entry], &[]);
    let mut large = good.clone();
    let end = large.split_off(large.len() - 22);
    large.extend([&b"PK\x06\x07"[..], &[0; 16], &end].concat());
    let many: Vec<_> = (0..10_001).map(|number| format!("{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| raw(name.as_bytes(), b"")).collect();
    vec![
        one("zip", "damaged", "twice-the-same", raw_zip(&[raw(b"a", b"1"), raw(b"a", b"2")], &[])),
        one("zip", "encrypted", "encrypted", with(Raw { flags: 1, ..raw(b"a", b"0123456789abcdef") })),
        one("zip", "unusual_compression", "bzip2", with(Raw { method: 12, ..raw(b"a", b"1") })),
        one("zip", "unusual_compression", "lzma", with(Raw { method: 14, ..raw(b"a", b"1") })),
        one("zip", "unusual_compression", "nobody-knows", with(Raw { method: 77, ..raw(b"a", b"1") })),
        one("zip", "damaged", "a-wrong-sum", with(Raw { sum: 7, ..raw(b"a", b"1") })),
        one("zip", "damaged", "no-deflation", with(Raw { method: 8, ..raw(b"a", b"\xFF\xFF\xFF\xFF") })),
        one("zip", "too_many_entries", "ten-thousand-and-one", raw_zip(&many, &[])),
        one("zip", "too_many_entries", "as-many-as-it-says", changed(12, &[0xFF, 0xFF])),
        one("zip", "damaged", "one-more-than-there-is", changed(14, &[2, 0, 2, 0])),
        one("zip", "damaged", "a-list-elsewhere", changed(6, &[0, 0, 0, 0])),
        one("zip", "too_many_entries", "a-list-of-gigabytes", changed(10, &[0xFF; 4])),
        one("zip", "damaged", "a-comment-that-is-not-there", changed(2, &[9, 0])),
        one("zip", "damaged", "another-disk", changed(18, &[1, 0])),
        one("zip", "damaged", "a-large-archives-end", large),
        one("zip", "too_many_entries", "a-large-archive-of-a-million", zip64_end(&good, 1_000_000, None)),
        one("zip", "too_many_entries", "a-large-archive-of-all-there-are", zip64_end(&good, u64::MAX, None)),
        one("zip", "damaged", "a-large-archive-that-begins-elsewhere", zip64_end(&good, 1, Some(7))),
        one("zip", "damaged", "a-large-archive-that-wraps-around", zip64_end(&good, 1, Some(u64::MAX - 3))),
        one("zip", "empty", "empty", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
        one("zip", "damaged", "only-a-beginning", b"PK\x03\x04".to_vec()),
    ]
}

/// Builds a document whose list of parts (in UTF-16) names macros.
fn renamed_macros(content_type: &[u8]) -> Vec<u8> {
    let text = format!("\u{feff}<Types><Override ContentType=\"{}\"/></Types>", String::from_utf8_lossy(content_type));
    let types: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    samples::zip_of(&[
        ("[Content_Types].xml", &types),
        ("_rels/.rels", b"2"),
        ("word/document.xml", b"3"),
        ("word/x.bin", b"4"),
    ])
}

/// Builds a binary Office file whose directory begins in the second sector, with this name.
fn binary_office(name: &str) -> Vec<u8> {
    let mut bytes = vec![0; 2048];
    bytes[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    bytes[30] = 9; // sectors of 512 bytes
    bytes[48] = 1;
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes[1024..1024 + name.len()].copy_from_slice(&name);
    bytes
}

/// Archives in archives and in documents, under misleading names.
pub(super) fn nested() -> Vec<Hostile> {
    let zip = samples::zip_of(&[("a.txt", b"1")]);
    let document = |name: &str, bytes: &[u8]| {
        samples::zip_of(&[
            ("[Content_Types].xml", b"1"),
            ("_rels/.rels", b"2"),
            ("word/document.xml", b"3"),
            (name, bytes),
        ])
    };
    let open_document = |bytes: &[u8]| {
        let text = b"application/vnd.oasis.opendocument.text";
        samples::zip_of(&[
            ("mimetype", text),
            ("content.xml", b"1"),
            ("META-INF/manifest.xml", b"2"),
            ("Pictures/x.png", bytes),
        ])
    };
    let in_zip = |name: &str, bytes: &[u8]| samples::zip_of(&[(name, bytes)]);
    let archives: [(&str, Vec<u8>); 9] = [
        ("zip", zip.clone()),
        ("zip-behind-a-program", [b"MZ\x90\0 0123456789", &zip[..]].concat()),
        ("zip-with-padding", [&zip[..], &[0; 900]].concat()),
        ("rar", b"Rar!\x1A\x07\x01\0".to_vec()),
        ("bzip2", b"BZh91AY&SY".to_vec()),
        ("xz", b"\xFD7zXZ\0\0".to_vec()),
        ("zstd", b"\x28\xB5\x2F\xFD\0\0\0\0".to_vec()),
        ("cab", b"MSCF\0\0\0\0".to_vec()),
        ("tar", [&[b'a'; 257][..], b"ustar\x0000", &[0; 300]].concat()),
    ];
    let mut files = Vec::new();
    for (name, archive) in archives {
        files.push(one("zip", "nested_archive", format!("{name}-as-a-picture"), in_zip("a.jpg", &archive)));
        files.push(one("zip", "nested_archive", format!("{name}-without-an-ending"), in_zip("a", &archive)));
        files.push(one(
            "docx",
            "nested_archive",
            format!("{name}-in-docx"),
            document("word/media/image1.png", &archive),
        ));
        files.push(one("odt", "nested_archive", format!("{name}-in-odt"), open_document(&archive)));
        let inner = document("word/x.docx", &archive);
        files.push(one("zip", "nested_archive", format!("{name}-in-docx-in-zip"), in_zip("a.docx", &inner)));
    }
    let deep = document("a.docx", &document("b.docx", &document("c.docx", &samples::docx())));
    let bomb = samples::zip_of(&[("[Content_Types].xml", &vec![0; 64 << 20]), ("_rels/.rels", b"2")]);
    let gzip = b"\x1F\x8B\x08\0\0\0\0\0\0\x03\x01\x04\0\xFB\xFFPK\x03\x04";
    files.extend([
        one("zip", "nested_archive", "documents-in-documents", in_zip("x.docx", &deep)),
        one("zip", "nested_archive", "an-archive-called-docx", in_zip("x.docx", &zip)),
        one("zip", "nested_archive", "a-broken-archive-called-docx", in_zip("x.docx", b"PK\x03\x04 0123456789")),
        one("zip", "archive_bomb", "a-bomb-in-a-document", in_zip("x.docx", &bomb)),
        one("zip", "unsafe_name", "a-way-out-of-a-document-in-an-archive", in_zip("x.docx", &document("../x", b"1"))),
        one("docx", "unsafe_name", "a-way-out-of-a-document-with-backslashes", document("word\\..\\..\\x", b"1")),
        one("docx", "nested_archive", "a-packed-image-that-is-none", document("word/media/image1.emz", gzip)),
    ]);
    files
}

pub(super) fn lying_office() -> Vec<Hostile> {
    let docx = |more: &str| {
        samples::zip_of(&[
            ("[Content_Types].xml", b"1"),
            ("_rels/.rels", b"2"),
            ("word/document.xml", b"3"),
            (more, b"4"),
        ])
    };
    let text = b"application/vnd.oasis.opendocument.text";
    vec![
        one("docx", "macros", "macros", docx("word/vbaProject.bin")),
        one("docx", "macros", "macros-elsewhere", docx("x/VBAPROJECT.BIN")),
        one("xlsx", "wrong_type", "docx-as-xlsx", samples::docx()),
        one("docx", "wrong_type", "pptx-as-docx", samples::office("ppt")),
        one("docx", "wrong_type", "zip-as-docx", samples::zip()),
        one("docx", "wrong_type", "no-types", samples::zip_of(&[("_rels/.rels", b"1"), ("word/document.xml", b"2")])),
        one("docx", "wrong_type", "odt-as-docx", samples::open_document("text")),
        one("odt", "wrong_type", "docx-as-odt", samples::docx()),
        one("odt", "wrong_type", "ods-as-odt", samples::open_document("spreadsheet")),
        one("odt", "wrong_type", "no-type", samples::zip_of(&[("content.xml", b"1"), ("META-INF/manifest.xml", b"2")])),
        one("docx", "macros", "macros-under-another-name", renamed_macros(b"application/vnd.ms-office.vbaProject")),
        one(
            "docx",
            "macros",
            "a-document-with-macros",
            renamed_macros(b"application/vnd.ms-word.document.macroEnabled.main+xml"),
        ),
        one("docx", "encrypted", "with-a-password", binary_office("EncryptedPackage")),
        one("xlsx", "encrypted", "with-a-password-in-capitals", binary_office("ENCRYPTEDPACKAGE")),
        one("docx", "wrong_type", "an-older-one", binary_office("WordDocument")),
        one("pdf", "wrong_type", "a-password-in-another-type", binary_office("EncryptedPackage")),
        one(
            "odt",
            "wrong_type",
            "no-contents",
            samples::zip_of(&[("mimetype", text), ("META-INF/manifest.xml", b"2")]),
        ),
        one("odp", "wrong_type", "zip-as-odp", samples::zip()),
        one(
            "odt",
            "encrypted",
            "odt-with-a-password",
            samples::zip_of(&[
                ("mimetype", text),
                ("content.xml", b"1"),
                ("META-INF/manifest.xml", b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"),
            ]),
        ),
        one(
            "odt",
            "macros",
            "macros-in-odt",
            samples::zip_of(&[
                ("mimetype", text),
                ("content.xml", b"1"),
                ("META-INF/manifest.xml", b"2"),
                ("Basic/script-lc.xml", b"3"),
            ]),
        ),
    ]
}
