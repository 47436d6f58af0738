//! How to send an upload, said by each call that asks for one. It is said after the commit, and anew when the call comes
//! again: what is signed expires, and is nothing to keep.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::Request;
use lyceum::media::uploads::{self, Asked, OwnUpload, Sending};

pub(super) async fn how_to_send(request: Request<(), ()>, asked: Asked) -> Result<Sending> {
    let said = say(&request, &asked).await;
    if said.is_err() && !request.may_come_again() {
        // Nobody will ever know its id, and it is not to count as unfinished.
        let mut tx = request.write().await?;
        uploads::forget(&mut tx, asked.upload_id).await?;
        tx.commit(audit("upload.delete", asked.upload_id)).await?;
    }
    said
}

async fn say(request: &Request<(), ()>, asked: &Asked) -> Result<Sending> {
    let upload = uploads::own(&mut request.read().await?, asked.upload_id).await?;
    let upload = begun(request, upload).await?;
    uploads::how_to_send(request.app().storage()?, &upload, request.now()).await
}

/// The upload, whose parts can be signed if it has some. What S3 does takes its time, and holds no transaction.
pub(super) async fn begun<B, Q>(request: &Request<B, Q>, upload: OwnUpload) -> Result<OwnUpload> {
    let storage = request.app().storage()?;
    let Some(multipart_id) = uploads::begin(storage, &upload, request.now()).await? else { return Ok(upload) };
    let mut tx = request.write().await?;
    let kept = uploads::begun(&mut tx, upload.id(), &multipart_id).await?;
    tx.commit_unaudited("S3's own id of what was asked for, which is audited").await?;
    if !kept {
        storage.abort_parts(&upload.key(), &multipart_id).await?; // another call was faster
    }
    uploads::own(&mut request.read().await?, upload.id()).await
}
