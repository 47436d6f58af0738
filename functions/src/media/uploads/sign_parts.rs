//! `POST /v1/uploads/{upload_id}/parts`: signs parts anew, to resume.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, PartNumbers, Sending};
use lyceum::problem;

use super::sending::begun;

pub(super) fn route() -> Route {
    post("/v1/uploads/{upload_id}/parts", Access::SignedIn, handler)
        .named("sign_upload_parts", "Have parts of an upload signed anew, to resume it")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::CONFLICT, &problem::UPLOAD_CLOSED])
}

async fn handler(request: Request<PartNumbers>) -> Result<Reply<Sending>> {
    let (wanted, request) = request.take_body();
    let mut tx = request.write().await?;
    let upload = uploads::own(&mut tx, request.id("upload_id")?).await?;
    wanted.check(&upload, request.now())?;
    tx.commit(audit("upload.sign_parts", upload.id())).await?;
    let upload = begun(&request, upload).await?;
    Ok(Reply::ok(uploads::some_parts(request.app().storage()?, &upload, &wanted, request.now()).await?))
}
