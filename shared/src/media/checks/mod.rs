//! Whether what arrived is what it says: judged by its bytes, which are hostile until proven plain
//! (`security.md`, 19 and 20).
//!
//! | file | what |
//! | --- | --- |
//! | `ranged` | the file, read piece by piece within a budget |
//! | `mp4`, `webm` | videos: their structure, duration and dimensions |
//! | `pdf`, `text`, `archive`, `office` | documents |
//! | `image` | pictures, by their header; `rendering` makes new ones of them |
//!
//! A file that is two things at once (a ZIP behind a PDF, a page in a picture) is neither: formats that end somewhere
//! must end where the file does, and nothing but an archive may end as one. What a viewer could run inside its own
//! format (a PDF's scripts) is the malware scan's matter, where one is switched on.

mod archive;
mod image;
mod mp4;
mod office;
mod pdf;
mod ranged;
mod rendering;
mod text;
mod webm;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use ranged::{Budget, Ranged, Source};
pub use rendering::Frame;

use super::file_type::FileType;

/// What a file says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Mp4,
    WebM,
    Pdf,
    Docx,
    Xlsx,
    Pptx,
    Odt,
    Ods,
    Odp,
    Text,
    Markdown,
    Csv,
    Png,
    Jpeg,
    WebP,
    Zip,
}

impl Format {
    /// The format of the files of that type.
    #[must_use]
    pub fn of(file_type: &FileType) -> Option<Self> {
        Some(match file_type.extension {
            "mp4" => Self::Mp4,
            "webm" => Self::WebM,
            "pdf" => Self::Pdf,
            "docx" => Self::Docx,
            "xlsx" => Self::Xlsx,
            "pptx" => Self::Pptx,
            "odt" => Self::Odt,
            "ods" => Self::Ods,
            "odp" => Self::Odp,
            "txt" => Self::Text,
            "md" => Self::Markdown,
            "csv" => Self::Csv,
            "zip" => Self::Zip,
            "png" => Self::Png,
            "jpg" => Self::Jpeg,
            "webp" => Self::WebP,
            _ => return None,
        })
    }
}

/// What is known of a file that passed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Facts {
    pub duration_seconds: Option<i32>,
    pub width: Option<i32>,
    pub height: Option<i32>,
}

/// Why a file was turned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// For programs.
    pub code: &'static str,
    /// For the author.
    pub reason: String,
}

impl Rejection {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    fn damaged(what: &str) -> Self {
        Self::new("damaged", format!("The file is damaged or incomplete: {what}. Export it anew, and upload that."))
    }
}

/// A parser gave up: on the file, or on reading it (which [`Ranged`] knows).
impl From<std::io::Error> for Rejection {
    fn from(_: std::io::Error) -> Self {
        Self::damaged("it ends too early, or points to a place that isn't there")
    }
}

pub type Verdict<T> = Result<T, Rejection>;

/// What the first look takes.
const HEAD: usize = 4096;

/// Judges the whole file.
///
/// # Errors
/// Why it is turned down. Where the source failed meanwhile, that is no verdict: ask the source first.
pub fn check<S: Source>(file: &mut Ranged<S>, format: Format) -> Verdict<Facts> {
    guarded(file, |file| {
        let head = file.bytes_at(0, HEAD)?;
        if head.is_empty() {
            return Err(Rejection::new("empty", "The file is empty."));
        }
        let facts = match format {
            Format::Mp4 => mp4::check(file, &head)?,
            Format::WebM => webm::check(file, &head)?,
            Format::Pdf => pdf::check(file, &head)?,
            Format::Text | Format::Markdown | Format::Csv => text::check(file, &head)?,
            Format::Png | Format::Jpeg | Format::WebP => image::check(file, &head, format)?,
            Format::Zip => archive::check(file, &head)?,
            Format::Docx | Format::Xlsx | Format::Pptx | Format::Odt | Format::Ods | Format::Odp => {
                office::check(file, &head, format)?
            }
        };
        let is_archive = matches!(
            format,
            Format::Zip | Format::Docx | Format::Xlsx | Format::Pptx | Format::Odt | Format::Ods | Format::Odp
        );
        if !is_archive && archive::ends_as_one(file)? {
            return Err(Rejection::new("two_formats", "The file is an archive, too. Upload what is in it by itself."));
        }
        Ok(facts)
    })
}

/// Makes a plain JPEG of a picture, upright, of that frame's size, and of nothing else that was in the file.
///
/// # Errors
/// As [`check`].
pub fn render<S: Source>(file: &mut Ranged<S>, format: Format, frame: Frame) -> Verdict<Vec<u8>> {
    check(file, format)?;
    guarded(file, |file| rendering::render(file, format, frame))
}

/// The last line: a parser that panics, or that wants to read for ever, has met a file that nobody needs.
fn guarded<S: Source, T>(file: &mut Ranged<S>, check: impl FnOnce(&mut Ranged<S>) -> Verdict<T>) -> Verdict<T> {
    let verdict = catch_unwind(AssertUnwindSafe(|| check(file)))
        .unwrap_or_else(|_| Err(Rejection::damaged("it could not be read")));
    if file.spent() {
        let reason =
            "The file is built in such a complicated way that it can't be checked. Export it anew, and upload that.";
        return Err(Rejection::new("too_complicated", reason));
    }
    verdict
}

/// Another kind of file than it says.
fn other_type(head: &[u8], expected: &str) -> Rejection {
    if text::is_markup(head) {
        return text::markup();
    }
    let found = infer::get(head).map_or_else(String::new, |kind| format!(", but {}", kind.mime_type()));
    Rejection::new("wrong_type", format!("The file is no {expected}{found}. Its name and type must say what it is."))
}

/// No lesson lasts longer.
const LONGEST_SECONDS: u64 = 100 * 60 * 60;

fn plausible_duration(seconds: u64) -> Verdict<Option<i32>> {
    if seconds > LONGEST_SECONDS {
        return Err(implausible_duration());
    }
    Ok(i32::try_from(seconds).ok())
}

fn implausible_duration() -> Rejection {
    Rejection::damaged("the video says that it lasts for more than 100 hours")
}
