#![expect(clippy::disallowed_methods, reason = "a folder for each test, links of the past")]

mod access;
mod copying;
mod form;
mod listing;
mod parts;
mod reading;
mod tags;
mod writing;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective};
use reqwest::header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE};
use uuid::Uuid;

use super::{Created, Storage};

const BUCKET: &str = "lyceum-test";
const TEXT: &[u8] = b"0123456789";

/// A storage in a temporary folder, removed on drop.
struct Fixture {
    root: PathBuf,
    storage: Storage,
    s3: Client,
    http: reqwest::Client,
}

impl Fixture {
    async fn new() -> Self {
        let root = std::env::temp_dir().join(format!("lyceum-storage-{}", Uuid::now_v7()));
        let storage = Storage::start(&root, 0, "key", "secret", BUCKET).await.unwrap();
        let s3 = client(&storage, "secret");
        Self { root, storage, s3, http: reqwest::Client::new() }
    }

    async fn put(&self, key: &str, body: impl Into<ByteStream>) -> String {
        let put = self.s3.put_object().bucket(BUCKET).key(key).content_type("text/x-test").body(body.into());
        put.send().await.unwrap().e_tag.unwrap()
    }

    fn get(&self, key: &str) -> GetObjectFluentBuilder {
        self.s3.get_object().bucket(BUCKET).key(key)
    }

    /// Returns a presigned URL of the object.
    async fn link(&self, get: GetObjectFluentBuilder) -> String {
        let hour = PresigningConfig::expires_in(Duration::from_hours(1)).unwrap();
        get.presigned(hour).await.unwrap().uri().to_owned()
    }

    async fn begin(&self, key: &str) -> String {
        let begun = self.s3.create_multipart_upload().bucket(BUCKET).key(key).content_type("video/mp4").send();
        begun.await.unwrap().upload_id.unwrap()
    }

    /// Sends a part and returns its entry for completing the upload.
    async fn part(&self, key: &str, id: &str, number: i32, body: Vec<u8>) -> CompletedPart {
        let part = self.s3.upload_part().bucket(BUCKET).key(key).upload_id(id).part_number(number);
        let e_tag = part.body(body.into()).send().await.unwrap().e_tag.unwrap();
        CompletedPart::builder().part_number(number).e_tag(e_tag).build()
    }

    fn complete(&self, key: &str, id: &str, parts: Vec<CompletedPart>) -> CompleteMultipartUploadFluentBuilder {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        self.s3.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id).multipart_upload(parts)
    }

    async fn text(&self, key: &str) -> String {
        let object = self.get(key).send().await.unwrap();
        String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
    }

    /// Returns the number of files outside the bucket's own folder.
    fn files_beside(&self) -> usize {
        let staged = fs::read_dir(self.root.join(".staging")).unwrap().count();
        fs::read_dir(&self.root).unwrap().count() - 2 + staged
    }

    async fn fetch(&self, link: &str, headers: &[(reqwest::header::HeaderName, &str)]) -> reqwest::Response {
        let headers: HeaderMap = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        self.http.get(link).headers(headers).send().await.unwrap()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn client(storage: &Storage, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(storage.endpoint())
        .force_path_style(true)
        .credentials_provider(Credentials::new("key", secret, None, None, "test"))
        .build();
    Client::from_conf(config)
}

fn status<E>(error: &SdkError<E>) -> u16 {
    error.raw_response().unwrap().status().as_u16()
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
