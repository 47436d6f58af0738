//! `GET /v1/tags`: the tags of the public catalogue, by the alphabet.

use lyceum::catalog::tags::{self, Tag, TagFilter};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::NoFields;
use lyceum::page::Page;

pub(super) fn route() -> Route {
    get("/v1/tags", Access::Public, handler)
        .cached()
        .named("list_tags", "List tags, with the number of published courses that have each")
}

async fn handler(request: Request<NoFields, TagFilter>) -> Result<Reply<Page<Tag>>> {
    let page = tags::list(&mut request.read().await?, &request.query).await?;
    Ok(Reply::page(&request, page))
}
