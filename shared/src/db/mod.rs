//! The pool, and the schema.

mod schema;

use std::time::Duration;

use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};

use crate::config::{Settings, needed};
use crate::error::{Error, Result};
use crate::secrets;
use crate::transaction::Read;
pub use schema::{APPLICATION_ROLE, Deployed, MIGRATIONS, deploy, migrate, provision};

/// How long a call waits for a connection, a new one included, before it is told to come back.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the replica is waited for, before the writer does its work.
const READER_TIMEOUT: Duration = Duration::from_millis(500);
/// A connection that was idle for longer is tried before it is trusted: a frozen function's may be dead.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A pool that connects when it is first needed.
pub(crate) fn pool(settings: &Settings) -> Result<PgPool> {
    pool_at(needed(settings.database_url.as_ref(), "DATABASE_URL")?, settings, CONNECT_TIMEOUT)
}

/// The same for the replica, if there is one.
pub(crate) fn reader_pool(settings: &Settings) -> Result<Option<PgPool>> {
    settings.reader_database_url.as_ref().map(|url| pool_at(url, settings, READER_TIMEOUT)).transpose()
}

fn pool_at(url: &str, settings: &Settings, timeout: Duration) -> Result<PgPool> {
    let options: PgConnectOptions = url.parse().map_err(Error::internal)?;
    Ok(PgPoolOptions::new()
        .max_connections(settings.database_max_connections)
        .acquire_timeout(timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, idle| {
            Box::pin(async move {
                if idle.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
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
        (Some(url), _) => url.parse().map_err(Error::internal)?,
        (None, Some(secret)) => {
            let owner: Owner = serde_json::from_str(&secrets::read(secret).await?)
                .map_err(|_| Error::internal("DATABASE_OWNER_SECRET holds no name and password"))?; // nor says what
            let url = needed(settings.database_url.as_ref(), "DATABASE_URL")?;
            let options: PgConnectOptions = url.parse().map_err(Error::internal)?;
            options.username(&owner.username).password(&owner.password)
        }
        (None, None) => return Err(Error::internal("neither DATABASE_OWNER_URL nor DATABASE_OWNER_SECRET is set")),
    };
    Ok(PgConnection::connect_with(&options).await?)
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
