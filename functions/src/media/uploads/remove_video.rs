//! `DELETE /v1/lessons/{lesson_id}/video`: removes the uploaded video from a lesson.

use lyceum::audit::audit;
use lyceum::catalog::lessons;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::media::lesson_files;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/lessons/{lesson_id}/video", Access::SignedIn, handler)
        .named("delete_lesson_video", "Remove the uploaded video from a lesson")
        .problems(&[&problem::FORBIDDEN, &problem::NOT_PUBLISHABLE, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let lesson = lessons::editable(&mut tx, request.id("lesson_id")?).await?;
    request.precondition().check(lesson.version)?;
    let (lesson, changed) = lesson_files::remove_video(&mut tx, &lesson).await?;
    tx.commit_changes(audit("lesson.update", lesson.id), changed).await?;
    Ok(Reply::no_content().version(lesson.version))
}
