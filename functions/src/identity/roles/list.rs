//! `GET /v1/roles`: the roles, by name.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::Permission;
use lyceum::identity::roles::{self, Role};
use lyceum::input::NoFields;
use lyceum::page::{Page, Paging};

pub(super) fn route() -> Route {
    get("/v1/roles", Access::Needs(Permission::RolesRead), handler).named("list_roles", "List the roles")
}

async fn handler(request: Request<NoFields, Paging>) -> Result<Reply<Page<Role>>> {
    let page = roles::list(&mut request.read().await?, &request.query).await?;
    Ok(Reply::page(&request, page))
}
