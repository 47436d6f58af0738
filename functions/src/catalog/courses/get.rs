//! `GET /v1/courses/{course_id}`: by id or by slug.

use lyceum::catalog::courses::{self, Course, Reference};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};

pub(super) fn route() -> Route {
    get("/v1/courses/{course_id}", Access::Public, handler).hot().named("get_course", "Read a course, by id or by slug")
}

async fn handler(request: Request) -> Result<Reply<Course>> {
    let course = courses::visible(&mut request.read().await?, &Reference::new(request.path("course_id"))).await?;
    let version = course.version;
    Ok(Reply::ok(course).version(version))
}
