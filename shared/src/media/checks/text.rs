//! Plain text, Markdown and CSV, in any encoding that editors and spreadsheets write. Such files are served as attachments
//! of their own type, so HTML tags in them are harmless text. A complete HTML page is refused, because a browser that
//! guesses types would run it.

use super::surroundings::Content;
use super::{Budget, Facts, Format, Ranged, Rejection, Source, Verdict, wrong_type};

/// The beginnings of HTML pages, SVG images and scripts: the tags of the WHATWG's MIME sniffing that don't begin Markdown.
const MARKUP: [&str; 12] =
    ["<!doctype", "<html", "<head", "<body", "<script", "<iframe", "<style", "<title", "<svg", "<?xml", "<?php", "<?="];
/// The tags that make a file a web page even in its middle.
const PAGE: [&str; 7] = ["<!doctype", "<html", "<head", "<body", "<script", "<iframe", "<svg"];
/// The beginnings of document formats that consist of text.
const DOCUMENTS: [&[u8]; 3] = [b"%PDF-", b"%!PS", b"{\\rtf"];

/// The bytes that are searched for a tag: comments may come before the first one.
const BEGINNING: usize = 64 * 1024;
const CHUNK: usize = 64 * 1024;
/// The character with which DOS and some terminals end a text.
const END_OF_TEXT: u16 = 0x1A;

pub(super) fn check<S: Source>(file: &mut Ranged<S>, format: Format) -> Verdict<Content> {
    let size = file.size();
    file.set_budget(Budget { requests: 1_000, fetched: 2 * size + (1 << 20), read: 2 * size + (1 << 20) });
    let head = file.bytes_at(0, BEGINNING)?;
    if is_markup(&head) {
        return Err(markup());
    }
    if DOCUMENTS.iter().any(|mark| without_mark(&head).trim_ascii_start().starts_with(mark)) {
        return Err(wrong_type(&head, format));
    }
    match head.get(..2) {
        Some([0xFF, 0xFE]) => check_utf16(file, u16::from_le_bytes)?,
        Some([0xFE, 0xFF]) => check_utf16(file, u16::from_be_bytes)?,
        _ => check_bytes(file)?,
    }
    Ok(Content { facts: Facts::default(), extent: 0..size })
}

/// Accepts UTF-8 and older encodings, in which every byte from 0x80 on can be part of a letter.
fn check_bytes<S: Source>(file: &mut Ranged<S>) -> Verdict<()> {
    each_chunk(file, |chunk, is_last| {
        let last = chunk.len().saturating_sub(1);
        let mut units = chunk.iter().map(|byte| u16::from(*byte)).enumerate();
        let control = units.find(|(at, unit)| is_control(*unit) && !(is_last && *at == last && *unit == END_OF_TEXT));
        match control {
            Some((_, 0)) => Err(not_text("zero bytes. If it is in UTF-16, save it as UTF-8")),
            Some(_) => Err(not_text("control characters, which are not allowed in text")),
            None => Ok(()),
        }
    })
}

fn check_utf16<S: Source>(file: &mut Ranged<S>, unit: impl Fn([u8; 2]) -> u16) -> Verdict<()> {
    if file.size() % 2 == 1 {
        return Err(wrong_encoding());
    }
    let mut awaits_low = false;
    each_chunk(file, |chunk, is_last| {
        let (pairs, _) = chunk.as_chunks::<2>();
        for pair in pairs {
            let unit = unit(*pair);
            let is_low = matches!(unit, 0xDC00..=0xDFFF);
            if is_low != awaits_low {
                return Err(wrong_encoding());
            }
            if is_control(unit) {
                return Err(not_text("control characters, which are not allowed in text"));
            }
            awaits_low = matches!(unit, 0xD800..=0xDBFF);
        }
        if is_last && awaits_low { Err(wrong_encoding()) } else { Ok(()) }
    })
}

fn each_chunk<S: Source>(file: &mut Ranged<S>, mut check: impl FnMut(&[u8], bool) -> Verdict<()>) -> Verdict<()> {
    let (mut position, size) = (0, file.size());
    while position < size {
        let chunk = file.bytes_at(position, CHUNK)?;
        position += chunk.len() as u64;
        check(&chunk, position >= size)?;
    }
    Ok(())
}

/// Tab, line feed, form feed, carriage return and escape are used in text; the other control characters are not.
fn is_control(unit: u16) -> bool {
    matches!(unit, 0..=8 | 11 | 14..=26 | 28..=31 | 127)
}

fn not_text(found: &str) -> Rejection {
    Rejection::new("not_text", format!("The file is not a text: it contains {found}."))
}

fn wrong_encoding() -> Rejection {
    Rejection::new("wrong_encoding", "The text is not valid UTF-16, although it begins like it. Save it as UTF-8.")
}

pub(super) fn markup() -> Rejection {
    Rejection::new("markup", "HTML, SVG and XML files are not accepted under any name. Pack them into a ZIP archive.")
}

/// Whether a browser would treat the file as a page: skips a byte order mark, white space and comments.
pub(super) fn is_markup(head: &[u8]) -> bool {
    match head {
        [0xFF, 0xFE, rest @ ..] => begins_as_markup(&narrowed(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => begins_as_markup(&narrowed(rest, u16::from_be_bytes)),
        _ => begins_as_markup(without_mark(head)),
    }
}

fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)
}

/// Converts UTF-16 to ASCII, which is enough to recognise tags.
fn narrowed(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Vec<u8> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| u8::try_from(unit(*pair)).unwrap_or(b'?')).collect()
}

fn begins_as_markup(mut rest: &[u8]) -> bool {
    loop {
        rest = rest.trim_ascii_start();
        let Some(comment) = rest.strip_prefix(b"<!--") else { break };
        match memchr::memmem::find(comment, b"-->") {
            Some(end) => rest = comment.get(end + 3..).unwrap_or_default(),
            None => return false,
        }
    }
    MARKUP.iter().any(|tag| begins_with(rest, tag))
}

/// Whether the bytes begin with one of the tags of a web page.
pub(super) fn is_page_tag(bytes: &[u8]) -> bool {
    PAGE.iter().any(|tag| begins_with(bytes, tag))
}

/// Whether the bytes begin with exactly this tag: `<head>`, but not `<header>`.
fn begins_with(bytes: &[u8], tag: &str) -> bool {
    let Some((begin, rest)) = bytes.split_at_checked(tag.len()) else { return false };
    let ends = match rest.first() {
        None => true,
        Some(next) => tag.ends_with('=') || next.is_ascii_whitespace() || b">/:-".contains(next),
    };
    ends && begin.eq_ignore_ascii_case(tag.as_bytes())
}
