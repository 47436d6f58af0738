//! The table of file types that may be uploaded, with their limits (`docs/semantics.md`, Files). Other types are refused
//! before a file is sent. Files of these types are checked by their bytes after they have arrived.

use crate::input::text_enum;

/// The longest file name, in characters.
pub(crate) const MAX_NAME_LENGTH: usize = 255;

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

text_enum! {
    /// What an upload is for: the video or a document of a lesson, the picture of a user, or the thumbnail of a course.
    UploadKind { Video = "video", Document = "document", Picture = "picture", Thumbnail = "thumbnail" }
}

impl UploadKind {
    /// Returns the largest file size, in bytes.
    #[must_use]
    pub fn max_bytes(self) -> i64 {
        match self {
            Self::Video => 5 * GIB,
            Self::Document => 100 * MIB,
            Self::Picture | Self::Thumbnail => 10 * MIB,
        }
    }
}

/// A type of files that may be uploaded.
#[derive(Debug, PartialEq, Eq)]
pub struct FileType {
    /// The content type that is stored and served.
    pub content_type: &'static str,
    /// The extension of the storage key.
    pub extension: &'static str,
    kinds: &'static [UploadKind],
}

const VIDEO: &[UploadKind] = &[UploadKind::Video];
const DOCUMENT: &[UploadKind] = &[UploadKind::Document];
/// Images are kept unchanged as documents, and are rendered again as pictures and thumbnails.
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

/// Other content types that browsers send for a type of the table.
const ALIASES: &[(&str, &[&str])] = &[
    ("image/jpeg", &["image/jpg", "image/pjpeg", "image/x-jpeg", "image/x-jpg", "image/x-citrix-jpeg"]),
    ("image/png", &["image/x-png", "image/apng", "image/vnd.mozilla.apng", "image/x-citrix-png"]),
    ("image/webp", &["image/x-webp"]),
    // browsers play the QuickTime movies of phones as MP4
    (
        "video/mp4",
        &[
            "video/x-m4v",
            "video/m4v",
            "video/mpeg4",
            "video/x-mp4",
            "application/mp4",
            "video/quicktime",
            "video/x-quicktime",
            "video/3gpp",
        ],
    ),
    ("video/webm", &["video/x-webm"]),
    ("application/pdf", &["application/x-pdf", "application/acrobat", "text/pdf", "text/x-pdf"]),
    (
        "application/zip",
        &[
            "application/x-zip-compressed",
            "application/x-zip",
            "application/zip-compressed",
            "application/x-compressed",
            "multipart/x-zip",
        ],
    ),
    (
        "text/csv",
        &[
            "application/csv",
            "application/x-csv",
            "text/x-csv",
            "text/comma-separated-values",
            "text/x-comma-separated-values",
        ],
    ),
    (
        "text/markdown",
        &["text/x-markdown", "application/markdown", "application/x-markdown", "text/vnd.daringfireball.markdown"],
    ),
    ("text/plain", &["text/x-plain", "application/text", "application/txt"]),
];
/// Content types for a file whose type the sending system doesn't know. The extension decides then.
const UNKNOWN_TYPES: [&str; 4] =
    ["application/octet-stream", "binary/octet-stream", "application/x-download", "application/force-download"];
/// Browsers send this for CSV files on Windows with Excel.
const EXCEL: &str = "application/vnd.ms-excel";

/// Returns the extension of a file name in lower case; empty if there is none.
fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

impl FileType {
    /// All types.
    pub const ALL: &[Self] = TYPES;

