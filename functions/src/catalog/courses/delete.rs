//! `DELETE /v1/courses/{course_id}`: softly; it can be restored for 30 days.

use lyceum::audit::audit;
use lyceum::catalog::{courses, prerequisites};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/courses/{course_id}", Access::SignedIn, handler)
        .named("delete_course", "Delete a course; it can be restored for 30 days")
        .problems(&[&problem::FORBIDDEN, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let course = prerequisites::editable(&mut tx, request.id("course_id")?).await?;
    request.precondition().check(course.version)?;
    courses::delete(&mut tx, &course).await?;
    tx.commit(audit("course.delete", course.id)).await?;
    Ok(Reply::no_content())
}
