//! Creates uploads: checks the request and the quotas before a file is sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::audit::Changes;
use crate::catalog::courses;
use crate::catalog::lessons;
use crate::error::{Error, Fault, Result};
use crate::fields;
use crate::id::{CourseId, LessonId, UploadId};
use crate::input::{Describe, Faults, Invalid, Text, from_text, text_enum};
use crate::media::file_type::{FileType, MAX_NAME_LENGTH, UploadKind};
use crate::problem;
use crate::transaction::Write;

/// How long an upload may take, from its creation until the file is complete.
const EXPIRES_AFTER: TimeDelta = TimeDelta::hours(24);

/// The quotas of uploads (settings `QUOTA_…`).
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// The bytes of all files of a course, unfinished uploads included.
    pub course_bytes: i64,
    /// The number of a user's unfinished uploads.
    pub unfinished_uploads: i64,
}

text_enum! {
    LessonFile { Video = "video", Document = "document" }
}

fields! {
    /// A file for a lesson.
    pub struct NewLessonFile {
        kind: LessonFile,
        /// The name for people, without a path.
        file_name: FileName,
        content_type: Text<1, 255>,
        /// The exact size. Files of any other size are refused.
        size_bytes: FileSize,
    }
    optional {
        /// The SHA-256 of the file in base64. A file with another checksum is refused.
        checksum_sha256: Checksum,
    }
}

fields! {
    /// An image that is converted into a picture or a thumbnail.
    pub struct NewImage {
        file_name: FileName,
        content_type: Text<1, 255>,
        /// The exact size. Files of any other size are refused.
        size_bytes: FileSize,
    }
    optional {
        /// The SHA-256 of the file in base64. A file with another checksum is refused.
        checksum_sha256: Checksum,
    }
}

/// A file name in any script, without a path and without characters that hide a part of the name.
#[derive(Debug)]
pub struct FileName(String);

from_text!(FileName, { "type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH }, |text| {
    crate::input::check(text, 1, MAX_NAME_LENGTH)?;
    // Right-to-left letters are allowed; control characters that change the direction of other letters are not.
    let hides = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if text.contains(['/', '\\']) || text.chars().any(hides) || matches!(text.trim(), "." | "..") {
        let detail = "Write a file name without slashes and control characters. It can't be . or .. alone.";
        return Err(Invalid::new("invalid_file_name", detail));
    }
    Ok(FileName(text.to_owned()))
});

/// The size of a file in bytes, at least 1. The limit of its kind is checked later.
#[derive(Debug, Clone, Copy)]
pub struct FileSize(i64);

impl Deserr<Faults> for FileSize {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, Faults> {
        let bytes = <i64 as Deserr<Faults>>::deserialize_from_value(value, location)?;
        match bytes {
            1.. => Ok(Self(bytes)),
            _ => Err(Faults::one(location, "out_of_range", "A file has at least one byte.")),
        }
    }
}

impl Describe for FileSize {
    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 1, "maximum": UploadKind::Video.max_bytes() })
    }
}

/// A SHA-256 checksum, written in base64.
#[derive(Debug)]
pub struct Checksum([u8; 32]);

from_text!(Checksum, { "type": "string", "minLength": 44, "maxLength": 44, "contentEncoding": "base64" }, |text| {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Checksum).ok_or_else(|| {
        Invalid::new("invalid_checksum", "Write the 32 bytes of the SHA-256 in base64: 44 characters.")
    })
});

/// A created upload, by its id. The instructions for sending its file are made again for each answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedUpload {
    pub upload_id: UploadId,
}

/// An upload to create.
struct NewUpload {
    kind: UploadKind,
    lesson_id: Option<LessonId>,
    course_id: Option<CourseId>,
    file: NewImage,
}

/// The fields of an upload that the audit log contains.
#[derive(Serialize)]
struct AuditedUpload<'a> {
    kind: UploadKind,
    lesson_id: Option<LessonId>,
    course_id: Option<CourseId>,
    file_name: &'a str,
    content_type: &'a str,
    size_bytes: i64,
}

