//! Shows a file that passed its checks, or rejects it.
//!
//! What a lesson, a person or a course shows is derived from all of its uploads, so that the order in which they became
//! ready doesn't matter: the newest video, picture or thumbnail, and all documents, in the order of their requests.

use super::claim::{ReceivedUpload, target_deleted};
use crate::audit::{Audit, Changes, audit};
use crate::error::{Error, Result};
use crate::id::UploadId;
use crate::media::checks::{Facts, Rejection};
use crate::media::file_type::UploadKind;
use crate::media::storage::Storage;
use crate::transaction::Write;

/// The final state of an upload after processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    Ready,
    Rejected,
    /// Another run, or the author, finished the upload first. Nothing was changed.
    AlreadyResolved,
}

/// Marks the upload as `ready` and shows its file. The file must be copied to its target key before. Returns the audit
/// entry to commit, if anything changed.
///
/// The row that shows the file is locked first: uploads that become ready at the same time wait for each other, and the
/// last one sees all.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn publish(
    write: &mut Write,
    storage: &Storage,
    upload: &ReceivedUpload,
    facts: &Facts,
) -> Result<(Resolution, Option<Audit>)> {
    if !lock_target(write, upload).await? {
        return reject(write, upload, &target_deleted()).await;
    }
    let ready = sqlx::query!(
        "UPDATE uploads SET status = 'ready', storage_path = $2, duration_seconds = $3, width = $4, height = $5
         WHERE id = $1 AND status = 'processing'",
        upload.id.0,
        upload.target_key()?,
        facts.duration_seconds,
        facts.width,
        facts.height,
    )
    .execute(write.connection())
    .await?;
    if ready.rows_affected() == 0 {
        return Ok((Resolution::AlreadyResolved, None));
    }
    let changes = attach(write, storage, upload).await?;
    let entry = match upload.kind {
        UploadKind::Picture => audit("user.picture", upload.uploaded_by),
        UploadKind::Thumbnail => audit("course.thumbnail", upload.course_id.ok_or_else(|| Error::not_found("course"))?),
        UploadKind::Video => audit("lesson.video", upload.lesson_id.ok_or_else(|| Error::not_found("lesson"))?),
        UploadKind::Document => audit("lesson.document", upload.lesson_id.ok_or_else(|| Error::not_found("lesson"))?),
    };
    let changes = changes.and("upload_id", None::<UploadId>, upload.id);
    Ok((Resolution::Ready, Some(entry.changed(changes).by(upload.uploaded_by))))
}

/// Marks the upload as `rejected`. Returns the audit entry to commit, if anything changed.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn reject(
    write: &mut Write,
    upload: &ReceivedUpload,
    why: &Rejection,
) -> Result<(Resolution, Option<Audit>)> {
    let rejected = sqlx::query!(
        "UPDATE uploads SET status = 'rejected', rejection_code = $2, rejection_reason = $3
         WHERE id = $1 AND status = 'processing'",
        upload.id.0,
        why.code,
        why.reason,
    )
    .execute(write.connection())
    .await?;
    if rejected.rows_affected() == 0 {
        return Ok((Resolution::AlreadyResolved, None));
    }
    let changes = Changes::field("status", "processing", "rejected").and("rejection_code", None::<&str>, why.code);
    Ok((Resolution::Rejected, Some(audit("upload.reject", upload.id).changed(changes))))
}

/// Locks the row that will show the file. Returns whether it still exists.
async fn lock_target(write: &mut Write, upload: &ReceivedUpload) -> Result<bool> {
    let connection = write.connection();
    let found = match upload.kind {
        UploadKind::Picture => {
            sqlx::query_scalar!(
                "SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
                upload.uploaded_by.0
            )
            .fetch_optional(connection)
            .await?
        }
        UploadKind::Thumbnail => {
            sqlx::query_scalar!(
                "SELECT id FROM courses WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
                upload.course_id.map(|course| course.0)
            )
            .fetch_optional(connection)
            .await?
        }
        UploadKind::Video | UploadKind::Document => {
            sqlx::query_scalar!(
                "SELECT l.id FROM lessons l JOIN sections s ON s.id = l.section_id JOIN courses c ON c.id = s.course_id
                 WHERE l.id = $1 AND c.deleted_at IS NULL FOR NO KEY UPDATE OF l",
                upload.lesson_id.map(|lesson| lesson.0)
            )
            .fetch_optional(connection)
            .await?
        }
    };
    Ok(found.is_some())
}

/// Updates the row that shows the file, marks replaced files for removal, and returns the changes of that row.
async fn attach(write: &mut Write, storage: &Storage, upload: &ReceivedUpload) -> Result<Changes> {
    if upload.kind != UploadKind::Document {
        free_replaced(write, upload).await?;
    }
    match upload.kind {
        UploadKind::Video => attach_video(write, upload).await,
        UploadKind::Document => attach_documents(write, upload).await,
        UploadKind::Picture => attach_picture(write, storage, upload).await,
        UploadKind::Thumbnail => attach_thumbnail(write, storage, upload).await,
    }
}

