//! `PUT /v1/users/{user_id}/role`: gives a user another role.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::identity::Permission;
use lyceum::identity::users::{self, RoleChoice, User};
use lyceum::problem;

pub(super) fn route() -> Route {
    put("/v1/users/{user_id}/role", Access::Needs(Permission::UsersAssignRole), handler)
        .named("assign_role", "Give a user another role, by its id or its name")
        .answers(&[StatusCode::OK, StatusCode::NO_CONTENT])
        .problems(&[&problem::EMAIL_NOT_VERIFIED, &problem::LAST_ADMINISTRATOR])
}

async fn handler(request: Request<RoleChoice>) -> Result<Reply<User>> {
    let mut tx = request.write().await?;
    let before = users::managed(&mut tx, request.id("user_id")?, false).await?;
    let (user, changed) = users::assign_role(&mut tx, &before, &request.body).await?;
    tx.commit_changes(audit("user.assign_role", user.id), changed).await?;
    Ok(Reply::ok(user).body_only_if(request.caller().may(Permission::UsersRead)))
}
