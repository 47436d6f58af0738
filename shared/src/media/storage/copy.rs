//! Copies within the bucket. S3 copies the bytes itself.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective, TaggingDirective};

use super::objects::is_gone;
use super::{ObjectVersion, Storage, failed, with_timeout};
use crate::error::{Error, Result};

/// Larger files are copied in parts of this size. S3 copies at most 5 GB at once, and a failed part is quickly repeated.
const PART: u64 = 64 * 1024 * 1024;
/// S3 answers only after the copy is complete.
const COPY_TIMEOUT: Duration = Duration::from_mins(1);

impl Storage {
    /// Copies an object version to another key, with this content type. Metadata and tags of the original are not copied.
    /// Returns false if the version no longer exists.
    ///
    /// # Errors
    /// Fails with 503 when S3 is unavailable.
    pub async fn copy(
        &self,
        from: &str,
        version: &ObjectVersion,
        size: u64,
        to: &str,
        content_type: &str,
    ) -> Result<bool> {
        if size > PART {
            return self.copy_multipart(from, version, size, to, content_type).await;
        }
        let copy = self.client.copy_object().bucket(&self.bucket).key(to).copy_source(self.source(from, version));
        let copy = copy.copy_source_if_match(&version.e_tag).content_type(content_type);
        let copy = copy.metadata_directive(MetadataDirective::Replace).tagging_directive(TaggingDirective::Replace);
        match copy.customize().config_override(with_timeout(COPY_TIMEOUT)).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    async fn copy_multipart(
        &self,
        from: &str,
        version: &ObjectVersion,
        size: u64,
        to: &str,
        content_type: &str,
    ) -> Result<bool> {
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(to).content_type(content_type);
        let created = create.send().await.map_err(failed)?;
        let id = created.upload_id().ok_or_else(|| Error::internal("S3 returned no id for the copy"))?;
        let copied = self.copy_parts(from, version, size, to, id).await;
        if !matches!(copied, Ok(true)) {
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(to).upload_id(id);
            if let Err(error) = abort.send().await {
                tracing::warn!(error = %failed(error), "a copy could not be aborted; the bucket's lifecycle rule removes it");
            }
        }
        copied
    }

    async fn copy_parts(&self, from: &str, version: &ObjectVersion, size: u64, to: &str, id: &str) -> Result<bool> {
        let mut parts = Vec::new();
        for (number, range) in (1..).zip(parts_of(size)) {
            let copy = self.client.upload_part_copy().bucket(&self.bucket).key(to).upload_id(id).part_number(number);
            let copy = copy.copy_source(self.source(from, version)).copy_source_if_match(&version.e_tag);
            let copy = copy.copy_source_range(format!("bytes={}-{}", range.start, range.end - 1));
            let part = match copy.customize().config_override(with_timeout(COPY_TIMEOUT)).send().await {
                Ok(part) => part,
                Err(error) if is_gone(&error) => return Ok(false),
                Err(error) => return Err(failed(error)),
            };
            let e_tag = part.copy_part_result().and_then(|result| result.e_tag()).map(ToOwned::to_owned);
            parts.push(CompletedPart::builder().part_number(number).set_e_tag(e_tag).build());
        }
        let whole = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(to).upload_id(id);
        let complete = complete.multipart_upload(whole).customize().config_override(with_timeout(COPY_TIMEOUT));
        complete.send().await.map_err(failed)?;
        Ok(true)
    }

    /// Returns the copy source in S3's notation.
    fn source(&self, key: &str, version: &ObjectVersion) -> String {
        let suffix = version.version_id.as_ref().map_or_else(String::new, |id| format!("?versionId={id}"));
        format!("{}/{key}{suffix}", self.bucket)
    }
}

fn parts_of(size: u64) -> impl Iterator<Item = Range<u64>> {
    (0..size.div_ceil(PART)).map(move |number| number * PART..((number + 1) * PART).min(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_the_file_and_are_few_enough_for_5_gib() {
        for size in [PART + 1, 2 * PART, 5 << 30] {
            let parts: Vec<_> = parts_of(size).collect();
            let ends: Vec<_> = parts.iter().map(|part| part.end).collect();
            let starts: Vec<_> = parts.iter().skip(1).map(|part| part.start).collect();
            assert_eq!(ends.split_last().map(|(last, before)| (*last, before)), Some((size, starts.as_slice())));
            assert!(parts.len() <= 10_000 && parts.iter().all(|part| part.end - part.start <= PART));
        }
    }
}
