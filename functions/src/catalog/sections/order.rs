//! `PUT /v1/courses/{course_id}/sections/order`: the complete list of ids, in the new order.

use lyceum::audit::audit;
use lyceum::catalog::courses;
use lyceum::catalog::order::Order;
use lyceum::catalog::sections::{self, Section};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::id::SectionId;
use lyceum::page::Page;
use lyceum::problem;

pub(super) fn route() -> Route {
    put("/v1/courses/{course_id}/sections/order", Access::SignedIn, handler)
        .named("order_sections", "Put the sections of a course in order")
        .problems(&[&problem::FORBIDDEN, &problem::INCOMPLETE_ORDER, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request<Order<SectionId>>) -> Result<Reply<Page<Section>>> {
    let mut tx = request.write().await?;
    let course = courses::editable(&mut tx, request.id("course_id")?).await?;
    request.precondition().check(course.version)?;
    let (sections, changed) = sections::set_order(&mut tx, &course, &request.body).await?;
    let version = course.version.after(&changed);
    tx.commit_changes(audit("section.order", course.id), changed).await?;
    Ok(Reply::ok(sections).version(version))
}
