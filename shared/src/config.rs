//! Settings, from the environment. Each is read in this one place.

use std::time::Duration;

use chrono::{Months, TimeDelta};

use crate::db::{CONNECT_TIMEOUT, Mode};
use crate::error::{Error, Result};
use crate::identity::keys::SigningKeySource;
use crate::limits::Rates;
use crate::media::uploads::Quotas;
use crate::outbox::LONGEST_ATTEMPT;

/// What a function is told about where it runs. A setting that a function doesn't need may be missing.
#[derive(Clone)]
pub struct Settings {
    /// `DATABASE_URL`: as the application's role.
    pub database_url: Option<String>,
    /// `READER_DATABASE_URL`: a replica, for reads that may be some moments old.
    pub reader_database_url: Option<String>,
    /// `DATABASE_AUTH`: `iam` signs in to RDS by a token of this identity, and demands RDS' certificates; else the URL
    /// says how.
    pub database_iam: Option<AwsIdentity>,
    /// `DATABASE_STATEMENTS`: `unnamed` for a pooler that can't hand on named ones.
    pub database_statements: Mode,
    /// `DATABASE_OWNER_URL`: as the owner of the database, for migrations.
    pub database_owner_url: Option<String>,
    /// `DATABASE_OWNER_SECRET`: the secret with the owner's name and password, as RDS keeps it, for the same.
    pub database_owner_secret: Option<String>,
    /// `DATABASE_MAX_CONNECTIONS`: a function on Lambda serves one call at a time, with one connection.
    pub database_max_connections: u32,
    /// `CALL_TIMEOUT_SECONDS`: for a call, all of it; less than the function has.
    pub call_timeout: Duration,
    /// How long a connection is waited for.
    pub database_wait: Duration,
    /// `AUDIT_LOG_MONTHS`: for how long the audit log is kept; a year at least.
    pub audit_log_months: Months,
    /// `TOKEN_ISSUER`: `iss` of access tokens.
    pub issuer: String,
    /// `SIGNING_KEY_FILE`, or `SIGNING_KEY_SECRET` in Secrets Manager: a P-256 key in PEM.
    pub signing_key: Option<SigningKeySource>,
    /// `FRONTEND_URL`: where links in mails lead.
    pub frontend_url: Option<String>,
    /// `MEDIA_BUCKET`
    pub media_bucket: Option<String>,
    /// `MEDIA_URL`: the origin that stands before the bucket, if one does, as in `https://media.example.org`.
    pub media_url: Option<String>,
    /// `MALWARE_SCAN`: what arrives waits for the verdict of GuardDuty.
    pub malware_scan: bool,
    /// `AWS_ENDPOINT_URL_S3`, for an S3 that is not AWS's.
    pub s3_endpoint: Option<S3Endpoint>,
    /// `MAIL_QUEUE_URL`
    pub mail_queue_url: Option<String>,
    /// `PROGRESS_QUEUE_URL`
    pub progress_queue_url: Option<String>,
    /// `JOBS_QUEUE_URL`
    pub jobs_queue_url: Option<String>,
    /// `SMTP_URL`: `smtps://user:password@host`
    pub smtp_url: Option<String>,
    /// `MAIL_TIMEOUT_SECONDS`: for one attempt at a mail.
    pub mail_timeout: Duration,
    /// `SES_CREDENTIALS_SECRET`: the secret with the key of the IAM user that SES sends for, in the place of `SMTP_URL`.
    pub ses_credentials_secret: Option<String>,
    /// `AWS_REGION`: where this process runs.
    pub region: Option<String>,
    /// `MAIL_FROM`
    pub mail_from: Option<String>,
    /// `REDIS_URL`: counts limits faster than the database does, and keeps hot public reads for a minute.
    pub redis_url: Option<String>,
    /// `EDGE_SECRET`: what the distribution before the API adds to each call, in `x-lyceum-edge`. With it, calls that
    /// come another way are refused, and the caller's address is the one that the distribution saw.
    pub edge_secret: Option<String>,
    /// `LIMIT_…`
    pub rates: Rates,
    /// `QUOTA_…`
    pub quotas: Quotas,
}

