//! `PUT /v1/courses/{course_id}/prerequisites`: the complete list; none that would come after the course.

use lyceum::audit::audit;
use lyceum::catalog::prerequisites::{self, NewPrerequisite, Prerequisite};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::page::Page;
use lyceum::problem;

pub(super) fn route() -> Route {
    put("/v1/courses/{course_id}/prerequisites", Access::SignedIn, handler)
        .named("set_prerequisites", "Say which courses come first, and how much of each")
        .problems(&[&problem::FORBIDDEN, &problem::PREREQUISITE_CYCLE, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request<Vec<NewPrerequisite>>) -> Result<Reply<Page<Prerequisite>>> {
    let mut tx = request.write().await?;
    let course = prerequisites::editable(&mut tx, request.id("course_id")?).await?;
    request.precondition().check(course.version)?;
    let (prerequisites, version, changed) = prerequisites::set(&mut tx, &course, &request.body).await?;
    tx.commit_changes(audit("course.set_prerequisites", course.id), changed).await?;
    Ok(Reply::ok(prerequisites).version(version))
}
