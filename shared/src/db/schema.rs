//! The schema: its migrations, the application's role, and what a deployment does of both.

use std::time::Duration;

use serde::Serialize;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::config::Settings;
use crate::error::{Error, Result};

/// The schema, as this code expects it. The lock is that of deployments, not sqlx's own, which waits in a statement.
pub static MIGRATIONS: Migrator = {
    let mut migrations = sqlx::migrate!("../migrations");
    migrations.locking = false;
    migrations
};

/// The role that the functions run as. Migrations run as the owner of the database.
pub const APPLICATION_ROLE: &str = "lyceum_app";

/// The advisory lock of deployments; any number that no other program takes.
const DEPLOYMENT_LOCK: i64 = 0x6c79_6365_756d;
/// How often a deployment that waits for another one tries the lock.
const LOCK_POLL: Duration = Duration::from_millis(200);

/// Makes the application's role, which belongs to the cluster and so stands outside the migrations, and sets
/// its time limits (`security.md`, 26), and what a page costs that is not the next one: as little as on solid-state
/// disks, or the planner goes through whole indexes where a few pages would do. Without a password it keeps the one
/// it has, or can't sign in. Done again, it changes nothing. As a role that may make roles.
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

/// Takes the lock of deployments for the rest of the session. Polls: a statement that waited would hold a snapshot, which
/// `CREATE INDEX CONCURRENTLY` of the other deployment waits for, and both would wait for ever.
async fn lock_deployments(owner: &mut PgConnection) -> Result<()> {
    loop {
        let locked = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "locked!""#, DEPLOYMENT_LOCK);
        if locked.fetch_one(&mut *owner).await? {
            return Ok(());
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

/// Brings the schema up to what this code expects. Of two at once, one waits for the other.
///
/// # Errors
/// When a migration fails (it leaves the last whole schema), or when the database is newer than this code.
pub async fn migrate(owner: &mut PgConnection) -> Result<()> {
    lock_deployments(owner).await?;
    // `run` asks for more than a future that moves between threads can give (`Acquire` for any lifetime).
    MIGRATIONS.run_direct(None, owner, false).await.map_err(Error::internal)?;
    index_partitions(owner).await
}

/// Builds the indexes that migrations made with `ON ONLY` for a partitioned table: concurrently in each partition, and then
/// attached, so that nobody waits. A migration can't do this, because the names of the partitions are not the same
/// everywhere. What an interrupted run left is dropped and built again.
///
/// # Errors
/// When the database fails; the next run goes on from there.
pub async fn index_partitions(owner: &mut PgConnection) -> Result<()> {
    let missing = sqlx::query!(
        r#"SELECT i.indexrelid::regclass::text AS "index!", p.inhrelid::regclass::text AS "partition!",
             p.inhrelid::regclass || substr(i.indexrelid::regclass::text, length(i.indrelid::regclass::text) + 1) AS "name!",
             substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*') AS "definition!"
           FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'I'
           JOIN pg_inherits p ON p.inhparent = i.indrelid
           WHERE NOT i.indisvalid AND NOT EXISTS (
             SELECT FROM pg_inherits a JOIN pg_index mine ON mine.indexrelid = a.inhrelid
             WHERE a.inhparent = i.indexrelid AND mine.indrelid = p.inhrelid)
           ORDER BY 1, 2"#
    );
    for index in missing.fetch_all(&mut *owner).await? {
        for statement in [
            format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name),
            format!("CREATE INDEX CONCURRENTLY {} ON {}{}", index.name, index.partition, index.definition),
            format!("ALTER INDEX {} ATTACH PARTITION {}", index.index, index.name),
        ] {
            owner.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
        }
    }
    Ok(())
}

/// What a deployment found and did.
#[derive(Debug, Serialize)]
pub struct Deployed {
    /// The newest migration that the database has, by its number.
    pub schema: i64,
    /// Those that this deployment applied.
    pub applied: Vec<String>,
}

/// Makes the database ready for this code: the application's role with its rights and limits, and the migrations,
/// while no other deployment does. A connection of the application that is idle for longer than `idle` is ended, so
/// that a database that can sleep does.
///
/// A database that has migrations newer than all of this code's is left as it is: so it stands when a deployment is
/// rolled back after some of its migrations, and the code before works on it (`security.md`, 30).
///
/// # Errors
/// When the database can't be reached or changed; what was applied until then is whole.
pub async fn deploy(settings: &Settings, idle: Option<Duration>) -> Result<Deployed> {
    let mut owner = super::owner(settings).await?;
    lock_deployments(&mut owner).await?; // of the session: this connection never goes through a pooler
    provision(&mut owner, None).await?;
    operate(&mut owner, idle).await?;

    let before = applied(&mut owner).await?;
    let newest_known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    if before.last().is_none_or(|newest| *newest <= newest_known) {
        migrate(&mut owner).await?;
    }
    let after = applied(&mut owner).await?;
    owner.close().await?; // releases the lock
    let new = MIGRATIONS.iter().filter(|one| one.migration_type.is_up_migration());
    let new = new.filter(|one| after.contains(&one.version) && !before.contains(&one.version));
    let applied = new.map(|one| format!("{} {}", one.version, one.description)).collect();
    Ok(Deployed { schema: after.last().copied().unwrap_or(0), applied })
}

/// What only a real deployment wants of the role and the database: signing in by IAM where there is that, an end of
/// idle connections, and the statistics of statements.
async fn operate(owner: &mut PgConnection, idle: Option<Duration>) -> Result<()> {
    let role = APPLICATION_ROLE;
    let idle = idle.map_or(0, |idle| idle.as_millis());
    let statements = format!(
        "ALTER ROLE {role} SET idle_session_timeout = {idle};
         DO $$ BEGIN
           IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN GRANT rds_iam TO {role}; END IF;
         END $$;
         DO $$ BEGIN
           IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements') THEN
             CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
           END IF;
         EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING '%', SQLERRM;
         END $$;"
    );
    owner.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
    Ok(())
}

/// The migrations that the database has, in order.
async fn applied(owner: &mut PgConnection) -> Result<Vec<i64>> {
    owner.ensure_migrations_table(&MIGRATIONS.table_name).await.map_err(Error::internal)?;
    let applied = owner.list_applied_migrations(&MIGRATIONS.table_name).await.map_err(Error::internal)?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}
