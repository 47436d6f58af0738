//! `POST /v1/courses`: a draft, that the caller teaches.

use lyceum::audit::{Changes, audit};
use lyceum::catalog::courses::{self, Course, NewCourse};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::Permission;
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/courses", Access::Needs(Permission::CoursesCreate), handler)
        .named("create_course", "Create a course, as a draft that the caller teaches")
        .problems(&[&problem::SLUG_TAKEN])
}

async fn handler(request: Request<NewCourse>) -> Result<Reply<Course>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let course = courses::create(&mut tx, new).await?;
    tx.commit(audit("course.create", course.id).changed(Changes::created(
        &course,
        &["title", "slug", "instructor_id", "category_id", "visibility", "price"],
    )?))
    .await?;
    let tag = course.tag();
    Ok(Reply::created(&format!("/v1/courses/{}", course.id), course).version(tag))
}
