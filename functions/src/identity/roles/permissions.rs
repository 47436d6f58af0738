//! `GET /v1/permissions`: all that a role can be given, each explained.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::{Permission, PermissionInfo, permissions};
use lyceum::page::Page;

pub(super) fn route() -> Route {
    get("/v1/permissions", Access::Needs(Permission::RolesRead), handler)
        .named("list_permissions", "List what a role can be given, each explained in a sentence")
}

async fn handler(_request: Request) -> Result<Reply<Page<PermissionInfo>>> {
    Ok(Reply::ok(Page::complete(permissions())))
}
