//! The end of an upload: its parts put together, or what arrived of it removed.

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
        /// Of a file in parts: each of them. A form's file needs none.
        parts: Option<Vec<SentPart>>,
    }
}

fields! {
    /// A part that was sent, with the `ETag` that S3 gave for it.
    pub struct SentPart {
        part_number: Bounded<1, 10000>,
        etag: Text<1, 255>,
    }
}

impl Completion {
    /// The parts by number, as `ETag`s without quotes.
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

/// Has S3 put the file together, when each part is there as it was signed, and as the uploader says; a file that went by
/// a form must be there.
///
/// # Errors
/// 409 when something is missing or is not as they say; 422 when the parts that they name are none of this file; 503
/// when S3 is away.
pub async fn assemble(
    storage: &Storage,
    upload: &OwnUpload,
    completion: &Completion,
    now: DateTime<Utc>,
) -> Result<()> {
    if upload.is_complete() {
        return Ok(()); // it was done before
    }
    upload.check_open(now)?;
    if !upload.is_multipart() {
        return check_arrived(storage, upload).await;
    }
    let claimed = completion.e_tags_by_number()?;
    if claimed.is_empty() {
        return Err(Error::invalid(Fault::at("/parts", "required", "Name the parts, with the ETag of each.")));
    }
    let signed: BTreeMap<i32, i64> = upload.part_sizes().collect();
    if let Some(unknown) = claimed.keys().find(|number| !signed.contains_key(number)) {
        let detail = format!("It has {} parts; there is none with the number {unknown}.", signed.len());
        return Err(Error::invalid(Fault::at("/parts", "unknown_part", detail)));
    }
    let found = match upload.multipart_id() {
        Some(id) => storage.parts(&upload.key(), id).await?,
        None => Some(Vec::new()), // it was never save_multipart_id
    };
    let Some(found) = found else { return check_arrived(storage, upload).await }; // or another call put it together
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
        // Another call may be just putting it together.
        return match check_arrived(storage, upload).await {
            Err(error) if error.is(&problem::UPLOAD_INCOMPLETE) => {
                Err(incomplete("Some parts are missing, or are not as you say.", &missing, &wrong))
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

/// Lets it pass when the whole file is there.
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

/// Notes that the file was put together: whether that was not known before.
///
/// # Errors
/// 404 when it was given up meanwhile.
pub async fn mark_complete(write: &mut Write, id: UploadId) -> Result<(OwnUpload, bool)> {
    let before = own_locked(write, id).await?;
    if before.multipart_id.is_none() {
        return Ok((before, false));
    }
    sqlx::query!("UPDATE uploads SET multipart_id = NULL WHERE id = $1", id.0).execute(write.connection()).await?;
    Ok((OwnUpload { multipart_id: None, ..before }, true))
}

/// Removes what arrived of an upload that can be given up.
///
/// # Errors
/// 409 when it is being checked, or is shown; 503 when S3 is away.
pub async fn remove_file(storage: &Storage, upload: &OwnUpload) -> Result<()> {
    upload.check_cancellable()?;
    if let Some(id) = upload.multipart_id() {
        storage.abort_multipart(&upload.key(), id).await?;
    }
    storage.remove_versions(&upload.key()).await
}

/// Gives the upload up.
///
/// # Errors
/// 404 when it is gone; 409 when it is being checked, or is shown.
pub async fn cancel(write: &mut Write, id: UploadId) -> Result<()> {
    own_locked(write, id).await?.check_cancellable()?;
    delete_unused(write, id).await
}

/// Takes the upload off the books, whoever's it is and whatever it was for, unless it is being checked or shown: then it
/// stays.
///
/// # Errors
/// Those of the database.
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
            UploadStatus::Processing => "It has arrived, and is being checked; wait for that.",
            UploadStatus::Ready => "It is ready; remove the file from what shows it instead.",
        };
        Err(Error::problem(&problem::UPLOAD_CLOSED, why))
    }
}
