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
    /// `S3_PATH_STYLE`: `true` for an S3 that has no host a bucket.
    pub s3_path_style: bool,
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
            s3_path_style: variable("S3_PATH_STYLE").as_deref() == Some("true"),
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
