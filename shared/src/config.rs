//! Settings, read from environment variables in this one place.

use std::time::Duration;

use chrono::{Months, TimeDelta};

use crate::db::{CONNECT_TIMEOUT, StatementMode};
use crate::error::{Error, Result};
use crate::identity::keys::SigningKeySource;
use crate::limits::Rates;
use crate::media::uploads::Quotas;
use crate::outbox::LONGEST_ATTEMPT;

/// The settings of a process. Settings that a function doesn't need may be missing.
#[derive(Clone)]
pub struct Settings {
    /// `DATABASE_URL`: the database, as the application's role.
    pub database_url: Option<String>,
    /// `READER_DATABASE_URL`: a replica, for reads that may see slightly old data.
    pub reader_database_url: Option<String>,
    /// `DATABASE_AUTH`: `iam` uses IAM tokens as passwords and verifies the server by the root certificates of RDS;
    /// `password` (the default) uses what the URL says.
    pub database_iam: Option<AwsIdentity>,
    /// `DATABASE_STATEMENTS`: `unnamed` for a pooler without named prepared statements; default `named`.
    pub database_statements: StatementMode,
    /// `DATABASE_OWNER_URL`: the database, as its owner, for migrations.
    pub database_owner_url: Option<String>,
    /// `DATABASE_OWNER_SECRET`: the secret with the owner's user name and password, in the format of RDS; instead of
    /// the URL.
    pub database_owner_secret: Option<String>,
    /// `DATABASE_MAX_CONNECTIONS`: default 1, because a Lambda function handles one request at a time.
    pub database_max_connections: u32,
    /// `CALL_TIMEOUT_SECONDS`: the time limit of a request; must be less than the function's own timeout.
    pub call_timeout: Duration,
    /// How long to wait for a connection.
    pub database_wait: Duration,
    /// `AUDIT_LOG_MONTHS`: how long the audit log is kept; at least 12.
    pub audit_log_months: Months,
    /// `TOKEN_ISSUER`: the claim `iss` of access tokens.
    pub issuer: String,
    /// `SIGNING_KEY_FILE`, or `SIGNING_KEY_SECRET` in Secrets Manager: a P-256 private key in PEM.
    pub signing_key: Option<SigningKeySource>,
    /// `FRONTEND_URL`: the base of links in mails.
    pub frontend_url: Option<String>,
    /// `MEDIA_BUCKET`
    pub media_bucket: Option<String>,
    /// `MEDIA_URL`: the origin of the distribution in front of the bucket, if there is one:
    /// `https://media.example.org`.
    pub media_url: Option<String>,
    /// `MALWARE_SCAN`: `true` when uploads must wait for the result of GuardDuty's scan.
    pub malware_scan: bool,
    /// `AWS_ENDPOINT_URL_S3`: an S3 that is not Amazon's.
    pub s3_endpoint: Option<S3Endpoint>,
    /// `MAIL_QUEUE_URL`: the SQS queue that wakes `deliver-mail`.
    pub mail_queue_url: Option<String>,
    /// `PROGRESS_QUEUE_URL`: the SQS queue that wakes `recompute-progress`.
    pub progress_queue_url: Option<String>,
    /// `JOBS_QUEUE_URL`
    pub jobs_queue_url: Option<String>,
    /// `SMTP_URL`: `smtps://user:password@host`
    pub smtp_url: Option<String>,
    /// `MAIL_TIMEOUT_SECONDS`: the time limit of one attempt to send a mail.
    pub mail_timeout: Duration,
    /// `SES_CREDENTIALS_SECRET`: the secret with the access key of the IAM user for SES; instead of `SMTP_URL`.
    pub ses_credentials_secret: Option<String>,
    /// `AWS_REGION`: the region of this process.
    pub region: Option<String>,
    /// `MAIL_FROM`: the sender of all mail.
    pub mail_from: Option<String>,
    /// `REDIS_URL`: Redis, for rate limits and cached catalogue reads. Optional.
    pub redis_url: Option<String>,
    /// `EDGE_SECRET`: the value that the distribution adds to each request in `x-lyceum-edge`. If set, other requests
    /// are refused, and the client's address is the one that the distribution reports.
    pub edge_secret: Option<String>,
    /// `LIMIT_…`: the rate limits.
    pub rates: Rates,
    /// `QUOTA_…`: the upload quotas.
    pub quotas: Quotas,
}

