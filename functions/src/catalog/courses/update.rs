//! `PATCH /v1/courses/{course_id}`

use lyceum::audit::audit;
use lyceum::catalog::courses::{self, Course, CourseChanges};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, patch};
use lyceum::problem;

pub(super) fn route() -> Route {
    patch("/v1/courses/{course_id}", Access::SignedIn, handler)
        .named("update_course", "Change what a course says")
        .problems(&[&problem::FORBIDDEN, &problem::SLUG_TAKEN, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request<CourseChanges>) -> Result<Reply<Course>> {
    let (changes, request) = request.take_body();
    let mut tx = request.write().await?;
    let course = courses::editable(&mut tx, request.id("course_id")?).await?;
    request.precondition().check(course.version)?;
    let (course, changed) = courses::update(&mut tx, &course, changes).await?;
    tx.commit_changes(audit("course.update", course.id), changed).await?;
    let tag = course.tag();
    Ok(Reply::ok(course).version(tag))
}
