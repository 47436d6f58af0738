//! `POST /v1/auth/logout`: ends this session.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::sessions;
use lyceum::{Error, Function};

pub const FUNCTION: Function = Function::http("logout", || vec![route()]);

fn route() -> Route {
    post("/v1/auth/logout", Access::SignedIn, handler)
        .named("logout", "End this session; its access token is refused from then on")
        .answers(&[StatusCode::NO_CONTENT])
}

async fn handler(request: Request) -> Result<Reply> {
    let session = request.caller().session_id().ok_or_else(|| Error::unauthorized("Sign in first."))?;
    let mut tx = request.write().await?;
    sessions::end(&mut tx, session).await?;
    tx.commit(audit("session.end", session)).await?;
    Ok(Reply::no_content())
}
