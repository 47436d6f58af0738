//! Plain text, Markdown and CSV: UTF-8 without control characters. It is served as an attachment of its own type, so
//! markup in the middle of it is only text; a whole page is turned down, since a browser that guesses would run it.

use std::io::Read;

use super::{Facts, Ranged, Rejection, Source, Verdict, other_type};

/// How a page of HTML, an SVG image or an XML document begins (the marks of WHATWG's sniffing that no Markdown begins
/// with).
const MARKUP: [&[u8]; 11] = [
    b"<!doctype",
    b"<html",
    b"<head",
    b"<body",
    b"<script",
    b"<iframe",
    b"<style",
    b"<title",
    b"<svg",
    b"<?xml",
    b"<?php",
];

/// What is written as text, and is none.
const DOCUMENTS: [&[u8]; 3] = [b"%PDF-", b"%!PS", b"{\\rtf"];

pub fn check<S: Source>(file: &mut Ranged<S>, head: &[u8]) -> Verdict<Facts> {
    if is_markup(head) {
        return Err(markup());
    }
    if DOCUMENTS.iter().any(|mark| head.starts_with(mark)) {
        return Err(other_type(head, "plain text"));
    }
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Err(Rejection::new("wrong_encoding", "The text is in UTF-16. Save it as UTF-8."));
    }
    file.grant(super::Budget { requests: 1_000, fetched: file.size() + (1 << 20), read: file.size() + (1 << 20) });
    file.bytes_at(0, 0)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut kept = 0; // the beginning of a character whose end is not read yet
    loop {
        let Some(rest) = buffer.get_mut(kept..) else { return Err(not_utf8()) };
        let length = file.read(rest)?;
        if length == 0 {
            return if kept == 0 { Ok(Facts::default()) } else { Err(not_utf8()) };
        }
        let read = buffer.get(..kept + length).unwrap_or_default();
        let valid = match std::str::from_utf8(read) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(not_utf8()),
        };
        let (whole, begun) = read.split_at(valid);
        if whole.iter().any(|byte| matches!(byte, 0..=8 | 11 | 14..=26 | 28..=31 | 127)) {
            return Err(Rejection::new("not_text", "The file holds characters that no text has. Is it one?"));
        }
        kept = begun.len();
        let begun = begun.to_vec();
        buffer.splice(..kept, begun);
    }
}

fn not_utf8() -> Rejection {
    Rejection::new("wrong_encoding", "The text is not in UTF-8. Save it as UTF-8.")
}

pub(super) fn markup() -> Rejection {
    Rejection::new("markup", "HTML, SVG and XML files are not accepted, under no name. Pack it into a ZIP archive.")
}

/// Whether a browser would take it for a page, whatever stands before: a byte order mark, white space, comments.
pub(super) fn is_markup(head: &[u8]) -> bool {
    let mut rest = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    loop {
        rest = rest.trim_ascii_start();
        let Some(comment) = rest.strip_prefix(b"<!--") else { break };
        match comment.windows(3).position(|end| end == b"-->") {
            Some(end) => rest = comment.get(end + 3..).unwrap_or_default(),
            None => return false,
        }
    }
    MARKUP.iter().any(|mark| rest.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark)))
}
