//! `GET /v1/roles/{role_id}`

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::Permission;
use lyceum::identity::roles::{self, Role};

pub(super) fn route() -> Route {
    get("/v1/roles/{role_id}", Access::Needs(Permission::RolesRead), handler).named("get_role", "Read a role")
}

async fn handler(request: Request) -> Result<Reply<Role>> {
    let id = request.id("role_id")?;
    Ok(Reply::ok(roles::get(&mut request.read().await?, id).await?))
}
