//! What may be asked for: the checks before any byte is sent, and the quotas.

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
use crate::media::file_type::{FileType, LONGEST_NAME, UploadKind};
use crate::problem;
use crate::transaction::Write;

/// How long an upload may take.
const EXPIRES_AFTER: TimeDelta = TimeDelta::hours(24);

/// How much there may be.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// The bytes of a course's files, with those of unfinished uploads.
    pub course_bytes: i64,
    /// A person's unfinished uploads.
    pub unfinished_uploads: i64,
}

text_enum! {
    LessonFile { Video = "video", Document = "document" }
}

fields! {
    /// A file that a lesson is to show.
    pub struct NewLessonFile {
        kind: LessonFile,
        /// As people see it; its path stays where it is.
        file_name: FileName,
        content_type: Text<1, 255>,
        /// Exactly so many are taken.
        size_bytes: FileSize,
    }
    optional {
        /// In base64, as S3 writes it. What arrives must have it.
        checksum_sha256: Checksum,
    }
}

fields! {
    /// An image that becomes a picture or a thumbnail.
    pub struct NewImage {
        file_name: FileName,
        content_type: Text<1, 255>,
        /// Exactly so many are taken.
        size_bytes: FileSize,
    }
    optional {
        /// In base64, as S3 writes it. What arrives must have it.
        checksum_sha256: Checksum,
    }
}

/// The name of a file in any script, without a path and without what would hide a part of it from people.
#[derive(Debug)]
pub struct FileName(String);

from_text!(FileName, { "type": "string", "minLength": 1, "maxLength": LONGEST_NAME }, |text| {
    crate::input::check(text, 1, LONGEST_NAME)?;
    // Letters that run from right to left are welcome; what turns the order of others around is not.
    let hides = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if text.contains(['/', '\\']) || text.chars().any(hides) || matches!(text.trim(), "." | "..") {
        let detail = "It is the name of a file alone: no slash, no control character, and not . or .. itself.";
        return Err(Invalid::new("invalid_file_name", detail));
    }
    Ok(FileName(text.to_owned()))
});

/// So many bytes as any file may have; what its kind may have is seen later.
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
        json!({ "type": "integer", "minimum": 1, "maximum": UploadKind::Video.largest() })
    }
}

/// A SHA-256.
#[derive(Debug)]
pub struct Checksum([u8; 32]);

from_text!(Checksum, { "type": "string", "minLength": 44, "maxLength": 44, "contentEncoding": "base64" }, |text| {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Checksum).ok_or_else(|| {
        Invalid::new("invalid_checksum", "Write the 32 bytes of the SHA-256 in base64: 44 characters.")
    })
});

/// What was asked for, by its id: how to send it is said anew each time.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Asked {
    pub upload_id: UploadId,
}

/// A file that may be sent.
struct Wanted {
    kind: UploadKind,
    lesson_id: Option<LessonId>,
    course_id: Option<CourseId>,
    file: NewImage,
}

/// What the audit log keeps of it.
#[derive(Serialize)]
struct Noted<'a> {
    kind: UploadKind,
    lesson_id: Option<LessonId>,
    course_id: Option<CourseId>,
    file_name: &'a str,
    content_type: &'a str,
    size_bytes: i64,
}

/// Asks for a file of the lesson, whose course the caller may edit.
///
/// # Errors
/// As [`lessons::editable`]; 422 for a type or a size that it can't have; 409 when a quota is used up.
pub async fn for_lesson(
    write: &mut Write,
    lesson: LessonId,
    new: NewLessonFile,
    quotas: Quotas,
) -> Result<(Asked, Changes)> {
    lock_caller(write).await?;
    let lesson = lessons::editable(write, lesson).await?;
    let kind = match new.kind {
        LessonFile::Video => UploadKind::Video,
        LessonFile::Document => UploadKind::Document,
    };
    let NewLessonFile { kind: _, file_name, content_type, size_bytes, checksum_sha256 } = new;
    let file = NewImage { file_name, content_type, size_bytes, checksum_sha256 };
    if kind == UploadKind::Document {
        check_documents(write, lesson.id).await?;
    }
    let wanted = Wanted { kind, lesson_id: Some(lesson.id), course_id: Some(lesson.course_id), file };
    ask(write, wanted, quotas).await
}

