//! `PATCH /v1/sections/{section_id}`

use lyceum::audit::audit;
use lyceum::catalog::sections::{self, Section, SectionChanges};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, patch};
use lyceum::problem;

pub(super) fn route() -> Route {
    patch("/v1/sections/{section_id}", Access::SignedIn, handler)
        .named("update_section", "Change a section")
        .problems(&[&problem::FORBIDDEN, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request<SectionChanges>) -> Result<Reply<Section>> {
    let (changes, request) = request.take_body();
    let mut tx = request.write().await?;
    let section = sections::editable(&mut tx, request.id("section_id")?).await?;
    request.precondition().check(section.version)?;
    let (section, changed) = sections::update(&mut tx, &section, changes).await?;
    tx.commit_changes(audit("section.update", section.id), changed).await?;
    let version = section.version;
    Ok(Reply::ok(section).version(version))
}
