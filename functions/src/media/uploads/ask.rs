//! `POST /v1/lessons/{lesson_id}/uploads`: all that a browser needs to send a file for the lesson.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, Asked, NewLessonFile};
use lyceum::problem;

use super::sending::how_to_send;

pub(super) fn route() -> Route {
    post("/v1/lessons/{lesson_id}/uploads", Access::SignedIn, handler)
        .named("create_upload", "Upload a video or a document for a lesson")
        .problems(&[&problem::FORBIDDEN, &problem::COURSE_FULL, &problem::LIMIT_REACHED, &problem::UPLOADS_UNFINISHED])
        .then(how_to_send)
}

async fn handler(request: Request<NewLessonFile>) -> Result<Reply<Asked>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let quotas = request.app().settings.quotas;
    let (asked, changes) = uploads::for_lesson(&mut tx, request.id("lesson_id")?, new, quotas).await?;
    tx.commit(audit("upload.create", asked.upload_id).changed(changes)).await?;
    Ok(Reply::created(&format!("/v1/uploads/{}", asked.upload_id), asked))
}
