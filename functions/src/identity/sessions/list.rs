//! `GET /v1/me/sessions`: where one is signed in, the newest first.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::sessions::{self, Session};
use lyceum::input::NoFields;
use lyceum::optional_fields;
use lyceum::page::{Cursor, Limit, Page};

pub(super) fn route() -> Route {
    get("/v1/me/sessions", Access::SignedIn, handler).named("list_sessions", "See where one is signed in")
}

optional_fields! {
    pub struct Query {
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

async fn handler(request: Request<NoFields, Query>) -> Result<Reply<Page<Session>>> {
    let Query { limit, cursor } = &request.query;
    let page = sessions::list(&mut request.read().await?, *limit, cursor.as_ref()).await?;
    Ok(Reply::page(&request, page))
}
