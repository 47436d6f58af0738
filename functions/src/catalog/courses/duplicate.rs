//! `POST /v1/courses/{course_id}/duplicate`: a deep copy, as a draft; uploaded files stay with the original.

use lyceum::audit::{Changes, audit};
use lyceum::catalog::courses::{self, Course, Duplication};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::id::CourseId;
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/duplicate", Access::SignedIn, handler)
        .named(
            "duplicate_course",
            "Copy a course with its sections and lessons, as a draft; uploaded files stay behind",
        )
        .problems(&[&problem::FORBIDDEN, &problem::SLUG_TAKEN])
}

async fn handler(request: Request<Duplication>) -> Result<Reply<Course>> {
    let (duplication, request) = request.take_body();
    let mut tx = request.write().await?;
    let original = courses::editable(&mut tx, request.id("course_id")?).await?;
    let course = courses::duplicate(&mut tx, &original, duplication).await?;
    let changes = Changes::field("duplicate_of", None::<CourseId>, original.id);
    tx.commit(audit("course.duplicate", course.id).changed(changes)).await?;
    let tag = course.tag();
    Ok(Reply::created(&format!("/v1/courses/{}", course.id), course).version(tag))
}
