//! `DELETE /v1/roles/{role_id}`

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::identity::Permission;
use lyceum::identity::roles;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/roles/{role_id}", Access::Needs(Permission::RolesWrite), handler)
        .named("delete_role", "Delete a role that nobody holds")
        .problems(&[&problem::ROLE_IN_USE, &problem::BUILT_IN_ROLE])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let role = roles::delete(&mut tx, request.id("role_id")?).await?;
    tx.commit(audit("role.delete", role.id)).await?;
    Ok(Reply::no_content())
}
