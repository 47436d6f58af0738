//! What a browser sends, straight to the bucket, from the call that asks for it until it is complete. What happens to it
//! then is another matter: until it is checked, nothing shows it.
//!
//! An upload is its uploader's alone, as long as they are staff of the course that it is for.
//!
//! | file | what |
//! | --- | --- |
//! | `asking` | what may be asked for, and the quotas |
//! | `sending` | what a browser needs to send it |
//! | `finishing` | completing it, and giving it up |

mod finish;
mod instructions;
mod request;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::file_type::UploadKind;
use super::storage::Part;
use super::upload_key;
use crate::catalog::Standing;
use crate::catalog::courses::{CourseStatus, Visibility};
use crate::error::{Error, Result};
use crate::id::{CourseId, LessonId, UploadId, UserId};
use crate::input::text_enum;
use crate::transaction::{Read, Write};

pub use finish::{Completion, assemble, cancel, delete_unused, mark_complete, remove_file};
pub use instructions::{PartNumbers, UploadInstructions, instructions, save_multipart_id, sign_parts, start_multipart};
pub use request::{CreatedUpload, NewImage, NewLessonFile, Quotas, for_caller, for_course, for_lesson};

text_enum! {
    /// `pending` until it has arrived, `processing` while it is checked; then it is shown, or was `rejected`.
    UploadStatus { Pending = "pending", Processing = "processing", Ready = "ready", Rejected = "rejected" }
}

/// An upload, as its uploader sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Upload {
    pub upload_id: UploadId,
    pub kind: UploadKind,
    /// None of a picture, and of a thumbnail.
    pub lesson_id: Option<LessonId>,
    /// None of a picture.
    pub course_id: Option<CourseId>,
    pub file_name: String,
    pub content_type: String,
    pub size_bytes: i64,
    pub status: UploadStatus,
    /// Why it was rejected.
    pub rejection: Option<Rejection>,
    /// Of a file in parts: how many bytes each has but the last.
    pub part_size_bytes: Option<i64>,
    /// The parts that arrived, until it is complete.
    pub parts: Vec<ArrivedPart>,
    pub created_at: DateTime<Utc>,
    /// When it goes, unless it is complete by then.
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Rejection {
    /// For programs.
    pub code: String,
    /// For the author.
    pub reason: String,
}

/// A part that S3 has.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArrivedPart {
    pub part_number: i32,
    pub size_bytes: i64,
    /// As S3 writes it, with its quotes.
    pub etag: String,
}

/// An upload of the caller's own. Only [`own`] makes one.
#[derive(Debug)]
pub struct OwnUpload {
    id: UploadId,
    kind: UploadKind,
    lesson_id: Option<LessonId>,
    course_id: Option<CourseId>,
    file_name: String,
    content_type: String,
    size_bytes: i64,
    status: UploadStatus,
    rejection_code: Option<String>,
    rejection_reason: Option<String>,
    checksum: Option<Vec<u8>>,
    /// S3's id of a file in parts, until it is complete.
    multipart_id: Option<String>,
    part_size_bytes: Option<i64>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl OwnUpload {
    pub fn id(&self) -> UploadId {
        self.id
    }

    /// Where it arrives.
    #[must_use]
    pub fn key(&self) -> String {
        upload_key::of(self.id)
    }

    /// Whether all of a file in parts is there. Of a form, S3 alone knows.
    fn is_complete(&self) -> bool {
        self.status != UploadStatus::Pending || (self.part_size_bytes.is_some() && self.multipart_id.is_none())
    }

    /// S3's id of a file whose parts may still come.
    #[must_use]
    pub fn multipart_id(&self) -> Option<&str> {
        self.multipart_id.as_deref().filter(|_| !self.is_complete())
    }

    /// As its uploader sees it, with the parts that arrived.
    #[must_use]
    pub fn shown(self, parts: Vec<Part>) -> Upload {
        let rejection = self.rejection_code.zip(self.rejection_reason);
        let arrived =
            |part: Part| ArrivedPart { part_number: part.number, size_bytes: part.size_bytes, etag: part.e_tag };
        Upload {
            upload_id: self.id,
            kind: self.kind,
            lesson_id: self.lesson_id,
            course_id: self.course_id,
            file_name: self.file_name,
            content_type: self.content_type,
            size_bytes: self.size_bytes,
            status: self.status,
            rejection: rejection.map(|(code, reason)| Rejection { code, reason }),
            part_size_bytes: self.part_size_bytes,
            parts: parts.into_iter().map(arrived).collect(),
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}

/// The caller's upload, as long as they are staff of the course that it is for.
///
/// # Errors
/// 404, also of another's upload, and of one whose lesson or course is gone.
pub async fn own(read: &mut Read, id: UploadId) -> Result<OwnUpload> {
    let (caller, user) = (read.caller().clone(), read.user()?);
    let row = sqlx::query!(
        r#"SELECT u.kind AS "kind: UploadKind", u.lesson_id AS "lesson_id: LessonId", u.course_id AS "course_id: CourseId",
             u.file_name, u.content_type, u.size_bytes, u.status AS "status: UploadStatus", u.rejection_code,
             u.rejection_reason, u.checksum_sha256, u.multipart_id, u.part_size_bytes, u.created_at, u.expires_at,
             c.status AS "course_status?: CourseStatus", c.visibility AS "visibility?: Visibility",
             c.instructor_id AS "instructor_id?: UserId", c.created_by AS "created_by?: UserId"
           FROM uploads u LEFT JOIN courses c ON c.id = u.course_id AND c.deleted_at IS NULL
           WHERE u.id = $1 AND u.uploaded_by = $2"#,
        id.0,
        user.0,
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("upload"))?;
    let standing = match (row.course_status, row.visibility, row.instructor_id, row.created_by) {
        (Some(status), Some(visibility), Some(instructor_id), Some(created_by)) => {
            Some(Standing { status, visibility, instructor_id, created_by, enrolled: false })
        }
        _ => None,
    };
    let of_a_course = standing.is_some_and(|standing| standing.staff(&caller));
    let theirs = match row.kind {
        UploadKind::Picture => true,
        UploadKind::Thumbnail => of_a_course,
        UploadKind::Video | UploadKind::Document => of_a_course && row.lesson_id.is_some(),
    };
    if !theirs {
        return Err(Error::not_found("upload"));
    }
    Ok(OwnUpload {
        id,
        kind: row.kind,
        lesson_id: row.lesson_id,
        course_id: row.course_id,
        file_name: row.file_name,
        content_type: row.content_type,
        size_bytes: row.size_bytes,
        status: row.status,
        rejection_code: row.rejection_code,
        rejection_reason: row.rejection_reason,
        checksum: row.checksum_sha256,
        multipart_id: row.multipart_id,
        part_size_bytes: row.part_size_bytes,
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

/// The same, locked until the end of the write.
///
/// # Errors
/// As [`own`].
pub async fn own_locked(write: &mut Write, id: UploadId) -> Result<OwnUpload> {
    sqlx::query!("SELECT id FROM uploads WHERE id = $1 FOR UPDATE", id.0).fetch_optional(write.connection()).await?;
    own(write, id).await
}
