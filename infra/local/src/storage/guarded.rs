//! The operations offered: s3s-fs, with its gaps closed.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use async_trait::async_trait;
use http::{Extensions, HeaderMap, Method, Uri};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyObjectInput, CopyObjectOutput, CopySource, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
    PutObjectInput, PutObjectOutput, Range, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;

use super::Created;
use super::checks::{Upload, check_key, check_modified};

type Answer<T> = S3Result<S3Response<T>>;

/// s3s-fs behind our checks. What is not delegated here is answered "not implemented".
pub(super) struct Guarded {
    files: FileSystem,
    root: PathBuf,
    created: broadcast::Sender<Created>,
}

impl Guarded {
    pub fn new(root: &Path, created: broadcast::Sender<Created>) -> anyhow::Result<Self> {
        let root = root.canonicalize()?;
        let files = FileSystem::new(&root).ok().with_context(|| format!("cannot use {}", root.display()))?;
        Ok(Self { files, root, created })
    }

    /// The file of a key that was checked.
    fn path(&self, bucket: &str, key: &str) -> PathBuf {
        self.root.join(bucket).join(key)
    }

    /// What is there. A folder on the way to other keys is no object.
    async fn head(&self, bucket: &str, key: &str) -> S3Result<HeadObjectOutput> {
        check_key(bucket, key)?;
        if self.path(bucket, key).is_dir() {
            return Err(s3_error!(NoSuchKey));
        }
        let input = HeadObjectInput { bucket: bucket.to_owned(), key: key.to_owned(), ..HeadObjectInput::default() };
        let mut object = self.files.head_object(internal(input)).await?.output;
        object.accept_ranges = Some("bytes".to_owned());
        Ok(object)
    }

    async fn announce(&self, event: &'static str, bucket: String, key: String) -> S3Result<()> {
        let object = self.head(&bucket, &key).await?;
        let size = object.content_length.and_then(|size| size.try_into().ok()).unwrap_or_default();
        let e_tag = object.e_tag.map(ETag::into_value).unwrap_or_default();
        // an error only says that nobody listens
        let _ = self.created.send(Created { event, bucket, key, size, e_tag });
        Ok(())
    }

    fn upload(&self, id: &str, bucket: &str, key: &str) -> S3Result<Upload> {
        check_key(bucket, key)?;
        Upload::find(&self.root, id)
    }
}

#[async_trait]
impl S3 for Guarded {
    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        let input = req.input;
        let object = self.head(&input.bucket, &input.key).await?;
        check_modified(&object, input.if_none_match.as_ref(), input.if_modified_since.as_ref())?;
        Ok(S3Response::new(object))
    }

    async fn get_object(&self, mut req: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let input = &mut req.input;
        let object = self.head(&input.bucket, &input.key).await?;
        check_modified(&object, input.if_none_match.as_ref(), input.if_modified_since.as_ref())?;

        let size = object.content_length.and_then(|size| size.try_into().ok()).unwrap_or(0);
        if input.range.is_some() && size == 0 {
            return Err(s3_error!(InvalidRange)); // s3s-fs would count below zero
        }
        if let Some(Range::Suffix { length }) = &mut input.range {
            *length = size.min(*length); // s3s-fs would seek to before the beginning
        }
        let mut answer = self.files.get_object(req).await?;
        answer.output.accept_ranges = object.accept_ranges;
        Ok(answer)
    }

    /// A form's POST comes here too.
    async fn put_object(&self, req: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        check_key(&bucket, &key)?;
        let event = match req.method {
            Method::POST => "ObjectCreated:Post",
            _ => "ObjectCreated:Put",
        };
        let answer = self.files.put_object(req).await;
        if answer.as_ref().is_err_and(|error| *error.code() == S3ErrorCode::BadDigest) {
            // s3s-fs compares after it has written
            let _ = std::fs::remove_file(self.path(&bucket, &key));
        }
        let answer = answer?;
        self.announce(event, bucket, key).await?;
        Ok(answer)
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        let CopySource::Bucket { bucket: from_bucket, key: from_key, .. } = &req.input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        self.head(from_bucket, from_key).await?;
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        check_key(&bucket, &key)?;
        let answer = self.files.copy_object(req).await?;
        self.announce("ObjectCreated:Copy", bucket, key).await?;
        Ok(answer)
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        match self.head(&req.input.bucket, &req.input.key).await {
            Ok(_) => self.files.delete_object(req).await,
            Err(error) if *error.code() == S3ErrorCode::NoSuchKey => Ok(S3Response::new(DeleteObjectOutput::default())),
            Err(error) => Err(error),
        }
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        self.files.list_objects_v2(req).await
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.files.head_bucket(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        check_key(&req.input.bucket, &req.input.key)?;
        self.files.create_multipart_upload(req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        self.upload(&req.input.upload_id, &req.input.bucket, &req.input.key)?;
        self.files.upload_part(req).await
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        let upload = self.upload(&req.input.upload_id, &req.input.bucket, &req.input.key)?;
        let mut answer = self.files.list_parts(req).await?;
        let mut parts = answer.output.parts.take().unwrap_or_default();
        let parts = blocking(move || {
            parts.sort_by_key(|part| part.part_number);
            for part in &mut parts {
                let (e_tag, _) = upload.digest(part.part_number.unwrap_or_default())?;
                part.e_tag = Some(e_tag);
            }
            io::Result::Ok(parts)
        });
        answer.output.parts = Some(parts.await?.map_err(S3Error::internal_error)?);
        Ok(answer)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let upload = self.upload(&req.input.upload_id, &bucket, &key)?;
        let parts = req.input.multipart_upload.clone().and_then(|upload| upload.parts).unwrap_or_default();
        blocking(move || upload.check_parts(&parts)).await??;
        let answer = self.files.complete_multipart_upload(req).await?;
        self.announce("ObjectCreated:CompleteMultipartUpload", bucket, key).await?;
        Ok(answer)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        self.upload(&req.input.upload_id, &req.input.bucket, &req.input.key)?;
        self.files.abort_multipart_upload(req).await
    }
}

/// A request of our own to s3s-fs.
fn internal<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: Method::default(),
        uri: Uri::default(),
        headers: HeaderMap::new(),
        extensions: Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// Reading gigabytes must not hold up other requests.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> S3Result<T> {
    spawn_blocking(work).await.map_err(S3Error::internal_error)
}
