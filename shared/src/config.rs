//! Settings, from the environment. Each is read in this one place.

use crate::error::{Error, Result};

/// What a function is told about where it runs. A setting that a function doesn't need may be missing.
#[derive(Clone)]
pub struct Settings {
    /// `DATABASE_URL`: as the application's role.
    pub database_url: Option<String>,
    /// `DATABASE_MAX_CONNECTIONS`: a function on Lambda serves one call at a time, with one connection.
    pub database_max_connections: u32,
    /// `TOKEN_ISSUER`: `iss` of access tokens.
    pub issuer: String,
    /// `SIGNING_KEY_FILE`, or `SIGNING_KEY_SECRET` in Secrets Manager: a P-256 key in PEM.
    pub signing_key: Option<SigningKeySource>,
    /// `FRONTEND_URL`: where links in mails lead.
    pub frontend_url: Option<String>,
    /// `MEDIA_BUCKET`
    pub media_bucket: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`, for an S3 that is not AWS's.
    pub s3_endpoint: Option<S3Endpoint>,
    /// `MAIL_QUEUE_URL`
    pub mail_queue_url: Option<String>,
    /// `SMTP_URL`: `smtps://user:password@host`
    pub smtp_url: Option<String>,
    /// `MAIL_FROM`
    pub mail_from: Option<String>,
}

/// Where the private key is.
#[derive(Clone)]
pub enum SigningKeySource {
    File(String),
    Secret(String),
}

/// An S3 of one's own, and how to get in.
#[derive(Clone)]
pub struct S3Endpoint {
    pub url: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl Settings {
    /// # Errors
    /// When a setting is there and makes no sense.
    pub fn from_environment() -> Result<Self> {
        Self::from(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// As `from_environment`, with the variables from elsewhere.
    ///
    /// # Errors
    /// When a setting is there and makes no sense.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let max_connections = variable("DATABASE_MAX_CONNECTIONS").unwrap_or_else(|| "1".to_owned());
        Ok(Self {
            database_url: variable("DATABASE_URL"),
            database_max_connections: max_connections
                .parse()
                .map_err(|_| Error::internal("DATABASE_MAX_CONNECTIONS is no number"))?,
            issuer: variable("TOKEN_ISSUER").unwrap_or_else(|| "lyceum".to_owned()),
            signing_key: variable("SIGNING_KEY_FILE")
                .map(SigningKeySource::File)
                .or_else(|| variable("SIGNING_KEY_SECRET").map(SigningKeySource::Secret)),
            frontend_url: variable("FRONTEND_URL"),
            media_bucket: variable("MEDIA_BUCKET"),
            s3_endpoint: variable("AWS_ENDPOINT_URL_S3").map(|url| S3Endpoint {
                url,
                region: variable("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
                access_key_id: variable("AWS_ACCESS_KEY_ID").unwrap_or_default(),
                secret_access_key: variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
            }),
            mail_queue_url: variable("MAIL_QUEUE_URL"),
            smtp_url: variable("SMTP_URL"),
            mail_from: variable("MAIL_FROM"),
        })
    }
}

/// A setting that this function can't do without.
pub(crate) fn needed<'a>(value: Option<&'a String>, name: &str) -> Result<&'a str> {
    value.map(String::as_str).ok_or_else(|| Error::internal(format!("{name} is not set")))
}

/// Credentials and region, as the AWS SDKs find them.
pub(crate) async fn aws() -> aws_config::SdkConfig {
    aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await
}
