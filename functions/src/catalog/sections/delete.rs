//! `DELETE /v1/sections/{section_id}`: unless somebody completed a lesson of it.

use lyceum::audit::audit;
use lyceum::catalog::sections;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/sections/{section_id}", Access::SignedIn, handler)
        .named("delete_section", "Delete a section of which nobody completed a lesson")
        .problems(&[&problem::FORBIDDEN, &problem::LESSON_COMPLETED, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let section = sections::editable(&mut tx, request.id("section_id")?).await?;
    request.precondition().check(section.version)?;
    sections::delete(&mut tx, &section).await?;
    tx.commit(audit("section.delete", section.id)).await?;
    Ok(Reply::no_content())
}
