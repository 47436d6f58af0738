//! `GET /v1/courses/{course_id}/prerequisites`: of a course, by its id or by its slug.

use lyceum::catalog::courses::Reference;
use lyceum::catalog::prerequisites::{self, Prerequisite, Prerequisites};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::page::Page;

pub(super) fn route() -> Route {
    get("/v1/courses/{course_id}/prerequisites", Access::Public, handler)
        .cached()
        .named("list_prerequisites", "Read which courses come first, and how much of each")
}

async fn handler(request: Request) -> Result<Reply<Page<Prerequisite>>> {
    let course = Reference::new(request.path("course_id"));
    let Prerequisites { page, version, for_staff } = prerequisites::list(&mut request.read().await?, &course).await?;
    if for_staff { Reply::ok(page).version_and_body(version) } else { Ok(Reply::ok(page).version(version)) }
}
