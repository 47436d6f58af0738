//! The bucket. What browsers send and take, they do by signed URLs: those bytes pass through no function.
//!
//! | file | what |
//! | --- | --- |
//! | `signing` | signed URLs to read, and the addresses that anybody may read |
//! | `form` | the signed form of a small file |
//! | `parts` | a large file in parts |
//! | `objects`, `copying` | what the bucket holds |

mod copying;
mod form;
mod objects;
mod parts;
mod signing;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};

pub use form::{Form, FormFile};
pub use objects::{Listed, Listing, Object, Pin};
pub use parts::Part;
pub use signing::{Disposition, SIGNED_FOR};

use crate::config::{self, S3Endpoint, Settings, required};
use crate::error::{Error, Result};

/// No call waits so long for S3 that its function could not answer any more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(6);

#[derive(Clone)]
pub struct Storage {
    client: aws_sdk_s3::Client,
    /// Those of the client, which signs everything but forms.
    credentials: SharedCredentialsProvider,
    region: String,
    bucket: String,
    /// What stands before the bucket, in the place of S3's own host.
    media_url: Option<String>,
}

impl Storage {
    pub(crate) async fn new(settings: &Settings) -> Result<Self> {
        let bucket = required(settings.media_bucket.as_ref(), "MEDIA_BUCKET")?.to_owned();
        let (config, credentials) = match &settings.s3_endpoint {
            Some(endpoint) => own(endpoint),
            None => of_aws().await?,
        };
        // Checksums of the SDK's own choice would be asked of each part that a browser sends, too.
        let config = config
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT))
            .credentials_provider(credentials.clone())
            .build();
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let client = aws_sdk_s3::Client::from_conf(config);
        Ok(Self { client, credentials, region, bucket, media_url: settings.media_url.clone() })
    }
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// What an operation is given that takes S3 itself longer than others.
fn patience(time: Duration) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder().timeout_config(timeouts(time, time))
}

type Reached = (aws_sdk_s3::config::Builder, SharedCredentialsProvider);

async fn of_aws() -> Result<Reached> {
    let found = config::aws().await;
    let credentials = found.credentials_provider().ok_or_else(|| Error::internal("there are no credentials for S3"))?;
    Ok((aws_sdk_s3::config::Builder::from(&found), credentials))
}

/// An S3 of one's own has no host a bucket, so the bucket stands in the path.
fn own(endpoint: &S3Endpoint) -> Reached {
    let credentials = Credentials::new(&endpoint.access_key_id, &endpoint.secret_access_key, None, None, "settings");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&endpoint.url)
        .region(Region::new(endpoint.region.clone()))
        .force_path_style(true);
    (config, SharedCredentialsProvider::new(credentials))
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
