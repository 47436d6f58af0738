//! `GET /v1/me`: one's own profile.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::profile::{Profile, profile};

pub(super) fn route() -> Route {
    get("/v1/me", Access::SignedIn, handler).named("get_profile", "Read one's own profile")
}

async fn handler(request: Request) -> Result<Reply<Profile>> {
    let user = request.user()?;
    Ok(Reply::ok(profile(&mut request.read().await?, user).await?))
}
