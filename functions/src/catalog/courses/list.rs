//! `GET /v1/courses`: the catalogue, filtered and in order.

use lyceum::catalog::courses::{self, CourseSummary, Filter};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::NoFields;
use lyceum::page::Page;

pub(super) fn route() -> Route {
    get("/v1/courses", Access::Public, handler).cached().named("list_courses", "Find courses")
}

async fn handler(request: Request<NoFields, Filter>) -> Result<Reply<Page<CourseSummary>>> {
    let page = courses::list(&mut request.read().await?, &request.query).await?;
    Ok(Reply::page(&request, page))
}
