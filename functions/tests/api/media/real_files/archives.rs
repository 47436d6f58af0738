//! ZIP archives as operating systems and programs write them.

use super::{accepted, refused};
use crate::media::checks::check;
use crate::media::hostile::archives::zip64_end;
use crate::media::samples::{docx, office, open_document, pdf, zip_of};

#[test]
fn an_archive_may_contain_files_of_any_type_except_archives() {
    let binary = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", &[0; 600][..]].concat();
    let packed_theme = [&binary[..], &zip_of(&[("theme.xml", b"<x/>")]), &[0; 100]].concat();
    for (name, bytes) in [
        ("letter.rtf", &b"{\\rtf1 Dear all}"[..]),
        ("numbers.xls", &binary),
        ("letter.doc", &binary),
        ("slides.ppt", &packed_theme),
        ("data.sqlite", b"SQLite format 3\0\x10\0\x01\x01"),
        ("figure.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        ("figure.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        ("page.html", b"<!DOCTYPE html><p>x"),
        ("handout.pdf", &pdf()),
        ("font.eot", &[&[0; 34][..], b"LP", &[0; 20]].concat()),
        ("scan.dcm", &[&[0; 128][..], b"DICM", &[0; 20]].concat()),
        ("setup.msi", &binary),
        ("program.exe", b"MZ\x90\0\x03\0\0\0"),
        ("empty.txt", b""),
        ("letter.docx", &docx()),
        ("numbers.xlsx", &office("xl")),
        ("letter.odt", &open_document("text")),
        ("a document under another name", &docx()),
    ] {
        accepted("zip", name, zip_of(&[("read me.txt", b"Read me."), (name, bytes)]));
    }
}

#[test]
fn an_epub_counts_as_a_document() {
    let book =
        zip_of(&[("mimetype", b"application/epub+zip"), ("META-INF/container.xml", b"<x/>"), ("a.xhtml", b"<x/>")]);
    accepted("zip", "an EPUB", zip_of(&[("book.epub", &book)]));
}

#[test]
fn a_document_may_contain_the_workbook_of_a_chart() {
    let letter = zip_of(&[
        ("[Content_Types].xml", b"1"),
        ("_rels/.rels", b"2"),
        ("word/document.xml", b"3"),
        ("word/embeddings/Workbook1.xlsx", &office("xl")),
    ]);
    accepted("docx", "with a workbook", letter.clone());
    accepted("zip", "with a workbook", zip_of(&[("letter.docx", &letter)]));
}

#[test]
fn a_small_archive_may_have_a_zip64_end_record() {
    let zip = zip_of(&[("a.txt", b"1")]);
    accepted("zip", "an end with its own numbers elsewhere", zip64_end(&zip, 1, None));
    let mut both = zip64_end(&zip, 1, None);
    let at = both.len() - 22;
    both.splice(at.., zip[zip.len() - 22..].iter().copied());
    accepted("zip", "both ends with numbers", both);
}

#[test]
fn a_comment_or_a_few_bytes_may_follow_an_archive() {
    let zip = zip_of(&[("a.txt", b"1")]);
    let comment = [&zip[..zip.len() - 2], &[5, 0], b"hello"].concat();
    accepted("zip", "a comment", comment.clone());
    for rest in [&b"\n"[..], &[0; 512], b"\x1A"] {
        accepted("zip", "a rest", [&zip, rest].concat());
        accepted("zip", "a comment and a rest", [&comment, rest].concat());
    }
}

#[test]
fn the_rejection_names_the_entry_that_is_an_archive() {
    let inner = zip_of(&[("a.txt", b"1")]);
    let why = check("zip", zip_of(&[("photos/Übung.jpg", &inner)])).unwrap_err();
    assert_eq!(why.code, "nested_archive");
    assert!(why.reason.contains("photos/Übung.jpg"), "{}", why.reason);
    assert_eq!(refused("zip", "a compressed file", zip_of(&[("a.gz", &[0x1F, 0x8B, 8, 0])])), "nested_archive");
}
