//! `GET /v1/categories/{category_id}`

use lyceum::catalog::categories::{self, Category};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};

pub(super) fn route() -> Route {
    get("/v1/categories/{category_id}", Access::Public, handler).cached().named("get_category", "Read a category")
}

async fn handler(request: Request) -> Result<Reply<Category>> {
    let id = request.id("category_id")?;
    Ok(Reply::ok(categories::get(&mut request.read().await?, id).await?))
}
