//! Multipart uploads. A browser sends each part of a large file by its own signed URL, so that a broken connection costs
//! only one part.

use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use chrono::{DateTime, Utc};

use super::signing::valid_from;
use super::{Storage, failed, with_timeout};
use crate::error::{Error, Result};

/// S3 needs longer to assemble a large file than for other operations.
const COMPLETION_TIMEOUT: Duration = Duration::from_secs(12);

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub number: i32,
    pub size_bytes: i64,
    /// With quotes, as S3 writes it.
    pub e_tag: String,
}

impl Storage {
    /// Starts a multipart upload, and returns S3's id of it.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn start_multipart(&self, key: &str, content_type: &str) -> Result<String> {
        let started = self.client.create_multipart_upload().bucket(&self.bucket).key(key).content_type(content_type);
        let started = started.send().await.map_err(failed)?;
        started.upload_id.ok_or_else(|| Error::internal("S3 returned no id for the multipart upload"))
    }

    /// Returns a URL that accepts this part with exactly this size: the length is signed, too.
    ///
    /// # Errors
    /// Fails when there are no credentials to sign with.
    pub async fn sign_part(
        &self,
        key: &str,
        id: &str,
        (number, size_bytes): (i32, i64),
        now: DateTime<Utc>,
        time: Duration,
    ) -> Result<String> {
        let part = self.client.upload_part().bucket(&self.bucket).key(key).upload_id(id).part_number(number);
        let signed =
            part.content_length(size_bytes).presigned(valid_from(now, time)?).await.map_err(Error::internal)?;
        Ok(signed.uri().to_owned())
    }

    /// Returns the parts that have arrived, by number; `None` if S3 doesn't know the upload, because it was completed or
    /// aborted.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn parts(&self, key: &str, id: &str) -> Result<Option<Vec<Part>>> {
        let (mut parts, mut after) = (Vec::new(), None);
        loop {
            let page = self.client.list_parts().bucket(&self.bucket).key(key).upload_id(id);
            let page = match page.set_part_number_marker(after).send().await {
                Ok(page) => page,
                Err(error) if is_unknown(&error) => return Ok(None),
                Err(error) => return Err(failed(error)),
            };
            parts.extend(page.parts().iter().map(|part| Part {
                number: part.part_number().unwrap_or_default(),
                size_bytes: part.size().unwrap_or_default(),
                e_tag: part.e_tag().unwrap_or_default().to_owned(),
            }));
            match page.next_part_number_marker {
                Some(next) if page.is_truncated == Some(true) => after = Some(next),
                _ => return Ok(Some(parts)),
            }
        }
    }

    /// Assembles the file from these parts. Returns false if S3 doesn't know the upload or the parts: another call may
    /// have completed it.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn complete_multipart(&self, key: &str, id: &str, parts: &[Part]) -> Result<bool> {
        let parts =
            parts.iter().map(|part| CompletedPart::builder().part_number(part.number).e_tag(&part.e_tag).build());
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(key).upload_id(id);
        let complete = complete.multipart_upload(parts).customize();
        match complete.config_override(with_timeout(COMPLETION_TIMEOUT)).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_unknown(&error) => Ok(false),
            Err(SdkError::ServiceError(error)) if error.raw().status().is_client_error() => {
                tracing::warn!(error = %error.err(), "S3 did not assemble the parts");
                Ok(false)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Aborts a multipart upload, and removes its parts. Succeeds if there is none.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn abort_multipart(&self, key: &str, id: &str) -> Result<()> {
        match self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(id).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_unknown(&error) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

fn is_unknown<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(error, SdkError::ServiceError(error) if error.err().code() == Some("NoSuchUpload"))
}
