//! `DELETE /v1/uploads/{upload_id}`: cancels an upload, and removes what was sent of its file.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::media::uploads;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/uploads/{upload_id}", Access::SignedIn, handler)
        .named("delete_upload", "Cancel an upload")
        .problems(&[&problem::UPLOAD_CLOSED])
}

async fn handler(request: Request) -> Result<Reply> {
    let upload = uploads::own(&mut request.read().await?, request.id("upload_id")?).await?;
    uploads::remove_file(request.app().storage()?, &upload).await?; // before the row: without it, a file that is left could not be found
    let mut tx = request.write().await?;
    uploads::cancel(&mut tx, upload.id()).await?;
    tx.commit(audit("upload.delete", upload.id())).await?;
    Ok(Reply::no_content())
}
