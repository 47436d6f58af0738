//! The bucket, by signed URLs: bytes never pass through a function.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::PresigningConfig;

use crate::config::{self, S3Endpoint, Settings, needed};
use crate::error::{Error, Result};

/// How long a signed URL works (`security.md`, 20).
pub const SIGNED_FOR: Duration = Duration::from_mins(15);

pub struct Storage {
    client: aws_sdk_s3::Client,
    bucket: String,
}

/// How a browser is to take an object.
#[derive(Debug, Clone, Copy)]
pub enum Disposition<'a> {
    /// In the page, as a video is.
    Inline,
    /// As a file of this name.
    Attachment(&'a str),
}

impl Storage {
    pub(crate) async fn new(settings: &Settings) -> Result<Self> {
        let bucket = needed(settings.media_bucket.as_ref(), "MEDIA_BUCKET")?.to_owned();
        let client = match &settings.s3_endpoint {
            Some(endpoint) => aws_sdk_s3::Client::from_conf(own(endpoint)),
            None => aws_sdk_s3::Client::new(&config::aws().await),
        };
        Ok(Self { client, bucket })
    }

    /// A URL that gives the object for 15 minutes, as this type, with ranges. Signing asks nobody.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn sign_read(&self, key: &str, content_type: &str, disposition: Disposition<'_>) -> Result<String> {
        let request = self.client.get_object().bucket(&self.bucket).key(key).response_content_type(content_type);
        let request = match disposition {
            Disposition::Inline => request.response_content_disposition("inline"),
            Disposition::Attachment(name) => request.response_content_disposition(attachment(name)),
        };
        let config = PresigningConfig::expires_in(SIGNED_FOR).map_err(Error::internal)?;
        let signed = request.presigned(config).await.map_err(Error::internal)?;
        Ok(signed.uri().to_owned())
    }
}

/// An S3 of one's own has no host a bucket, so the bucket stands in the path.
fn own(endpoint: &S3Endpoint) -> aws_sdk_s3::Config {
    let credentials = Credentials::new(&endpoint.access_key_id, &endpoint.secret_access_key, None, None, "settings");
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&endpoint.url)
        .region(Region::new(endpoint.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(true)
        .build()
}

/// A file's name in any script (RFC 6266, RFC 8187), with one that old clients can read.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
