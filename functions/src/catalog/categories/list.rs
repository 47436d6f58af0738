//! `GET /v1/categories`: the categories in their order, with the number of published courses in each.

use lyceum::catalog::categories::{self, Category};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::NoFields;
use lyceum::optional_fields;
use lyceum::page::{Cursor, Limit, Page};

pub(super) fn route() -> Route {
    get("/v1/categories", Access::Public, handler).hot().named("list_categories", "List the categories in their order")
}

optional_fields! {
    pub struct Query {
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

async fn handler(request: Request<NoFields, Query>) -> Result<Reply<Page<Category>>> {
    let Query { limit, cursor } = &request.query;
    let page = categories::list(&mut request.read().await?, *limit, cursor.as_ref()).await?;
    Ok(Reply::page(&request, page))
}
