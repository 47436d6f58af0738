//! `POST /v1/sections/{section_id}/lessons`

use lyceum::audit::{Changes, audit};
use lyceum::catalog::lessons::{self, Lesson, NewLesson};
use lyceum::catalog::sections;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/sections/{section_id}/lessons", Access::SignedIn, handler)
        .named("create_lesson", "Add a lesson to a section")
        .problems(&[&problem::FORBIDDEN, &problem::LIMIT_REACHED, &problem::NOT_PUBLISHABLE])
}

async fn handler(request: Request<NewLesson>) -> Result<Reply<Lesson>> {
    let (new, request) = request.take_body();
    request.release_connection();
    let new = new.render().await?;
    let mut tx = request.write().await?;
    let section = sections::editable(&mut tx, request.id("section_id")?).await?;
    let lesson = lessons::create(&mut tx, &section, new).await?;
    tx.commit(
        audit("lesson.create", lesson.id).changed(Changes::created(&lesson, &["section_id", "title", "lesson_type"])?),
    )
    .await?;
    let version = lesson.version;
    Ok(Reply::created(&format!("/v1/lessons/{}", lesson.id), lesson).version(version))
}
