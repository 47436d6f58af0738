//! `DELETE /v1/me/sessions`: signs out everywhere, here too.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::identity::sessions;

pub(super) fn route() -> Route {
    delete("/v1/me/sessions", Access::SignedIn, handler)
        .named("end_sessions", "End all of one's sessions, this one too")
}

async fn handler(request: Request) -> Result<Reply> {
    let user = request.user()?;
    let mut tx = request.write().await?;
    sessions::end_all(&mut tx, user, None).await?;
    tx.commit(audit("session.end_all", user)).await?;
    Ok(Reply::no_content())
}
