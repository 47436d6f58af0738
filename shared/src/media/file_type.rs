//! What may be uploaded, as what, and how large (`semantics.md`, Media): the one table of it. What is not in it is refused
//! before a byte is sent; what is in it is judged by its first bytes once it has arrived.

use crate::input::text_enum;

/// The longest name of a file, in characters.
pub(crate) const LONGEST_NAME: usize = 255;

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

text_enum! {
    /// What an upload becomes: the video or a document of a lesson, the picture of a person, the thumbnail of a course.
    UploadKind { Video = "video", Document = "document", Picture = "picture", Thumbnail = "thumbnail" }
}

impl UploadKind {
    /// How many bytes one may have.
    #[must_use]
    pub fn largest(self) -> i64 {
        match self {
            Self::Video => 5 * GIB,
            Self::Document => 100 * MIB,
            Self::Picture | Self::Thumbnail => 10 * MIB,
        }
    }
}

/// A type of files.
#[derive(Debug, PartialEq, Eq)]
pub struct FileType {
    /// As it is sent, kept and served.
    pub content_type: &'static str,
    /// Of the key that it is kept under.
    pub extension: &'static str,
    kinds: &'static [UploadKind],
}

const VIDEO: &[UploadKind] = &[UploadKind::Video];
const DOCUMENT: &[UploadKind] = &[UploadKind::Document];
/// An image is a document as it is; a picture or a thumbnail is made anew from it.
const IMAGE: &[UploadKind] = &[UploadKind::Document, UploadKind::Picture, UploadKind::Thumbnail];

const TYPES: &[FileType] = &[
    of("video/mp4", "mp4", VIDEO),
    of("video/webm", "webm", VIDEO),
    of("application/pdf", "pdf", DOCUMENT),
    of("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", DOCUMENT),
    of("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", DOCUMENT),
    of("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx", DOCUMENT),
    of("application/vnd.oasis.opendocument.text", "odt", DOCUMENT),
    of("application/vnd.oasis.opendocument.spreadsheet", "ods", DOCUMENT),
    of("application/vnd.oasis.opendocument.presentation", "odp", DOCUMENT),
    of("text/plain", "txt", DOCUMENT),
    of("text/markdown", "md", DOCUMENT),
    of("text/csv", "csv", DOCUMENT),
    of("application/zip", "zip", DOCUMENT),
    of("image/png", "png", IMAGE),
    of("image/jpeg", "jpg", IMAGE),
    of("image/webp", "webp", IMAGE),
];

const fn of(content_type: &'static str, extension: &'static str, kinds: &'static [UploadKind]) -> FileType {
    FileType { content_type, extension, kinds }
}

impl FileType {
    /// All of them.
    pub const ALL: &[Self] = TYPES;

    /// The type of that name, as a browser or a row says it: its parameters (`; charset=utf-8`) and its case mean nothing.
    #[must_use]
    pub fn named(content_type: &str) -> Option<&'static Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = match essence.as_str() {
            "application/x-zip-compressed" => "application/zip", // what Windows calls it
            name => name,
        };
        TYPES.iter().find(|one| one.content_type == name)
    }

    /// The name that a file of this type is served under: one that ends as another type's would open as that.
    #[must_use]
    pub fn named_file(&self, name: &str) -> String {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let usual = match self.extension {
            "jpg" => "jpeg",
            "md" => "markdown",
            "mp4" => "m4v",
            extension => extension,
        };
        if ending == self.extension || ending == usual {
            return name.to_owned();
        }
        let stem: String = name.chars().take(LONGEST_NAME - self.extension.len() - 1).collect();
        format!("{stem}.{}", self.extension)
    }

    /// Whether a file of this type can be that.
    #[must_use]
    pub fn may_be(&self, kind: UploadKind) -> bool {
        self.kinds.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_name_whatever_its_case_and_its_parameters() {
        for (name, extension) in [
            ("video/mp4", Some("mp4")),
            ("Text/Plain; charset=utf-8", Some("txt")),
            ("application/x-zip-compressed", Some("zip")),
            ("text/html", None),
            ("image/svg+xml", None),
            ("application/xml", None),
            ("", None),
        ] {
            assert_eq!(FileType::named(name).map(|one| one.extension), extension, "{name}");
        }
    }

    #[test]
    fn a_file_is_served_under_a_name_that_ends_as_its_type_does() {
        for (content_type, name, served) in [
            ("application/pdf", "Plan.PDF", "Plan.PDF"),
            ("image/jpeg", "a.jpeg", "a.jpeg"),
            ("text/plain", "notes.html", "notes.html.txt"),
            ("text/plain", "run.bat", "run.bat.txt"),
            ("text/csv", "Zahlen", "Zahlen.csv"),
            ("text/plain", "html", "html.txt"),
        ] {
            assert_eq!(FileType::named(content_type).unwrap().named_file(name), served);
        }
        let long = FileType::named("application/pdf").unwrap().named_file(&"ü".repeat(LONGEST_NAME));
        assert!(long.ends_with("ü.pdf") && long.chars().count() == LONGEST_NAME);
    }

    #[test]
    fn each_type_and_each_extension_stands_there_once_and_none_can_run_in_a_page() {
        for (index, one) in TYPES.iter().enumerate() {
            let rest = TYPES.get(index + 1..).unwrap_or_default();
            assert!(
                !rest.iter().any(|other| other.content_type == one.content_type || other.extension == one.extension)
            );
            assert!(!["html", "xml", "svg", "script"].iter().any(|part| one.content_type.ends_with(part)));
            assert_eq!(FileType::named(one.content_type), Some(one));
        }
    }

    #[test]
    fn only_images_become_pictures_and_only_videos_are_watched() {
        let of = |kind| TYPES.iter().filter(move |one| one.may_be(kind)).map(|one| one.extension).collect::<Vec<_>>();
        assert_eq!(of(UploadKind::Video), ["mp4", "webm"]);
        assert_eq!(of(UploadKind::Picture), ["png", "jpg", "webp"]);
        assert_eq!(of(UploadKind::Thumbnail), of(UploadKind::Picture));
        assert_eq!(of(UploadKind::Document).len(), TYPES.len() - 2);
    }
}
