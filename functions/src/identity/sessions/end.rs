//! `DELETE /v1/me/sessions/{session_id}`: signs one device out.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::id::SessionId;
use lyceum::identity::sessions;

pub(super) fn route() -> Route {
    delete("/v1/me/sessions/{session_id}", Access::SignedIn, handler).named("end_session", "End one of one's sessions")
}

async fn handler(request: Request) -> Result<Reply> {
    let session: SessionId = request.id("session_id")?;
    let mut tx = request.write().await?;
    sessions::end(&mut tx, session).await?;
    tx.commit(audit("session.end", session)).await?;
    Ok(Reply::no_content())
}
