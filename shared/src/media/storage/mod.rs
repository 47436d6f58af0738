//! The S3 bucket. Browsers send and read files by signed URLs, so that the bytes don't pass through a function.
//!
//! | file | what |
//! | --- | --- |
//! | `signing` | signed URLs for reading, and public URLs |
//! | `form` | signed forms for small files |
//! | `parts` | multipart uploads of large files |
//! | `objects`, `copy` | reading, writing, listing, copying and removing objects |

mod copy;
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
pub use objects::{ListPage, ListedObject, Object, ObjectVersion};
pub use parts::Part;
pub use signing::{Disposition, SIGNED_FOR};

use crate::config::{self, S3Endpoint, Settings, required};
use crate::error::{Error, Result};

/// Short enough that a function can still answer its caller when S3 hangs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(6);

#[derive(Clone)]
pub struct Storage {
    client: aws_sdk_s3::Client,
    /// The client's credentials. Forms are signed without the client.
    credentials: SharedCredentialsProvider,
    region: String,
    bucket: String,
    /// The base URL of the CDN in front of the bucket, if there is one.
    media_url: Option<String>,
}

impl Storage {
    pub(crate) async fn new(settings: &Settings) -> Result<Self> {
        let bucket = required(settings.media_bucket.as_ref(), "MEDIA_BUCKET")?.to_owned();
        let (config, credentials) = match &settings.s3_endpoint {
            Some(endpoint) => custom(endpoint),
            None => of_aws().await?,
        };
        // Otherwise signed parts would require a checksum that browsers don't send.
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

/// Overrides the timeouts for an operation that takes S3 longer than others.
fn with_timeout(time: Duration) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder().timeout_config(timeouts(time, time))
}

type Connection = (aws_sdk_s3::config::Builder, SharedCredentialsProvider);

async fn of_aws() -> Result<Connection> {
    let found = config::aws().await;
    let credentials = found.credentials_provider().ok_or_else(|| Error::internal("there are no credentials for S3"))?;
    Ok((aws_sdk_s3::config::Builder::from(&found), credentials))
}

/// Connects to another S3 service than AWS. It may have no host name per bucket, so the bucket is part of the path.
fn custom(endpoint: &S3Endpoint) -> Connection {
    let credentials = Credentials::new(&endpoint.access_key_id, &endpoint.secret_access_key, None, None, "settings");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&endpoint.url)
        .region(Region::new(endpoint.region.clone()))
        .force_path_style(true);
    (config, SharedCredentialsProvider::new(credentials))
}

/// Converts an error of S3: 503 if S3 is unavailable or too busy, otherwise an internal error.
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
