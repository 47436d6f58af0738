//! `GET /v1/uploads/{upload_id}`: the state of an upload, and the parts that have arrived.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::media::uploads::{self, Upload};

pub(super) fn route() -> Route {
    get("/v1/uploads/{upload_id}", Access::SignedIn, handler).named("get_upload", "Get the state of an upload")
}

async fn handler(request: Request) -> Result<Reply<Upload>> {
    let upload = uploads::own(&mut request.read().await?, request.id("upload_id")?).await?;
    let parts = match upload.multipart_id() {
        Some(id) => request.app().storage()?.parts(&upload.key(), id).await?,
        None => None,
    };
    Ok(Reply::ok(upload.into_response(parts.unwrap_or_default())))
}
