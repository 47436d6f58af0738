//! `POST /v1/users/{user_id}/restore`: opens a closed account again.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::Permission;
use lyceum::identity::users::{self, User};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/users/{user_id}/restore", Access::Needs(Permission::UsersWrite), handler)
        .named("restore_user", "Open a closed account again, until it is erased")
        .answers(&[StatusCode::OK, StatusCode::NO_CONTENT])
        .problems(&[&problem::USER_NOT_DELETED, &problem::USER_ERASED])
}

async fn handler(request: Request) -> Result<Reply<User>> {
    let mut tx = request.write().await?;
    let user = users::restore(&mut tx, request.id("user_id")?).await?;
    tx.commit(audit("user.restore", user.id)).await?;
    Ok(Reply::ok(user).body_only_if(request.caller().may(Permission::UsersRead)))
}
