//! `DELETE /v1/me/picture`: removes the caller's picture.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::media::images;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/me/picture", Access::SignedIn, handler)
        .named("delete_picture", "Remove one's picture")
        .problems(&[&problem::NOT_FOUND])
}

async fn handler(request: Request) -> Result<Reply> {
    let user = request.user()?;
    let mut tx = request.write().await?;
    let changed = images::remove_picture(&mut tx).await?;
    tx.commit_changes(audit("user.update", user), changed).await?;
    Ok(Reply::no_content())
}
