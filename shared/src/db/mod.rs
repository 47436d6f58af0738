//! The connection pool, the schema, and the health and maintenance of the database.

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
pub use schema::{APPLICATION_ROLE, Deployed, MIGRATIONS, deploy, index_partitions, migrate, provision};
pub(crate) use statements::StatementExecutor;
pub use statements::StatementMode;

/// How long a request waits for a connection, including a new one, before it gets 503.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long functions without a waiting client wait. A paused database takes about 15 s to resume.
pub(crate) const AWAKE_WITHIN: Duration = Duration::from_secs(40);
/// How long a read waits for the replica before it uses the writer.
const READER_TIMEOUT: Duration = Duration::from_millis(500);
/// A connection that was idle for longer is checked before use: the network of a frozen function may have dropped it.
const MAX_UNCHECKED_IDLE: Duration = Duration::from_secs(1);

/// The pool, with the credentials for new connections.
pub(crate) struct Database {
    pool: PgPool,
    mode: StatementMode,
    iam: Option<Iam>,
}

/// The state of IAM authentication.
struct Iam {
    identity: AwsIdentity,
    /// Without a password.
    options: PgConnectOptions,
    signed_at: Mutex<Option<DateTime<Utc>>>,
}

impl Database {
    /// Creates a pool for the writer. It connects on first use.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::at(required(settings.database_url.as_ref(), "DATABASE_URL")?, settings, false)
    }

    /// Creates a pool for the replica, if one is configured.
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
                    // This also detects a writer that became a replica: then its host name leads to another machine by
                    // now, and the connection must be replaced.
                    let row = sqlx::raw_sql("SELECT pg_is_in_recovery()").fetch_one(connection).await?;
                    Ok(is_reader || !row.try_get::<bool, _>(0)?)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, mode: settings.database_statements, iam })
    }

    /// Returns how statements are sent.
    pub fn mode(&self) -> StatementMode {
        self.mode
    }

    pub async fn acquire(&self, now: DateTime<Utc>) -> Result<PoolConnection<Postgres>> {
        self.renew_token(now)?;
        Ok(self.pool.acquire().await?)
    }

    /// Replaces the token for new connections when it is too old.
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

/// Returns the options of a connection URL. TLS with the roots of RDS is added for IAM only, and no startup parameters
/// are sent, because poolers refuse them.
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

/// Connects as the owner of the database, for a deployment. Uses `DATABASE_OWNER_URL`, or the host of `DATABASE_URL`
/// with the user name and password in `DATABASE_OWNER_SECRET`.
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
                .map_err(|_| Error::internal("DATABASE_OWNER_SECRET holds no username and password"))?; // never log it
            let url = required(settings.database_url.as_ref(), "DATABASE_URL")?;
            options(url, settings)?.username(&owner.username).password(&owner.password)
        }
        (None, None) => return Err(Error::internal("neither DATABASE_OWNER_URL nor DATABASE_OWNER_SECRET is set")),
    };
    Ok(options.connect().await?)
}

/// Checks that the database responds.
///
/// # Errors
/// 503 when it does not.
pub async fn ping(read: &mut Read) -> Result<()> {
    sqlx::query!(r#"SELECT 1 AS "one!""#)
        .fetch_one(read.connection())
        .await
        .map_err(|error| Error::Unavailable(error.into()))?;
    Ok(())
}
