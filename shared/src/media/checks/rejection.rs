//! Why a file is refused, in words for its author.

use super::{Format, office, text};

/// Why a file was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// For programs.
    pub code: &'static str,
    /// For the author.
    pub reason: String,
}

pub type Verdict<T> = Result<T, Rejection>;

impl Rejection {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(super) fn damaged(what: &str) -> Self {
        let reason = format!("The file is damaged or incomplete: {what}. Export it again, and upload that.");
        Self::new("damaged", reason)
    }
}

/// A parser gave up: on the file, or on reading it (which [`super::Ranged`] knows).
impl From<std::io::Error> for Rejection {
    fn from(_: std::io::Error) -> Self {
        Self::damaged("it ends too early, or points to a place that isn't there")
    }
}

/// The refusal of a file without the signature of the type that it says it has. It names the type that the file has, if
/// that is a known one.
pub(super) fn wrong_type(head: &[u8], expected: Format) -> Rejection {
    if text::is_markup(head) {
        return text::markup();
    }
    let found = if office::is_binary(head) {
        ", but an older or encrypted document of Word, Excel or PowerPoint".to_owned()
    } else {
        let kind = infer::get(head).map(|kind| kind.mime_type()).filter(|found| !is_same(found, expected));
        kind.map_or_else(String::new, |found| format!(", but {found}"))
    };
    let reason = format!("The file is no {}{found}. Its name and type must say what it is.", expected.name());
    Rejection::new("wrong_type", reason)
}

/// Whether a guess names the very type that was expected, whose signature is incomplete.
fn is_same(found: &str, expected: Format) -> bool {
    match expected {
        Format::Mp4 => matches!(found, "video/mp4" | "video/x-m4v" | "video/quicktime"),
        Format::WebM => matches!(found, "video/webm" | "video/x-matroska"),
        Format::Pdf => found == "application/pdf",
        Format::Png => found == "image/png",
        Format::Jpeg => found == "image/jpeg",
        Format::WebP => found == "image/webp",
        Format::Zip => found == "application/zip",
        Format::Docx | Format::Xlsx | Format::Pptx => found.contains("openxmlformats"),
        Format::Odt | Format::Ods | Format::Odp => found.contains("opendocument"),
        Format::Text | Format::Markdown | Format::Csv => found.starts_with("text/"),
    }
}

/// No lesson lasts longer.
const MAX_DURATION_SECONDS: u64 = 100 * 60 * 60;

pub(super) fn plausible_duration(seconds: u64) -> Verdict<Option<i32>> {
    if seconds > MAX_DURATION_SECONDS {
        return Err(implausible_duration());
    }
    Ok(i32::try_from(seconds).ok())
}

pub(super) fn implausible_duration() -> Rejection {
    Rejection::damaged("the video says that it lasts for more than 100 hours")
}
