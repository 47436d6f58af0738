//! What a lesson, a person and a course show of the files that are ready. It follows from the rows alone, so that the order
//! in which they became ready doesn't matter: of videos, pictures and thumbnails the one that was asked for last, of
//! documents all, in the order in which they were asked for.

use super::arrival::Arrived;
use super::file_type::UploadKind;
use super::storage::Storage;
use crate::audit::Changes;
use crate::error::Result;
use crate::transaction::Write;

/// Locks what is to show it; tells whether it is still there.
pub(super) async fn lock(write: &mut Write, arrived: &Arrived) -> Result<bool> {
    let connection = write.connection();
    let found = match arrived.kind {
        UploadKind::Picture => {
            sqlx::query_scalar!(
                "SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
                arrived.uploaded_by.0
            )
            .fetch_optional(connection)
            .await?
        }
        UploadKind::Thumbnail => {
            sqlx::query_scalar!(
                "SELECT id FROM courses WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
                arrived.course_id.map(|course| course.0)
            )
            .fetch_optional(connection)
            .await?
        }
        UploadKind::Video | UploadKind::Document => {
            sqlx::query_scalar!(
                "SELECT l.id FROM lessons l JOIN sections s ON s.id = l.section_id JOIN courses c ON c.id = s.course_id
                 WHERE l.id = $1 AND c.deleted_at IS NULL FOR NO KEY UPDATE OF l",
                arrived.lesson_id.map(|lesson| lesson.0)
            )
            .fetch_optional(connection)
            .await?
        }
    };
    Ok(found.is_some())
}

/// Shows what is to be shown now, frees what it replaces, and tells what changed.
pub(super) async fn show(write: &mut Write, storage: &Storage, arrived: &Arrived) -> Result<Changes> {
    if arrived.kind != UploadKind::Document {
        free_the_replaced(write, arrived).await?;
    }
    match arrived.kind {
        UploadKind::Video => show_video(write, arrived).await,
        UploadKind::Document => show_documents(write, arrived).await,
        UploadKind::Picture => show_picture(write, storage, arrived).await,
        UploadKind::Thumbnail => show_thumbnail(write, storage, arrived).await,
    }
}

async fn free_the_replaced(write: &mut Write, arrived: &Arrived) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "WITH those AS (
           SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place FROM uploads
           WHERE kind = $1 AND status = 'ready' AND freed_at IS NULL
             AND CASE $1 WHEN 'picture' THEN uploaded_by = $2 WHEN 'thumbnail' THEN course_id = $3 ELSE lesson_id = $4 END)
         UPDATE uploads u SET freed_at = $5 FROM those WHERE u.id = those.id AND those.place > 1",
        arrived.kind.as_str(),
        arrived.uploaded_by.0,
        arrived.course_id.map(|course| course.0),
        arrived.lesson_id.map(|lesson| lesson.0),
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn show_video(write: &mut Write, arrived: &Arrived) -> Result<Changes> {
    let row = sqlx::query!(
        r#"WITH before AS (SELECT self_hosted_video_path, duration_minutes FROM lessons WHERE id = $1)
           UPDATE lessons l SET self_hosted_video_path = u.storage_path,
             duration_minutes = CASE WHEN u.storage_path IS DISTINCT FROM l.self_hosted_video_path
               THEN ceil(u.duration_seconds / 60.0)::int ELSE l.duration_minutes END
           FROM before, uploads u
           WHERE l.id = $1 AND u.lesson_id = l.id AND u.kind = 'video' AND u.status = 'ready' AND u.freed_at IS NULL
           RETURNING before.self_hosted_video_path AS path_before, l.self_hosted_video_path AS path,
             before.duration_minutes AS minutes_before, l.duration_minutes AS minutes"#,
        arrived.lesson_id.map(|lesson| lesson.0),
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

async fn show_documents(write: &mut Write, arrived: &Arrived) -> Result<Changes> {
    let row = sqlx::query!(
        r#"WITH before AS (SELECT document_paths FROM lessons WHERE id = $1)
           UPDATE lessons l SET document_paths = (
             SELECT coalesce(jsonb_agg(u.storage_path ORDER BY u.created_at, u.id), '[]') FROM uploads u
             WHERE u.lesson_id = l.id AND u.kind = 'document' AND u.status = 'ready' AND u.freed_at IS NULL)
           FROM before WHERE l.id = $1
           RETURNING before.document_paths AS "before!", l.document_paths"#,
        arrived.lesson_id.map(|lesson| lesson.0),
    )
    .fetch_one(write.connection())
    .await?;
    Ok(Changes::field("document_paths", row.before, row.document_paths))
}

async fn show_picture(write: &mut Write, storage: &Storage, arrived: &Arrived) -> Result<Changes> {
    let path = sqlx::query_scalar!(
        r#"SELECT storage_path AS "path!" FROM uploads
           WHERE uploaded_by = $1 AND kind = 'picture' AND status = 'ready' AND freed_at IS NULL"#,
        arrived.uploaded_by.0
    )
    .fetch_one(write.connection())
    .await?;
    let url = storage.public_url(&path).await?;
    sqlx::query!("UPDATE users SET profile_picture_url = $2 WHERE id = $1", arrived.uploaded_by.0, url)
        .execute(write.connection())
        .await?;
    Ok(Changes::personal("profile_picture_url"))
}

async fn show_thumbnail(write: &mut Write, storage: &Storage, arrived: &Arrived) -> Result<Changes> {
    let course = arrived.course_id.map(|course| course.0);
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
        arrived.uploaded_by.0,
    )
    .fetch_one(write.connection())
    .await?;
    Ok(Changes::field("thumbnail_url", before, url))
}
