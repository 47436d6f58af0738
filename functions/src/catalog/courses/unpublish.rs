//! `POST /v1/courses/{course_id}/unpublish`: back to a draft, while nobody is enrolled.

use http::StatusCode;
use lyceum::audit::{Changes, audit};
use lyceum::catalog::courses::{self, Course};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/unpublish", Access::SignedIn, handler)
        .named("unpublish_course", "Take a course back to a draft, while nobody is enrolled")
        .answers(&[StatusCode::OK])
        .problems(&[
            &problem::FORBIDDEN,
            &problem::LEARNERS_ENROLLED,
            &problem::CONFLICT,
            &problem::PRECONDITION_FAILED,
        ])
}

async fn handler(request: Request) -> Result<Reply<Course>> {
    let mut tx = request.write().await?;
    let before = courses::editable(&mut tx, request.id("course_id")?).await?;
    request.precondition().check(before.version)?;
    let course = courses::unpublish(&mut tx, &before).await?;
    tx.commit_changes(audit("course.unpublish", course.id), Changes::between(&*before, &course)?).await?;
    let tag = course.tag();
    Ok(Reply::ok(course).version(tag))
}
