//! Uploads: files that browsers send straight to the bucket, from their creation until the file is complete. Nothing shows
//! a file before it is processed ([`super::processing`]).
//!
//! Only the uploader can see an upload, and only while they are staff of its course.
//!
//! | file | what |
//! | --- | --- |
//! | `request` | creation: the checks and the quotas |
//! | `instructions` | how a browser sends the file |
//! | `finish` | completion and cancellation |

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
    /// `pending` until the file has arrived, `processing` while it is checked, then `ready` or `rejected`.
    UploadStatus { Pending = "pending", Processing = "processing", Ready = "ready", Rejected = "rejected" }
}

/// An upload, as the API returns it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Upload {
    pub upload_id: UploadId,
    pub kind: UploadKind,
    /// Null for a picture and for a thumbnail.
    pub lesson_id: Option<LessonId>,
    /// Null for a picture.
    pub course_id: Option<CourseId>,
    pub file_name: String,
    pub content_type: String,
    pub size_bytes: i64,
    pub status: UploadStatus,
    /// The reason, if the file was rejected.
    pub rejection: Option<Rejection>,
    /// The size of each part but the last, for a file that is sent in parts.
    pub part_size_bytes: Option<i64>,
    /// The parts that have arrived. Empty once the file is complete.
    pub parts: Vec<ArrivedPart>,
    pub created_at: DateTime<Utc>,
    /// When the upload is removed, unless the file is complete by then.
    pub expires_at: DateTime<Utc>,
}

/// Why a file was rejected.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rejection {
    /// A stable code for programs.
    pub code: String,
    /// A message for the author.
    pub reason: String,
}

/// A part that has arrived in S3.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArrivedPart {
    pub part_number: i32,
    pub size_bytes: i64,
    /// With quotes, as S3 writes it.
    pub etag: String,
}

/// An upload that belongs to the caller. Only [`own`] and [`own_locked`] return one.
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
    /// S3's id of the multipart upload, until the file is complete.
    multipart_id: Option<String>,
    part_size_bytes: Option<i64>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl OwnUpload {
    pub fn id(&self) -> UploadId {
        self.id
    }

    /// Returns the key that the file is sent to.
    #[must_use]
    pub fn key(&self) -> String {
        upload_key::of(self.id)
    }

    /// Whether the file is known to be complete. A file that is sent by a form is complete once it was processed.
    fn is_complete(&self) -> bool {
        self.status != UploadStatus::Pending || (self.part_size_bytes.is_some() && self.multipart_id.is_none())
    }

    /// Returns S3's id of the multipart upload, while parts can still be sent.
    #[must_use]
    pub fn multipart_id(&self) -> Option<&str> {
        self.multipart_id.as_deref().filter(|_| !self.is_complete())
    }

    /// Returns the upload for the API, with the parts that have arrived.
    #[must_use]
    pub fn into_response(self, parts: Vec<Part>) -> Upload {
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

/// Returns an upload of the caller.
///
/// # Errors
/// Fails with 404 for an upload of another user, for one whose lesson or course was deleted, and when the caller is no
/// longer staff of the course.
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
    let is_staff = standing.is_some_and(|standing| standing.staff(&caller));
    let is_visible = match row.kind {
        UploadKind::Picture => true,
        UploadKind::Thumbnail => is_staff,
        UploadKind::Video | UploadKind::Document => is_staff && row.lesson_id.is_some(),
    };
    if !is_visible {
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

/// Like [`own`], and locks the row until the end of the write.
///
/// # Errors
/// Fails like [`own`].
pub async fn own_locked(write: &mut Write, id: UploadId) -> Result<OwnUpload> {
    sqlx::query!("SELECT id FROM uploads WHERE id = $1 FOR UPDATE", id.0).fetch_optional(write.connection()).await?;
    own(write, id).await
}
