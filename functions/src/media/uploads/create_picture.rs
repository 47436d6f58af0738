//! `POST /v1/me/picture`: creates an upload for the caller's picture, and returns how to send its file.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, CreatedUpload, NewImage};
use lyceum::problem;

use super::instructions::instructions;

pub(super) fn route() -> Route {
    post("/v1/me/picture", Access::SignedIn, handler)
        .named("create_picture", "Upload one's picture")
        .problems(&[&problem::UPLOADS_UNFINISHED])
        .then(instructions)
}

async fn handler(request: Request<NewImage>) -> Result<Reply<CreatedUpload>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let (created, changes) = uploads::for_caller(&mut tx, new, request.app().settings.quotas).await?;
    tx.commit(audit("upload.create", created.upload_id).changed(changes)).await?;
    Ok(Reply::created(&format!("/v1/uploads/{}", created.upload_id), created))
}
