//! Removes files from lessons. Maintenance removes the objects later, so that URLs that were signed before stay valid for
//! their time.

use crate::audit::Changes;
use crate::catalog::lessons::{self, EditableLesson, Lesson};
use crate::error::{Error, Result};
use crate::id::DocumentId;
use crate::transaction::Write;

/// Removes a document from a lesson. Returns the changed lesson and its changes.
///
/// # Errors
/// Fails with 404 when the lesson does not show this document, and with 409 when a published lesson needs it.
pub async fn remove_document(write: &mut Write, lesson: &EditableLesson, id: DocumentId) -> Result<(Lesson, Changes)> {
    let path = sqlx::query_scalar!(
        r#"SELECT storage_path AS "path!" FROM uploads
           WHERE id = $1 AND lesson_id = $2 AND kind = 'document' AND status = 'ready'"#,
        id.0,
        lesson.id.0,
    )
    .fetch_optional(write.connection())
    .await?
    .filter(|path| lesson.document_paths.contains(path))
    .ok_or_else(|| Error::not_found("document"))?;
    let changed = lessons::without_document(write, lesson, &path).await?;
    free(write, &path).await?;
    Ok(changed)
}

/// Removes the uploaded video from a lesson. Returns the changed lesson and its changes.
///
/// # Errors
/// Fails with 404 when the lesson has no uploaded video, and with 409 when a published lesson needs it.
pub async fn remove_video(write: &mut Write, lesson: &EditableLesson) -> Result<(Lesson, Changes)> {
    let path = lesson.self_hosted_video_path.clone().ok_or_else(|| Error::not_found("video"))?;
    let changed = lessons::without_video(write, lesson).await?;
    free(write, &path).await?;
    Ok(changed)
}

/// Marks the file for removal by maintenance.
async fn free(write: &mut Write, path: &str) -> Result<()> {
    let now = write.now();
    sqlx::query!("UPDATE uploads SET freed_at = $2 WHERE storage_path = $1 AND freed_at IS NULL", path, now)
        .execute(write.connection())
        .await?;
    Ok(())
}
