//! `GET /v1/courses/{course_id}`: by id or by slug.

use lyceum::catalog::courses::{self, Course, Reference};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::input::{Flag, NoFields};
use lyceum::optional_fields;

pub(super) fn route() -> Route {
    get("/v1/courses/{course_id}", Access::Public, handler)
        .cached()
        .named("get_course", "Read a course, by id or by slug")
}

optional_fields! {
    pub struct Which {
        /// A deleted course, for administrators.
        deleted: Option<Flag>,
    }
}

async fn handler(request: Request<NoFields, Which>) -> Result<Reply<Course>> {
    let reference = Reference::new(request.path("course_id"));
    let mut read = request.read().await?;
    let course = if request.query.deleted.is_some_and(Flag::is_set) {
        courses::deleted(&mut read, &reference).await?
    } else {
        courses::visible(&mut read, &reference).await?
    };
    let version = course.version;
    Ok(Reply::ok(course).version(version))
}
