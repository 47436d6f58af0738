//! `POST /v1/uploads/{upload_id}/complete`: assembles the file when all parts were sent.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, Completion, Upload};
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/uploads/{upload_id}/complete", Access::SignedIn, handler)
        .named("complete_upload", "Complete an upload whose parts were sent")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::UPLOAD_CLOSED, &problem::UPLOAD_INCOMPLETE])
}

async fn handler(request: Request<Completion>) -> Result<Reply<Upload>> {
    let (completion, request) = request.take_body();
    let upload = uploads::own(&mut request.read().await?, request.id("upload_id")?).await?;
    request.release_connection();
    uploads::assemble(request.app().storage()?, &upload, &completion, request.now()).await?;
    let mut tx = request.write().await?;
    let (upload, finished) = uploads::mark_complete(&mut tx, upload.id()).await?;
    if finished {
        tx.commit(audit("upload.complete", upload.id())).await?;
    } else {
        tx.commit_unaudited("the upload was complete already").await?;
    }
    Ok(Reply::ok(upload.into_response(Vec::new())))
}
