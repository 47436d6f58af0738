//! The HTML of lessons that were stored without it: by an earlier version, or by SQL.

use lyceum::catalog::lessons::{self, Lesson};
use lyceum::error::Result;
use lyceum::http::Request;

/// Returns the lesson with its HTML, which is kept for the next reader.
pub(super) async fn complete<B, Q>(request: &Request<B, Q>, lesson: Lesson) -> Result<Lesson> {
    if !lesson.lacks_html() {
        return Ok(lesson);
    }
    request.release_connection();
    let lesson = lessons::with_html(lesson).await?;
    let kept = match request.read().await {
        Ok(mut read) => lessons::keep_html(&mut read, &lesson).await,
        Err(error) => Err(error),
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "the HTML of a lesson could not be kept");
    }
    Ok(lesson)
}
