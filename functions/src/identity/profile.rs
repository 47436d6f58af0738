//! `GET /v1/me`: one's own profile.

use lyceum::app::Needs;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::profile::{Profile, profile};
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "profile", needs: Needs::database(), trigger: Trigger::Http(|| vec![route()]) };

fn route() -> Route {
    get("/v1/me", Access::SignedIn, handler).named("get_profile", "Read one's own profile")
}

async fn handler(request: Request) -> Result<Reply<Profile>> {
    let user = request.user()?;
    Ok(Reply::ok(profile(&mut request.read().await?, user).await?))
}
