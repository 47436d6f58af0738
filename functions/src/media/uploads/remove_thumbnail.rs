//! `DELETE /v1/courses/{course_id}/thumbnail`: removes the thumbnail of a course.

use lyceum::audit::audit;
use lyceum::catalog::courses;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::media::images;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/courses/{course_id}/thumbnail", Access::SignedIn, handler)
        .named("delete_thumbnail", "Remove the thumbnail of a course")
        .problems(&[&problem::FORBIDDEN, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let course = courses::editable(&mut tx, request.id("course_id")?).await?;
    request.precondition().check(course.version)?;
    let changed = images::remove_thumbnail(&mut tx, &course).await?;
    tx.commit_changes(audit("course.update", course.id), changed).await?;
    Ok(Reply::no_content())
}
