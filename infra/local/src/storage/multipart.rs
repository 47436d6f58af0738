//! The operations of multipart uploads.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, PutObjectInput, Range, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::checks::{Conditions, check_key, check_key_of_upload};
use super::guarded::{Answer, Guarded, blocking, internal};
use super::parts::{Upload, check_number};
use super::reading::PAGE;
use super::staged::Staged;

impl Guarded {
    fn upload(&self, id: &str, bucket: &str, key: &str) -> S3Result<Upload> {
        check_key(bucket, key)?;
        Upload::find(&self.root, id, bucket, key)
    }

    pub(super) async fn begin_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        check_key_of_upload(&req.input.bucket, &req.input.key)?;
        if req.input.tagging.is_some() {
            return Err(s3_error!(NotImplemented, "the local storage supports tags only for existing objects"));
        }
        self.files.create_multipart_upload(req).await
    }

    /// Stores received bytes as a part, if the upload was not completed or aborted.
    async fn keep_part(&self, upload: &Upload, number: i32, part: &Staged, e_tag: &ETag) -> S3Result<()> {
        let _lock = self.ending.lock().await;
        upload.check_under_way()?;
        upload.take(number, part, e_tag)
    }

    pub(super) async fn take_part(&self, req: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        let upload = self.upload(&req.input.upload_id, &req.input.bucket, &req.input.key)?;
        let number = req.input.part_number;
        check_number(number)?;
        let req = req.map_input(|part| PutObjectInput {
            body: part.body,
            content_length: part.content_length,
            content_md5: part.content_md5,
            checksum_algorithm: part.checksum_algorithm,
            checksum_crc32: part.checksum_crc32,
            checksum_crc32c: part.checksum_crc32c,
            checksum_crc64nvme: part.checksum_crc64nvme,
            checksum_sha1: part.checksum_sha1,
            checksum_sha256: part.checksum_sha256,
            ..PutObjectInput::default()
        });
        let (part, output) = Staged::receive(&self.root, &self.files, req).await?;
        let e_tag = output.e_tag.ok_or_else(|| s3_error!(InternalError))?;
        self.keep_part(&upload, number, &part, &e_tag).await?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(e_tag),
            checksum_crc32: output.checksum_crc32,
            checksum_crc32c: output.checksum_crc32c,
            checksum_crc64nvme: output.checksum_crc64nvme,
            checksum_sha1: output.checksum_sha1,
            checksum_sha256: output.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    pub(super) async fn copy_part(&self, input: UploadPartCopyInput) -> Answer<UploadPartCopyOutput> {
        let upload = self.upload(&input.upload_id, &input.bucket, &input.key)?;
        check_number(input.part_number)?;
        let conditions = Conditions {
            version: None,
            matches: input.copy_source_if_match,
            none_match: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        };
        let range = input.copy_source_range.as_deref().map(range).transpose()?;
        let source = self.open_source(&input.copy_source, conditions, range).await?;
        if let Some(Range::Int { first, last: Some(last) }) = range {
            let wanted = i64::try_from(last - first + 1).unwrap_or(i64::MAX);
            if source.content_length != Some(wanted) {
                return Err(s3_error!(InvalidArgument, "Range specified is not valid for the source object"));
            }
        }
        let put =
            PutObjectInput { body: source.body, content_length: source.content_length, ..PutObjectInput::default() };
        let (part, output) = Staged::receive(&self.root, &self.files, internal(put)).await?;
        let e_tag = output.e_tag.ok_or_else(|| s3_error!(InternalError))?;
        self.keep_part(&upload, input.part_number, &part, &e_tag).await?;
        let copied = CopyPartResult { e_tag: Some(e_tag), ..CopyPartResult::default() };
        Ok(S3Response::new(UploadPartCopyOutput { copy_part_result: Some(copied), ..UploadPartCopyOutput::default() }))
    }

    pub(super) async fn parts(&self, input: ListPartsInput) -> Answer<ListPartsOutput> {
        let upload = self.upload(&input.upload_id, &input.bucket, &input.key)?;
        let mut parts = blocking(move || upload.parts()).await?.map_err(S3Error::internal_error)?;
        let (after, most) = (input.part_number_marker.unwrap_or(0), input.max_parts.unwrap_or(PAGE).clamp(0, PAGE));
        parts.retain(|part| part.part_number > Some(after));
        let is_truncated = parts.len() > usize::try_from(most).unwrap_or(0);
        parts.truncate(usize::try_from(most).unwrap_or(0));
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(after),
            next_part_number_marker: parts.last().and_then(|part| part.part_number),
            max_parts: Some(most),
            is_truncated: Some(is_truncated),
            parts: Some(parts),
            ..ListPartsOutput::default()
        }))
    }

    pub(super) async fn uploads(&self, input: ListMultipartUploadsInput) -> Answer<ListMultipartUploadsOutput> {
        if input.delimiter.is_some() {
            return Err(s3_error!(NotImplemented, "the local storage supports no delimiter here"));
        }
        let (root, bucket) = (self.root.clone(), input.bucket.clone());
        let mut uploads = blocking(move || Upload::all(&root, &bucket)).await?.map_err(S3Error::internal_error)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        uploads.retain(|upload| upload.key.as_ref().is_some_and(|key| key.starts_with(&prefix)));
        if let Some(after) = &input.key_marker {
            let last = input.upload_id_marker.as_ref().and_then(|id| {
                uploads
                    .iter()
                    .position(|upload| upload.key.as_ref() == Some(after) && upload.upload_id.as_ref() == Some(id))
            });
            match last {
                Some(last) => drop(uploads.drain(..=last)),
                None => uploads.retain(|upload| upload.key.as_ref() > Some(after)),
            }
        }
        let most = input.max_uploads.unwrap_or(PAGE).clamp(1, PAGE);
        let is_truncated = uploads.len() > usize::try_from(most).unwrap_or(0);
        uploads.truncate(usize::try_from(most).unwrap_or(0));
        let last = uploads.last().filter(|_| is_truncated);
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            next_key_marker: last.and_then(|upload| upload.key.clone()),
            next_upload_id_marker: last.and_then(|upload| upload.upload_id.clone()),
            max_uploads: Some(most),
            is_truncated: Some(is_truncated),
            uploads: Some(uploads),
            ..ListMultipartUploadsOutput::default()
        }))
    }

    pub(super) async fn complete_upload(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let CompleteMultipartUploadInput { bucket, key, upload_id, multipart_upload, .. } = input;
        let _lock = self.ending.lock().await;
        let upload = self.upload(&upload_id, &bucket, &key)?;
        let listed = multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let assembled = {
            let upload = upload.clone();
            blocking(move || upload.assemble(&listed)).await?
        };
        let (staged, e_tag) = assembled?;
        self.publish(staged, "ObjectCreated:CompleteMultipartUpload", &bucket, &key).await?;
        upload.end().map_err(S3Error::internal_error)?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            e_tag: Some(e_tag),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    pub(super) async fn abort_upload(&self, input: AbortMultipartUploadInput) -> Answer<AbortMultipartUploadOutput> {
        let _lock = self.ending.lock().await;
        let upload = self.upload(&input.upload_id, &input.bucket, &input.key)?;
        upload.end().map_err(S3Error::internal_error)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

/// Parses `bytes=FIRST-LAST`, the only form that S3 accepts for the range of a copy.
fn range(text: &str) -> S3Result<Range> {
    let ends = text.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
    let ends = ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    match ends {
        Some((first, last)) if first <= last => Ok(Range::Int { first, last: Some(last) }),
        _ => Err(s3_error!(InvalidArgument, "The x-amz-copy-source-range value must be of the form bytes=first-last")),
    }
}
