//! Stores the demo's files in S3.

use anyhow::{Context, Result};
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;

use crate::stack::Environment;

/// A client for the media bucket.
pub struct Bucket {
    client: aws_sdk_s3::Client,
    name: String,
}

impl Bucket {
    pub fn new(environment: &Environment) -> Result<Self> {
        let variable = |name: &str| environment.get(name).with_context(|| format!("{name} is missing"));
        let (id, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(variable("AWS_ENDPOINT_URL_S3")?)
            .region(Region::new(variable("AWS_REGION")?))
            .credentials_provider(Credentials::new(id, secret, None, None, "local"))
            .force_path_style(true)
            .build();
        Ok(Self { client: aws_sdk_s3::Client::from_conf(config), name: variable("MEDIA_BUCKET")? })
    }

    pub async fn put(&self, key: &str, content_type: &str, bytes: &'static [u8]) -> Result<()> {
        let object = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
        object
            .body(ByteStream::from_static(bytes))
            .send()
            .await
            .with_context(|| format!("{key} could not be stored"))?;
        Ok(())
    }
}
