//! The reasons for refusing a file, as messages for its author.

use super::{Format, office, text};

/// The reason for refusing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// A stable code for programs.
    pub code: &'static str,
    /// A message for the author.
    pub reason: String,
}

pub type Verdict<T> = Result<T, Rejection>;

impl Rejection {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(super) fn damaged(what: &str) -> Self {
        let reason = format!("The file is damaged or incomplete: {what}. Export it again, and upload the new file.");
        Self::new("damaged", reason)
    }
}

/// A read failed: the file ends too early, or the source or the budget failed, which [`super::Ranged`] knows.
impl From<std::io::Error> for Rejection {
    fn from(_: std::io::Error) -> Self {
        Self::damaged("it ends too early, or refers to a place after its end")
    }
}

/// Returns the rejection of a file without the signature of its announced type. Its message names the actual type, if
/// that is known.
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
    let reason = format!("The file is not a {}{found}. Its name and type must match its content.", expected.name());
    Rejection::new("wrong_type", reason)
}

/// Whether the recognised type is the expected one. (Its signature is then incomplete.)
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

/// Longer than any lesson.
const MAX_DURATION_SECONDS: u64 = 100 * 60 * 60;

pub(super) fn plausible_duration(seconds: u64) -> Verdict<Option<i32>> {
    if seconds > MAX_DURATION_SECONDS {
        return Err(implausible_duration());
    }
    Ok(i32::try_from(seconds).ok())
}

pub(super) fn implausible_duration() -> Rejection {
    Rejection::damaged("the video declares a duration of more than 100 hours")
}
