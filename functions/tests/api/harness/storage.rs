//! A separate S3 per test, and access to its objects that bypasses the API.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::SdkError;
use lyceum::clock::Clock;
use lyceum_local::storage::{Created, Storage};
use tokio::sync::broadcast;

use super::Lyceum;

pub const BUCKET: &str = "media";
pub(super) const ACCESS_KEY: &str = "key";
pub(super) const SECRET_KEY: &str = "secret";

pub(super) async fn start(files: &Path) -> Storage {
    Storage::start(&files.join("s3"), 0, ACCESS_KEY, SECRET_KEY, BUCKET).await.unwrap()
}

impl Lyceum {
    /// Creates a Lyceum with the system's time, because S3 uses that time to check the expiry of signatures.
    pub async fn today() -> Arc<Self> {
        Self::today_with(|_| None).await
    }

    /// Creates a Lyceum with the system's time and changed settings.
    pub async fn today_with(setting: impl Fn(&str) -> Option<String>) -> Arc<Self> {
        let lyceum = Self::with(setting).await;
        lyceum.clock.advance(Clock::default().now() - lyceum.clock.now());
        lyceum
    }

    /// Returns the URL of the S3.
    pub fn s3_endpoint(&self) -> String {
        self.storage.endpoint()
    }

    /// Returns an S3 client with all rights.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.storage.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Returns the bytes of an object, if it exists.
    pub async fn object(&self, key: &str) -> Option<Vec<u8>> {
        match self.s3().get_object().bucket(BUCKET).key(key).send().await {
            Ok(object) => Some(object.body.collect().await.unwrap().to_vec()),
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Stores an object without the API's checks.
    pub async fn put_object(&self, key: &str, content_type: &str, bytes: Vec<u8>) {
        let put = self.s3().put_object().bucket(BUCKET).key(key).content_type(content_type);
        put.body(bytes.into()).send().await.unwrap();
    }

    /// Subscribes to the events of objects written from now on.
    pub fn created(&self) -> broadcast::Receiver<Created> {
        self.storage.created()
    }
}
