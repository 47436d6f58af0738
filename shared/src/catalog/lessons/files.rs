//! The files that a lesson names. What they are, `media` knows.

use serde_json::json;

use super::editing::{EditableLesson, check_publishable};
use super::{Lesson, find};
use crate::audit::Changes;
use crate::error::Result;
use crate::transaction::Write;

/// The lesson without that document.
///
/// # Errors
/// 409 when it is published and needs it.
pub async fn without_document(write: &mut Write, lesson: &EditableLesson, path: &str) -> Result<(Lesson, Changes)> {
    let mut after = Lesson::clone(lesson);
    after.document_paths.retain(|one| one != path);
    store(write, lesson, after).await
}

/// The lesson without its own video.
///
/// # Errors
/// 409 when it is published and needs it.
pub async fn without_video(write: &mut Write, lesson: &EditableLesson) -> Result<(Lesson, Changes)> {
    let mut after = Lesson::clone(lesson);
    after.self_hosted_video_path = None;
    store(write, lesson, after).await
}

async fn store(write: &mut Write, before: &EditableLesson, after: Lesson) -> Result<(Lesson, Changes)> {
    check_publishable(&after)?;
    let changed = Changes::between(&**before, &after)?;
    sqlx::query!(
        "UPDATE lessons SET self_hosted_video_path = $2, document_paths = $3 WHERE id = $1",
        after.id.0,
        after.self_hosted_video_path,
        json!(after.document_paths),
    )
    .execute(write.connection())
    .await?;
    Ok((find(write, after.id).await?, changed))
}
