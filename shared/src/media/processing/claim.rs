//! Claims an uploaded file for processing. The first object version that is claimed is the only one that counts.

use crate::error::{Error, Result};
use crate::id::{CourseId, LessonId, UploadId, UserId};
use crate::media::checks::Rejection;
use crate::media::file_type::{FileType, UploadKind};
use crate::media::storage::ObjectVersion;
use crate::media::upload_key;
use crate::transaction::{Read, Write};

/// An upload whose file has arrived in the bucket.
#[derive(Debug, Clone)]
pub struct ReceivedUpload {
    pub id: UploadId,
    pub kind: UploadKind,
    pub file_type: &'static FileType,
    pub size_bytes: i64,
    /// The SHA-256 of the whole file, if the uploader named one and S3 could not verify it (files sent in parts).
    pub checksum_to_verify: Option<Vec<u8>>,
    /// The object version that arrived first. Only this one is checked and copied.
    pub version: ObjectVersion,
    pub(super) uploaded_by: UserId,
    pub(super) course_id: Option<CourseId>,
    pub(super) lesson_id: Option<LessonId>,
}

impl ReceivedUpload {
    /// Returns the key that the browser wrote to.
    #[must_use]
    pub fn source_key(&self) -> String {
        upload_key::of(self.id)
    }

    /// Returns the key of the file once it is ready. Browsers can't write there.
    ///
    /// # Errors
    /// Fails with 404 when the lesson was deleted.
    pub fn target_key(&self) -> Result<String> {
        let lesson_deleted = || Error::not_found("lesson");
        Ok(match self.kind {
            UploadKind::Picture => format!("public/pictures/{}.jpg", self.id),
            UploadKind::Thumbnail => format!("public/thumbnails/{}.jpg", self.id),
            UploadKind::Video | UploadKind::Document => {
                let (course, lesson) = self.course_id.zip(self.lesson_id).ok_or_else(lesson_deleted)?;
                format!("media/{course}/{lesson}/{}.{}", self.id, self.file_type.extension)
            }
        })
    }
}

/// What to do with an object version that arrived.
#[derive(Debug)]
pub enum Claim {
    /// Inspect the file.
    Inspect(Box<ReceivedUpload>),
    /// Reject the file: its lesson or course was deleted, or the uploader has lost the permission to show it there.
    Reject(Box<ReceivedUpload>, Rejection),
    /// Ignore this version: another one arrived earlier.
    OtherVersion,
    /// Nothing to do: the upload is ready or rejected, or its row was deleted.
    Finished,
}

/// Marks the upload as `processing` with this object version, unless another version was claimed earlier. Locks the
/// upload's row.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn claim(write: &mut Write, id: UploadId, version: &ObjectVersion) -> Result<Claim> {
    let row = sqlx::query!(
        r#"SELECT u.kind AS "kind: UploadKind", u.status, u.content_type, u.size_bytes, u.checksum_sha256,
             u.part_size_bytes IS NOT NULL AS "in_parts!", u.object_etag, u.object_version,
             u.uploaded_by AS "uploaded_by: UserId", u.course_id AS "course_id: CourseId", u.lesson_id AS "lesson_id: LessonId",
             c.deleted_at IS NOT NULL AS "course_deleted!",
             p.is_active AND p.deleted_at IS NULL AND (u.kind = 'picture' OR p.id IN (c.instructor_id, c.created_by)
               OR r.permissions ?| ARRAY['*', 'courses:update:any']) AS "may_still!"
           FROM uploads u JOIN users p ON p.id = u.uploaded_by JOIN roles r ON r.id = p.role_id
           LEFT JOIN courses c ON c.id = u.course_id
           WHERE u.id = $1 FOR NO KEY UPDATE OF u"#,
        id.0
    )
    .fetch_optional(write.connection())
    .await?;
    let Some(row) = row.filter(|row| row.status == "pending" || row.status == "processing") else {
        return Ok(Claim::Finished);
    };
    if row.object_etag.as_ref().is_some_and(|first| *first != version.e_tag || row.object_version != version.version_id)
    {
        return Ok(Claim::OtherVersion);
    }
    sqlx::query!(
        "UPDATE uploads SET status = 'processing', object_etag = $2, object_version = $3
         WHERE id = $1 AND object_etag IS NULL",
        id.0,
        version.e_tag,
        version.version_id,
    )
    .execute(write.connection())
    .await?;
    let file_type = FileType::by_content_type(&row.content_type);
    let upload = Box::new(ReceivedUpload {
        id,
        kind: row.kind,
        file_type: file_type.ok_or_else(|| Error::internal(format!("{id} has an unknown type")))?,
        size_bytes: row.size_bytes,
        checksum_to_verify: row.checksum_sha256.filter(|_| row.in_parts),
        version: version.clone(),
        uploaded_by: row.uploaded_by,
        course_id: row.course_id,
        lesson_id: row.lesson_id,
    });
    let is_for_lesson = matches!(upload.kind, UploadKind::Video | UploadKind::Document);
    if row.course_deleted || (is_for_lesson && upload.lesson_id.is_none()) {
        return Ok(Claim::Reject(upload, target_deleted()));
    }
    // A signed form works for an hour, even if the uploader loses the permission meanwhile.
    if !row.may_still {
        let why =
            Rejection::new("not_allowed", "The person who uploaded the file is no longer allowed to show it there.");
        return Ok(Claim::Reject(upload, why));
    }
    Ok(Claim::Inspect(upload))
}

/// Returns the rejection of a file whose lesson, course or user was deleted.
pub(super) fn target_deleted() -> Rejection {
    Rejection::new("nothing_to_show_it", "The lesson, course or account that the file is for was deleted.")
}

/// Returns the claimed object version of an upload that is still `processing`.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn claimed_version(read: &mut Read, id: UploadId) -> Result<Option<ObjectVersion>> {
    let row = sqlx::query!(
        r#"SELECT object_etag AS "e_tag!", object_version FROM uploads
           WHERE id = $1 AND object_etag IS NOT NULL AND status = 'processing'"#,
        id.0
    )
    .fetch_optional(read.connection())
    .await?;
    Ok(row.map(|row| ObjectVersion { e_tag: row.e_tag, version_id: row.object_version }))
}