/// Creates an upload for a lesson whose course the caller may edit.
///
/// # Errors
/// Fails like [`lessons::editable`], with 422 for a type or a size that is not allowed, and with 409 when a quota is used
/// up.
pub async fn for_lesson(
    write: &mut Write,
    lesson: LessonId,
    new: NewLessonFile,
    quotas: Quotas,
) -> Result<(CreatedUpload, Changes)> {
    lock_caller(write).await?;
    let lesson = lessons::editable(write, lesson).await?;
    let kind = match new.kind {
        LessonFile::Video => UploadKind::Video,
        LessonFile::Document => UploadKind::Document,
    };
    let NewLessonFile { kind: _, file_name, content_type, size_bytes, checksum_sha256 } = new;
    let file = NewImage { file_name, content_type, size_bytes, checksum_sha256 };
    if kind == UploadKind::Document {
        check_document_count(write, lesson.id).await?;
    }
    let new_upload = NewUpload { kind, lesson_id: Some(lesson.id), course_id: Some(lesson.course_id), file };
    create(write, new_upload, quotas).await
}

/// Creates an upload for the thumbnail of a course that the caller may edit.
///
/// # Errors
/// Fails like [`courses::editable`] and [`for_lesson`].
pub async fn for_course(
    write: &mut Write,
    course: CourseId,
    file: NewImage,
    quotas: Quotas,
) -> Result<(CreatedUpload, Changes)> {
    lock_caller(write).await?;
    let course = courses::editable(write, course).await?;
    create(write, NewUpload { kind: UploadKind::Thumbnail, lesson_id: None, course_id: Some(course.id), file }, quotas)
        .await
}

/// Creates an upload for the caller's picture.
///
/// # Errors
/// Fails like [`for_lesson`].
pub async fn for_caller(write: &mut Write, file: NewImage, quotas: Quotas) -> Result<(CreatedUpload, Changes)> {
    lock_caller(write).await?;
    create(write, NewUpload { kind: UploadKind::Picture, lesson_id: None, course_id: None, file }, quotas).await
}

/// Locks the caller's row, so that calls at the same time can't exceed the quotas together. The user is locked before the
/// course, in the same order as by profile updates, which also change the user's courses.
async fn lock_caller(write: &mut Write) -> Result<()> {
    let user = write.user()?;
    sqlx::query!("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user.0).execute(write.connection()).await?;
    Ok(())
}

async fn create(write: &mut Write, new: NewUpload, quotas: Quotas) -> Result<(CreatedUpload, Changes)> {
    let NewUpload { kind, lesson_id, course_id, file } = new;
    let size_bytes = file.size_bytes.0;
    let file_type = check_file(kind, &file, size_bytes)?;
    let (content_type, file_name) = (file_type.content_type, file_type.download_name(&file.file_name.0));
    let (user, now) = (write.user()?, write.now());
    check_unfinished_quota(write, quotas).await?;
    if let Some(course) = course_id {
        check_course_quota(write, course, size_bytes, quotas).await?;
    }
    let id = UploadId::new(now);
    sqlx::query!(
        "INSERT INTO uploads (id, lesson_id, course_id, uploaded_by, kind, file_name, content_type, size_bytes,
           checksum_sha256, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        id.0,
        lesson_id.map(|lesson| lesson.0),
        course_id.map(|course| course.0),
        user.0,
        kind.as_str(),
        file_name,
        content_type,
        size_bytes,
        file.checksum_sha256.as_ref().map(|checksum| checksum.0.as_slice()),
        now + EXPIRES_AFTER,
        now,
    )
    .execute(write.connection())
    .await?;
    let audited = AuditedUpload { kind, lesson_id, course_id, file_name: &file_name, content_type, size_bytes };
    let changes = Changes::created(&audited, &["kind", "lesson_id", "course_id", "file_name", "size_bytes"])?;
    Ok((CreatedUpload { upload_id: id }, changes))
}

/// Checks the type and the size. Returns the type under which the file is stored and served.
fn check_file(kind: UploadKind, file: &NewImage, size_bytes: i64) -> Result<&'static FileType> {
    let known =
        FileType::from_browser(file.content_type.as_str(), &file.file_name.0).filter(|known| known.allows(kind));
    let mut faults = Vec::new();
    if known.is_none() {
        let possible = FileType::ALL.iter().filter(|one| one.allows(kind)).map(|one| one.content_type);
        let possible = possible.collect::<Vec<_>>().join(", ");
        let detail = format!("A {} can have these types: {possible}.", kind.as_str());
        faults.push(Fault::at("/content_type", "unsupported_type", detail));
    }
    if size_bytes > kind.max_bytes() {
        let detail = format!("A {} has at most {} bytes.", kind.as_str(), kind.max_bytes());
        faults.push(Fault::at("/size_bytes", "too_large", detail));
    }
    match known {
        Some(known) if faults.is_empty() => Ok(known),
        _ => Err(Error::invalid_all(faults)),
    }
}

