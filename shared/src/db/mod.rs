//! The pool, and the schema.

mod connection;
pub mod health;
pub mod iam;
pub mod maintenance;
mod root_certificates;
mod schema;
mod statements;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection, PgPool, Postgres, Row};

use crate::config::{AwsIdentity, Settings, required};
use crate::error::{Error, Result};
use crate::secrets;
use crate::transaction::Read;
pub(crate) use connection::{CallConnection, PooledConnection};
pub use schema::{APPLICATION_ROLE, Deployed, MIGRATIONS, deploy, migrate, provision};
pub(crate) use statements::StatementExecutor;
pub use statements::StatementMode;

/// How long a call waits for a connection, a new one included, before it is told to come back.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long, where nobody waits for the answer: a database that slept takes some 15 s to wake.
pub(crate) const AWAKE_WITHIN: Duration = Duration::from_secs(40);
/// How long the replica is waited for, before the writer does its work.
const READER_TIMEOUT: Duration = Duration::from_millis(500);
/// A connection that was idle for longer is tried before it is trusted: a frozen function's may be dead.
const MAX_UNCHECKED_IDLE: Duration = Duration::from_secs(1);

/// The pool, and what its next connection signs in with.
pub(crate) struct Database {
    pool: PgPool,
    mode: StatementMode,
    iam: Option<Iam>,
}

/// Where a token is the password.
struct Iam {
    identity: AwsIdentity,
    /// All but the token.
    options: PgConnectOptions,
    signed_at: Mutex<Option<DateTime<Utc>>>,
}

impl Database {
    /// A pool that connects when it is first needed.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::at(required(settings.database_url.as_ref(), "DATABASE_URL")?, settings, false)
    }

    /// The same for the replica, if there is one.
    pub fn reader(settings: &Settings) -> Result<Option<Self>> {
        settings.reader_database_url.as_ref().map(|url| Self::at(url, settings, true)).transpose()
    }

    fn at(url: &str, settings: &Settings, is_reader: bool) -> Result<Self> {
        let timeout = if is_reader { READER_TIMEOUT } else { settings.database_wait };
        let options = options(url, settings)?;
        let iam = settings.database_iam.clone();
        let iam = iam.map(|identity| Iam { identity, options: options.clone(), signed_at: Mutex::default() });
        let pool = PgPoolOptions::new()
            .max_connections(settings.database_max_connections)
            .acquire_timeout(timeout)
            .test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                Box::pin(async move {
                    if idle.idle_for <= MAX_UNCHECKED_IDLE {
                        return Ok(true);
                    }
                    // A sign of life; and where the writer has become a replica meanwhile, its address leads to
                    // another machine by now.
                    let row = sqlx::raw_sql("SELECT pg_is_in_recovery()").fetch_one(connection).await?;
                    Ok(is_reader || !row.try_get::<bool, _>(0)?)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, mode: settings.database_statements, iam })
    }

    /// How its statements are sent.
    pub fn mode(&self) -> StatementMode {
        self.mode
    }

    pub async fn acquire(&self, now: DateTime<Utc>) -> Result<PoolConnection<Postgres>> {
        self.renew_token(now)?;
        Ok(self.pool.acquire().await?)
    }

    /// Sees that a connection which is opened now has a token that is valid.
    fn renew_token(&self, now: DateTime<Utc>) -> Result<()> {
        let Some(Iam { identity, options, signed_at }) = &self.iam else { return Ok(()) };
        let mut signed_at = signed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if signed_at.is_none_or(|then| now < then || now - then > iam::MAX_TOKEN_AGE) {
            let token = iam::token(identity, options, now)?;
            self.pool.set_connect_options(options.clone().password(&token));
            *signed_at = Some(now);
        }
        Ok(())
    }
}

/// Where and how to connect. What is only RDS' own (tokens, roots) begins with IAM; what a pooler would refuse (an
/// option at the start) is never sent.
fn options(url: &str, settings: &Settings) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.parse().map_err(Error::internal)?;
    let options = options.extra_float_digits(None);
    let Some(identity) = &settings.database_iam else { return Ok(options) };
    let options = options.ssl_mode(PgSslMode::VerifyFull);
    if url.contains("sslrootcert=") {
        return Ok(options);
    }
    Ok(options.ssl_root_cert_from_pem(root_certificates::of_region(&identity.region)?))
}

/// A connection of its own as the owner of the database, for a deployment: `DATABASE_OWNER_URL`, or the place of
/// `DATABASE_URL` with name and password from `DATABASE_OWNER_SECRET`.
async fn owner(settings: &Settings) -> Result<PgConnection> {
    #[derive(Deserialize)]
    struct Owner {
        username: String,
        password: String,
    }
    let options: PgConnectOptions = match (&settings.database_owner_url, &settings.database_owner_secret) {
        (Some(url), _) => options(url, settings)?,
        (None, Some(secret)) => {
            let owner: Owner = serde_json::from_str(&secrets::read(secret).await?)
                .map_err(|_| Error::internal("DATABASE_OWNER_SECRET holds no name and password"))?; // nor says what
            let url = required(settings.database_url.as_ref(), "DATABASE_URL")?;
            options(url, settings)?.username(&owner.username).password(&owner.password)
        }
        (None, None) => return Err(Error::internal("neither DATABASE_OWNER_URL nor DATABASE_OWNER_SECRET is set")),
    };
    Ok(options.connect().await?)
}

/// Asks the database for a sign of life.
///
/// # Errors
/// 503 when there is none.
pub async fn ping(read: &mut Read) -> Result<()> {
    sqlx::query!(r#"SELECT 1 AS "one!""#)
        .fetch_one(read.connection())
        .await
        .map_err(|error| Error::Unavailable(error.into()))?;
    Ok(())
}
