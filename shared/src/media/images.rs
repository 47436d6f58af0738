//! Removes pictures and thumbnails. ([`super::processing::publish`] sets them.) Maintenance removes the objects later.

use crate::audit::Changes;
use crate::catalog::courses::EditableCourse;
use crate::error::{Error, Result};
use crate::transaction::Write;

/// Removes the caller's picture.
///
/// # Errors
/// Fails with 404 when the caller has no picture.
pub async fn remove_picture(write: &mut Write) -> Result<Changes> {
    let (user, now) = (write.user()?, write.now());
    let removed = sqlx::query!(
        "UPDATE users SET profile_picture_url = NULL WHERE id = $1 AND profile_picture_url IS NOT NULL",
        user.0
    )
    .execute(write.connection())
    .await?;
    if removed.rows_affected() == 0 {
        return Err(Error::not_found("picture"));
    }
    sqlx::query!(
        "UPDATE uploads SET freed_at = $2
         WHERE uploaded_by = $1 AND kind = 'picture' AND status = 'ready' AND freed_at IS NULL",
        user.0,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(Changes::personal("profile_picture_url"))
}

/// Removes the thumbnail of a course.
///
/// # Errors
/// Fails with 404 when the course has no thumbnail.
pub async fn remove_thumbnail(write: &mut Write, course: &EditableCourse) -> Result<Changes> {
    let (user, now) = (write.user()?, write.now());
    let before = course.thumbnail_url.as_deref().ok_or_else(|| Error::not_found("thumbnail"))?;
    sqlx::query!("UPDATE courses SET thumbnail_url = NULL, updated_by = $2 WHERE id = $1", course.id.0, user.0)
        .execute(write.connection())
        .await?;
    sqlx::query!(
        "UPDATE uploads SET freed_at = $2
         WHERE course_id = $1 AND kind = 'thumbnail' AND status = 'ready' AND freed_at IS NULL",
        course.id.0,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(Changes::field("thumbnail_url", before, None::<&str>))
}
