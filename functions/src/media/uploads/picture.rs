//! `POST /v1/me/picture`: all that a browser needs to send an image that becomes one's picture.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, Asked, NewImage};
use lyceum::problem;

use super::sending::how_to_send;

pub(super) fn route() -> Route {
    post("/v1/me/picture", Access::SignedIn, handler)
        .named("create_picture", "Upload one's picture")
        .problems(&[&problem::UPLOADS_UNFINISHED])
        .then(how_to_send)
}

async fn handler(request: Request<NewImage>) -> Result<Reply<Asked>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let (asked, changes) = uploads::of_oneself(&mut tx, new, request.app().settings.quotas).await?;
    tx.commit(audit("upload.create", asked.upload_id).changed(changes)).await?;
    Ok(Reply::created(&format!("/v1/uploads/{}", asked.upload_id), asked))
}