async fn free_replaced(write: &mut Write, upload: &ReceivedUpload) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "WITH those AS (
           SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place FROM uploads
           WHERE kind = $1 AND status = 'ready' AND freed_at IS NULL
             AND CASE $1 WHEN 'picture' THEN uploaded_by = $2 WHEN 'thumbnail' THEN course_id = $3 ELSE lesson_id = $4 END)
         UPDATE uploads u SET freed_at = $5 FROM those WHERE u.id = those.id AND those.place > 1",
        upload.kind.as_str(),
        upload.uploaded_by.0,
        upload.course_id.map(|course| course.0),
        upload.lesson_id.map(|lesson| lesson.0),
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn attach_video(write: &mut Write, upload: &ReceivedUpload) -> Result<Changes> {
    let row = sqlx::query!(
        r#"WITH before AS (SELECT self_hosted_video_path, duration_minutes FROM lessons WHERE id = $1)
           UPDATE lessons l SET self_hosted_video_path = u.storage_path,
             duration_minutes = CASE WHEN u.storage_path IS DISTINCT FROM l.self_hosted_video_path
               THEN ceil(u.duration_seconds / 60.0)::int ELSE l.duration_minutes END
           FROM before, uploads u
           WHERE l.id = $1 AND u.lesson_id = l.id AND u.kind = 'video' AND u.status = 'ready' AND u.freed_at IS NULL
           RETURNING before.self_hosted_video_path AS path_before, l.self_hosted_video_path AS path,
             before.duration_minutes AS minutes_before, l.duration_minutes AS minutes"#,
        upload.lesson_id.map(|lesson| lesson.0),
    )
    .fetch_one(write.connection())
    .await?;
    let mut changes = Changes::default();
    if row.path_before != row.path {
        changes = changes.and("self_hosted_video_path", row.path_before, row.path);
    }
    if row.minutes_before != row.minutes {
        changes = changes.and("duration_minutes", row.minutes_before, row.minutes);
    }
    Ok(changes)
}

async fn attach_documents(write: &mut Write, upload: &ReceivedUpload) -> Result<Changes> {
    let row = sqlx::query!(
        r#"WITH before AS (SELECT document_paths FROM lessons WHERE id = $1)
           UPDATE lessons l SET document_paths = (
             SELECT coalesce(jsonb_agg(u.storage_path ORDER BY u.created_at, u.id), '[]') FROM uploads u
             WHERE u.lesson_id = l.id AND u.kind = 'document' AND u.status = 'ready' AND u.freed_at IS NULL)
           FROM before WHERE l.id = $1
           RETURNING before.document_paths AS "before!", l.document_paths"#,
        upload.lesson_id.map(|lesson| lesson.0),
    )
    .fetch_one(write.connection())
    .await?;
    Ok(Changes::field("document_paths", row.before, row.document_paths))
}

async fn attach_picture(write: &mut Write, storage: &Storage, upload: &ReceivedUpload) -> Result<Changes> {
    let path = sqlx::query_scalar!(
        r#"SELECT storage_path AS "path!" FROM uploads
           WHERE uploaded_by = $1 AND kind = 'picture' AND status = 'ready' AND freed_at IS NULL"#,
        upload.uploaded_by.0
    )
    .fetch_one(write.connection())
    .await?;
    let url = storage.public_url(&path).await?;
    sqlx::query!("UPDATE users SET profile_picture_url = $2 WHERE id = $1", upload.uploaded_by.0, url)
        .execute(write.connection())
        .await?;
    Ok(Changes::personal("profile_picture_url"))
}

async fn attach_thumbnail(write: &mut Write, storage: &Storage, upload: &ReceivedUpload) -> Result<Changes> {
    let course = upload.course_id.map(|course| course.0);
    let path = sqlx::query_scalar!(
        r#"SELECT storage_path AS "path!" FROM uploads
           WHERE course_id = $1 AND kind = 'thumbnail' AND status = 'ready' AND freed_at IS NULL"#,
        course
    )
    .fetch_one(write.connection())
    .await?;
    let url = storage.public_url(&path).await?;
    let before = sqlx::query_scalar!(
        r#"WITH before AS (SELECT thumbnail_url FROM courses WHERE id = $1)
           UPDATE courses c SET thumbnail_url = $2, updated_by = $3 FROM before WHERE c.id = $1
           RETURNING before.thumbnail_url AS "before?""#,
        course,
        url,
        upload.uploaded_by.0,
    )
    .fetch_one(write.connection())
    .await?;
    Ok(Changes::field("thumbnail_url", before, url))
}
