//! `PUT /v1/sections/{section_id}/lessons/order`: the complete list of ids, in the new order.

use lyceum::audit::audit;
use lyceum::catalog::courses::OutlineLesson;
use lyceum::catalog::lessons;
use lyceum::catalog::order::Order;
use lyceum::catalog::sections;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::id::LessonId;
use lyceum::page::Page;
use lyceum::problem;

pub(super) fn route() -> Route {
    put("/v1/sections/{section_id}/lessons/order", Access::SignedIn, handler)
        .named("order_lessons", "Put the lessons of a section in order")
        .problems(&[&problem::FORBIDDEN, &problem::INCOMPLETE_ORDER, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request<Order<LessonId>>) -> Result<Reply<Page<OutlineLesson>>> {
    let mut tx = request.write().await?;
    let section = sections::editable(&mut tx, request.id("section_id")?).await?;
    request.precondition().check(section.version)?;
    let (lessons, changed) = lessons::set_order(&mut tx, &section, &request.body).await?;
    let version = section.version.after(&changed);
    tx.commit_changes(audit("lesson.order", section.id), changed).await?;
    Ok(Reply::ok(lessons).version(version))
}
