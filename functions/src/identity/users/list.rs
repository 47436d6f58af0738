//! `GET /v1/users`: the users, the newest first.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::Permission;
use lyceum::identity::users::{self, Filter, User};
use lyceum::input::NoFields;
use lyceum::page::Page;

pub(super) fn route() -> Route {
    get("/v1/users", Access::Needs(Permission::UsersRead), handler).named("list_users", "Search the users")
}

async fn handler(request: Request<NoFields, Filter>) -> Result<Reply<Page<User>>> {
    let page = users::list(&mut request.read().await?, &request.query).await?;
    Ok(Reply::page(&request, page))
}