async fn check_unfinished_quota(write: &mut Write, quotas: Quotas) -> Result<()> {
    let (user, now) = (write.user()?, write.now());
    let unfinished = sqlx::query_scalar!(
        r#"SELECT id AS "id: UploadId" FROM uploads
           WHERE uploaded_by = $1 AND status IN ('pending', 'processing') AND expires_at > $2 ORDER BY id LIMIT $3"#,
        user.0,
        now,
        quotas.unfinished_uploads,
    )
    .fetch_all(write.connection())
    .await?;
    let limit = quotas.unfinished_uploads;
    if i64::try_from(unfinished.len()).unwrap_or(i64::MAX) < limit {
        return Ok(());
    }
    let detail = format!("You already have {limit} unfinished uploads. Complete or cancel some first.");
    Err(Error::problem(&problem::UPLOADS_UNFINISHED, detail).with("uploads", json!(unfinished)))
}

/// Keeps an answer with the signed URLs of all documents small enough.
const MAX_DOCUMENTS: i64 = 100;

/// Fails with 409 when the lesson has the highest number of documents, unfinished uploads included.
async fn check_document_count(write: &mut Write, lesson: LessonId) -> Result<()> {
    let now = write.now();
    let documents = sqlx::query_scalar!(
        r#"SELECT count(*) AS "documents!" FROM uploads
           WHERE lesson_id = $1 AND kind = 'document' AND freed_at IS NULL
             AND (status = 'ready' OR (status IN ('pending', 'processing') AND expires_at > $2))"#,
        lesson.0,
        now,
    )
    .fetch_one(write.connection())
    .await?;
    if documents < MAX_DOCUMENTS {
        return Ok(());
    }
    Err(Error::problem(&problem::LIMIT_REACHED, format!("A lesson can have up to {MAX_DOCUMENTS} documents.")))
}

async fn check_course_quota(write: &mut Write, course: CourseId, more: i64, quotas: Quotas) -> Result<()> {
    let now = write.now();
    let used = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(size_bytes), 0)::bigint AS "used!" FROM uploads
           WHERE course_id = $1 AND freed_at IS NULL
             AND (status = 'ready' OR (status IN ('pending', 'processing') AND expires_at > $2))"#,
        course.0,
        now,
    )
    .fetch_one(write.connection())
    .await?;
    let limit = quotas.course_bytes;
    if used.saturating_add(more) <= limit {
        return Ok(());
    }
    let detail = format!("The files of the course already use {used} of {limit} bytes. {more} more bytes do not fit.");
    let problem = Error::problem(&problem::COURSE_FULL, detail);
    Err(problem.with("used_bytes", used).with("limit_bytes", limit))
}
