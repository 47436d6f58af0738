//! `GET /v1/lessons/{lesson_id}`: for the enrolled, and staff of its course.

use lyceum::catalog::lessons::{self, Lesson};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::problem;

use super::html;

pub(super) fn route() -> Route {
    get("/v1/lessons/{lesson_id}", Access::SignedIn, handler)
        .named("get_lesson", "Read a lesson")
        .problems(&[&problem::FORBIDDEN])
}

async fn handler(request: Request) -> Result<Reply<Lesson>> {
    let id = request.id("lesson_id")?;
    let lesson = lessons::get(&mut request.read().await?, id).await?;
    let lesson = html::complete(&request, lesson).await?;
    let version = lesson.version;
    Ok(Reply::ok(lesson).version(version))
}
