//! A large file, which a browser sends in parts: each by a signed URL of its own, so that a broken connection costs one.

use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use chrono::{DateTime, Utc};

use super::signing::from;
use super::{Storage, failed, with_timeout};
use crate::error::{Error, Result};

/// S3 may take longer to put a large file together than it does for anything else.
const COMPLETION_TIMEOUT: Duration = Duration::from_secs(12);

/// A part that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub number: i32,
    pub size_bytes: i64,
    /// With its quotes, as S3 writes it.
    pub e_tag: String,
}

impl Storage {
    /// Begins a file in parts, and gives S3's id of it.
    ///
    /// # Errors
    /// 503 when S3 is away.
    pub async fn start_multipart(&self, key: &str, content_type: &str) -> Result<String> {
        let save_multipart_id =
            self.client.create_multipart_upload().bucket(&self.bucket).key(key).content_type(content_type);
        let save_multipart_id = save_multipart_id.send().await.map_err(failed)?;
        save_multipart_id.upload_id.ok_or_else(|| Error::internal("S3 began a file in parts, and gave no id"))
    }

    /// A URL that takes this part of exactly this size: the length is among what is signed.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn sign_part(
        &self,
        key: &str,
        id: &str,
        (number, size_bytes): (i32, i64),
        now: DateTime<Utc>,
        time: Duration,
    ) -> Result<String> {
        let part = self.client.upload_part().bucket(&self.bucket).key(key).upload_id(id).part_number(number);
        let signed = part.content_length(size_bytes).presigned(from(now, time)?).await.map_err(Error::internal)?;
        Ok(signed.uri().to_owned())
    }

    /// The parts that arrived, by number; none when S3 knows of no such file, being complete or given up.
    ///
    /// # Errors
    /// 503 when S3 is away.
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

    /// Puts the file together of these parts. False when S3 knows of no such file or parts (any more): another call
    /// may have been faster.
    ///
    /// # Errors
    /// 503 when S3 is away.
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
                tracing::warn!(error = %error.err(), "S3 did not put the parts together");
                Ok(false)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Gives up the file, and what arrived of it; that there is none is all right.
    ///
    /// # Errors
    /// 503 when S3 is away.
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
