//! `GET /v1/courses/facets`: what a search could be narrowed by.

use lyceum::catalog::courses::{self, Facets, Filter};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::NoFields;

pub(super) fn route() -> Route {
    get("/v1/courses/facets", Access::Public, handler)
        .cached()
        .named("get_course_facets", "Count what a search finds, by category, difficulty, language, tag and price")
}

async fn handler(request: Request<NoFields, Filter>) -> Result<Reply<Facets>> {
    Ok(Reply::ok(courses::facets(&mut request.read().await?, &request.query).await?))
}
