//! `GET /v1/me/sessions`: where one is signed in, the newest first.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::sessions::{self, Session};
use lyceum::input::NoFields;
use lyceum::page::{Page, Paging};

pub(super) fn route() -> Route {
    get("/v1/me/sessions", Access::SignedIn, handler).named("list_sessions", "See where one is signed in")
}

async fn handler(request: Request<NoFields, Paging>) -> Result<Reply<Page<Session>>> {
    let page = sessions::list(&mut request.read().await?, &request.query).await?;
    Ok(Reply::page(&request, page))
}
