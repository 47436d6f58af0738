//! `DELETE /v1/enrollments/{enrollment_id}`: drops out; what was completed is kept.

use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::learning::drop_out;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/enrollments/{enrollment_id}", Access::SignedIn, handler)
        .named("drop_enrollment", "Drop out of a course; what was completed is kept")
        .problems(&[&problem::FORBIDDEN])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    match drop_out(&mut tx, request.id("enrollment_id")?).await? {
        Some(dropped) => {
            let changes = Changes::field("status", dropped.status, "dropped");
            tx.commit(audit("enrollment.drop", dropped.id).changed(changes)).await?;
        }
        None => tx.commit_unaudited("it was dropped already").await?,
    }
    Ok(Reply::no_content())
}
