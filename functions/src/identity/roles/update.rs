//! `PATCH /v1/roles/{role_id}`: changes a role, which its holders feel at once.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, patch};
use lyceum::identity::Permission;
use lyceum::identity::roles::{self, Role, RoleChanges};
use lyceum::problem;

pub(super) fn route() -> Route {
    patch("/v1/roles/{role_id}", Access::Needs(Permission::RolesWrite), handler)
        .named("update_role", "Change a role, within the permissions that one holds")
        .problems(&[&problem::NAME_TAKEN, &problem::BUILT_IN_ROLE, &problem::LAST_ADMINISTRATOR])
}

async fn handler(request: Request<RoleChanges>) -> Result<Reply<Role>> {
    let (changes, request) = request.take_body();
    let mut tx = request.write().await?;
    let (role, changed) = roles::update(&mut tx, request.id("role_id")?, changes).await?;
    tx.commit_changes(audit("role.update", role.id), changed).await?;
    Ok(Reply::ok(role))
}
