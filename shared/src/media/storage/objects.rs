//! Operations on single objects, and lists of objects.

use std::ops::Range;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Storage, failed};
use crate::error::{Error, Result};

/// The current version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub size_bytes: u64,
    pub version: ObjectVersion,
}

/// Identifies one content of a key, whatever is written to the key later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// With quotes, as S3 writes it.
    pub e_tag: String,
    /// Only in a bucket with versioning.
    pub version_id: Option<String>,
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    pub key: String,
    pub last_modified: DateTime<Utc>,
}

/// A page of a list of objects, ordered by key.
#[derive(Debug, Default)]
pub struct ListPage {
    pub objects: Vec<ListedObject>,
    /// The token for the next page; `None` on the last page.
    pub next: Option<String>,
}

impl Storage {
    /// Returns the current object of a key; `None` if there is none.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn head(&self, key: &str) -> Result<Option<Object>> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => Ok(Some(Object {
                size_bytes: head.content_length().and_then(|size| size.try_into().ok()).unwrap_or_default(),
                version: ObjectVersion {
                    e_tag: head.e_tag().unwrap_or_default().to_owned(),
                    version_id: head.version_id().map(ToOwned::to_owned),
                },
            })),
            Err(SdkError::ServiceError(error)) if matches!(error.err(), HeadObjectError::NotFound(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns the size of an object version in bytes; `None` if it no longer exists.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn version_size(&self, key: &str, version: &ObjectVersion) -> Result<Option<u64>> {
        let head = self.client.head_object().bucket(&self.bucket).key(key).if_match(&version.e_tag);
        match head.set_version_id(version.version_id.clone()).send().await {
            Ok(head) => Ok(Some(head.content_length().and_then(|size| size.try_into().ok()).unwrap_or_default())),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns the bytes of a range of an object version; `None` if it no longer exists.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn read_range(&self, key: &str, version: &ObjectVersion, range: Range<u64>) -> Result<Option<Bytes>> {
        let last = range.end.saturating_sub(1);
        let get = self.client.get_object().bucket(&self.bucket).key(key).if_match(&version.e_tag);
        let get = get.set_version_id(version.version_id.clone()).range(format!("bytes={}-{last}", range.start));
        match get.send().await {
            Ok(part) => {
                let part = part.body.collect().await.map_err(|error| Error::Unavailable(error.into()))?;
                Ok(Some(part.into_bytes()))
            }
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes an object.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn put(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<()> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(content_type);
        let put = put.cache_control("public, max-age=3600"); // a removed picture disappears from caches within an hour
        put.body(bytes.into()).send().await.map(drop).map_err(failed)
    }

    /// Removes an object. A bucket with versioning keeps the content as a noncurrent version. Succeeds if there is none.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn remove(&self, key: &str) -> Result<()> {
        self.client.delete_object().bucket(&self.bucket).key(key).send().await.map(drop).map_err(failed)
    }

    /// Removes all versions of an object permanently. Succeeds if there is none.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn remove_versions(&self, key: &str) -> Result<()> {
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let list = self.client.list_object_versions().bucket(&self.bucket).prefix(key);
            let list = list.set_key_marker(key_marker).set_version_id_marker(version_marker);
            let page = list.send().await.map_err(failed)?;
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let of_key = versions.chain(markers).filter(|(listed, _)| *listed == Some(key)).map(|(_, version)| version);
            self.remove_listed(key, of_key).await?;
            if page.is_truncated() != Some(true) {
                return Ok(());
            }
            (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    async fn remove_listed(&self, key: &str, versions: impl Iterator<Item = Option<&str>>) -> Result<()> {
        let object = |version: Option<&str>| {
            ObjectIdentifier::builder().key(key).set_version_id(version.map(ToOwned::to_owned)).build()
        };
        let objects = versions.map(object).collect::<std::result::Result<Vec<_>, _>>().map_err(Error::internal)?;
        if objects.is_empty() {
            return Ok(());
        }
        let all = Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(Error::internal)?;
        let removed = self.client.delete_objects().bucket(&self.bucket).delete(all).send().await.map_err(failed)?;
        match removed.errors().first() {
            Some(error) => Err(Error::internal(format!("S3 did not remove a version: {error:?}"))),
            None => Ok(()),
        }
    }

    /// Removes an object version permanently. In a bucket without versioning, removes the current object of the key.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn remove_version(&self, key: &str, version: &ObjectVersion) -> Result<()> {
        let delete =
            self.client.delete_object().bucket(&self.bucket).key(key).set_version_id(version.version_id.clone());
        delete.send().await.map(drop).map_err(failed)
    }

    /// Returns a page of the objects under a prefix.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn list(&self, prefix: &str, from: Option<String>) -> Result<ListPage> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).set_continuation_token(from);
        let page = list.send().await.map_err(failed)?;
        let listed = |object: &aws_sdk_s3::types::Object| {
            let modified = object.last_modified()?;
            let last_modified = DateTime::from_timestamp(modified.secs(), modified.subsec_nanos())?;
            Some(ListedObject { key: object.key()?.to_owned(), last_modified })
        };
        Ok(ListPage {
            objects: page.contents().iter().filter_map(listed).collect(),
            next: page.next_continuation_token().map(ToOwned::to_owned),
        })
    }

    /// Returns the value of a tag of an object version; `None` without such a tag, or if the version no longer exists.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn tag(&self, key: &str, version: &ObjectVersion, name: &str) -> Result<Option<String>> {
        let get =
            self.client.get_object_tagging().bucket(&self.bucket).key(key).set_version_id(version.version_id.clone());
        match get.send().await {
            Ok(tags) => Ok(tags.tag_set().iter().find(|tag| tag.key() == name).map(|tag| tag.value().to_owned())),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Whether S3 answers that the object does not exist, or was changed.
pub(super) fn is_gone<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let SdkError::ServiceError(answer) = error else { return false };
    let code = answer.err().code().unwrap_or_default();
    matches!(answer.raw().status().as_u16(), 404 | 412) && code != "NoSuchBucket"
}
