//! `GET /v1/sections/{section_id}`: staff of its course see it one by one; others see the outline.

use lyceum::catalog::sections::{self, Section};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::problem;

pub(super) fn route() -> Route {
    get("/v1/sections/{section_id}", Access::SignedIn, handler)
        .named("get_section", "Read a section")
        .problems(&[&problem::FORBIDDEN])
}

async fn handler(request: Request) -> Result<Reply<Section>> {
    let id = request.id("section_id")?;
    let section = sections::for_staff(&mut request.read().await?, id).await?;
    let version = section.version;
    Ok(Reply::ok(section).version(version))
}
