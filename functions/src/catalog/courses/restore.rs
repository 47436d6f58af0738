//! `POST /v1/courses/{course_id}/restore`: brings a deleted course back, as it was or with another slug or category.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::catalog::courses::{self, Course, Restoration};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/restore", Access::SignedIn, handler)
        .named("restore_course", "Bring a deleted course back")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::FORBIDDEN, &problem::COURSE_NOT_DELETED, &problem::SLUG_TAKEN, &problem::CONFLICT])
}

async fn handler(request: Request<Restoration>) -> Result<Reply<Course>> {
    let (restoration, request) = request.take_body();
    let mut tx = request.write().await?;
    let (course, changes) = courses::restore(&mut tx, request.id("course_id")?, restoration).await?;
    tx.commit(audit("course.restore", course.id).changed(changes)).await?;
    let tag = course.tag();
    Ok(Reply::ok(course).version(tag))
}
