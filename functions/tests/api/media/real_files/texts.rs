//! Text, Markdown and CSV as editors and spreadsheets write them.

use super::{accepted, refused};

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
}

#[test]
fn text_is_accepted_in_the_encodings_of_editors_and_spreadsheets() {
    for (name, bytes) in [
        ("UTF-8", "Name;Note\r\nJosé;1\r\n".as_bytes().to_vec()),
        ("UTF-8 with a mark", "\u{feff}Name,Note\n課程,1\n".as_bytes().to_vec()),
        ("UTF-16 of Excel", utf16("Name\tNote\r\nJosé 🦀\t1\r\n", u16::to_le_bytes)),
        ("UTF-16 of a Mac", utf16("Name\tNote\rJosé 🦀\t1\r", u16::to_be_bytes)),
        ("Windows-1252", b"Name;Note\r\nJos\xE9;\x80 1\r\n".to_vec()),
        ("Windows-1251", b"\xC8\xEC\xFF;1\r\n".to_vec()),
        ("Shift JIS", b"\x89\xDB\x92\xF6;1\r\n".to_vec()),
        ("only a mark", b"\xEF\xBB\xBF".to_vec()),
        ("one letter", b"x".to_vec()),
        ("one line's end", b"\n".to_vec()),
        ("the end of a text in DOS", b"Name;Note\r\n\x1A".to_vec()),
        ("colours of a terminal", b"\x1B[31mred\x1B[0m\x0C".to_vec()),
    ] {
        for extension in ["txt", "csv", "md"] {
            accepted(extension, name, bytes.clone());
        }
    }
}

#[test]
fn an_empty_file_is_refused_as_empty() {
    assert_eq!(refused("txt", "nothing", Vec::new()), "empty");
}

#[test]
fn only_a_complete_tag_makes_a_text_a_page() {
    for text in [
        "<header>Title</header>\n\n# Chapter",
        "<header\n>",
        "<headline>",
        "<bodyguard>",
        "<scripture>",
        "<htmlx>",
        "<!doctypewriter>",
        "<!doctypes are declared so",
        "<styles>",
        "<titles>",
        "<svgs>",
        "<iframes>",
        "<p align=\"center\">Title</p>",
        "<details>\n<summary>More</summary>",
        "<!-- a comment -->\n# Title",
        "<!-- a comment without an end",
        "An example: <script>alert(1)</script>",
    ] {
        accepted("md", text, text.as_bytes().to_vec());
    }
    for text in [
        "<head>",
        "<HEAD>",
        "<head\t>",
        "<head/>",
        "<body onload=x>",
        "<script>",
        "<script/src=x>",
        "<html",
        "\u{feff}<html>",
        "<!doctype html>",
        "<!DOCTYPE\nhtml>",
        "<svg\nonload=x>",
        "<?xml version=\"1.0\"?>",
        "<?php phpinfo();",
        "<!-- a comment --><title>x",
    ] {
        assert_eq!(refused("md", text, text.as_bytes().to_vec()), "markup", "{text}");
    }
}
