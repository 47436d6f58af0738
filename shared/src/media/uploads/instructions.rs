//! Instructions for sending a file: a signed form, or signed URLs for the parts of a large file.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{OwnUpload, UploadStatus};
use crate::error::{Error, Fault, Result};
use crate::fields;
use crate::id::UploadId;
use crate::input::Bounded;
use crate::media::file_type::UploadKind;
use crate::media::storage::{FormFile, Storage};
use crate::problem;
use crate::transaction::Write;

/// Small enough that a broken connection costs little, and large enough for 5 GiB in far fewer than 10,000 parts.
const PART_SIZE: i64 = 16 << 20;
/// S3's limit.
const MAX_PARTS: usize = 10_000;
/// Long enough for a part on a slow connection. A longer upload requests new signatures for the rest.
const SIGNED_FOR: Duration = Duration::from_hours(1);

/// How to send the file straight to S3.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "method")]
pub enum UploadInstructions {
    /// Send a `multipart/form-data` body to `url`: all fields, and then the file as the field `file`.
    #[serde(rename = "POST")]
    Form {
        upload_id: UploadId,
        url: String,
        fields: BTreeMap<&'static str, String>,
        /// When the form expires.
        expires_at: DateTime<Utc>,
    },
    /// Send each part by a PUT, in any order; then call `POST /v1/uploads/{upload_id}/complete`.
    #[serde(rename = "PUT")]
    Parts {
        upload_id: UploadId,
        parts: Vec<SignedPart>,
        /// When the URLs expire. `POST /v1/uploads/{upload_id}/parts` returns new ones.
        expires_at: DateTime<Utc>,
    },
}

/// A part of a file, with the URL that accepts it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedPart {
    pub part_number: i32,
    pub url: String,
    /// Headers to send, besides those that HTTP clients add themselves.
    #[schema(value_type = Object)]
    pub headers: Map<String, Value>,
    /// The exact size. It is signed, too.
    pub size_bytes: i64,
}

fields! {
    pub struct PartNumbers {
        part_numbers: Vec<Bounded<1, 10000>>,
    }
}

impl OwnUpload {
    /// Whether the file is sent in parts: a video that is larger than one part. Other files are sent by a form.
    pub(super) fn is_multipart(&self) -> bool {
        self.kind == UploadKind::Video && self.size_bytes > PART_SIZE
    }

    /// Returns the number and the size in bytes of each part.
    pub(super) fn part_sizes(&self) -> impl Iterator<Item = (i32, i64)> {
        let (size, part) = (self.size_bytes, self.part_size_bytes.unwrap_or(PART_SIZE));
        (1..).zip((0..size).step_by(usize::try_from(part).unwrap_or(usize::MAX)).map(move |at| part.min(size - at)))
    }

    /// Fails with 409 unless the file can still be sent.
    pub(super) fn check_open(&self, now: DateTime<Utc>) -> Result<()> {
        let why = match self.status {
            UploadStatus::Ready => "The file is ready.",
            UploadStatus::Processing => "The file has arrived and is being checked.",
            UploadStatus::Rejected => "The file was rejected.",
            UploadStatus::Pending if self.is_complete() => "The file is complete and will be checked.",
            UploadStatus::Pending if self.expires_at <= now => "The upload has expired. Create a new one.",
            UploadStatus::Pending => return Ok(()),
        };
        Err(Error::problem(&problem::UPLOAD_CLOSED, why))
    }

    /// Returns how long a signature made now is valid: at most until the upload expires.
    fn signature_lifetime(&self, now: DateTime<Utc>) -> Duration {
        (self.expires_at - now).to_std().unwrap_or_default().clamp(Duration::from_secs(1), SIGNED_FOR)
    }
}

/// Starts the multipart upload of a large file. Returns S3's id of it; `None` if it was started before, or if the file is
/// sent by a form.
///
/// # Errors
/// Fails with 409 when the file can no longer be sent, and with 503 when S3 is unavailable.
pub async fn start_multipart(storage: &Storage, upload: &OwnUpload, now: DateTime<Utc>) -> Result<Option<String>> {
    upload.check_open(now)?;
    if !upload.is_multipart() || upload.multipart_id.is_some() {
        return Ok(None);
    }
    storage.start_multipart(&upload.key(), &upload.content_type).await.map(Some)
}

