//! `GET /v1/categories`: the categories in their order, with the number of published courses in each.

use lyceum::catalog::categories::{self, Category};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::NoFields;
use lyceum::page::{Page, Paging};

pub(super) fn route() -> Route {
    get("/v1/categories", Access::Public, handler)
        .cached()
        .named("list_categories", "List the categories in their order")
}

async fn handler(request: Request<NoFields, Paging>) -> Result<Reply<Page<Category>>> {
    let page = categories::list(&mut request.read().await?, &request.query).await?;
    Ok(Reply::page(&request, page))
}
