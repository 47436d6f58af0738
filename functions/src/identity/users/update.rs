//! `PATCH /v1/users/{user_id}`: changes what a user is called, or suspends them.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, patch};
use lyceum::identity::Permission;
use lyceum::identity::users::{self, User, UserChanges};
use lyceum::problem;

pub(super) fn route() -> Route {
    patch("/v1/users/{user_id}", Access::Needs(Permission::UsersWrite), handler)
        .named("update_user", "Change a user; `is_active` false suspends them")
        .answers(&[StatusCode::OK, StatusCode::NO_CONTENT])
        .problems(&[&problem::USERNAME_TAKEN, &problem::LAST_ADMINISTRATOR])
}

async fn handler(request: Request<UserChanges>) -> Result<Reply<User>> {
    let (changes, request) = request.take_body();
    let mut tx = request.write().await?;
    let before = users::managed(&mut tx, request.id("user_id")?, false).await?;
    let (user, changed) = users::update(&mut tx, &before, changes).await?;
    tx.commit_changes(audit("user.update", user.id), changed).await?;
    Ok(Reply::ok(user).body_only_if(request.caller().may(Permission::UsersRead)))
}
