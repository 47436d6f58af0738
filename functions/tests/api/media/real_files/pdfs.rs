//! PDF files as scanners, printers, mail programs and web servers write or change them.

use super::{accepted, refused};
use crate::media::checks::check;
use crate::media::samples::{pdf, pdf_of};

fn around(before: &[u8], after: &[u8]) -> Vec<u8> {
    [before, &pdf(), after].concat()
}

/// Returns the sample with a text replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(pdf()).unwrap();
    assert!(text.contains(from));
    text.replace(from, to).into_bytes()
}

/// Returns where the sample's table begins.
fn table() -> usize {
    pdf().windows(5).position(|word| word == b"xref\n").unwrap()
}

/// Returns the sample with another declared position of its table.
fn with_table_at(place: &str) -> Vec<u8> {
    let text = String::from_utf8(pdf()).unwrap();
    let (before, end) = text.split_once("startxref\n").unwrap();
    let (_, mark) = end.split_once('\n').unwrap();
    format!("{before}{place}{mark}").into_bytes()
}

#[test]
fn data_before_the_header_is_accepted() {
    for (name, before) in [
        ("a byte order mark", &b"\xEF\xBB\xBF"[..]),
        ("a line feed", b"\n"),
        ("a tab", b"\t"),
        ("white space", b" \r\n\t \r\n"),
        ("zeros", &[0; 128]),
        ("a printer's header", b"\x1B%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n"),
        ("a print ticket", b"%%BEGIN_TICKET: 1\r\n%%COPIES: 2\r\n"),
        ("a mail's header", b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n\r\n"),
        ("words", b"Some words before the header\n\n"),
    ] {
        accepted("pdf", name, around(before, b""));
    }
    accepted("pdf", "1,000 bytes", around(&[b'x'; 1000], b""));
}

#[test]
fn data_after_the_end_is_accepted() {
    for (name, after) in [
        ("a line feed", &b"\r\n"[..]),
        ("zeros", &[0; 5000]),
        ("a printer's end", b"\x1B%-12345X@PJL EOJ\r\n\x1B%-12345X"),
        ("a server's comment", b"\n<!-- served from a cache in 0.1 seconds -->\n"),
        ("a signature of a mail program", b"\r\n--boundary--\r\n"),
    ] {
        accepted("pdf", name, around(b"", after));
    }
    accepted("pdf", "both", around(b"\n\n", &vec![0; 70_000]));
}

#[test]
fn a_table_that_readers_can_rebuild_is_accepted() {
    for (name, bytes) in [
        ("a place a little before the table", with_table_at(&format!("startxref\n{}\n", table() - 2))),
        ("a place elsewhere", with_table_at("startxref\n7\n")),
        ("the place 0", with_table_at("startxref\n0\n")),
        ("a place beyond the end", with_table_at("startxref\n999999999999\n")),
        ("no place", with_table_at("")),
        ("no table", with("xref\n0 1\n0000000000 65535 f \n", "")),
        ("carriage returns", String::from_utf8(pdf()).unwrap().replace('\n', "\r").into_bytes()),
        ("longer line ends", String::from_utf8(pdf()).unwrap().replace('\n', "\r\n").into_bytes()),
        ("no mark of the end", with("%%EOF\n", "")),
    ] {
        accepted("pdf", name, bytes);
    }
}

#[test]
fn cross_reference_streams_and_updates_are_accepted() {
    let stream = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog >>\nendobj\n";
    let table = format!(
        "2 0 obj\n<< /Type /XRef /Root 1 0 R /Size 3 >>\nstream\nx\nendstream\nendobj\nstartxref\n{}\n%%EOF",
        stream.len()
    );
    accepted("pdf", "a stream", [stream, table.as_bytes()].concat());
    let begin = pdf();
    let update = format!(
        "3 0 obj\n<<>>\nendobj\nxref\n3 1\n{:010} 00000 n \ntrailer\n<< /Size 4 /Root 1 0 R /Prev 0 /XRefStm 9 >>\nstartxref\n{}\n%%EOF\n",
        begin.len(),
        begin.len() + 22
    );
    accepted("pdf", "an update", [&begin, update.as_bytes()].concat());
    accepted("pdf", "made for the web", pdf_of("2 0 obj\n<</Linearized 1/L 190/H [ 1 2 ]>>\nendobj\n"));
}

#[test]
fn a_pdf_that_was_cut_off_is_damaged() {
    let whole = pdf_of(&"2 0 obj\n<< /Length 9 >>\nendobj\n".repeat(50));
    for percent in [10, 50, 90, 95, 99] {
        assert_eq!(refused("pdf", "cut off", whole[..whole.len() * percent / 100].to_vec()), "damaged");
    }
    let first_page = |length: u32| {
        format!(
            "%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L {length} >>\nendobj\ntrailer << /Root 2 0 R >>\nstartxref\n0\n%%EOF\n"
        )
    };
    assert_eq!(refused("pdf", "the first page of one", first_page(5000).into_bytes()), "damaged");
    accepted("pdf", "all of one", first_page(100).into_bytes());
}

#[test]
fn the_message_for_a_broken_pdf_does_not_name_pdf_as_its_actual_type() {
    let refused = check("pdf", b"%PDF-9.9\nxref\nstartxref\n9\n%%EOF".to_vec()).unwrap_err();
    assert_eq!(refused.code, "wrong_type");
    assert!(!refused.reason.contains("but"), "{}", refused.reason);
}
