//! `POST /v1/courses/{course_id}/thumbnail`: creates an upload for the thumbnail of a course, and returns how to send its file.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, CreatedUpload, NewImage};
use lyceum::problem;

use super::instructions::instructions;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/thumbnail", Access::SignedIn, handler)
        .named("create_thumbnail", "Upload a course's thumbnail")
        .problems(&[&problem::FORBIDDEN, &problem::COURSE_FULL, &problem::UPLOADS_UNFINISHED])
        .then(instructions)
}

async fn handler(request: Request<NewImage>) -> Result<Reply<CreatedUpload>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let quotas = request.app().settings.quotas;
    let (created, changes) = uploads::for_course(&mut tx, request.id("course_id")?, new, quotas).await?;
    tx.commit(audit("upload.create", created.upload_id).changed(changes)).await?;
    Ok(Reply::created(&format!("/v1/uploads/{}", created.upload_id), created))
}
