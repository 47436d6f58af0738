//! `GET /v1/roles`: the roles, by name.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::Permission;
use lyceum::identity::roles::{self, Role};
use lyceum::input::NoFields;
use lyceum::optional_fields;
use lyceum::page::{Cursor, Limit, Page};

pub(super) fn route() -> Route {
    get("/v1/roles", Access::Needs(Permission::RolesRead), handler).named("list_roles", "List the roles")
}

optional_fields! {
    pub struct Query {
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

async fn handler(request: Request<NoFields, Query>) -> Result<Reply<Page<Role>>> {
    let Query { limit, cursor } = &request.query;
    let page = roles::list(&mut request.read().await?, *limit, cursor.as_ref()).await?;
    Ok(Reply::page(&request, page))
}