/// The AWS credentials of this process, which Lambda sets. They sign requests that no SDK client makes.
#[derive(Clone)]
pub struct AwsIdentity {
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

/// An S3 that is not Amazon's, with its credentials.
#[derive(Clone)]
pub struct S3Endpoint {
    pub url: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl Settings {
    /// # Errors
    /// Fails when a setting has an invalid value.
    pub fn from_environment() -> Result<Self> {
        Self::from(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads the settings from the given lookup function.
    ///
    /// # Errors
    /// Fails when a setting has an invalid value.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        Ok(Self {
            database_url: variable("DATABASE_URL"),
            reader_database_url: variable("READER_DATABASE_URL"),
            database_iam: match variable("DATABASE_AUTH").as_deref() {
                None | Some("password") => None,
                Some("iam") => Some(aws_identity(&variable)?),
                Some(_) => return Err(Error::internal("DATABASE_AUTH must be iam or password")),
            },
            database_statements: match variable("DATABASE_STATEMENTS").as_deref() {
                None | Some("named") => StatementMode::Named,
                Some("unnamed") => StatementMode::Unnamed,
                Some(_) => return Err(Error::internal("DATABASE_STATEMENTS must be named or unnamed")),
            },
            database_owner_url: variable("DATABASE_OWNER_URL"),
            database_owner_secret: variable("DATABASE_OWNER_SECRET"),
            database_max_connections: positive(&variable, "DATABASE_MAX_CONNECTIONS", 1)?.unsigned_abs(),
            call_timeout: Duration::from_secs(positive(&variable, "CALL_TIMEOUT_SECONDS", 8)?.unsigned_abs().into()),
            database_wait: CONNECT_TIMEOUT,
            audit_log_months: match positive(&variable, "AUDIT_LOG_MONTHS", 24)? {
                months @ 12.. => Months::new(months.unsigned_abs()),
                _ => return Err(Error::internal("AUDIT_LOG_MONTHS must be at least 12")),
            },
            issuer: variable("TOKEN_ISSUER").unwrap_or_else(|| "lyceum".to_owned()),
            signing_key: variable("SIGNING_KEY_FILE")
                .map(SigningKeySource::File)
                .or_else(|| variable("SIGNING_KEY_SECRET").map(SigningKeySource::Secret)),
            frontend_url: variable("FRONTEND_URL"),
            media_bucket: variable("MEDIA_BUCKET"),
            media_url: variable("MEDIA_URL").map(|url| url.trim_end_matches('/').to_owned()),
            malware_scan: variable("MALWARE_SCAN").is_some_and(|value| value == "true"),
            s3_endpoint: variable("AWS_ENDPOINT_URL_S3").map(|url| S3Endpoint {
                url,
                region: variable("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
                access_key_id: variable("AWS_ACCESS_KEY_ID").unwrap_or_default(),
                secret_access_key: variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
            }),
            mail_queue_url: variable("MAIL_QUEUE_URL"),
            progress_queue_url: variable("PROGRESS_QUEUE_URL"),
            jobs_queue_url: variable("JOBS_QUEUE_URL"),
            smtp_url: variable("SMTP_URL"),
            mail_timeout: match positive(&variable, "MAIL_TIMEOUT_SECONDS", 10)?.unsigned_abs() {
                seconds @ ..=LONGEST_ATTEMPT => Duration::from_secs(seconds.into()),
                _ => return Err(Error::internal(format!("MAIL_TIMEOUT_SECONDS must be at most {LONGEST_ATTEMPT}"))),
            },
            ses_credentials_secret: variable("SES_CREDENTIALS_SECRET"),
            region: variable("AWS_REGION"),
            mail_from: variable("MAIL_FROM"),
            redis_url: variable("REDIS_URL"),
            edge_secret: variable("EDGE_SECRET"),
            rates: Rates {
                calls_per_minute: positive(&variable, "LIMIT_CALLS_PER_MINUTE", 20)?,
                failures: positive(&variable, "LIMIT_FAILURES", 5)?,
                failures_per_identifier: positive(&variable, "LIMIT_FAILURES_PER_IDENTIFIER", 20)?,
                first_delay: TimeDelta::seconds(positive(&variable, "LIMIT_FIRST_DELAY_SECONDS", 2)?.into()),
                longest_delay: TimeDelta::seconds(positive(&variable, "LIMIT_LONGEST_DELAY_SECONDS", 900)?.into()),
                mails: positive(&variable, "LIMIT_MAILS", 3)?,
                mails_per_hour: positive(&variable, "LIMIT_MAILS_PER_HOUR", 1)?,
            },
            quotas: Quotas {
                course_bytes: i64::from(positive(&variable, "QUOTA_COURSE_GIB", 50)?) << 30,
                unfinished_uploads: positive(&variable, "QUOTA_UNFINISHED_UPLOADS", 20)?.into(),
            },
        })
    }
}

/// Reads the AWS credentials, all of which Lambda sets.
fn aws_identity(variable: impl Fn(&str) -> Option<String>) -> Result<AwsIdentity> {
    let set = |name| variable(name).ok_or_else(|| Error::internal(format!("{name} is not set")));
    Ok(AwsIdentity {
        region: set("AWS_REGION")?,
        access_key_id: set("AWS_ACCESS_KEY_ID")?,
        secret_access_key: set("AWS_SECRET_ACCESS_KEY")?,
        session_token: variable("AWS_SESSION_TOKEN"),
    })
}

/// Reads a setting that is an integer of at least 1.
fn positive(variable: impl Fn(&str) -> Option<String>, name: &str, otherwise: i32) -> Result<i32> {
    let Some(text) = variable(name) else { return Ok(otherwise) };
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err(Error::internal(format!("{name} must be an integer of at least 1"))),
    }
}

/// Returns a setting, or fails when it is missing.
pub(crate) fn required<'a>(value: Option<&'a String>, name: &str) -> Result<&'a str> {
    value.map(String::as_str).ok_or_else(|| Error::internal(format!("{name} is not set")))
}

/// Loads credentials and region the way the AWS SDKs do.
pub(crate) async fn aws() -> aws_config::SdkConfig {
    aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await
}
