//! `POST /v1/courses/{course_id}/thumbnail`: all that a browser needs to send an image that becomes the course's thumbnail.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, Asked, NewImage};
use lyceum::problem;

use super::sending::how_to_send;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/thumbnail", Access::SignedIn, handler)
        .named("create_thumbnail", "Upload a course's thumbnail")
        .problems(&[&problem::FORBIDDEN, &problem::COURSE_FULL, &problem::UPLOADS_UNFINISHED])
        .then(how_to_send)
}

async fn handler(request: Request<NewImage>) -> Result<Reply<Asked>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let quotas = request.app().settings.quotas;
    let (asked, changes) = uploads::for_course(&mut tx, request.id("course_id")?, new, quotas).await?;
    tx.commit(audit("upload.create", asked.upload_id).changed(changes)).await?;
    Ok(Reply::created(&format!("/v1/uploads/{}", asked.upload_id), asked))
}
