//! `PATCH /v1/lessons/{lesson_id}`

use lyceum::audit::audit;
use lyceum::catalog::lessons::{self, Lesson, LessonChanges};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, patch};
use lyceum::problem;

use super::html;

pub(super) fn route() -> Route {
    patch("/v1/lessons/{lesson_id}", Access::SignedIn, handler).named("update_lesson", "Change a lesson").problems(&[
        &problem::FORBIDDEN,
        &problem::PRECONDITION_FAILED,
        &problem::NOT_PUBLISHABLE,
    ])
}

async fn handler(request: Request<LessonChanges>) -> Result<Reply<Lesson>> {
    let (changes, request) = request.take_body();
    request.release_connection();
    let changes = changes.render().await?;
    let mut tx = request.write().await?;
    let lesson = lessons::editable(&mut tx, request.id("lesson_id")?).await?;
    request.precondition().check(lesson.version)?;
    let (lesson, changed) = lessons::update(&mut tx, &lesson, changes).await?;
    tx.commit_changes(audit("lesson.update", lesson.id), changed).await?;
    let lesson = html::complete(&request, lesson).await?;
    let version = lesson.version;
    Ok(Reply::ok(lesson).version(version))
}
