//! Operations that read objects, tags and lists.

use s3s::dto::{
    CopySource, ETag, GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsV2Input, ListObjectsV2Output,
    Object, ObjectVersion, Range,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::Created;
use super::checks::{Conditions, check_key, check_version};
use super::guarded::{Answer, Guarded, internal};
use super::tags::Tags;

/// The most items that one response lists.
pub(super) const PAGE: i32 = 1000;

impl Guarded {
    /// Returns an object's metadata. A folder that contains other keys is not an object.
    pub(super) async fn head(&self, bucket: &str, key: &str) -> S3Result<HeadObjectOutput> {
        check_key(bucket, key)?;
        if self.place(bucket, key).file.is_dir() {
            return Err(s3_error!(NoSuchKey));
        }
        let input = HeadObjectInput { bucket: bucket.to_owned(), key: key.to_owned(), ..HeadObjectInput::default() };
        let mut object = self.files.head_object(internal(input)).await?.output;
        object.accept_ranges = Some("bytes".to_owned());
        Ok(object)
    }

    pub(super) async fn head_for(&self, req: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        let _reading = self.publishing.read().await;
        let (anonymous, input) = (req.credentials.is_none(), req.input);
        let object = self.head(&input.bucket, &input.key).await.map_err(|error| hidden(error, anonymous))?;
        let conditions = Conditions {
            version: input.version_id,
            matches: input.if_match,
            none_match: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        conditions.check(&object)?;
        Ok(S3Response::new(object))
    }

    pub(super) async fn get(&self, mut req: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let anonymous = req.credentials.is_none();
        let input = &mut req.input;
        let conditions = Conditions {
            version: input.version_id.take(),
            matches: input.if_match.take(),
            none_match: input.if_none_match.take(),
            modified_since: input.if_modified_since.take(),
            unmodified_since: input.if_unmodified_since.take(),
        };
        self.open(req, &conditions).await.map_err(|error| hidden(error, anonymous))
    }

    /// Opens an object if the conditions hold. Writes during the read don't affect the bytes.
    pub(super) async fn open(
        &self,
        mut req: S3Request<GetObjectInput>,
        conditions: &Conditions,
    ) -> Answer<GetObjectOutput> {
        let _reading = self.publishing.read().await;
        let input = &mut req.input;
        let object = self.head(&input.bucket, &input.key).await?;
        conditions.check(&object)?;

        let size = object.content_length.and_then(|size| size.try_into().ok()).unwrap_or(0);
        if input.range.is_some() && size == 0 {
            return Err(s3_error!(InvalidRange)); // s3s-fs would underflow
        }
        if let Some(Range::Suffix { length }) = &mut input.range {
            *length = size.min(*length); // s3s-fs would seek before the start
        }
        let mut answer = self.files.get_object(req).await?;
        answer.output.accept_ranges = object.accept_ranges;
        Ok(answer)
    }

    /// Opens the source of a copy, or a range of it.
    pub(super) async fn open_source(
        &self,
        source: &CopySource,
        mut conditions: Conditions,
        range: Option<Range>,
    ) -> S3Result<GetObjectOutput> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented));
        };
        conditions.version = version_id.as_deref().map(ToOwned::to_owned);
        let input = GetObjectInput {
            bucket: bucket.clone().into(),
            key: key.clone().into(),
            range,
            ..GetObjectInput::default()
        };
        let opened = self.open(internal(input), &conditions).await;
        let opened = opened.map_err(|error| match error.code() {
            S3ErrorCode::NotModified => s3_error!(PreconditionFailed), // S3 answers 412 for copies
            _ => error,
        });
        Ok(opened?.output)
    }

    pub(super) async fn list(&self, mut req: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        req.input.max_keys = Some(req.input.max_keys.unwrap_or(PAGE).clamp(0, PAGE));
        self.files.list_objects_v2(req).await
    }

    /// Lists each object as its only version with the id `null`, as S3 does for a bucket that never had versioning.
    pub(super) async fn versions(&self, input: ListObjectVersionsInput) -> Answer<ListObjectVersionsOutput> {
        if input.delimiter.is_some() || input.version_id_marker.is_some() {
            return Err(s3_error!(
                NotImplemented,
                "the local storage supports no delimiter and no version id marker here"
            ));
        }
        let page = ListObjectsV2Input {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone(),
            start_after: input.key_marker.clone(),
            max_keys: input.max_keys,
            ..ListObjectsV2Input::default()
        };
        let page = self.list(internal(page)).await?.output;
        let versions: Vec<_> = page.contents.into_iter().flatten().map(only_version).collect();
        let last = versions.last().and_then(|version| version.key.clone());
        Ok(S3Response::new(ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: input.prefix,
            key_marker: input.key_marker,
            max_keys: page.max_keys,
            next_key_marker: last.filter(|_| page.is_truncated == Some(true)),
            is_truncated: page.is_truncated,
            versions: Some(versions),
            ..ListObjectVersionsOutput::default()
        }))
    }

    /// Returns all objects below a prefix, in the form of their events.
    pub(super) async fn all(&self, bucket: &str, prefix: &str) -> S3Result<Vec<Created>> {
        let (mut objects, mut token) = (Vec::new(), None);
        loop {
            let input = ListObjectsV2Input {
                bucket: bucket.to_owned(),
                prefix: Some(prefix.to_owned()),
                continuation_token: token,
                ..ListObjectsV2Input::default()
            };
            let page = self.list(internal(input)).await?.output;
            for key in page.contents.into_iter().flatten().filter_map(|object| object.key) {
                match self.describe("ObjectCreated:Put", bucket.to_owned(), key).await {
                    Ok(object) => objects.push(object),
                    Err(error) if *error.code() == S3ErrorCode::NoSuchKey => {} // was removed meanwhile
                    Err(error) => return Err(error),
                }
            }
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(objects);
            }
        }
    }

    pub(super) async fn tags(&self, input: GetObjectTaggingInput) -> Answer<GetObjectTaggingOutput> {
        let _reading = self.publishing.read().await;
        check_version(input.version_id.as_deref())?;
        self.head(&input.bucket, &input.key).await?;
        let tags = Tags::read(&self.place(&input.bucket, &input.key)).map_err(S3Error::internal_error)?;
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set: tags.into_set(), version_id: None }))
    }

    /// Returns the event data of an object.
    pub(super) async fn describe(&self, event: &'static str, bucket: String, key: String) -> S3Result<Created> {
        let object = self.head(&bucket, &key).await?;
        let size = object.content_length.and_then(|size| size.try_into().ok()).unwrap_or_default();
        let e_tag = object.e_tag.map(ETag::into_value).unwrap_or_default();
        Ok(Created { event, bucket, key, size, e_tag })
    }
}

/// Hides from anonymous callers whether an object exists, because they may not list the bucket.
fn hidden(error: S3Error, anonymous: bool) -> S3Error {
    if anonymous && *error.code() == S3ErrorCode::NoSuchKey { s3_error!(AccessDenied, "Access Denied") } else { error }
}

fn only_version(object: Object) -> ObjectVersion {
    ObjectVersion {
        key: object.key,
        version_id: Some("null".to_owned()),
        is_latest: Some(true),
        e_tag: object.e_tag,
        last_modified: object.last_modified,
        size: object.size,
        ..ObjectVersion::default()
    }
}