/// Asks for the thumbnail of a course that the caller may edit.
///
/// # Errors
/// As [`courses::editable`], and [`for_lesson`].
pub async fn for_course(
    write: &mut Write,
    course: CourseId,
    file: NewImage,
    quotas: Quotas,
) -> Result<(Asked, Changes)> {
    lock_caller(write).await?;
    let course = courses::editable(write, course).await?;
    ask(write, Wanted { kind: UploadKind::Thumbnail, lesson_id: None, course_id: Some(course.id), file }, quotas).await
}

/// Asks for the caller's picture.
///
/// # Errors
/// As [`for_lesson`].
pub async fn of_oneself(write: &mut Write, file: NewImage, quotas: Quotas) -> Result<(Asked, Changes)> {
    lock_caller(write).await?;
    ask(write, Wanted { kind: UploadKind::Picture, lesson_id: None, course_id: None, file }, quotas).await
}

/// One call of a person after the other and, where the course is locked next, one of a course: however many come at once,
/// none sees less than there is. The person first, as whoever changes their profile does, which the courses show.
async fn lock_caller(write: &mut Write) -> Result<()> {
    let user = write.user()?;
    sqlx::query!("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user.0).execute(write.connection()).await?;
    Ok(())
}

async fn ask(write: &mut Write, wanted: Wanted, quotas: Quotas) -> Result<(Asked, Changes)> {
    let Wanted { kind, lesson_id, course_id, file } = wanted;
    let size_bytes = file.size_bytes.0;
    let file_type = check(kind, &file, size_bytes)?;
    let (content_type, file_name) = (file_type.content_type, file_type.named_file(&file.file_name.0));
    let (user, now) = (write.user()?, write.now());
    check_unfinished(write, quotas).await?;
    if let Some(course) = course_id {
        check_course(write, course, size_bytes, quotas).await?;
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
    let noted = Noted { kind, lesson_id, course_id, file_name: &file_name, content_type, size_bytes };
    Ok((
        Asked { upload_id: id },
        Changes::created(&noted, &["kind", "lesson_id", "course_id", "file_name", "size_bytes"])?,
    ))
}

/// Returns the type that the file will be kept and served as.
fn check(kind: UploadKind, file: &NewImage, size_bytes: i64) -> Result<&'static FileType> {
    let known = FileType::meant(file.content_type.as_str(), &file.file_name.0).filter(|known| known.may_be(kind));
    let mut faults = Vec::new();
    if known.is_none() {
        let possible = FileType::ALL.iter().filter(|one| one.may_be(kind)).map(|one| one.content_type);
        let possible = possible.collect::<Vec<_>>().join(", ");
        let detail = format!("A {} is one of {possible}.", kind.as_str());
        faults.push(Fault::at("/content_type", "unsupported_type", detail));
    }
    if size_bytes > kind.largest() {
        let detail = format!("A {} has at most {} bytes.", kind.as_str(), kind.largest());
        faults.push(Fault::at("/size_bytes", "too_large", detail));
    }
    match known {
        Some(known) if faults.is_empty() => Ok(known),
        _ => Err(Error::invalid_all(faults)),
    }
}

async fn check_unfinished(write: &mut Write, quotas: Quotas) -> Result<()> {
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
    let detail = format!("You have {limit} unfinished uploads already; finish or give up some first.");
    Err(Error::problem(&problem::UPLOADS_UNFINISHED, detail).with("uploads", json!(unfinished)))
}

/// An answer with the signed addresses of more documents would be too large.
const MOST_DOCUMENTS: i64 = 100;

/// Fails with 409 when the lesson has as many documents as it can have, unfinished uploads among them.
async fn check_documents(write: &mut Write, lesson: LessonId) -> Result<()> {
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
    if documents < MOST_DOCUMENTS {
        return Ok(());
    }
    Err(Error::problem(&problem::LIMIT_REACHED, format!("A lesson has up to {MOST_DOCUMENTS} documents.")))
}

async fn check_course(write: &mut Write, course: CourseId, more: i64, quotas: Quotas) -> Result<()> {
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
    let detail = format!("The course's files have {used} of {limit} bytes already; {more} more do not fit.");
    let problem = Error::problem(&problem::COURSE_FULL, detail);
    Err(problem.with("used_bytes", used).with("limit_bytes", limit))
}
