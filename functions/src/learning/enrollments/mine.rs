//! `GET /v1/me/enrollments`: one's own enrolments, newest first, each with the next lesson.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::NoFields;
use lyceum::learning::enrollments::EnrollmentStatus;
use lyceum::learning::view::{self, MyEnrollment};
use lyceum::optional_fields;
use lyceum::page::{Cursor, Limit, Page};

pub(super) fn route() -> Route {
    get("/v1/me/enrollments", Access::SignedIn, handler).named("list_my_enrollments", "List one's own enrolments")
}

optional_fields! {
    pub struct Query {
        status: Option<EnrollmentStatus>,
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

async fn handler(request: Request<NoFields, Query>) -> Result<Reply<Page<MyEnrollment>>> {
    let Query { status, limit, cursor } = &request.query;
    let page = view::mine(&mut request.read().await?, *status, *limit, cursor.as_ref()).await?;
    Ok(Reply::page(&request, page))
}
