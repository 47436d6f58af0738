//! `POST /v1/roles`

use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::Permission;
use lyceum::identity::roles::{self, NewRole, Role};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/roles", Access::Needs(Permission::RolesWrite), handler)
        .named("create_role", "Create a role, of permissions that one holds")
        .problems(&[&problem::NAME_TAKEN])
}

async fn handler(request: Request<NewRole>) -> Result<Reply<Role>> {
    let mut tx = request.write().await?;
    let role = roles::create(&mut tx, &request.body).await?;
    tx.commit(audit("role.create", role.id).changed(Changes::created(&role, &["name", "permissions"])?)).await?;
    Ok(Reply::created(&format!("/v1/roles/{}", role.id), role))
}
