//! What became of what a browser sent: `pending` until it arrives, `processing` while it is judged, then `ready` or
//! `rejected` for good. Events come twice, late, out of order or never; each step is a short write of its own that finds
//! out by the row whether it is still to be done.

use super::checks::{Facts, Rejection};
use super::file_type::{FileType, UploadKind};
use super::showing;
use super::storage::{Pin, Storage};
use crate::audit::{Audit, Changes, audit};
use crate::error::{Error, Result};
use crate::id::{CourseId, LessonId, UploadId, UserId};
use crate::transaction::{Read, Write};

/// An upload whose file is there.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub id: UploadId,
    pub kind: UploadKind,
    pub file_type: &'static FileType,
    pub size_bytes: i64,
    /// What the whole must sum up to, where S3 could not see to it.
    pub checksum_to_verify: Option<Vec<u8>>,
    /// The content that arrived first, which is the one that counts.
    pub pin: Pin,
    pub(super) uploaded_by: UserId,
    pub(super) course_id: Option<CourseId>,
    pub(super) lesson_id: Option<LessonId>,
}

impl Arrived {
    /// Where the browser sent it.
    #[must_use]
    pub fn source(&self) -> String {
        source(self.id)
    }

    /// Where it lies once it is ready: a place that no browser can write to.
    ///
    /// # Errors
    /// When the lesson is gone that it is for.
    pub fn target(&self) -> Result<String> {
        let gone = || Error::not_found("lesson");
        Ok(match self.kind {
            UploadKind::Picture => format!("public/pictures/{}.jpg", self.id),
            UploadKind::Thumbnail => format!("public/thumbnails/{}.jpg", self.id),
            UploadKind::Video | UploadKind::Document => {
                let (course, lesson) = self.course_id.zip(self.lesson_id).ok_or_else(gone)?;
                format!("media/{course}/{lesson}/{}.{}", self.id, self.file_type.extension)
            }
        })
    }
}

/// The key that a browser's file has until it is judged.
#[must_use]
pub fn source(id: UploadId) -> String {
    format!("uploads/{id}")
}

/// The upload whose file that key is; none for any other key.
#[must_use]
pub fn upload_of(key: &str) -> Option<UploadId> {
    let id: UploadId = key.strip_prefix(super::UPLOADED)?.parse().ok()?;
    (source(id) == key).then_some(id)
}

/// The same, of a key as S3's own events have it: like a form's, where a space is a `+`.
#[must_use]
pub fn upload_of_encoded(key: &str) -> Option<UploadId> {
    let (key, _) = form_urlencoded::parse(key.as_bytes()).next()?;
    upload_of(&key)
}

/// Whose turn it is.
#[derive(Debug)]
pub enum Claim {
    /// It is to be judged.
    Ours(Box<Arrived>),
    /// What it was for is gone, or whoever sent it may not show it there any more.
    Pointless(Box<Arrived>, Rejection),
    /// Another content arrived before, and is judged or will be.
    Late,
    /// It is ready or rejected, or nobody knows it any more.
    Done,
}

/// Notes that this content arrived, unless another one did before.
///
/// # Errors
/// Those of the database.
pub async fn claim(write: &mut Write, id: UploadId, pin: &Pin) -> Result<Claim> {
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
        return Ok(Claim::Done);
    };
    if row.object_etag.as_ref().is_some_and(|first| *first != pin.e_tag || row.object_version != pin.version) {
        return Ok(Claim::Late);
    }
    sqlx::query!(
        "UPDATE uploads SET status = 'processing', object_etag = $2, object_version = $3
         WHERE id = $1 AND object_etag IS NULL",
        id.0,
        pin.e_tag,
        pin.version,
    )
    .execute(write.connection())
    .await?;
    let file_type = FileType::named(&row.content_type);
    let arrived = Box::new(Arrived {
        id,
        kind: row.kind,
        file_type: file_type.ok_or_else(|| Error::internal(format!("{id} has an unknown type")))?,
        size_bytes: row.size_bytes,
        checksum_to_verify: row.checksum_sha256.filter(|_| row.in_parts),
        pin: pin.clone(),
        uploaded_by: row.uploaded_by,
        course_id: row.course_id,
        lesson_id: row.lesson_id,
    });
    let for_a_lesson = matches!(arrived.kind, UploadKind::Video | UploadKind::Document);
    if row.course_deleted || (for_a_lesson && arrived.lesson_id.is_none()) {
        return Ok(Claim::Pointless(arrived, pointless_now()));
    }
    // A form works for an hour, whatever becomes of whom it was given to.
    if !row.may_still {
        let why = Rejection::new("not_allowed", "Whoever sent the file may not show it there any more.");
        return Ok(Claim::Pointless(arrived, why));
    }
    Ok(Claim::Ours(arrived))
}

