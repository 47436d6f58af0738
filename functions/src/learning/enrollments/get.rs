//! `GET /v1/enrollments/{enrollment_id}`: an enrolment with its progress by section and lesson.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::learning::view::{self, EnrollmentProgress};

pub(super) fn route() -> Route {
    get("/v1/enrollments/{enrollment_id}", Access::SignedIn, handler)
        .named("get_enrollment", "Read an enrolment with its progress by section and lesson")
}

async fn handler(request: Request) -> Result<Reply<EnrollmentProgress>> {
    let id = request.id("enrollment_id")?;
    Ok(Reply::ok(view::progress(&mut request.read().await?, id).await?))
}
