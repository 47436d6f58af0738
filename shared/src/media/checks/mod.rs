//! Whether a file is what it says: judged by its bytes, which are hostile until proven otherwise (`docs/semantics.md`,
//! Files).
//!
//! | file | what |
//! | --- | --- |
//! | `ranged` | reads the file piece by piece, within a budget |
//! | `mp4`, `webm` | videos: structure, duration, dimensions; `fragments` and `recorded` find durations in the media |
//! | `pdf`, `text` | documents |
//! | `archive`, `office` | ZIP archives, and documents that are ZIP archives inside |
//! | `image`, `png`, `jpeg`, `webp` | images; `rendering` makes pictures and thumbnails of them |
//! | `whole` | what may stand before and behind the content |
//! | `rejection` | how a refusal is worded |
//!
//! One rule holds for every format. A file is accepted when it has the signature of its type, when everything that its
//! readers need is there and whole, and when nothing but that makes it a second file. Readers ignore what follows the
//! content, so up to 16 MiB of it are no damage.
//!
//! What a viewer could run inside its own format (a PDF's scripts) is the malware scan's matter, where one is switched on.

mod archive;
mod image;
mod jpeg;
mod mp4;
mod office;
mod pdf;
mod png;
mod ranged;
mod recorded;
mod rejection;
mod rendering;
mod surroundings;
mod text;
mod webm;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use ranged::{Budget, Ranged, Source};
pub use rejection::{Rejection, Verdict};
pub use rendering::Frame;

use super::file_type::FileType;
use rejection::{implausible_duration, plausible_duration, wrong_type};

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

    /// Its name in a sentence, behind "no" or "a".
    fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "MP4 video",
            Self::WebM => "WebM video",
            Self::Pdf => "PDF document",
            Self::Docx => "Word document (.docx)",
            Self::Xlsx => "Excel workbook (.xlsx)",
            Self::Pptx => "PowerPoint presentation (.pptx)",
            Self::Odt => "OpenDocument text (.odt)",
            Self::Ods => "OpenDocument spreadsheet (.ods)",
            Self::Odp => "OpenDocument presentation (.odp)",
            Self::Text => "plain text",
            Self::Markdown => "Markdown text",
            Self::Csv => "CSV table",
            Self::Png => "PNG image",
            Self::Jpeg => "JPEG image",
            Self::WebP => "WebP image",
            Self::Zip => "ZIP archive",
        }
    }

    /// Whether its files are ZIP archives.
    fn is_archive(self) -> bool {
        matches!(self, Self::Zip) || self.is_office()
    }

    fn is_office(self) -> bool {
        matches!(self, Self::Docx | Self::Xlsx | Self::Pptx | Self::Odt | Self::Ods | Self::Odp)
    }
}

/// What is known of a file that passed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `None` when nothing in the file tells it.
    pub duration_seconds: Option<i32>,
    /// As the picture is shown: a video that a phone recorded upright is higher than wide.
    pub width: Option<i32>,
    pub height: Option<i32>,
}

/// How much of the file tells its type.
const HEAD: usize = 4096;

/// Judges the whole file.
///
/// # Errors
/// Why it is refused. Where the source failed meanwhile, that is no verdict: ask the source first.
pub fn check<S: Source>(file: &mut Ranged<S>, format: Format) -> Verdict<Facts> {
    run_guarded(file, |file| {
        let head = file.bytes_at(0, HEAD)?;
        if head.is_empty() {
            return Err(Rejection::new("empty", "The file is empty."));
        }
        let content = match format {
            Format::Mp4 => mp4::check(file, &head)?,
            Format::WebM => webm::check(file, &head)?,
            Format::Pdf => pdf::check(file, &head)?,
            Format::Text | Format::Markdown | Format::Csv => text::check(file, format)?,
            Format::Png | Format::Jpeg | Format::WebP => image::check(file, &head, format)?,
            Format::Zip => archive::check(file, &head)?,
            Format::Docx | Format::Xlsx | Format::Pptx | Format::Odt | Format::Ods | Format::Odp => {
                office::check(file, &head, format)?
            }
        };
        if !format.is_archive() {
            surroundings::check_not_archive(file)?;
        }
        surroundings::check_surroundings(file, &content.extent)?;
        Ok(content.facts)
    })
}

/// Makes a plain JPEG of an image: upright, of that frame's size, and without anything else that was in the file.
///
/// # Errors
/// As [`check`].
pub fn render<S: Source>(file: &mut Ranged<S>, format: Format, frame: Frame) -> Verdict<Vec<u8>> {
    check(file, format)?;
    run_guarded(file, |file| rendering::render(file, format, frame))
}

/// Runs a check. A parser that panics, or that uses up its budget, has met a file that nobody needs.
fn run_guarded<S: Source, T>(file: &mut Ranged<S>, check: impl FnOnce(&mut Ranged<S>) -> Verdict<T>) -> Verdict<T> {
    let verdict = catch_unwind(AssertUnwindSafe(|| check(file)))
        .unwrap_or_else(|_| Err(Rejection::damaged("it could not be read")));
    if file.is_exhausted() {
        let reason =
            "The file is built in such a complicated way that it can't be checked. Export it again, and upload that.";
        return Err(Rejection::new("too_complicated", reason));
    }
    verdict
}