fn pointless_now() -> Rejection {
    Rejection::new("nothing_to_show_it", "What the file was for was deleted meanwhile.")
}

/// The content that was pinned for an upload that is not judged yet.
///
/// # Errors
/// Those of the database.
pub async fn pinned(read: &mut Read, id: UploadId) -> Result<Option<Pin>> {
    let row = sqlx::query!(
        r#"SELECT object_etag AS "e_tag!", object_version FROM uploads
           WHERE id = $1 AND object_etag IS NOT NULL AND status = 'processing'"#,
        id.0
    )
    .fetch_optional(read.connection())
    .await?;
    Ok(row.map(|row| Pin { e_tag: row.e_tag, version: row.object_version }))
}

/// What a judgement came to in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    Ready,
    Rejected,
    /// Another run, or the author, was faster.
    Already,
}

/// Shows what passed and was copied, and tells what to write into the audit log. Whatever shows it is locked first, so
/// that uploads that become ready at once wait for each other, and the last one sees all.
///
/// # Errors
/// Those of the database.
pub async fn accept(
    write: &mut Write,
    storage: &Storage,
    arrived: &Arrived,
    facts: &Facts,
) -> Result<(Settled, Option<Audit>)> {
    if !showing::lock(write, arrived).await? {
        let (settled, done) = reject(write, arrived, &pointless_now()).await?;
        return Ok((settled, done));
    }
    let ready = sqlx::query!(
        "UPDATE uploads SET status = 'ready', storage_path = $2, duration_seconds = $3, width = $4, height = $5
         WHERE id = $1 AND status = 'processing'",
        arrived.id.0,
        arrived.target()?,
        facts.duration_seconds,
        facts.width,
        facts.height,
    )
    .execute(write.connection())
    .await?;
    if ready.rows_affected() == 0 {
        return Ok((Settled::Already, None));
    }
    let changes = showing::show(write, storage, arrived).await?;
    let done = match arrived.kind {
        UploadKind::Picture => audit("user.picture", arrived.uploaded_by),
        UploadKind::Thumbnail => {
            audit("course.thumbnail", arrived.course_id.ok_or_else(|| Error::not_found("course"))?)
        }
        UploadKind::Video => audit("lesson.video", arrived.lesson_id.ok_or_else(|| Error::not_found("lesson"))?),
        UploadKind::Document => audit("lesson.document", arrived.lesson_id.ok_or_else(|| Error::not_found("lesson"))?),
    };
    let changes = changes.and("upload_id", None::<UploadId>, arrived.id);
    Ok((Settled::Ready, Some(done.changed(changes).by(arrived.uploaded_by))))
}

/// Turns it down for good, and tells what to write into the audit log.
///
/// # Errors
/// Those of the database.
pub async fn reject(write: &mut Write, arrived: &Arrived, why: &Rejection) -> Result<(Settled, Option<Audit>)> {
    let rejected = sqlx::query!(
        "UPDATE uploads SET status = 'rejected', rejection_code = $2, rejection_reason = $3
         WHERE id = $1 AND status = 'processing'",
        arrived.id.0,
        why.code,
        why.reason,
    )
    .execute(write.connection())
    .await?;
    if rejected.rows_affected() == 0 {
        return Ok((Settled::Already, None));
    }
    let changes = Changes::field("status", "processing", "rejected").and("rejection_code", None::<&str>, why.code);
    Ok((Settled::Rejected, Some(audit("upload.reject", arrived.id).changed(changes))))
}
