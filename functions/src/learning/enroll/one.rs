//! `POST /v1/courses/{course_id}/enrollments`: enrol oneself; or, as staff, somebody else.

use http::StatusCode;
use lyceum::audit::{Changes, audit};
use lyceum::catalog::courses::{self, Reference};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::learning::enrollments::Enrollment;
use lyceum::learning::{Enrolled, Target, enroll};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/enrollments", Access::SignedIn, handler)
        .named("enroll", "Enrol oneself in a course; or, as staff of it, somebody else")
        .answers(&[StatusCode::CREATED, StatusCode::OK])
        .problems(&[
            &problem::FORBIDDEN,
            &problem::NOT_ENROLLABLE,
            &problem::PREREQUISITES_UNMET,
            &problem::PAYMENT_REQUIRED,
        ])
}

async fn handler(request: Request<Target>) -> Result<Reply<Enrollment>> {
    let mut tx = request.write().await?;
    let course = courses::held(&mut tx, &Reference::new(request.path("course_id"))).await?;
    let Enrolled { enrollment, before } = enroll(&mut tx, &course, &request.body).await?;
    let location = format!("/v1/enrollments/{}", enrollment.id);
    match before {
        None => {
            tx.commit(
                audit("enrollment.create", enrollment.id)
                    .changed(Changes::created(&enrollment, &["user_id", "course_id"])?),
            )
            .await?;
            Ok(Reply::created(&location, enrollment))
        }
        Some(before) => {
            let changes = Changes::between(&before, &enrollment)?;
            tx.commit_changes(audit("enrollment.resume", enrollment.id), changes).await?;
            Ok(Reply::ok(enrollment))
        }
    }
}
