//! The instructions for sending a file, which the calls that create uploads return. They are made after the commit, and
//! again for a repeated call: signed URLs expire and must not be stored.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::Request;
use lyceum::media::uploads::{self, CreatedUpload, OwnUpload, UploadInstructions};

pub(super) async fn instructions(request: Request<(), ()>, created: CreatedUpload) -> Result<UploadInstructions> {
    let made = make(&request, &created).await;
    if made.is_err() && !request.may_come_again() {
        // The caller can't learn the id of this upload, so it must not count as unfinished.
        let mut tx = request.write().await?;
        uploads::delete_unused(&mut tx, created.upload_id).await?;
        tx.commit(audit("upload.delete", created.upload_id)).await?;
    }
    made
}

async fn make(request: &Request<(), ()>, created: &CreatedUpload) -> Result<UploadInstructions> {
    let upload = uploads::own(&mut request.read().await?, created.upload_id).await?;
    let upload = with_multipart(request, upload).await?;
    uploads::instructions(request.app().storage()?, &upload, request.now()).await
}

/// Starts the multipart upload in S3 if the file needs one, and returns the upload with its id. No transaction is open
/// while S3 is called.
pub(super) async fn with_multipart<B, Q>(request: &Request<B, Q>, upload: OwnUpload) -> Result<OwnUpload> {
    let storage = request.app().storage()?;
    let Some(multipart_id) = uploads::start_multipart(storage, &upload, request.now()).await? else {
        return Ok(upload);
    };
    let mut tx = request.write().await?;
    let kept = uploads::save_multipart_id(&mut tx, upload.id(), &multipart_id).await?;
    tx.commit_unaudited("S3's id of an upload whose creation is audited").await?;
    if !kept {
        storage.abort_multipart(&upload.key(), &multipart_id).await?; // another call has started one first
    }
    uploads::own(&mut request.read().await?, upload.id()).await
}
