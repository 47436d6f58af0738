//! The pool, and the migrations.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};

use crate::config::{Settings, needed};
use crate::error::{Error, Result};
use crate::transaction::Read;

/// The schema, as this code expects it.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// The role that the functions run as. Migrations run as the owner of the database.
pub const APPLICATION_ROLE: &str = "lyceum_app";

/// How long a call waits for a connection, a new one included, before it is told to come back.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is tried before it is trusted: a frozen function's may be dead.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A pool that connects when it is first needed.
pub(crate) fn pool(settings: &Settings) -> Result<PgPool> {
    let options: PgConnectOptions =
        needed(settings.database_url.as_ref(), "DATABASE_URL")?.parse().map_err(Error::internal)?;
    Ok(PgPoolOptions::new()
        .max_connections(settings.database_max_connections)
        .acquire_timeout(CONNECT_TIMEOUT)
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

/// Makes the application's role, which belongs to the cluster and so stands outside the migrations, and sets
/// its time limits (`security.md`, 26), and what a page costs that is not the next one: as little as on solid-state
/// disks, or the planner goes through whole indexes where a few pages would do. Without a password it keeps the one it
/// has, or can't sign in. Done again, it changes nothing. As a role that may make roles.
///
/// # Errors
/// Those of the database.
pub async fn provision(owner: &mut PgConnection, password: Option<&str>) -> Result<()> {
    let role = APPLICATION_ROLE;
    let password = password.map_or_else(String::new, |password| format!("PASSWORD '{}'", password.replace('\'', "''")));
    let statements = format!(
        "DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         ALTER ROLE {role} LOGIN {password};
         ALTER ROLE {role} SET statement_timeout = '5s';
         ALTER ROLE {role} SET lock_timeout = '2s';
         ALTER ROLE {role} SET idle_in_transaction_session_timeout = '10s';
         ALTER ROLE {role} SET random_page_cost = 1.1;"
    );
    owner.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
    Ok(())
}

/// Brings the schema up to what this code expects. Two at once wait for each other.
///
/// # Errors
/// When a migration fails (it leaves the last whole schema), or when the database is newer than this code.
pub async fn migrate(owner: &mut PgConnection) -> Result<()> {
    MIGRATIONS.run(owner).await.map_err(Error::internal)
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
