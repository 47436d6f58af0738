//! An S3 of the test's own, as the local stack has one, and ways around the API to what is in it.

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
    /// A Lyceum that is at the system's time: S3 looks there, too, to see whether what was signed has expired.
    pub async fn today() -> Arc<Self> {
        Self::today_with(|_| None).await
    }

    /// The same, with other settings than usual.
    pub async fn today_with(setting: impl Fn(&str) -> Option<String>) -> Arc<Self> {
        let lyceum = Self::with(setting).await;
        lyceum.clock.advance(Clock::default().now() - lyceum.clock.now());
        lyceum
    }

    /// Where it is.
    pub fn s3_endpoint(&self) -> String {
        self.storage.endpoint()
    }

    /// A client of the S3, which may do everything.
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

    /// What is under that key, if anything is.
    pub async fn object(&self, key: &str) -> Option<Vec<u8>> {
        match self.s3().get_object().bucket(BUCKET).key(key).send().await {
            Ok(object) => Some(object.body.collect().await.unwrap().to_vec()),
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Puts an object there, whatever the API would say.
    pub async fn put_object(&self, key: &str, content_type: &str, bytes: Vec<u8>) {
        let put = self.s3().put_object().bucket(BUCKET).key(key).content_type(content_type);
        put.body(bytes.into()).send().await.unwrap();
    }

    /// Hears of every object that is written from now on.
    pub fn created(&self) -> broadcast::Receiver<Created> {
        self.storage.created()
    }
}
