//! The bucket. What browsers send and take, they do by signed URLs: those bytes pass through no function.

mod copying;
mod interim;
mod objects;
mod signing;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};

pub use objects::{Listed, Listing, Object, Pin};
pub use signing::{Disposition, SIGNED_FOR};

use crate::config::{self, S3Endpoint, Settings, needed};
use crate::error::{Error, Result};

#[derive(Clone)]
pub struct Storage {
    client: aws_sdk_s3::Client,
    bucket: String,
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

/// What S3 did not do: away or too busy, or something that is ours to mend.
pub(crate) fn failed<E>(error: SdkError<E>) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let busy = match &error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(answer) => matches!(answer.raw().status().as_u16(), 429 | 500..),
        _ => false,
    };
    let cause = DisplayErrorContext(error).to_string();
    if busy { Error::Unavailable(cause.into()) } else { Error::internal(cause) }
}
