//! Taking a file off its lesson. The object stays until maintenance removes it: addresses that were signed a moment ago
//! work as long as they say.

use crate::audit::Changes;
use crate::catalog::lessons::{self, EditableLesson, Lesson};
use crate::error::{Error, Result};
use crate::id::DocumentId;
use crate::transaction::Write;

/// Takes a document off.
///
/// # Errors
/// 404 when the lesson does not show it; 409 when it is published and needs it.
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
    let left = lessons::without_document(write, lesson, &path).await?;
    free(write, &path).await?;
    Ok(left)
}

/// Takes the video off.
///
/// # Errors
/// 404 when the lesson has none of its own; 409 when it is published and needs it.
pub async fn remove_video(write: &mut Write, lesson: &EditableLesson) -> Result<(Lesson, Changes)> {
    let path = lesson.self_hosted_video_path.clone().ok_or_else(|| Error::not_found("video"))?;
    let left = lessons::without_video(write, lesson).await?;
    free(write, &path).await?;
    Ok(left)
}

async fn free(write: &mut Write, path: &str) -> Result<()> {
    let now = write.now();
    sqlx::query!("UPDATE uploads SET freed_at = $2 WHERE storage_path = $1 AND freed_at IS NULL", path, now)
        .execute(write.connection())
        .await?;
    Ok(())
}
