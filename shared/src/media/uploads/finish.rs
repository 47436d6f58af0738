//! Completes or cancels uploads.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{OwnUpload, UploadStatus, own_locked};
use crate::error::{Error, Fault, Result};
use crate::id::UploadId;
use crate::input::{Bounded, Text};
use crate::media::storage::{Part, Storage};
use crate::problem;
use crate::transaction::Write;
use crate::{fields, optional_fields};

optional_fields! {
    pub struct Completion {
        /// All parts of a file that was sent in parts. Not needed for a file that was sent by a form.
        parts: Option<Vec<SentPart>>,
    }
}

fields! {
    /// A part that was sent, with the `ETag` that S3 returned for it.
    pub struct SentPart {
        part_number: Bounded<1, 10000>,
        etag: Text<1, 255>,
    }
}

impl Completion {
    /// Returns the `ETag`s by part number, without quotes.
    fn e_tags_by_number(&self) -> Result<BTreeMap<i32, &str>> {
        let mut parts = BTreeMap::new();
        for (index, part) in self.parts.iter().flatten().enumerate() {
            if parts.insert(i32::from(part.part_number), unquoted(part.etag.as_str())).is_some() {
                let pointer = format!("/parts/{index}/part_number");
                return Err(Error::invalid(Fault::at(&pointer, "repeated", "Name each part once.")));
            }
        }
        Ok(parts)
    }
}

fn unquoted(e_tag: &str) -> &str {
    e_tag.trim().trim_matches('"')
}

/// Lets S3 assemble the file, if every part has arrived with its signed size and the `ETag` that the uploader names. For a
/// file that was sent by a form, checks that it has arrived. Does nothing if the upload is complete already.
///
/// # Errors
/// Fails with 409 when parts are missing or different, with 422 when the named parts don't belong to this file, and with
/// 503 when S3 is unavailable.
pub async fn assemble(
    storage: &Storage,
    upload: &OwnUpload,
    completion: &Completion,
    now: DateTime<Utc>,
) -> Result<()> {
    if upload.is_complete() {
        return Ok(()); // an earlier call completed it
    }
    upload.check_open(now)?;
    if !upload.is_multipart() {
        return check_arrived(storage, upload).await;
    }
    let claimed = completion.e_tags_by_number()?;
    if claimed.is_empty() {
        return Err(Error::invalid(Fault::at("/parts", "required", "List the parts, with the ETag of each.")));
    }
    let signed: BTreeMap<i32, i64> = upload.part_sizes().collect();
    if let Some(unknown) = claimed.keys().find(|number| !signed.contains_key(number)) {
        let detail = format!("The file has {} parts. There is no part {unknown}.", signed.len());
        return Err(Error::invalid(Fault::at("/parts", "unknown_part", detail)));
    }
    let found = match upload.multipart_id() {
        Some(id) => storage.parts(&upload.key(), id).await?,
        None => Some(Vec::new()), // the multipart upload was never started
    };
    let Some(found) = found else { return check_arrived(storage, upload).await }; // another call may have assembled it
    let found: BTreeMap<i32, Part> = found.into_iter().map(|part| (part.number, part)).collect();
    let (mut missing, mut wrong, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for (number, size) in signed {
        match (found.get(&number), claimed.get(&number)) {
            (Some(part), Some(e_tag)) if part.size_bytes == size && unquoted(&part.e_tag) == *e_tag => {
                parts.push(part.clone());
            }
            (Some(_), Some(_)) => wrong.push(number),
            _ => missing.push(number),
        }
    }
    if !missing.is_empty() || !wrong.is_empty() {
        // Another call may be assembling the file at this moment.
        return match check_arrived(storage, upload).await {
            Err(error) if error.is(&problem::UPLOAD_INCOMPLETE) => {
                Err(incomplete("Some parts are missing, or have another ETag or size.", &missing, &wrong))
            }
            known => known,
        };
    }
    let id = upload.multipart_id().unwrap_or_default();
    if storage.complete_multipart(&upload.key(), id, &parts).await? {
        Ok(())
    } else {
        check_arrived(storage, upload).await
    }
}

/// Fails with 409 unless the file has arrived with its announced size.
async fn check_arrived(storage: &Storage, upload: &OwnUpload) -> Result<()> {
    let object = storage.head(&upload.key()).await?;
    match object {
        Some(object) if i64::try_from(object.size_bytes) == Ok(upload.size_bytes) => Ok(()),
        _ => Err(incomplete("The file has not arrived.", &[], &[])),
    }
}

fn incomplete(detail: &str, missing: &[i32], wrong: &[i32]) -> Error {
    Error::problem(&problem::UPLOAD_INCOMPLETE, detail).with("missing", json!(missing)).with("wrong", json!(wrong))
}

/// Records that the file is complete. Returns the upload, and whether this was not recorded before.
///
/// # Errors
/// Fails with 404 when the upload was cancelled meanwhile.
pub async fn mark_complete(write: &mut Write, id: UploadId) -> Result<(OwnUpload, bool)> {
    let before = own_locked(write, id).await?;
    if before.multipart_id.is_none() {
        return Ok((before, false));
    }
    sqlx::query!("UPDATE uploads SET multipart_id = NULL WHERE id = $1", id.0).execute(write.connection()).await?;
    Ok((OwnUpload { multipart_id: None, ..before }, true))
}

/// Removes everything that was sent of an upload.
///
/// # Errors
/// Fails with 409 when the upload is being processed or is ready, and with 503 when S3 is unavailable.
pub async fn remove_file(storage: &Storage, upload: &OwnUpload) -> Result<()> {
    upload.check_cancellable()?;
    if let Some(id) = upload.multipart_id() {
        storage.abort_multipart(&upload.key(), id).await?;
    }
    storage.remove_versions(&upload.key()).await
}

/// Cancels an upload: deletes its row.
///
/// # Errors
/// Fails with 404 when there is no such upload, and with 409 when it is being processed or is ready.
pub async fn cancel(write: &mut Write, id: UploadId) -> Result<()> {
    own_locked(write, id).await?.check_cancellable()?;
    delete_unused(write, id).await
}

/// Deletes the row of a pending or rejected upload of any user. Does nothing in other states.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn delete_unused(write: &mut Write, id: UploadId) -> Result<()> {
    sqlx::query!("DELETE FROM uploads WHERE id = $1 AND status IN ('pending', 'rejected')", id.0)
        .execute(write.connection())
        .await?;
    Ok(())
}

impl OwnUpload {
    fn check_cancellable(&self) -> Result<()> {
        let why = match self.status {
            UploadStatus::Pending | UploadStatus::Rejected => return Ok(()),
            UploadStatus::Processing => "The file has arrived and is being checked. Wait until that is finished.",
            UploadStatus::Ready => "The file is ready. Remove it from its lesson, course or profile instead.",
        };
        Err(Error::problem(&problem::UPLOAD_CLOSED, why))
    }
}
