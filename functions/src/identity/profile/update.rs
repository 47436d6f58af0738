//! `PATCH /v1/me`: changes one's own profile.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, patch};
use lyceum::identity::profile::{self, Profile, ProfileChanges};
use lyceum::problem;

pub(super) fn route() -> Route {
    patch("/v1/me", Access::SignedIn, handler)
        .named("update_profile", "Change one's own profile")
        .problems(&[&problem::USERNAME_TAKEN])
}

async fn handler(request: Request<ProfileChanges>) -> Result<Reply<Profile>> {
    let (changes, request) = request.take_body();
    let mut tx = request.write().await?;
    let (profile, changed) = profile::update(&mut tx, changes).await?;
    tx.commit_changes(audit("user.update", profile.id), changed).await?;
    Ok(Reply::ok(profile))
}