/// Stores S3's id of a multipart upload. Returns false if another call stored one first.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn save_multipart_id(write: &mut Write, id: UploadId, multipart_id: &str) -> Result<bool> {
    let kept = sqlx::query!(
        "UPDATE uploads SET multipart_id = $2, part_size_bytes = $3
         WHERE id = $1 AND part_size_bytes IS NULL AND status = 'pending'",
        id.0,
        multipart_id,
        PART_SIZE,
    )
    .execute(write.connection())
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Returns a signed form, or the signed URLs of all parts.
///
/// # Errors
/// Fails with 409 when the file can no longer be sent.
pub async fn instructions(storage: &Storage, upload: &OwnUpload, now: DateTime<Utc>) -> Result<UploadInstructions> {
    if upload.is_multipart() {
        return sign(storage, upload, upload.part_sizes(), now).await;
    }
    upload.check_open(now)?;
    let time = upload.signature_lifetime(now);
    let file = FormFile {
        key: &upload.key(),
        content_type: &upload.content_type,
        size_bytes: upload.size_bytes,
        checksum: upload.checksum.as_deref(),
    };
    let form = storage.sign_form(&file, now, time).await?;
    Ok(UploadInstructions::Form { upload_id: upload.id, url: form.url, fields: form.fields, expires_at: now + time })
}

/// Returns the signed URLs of the parts that `wanted` names. Check them with [`PartNumbers::check`] first.
///
/// # Errors
/// Fails with 409 when the file can no longer be sent.
pub async fn sign_parts(
    storage: &Storage,
    upload: &OwnUpload,
    wanted: &PartNumbers,
    now: DateTime<Utc>,
) -> Result<UploadInstructions> {
    let numbers: Vec<i32> = wanted.part_numbers.iter().map(|number| i32::from(*number)).collect();
    sign(storage, upload, upload.part_sizes().filter(|(number, _)| numbers.contains(number)), now).await
}

impl PartNumbers {
    /// Checks that the upload has these parts.
    ///
    /// # Errors
    /// Fails with 409 when the file can no longer be sent or is sent by a form, and with 422 for an unknown part.
    pub fn check(&self, upload: &OwnUpload, now: DateTime<Utc>) -> Result<()> {
        upload.check_open(now)?;
        if !upload.is_multipart() {
            return Err(Error::problem(&problem::CONFLICT, "The file is sent by one form and has no parts."));
        }
        if self.part_numbers.len() > MAX_PARTS {
            let detail = format!("A file can have up to {MAX_PARTS} parts.");
            return Err(Error::invalid(Fault::at("/part_numbers", "too_many", detail)));
        }
        let most = upload.part_sizes().count();
        let unknown =
            |number: &Bounded<1, 10000>| usize::try_from(i32::from(*number)).is_ok_and(|number| number > most);
        let unknown = self.part_numbers.iter().enumerate().filter(|(_, number)| unknown(number));
        let fault =
            |index| Fault::at(&format!("/part_numbers/{index}"), "unknown_part", format!("The file has {most} parts."));
        let faults: Vec<_> = unknown.map(|(index, _)| fault(index)).collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::invalid_all(faults)) }
    }
}

async fn sign(
    storage: &Storage,
    upload: &OwnUpload,
    parts: impl Iterator<Item = (i32, i64)>,
    now: DateTime<Utc>,
) -> Result<UploadInstructions> {
    upload.check_open(now)?;
    let id = upload.multipart_id().ok_or_else(|| Error::internal("the multipart upload was not started"))?;
    let (key, time) = (upload.key(), upload.signature_lifetime(now));
    let mut signed = Vec::new();
    for (part_number, size_bytes) in parts {
        let url = storage.sign_part(&key, id, (part_number, size_bytes), now, time).await?;
        signed.push(SignedPart { part_number, url, headers: Map::new(), size_bytes });
    }
    Ok(UploadInstructions::Parts { upload_id: upload.id, parts: signed, expires_at: now + time })
}