/// Who this process is to AWS, as Lambda says: to sign what needs no call.
#[derive(Clone)]
pub struct AwsIdentity {
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
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
        Ok(Self {
            database_url: variable("DATABASE_URL"),
            reader_database_url: variable("READER_DATABASE_URL"),
            database_iam: match variable("DATABASE_AUTH").as_deref() {
                None | Some("password") => None,
                Some("iam") => Some(identity(&variable)?),
                Some(_) => return Err(Error::internal("DATABASE_AUTH is neither iam nor password")),
            },
            database_statements: match variable("DATABASE_STATEMENTS").as_deref() {
                None | Some("named") => Mode::Named,
                Some("unnamed") => Mode::Unnamed,
                Some(_) => return Err(Error::internal("DATABASE_STATEMENTS is neither named nor unnamed")),
            },
            database_owner_url: variable("DATABASE_OWNER_URL"),
            database_owner_secret: variable("DATABASE_OWNER_SECRET"),
            database_max_connections: count(&variable, "DATABASE_MAX_CONNECTIONS", 1)?.unsigned_abs(),
            call_timeout: Duration::from_secs(count(&variable, "CALL_TIMEOUT_SECONDS", 8)?.unsigned_abs().into()),
            database_wait: CONNECT_TIMEOUT,
            audit_log_months: match count(&variable, "AUDIT_LOG_MONTHS", 24)? {
                months @ 12.. => Months::new(months.unsigned_abs()),
                _ => return Err(Error::internal("AUDIT_LOG_MONTHS is less than a year")),
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
            mail_timeout: match count(&variable, "MAIL_TIMEOUT_SECONDS", 10)?.unsigned_abs() {
                seconds @ ..=LONGEST_ATTEMPT => Duration::from_secs(seconds.into()),
                _ => return Err(Error::internal(format!("MAIL_TIMEOUT_SECONDS is more than {LONGEST_ATTEMPT}"))),
            },
            ses_credentials_secret: variable("SES_CREDENTIALS_SECRET"),
            region: variable("AWS_REGION"),
            mail_from: variable("MAIL_FROM"),
            redis_url: variable("REDIS_URL"),
            edge_secret: variable("EDGE_SECRET"),
            rates: Rates {
                calls_per_minute: count(&variable, "LIMIT_CALLS_PER_MINUTE", 20)?,
                failures: count(&variable, "LIMIT_FAILURES", 5)?,
                failures_per_identifier: count(&variable, "LIMIT_FAILURES_PER_IDENTIFIER", 20)?,
                first_delay: TimeDelta::seconds(count(&variable, "LIMIT_FIRST_DELAY_SECONDS", 2)?.into()),
                longest_delay: TimeDelta::seconds(count(&variable, "LIMIT_LONGEST_DELAY_SECONDS", 900)?.into()),
                mails: count(&variable, "LIMIT_MAILS", 3)?,
                mails_per_hour: count(&variable, "LIMIT_MAILS_PER_HOUR", 1)?,
            },
            quotas: Quotas {
                course_bytes: i64::from(count(&variable, "QUOTA_COURSE_GIB", 50)?) << 30,
                unfinished_uploads: count(&variable, "QUOTA_UNFINISHED_UPLOADS", 20)?.into(),
            },
        })
    }
}

/// Who this process is; Lambda sets all of it.
fn identity(variable: impl Fn(&str) -> Option<String>) -> Result<AwsIdentity> {
    let set = |name| variable(name).ok_or_else(|| Error::internal(format!("{name} is not set")));
    Ok(AwsIdentity {
        region: set("AWS_REGION")?,
        access_key_id: set("AWS_ACCESS_KEY_ID")?,
        secret_access_key: set("AWS_SECRET_ACCESS_KEY")?,
        session_token: variable("AWS_SESSION_TOKEN"),
    })
}

/// A setting that is a number from 1 on.
fn count(variable: impl Fn(&str) -> Option<String>, name: &str, otherwise: i32) -> Result<i32> {
    let Some(text) = variable(name) else { return Ok(otherwise) };
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err(Error::internal(format!("{name} is no number from 1 on"))),
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
