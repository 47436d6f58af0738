//! `POST /v1/uploads/{upload_id}/parts`: signs parts again, to resume an upload.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::media::uploads::{self, PartNumbers, UploadInstructions};
use lyceum::problem;

use super::instructions::with_multipart;

pub(super) fn route() -> Route {
    post("/v1/uploads/{upload_id}/parts", Access::SignedIn, handler)
        .named("sign_upload_parts", "Sign parts of an upload again, to resume it")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::CONFLICT, &problem::UPLOAD_CLOSED])
}

async fn handler(request: Request<PartNumbers>) -> Result<Reply<UploadInstructions>> {
    let (wanted, request) = request.take_body();
    let mut tx = request.write().await?;
    let upload = uploads::own(&mut tx, request.id("upload_id")?).await?;
    wanted.check(&upload, request.now())?;
    tx.commit(audit("upload.sign_parts", upload.id())).await?;
    let upload = with_multipart(&request, upload).await?;
    Ok(Reply::ok(uploads::sign_parts(request.app().storage()?, &upload, &wanted, request.now()).await?))
}
