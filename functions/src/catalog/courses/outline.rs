//! `GET /v1/courses/{course_id}/outline`: sections and lessons in order, without their content.

use lyceum::catalog::courses::{self, Outline, Reference};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};

pub(super) fn route() -> Route {
    get("/v1/courses/{course_id}/outline", Access::Public, handler)
        .cached()
        .named("get_course_outline", "Read a course's sections and lessons, in order, without their content")
}

async fn handler(request: Request) -> Result<Reply<Outline>> {
    let course = Reference::new(request.path("course_id"));
    Ok(Reply::ok(courses::outline(&mut request.read().await?, &course).await?))
}
