#![expect(clippy::disallowed_methods, reason = "a folder for each test, links of the past")]

mod form;
mod reading;
mod writing;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use reqwest::header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE};
use uuid::Uuid;

use super::{Created, Storage};

const BUCKET: &str = "lyceum-test";
const TEXT: &[u8] = b"0123456789";

/// A storage of its own, removed at the end.
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

    /// The address anybody could fetch the object from.
    async fn link(&self, get: GetObjectFluentBuilder) -> String {
        let hour = PresigningConfig::expires_in(Duration::from_hours(1)).unwrap();
        get.presigned(hour).await.unwrap().uri().to_owned()
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
