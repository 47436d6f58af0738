//! `GET /v1/courses/{course_id}/enrollments`: who learns in a course, as JSON or as lines for a spreadsheet.

use lyceum::catalog::courses::Reference;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::{NoFields, Text};
use lyceum::learning::enrollments::EnrollmentStatus;
use lyceum::learning::roster::{self, Part, RosterEntry};
use lyceum::page::{CsvLimit, Cursor, Page};
use lyceum::{optional_fields, problem};

pub(super) fn route() -> Route {
    get("/v1/courses/{course_id}/enrollments", Access::SignedIn, handler)
        .named("list_course_enrollments", "List who learns in a course; as text/csv up to 10,000 of them")
        .also_as("text/csv")
        .problems(&[&problem::FORBIDDEN])
}

optional_fields! {
    pub struct Query {
        status: Option<EnrollmentStatus>,
        /// Any part of the name.
        q: Option<Text<1, 200>>,
        /// 1 to 100, 20 unless told; as text/csv to 10,000, and as many unless told.
        limit: Option<CsvLimit>,
        cursor: Option<Cursor>,
    }
}

async fn handler(request: Request<NoFields, Query>) -> Result<Reply<Page<RosterEntry>>> {
    let Query { status, q, limit, cursor } = &request.query;
    let part = Part { status: *status, q: q.as_ref(), limit: *limit, cursor: cursor.as_ref() };
    let mut read = request.read().await?;
    let course = roster::readable(&mut read, &Reference::new(request.path("course_id"))).await?;
    if request.prefers("text/csv") {
        return Ok(Reply::csv_page(&request, roster::sheet(&mut read, course, &part).await?));
    }
    Ok(Reply::page(&request, roster::page(&mut read, course, &part).await?))
}
