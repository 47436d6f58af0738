//! `GET /v1/users/{user_id}`

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::Permission;
use lyceum::identity::users::{self, User};
use lyceum::input::{Flag, NoFields};
use lyceum::optional_fields;

pub(super) fn route() -> Route {
    get("/v1/users/{user_id}", Access::Needs(Permission::UsersRead), handler).named("get_user", "Read a user")
}

optional_fields! {
    pub struct Query {
        /// A closed account, instead of one that is open.
        deleted: Option<Flag>,
    }
}

async fn handler(request: Request<NoFields, Query>) -> Result<Reply<User>> {
    let id = request.id("user_id")?;
    let deleted = request.query.deleted.is_some_and(Flag::is_set);
    Ok(Reply::ok(users::get(&mut request.read().await?, id, deleted).await?))
}
