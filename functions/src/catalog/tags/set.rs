//! `PUT /v1/courses/{course_id}/tags`: the complete list.

use lyceum::audit::audit;
use lyceum::catalog::courses::{self, Course};
use lyceum::catalog::tags::{self, Tags};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::problem;

pub(super) fn route() -> Route {
    put("/v1/courses/{course_id}/tags", Access::SignedIn, handler)
        .named("set_course_tags", "Give a course these tags, and no others")
        .problems(&[&problem::FORBIDDEN, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request<Tags>) -> Result<Reply<Course>> {
    let mut tx = request.write().await?;
    let course = courses::editable(&mut tx, request.id("course_id")?).await?;
    request.precondition().check(course.version)?;
    let (course, changed) = tags::set(&mut tx, &course, &request.body).await?;
    tx.commit_changes(audit("course.set_tags", course.id), changed).await?;
    let tag = course.tag();
    Ok(Reply::ok(course).version(tag))
}
