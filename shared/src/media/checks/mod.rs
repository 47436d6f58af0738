//! Checks whether a file has the type that was announced, by its bytes alone (`docs/semantics.md`, Files). All input is
//! treated as hostile.
//!
//! | file | what |
//! | --- | --- |
//! | `ranged` | reads the file piece by piece, within a budget |
//! | `mp4`, `webm` | videos: structure, duration, dimensions; `fragments` and `recorded` find durations in the media data |
//! | `pdf`, `text` | documents |
//! | `archive`, `office` | ZIP archives, and documents that are ZIP archives inside |
//! | `image`, `png`, `jpeg`, `webp` | images; `rendering` makes pictures and thumbnails of them |
//! | `surroundings` | which bytes may stand before and after the content |
//! | `rejection` | the messages of refusals |
//!
//! One rule holds for all formats: a file is accepted if it has the signature of its type, if everything that programs
//! need to open it is complete, and if it is not a file of a second type at the same time. Programs ignore data after the
//! content, so up to 16 MiB of it is accepted.
//!
//! Active content inside a format (such as scripts in a PDF) is left to the malware scan, if it is enabled.

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

/// The format that a file is announced as.
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
    /// Returns the format of a file type; `None` if there is no check for it.
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

    /// The name of the format for messages, without an article.
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

    /// Whether files of this format are ZIP archives.
    fn is_archive(self) -> bool {
        matches!(self, Self::Zip) || self.is_office()
    }

    fn is_office(self) -> bool {
        matches!(self, Self::Docx | Self::Xlsx | Self::Pptx | Self::Odt | Self::Ods | Self::Odp)
    }
}

/// The facts about a file that passed its check.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Rounded up; `None` if it can't be found out.
    pub duration_seconds: Option<i32>,
    /// In pixels, as the picture is displayed: a video that was recorded upright is higher than wide.
    pub width: Option<i32>,
    pub height: Option<i32>,
}

/// The bytes at the beginning from which the type is recognised.
const HEAD: usize = 4096;

/// Checks a file.
///
/// # Errors
/// Fails with the reason of the refusal. If the source failed, the result is meaningless: ask the source first.
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

/// Checks an image and converts it into a plain JPEG: upright, of the frame's size, and without metadata.
///
/// # Errors
/// As [`check`].
pub fn render<S: Source>(file: &mut Ranged<S>, format: Format, frame: Frame) -> Verdict<Vec<u8>> {
    check(file, format)?;
    run_guarded(file, |file| rendering::render(file, format, frame))
}

/// Runs a check. Refuses the file if a parser panics or uses up its budget.
fn run_guarded<S: Source, T>(file: &mut Ranged<S>, check: impl FnOnce(&mut Ranged<S>) -> Verdict<T>) -> Verdict<T> {
    let verdict = catch_unwind(AssertUnwindSafe(|| check(file)))
        .unwrap_or_else(|_| Err(Rejection::damaged("it could not be read")));
    if file.is_exhausted() {
        let reason = "The file is too complicated to be checked. Export it again, and upload the new file.";
        return Err(Rejection::new("too_complicated", reason));
    }
    verdict
}
