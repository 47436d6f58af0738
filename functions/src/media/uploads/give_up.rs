//! `DELETE /v1/uploads/{upload_id}`: gives it up, with what arrived of it.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::media::uploads;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/uploads/{upload_id}", Access::SignedIn, handler)
        .named("delete_upload", "Give an upload up")
        .problems(&[&problem::UPLOAD_CLOSED])
}

async fn handler(request: Request) -> Result<Reply> {
    let upload = uploads::own(&mut request.read().await?, request.id("upload_id")?).await?;
    uploads::remove(request.app().storage()?, &upload).await?; // before its row, without which nobody would find it
    let mut tx = request.write().await?;
    uploads::give_up(&mut tx, upload.id()).await?;
    tx.commit(audit("upload.delete", upload.id())).await?;
    Ok(Reply::no_content())
}