    /// Returns the type with exactly this content type, as the database stores it.
    #[must_use]
    pub fn by_content_type(content_type: &str) -> Option<&'static Self> {
        TYPES.iter().find(|one| one.content_type == content_type)
    }

    /// Returns the type that a browser means by a content type and a file name. Ignores upper and lower case, and
    /// parameters such as `; charset=utf-8`.
    #[must_use]
    pub fn from_browser(content_type: &str, file_name: &str) -> Option<&'static Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let extension = extension(file_name);
        if UNKNOWN_TYPES.contains(&essence.as_str()) {
            return TYPES
                .iter()
                .find(|one| one.extension == extension || one.other_extensions().contains(&&*extension));
        }
        if essence == EXCEL && extension == "csv" {
            return Self::by_content_type("text/csv");
        }
        let other = ALIASES.iter().find(|(_, names)| names.contains(&essence.as_str()));
        Self::by_content_type(other.map_or(essence.as_str(), |(content_type, _)| content_type))
    }

    /// Returns the name under which a file of this type is downloaded. Adds the extension if the name has another one, so
    /// that no other program opens the file.
    #[must_use]
    pub fn download_name(&self, name: &str) -> String {
        let extension = extension(name);
        if extension == self.extension || self.other_extensions().contains(&&*extension) {
            return name.to_owned();
        }
        let stem: String = name.chars().take(MAX_NAME_LENGTH - self.extension.len() - 1).collect();
        format!("{stem}.{}", self.extension)
    }

    /// Other usual extensions of this type.
    fn other_extensions(&self) -> &'static [&'static str] {
        match self.extension {
            "jpg" => &["jpeg", "jpe", "jfif"],
            "md" => &["markdown"],
            "mp4" => &["m4v", "mov"],
            "txt" => &["text"],
            _ => &[],
        }
    }

    /// Whether a file of this type can be used for this kind of upload.
    #[must_use]
    pub fn allows(&self, kind: UploadKind) -> bool {
        self.kinds.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_of_browsers_are_mapped_to_types_of_the_table() {
        for (content_type, name, extension) in [
            ("video/mp4", "a", Some("mp4")),
            ("Text/Plain; charset=utf-8", "a", Some("txt")),
            ("application/x-zip-compressed", "a.zip", Some("zip")),
            ("application/x-zip", "a.zip", Some("zip")),
            ("image/jpg", "a.jpg", Some("jpg")),
            ("image/pjpeg", "a.jpg", Some("jpg")),
            ("video/x-m4v", "a.m4v", Some("mp4")),
            ("Video/QuickTime", "IMG_0001.MOV", Some("mp4")),
            ("text/x-markdown", "a.md", Some("md")),
            ("application/csv", "a.csv", Some("csv")),
            ("application/vnd.ms-excel", "a.CSV", Some("csv")),
            ("application/vnd.ms-excel", "a.xls", None),
            ("application/octet-stream", "Notes.MD", Some("md")),
            ("application/octet-stream", "photo.JPEG", Some("jpg")),
            ("application/octet-stream", "page.html", None),
            ("application/octet-stream", "csv", None),
            ("text/html", "a.txt", None),
            ("image/svg+xml", "a.png", None),
            ("application/xml", "a.txt", None),
            ("", "a.txt", None),
        ] {
            let meant = FileType::from_browser(content_type, name).map(|one| one.extension);
            assert_eq!(meant, extension, "{content_type} {name}");
        }
    }

    #[test]
    fn each_alias_belongs_to_one_type_of_the_table() {
        let names: Vec<_> = ALIASES.iter().flat_map(|(_, names)| *names).collect();
        for (content_type, _) in ALIASES {
            assert!(FileType::by_content_type(content_type).is_some(), "{content_type}");
        }
        for (index, name) in names.iter().enumerate() {
            assert!(
                FileType::by_content_type(name).is_none() && !names.iter().skip(index + 1).any(|other| other == name),
                "{name}"
            );
        }
    }

    #[test]
    fn a_download_name_ends_with_an_extension_of_its_type() {
        for (content_type, name, served) in [
            ("application/pdf", "Plan.PDF", "Plan.PDF"),
            ("image/jpeg", "a.jpeg", "a.jpeg"),
            ("image/jpeg", "a.JFIF", "a.JFIF"),
            ("video/mp4", "IMG_1.MOV", "IMG_1.MOV"),
            ("text/plain", "notes.html", "notes.html.txt"),
            ("text/plain", "run.bat", "run.bat.txt"),
            ("text/csv", "Zahlen", "Zahlen.csv"),
            ("text/plain", "html", "html.txt"),
        ] {
            assert_eq!(FileType::by_content_type(content_type).unwrap().download_name(name), served);
        }
        let long = FileType::by_content_type("application/pdf").unwrap().download_name(&"ü".repeat(MAX_NAME_LENGTH));
        assert!(long.ends_with("ü.pdf") && long.chars().count() == MAX_NAME_LENGTH);
    }

    #[test]
    fn each_type_and_extension_is_listed_once_and_none_can_run_in_a_page() {
        for (index, one) in TYPES.iter().enumerate() {
            let rest = TYPES.get(index + 1..).unwrap_or_default();
            assert!(
                !rest.iter().any(|other| other.content_type == one.content_type || other.extension == one.extension)
            );
            assert!(!["html", "xml", "svg", "script"].iter().any(|part| one.content_type.ends_with(part)));
            assert_eq!(FileType::by_content_type(one.content_type), Some(one));
        }
    }

    #[test]
    fn only_images_can_be_pictures_and_only_videos_can_be_videos() {
        let of = |kind| TYPES.iter().filter(move |one| one.allows(kind)).map(|one| one.extension).collect::<Vec<_>>();
        assert_eq!(of(UploadKind::Video), ["mp4", "webm"]);
        assert_eq!(of(UploadKind::Picture), ["png", "jpg", "webp"]);
        assert_eq!(of(UploadKind::Thumbnail), of(UploadKind::Picture));
        assert_eq!(of(UploadKind::Document).len(), TYPES.len() - 2);
    }
}
