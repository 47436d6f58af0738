//! `POST /v1/lessons/{lesson_id}/uploads`: creates an upload for a lesson, and returns how to send its file.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, CreatedUpload, NewLessonFile};
use lyceum::problem;

use super::instructions::instructions;

pub(super) fn route() -> Route {
    post("/v1/lessons/{lesson_id}/uploads", Access::SignedIn, handler)
        .named("create_upload", "Upload a video or a document for a lesson")
        .problems(&[&problem::FORBIDDEN, &problem::COURSE_FULL, &problem::LIMIT_REACHED, &problem::UPLOADS_UNFINISHED])
        .then(instructions)
}

async fn handler(request: Request<NewLessonFile>) -> Result<Reply<CreatedUpload>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let quotas = request.app().settings.quotas;
    let (created, changes) = uploads::for_lesson(&mut tx, request.id("lesson_id")?, new, quotas).await?;
    tx.commit(audit("upload.create", created.upload_id).changed(changes)).await?;
    Ok(Reply::created(&format!("/v1/uploads/{}", created.upload_id), created))
}
