//! `DELETE /v1/lessons/{lesson_id}`: unless somebody completed it.

use lyceum::audit::audit;
use lyceum::catalog::lessons;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/lessons/{lesson_id}", Access::SignedIn, handler)
        .named("delete_lesson", "Delete a lesson that nobody completed")
        .problems(&[&problem::FORBIDDEN, &problem::LESSON_COMPLETED, &problem::PRECONDITION_FAILED])
}

async fn handler(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let lesson = lessons::editable(&mut tx, request.id("lesson_id")?).await?;
    request.precondition().check(lesson.version)?;
    lessons::delete(&mut tx, &lesson).await?;
    tx.commit(audit("lesson.delete", lesson.id)).await?;
    Ok(Reply::no_content())
}
