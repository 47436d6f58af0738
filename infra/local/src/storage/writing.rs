//! Operations that write or remove whole objects, or change their tags.

use http::Method;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error,
    MetadataDirective, PutObjectInput, PutObjectOutput, PutObjectTaggingInput, PutObjectTaggingOutput,
    TaggingDirective,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::checks::{Conditions, check_key, check_version};
use super::guarded::{Answer, Guarded, internal};
use super::staged::Staged;
use super::tags::Tags;

/// The most objects that one request may remove.
const MAX_REMOVED: usize = 1000;
/// The most bytes that one request may copy. Larger objects are copied in parts.
const MAX_COPY_BYTES: i64 = 5 * 1024 * 1024 * 1024;

impl Guarded {
    /// Publishes an object and sends its event.
    pub(super) async fn publish(&self, staged: Staged, event: &'static str, bucket: &str, key: &str) -> S3Result<()> {
        let created = {
            let _lock = self.publishing.write().await;
            staged.publish(&self.place(bucket, key)).map_err(S3Error::internal_error)?;
            self.describe(event, bucket.to_owned(), key.to_owned()).await?
        };
        // fails only when there are no receivers
        let _ = self.created.send(created);
        Ok(())
    }

    pub(super) async fn put(&self, req: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        check_key(&bucket, &key)?;
        if req.input.if_match.is_some() || req.input.if_none_match.is_some() {
            return Err(s3_error!(NotImplemented, "the local storage doesn't support conditional writes"));
        }
        let event = match req.method {
            Method::POST => "ObjectCreated:Post",
            _ => "ObjectCreated:Put",
        };
        let (staged, output) = Staged::receive(&self.root, &self.files, req).await?;
        self.publish(staged, event, &bucket, &key).await?;
        Ok(S3Response::new(output))
    }

    pub(super) async fn copy(&self, input: CopyObjectInput) -> Answer<CopyObjectOutput> {
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        check_key(&bucket, &key)?;
        let replaces =
            input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let CopySource::Bucket { bucket: from_bucket, key: from_key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        if **from_bucket == *bucket && **from_key == *key && !replaces {
            return Err(s3_error!(InvalidRequest, "This copy request is illegal: it would change nothing."));
        }
        let conditions = Conditions {
            version: None,
            matches: input.copy_source_if_match,
            none_match: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        };
        let source = self.open_source(&input.copy_source, conditions, None).await?;
        if source.content_length.is_some_and(|size| size > MAX_COPY_BYTES) {
            return Err(s3_error!(
                InvalidRequest,
                "The specified copy source is larger than the maximum allowable size"
            ));
        }
        let sent_tags = input.tagging.as_deref().map(Tags::of_header).transpose()?;
        let tags = match &input.tagging_directive {
            Some(directive) if directive.as_str() == TaggingDirective::REPLACE => sent_tags.unwrap_or_default(),
            _ => Tags::read(&self.place(from_bucket, from_key)).map_err(S3Error::internal_error)?,
        };
        let mut put = PutObjectInput {
            body: source.body,
            content_length: source.content_length,
            checksum_sha256: source.checksum_sha256,
            ..PutObjectInput::default()
        };
        if replaces {
            put.content_type = input.content_type;
            put.content_disposition = input.content_disposition;
            put.cache_control = input.cache_control;
            put.metadata = input.metadata;
        } else {
            put.content_type = source.content_type;
            put.content_disposition = source.content_disposition;
            put.cache_control = source.cache_control;
            put.metadata = source.metadata;
        }
        let (staged, output) = Staged::receive(&self.root, &self.files, internal(put)).await?;
        tags.write(&staged.place).map_err(S3Error::internal_error)?;
        self.publish(staged, "ObjectCreated:Copy", &bucket, &key).await?;
        let last_modified = self.head(&bucket, &key).await?.last_modified;
        let result = CopyObjectResult { e_tag: output.e_tag, last_modified, ..CopyObjectResult::default() };
        let output = CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() };
        Ok(S3Response::new(output))
    }

    async fn remove(&self, bucket: &str, key: &str, version: Option<&str>) -> S3Result<()> {
        check_version(version)?;
        let _lock = self.publishing.write().await;
        match self.head(bucket, key).await {
            Ok(_) => self.place(bucket, key).remove(),
            Err(error) if *error.code() == S3ErrorCode::NoSuchKey => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    pub(super) async fn delete(&self, input: DeleteObjectInput) -> Answer<DeleteObjectOutput> {
        self.remove(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    pub(super) async fn delete_many(&self, input: DeleteObjectsInput) -> Answer<DeleteObjectsOutput> {
        if input.delete.objects.len() > MAX_REMOVED {
            return Err(s3_error!(MalformedXML));
        }
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            match self.remove(&input.bucket, &object.key, object.version_id.as_deref()).await {
                Ok(()) => deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() }),
                Err(error) => errors.push(Error {
                    key: Some(object.key),
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(ToOwned::to_owned),
                    version_id: object.version_id,
                }),
            }
        }
        let quiet = input.delete.quiet == Some(true);
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn set_tags(&self, bucket: &str, key: &str, version: Option<&str>, tags: &Tags) -> S3Result<()> {
        check_version(version)?;
        let _lock = self.publishing.write().await;
        self.head(bucket, key).await?;
        tags.write(&self.place(bucket, key)).map_err(S3Error::internal_error)
    }

    pub(super) async fn tag(&self, input: PutObjectTaggingInput) -> Answer<PutObjectTaggingOutput> {
        let tags = Tags::of_set(input.tagging.tag_set)?;
        self.set_tags(&input.bucket, &input.key, input.version_id.as_deref(), &tags).await?;
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    pub(super) async fn untag(&self, input: DeleteObjectTaggingInput) -> Answer<DeleteObjectTaggingOutput> {
        self.set_tags(&input.bucket, &input.key, input.version_id.as_deref(), &Tags::default()).await?;
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }
}
