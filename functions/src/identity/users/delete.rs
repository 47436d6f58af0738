//! `DELETE /v1/users/{user_id}`: closes an account.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::identity::Permission;
use lyceum::identity::users;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/users/{user_id}", Access::Needs(Permission::UsersWrite), handler)
        .named("delete_user", "Close an account; it can be restored for 30 days")
        .problems(&[&problem::LAST_ADMINISTRATOR])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let user = users::managed(&mut tx, request.id("user_id")?, false).await?;
    users::delete(&mut tx, &user).await?;
    tx.commit(audit("user.delete", user.id)).await?;
    Ok(Reply::no_content())
}
