//! `POST /v1/courses/{course_id}/sections`

use lyceum::audit::{Changes, audit};
use lyceum::catalog::courses;
use lyceum::catalog::sections::{self, NewSection, Section};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/sections", Access::SignedIn, handler)
        .named("create_section", "Add a section to a course")
        .problems(&[&problem::FORBIDDEN, &problem::LIMIT_REACHED])
}

async fn handler(request: Request<NewSection>) -> Result<Reply<Section>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let course = courses::editable(&mut tx, request.id("course_id")?).await?;
    let section = sections::create(&mut tx, &course, new).await?;
    tx.commit(audit("section.create", section.id).changed(Changes::created(&section, &["course_id", "title"])?))
        .await?;
    let version = section.version;
    Ok(Reply::created(&format!("/v1/sections/{}", section.id), section).version(version))
}
