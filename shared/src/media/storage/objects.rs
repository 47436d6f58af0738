//! What the bucket holds, for functions that may touch it.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::HeadObjectError;

use super::{Storage, failed};
use crate::error::Result;

/// An object as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub size_bytes: u64,
    /// With its quotes, as S3 writes it.
    pub e_tag: String,
    /// Where the bucket keeps versions.
    pub version: Option<String>,
}

impl Storage {
    /// What is at that key, if anything is.
    ///
    /// # Errors
    /// 503 when S3 is away.
    pub async fn head(&self, key: &str) -> Result<Option<Object>> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => Ok(Some(Object {
                size_bytes: head.content_length().and_then(|size| size.try_into().ok()).unwrap_or_default(),
                e_tag: head.e_tag().unwrap_or_default().to_owned(),
                version: head.version_id().map(ToOwned::to_owned),
            })),
            Err(SdkError::ServiceError(error)) if matches!(error.err(), HeadObjectError::NotFound(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes the object; that there is none is all right.
    ///
    /// # Errors
    /// 503 when S3 is away.
    pub async fn remove(&self, key: &str) -> Result<()> {
        self.client.delete_object().bucket(&self.bucket).key(key).send().await.map(drop).map_err(failed)
    }
}
